"""Futures orders: placing, changing and cancelling on USD-M and COIN-M.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api and
.../coin-margined-futures/trade/rest-api (read 2025-11).
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from bot.domain.numbers import ZERO, plain
from bot.paper.engine.filters import check
from bot.paper.engine.model import (
    Listing,
    NewOrder,
    OrderKind,
    OrderStatus,
    PositionSide,
    RefusalCode,
    TimeInForce,
)
from bot.paper.wire.binance import errors, filters
from bot.paper.wire.binance.digits import fixed, price_places, price_text, quantity_text, worth_text
from bot.paper.wire.binance.endpoint import Call, Endpoint, futures
from bot.paper.wire.binance.errors import ApiError
from bot.paper.wire.binance.futures_records import order_body
from bot.paper.wire.binance.order_params import side_of, tif_of, which_order
from bot.paper.wire.binance.params import CLIENT_ID_PATTERN, INTEGER_PATTERN, Params
from bot.paper.wire.binance.refusals import worded

_TIFS: Final = (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTX)
_CONDITIONAL: Final = frozenset({"STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"})


def _place(call: Call) -> object:
    listing, order = _new_order(call)
    with _in_words(call, listing):
        placed = call.exchange.submit(call.key, order)
    if (call.params.text("newOrderRespType") or "ACK") == "RESULT":
        return order_body(listing, placed)
    # An acknowledgement is written before matching: it never shows a fill.
    return order_body(listing, placed) | {
        "status": OrderStatus.NEW.value,
        "avgPrice": price_text(listing, ZERO),
        "executedQty": quantity_text(listing, ZERO),
        "cumQty": quantity_text(listing, ZERO),
        "cumBase" if call.inverse else "cumQuote": worth_text(listing, ZERO),
    }


def _test(call: Call) -> object:
    listing, order = _new_order(call)
    with _in_words(call, listing):
        check(listing, order, call.exchange.mark(listing.key))
    zero = fixed(ZERO, price_places(listing))
    return {
        "orderId": 0,
        "symbol": listing.symbol,
        "status": OrderStatus.NEW.value,
        "clientOrderId": order.client_id,
        "price": zero if order.price is None else price_text(listing, order.price),
        "avgPrice": zero,
        "origQty": quantity_text(listing, order.quantity or ZERO),
        "executedQty": quantity_text(listing, ZERO),
        "timeInForce": order.tif.value,
        "type": order.kind.value,
        "side": order.side.value,
        "updateTime": call.now_ms,
    }


def _in_words(call: Call, listing: Listing) -> AbstractContextManager[None]:
    """The least notional is part of the refusal's text; COIN-M has none."""
    if call.inverse:
        return nullcontext()
    text = f"Order's notional must be no smaller than {plain(listing.notional_min)} (unless you choose reduce only)."
    return worded({RefusalCode.MIN_NOTIONAL: (-4164, text)})


def _new_order(call: Call) -> tuple[Listing, NewOrder]:
    params = call.params
    listing = call.contract()
    side, kind = side_of(params), _kind_of(params)
    market = kind is OrderKind.MARKET
    if market and "price" in params:
        raise errors.not_required("price")
    if market and "timeInForce" in params:
        raise errors.not_required("timeInForce")
    hedged = call.exchange.account(call.key).hedged
    if hedged and "reduceOnly" in params:
        raise errors.not_required("reduceOnly")
    order = NewOrder(
        listing_key=listing.key,
        side=side,
        kind=kind,
        tif=TimeInForce.GTC if market else tif_of(params, *_TIFS),
        quantity=params.need_number("quantity"),
        price=None if market else params.need_number("price"),
        reduce_only=params.flag("reduceOnly"),
        client_id=_client_id(params),
        position_side=_position_side(params),
    )
    filters.check_futures(listing, order)
    return listing, order


def _kind_of(params: Params) -> OrderKind:
    raw = params.need("type")
    if raw in _CONDITIONAL:
        text = "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
        raise ApiError(-4120, text)
    if raw not in OrderKind.__members__:
        raise ApiError(-1116, "Invalid orderType.")
    return OrderKind[raw]


def _client_id(params: Params) -> str:
    client_id = params.text("newClientOrderId")
    if client_id is not None and re.fullmatch(CLIENT_ID_PATTERN, client_id) is None:
        raise ApiError(-4015, "Client order id is not valid.")
    return client_id or ""


def _position_side(params: Params) -> PositionSide:
    raw = params.text("positionSide") or "BOTH"
    if raw not in PositionSide.__members__:
        raise ApiError(-4060, "Invalid position side.")
    return PositionSide[raw]


def _cancel(call: Call) -> object:
    listing = call.contract()
    order_id, client_id = which_order(call.params)
    return order_body(listing, call.exchange.cancel(call.key, listing.key, order_id=order_id, client_id=client_id))


def _cancel_all(call: Call) -> object:
    call.exchange.cancel_all(call.key, call.contract().key)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def _countdown(call: Call) -> object:
    """Cancel the contract's orders after so many milliseconds, unless this is asked again in time; 0 stops it."""
    listing = call.contract()
    text = call.params.need("countdownTime", INTEGER_PATTERN)
    if int(text):
        call.countdowns.start(call.key, listing.key, call.now_ms + int(text))
    else:
        call.countdowns.stop(call.key, listing.key)
    return {"symbol": listing.symbol, "countdownTime": text}


def _modify(call: Call) -> object:
    """Give a resting limit order another price and quantity, under its own id. USD-M wants both, COIN-M one of them."""
    params = call.params
    listing = call.contract()
    order_id, client_id = which_order(params)
    old = call.exchange.order(call.key, listing.key, order_id=order_id, client_id=client_id)
    if not old.status.open or old.side is not side_of(params):
        raise errors.unknown_order_query()
    price, quantity = params.number("price"), params.number("quantity")
    if not call.inverse or (price is None and quantity is None):
        price, quantity = params.need_number("price"), params.need_number("quantity")
    price, quantity = old.price if price is None else price, old.quantity if quantity is None else quantity
    if price == old.price and quantity == old.quantity:
        raise ApiError(-5027, "No need to modify the order.")
    wanted = NewOrder(
        listing_key=listing.key, side=old.side, kind=old.kind, tif=old.tif, quantity=quantity, price=price
    )
    filters.check_futures(listing, wanted)
    with _in_words(call, listing):
        changed = call.exchange.amend(call.key, listing.key, old.order_id, quantity=quantity, price=price)
    return order_body(listing, changed)


ENDPOINTS: Final = (
    *futures("POST", "v1/order", _place, 0, places_order=True),
    *futures("PUT", "v1/order", _modify, 0, places_order=True),
    Endpoint(method="POST", path="/fapi/v1/order/test", handle=_test, weight=0, places_order=True),
    *futures("DELETE", "v1/order", _cancel),
    *futures("DELETE", "v1/allOpenOrders", _cancel_all),
    *futures("POST", "v1/countdownCancelAll", _countdown, 10),
)
