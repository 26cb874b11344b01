"""Which prices in US dollars are believed: what confirms one, for how long it counts, and what is remembered (R12)."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from bot.core.usd_bars import BeliefMemory, believe, believed_bars
from bot.domain.usd import DAY_MS, HOUR_MS, UsdPrice
from tests.core.exits import BTC, NOW, bars, usd


def believed(price: UsdPrice, memory: BeliefMemory | None = None) -> tuple[D | None, str, BeliefMemory]:
    kept = BeliefMemory() if memory is None else memory
    return believe(kept, price, second=None, last_close=None, now_ms=NOW + 20_000, age_max_s=D(30))


def test_an_old_price_or_none_at_all_is_not_believed() -> None:
    late, why, _ = believed(usd(BTC, D(100), NOW - 20_000))
    assert (late, why) == (None, "the price is too old")
    assert believed(usd(BTC, D(0)))[0] is None


def test_a_price_and_its_second_source_agree_within_two_percent_of_the_smaller() -> None:
    for second, price in (("98.04", 100), ("98.03", None), ("102", 100), ("102.01", None), ("0", 100), ("-1", 100)):
        told = believe(
            BeliefMemory(), usd(BTC, D(100)), second=D(second), last_close=D(100), now_ms=NOW, age_max_s=D(30)
        )
        assert told[0] == price, second


def test_without_a_second_source_five_percent_are_no_jump_and_the_last_price_counts_before_the_last_bar() -> None:
    def told(price: str, accepted: str | None = None) -> D | None:
        kept = BeliefMemory(accepted=None if accepted is None else D(accepted))
        return believe(kept, usd(BTC, D(price)), second=None, last_close=D(100), now_ms=NOW, age_max_s=D(30))[0]

    assert [told("105"), told("105.01")] == [D(105), None]
    assert [told("110", "105"), told("100", "105.01")] == [D(110), None]


@pytest.mark.parametrize(("third", "agrees"), [("101", True), ("101.01", False)])
def test_three_readings_agree_within_one_percent(third: str, *, agrees: bool) -> None:
    memory, told = BeliefMemory(), None
    for number, price in enumerate(("100", "100.5", third)):
        told, _, memory = believed(usd(BTC, D(price), NOW + number), memory)
    assert told == (D(third) if agrees else None)
    assert memory.accepted == told
    _, doubt, _ = believed(usd(BTC, D(third), NOW + 2), memory)
    assert (doubt == "") is agrees
    assert [value for value, _ in memory.pending] == [D(100), D("100.5"), D(third)]


def test_the_last_price_is_remembered_while_another_is_in_doubt_and_none_is_ever_0() -> None:
    _, _, memory = believed(usd(BTC, D(200)), BeliefMemory(accepted=D(100)))
    assert memory == BeliefMemory(accepted=D(100), pending=((D(200), NOW),))
    memory = BeliefMemory()
    for number in range(4):
        told, _, memory = believed(usd(BTC, D(0), NOW + number), memory)
        assert told is None


def test_a_price_counts_for_as_long_as_it_may_be_old() -> None:
    told = [
        believe(BeliefMemory(), usd(BTC, D(100), sent_ms), second=D(100), last_close=None, now_ms=NOW, age_max_s=D(30))
        for sent_ms in (NOW - 30_000, NOW - 30_001)
    ]
    assert [price for price, _, _ in told] == [100, None]


@pytest.mark.parametrize(("bar_ms", "close", "count"), [(HOUR_MS, "105", 2), (HOUR_MS, "105.01", 0)])
def test_the_next_bar_of_an_hour_may_be_five_percent_away(bar_ms: int, close: str, count: int) -> None:
    assert len(believed_bars(bars("100", close, bar_ms=bar_ms), bar_ms, None)) == count


@pytest.mark.parametrize(("close", "count"), [("110", 2), ("110.01", 0), ("90.91", 2), ("90.9", 0)])
def test_of_four_hours_twice_as_much_and_of_a_day_no_more_than_a_fifth(close: str, count: int) -> None:
    assert len(believed_bars(bars("100", close, bar_ms=4 * HOUR_MS), 4 * HOUR_MS, None)) == count
    assert len(believed_bars(bars("100", "120", bar_ms=DAY_MS), DAY_MS, None)) == 2
    assert believed_bars(bars("100", "120.01", bar_ms=DAY_MS), DAY_MS, None) == []


def test_one_reading_judged_three_times_is_one() -> None:
    memory = BeliefMemory()
    for _ in range(4):
        price, _, memory = believed(usd(BTC, D(100)), memory)
        assert price is None
