"""What an unwind decides and shows, to the last field: the plan is what a person reads and what the executor sends."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.observation import Sample, Surplus
from bot.core.prices import PriceMemory
from bot.core.situation import Memory, Situation
from bot.core.unwinding import by, decide
from bot.core.work import Work, unwinding_work
from bot.domain.control import Control, ControlKind
from bot.domain.observation import Position, Prices, Unknown
from bot.domain.orders import OrderRequest, Side, TimeInForce
from bot.domain.plan import Plan, PlannedOrder, Verdict
from tests.core.instruments import INVERSE, LINEAR, MAIN, PERP, POLICY
from tests.core.situations import START_MS, reading

UNWIND = Control(kind=ControlKind.UNWIND, hedge=POLICY.name, who="ann", why="sold", since_ms=START_MS)
SAID = "unwound by ann (sold): "


def planned(situation: Situation, memory: Memory | None = None) -> Plan:
    plan, _ = decide(situation, memory or Memory(), UNWIND)
    return plan


@pytest.mark.parametrize(
    ("who", "why", "expected"),
    [("ann", "sold", " by ann (sold)"), ("", "sold", " (sold)"), ("ann", "", " by ann"), ("", "", "")],
)
def test_who_and_why_are_told_as_far_as_known(who: str, why: str, expected: str) -> None:
    assert by(replace(UNWIND, who=who, why=why)) == expected


def test_r16_the_order_of_an_unwind_to_the_last_field() -> None:
    plan = planned(replace(reading(0, "1", "-2"), hedged=True))
    assert plan.order == PlannedOrder(
        request=OrderRequest(
            venue=MAIN,
            symbol=PERP,
            side=Side.BUY,
            contracts=D(2),
            price=D("100500.1"),
            time_in_force=TimeInForce.IOC,
            reduce_only=True,
            hedged=True,
        ),
        coins=D(2),
        notional=D(200_000),
        fee_estimate=D("100.5001"),
    )
    assert (plan.reason, plan.alarm, plan.gap_after) == (f"{SAID}the short is closed", False, D(0))
    assert planned(reading(0, "1", "-2")).order == replace(
        plan.order, request=replace(plan.order.request, hedged=False)
    )


def test_r2_a_coin_margined_short_is_counted_at_the_mark() -> None:
    instrument = replace(INVERSE, quantity_max=D(5_000))
    plan = planned(reading(0, "1", "-1000", "80000", depth="5000", instrument=instrument))
    assert plan.order is not None
    assert (plan.order.request.contracts, plan.order.coins, plan.order.notional) == (D(1_000), D("1.25"), D(100_000))
    assert plan.order.fee_estimate == D(50)
    assert (plan.view.short, plan.view.gap, plan.gap_after) == (D("1.25"), D("-1.25"), D(0))


def test_r12_a_doubtful_price_is_taken_after_its_time() -> None:
    doubted = PriceMemory(accepted=D(50_000), accepted_ms=START_MS - 20_000, pending=((D(90_000), START_MS - 14_900),))
    assert planned(reading(0, "1", "-1"), Memory(prices=doubted)).verdict is Verdict.ORDER
    later = replace(doubted, pending=((D(90_000), START_MS - 14_899),))
    assert planned(reading(0, "1", "-1"), Memory(prices=later)).verdict is Verdict.CONFIRMING


def test_the_view_of_an_unwind_shows_the_short_as_the_gap() -> None:
    situation = reading(0, "1", "-2")
    assert isinstance(situation.position, Position)
    view = planned(replace(situation, position=replace(situation.position, liquidation_price=D(190_000)))).view
    assert (view.short, view.target, view.gap) == (D(2), D(0), D(-2))
    assert (view.gap_notional, view.band_notional) == (D(-200_000), D(0))
    assert (view.price, view.mark, view.liquidation_price) == (D(100_000), D(100_000), D(190_000))


def test_what_is_remembered_of_a_surplus_and_of_the_last_reading_is_dropped_and_the_price_is_kept() -> None:
    sample = Sample(exposure=D(1), principal=D(1), short=D(2), sent_ms=1, answered_ms=2)
    surplus = Surplus(since_ms=1, seen_ms=1, exposure_max=D(1), principal_max=D(1))
    _, memory = decide(reading(0, "1", "-2"), Memory(sample=sample, surplus=surplus), UNWIND)
    assert (memory.sample, memory.surplus) == (None, None)
    assert memory.prices != PriceMemory()
    assert memory.prices.accepted == D(100_000)


def test_r12_a_doubtful_price_is_read_again_after_the_time_of_a_confirmation() -> None:
    situation = reading(0, "1", "-1")
    assert isinstance(situation.prices, Prices)
    plan = planned(replace(situation, prices=replace(situation.prices, bid=D(200_000))))
    assert (plan.verdict, plan.look_again_s) == (Verdict.CONFIRMING, POLICY.timing.confirm_s)


def test_every_reason_says_what_it_waits_for() -> None:
    unknown = Unknown(what="position", reason="timeout")
    assert planned(replace(reading(0, "1", "-1"), position=unknown)).reason.startswith(f"{SAID}frozen where it is: pos")
    assert planned(reading(0, "1", "-1", waiting="order x is unknown")).reason == f"{SAID}order x is unknown"
    assert planned(reading(0, "1", "1")).reason.endswith("; left alone")
    assert planned(reading(0)).reason == f"{SAID}the short is closed and stays so until `hedgebot resume`"
    unread = planned(reading(0, "1", "-1", book=False))
    assert (unread.reason, unread.alarm) == (f"{SAID}the order book is read before the order is sized", False)
    held = planned(reading(0, "1", "-1", live_from_ms=START_MS + 5_100))
    assert held.reason == f"{SAID}no order for another 5 s (fresh journal, or the venue refused the last one)"
    small = planned(reading(0, "1", "-1", instrument=replace(LINEAR, quantity_min=D(2))))
    assert small.reason == f"{SAID}1 contracts are below the minimum of 2"
    assert (small.want_book, small.gap_after) == (True, D(-1))


def test_r14_a_reduction_needs_no_minimum_notional() -> None:
    plan = planned(reading(0, "1", "-1", instrument=replace(LINEAR, notional_min=D(10**9))))
    assert plan.verdict is Verdict.ORDER


@pytest.mark.parametrize(
    ("since_s", "at_ms", "verdict"),
    [
        (0, 1_000, Verdict.ORDER),  # the same moment as the command: the person has seen it
        (1, 600_900 - 1, Verdict.WAITING),
        (1, 600_900, Verdict.ORDER),
    ],
)
def test_r25_the_grace_after_a_change_by_others_to_the_millisecond(since_s: int, at_ms: int, verdict: Verdict) -> None:
    plan = planned(reading(at_ms / 1000, "1", "-1"), Memory(foreign_since_ms=START_MS + since_s * 1000))
    assert plan.verdict is verdict
    if verdict is Verdict.WAITING:
        assert plan.alarm
        assert plan.reason == f"{SAID}the position was changed by others; left alone for another 0 s"


def test_a_back_off_ends_at_its_moment() -> None:
    ends_ms = START_MS + 2_100
    assert planned(reading(2, "1", "-1", live_from_ms=ends_ms)).verdict is Verdict.ORDER
    assert planned(reading(2, "1", "-1", live_from_ms=ends_ms + 1)).verdict is Verdict.WAITING


def test_r24_the_work_of_an_unwind_in_full() -> None:
    situation = reading(0, "5", "-2")
    assert isinstance(situation.position, Position)
    view = planned(situation).view
    assert unwinding_work(view, situation.position, LINEAR) == Work(
        exposure=D(0), gap_contracts=D(2), tolerance=LINEAR.quantity_step, per_contract=None
    )
    coined = unwinding_work(view, situation.position, INVERSE)
    assert coined is not None
    assert coined.tolerance == D("0.001")
