"""USD-M orders: `/fapi/v1/order` and its kin.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api (read 2025-11).
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from typing import Final

from bot.domain.numbers import ZERO, plain
from bot.paper.engine.filters import check
from bot.paper.engine.model import (
    Listing,
    MarketType,
    NewOrder,
    Order,
    OrderKind,
    OrderStatus,
    PositionSide,
    RefusalCode,
    TimeInForce,
    Trade,
)
from bot.paper.wire.binance import errors, filters
from bot.paper.wire.binance.digits import eight, fixed, price_places, price_text, quantity_text, quote_text
from bot.paper.wire.binance.endpoint import Call, Endpoint
from bot.paper.wire.binance.errors import ApiError
from bot.paper.wire.binance.history import DAY_MS, slice_of
from bot.paper.wire.binance.order_params import side_of, tif_of, which_order
from bot.paper.wire.binance.params import CLIENT_ID_PATTERN, Params
from bot.paper.wire.binance.refusals import worded

_LINEAR: Final = MarketType.LINEAR
_WEEK_MS: Final = 7 * DAY_MS
_FORGOTTEN_MS: Final = 3 * DAY_MS
_TIFS: Final = (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTX)
_CONDITIONAL: Final = frozenset({"STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"})


def _place(call: Call) -> object:
    listing, order = _new_order(call)
    with _worded(listing):
        placed = call.exchange.submit(call.key, order)
    if (call.params.text("newOrderRespType") or "ACK") == "RESULT":
        return _body(listing, placed)
    # An acknowledgement is written before matching: it never shows a fill.
    return _body(listing, placed) | {
        "status": OrderStatus.NEW.value,
        "avgPrice": price_text(listing, ZERO),
        "executedQty": quantity_text(listing, ZERO),
        "cumQty": quantity_text(listing, ZERO),
        "cumQuote": quote_text(listing, ZERO),
    }


def _test(call: Call) -> object:
    listing, order = _new_order(call)
    with _worded(listing):
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


def _worded(listing: Listing) -> AbstractContextManager[None]:
    """The least notional is part of the refusal's text."""
    text = f"Order's notional must be no smaller than {plain(listing.notional_min)} (unless you choose reduce only)."
    return worded({RefusalCode.MIN_NOTIONAL: (-4164, text)})


def _new_order(call: Call) -> tuple[Listing, NewOrder]:
    params = call.params
    listing = call.listing(_LINEAR)
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
    filters.check_linear(listing, order)
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


def _body(listing: Listing, order: Order) -> dict[str, object]:
    """An order as placing and cancelling show it."""
    return {
        "orderId": order.order_id,
        "symbol": listing.symbol,
        "status": order.status.value,
        "clientOrderId": order.client_id,
        "price": price_text(listing, order.price),
        "avgPrice": fixed(order.average_price, max(5, price_places(listing))),
        "origQty": quantity_text(listing, order.quantity),
        "executedQty": quantity_text(listing, order.filled),
        "cumQty": quantity_text(listing, order.filled),
        "cumQuote": quote_text(listing, order.quote_filled),
        "timeInForce": order.tif.value,
        "type": order.kind.value,
        "reduceOnly": order.reduce_only,
        "closePosition": False,
        "side": order.side.value,
        "positionSide": order.position_side.value,
        "stopPrice": price_text(listing, ZERO),
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": order.kind.value,
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": 0,
        "updateTime": order.update_ms,
    }


def _state(listing: Listing, order: Order) -> dict[str, object]:
    """An order as queries show it."""
    body = _body(listing, order)
    del body["cumQty"]
    return body | {"time": order.time_ms}


def _query(call: Call) -> object:
    listing = call.listing(_LINEAR)
    order_id, client_id = which_order(call.params)
    order = call.exchange.order(call.key, listing.key, order_id=order_id, client_id=client_id)
    if _forgotten(order, call.now_ms):
        raise errors.unknown_order_query()
    return _state(listing, order)


def _forgotten(order: Order, now_ms: int) -> bool:
    """Binance cannot find orders that ended without a fill and were created more than three days ago."""
    return not order.status.open and order.filled == 0 and order.time_ms + _FORGOTTEN_MS < now_ms


def _open_order(call: Call) -> object:
    listing = call.listing(_LINEAR)
    order_id, client_id = which_order(call.params)
    order = call.exchange.order(call.key, listing.key, order_id=order_id, client_id=client_id)
    if not order.status.open:
        raise errors.unknown_order_query()
    return _state(listing, order)


def _cancel(call: Call) -> object:
    listing = call.listing(_LINEAR)
    order_id, client_id = which_order(call.params)
    return _body(listing, call.exchange.cancel(call.key, listing.key, order_id=order_id, client_id=client_id))


