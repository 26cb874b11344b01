"""What public channels push: at once when something changed, and again after a while when nothing did.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-tickers-channel and its neighbours (read
2026-06). OKX repeats itself less often than here in quiet markets, which it never has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from bot.domain.numbers import plain
from bot.paper.engine.model import Level, Listing
from bot.paper.wire.okx import instruments, market, perpetuals, tape
from bot.paper.wire.okx.endpoint import INST_TYPES, Call, inst_type
from bot.paper.wire.okx.errors import ApiError
from bot.paper.wire.okx.params import Params

_SECOND_MS: Final = 1000
_BOOK_LEVELS: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One push, without its `arg`.

    Attributes:
        members: what it says.
        seq: of the account's update that it tells of; with several subscriptions to the same, each update is told to
            all of them before the next. 0 when it tells of none.
    """

    members: Mapping[str, object]
    seq: int = 0


class Topic(Protocol):
    """One subscription."""

    def push(self, call: Call) -> Sequence[Message]:
        """The messages that are due now."""
        ...


class Polled:
    """Pushes rows when what they depend on has changed, and every `period_ms`.

    Args:
        read: makes the rows; no message without any.
        version: what they depend on.
        period_ms: after this time they are pushed unchanged.
    """

    def __init__(
        self,
        read: Callable[[Call], Sequence[object]],
        version: Callable[[Call], object],
        period_ms: int = _SECOND_MS,
    ) -> None:
        self._read = read
        self._version = version
        self._period_ms = period_ms
        self._pushed: tuple[int, object] | None = None

    def push(self, call: Call) -> Sequence[Message]:
        """See `Topic.push`."""
        version = self._version(call)
        if self._pushed is not None:
            pushed_ms, seen = self._pushed
            if seen == version and call.now_ms < pushed_ms + self._period_ms:
                return ()
        self._pushed = (call.now_ms, version)
        rows = self._read(call)
        return [Message(members={"data": list(rows)})] if rows else ()


class Book:
    """The channel `books`: a snapshot, then what changed, joined by sequence numbers."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._seen: tuple[Mapping[str, str], Mapping[str, str]] | None = None
        self._seq = 0
        self._pushed_ms = 0

    def push(self, call: Call) -> Sequence[Message]:
        """See `Topic.push`."""
        depth = call.exchange.depth(self._listing.key, _BOOK_LEVELS)
        sides = (_by_price(depth.asks), _by_price(depth.bids))
        if self._seen is None:
            return [self._message(call, "snapshot", sides, -1)]
        changes = (_changes(self._seen[0], sides[0]), _changes(self._seen[1], sides[1]))
        if not any(changes) and call.now_ms < self._pushed_ms + _SECOND_MS:
            return ()
        message = self._message(call, "update", changes, self._seq)
        self._seen = sides
        return [message]

    def _message(
        self, call: Call, action: str, sides: tuple[Mapping[str, str], Mapping[str, str]], previous: int
    ) -> Message:
        if self._seen is None:
            self._seen = sides
        self._seq += 1
        self._pushed_ms = call.now_ms
        asks, bids = ([[price, size, "0", "1"] for price, size in side.items()] for side in sides)
        row = {
            "asks": asks,
            "bids": bids,
            "checksum": 0,
            "prevSeqId": previous,
            "seqId": self._seq,
            "ts": str(call.now_ms),
        }
        return Message(members={"action": action, "data": [row]})


class Prints:
    """The channel `trades`: each trade since the last push."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._seen: set[int] | None = None

    def push(self, call: Call) -> Sequence[Message]:
        """See `Topic.push`."""
        newest = tape.prints(call.exchange, self._listing, call.now_ms, 20)
        seen = self._seen if self._seen is not None else {trade.trade_id for trade in newest[1:]}
        self._seen = {trade.trade_id for trade in newest}
        fresh = [trade for trade in reversed(newest) if trade.trade_id not in seen]
        return [
            Message(
                members={"data": [market.print_row(self._listing, trade) | {"count": "1", "seqId": trade.trade_id}]}
            )
            for trade in fresh
        ]


