"""How a fill changes a perpetual position. Pure.

The cost of what is open is kept, not its average price: costs add up exactly, averages don't. So the realised P&L
of a position's whole life is its sales less its purchases, to the last digit. Costs are in the settle asset and in
terms of `Listing.value`: dollars paid for a linear contract, coins owed (negative) for an inverse one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from bot.domain.numbers import ZERO
from bot.paper.engine.ledger import booked, booked_down
from bot.paper.engine.model import Listing, PositionSide, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionState:
    """An open or flat position.

    Attributes:
        contracts: signed: negative is short.
        cost: `Listing.value` of the contracts at the entry price; P&L is the value now less the cost.
        isolated_wallet: money set apart for it out of the margin wallet; 0 under cross margin.
    """

    symbol: str
    side: PositionSide
    contracts: Decimal = ZERO
    cost: Decimal = ZERO
    isolated_wallet: Decimal = ZERO
    update_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """What fills: `value` is the booked `Listing.value` of `quantity` bought, so negative for inverse contracts."""

    side: Side
    quantity: Decimal
    value: Decimal
    time_ms: int


def fill_of(listing: Listing, side: Side, quantity: Decimal, price: Decimal, time_ms: int) -> Fill:
    """A fill with its value as it is booked."""
    return Fill(side=side, quantity=quantity, value=booked(listing.value(quantity, price)), time_ms=time_ms)


def apply_fill(position: PositionState, fill: Fill, *, leverage: int, isolated: bool) -> tuple[PositionState, Decimal]:
    """Apply a fill: reduce what is opposite first, open with the rest.

    An isolated opening sets notional / leverage apart; a reduction releases the isolated wallet in proportion.

    Returns:
        The position after it, and the P&L realised on what was reduced, before fees.
    """
    opposite = position.contracts * fill.side.sign < 0
    closed = min(abs(position.contracts), fill.quantity) if opposite else ZERO
    closed_value = _share(fill.value, closed, fill.quantity)
    released_cost = _share(position.cost, closed, abs(position.contracts))
    released_margin = _share(position.isolated_wallet, closed, abs(position.contracts))
    realized = -fill.side.sign * closed_value - released_cost
    opened_value = fill.value - closed_value
    added_margin = booked_down(abs(opened_value) / leverage) if isolated else ZERO
    after = replace(
        position,
        contracts=position.contracts + fill.side.sign * fill.quantity,
        cost=position.cost - released_cost + fill.side.sign * opened_value,
        isolated_wallet=position.isolated_wallet - released_margin + added_margin,
        update_ms=fill.time_ms,
    )
    return after, realized


def _share(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """`amount` x part / whole as booked, so all of it when the part is the whole."""
    return booked(amount * part / whole) if part else ZERO
