"""Binance's market streams: frames in, frames out, on time that a test moves."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal as D
from itertools import pairwise
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import Listing, MarketType, NewOrder, OrderKind, Side
from bot.paper.wire.binance import BinanceFacade
from bot.paper.wire.channel import Close, Ping, Text
from bot.paper.wire.http import Response
from tests.paper_wire.binance_peer import API, Peer, handshake
from tests.paper_wire.conftest import Body, Clock, Wire

SPOT = "wss://stream.binance.com:9443/ws/0"
LINEAR = "wss://fstream.binance.com/public/ws/0"
INVERSE = "wss://dstream.binance.com/ws/0"


@pytest.fixture
def connect(facade: BinanceFacade, clock: Clock) -> Callable[[str], Peer]:
    return lambda url: Peer(facade, clock, url)


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
    (listing,) = [
        x for x in exchange.listings.values() if x.market is market and x.asset == "BTC" and x.quote != "USDC"
    ]
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
    bought = NewOrder(listing_key="spot:BTCUSDT", side=Side.BUY, kind=OrderKind.MARKET, quantity=D("0.5"))
    own = exchange.submit("paper", bought).trades[0]
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
    clock.now_ms += 24 * 3_600_000 - 180_000
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
