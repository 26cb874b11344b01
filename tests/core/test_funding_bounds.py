"""When the trailing cost of a short closes it: to the sample, to the millisecond and to the last digit."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.funding import SAMPLES, SAMPLES_MIN, FundingMemory, watch
from bot.domain.policy import FundingPolicy

SPACING_MS = 1_000
NOW_MS = 1_800_000_000_000
POLICY = FundingPolicy(window_s=D(SAMPLES), close_above=D("0.5"), reopen_below=D("0.1"))
"""One sample a second."""


def remembered(count: int, cost: str, *, newest_ms: int = NOW_MS - SPACING_MS, closed: bool = False) -> FundingMemory:
    times = range(newest_ms - (count - 1) * SPACING_MS, newest_ms + 1, SPACING_MS)
    return FundingMemory(samples=tuple((at_ms, D(cost)) for at_ms in times), closed=closed)


@pytest.mark.parametrize("policy", [replace(POLICY, close_above=None), replace(POLICY, reopen_below=None)])
def test_with_only_one_of_both_bounds_funding_closes_nothing(policy: FundingPolicy) -> None:
    assert watch(remembered(SAMPLES, "9"), D(9), NOW_MS, policy) == FundingMemory()


def test_samples_are_whole_milliseconds_apart() -> None:
    policy = replace(POLICY, window_s=D("72.071"))  # 72,071 ms are 1,000.99 for each sample
    once = remembered(1, "0.2")
    assert len(watch(once, D(9), NOW_MS, policy).samples) == 2
    assert watch(once, D(9), NOW_MS - 1, policy) is once


def test_a_sample_counts_as_long_as_the_window_is() -> None:
    memory = remembered(SAMPLES + 1, "0.2")
    kept = watch(memory, D("0.2"), NOW_MS, POLICY).samples
    assert (len(kept), kept[0][0]) == (SAMPLES + 1, NOW_MS - SAMPLES * SPACING_MS)
    assert watch(memory, D("0.2"), NOW_MS + 1, POLICY).samples[0][0] == NOW_MS - (SAMPLES - 1) * SPACING_MS


def test_just_enough_samples_decide() -> None:
    """With gaps between them, as of rates that were not told now and then."""
    oldest = (NOW_MS - (SAMPLES - 2) * SPACING_MS, D(9))
    enough = FundingMemory(samples=(oldest, *remembered(SAMPLES_MIN - 2, "9").samples))
    assert len(enough.samples) == SAMPLES_MIN - 1
    assert watch(enough, D(9), NOW_MS, POLICY).closed
    assert not watch(replace(enough, samples=enough.samples[:-1]), D(9), NOW_MS, POLICY).closed
    late = replace(enough, samples=((oldest[0] + 1, D(9)), *enough.samples[1:]))
    assert not watch(late, D(9), NOW_MS, POLICY).closed, "the window is not there yet"


@pytest.mark.parametrize(
    ("closed", "cost", "after"),
    [
        (False, "0.5", False),
        (False, "0.50000001", True),
        (True, "0.1", True),
        (True, "0.09999999", False),
    ],
)
def test_an_average_at_the_bound_changes_nothing(closed: bool, cost: str, after: bool) -> None:
    memory = remembered(SAMPLES, cost, closed=closed)
    assert watch(memory, D(cost), NOW_MS, POLICY).closed is after
