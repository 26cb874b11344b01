"""What a short cost to hold, and when a hedge closes on it: over a whole window, and not on one rate."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.funding import (
    INTERVAL_MS,
    SAMPLES,
    YEAR_MS,
    FundingMemory,
    cost_a_year,
    figures,
    interval_ms,
    over_budget,
    watch,
)
from bot.core.situation import Memory, Situation
from bot.core.spot_perp import decide
from bot.domain.funding import FundingPayment
from bot.domain.instrument import Instrument
from bot.domain.observation import Prices
from bot.domain.plan import Plan, Verdict
from bot.domain.policy import FundingPolicy
from tests.core.instruments import INVERSE, LINEAR, MAIN, PERP, POLICY, USDT
from tests.core.situations import START_MS, reading

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
WINDOW_MS = 3 * DAY_MS
NOW = 1_800_000_000_000
CLOSING = FundingPolicy(close_above=D("0.5"), reopen_below=D("0.1"))


def paid(hours_ago: float, amount: str = "-10", short: str | None = "1", mark: str | None = "100000") -> FundingPayment:
    return FundingPayment(
        venue=MAIN,
        symbol=PERP,
        reference=str(hours_ago),
        asset=USDT,
        amount=D(amount),
        time_ms=NOW - int(hours_ago * HOUR_MS),
        short=None if short is None else D(short),
        mark=None if mark is None else D(mark),
    )


@pytest.mark.parametrize(
    ("hours_ago", "expected_h"),
    [((), 8), ((8,), 8), ((16, 8), 8), ((16, 8, 4), 4), ((9, 8.999), 8), ((40, 8), 8), ((20, 19), 1)],
)
def test_the_interval_is_learnt_from_the_payments(hours_ago: tuple[float, ...], expected_h: int) -> None:
    assert interval_ms([paid(hours) for hours in hours_ago]) == expected_h * HOUR_MS


def test_a_short_earns_while_the_rate_is_positive() -> None:
    assert cost_a_year(D("0.0001"), INTERVAL_MS) == D("-0.1095")
    assert cost_a_year(D("-0.0001"), HOUR_MS) == D("0.876")


def test_a_young_short_is_averaged_over_the_time_it_was_held() -> None:
    told = figures([paid(8), paid(0)], LINEAR, NOW, WINDOW_MS)
    assert told is not None
    assert (told.amount, told.asset, told.payments, told.since_ms) == (D(-20), USDT, 2, NOW - 8 * HOUR_MS)
    assert told.cost_a_year == D("0.0002") * YEAR_MS / (16 * HOUR_MS)


def test_what_is_older_than_the_window_does_not_count_and_fills_it() -> None:
    payments = [paid(hours) for hours in range(80, -1, -8)]
    told = figures(payments, LINEAR, NOW, WINDOW_MS)
    assert told is not None
    assert (told.payments, told.cost_a_year) == (9, D("0.0009") * YEAR_MS / WINDOW_MS)
    assert figures(payments, LINEAR, NOW + 30 * DAY_MS, WINDOW_MS) is None


@pytest.mark.parametrize(
    ("short", "mark"),
    [(None, "100000"), ("1", None), ("0", "100000"), ("1", "0")],
    ids=["-", "m", "flat", "0"],
)
def test_a_payment_that_nobody_saw_the_short_of_counts_as_the_others(short: str | None, mark: str | None) -> None:
    told = figures([paid(8), paid(0, short=short, mark=mark)], LINEAR, NOW, WINDOW_MS)
    assert told is not None
    assert told.cost_a_year == D("0.0002") * YEAR_MS / (16 * HOUR_MS)
    alone = figures([paid(0, short=short, mark=mark)], LINEAR, NOW, WINDOW_MS)
    assert alone is not None
    assert (alone.amount, alone.cost_a_year) == (D(-10), None)


@pytest.mark.parametrize(
    ("instrument", "amount", "short", "expected"),
    [(LINEAR, "-10", "1", D("0.0001")), (INVERSE, "-0.0001", "1000", D("0.0001")), (LINEAR, "5", "1", D("-0.00005"))],
)
def test_r1_r2_a_payment_is_a_fraction_of_the_short(
    instrument: Instrument, amount: str, short: str, expected: D
) -> None:
    told = figures([paid(0, amount, short)], instrument, NOW, WINDOW_MS)
    assert told is not None
    assert told.cost_a_year == expected * YEAR_MS / INTERVAL_MS


@pytest.mark.parametrize(("cost", "expected"), [(None, False), ("0.5", False), ("0.51", True), ("-3", False)])
def test_only_what_is_above_the_budget_is_told(cost: str | None, expected: bool) -> None:
    assert over_budget(None if cost is None else D(cost), POLICY.funding) is expected


def watched(costs: list[str | None], memory: FundingMemory | None = None, *, start_ms: int = NOW) -> FundingMemory:
    """An hour between one and the next: the whole window is three days."""
    memory = memory or FundingMemory()
    for hour, cost in enumerate(costs):
        memory = watch(memory, None if cost is None else D(cost), start_ms + hour * HOUR_MS, CLOSING)
        assert FundingMemory.from_dict(memory.to_dict()) == memory
    return memory


def test_nothing_closes_before_the_whole_window_is_there() -> None:
    assert not watched(["9"] * (SAMPLES - 3)).closed
    assert watched(["9"] * (SAMPLES + 1)).closed


def test_one_flip_of_the_rate_closes_nothing_and_opens_nothing() -> None:
    calm = watched(["0.2"] * SAMPLES)
    assert not watched(["5"], calm, start_ms=NOW + SAMPLES * HOUR_MS).closed
    dear = watched(["0.6"] * (SAMPLES + 1))
    assert dear.closed
    assert watched(["-9"], dear, start_ms=NOW + (SAMPLES + 1) * HOUR_MS).closed


def test_between_both_bounds_nothing_changes() -> None:
    assert not watched(["0.3"] * 200).closed
    assert watched(["0.3"] * 200, watched(["0.6"] * 80), start_ms=NOW + 80 * HOUR_MS).closed
    assert not watched(["0.09"] * 80, watched(["0.6"] * 80), start_ms=NOW + 80 * HOUR_MS).closed


def test_a_pause_of_the_bot_decides_nothing() -> None:
    dear = watched(["0.6"] * 80)
    after = watched(["-1"] * 20, dear, start_ms=NOW + 200 * HOUR_MS)
    assert (len(after.samples), after.closed) == (20, True)


def test_rates_that_are_not_told_or_come_too_soon_are_not_counted() -> None:
    once = watched(["0.2", None])
    assert len(once.samples) == 1
    assert watch(once, D(9), NOW + HOUR_MS - 1, CLOSING) is once


def test_without_the_policy_nothing_is_remembered() -> None:
    assert watch(watched(["0.6"] * 80), D(9), NOW, FundingPolicy()) == FundingMemory()


@pytest.mark.parametrize("text", ["x@1", "1@x", "1"])
def test_what_is_no_memory_does_not_read_back(text: str) -> None:
    with pytest.raises(ValueError, match=r"no exact number|no number|invalid literal"):
        FundingMemory.from_dict({"samples": text})


def at(situation: Situation, rate: str | None) -> Situation:
    assert isinstance(situation.prices, Prices)
    policy = replace(POLICY, funding=CLOSING)
    prices = replace(situation.prices, funding_rate=None if rate is None else D(rate))
    return replace(situation, policy=policy, prices=prices)


def lasting(plans: list[tuple[float, str, str]], memory: Memory) -> tuple[list[Plan], Memory]:
    made = []
    for at_s, contracts, rate in plans:
        plan, memory = decide(at(reading(at_s, "1", contracts), rate), memory)
        made.append(plan)
    return made, memory


def test_a_hedge_that_funding_makes_too_dear_is_closed_after_its_dwell_and_opened_again() -> None:
    """A rate of -0.001 in 8 h costs 1.095 a year; one of 0.001 earns as much."""
    hours = [(hour * 3600.0, "-1", "-0.001") for hour in range(SAMPLES - 2)]
    before, memory = lasting(hours, Memory())
    assert {plan.verdict for plan in before} == {Verdict.BALANCED}
    assert Memory.from_dict(memory.to_dict()).funding == memory.funding
    end_s = (SAMPLES - 2) * 3600.0
    (turned, dwelling, order), memory = lasting([(end_s + s, "-1", "-0.001") for s in (0, 5, 61)], memory)
    assert (turned.verdict, turned.alarm, dwelling.alarm) == (Verdict.DWELLING, True, False)
    assert order.order is not None
    assert (order.order.request.contracts, order.order.request.reduce_only, order.view.target) == (D(1), True, D(0))
    assert "keeps the short closed" in order.reason
    (flat,), memory = lasting([(end_s + 100, "0", "-0.001")], memory)
    assert (flat.verdict, flat.order) == (Verdict.BALANCED, None)
    cheap = [(end_s + hour * 3600.0, "0", "0.001") for hour in range(1, SAMPLES)]
    after, memory = lasting(cheap, memory)
    opened = [plan for plan in after if "opened again" in plan.reason]
    assert [plan.alarm for plan in opened] == [True]
    assert after[-1].verdict is Verdict.ORDER


def test_a_rate_that_is_not_told_changes_nothing() -> None:
    plan, memory = decide(at(reading(0, "1", "-1"), None), Memory())
    assert (plan.verdict, memory.funding) == (Verdict.BALANCED, FundingMemory())
    assert START_MS > 0
