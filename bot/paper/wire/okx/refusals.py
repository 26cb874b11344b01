"""The exchange's refusals in OKX's numbers and words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from bot.paper.engine.model import Refusal, RefusalCode
from bot.paper.wire.okx.errors import ApiError

Wording = Mapping[RefusalCode, tuple[str, str]]

_TEXTS: Final[Wording] = {
    RefusalCode.UNKNOWN_SYMBOL: ("51001", "Instrument ID, Instrument ID code or Spread ID doesn't exist."),
    RefusalCode.UNKNOWN_ASSET: ("51000", "Parameter ccy error"),
    RefusalCode.UNKNOWN_WALLET: ("51000", "Parameter from error"),
    RefusalCode.UNKNOWN_ORDER: ("51603", "Order does not exist."),
    RefusalCode.MARKET_CLOSED: ("51022", "Contract suspended."),
    RefusalCode.BAD_AMOUNT: ("51000", "Parameter amt error"),
    RefusalCode.INSUFFICIENT_BALANCE: ("51008", "Order failed. Insufficient balance in account"),
    RefusalCode.INSUFFICIENT_MARGIN: ("51008", "Order failed. Insufficient margin in account"),
    RefusalCode.LOT_SIZE: ("51121", "Order quantity must be a multiple of the lot size."),
    RefusalCode.MAX_QUANTITY: ("51101", "Order failed, the sz of the current order can't be more than the maximum."),
    RefusalCode.PRICE_FILTER: ("51150", "The precision of the number of trades or the price exceeds the limit."),
    RefusalCode.PERCENT_PRICE: ("51006", "Order price is not within the price limit"),
    RefusalCode.MIN_NOTIONAL: ("51020", "Your order should meet or exceed the minimum order amount."),
    RefusalCode.DUPLICATE_CLIENT_ID: ("51016", "Client order ID already exists."),
    RefusalCode.REDUCE_ONLY_REJECTED: (
        "51169",
        "Order failed because you don't have any positions in this direction for this contract to reduce or close.",
    ),
    RefusalCode.POSITION_SIDE_MISMATCH: ("51000", "Parameter posSide error"),
    RefusalCode.MAX_POSITION: (
        "51004",
        "Order failed. The order size, position and pending orders exceed the maximum amount under current leverage.",
    ),
}
_UNKNOWN: Final = ("50026", "System error. Try again later")


def api_error(refusal: Refusal) -> ApiError:
    """The refusal as OKX words it."""
    return ApiError(*_TEXTS.get(refusal.code, _UNKNOWN))


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