def _cancel_all(call: Call) -> object:
    call.exchange.cancel_all(call.key, call.listing(_LINEAR).key)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def _open_orders(call: Call) -> object:
    one = call.optional_listing(_LINEAR)
    listings = call.all_listings(_LINEAR) if one is None else [one]
    account = call.exchange.account(call.key)
    return [_state(listing, order) for listing in listings for order in account.open_orders(listing.key)]


def _all_orders(call: Call) -> object:
    listing = call.listing(_LINEAR)
    orders = call.exchange.account(call.key).orders(listing.key)
    found = slice_of(
        [order for order in orders if not _forgotten(order, call.now_ms)],
        call.params,
        limit=call.params.limit(500, 1000),
        id_of=lambda order: order.order_id,
        time_of=lambda order: order.time_ms,
        id_name="orderId",
        longest_ms=_WEEK_MS,
    )
    return [_state(listing, order) for order in found]


def _user_trades(call: Call) -> object:
    listing = call.listing(_LINEAR)
    trades = list(call.exchange.account(call.key).trades(listing.key))
    order_id = call.params.integer("orderId")
    if order_id is not None:
        trades = [trade for trade in trades if trade.order_id == order_id]
    elif not {"fromId", "startTime", "endTime"} & set(call.params.names):
        trades = [trade for trade in trades if trade.time_ms >= call.now_ms - _WEEK_MS]
    found = slice_of(
        trades,
        call.params,
        limit=call.params.limit(500, 1000),
        id_of=lambda trade: trade.trade_id,
        time_of=lambda trade: trade.time_ms,
        id_name="fromId",
        longest_ms=_WEEK_MS,
    )
    return [_trade(listing, trade) for trade in found]


def _trade(listing: Listing, trade: Trade) -> object:
    return {
        "symbol": listing.symbol,
        "id": trade.trade_id,
        "orderId": trade.order_id,
        "side": trade.side.value,
        "price": price_text(listing, trade.price),
        "qty": quantity_text(listing, trade.quantity),
        "realizedPnl": eight(trade.realized),
        "quoteQty": quote_text(listing, trade.quote),
        "commission": eight(trade.fee),
        "commissionAsset": trade.fee_asset,
        "time": trade.time_ms,
        "positionSide": trade.position_side.value,
        "buyer": trade.side.sign > 0,
        "maker": trade.maker,
    }


def _modify(call: Call) -> object:
    """Give a resting limit order another price and quantity.

    Binance keeps the order's id; here the order is cancelled and placed again under the same client id, which gives it
    another `orderId`. All checks of the request come before the cancellation.
    """
    params = call.params
    listing = call.listing(_LINEAR)
    order_id, client_id = which_order(params)
    old = call.exchange.order(call.key, listing.key, order_id=order_id, client_id=client_id)
    if not old.status.open or old.side is not side_of(params):
        raise errors.unknown_order_query()
    price, quantity = params.need_number("price"), params.need_number("quantity")
    if price == old.price and quantity == old.quantity:
        raise ApiError(-5027, "No need to modify the order.")
    order = NewOrder(
        listing_key=listing.key,
        side=old.side,
        kind=old.kind,
        tif=old.tif,
        quantity=quantity,
        price=price,
        reduce_only=old.reduce_only,
        client_id=old.client_id,
        position_side=old.position_side,
    )
    filters.check_linear(listing, order)
    with _worded(listing):
        check(listing, order, call.exchange.mark(listing.key))
        call.exchange.cancel(call.key, listing.key, order_id=old.order_id)
        return _body(listing, call.exchange.submit(call.key, order))


def _open_weight(params: Params) -> int:
    return 1 if "symbol" in params else 40


ENDPOINTS: Final = (
    Endpoint(method="POST", path="/fapi/v1/order", handle=_place, weight=0, places_order=True),
    Endpoint(method="PUT", path="/fapi/v1/order", handle=_modify, weight=0, places_order=True),
    Endpoint(method="POST", path="/fapi/v1/order/test", handle=_test, weight=0, places_order=True),
    Endpoint(method="GET", path="/fapi/v1/order", handle=_query),
    Endpoint(method="DELETE", path="/fapi/v1/order", handle=_cancel),
    Endpoint(method="GET", path="/fapi/v1/openOrder", handle=_open_order),
    Endpoint(method="GET", path="/fapi/v1/openOrders", handle=_open_orders, weight=_open_weight),
    Endpoint(method="DELETE", path="/fapi/v1/allOpenOrders", handle=_cancel_all),
    Endpoint(method="GET", path="/fapi/v1/allOrders", handle=_all_orders, weight=5),
    Endpoint(method="GET", path="/fapi/v1/userTrades", handle=_user_trades, weight=5),
)
