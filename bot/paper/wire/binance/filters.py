"""What Binance distinguishes of an order's numbers where the engine has one refusal for all of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.paper.engine.model import Listing, NewOrder, OrderKind
from bot.paper.wire.binance.digits import places_of, price_places
from bot.paper.wire.binance.errors import ApiError, bad_precision_futures, bad_precision_spot

_ASSET_PLACES: Final = 8


def check_spot(listing: Listing, order: NewOrder) -> None:
    """Digits of a spot order, and the size of a market order.

    Raises:
        ApiError: -1111 more digits than the assets have; -1013 above the market order's own maximum.
    """
    numbers = {"quantity": order.quantity, "quoteOrderQty": order.quote_quantity, "price": order.price}
    for name, value in numbers.items():
        if value is not None and places_of(value) > _ASSET_PLACES:
            raise bad_precision_spot(name)
    quantity = order.quantity or Decimal(0)
    if order.kind is OrderKind.MARKET and listing.market_quantity_max < quantity <= listing.quantity_max:
        raise ApiError(-1013, "Filter failure: MARKET_LOT_SIZE")


def check_futures(listing: Listing, order: NewOrder) -> None:
    """Sign, digits and least size of a futures order.

    Raises:
        ApiError: -4001, -4003 not positive; -1111 more digits than the contract has; -4002 price too high; -4004
            quantity too small.
    """
    assert order.quantity is not None
    if order.quantity <= 0:
        raise ApiError(-4003, "Quantity less than or equal to zero.")
    if places_of(order.quantity) > places_of(listing.quantity_step):
        raise bad_precision_futures()
    if order.quantity < listing.quantity_min:
        raise ApiError(-4004, "Quantity less than min quantity.")
    if order.price is None:
        return
    if order.price <= 0:
        raise ApiError(-4001, "Price less than or equal to zero.")
    if order.price > listing.price_max:
        raise ApiError(-4002, "Price greater than max price.")
    if places_of(order.price) > price_places(listing):
        raise bad_precision_futures()
