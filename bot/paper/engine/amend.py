"""Giving a resting order another price or quantity, under its own id."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from bot.paper.engine import filters, funds, liquidation, matching
from bot.paper.engine.floor import Floor
from bot.paper.engine.model import NewOrder, Order, Refusal, RefusalCode, TimeInForce
from bot.paper.engine.orders import find
from bot.paper.engine.state import AccountState


def amend(
    floor: Floor, state: AccountState, key: str, order_id: int, *, quantity: Decimal | None, price: Decimal | None
) -> Order:
    """See `Exchange.amend`."""
    old = find(state, key, order_id=order_id, client_id=None)
    if not old.status.open:
        raise Refusal(RefusalCode.UNKNOWN_ORDER, f"order {old.order_id} is {old.status}")
    listing = floor.listing(key)
    whole = old.quantity if quantity is None else quantity
    limit = old.price if price is None else price
    wanted = NewOrder(
        listing_key=key,
        side=old.side,
        kind=old.kind,
        tif=old.tif,
        quantity=whole,
        price=limit,
        reduce_only=old.reduce_only,
        position_side=old.position_side,
    )
    filters.check(listing, wanted, floor.mark(listing))
    if whole <= old.filled:
        raise Refusal(RefusalCode.LOT_SIZE, f"{old.filled} has filled")
    new = replace(old, quantity=whole, price=limit, update_ms=floor.now())
    rest = whole - old.filled
    # Out of the book while it is measured: it may neither meet itself nor pay for itself twice.
    del state.open_ids[order_id]
    state.silent_changes += 1
    try:
        what = matching.plan(floor, state, listing, replace(wanted, quantity=rest))
        if new.tif is TimeInForce.GTX and (what.takes or what.own):
            raise Refusal(RefusalCode.WOULD_MATCH, f"{new.side} at {new.price}")
        funds.check(floor, state, listing, replace(new, quantity=rest), what, rests=True)
    finally:
        state.open_ids[order_id] = None
        state.silent_changes += 1
    state.put(new, listing.symbol)
    matching.execute(floor, state, new, what)
    if listing.market.perpetual or floor.layout.unified:
        liquidation.sweep(floor)
    return state.orders[order_id]
