"""An order's way in: filters, position rules, funds, the book; and cancelling and finding orders."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.numbers import ZERO
from bot.paper.engine import filters, funds, liquidation, matching
from bot.paper.engine.floor import Floor
from bot.paper.engine.model import (
    Listing,
    MarketType,
    NewOrder,
    Order,
    OrderKind,
    OrderStatus,
    PositionSide,
    Refusal,
    RefusalCode,
    TimeInForce,
)
from bot.paper.engine.state import AccountState, closes
from bot.paper.engine.trades import end, expire_void_reductions


def submit(floor: Floor, state: AccountState, new: NewOrder) -> Order:
    """See `Exchange.submit`."""
    listing = floor.listing(new.listing_key)
    filters.check(listing, new, floor.mark(listing))
    _check_client_id(floor, state, new)
    new = _fitted(state, listing, new)
    what = matching.plan(floor, state, listing, new)
    would_take = new.tif is TimeInForce.GTX and bool(what.takes or what.own)
    if would_take and not floor.layout.post_only_ends:
        raise Refusal(RefusalCode.WOULD_MATCH, f"{new.side} at {new.price}")
    if would_take or (new.tif is TimeInForce.FOK and what.filled != new.quantity):
        what = matching.Plan(takes=(), own=())
    order = _accepted(floor, new, what)
    funds.check(floor, state, listing, order, what, rests=_rests(new))
    state.put(order, listing.symbol)
    if would_take:
        return end(floor, state, order, OrderStatus.CANCELED)
    order = matching.execute(floor, state, order, what)
    if order.status.open and not _rests(new):
        end(floor, state, order, OrderStatus.EXPIRED)
    if listing.market.perpetual:
        expire_void_reductions(floor, state, listing)
    if listing.market.perpetual or floor.layout.unified:
        liquidation.sweep(floor)
    return state.orders[order.order_id]


def cancel(floor: Floor, state: AccountState, key: str, *, order_id: int | None, client_id: str | None) -> Order:
    """See `Exchange.cancel`."""
    order = find(state, key, order_id=order_id, client_id=client_id)
    if not order.status.open:
        raise Refusal(RefusalCode.UNKNOWN_ORDER, f"order {order.order_id} is {order.status}")
    if floor.cancels_too_late:
        matching.reach(floor, state, order.order_id, order.remaining)
        return replace(order, status=OrderStatus.CANCELED, update_ms=floor.now())
    return end(floor, state, order, OrderStatus.CANCELED)


def cancel_all(floor: Floor, state: AccountState, key: str) -> list[Order]:
    """See `Exchange.cancel_all`."""
    floor.listing(key)
    return [end(floor, state, order, OrderStatus.CANCELED) for order in state.open_orders() if order.listing_key == key]


def find(state: AccountState, key: str, *, order_id: int | None, client_id: str | None) -> Order:
    """See `Exchange.order`. With both ids, both must fit."""
    if order_id is None:
        found = (order for order in reversed(state.orders.values()) if order.client_id == client_id)
    else:
        found = (order for order in [state.orders.get(order_id)] if order is not None)
    for order in found:
        if order.listing_key == key and client_id in (None, order.client_id):
            return order
    raise Refusal(RefusalCode.UNKNOWN_ORDER, f"order {order_id or client_id} of {key}")


def _check_client_id(floor: Floor, state: AccountState, new: NewOrder) -> None:
    """On most venues a used id is free again once the earlier order is done."""
    if floor.layout.client_ids_once and new.client_id in state.client_ids:
        raise Refusal(RefusalCode.DUPLICATE_CLIENT_ID, new.client_id)
    taken = {order.client_id for order in state.open_orders() if order.listing_key == new.listing_key}
    if new.client_id in taken:
        raise Refusal(RefusalCode.DUPLICATE_CLIENT_ID, new.client_id)


def _fitted(state: AccountState, listing: Listing, new: NewOrder) -> NewOrder:
    """Check the position rules, and cut a reduce-only order to the position."""
    if listing.market is MarketType.SPOT:
        if new.reduce_only:
            raise Refusal(RefusalCode.REDUCE_ONLY_REJECTED, "spot has no positions")
        if new.position_side is not PositionSide.BOTH:
            raise Refusal(RefusalCode.POSITION_SIDE_MISMATCH, "spot has no positions")
        return new
    if state.hedged is (new.position_side is PositionSide.BOTH):
        raise Refusal(RefusalCode.POSITION_SIDE_MISMATCH, f"{new.position_side}, hedge mode {state.hedged}")
    closing = closes(new.side, new.position_side)
    if not new.reduce_only and not closing:
        return new
    assert new.quantity is not None
    closable = state.closable(listing.symbol, new.side, new.position_side)
    if closable == 0 or (closing and new.quantity > closable):
        raise Refusal(RefusalCode.REDUCE_ONLY_REJECTED, f"{closable} can be closed")
    return replace(new, quantity=min(new.quantity, closable))


def _rests(new: NewOrder) -> bool:
    """What does not fill at once stays in the book."""
    return new.kind is OrderKind.LIMIT and new.tif in {TimeInForce.GTC, TimeInForce.GTX}


def _accepted(floor: Floor, new: NewOrder, what: matching.Plan) -> Order:
    """The order as it enters the exchange, nothing filled yet. Raises Refusal lot-size when a budget buys nothing."""
    quantity = what.filled if new.quantity is None else new.quantity
    if quantity == 0:
        raise Refusal(RefusalCode.LOT_SIZE, f"{new.quote_quantity} is not worth one step")
    order_id = floor.next_id("order")
    now = floor.now()
    return Order(
        order_id=order_id,
        client_id=new.client_id or f"paper-{order_id}",
        listing_key=new.listing_key,
        side=new.side,
        kind=new.kind,
        tif=new.tif,
        price=new.price if new.price is not None and new.kind is OrderKind.LIMIT else ZERO,
        quantity=quantity,
        quote_quantity=new.quote_quantity or ZERO,
        filled=ZERO,
        quote_filled=ZERO,
        status=OrderStatus.NEW,
        reduce_only=new.reduce_only,
        position_side=new.position_side,
        time_ms=now,
        update_ms=now,
    )
