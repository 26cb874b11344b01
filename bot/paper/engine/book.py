"""The synthetic book: the market itself, which always quotes around the price and refills at once. Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from bot.domain.numbers import ceil_to, floor_to
from bot.paper.engine.model import Level, Listing, Side

LEVELS: Final = 20
HALF_SPREAD: Final = Decimal("0.00001")
"""Of the price; at least one tick on each side."""
LEVEL_GAP: Final = Decimal("0.0001")
"""Distance of two levels as a fraction of the price; at least one tick."""


def rounded_to_tick(price: Decimal, tick: Decimal) -> Decimal:
    """The nearest price on the tick, at least one tick."""
    return max(tick, (price / tick).to_integral_value(rounding=ROUND_HALF_EVEN) * tick)


def synthetic_levels(listing: Listing, mark: Decimal, side: Side) -> tuple[Level, ...]:
    """Bids (BUY) or asks (SELL) around a mark, best first.

    The first level holds `listing.depth`, each further one half of that more. A bid that would be 0 is not quoted.
    """
    tick = listing.price_tick
    half = max(tick, mark * HALF_SPREAD)
    gap = max(tick, ceil_to(mark * LEVEL_GAP, tick))
    best = floor_to(mark - half, tick) if side is Side.BUY else ceil_to(mark + half, tick)
    levels = (
        Level(
            price=best - side.sign * gap * index,
            quantity=floor_to(listing.depth * (2 + index) / 2, listing.quantity_step),
        )
        for index in range(LEVELS)
    )
    return tuple(level for level in levels if level.price > 0)
