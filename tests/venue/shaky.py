"""A session of a paper world whose WebSockets fail when a test wants them to."""

from __future__ import annotations

import asyncio

import aiohttp

from bot.paper.local_socket import LocalSocket
from bot.paper.session import LocalSession
from bot.paper.world import World
from tests.venue.wire import Anything

NEVER_S = 1_000_000.0


class Shaky:
    """The session of a paper world, whose WebSockets can be refused, cut, muted and left without a goodbye."""

    def __init__(self, world: World, *, poll_s: float = 0.5) -> None:
        self._inner = LocalSession(world, poll_s=poll_s)
        self.sockets: list[LocalSocket] = []
        self.dialled: list[str] = []
        self.asked: list[tuple[str, str]] = []
        self.refuses = False
        self.hangs = False
        self.muted = False
        self.parts_badly = False
        self.ended = False

    def __getattr__(self, name: str) -> Anything:
        found = getattr(self._inner, name)
        if name not in {"get", "post", "put", "delete"}:
            return found

        def request(url: Anything, **more: Anything) -> Anything:
            self.asked.append((name.upper(), url.path))
            return found(url, **more)

        return request

    async def ws_connect(self, url: str, **more: Anything) -> Anything:
        self.dialled.append(url)
        if self.hangs:
            await asyncio.sleep(NEVER_S)
        if self.refuses:
            raise aiohttp.ClientConnectionError(f"no way to {url}")
        socket = await self._inner.ws_connect(url, **more)
        self.sockets.append(socket)
        return _Tap(socket, self)

    async def cut(self) -> None:
        """The venue ends every connection."""
        for socket in self.sockets:
            await socket.close()
        self.sockets.clear()


class _Tap:
    def __init__(self, socket: LocalSocket, session: Shaky) -> None:
        self._socket = socket
        self._session = session

    def __getattr__(self, name: str) -> Anything:
        return getattr(self._socket, name)

    async def receive(self) -> Anything:
        while True:
            message = await self._socket.receive()
            if not self._session.muted:
                return message

    async def close(self, **more: Anything) -> None:
        await self._socket.close(**more)
        if self._session.parts_badly:
            await asyncio.sleep(NEVER_S)
