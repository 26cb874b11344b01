"""ccxt, unmodified, against the world through both shells."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from typing import Any, TypeAlias

import aiohttp
import pytest
from ccxt.base import errors

from bot.paper.faults import Fault, FaultKind
from bot.paper.session import LocalSession
from bot.paper.world import World, default_world
from bot.runtime.virtual import VirtualLoop

Binance: TypeAlias = Any
"""ccxt's client; its annotations contradict its code."""


async def test_a_balance_is_read(binance: Binance, world: World) -> None:
    await binance.load_markets()

    balance = await binance.fetch_balance()

    assert balance["total"]["BTC"] == Decimal(1)
    assert balance["total"]["USDT"] == Decimal(200_000)


async def test_an_order_opens_a_short(binance: Binance, world: World) -> None:
    await binance.load_markets()

    order = await binance.create_order(
        "BTC/USDT:USDT", "limit", "sell", "0.5", "99500", {"timeInForce": "IOC", "clientOrderId": "h1"}
    )

    positions = await binance.fetch_positions(["BTC/USDT:USDT"])
    assert order["clientOrderId"] == "h1"
    assert [(p["side"], p["contracts"]) for p in positions] == [("short", Decimal("0.5"))]
    assert [(o.client_id, o.filled) for o in world.venues["binance"].exchange.account("paper").orders()] == [
        ("h1", Decimal("0.5"))
    ]


async def test_a_venue_error_keeps_its_code(binance: Binance, world: World) -> None:
    with pytest.raises(errors.OrderNotFound, match="-2013"):
        await binance.fapiPrivateGetOrder({"symbol": "BTCUSDT", "origClientOrderId": "nobody"})


async def test_another_key_is_refused(binance: Binance, world: World) -> None:
    binance.apiKey = "real"

    with pytest.raises(errors.AuthenticationError, match="-2015"):
        await binance.privateGetAccount()


async def test_time_is_the_worlds(binance: Binance, world: World) -> None:
    before = world.now_ms()
    served = int((await binance.publicGetTime())["serverTime"])
    assert before <= served <= world.now_ms()


async def test_a_host_that_nobody_serves_is_not_found(binance: Binance, world: World) -> None:
    async with binance.session.get("https://nobody.binance.com/api/v3/time") as response:
        assert response.status == 404
        assert "does not serve" in await response.text()


async def test_response_reads_like_aiohttps(binance: Binance, world: World) -> None:
    async with binance.session.request("GET", "https://api.binance.com/api/v3/ping") as response:
        assert (response.status, response.reason, response.method) == (200, "OK", "GET")
        assert response.headers["content-type"].startswith("application/json")
        assert response.url.host == "api.binance.com"
        assert await response.read() == b"{}"


async def test_in_process_session_closes_and_takes_no_proxy() -> None:
    session = LocalSession(default_world(lambda: 1_700_000_000_000))
    with pytest.raises(ValueError, match="proxy"):
        async with session.get("https://api.binance.com/api/v3/ping", proxy="http://127.0.0.1:1"):
            pass
    open_before = not session.closed

    await session.close()

    assert (open_before, session.closed) == (True, True)
    with pytest.raises(RuntimeError, match="closed"):
        async with session.get("https://api.binance.com/api/v3/ping"):
            pass


def test_hours_pass_at_once_on_a_virtual_loop() -> None:
    epoch_ms = 1_700_000_000_000

    async def story() -> tuple[int, int]:
        loop = asyncio.get_running_loop()
        world = default_world(lambda: epoch_ms + int(loop.time() * 1000))
        world.faults.add(Fault(venue="binance", path="/api/v3/time", kind=FaultKind.DELAY, delay_s=3600))
        session = LocalSession(world)
        async with session.get("https://api.binance.com/api/v3/time") as response:
            assert response.status == 200
        world.faults.add(Fault(venue="binance", path="/api/v3/time", kind=FaultKind.DELAY, delay_s=3600))
        with pytest.raises(TimeoutError):
            async with session.get("https://api.binance.com/api/v3/time", timeout=aiohttp.ClientTimeout(total=10)):
                pass
        return world.now_ms(), epoch_ms

    started = time.monotonic()
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        now_ms, epoch_ms = runner.run(story())

    assert now_ms - epoch_ms == 3_610_000
    assert time.monotonic() - started < 60
