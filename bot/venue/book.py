"""Order books: levels in order, or not believed."""

from __future__ import annotations

import itertools

from bot.domain.observation import Book, BookLevel, Stamp
from bot.venue.shapes import positive_in


def book_of(bids: object, asks: object, stamp: Stamp) -> Book:
    """Read both sides, given as lists of [price, contracts, ...], best first. Raises ValueError."""
    upper, lower = _side(bids), _side(asks)
    if any(first.price <= second.price for first, second in itertools.pairwise(upper)):
        raise ValueError("bids are not in order")
    if any(first.price >= second.price for first, second in itertools.pairwise(lower)):
        raise ValueError("asks are not in order")
    return Book(bids=upper, asks=lower, stamp=stamp)


def _side(raw: object) -> tuple[BookLevel, ...]:
    if not isinstance(raw, list) or not all(isinstance(level, list) and len(level) >= 2 for level in raw):
        raise ValueError("a side of the book is no list of levels")
    named = ({"price": level[0], "quantity": level[1]} for level in raw)
    return tuple(BookLevel(price=positive_in(row, "price"), contracts=positive_in(row, "quantity")) for row in named)
