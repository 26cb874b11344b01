"""Decisions at their bounds: what was agreed on, what lasted, what fits and what is told of it (R10, R11, R14, R16)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

from bot.core.observation import Surplus
from bot.core.situation import Memory
from bot.core.spot_perp import decide
from bot.domain.orders import Side
from bot.domain.plan import Verdict
from tests.core.instruments import LINEAR, POLICY
from tests.core.situations import START_MS, reading, run

SMALL = replace(LINEAR, contract_size=D("0.01"))
"""A hundred contracts are a coin."""


def test_r10_what_only_the_second_reading_saw_is_balanced_with_its_reason() -> None:
    plans = run(reading(0, "1.004", "-1"), reading(1, "1.0055", "-1"))
    assert [plan.verdict for plan in plans] == [Verdict.BALANCED, Verdict.BALANCED]
    assert "is inside the band of 502.75" in plans[1].reason


def test_r11_what_lasted_and_is_inside_the_band_is_not_bought_back() -> None:
    """Most of a surplus was bought back; then more was sold, and that has not lasted yet."""
    lasted = Surplus(since_ms=START_MS - 61_000, seen_ms=START_MS, exposure_max=D("0.996"), principal_max=D("0.996"))
    before = reading(0, "0.996", "-1")
    _, memory = decide(before, Memory())
    plan, after = decide(reading(1, "0.9", "-1"), replace(memory, surplus=lasted))
    assert (plan.verdict, plan.order) == (Verdict.DWELLING, None)
    assert after.surplus == Surplus(
        since_ms=START_MS + 1_100, seen_ms=START_MS + 1_100, exposure_max=D("0.9"), principal_max=D("0.9")
    )
    outside = replace(lasted, exposure_max=D("0.994"), principal_max=D("0.994"))
    plan, _ = decide(reading(1, "0.9", "-1"), replace(memory, surplus=outside))
    assert plan.order is not None
    assert plan.order.request.contracts == D("0.006")


def test_r14_r16_a_purchase_that_depth_made_too_small_alarms_below_the_least_notional_too() -> None:
    """Reduce-only orders need none, so that it is the depth that leaves the gap open."""
    least = replace(LINEAR, quantity_min=D("0.002"))
    _, memory = decide(reading(0, "0.003", "-0.006", "10000", instrument=least), Memory())
    plan, _ = decide(reading(61, "0.003", "-0.006", "10000", depth="0.001", instrument=least), memory)
    assert (plan.verdict, plan.order, plan.alarm) == (Verdict.TOO_SMALL, None, True)
    enough, _ = decide(reading(61, "0.003", "-0.006", "10000", depth="0.002", instrument=least), memory)
    assert enough.order is not None
    assert (enough.order.request.contracts, enough.order.notional) == (D("0.002"), D(20))


def test_r1_the_gap_that_is_left_counts_coins_and_not_contracts() -> None:
    plans = run(reading(0, instrument=SMALL), reading(1, depth="40", instrument=SMALL))
    assert plans[1].order is not None
    assert (plans[1].order.request.side, plans[1].order.request.contracts) == (Side.SELL, D(40))
    assert plans[1].gap_after == D("0.6")
    back = run(reading(0, "0.3", "-100", instrument=SMALL), reading(61, "0.3", "-100", depth="40", instrument=SMALL))
    assert back[1].order is not None
    assert (back[1].order.request.side, back[1].order.request.contracts) == (Side.BUY, D(40))
    assert back[1].gap_after == D("-0.3")


def test_r15_the_reserve_of_a_linear_hedge_is_so_much_quote() -> None:
    reserved = replace(POLICY, margin_reserve=D(5_000))
    plans = run(reading(0, policy=reserved), reading(1, free="55000", policy=reserved))
    assert plans[1].order is not None
    # A contract takes 100,000, and what slippage and fee may cost.
    assert plans[1].order.request.contracts == D("0.497")
    assert plans[1].alarm


def test_r15_r16_an_order_that_is_urgent_and_does_not_fit_is_told_as_both() -> None:
    plans = run(reading(0), reading(1, free="50000", unfilled_tries=2))
    assert plans[1].order is not None
    assert plans[1].alarm
    assert "do not fit into the free margin" in plans[1].reason
    assert plans[1].reason.endswith("; 2 tries did not fill, so the collar is the urgent one")


def test_r11_only_a_surplus_outside_the_band_begins_to_dwell() -> None:
    inside, later = run(reading(0, "0.9975", "-1"), reading(61, "0.3", "-1"))
    assert (inside.verdict, later.verdict) == (Verdict.BALANCED, Verdict.DWELLING)
    _, memory = decide(reading(0, "1", "-0.5"), Memory())
    assert memory.surplus is None


def test_r13_r15_what_is_under_way_asks_for_no_margin() -> None:
    """The gap is being sold, and the margin is all in use for it: nothing is missing."""
    under_way = ((Side.SELL, D(1)),)
    _, memory = decide(reading(0), Memory())
    plan, _ = decide(replace(reading(1, free="0"), unfilled=under_way), memory)
    assert (plan.verdict, plan.order, plan.alarm) == (Verdict.TOO_SMALL, None, False)
