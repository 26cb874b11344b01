"""What an order meets in the book, and resting orders that the market reaches.

The book is the synthetic levels and the accounts' resting orders. Whoever trades, trades with the house; so a fill of
one account never depends on the funds of another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import groupby

from bot.domain.numbers import ZERO, floor_to
from bot.paper.engine.book import synthetic_levels
from bot.paper.engine.exposures import lines_of, pays_with, summary_of
from bot.paper.engine.floor import Floor, Pool
from bot.paper.engine.ledger import booked_down
from bot.paper.engine.model import (
    Depth,
    Level,
    Listing,
    MarketType,
    NewOrder,
    Order,
    OrderKind,
    OrderStatus,
    Side,
)
from bot.paper.engine.positions import apply_fill, fill_of
from bot.paper.engine.state import AccountState, reduces
from bot.paper.engine.trades import end, fill


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Something to trade with: a synthetic level, or a resting order of an account."""

    price: Decimal
    quantity: Decimal
    owner: AccountState | None = None
    order: Order | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a new order would do at once.

    Attributes:
        takes: offers, each with the quantity taken.
        own: the account's own resting orders in the way; they expire.
    """

    takes: tuple[Offer, ...]
    own: tuple[Order, ...]

    @property
    def filled(self) -> Decimal:
        """Quantity over all takes."""
        return sum((take.quantity for take in self.takes), ZERO)


def offers(floor: Floor, listing: Listing, side: Side) -> Sequence[Offer]:
    """One side of the book (BUY: the bids), best price first, resting orders before synthetic ones of their price.

    A synthetic level that a resting order of the other side has used up is not quoted until the market moves on.
    """
    own = [
        Offer(price=order.price, quantity=order.remaining, owner=state, order=order)
        for state, order in floor.resting(listing, side)
    ]
    other = floor.resting(listing, side.opposite)
    worst = other[0][1].price if other else None
    synthetic = [
        Offer(price=level.price, quantity=level.quantity)
        for level in synthetic_levels(listing, floor.mark(listing), side)
        if worst is None or side.sign * level.price < side.sign * worst
    ]
    return sorted([*own, *synthetic], key=lambda offer: -side.sign * offer.price)


def depth(floor: Floor, listing: Listing, levels: int) -> Depth:
    """The book by price level."""
    return floor.kept(("depth", listing.key, levels), partial(_depth, floor, listing, levels))


def _depth(floor: Floor, listing: Listing, levels: int) -> Depth:
    sides = (
        tuple(
            Level(price=price, quantity=sum((offer.quantity for offer in group), ZERO))
            for price, group in groupby(offers(floor, listing, side), key=lambda offer: offer.price)
        )[:levels]
        for side in (Side.BUY, Side.SELL)
    )
    bids, asks = sides
    return Depth(bids=bids, asks=asks)


def plan(floor: Floor, state: AccountState, listing: Listing, order: NewOrder) -> Plan:
    """Walk the book as far as price, quantity and budget of a new order go; changes nothing."""
    limit = _limit(floor, listing, order)
    quantity, budget = order.quantity, order.quote_quantity
    takes: list[Offer] = []
    own: list[Order] = []
    for offer in offers(floor, listing, order.side.opposite):
        if limit is not None and order.side.sign * (offer.price - limit) > 0:
            break
        take = offer.quantity
        if quantity is not None:
            take = min(take, quantity)
        if budget is not None:
            take = min(take, floor_to(budget / listing.notional(offer.price, Decimal(1)), listing.quantity_step))
        if take == 0:
            break
        if offer.owner is state and offer.order is not None:
            own.append(offer.order)
            continue
        takes.append(Offer(price=offer.price, quantity=take, owner=offer.owner, order=offer.order))
        quantity = None if quantity is None else quantity - take
        budget = None if budget is None else budget - listing.notional(take, offer.price)
    return Plan(takes=tuple(takes), own=tuple(own))


def _limit(floor: Floor, listing: Listing, order: NewOrder) -> Decimal | None:
    """The worst price that an order takes; a perpetual's market orders stop at the percent-price bound."""
    if order.kind is OrderKind.LIMIT:
        return order.price
    bound = listing.percent_price_up if order.side is Side.BUY else listing.percent_price_down
    if listing.market is MarketType.SPOT or bound is None:
        return None
    return floor.mark(listing) * bound


def execute(floor: Floor, state: AccountState, order: Order, what: Plan) -> Order:
    """Carry out a plan that was just made for an accepted order. Returns the order after it."""
    for own in what.own:
        end(floor, state, own, OrderStatus.EXPIRED_IN_MATCH)
    for take in what.takes:
        order = fill(floor, state, order, price=take.price, quantity=take.quantity, maker=False)
        if take.owner is not None and take.order is not None:
            reach(floor, take.owner, take.order.order_id, take.quantity)
    return order


def sweep(floor: Floor, listing: Listing) -> None:
    """Fill every resting order that the synthetic market has reached or passed, at the order's own price.

    A market that is not open fills nothing.
    """
    if not listing.open:
        return
    for side in Side:
        resting = floor.resting(listing, side)
        quotes = synthetic_levels(listing, floor.mark(listing), side.opposite) if resting else ()
        for state, order in resting:
            if quotes and side.sign * (order.price - quotes[0].price) >= 0:
                reach(floor, state, order.order_id, order.remaining)


def reach(floor: Floor, state: AccountState, order_id: int, quantity: Decimal) -> None:
    """Fill a resting order as maker: cut to what it may reduce, expired when the account can no longer carry it."""
    order = state.orders[order_id]
    listing = floor.listings[order.listing_key]
    if not order.status.open:
        return
    if reduces(order):
        quantity = min(quantity, state.closable(listing.symbol, order.side, order.position_side))
    elif not _carried(floor, state, listing, order, quantity):
        quantity = ZERO
    if quantity == 0:
        end(floor, state, order, OrderStatus.EXPIRED)
    else:
        fill(floor, state, order, price=order.price, quantity=quantity, maker=True)


def _carried(floor: Floor, state: AccountState, listing: Listing, order: Order, quantity: Decimal) -> bool:
    """Whether the account can afford a fill of a resting order as things are by now."""
    if listing.market is MarketType.SPOT:
        # What the order has locked is there, unless it lies in a margin wallet whose positions have eaten into it.
        pool = Pool(wallet=floor.layout.spot, asset=pays_with(listing, order.side))
        return pool not in floor.pools or summary_of(floor, state, pool).headroom >= 0
    return _margin_set_apart(floor, state, listing, order, quantity)


def _margin_set_apart(floor: Floor, state: AccountState, listing: Listing, order: Order, quantity: Decimal) -> bool:
    """Whether the account could set apart the margin of an isolated position that a resting order opens."""
    leverage, isolated = state.settings(listing.symbol)
    if not isolated:
        return True
    pool = floor.pool(listing)
    change = fill_of(listing, order.side, quantity, order.price, order.update_ms)
    before = state.position(listing.symbol, order.position_side)
    after, realized = apply_fill(before, change, leverage=leverage, isolated=isolated)
    if abs(after.contracts) < abs(before.contracts):
        return True
    positions = {**state.positions, (listing.symbol, order.position_side): after}
    fee = booked_down(abs(change.value) * listing.maker_fee)
    lines = lines_of(floor, state, pool, positions=positions, orders=())
    return summary_of(floor, state, pool, lines=lines, paid=fee - realized).isolated_headroom >= 0
