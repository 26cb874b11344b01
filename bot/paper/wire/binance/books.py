"""Which levels of a book somebody has read lately.

A stream tells the difference between two looks at a book. Whoever read the book in between may hold a level that
neither look saw, and must be told of it, too.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import Final

from bot.paper.engine.model import Depth

Level = tuple[str, Decimal]
"""`b` or `a`, and the price."""
_REMEMBERED: Final = 64


class SeenBooks:
    """The latest snapshots of each market."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[tuple[int, frozenset[Level]]]] = {}

    def note(self, listing_key: str, depth: Depth, now_ms: int) -> None:
        """Somebody has read the book."""
        self._seen.setdefault(listing_key, deque(maxlen=_REMEMBERED)).append((now_ms, frozenset(levels_of(depth))))

    def since(self, listing_key: str, since_ms: int) -> set[Level]:
        """Every level that was read since a moment, that moment included."""
        seen = self._seen.get(listing_key, ())
        return {level for time_ms, levels in seen if time_ms >= since_ms for level in levels}


def levels_of(depth: Depth) -> dict[Level, Decimal]:
    """A book's quantities by level."""
    sides = {"b": depth.bids, "a": depth.asks}
    return {(side, level.price): level.quantity for side, levels in sides.items() for level in levels}
