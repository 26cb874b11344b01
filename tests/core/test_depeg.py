"""Whether a stablecoin is still worth a dollar: several readings, hysteresis, and what nobody can know."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from bot.core.depeg import LAST_MS, PegMemory, judge
from bot.domain.exits import Peg
from bot.domain.observation import Unknown
from tests.core.exits import NOW, USDT, unknown, usd

LIMIT = D("0.02")


class Readings:
    """One stablecoin, read again and again."""

    def __init__(self) -> None:
        self.now_ms, self.memory = NOW, PegMemory()

    def see(self, *values: str | Unknown, every_s: int = 5) -> Peg:
        peg = Peg.SOUND
        for value in values:
            self.now_ms += every_s * 1000
            price = value if isinstance(value, Unknown) else usd(USDT, D(value), self.now_ms)
            view, memory = judge(self.memory, USDT, price, depeg=LIMIT, now_ms=self.now_ms, age_max_s=D(15))
            self.memory = PegMemory.from_dict(memory.to_dict())
            assert self.memory == memory
            peg = view.peg
        return peg


@pytest.mark.parametrize("value", ["1", "0.98", "1.02", "0.995"])
def test_within_the_limit_it_is_sound(value: str) -> None:
    assert Readings().see(value, value, value, value) is Peg.SOUND


@pytest.mark.parametrize("value", ["0.9799", "1.0201", "0.5"])
def test_three_readings_ten_seconds_apart_break_it(value: str) -> None:
    seen = Readings()
    assert seen.see(value, value) is Peg.DOUBTFUL
    assert seen.see(value) is Peg.BROKEN
    assert Readings().see(value, value, every_s=60) is Peg.DOUBTFUL, "two are not three"
    quick = Readings()
    assert quick.see(*[value] * 10, every_s=1) is Peg.DOUBTFUL
    assert quick.see(value, every_s=1) is Peg.BROKEN


def test_a_reading_in_between_begins_the_count_anew() -> None:
    assert Readings().see("0.9", "0.9", "1", "0.9", "0.9") is Peg.DOUBTFUL


def test_it_is_sound_again_within_half_the_limit_for_an_hour() -> None:
    seen = Readings()
    seen.see("0.9", "0.9", "0.9")
    assert seen.see(*["0.985"] * 10, every_s=1_000) is Peg.BROKEN
    assert seen.see(*["0.99"] * 4, every_s=1_000) is Peg.BROKEN
    assert seen.see("0.99", every_s=1_000) is Peg.SOUND


def test_one_reading_judged_twice_counts_once() -> None:
    memory, pegs = PegMemory(), []
    for _ in range(5):
        view, memory = judge(memory, USDT, usd(USDT, D("0.9")), depeg=LIMIT, now_ms=NOW, age_max_s=D(15))
        pegs.append(view.peg)
    assert (pegs, memory.count) == ([Peg.DOUBTFUL] * 5, 1)


def test_what_is_unknown_for_the_moment_stays_what_it_was_for_a_while() -> None:
    assert Readings().see(unknown()) is Peg.DOUBTFUL
    seen = Readings()
    seen.see("1")
    assert seen.see(unknown()) is Peg.SOUND
    assert seen.see("0") is Peg.SOUND, "no price"
    assert seen.see(unknown(), every_s=LAST_MS // 1000 + 1) is Peg.DOUBTFUL
    seen = Readings()
    seen.see("1", "0.9")
    assert seen.see(unknown()) is Peg.DOUBTFUL
    seen = Readings()
    seen.see("0.9", "0.9", "0.9")
    assert seen.see(unknown(), every_s=3_600) is Peg.BROKEN


@pytest.mark.parametrize(
    ("last_ms", "now_ms", "peg"),
    [(0, LAST_MS, Peg.DOUBTFUL), (1, LAST_MS + 1, Peg.SOUND), (1, LAST_MS + 2, Peg.DOUBTFUL)],
)
def test_a_judgement_holds_for_just_so_long_and_none_was_made_before_the_first_reading(
    last_ms: int, now_ms: int, peg: Peg
) -> None:
    memory = PegMemory(last_ms=last_ms)
    view, _ = judge(memory, USDT, unknown(), depeg=LIMIT, now_ms=now_ms, age_max_s=D(15))
    assert (view.asset, view.peg, view.price) == (USDT, peg, None)


def test_an_old_reading_says_nothing() -> None:
    view, _ = judge(PegMemory(), USDT, usd(USDT, D(1)), depeg=LIMIT, now_ms=NOW + 16_000, age_max_s=D(15))
    assert (view.peg, view.price) == (Peg.DOUBTFUL, None)


@pytest.mark.parametrize(("late_ms", "peg", "price"), [(0, Peg.SOUND, D(1)), (1, Peg.DOUBTFUL, None)])
def test_a_reading_counts_for_as_long_as_it_may_be_old(late_ms: int, peg: Peg, price: D | None) -> None:
    now_ms = NOW + 15_000 + late_ms
    view, _ = judge(PegMemory(), USDT, usd(USDT, D(1)), depeg=LIMIT, now_ms=now_ms, age_max_s=D(15))
    assert (view.asset, view.peg, view.price) == (USDT, peg, price)


@pytest.mark.parametrize(("count", "value"), [(1, "1"), (0, "0.9")])
def test_doubtful_is_what_is_off_and_what_was_off_a_moment_ago(count: int, value: str) -> None:
    judged_before = PegMemory(count=count, first_ms=NOW if count else 0, last_ms=NOW)
    view, memory = judge(judged_before, USDT, usd(USDT, D(value)), depeg=LIMIT, now_ms=NOW, age_max_s=D(15))
    assert (view.peg, memory) == (Peg.DOUBTFUL, judged_before)


def test_what_is_kept_is_when_it_was_last_read_and_nothing_of_a_count_that_is_over() -> None:
    seen = Readings()
    seen.see("0.9", "1")
    assert seen.memory == PegMemory(last_ms=seen.now_ms)
    seen.see("0.9", "0.9", "0.9")
    assert seen.memory == PegMemory(broken=True, last_ms=seen.now_ms)


def test_without_an_anchor_nobody_knows() -> None:
    seen = Readings()
    view, _ = judge(PegMemory(), USDT, unknown(lasting=True), depeg=LIMIT, now_ms=NOW, age_max_s=D(15))
    assert (view.asset, view.price) == (USDT, None)
    assert "no anchor" in view.text
    assert seen.see(unknown(lasting=True)) is Peg.NO_ANCHOR
    assert seen.memory == PegMemory()
