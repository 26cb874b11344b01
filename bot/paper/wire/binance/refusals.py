"""The engine's refusals in Binance's numbers and words; the same refusal has other ones on spot than on futures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from bot.paper.engine.model import Refusal, RefusalCode
from bot.paper.wire.binance.errors import ApiError, unknown_order_cancel, unknown_order_query
from bot.paper.wire.binance.limits import Family

Wording = Mapping[RefusalCode, tuple[int, str]]

_SPOT: Final[Wording] = {
    RefusalCode.INSUFFICIENT_BALANCE: (-2010, "Account has insufficient balance for requested action."),
    RefusalCode.WOULD_MATCH: (-2010, "Order would immediately match and take."),
    RefusalCode.DUPLICATE_CLIENT_ID: (-2010, "Duplicate order sent."),
    RefusalCode.MARKET_CLOSED: (-1013, "Market is closed."),
    RefusalCode.LOT_SIZE: (-1013, "Filter failure: LOT_SIZE"),
    RefusalCode.MAX_QUANTITY: (-1013, "Filter failure: LOT_SIZE"),
    RefusalCode.BAD_AMOUNT: (-1013, "Filter failure: LOT_SIZE"),
    RefusalCode.PRICE_FILTER: (-1013, "Filter failure: PRICE_FILTER"),
    RefusalCode.PERCENT_PRICE: (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    RefusalCode.MIN_NOTIONAL: (-1013, "Filter failure: NOTIONAL"),
}

_LINEAR: Final[Wording] = {
    RefusalCode.INSUFFICIENT_MARGIN: (-2019, "Margin is insufficient."),
    RefusalCode.REDUCE_ONLY_REJECTED: (-2022, "ReduceOnly Order is rejected."),
    RefusalCode.WOULD_MATCH: (
        -5022,
        (
            "Due to the order could not be executed as maker, the Post Only order will be rejected. "
            "The order will not be recorded in the order history."
        ),
    ),
    RefusalCode.DUPLICATE_CLIENT_ID: (-4116, "ClientOrderId is duplicated."),
    RefusalCode.LOT_SIZE: (-4023, "Qty not increased by step size."),
    RefusalCode.MAX_QUANTITY: (-4005, "Quantity greater than max quantity."),
    RefusalCode.PRICE_FILTER: (-4014, "Price not increased by tick size."),
    RefusalCode.PERCENT_PRICE: (-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit."),
    RefusalCode.POSITION_SIDE_MISMATCH: (-4061, "Order's position side does not match user's setting."),
    RefusalCode.MAX_POSITION: (-2027, "Exceeded the maximum allowable position at current leverage."),
    RefusalCode.MARKET_CLOSED: (-4141, "Symbol is closed."),
}

_WALLET: Final[Wording] = {
    RefusalCode.INSUFFICIENT_BALANCE: (-5013, "Asset transfer failed: insufficient balance"),
    RefusalCode.BAD_AMOUNT: (-1100, "Illegal characters found in parameter 'amount'; legal range is '[0-9.]+'."),
}

_TABLES: Final[Mapping[Family, Wording]] = {
    Family.SPOT: _SPOT,
    Family.LINEAR: _LINEAR,
    Family.INVERSE: _LINEAR,
    Family.SAPI: _WALLET,
}
_UNKNOWN: Final = (-1000, "An unknown error occurred while processing the request.")


def api_error(refusal: Refusal, family: Family, method: str) -> ApiError:
    """The refusal as this part of the API words it.

    Args:
        refusal: what the engine said.
        family: which part of the API was asked.
        method: the HTTP method: an order that is not there is another error when cancelling than when asking for it.
    """
    if refusal.code is RefusalCode.UNKNOWN_ORDER:
        return unknown_order_cancel() if method == "DELETE" else unknown_order_query()
    return ApiError(*_TABLES[family].get(refusal.code, _UNKNOWN))


@contextmanager
def worded(wording: Wording) -> Iterator[None]:
    """Refusals of this block in the endpoint's own words; those not in `wording` pass through.

    Raises:
        ApiError: a refusal that `wording` knows.
    """
    try:
        yield
    except Refusal as refusal:
        if refusal.code not in wording:
            raise
        raise ApiError(*wording[refusal.code]) from refusal
