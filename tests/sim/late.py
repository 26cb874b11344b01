"""Requests that are late: they arrive after a while whatever becomes of their sender, who may have given up or died."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import Context
from dataclasses import replace
from typing import Any

import aiohttp
from yarl import URL

from bot.paper.faults import Drop, Outcome
from bot.paper.session import LocalResponse
from bot.paper.wire.http import Request
from tests.sim.doors import Point, Process, SimSession
from tests.sim.stage import Stage


class SlowSession(SimSession):
    """A process's way to the world, on which a request can take its time.

    Args:
        outside: the context of nobody's process.
    """

    def __init__(self, stage: Stage, process: Process, point: Point, outside: Context) -> None:
        super().__init__(stage.world, process, point)
        self._outside = outside

    @asynccontextmanager
    async def slowly(
        self,
        carry: Callable[[Request], Outcome],
        delay_s: float,
        method: str,
        target: URL,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: aiohttp.ClientTimeout | None = None,  # noqa: ASYNC109 - the signature is aiohttp's
        proxy: str | None = None,
    ) -> AsyncIterator[LocalResponse]:
        """Send a request that gets there later, by `carry`."""
        request = self._request(method, target, data or b"", headers, proxy)
        loop = asyncio.get_running_loop()
        reached: asyncio.Future[Outcome] = loop.create_future()

        def arrive() -> None:
            outcome = carry(replace(request, now_ms=self._world.now_ms()))
            if not reached.done():
                reached.set_result(outcome)

        # Not in the sender's context: what is under way arrives though its sender stands still.
        loop.call_later(delay_s, arrive, context=self._outside)
        async with asyncio.timeout(timeout.total if timeout else None):
            outcome = await reached
            await asyncio.sleep(outcome.delay_s)
        self._process.check()
        if isinstance(outcome, Drop):
            raise aiohttp.ServerDisconnectedError
        yield LocalResponse(outcome.response, method=method, url=target)


class LateSession(SlowSession):
    """Asks for each request how late it is."""

    def __init__(
        self,
        stage: Stage,
        process: Process,
        point: Point,
        outside: Context,
        late_s: Callable[[URL], float],
    ) -> None:
        super().__init__(stage, process, point, outside)
        self._late_s = late_s

    @asynccontextmanager
    async def request(self, method: str, url: Any, **given: Any) -> AsyncIterator[LocalResponse]:  # noqa: ANN401
        """Carry a request, perhaps slowly."""
        target = URL(url, encoded=True) if isinstance(url, str) else url
        self._process.check()
        delay_s = self._late_s(target)
        if delay_s:
            sending = self.slowly(self._world.handle, delay_s, method, target, **given)
        else:
            sending = SimSession.request(self, method, url, **given)
        async with sending as answer:
            yield answer
