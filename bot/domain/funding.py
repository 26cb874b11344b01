"""What the short pays or earns for being held: one row for each settlement, from the venue's own books."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from bot.domain.ids import Asset, Symbol, VenueName
from bot.domain.numbers import plain


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


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingFigures:
    """What a short paid or earned in a trailing window.

    Attributes:
        amount: in `asset`; positive when it earned.
        payments: how many.
        since_ms: venue time of the first one.
        cost_a_year: as a fraction of its notional, positive when it paid; None when nobody saw the short then.
    """

    amount: Decimal
    asset: Asset
    payments: int
    since_ms: int
    cost_a_year: Decimal | None


def funding_facts(figures: FundingFigures | None) -> dict[str, str | int | None] | None:
    """As JSON: amounts are strings of plain digits."""
    if figures is None:
        return None
    return {
        "amount": plain(figures.amount),
        "asset": figures.asset,
        "payments": figures.payments,
        "since_ms": figures.since_ms,
        "cost_a_year": None if figures.cost_a_year is None else plain(round(figures.cost_a_year, 6)),
    }
