"""Booking one fill, and ending an order without one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from bot.domain.numbers import ZERO
from bot.paper.engine.floor import Floor
from bot.paper.engine.ledger import Cause, booked, booked_down
from bot.paper.engine.model import (
    Listing,
    MarketType,
    Order,
    OrderStatus,
    RowKind,
    Side,
    Trade,
)
from bot.paper.engine.positions import apply_fill, fill_of
from bot.paper.engine.state import AccountState, reduces


def fill(
    floor: Floor,
    state: AccountState,
    order: Order,
    *,
    price: Decimal,
    quantity: Decimal,
    maker: bool,
    fee_rate: Decimal | None = None,
) -> Order:
    """Fill a part of an order against the house.

    Args:
        floor: markets, ledger, ids.
        state: the account whose order it is.
        order: its newest version.
        price: of the fill.
        quantity: of the fill, at most what remains.
        maker: the order was resting.
        fee_rate: instead of the market's own.

    Returns:
        The order after it.
    """
    listing = floor.listings[order.listing_key]
    maker_fee, taker_fee = floor.fees(state, listing)
    rate = (maker_fee if maker else taker_fee) if fee_rate is None else fee_rate
    trade_id = floor.next_id("trade")
    spot = listing.market is MarketType.SPOT
    notional = listing.notional(quantity, price)
    # What a spot buy pays in parts may not add up to more than what was locked for the whole.
    quote = booked_down(notional) if spot else booked(notional)
    booking = _Booking(
        listing=listing, order=order, trade_id=trade_id, quantity=quantity, price=price, quote=quote, fee_rate=rate
    )
    book = _book_spot if spot else _book_perpetual
    fee, fee_asset, realized = book(floor, state, booking)
    trade = Trade(
        trade_id=trade_id,
        order_id=order.order_id,
        listing_key=order.listing_key,
        side=order.side,
        price=price,
        quantity=quantity,
        quote=quote,
        fee=fee,
        fee_asset=fee_asset,
        fee_rate=rate,
        realized=realized,
        maker=maker,
        time_ms=floor.now(),
        position_side=order.position_side,
    )
    filled = order.filled + quantity
    after = replace(
        order,
        filled=filled,
        quote_filled=order.quote_filled + quote,
        status=OrderStatus.FILLED if filled == order.quantity else OrderStatus.PARTIALLY_FILLED,
        update_ms=trade.time_ms,
        trades=(*order.trades, trade),
    )
    state.put(after, listing.symbol, trade)
    state.trades.append(trade)
    floor.note_trade(listing, price)
    if not spot:
        expire_void_reductions(floor, state, listing)
    return state.orders[order.order_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Booking:
    """One fill on its way into the books."""

    listing: Listing
    order: Order
    trade_id: int
    quantity: Decimal
    price: Decimal
    quote: Decimal
    fee_rate: Decimal

    def cause(self, kind: RowKind, time_ms: int) -> Cause:
        return Cause(
            time_ms=time_ms,
            kind=kind,
            symbol=self.listing.symbol,
            reference=str(self.order.order_id),
            trade_id=self.trade_id,
        )


def _book_spot(floor: Floor, state: AccountState, booking: _Booking) -> tuple[Decimal, str, Decimal]:
    """Exchange base and quote; the fee is taken from what was received, or always in quote where the venue does so."""
    listing, side = booking.listing, booking.order.side
    in_base = side is Side.BUY and not floor.layout.fee_in_quote
    asset, taxed = (listing.base, booking.quantity) if in_base else (listing.quote, booking.quote)
    fee = booked_down(taxed * booking.fee_rate)
    for what, amount, kind in (
        (listing.base, side.sign * booking.quantity, RowKind.TRADE),
        (listing.quote, -side.sign * booking.quote, RowKind.TRADE),
        (asset, -fee, RowKind.FEE),
    ):
        floor.ledger.pay(state.key, floor.layout.spot, what, amount, booking.cause(kind, floor.now()))
    return fee, asset, ZERO


def _book_perpetual(floor: Floor, state: AccountState, booking: _Booking) -> tuple[Decimal, str, Decimal]:
    """Change the position; realised P&L and the fee go through the margin wallet, in the settle asset."""
    listing, order, wallet = booking.listing, booking.order, floor.pool(booking.listing).wallet
    leverage, isolated = state.settings(listing.symbol)
    before = state.position(listing.symbol, order.position_side)
    change = fill_of(listing, order.side, booking.quantity, booking.price, floor.now())
    after, realized = apply_fill(before, change, leverage=leverage, isolated=isolated)
    state.hold(after, floor.now())
    fee = booked_down(booking.quote * booking.fee_rate)
    for amount, kind in ((realized, RowKind.REALIZED_PNL), (-fee, RowKind.FEE)):
        floor.ledger.pay(state.key, wallet, listing.settle, amount, booking.cause(kind, floor.now()))
    return fee, listing.settle, realized


def end(floor: Floor, state: AccountState, order: Order, status: OrderStatus) -> Order:
    """Take an order out of the book with what it has filled."""
    ended = replace(order, status=status, update_ms=floor.now())
    state.put(ended, floor.listings[order.listing_key].symbol)
    return ended


def expire_void_reductions(floor: Floor, state: AccountState, listing: Listing) -> None:
    """Expire resting orders that may only reduce a position which is gone or has turned."""
    for order in state.open_orders():
        if order.listing_key != listing.key or not reduces(order):
            continue
        if not state.closable(listing.symbol, order.side, order.position_side):
            end(floor, state, order, OrderStatus.EXPIRED)
