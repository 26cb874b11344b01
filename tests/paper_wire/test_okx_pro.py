"""ccxt.pro on the paper OKX, on virtual time."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest
from ccxt.base.errors import AuthenticationError, ExchangeError

from bot.runtime.virtual import run_virtual
from tests.paper_wire.okx import Bench, Client

LONGEST_S = 120
PINGS: Any = importlib.import_module("ccxt.async_support.base.ws.client")


def watching(story: Callable[[Bench, Client], Awaitable[None]], **config: object) -> None:
    """Tell a story with a client whose clock runs with the loop."""

    async def main() -> None:
        okx = Bench()
        okx.clock.start()
        # ccxt's pings go by a clock that no client has.
        patch.setattr(PINGS.Exchange, "milliseconds", okx.clock)
        # With Decimals ccxt loses balances that come over a socket.
        async with okx.client(number=float, **config) as client, asyncio.timeout(LONGEST_S):
            await client.load_markets()
            await story(okx, client)

    with pytest.MonkeyPatch.context() as patch:
        run_virtual(main())


def test_public_watchers_come_again_and_again() -> None:
    async def story(okx: Bench, client: Client) -> None:
        for _ in range(3):
            assert (await client.watch_ticker("BTC/USDT"))["last"] == 100_000
            assert (await client.watch_bids_asks(["BTC/USDT:USDT"]))["BTC/USDT:USDT"]["ask"] == 100_001
            assert (await client.watch_mark_price("BTC/USDT:USDT"))["markPrice"] == 100_000
            book = await client.watch_order_book("BTC/USDT")
            assert (book["bids"][0][0], book["asks"][0][0]) == (99_999, 100_001)
            assert await client.watch_trades("BTC/USDT")
            assert (await client.watch_funding_rate("BTC/USD:BTC"))["fundingRate"] == 0.0001
            assert await client.watch_ohlcv("BTC/USDT:USDT", "1m")

    watching(story)


def test_a_book_stays_joined_over_its_changes() -> None:
    async def story(okx: Bench, client: Client) -> None:
        await client.watch_order_book("BTC/USDT")
        for price in (99_000, 101_000, 100_500):
            okx.exchange.set_price("BTC", Decimal(price))
            book = await client.watch_order_book("BTC/USDT")
            assert book["bids"][0][0] < price < book["asks"][0][0]

    watching(story)


def test_the_connection_outlives_its_silence_by_pings() -> None:
    async def story(okx: Bench, client: Client) -> None:
        for _ in range(10):
            await client.watch_ticker("BTC/USDT")
            await asyncio.sleep(9)
        assert len(client.clients) == 1

    watching(story)


def test_private_watchers() -> None:
    async def story(_: Bench, client: Client) -> None:
        assert (await client.watch_balance())["BTC"]["total"] == 1
        assert await client.watch_positions() == []
        async with asyncio.TaskGroup() as group:
            orders = group.create_task(client.watch_orders("BTC/USDT:USDT"))
            trades = group.create_task(client.watch_my_trades("BTC/USDT:USDT"))
            positions = group.create_task(client.watch_positions())
            await asyncio.sleep(1)
            made = await client.create_order("BTC/USDT:USDT", "market", "sell", 3)
        assert orders.result()[0]["id"] == made["id"]
        assert trades.result()[0]["amount"] == 3
        (held,) = positions.result()
        assert (held["side"], held["contracts"]) == ("short", 3)
        balance = await client.watch_balance()
        assert balance["USDT"]["total"] < 400_000

    watching(story)


def test_orders_over_the_socket() -> None:
    async def story(_: Bench, client: Client) -> None:
        made = await client.create_order_ws("BTC/USD:BTC", "limit", "sell", 3, 101_000)
        changed = await client.edit_order_ws(made["id"], "BTC/USD:BTC", "limit", "sell", 4, 102_000)
        (order,) = await client.fetch_open_orders("BTC/USD:BTC")
        assert (order["id"], order["amount"], order["price"]) == (changed["id"], 4, 102_000)
        await client.cancel_order_ws(made["id"], "BTC/USD:BTC")
        assert await client.fetch_open_orders("BTC/USD:BTC") == []

    watching(story)


def test_a_refused_order_is_told() -> None:
    async def story(_: Bench, client: Client) -> None:
        with pytest.raises(ExchangeError, match="51008"):
            await client.create_order_ws("BTC/USDT", "market", "sell", 9)

    watching(story)


def test_a_refused_login_is_told() -> None:
    async def story(_: Bench, client: Client) -> None:
        client.password = "guess"
        with pytest.raises(AuthenticationError, match="60024"):
            await client.watch_balance()

    watching(story)
