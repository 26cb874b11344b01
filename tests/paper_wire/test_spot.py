"""Everything that real ccxt does on spot."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias

import pytest
from ccxt.base.errors import (
    BadRequest,
    BaseError,
    InsufficientFunds,
    InvalidOrder,
    OrderImmediatelyFillable,
    OrderNotFound,
)

from bot.paper.engine.exchange import Exchange

Binance: TypeAlias = Any
Clock: TypeAlias = Any
Order: TypeAlias = Any
BTC = "BTC/USDT"


async def test_load_markets_with_keys_reads_filters(spot: Binance) -> None:
    markets = await spot.load_markets()
    assert {"BTC/USDT", "BNB/USDT", "BTC/USDT:USDT", "1000PEPE/USDT:USDT"} <= set(markets)
    btc = markets["BTC/USDT"]
    assert btc["active"] is True
    assert btc["precision"]["price"] == Decimal("0.01")
    assert btc["precision"]["amount"] == Decimal("0.00001")
    assert btc["limits"]["cost"]["min"] == Decimal(5)
    perp = markets["BTC/USDT:USDT"]
    assert perp["swap"] is True
    assert perp["linear"] is True
    assert perp["contractSize"] == Decimal(1)
    assert perp["precision"] == {**perp["precision"], "price": Decimal("0.1"), "amount": Decimal("0.001")}
    assert perp["limits"]["cost"]["min"] == Decimal(100)
    assert spot.currencies["BTC"]["active"] is True


async def test_time_and_status(spot: Binance) -> None:
    assert await spot.fetch_time() == spot.milliseconds()
    assert (await spot.fetch_status())["status"] == "ok"


async def test_balances_of_every_wallet(spot: Binance, exchange: Exchange) -> None:
    exchange.transfer("paper", "spot", "funding", "USDT", Decimal(5))
    balance = await spot.fetch_balance()
    assert balance["BTC"]["total"] == Decimal(1)
    assert balance["USDT"]["free"] == Decimal(199_995)
    funding = await spot.fetch_balance({"type": "funding"})
    assert funding["USDT"]["total"] == Decimal(5)
    swap = await spot.fetch_balance({"type": "swap"})
    assert swap["USDT"]["total"] == Decimal(200_000)
    assert swap["USDT"]["free"] == Decimal(200_000)


async def test_flexible_earn_is_mirrored_as_ld_coins(spot: Binance, exchange: Exchange) -> None:
    exchange.earn_subscribe("paper", "flexible", "BTC", Decimal("0.25"))
    balance = await spot.fetch_balance()
    assert balance["BTC"]["total"] == Decimal("0.75")
    assert balance["LDBTC"]["total"] == Decimal("0.25")


async def test_zero_balances_are_left_out_on_request(spot: Binance) -> None:
    full = await spot.private_get_account()
    lean = await spot.private_get_account({"omitZeroBalances": "true"})
    assert {row["asset"] for row in full["balances"]} > {row["asset"] for row in lean["balances"]}
    assert {row["asset"] for row in lean["balances"]} == {"BTC", "BNB", "USDT"}
    assert next(row for row in full["balances"] if row["asset"] == "USDT")["free"] == "200000.00000000"


async def test_market_data(spot: Binance, exchange: Exchange) -> None:
    ticker = await spot.fetch_ticker(BTC)
    assert ticker["last"] == Decimal(100_000)
    assert ticker["bid"] < Decimal(100_000) < ticker["ask"]
    assert set(await spot.fetch_tickers([BTC])) == {BTC}
    assert len(await spot.fetch_tickers()) == 6
    assert set(await spot.fetch_bids_asks([BTC])) == {BTC}
    assert (await spot.fetch_last_prices([BTC]))[BTC]["price"] == Decimal(100_000)
    book = await spot.fetch_order_book(BTC, 5)
    assert len(book["bids"]) == 5
    assert book["bids"][0][0] < book["asks"][0][0]
    candles = await spot.fetch_ohlcv(BTC, "1h", None, 10)
    assert len(candles) == 10
    assert candles[-1][4] == Decimal(100_000)
    assert (await spot.public_get_avgprice({"symbol": "BTCUSDT"}))["price"] == "100000.00000000"
    assert await spot.public_get_ping() == {}
    await spot.create_order(BTC, "market", "sell", 0.5)
    assert len(await spot.fetch_trades(BTC)) == 1
    assert len(await spot.public_get_trades({"symbol": "BTCUSDT"})) == 1
    assert exchange.account("paper").balance("spot", "BTC").total == Decimal("0.5")


async def test_candles_follow_the_price(spot: Binance, exchange: Exchange, clock: Clock) -> None:
    clock.now_ms += 3_600_000
    exchange.set_price("BTC", Decimal(110_000))
    clock.now_ms += 60_000
    exchange.set_price("BTC", Decimal(95_000))
    clock.now_ms += 60_000
    *_, before, last = await spot.fetch_ohlcv(BTC, "1h", None, 3)
    assert before[1:5] == [Decimal(100_000)] * 4
    assert last[0] % 3_600_000 == 0
    assert last[2:5] == [Decimal(110_000), Decimal(95_000), Decimal(95_000)]
    since = await spot.fetch_ohlcv(BTC, "1m", clock.now_ms - 90_000, 1)
    assert [candle[4] for candle in since] == [Decimal(95_000)]
    assert (await spot.fetch_ticker(BTC))["high"] == Decimal(110_000)


async def test_market_order_is_answered_in_full(spot: Binance) -> None:
    order = await spot.create_order(BTC, "market", "sell", 0.4, None, {"clientOrderId": "hb1"})
    assert order["status"] == "closed"
    assert order["filled"] == Decimal("0.4")
    assert order["clientOrderId"] == "hb1"
    fill = order["info"]["fills"][0]
    assert fill["commissionAsset"] == "USDT"
    assert Decimal(fill["commission"]) == order["cost"] / 1000
    assert order["info"]["executedQty"] == "0.40000000"
    assert order["trades"][0]["id"] == str(fill["tradeId"])


async def test_market_buy_by_cost(make_client: Callable[..., Binance]) -> None:
    # With Decimals ccxt loses the precision of the cost.
    spot = make_client(number=float)
    order = await spot.create_market_buy_order_with_cost(BTC, 1000)
    assert order["status"] == "closed"
    assert 990 < order["cost"] <= 1000
    assert order["info"]["origQuoteOrderQty"] == "1000.00000000"


async def test_limit_order_rests_and_is_found_by_either_id(spot: Binance) -> None:
    order = await spot.create_order(BTC, "limit", "sell", 0.1, 120_000, {"clientOrderId": "hb2"})
    assert order["status"] == "open"
    for found in (
        await spot.fetch_order(order["id"], BTC),
        await spot.fetch_order("", BTC, {"clientOrderId": "hb2"}),
    ):
        assert found["id"] == order["id"]
        assert found["price"] == Decimal(120_000)
        assert found["remaining"] == Decimal("0.1")
    assert [o["id"] for o in await spot.fetch_open_orders(BTC)] == [order["id"]]
    assert [o["id"] for o in await spot.fetch_open_orders()] == [order["id"]]
    assert (await spot.fetch_balance())["BTC"]["used"] == Decimal("0.1")
    cancelled = await spot.cancel_order("", BTC, {"clientOrderId": "hb2"})
    assert cancelled["status"] == "canceled"
    assert cancelled["info"]["origClientOrderId"] == "hb2"
    assert await spot.fetch_open_orders(BTC) == []


async def test_post_only_and_ioc(spot: Binance) -> None:
    maker = await spot.create_order(BTC, "limit", "sell", 0.1, 120_000, {"postOnly": True})
    assert maker["postOnly"] is True
    assert (await spot.fetch_order(maker["id"], BTC))["info"]["type"] == "LIMIT_MAKER"
    missed = await spot.create_order(BTC, "limit", "buy", 0.1, 90_000, {"timeInForce": "IOC"})
    assert missed["status"] == "expired"
    assert missed["filled"] == 0
    taken = await spot.create_order(BTC, "limit", "buy", 0.1, 100_100, {"timeInForce": "IOC"})
    assert taken["status"] == "closed"


async def test_cancel_all_and_the_list_of_all(spot: Binance) -> None:
    for price in (120_000, 130_000):
        await spot.create_order(BTC, "limit", "sell", 0.1, price)
    assert len(await spot.cancel_all_orders(BTC)) == 2
    statuses = [order["status"] for order in await spot.fetch_orders(BTC)]
    assert statuses == ["canceled", "canceled"]
    assert await spot.fetch_closed_orders(BTC) == []
    with pytest.raises(OrderNotFound):
        await spot.cancel_all_orders(BTC)


async def test_my_trades_pages_by_id_and_order(spot: Binance) -> None:
    first = await spot.create_order(BTC, "market", "sell", 0.1)
    second = await spot.create_order(BTC, "market", "sell", 0.2)
    trades = await spot.fetch_my_trades(BTC)
    assert [trade["order"] for trade in trades] == [first["id"], second["id"]]
    assert Decimal(trades[0]["info"]["commission"]) == trades[0]["cost"] / 1000
    assert [t["id"] for t in await spot.fetch_my_trades(BTC, None, None, {"fromId": trades[1]["id"]})] == [
        trades[1]["id"]
    ]
    assert [t["order"] for t in await spot.fetch_my_trades(BTC, None, None, {"orderId": first["id"]})] == [first["id"]]


async def test_test_order_has_no_effect(spot: Binance, exchange: Exchange) -> None:
    await spot.create_order(BTC, "limit", "buy", 0.1, 90_000, {"test": True})
    with pytest.raises(BadRequest):
        await spot.create_order(BTC, "limit", "buy", 0.00005, 90_000, {"test": True})
    assert exchange.account("paper").orders() == []


async def test_cancel_replace(spot: Binance) -> None:
    order = await spot.create_order(BTC, "limit", "sell", 0.1, 120_000)
    edited = await spot.edit_order(order["id"], BTC, "limit", "sell", 0.1, 121_000)
    assert edited["price"] == Decimal(121_000)
    assert (await spot.fetch_order(order["id"], BTC))["status"] == "canceled"
    with pytest.raises(BaseError) as gone:
        await spot.edit_order(order["id"], BTC, "limit", "sell", 0.1, 122_000)
    assert "-2022" in str(gone.value)
    assert [o["price"] for o in await spot.fetch_open_orders(BTC)] == [Decimal(121_000)]


async def test_fees(spot: Binance) -> None:
    assert (await spot.fetch_trading_fee(BTC))["taker"] == Decimal("0.001")
    assert len(await spot.fetch_trading_fees()) >= 5


@pytest.mark.parametrize(
    ("order", "error", "text"),
    [
        (("limit", "sell", 2, 120_000), InsufficientFunds, "insufficient balance"),
        (("limit", "buy", "0.0001", 21_000), BadRequest, "NOTIONAL"),
        (("limit", "sell", 0.1, 900_000), InvalidOrder, "PERCENT_PRICE_BY_SIDE"),
        (("limit", "sell", 0.1, 99_000, {"postOnly": True}), OrderImmediatelyFillable, "immediately match"),
    ],
)
async def test_refusals_keep_ccxts_classes(spot: Binance, order: Order, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        await spot.create_order(BTC, *order)


async def test_duplicate_and_unknown_ids(spot: Binance) -> None:
    await spot.create_order(BTC, "limit", "sell", 0.1, 120_000, {"clientOrderId": "same"})
    with pytest.raises(InvalidOrder, match="Duplicate order sent"):
        await spot.create_order(BTC, "limit", "sell", 0.1, 120_000, {"clientOrderId": "same"})
    with pytest.raises(OrderNotFound, match="-2013"):
        await spot.fetch_order("123456", BTC)
    with pytest.raises(OrderNotFound, match="-2011"):
        await spot.cancel_order("123456", BTC)
