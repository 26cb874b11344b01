"""Spot orders: `/api/v3/order` and its kin.

Source: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints (read 2025-11).
"""

from __future__ import annotations

from typing import Final

from bot.paper.engine.filters import check
from bot.paper.engine.model import Listing, MarketType, NewOrder, Order, OrderKind, Refusal, TimeInForce
from bot.paper.wire.binance import errors, filters, refusals
from bot.paper.wire.binance.digits import eight
from bot.paper.wire.binance.endpoint import Call, Endpoint
from bot.paper.wire.binance.errors import ApiError
from bot.paper.wire.binance.history import DAY_MS, slice_of
from bot.paper.wire.binance.limits import Family
from bot.paper.wire.binance.order_params import side_of, tif_of, which_order
from bot.paper.wire.binance.params import CLIENT_ID_PATTERN, Params

_SPOT: Final = MarketType.SPOT
_STP: Final = "EXPIRE_MAKER"
_ORDER_PARAMS: Final = frozenset(
    {
        "symbol",
        "side",
        "type",
        "timeInForce",
        "quantity",
        "quoteOrderQty",
        "price",
        "newClientOrderId",
        "newOrderRespType",
        "selfTradePreventionMode",
        "recvWindow",
        "timestamp",
        "signature",
    }
)
_REPLACE_PARAMS: Final = _ORDER_PARAMS | {
    "cancelReplaceMode",
    "cancelNewClientOrderId",
    "cancelOrigClientOrderId",
    "cancelOrderId",
}


def _place(call: Call) -> object:
    listing, order = _new_order(call, _ORDER_PARAMS)
    return _answer(call, listing, call.exchange.submit(call.key, order))


def _test(call: Call) -> object:
    listing, order = _new_order(call, _ORDER_PARAMS | {"computeCommissionRates"})
    check(listing, order, call.exchange.mark(listing.key))
    return {}


def _new_order(call: Call, known: frozenset[str]) -> tuple[Listing, NewOrder]:
    params = call.params
    unknown = set(params.names) - known
    if unknown:
        raise errors.unread(len(params.names) - len(unknown), len(params.names))
    listing = call.listing(_SPOT)
    kind, tif = _kind_of(params)
    market = kind is OrderKind.MARKET
    quote = params.number("quoteOrderQty")
    if market and ((quote is None) is ("quantity" not in params)):
        raise errors.bad_combination() if quote is not None else errors.missing("quantity")
    order = NewOrder(
        listing_key=listing.key,
        side=side_of(params),
        kind=kind,
        quantity=params.number("quantity") if market else params.need_number("quantity"),
        quote_quantity=quote,
        price=None if market else params.need_number("price"),
        tif=tif,
        client_id=params.text("newClientOrderId", CLIENT_ID_PATTERN) or "",
    )
    filters.check_spot(listing, order)
    return listing, order


def _kind_of(params: Params) -> tuple[OrderKind, TimeInForce]:
    """Kind and time in force; parameters that this type does not take are errors (-1106)."""
    match params.need("type"):
        case "MARKET":
            _refuse(params, "price", "timeInForce")
            return OrderKind.MARKET, TimeInForce.GTC
        case "LIMIT":
            _refuse(params, "quoteOrderQty")
            return OrderKind.LIMIT, tif_of(params, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)
        case "LIMIT_MAKER":
            _refuse(params, "quoteOrderQty", "timeInForce")
            return OrderKind.LIMIT, TimeInForce.GTX
        case _:
            raise ApiError(-1116, "Invalid orderType.")


def _refuse(params: Params, *names: str) -> None:
    for name in names:
        if name in params:
            raise errors.not_required(name)


def _answer(call: Call, listing: Listing, order: Order) -> object:
    """ACK, RESULT or FULL; LIMIT and MARKET orders answer in full unless told otherwise."""
    style = call.params.text("newOrderRespType") or ("ACK" if order.tif is TimeInForce.GTX else "FULL")
    body: dict[str, object] = {
        "symbol": listing.symbol,
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": order.client_id,
        "transactTime": order.update_ms,
    }
    if style == "ACK":
        return body
    body |= _numbers(order) | {"workingTime": order.time_ms, "selfTradePreventionMode": _STP}
    if style == "FULL":
        body["fills"] = [
            {
                "price": eight(trade.price),
                "qty": eight(trade.quantity),
                "commission": eight(trade.fee),
                "commissionAsset": trade.fee_asset,
                "tradeId": trade.trade_id,
            }
            for trade in order.trades
        ]
    return body


def _numbers(order: Order) -> dict[str, object]:
    return {
        "price": eight(order.price),
        "origQty": eight(order.quantity),
        "executedQty": eight(order.filled),
        "origQuoteOrderQty": eight(order.quote_quantity),
        "cummulativeQuoteQty": eight(order.quote_filled),
        "status": order.status.value,
        "timeInForce": "GTC" if order.tif is TimeInForce.GTX else order.tif.value,
        "type": _type_text(order),
        "side": order.side.value,
    }


def _type_text(order: Order) -> str:
    return "LIMIT_MAKER" if order.tif is TimeInForce.GTX else order.kind.value


def _state(symbol: str, order: Order) -> object:
    """An order as queries show it."""
    return {
        "symbol": symbol,
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": order.client_id,
        **_numbers(order),
        "stopPrice": "0.00000000",
        "icebergQty": "0.00000000",
        "time": order.time_ms,
        "updateTime": order.update_ms,
        "isWorking": True,
        "workingTime": order.time_ms,
        "selfTradePreventionMode": _STP,
    }


