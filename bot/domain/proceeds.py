"""What the orders of a stablecoin hedge got and spent, and what others took of it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NewType

from bot.domain.ids import Asset, HedgeName

CrossingId = NewType("CrossingId", str)
"""Made like a client order id, of the same epoch and sequence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What fills of the hedge's own orders did to one currency.

    Attributes:
        asset: a stablecoin, the coin, or what a fee was taken in.
        amount: in `asset`; got is positive, spent and fees are negative.
        crossing_id: whose orders.
        market: of which stablecoin's market with the coin it was; None for a swap.
        fee: it is a fee.
    """

    asset: Asset
    amount: Decimal
    crossing_id: CrossingId
    market: Asset | None
    fee: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOff:
    """Proceeds that others took away: they are the hedge's no more, even when as many come back later.

    Attributes:
        amount: above 0, in `asset`.
        owned: before it.
        balance: the lowest that two readings in a row saw.
        at_ms: our clock, when it was confirmed.
    """

    hedge: HedgeName
    asset: Asset
    amount: Decimal
    owned: Decimal
    balance: Decimal
    at_ms: int
