"""The real clock: wall time anchored once, driven by a clock that never steps back or jumps."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """Implements `bot.ports.Clock` for production.

    A stepped host clock does not reach us. The time that a suspended host sleeps counts where the platform can tell
    (Linux: CLOCK_BOOTTIME), so that readings are old after it and the offset to a venue is what it was. A clock that
    stands still all the same, as in a virtual machine that was paused from outside, shows up as a clock offset against
    the venues, which is measured and refuses to send when it passes 1 s (R21); a restart takes the host's time anew.
    """

    def __init__(self) -> None:
        # Asked for by name: not every platform has it.
        self._boottime: int | None = getattr(time, "CLOCK_BOOTTIME", None)
        self._wall_ns = time.time_ns()  # noqa: TID251 - the one place where wall time enters
        self._started_ns = self._running_ns()

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return (self._wall_ns + self._running_ns() - self._started_ns) // 1_000_000

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    def _running_ns(self) -> int:
        return time.monotonic_ns() if self._boottime is None else time.clock_gettime_ns(self._boottime)
