"""Order books over streams: the changes since the last message, level by level.

Sizes are absolute, and 0 removes a level. Told is what differs from the last look and from every snapshot that was read
since, so a client that joined at any moment catches up with the next message.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.domain.numbers import ZERO, plain
from bot.paper.engine.model import Listing
from bot.paper.wire.kucoin import tape
from bot.paper.wire.kucoin.books import Level, Sizes, sizes_of
from bot.paper.wire.kucoin.topics import Message, Source

_LEVELS = 200
_EVERY_MS = 200
Change = tuple[str, Decimal, Decimal]
"""`asks` or `bids`, price, size."""


class _Changes:
    """What differs from one look at a book to the next."""

    def __init__(self, source: Source, listing: Listing) -> None:
        self._source = source
        self._listing = listing
        self._book: dict[Level, Decimal] = {}
        self._looked_ms = 0
        self._told_ms: int | None = None
        self.sequence = 0

    def since(self, now_ms: int) -> list[Change] | None:
        """The changes; empty when nothing changed but it is time to say so, None when there is nothing to say."""
        book = sizes_of(self._source.exchange.depth(self._listing.key, _LEVELS))
        known: list[Sizes] = [book if self._told_ms is None else self._book]
        # Whoever read the book meanwhile may lack what both looks of ours show, and have what neither does.
        known += self._source.memory.books.since(self._listing.key, self._looked_ms)
        self._book, self._looked_ms = book, now_ms
        levels = dict.fromkeys(level for sizes in (*known, book) for level in sizes)
        told = [level for level in levels if any(sizes.get(level, ZERO) != book.get(level, ZERO) for sizes in known)]
        if not told and self._told_ms is not None and now_ms - self._told_ms < _EVERY_MS:
            return None
        self._told_ms = now_ms
        told.sort(key=lambda level: level in book)
        return [(side, price, book.get((side, price), ZERO)) for side, price in told]

    def advance(self, now_ms: int) -> tuple[int, int]:
        """First and last sequence number of the next message: those after the last one's."""
        start = self.sequence + 1 if self.sequence else tape.sequence(self._source.exchange, now_ms)
        self.sequence = max(start, tape.sequence(self._source.exchange, now_ms))
        return start, self.sequence


class SpotBook:
    """`/market/level2`: all changes in one message; price 0 means that only the sequence moved on."""

    def __init__(self, source: Source, listing: Listing) -> None:
        self._symbol = listing.symbol
        self._changes = _Changes(source, listing)

    def messages(self, now_ms: int) -> Sequence[Message]:
        """One message, or none."""
        changes = self._changes.since(now_ms)
        if changes is None:
            return ()
        start, end = self._changes.advance(now_ms)
        told: dict[str, list[list[str]]] = {"asks": [], "bids": []}
        for side, price, size in changes or [("asks", ZERO, ZERO)]:
            told[side].append([plain(price), plain(size), str(end)])
        data = {
            "sequenceStart": start,
            "sequenceEnd": end,
            "symbol": self._symbol,
            "changes": told,
            "time": now_ms,
        }
        return ({"subject": "trade.l2update", "data": data},)


class ContractBook:
    """`/contractMarket/level2`: one message for each level; the best one again when nothing changed."""

    def __init__(self, source: Source, listing: Listing) -> None:
        self._source = source
        self._listing = listing
        self._changes = _Changes(source, listing)

    def messages(self, now_ms: int) -> Sequence[Message]:
        """A message for each change."""
        changes = self._changes.since(now_ms)
        if changes is None:
            return ()
        if not changes:
            bid, _ = tape.best(self._source.exchange, self._listing)
            changes = [("bids", bid.price, bid.quantity)]
        return [self._message(change, now_ms) for change in changes]

    def _message(self, change: Change, now_ms: int) -> Message:
        side, price, size = change
        _, sequence = self._changes.advance(now_ms)
        word = "buy" if side == "bids" else "sell"
        data = {"sequence": sequence, "change": f"{plain(price)},{word},{plain(size)}", "timestamp": now_ms}
        return {"subject": "level2", "data": data}
