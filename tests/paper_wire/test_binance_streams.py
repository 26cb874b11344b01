"""Binance's WebSockets without a socket: frames in, frames out, on time that a test moves."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from decimal import Decimal as D
from itertools import pairwise
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import Listing, MarketType, NewOrder, Order, OrderKind, PositionSide, Side, TimeInForce
from bot.paper.wire.binance import BinanceFacade
from bot.paper.wire.channel import Channel, Close, Frame, Ping, Text
from bot.paper.wire.http import Request, Response
from tests.paper_wire.conftest import Body, Clock, Wire

SPOT = "wss://stream.binance.com:9443/ws/0"
LINEAR = "wss://fstream.binance.com/public/ws/0"
INVERSE = "wss://dstream.binance.com/ws/0"
API = "wss://ws-api.binance.com:443/ws-api/v3"
FAPI = "https://fapi.binance.com/fapi/v1"
HOUR_MS = 3_600_000


class Peer:
    """The client's end of one connection."""

    def __init__(self, facade: BinanceFacade, clock: Clock, url: str) -> None:
        opened = facade.connect(handshake(clock, url))
        assert not isinstance(opened, Response), opened
        self.channel: Channel = opened
        self.clock = clock

    def ask(self, method: str, params: object = (), request_id: object = 1) -> Body:
        """Send a request; its answer is the first frame after it."""
        self.channel.receive(json.dumps({"method": method, "params": params, "id": request_id}), self.clock.now_ms)
        first, *rest = self.frames()
        self.later = rest
        assert isinstance(first, Text)
        return json.loads(first.text)

    def frames(self) -> list[Frame]:
        return list(self.channel.frames(self.clock.now_ms))

    def told(self, after_ms: int = 0) -> list[Body]:
        """The messages that are there after some time."""
        self.clock.now_ms += after_ms
        return [json.loads(frame.text) for frame in self.frames() if isinstance(frame, Text)]


def handshake(clock: Clock, url: str) -> Request:
    parts = urlsplit(url)
    return Request(
        method="GET", host=parts.hostname or "", path=parts.path, query=parts.query, headers={}, now_ms=clock.now_ms
    )


def signed(clock: Clock, *, secret: str = "paper", key: str = "paper", **params: object) -> dict[str, object]:  # noqa: S107
    """Parameters as ccxt.pro signs them: over all of them in alphabetical order."""
    whole = {**params, "apiKey": key, "timestamp": clock.now_ms, "recvWindow": 10_000}
    payload = "&".join(f"{name}={value}" for name, value in sorted(whole.items()))
    return whole | {"signature": hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()}


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


# Market streams.


def test_a_subscription_is_acknowledged_before_it_speaks(connect: Callable[[str], Peer]) -> None:
    peer = connect(SPOT)
    assert peer.told(1000) == []
    assert peer.ask("SUBSCRIBE", ["btcusdt@bookTicker"]) == {"result": None, "id": 1}
    (first,) = peer.later
    assert isinstance(first, Text)
    assert set(json.loads(first.text)) == {"u", "s", "b", "B", "a", "A"}
    assert peer.ask("LIST_SUBSCRIPTIONS")["result"] == ["btcusdt@bookTicker"]
    assert peer.ask("UNSUBSCRIBE", ["btcusdt@bookTicker"], "x") == {"result": None, "id": "x"}
    assert peer.told(5000) == []


@pytest.mark.parametrize(
    ("url", "symbol", "name"), [(SPOT, "BTCUSDT", "spot"), (LINEAR, "BTCUSDT", "linear"), (INVERSE, "BTCUSD_PERP", "c")]
)
def test_best_levels_come_at_once_when_they_change_and_every_second_when_not(
    connect: Callable[[str], Peer], exchange: Exchange, url: str, symbol: str, name: str
) -> None:
    peer = connect(url)
    peer.ask("SUBSCRIBE", [f"{symbol.lower()}@bookTicker"])
    assert peer.told(100) == []
    (again,) = peer.told(900)
    exchange.set_price("BTC", D(90_000))
    (moved,) = peer.told(100)
    assert D(again["b"]) < 100_000 < D(again["a"])
    assert D(moved["b"]) < 90_000 < D(moved["a"])
    assert moved["s"] == symbol
    assert moved.get("ps") == ("BTCUSD" if url == INVERSE else None)


@pytest.mark.parametrize(
    ("url", "stream", "event"),
    [
        (SPOT, "btcusdt@miniTicker", "24hrMiniTicker"),
        (SPOT, "btcusdt@ticker", "24hrTicker"),
        (SPOT, "btcusdt@kline_1m", "kline"),
        (LINEAR, "btcusdt@markPrice@1s", "markPriceUpdate"),
        (LINEAR, "btcusdt@depth20@100ms", "depthUpdate"),
        (INVERSE, "btcusd_perp@markPrice@1s", "markPriceUpdate"),
        (INVERSE, "btcusd_perp@miniTicker", "24hrMiniTicker"),
    ],
)
def test_streams_speak_every_second(connect: Callable[[str], Peer], url: str, stream: str, event: str) -> None:
    peer = connect(url)
    peer.ask("SUBSCRIBE", [stream])
    for _ in range(3):
        assert event in {message["e"] for message in peer.told(1000)}


