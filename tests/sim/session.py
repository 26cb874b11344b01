"""How a simulated process reaches the world: a request is noted when it leaves, arrives, and is answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from yarl import URL

from bot.paper.faults import Drop, Outcome
from bot.paper.session import LocalResponse, LocalSession
from bot.paper.streams import Stream
from bot.paper.wire.http import Request, Response
from bot.paper.world import World
from tests.sim.late import SlowSession
from tests.sim.stage import Process
from tests.sim.trace import Kind

if TYPE_CHECKING:
    from tests.sim.simulation import Simulation


class Watched:
    """The world as one process reaches it: everything that it asks is noted, with what came of it."""

    def __init__(self, simulation: Simulation, process: Process) -> None:
        self._simulation = simulation
        self._process = process
        self._world = simulation.world

    def handle(self, request: Request) -> Outcome:
        """Let a request take effect."""
        simulation = self._simulation
        exchange = simulation.owner(request.host)
        skew_ms = simulation.director.skew_ms.get(exchange)
        if skew_ms:
            request = request.skewed(skew_ms)
        simulation.faults.struck = None
        outcome = self._world.handle(request)
        simulation.arrived(self._process, request, outcome)
        return outcome

    def connect(self, request: Request) -> Stream | Response | Drop:
        """Open a WebSocket."""
        opened = self._world.connect(request)
        answer = str(opened.status) if isinstance(opened, Response) else "lost" if isinstance(opened, Drop) else "open"
        self._simulation.tell(Kind.REQUEST, f"WS {request.host}{request.path} {answer}", self._process.number)
        return opened

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else a session wants of it
        return getattr(self._world, name)


class TracedSession(SlowSession):
    """A process's way to the world."""

    def __init__(self, simulation: Simulation, process: Process) -> None:
        super().__init__(simulation, process, simulation._reached, simulation.outside)
        self._simulation = simulation
        self._world = cast(World, Watched(simulation, process))

    @asynccontextmanager
    async def request(self, method: str, url: Any, **given: Any) -> AsyncIterator[LocalResponse]:  # noqa: ANN401
        """Carry a request, perhaps slowly."""
        simulation = self._simulation
        target = URL(url, encoded=True) if isinstance(url, str) else url
        self._process.check()
        number = simulation.leaves(self._process, method, target, given.get("data") or b"")
        delay_s = simulation.late_s(target)
        if delay_s:
            sending = self.slowly(partial(self._carried, number), delay_s, method, target, **given)
        else:
            sending = LocalSession.request(self, method, target, **given)  # names are told to nobody here
        answered = False
        try:
            async with sending as answer:
                self._process.check()
                answered = True
                simulation.returned(number, "answered")
                yield answer
        finally:
            if not answered:
                simulation.returned(number, "lost")

    def _carried(self, number: int, request: Request) -> Outcome:
        with self._simulation.carrying(number):
            return self._world.handle(request)
