"""Virtual time: days in a moment, in order, and nothing else changed."""

from __future__ import annotations

import asyncio
import time

import pytest

from bot.runtime.virtual import EPOCH_MS, VirtualClock, run_virtual

DAY_S = 86_400


def test_days_pass_in_a_moment_and_in_order() -> None:
    clock = VirtualClock()
    seen: list[tuple[str, int]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        seen.append((name, clock.now_ms()))

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(sleeper("second", 2 * DAY_S))
            group.create_task(sleeper("first", DAY_S))

    began = time.monotonic()
    run_virtual(main())
    assert seen == [("first", EPOCH_MS + DAY_S * 1000), ("second", EPOCH_MS + 2 * DAY_S * 1000)]
    assert time.monotonic() - began < 60


def test_a_timeout_is_virtual_too() -> None:
    async def main() -> int:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(DAY_S):
                await asyncio.Event().wait()
        return VirtualClock().now_ms()

    assert run_virtual(main()) == EPOCH_MS + DAY_S * 1000


def test_time_goes_on_after_years() -> None:
    """A nanosecond is nothing to a float of half a year, and a timer must still be due when its time has come."""

    async def story() -> float:
        await asyncio.sleep(400 * 86_400)
        started_s = asyncio.get_running_loop().time()
        for _ in range(100):
            await asyncio.sleep(0.3)
        return asyncio.get_running_loop().time() - started_s

    assert run_virtual(story()) == pytest.approx(30, abs=1e-3)


def test_a_clock_may_begin_at_any_time() -> None:
    async def story() -> int:
        clock = VirtualClock(1_000_000)
        await clock.sleep(2)
        return clock.now_ms()

    assert run_virtual(story()) == 1_002_000
