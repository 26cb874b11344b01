"""Margin of isolated positions over time, and the countdown that cancels orders, on Binance futures."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeAlias

import pytest
from ccxt.base.errors import BadRequest, ExchangeError

from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import OrderStatus
from bot.paper.venues import BINANCE
from bot.paper.wire.binance import BinanceFacade
from bot.paper.world import PaperVenue, World

Binance: TypeAlias = Any
Clock: TypeAlias = Any
BTC = "BTC/USDT:USDT"
DAY_MS = 86_400_000


async def isolated_short(swap: Binance, exchange: Exchange) -> None:
    exchange.set_margin_mode("paper", "BTCUSDT", isolated=True)
    exchange.set_leverage("paper", "BTCUSDT", 1)
    await swap.create_order(BTC, "market", "sell", 1)


async def test_r27_margin_that_was_added_is_in_the_history(swap: Binance, exchange: Exchange, clock: Clock) -> None:
    await isolated_short(swap, exchange)
    clock.now_ms += 1000
    await swap.add_margin(BTC, 500)
    clock.now_ms += 1000
    await swap.reduce_margin(BTC, 200)
    rows = await swap.fetch_margin_adjustment_history(BTC)
    told = [(row["info"]["deltaType"], row["info"]["type"], row["amount"]) for row in rows]
    assert told == [
        ("TRADE", 1, Decimal(99_999)),
        ("USER_ADJUST", 1, Decimal(500)),
        ("USER_ADJUST", 2, Decimal(200)),
    ]
    assert [row["timestamp"] for row in rows[1:]] == [clock.now_ms - 1000, clock.now_ms]
    assert rows[1]["info"]["asset"] == "USDT"
    assert rows[1]["info"]["positionSide"] == "BOTH"
    assert len(await swap.fetch_margin_adjustment_history(BTC, "add")) == 2
    assert len(await swap.fetch_margin_adjustment_history(BTC, "reduce")) == 1
    assert len(await swap.fetch_margin_adjustment_history(BTC, None, clock.now_ms)) == 1
    assert len(await swap.fetch_margin_adjustment_history(BTC, None, None, 2)) == 2


async def test_funding_is_no_change_of_margin_by_the_account(swap: Binance, exchange: Exchange) -> None:
    await isolated_short(swap, exchange)
    exchange.settle_funding("BTC", Decimal("0.0001"))
    await swap.add_margin(BTC, 500)
    rows = await swap.fetch_margin_adjustment_history(BTC)
    assert [row["amount"] for row in rows] == [Decimal(99_999), Decimal(500)]


async def test_a_refused_margin_leaves_no_trace(swap: Binance, exchange: Exchange) -> None:
    await isolated_short(swap, exchange)
    with pytest.raises(ExchangeError, match="-4050"):
        await swap.add_margin(BTC, 10_000_000)
    assert len(await swap.fetch_margin_adjustment_history(BTC)) == 1


async def test_the_history_reaches_back_thirty_days(swap: Binance, exchange: Exchange, clock: Clock) -> None:
    await isolated_short(swap, exchange)
    start_ms = clock.now_ms
    clock.now_ms += 31 * DAY_MS
    assert await swap.fetch_margin_adjustment_history(BTC) == []
    with pytest.raises(BadRequest, match="Lookup interval"):
        await swap.fetch_margin_adjustment_history(BTC, None, start_ms)
    assert len(await swap.fetch_margin_adjustment_history(BTC, None, start_ms, None, {"until": start_ms})) == 1
    with pytest.raises(BadRequest, match="type"):
        await swap.fapiprivate_get_positionmargin_history({"symbol": "BTCUSDT", "type": 3})


async def test_coin_margined_history_tells_only_what_the_account_moved(swap: Binance, exchange: Exchange) -> None:
    exchange.deposit("paper", "coinm", "BTC", Decimal(2))
    exchange.set_margin_mode("paper", "BTCUSD_PERP", isolated=True)
    exchange.set_leverage("paper", "BTCUSD_PERP", 2)
    await swap.create_order("BTC/USD:BTC", "market", "sell", 100)
    # ccxt's own method would cut the amount to whole contracts.
    await swap.dapiprivate_post_positionmargin({"symbol": "BTCUSD_PERP", "amount": "0.5", "type": 1})
    (row,) = await swap.fetch_margin_adjustment_history("BTC/USD:BTC")
    assert (row["amount"], row["info"]["asset"]) == (Decimal("0.5"), "BTC")
    assert "deltaType" not in row["info"]


@pytest.mark.parametrize(("root", "symbol"), [("fapi", "BTCUSDT"), ("dapi", "BTCUSD_PERP")])
async def test_the_countdown_cancels_orders_and_no_position(
    swap: Binance, exchange: Exchange, clock: Clock, root: str, symbol: str
) -> None:
    exchange.deposit("paper", "coinm", "BTC", Decimal(2))
    unified = BTC if root == "fapi" else "BTC/USD:BTC"
    countdown = getattr(swap, f"{root}private_post_countdowncancelall")
    await swap.create_order(unified, "market", "sell", 1)
    await swap.create_order(unified, "limit", "sell", 1, 110_000)
    assert await countdown({"symbol": symbol, "countdownTime": 10_000}) == {"symbol": symbol, "countdownTime": "10000"}
    clock.now_ms += 9_000
    await countdown({"symbol": symbol, "countdownTime": 10_000})
    clock.now_ms += 9_999
    assert len(await swap.fetch_open_orders(unified)) == 1
    clock.now_ms += 1
    assert await swap.fetch_open_orders(unified) == []
    position = exchange.account("paper").position(symbol)
    assert position is not None
    assert position.contracts == -1


@pytest.mark.parametrize("by", ["time", "price"])
async def test_a_countdown_ends_when_nobody_asks_any_more(
    swap: Binance, exchange: Exchange, facade: BinanceFacade, clock: Clock, by: str
) -> None:
    world = World({"binance": PaperVenue(exchange=exchange, facade=facade, traits=BINANCE)}, time_ms=clock)
    await swap.create_order(BTC, "limit", "sell", 1, 110_000)
    await swap.fapiprivate_post_countdowncancelall({"symbol": "BTCUSDT", "countdownTime": 5_000})
    clock.now_ms += 5_000
    if by == "time":
        world.advance()
    else:
        world.set_price("BTC", Decimal(120_000))
    (order,) = exchange.account("paper").orders()
    assert (order.status, order.filled) == (OrderStatus.CANCELED, Decimal(0))


async def test_a_countdown_of_zero_is_stopped(swap: Binance, clock: Clock) -> None:
    await swap.create_order(BTC, "limit", "sell", 1, 110_000)
    await swap.fapiprivate_post_countdowncancelall({"symbol": "BTCUSDT", "countdownTime": 5_000})
    await swap.fapiprivate_post_countdowncancelall({"symbol": "BTCUSDT", "countdownTime": 0})
    clock.now_ms += 60_000
    assert len(await swap.fetch_open_orders(BTC)) == 1
    with pytest.raises(BadRequest, match="countdownTime"):
        await swap.fapiprivate_post_countdowncancelall({"symbol": "BTCUSDT", "countdownTime": "soon"})


@pytest.mark.parametrize("kind", ["LIQUIDATION", "ADL"])
async def test_r25_what_the_exchange_closed_is_in_its_own_list(swap: Binance, exchange: Exchange, kind: str) -> None:
    await isolated_short(swap, exchange)
    force = exchange.deleverage if kind == "ADL" else exchange.liquidate
    force("paper", "BTCUSDT")
    told = await swap.fapiprivate_get_forceorders({"symbol": "BTCUSDT"})
    assert [order["clientOrderId"].partition("-")[0] for order in told] == [
        "adl_autoclose" if kind == "ADL" else "autoclose"
    ]
    assert await swap.fapiprivate_get_forceorders({"autoCloseType": kind}) == told
    other = "LIQUIDATION" if kind == "ADL" else "ADL"
    assert await swap.fapiprivate_get_forceorders({"autoCloseType": other}) == []
