"""How a simulated process reaches the world: a request is noted when it leaves, when it arrives, when it is answered.

A request may be late: it then arrives after a while whatever becomes of its sender, who may have given up or died.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import aiohttp
from yarl import URL

from bot.paper.faults import Drop, Outcome
from bot.paper.session import LocalResponse, LocalSession
from bot.paper.streams import Stream
from bot.paper.wire.http import Request, Response
from bot.paper.world import World
from tests.sim.stage import Process, SimSession
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


class TracedSession(SimSession):
    """A process's way to the world."""

    def __init__(self, simulation: Simulation, process: Process) -> None:
        super().__init__(simulation.world, process, simulation._reached)
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
            sending = self._slowly(number, delay_s, method, target, **given)
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

    @asynccontextmanager
    async def _slowly(
        self,
        number: int,
        delay_s: float,
        method: str,
        target: URL,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: aiohttp.ClientTimeout | None = None,  # noqa: ASYNC109 - the signature is aiohttp's
        proxy: str | None = None,
    ) -> AsyncIterator[LocalResponse]:
        """Send a request that gets there later."""
        request = self._request(method, target, data or b"", headers, proxy)
        loop = asyncio.get_running_loop()
        reached: asyncio.Future[Outcome] = loop.create_future()

        def arrive() -> None:
            with self._simulation.carrying(number):
                outcome = self._world.handle(replace(request, now_ms=self._world.now_ms()))
            if not reached.done():
                reached.set_result(outcome)

        # Not in the sender's context: what is under way arrives though its sender stands still.
        loop.call_later(delay_s, arrive, context=self._simulation.outside)
        async with asyncio.timeout(timeout.total if timeout else None):
            outcome = await reached
            await asyncio.sleep(outcome.delay_s)
        self._process.check()
        if isinstance(outcome, Drop):
            raise aiohttp.ServerDisconnectedError
        yield LocalResponse(outcome.response, method=method, url=target)
