"""Maintenance margin tiers, as rows of (cap, rate, highest leverage). Pure data and one completion.

Source: Binance's leverage bracket tables of 2025, rounded where they only bound sizes; the other venues' tables are
of the same shape (from general knowledge) and borrow them.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO
from bot.paper.engine.listing import Bracket

Tiers = Iterable[tuple[int, str, int]]


def brackets(tiers: Tiers) -> tuple[Bracket, ...]:
    """Complete a bracket table.

    `cum` follows from the margin being continuous at each floor: cum += floor x (rate - rate of the tier below).
    """
    made: list[Bracket] = []
    floor, below, cum = ZERO, ZERO, ZERO
    for cap, rate_text, max_leverage in tiers:
        rate = Decimal(rate_text)
        cum += floor * (rate - below)
        made.append(Bracket(floor=floor, cap=Decimal(cap), rate=rate, cum=cum, max_leverage=max_leverage))
        floor, below = Decimal(cap), rate
    return tuple(made)


BTC_TIERS: Final = (
    (300_000, "0.004", 125),
    (800_000, "0.005", 100),
    (3_000_000, "0.0065", 75),
    (12_000_000, "0.01", 50),
    (70_000_000, "0.02", 25),
    (100_000_000, "0.025", 20),
    (230_000_000, "0.05", 10),
    (480_000_000, "0.1", 5),
    (600_000_000, "0.125", 4),
    (800_000_000, "0.15", 3),
    (1_200_000_000, "0.25", 2),
    (1_800_000_000, "0.5", 1),
)
ETH_TIERS: Final = (
    (300_000, "0.004", 125),
    (800_000, "0.005", 100),
    (3_000_000, "0.0065", 75),
    (12_000_000, "0.01", 50),
    (50_000_000, "0.02", 25),
    (65_000_000, "0.025", 20),
    (150_000_000, "0.05", 10),
    (320_000_000, "0.1", 5),
    (400_000_000, "0.125", 4),
    (530_000_000, "0.15", 3),
    (800_000_000, "0.25", 2),
    (1_200_000_000, "0.5", 1),
)
BNB_TIERS: Final = (
    (10_000, "0.005", 75),
    (80_000, "0.01", 50),
    (600_000, "0.015", 40),
    (1_600_000, "0.02", 25),
    (3_200_000, "0.025", 20),
    (12_000_000, "0.05", 10),
    (20_000_000, "0.1", 5),
    (24_000_000, "0.125", 4),
    (60_000_000, "0.25", 2),
    (100_000_000, "0.5", 1),
)
PEPE_TIERS: Final = (
    (10_000, "0.0065", 75),
    (80_000, "0.01", 50),
    (400_000, "0.02", 25),
    (800_000, "0.025", 20),
    (4_000_000, "0.05", 10),
    (8_000_000, "0.1", 5),
    (10_000_000, "0.125", 4),
    (20_000_000, "0.25", 2),
    (30_000_000, "0.5", 1),
)
BTC_COIN_TIERS: Final = (
    (5, "0.004", 125),
    (10, "0.005", 100),
    (20, "0.01", 50),
    (50, "0.025", 20),
    (100, "0.05", 10),
    (200, "0.1", 5),
    (400, "0.125", 4),
    (1_000, "0.15", 3),
    (1_500, "0.25", 2),
    (3_000, "0.5", 1),
)
"""In BTC."""
ETH_COIN_TIERS: Final = (
    (50, "0.005", 100),
    (100, "0.0065", 75),
    (300, "0.01", 50),
    (800, "0.02", 25),
    (2_500, "0.05", 10),
    (5_000, "0.1", 5),
    (10_000, "0.125", 4),
    (20_000, "0.25", 2),
    (40_000, "0.5", 1),
)
"""In ETH."""
BNB_COIN_TIERS: Final = (
    (100, "0.01", 50),
    (1_000, "0.02", 25),
    (5_000, "0.05", 10),
    (10_000, "0.1", 5),
    (25_000, "0.125", 4),
    (50_000, "0.25", 2),
    (100_000, "0.5", 1),
)
"""In BNB."""
