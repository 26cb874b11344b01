"""What Binance tells accounts of themselves: through the WebSocket API on spot, through listen keys on futures."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal as D

import pytest

from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import NewOrder, Order, OrderKind, PositionSide, Side, TimeInForce
from bot.paper.wire.binance import BinanceFacade
from bot.paper.wire.channel import Ping, Text
from bot.paper.wire.http import Response
from tests.paper_wire.binance_peer import API, Peer, handshake, signed
from tests.paper_wire.conftest import Clock, Wire

FAPI = "https://fapi.binance.com/fapi/v1"
HOUR_MS = 3_600_000


@pytest.fixture
def connect(facade: BinanceFacade, clock: Clock) -> Callable[[str], Peer]:
    return lambda url: Peer(facade, clock, url)


@pytest.fixture
def api(connect: Callable[[str], Peer], clock: Clock) -> Peer:
    """A connection that is subscribed to the spot account."""
    peer = connect(API)
    answer = peer.ask("userDataStream.subscribe.signature", signed(clock), "7")
    assert (answer["id"], answer["status"], answer["result"]) == ("7", 200, {"subscriptionId": 0})
    return peer


def user(facade: BinanceFacade, wire: Wire, clock: Clock) -> tuple[Peer, str]:
    key = wire.body_of(wire.send("POST", f"{FAPI}/listenKey"))["listenKey"]
    return Peer(facade, clock, f"wss://fstream.binance.com/private/ws?listenKey={key}"), key


def order(exchange: Exchange, key: str, side: Side, quantity: str, price: str | None = None) -> Order:
    kind = OrderKind.MARKET if price is None else OrderKind.LIMIT
    limit = None if price is None else D(price)
    return exchange.submit("paper", NewOrder(listing_key=key, side=side, kind=kind, quantity=D(quantity), price=limit))


# The spot account, through the WebSocket API.


def test_spot_orders_and_balances_are_told(api: Peer, exchange: Exchange) -> None:
    assert api.told(10_000) == []
    resting = order(exchange, "spot:BTCUSDT", Side.BUY, "0.01", "90000")
    report, position = [message["event"] for message in api.told(100)]
    assert (report["e"], report["x"], report["X"], report["c"]) == ("executionReport", "NEW", "NEW", resting.client_id)
    assert position["e"] == "outboundAccountPosition"
    assert {row["a"]: row["l"] for row in position["B"]} == {"BTC": "0.00000000", "USDT": "900.00000000"}
    exchange.cancel("paper", "spot:BTCUSDT", order_id=resting.order_id)
    report, _ = [message["event"] for message in api.told(100)]
    assert (report["x"], report["C"]) == ("CANCELED", resting.client_id)
    assert report["c"] != resting.client_id
    done = order(exchange, "spot:BTCUSDT", Side.SELL, "0.5")
    reports = [message["event"] for message in api.told(100) if message["event"]["e"] == "executionReport"]
    assert [(report["x"], report["X"]) for report in reports] == [("NEW", "NEW"), ("TRADE", "FILLED")]
    assert (reports[1]["t"], reports[1]["l"], reports[1]["N"]) == (done.trades[0].trade_id, "0.50000000", "USDT")


def test_spot_money_that_moves_without_a_trade_is_told(api: Peer, exchange: Exchange) -> None:
    exchange.transfer("paper", "spot", "usdm", "USDT", D(500))
    moved, position = [message["event"] for message in api.told(100)]
    assert (moved["e"], moved["a"], moved["d"]) == ("balanceUpdate", "USDT", "-500.00000000")
    assert position["B"] == [{"a": "USDT", "f": "199500.00000000", "l": "0.00000000"}]
    order(exchange, "linear:BTCUSDT", Side.SELL, "0.1")
    assert api.told(100) == []


def test_a_subscription_can_be_given_up(api: Peer, exchange: Exchange) -> None:
    assert api.ask("userDataStream.unsubscribe", {"subscriptionId": 0})["status"] == 200
    exchange.deposit("paper", "spot", "BTC", D(1))
    assert api.told(100) == []


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [({"secret": "other"}, 400, -1022), ({"key": "nobody"}, 401, -2015), ({"key": ""}, 401, -2014)],
)
def test_who_signs_wrongly_is_told_nothing(
    connect: Callable[[str], Peer], clock: Clock, wrong: dict[str, str], status: int, code: int
) -> None:
    answer = connect(API).ask("userDataStream.subscribe.signature", signed(clock, **wrong))
    assert (answer["status"], answer["error"]["code"]) == (status, code)


def test_an_old_signature_is_refused(connect: Callable[[str], Peer], clock: Clock) -> None:
    params = signed(clock)
    clock.now_ms += 10_001
    assert connect(API).ask("userDataStream.subscribe.signature", params)["error"]["code"] == -1021


def test_orders_over_the_socket(api: Peer, clock: Clock) -> None:
    new = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
    placed = api.ask("order.place", signed(clock, **new, price="90000", newClientOrderId="abc"))
    assert (placed["status"], placed["result"]["status"]) == (200, "NEW")
    (event,) = [json.loads(frame.text)["event"] for frame in api.later[:1] if isinstance(frame, Text)]
    assert (event["x"], event["c"]) == ("NEW", "abc")
    found = api.ask("order.status", signed(clock, symbol="BTCUSDT", origClientOrderId="abc"))
    assert found["result"]["orderId"] == placed["result"]["orderId"]
    assert api.ask("order.cancel", signed(clock, symbol="BTCUSDT", origClientOrderId="abc"))["status"] == 200
    again = api.ask("order.cancel", signed(clock, symbol="BTCUSDT", origClientOrderId="abc"))
    assert (again["status"], again["error"]["code"]) == (400, -2011)
    account = api.ask("account.status", signed(clock))
    assert account["result"]["accountType"] == "SPOT"
    assert api.ask("time", {})["result"]["serverTime"] == clock.now_ms
    assert api.ask("nonsense", {})["status"] == 400


@pytest.mark.parametrize(
    ("host", "path", "symbol", "quantity"),
    [("ws-fapi", "ws-fapi/v1", "BTCUSDT", "0.1"), ("ws-dapi", "ws-dapi/v1", "BTCUSD_PERP", "10")],
)
def test_futures_orders_over_the_socket(
    connect: Callable[[str], Peer], exchange: Exchange, clock: Clock, host: str, path: str, symbol: str, quantity: str
) -> None:
    exchange.deposit("paper", "coinm", "BTC", D(1))
    peer = connect(f"wss://{host}.binance.com/{path}")
    new = {"symbol": symbol, "side": "SELL", "type": "MARKET", "quantity": quantity, "newOrderRespType": "RESULT"}
    assert peer.ask("order.place", signed(clock, **new))["result"]["status"] == "FILLED"
    rows = peer.ask("account.position", signed(clock))["result"]
    assert D(next(row["positionAmt"] for row in rows if row["symbol"] == symbol)) == -D(quantity)


@pytest.mark.parametrize("text", ["{", "[]", '{"id": 1, "method": "time", "params": []}'])
def test_bad_api_requests(connect: Callable[[str], Peer], clock: Clock, text: str) -> None:
    peer = connect(API)
    peer.channel.receive(text, clock.now_ms)
    assert [message["status"] for message in peer.told()] == [400]


# Futures accounts, through listen keys.


def test_futures_orders_positions_and_balances_are_told(
    facade: BinanceFacade, wire: Wire, clock: Clock, exchange: Exchange
) -> None:
    peer, _ = user(facade, wire, clock)
    done = order(exchange, "linear:BTCUSDT", Side.SELL, "0.5")
    account, new, traded = peer.told(100)
    assert (account["e"], account["a"]["m"]) == ("ACCOUNT_UPDATE", "ORDER")
    (position,) = account["a"]["P"]
    assert (position["s"], position["pa"], position["ep"], position["mt"]) == ("BTCUSDT", "-0.500", "99999.0", "cross")
    (balance,) = account["a"]["B"]
    assert (balance["a"], balance["bc"]) == ("USDT", "0.00000000")
    assert (new["o"]["x"], traded["o"]["x"], traded["o"]["X"]) == ("NEW", "TRADE", "FILLED")
    assert (traded["o"]["t"], traded["o"]["N"], traded["o"]["c"]) == (done.trades[0].trade_id, "USDT", done.client_id)
    order(exchange, "spot:BTCUSDT", Side.BUY, "0.01")
    assert peer.told(100) == []


@pytest.mark.parametrize(
    ("act", "reason", "change"),
    [
        (lambda exchange: exchange.settle_funding("BTC", D("0.001")), "FUNDING_FEE", "50.00000000"),
        (lambda exchange: exchange.transfer("paper", "spot", "usdm", "USDT", D(7)), "DEPOSIT", "7.00000000"),
        (lambda exchange: exchange.transfer("paper", "usdm", "spot", "USDT", D(7)), "WITHDRAW", "-7.00000000"),
    ],
)
def test_why_a_futures_wallet_changed(
    facade: BinanceFacade,
    wire: Wire,
    clock: Clock,
    exchange: Exchange,
    act: Callable[[Exchange], object],
    reason: str,
    change: str,
) -> None:
    order(exchange, "linear:BTCUSDT", Side.SELL, "0.5")
    peer, _ = user(facade, wire, clock)
    act(exchange)
    (account,) = peer.told(100)
    assert account["a"]["m"] == reason
    assert [(row["a"], row["bc"]) for row in account["a"]["B"]] == [("USDT", change)]


def test_margin_that_is_added_is_told(facade: BinanceFacade, wire: Wire, clock: Clock, exchange: Exchange) -> None:
    exchange.set_margin_mode("paper", "BTCUSDT", isolated=True)
    order(exchange, "linear:BTCUSDT", Side.SELL, "0.5")
    peer, _ = user(facade, wire, clock)
    exchange.add_margin("paper", "BTCUSDT", PositionSide.BOTH, D(1000))
    (account,) = peer.told(100)
    (position,) = account["a"]["P"]
    assert (account["a"]["m"], account["a"]["B"], position["mt"]) == ("MARGIN_TRANSFER", [], "isolated")
    assert D(position["iw"]) > 1000


def test_a_liquidation_is_told(facade: BinanceFacade, wire: Wire, clock: Clock, exchange: Exchange) -> None:
    exchange.set_margin_mode("paper", "BTCUSDT", isolated=True)
    order(exchange, "linear:BTCUSDT", Side.SELL, "0.5")
    peer, _ = user(facade, wire, clock)
    exchange.set_price("BTC", D(120_000))
    told = peer.told(100)
    orders = [message["o"] for message in told if message["e"] == "ORDER_TRADE_UPDATE"]
    assert {(body["o"], body["c"][:10]) for body in orders} == {("LIQUIDATION", "autoclose-")}
    assert orders[-1]["x"] == "CALCULATED"
    reasons = {message["a"]["m"]: message["a"] for message in told if message["e"] == "ACCOUNT_UPDATE"}
    assert "INSURANCE_CLEAR" in reasons
    assert [(row["s"], D(row["pa"])) for row in reasons["ORDER"]["P"]] == [("BTCUSDT", D(0))]


def test_an_inverse_account_is_told_in_coins(
    facade: BinanceFacade, wire: Wire, clock: Clock, exchange: Exchange
) -> None:
    exchange.deposit("paper", "coinm", "BTC", D(1))
    key = wire.body_of(wire.send("POST", "https://dapi.binance.com/dapi/v1/listenKey"))["listenKey"]
    peer = Peer(facade, clock, f"wss://dstream.binance.com/ws/{key}")
    order(exchange, "inverse:BTCUSD_PERP", Side.SELL, "100")
    account, _, traded = peer.told(100)
    assert [(row["s"], row["pa"], row["ma"]) for row in account["a"]["P"]] == [("BTCUSD_PERP", "-100", "BTC")]
    assert [row["a"] for row in account["a"]["B"]] == ["BTC"]
    assert (traded["o"]["N"], traded["o"]["ma"]) == ("BTC", "BTC")
    order(exchange, "linear:BTCUSDT", Side.SELL, "0.1")
    assert peer.told(100) == []


def test_a_listen_key_lives_for_an_hour_from_its_last_renewal(
    facade: BinanceFacade, wire: Wire, clock: Clock, exchange: Exchange
) -> None:
    peer, key = user(facade, wire, clock)
    assert wire.body_of(wire.send("POST", f"{FAPI}/listenKey"))["listenKey"] == key
    clock.now_ms += HOUR_MS - 1
    assert wire.body_of(wire.send("PUT", f"{FAPI}/listenKey"))["listenKey"] == key
    clock.now_ms += HOUR_MS - 1
    assert [type(frame) for frame in peer.frames()] == [Ping]
    (expired,) = peer.told(1)
    assert expired == {"e": "listenKeyExpired", "E": clock.now_ms, "listenKey": key}
    order(exchange, "linear:BTCUSDT", Side.SELL, "0.1")
    assert peer.told(1000) == []
    assert wire.refused("PUT", f"{FAPI}/listenKey") == (400, -1125, "This listenKey does not exist.")
    assert wire.body_of(wire.send("POST", f"{FAPI}/listenKey"))["listenKey"] != key


def test_a_closed_listen_key_opens_nothing(facade: BinanceFacade, wire: Wire, clock: Clock) -> None:
    _, key = user(facade, wire, clock)
    assert wire.send("DELETE", f"{FAPI}/listenKey").status == 200
    refused = facade.connect(handshake(clock, f"wss://fstream.binance.com/private/ws?listenKey={key}"))
    assert isinstance(refused, Response)
    assert wire.send("DELETE", f"{FAPI}/listenKey").status == 200


def test_a_listen_key_is_for_one_kind_of_futures(facade: BinanceFacade, wire: Wire, clock: Clock) -> None:
    _, key = user(facade, wire, clock)
    peer = Peer(facade, clock, f"wss://dstream.binance.com/ws/{key}")
    assert peer.ask("LIST_SUBSCRIPTIONS")["result"] == []


def test_requests_on_a_user_stream_are_answered(facade: BinanceFacade, wire: Wire, clock: Clock) -> None:
    peer, _ = user(facade, wire, clock)
    assert peer.ask("SUBSCRIBE", ["x"], 3) == {"result": None, "id": 3}
    peer.channel.receive("{", clock.now_ms)
    assert peer.told()[0]["error"]["code"] == 3


def test_an_expired_remainder_is_told(api: Peer, exchange: Exchange) -> None:
    exchange.submit(
        "paper",
        NewOrder(
            listing_key="spot:BTCUSDT",
            side=Side.BUY,
            kind=OrderKind.LIMIT,
            quantity=D("0.01"),
            price=D(90_000),
            tif=TimeInForce.IOC,
        ),
    )
    reports = [message["event"] for message in api.told(100)]
    assert [report["x"] for report in reports if report["e"] == "executionReport"] == ["NEW", "EXPIRED"]


def test_a_changed_order_keeps_its_id(facade: BinanceFacade, wire: Wire, clock: Clock, exchange: Exchange) -> None:
    peer, _ = user(facade, wire, clock)
    resting = order(exchange, "linear:BTCUSDT", Side.BUY, "0.01", "96000")
    peer.told(100)
    changed = {"symbol": "BTCUSDT", "side": "BUY", "orderId": resting.order_id, "quantity": "0.02", "price": "97000"}
    body = wire.body_of(wire.send("PUT", f"{FAPI}/order", changed))
    assert (body["orderId"], body["origQty"], body["price"]) == (resting.order_id, "0.020", "97000.00")
    (told,) = peer.told(100)
    assert (told["o"]["x"], told["o"]["i"], told["o"]["q"]) == ("AMENDMENT", resting.order_id, "0.020")
