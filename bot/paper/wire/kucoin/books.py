"""Which levels of a book somebody has read lately.

A stream tells the difference between two looks at a book. Whoever read the book in between may hold a level that
neither look saw, and must be told of it, too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from bot.paper.engine.model import Depth

Level = tuple[str, Decimal]
"""`asks` or `bids`, and the price."""
Sizes = Mapping[Level, Decimal]
_REMEMBERED: Final = 64


class SeenBooks:
    """The latest snapshots of each market."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[tuple[int, Sizes]]] = {}

    def note(self, listing_key: str, depth: Depth, now_ms: int) -> None:
        """Somebody has read the book."""
        self._seen.setdefault(listing_key, deque(maxlen=_REMEMBERED)).append((now_ms, sizes_of(depth)))

    def since(self, listing_key: str, since_ms: int) -> Sequence[Sizes]:
        """Every snapshot that was read since a moment, that moment included."""
        return [sizes for time_ms, sizes in self._seen.get(listing_key, ()) if time_ms >= since_ms]


def sizes_of(depth: Depth) -> dict[Level, Decimal]:
    """A book's quantities by level."""
    sides = {"asks": depth.asks, "bids": depth.bids}
    return {(side, level.price): level.quantity for side, levels in sides.items() for level in levels}
