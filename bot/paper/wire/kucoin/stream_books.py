"""Order books over streams: the changes since the last message, level by level.

Sizes are absolute, and 0 removes a level, so a client that joined at any moment catches up with the next change.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.domain.numbers import ZERO, plain
from bot.paper.engine.model import Depth, Listing
from bot.paper.wire.kucoin import tape
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
        self._book: dict[tuple[str, Decimal], Decimal] = {}
        self._told_ms: int | None = None
        self.sequence = 0

    def since(self, now_ms: int) -> list[Change] | None:
        """The changes; empty when nothing changed but it is time to say so, None when there is nothing to say."""
        book = _flat(self._source.exchange.depth(self._listing.key, _LEVELS))
        first = self._told_ms is None
        old, self._book = (book if first else self._book), book
        changed = [(side, price, size) for (side, price), size in book.items() if old.get((side, price)) != size]
        gone = [(side, price, ZERO) for side, price in old if (side, price) not in book]
        if not changed and not gone and self._told_ms is not None and now_ms - self._told_ms < _EVERY_MS:
            return None
        self._told_ms = now_ms
        return [*gone, *changed]

    def advance(self, now_ms: int) -> tuple[int, int]:
        """First and last sequence number of the next message: those after the last one's."""
        start = self.sequence + 1 if self.sequence else tape.sequence(self._source.exchange, now_ms)
        self.sequence = max(start, tape.sequence(self._source.exchange, now_ms))
        return start, self.sequence


def _flat(depth: Depth) -> dict[tuple[str, Decimal], Decimal]:
    asks = {("asks", level.price): level.quantity for level in depth.asks}
    return asks | {("bids", level.price): level.quantity for level in depth.bids}


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
