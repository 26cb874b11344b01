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


@asynccontextmanager
async def _client(session: aiohttp.ClientSession | LocalSession) -> AsyncIterator[Binance]:
    make: Binance = make_binance
    config = {"apiKey": "paper", "secret": "paper", "session": session, "enableRateLimit": False, "number": Decimal}
    client: Binance = make(config)
    client.timeout_on_exit = 0
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
def world() -> World:
    """The world behind `binance`, on wall time."""
    return default_world(SystemClock().now_ms)


@pytest.fixture(params=["tls", "in-process"])
async def binance(request: pytest.FixtureRequest, world: World) -> AsyncIterator[Binance]:
    """ccxt's client, through either shell."""
    if request.param == "in-process":
        async with _client(LocalSession(world)) as client:
            yield client
        return
    async with (
        serve_paper(time_ms=world.now_ms, world=world) as served,
        local_session(served.host, served.port, served.ca) as session,
        _client(session) as client,
    ):
        yield client
