"""Which books a cross-exchange trade may be decided on: a mangled price must not make an edge (R8, R12)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Final

from bot.core.observation import stale
from bot.core.pair_situation import PairReading
from bot.domain.numbers import plain
from bot.domain.observation import Book, BookLevel, Unknown

AGREEMENT: Final = Decimal("0.01")
"""A book and its venue's own index or mark agree within this fraction."""
DOUBTFUL: Final = Decimal("0.05")
"""Prices of one coin further apart than this need a confirmation."""
UNBELIEVABLE: Final = Decimal("0.1")
"""Further apart than this they are never believed."""


def unusable(book: Book | Unknown, now_ms: int, age_s: Decimal) -> tuple[str, str] | None:
    """Why nothing can be decided on a book: code and reason; None when it may be used.

    Args:
        book: as it was read.
        now_ms: our clock.
        age_s: how old it may be.
    """
    if isinstance(book, Unknown):
        return "book.unknown", f"{book.what}: {book.reason}"
    if stale(book.stamp, now_ms, age_s):
        return "book.stale", f"the book is {now_ms - book.stamp.sent_ms} ms old"
    if not book.bids or not book.asks:
        return "book.empty", "the book has no asks" if book.bids else "the book has no bids"
    if any(level.price <= 0 or level.contracts <= 0 for level in (*book.bids, *book.asks)):
        return "book.malformed", "the book has a level without a price or a quantity"
    if not _falling(book.bids) or not _falling(book.asks[::-1]):
        return "book.malformed", "the book is not sorted"
    bid, ask = book.bids[0].price, book.asks[0].price
    if bid >= ask:
        return "book.crossed", f"the book is crossed: bid {plain(bid)}, ask {plain(ask)}"
    return None


def apart(buy: PairReading, sell: PairReading, conversion: Decimal) -> tuple[str, str] | None:
    """Why two books that are usable each by itself are not believed together: code and reason; None when they are.

    Each must agree with its own venue's other source, where there is one; and both with each other, in one currency.

    Args:
        buy: the venue that buys, with a book that is not `unusable`.
        sell: the venue that sells, likewise.
        conversion: units of the buying venue's quote for one of the selling venue's.
    """
    mids = [middle(reading) for reading in (buy, sell)]
    for reading, mid in zip((buy, sell), mids, strict=True):
        if reading.reference is not None and distance(mid, reading.reference) > DOUBTFUL:
            return "book.doubtful", (
                f"{reading.place.venue} shows {plain(mid)}, its own other source says {plain(reading.reference)}"
            )
    gap = distance(mids[0], mids[1] * conversion)
    told = f"{buy.place.venue} and {sell.place.venue} are {gap:.2%} apart"
    if gap > UNBELIEVABLE:
        return "book.apart", f"{told}, which is never believed"
    if gap > DOUBTFUL and not (_confirmed(buy, mids[0]) and _confirmed(sell, mids[1])):
        return "book.apart", f"{told}, and nothing confirms both"
    return None


def middle(reading: PairReading) -> Decimal:
    """Half-way between the touches of a usable book."""
    assert isinstance(reading.book, Book)
    return (reading.book.bids[0].price + reading.book.asks[0].price) / 2


def _confirmed(reading: PairReading, mid: Decimal) -> bool:
    return reading.reference is not None and distance(mid, reading.reference) <= AGREEMENT


def distance(one: Decimal, other: Decimal) -> Decimal:
    """As a fraction of the smaller; beyond belief when one of them is no price."""
    smaller = min(one, other)
    return UNBELIEVABLE * 2 if smaller <= 0 else abs(one - other) / smaller


def _falling(levels: Sequence[BookLevel]) -> bool:
    return all(better.price > worse.price for better, worse in pairwise(levels))
