"""Everything that real ccxt does on USD-M futures."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeAlias

import pytest
from ccxt.base.errors import (
    BadRequest,
    InsufficientFunds,
    InvalidOrder,
    MarginModeAlreadySet,
    OperationRejected,
    OrderNotFillable,
    OrderNotFound,
)

from bot.paper.engine.exchange import Exchange

Binance: TypeAlias = Any
Clock: TypeAlias = Any
Order: TypeAlias = Any
BTC = "BTC/USDT:USDT"
PEPE = "1000PEPE/USDT:USDT"


async def test_time_and_market_data(swap: Binance) -> None:
    await swap.load_markets()
    assert await swap.fetch_time() == swap.milliseconds()
    ticker = await swap.fetch_ticker(BTC)
    assert ticker["last"] == Decimal(100_000)
    assert ticker["info"]["lastPrice"] == "100000.00"
    assert len(await swap.fetch_tickers()) == 4
    assert set(await swap.fetch_bids_asks([BTC])) == {BTC}
    book = await swap.fetch_order_book(BTC, 5)
    assert len(book["asks"]) == 5
    assert len(await swap.fetch_ohlcv(BTC, "1h", None, 10)) == 10
    assert (await swap.fetch_mark_price(BTC))["markPrice"] == Decimal(100_000)
    assert (await swap.fetch_ticker(PEPE))["last"] == Decimal("0.02")
    await swap.create_order(BTC, "market", "sell", 1)
    assert len(await swap.fetch_trades(BTC)) == 1
    assert len(await swap.fapipublic_get_trades({"symbol": "BTCUSDT"})) == 1
    assert (await swap.fetch_last_prices([BTC]))[BTC]["price"] == Decimal(99_999)


async def test_funding(swap: Binance, exchange: Exchange, clock: Clock) -> None:
    exchange.set_funding_rate("BTC", Decimal("0.0001"))
    rate = await swap.fetch_funding_rate(BTC)
    assert rate["fundingRate"] == Decimal("0.0001")
    assert rate["indexPrice"] == Decimal(100_000)
    assert rate["fundingTimestamp"] == clock.now_ms + 7 * 3_600_000
    assert len(await swap.fetch_funding_rates()) == 4
    assert (await swap.fetch_funding_interval(BTC))["interval"] == "8h"
    await swap.create_order(BTC, "market", "sell", 1)
    exchange.settle_funding("BTC")
    clock.now_ms += 1000
    exchange.settle_funding("BTC", Decimal("0.0002"))
    paid = await swap.fetch_funding_history(BTC)
    assert [row["amount"] for row in paid] == [Decimal(10), Decimal(20)]
    rates = await swap.fetch_funding_rate_history(BTC, None, 2)
    assert [row["fundingRate"] for row in rates] == [Decimal("0.0001"), Decimal("0.0002")]
    since = await swap.fetch_funding_rate_history(BTC, clock.now_ms, 10)
    assert [row["fundingRate"] for row in since] == [Decimal("0.0002")]


async def test_market_order_result_is_final(swap: Binance) -> None:
    order = await swap.create_order(BTC, "market", "sell", 1, None, {"clientOrderId": "hb1"})
    assert order["status"] == "closed"
    assert order["filled"] == 1
    assert order["clientOrderId"] == "hb1"
    assert order["info"]["origQty"] == "1.000"
    assert order["info"]["price"] == "0.00"
    assert Decimal(order["info"]["cumQuote"]) == order["average"]


async def test_an_acknowledgement_shows_no_fill(swap: Binance) -> None:
    await swap.load_markets()
    order = await swap.create_order(BTC, "market", "sell", 1, None, {"newOrderRespType": "ACK"})
    assert order["status"] == "open"
    assert order["filled"] == 0
    assert (await swap.fetch_order(order["id"], BTC))["status"] == "closed"


async def test_limit_order_rests_and_is_found_by_either_id(swap: Binance) -> None:
    order = await swap.create_order(BTC, "limit", "sell", 1, 104_000, {"clientOrderId": "hb2"})
    assert order["status"] == "open"
    for found in (
        await swap.fetch_order(order["id"], BTC),
        await swap.fetch_order("", BTC, {"clientOrderId": "hb2"}),
        await swap.fetch_open_order(order["id"], BTC),
    ):
        assert found["id"] == order["id"]
        assert found["price"] == Decimal(104_000)
    assert [o["id"] for o in await swap.fetch_open_orders(BTC)] == [order["id"]]
    assert [o["id"] for o in await swap.fetch_open_orders()] == [order["id"]]
    cancelled = await swap.cancel_order("", BTC, {"clientOrderId": "hb2"})
    assert cancelled["status"] == "canceled"
    assert cancelled["clientOrderId"] == "hb2"
    with pytest.raises(OrderNotFound, match="-2013"):
        await swap.fetch_open_order(order["id"], BTC)


async def test_time_in_force(swap: Binance) -> None:
    maker = await swap.create_order(BTC, "limit", "sell", 1, 104_000, {"postOnly": True})
    assert maker["info"]["timeInForce"] == "GTX"
    missed = await swap.create_order(BTC, "limit", "buy", 1, 96_000, {"timeInForce": "IOC"})
    assert (missed["status"], missed["filled"]) == ("expired", 0)
    taken = await swap.create_order(BTC, "limit", "sell", 1, 99_900, {"timeInForce": "IOC"})
    assert taken["status"] == "closed"
    with pytest.raises(OrderNotFillable, match="-5022"):
        await swap.create_order(BTC, "limit", "sell", 1, 99_000, {"postOnly": True})


async def test_cancel_all_and_the_list_of_all(swap: Binance) -> None:
    for price in (103_000, 104_000):
        await swap.create_order(BTC, "limit", "sell", 1, price)
    await swap.cancel_all_orders(BTC)
    assert [order["status"] for order in await swap.fetch_orders(BTC)] == ["canceled", "canceled"]
    assert await swap.fetch_open_orders(BTC) == []
    last = (await swap.fetch_orders(BTC))[-1]["id"]
    assert [o["id"] for o in await swap.fetch_orders(BTC, None, None, {"orderId": last})] == [last]


async def test_r22_unfilled_orders_are_forgotten_after_three_days(swap: Binance, clock: Clock) -> None:
    gone = await swap.create_order(BTC, "limit", "sell", 1, 104_000)
    await swap.cancel_order(gone["id"], BTC)
    filled = await swap.create_order(BTC, "market", "sell", 1)
    resting = await swap.create_order(BTC, "limit", "sell", 1, 104_500)
    clock.now_ms += 3 * 86_400_000
    assert (await swap.fetch_order(gone["id"], BTC))["status"] == "canceled"
    clock.now_ms += 1
    with pytest.raises(OrderNotFound, match="-2013"):
        await swap.fetch_order(gone["id"], BTC)
    assert [order["id"] for order in await swap.fetch_orders(BTC)] == [filled["id"], resting["id"]]


async def test_edit_order_under_the_same_client_id(swap: Binance) -> None:
    order = await swap.create_order(BTC, "limit", "sell", 1, 104_000, {"clientOrderId": "hb3"})
    edited = await swap.edit_order(order["id"], BTC, "limit", "sell", 1, 104_500)
    assert (edited["price"], edited["clientOrderId"]) == (Decimal(104_500), "hb3")
    assert [o["price"] for o in await swap.fetch_open_orders(BTC)] == [Decimal(104_500)]


async def test_test_order_has_no_effect(swap: Binance, exchange: Exchange) -> None:
    order = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "quantity": "1",
        "price": "99000",
        "timeInForce": "GTC",
    }
    answer = await swap.fapiprivate_post_order_test(order)
    assert (answer["status"], answer["origQty"]) == ("NEW", "1.000")
    with pytest.raises(InvalidOrder, match="-4164"):
        await swap.fapiprivate_post_order_test({**order, "quantity": "0.001"})
    assert exchange.account("paper").orders() == []


async def test_user_trades_page_by_id_and_time(swap: Binance, clock: Clock) -> None:
    first = await swap.create_order(BTC, "market", "sell", 1)
    clock.now_ms += 60_000
    second = await swap.create_order(BTC, "market", "sell", 2)
    trades = await swap.fetch_my_trades(BTC)
    assert [trade["order"] for trade in trades] == [first["id"], second["id"]]
    assert trades[1]["info"]["qty"] == "2.000"
    assert Decimal(trades[0]["info"]["commission"]) == trades[0]["cost"] * Decimal("0.0005")
    from_id = await swap.fetch_my_trades(BTC, None, None, {"fromId": trades[1]["id"]})
    assert [trade["order"] for trade in from_id] == [second["id"]]
    since = await swap.fetch_my_trades(BTC, clock.now_ms)
    assert [trade["order"] for trade in since] == [second["id"]]
    one = await swap.fetch_my_trades(BTC, None, None, {"orderId": first["id"]})
    assert [trade["order"] for trade in one] == [first["id"]]
    clock.now_ms += 8 * 86_400_000
    assert await swap.fetch_my_trades(BTC) == []


async def test_r9_a_flat_account_has_no_position_rows(swap: Binance) -> None:
    await swap.set_leverage(1, BTC)
    assert await swap.fapiprivatev3_get_positionrisk() == []
    assert await swap.fetch_positions() == []
    account = await swap.fapiprivatev3_get_account()
    assert account["positions"] == []
    assert [row["asset"] for row in account["assets"]] == ["USDT"]
    assert int(account["assets"][0]["updateTime"]) > 0
    await swap.create_order(BTC, "limit", "sell", 1, 104_000)
    rows = await swap.fapiprivatev3_get_positionrisk()
    assert [(row["symbol"], row["positionAmt"]) for row in rows] == [("BTCUSDT", "0.000")]


async def test_positions_of_a_cross_and_an_isolated_short(swap: Binance, exchange: Exchange) -> None:
    await swap.create_order(BTC, "market", "sell", 1)
    exchange.set_price("BTC", Decimal(101_000))
    (position,) = await swap.fetch_positions([BTC])
    assert (position["side"], position["contracts"], position["marginMode"]) == ("short", 1, "cross")
    assert position["notional"] == Decimal(101_000)
    assert position["info"]["positionAmt"] == "-1.000"
    assert position["unrealizedPnl"] == position["entryPrice"] - Decimal(101_000)
    assert position["liquidationPrice"] > Decimal(250_000)
    await swap.set_margin_mode("isolated", "ETH/USDT:USDT")
    await swap.set_leverage(1, "ETH/USDT:USDT")
    await swap.create_order("ETH/USDT:USDT", "market", "sell", 10)
    (isolated,) = await swap.fetch_positions(["ETH/USDT:USDT"])
    assert isolated["marginMode"] == "isolated"
    assert Decimal(7900) < isolated["liquidationPrice"] < Decimal(8000)
    assert Decimal(isolated["info"]["isolatedWallet"]) > Decimal(39_900)
    added = await swap.add_margin("ETH/USDT:USDT", 1000)
    assert (added["status"], added["amount"]) == ("ok", 1000)
    (more,) = await swap.fetch_positions(["ETH/USDT:USDT"])
    assert more["collateral"] - isolated["collateral"] == 1000
    reduced = await swap.reduce_margin("ETH/USDT:USDT", 500)
    assert reduced["type"] == "reduce"


async def test_version_2_lists_every_symbol(swap: Binance) -> None:
    await swap.create_order(BTC, "market", "sell", 1)
    rows = {row["symbol"]: row for row in await swap.fapiprivatev2_get_positionrisk()}
    assert rows["BTCUSDT"]["positionAmt"] == "-1.000"
    assert rows["BTCUSDT"]["marginType"] == "cross"
    assert rows["BTCUSDT"]["leverage"] == "20"
    assert rows["1000PEPEUSDT"]["positionAmt"] == "0"
    account = await swap.fapiprivatev2_get_account()
    assert len(account["positions"]) == 4
    assert {row["symbol"]: row["leverage"] for row in account["positions"]}["BNBUSDT"] == "20"
    for balances in (await swap.fapiprivatev2_get_balance(), await swap.fapiprivatev3_get_balance()):
        assert [(row["asset"], Decimal(row["balance"]) < 200_000) for row in balances] == [("USDT", True)]


async def test_balance_follows_margin_and_pnl(swap: Binance, exchange: Exchange) -> None:
    await swap.create_order(BTC, "market", "sell", 1)
    exchange.set_price("BTC", Decimal(95_000))
    balance = await swap.fetch_balance()
    account = balance["info"]
    assert balance["USDT"]["total"] == Decimal(account["totalMarginBalance"])
    assert Decimal(account["totalUnrealizedProfit"]) > Decimal(4_990)
    assert Decimal(account["totalPositionInitialMargin"]) == Decimal(4_750)
    assert Decimal(account["availableBalance"]) == Decimal(account["totalMarginBalance"]) - Decimal(4_750)


async def test_leverage_and_margin_mode(swap: Binance) -> None:
    assert (await swap.fetch_leverage(BTC))["longLeverage"] == 20
    assert (await swap.set_leverage(5, BTC))["leverage"] == 5
    assert (await swap.fetch_leverage(BTC))["longLeverage"] == 5
    assert (await swap.fetch_margin_mode(BTC))["marginMode"] == "cross"
    with pytest.raises(MarginModeAlreadySet):
        await swap.set_margin_mode("cross", BTC)
    await swap.set_margin_mode("isolated", BTC)
    assert (await swap.fetch_margin_mode(BTC))["marginMode"] == "isolated"
    config = await swap.fapiprivate_get_symbolconfig({"symbol": "BTCUSDT"})
    assert config == [
        {
            "symbol": "BTCUSDT",
            "marginType": "ISOLATED",
            "isAutoAddMargin": False,
            "leverage": 5,
            "maxNotionalValue": "480000000",
        }
    ]


async def test_position_mode(swap: Binance) -> None:
    await swap.load_markets()
    assert (await swap.fetch_position_mode(BTC))["hedged"] is False
    with pytest.raises(OperationRejected, match="-4059"):
        await swap.set_position_mode(False, BTC)
    await swap.set_position_mode(True, BTC)
    assert (await swap.fetch_position_mode(BTC))["hedged"] is True
    await swap.create_order(BTC, "market", "sell", 1, None, {"hedged": True})
    (position,) = await swap.fetch_positions([BTC])
    assert (position["side"], position["hedged"]) == ("short", True)
    with pytest.raises(OperationRejected, match="-4061"):
        await swap.create_order(BTC, "market", "sell", 1)
    assert (await swap.fapiprivate_get_multiassetsmargin())["multiAssetsMargin"] is False


async def test_brackets_and_fees(swap: Binance) -> None:
    tiers = (await swap.fetch_leverage_tiers([BTC]))[BTC]
    assert (tiers[0]["maxLeverage"], tiers[0]["maintenanceMarginRate"]) == (125, Decimal("0.004"))
    raw = await swap.fapiprivate_get_leveragebracket({"symbol": "BTCUSDT"})
    assert len(raw) == 1
    assert len(await swap.fetch_market_leverage_tiers(BTC)) == len(tiers)
    fee = await swap.fetch_trading_fee(BTC)
    assert (fee["maker"], fee["taker"]) == (Decimal("0.0002"), Decimal("0.0005"))
    assert (await swap.fetch_trading_fees())[BTC]["info"] == {"feeTier": 0}
    assert (await swap.fapiprivate_get_accountconfig())["dualSidePosition"] is False


async def test_income_explains_every_cent(swap: Binance, exchange: Exchange, clock: Clock) -> None:
    start_ms = clock.now_ms
    await swap.create_order(BTC, "market", "sell", 1)
    exchange.set_price("BTC", Decimal(99_000))
    exchange.settle_funding("BTC", Decimal("0.0001"))
    clock.now_ms += 1000
    await swap.create_order(BTC, "market", "buy", 1, None, {"reduceOnly": True})
    await swap.transfer("USDT", 50, "swap", "spot")
    exchange.deposit("paper", "usdm", "USDT", Decimal(7))
    rows = await swap.fapiprivate_get_income({"limit": 1000})
    assert {row["incomeType"] for row in rows} == {"COMMISSION", "REALIZED_PNL", "FUNDING_FEE", "TRANSFER"}
    balance = exchange.account("paper").margin_summary().wallet
    assert sum(Decimal(row["income"]) for row in rows) == balance - 200_000
    assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)
    only = await swap.fapiprivate_get_income({"incomeType": "COMMISSION", "symbol": "BTCUSDT"})
    assert all(row["tradeId"] for row in only)
    first = await swap.fapiprivate_get_income({"startTime": start_ms, "limit": 1})
    assert first == rows[:1]
    second = await swap.fapiprivate_get_income({"limit": 1, "page": 2})
    assert second == rows[1:2]
    later = await swap.fapiprivate_get_income({"endTime": start_ms})
    assert later == [row for row in rows if int(row["time"]) <= start_ms]


@pytest.mark.parametrize(
    ("order", "error", "code"),
    [
        ((BTC, "market", "sell", 60), InsufficientFunds, "-2019"),
        ((BTC, "market", "buy", 1, None, {"reduceOnly": True}), InvalidOrder, "-2022"),
        ((BTC, "limit", "sell", "0.001", 99_000), InvalidOrder, "-4164"),
        ((BTC, "limit", "sell", 1, 80_000), OperationRejected, "-4131"),
        ((BTC, "market", "sell", 1000), BadRequest, "-4005"),
    ],
)
async def test_refusals_keep_ccxts_classes(swap: Binance, order: Order, error: type[Exception], code: str) -> None:
    with pytest.raises(error, match=code):
        await swap.create_order(*order)


async def test_duplicate_and_unknown_ids(swap: Binance) -> None:
    await swap.create_order(BTC, "limit", "sell", 1, 104_000, {"clientOrderId": "same"})
    with pytest.raises(InvalidOrder, match="-4116"):
        await swap.create_order(BTC, "limit", "sell", 1, 104_000, {"clientOrderId": "same"})
    with pytest.raises(OrderNotFound, match="-2013"):
        await swap.fetch_order("123456", BTC)
    with pytest.raises(OrderNotFound, match="-2011"):
        await swap.cancel_order("123456", BTC)
