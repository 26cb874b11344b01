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
    assert time.monotonic() - began < 5


def test_a_timeout_is_virtual_too() -> None:
    async def main() -> int:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(DAY_S):
                await asyncio.Event().wait()
        return VirtualClock().now_ms()

    assert run_virtual(main()) == EPOCH_MS + DAY_S * 1000
