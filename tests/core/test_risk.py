"""The risk gate: every refusal by one changed input, and what no input can bring about."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.guards import Activity
from bot.core.risk import approve
from bot.domain.ids import Symbol, VenueName
from bot.domain.instrument import MarginMode
from bot.domain.observation import Unknown
from bot.domain.orders import Approved, Refused, Side
from bot.domain.plan import PlannedOrder
from tests.core.gate import (
    BUY,
    CAMPAIGN,
    CONFIG,
    GOOD,
    GOOD_BUY,
    INSTRUMENT,
    NOW_MS,
    PRICES,
    SELL,
    SHORT,
    STEP,
    Case,
    aged,
    asked,
    at,
    under,
)
from tests.core.instruments import MAIN, PERP, POLICY

OTHER = Symbol("ETH/USDT:USDT")
HEDGED = replace(CONFIG, hedged=True)


@pytest.mark.parametrize("case", [GOOD, GOOD_BUY])
def test_what_is_right_is_approved_as_it_is(case: Case) -> None:
    got = case.judged()
    assert got == Approved(request=case.request, notional=Decimal(100_000), mark=Decimal(100_000))


REFUSALS: dict[str, tuple[Case, str, list[str]]] = {
    "halted": (replace(GOOD, halted=("liquidated",)), "halt.standing", ["liquidated"]),
    "R24 three mismatches": (
        replace(GOOD, campaign=replace(CAMPAIGN, mismatches=3)),
        "guard.position-not-moving",
        ["3"],
    ),
    "R24 more than the gap": (
        replace(GOOD, campaign=replace(CAMPAIGN, filled_contracts=Decimal("1.002"))),
        "guard.filled-too-much",
        ["1.002", "1.001"],
    ),
    "order of another symbol": (asked(GOOD, symbol=OTHER), "order.wrong-instrument", [PERP]),
    "order of another venue": (asked(GOOD, venue=VenueName("other")), "order.wrong-instrument", [MAIN]),
    "policy of another symbol": (
        replace(GOOD, policy=replace(POLICY, symbol=OTHER)),
        "order.wrong-instrument",
        [PERP],
    ),
    "policy of another venue": (
        replace(GOOD, policy=replace(POLICY, venue=VenueName("other"))),
        "order.wrong-instrument",
        [MAIN],
    ),
    "position of another symbol": (
        replace(GOOD, position=replace(at("-1"), symbol=OTHER)),
        "order.wrong-instrument",
        [PERP],
    ),
    "prices of another symbol": (
        replace(GOOD, prices=replace(PRICES, symbol=OTHER)),
        "order.wrong-instrument",
        [PERP],
    ),
    "configuration of another symbol": (
        replace(GOOD, config=replace(CONFIG, symbol=OTHER)),
        "order.wrong-instrument",
        [PERP],
    ),
    "not traded": (replace(GOOD, instrument=replace(INSTRUMENT, active=False)), "instrument.inactive", [PERP]),
    "R21 clock": (replace(GOOD, clock_ok=False), "clock.offset", ["1 s"]),
    "R18 unresolved sell": (replace(GOOD, unfilled=((Side.SELL, STEP),)), "order.unresolved", ["sell 0.001"]),
    "R18 unresolved buy": (replace(GOOD_BUY, unfilled=((Side.BUY, STEP),)), "order.unresolved", ["buy 0.001"]),
    "R8 old prices": (
        replace(GOOD, prices=replace(PRICES, stamp=aged(15_001))),
        "stale.prices",
        ["15.001 s", "limit is 15 s"],
    ),
    "prices from the future": (replace(GOOD, prices=replace(PRICES, stamp=aged(-1))), "stale.prices", ["-0.001 s"]),
    "R8 old position": (
        replace(GOOD, position=at("-1", aged(15_001))),
        "stale.position",
        ["15.001 s", "limit is 15 s"],
    ),
    "R8 configuration unknown": (
        replace(GOOD, config=Unknown(what="configuration of BTC/USDT:USDT", reason="timeout")),
        "config.unknown",
        ["configuration of BTC/USDT:USDT", "timeout"],
    ),
    "configuration unknown, reducing": (
        replace(GOOD_BUY, config=Unknown(what="configuration", reason="timeout")),
        "config.unknown",
        ["timeout"],
    ),
    "hedge mode, order for one-way mode": (
        replace(GOOD, config=HEDGED),
        "config.position-mode",
        ["in hedge position mode", "made for one-way"],
    ),
    "one-way mode, order for hedge mode": (
        asked(GOOD, hedged=True),
        "config.position-mode",
        ["in one-way position mode", "made for hedge"],
    ),
    "hedge mode, reducing": (replace(GOOD_BUY, config=HEDGED), "config.position-mode", ["hedge"]),
    "hedge mode in a dry run": (replace(GOOD, live=False, config=HEDGED), "config.position-mode", ["hedge"]),
    "R24 a long beside the short": (
        replace(asked(GOOD, hedged=True), config=HEDGED, position=replace(SHORT, other_side=STEP)),
        "position.other-side",
        ["0.001", "hedge mode"],
    ),
    "leverage": (replace(GOOD, config=replace(CONFIG, leverage=20)), "config.leverage", ["20", "configured is 1"]),
    "leverage of the policy": (
        replace(GOOD, policy=replace(POLICY, leverage=2)),
        "config.leverage",
        ["is 1", "configured is 2"],
    ),
    "margin mode": (
        replace(GOOD, config=replace(CONFIG, margin_mode=MarginMode.CROSS)),
        "config.margin-mode",
        ["cross", "isolated"],
    ),
    "R24 long, selling": (replace(GOOD, position=at("0.001")), "position.long", ["0.001"]),
    "R24 long, buying": (replace(GOOD_BUY, position=at("1")), "position.long", ["long by 1"]),
    "R24 buy without reduce-only": (asked(GOOD_BUY, reduce_only=False), "order.reduce-only", ["buy is not"]),
    "R24 sell with reduce-only": (asked(GOOD, reduce_only=True), "order.reduce-only", ["sell is"]),
    "R24 buy larger than the short": (replace(GOOD_BUY, position=at("-0.999")), "order.flips", ["1", "0.999"]),
    "R24 buy when flat": (replace(GOOD_BUY, position=at("0")), "order.flips", ["short is 0"]),
    "nothing": (asked(GOOD, contracts=Decimal(0)), "order.quantity-step", ["0.001"]),
    "less than nothing": (asked(GOOD, contracts=Decimal(-1)), "order.quantity-step", ["-1"]),
    "off the step": (asked(GOOD, contracts=Decimal("0.9995")), "order.quantity-step", ["0.9995", "0.001"]),
    "below the minimum": (asked(GOOD, contracts=STEP), "order.quantity-range", ["0.001", "0.002"]),
    "above the maximum": (
        replace(GOOD, instrument=replace(INSTRUMENT, quantity_max=Decimal("0.999"))),
        "order.quantity-range",
        ["0.999"],
    ),
    "off the tick": (asked(GOOD, price=Decimal("99490.15")), "order.price-tick", ["99490.15", "0.1"]),
    "no price": (asked(GOOD, price=Decimal(0)), "order.price-tick", ["price 0 "]),
    "no mark": (replace(GOOD, mark=Decimal(0)), "order.price-tick", ["mark 0 "]),
    "R14 notional": (asked(GOOD, contracts=Decimal("0.002")), "order.notional-min", ["198.9802", "250"]),
    "R16 sell too low": (asked(GOOD, price=Decimal("97990.1")), "price.collar", ["97990.1", "0.02", "99990"]),
    "R16 sell too low of the mark": (
        replace(asked(GOOD, price=Decimal("97999.9")), prices=replace(PRICES, bid=Decimal(100_500))),
        "price.collar",
        ["97999.9", "100000"],
    ),
    "R16 buy too high": (asked(GOOD_BUY, price=Decimal("102010.3")), "price.collar", ["102010.3", "0.02", "100010"]),
    "R16 buy too high of the mark": (
        replace(asked(GOOD_BUY, price=Decimal("102000.1")), prices=replace(PRICES, ask=Decimal(99_500))),
        "price.collar",
        ["102000.1", "100000"],
    ),
    "R16 bid far below the mark": (
        replace(GOOD, prices=replace(PRICES, bid=Decimal(97_999))),
        "price.touch",
        ["97999", "0.02", "100000"],
    ),
    "R16 ask far above the mark": (
        replace(GOOD_BUY, prices=replace(PRICES, ask=Decimal(102_001))),
        "price.touch",
        ["102001", "0.02", "100000"],
    ),
    "R24 order notional": (under(GOOD, order_notional=Decimal(99_999)), "cap.order-notional", ["100000", "99999"]),
    "R24 notional an hour": (
        replace(GOOD, activity=Activity(orders_last_minute=0, notional_last_hour=Decimal(900_001))),
        "cap.notional-per-hour",
        ["1000001", "1000000"],
    ),
    "R24 orders a minute": (
        replace(GOOD, activity=Activity(orders_last_minute=20, notional_last_hour=Decimal(0))),
        "cap.orders-per-minute",
        ["21", "20"],
    ),
    "R24 orders a minute, reducing": (
        replace(GOOD_BUY, activity=Activity(orders_last_minute=20, notional_last_hour=Decimal(0))),
        "cap.orders-per-minute",
        ["21", "20"],
    ),
    "R24 total short": (replace(GOOD, position=at("-1.102")), "cap.total-short", ["2.102", "2.101"]),
    "R24 selling with target 0": (replace(GOOD, position=at("0"), target=Decimal(0)), "cap.total-short", ["is 0"]),
    "R24 selling a single step with target 0": (
        replace(
            asked(GOOD, contracts=STEP),
            instrument=replace(INSTRUMENT, quantity_min=STEP, notional_min=Decimal(0)),
            position=at("0"),
            target=Decimal(0),
        ),
        "cap.total-short",
        ["is 0"],
    ),
}
HALTS = {"guard.position-not-moving", "guard.filled-too-much", "order.wrong-instrument", "position.long"}


@pytest.mark.parametrize(("case", "code", "words"), list(REFUSALS.values()), ids=list(REFUSALS))
def test_one_wrong_input_is_refused_with_its_numbers(case: Case, code: str, words: list[str]) -> None:
    got = case.judged()
    assert isinstance(got, Refused)
    assert got.code == code
    assert all(word in got.reason for word in words), got.reason
    assert got.halt == (code in HALTS or code == "order.reduce-only")


ALLOWED: dict[str, Case] = {
    "hedge mode": replace(asked(GOOD, hedged=True), config=HEDGED),
    "reducing in hedge mode": replace(asked(GOOD_BUY, hedged=True), config=HEDGED),
    "no campaign yet": replace(GOOD, campaign=None),
    "prices at the age limit": replace(GOOD, prices=replace(PRICES, stamp=aged(15_000))),
    "prices of this moment": replace(GOOD, prices=replace(PRICES, stamp=aged(0))),
    "reducing under another leverage": replace(GOOD_BUY, config=replace(CONFIG, leverage=20)),
    "reducing under another margin mode": replace(GOOD_BUY, config=replace(CONFIG, margin_mode=MarginMode.CROSS)),
    "R31 a dry run under another leverage": replace(GOOD, live=False, config=replace(CONFIG, leverage=20)),
    "a leverage that was asked for": replace(
        GOOD, policy=replace(POLICY, leverage=2), config=replace(CONFIG, leverage=2)
    ),
    "R24 buying the whole short": replace(GOOD_BUY, position=at("-1")),
    "R14 reducing below the minimum notional": asked(GOOD_BUY, contracts=Decimal("0.002")),
    "R16 selling at the urgent collar": asked(GOOD, price=Decimal("97990.2")),
    "R16 buying at the urgent collar": asked(GOOD_BUY, price=Decimal("102010.2")),
    "R24 the whole order cap": under(GOOD, order_notional=Decimal(100_000)),
    "R24 the whole hour": replace(GOOD, activity=Activity(orders_last_minute=0, notional_last_hour=Decimal(900_000))),
    "R24 reducing beyond the hour": replace(
        GOOD_BUY, activity=Activity(orders_last_minute=0, notional_last_hour=Decimal(10_000_000))
    ),
    "R24 the last order of the minute": replace(
        GOOD, activity=Activity(orders_last_minute=19, notional_last_hour=Decimal(0))
    ),
    "R24 the whole total short and one step": replace(GOOD, position=at("-1.101")),
    "R24 reducing what is far above the target": replace(GOOD_BUY, position=at("-9")),
}


@pytest.mark.parametrize("case", list(ALLOWED.values()), ids=list(ALLOWED))
def test_the_limits_themselves_are_allowed(case: Case) -> None:
    assert isinstance(case.judged(), Approved)


def test_the_notional_is_the_gates_own() -> None:
    """What the plan says of its notional does not let a larger order pass."""
    lied = PlannedOrder(request=SELL, coins=Decimal(1), notional=Decimal(1), fee_estimate=Decimal(0))
    got = approve(
        lied,
        policy=under(GOOD, order_notional=Decimal(99_999)).policy,
        instrument=INSTRUMENT,
        prices=PRICES,
        mark=GOOD.mark,
        position=GOOD.position,
        target_contracts=GOOD.target,
        unfilled=(),
        margin=GOOD.margin,
        config=CONFIG,
        clock_ok=True,
        activity=GOOD.activity,
        campaign=None,
        halted=(),
        live=True,
        now_ms=NOW_MS,
    )
    assert isinstance(got, Refused)


STEPS = st.integers(min_value=-3_000, max_value=3_000).map(lambda n: n * STEP)


@given(
    side=st.sampled_from(Side),
    reduce_only=st.booleans(),
    contracts=STEPS,
    position=STEPS,
    target=STEPS,
    unfilled=st.lists(st.tuples(st.sampled_from(Side), STEPS.map(abs)), max_size=2),
    live=st.booleans(),
)
def test_r24_no_approved_order_can_pass_the_cap_or_flip_long(
    side: Side,
    reduce_only: bool,
    contracts: Decimal,
    position: Decimal,
    target: Decimal,
    unfilled: list[tuple[Side, Decimal]],
    live: bool,
) -> None:
    request = replace(SELL if side is Side.SELL else BUY, contracts=contracts, reduce_only=reduce_only)
    case = replace(GOOD, request=request, position=at(str(position)), target=target, unfilled=unfilled, live=live)
    if isinstance(case.judged(), Refused):
        return
    sells = sum((q for s, q in [*unfilled, (side, contracts)] if s is Side.SELL), Decimal(0))
    buys = sum((q for s, q in [*unfilled, (side, contracts)] if s is Side.BUY), Decimal(0))
    short = -position
    assert contracts > 0
    assert short - buys >= 0
    assert side is Side.BUY or short + sells <= max(target, Decimal(0)) * POLICY.caps.total_short + STEP
    assert reduce_only == (side is Side.BUY)
