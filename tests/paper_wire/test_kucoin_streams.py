"""KuCoin's streams: tokens, welcome, pings and expiry frame by frame, then every watch method of real ccxt.pro."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from bot.paper.engine.model import Side
from bot.paper.wire.channel import Channel, Close, Text
from bot.paper.wire.http import Request, Response
from tests.paper_wire.kucoin import FUTURES_HOST, SPOT_HOST, Bench, trade

Frame = dict[str, Any]
SPOT_STREAM = "ws-api-spot.kucoin.com"
FUTURES_STREAM = "ws-api-futures.kucoin.com"
UNIFIED_STREAM = "wsapi-push.kucoin.com"
ISOLATED = {"leverage": 1, "marginMode": "isolated"}


class Wire:
    """One connection, driven by hand."""

    def __init__(self, bench: Bench, channel: Channel) -> None:
        self._bench = bench
        self._channel = channel
        self._closed = False

    def send(self, **message: object) -> list[Frame]:
        """Send a frame and read what comes."""
        self._channel.receive(json.dumps(message), self._bench.clock.now_ms)
        return self.read()

    def read(self, *, after_ms: int = 0) -> list[Frame]:
        """Read what comes after a while."""
        self._bench.clock.now_ms += after_ms
        frames = self._channel.frames(self._bench.clock.now_ms)
        self._closed = self._closed or any(isinstance(frame, Close) for frame in frames)
        return [json.loads(frame.text) for frame in frames if isinstance(frame, Text)]

    def ended(self) -> bool:
        """Whether the venue has hung up."""
        return self._closed

    def subscribe(self, topic: str) -> list[Frame]:
        """Subscribe; what comes after the acknowledgement."""
        ack, *rest = self.send(id="7", type="subscribe", topic=topic, response=True, privateChannel=True)
        assert ack == {"id": "7", "type": "ack"}
        return rest


@pytest.fixture
def bench() -> Bench:
    return Bench()


def bullet(bench: Bench, host: str, kind: str) -> Mapping[str, Any]:
    data: Mapping[str, Any] = bench.data("POST", f"{host}/api/v1/bullet-{kind}")
    return data


def dial(bench: Bench, host: str, query: str) -> Channel | Response:
    return bench.facade.connect(Request(method="GET", host=host, path="/", query=query, now_ms=bench.clock.now_ms))


def connect(bench: Bench, kind: str = "private", *, futures: bool = False) -> Wire:
    """Ask for a token, connect, and read the welcome."""
    data = bullet(bench, FUTURES_HOST if futures else SPOT_HOST, kind)
    host = FUTURES_STREAM if futures else SPOT_STREAM
    assert data["instanceServers"][0]["endpoint"] == f"wss://{host}/"
    channel = dial(bench, host, f"token={data['token']}&connectId=c1")
    assert not isinstance(channel, Response)
    wire = Wire(bench, channel)
    assert wire.read() == [{"id": "c1", "type": "welcome"}]
    return wire


def subjects(frames: list[Frame]) -> list[tuple[str, str]]:
    return [(frame["subject"], frame["data"].get("type", "")) for frame in frames]


def test_tokens_open_a_stream_for_a_day(bench: Bench) -> None:
    for query in ("token=unknown", ""):
        channel = dial(bench, SPOT_STREAM, query)
        assert not isinstance(channel, Response)
        wire = Wire(bench, channel)
        assert wire.read()[0]["data"] == "token is invalid"
        assert wire.ended()
    token = bullet(bench, SPOT_HOST, "public")["token"]
    wire = connect(bench)
    wire.send(id="1", type="ping")
    bench.clock.now_ms += 86_400_000
    late = dial(bench, SPOT_STREAM, f"token={token}")
    assert not isinstance(late, Response)
    assert Wire(bench, late).read()[0]["data"] == "token is expired"
    assert wire.read()[-1]["data"] == "token is expired"
    assert wire.ended()
    refused = dial(bench, "api.kucoin.com", f"token={token}")
    assert isinstance(refused, Response)
    assert refused.status == 404


def test_a_private_token_needs_a_key(bench: Bench) -> None:
    assert bench.send("POST", f"{SPOT_HOST}/api/v1/bullet-private", signed=False).status == 401
    wire = connect(bench, "public")
    (refused,) = wire.send(id="2", type="subscribe", topic="/account/balance", response=True)
    assert (refused["type"], refused["code"]) == ("error", 403)


def test_pings_are_json_and_silence_ends_the_connection(bench: Bench) -> None:
    wire = connect(bench)
    (pong,) = wire.send(id="5", type="ping")
    assert (pong["id"], pong["type"]) == ("5", "pong")
    wire.read(after_ms=28_000)
    assert not wire.ended()
    wire.read(after_ms=1)
    assert wire.ended()
    assert wire.read(after_ms=1000) == []


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "shout"}, 415),
        ({"type": "subscribe", "topic": "/market/none:BTC-USDT"}, 404),
        ({"type": "subscribe", "topic": "/market/ticker"}, 404),
        ({"type": "subscribe", "topic": "/market/ticker:XYZ-USDT"}, 404),
        ({"type": "subscribe", "topic": "/market/candles:BTC-USDT_7min"}, 404),
        ({"type": "subscribe", "topic": "/contractMarket/ticker:XBTUSDTM"}, 404),
        ({"type": "subscribe", "topic": "/market/ticker:" + ",".join(["BTC-USDT"] * 101)}, 509),
    ],
)
def test_what_makes_no_sense_is_refused(bench: Bench, message: dict[str, object], code: int) -> None:
    wire = connect(bench)
    (refused,) = wire.send(id="3", **message)
    assert (refused["id"], refused["type"], refused["code"]) == ("3", "error", code)


def test_frames_that_are_no_json_are_refused(bench: Bench) -> None:
    data = bullet(bench, SPOT_HOST, "public")
    channel = dial(bench, SPOT_STREAM, f"token={data['token']}")
    assert not isinstance(channel, Response)
    channel.receive("hello", bench.clock.now_ms)
    channel.receive("[1]", bench.clock.now_ms)
    assert [frame["type"] for frame in Wire(bench, channel).read()] == ["welcome", "error", "error"]


def test_a_ticker_is_told_at_once_when_it_changes_and_each_second_when_not(bench: Bench) -> None:
    wire = connect(bench, "public")
    (first,) = wire.subscribe("/market/ticker:BTC-USDT")
    assert (first["topic"], first["subject"]) == ("/market/ticker:BTC-USDT", "trade.ticker")
    assert wire.read(after_ms=100) == []
    bench.exchange.set_price("BTC", Decimal(101_000))
    (moved,) = wire.read(after_ms=100)
    assert moved["data"]["price"] == "101000"
    assert len(wire.read(after_ms=1000)) == 1
    wire.send(id="8", type="unsubscribe", topic="/market/ticker:BTC-USDT", response=True)
    assert wire.read(after_ms=5000) == []


def test_all_tickers_name_their_market_as_subject(bench: Bench) -> None:
    wire = connect(bench, "public")
    frames = wire.subscribe("/market/ticker:all")
    assert {frame["subject"] for frame in frames} >= {"BTC-USDT", "ETH-USDT"}
    assert {frame["topic"] for frame in frames} == {"/market/ticker:all"}
    wire.send(id="8", type="unsubscribe", topic="/market/ticker:all", response=True)
    assert wire.read(after_ms=5000) == []


def test_book_changes_carry_a_sequence_without_gaps(bench: Bench) -> None:
    wire = connect(bench, "public")
    (first,) = wire.subscribe("/market/level2:BTC-USDT")
    trade(bench, "spot:BTC-USDT", Side.SELL, "0.1", "100000.5")
    (change,) = wire.read(after_ms=100)
    assert change["data"]["sequenceStart"] == first["data"]["sequenceEnd"] + 1
    assert [row[:2] for row in change["data"]["changes"]["asks"]] == [["100000.5", "0.1"]]
    bench.exchange.cancel_all("paper", "spot:BTC-USDT")
    (gone,) = wire.read(after_ms=100)
    assert [row[:2] for row in gone["data"]["changes"]["asks"]] == [["100000.5", "0"]]
    book = bench.data("GET", f"{SPOT_HOST}/api/v1/market/orderbook/level2_20", {"symbol": "BTC-USDT"})
    assert int(book["sequence"]) == gone["data"]["sequenceEnd"]


@pytest.mark.parametrize("futures", [False, True])
def test_whoever_reads_a_book_between_two_messages_ends_with_the_right_one(bench: Bench, futures: bool) -> None:
    """The price goes away and comes back between two messages, so that both show the same levels."""
    wire = connect(bench, "public", futures=futures)
    if futures:
        url, symbol, topic = f"{FUTURES_HOST}/api/v1/level2/snapshot", "XBTUSDTM", "/contractMarket/level2"
    else:
        url, symbol, topic = f"{SPOT_HOST}/api/v3/market/orderbook/level2", "BTC-USDT", "/market/level2"
    wire.subscribe(f"{topic}:{symbol}")
    wire.read(after_ms=100)
    bench.clock.now_ms += 50
    bench.exchange.set_price("BTC", Decimal(101_000))
    joined = bench.data("GET", url, {"symbol": symbol})
    bench.exchange.set_price("BTC", Decimal(100_000))
    book = levels(joined)
    for frame in wire.read(after_ms=50):
        for side, price, size, sequence in changes(frame["data"]):
            if sequence > int(joined["sequence"]):
                book[side, price] = size
    held = {level: size for level, size in book.items() if size}
    assert held == levels(bench.data("GET", url, {"symbol": symbol}))
    assert wire.read(after_ms=100) == [], "whoever read what is there needs to be told nothing"


def levels(book: Mapping[str, Any]) -> dict[tuple[str, Decimal], Decimal]:
    """A snapshot by side and price."""
    return {(side, Decimal(row[0])): Decimal(row[1]) for side in ("asks", "bids") for row in book[side]}


def changes(data: Mapping[str, Any]) -> list[tuple[str, Decimal, Decimal, int]]:
    """Side, price, size and sequence of what a message changes, in either form."""
    if "change" in data:
        price, word, size = data["change"].split(",")
        return [({"buy": "bids", "sell": "asks"}[word], Decimal(price), Decimal(size), data["sequence"])]
    return [
        (side, Decimal(price), Decimal(size), int(sequence))
        for side, rows in data["changes"].items()
        for price, size, sequence in rows
    ]


def test_a_liquidation_is_told_as_one(bench: Bench) -> None:
    bench.exchange.transfer("paper", "futures", "main", "USDT", Decimal(199_000))
    wire = connect(bench, futures=True)
    wire.subscribe("/contractMarket/tradeOrders")
    trade(bench, "linear:XBTUSDTM", Side.SELL, "10")
    assert {(frame["data"]["tradeType"], frame["data"]["clientOid"]) for frame in wire.read()} == {("trade", "hb1")}
    bench.exchange.set_price("BTC", Decimal(300_000))
    assert {(frame["data"]["tradeType"], frame["data"]["clientOid"]) for frame in wire.read()} == {("liquidation", "")}


def test_an_orders_life_on_spot(bench: Bench) -> None:
    wire = connect(bench)
    assert wire.subscribe("/spotMarket/tradeOrdersV2") == []
    trade(bench, "spot:BTC-USDT", Side.SELL, "0.1", "120000")
    (opened,) = wire.read()
    assert (opened["channelType"], opened["subject"]) == ("private", "orderChange")
    data = opened["data"]
    assert (data["type"], data["clientOid"], data["remainSize"]) == ("open", "hb1", "0.1")
    bench.exchange.cancel_all("paper", "spot:BTC-USDT")
    (cancelled,) = wire.read()
    assert (cancelled["data"]["type"], cancelled["data"]["status"]) == ("canceled", "done")
    assert cancelled["data"]["canceledSize"] == "0.1"
    trade(bench, "spot:BTC-USDT", Side.SELL, "0.2")
    match, filled = wire.read()
    assert (match["data"]["type"], match["data"]["matchPrice"]) == ("match", "99999")
    assert (filled["data"]["type"], filled["data"]["filledSize"]) == ("filled", "0.2")
    trade(bench, "linear:XBTUSDTM", Side.SELL, "10")
    assert wire.read() == [], "the other side's orders are told elsewhere"


def test_nobody_hears_of_anybody_elses_account(bench: Bench) -> None:
    wire = connect(bench)
    bench.key = "paper2"
    other = connect(bench)
    for one in (wire, other):
        one.subscribe("/spotMarket/tradeOrders")
    trade(bench, "spot:BTC-USDT", Side.SELL, "0.1", "120000")
    assert len(wire.read()) == 1
    assert other.read() == []


def test_spot_balances_and_holds(bench: Bench) -> None:
    wire = connect(bench)
    wire.subscribe("/account/balance")
    trade(bench, "spot:BTC-USDT", Side.SELL, "0.1", "120000")
    (held,) = wire.read()
    data = held["data"]
    assert (data["currency"], data["hold"], data["holdChange"]) == ("BTC", "0.1", "0.1")
    assert data["relationEvent"] == "trade_hf.hold"
    bench.exchange.deposit("paper", "main", "BTC", Decimal(2))
    (arrived,) = wire.read()
    assert (arrived["data"]["relationEvent"], arrived["data"]["available"]) == ("main.deposit", "2")
    assert wire.read(after_ms=999) == []
    assert {frame["data"]["currency"] for frame in wire.read(after_ms=1)} == {"BTC", "BNB", "USDT"}


def test_futures_orders_wallet_and_positions(bench: Bench) -> None:
    wire = connect(bench, futures=True)
    for topic in ("/contractMarket/tradeOrders", "/contractAccount/wallet", "/contract/position:XBTUSDTM"):
        assert wire.subscribe(topic) == []
    trade(bench, "linear:XBTUSDTM", Side.SELL, "10")
    frames = wire.read()
    assert subjects(frames)[:2] == [("symbolOrderChange", "match"), ("symbolOrderChange", "filled")]
    told = {frame["subject"]: frame["data"] for frame in frames}
    assert told["walletBalance.change"]["currency"] == "USDT"
    assert Decimal(told["walletBalance.change"]["walletBalance"]) < 200_000
    assert (told["position.change"]["currentQty"], told["position.change"]["changeReason"]) == (-10, "positionChange")
    bench.exchange.settle_funding("BTC", Decimal("0.001"))
    assert "position.settlement" in dict(subjects(wire.read()))
    bench.exchange.set_price("BTC", Decimal(101_000))
    again = {frame["subject"]: frame["data"] for frame in wire.read(after_ms=5000)}
    assert again["position.change"]["markPrice"] == 101_000
    assert again["position.change"]["changeReason"] == "markPriceChange"
    trade(bench, "linear:XBTUSDTM", Side.BUY, "10")
    flat = [frame["data"] for frame in wire.read() if frame["subject"] == "position.change"]
    assert [(row["currentQty"], row["isOpen"]) for row in flat] == [(0, False)]


def test_mark_price_and_funding_of_a_contract(bench: Bench) -> None:
    wire = connect(bench, "public", futures=True)
    told = {frame["subject"]: frame["data"] for frame in wire.subscribe("/contract/instrument:XBTUSDTM")}
    assert told["mark.index.price"]["markPrice"] == 100_000
    assert told["funding.rate"]["fundingRate"] == 0.0001


def test_the_newer_streams_tell_positions_and_mark_prices(bench: Bench) -> None:
    token = bench.data("POST", f"{SPOT_HOST}/api/v2/bullet-private")["token"]
    channel = dial(bench, UNIFIED_STREAM, f"token={token}")
    assert not isinstance(channel, Response)
    wire = Wire(bench, channel)
    assert wire.read()[0]["message"] == "welcome"
    (ack,) = wire.send(id="1", action="subscribe", channel="positionAll", tradeType="TRADE")
    assert ack == {"id": "1", "result": True}
    trade(bench, "linear:XBTUSDTM", Side.SELL, "10")
    (position,) = wire.read()
    assert (position["T"], position["d"]["s"], position["d"]["q"]) == ("positionAll.FUTURES", "XBTUSDTM", "-10")
    (refused,) = wire.send(id="2", action="subscribe", channel="positions")
    assert refused["result"] is False
    assert wire.send(id="3", type="ping")[0]["type"] == "pong"
    assert wire.send(id="4", action="unsubscribe", channel="positionAll") == [{"id": "4", "result": True}]
    wire.read(after_ms=28_001)
    assert wire.ended()
