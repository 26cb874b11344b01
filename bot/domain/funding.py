"""What the short pays or earns for being held: one row for each settlement, from the venue's own books."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from bot.domain.ids import Asset, Symbol, VenueName


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingPayment:
    """One settlement of one position.

    Attributes:
        reference: the venue's id of the row; once for a symbol of a venue.
        amount: in `asset`; positive when the short earned, negative when it paid.
        time_ms: venue time of the settlement.
        short: contracts held through it, positive; None when nobody looked shortly before.
        mark: seen with `short`, in the instrument's price unit; None with it.
    """

    venue: VenueName
    symbol: Symbol
    reference: str
    asset: Asset
    amount: Decimal
    time_ms: int
    short: Decimal | None = None
    mark: Decimal | None = None
