"""Margin arithmetic of perpetuals. Pure formulas; the figures are in the settle asset and not rounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.domain.numbers import ZERO
from bot.paper.engine.model import Bracket, Listing, MarginSummary, PositionSide, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """The unfilled part of an order that may open or enlarge a position."""

    side: Side
    quantity: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A position (perhaps flat) with its settings, its mark and the resting orders that may enlarge it.

    `contracts`, `cost`, `isolated_wallet`: as in `PositionState`.
    """

    listing: Listing
    side: PositionSide
    contracts: Decimal
    cost: Decimal
    isolated: bool
    isolated_wallet: Decimal
    leverage: int
    mark: Decimal
    orders: tuple[Resting, ...] = ()
    update_ms: int = 0

    @property
    def notional(self) -> Decimal:
        """Signed value at the mark."""
        return self.listing.notional(self.contracts, self.mark)

    @property
    def unrealized(self) -> Decimal:
        """P&L against the cost."""
        return self.notional - self.cost

    @property
    def maintenance(self) -> Decimal:
        """Margin below which the position is liquidated."""
        return maintenance(self.listing.brackets, abs(self.notional))

    @property
    def initial(self) -> Decimal:
        """Margin that the position takes at its leverage."""
        return abs(self.notional) / self.leverage

    @property
    def order_initial(self) -> Decimal:
        """Margin that the resting orders take beyond the position's own: only the dearer direction counts."""
        bids, asks = (
            sum((self.listing.notional(o.quantity, o.price) for o in self.orders if o.side is side), ZERO)
            for side in (Side.BUY, Side.SELL)
        )
        needed = max(abs(self.notional), self.notional + bids, asks - self.notional)
        return needed / self.leverage - self.initial

    @property
    def order_reserve(self) -> Decimal:
        """What filling the resting orders would cost at once: the loss against the mark, and fees."""
        return sum(
            (
                self.listing.notional(
                    o.quantity,
                    max(ZERO, o.side.sign * (o.price - self.mark)) + o.price * self.listing.maker_fee,
                )
                for o in self.orders
            ),
            ZERO,
        )


def bracket_of(brackets: Sequence[Bracket], notional: Decimal) -> Bracket:
    """The tier of a notional (unsigned); the last one for anything larger."""
    return next((bracket for bracket in brackets if notional <= bracket.cap), brackets[-1])


def maintenance(brackets: Sequence[Bracket], notional: Decimal) -> Decimal:
    """Maintenance margin of a notional (unsigned): rate x notional - cum."""
    bracket = bracket_of(brackets, notional)
    return notional * bracket.rate - bracket.cum


def notional_max(brackets: Sequence[Bracket], leverage: int) -> Decimal:
    """The largest notional allowed at a leverage; 0 when no tier allows the leverage."""
    return max((bracket.cap for bracket in brackets if bracket.max_leverage >= leverage), default=ZERO)


def summarize(asset: str, wallet: Decimal, lines: Sequence[Line]) -> MarginSummary:
    """A futures account's figures in one settle asset.

    Args:
        asset: the settle asset.
        wallet: the ledger's balance of the futures wallet.
        lines: all positions and resting orders settled in the asset.
    """
    cross = [line for line in lines if not line.isolated]
    cross_wallet = wallet - sum((line.isolated_wallet for line in lines), ZERO)
    cross_unrealized = sum((line.unrealized for line in cross), ZERO)
    order_initial = sum((line.order_initial for line in lines), ZERO)
    reserved = order_initial + sum((line.order_reserve for line in lines), ZERO)
    isolated_reserved = sum((line.order_initial + line.order_reserve for line in lines if line.isolated), ZERO)
    headroom = cross_wallet + cross_unrealized - sum((line.initial for line in cross), ZERO) - reserved
    return MarginSummary(
        asset=asset,
        wallet=wallet,
        cross_wallet=cross_wallet,
        unrealized=sum((line.unrealized for line in lines), ZERO),
        cross_unrealized=cross_unrealized,
        position_initial=sum((line.initial for line in lines), ZERO),
        order_initial=order_initial,
        maintenance=sum((line.maintenance for line in lines), ZERO),
        cross_maintenance=sum((line.maintenance for line in cross), ZERO),
        available=max(ZERO, headroom),
        # Unrealised profit backs cross positions, but can't leave the account or be set apart.
        withdrawable=max(ZERO, min(headroom, cross_wallet - isolated_reserved)),
        headroom=headroom,
        isolated_headroom=min(headroom, cross_wallet - isolated_reserved),
    )


def liquidation_price(balance: Decimal, lines: Sequence[Line]) -> Decimal | None:
    """The price at which balance + P&L of the lines falls to their maintenance margin.

    For one short this is (balance + cum + Q x entry) / (Q x (1 + rate)), with the tier of the notional at that price.

    Args:
        balance: the isolated wallet; for cross margin the cross wallet plus unrealised P&L less maintenance margin of
            all other symbols.
        lines: the position, or both sides of one symbol under cross margin; all at the same mark.

    Returns:
        None when no price above 0 does it.
    """
    sizes = [(line, line.listing.notional(line.contracts, Decimal(1))) for line in lines if line.contracts]
    if not sizes:
        return None
    edges = sorted({bracket.floor / abs(size) for line, size in sizes for bracket in line.listing.brackets})
    roots: list[Decimal] = []
    for low, high in zip(edges, [*edges[1:], None], strict=True):
        middle = low + 1 if high is None else (low + high) / 2
        tiers = [(size, bracket_of(line.listing.brackets, abs(size) * middle)) for line, size in sizes]
        slope = sum((size - abs(size) * tier.rate for size, tier in tiers), ZERO)
        start = balance - sum((line.cost for line, _ in sizes), ZERO) + sum((tier.cum for _, tier in tiers), ZERO)
        root = -start / slope if slope else ZERO
        if root > 0 and low <= root and (high is None or root <= high):
            roots.append(root)
    if not roots:
        return None
    short = sum((size for _, size in sizes), ZERO) <= 0
    return max(roots) if short else min(roots)
