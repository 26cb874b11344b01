"""Which mark price may be believed (R12)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.prices import WINDOW_MS, PriceMemory, judge
from bot.domain.observation import Prices, Stamp
from tests.core.instruments import PERP

D = Decimal
FRESH = PriceMemory()
KNOWN = PriceMemory(accepted=D(100_000), accepted_ms=0)
SECOND = 1000


def _prices(mark: str | Decimal, index: str | Decimal | None, at_ms: int) -> Prices:
    mark = D(mark)
    return Prices(
        symbol=PERP,
        mark=mark,
        index=None if index is None else D(index),
        bid=mark,
        ask=mark,
        funding_rate=None,
        stamp=Stamp(sent_ms=at_ms, answered_ms=at_ms + 50),
    )


def _run(memory: PriceMemory, readings: list[Prices]) -> tuple[list[Decimal | None], PriceMemory]:
    marks: list[Decimal | None] = []
    for prices in readings:
        mark, reason, memory = judge(memory, prices, prices.stamp.answered_ms)
        assert reason
        marks.append(mark)
    return marks, memory


@pytest.mark.parametrize("index", ["100000", "99010", "101010"])
def test_r12_the_first_mark_passes_when_the_index_agrees(index: str) -> None:
    mark, _, memory = judge(FRESH, _prices("100000", index, 7), 60)
    assert mark == 100_000
    assert memory == PriceMemory(accepted=D(100_000), accepted_ms=7)


@pytest.mark.parametrize("mark", ["93000", "107000", "80000", "120000"])
def test_r12_a_move_of_up_to_20_percent_that_the_index_shows_too_passes_at_once(mark: str) -> None:
    assert judge(KNOWN, _prices(mark, mark, SECOND), SECOND)[0] == D(mark)


@pytest.mark.parametrize("jumped", ["79999", "120001", "10000", "1000000"])
def test_r12_a_larger_jump_needs_three_readings_that_agree(jumped: str) -> None:
    near = D(jumped) * (D("0.995") if D(jumped) < 100_000 else D("1.005"))
    marks, memory = _run(
        KNOWN, [_prices(jumped, jumped, 5000), _prices(near, near, 6000), _prices(jumped, jumped, 7000)]
    )
    assert marks == [None, None, D(jumped)]
    assert memory.accepted == D(jumped)
    assert judge(memory, _prices(jumped, jumped, 8000), 8000)[2].pending == ()


def test_r12_a_single_wild_reading_leaves_no_trace() -> None:
    marks, memory = _run(KNOWN, [_prices("10", "10", 5000), _prices("100100", "100100", 10_000)])
    assert marks == [None, D(100_100)]
    assert memory.pending == ()


@pytest.mark.parametrize("index", [None, "0", "-1", "98000", "102000"])
def test_r12_without_an_index_that_agrees_three_readings_stand_for_it(index: str | None) -> None:
    marks, memory = _run(KNOWN, [_prices("100000", index, at * 5000) for at in range(1, 6)])
    assert marks == [None, None, D(100_000), D(100_000), D(100_000)]
    assert memory.accepted_ms == 25_000
    assert len(memory.pending) <= 4


def test_r12_three_readings_must_agree_with_each_other() -> None:
    marks, _ = _run(KNOWN, [_prices(mark, None, at * SECOND) for at, mark in enumerate(["100", "102", "101"], 1)])
    assert marks == [None, None, None]


def test_r12_three_readings_must_lie_within_15_seconds() -> None:
    pending = ((D(100_000), 1000), (D(100_000), 2000))
    late = replace(KNOWN, accepted_ms=1500, pending=pending)
    assert judge(late, _prices("100000", None, 16_001), 16_002)[0] is None
    assert judge(late, _prices("100000", None, 16_000), 16_001)[0] == 100_000


def test_r12_the_same_reading_judged_again_is_not_another_one() -> None:
    prices = _prices("100000", None, 5000)
    memory = KNOWN
    for now_ms in (5050, 5060, 5070, 5080):
        mark, _, memory = judge(memory, prices, now_ms)
        assert mark is None
    assert memory.pending == ((D(100_000), 5000),)


def test_r12_a_doubtful_price_freezes_for_15_seconds_at_most() -> None:
    wild = ["100", "200", "100", "200"]
    marks, memory = _run(KNOWN, [_prices(mark, None, at * 5000) for at, mark in enumerate(wild, 1)])
    assert marks == [None, None, None, D(200)]
    assert "unconfirmed" in judge(replace(KNOWN, pending=((D(1), 1),)), _prices("5", None, 99_000), 99_000)[1]
    # The next doubt has 15 s of its own.
    marks, _ = _run(memory, [_prices("300", None, 25_000), _prices("400", None, 30_000)])
    assert marks == [None, None]


@given(
    marks=st.lists(st.decimals(D("0.1"), 1_000_000, places=1), min_size=1, max_size=40),
    indexed=st.booleans(),
    apart_ms=st.integers(500, 5000),
)
def test_r12_it_never_freezes_longer_than_the_window_and_one_reading(
    marks: list[Decimal], indexed: bool, apart_ms: int
) -> None:
    memory, last_ms = FRESH, 0
    for number, mark in enumerate(marks):
        now_ms = number * apart_ms
        believed, _, memory = judge(memory, _prices(mark, mark if indexed else None, now_ms), now_ms)
        if believed is not None:
            assert believed == mark
            last_ms = now_ms
        assert now_ms - last_ms < WINDOW_MS + apart_ms
        assert PriceMemory.from_dict(memory.to_dict()) == memory


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mark": D(0)}, "the mark is 0"),
        ({"mark": D(-1)}, "the mark is -1"),
        ({"bid": D(0)}, "the bid is 0"),
        ({"ask": D(-5)}, "the ask is -5"),
        ({"bid": D(100_002), "ask": D(100_001)}, "crossed"),
    ],
)
def test_r12_a_reading_that_contradicts_itself_is_never_taken(change: dict[str, Decimal], said: str) -> None:
    memory = replace(KNOWN, pending=((D(100_000), 0), (D(100_000), 1)))
    for now_ms in (0, 100_000, 1_000_000):
        broken = replace(_prices("100000", "100000", now_ms), **change)  # type: ignore[arg-type]
        mark, reason, after = judge(memory, broken, now_ms)
        assert mark is None
        assert said in reason
        assert after == KNOWN


def test_what_is_remembered_survives_a_restart() -> None:
    memory = PriceMemory(accepted=D("0.00001234"), accepted_ms=17, pending=((D("1.10"), 18), (D(2), 19)))
    assert PriceMemory.from_dict(memory.to_dict()) == memory
    assert PriceMemory.from_dict(FRESH.to_dict()) == PriceMemory.from_dict({}) == FRESH
    assert PriceMemory.from_dict(KNOWN.to_dict()) == KNOWN


@pytest.mark.parametrize(
    "kept", [{"accepted": "x", "accepted_ms": "1"}, {"accepted": "1"}, {"pending": "1"}, {"pending": "x@1"}]
)
def test_a_memory_that_is_not_ours_is_refused(kept: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"number|invalid literal"):
        PriceMemory.from_dict(kept)
