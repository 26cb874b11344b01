"""Order parameters that spot and futures share."""

from __future__ import annotations

from decimal import Decimal

from bot.paper.engine.model import Listing, OrderKind, Side, TimeInForce
from bot.paper.wire.kucoin.errors import ApiError, bad_parameter
from bot.paper.wire.kucoin.params import Params


def side_of(params: Params) -> Side:
    """The parameter `side`, in lower case on the wire.

    Raises:
        ApiError: 400100 not sent, or neither buy nor sell.
    """
    raw = params.need("side").upper()
    if raw not in Side.__members__:
        raise bad_parameter("side parameter is invalid")
    return Side[raw]


def kind_of(params: Params) -> OrderKind:
    """The parameter `type`; an order is a limit order unless told otherwise.

    Raises:
        ApiError: 400100 neither limit nor market, or a stop order, which is not offered here.
    """
    if params.text("stop") is not None or params.text("stopPrice") is not None:
        raise bad_parameter("stop orders are not supported")
    raw = (params.text("type") or "limit").upper()
    if raw not in OrderKind.__members__:
        raise bad_parameter("type parameter is invalid")
    return OrderKind[raw]


def tif_of(params: Params, kind: OrderKind) -> TimeInForce:
    """`timeInForce` and `postOnly` together.

    Raises:
        ApiError: 400100 unknown, or post-only together with IOC or FOK.
    """
    post_only = params.flag("postOnly")
    if kind is OrderKind.MARKET:
        return TimeInForce.GTC
    raw = (params.text("timeInForce") or "GTC").upper()
    allowed = {tif.value: tif for tif in (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)}
    if raw not in allowed:
        raise bad_parameter("timeInForce parameter is invalid")
    if post_only and raw != "GTC":
        raise bad_parameter("postOnly is invalid when timeInForce is IOC or FOK")
    return TimeInForce.GTX if post_only else allowed[raw]


def check_price(listing: Listing, price: Decimal | None) -> None:
    """A spot price on its increment.

    Raises:
        ApiError: 400100 it is not.
    """
    if price is not None and (price <= 0 or price % listing.price_tick):
        raise bad_parameter("Price increment invalid.")


def check_size(listing: Listing, size: Decimal | None) -> None:
    """A spot size on its increment and not below the least.

    Raises:
        ApiError: 400100 it is not.
    """
    if size is None:
        return
    if size < listing.quantity_min:
        raise bad_parameter("Order size below the minimum requirement.")
    if size % listing.quantity_step:
        raise bad_parameter("Order size increment invalid.")


def check_funds(listing: Listing, funds: Decimal | None) -> None:
    """Enough quote to buy anything.

    Raises:
        ApiError: 600101 it is not.
    """
    if funds is not None and funds < listing.notional_min:
        raise ApiError("600101", f"The order funds should more then {listing.notional_min} {listing.quote}.")


def check_limits(listing: Listing, side: Side, price: Decimal | None, mark: Decimal, *, spot: bool) -> None:
    """A limit price within the market's bounds: both ways on spot, against the taker's own folly on futures.

    Raises:
        ApiError: 300012 on futures, 400370 and 400760 on spot.
    """
    up, down = listing.percent_price_up, listing.percent_price_down
    if price is None:
        return
    if up is not None and price > mark * up and (spot or side is Side.BUY):
        highest = (mark * up).quantize(listing.price_tick)
        text = f"Max. price: {highest}" if spot else f"Buy order price cannot be higher than {highest}."
        raise ApiError("400370" if spot else "300012", text)
    if down is not None and price < mark * down and (spot or side is Side.SELL):
        lowest = (mark * down).quantize(listing.price_tick)
        text = (
            f"order price should be more than {lowest}" if spot else f"Sell order price cannot be lower than {lowest}."
        )
        raise ApiError("400760" if spot else "300012", text)
