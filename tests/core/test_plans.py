"""Plans to the last field, at the bounds of each wait: what a person reads and what is sent (R10, R11, R16)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.observation import Sample, Surplus
from bot.core.prices import PriceMemory, _doubtful_since
from bot.core.situation import Memory, Situation
from bot.core.spot_perp import decide
from bot.domain.orders import OrderRequest, Side, TimeInForce
from bot.domain.plan import Plan, PlannedOrder, Verdict
from tests.core.instruments import MAIN, PERP, POLICY
from tests.core.situations import START_MS, reading


def seen(coins: str = "1", short: str = "0") -> Memory:
    """One second before the story: the same reading, so that it is the second that agrees."""
    sample = Sample(
        exposure=D(coins), principal=D(coins), short=D(short), sent_ms=START_MS - 1_000, answered_ms=START_MS - 900
    )
    return Memory(sample=sample)


def lasting(short: str = "2", since_s: int = -60) -> Memory:
    """The short has been too large for a minute."""
    return replace(
        seen(short=short),
        surplus=Surplus(
            since_ms=START_MS + 100 + since_s * 1000, seen_ms=START_MS, exposure_max=D(1), principal_max=D(1)
        ),
    )


def planned(situation: Situation, memory: Memory) -> Plan:
    plan, _ = decide(situation, memory)
    return plan


def order(side: Side, contracts: str, price: str, fee: str, *, hedged: bool = False) -> PlannedOrder:
    return PlannedOrder(
        request=OrderRequest(
            venue=MAIN,
            symbol=PERP,
            side=side,
            contracts=D(contracts),
            price=D(price),
            time_in_force=TimeInForce.IOC,
            reduce_only=side is Side.BUY,
            hedged=hedged,
        ),
        coins=D(contracts),
        notional=D(contracts) * 100_000,
        fee_estimate=D(fee),
    )


@pytest.mark.parametrize("hedged", [False, True])
def test_an_increase_to_the_last_field(hedged: bool) -> None:
    plan = planned(replace(reading(0), hedged=hedged), seen())
    assert plan == Plan(
        view=plan.view,
        verdict=Verdict.ORDER,
        reason=f"under-hedged by 100,000.00, outside the band of {plan.view.band_notional:,.2f}",
        order=order(Side.SELL, "1", "99500", "49.75", hedged=hedged),
        gap_after=D(0),
    )
    view = plan.view
    assert (view.exposure, view.principal, view.short, view.target, view.gap) == (D(1), D(1), D(0), D(1), D(1))
    assert (view.gap_notional, view.price, view.mark) == (D(100_000), D(100_000), D(100_000))


@pytest.mark.parametrize("hedged", [False, True])
def test_a_decrease_to_the_last_field(hedged: bool) -> None:
    plan = planned(replace(reading(0, "1", "-2"), hedged=hedged), lasting())
    assert plan == Plan(
        view=plan.view,
        verdict=Verdict.ORDER,
        reason=f"over-hedged by 100,000.00, outside the band of {plan.view.band_notional:,.2f}",
        order=order(Side.BUY, "1", "100500.1", "50.25005", hedged=hedged),
        gap_after=D(0),
    )


def test_r11_the_dwell_ends_at_its_millisecond() -> None:
    began = Surplus(since_ms=START_MS + 101 - 60_000, seen_ms=START_MS, exposure_max=D(1), principal_max=D(1))
    early = replace(lasting(), surplus=began)
    assert planned(reading(0, "1", "-2"), early).verdict is Verdict.DWELLING
    plan = planned(reading(0, "1", "-2"), lasting(since_s=-58))
    assert (plan.verdict, plan.look_again_s, plan.alarm, plan.want_book) == (Verdict.DWELLING, D(2), False, False)
    assert plan.reason == ("over-hedged by 100,000.00; coins under way look sold, so it must last another 2 s (R11)")
    assert planned(reading(0, "1", "-2"), lasting(since_s=-57)).look_again_s is None


@pytest.mark.parametrize(("contracts", "memory"), [("0", seen()), ("-2", lasting())])
def test_a_back_off_ends_at_its_millisecond_in_either_direction(contracts: str, memory: Memory) -> None:
    now_ms = START_MS + 100
    assert planned(reading(0, "1", contracts, live_from_ms=now_ms), memory).verdict is Verdict.ORDER
    held = planned(reading(0, "1", contracts, live_from_ms=now_ms + 1_500), memory)
    assert held == Plan(
        view=held.view,
        verdict=Verdict.WAITING,
        reason="no order for another 2 s (fresh journal, or the venue refused the last one)",
        gap_after=held.view.gap,
        look_again_s=D("1.5"),
        want_book=True,
    )
    assert planned(reading(0, "1", contracts, live_from_ms=now_ms + 2_001), memory).look_again_s is None


@pytest.mark.parametrize(("contracts", "memory"), [("0", seen()), ("-2", lasting())])
def test_the_book_is_read_before_either_order_is_sized(contracts: str, memory: Memory) -> None:
    plan = planned(reading(0, "1", contracts, book=False), memory)
    assert plan == Plan(
        view=plan.view,
        verdict=Verdict.CONFIRMING,
        reason="the order book is read before the order is sized",
        gap_after=plan.view.gap,
        look_again_s=D(0),
        want_book=True,
    )


def test_r10_a_first_reading_is_read_once_more() -> None:
    plan = planned(reading(0), Memory())
    assert plan == Plan(
        view=plan.view,
        verdict=Verdict.CONFIRMING,
        reason="under-hedged by 100,000.00; read once more before anything is sold (R10)",
        gap_after=D(1),
        look_again_s=POLICY.timing.confirm_s,
        want_book=True,
    )


def test_after_failed_readings_a_decrease_is_read_once_more_too() -> None:
    plan = planned(reading(0, "1", "-2"), replace(lasting(), sample=None))
    assert plan == Plan(
        view=plan.view,
        verdict=Verdict.CONFIRMING,
        reason="over-hedged after readings that failed; read once more before anything is bought",
        gap_after=D(-1),
        look_again_s=POLICY.timing.confirm_s,
        want_book=True,
    )


def test_r15_no_margin_at_all_and_some() -> None:
    none = planned(reading(0, free="0"), seen())
    assert none == Plan(
        view=none.view,
        verdict=Verdict.NO_MARGIN,
        reason="under-hedged by 100,000.00 and no contract fits into the free margin of 0.00 USDT",
        gap_after=D(1),
        alarm=True,
        want_book=True,
    )
    some = planned(reading(0, free="50000"), seen())
    assert some.order is not None
    fits = some.order.request.contracts
    # A contract takes its value, the slippage and the fee.
    assert fits == D("0.497")
    assert (some.alarm, some.gap_after) == (True, 1 - fits)
    assert some.reason.endswith("; 0.503 BTC do not fit into the free margin")


@pytest.mark.parametrize(("contracts", "memory"), [("0", seen()), ("-2", lasting())])
def test_r16_after_two_misses_the_collar_is_wider_and_a_person_is_told(contracts: str, memory: Memory) -> None:
    patient = planned(reading(0, "1", contracts, unfilled_tries=1), memory)
    urgent = planned(reading(0, "1", contracts, unfilled_tries=2), memory)
    assert patient.order is not None
    assert urgent.order is not None
    assert (patient.alarm, urgent.alarm) == (False, True)
    assert urgent.reason.endswith("; 2 tries did not fill, so the collar is the urgent one")
    wide = abs(urgent.order.request.price - 100_000)
    assert (wide > 1_900, abs(patient.order.request.price - 100_000) < 600) == (True, True)


@pytest.mark.parametrize(("contracts", "memory"), [("0", seen()), ("-2", lasting())])
def test_what_depth_makes_too_small_is_told_and_what_is_small_by_itself_is_not(contracts: str, memory: Memory) -> None:
    plan = planned(reading(0, "1", contracts, depth="0"), memory)
    assert (plan.verdict, plan.alarm, plan.want_book, plan.order) == (Verdict.TOO_SMALL, True, True, None)
    assert plan.gap_after == plan.view.gap
    assert plan.reason.startswith("less than one step of 0.001 contracts")


def test_what_waits_is_looked_at_again_only_when_it_is_soon() -> None:
    slow, fast = (planned(reading(0, waiting="order x is unknown", soon=soon), seen()) for soon in (False, True))
    for plan, again in ((slow, None), (fast, D(0))):
        assert plan == Plan(
            view=plan.view,
            verdict=Verdict.WAITING,
            reason="order x is unknown",
            gap_after=D(1),
            look_again_s=again,
        )


def test_a_halt_and_a_long_are_told_in_full() -> None:
    halted = planned(reading(0, halted=("liquidation", "guard")), seen())
    assert (halted.verdict, halted.reason, halted.alarm) == (Verdict.HALTED, "halted: liquidation; guard", True)
    assert (halted.gap_after, halted.look_again_s, halted.want_book) == (D(1), None, False)
    long = planned(reading(0, "1", "1"), seen(short="-1"))
    assert (long.verdict, long.alarm, long.order) == (Verdict.FROZEN, True, None)
    assert long.reason.endswith("; left alone")


def test_r25_the_grace_of_a_change_by_others_to_the_millisecond() -> None:
    since_ms = START_MS + 100 - 600_000
    waiting, memory = decide(reading(0), replace(seen(), foreign_since_ms=since_ms + 1))
    assert (waiting.verdict, waiting.alarm, memory.foreign_since_ms) == (Verdict.WAITING, True, since_ms + 1)
    assert waiting.reason == "the position was changed by others; left alone for another 0 s"
    over, memory = decide(reading(0), replace(seen(), foreign_since_ms=since_ms))
    assert (over.verdict, memory.foreign_since_ms) == (Verdict.ORDER, None)
    balanced, memory = decide(reading(0, "1", "-1"), replace(seen(short="1"), foreign_since_ms=since_ms + 1))
    assert (balanced.verdict, memory.foreign_since_ms) == (Verdict.BALANCED, since_ms + 1)


def test_a_balance_says_both_numbers() -> None:
    plan = planned(reading(0, "1", "-1"), seen(short="1"))
    assert plan == Plan(
        view=plan.view,
        verdict=Verdict.BALANCED,
        reason=f"gap 0.00 is inside the band of {plan.view.band_notional:,.2f}",
        gap_after=D(0),
    )


def test_r12_a_doubt_lasts_from_the_first_mark_after_the_accepted_one() -> None:
    memory = PriceMemory(accepted=D(1), accepted_ms=5_000)
    assert _doubtful_since(memory, ((D(2), 5_000), (D(2), 6_000))) == 6_000
    assert _doubtful_since(memory, ((D(2), 4_000), (D(2), 5_000))) == 5_000
    assert _doubtful_since(PriceMemory(), ((D(2), 4_000), (D(2), 5_000))) == 4_000


def test_what_ends_within_two_confirmations_is_waited_for() -> None:
    slow = replace(POLICY, timing=replace(POLICY.timing, confirm_s=D(4)))
    for left_s, again in (("8", D(8)), ("8.001", None)):
        live_ms = START_MS + 100 + int(D(left_s) * 1000)
        assert planned(reading(0, policy=slow, live_from_ms=live_ms), seen()).look_again_s == again
