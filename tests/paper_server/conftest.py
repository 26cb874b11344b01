"""A paper world, and real ccxt talking to it over TLS and in-process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, TypeAlias

import aiohttp
import pytest
from ccxt.async_support.binance import binance as make_binance

from bot.paper.client import local_session
from bot.paper.embedded import ServedPaper, serve_paper
from bot.paper.session import LocalSession
from bot.paper.world import World, default_world
from bot.runtime.clock import SystemClock

Binance: TypeAlias = Any
"""ccxt's client; its annotations contradict its code."""


class Ahead:
    """The time of the start, and on top of it only what a test lets pass, for the venues and for ccxt alike."""

    def __init__(self) -> None:
        self._now_ms = SystemClock().now_ms()

    def __call__(self) -> int:
        return self._now_ms

    def passes(self, seconds: float) -> None:
        """Let so much time pass; however long the machine takes over a test, no more does."""
        self._now_ms += round(seconds * 1_000)


@asynccontextmanager
async def _client(session: aiohttp.ClientSession | LocalSession, clock: Ahead) -> AsyncIterator[Binance]:
    make: Binance = make_binance
    config = {"apiKey": "paper", "secret": "paper", "session": session, "enableRateLimit": False, "number": Decimal}
    client: Binance = make(config)
    client.timeout_on_exit = 0
    client.milliseconds = clock
    try:
        yield client
    finally:
        await client.close()


@pytest.fixture
async def paper() -> AsyncIterator[ServedPaper]:
    """A served world."""
    async with serve_paper(time_ms=SystemClock().now_ms) as served:
        yield served


@pytest.fixture
def clock() -> Ahead:
    """The venues' own."""
    return Ahead()


@pytest.fixture
def world(clock: Ahead) -> World:
    """The world behind `binance`."""
    return default_world(clock)


@pytest.fixture(params=["tls", "in-process"])
async def binance(request: pytest.FixtureRequest, world: World, clock: Ahead) -> AsyncIterator[Binance]:
    """ccxt's client, through either shell."""
    if request.param == "in-process":
        async with _client(LocalSession(world), clock) as client:
            yield client
        return
    async with (
        serve_paper(time_ms=world.now_ms, world=world) as served,
        local_session(served.host, served.port, served.ca) as session,
        _client(session, clock) as client,
    ):
        yield client
