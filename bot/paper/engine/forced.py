"""What an exchange closes by itself: a position that it deleverages, liquidates on its own account, or settles."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO, ceil_to, floor_to
from bot.paper.engine.floor import Floor
from bot.paper.engine.listing import DELISTED, SETTLING
from bot.paper.engine.model import (
    ForcedCause,
    Listing,
    Order,
    OrderKind,
    OrderStatus,
    Refusal,
    RefusalCode,
    Side,
    TimeInForce,
)
from bot.paper.engine.positions import PositionState
from bot.paper.engine.state import AccountState
from bot.paper.engine.trades import end, fill

_MARKERS: Final = {
    ForcedCause.LIQUIDATION: "autoclose-{order_id}",
    ForcedCause.ADL: "adl_autoclose",
    ForcedCause.SETTLEMENT: "settlement_autoclose-{order_id}",
}
"""Client ids as Binance gives them. Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/
user-data-streams/Event-Order-Update (read 2025-11)."""


def close(
    floor: Floor,
    state: AccountState,
    position: PositionState,
    cause: ForcedCause,
    *,
    quantity: Decimal | None = None,
    price: Decimal | None = None,
) -> Decimal:
    """Close a position, or a part, by an order of the exchange's own, without a fee.

    Args:
        floor: markets, ledger, ids.
        state: the account.
        position: of a perpetual, not flat.
        cause: why; the order carries it.
        quantity: contracts; None: all.
        price: of the fill; None: the mark.

    Returns:
        The realised P&L.
    """
    listing = floor.perpetual(position.symbol)
    side = Side.SELL if position.contracts > 0 else Side.BUY
    order_id, now = floor.next_id("order"), floor.now()
    order = Order(
        order_id=order_id,
        client_id=_MARKERS[cause].format(order_id=order_id),
        listing_key=listing.key,
        side=side,
        kind=OrderKind.MARKET,
        tif=TimeInForce.IOC,
        price=ZERO,
        quantity=abs(position.contracts) if quantity is None else quantity,
        quote_quantity=ZERO,
        filled=ZERO,
        quote_filled=ZERO,
        status=OrderStatus.NEW,
        reduce_only=True,
        position_side=position.side,
        time_ms=now,
        update_ms=now,
        cause=cause,
    )
    state.put(order, listing.symbol)
    at = _on_tick(listing, floor.mark(listing) if price is None else price, side)
    done = fill(floor, state, order, price=at, quantity=order.quantity, maker=False, fee_rate=ZERO)
    return done.trades[0].realized


def deleverage(
    floor: Floor, state: AccountState, symbol: str, *, quantity: Decimal | None, price: Decimal | None
) -> None:
    """See `Exchange.deleverage`."""
    listing = floor.perpetual(symbol)
    held = [position for position in state.open_positions() if position.symbol == symbol]
    if not held:
        raise Refusal(RefusalCode.NO_POSITION, symbol)
    # In hedge mode the side in profit; there is only one otherwise.
    mark = floor.mark(listing)
    position = max(held, key=lambda one: listing.value(one.contracts, mark) - one.cost)
    if quantity is not None and not _is_part(quantity, position, listing):
        raise Refusal(RefusalCode.LOT_SIZE, f"{quantity} of {abs(position.contracts)}")
    if price is not None and not (price.is_finite() and price > 0):
        raise Refusal(RefusalCode.BAD_PRICE, f"{price}")
    close(floor, state, position, ForcedCause.ADL, quantity=quantity, price=price)


def settle(floor: Floor, listing: Listing) -> None:
    """See `Exchange.settle_market`."""
    if not listing.market.perpetual:
        raise Refusal(RefusalCode.UNKNOWN_SYMBOL, listing.symbol)
    floor.set_status(listing.key, SETTLING)
    for state in floor.states.values():
        for order in state.open_orders():
            if order.listing_key == listing.key:
                end(floor, state, order, OrderStatus.EXPIRED)
        for position in state.open_positions():
            if position.symbol == listing.symbol:
                close(floor, state, position, ForcedCause.SETTLEMENT)
    floor.set_status(listing.key, DELISTED)


def set_depth(floor: Floor, key: str, quantity: Decimal) -> None:
    """See `Exchange.set_depth`."""
    listing = floor.listing(key)
    if not quantity.is_finite() or quantity < listing.quantity_step:
        raise Refusal(RefusalCode.LOT_SIZE, f"{quantity}")
    floor.relist(replace(listing, depth=quantity))


def _is_part(quantity: Decimal, position: PositionState, listing: Listing) -> bool:
    whole_steps = quantity.is_finite() and floor_to(quantity, listing.quantity_step) == quantity
    return whole_steps and 0 < quantity <= abs(position.contracts)


def _on_tick(listing: Listing, price: Decimal, side: Side) -> Decimal:
    tick = listing.price_tick
    return ceil_to(price, tick) if side is Side.BUY else max(tick, floor_to(price, tick))
