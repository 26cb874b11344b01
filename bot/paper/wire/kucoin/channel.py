"""One connection to KuCoin's streams: welcome, pings in JSON, subscriptions with acknowledgements, pushes.

Source: https://www.kucoin.com/docs-new/websocket-api/base-info/introduction (read 2025-11); the codes of refused
subscriptions are from general knowledge.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from bot.paper.engine.model import Listing, MarketType
from bot.paper.wire.channel import Close, Frame, Text
from bot.paper.wire.kucoin import stream_markets, stream_private
from bot.paper.wire.kucoin.body import wire_json
from bot.paper.wire.kucoin.bullets import PING_INTERVAL_MS, PING_TIMEOUT_MS
from bot.paper.wire.kucoin.endpoint import CONTRACTS, Side
from bot.paper.wire.kucoin.topics import Message, Source, Topic

_MOST_SYMBOLS: Final = 100
_MOST_TOPICS: Final = 400
_CANDLES: Final = {Side.SPOT: "/market/candles", Side.FUTURES: "/contractMarket/limitCandle"}
_PUBLIC: Final = {Side.SPOT: stream_markets.SPOT_TOPICS, Side.FUTURES: stream_markets.FUTURES_TOPICS}
_PRIVATE: Final = {Side.SPOT: stream_private.SPOT_TOPICS, Side.FUTURES: stream_private.FUTURES_TOPICS}


class SubscriptionError(Exception):
    """A subscription that is refused.

    Args:
        code: KuCoin's number.
        text: what it says.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text


