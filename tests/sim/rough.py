"""A stage on which the host and the way to the venues go wrong: late requests, pauses, clocks, streams, the disk."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Mapping
from contextvars import Context, copy_context
from pathlib import Path
from typing import Final

from sqlalchemy.exc import OperationalError
from yarl import URL

from bot.paper.engine.defaults import Starting
from bot.paper.stream_faults import StreamFault, StreamFaultKind
from bot.ports import Clock
from tests.sim.doors import RUNNING, Process, SimSession
from tests.sim.host import HostClock
from tests.sim.late import LateSession
from tests.sim.loop import SeededLoop
from tests.sim.schedule import Step
from tests.sim.stage import Stage

RESTARTED_AFTER_S: Final = 90.0
"""How soon an operator restarts a process whose clock stood still."""


class RoughStage(Stage):
    """See the module. Each step is one of `Act`'s."""

    def __init__(self, folder: Path, *, exchange: str, settings: str, starting: Mapping[str, Starting]) -> None:
        super().__init__(folder, exchange=exchange, settings=settings, starting=starting)
        self._outside = copy_context()
        self._late: dict[tuple[str, str], deque[float]] = {}
        self._clocks: dict[int, HostClock] = {}
        self._host_ms = 0
        self._full = False
        self._ends: list[asyncio.TimerHandle] = []

    def session_of(self, process: Process) -> SimSession:
        """A new process's way to the world."""
        return LateSession(self, process, self._reached, self._outside, self._late_s)

    def clock_of(self, process: Process) -> Clock:
        """What a new process takes for the time."""
        clock = HostClock(self.clock.now_ms, self._host_ms)
        self._clocks[process.number] = clock
        return clock

    def refuse_writing(self) -> None:
        """Fail as SQLite does while the disk is full."""
        if self._full:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise OperationalError("COMMIT", {}, error)

    def smooth(self) -> None:
        """End whatever goes wrong; a process whose clock is wrong sends nothing until it is started again."""
        for end in self._ends:
            end.cancel()
        self.world.faults.clear()
        self.world.stream_faults.clear()
        self._late.clear()
        self._host_ms, self._full = 0, False
        self._loop.release()
        clock = self._clocks.get(self.process.number)
        if clock is not None and clock.off_ms:
            self.end_orderly()

    # What happens

    def end_orderly(self) -> None:
        """As SIGTERM asks for; a process that is not up yet just ends."""
        process = self.process
        if process.bot is None or not process.alive:
            self.cut()
        else:
            process.bot.daemon.stop()

    def delay(self, step: Step) -> None:
        """The next request to a path is late."""
        self._late.setdefault((step.exchange, step.given["path"]), deque()).append(float(step.given["delay_s"]))

    def pause(self, step: Step) -> None:
        """The host stands still, perhaps with its clock."""
        process = self.process

        def runs(context: Context) -> bool:
            running = context.get(RUNNING)
            return running is not None and running[0] is process

        def restart() -> None:
            if process is self.process:
                self.end_orderly()

        clock = self._clocks.get(process.number)
        self._loop.hold(runs)
        if step.given["clock"] == "lost" and clock is not None:
            clock.off_ms -= round(float(step.given["for_s"]) * 1000)
            self._after(RESTARTED_AFTER_S, restart)
        self._after(float(step.given["for_s"]), self._loop.release)

    def set_host_clock(self, step: Step) -> None:
        """It is wrong for processes that start in the meantime."""
        self._host_ms = int(step.given["ms"])
        self._after(float(step.given["for_s"]), lambda: setattr(self, "_host_ms", 0))

    def stream(self, step: Step) -> None:
        """Something is wrong with the next frames."""
        given = step.given
        self.world.stream_faults.add(
            StreamFault(
                venue=step.exchange,
                kind=StreamFaultKind(given["kind"]),
                count=int(given["count"]) if "count" in given else None,
                for_s=float(given["for_s"]) if "for_s" in given else None,
            )
        )

    def disk(self, step: Step) -> None:
        """It is full."""
        self._full = True
        self._after(float(step.given["for_s"]), lambda: setattr(self, "_full", False))

    def _after(self, seconds: float, then: Callable[[], object]) -> None:
        self._ends.append(asyncio.get_running_loop().call_later(seconds, then, context=self._outside))

    def _late_s(self, target: URL) -> float:
        host = target.raw_host or ""
        owner = next((name for name, venue in self.world.venues.items() if venue.facade.owns(host)), host)
        delays = self._late.get((owner, target.raw_path))
        return delays.popleft() if delays else 0.0

    @property
    def _loop(self) -> SeededLoop:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SeededLoop)
        return loop
