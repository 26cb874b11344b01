"""What was settled before the world began, so that a history can be asked for. Pure, and the same in every world."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from bot.paper.engine.model import FundingRecord, Listing

PAST_FUNDINGS: Final = 90
"""Thirty days of settlements every 8 hours."""
_LOWEST, _HIGHEST = -90, 210
"""Millionths. Longs pay more often than shorts, 0.006 % on average, as they mostly did in 2023 to 2025."""
_MILLIONTH: Final = Decimal("0.000001")


def past_fundings(
    listings: Iterable[tuple[Listing, Decimal]], next_ms: int, interval_ms: int
) -> Iterable[FundingRecord]:
    """The settlements of each perpetual before the next one, oldest first; no account took part in them.

    Args:
        listings: perpetuals with their first mark, at which all of it was settled.
        next_ms: the next settlement's time.
        interval_ms: between two settlements.
    """
    marked = tuple(listings)
    for ago in range(PAST_FUNDINGS, 0, -1):
        for listing, mark in marked:
            yield FundingRecord(
                symbol=listing.symbol,
                time_ms=next_ms - ago * interval_ms,
                rate=_rate(listing.symbol, ago),
                mark_price=mark,
            )


def _rate(symbol: str, ago: int) -> Decimal:
    drawn = int.from_bytes(hashlib.sha256(f"{symbol} {ago}".encode()).digest()[:8], "big")
    return (_LOWEST + drawn % (_HIGHEST - _LOWEST + 1)) * _MILLIONTH
