"""Time that passes as fast as the work allows: for stories of days, and for simulations. Nothing real is awaited on it.

The loop never sleeps: where it would wait, its time jumps. Everything that reads time reads it from the loop's clock,
so days of a scenario take seconds, and two runs of the same scenario are the same.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")

RESOLUTION_S: Final = 1e-6
"""What is due within it is due at once; floats are finer for centuries."""
EPOCH_MS: Final = 1_767_225_600_000
"""Where virtual wall time begins: 2026-01-01. The loop's own time begins at 0, where floats are fine enough."""


class VirtualClock:
    """Wall time that follows the running loop's own, from `start_ms` on (milliseconds since 1970)."""

    def __init__(self, start_ms: int = EPOCH_MS) -> None:
        self._start_ms = start_ms
        self._loop: asyncio.AbstractEventLoop | None = None

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        # Asking which loop runs costs a system call in Python 3.11, and time is read hundreds of times in a turn.
        if self._loop is None or not self._loop.is_running():
            self._loop = asyncio.get_running_loop()
        return self._start_ms + int(self._loop.time() * 1000)

    async def sleep(self, seconds: float) -> None:
        """Let so much of the loop's time pass."""
        await asyncio.sleep(seconds)


class _JumpSelector(selectors.DefaultSelector):
    """Never waits: tells the loop that the time it would have waited has passed."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        # With nothing scheduled only the outside can go on: a signal, say.
        ready = super().select(None if timeout is None else 0)
        if not ready:
            self.now_s += timeout or 0.0
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next thing that is due."""

    def __init__(self) -> None:
        self._jump = _JumpSelector()
        super().__init__(self._jump)
        # asyncio's own nanosecond is lost in a float of many days: nothing would ever be due again.
        self._clock_resolution = RESOLUTION_S

    def time(self) -> float:
        """Seconds since the loop was made, as it sees them."""
        return self._jump.now_s


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on a loop of its own with virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
