"""What can be subscribed to on market streams, by the names that Binance gives: `btcusdt@bookTicker`, `!ticker@arr`.

Real streams speak when the market moves, and it always does; so what has not changed is said again now and then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Final, Protocol

from bot.domain.numbers import ZERO
from bot.paper.engine.model import Listing, MarketType, Trade
from bot.paper.wire.binance import tape
from bot.paper.wire.binance.books import Level, levels_of
from bot.paper.wire.binance.endpoint import Call
from bot.paper.wire.binance.streams import market_events as events
from bot.paper.wire.binance.streams.source import Event, Source

SECOND_MS: Final = 1000
_DEPTH: Final = re.compile(r"depth(?P<levels>5|10|20)?(@(?P<every>0|100|250|500|1000)ms)?")
_KLINE: Final = re.compile(r"kline_(?P<interval>1s|(1|3|5|15|30)m|(1|2|4|6|8|12)h|[13]d|1w)")
_MARK: Final = re.compile(r"markPrice(@1s)?")
_LEVELS: Final = 100
_DEPTH_EVERY_MS: Final = {MarketType.SPOT: 1000, MarketType.LINEAR: 250, MarketType.INVERSE: 250}


class Topic(Protocol):
    """One subscription."""

    def events(self, now_ms: int) -> Sequence[object]:
        """What is due now."""
        ...


class Periodic:
    """Says something every so often; at once when what it looks at has changed.

    Args:
        make: the message.
        every_ms: how often.
        look: what would count as a change; None: nothing does.
    """

    def __init__(
        self, make: Callable[[int], object], every_ms: int, look: Callable[[int], Hashable] | None = None
    ) -> None:
        self._make = make
        self._every_ms = every_ms
        self._look = look
        self._seen: Hashable = None
        self._told_ms: int | None = None

    def events(self, now_ms: int) -> Sequence[object]:
        """One message, or none."""
        seen = None if self._look is None else self._look(now_ms)
        if self._told_ms is not None and seen == self._seen and now_ms - self._told_ms < self._every_ms:
            return ()
        self._seen, self._told_ms = seen, now_ms
        return (self._make(now_ms),)


class Together:
    """Several topics under one name, each with messages of its own."""

    def __init__(self, topics: Sequence[Topic]) -> None:
        self._topics = topics

    def events(self, now_ms: int) -> Sequence[object]:
        """What is due in any of them."""
        return [event for topic in self._topics for event in topic.events(now_ms)]


class Trades:
    """Every trade of the market since the subscription."""

    def __init__(self, source: Source, listing: Listing, make: Callable[[Call, Listing, Trade], Event]) -> None:
        self._source = source
        self._listing = listing
        self._make = make
        self._told_ms: int | None = None
        self._own: set[int] = set()

    def events(self, now_ms: int) -> Sequence[object]:
        """One message for each trade."""
        call = self._source.call(now_ms)
        own = tape.own_trades(call, self._listing)
        if self._told_ms is None:
            self._told_ms, self._own = now_ms, {trade.trade_id for trade in own}
            return ()
        new = [trade for trade in own if trade.trade_id not in self._own]
        self._own.update(trade.trade_id for trade in new)
        found = sorted(
            [*new, *tape.other_trades(call, self._listing, self._told_ms, now_ms)], key=lambda trade: trade.time_ms
        )
        self._told_ms = now_ms
        return [self._make(call, self._listing, trade) for trade in found]


class Book:
    """`@depth`: the levels that changed, each with its whole quantity; 0 removes it.

    Update ids are the venue's milliseconds, here as in the REST snapshot, and messages follow each other without a gap:
    whoever read a snapshot in between joins at the right message.
    """

    def __init__(self, source: Source, listing: Listing, every_ms: int) -> None:
        self._source = source
        self._listing = listing
        self._every_ms = every_ms
        self._last_ms: int | None = None
        self._levels: dict[Level, Decimal] = {}

    def events(self, now_ms: int) -> Sequence[object]:
        """One message, or none."""
        if self._last_ms is None:
            self._last_ms, self._levels = now_ms, self._look()
            return ()
        if now_ms - self._last_ms < self._every_ms:
            return ()
        old, self._levels, last_ms = self._levels, self._look(), self._last_ms
        self._last_ms = now_ms
        told = {level for level, size in self._levels.items() if old.get(level) != size}
        told |= old.keys() - self._levels.keys()
        seen = self._source.books.since(self._listing.key, last_ms)
        if seen:
            # Whoever read the book meanwhile may lack what both looks of ours show, and have what neither does.
            told |= seen | self._levels.keys()
        return (self._message({level: self._levels.get(level, ZERO) for level in told}, last_ms, now_ms),)

    def _look(self) -> dict[Level, Decimal]:
        return levels_of(self._source.exchange.depth(self._listing.key, _LEVELS))

    def _message(self, changed: Mapping[Level, Decimal], last_ms: int, now_ms: int) -> Event:
        listing = self._listing
        rows: dict[str, list[list[str]]] = {"b": [], "a": []}
        for (side, price), size in sorted(changed.items()):
            rows[side].append([events.price_of(listing, price), events.quantity_of(listing, size)])
        futures = {} if listing.market is MarketType.SPOT else {"T": now_ms, "pu": last_ms}
        return {
            "e": "depthUpdate",
            "E": now_ms,
            "s": listing.symbol,
            **events.pair(listing),
            "U": last_ms + 1,
            "u": now_ms,
            **futures,
            **rows,
        }


class Klines:
    """`@kline_...`: the running period every second, and each period once more when it has ended."""

    def __init__(self, source: Source, listing: Listing, interval: str) -> None:
        self._source = source
        self._listing = listing
        self._interval = interval
        self._open_ms: int | None = None
        self._told_ms = 0

    def events(self, now_ms: int) -> Sequence[object]:
        """The ended period, then the running one; or nothing."""
        call = self._source.call(now_ms)
        open_ms = tape.period_start(self._interval, now_ms)
        ended = [self._open_ms] if self._open_ms is not None and self._open_ms < open_ms else []
        if not ended and now_ms - self._told_ms < SECOND_MS:
            return ()
        self._open_ms, self._told_ms = open_ms, now_ms
        return [events.kline(call, self._listing, self._interval, start_ms) for start_ms in (*ended, open_ms)]


def topic_of(source: Source, name: str) -> Topic | None:
    """The topic of a stream's name; None when there is no such stream, about which Binance says nothing."""
    if name.startswith("!"):
        return _whole_market(source, name)
    symbol, _, channel = name.partition("@")
    listing = source.listing(symbol)
    return None if listing is None else _one_market(source, listing, channel)


