"""The clock of a process: it never steps with the host's, and it counts the time a suspended host slept."""

from __future__ import annotations

import time

import pytest

from bot.runtime.clock import SystemClock


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="the platform has no clock that counts suspend")
def test_r21_a_suspend_is_time_that_has_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock()
    before_ms = clock.now_ms()
    real, asleep_ns = time.clock_gettime_ns, 90_000_000_000
    # While a host is suspended only this clock goes on; CLOCK_MONOTONIC stands still.
    monkeypatch.setattr(
        time, "clock_gettime_ns", lambda which: real(which) + asleep_ns * (which == time.CLOCK_BOOTTIME)
    )
    assert 90_000 <= clock.now_ms() - before_ms < 100_000


def test_a_platform_without_that_clock_goes_by_the_monotonic_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    clock = SystemClock()
    before_ms = clock.now_ms()
    real = time.monotonic_ns
    monkeypatch.setattr(time, "monotonic_ns", lambda: real() + 5_000_000_000)
    assert 5_000 <= clock.now_ms() - before_ms < 15_000


def test_a_stepped_host_clock_does_not_reach_us(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock()
    before_ms = clock.now_ms()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert 0 <= clock.now_ms() - before_ms < 10_000
    assert before_ms > 1_700_000_000_000


async def test_it_sleeps() -> None:
    clock = SystemClock()
    before_ms = clock.now_ms()
    await clock.sleep(0)
    assert clock.now_ms() >= before_ms
