"""The two-stage stop by signal (DESIGN, Start, stop, commands)."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

EXIT_BY_SIGNAL: Final = {signal.SIGTERM: 0, signal.SIGINT: 130}
"""What an orderly stop returns."""


class Stop:
    """What signals mean for one run.

    First signal: the orderly stop; before there is a bot to stop, the start is given up and what it took is given back.
    Second signal: leave at once, the journal suffices.
    """

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self._task = asyncio.current_task()
        self._first: Callable[[], None] = self._give_up

    def orderly(self, stop: Callable[[], None]) -> None:
        """From now on the first signal calls this."""
        self._first = stop

    @property
    def exit_code(self) -> int:
        """0 when nothing or SIGTERM came, 130 after SIGINT."""
        return 0 if self.signal is None else EXIT_BY_SIGNAL[self.signal]

    def __enter__(self) -> Self:
        """Handle both signals until the block ends."""
        loop = asyncio.get_running_loop()
        for number in EXIT_BY_SIGNAL:
            loop.add_signal_handler(number, self._received, number)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """A start that was given up by a signal ends the block quietly."""
        loop = asyncio.get_running_loop()
        for number in EXIT_BY_SIGNAL:
            loop.remove_signal_handler(number)
        return self.signal is not None and isinstance(error, asyncio.CancelledError)

    def _received(self, number: signal.Signals) -> None:
        if self.signal is not None:
            os._exit(128 + number)
        self.signal = number
        self._first()

    def _give_up(self) -> None:
        if self._task is not None:
            self._task.cancel()