def _one_market(source: Source, listing: Listing, channel: str) -> Topic | None:
    spot = listing.market is MarketType.SPOT
    if channel == "bookTicker":
        return _best_levels(source, listing)
    if channel in _TICKERS:
        return Periodic(_told(source, listing, _TICKERS[channel]), SECOND_MS)
    if channel in _TRADES:
        return Trades(source, listing, _TRADES[channel])
    if not spot and (found := _MARK.fullmatch(channel)):
        return Periodic(_told(source, listing, events.mark_price), SECOND_MS if found[1] else 3 * SECOND_MS)
    if found := _KLINE.fullmatch(channel):
        return Klines(source, listing, found["interval"])
    if found := _DEPTH.fullmatch(channel):
        every_ms = int(found["every"] or _DEPTH_EVERY_MS[listing.market])
        if found["levels"] is None:
            return Book(source, listing, every_ms)
        return Periodic(partial(_partial_book, source, listing, int(found["levels"])), every_ms)
    return None


def _whole_market(source: Source, name: str) -> Topic | None:
    listings = source.call(0).all_listings(source.call(0).market)
    channel = name.removeprefix("!").removesuffix("@1s").removesuffix("@arr")
    make = {**_TICKERS, "markPrice": events.mark_price}.get(channel)
    if make is not None and "@arr" in name:
        return Periodic(partial(_all_of, source, listings, make), SECOND_MS)
    if name == "!bookTicker":
        return Together([_best_levels(source, listing) for listing in listings])
    return None


def _best_levels(source: Source, listing: Listing) -> Topic:
    return Periodic(_told(source, listing, events.book_ticker), SECOND_MS, partial(_best, source, listing))


_TICKERS: Final = {"ticker": events.ticker, "miniTicker": events.mini_ticker}
_TRADES: Final = {"trade": events.trade, "aggTrade": events.agg_trade}


def _told(source: Source, listing: Listing, make: Callable[[Call, Listing], Event]) -> Callable[[int], Event]:
    return lambda now_ms: make(source.call(now_ms), listing)


def _all_of(source: Source, listings: Sequence[Listing], make: Callable[[Call, Listing], Event], now_ms: int) -> object:
    return [make(source.call(now_ms), listing) for listing in listings]


def _best(source: Source, listing: Listing, now_ms: int) -> Hashable:
    return tape.best(source.call(now_ms), listing)


def _partial_book(source: Source, listing: Listing, count: int, now_ms: int) -> Event:
    depth = source.exchange.depth(listing.key, count)
    bids, asks = (
        [[events.price_of(listing, level.price), events.quantity_of(listing, level.quantity)] for level in side]
        for side in (depth.bids, depth.asks)
    )
    if listing.market is MarketType.SPOT:
        return {"lastUpdateId": now_ms, "bids": bids, "asks": asks}
    named = {"e": "depthUpdate", "E": now_ms, "T": now_ms, "s": listing.symbol, **events.pair(listing)}
    return named | {"U": now_ms, "u": now_ms, "pu": now_ms - 1, "b": bids, "a": asks}