def _by_price(levels: Sequence[Level]) -> dict[str, str]:
    return {plain(level.price): plain(level.quantity) for level in levels}


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """Price -> size of the levels that changed; size 0 takes a level away."""
    gone = {price: "0" for price in before if price not in after}
    return gone | {price: size for price, size in after.items() if before.get(price) != size}


def public_topic(call: Call, arg: Params) -> Topic | None:
    """The topic of a public channel; None when there is no such channel.

    Raises:
        ApiError: a parameter is missing or wrong.
    """
    channel = arg.need("channel")
    if channel == "index-tickers":
        name = arg.need("instId")
        index = market.index_listing(call, name)
        return Polled(lambda now: [market.index_row(now, name)], lambda now: now.exchange.quoted_history(index)[-1])
    if channel == "instruments":
        kind = arg.need("instType", INST_TYPES)
        return Polled(
            lambda now: [instruments.row(now, one) for one in now.listings() if inst_type(one) == kind],
            lambda now: [(one.key, one.status) for one in now.listings()],
            period_ms=10**12,
        )
    make = _CHANNELS.get(channel)
    return None if make is None else make(call.listing(arg))


def business_topic(call: Call, arg: Params) -> Topic | None:
    """The topic of a channel of the business socket; None when there is no such channel.

    Raises:
        ApiError: a parameter is missing or wrong.
    """
    channel = arg.need("channel")
    if channel == "trades-all":
        return Prints(call.listing(arg))
    bar = channel.removeprefix("candle")
    if bar == channel or not tape.is_bar(bar):
        return None
    listing = call.listing(arg)

    def read(now: Call) -> Sequence[object]:
        found = tape.candles(now.exchange, listing, bar, now.now_ms, after_ms=None, before_ms=None, count=1)
        return [market.candle_row(candle) for candle in found]

    return Polled(read, _price_of(listing))


def _price_of(listing: Listing) -> Callable[[Call], object]:
    return lambda call: (call.exchange.mark(listing.key), call.exchange.last_price(listing.key))


def _best(listing: Listing) -> Topic:
    def read(call: Call) -> Sequence[object]:
        bid, ask = tape.best(call.exchange, listing)
        # A number that grows with time and is the same on every connection.
        return [
            {"asks": market.levels([ask]), "bids": market.levels([bid]), "ts": str(call.now_ms), "seqId": call.now_ms}
        ]

    return Polled(read, lambda call: tape.best(call.exchange, listing))


def _five(listing: Listing) -> Topic:
    def read(call: Call) -> Sequence[object]:
        depth = call.exchange.depth(listing.key, 5)
        row = {
            "asks": market.levels(depth.asks),
            "bids": market.levels(depth.bids),
            "instId": listing.symbol,
            "seqId": call.now_ms,
            "ts": str(call.now_ms),
        }
        return [row]

    return Polled(read, lambda call: call.exchange.depth(listing.key, 5))


def _ticker(listing: Listing) -> Topic:
    return Polled(
        lambda call: [market.ticker_row(call, listing)],
        lambda call: (call.exchange.last_price(listing.key), tape.best(call.exchange, listing)),
    )


def _mark(listing: Listing) -> Topic:
    return Polled(
        lambda call: [perpetuals.mark_row(call, listing)],
        lambda call: call.exchange.mark(listing.key),
    )


def _funding(listing: Listing) -> Topic:
    if not listing.market.perpetual:
        raise ApiError("60018", "Wrong URL or instId doesn't exist.")
    return Polled(
        lambda call: [perpetuals.funding_row(call, listing)],
        lambda call: (call.exchange.funding_rate(listing.asset), call.exchange.next_funding_ms()),
        period_ms=30 * _SECOND_MS,
    )


def _limit(listing: Listing) -> Topic:
    return Polled(lambda call: [perpetuals.limit_row(call, listing)], lambda call: call.exchange.mark(listing.key))


_CHANNELS: Final[Mapping[str, Callable[[Listing], Topic]]] = {
    "tickers": _ticker,
    "bbo-tbt": _best,
    "books": Book,
    "books5": _five,
    "trades": Prints,
    "mark-price": _mark,
    "funding-rate": _funding,
    "price-limit": _limit,
}
