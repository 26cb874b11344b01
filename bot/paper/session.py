"""The in-process stand-in for an aiohttp session: ccxt talks to the paper world without sockets, on any loop's time."""

from __future__ import annotations

import asyncio
import http
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Mapping
from contextlib import asynccontextmanager
from functools import partialmethod

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from bot.paper.faults import Drop
from bot.paper.local_socket import LocalSocket
from bot.paper.streams import POLL_S
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
        poll_s: how often an open WebSocket looks for news while the client is silent; stories of days want more.
    """

    def __init__(self, world: World, *, poll_s: float = POLL_S) -> None:
        self._world = world
        self._poll_s = poll_s
        self._sockets: set[LocalSocket] = set()
        self._closed = False
        self.headers: CIMultiDict[str] = CIMultiDict()
        self.cookie_jar = aiohttp.DummyCookieJar()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    async def close(self) -> None:
        """Refuse further requests, and end every WebSocket."""
        self._closed = True
        for socket in tuple(self._sockets):
            await socket.close()

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
        target = URL(url, encoded=True) if isinstance(url, str) else url
        request = self._request(method, target, data or b"", headers, proxy)
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

    def ws_connect(
        self,
        url: URL | str,
        *,
        headers: Mapping[str, str] | None = None,
        autoping: bool = True,
        autoclose: bool = True,
        compress: int = 0,
        max_msg_size: int = 0,
        proxy: str | None = None,
    ) -> _Dial:
        """Open a WebSocket on entering the context, as `aiohttp.ClientSession.ws_connect` does.

        Args:
            url: with its query.
            headers: of the upgrade request.
            autoping: without effect; pings of the venue always reach the caller, as with False.
            autoclose: without effect.
            compress: without effect; there is no wire.
            max_msg_size: without effect.
            proxy: None.

        Raises:
            ValueError: a proxy was asked for; nothing leaves this process.
            RuntimeError: the session is closed.
            aiohttp.WSServerHandshakeError: the venue refused.
            aiohttp.ServerDisconnectedError: the world dropped the connection.
        """
        del autoping, autoclose, compress, max_msg_size
        target = URL(url) if isinstance(url, str) else url
        return _Dial(lambda: self._open(target, headers, proxy))

    async def _open(self, target: URL, headers: Mapping[str, str] | None, proxy: str | None) -> LocalSocket:
        stream = self._world.connect(self._request("GET", target, b"", headers, proxy))
        # Even an open door takes its turn, as a socket would.
        await asyncio.sleep(0)
        if isinstance(stream, Drop):
            raise aiohttp.ServerDisconnectedError
        if isinstance(stream, Response):
            named = CIMultiDictProxy(CIMultiDict(headers or {}))
            raise aiohttp.WSServerHandshakeError(
                aiohttp.RequestInfo(target, "GET", named, target),
                (),
                status=stream.status,
                message="Invalid response status",
                headers=CIMultiDict(stream.headers),
            )
        socket = LocalSocket(stream, poll_s=self._poll_s, forget=self._sockets.discard)
        self._sockets.add(socket)
        return socket

    def _request(
        self, method: str, target: URL, body: bytes, headers: Mapping[str, str] | None, proxy: str | None
    ) -> Request:
        if proxy is not None:
            raise ValueError("the in-process paper exchange is not reached through a proxy")
        if self._closed:
            raise RuntimeError("Session is closed")
        return Request(
            method=method,
            host=target.raw_host or "",
            path=target.raw_path,
            query=target.raw_query_string,
            headers={**self.headers, **(headers or {})},
            body=body,
            now_ms=self._world.now_ms(),
        )


class _Dial:
    """What `ws_connect` gives: awaitable and an asynchronous context, whose exit hangs up.

    ccxt enters it and never leaves it, so it holds nothing that ends when it is forgotten.
    """

    def __init__(self, dial: Callable[[], Coroutine[object, object, LocalSocket]]) -> None:
        self._dial = dial
        self._socket: LocalSocket | None = None

    def __await__(self) -> Generator[object, object, LocalSocket]:
        return self._dial().__await__()

    async def __aenter__(self) -> LocalSocket:
        self._socket = await self._dial()
        return self._socket

    async def __aexit__(self, *_: object) -> None:
        if self._socket is not None:
            await self._socket.close()
