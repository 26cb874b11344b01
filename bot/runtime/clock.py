"""The real clock: wall time anchored once, driven by the monotonic clock, so that it never steps back or jumps."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """Implements `bot.ports.Clock` for production.

    A stepped host clock does not reach us; a suspended host shows up as a clock offset against the venues, which is
    measured and refuses to send when it passes 1 s (R21).
    """

    def __init__(self) -> None:
        self._wall_ms = time.time_ns() // 1_000_000  # noqa: TID251 - the one place where wall time enters
        self._started = time.monotonic()

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return self._wall_ms + int((time.monotonic() - self._started) * 1000)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
