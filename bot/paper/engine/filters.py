"""The market's own rules for an order, before anything of the account is looked at. Pure."""

from __future__ import annotations

from decimal import Decimal

from bot.paper.engine.model import (
    Listing,
    MarketType,
    NewOrder,
    OrderKind,
    Refusal,
    RefusalCode,
    Side,
)
from bot.paper.engine.state import closes


def check(listing: Listing, order: NewOrder, mark: Decimal) -> None:
    """Refuse an order that breaks a filter of the market.

    Raises:
        Refusal: market-closed, lot-size, max-quantity, price-filter, percent-price, min-notional.
    """
    if not listing.open:
        raise Refusal(RefusalCode.MARKET_CLOSED, f"{listing.symbol} is {listing.status}")
    if order.kind is OrderKind.LIMIT:
        _check_price(listing, order, mark)
    _check_quantity(listing, order)
    _check_notional(listing, order, mark)


def _check_price(listing: Listing, order: NewOrder, mark: Decimal) -> None:
    price = order.price
    if price is None or not price.is_finite() or not listing.price_tick <= price <= listing.price_max:
        raise Refusal(RefusalCode.PRICE_FILTER, f"price {price}")
    if price % listing.price_tick != 0:
        raise Refusal(RefusalCode.PRICE_FILTER, f"price {price} is no multiple of {listing.price_tick}")
    # A perpetual's bound holds only against the taker's own folly: buys above, sells below.
    both = listing.market is MarketType.SPOT and listing.bound_both_ways
    up, down = listing.percent_price_up, listing.percent_price_down
    if up is not None and (both or order.side is Side.BUY) and price > mark * up:
        raise Refusal(RefusalCode.PERCENT_PRICE, f"price {price} is above {mark * up}")
    if down is not None and (both or order.side is Side.SELL) and price < mark * down:
        raise Refusal(RefusalCode.PERCENT_PRICE, f"price {price} is below {mark * down}")


def _check_quantity(listing: Listing, order: NewOrder) -> None:
    quantity = order.quantity
    if order.quote_quantity is not None:
        spot_market = listing.market is MarketType.SPOT and order.kind is OrderKind.MARKET
        if quantity is not None or not spot_market:
            raise Refusal(RefusalCode.LOT_SIZE, "a quote quantity is for spot market orders, alone")
        if not order.quote_quantity.is_finite() or order.quote_quantity <= 0:
            raise Refusal(RefusalCode.LOT_SIZE, f"quote quantity {order.quote_quantity}")
        return
    if quantity is None or not quantity.is_finite() or quantity < listing.quantity_min:
        raise Refusal(RefusalCode.LOT_SIZE, f"quantity {quantity} is below {listing.quantity_min}")
    most = listing.market_quantity_max if order.kind is OrderKind.MARKET else listing.quantity_max
    if quantity > most:
        raise Refusal(RefusalCode.MAX_QUANTITY, f"quantity {quantity} is above {most}")
    if quantity % listing.quantity_step != 0:
        raise Refusal(RefusalCode.LOT_SIZE, f"quantity {quantity} is no multiple of {listing.quantity_step}")


def _check_notional(listing: Listing, order: NewOrder, mark: Decimal) -> None:
    """Closing orders of perpetuals are exempt."""
    if order.reduce_only or closes(order.side, order.position_side):
        return
    if order.quote_quantity is not None:
        notional = order.quote_quantity
    else:
        assert order.quantity is not None
        notional = listing.notional(order.quantity, mark if order.price is None else order.price)
    if notional < listing.notional_min:
        raise Refusal(RefusalCode.MIN_NOTIONAL, f"notional {notional} is below {listing.notional_min}")
