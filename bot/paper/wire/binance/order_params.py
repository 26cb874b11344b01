"""Order parameters that spot and futures share."""

from __future__ import annotations

from bot.paper.engine.model import Side, TimeInForce
from bot.paper.wire.binance.errors import ApiError, missing
from bot.paper.wire.binance.params import Params


def side_of(params: Params) -> Side:
    """The parameter `side`.

    Raises:
        ApiError: -1102 not sent; -1117 neither BUY nor SELL.
    """
    raw = params.need("side")
    if raw not in Side.__members__:
        raise ApiError(-1117, "Invalid side.")
    return Side[raw]


def tif_of(params: Params, *allowed: TimeInForce) -> TimeInForce:
    """The parameter `timeInForce`.

    Raises:
        ApiError: -1102 not sent; -1115 not one of `allowed`.
    """
    raw = params.need("timeInForce")
    found = next((tif for tif in allowed if tif.value == raw), None)
    if found is None:
        raise ApiError(-1115, "Invalid timeInForce.")
    return found


def which_order(params: Params) -> tuple[int | None, str | None]:
    """`orderId` or `origClientOrderId`; with both, the venue's own id counts.

    Raises:
        ApiError: -1102 neither was sent; -1100 an `orderId` that is no number.
    """
    order_id = params.integer("orderId")
    client_id = params.text("origClientOrderId")
    if order_id is None and client_id is None:
        raise missing("orderId")
    return order_id, None if order_id is not None else client_id
