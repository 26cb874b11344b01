"""What two readings, and time, say together (R8, R10, R11)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.observation import Sample, Surplus, after_downtime, agree, dwelled, stale, watch_surplus
from bot.domain.observation import Stamp

D = Decimal
BAND = D("0.01")
quantities = st.decimals(0, 10, places=3)


def _sample(exposure: str | Decimal, short: str | Decimal = "0", *, sent_ms: int = 0, principal: str = "0") -> Sample:
    return Sample(
        exposure=D(exposure),
        principal=D(principal),
        short=D(short),
        sent_ms=sent_ms,
        answered_ms=sent_ms + 100,
    )


def test_r10_two_readings_that_agree_confirm() -> None:
    assert agree(_sample("1"), _sample("1", sent_ms=100), band_coins=BAND) == _sample("1", sent_ms=100)


def test_r10_one_reading_confirms_nothing() -> None:
    assert agree(None, _sample("1"), band_coins=BAND) is None


def test_r10_the_second_must_begin_after_the_first_has_ended() -> None:
    assert agree(_sample("1"), _sample("1", sent_ms=99), band_coins=BAND) is None


@pytest.mark.parametrize(("exposure", "short"), [("1.011", "0"), ("0.989", "0"), ("1", "0.011"), ("1", "-0.011")])
def test_r10_readings_further_apart_than_the_band_do_not_confirm(exposure: str, short: str) -> None:
    assert agree(_sample("1"), _sample(exposure, short, sent_ms=100), band_coins=BAND) is None


def test_r10_coins_seen_twice_while_they_moved_are_not_hedged() -> None:
    """3 BNB go from spot to Earn between the two reads and look like 6; the next reading says 3 again."""
    torn, whole = _sample("6", "3"), _sample("3", "3", sent_ms=1000)
    assert agree(torn, whole, band_coins=BAND) is None
    assert agree(whole, _sample("3", "3", sent_ms=2000), band_coins=BAND) is not None


def test_r10_within_the_band_only_what_both_saw_counts() -> None:
    first, second = _sample("1.005", "0.5", principal="1.004"), _sample("1", "0.505", sent_ms=100, principal="0.9")
    agreed = agree(first, second, band_coins=BAND)
    assert agreed == _sample("1", "0.505", sent_ms=100, principal="0.9")
    reverse = agree(_sample("1", "0.505", principal="0.9"), _sample("1.005", "0.5", sent_ms=100), band_coins=BAND)
    assert reverse == _sample("1", "0.505", sent_ms=100, principal="0.9")


@given(first=quantities, second=quantities, short=quantities, then=quantities, band=quantities)
def test_r10_what_is_agreed_on_leaves_no_larger_gap_than_either_reading(
    first: Decimal, second: Decimal, short: Decimal, then: Decimal, band: Decimal
) -> None:
    agreed = agree(_sample(first, short), _sample(second, then, sent_ms=100), band_coins=band)
    if agreed is not None:
        assert agreed.exposure - agreed.short <= min(first - short, second - then)


def _watch(memory: Surplus | None, exposure: str, *, surplus: bool, now_ms: int) -> Surplus | None:
    return watch_surplus(memory, _sample(exposure, "1", principal=exposure), surplus=surplus, now_ms=now_ms)


def test_r11_without_surplus_nothing_is_watched() -> None:
    assert _watch(None, "1", surplus=False, now_ms=0) is None


def test_r11_the_largest_exposure_seen_meanwhile_is_kept() -> None:
    first = _watch(None, "0.3", surplus=True, now_ms=1000)
    assert first == Surplus(since_ms=1000, seen_ms=1000, exposure_max=D("0.3"), principal_max=D("0.3"))
    lower = _watch(first, "0.2", surplus=True, now_ms=2000)
    assert lower == replace(first, seen_ms=2000)
    higher = _watch(lower, "0.5", surplus=True, now_ms=3000)
    assert higher == Surplus(since_ms=1000, seen_ms=3000, exposure_max=D("0.5"), principal_max=D("0.5"))


def test_r11_coins_that_come_back_end_it_and_the_dwell_begins_anew() -> None:
    first = _watch(None, "0.3", surplus=True, now_ms=1000)
    assert _watch(first, "1", surplus=False, now_ms=30_000) is None
    again = _watch(None, "0.3", surplus=True, now_ms=61_000)
    assert again is not None
    assert not dwelled(again, 61_000, D(60))


def test_r11_a_surplus_must_have_lasted_the_whole_dwell() -> None:
    surplus = Surplus(since_ms=1000, seen_ms=1000, exposure_max=D(1), principal_max=D(1))
    assert not dwelled(surplus, 60_999, D(60))
    assert dwelled(surplus, 61_000, D(60))
    assert dwelled(surplus, 1500, D("0.5"))


def test_r11_a_clock_that_was_set_back_does_not_stretch_the_dwell() -> None:
    ahead = Surplus(since_ms=10_000_000, seen_ms=10_000_000, exposure_max=D(1), principal_max=D(1))
    assert _watch(ahead, "0.5", surplus=True, now_ms=1000) == Surplus(
        since_ms=1000, seen_ms=1000, exposure_max=D(1), principal_max=D(1)
    )


def test_r11_the_dwell_survives_a_restart() -> None:
    surplus = Surplus(since_ms=1000, seen_ms=6000, exposure_max=D("1.10"), principal_max=D("0.90"))
    assert Surplus.from_dict(surplus.to_dict()) == surplus
    older = {"since_ms": "1000", "exposure_max": "1.10", "principal_max": "0.90"}
    assert Surplus.from_dict(older) == replace(surplus, seen_ms=1000)


@pytest.mark.parametrize(
    ("at_ms", "since_ms"), [(6000, 1000), (6001, 1001), (66_000, 61_000), (5999, 1000), (10**9, 10**9 - 5000)]
)
def test_r11_time_in_which_nobody_looked_is_no_part_of_the_dwell(at_ms: int, since_ms: int) -> None:
    """What was seen for 5 s before a restart has lasted for 5 s after it, however long it took."""
    left = Surplus(since_ms=1000, seen_ms=6000, exposure_max=D("0.3"), principal_max=D("0.2"))
    assert after_downtime(left, at_ms) == replace(left, since_ms=since_ms, seen_ms=at_ms)


@pytest.mark.parametrize(
    "kept",
    [
        {"since_ms": "x", "exposure_max": "1", "principal_max": "1"},
        {"since_ms": "1", "exposure_max": "nan", "principal_max": "1"},
    ],
)
def test_a_memory_that_is_not_ours_is_refused(kept: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"finite|invalid literal"):
        Surplus.from_dict(kept)


def test_r8_age_counts_from_when_the_request_was_sent() -> None:
    slow = Stamp(sent_ms=1000, answered_ms=11_000)
    assert not stale(slow, 16_000, D(15))
    assert stale(slow, 16_001, D(15))
