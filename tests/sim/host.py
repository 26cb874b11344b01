"""What a simulated process has to put up with: the clock of its host, and faults on the way to a venue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.paper.faults import Fault, FaultSchedule
from bot.paper.wire.http import Request


class SimFaults(FaultSchedule):
    """Planned faults.

    Attributes:
        struck: what the last request suffered.
    """

    def __init__(self) -> None:
        super().__init__()
        self.struck: Fault | None = None

    def take(self, venue: str, request: Request) -> Fault | None:
        """The fault that this request suffers."""
        self.struck = super().take(venue, request)
        return self.struck


class HostClock:
    """What a process takes for the time: right when it started but for the host's error, and then steady.

    Args:
        now_ms: true time.
        off_ms: how wrong the host's clock was when the process started.
    """

    def __init__(self, now_ms: Callable[[], int], off_ms: int) -> None:
        self._now_ms = now_ms
        self.off_ms = off_ms

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return self._now_ms() + self.off_ms

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
