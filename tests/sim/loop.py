"""A loop of virtual time whose tasks take their turns in an order drawn from a seed, and whose processes can be paused.

asyncio promises first come, first served among callbacks that are ready together. No code may need that promise
between tasks: on a real machine sockets decide. So what is ready is drawn from at random here, which finds what only
works by luck; the same seed draws the same order.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from itertools import count
from random import Random  # noqa: TID251 - the seed is the point
from typing import Any, Final, Self

from bot.runtime.virtual import VirtualLoop

Held = Callable[[Context], bool]
"""Whether what runs in this context stands still for now."""


class _Shuffled(deque[asyncio.Handle]):
    """What is ready to run; taken from at random. What stands still is put aside until `release`."""

    def __init__(self, chance: Random) -> None:
        super().__init__()
        self._chance = chance
        self._aside: list[asyncio.Handle] = []
        self.held: Held | None = None

    def popleft(self) -> asyncio.Handle:
        """One of all."""
        if len(self) > 1:
            self.rotate(-int(self._chance.random() * len(self)))
        handle = super().popleft()
        if self.held is not None and self.held(_context_of(handle)):
            self._aside.append(handle)
            return _NOTHING
        return handle

    def release(self) -> None:
        """Let what was put aside run."""
        self.extend(self._aside)
        self._aside.clear()


class _Task(asyncio.Task[Any]):
    """Hashed by its number: asyncio keeps tasks in sets, and goes through them in the order of their hashes.

    By itself that is the order of their addresses, which no seed decides.
    """

    def __new__(cls, *_: object, loop: SeededLoop, **__: object) -> Self:
        task = super().__new__(cls)
        task._number = loop.next_number()
        return task

    def __hash__(self) -> int:
        return self._number

    _number: int


class _Future(asyncio.Future[Any]):
    """The same for futures."""

    def __init__(self, *, loop: SeededLoop) -> None:
        super().__init__(loop=loop)
        self._number = loop.next_number()

    def __hash__(self) -> int:
        return self._number


class SeededLoop(VirtualLoop):
    """Virtual time, and an order of turns that the seed decides.

    Args:
        seed: of the order.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.next_number = count().__next__
        self.set_task_factory(self._made)
        self._turns = _Shuffled(Random(seed))  # noqa: S311 - as above
        self._ready = self._turns

    def create_future(self) -> asyncio.Future[Any]:
        """One that is hashed by its number."""
        return _Future(loop=self)

    def _made(
        self,
        _: asyncio.AbstractEventLoop,
        coroutine: Coroutine[Any, Any, Any] | Generator[Any, None, Any],
        context: Context | None = None,
    ) -> asyncio.Task[Any]:
        return _Task(coroutine, loop=self, context=context)

    def hold(self, held: Held) -> None:
        """Put aside whatever would run in such a context, as a host does that is suspended."""
        self._turns.held = held

    def release(self) -> None:
        """Go on with everything."""
        self._turns.held = None
        self._turns.release()


def _context_of(handle: asyncio.Handle) -> Context:
    context: Context = handle._context  # type: ignore[attr-defined]
    return context


def _made() -> Any:  # noqa: ANN401
    handle = asyncio.Handle.__new__(asyncio.Handle)
    handle._cancelled = True
    return handle


_NOTHING: Final[asyncio.Handle] = _made()
"""Looks like a callback that was cancelled, which the loop leaves alone."""