def _cancelled(symbol: str, order: Order, cancel_id: str | None) -> dict[str, object]:
    """An order as cancelling shows it: `clientOrderId` names the cancel request, not the order."""
    return {
        "symbol": symbol,
        "origClientOrderId": order.client_id,
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": cancel_id or f"cancel-{order.order_id}",
        "transactTime": order.update_ms,
        **_numbers(order),
        "selfTradePreventionMode": _STP,
    }


def _query(call: Call) -> object:
    listing = call.listing(_SPOT)
    order_id, client_id = which_order(call.params)
    return _state(listing.symbol, call.exchange.order(call.key, listing.key, order_id=order_id, client_id=client_id))


def _cancel(call: Call) -> object:
    listing = call.listing(_SPOT)
    order_id, client_id = which_order(call.params)
    order = call.exchange.cancel(call.key, listing.key, order_id=order_id, client_id=client_id)
    return _cancelled(listing.symbol, order, call.params.text("newClientOrderId", CLIENT_ID_PATTERN))


def _cancel_all(call: Call) -> object:
    listing = call.listing(_SPOT)
    orders = call.exchange.cancel_all(call.key, listing.key)
    if not orders:
        raise errors.unknown_order_cancel()
    return [_cancelled(listing.symbol, order, None) for order in orders]


def _open_orders(call: Call) -> object:
    one = call.optional_listing(_SPOT)
    listings = call.all_listings(_SPOT) if one is None else [one]
    account = call.exchange.account(call.key)
    return [_state(listing.symbol, order) for listing in listings for order in account.open_orders(listing.key)]


def _all_orders(call: Call) -> object:
    listing = call.listing(_SPOT)
    found = slice_of(
        call.exchange.account(call.key).orders(listing.key),
        call.params,
        limit=call.params.limit(500, 1000),
        id_of=lambda order: order.order_id,
        time_of=lambda order: order.time_ms,
        id_name="orderId",
        longest_ms=DAY_MS,
    )
    return [_state(listing.symbol, order) for order in found]


def _cancel_replace(call: Call) -> object:
    """Cancel, then place; with STOP_ON_FAILURE nothing is placed when nothing could be cancelled."""
    mode = call.params.need("cancelReplaceMode")
    if mode not in {"STOP_ON_FAILURE", "ALLOW_FAILURE"}:
        raise errors.illegal("cancelReplaceMode", "STOP_ON_FAILURE|ALLOW_FAILURE")
    listing, order = _new_order(call, _REPLACE_PARAMS)
    order_id, client_id = call.params.integer("cancelOrderId"), call.params.text("cancelOrigClientOrderId")
    if order_id is None and client_id is None:
        raise errors.missing("cancelOrderId")
    data: dict[str, object] = {}
    try:
        gone = call.exchange.cancel(call.key, listing.key, order_id=order_id, client_id=client_id)
    except Refusal as refusal:
        data |= {"cancelResult": "FAILURE", "cancelResponse": _failure(refusal, "DELETE")}
        if mode == "STOP_ON_FAILURE":
            data |= {"newOrderResult": "NOT_ATTEMPTED", "newOrderResponse": None}
            raise ApiError(-2022, "Order cancel-replace failed.", data=data) from refusal
    else:
        cancel_id = call.params.text("cancelNewClientOrderId", CLIENT_ID_PATTERN)
        data |= {"cancelResult": "SUCCESS", "cancelResponse": _cancelled(listing.symbol, gone, cancel_id)}
    try:
        placed = call.exchange.submit(call.key, order)
    except Refusal as refusal:
        data |= {"newOrderResult": "FAILURE", "newOrderResponse": _failure(refusal, "POST")}
        if data["cancelResult"] == "FAILURE":
            raise ApiError(-2022, "Order cancel-replace failed.", data=data) from refusal
        raise ApiError(-2021, "Order cancel-replace partially failed.", status=409, data=data) from refusal
    data |= {"newOrderResult": "SUCCESS", "newOrderResponse": _answer(call, listing, placed)}
    if data["cancelResult"] == "FAILURE":
        raise ApiError(-2021, "Order cancel-replace partially failed.", status=409, data=data)
    return data


def _failure(refusal: Refusal, method: str) -> object:
    error = refusals.api_error(refusal, Family.SPOT, method)
    return {"code": error.code, "msg": error.msg}


def _open_weight(params: Params) -> int:
    return 6 if "symbol" in params else 80


def _test_weight(params: Params) -> int:
    return 20 if params.flag("computeCommissionRates") else 1


ENDPOINTS: Final = (
    Endpoint(method="POST", path="/api/v3/order", handle=_place, places_order=True),
    Endpoint(method="POST", path="/api/v3/order/test", handle=_test, weight=_test_weight),
    Endpoint(method="GET", path="/api/v3/order", handle=_query, weight=4),
    Endpoint(method="DELETE", path="/api/v3/order", handle=_cancel),
    Endpoint(method="GET", path="/api/v3/openOrders", handle=_open_orders, weight=_open_weight),
    Endpoint(method="DELETE", path="/api/v3/openOrders", handle=_cancel_all),
    Endpoint(method="GET", path="/api/v3/allOrders", handle=_all_orders, weight=20),
    Endpoint(method="POST", path="/api/v3/order/cancelReplace", handle=_cancel_replace, places_order=True),
)
