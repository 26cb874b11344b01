"""The in-process stand-in for an aiohttp session: ccxt talks to the paper world without sockets, on any loop's time.

Streams join here, with a `ws_connect` beside `request`.
"""

from __future__ import annotations

import asyncio
import http
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partialmethod

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from bot.paper.faults import Drop
from bot.paper.wire.http import Request, Response
from bot.paper.world import World


class LocalResponse:
    """What ccxt reads of an answer."""

    def __init__(self, response: Response, *, method: str, url: URL) -> None:
        self.method = method
        self.url = url
        self.status = response.status
        self.reason = http.HTTPStatus(response.status).phrase
        self.headers = CIMultiDictProxy(CIMultiDict(response.headers))
        self.content = response.body

    async def read(self) -> bytes:
        """The body."""
        return self.content

    async def text(self, encoding: str | None = None, errors: str = "strict") -> str:
        """The body as text; UTF-8 unless told otherwise."""
        return self.content.decode(encoding or "utf-8", errors)


class LocalSession:
    """Give it to ccxt as `{"session": ...}`.

    Args:
        world: what answers.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._closed = False
        self.headers: CIMultiDict[str] = CIMultiDict()
        self.cookie_jar = aiohttp.DummyCookieJar()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    async def close(self) -> None:
        """Refuse further requests."""
        self._closed = True

    @asynccontextmanager
    async def request(
        self,
        method: str,
        url: URL | str,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: aiohttp.ClientTimeout | None = None,  # noqa: ASYNC109 - the signature is aiohttp's
        proxy: str | None = None,
    ) -> AsyncIterator[LocalResponse]:
        """Send a request on entering the context, as `aiohttp.ClientSession.request` does.

        Raises:
            ValueError: a proxy was asked for; nothing leaves this process.
            RuntimeError: the session is closed.
            TimeoutError: no answer within `timeout.total` seconds; the request may have taken effect.
            aiohttp.ServerDisconnectedError: the world dropped the connection.
        """
        if proxy is not None:
            raise ValueError("the in-process paper exchange is not reached through a proxy")
        if self._closed:
            raise RuntimeError("Session is closed")
        target = URL(url, encoded=True) if isinstance(url, str) else url
        request = Request(
            method=method,
            host=target.raw_host or "",
            path=target.raw_path,
            query=target.raw_query_string,
            headers={**self.headers, **(headers or {})},
            body=data or b"",
            now_ms=self._world.now_ms(),
        )
        async with asyncio.timeout(timeout.total if timeout else None):
            outcome = self._world.handle(request)
            # Even an answer without delay gives other tasks their turn, as a socket would.
            await asyncio.sleep(outcome.delay_s)
        if isinstance(outcome, Drop):
            raise aiohttp.ServerDisconnectedError
        yield LocalResponse(outcome.response, method=method, url=target)

    get = partialmethod(request, "GET")
    post = partialmethod(request, "POST")
    put = partialmethod(request, "PUT")
    delete = partialmethod(request, "DELETE")
    patch = partialmethod(request, "PATCH")
