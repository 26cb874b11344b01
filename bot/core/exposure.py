"""How many coins we have, how many are hedged, and what is missing (R1 to R3)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.domain.instrument import Instrument
from bot.domain.numbers import ONE, ZERO
from bot.domain.observation import Holding


def exposure(holdings: Sequence[Holding]) -> Decimal:
    """Coins that lose value when the price falls; margin counts with its margin balance W + u (R2)."""
    return sum((holding.quantity for holding in holdings), ZERO)


def principal(holdings: Sequence[Holding]) -> Decimal:
    """Like `exposure`, but margin counts with its wallet balance W only (R3)."""
    return sum((holding.principal for holding in holdings), ZERO)


def short_coins(instrument: Instrument, contracts: Decimal, mark: Decimal) -> Decimal:
    """Coins that a position hedges.

    Args:
        instrument: what the position is in.
        contracts: signed: a short is negative.
        mark: in the instrument's price unit.

    Returns:
        Coins of the asset; positive for a short, negative for a long.
    """
    return -instrument.coins(contracts, mark)


def gap(exposure: Decimal, principal: Decimal, short: Decimal, ratio: Decimal) -> Decimal:
    """Coins that lack a hedge, beyond those that shall stay unhedged (R3).

    The unhedged share is taken of the principal, not of the exposure: the profit and loss of an inverse short is
    part of the exposure, and hedging a share of it would trade on every tick.

    Args:
        exposure: coins, as `exposure` counts them.
        principal: coins, as `principal` counts them.
        short: coins, positive for a short.
        ratio: 0..1, wanted short / exposure.

    Returns:
        Coins; positive when under-hedged, negative when over-hedged.
    """
    return (exposure - short) - (ONE - ratio) * principal


def target(exposure: Decimal, principal: Decimal, ratio: Decimal) -> Decimal:
    """The short in coins that leaves no gap: short + gap, whatever the short is (R3).

    Negative when debts outweigh the coins; sizing takes that as 0, since the bot is never long.
    """
    return exposure - (ONE - ratio) * principal
