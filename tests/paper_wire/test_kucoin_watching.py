"""KuCoin's streams as real ccxt.pro watches them, on time that jumps."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest
from ccxt.base.exchange import Exchange

from bot.paper.engine.model import Side
from bot.runtime.virtual import run_virtual
from tests.paper_wire.kucoin import BTC, INVERSE, SWAP, Bench, Body, Client, trade


@pytest.fixture
def bench() -> Bench:
    return Bench()


Act = Callable[[Bench], None]


async def first_of(watch: Callable[[], Awaitable[Body]], bench: Bench, act: Act | None = None) -> Body:
    """What the next watched thing is, when something happens a moment later."""

    async def happen() -> None:
        await asyncio.sleep(0.3)
        if act is not None:
            act(bench)

    async with asyncio.timeout(10):
        found, _ = await asyncio.gather(watch(), happen())
    return found


def watch(bench: Bench, name: str, story: Callable[[Client, Bench], Awaitable[None]]) -> None:
    """Tell a story to ccxt.pro on time that jumps, so that pushes and pings come by themselves."""

    async def told() -> None:
        bench.clock.start()
        async with bench.client(name) as client:
            await story(client, bench)

    run_virtual(told())


def rest_sell(bench: Bench) -> None:
    trade(bench, "spot:BTC-USDT", Side.SELL, "0.1", "120000")


def spot_sell(bench: Bench) -> None:
    bench.exchange.cancel_all("paper", "spot:BTC-USDT")
    trade(bench, "spot:BTC-USDT", Side.SELL, "0.1")


def short(bench: Bench) -> None:
    trade(bench, "linear:XBTUSDTM", Side.SELL, "10")


def test_ccxt_watches_spot_markets(bench: Bench) -> None:
    watch(bench, "pro.kucoin", _watches_spot_markets)


async def _watches_spot_markets(spot: Client, running: Bench) -> None:
    assert (await first_of(lambda: spot.watch_ticker(BTC), running))["last"] == 100_000
    assert (await first_of(lambda: spot.watch_tickers([BTC]), running))[BTC]["bid"] == 99_999
    assert (await first_of(lambda: spot.watch_bids_asks([BTC]), running))[BTC]["ask"] == 100_001
    book = await first_of(lambda: spot.watch_order_book(BTC), running)
    assert (book["bids"][0][0], book["asks"][0][0]) == (99_999, 100_001)
    book = await first_of(lambda: spot.watch_order_book(BTC, 5), running)
    assert len(book["bids"]) == 5
    trades = await first_of(lambda: spot.watch_trades(BTC), running, spot_sell)
    assert [(found["side"], found["amount"]) for found in trades] == [("sell", 0.1)]
    candles = await first_of(lambda: spot.watch_ohlcv(BTC, "1m"), running)
    assert candles[-1][4] in (99_999, 100_000)
    await spot.un_watch_ticker(BTC)


def test_ccxt_watches_a_spot_account(bench: Bench) -> None:
    watch(bench, "pro.kucoin", _watches_a_spot_account)


async def _watches_a_spot_account(spot: Client, running: Bench) -> None:
    orders = await first_of(lambda: spot.watch_orders(BTC), running, rest_sell)
    assert (orders[0]["status"], orders[0]["clientOrderId"]) == ("open", "hb1")
    trades = await first_of(lambda: spot.watch_my_trades(BTC), running, spot_sell)
    assert (trades[0]["price"], trades[0]["takerOrMaker"]) == (99_999, "taker")
    await spot.watch_balance()
    spot_sell(running)
    async with asyncio.timeout(10):
        while (await spot.watch_balance())["BTC"]["total"] != 0.8:
            pass


def test_ccxt_watches_futures_markets(bench: Bench) -> None:
    watch(bench, "pro.kucoinfutures", _watches_futures_markets)


async def _watches_futures_markets(swap: Client, running: Bench) -> None:
    assert (await first_of(lambda: swap.watch_ticker(SWAP), running))["last"] == 100_000
    assert (await first_of(lambda: swap.watch_bids_asks([INVERSE]), running))[INVERSE]["bid"] == 99_999
    book = await first_of(lambda: swap.watch_order_book(SWAP), running)
    assert (book["bids"][0][0], book["asks"][0][0]) == (99_999, 100_001)
    book = await first_of(lambda: swap.watch_order_book(SWAP, 5), running)
    assert len(book["asks"]) == 5
    trades = await first_of(lambda: swap.watch_trades(SWAP), running, short)
    assert trades[0]["amount"] == 10
    assert (await first_of(lambda: swap.watch_mark_price(SWAP), running))["markPrice"] == 100_000
    assert (await first_of(lambda: swap.watch_funding_rate(SWAP), running))["fundingRate"] == 0.0001
    candles = await first_of(lambda: swap.watch_ohlcv(SWAP, "1m"), running)
    assert len(candles) == 1


def test_ccxt_watches_a_futures_account(bench: Bench) -> None:
    watch(bench, "pro.kucoinfutures", _watches_a_futures_account)


async def _watches_a_futures_account(swap: Client, running: Bench) -> None:
    orders = await first_of(lambda: swap.watch_orders(SWAP), running, short)
    assert orders[0]["clientOrderId"] == "hb1"
    trades = await first_of(lambda: swap.watch_my_trades(SWAP), running, short)
    assert trades[-1]["amount"] == 10
    balance = await first_of(swap.watch_balance, running, short)
    assert balance["USDT"]["free"] < 200_000
    positions = await first_of(lambda: swap.watch_positions([SWAP]), running, short)
    assert positions[0]["side"] == "short"
    # The first ones come from a snapshot, the others from the stream.
    async with asyncio.timeout(10):
        while positions[0]["contracts"] != 40:
            positions = await swap.watch_positions([SWAP])


def test_ccxts_pings_keep_a_stream_open(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    # ccxt notes a pong on the client's clock and counts from the class's.
    monkeypatch.setattr(Exchange, "milliseconds", staticmethod(bench.clock))
    watch(bench, "pro.kucoinfutures", _ten_minutes)


async def _ten_minutes(swap: Client, running: Bench) -> None:
    await swap.watch_ticker(SWAP)
    (client,) = swap.clients.values()
    await asyncio.sleep(600)
    running.exchange.set_price("BTC", Decimal(90_000))
    async with asyncio.timeout(10):
        while (await swap.watch_ticker(SWAP))["last"] != 90_000:
            pass
    assert list(swap.clients.values()) == [client]
