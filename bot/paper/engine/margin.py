"""Margin arithmetic of perpetuals. Pure formulas; the figures are in the settle asset and not rounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.domain.numbers import ZERO
from bot.paper.engine.model import Bracket, Listing, MarginSummary, MarketType, PositionSide, Side


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
        """Signed size at the mark, in settle."""
        return self.listing.notional(self.contracts, self.mark)

    @property
    def unrealized(self) -> Decimal:
        """P&L against the cost."""
        return self.listing.value(self.contracts, self.mark) - self.cost

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
            sum((self._assumed_notional(o) for o in self.orders if o.side is side), ZERO)
            for side in (Side.BUY, Side.SELL)
        )
        needed = max(abs(self.notional), self.notional + bids, asks - self.notional)
        return needed / self.leverage - self.initial

    @property
    def order_reserve(self) -> Decimal:
        """What filling the resting orders would cost at once: the loss against the mark ("open loss"), and fees."""
        return sum((self._open_loss(o) + self._fee(o) for o in self.orders), ZERO)

    def _assumed_notional(self, order: Resting) -> Decimal:
        """A sell below the market would fill at the market, and is margined as if."""
        price = max(order.price, self.mark) if order.side is Side.SELL else order.price
        return self.listing.notional(order.quantity, price)

    def _open_loss(self, order: Resting) -> Decimal:
        paid = self.listing.value(order.quantity, order.price) - self.listing.value(order.quantity, self.mark)
        return max(ZERO, order.side.sign * paid)

    def _fee(self, order: Resting) -> Decimal:
        return self.listing.notional(order.quantity, order.price) * self.listing.maker_fee


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


def summarize(asset: str, wallet: Decimal, lines: Sequence[Line], *, frozen: Decimal = ZERO) -> MarginSummary:
    """A futures account's figures in one settle asset.

    Args:
        asset: the settle asset.
        wallet: the ledger's balance of the margin wallet.
        lines: all positions and resting orders that it margins.
        frozen: what open spot orders need of the wallet; it still backs positions, but nothing new.
    """
    cross = [line for line in lines if not line.isolated]
    cross_wallet = wallet - sum((line.isolated_wallet for line in lines), ZERO)
    cross_unrealized = sum((line.unrealized for line in cross), ZERO)
    order_initial = sum((line.order_initial for line in lines), ZERO)
    reserved = order_initial + sum((line.order_reserve for line in lines), ZERO)
    isolated_reserved = sum((line.order_initial + line.order_reserve for line in lines if line.isolated), ZERO)
    headroom = cross_wallet + cross_unrealized - sum((line.initial for line in cross), ZERO) - reserved - frozen
    # Unrealised profit backs cross positions, but can't leave the account or be set apart.
    isolated_headroom = min(headroom, cross_wallet - isolated_reserved - frozen)
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
        withdrawable=max(ZERO, isolated_headroom),
        headroom=headroom,
        isolated_headroom=isolated_headroom,
        frozen=frozen,
    )


def liquidation_price(balance: Decimal, lines: Sequence[Line]) -> Decimal | None:
    """The price at which balance + P&L of the lines falls to their maintenance margin.

    For one linear short this is (balance + cum + Q x entry) / (Q x (1 + rate)), with the tier of the notional at that
    price; for an inverse one backed by a share b < 1 of its coins (1 - rate) x entry / (1 - b) (R28).

    Args:
        balance: the isolated wallet; for cross margin the cross wallet plus unrealised P&L less maintenance margin of
            all other symbols.
        lines: the position, or both sides of one symbol under cross margin; all at the same mark.

    Returns:
        None when no price above 0 does it.
    """
    held = [line for line in lines if line.contracts]
    if not held:
        return None
    # In x = price (linear) or 1 / price (inverse), every tier's margin is a straight line.
    inverse = held[0].listing.market is MarketType.INVERSE
    x = _root(balance, held, sign=-1 if inverse else 1)
    return 1 / x if x is not None and inverse else x


def _root(balance: Decimal, held: Sequence[Line], *, sign: int) -> Decimal | None:
    """The x above 0 at which the margin runs out; `sign` is that of a long contract's value."""
    sizes = [(line, line.contracts * line.listing.contract_size) for line in held]
    edges = sorted({bracket.floor / abs(size) for line, size in sizes for bracket in line.listing.brackets})
    roots: list[Decimal] = []
    for low, high in zip(edges, [*edges[1:], None], strict=True):
        middle = low + 1 if high is None else (low + high) / 2
        tiers = [(size, bracket_of(line.listing.brackets, abs(size) * middle)) for line, size in sizes]
        slope = sum((sign * size - abs(size) * tier.rate for size, tier in tiers), ZERO)
        start = balance - sum((line.cost for line, _ in sizes), ZERO) + sum((tier.cum for _, tier in tiers), ZERO)
        root = -start / slope if slope else ZERO
        if root > 0 and low <= root and (high is None or root <= high):
            roots.append(root)
    if not roots:
        return None
    falling = sum((sign * size for _, size in sizes), ZERO) <= 0
    return max(roots) if falling else min(roots)
