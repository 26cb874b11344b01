"""KuCoin's futures behind real ccxt: linear and inverse contracts, modes, margin, funding, and every refusal."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from decimal import Decimal

import pytest
from ccxt.base.errors import BadRequest, BaseError, InsufficientFunds, InvalidOrder, OrderNotFound

from bot.paper.engine.model import ForcedCause, OrderStatus, Side
from bot.paper.wire.kucoin.futures_views import client_oid, trade_type
from tests.paper_wire.kucoin import FUTURES_HOST, INVERSE, SWAP, Bench, Client, trade

ORDERS = f"{FUTURES_HOST}/api/v1/orders"
ORDER = {
    "clientOid": "hb1",
    "symbol": "XBTUSDTM",
    "side": "sell",
    "type": "limit",
    "size": 10,
    "price": "100500",
    "leverage": 1,
}
ISOLATED = {"leverage": 1, "marginMode": "isolated"}


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
async def swap(bench: Bench) -> AsyncIterator[Client]:
    async with bench.client("kucoinfutures") as client:
        yield client


async def test_contracts_are_what_ccxt_wants_them_to_be(swap: Client) -> None:
    await swap.load_markets()
    linear, inverse = swap.market(SWAP), swap.market(INVERSE)
    assert (linear["contractSize"], linear["linear"], linear["precision"]["amount"]) == (0.001, True, 1)
    assert (inverse["contractSize"], inverse["inverse"], inverse["settle"]) == (1, True, "BTC")
    assert swap.market("10000PEPE/USDT:USDT")["active"] is True


async def test_market_data(swap: Client, bench: Bench) -> None:
    ticker = await swap.fetch_ticker(SWAP)
    assert (ticker["bid"], ticker["ask"]) == (99_999, 100_001)
    tickers = await swap.fetch_tickers([SWAP, INVERSE])
    assert tickers[SWAP]["markPrice"] == 100_000
    assert set(await swap.fetch_bids_asks([SWAP])) == {SWAP}
    assert (await swap.fetch_mark_price(SWAP))["markPrice"] == 100_000
    assert len((await swap.fetch_order_book(SWAP, 20))["bids"]) == 20
    assert (await swap.fetch_order_book(SWAP))["asks"][0][0] == 100_001
    candles = await swap.fetch_ohlcv(SWAP, "1h", None, 10)
    assert len(candles) == 10
    assert candles[-1][4] == 100_000
    index = bench.data("GET", f"{FUTURES_HOST}/api/v1/index/query", {"symbol": ".KXBTUSDT"})
    assert index["dataList"][0]["value"] == 100_000
    assert len((await swap.fetch_leverage_tiers([SWAP]))[SWAP]) == 12
    assert (await swap.fetch_market_leverage_tiers(INVERSE))[0]["maxLeverage"] == 125


async def test_funding(swap: Client, bench: Bench) -> None:
    rate = await swap.fetch_funding_rate(SWAP)
    assert (rate["fundingRate"], rate["interval"]) == (0.0001, "8h")
    assert rate["fundingTimestamp"] == bench.exchange.next_funding_ms()
    assert (await swap.fetch_funding_rates([INVERSE]))[INVERSE]["fundingRate"] == 0.0001
    await swap.create_order(SWAP, "market", "sell", 100, None, ISOLATED)
    bench.exchange.settle_funding("BTC", Decimal("0.001"))
    (paid,) = await swap.fetch_funding_history(SWAP)
    assert (paid["amount"], paid["code"], paid["info"]["positionQty"]) == (10, "USDT", -100)
    *before, settled = await swap.fetch_funding_rate_history(SWAP)
    assert len(before) == 90
    assert settled["fundingRate"] == 0.001


async def test_a_short_in_whole_contracts(swap: Client, bench: Bench) -> None:
    order = await swap.create_order(SWAP, "market", "sell", 500, None, {**ISOLATED, "clientOrderId": "hb7"})
    assert order["info"] == {"orderId": order["id"], "clientOid": "hb7"}
    found = await swap.fetch_order(order["id"], SWAP)
    assert (found["status"], found["filled"], found["average"]) == ("closed", 500, 99_999)
    assert (await swap.fetch_order("", SWAP, {"clientOrderId": "hb7"}))["id"] == order["id"]
    (position,) = await swap.fetch_positions()
    assert (position["side"], position["contracts"], position["marginMode"]) == ("short", 500, "isolated")
    assert position["entryPrice"] == 99_999
    assert position["unrealizedPnl"] == -0.5
    raw = position["info"]
    assert (raw["currentQty"], raw["markValue"], raw["posCost"]) == (-500, -50_000, -49_999.5)
    assert 1.9 < raw["liquidationPrice"] / 100_000 < 2
    (trade,) = await swap.fetch_my_trades(SWAP)
    assert (trade["order"], trade["cost"]) == (order["id"], 49_999.5)
    assert trade["fee"]["cost"] == pytest.approx(49_999.5 * 0.0006)
    assert bench.data("GET", f"{FUTURES_HOST}/api/v1/recentFills")[0]["size"] == 500


async def test_an_inverse_short_has_kucoins_signs(swap: Client, bench: Bench) -> None:
    """Value = contracts x multiplier / price with a negative multiplier: positive for a short; P&L = value - cost."""
    bench.exchange.deposit("paper", "futures", "BTC", Decimal(1))
    await swap.set_margin_mode("cross", INVERSE)
    await swap.set_leverage(2, INVERSE)
    await swap.create_order(INVERSE, "market", "sell", 50_000, None, {"marginMode": "cross"})
    bench.exchange.set_price("BTC", Decimal(125_000))
    raw = (await swap.fetch_position(INVERSE))["info"]
    assert (raw["currentQty"], raw["markValue"], raw["isInverse"]) == (-50_000, 0.4, True)
    assert raw["posCost"] == pytest.approx(50_000 / 99_999)
    assert raw["unrealisedPnl"] == pytest.approx(0.4 - 50_000 / 99_999)
    assert (raw["settleCurrency"], raw["crossMode"], raw["leverage"]) == ("XBT", True, 2)
    overview = bench.data("GET", f"{FUTURES_HOST}/api/v1/account-overview", {"currency": "XBT"})
    assert overview["marginBalance"] + overview["unrealisedPNL"] == overview["accountEquity"]
    assert overview["accountEquity"] < overview["marginBalance"] < 1
    (fill,) = bench.data("GET", f"{FUTURES_HOST}/api/v1/fills", {"symbol": "XBTUSDM"})["items"]
    assert fill["feeCurrency"] == "XBT"
    assert Decimal(fill["value"]) == Decimal("0.50000500")
    order = await swap.fetch_order(fill["orderId"], INVERSE)
    assert order["average"] == pytest.approx(99_999)


def test_r4_margin_balance_excludes_what_is_not_realised(bench: Bench) -> None:
    bench.data("POST", ORDERS, {**ORDER, "type": "market"})
    bench.exchange.set_price("BTC", Decimal(110_000))
    row = bench.data("GET", f"{FUTURES_HOST}/api/v1/account-overview", {"currency": "USDT"})
    assert row["unrealisedPNL"] == -Decimal("100.01")
    assert row["accountEquity"] == row["marginBalance"] + row["unrealisedPNL"]
    parts = row["positionMargin"] + row["orderMargin"] + row["frozenFunds"] + row["availableBalance"]
    assert parts == row["accountEquity"]


def test_r9_a_flat_account_has_no_positions_and_a_flat_row_of_its_own(bench: Bench) -> None:
    assert bench.data("GET", f"{FUTURES_HOST}/api/v1/positions") == []
    row = bench.data("GET", f"{FUTURES_HOST}/api/v1/position", {"symbol": "XBTUSDTM"})
    assert (row["isOpen"], row["currentQty"], row["marginMode"]) == (False, 0, "ISOLATED")
    bench.data("POST", ORDERS, {**ORDER, "type": "market"})
    assert len(bench.data("GET", f"{FUTURES_HOST}/api/v1/positions")) == 1
    bench.data("POST", ORDERS, {"clientOid": "hb2", "symbol": "XBTUSDTM", "closeOrder": True, "type": "market"})
    assert bench.data("GET", f"{FUTURES_HOST}/api/v1/positions") == []


async def test_limit_orders(swap: Client, bench: Bench) -> None:
    order = await swap.create_order(SWAP, "limit", "sell", 10, 101_000, {"clientOrderId": "hb2", **ISOLATED})
    assert [o["id"] for o in await swap.fetch_open_orders(SWAP)] == [order["id"]]
    assert [o["id"] for o in await swap.fetch_open_orders()] == [order["id"]]
    await swap.cancel_order("", SWAP, {"clientOrderId": "hb2"})
    (done,) = await swap.fetch_closed_orders(SWAP)
    assert (done["status"], done["filled"]) == ("canceled", 0)
    crossing = await swap.create_order(SWAP, "limit", "sell", 10, 99_000, {"postOnly": True, **ISOLATED})
    assert (await swap.fetch_order(crossing["id"], SWAP))["status"] == "canceled"
    missed = await swap.create_order(SWAP, "limit", "sell", 10, 100_500, {"timeInForce": "IOC", **ISOLATED})
    assert (await swap.fetch_order(missed["id"], SWAP))["status"] == "canceled"
    for price in (101_000, 102_000):
        await swap.create_order(SWAP, "limit", "sell", 10, price, ISOLATED)
    await swap.cancel_all_orders(SWAP)
    assert await swap.fetch_open_orders() == []
    assert bench.exchange.account("paper").positions()[0].contracts == 0


async def test_batches(swap: Client, bench: Bench) -> None:
    rows = [
        {"symbol": SWAP, "type": "limit", "side": "sell", "amount": size, "price": 101_000, "params": ISOLATED}
        for size in (10, 100_000)
    ]
    orders = await swap.create_orders(rows)
    assert [order["info"]["code"] for order in orders] == ["200000", "300003"]
    (gone,) = await swap.cancel_orders([orders[0]["id"]], SWAP)
    assert gone["info"]["code"] == "200"
    assert bench.refused("DELETE", f"{ORDERS}/{orders[0]['id']}")[0] == "100004"


async def test_reduce_only_and_close(swap: Client, bench: Bench) -> None:
    await swap.create_order(SWAP, "market", "sell", 100, None, ISOLATED)
    await swap.create_order(SWAP, "market", "buy", 40, None, {"reduceOnly": True, **ISOLATED})
    assert (await swap.fetch_position(SWAP))["contracts"] == 60
    closing = await swap.close_position(SWAP)
    assert closing["info"]["code"] == "200000"
    assert await swap.fetch_positions() == []
    with pytest.raises(InvalidOrder, match="No open positions to close"):
        await swap.create_order(SWAP, "market", "buy", 40, None, {"reduceOnly": True, **ISOLATED})
    with pytest.raises(InvalidOrder, match="No open positions to close"):
        await swap.close_position(SWAP)
    assert [o.status for o in bench.exchange.account("paper").orders()] == [OrderStatus.FILLED] * 3


async def test_isolated_leverage_comes_with_the_order(swap: Client, bench: Bench) -> None:
    await swap.create_order(SWAP, "market", "sell", 100, None, {"leverage": 5, "marginMode": "isolated"})
    raw = (await swap.fetch_position(SWAP))["info"]
    assert (raw["leverage"], raw["posInit"]) == (5, pytest.approx(9_999.9 / 5))
    with pytest.raises(InsufficientFunds, match="330008"):
        await swap.create_order(SWAP, "market", "sell", 100, None, ISOLATED)
    await swap.create_order(SWAP, "market", "buy", 50, None, ISOLATED | {"reduceOnly": True})
    assert (await swap.fetch_position(SWAP))["info"]["leverage"] == 5
    assert (await swap.fetch_leverage(SWAP))["longLeverage"] == 3, "cross leverage is another setting"
    assert bench.exchange.account("paper").settings("XBTUSDTM") == (5, True)


async def test_a_refused_order_leaves_the_leverage_alone(swap: Client, bench: Bench) -> None:
    with pytest.raises(InsufficientFunds, match="300003"):
        await swap.create_order(SWAP, "market", "sell", 3000, None, ISOLATED)
    assert bench.exchange.account("paper").settings("XBTUSDTM") == (3, True)


async def test_margin_modes(swap: Client, bench: Bench) -> None:
    assert (await swap.fetch_margin_mode(SWAP))["marginMode"] == "isolated"
    with pytest.raises(InvalidOrder, match="330005"):
        await swap.create_order(SWAP, "market", "sell", 10, None, {"marginMode": "cross"})
    assert (await swap.set_margin_mode("cross", SWAP))["marginMode"] == "cross"
    assert (await swap.set_margin_mode("cross", SWAP))["marginMode"] == "cross"
    await swap.set_leverage(7, SWAP)
    assert (await swap.fetch_leverage(SWAP))["longLeverage"] == 7
    with pytest.raises(InvalidOrder, match="330005"):
        await swap.create_order(SWAP, "market", "sell", 10)
    await swap.create_order(SWAP, "market", "sell", 10, None, {"marginMode": "cross", "leverage": 1})
    assert (await swap.fetch_position(SWAP))["info"]["leverage"] == 7
    with pytest.raises(BaseError, match="330002"):
        await swap.set_margin_mode("isolated", SWAP)
    with pytest.raises(BaseError, match="300016"):
        await swap.set_leverage(126, SWAP)
    assert bench.exchange.account("paper").settings("XBTUSDTM") == (7, False)


async def test_position_modes(swap: Client) -> None:
    assert (await swap.fetch_position_mode())["hedged"] is False
    with pytest.raises(BaseError, match="330011"):
        await swap.create_order(SWAP, "market", "sell", 10, None, {"hedged": True, **ISOLATED})
    await swap.set_position_mode(hedged=True)
    await swap.set_position_mode(hedged=True)
    with pytest.raises(InvalidOrder, match="330012"):
        await swap.create_order(SWAP, "market", "sell", 10, None, ISOLATED)
    await swap.create_order(SWAP, "market", "sell", 10, None, {"hedged": True, **ISOLATED})
    await swap.create_order(SWAP, "market", "buy", 5, None, {"positionSide": "LONG", **ISOLATED})
    positions = {p["info"]["positionSide"]: p["info"]["currentQty"] for p in await swap.fetch_positions()}
    assert positions == {"SHORT": -10, "LONG": 5}
    await swap.create_order(SWAP, "market", "buy", 10, None, {"hedged": True, "reduceOnly": True, **ISOLATED})
    assert [p["side"] for p in await swap.fetch_positions()] == ["long"]
    with pytest.raises(BaseError, match="330010"):
        await swap.set_position_mode(hedged=False)


async def test_isolated_margin_can_be_added_and_taken_back(swap: Client, bench: Bench) -> None:
    with pytest.raises(OrderNotFound, match="Position does not exist"):
        await swap.add_margin(SWAP, 10)
    await swap.create_order(SWAP, "market", "sell", 100, None, ISOLATED)
    before = (await swap.fetch_position(SWAP))["liquidationPrice"]
    added = await swap.add_margin(SWAP, 1000)
    assert added["info"]["posMargin"] == pytest.approx(9_999.9 + 1000)
    assert (await swap.fetch_position(SWAP))["liquidationPrice"] > before
    spare = bench.data("GET", f"{FUTURES_HOST}/api/v1/margin/maxWithdrawMargin", {"symbol": "XBTUSDTM"})
    assert 990 < Decimal(spare) < 1000
    # Not 500: ccxt takes an answer of "500" for the status of a broken server.
    await swap.reduce_margin(SWAP, 600)
    assert (await swap.fetch_position(SWAP))["info"]["posMargin"] == pytest.approx(9_999.9 + 400)
    with pytest.raises(BaseError, match="300005"):
        await swap.reduce_margin(SWAP, 5000)
    with pytest.raises(InsufficientFunds, match="300003"):
        await swap.add_margin(SWAP, 500_000)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"size": 1.5}, "300000"),
        ({"size": 0}, "300000"),
        ({"size": 2_000_000}, "300000"),
        ({"size": None}, "400100"),
        ({"price": "100500.05"}, "300000"),
        ({"price": "90000"}, "300012"),
        ({"side": "buy", "price": "106000"}, "300012"),
        ({"price": None}, "400100"),
        ({"symbol": "XBTMH"}, "200003"),
        ({"clientOid": None}, "400100"),
        ({"clientOid": "x" * 41}, "400100"),
        ({"leverage": 126}, "300016"),
        ({"leverage": None}, "400100"),
        ({"leverage": "1.5"}, "300016"),
        ({"marginMode": "BOTH"}, "400100"),
        ({"marginMode": "CROSS"}, "330005"),
        ({"positionSide": "SHORT"}, "330011"),
        ({"positionSide": "UP"}, "400100"),
        ({"reduceOnly": True}, "300009"),
        ({"closeOrder": True, "size": None}, "300009"),
        ({"size": 5000, "price": "100500"}, "300003"),
        ({"stop": "up", "stopPrice": "110000"}, "400100"),
        ({"timeInForce": "IOC", "postOnly": True}, "400100"),
        ({"side": None}, "400100"),
        ({"reduceOnly": "perhaps"}, "400100"),
    ],
)
def test_refused_orders_change_nothing(bench: Bench, changes: Mapping[str, object], code: str) -> None:
    order = {name: value for name, value in {**ORDER, **changes}.items() if value is not None}
    assert bench.refused("POST", ORDERS, order)[0] == code
    account = bench.exchange.account("paper")
    assert account.orders() == []
    assert account.settings("XBTUSDTM") == (3, True)
    assert account.balance("futures", "USDT").free == 200_000


def test_orders_by_coins_and_by_value(bench: Bench) -> None:
    for number, size in enumerate(({"qty": "0.0105"}, {"valueQty": "1050"})):
        order = {**ORDER, **size, "clientOid": f"q{number}"}
        del order["size"]
        bench.data("POST", ORDERS, order)
    assert [order.quantity for order in bench.exchange.account("paper").orders()] == [10, 10]


def test_r19_a_client_id_is_refused_while_its_order_is_open_and_accepted_afterwards(bench: Bench) -> None:
    first = bench.data("POST", ORDERS, ORDER)
    assert bench.refused("POST", ORDERS, ORDER) == ("300018", "clientOid parameter repeated")
    bench.data("DELETE", f"{ORDERS}/client-order/hb1", {"symbol": "XBTUSDTM"})
    second = bench.data("POST", ORDERS, ORDER)
    assert second["orderId"] != first["orderId"]
    found = bench.data("GET", f"{ORDERS}/byClientOid", {"clientOid": "hb1"})
    assert found["id"] == second["orderId"]


async def test_orders_that_are_not_there(swap: Client) -> None:
    with pytest.raises(OrderNotFound, match="100001"):
        await swap.fetch_order("300000000000000009", SWAP)
    with pytest.raises(OrderNotFound, match="100001"):
        await swap.fetch_order("", SWAP, {"clientOrderId": "nobody"})
    with pytest.raises(BadRequest, match="100004"):
        await swap.cancel_order("300000000000000009", SWAP)
    order = await swap.create_order(SWAP, "market", "sell", 10, None, ISOLATED)
    with pytest.raises(BadRequest, match="100004"):
        await swap.cancel_order(order["id"], SWAP)


async def test_test_orders_have_no_effect(swap: Client, bench: Bench) -> None:
    await swap.create_order(SWAP, "market", "sell", 10, None, {"test": True})
    assert bench.refused("POST", f"{ORDERS}/test", {**ORDER, "size": 0})[0] == "300000"
    assert bench.exchange.account("paper").orders() == []


async def test_suspended_and_delisted_contracts(swap: Client, bench: Bench) -> None:
    bench.exchange.set_status("linear:XBTUSDTM", "SUSPENDED")
    await swap.load_markets()
    assert swap.market(SWAP)["active"] is False
    assert bench.refused("POST", ORDERS, ORDER)[0] == "300002"
    bench.exchange.set_status("linear:XBTUSDTM", "DELISTED")
    active = bench.data("GET", f"{FUTURES_HOST}/api/v1/contracts/active")
    assert "XBTUSDTM" not in {row["symbol"] for row in active}


async def test_liquidation_leaves_its_marks(swap: Client, bench: Bench) -> None:
    await swap.create_order(SWAP, "market", "sell", 100, None, {"leverage": 10, "marginMode": "isolated"})
    bench.exchange.set_price("BTC", Decimal(115_000))
    assert await swap.fetch_positions() == []
    fills = bench.data("GET", f"{FUTURES_HOST}/api/v1/recentFills")
    assert [fill["tradeType"] for fill in fills] == ["liquidation", "trade"]
    forced, own = (bench.data("GET", f"{FUTURES_HOST}/api/v1/orders/{fill['orderId']}") for fill in fills)
    assert (forced["clientOid"], bool(own["clientOid"])) == ("", True)


@pytest.mark.parametrize(
    ("cause", "word", "told"),
    [
        (ForcedCause.LIQUIDATION, "liquidation", ""),
        (ForcedCause.ADL, "ADL", ""),
        (ForcedCause.SETTLEMENT, "settlement", ""),
        (None, "trade", "hb1"),
    ],
)
def test_what_the_venue_forces_is_told_in_its_own_words(
    bench: Bench, cause: ForcedCause | None, word: str, told: str
) -> None:
    trade(bench, "linear:XBTUSDTM", Side.SELL, "10")
    order = replace(bench.exchange.account("paper").orders()[-1], client_id="hb1", cause=cause)
    assert (trade_type(order), client_oid(order)) == (word, told)


def test_r29_what_was_booked_explains_the_balance(bench: Bench) -> None:
    """The rows of the ledger sum to the change of the wallet."""
    history = f"{FUTURES_HOST}/api/v1/transaction-history"
    bench.data("POST", ORDERS, {**ORDER, "type": "market"})
    bench.exchange.settle_funding("BTC", Decimal("0.0003"))
    bench.data("POST", ORDERS, {"clientOid": "hb2", "symbol": "XBTUSDTM", "closeOrder": True, "type": "market"})
    move = {"currency": "USDT", "amount": "50", "recAccountType": "MAIN"}
    bench.data("POST", f"{FUTURES_HOST}/api/v3/transfer-out", move)
    rows = bench.data("GET", history, {"currency": "USDT"})["dataList"]
    total = bench.exchange.account("paper").balance("futures", "USDT").total
    assert 200_000 + sum(row["amount"] for row in rows) == total
    assert rows[0]["type"] == "TransferOut"
    assert rows[0]["accountEquity"] == total
    page = bench.data("GET", history, {"maxCount": 1})
    assert (len(page["dataList"]), page["hasMore"]) == (1, True)
    older = bench.data("GET", history, {"maxCount": 1, "offset": rows[0]["offset"]})["dataList"]
    assert older == [rows[1]]


async def test_fees_and_sizes(swap: Client, bench: Bench) -> None:
    fee = await swap.fetch_trading_fee(SWAP)
    assert (fee["maker"], fee["taker"]) == (0.0002, 0.0006)
    most = bench.data("GET", f"{FUTURES_HOST}/api/v2/getMaxOpenSize", {"symbol": "XBTUSDTM", "leverage": 1})
    assert 1990 < most["maxSellOpenSize"] <= 2000
    order = await swap.create_order(SWAP, "limit", "sell", 10, 101_000, ISOLATED)
    open_ = bench.data("GET", f"{FUTURES_HOST}/api/v1/openOrderStatistics", {"symbol": "XBTUSDTM"})
    assert (open_["openOrderSellSize"], open_["openOrderSellCost"]) == (10, "1010")
    assert order["id"]
