"""What a person told the bot to do, reading by reading: a pause sends nothing, an unwind only shrinks (R14, R24)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.closing import closing_cost
from bot.core.situation import Memory, Situation
from bot.core.spot_perp import decide
from bot.core.work import unwinding_work
from bot.domain.control import Control, ControlKind
from bot.domain.instrument import Instrument
from bot.domain.observation import Position, Prices, Unknown
from bot.domain.orders import Side
from bot.domain.plan import Closing, Plan, Verdict
from bot.domain.policy import Caps
from tests.core.instruments import INVERSE, LINEAR, MAIN, POLICY, USDT
from tests.core.situations import START_MS, reading, run

PAUSE = Control(kind=ControlKind.PAUSE, hedge=None, who="ann", why="", since_ms=START_MS)
UNWIND = Control(kind=ControlKind.UNWIND, hedge=POLICY.name, who="ann", why="sold", since_ms=START_MS)


def unwound(situation: Situation, control: Control = UNWIND) -> Situation:
    return replace(situation, control=control)


def paused(situation: Situation) -> Situation:
    return replace(situation, control=PAUSE)


def closing(plan: Plan) -> tuple[Side, D, bool] | None:
    if plan.order is None:
        return None
    request = plan.order.request
    return request.side, request.contracts, request.reduce_only


def test_a_pause_says_what_would_be_done_and_sends_nothing() -> None:
    first, second = run(paused(reading(0)), paused(reading(1)))
    assert (first.verdict, first.order, first.look_again_s, first.alarm) == (Verdict.PAUSED, None, None, False)
    assert (second.verdict, second.order, second.gap_after) == (Verdict.PAUSED, None, D(1))
    assert second.alarm, "it is naked"
    assert "sell 1 at 99500 or better" in second.reason
    assert second.reason.startswith("paused by ann, ")


def test_a_paused_hedge_that_is_balanced_is_quiet_and_one_that_is_over_hedged_is_told() -> None:
    balanced = run(paused(reading(0, "1", "-1")))[0]
    assert (balanced.verdict, balanced.alarm) == (Verdict.PAUSED, False)
    over = run(*(paused(reading(at, "1", "-2")) for at in (0, 1, 62)))
    assert [(plan.verdict, plan.alarm) for plan in over] == [
        (Verdict.PAUSED, False),
        (Verdict.PAUSED, False),
        (Verdict.PAUSED, True),
    ]


def test_a_pause_hides_neither_what_is_unknown_nor_a_halt() -> None:
    unknown = replace(paused(reading(0)), position=Unknown(what="position", reason="timeout"))
    assert [plan.verdict for plan in run(unknown, paused(reading(1, halted=("guard",))))] == [
        Verdict.FROZEN,
        Verdict.HALTED,
    ]


def test_a_pause_keeps_the_book_in_sight_so_that_it_does_not_read_in_a_hurry() -> None:
    plans = run(paused(reading(0)), paused(reading(1, book=False)), paused(reading(2)))
    assert all(plan.look_again_s is None for plan in plans)
    assert all(plan.want_book for plan in plans)


def test_r14_an_unwind_closes_all_at_once_without_dwell_reduce_only() -> None:
    (plan,) = run(unwound(reading(0, "1", "-1")))
    assert (plan.verdict, closing(plan), plan.gap_after) == (Verdict.ORDER, (Side.BUY, D(1), True), D(0))
    assert (plan.view.target, plan.view.gap, plan.view.exposure) == (D(0), D(-1), None)
    assert plan.reason == "unwound by ann (sold): the short is closed"


@pytest.mark.parametrize("what", ["holdings", "margin"])
def test_an_unwind_needs_the_position_alone(what: str) -> None:
    unknown = Unknown(what=what, reason="timeout")
    situation = unwound(reading(0, "1", "-1"))
    situation = replace(situation, holdings=(unknown,)) if what == "holdings" else replace(situation, margin=unknown)
    assert closing(run(situation)[0]) == (Side.BUY, D(1), True)


@pytest.mark.parametrize("what", ["position", "prices"])
def test_r8_an_unwind_does_nothing_on_what_is_unknown(what: str) -> None:
    unknown = Unknown(what=what, reason="timeout")
    situation = unwound(reading(0, "1", "-1"))
    situation = replace(situation, position=unknown) if what == "position" else replace(situation, prices=unknown)
    (plan,) = run(situation)
    assert (plan.verdict, plan.order, plan.alarm) == (Verdict.FROZEN, None, True)


def test_r8_an_unwind_does_nothing_on_a_reading_that_is_too_old() -> None:
    situation = unwound(reading(0, "1", "-1"))
    (plan,) = run(replace(situation, now_ms=situation.now_ms + 60_000))
    assert plan.verdict is Verdict.FROZEN


def test_r12_an_unwind_reads_a_doubtful_price_again() -> None:
    situation = unwound(reading(0, "1", "-1"))
    assert isinstance(situation.prices, Prices)
    crossed = replace(situation, prices=replace(situation.prices, bid=D(200_000)))
    (plan,) = run(crossed)
    assert (plan.verdict, plan.order, plan.alarm) == (Verdict.CONFIRMING, None, True)


def test_an_unwind_passes_a_halt() -> None:
    assert closing(run(unwound(reading(0, "1", "-1", halted=("liquidation",))))[0]) == (Side.BUY, D(1), True)


def test_r18_an_unwind_waits_for_an_order_without_an_end() -> None:
    plans = run(
        unwound(reading(0, "1", "-1", waiting="order x is unknown")),
        unwound(reading(1, "1", "-1", waiting="order x is unknown", soon=True)),
    )
    assert [(plan.verdict, plan.order, plan.look_again_s) for plan in plans] == [
        (Verdict.WAITING, None, None),
        (Verdict.WAITING, None, D(0)),
    ]


def test_an_unwind_that_is_done_stays_done_whatever_is_held() -> None:
    plans = run(*(unwound(reading(at, coins, "0")) for at, coins in enumerate(["1", "5", "0", "9"])))
    assert {(plan.verdict, plan.order) for plan in plans} == {(Verdict.UNWOUND, None)}


def test_r24_an_unwind_leaves_a_long_alone() -> None:
    (plan,) = run(unwound(reading(0, "1", "1")))
    assert (plan.verdict, plan.order, plan.alarm) == (Verdict.FROZEN, None, True)


@pytest.mark.parametrize(
    ("changed_s", "at_s", "expected"),
    [(-10, 5, Verdict.ORDER), (2, 5, Verdict.WAITING), (2, 700, Verdict.ORDER)],
)
def test_r25_a_change_by_others_after_the_command_has_its_grace(changed_s: int, at_s: int, expected: Verdict) -> None:
    memory = Memory(foreign_since_ms=START_MS + changed_s * 1000)
    (plan,) = run(unwound(reading(at_s, "1", "-1")), memory=memory)
    assert plan.verdict is expected


def test_an_unwind_waits_out_a_back_off_and_reads_the_book() -> None:
    plans = run(
        unwound(reading(0, "1", "-1", live_from_ms=START_MS + 1_600)),
        unwound(reading(2, "1", "-1", book=False)),
    )
    assert [(plan.verdict, plan.look_again_s, plan.want_book) for plan in plans] == [
        (Verdict.WAITING, D("1.5"), True),
        (Verdict.CONFIRMING, D(0), True),
    ]


def test_r16_an_unwind_is_sliced_and_tells_when_orders_miss() -> None:
    (plan,) = run(unwound(reading(0, "9", "-9", depth="2", unfilled_tries=2)))
    assert closing(plan) == (Side.BUY, D(2), True)
    assert (plan.gap_after, plan.alarm) == (D(-7), True)
    assert "7 contracts stay" in plan.reason


def test_an_unwind_below_the_venues_minimum_is_told() -> None:
    (plan,) = run(unwound(reading(0, "1", "-1", instrument=replace(LINEAR, quantity_min=D(2)))))
    assert (plan.verdict, plan.order, plan.alarm) == (Verdict.TOO_SMALL, None, True)


@given(
    short=st.integers(1, 500),
    depth=st.integers(0, 500),
    cap=st.integers(1, 10**8),
    coins=st.integers(0, 1000),
)
def test_r24_an_unwind_never_sells_nor_buys_more_than_the_short(short: int, depth: int, cap: int, coins: int) -> None:
    caps = Caps(order_notional=D(cap), notional_per_hour=D(1), orders_per_minute=1, total_short=D(1))
    situation = reading(0, D(coins), D(-short), depth=str(depth), policy=replace(POLICY, caps=caps))
    plan, memory = decide(unwound(situation), Memory())
    assert (memory.sample, memory.surplus) == (None, None)
    if plan.order is not None:
        request = plan.order.request
        assert (request.side, request.reduce_only) == (Side.BUY, True)
        assert 0 < request.contracts <= short


def test_what_closing_costs_is_told_with_every_decision() -> None:
    (plan,) = run(reading(0, "1", "-1"))
    assert plan.view.closing == Closing(
        venue=MAIN,
        contracts=D(1),
        notional=D(100_000),
        fee=D("50.25005"),
        slippage_max=D("500.1"),
        realized=None,
        settle=USDT,
    )
    assert run(reading(0))[0].view.closing is None


@pytest.mark.parametrize(
    ("instrument", "contracts", "entry", "price", "expected"),
    [
        (LINEAR, "-2", "100000", "90000", D(20_000)),
        (LINEAR, "-2", None, "90000", None),
        (LINEAR, "-2", "0", "90000", None),
        (INVERSE, "-1000", "100000", "50000", D(1)),
    ],
)
def test_r1_r2_what_a_short_has_won(
    instrument: Instrument, contracts: str, entry: str | None, price: str, expected: D | None
) -> None:
    situation = reading(0, "1", contracts, price)
    assert isinstance(situation.position, Position)
    assert isinstance(situation.prices, Prices)
    position = replace(situation.position, entry_price=None if entry is None else D(entry))
    cost = closing_cost(instrument, position, situation.prices, D("0.005"))
    assert cost is not None
    assert cost.realized == expected


def test_no_cost_is_told_at_prices_that_are_none() -> None:
    situation = reading(0, "1", "-1")
    assert isinstance(situation.position, Position)
    assert isinstance(situation.prices, Prices)
    for wrong in (replace(situation.prices, mark=D(0)), replace(situation.prices, bid=D(999_999))):
        assert closing_cost(LINEAR, situation.position, wrong, D(0)) is None


def test_r24_the_work_of_an_unwind_is_the_whole_short() -> None:
    situation = unwound(reading(0, "5", "-2"))
    (plan,) = run(situation)
    assert isinstance(situation.position, Position)
    work = unwinding_work(plan.view, situation.position, LINEAR)
    assert work is not None
    assert (work.exposure, work.gap_contracts, work.per_contract) == (D(0), D(2), None)
    unknown = replace(plan.view, mark=None)
    assert unwinding_work(unknown, situation.position, LINEAR) is None
