"""KuCoin's spot side behind real ccxt: markets, orders of each kind on both systems, and every refusal."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from decimal import Decimal

import pytest
from ccxt.base.errors import (
    BadRequest,
    BadSymbol,
    BaseError,
    InsufficientFunds,
    OrderNotFound,
)

from tests.paper_wire.kucoin import BTC, SPOT_HOST, Bench, Client

HF = f"{SPOT_HOST}/api/v1/hf/orders"
OLD = f"{SPOT_HOST}/api/v1/orders"
ORDER = {"symbol": "BTC-USDT", "side": "sell", "type": "limit", "size": "0.1", "price": "120000"}


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
async def spot(bench: Bench) -> AsyncIterator[Client]:
    async with bench.client() as client:
        yield client


async def test_markets_load_and_nothing_is_missing(spot: Client) -> None:
    await spot.load_markets()
    assert {BTC, "BTC/USDT:USDT", "BTC/USD:BTC", "10000PEPE/USDT:USDT"} <= spot.markets.keys()
    assert any(market["future"] for market in spot.markets.values())
    market = spot.market(BTC)
    assert market["active"] is True
    assert market["limits"]["amount"]["min"] == 0.00001
    assert spot.options["hf"] is True
    assert spot.options["uta"] is False
    assert spot.currencies["BTC"]["id"] == "BTC"


async def test_market_data(spot: Client, bench: Bench) -> None:
    ticker = await spot.fetch_ticker(BTC)
    assert (ticker["bid"], ticker["ask"], ticker["last"]) == (99_999, 100_001, 100_000)
    assert len(await spot.fetch_tickers()) == 6
    book = await spot.fetch_order_book(BTC, 20)
    assert len(book["asks"]) == 20
    assert (await spot.fetch_order_book(BTC))["bids"][0][0] == 99_999
    level1 = bench.data("GET", f"{SPOT_HOST}/api/v1/market/orderbook/level1", {"symbol": "BTC-USDT"})
    assert (level1["bestBid"], level1["bestAsk"]) == ("99999", "100001")
    await spot.create_order(BTC, "market", "sell", 0.5)
    trades = await spot.fetch_trades(BTC)
    assert [(trade["side"], trade["amount"]) for trade in trades] == [("sell", 0.5)]
    assert (await spot.fetch_status())["status"] == "ok"


async def test_candles_follow_price_and_trades(spot: Client, bench: Bench) -> None:
    bench.clock.now_ms += 3_600_000
    bench.exchange.set_price("BTC", Decimal(110_000))
    bench.clock.now_ms += 60_000
    bench.exchange.set_price("BTC", Decimal(95_000))
    bench.clock.now_ms += 60_000
    *_, before, last = await spot.fetch_ohlcv(BTC, "1h", None, 3)
    assert before[1:5] == [100_000] * 4
    assert last[2:5] == [110_000, 95_000, 95_000]
    assert last[0] % 3_600_000 == 0


async def test_an_answer_to_an_order_holds_only_its_ids(spot: Client) -> None:
    order = await spot.create_order(BTC, "market", "sell", 0.4, None, {"clientOrderId": "hb1"})
    assert order["info"] == {"orderId": order["id"], "clientOid": "hb1"}
    found = await spot.fetch_order(order["id"], BTC)
    assert (found["status"], found["filled"], found["fee"]["currency"]) == ("closed", 0.4, "USDT")
    assert found["fee"]["cost"] == pytest.approx(found["cost"] / 1000)


async def test_a_buy_pays_its_fee_in_quote(spot: Client, bench: Bench) -> None:
    """Everything bought arrives; the fee comes on top."""
    await spot.create_order(BTC, "market", "buy", 0.5)
    account = bench.exchange.account("paper")
    assert account.balance("trade", "BTC").total == Decimal("1.5")
    cost = Decimal(100001) * Decimal("0.5")
    assert account.balance("trade", "USDT").total == Decimal(200_000) - cost - cost / 1000


async def test_market_buy_by_funds(spot: Client) -> None:
    order = await spot.create_market_buy_order_with_cost(BTC, 1000)
    found = await spot.fetch_order(order["id"], BTC)
    assert found["info"]["funds"] == "1000"
    assert found["info"]["size"] == "0"
    assert 999 < found["cost"] <= 1000
    assert found["status"] == "closed"


async def test_limit_order_rests_and_is_found_by_either_id(spot: Client) -> None:
    order = await spot.create_order(BTC, "limit", "sell", 0.1, 120_000, {"clientOrderId": "hb2"})
    for found in (
        await spot.fetch_order(order["id"], BTC),
        await spot.fetch_order("", BTC, {"clientOrderId": "hb2"}),
    ):
        assert (found["id"], found["status"], found["remaining"]) == (order["id"], "open", 0.1)
    assert [o["id"] for o in await spot.fetch_open_orders(BTC)] == [order["id"]]
    assert (await spot.fetch_balance())["BTC"]["used"] == 0.1
    await spot.cancel_order("", BTC, {"clientOrderId": "hb2"})
    assert (await spot.fetch_order(order["id"], BTC))["status"] == "canceled"
    assert [o["id"] for o in await spot.fetch_closed_orders(BTC)] == [order["id"]]


async def test_post_only_that_would_cross_is_accepted_and_cancelled(spot: Client) -> None:
    crossing = await spot.create_order(BTC, "limit", "sell", 0.1, 99_000, {"postOnly": True})
    gone = await spot.fetch_order(crossing["id"], BTC)
    assert (gone["status"], gone["filled"], gone["postOnly"]) == ("canceled", 0, True)
    resting = await spot.create_order(BTC, "limit", "sell", 0.1, 120_000, {"postOnly": True})
    assert (await spot.fetch_order(resting["id"], BTC))["status"] == "open"


@pytest.mark.parametrize(
    ("tif", "price", "status", "filled"),
    [("IOC", 90_000, "canceled", 0), ("IOC", 100_100, "closed", 0.1), ("FOK", 100_000, "canceled", 0)],
)
async def test_immediate_orders(spot: Client, tif: str, price: int, status: str, filled: float) -> None:
    order = await spot.create_order(BTC, "limit", "buy", 0.1, price, {"timeInForce": tif})
    found = await spot.fetch_order(order["id"], BTC)
    assert (found["status"], found["filled"]) == (status, filled)


async def test_cancel_all_edit_and_batches(spot: Client, bench: Bench) -> None:
    for price in (120_000, 130_000):
        await spot.create_order(BTC, "limit", "sell", 0.1, price)
    await spot.cancel_all_orders(BTC)
    assert await spot.fetch_open_orders(BTC) == []
    order = await spot.create_order(BTC, "limit", "sell", 0.1, 120_000, {"clientOrderId": "hb3"})
    edited = await spot.edit_order(order["id"], BTC, "limit", "sell", 0.2, 121_000)
    found = await spot.fetch_order(edited["id"], BTC)
    assert (found["amount"], found["price"], found["clientOrderId"]) == (0.2, 121_000, "hb3")
    assert (await spot.fetch_order(order["id"], BTC))["status"] == "canceled"
    rows = [
        {"symbol": BTC, "type": "limit", "side": "buy", "amount": 0.1, "price": 90_000},
        {"symbol": BTC, "type": "limit", "side": "buy", "amount": 900, "price": 90_000},
    ]
    orders = [{**ORDER, "clientOid": f"b{number}", "size": size} for number, size in enumerate(("0.1", "900"))]
    await spot.create_orders(rows)
    good, bad = bench.data("POST", f"{HF}/multi", {"orderList": orders})
    assert (good["success"], bad["success"], bad["failMsg"]) == (True, False, "Balance insufficient!")


async def test_test_orders_have_no_effect(spot: Client, bench: Bench) -> None:
    await spot.create_order(BTC, "limit", "buy", 0.1, 90_000, {"test": True})
    with pytest.raises(BaseError):
        await spot.create_order(BTC, "limit", "buy", 0.000001, 90_000, {"test": True})
    assert bench.exchange.account("paper").orders() == []


async def test_my_trades(spot: Client) -> None:
    first = await spot.create_order(BTC, "market", "sell", 0.1)
    second = await spot.create_order(BTC, "market", "sell", 0.2)
    trades = await spot.fetch_my_trades(BTC)
    assert [trade["order"] for trade in trades] == [first["id"], second["id"]]
    assert trades[0]["fee"] == {"cost": trades[0]["cost"] / 1000, "currency": "USDT", "rate": 0.001}
    only = await spot.fetch_my_trades(BTC, None, None, {"orderId": first["id"]})
    assert [trade["order"] for trade in only] == [first["id"]]
    fee = await spot.fetch_trading_fee(BTC)
    assert (fee["maker"], fee["taker"]) == (0.001, 0.001)


async def test_the_old_system_has_its_own_paths_and_shapes() -> None:
    bench = Bench(hf=False)
    async with bench.client() as spot:
        await spot.load_markets()
        assert spot.options["hf"] is False
        order = await spot.create_order(BTC, "limit", "sell", 0.1, 120_000, {"clientOrderId": "old"})
        assert order["info"] == {"orderId": order["id"]}
        assert (await spot.fetch_order(order["id"]))["status"] == "open"
        assert (await spot.fetch_order("", BTC, {"clientOrderId": "old"}))["id"] == order["id"]
        assert [o["id"] for o in await spot.fetch_open_orders()] == [order["id"]]
        assert (await spot.cancel_order(order["id"]))["id"] == order["id"]
        assert [o["status"] for o in await spot.fetch_closed_orders(BTC)] == ["canceled"]
        assert (await spot.fetch_balance())["BTC"]["total"] == 1
        await spot.create_order(BTC, "market", "sell", 0.1)
        assert len(await spot.fetch_my_trades()) == 1
        assert (await spot.create_order(BTC, "limit", "buy", 0.1, 90_000, {"test": True}))["id"]
        with pytest.raises(OrderNotFound, match="order_not_exist_or_not_allow_to_cancel"):
            await spot.cancel_order("650000000000000000000009")
        await spot.cancel_all_orders()


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"size": "0.000001"}, "400100", "Order size below the minimum requirement."),
        ({"size": "0.100000001"}, "400100", "Order size increment invalid."),
        ({"price": "120000.05"}, "400100", "Price increment invalid."),
        ({"size": "2"}, "200004", "Balance insufficient!"),
        ({"symbol": "XYZ-USDT"}, "900001", "symbol not exists"),
        ({"side": "hold"}, "400100", "side parameter is invalid"),
        ({"type": "stop"}, "400100", "type parameter is invalid"),
        ({"stop": "loss"}, "400100", "stop orders are not supported"),
        ({"timeInForce": "GTT"}, "400100", "timeInForce parameter is invalid"),
        ({"timeInForce": "IOC", "postOnly": True}, "400100", "postOnly is invalid when timeInForce is IOC or FOK"),
        ({"price": None}, "400100", "price can not be empty"),
        ({"size": None}, "400100", "size can not be empty"),
        ({"size": "-1"}, "400100", "size parameter is invalid"),
        ({"type": "market", "funds": "10"}, "400100", "either size or funds is required"),
        ({"type": "market", "size": None}, "400100", "either size or funds is required"),
        ({"type": "market", "size": None, "funds": "0.01"}, "600101", "The order funds should more then 0.1 USDT."),
        ({"clientOid": "x" * 41}, "400100", "clientOid is invalid: at most 40 characters of [A-Za-z0-9_-]"),
        ({"clientOid": "a b"}, "400100", "clientOid is invalid: at most 40 characters of [A-Za-z0-9_-]"),
    ],
)
def test_refused_orders_change_nothing(bench: Bench, changes: Mapping[str, object], code: str, text: str) -> None:
    order = {name: value for name, value in {**ORDER, **changes}.items() if value is not None}
    assert bench.refused("POST", HF, order) == (code, text)
    account = bench.exchange.account("paper")
    assert account.orders() == []
    assert account.balance("trade", "BTC").free == 1


def test_r19_a_client_id_is_refused_while_its_order_is_open_and_accepted_afterwards(bench: Bench) -> None:
    order = {**ORDER, "clientOid": "same"}
    first = bench.data("POST", HF, order)
    assert bench.refused("POST", HF, order) == ("102435", "clientOid duplicate")
    assert bench.refused("POST", OLD, order) == ("400100", "validation.createOrder.clientOidDuplicated")
    bench.data("DELETE", f"{HF}/client-order/same", {"symbol": "BTC-USDT"})
    second = bench.data("POST", HF, order)
    assert second["orderId"] != first["orderId"]
    assert bench.data("GET", f"{HF}/client-order/same", {"symbol": "BTC-USDT"})["id"] == second["orderId"]


async def test_orders_that_are_not_there(spot: Client, bench: Bench) -> None:
    with pytest.raises(OrderNotFound, match="order_not_exist"):
        await spot.fetch_order("650000000000000000000009", BTC)
    with pytest.raises(OrderNotFound, match="order_not_exist"):
        await spot.fetch_order("", BTC, {"clientOrderId": "nobody"})
    with pytest.raises(BadRequest, match="order_not_exist_or_not_allow_to_be_cancelled"):
        await spot.cancel_order("no-id-at-all", BTC)
    order = await spot.create_order(BTC, "market", "sell", 0.1)
    with pytest.raises(BadRequest, match="order_not_exist_or_not_allow_to_be_cancelled"):
        await spot.cancel_order(order["id"], BTC)
    bench.clock.now_ms += 3 * 86_400_000 + 1
    with pytest.raises(OrderNotFound, match="order_not_exist"):
        await spot.fetch_order(order["id"], BTC)


@pytest.mark.parametrize(
    ("order", "error", "text"),
    [
        (("limit", "sell", 2, 120_000), InsufficientFunds, "Balance insufficient"),
        (("limit", "buy", 3, 90_000), InsufficientFunds, "Balance insufficient"),
        (("market", "sell", 1.5), InsufficientFunds, "Balance insufficient"),
    ],
)
async def test_refusals_keep_ccxts_classes(
    spot: Client, order: tuple[object, ...], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        await spot.create_order(BTC, *order)


async def test_a_suspended_pair_says_so(spot: Client, bench: Bench) -> None:
    bench.exchange.set_status("spot:BTC-USDT", "SUSPENDED")
    await spot.load_markets()
    assert spot.market(BTC)["active"] is False
    with pytest.raises(BadSymbol, match="symbolNotAvailable"):
        await spot.create_order(BTC, "market", "sell", 0.1)