@pytest.mark.parametrize(
    ("stream", "count"), [("!miniTicker@arr", 4), ("!ticker@arr", 4), ("!markPrice@arr@1s", 4), ("!markPrice@arr", 4)]
)
def test_whole_markets_come_as_a_list(connect: Callable[[str], Peer], stream: str, count: int) -> None:
    peer = connect(LINEAR)
    peer.ask("SUBSCRIBE", [stream])
    (rows,) = peer.told(3000)
    assert len(rows) == count


def test_all_best_levels_come_one_by_one(connect: Callable[[str], Peer]) -> None:
    peer = connect(LINEAR)
    peer.ask("SUBSCRIBE", ["!bookTicker"])
    assert [message["s"] for message in peer.told(1000)] == ["BTCUSDT", "BNBUSDT", "ETHUSDT", "1000PEPEUSDT"]


@pytest.mark.parametrize("url", [SPOT, LINEAR, INVERSE])
@given(
    steps=st.lists(st.tuples(st.integers(1, 400), st.sampled_from(["price", "rest", "cancel", "wait"])), max_size=12)
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_book_joined_at_any_moment_stays_the_books_own(
    url: str, steps: list[tuple[int, str]], exchange: Exchange, facade: BinanceFacade, wire: Wire, clock: Clock
) -> None:
    """Binance's own prescription: buffer messages, read a snapshot, drop the older ones, apply the others in order."""
    # Request weights are counted by the minute, and examples share the venue.
    clock.now_ms += 60_000
    exchange.deposit("paper", "coinm", "BTC", D(1))
    market = {SPOT: MarketType.SPOT, LINEAR: MarketType.LINEAR, INVERSE: MarketType.INVERSE}[url]
    (listing,) = [x for x in exchange.listings.values() if x.market is market and x.asset == "BTC"]
    root = {SPOT: "api.binance.com/api/v3", LINEAR: "fapi.binance.com/fapi/v1", INVERSE: "dapi.binance.com/dapi/v1"}
    peer = Peer(facade, clock, url)
    peer.ask("SUBSCRIBE", [f"{listing.symbol.lower()}@depth@100ms"])
    messages: list[Body] = []
    snapshot: Body = None
    for number, (wait_ms, what) in enumerate(steps):
        stir(exchange, listing, what, number)
        messages += peer.told(wait_ms)
        if number == len(steps) // 2:
            snapshot = wire.get(f"https://{root[url]}/depth", symbol=listing.symbol, limit=1000)
    messages += peer.told(200)
    for before, after in pairwise(messages):
        assert after["U"] == before["u"] + 1
        assert after.get("pu", before["u"]) == before["u"]
    if snapshot is None:
        return
    joined = [message for message in messages if message["u"] > snapshot["lastUpdateId"]]
    assert joined[0]["U"] <= snapshot["lastUpdateId"] + 1
    book = {side: dict(snapshot[side]) for side in ("bids", "asks")}
    for message in joined:
        for side, name in (("bids", "b"), ("asks", "a")):
            book[side] |= dict(message[name])
    now = wire.get(f"https://{root[url]}/depth", symbol=listing.symbol, limit=1000)
    for side in ("bids", "asks"):
        assert {price: size for price, size in book[side].items() if D(size)} == dict(now[side])


def stir(exchange: Exchange, listing: Listing, what: str, number: int) -> None:
    match what:
        case "price":
            exchange.set_price("BTC", D(100_000 + 500 * (number - 5)))
        case "rest":
            price = D(90_000 + 10 * number)
            new = NewOrder(
                listing_key=listing.key,
                side=Side.BUY,
                kind=OrderKind.LIMIT,
                quantity=max(listing.quantity_min, D("0.005")),
                price=price,
            )
            if listing.market is MarketType.SPOT or price * D("1.05") > exchange.mark(listing.key):
                exchange.submit("paper", new)
        case "cancel":
            exchange.cancel_all("paper", listing.key)
        case _:
            assert what == "wait"


def test_trades_are_told_once_and_others_trade_too(connect: Callable[[str], Peer], exchange: Exchange) -> None:
    peer = connect(SPOT)
    peer.ask("SUBSCRIBE", ["btcusdt@trade", "btcusdt@aggTrade"])
    own = order(exchange, "spot:BTCUSDT", Side.BUY, "0.5").trades[0]
    told = peer.told(500)
    mine = [message for message in told if D(message["q"]) == D("0.5")]
    assert [(message["e"], message.get("t", message.get("a"))) for message in mine] == [
        ("trade", own.trade_id),
        ("aggTrade", own.trade_id),
    ]
    later = [message for _ in range(3) for message in peer.told(1000) if message["e"] == "trade"]
    assert len({message["t"] for message in later}) == len(later) >= 3


def test_an_ended_candle_is_told_once_more(connect: Callable[[str], Peer], clock: Clock) -> None:
    peer = connect(LINEAR)
    clock.now_ms += 60_000 - clock.now_ms % 60_000 - 100
    peer.ask("SUBSCRIBE", ["btcusdt@kline_1m"])
    ended, running = peer.told(200)
    assert (ended["k"]["x"], running["k"]["x"]) == (True, False)
    assert ended["k"]["T"] + 1 == running["k"]["t"]


def test_an_address_may_name_streams_and_combine_them(connect: Callable[[str], Peer]) -> None:
    peer = connect("wss://stream.binance.com:9443/stream?streams=btcusdt@miniTicker/ethusdt@miniTicker")
    assert [message["stream"] for message in peer.told()] == ["btcusdt@miniTicker", "ethusdt@miniTicker"]
    assert {message["data"]["s"] for message in peer.told(1000)} == {"BTCUSDT", "ETHUSDT"}
    raw = connect("wss://stream.binance.com:9443/ws/btcusdt@miniTicker")
    assert [message["s"] for message in raw.told()] == ["BTCUSDT"]


def test_an_unknown_stream_is_acknowledged_and_silent(connect: Callable[[str], Peer]) -> None:
    peer = connect(SPOT)
    names = ["nonsense@trade", "btcusdt@nonsense", "btcusdt@markPrice", "!nonsense@arr"]
    assert peer.ask("SUBSCRIBE", names) == {"result": None, "id": 1}
    assert peer.told(10_000) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", 3),
        ("[]", 2),
        ('{"id": 1}', 2),
        ('{"method": "SUBSCRIBE", "params": [1]}', 2),
        ('{"method": "SHOUT", "params": []}', 2),
    ],
)
def test_bad_requests(connect: Callable[[str], Peer], clock: Clock, text: str, code: int) -> None:
    peer = connect(SPOT)
    peer.channel.receive(text, clock.now_ms)
    assert [message["error"]["code"] for message in peer.told()] == [code]


