"""A venue whose one channel says what a test wants, behind either shell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import pytest

from bot.paper import venues
from bot.paper.client import local_session
from bot.paper.embedded import serve_paper
from bot.paper.engine.defaults import BINANCE_LISTINGS, BINANCE_STARTING
from bot.paper.engine.exchange import Exchange
from bot.paper.session import LocalSession
from bot.paper.wire.channel import Close, Frame, Text
from bot.paper.wire.http import Request, Response
from bot.paper.world import PaperVenue, World
from bot.runtime.clock import SystemClock

URL = "wss://stream.binance.com:9443/ws/0?listenKey=k"
Session: TypeAlias = Any
Socket: TypeAlias = Any
"""aiohttp's, or what stands in for it."""


class Parrot:
    """A channel that greets, repeats what it is told, pushes when asked to, and hangs up when told `bye`."""

    def __init__(self, request: Request) -> None:
        self.due: list[Frame] = [Text(text=f"welcome {request.path}?{request.query}")]
        self.polls = 0

    def receive(self, text: str, now_ms: int) -> None:
        self.due.append(Text(text=f"{text} {now_ms > 0}"))
        if text == "bye":
            self.due += [Close(code=1008, reason="policy"), Text(text="never")]

    def frames(self, now_ms: int) -> Sequence[Frame]:
        self.polls += 1
        due, self.due = self.due, []
        return due


class Aviary:
    """A façade with one channel; it refuses a handshake without a listen key."""

    def __init__(self, exchange: Exchange) -> None:
        self.parrots: list[Parrot] = []
        self.expired_ms: list[int] = []

    def tick(self, now_ms: int) -> None:
        """Nothing happens by itself."""

    def owns(self, host: str) -> bool:
        return host.endswith("binance.com")

    def handle(self, request: Request) -> Response:
        return Response(status=200, headers={"Content-Type": "application/json"}, body=b"{}")

    def connect(self, request: Request) -> Parrot | Response:
        if "listenKey" not in request.query:
            return Response(status=401, headers={"Content-Type": "text/plain"}, body=b"no key")
        self.parrots.append(Parrot(request))
        return self.parrots[-1]


def make_world(now_ms: Callable[[], int]) -> tuple[World, Aviary]:
    exchange = Exchange(name="binance", listings=BINANCE_LISTINGS, starting=BINANCE_STARTING, time_ms=now_ms)
    aviary = Aviary(exchange)
    venue = PaperVenue(exchange=exchange, facade=aviary, traits=venues.BINANCE, expire_keys=aviary.expired_ms.append)
    return World({"binance": venue}, time_ms=now_ms), aviary


@asynccontextmanager
async def opened(shell: str) -> AsyncIterator[tuple[Session, Aviary]]:
    async with on_stage(shell) as (session, aviary, _):
        yield session, aviary


@asynccontextmanager
async def on_stage(shell: str) -> AsyncIterator[tuple[Session, Aviary, World]]:
    """A session behind a shell, and the world it reaches."""
    world, aviary = make_world(SystemClock().now_ms)
    if shell == "in-process":
        yield LocalSession(world), aviary, world
        return
    async with (
        serve_paper(time_ms=world.now_ms, world=world) as served,
        local_session(served.host, served.port, served.ca) as session,
    ):
        yield session, aviary, world


both = pytest.mark.parametrize("shell", ["tls", "in-process"])


async def texts(socket: Socket, count: int) -> list[str]:
    async with asyncio.timeout(5):
        return [(await socket.receive()).data for _ in range(count)]
