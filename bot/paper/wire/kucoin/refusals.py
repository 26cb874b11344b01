"""The engine's refusals in KuCoin's codes and words; the same refusal has other ones on spot than on futures.

Source: https://www.kucoin.com/docs-new/error-code (read 2025-11) and the comments of ccxt's error table; 300018, 300002
and 330002 are from general knowledge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from bot.paper.engine.model import Refusal, RefusalCode
from bot.paper.wire.kucoin.endpoint import Side
from bot.paper.wire.kucoin.errors import ApiError

Wording = Mapping[RefusalCode, tuple[str, str]]

_SPOT: Final[Wording] = {
    RefusalCode.INSUFFICIENT_BALANCE: ("200004", "Balance insufficient!"),
    RefusalCode.DUPLICATE_CLIENT_ID: ("102435", "clientOid duplicate"),
    RefusalCode.MARKET_CLOSED: ("400600", "validation.createOrder.symbolNotAvailable"),
    RefusalCode.LOT_SIZE: ("400100", "Order size below the minimum requirement."),
    RefusalCode.MAX_QUANTITY: ("400100", "Order size above the maximum requirement."),
    RefusalCode.PRICE_FILTER: ("400100", "Price increment invalid."),
    RefusalCode.MIN_NOTIONAL: ("600101", "The order funds should more then 0.1 USDT."),
    RefusalCode.UNKNOWN_SYMBOL: ("900001", "symbol not exists"),
    RefusalCode.BAD_AMOUNT: ("400100", "The amount increment is invalid."),
}

_FUTURES: Final[Wording] = {
    RefusalCode.INSUFFICIENT_MARGIN: ("300003", "Balance insufficient. Please deposit first."),
    RefusalCode.INSUFFICIENT_BALANCE: ("300003", "Balance insufficient. Please deposit first."),
    RefusalCode.REDUCE_ONLY_REJECTED: ("300009", "No open positions to close."),
    RefusalCode.DUPLICATE_CLIENT_ID: ("300018", "clientOid parameter repeated"),
    RefusalCode.MARKET_CLOSED: ("300002", "Order placement/cancellation suspended."),
    RefusalCode.LOT_SIZE: ("300000", "The quantity is below the minimum requirement."),
    RefusalCode.MAX_QUANTITY: ("300000", "The quantity is above the maximum requirement."),
    RefusalCode.PRICE_FILTER: ("300000", "The price increment is invalid."),
    RefusalCode.MAX_POSITION: (
        "330008",
        (
            "Your current margin and leverage have reached the maximum open limit. "
            "Please increase your margin or raise your leverage to open larger positions."
        ),
    ),
    RefusalCode.UNKNOWN_SYMBOL: ("200003", "The symbol parameter is invalid."),
    RefusalCode.BAD_AMOUNT: ("400100", "The amount increment is invalid."),
    RefusalCode.BAD_LEVERAGE: ("300016", "The leverage is above the maximum of the contract."),
    RefusalCode.LEVERAGE_REDUCTION: (
        "330008",
        "The margin of the open position does not suffice for a lower leverage.",
    ),
    RefusalCode.HAS_POSITION: ("330002", "Please close the open positions first and try again."),
    RefusalCode.HAS_ORDERS: ("330002", "Please cancel the open orders first and try again."),
}

_TABLES: Final[Mapping[Side, Wording]] = {Side.SPOT: _SPOT, Side.FUTURES: _FUTURES}
_UNKNOWN: Final = ("500000", "Internal Server Error")


def api_error(refusal: Refusal, side: Side) -> ApiError:
    """The refusal as this host words it; orders that are not there are worded by each endpoint."""
    return ApiError(*_TABLES[side].get(refusal.code, _UNKNOWN))


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