def test_who_asks_too_often_is_cut_off(connect: Callable[[str], Peer], clock: Clock) -> None:
    peer = connect(SPOT)
    for _ in range(6):
        peer.channel.receive('{"method": "LIST_SUBSCRIPTIONS", "id": 1}', clock.now_ms)
    assert isinstance(peer.frames()[-1], Close)
    patient = connect(SPOT)
    for _ in range(20):
        clock.now_ms += 200
        patient.channel.receive('{"method": "LIST_SUBSCRIPTIONS", "id": 1}', clock.now_ms)
    assert all(isinstance(frame, Text) for frame in patient.frames())


@pytest.mark.parametrize("url", [SPOT, LINEAR, INVERSE, API])
def test_a_ping_every_three_minutes_and_the_end_after_a_day(
    connect: Callable[[str], Peer], clock: Clock, url: str
) -> None:
    peer = connect(url)
    clock.now_ms += 179_999
    assert peer.frames() == []
    clock.now_ms += 1
    assert [type(frame) for frame in peer.frames()] == [Ping]
    assert peer.frames() == []
    clock.now_ms += 24 * HOUR_MS - 180_000
    assert [type(frame) for frame in peer.frames()] == [Close]


@pytest.mark.parametrize(
    "url",
    [
        "wss://stream.binance.com/nothing",
        "wss://api.binance.com/ws",
        "wss://ws-api.binance.com/ws-fapi/v1",
        "wss://fstream.binance.com/private/ws?listenKey=abc",
    ],
)
def test_refused_handshakes(facade: BinanceFacade, clock: Clock, url: str) -> None:
    refused = facade.connect(handshake(clock, url))
    assert isinstance(refused, Response)
    assert refused.status in {401, 404}


def test_the_demo_hosts_are_served_too(facade: BinanceFacade, clock: Clock) -> None:
    for url in (
        "wss://demo-stream.binance.com/ws/0",
        "wss://demo-ws-api.binance.com/ws-api/v3",
        "wss://fstream.binancefuture.com/public/ws/0",
        "wss://dstream.binancefuture.com/ws/0",
        "wss://testnet.binancefuture.com/ws-fapi/v1",
        "wss://testnet.binancefuture.com/ws-dapi/v1",
    ):
        assert facade.owns(urlsplit(url).hostname or "")
        assert not isinstance(facade.connect(handshake(clock, url)), Response)


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
