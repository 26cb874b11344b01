"""Rate limits: one dispatcher per venue over asyncio-throttle windows (DESIGN, Rates).

Orders pass reads, a reserve is kept for calls that reduce risk, and nothing is sent during a ban.
asyncio-throttle has no weights and polls; so a window is entered only when it has room, once per unit.
"""

from __future__ import annotations

import asyncio
import itertools
from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import SimpleNamespace
from typing import Final

import asyncio_throttle.throttler
from asyncio_throttle.throttler import Throttler

from bot.domain.errors import InvariantBroken, VenueBusy
from bot.domain.ids import VenueName
from bot.ports import Clock

SHARE_PERCENT: Final = 80
"""Of a venue's limit: the rest is for what else runs behind the same address, and for windows that begin elsewhere."""
READ_PERCENT: Final = 75
"""Of our share: the rest is the reserve that reads leave alone."""
_NAP_S: Final = 1.0
"""A ban may begin while a call waits for room; it is noticed at least that often."""


class Lane(IntEnum):
    """Who goes first."""

    ORDER = 0
    RESCUE = 1
    """Look-ups of orders, cancels: what an open outcome needs."""
    READ = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A venue's own limit.

    Attributes:
        units: so many in a period.
        reserve: whether reads leave a part alone, for the orders and look-ups that share the limit.
    """

    units: int
    period_s: int
    reserve: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one call costs.

    Attributes:
        family: calls of one family wait in one queue.
        units: by window name.
    """

    family: str
    units: Mapping[str, int]


class _Window(Throttler):
    """One limit. `_task_logs` holds the time of every unit taken within the period."""

    def __init__(self, limit: Limit, now_s: Callable[[], float]) -> None:
        super().__init__(rate_limit=limit.units * SHARE_PERCENT // 100, period=float(limit.period_s))
        self._now_s = now_s
        self._read_share = self.rate_limit * READ_PERCENT // 100 if limit.reserve else self.rate_limit

    def wait_s(self, units: int, lane: Lane) -> float:
        """How long until the units fit; 0 when they fit now."""
        ceiling: int = self._read_share if lane is Lane.READ else self.rate_limit
        if units > ceiling:
            raise InvariantBroken(f"a call of {units} units never fits into a window of {ceiling}")
        self.flush()  # type: ignore[no-untyped-call]
        over = len(self._task_logs) + units - ceiling
        if over <= 0:
            return 0.0
        room_s: float = self._task_logs[over - 1] + self.period
        return max(room_s - self._now_s(), 0.0) + 0.001

    async def take(self, units: int) -> None:
        """Enter the window; never waits after `wait_s` was 0."""
        if units:
            await self.acquire()  # type: ignore[no-untyped-call]
            # All units of a call enter at one moment: hundreds of acquires of one each took most of a turn's time.
            self._task_logs.extend([self._now_s()] * (units - 1))

    def learn(self, used: int) -> None:
        """The venue counted more than we did: somebody else behind our address takes a part."""
        self.flush()  # type: ignore[no-untyped-call]
        missing = min(used, self.rate_limit) - len(self._task_logs)
        self._task_logs.extend([self._now_s()] * max(missing, 0))


@dataclass(order=True, slots=True)
class _Turn:
    lane: Lane
    number: int
    wake: asyncio.Event = field(compare=False, default_factory=asyncio.Event)


class Throttle:
    """The dispatcher of one venue.

    Args:
        name: the venue's name, for its faults.
        limits: the venue's own limits, by window name.
        clock: our time; asyncio-throttle is put on it too, so that simulated time counts.
    """

    def __init__(self, *, name: VenueName, limits: Mapping[str, Limit], clock: Clock) -> None:
        self._name = name
        self._clock = clock
        # The library reads `time.monotonic` at module level; a process has one clock, so one replacement serves all.
        setattr(asyncio_throttle.throttler, "time", SimpleNamespace(monotonic=self._now_s))  # noqa: B010 - not exported
        self._windows = {window: _Window(limit, self._now_s) for window, limit in limits.items()}
        self._queues: defaultdict[str, list[_Turn]] = defaultdict(list)
        self._numbers = itertools.count()
        self._banned_until_ms = 0
        self._paused_until_ms: dict[str, int] = {}

    def _now_s(self) -> float:
        return self._clock.now_ms() / 1000

    async def acquire(self, cost: Cost, lane: Lane, *, operation: str) -> None:
        """Wait until the call may be sent at once, and count it.

        Raises:
            VenueBusy: a ban is on, or begins while waiting.
        """
        queue = self._queues[cost.family]
        turn = _Turn(lane, next(self._numbers))
        insort(queue, turn)
        try:
            while True:
                self.refuse_during_ban(operation, cost.family)
                if queue[0] is not turn:
                    turn.wake.clear()
                    await turn.wake.wait()
                elif (wait_s := self._wait_s(cost, lane)) > 0:
                    await self._clock.sleep(min(wait_s, _NAP_S))
                else:
                    for window, units in cost.units.items():
                        await self._windows[window].take(units)
                    return
        finally:
            queue.remove(turn)
            if queue:
                queue[0].wake.set()

    def _wait_s(self, cost: Cost, lane: Lane) -> float:
        return max(self._windows[window].wait_s(units, lane) for window, units in cost.units.items())

    def refuse_during_ban(self, operation: str, family: str) -> None:
        """Raise VenueBusy while a ban is on, or a pause of the family."""
        until_ms = self.paused_until_ms(family)
        if until_ms:
            raise VenueBusy(
                f"{operation}: the venue asked for a pause",
                venue=self._name,
                operation=operation,
                retry_at_ms=until_ms,
            )

    def paused_until_ms(self, family: str) -> int:
        """When a ban, or a pause of the family, is over, by our clock; 0 when there is none."""
        until_ms = max(self._banned_until_ms, self._paused_until_ms.get(family, 0))
        return until_ms if self._clock.now_ms() < until_ms else 0

    def pause(self, family: str, until_ms: int) -> None:
        """Send nothing of one family before a time: what a firewall stops on one path says nothing of the others."""
        self._paused_until_ms[family] = max(self._paused_until_ms.get(family, 0), until_ms)

    def ban(self, until_ms: int) -> None:
        """Send nothing before a time of our clock; a shorter ban never shortens a longer one.

        Calls that wait are told by the first of their queue, which looks up at least every second.
        """
        self._banned_until_ms = max(self._banned_until_ms, until_ms)

    def learn(self, window: str, used: int) -> None:
        """Take over what the venue itself has counted in its current period."""
        self._windows[window].learn(used)