class KucoinChannel:
    """A connection of the classic streams.

    Args:
        source: where its messages come from.
        side: spot or futures.
        connect_id: repeated in the welcome.
        expires_ms: when its token ends, and the connection with it.
        now_ms: when it was opened.
    """

    def __init__(self, source: Source, side: Side, *, connect_id: str, expires_ms: int, now_ms: int) -> None:
        self._source = source
        self._side = side
        self._expires_ms = expires_ms
        self._heard_ms = now_ms
        self._topics: dict[str, tuple[str, Topic, bool]] = {}
        self._answers: list[Frame] = [_text({"id": connect_id, "type": "welcome"})]
        self._closed = False

    def receive(self, text: str, now_ms: int) -> None:
        """Take a frame of the client. Any frame proves that it is there."""
        self._heard_ms = now_ms
        try:
            message = json.loads(text)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            self._answers.append(_text({"id": "", "type": "error", "code": 400, "data": "message is not JSON"}))
            return
        number = str(message.get("id", ""))
        try:
            self._obey(message, number, now_ms)
        except SubscriptionError as error:
            refused = {"id": number, "type": "error", "code": error.code, "data": error.text}
            self._answers.append(_text(refused))

    def _obey(self, message: Mapping[str, object], number: str, now_ms: int) -> None:
        match message.get("type"):
            case "ping":
                self._answers.append(_text({"id": number, "type": "pong", "timestamp": now_ms * 1000}))
                return
            case "subscribe":
                self._subscribe(str(message.get("topic", "")))
            case "unsubscribe":
                self._unsubscribe(str(message.get("topic", "")))
            case _:
                raise SubscriptionError(415, "type is not supported")
        if message.get("response"):
            self._answers.append(_text({"id": number, "type": "ack"}))

    def frames(self, now_ms: int) -> Sequence[Frame]:
        """Answers first, then what each topic has to tell; the end when the client is silent or the token is over."""
        if self._closed:
            return ()
        found, self._answers = self._answers, []
        for topic, (name, source, private) in self._topics.items():
            found += [_text(_envelope(topic, name, message, private=private)) for message in source.messages(now_ms)]
        if now_ms >= self._expires_ms:
            found += [_text({"id": "", "type": "error", "code": 401, "data": "token is expired"}), Close(code=1008)]
        elif now_ms - self._heard_ms > PING_INTERVAL_MS + PING_TIMEOUT_MS:
            found.append(Close(code=1001, reason="no ping"))
        self._closed = bool(found) and isinstance(found[-1], Close)
        return found

    def _subscribe(self, text: str) -> None:
        name, _, arguments = text.partition(":")
        symbols = arguments.split(",") if arguments else []
        if len(symbols) > _MOST_SYMBOLS or len(self._topics) + max(1, len(symbols)) > _MOST_TOPICS:
            raise SubscriptionError(509, "exceed max subscription count limitation of 400 per session")
        made = self._private_topics(name, symbols) or self._market_topics(name, symbols)
        for topic, found in made.items():
            self._topics.setdefault(topic, found)

    def _private_topics(self, name: str, symbols: list[str]) -> dict[str, tuple[str, Topic, bool]] | None:
        make = _PRIVATE[self._side].get(name)
        if make is None:
            return None
        if not self._source.key:
            raise SubscriptionError(403, "private channel needs a private token")
        for symbol in symbols:
            self._listing(name, symbol)
        if name == "/contract/position" and not symbols:
            raise SubscriptionError(404, f"topic {name} is not found")
        topics = [f"{name}:{symbol}" for symbol in symbols] or [name]
        return {
            topic: (symbol, make(self._source, symbol), True)
            for topic, symbol in zip(topics, symbols or [""], strict=True)
        }

    def _market_topics(self, name: str, symbols: list[str]) -> dict[str, tuple[str, Topic, bool]]:
        if name == _CANDLES[self._side]:
            return {f"{name}:{text}": (text, self._candles(name, text), False) for text in symbols}
        make = _PUBLIC[self._side].get(name)
        if make is None or not symbols:
            raise SubscriptionError(404, f"topic {name} is not found")
        if symbols == ["all"] and name == "/market/ticker":
            return {
                f"{name}:all {listing.symbol}": (listing.symbol, make(self._source, listing), False)
                for listing in self._listings()
            }
        return {
            f"{name}:{symbol}": (symbol, make(self._source, self._listing(name, symbol)), False) for symbol in symbols
        }

    def _candles(self, name: str, text: str) -> Topic:
        symbol, _, length = text.rpartition("_")
        listing = self._listing(name, symbol)
        found = stream_markets.candles(self._source, listing, length, spot=self._side is Side.SPOT)
        if found is None:
            raise SubscriptionError(404, f"topic {name}:{text} is not found")
        return found

    def _listings(self) -> list[Listing]:
        markets = (MarketType.SPOT,) if self._side is Side.SPOT else CONTRACTS
        return [listing for listing in self._source.exchange.listings.values() if listing.market in markets]

    def _listing(self, name: str, symbol: str) -> Listing:
        for listing in self._listings():
            if listing.symbol == symbol:
                return listing
        raise SubscriptionError(404, f"topic {name}:{symbol} is not found")

    def _unsubscribe(self, text: str) -> None:
        name, _, arguments = text.partition(":")
        gone = [f"{name}:{symbol}" for symbol in arguments.split(",")] if arguments else [name]
        for topic in list(self._topics):
            if topic in gone or (gone == [f"{name}:all"] and topic.startswith(f"{name}:all ")):
                del self._topics[topic]


class DeadChannel:
    """A connection whose token opens nothing: it says why and ends.

    Args:
        reason: `token is invalid` or `token is expired`.
    """

    def __init__(self, reason: str) -> None:
        told = {"id": "", "type": "error", "code": 401, "data": reason}
        self._frames: list[Frame] = [_text(told), Close(code=1008, reason=reason)]

    def receive(self, text: str, now_ms: int) -> None:
        """Nobody listens."""

    def frames(self, now_ms: int) -> Sequence[Frame]:
        """The reason and the end, once."""
        del now_ms
        found, self._frames = self._frames, []
        return found


def _text(message: object) -> Text:
    return Text(text=wire_json(message))


def _envelope(topic: str, symbol: str, message: Message, *, private: bool) -> Message:
    """A ticker of all markets names its market as the subject."""
    shown, _, of_all = topic.partition(" ")
    told: Message = {"topic": shown, "type": "message", **message}
    if of_all:
        told["subject"] = symbol
    if private:
        told |= {"channelType": "private", "userId": "paper"}
    return told
