"""Placing, changing and cancelling spot orders, on the high-frequency system and on the old one.

Both systems show the same orders; they differ in paths, in the shape of their answers and in what they demand.

Source: https://www.kucoin.com/docs-new/rest/spot-trading/orders (read 2025-11).
"""

from __future__ import annotations

from typing import Final

from bot.paper.engine.filters import check
from bot.paper.engine.model import Listing, NewOrder, Order, OrderKind, Refusal, RefusalCode
from bot.paper.wire.kucoin.endpoint import Call, Endpoint, Side
from bot.paper.wire.kucoin.errors import ApiError, bad_parameter
from bot.paper.wire.kucoin.limits import Pool
from bot.paper.wire.kucoin.names import spot_id, spot_number
from bot.paper.wire.kucoin.order_params import (
    check_funds,
    check_limits,
    check_price,
    check_size,
    kind_of,
    side_of,
    tif_of,
)
from bot.paper.wire.kucoin.params import Params
from bot.paper.wire.kucoin.refusals import Wording, api_error, worded
from bot.paper.wire.kucoin.spot_views import synced

_NOT_CANCELLED: Final[Wording] = {RefusalCode.UNKNOWN_ORDER: ("400100", "order_not_exist_or_not_allow_to_be_cancelled")}
_CLASSIC_NOT_CANCELLED: Final[Wording] = {
    RefusalCode.UNKNOWN_ORDER: ("400100", "order_not_exist_or_not_allow_to_cancel")
}
_CLASSIC_DUPLICATE: Final[Wording] = {
    RefusalCode.DUPLICATE_CLIENT_ID: ("400100", "validation.createOrder.clientOidDuplicated")
}
_MOST_IN_BATCH: Final = 20


def new_order(call: Call, params: Params) -> tuple[Listing, NewOrder]:
    """Read an order and hold it against the pair's rules.

    Raises:
        ApiError: what is missing, malformed or against the rules.
    """
    listing = _pair_of(call, params)
    side, kind = side_of(params), kind_of(params)
    tif = tif_of(params, kind)
    market = kind is OrderKind.MARKET
    size, funds = params.number("size"), params.number("funds")
    if market and (size is None) is (funds is None):
        raise bad_parameter("either size or funds is required")
    price = None if market else params.need_number("price")
    if not market:
        params.need("size")
        funds = None
    check_size(listing, size)
    check_funds(listing, funds)
    check_price(listing, price)
    mark = call.exchange.mark(listing.key)
    check_limits(listing, side, price, mark, spot=True)
    if size is not None:
        check_funds(listing, listing.notional(size, price or mark))
    order = NewOrder(
        listing_key=listing.key,
        side=side,
        kind=kind,
        tif=tif,
        quantity=size,
        quote_quantity=funds,
        price=price,
        client_id=params.client_id() or "",
    )
    return listing, order


def _pair_of(call: Call, params: Params) -> Listing:
    wanted = params.need("symbol")
    found = next((listing for listing in call.pairs() if listing.symbol == wanted), None)
    if found is None:
        raise ApiError("900001", "symbol not exists")
    return found


def _submit(call: Call, params: Params) -> tuple[Listing, Order]:
    listing, new = new_order(call, params)
    order = call.exchange.submit(call.key, new)
    remark = params.text("remark")
    if remark is not None:
        call.memory.remarks[order.order_id] = remark
    return listing, order


def _place_hf(call: Call) -> object:
    _, order = _submit(call, call.params)
    return {"orderId": spot_id(order.order_id), "clientOid": order.client_id}


def _place_sync(call: Call) -> object:
    listing, order = _submit(call, call.params)
    return {
        "orderId": spot_id(order.order_id),
        "clientOid": order.client_id,
        "orderTime": order.time_ms,
        **synced(listing, order),
        "matchTime": order.update_ms,
    }


def _place_classic(call: Call) -> object:
    call.params.need("clientOid")
    with worded(_CLASSIC_DUPLICATE):
        _, order = _submit(call, call.params)
    return {"orderId": spot_id(order.order_id)}


def _test(call: Call) -> object:
    """The order is read and checked; nothing is placed, and the id means nothing."""
    listing, new = new_order(call, call.params)
    check(listing, new, call.exchange.mark(listing.key))
    return {"orderId": spot_id(0), "clientOid": new.client_id}


def _place_many(call: Call) -> object:
    """Each order stands for itself: one that is refused does not hold up the others."""
    items = call.params.raw("orderList")
    if not isinstance(items, list) or not 0 < len(items) <= _MOST_IN_BATCH:
        raise bad_parameter("orderList parameter is invalid")
    return [_one_of_many(call, call.params.within(item)) for item in items]


def _one_of_many(call: Call, params: Params) -> object:
    try:
        _, order = _submit(call, params)
    except ApiError as error:
        refused = error
    except Refusal as refusal:
        refused = api_error(refusal, Side.SPOT)
    else:
        return {"orderId": spot_id(order.order_id), "clientOid": order.client_id, "success": True}
    return {"clientOid": params.text("clientOid"), "success": False, "failMsg": refused.msg}


def _place_many_classic(call: Call) -> object:
    symbol = call.params.need("symbol")
    items = call.params.raw("orderList")
    if not isinstance(items, list) or not 0 < len(items) <= _MOST_IN_BATCH:
        raise bad_parameter("orderList parameter is invalid")
    rows: list[object] = []
    for item in items:
        params = call.params.within({"symbol": symbol, **item} if isinstance(item, dict) else item)
        row = _one_of_many(call, params)
        assert isinstance(row, dict)
        placed = {"id": row.get("orderId"), "status": "success" if row["success"] else "fail"}
        told = {name: params.raw(name) for name in ("type", "side", "price", "size")}
        rows.append({"symbol": symbol, **told, **placed, "failMsg": row.get("failMsg"), "clientOid": row["clientOid"]})
    return {"data": rows}


def _alter(call: Call) -> object:
    """The old order is cancelled and another placed; checks come before the cancellation."""
    params = call.params
    listing = call.pair()
    client_id, order_id = params.client_id(), params.text("orderId")
    if client_id is None and order_id is None:
        raise bad_parameter("orderId or clientOid is required")
    number = None if order_id is None else spot_number(order_id) or 0
    with worded(_NOT_CANCELLED):
        old = call.exchange.order(call.key, listing.key, order_id=number, client_id=client_id)
    size, price = params.number("newSize"), params.number("newPrice")
    asked: dict[str, object] = {
        "symbol": listing.symbol,
        "side": old.side.value.lower(),
        "size": str(old.quantity if size is None else size),
        "price": str(old.price if price is None else price),
        "postOnly": old.tif.value == "GTX",
        "clientOid": old.client_id,
    }
    _, new = new_order(call, Params(asked))
    check(listing, new, call.exchange.mark(listing.key))
    with worded(_NOT_CANCELLED):
        call.exchange.cancel(call.key, listing.key, order_id=old.order_id)
    placed = call.exchange.submit(call.key, new)
    return {"newOrderId": spot_id(placed.order_id), "clientOid": placed.client_id}


def cancel(call: Call, wording: Wording) -> tuple[Listing, Order]:
    """Cancel the order of the path; without a symbol it is looked for in every pair.

    Raises:
        ApiError: it is not there or no longer open, in the endpoint's own words.
    """
    text, client_id = call.params.text("orderId"), call.params.text("clientOid")
    number = None if text is None else spot_number(text) or 0
    one = call.optional_pair()
    for listing in call.pairs() if one is None else [one]:
        try:
            return listing, call.exchange.cancel(call.key, listing.key, order_id=number, client_id=client_id)
        except Refusal as refusal:
            if refusal.code is not RefusalCode.UNKNOWN_ORDER:
                raise
    raise ApiError(*wording[RefusalCode.UNKNOWN_ORDER])


def _cancel_hf(call: Call) -> object:
    call.pair()
    _, order = cancel(call, _NOT_CANCELLED)
    return {"orderId": spot_id(order.order_id)}


def _cancel_hf_client(call: Call) -> object:
    call.pair()
    _, order = cancel(call, _NOT_CANCELLED)
    return {"clientOid": order.client_id}


def _cancel_sync(call: Call) -> object:
    call.pair()
    listing, order = cancel(call, _NOT_CANCELLED)
    ids = {"clientOid": order.client_id} if "clientOid" in call.params else {"orderId": spot_id(order.order_id)}
    return {**ids, **synced(listing, order)}


def _cancel_hf_symbol(call: Call) -> object:
    call.exchange.cancel_all(call.key, call.pair().key)
    return "success"


def _cancel_hf_all(call: Call) -> object:
    touched = [listing.symbol for listing in call.pairs() if call.exchange.cancel_all(call.key, listing.key)]
    return {"succeedSymbols": touched, "failedSymbols": []}


def _cancel_classic(call: Call) -> object:
    _, order = cancel(call, _CLASSIC_NOT_CANCELLED)
    return {"cancelledOrderIds": [spot_id(order.order_id)]}


def _cancel_classic_client(call: Call) -> object:
    _, order = cancel(call, _CLASSIC_NOT_CANCELLED)
    return {
        "cancelledOrderId": spot_id(order.order_id),
        "clientOid": order.client_id,
        "cancelledOcoOrderIds": None,
    }


def _cancel_classic_all(call: Call) -> object:
    one = call.optional_pair()
    listings = call.pairs() if one is None else [one]
    gone = [order for listing in listings for order in call.exchange.cancel_all(call.key, listing.key)]
    return {"cancelledOrderIds": [spot_id(order.order_id) for order in gone]}


_HF: Final = "/api/v1/hf/orders"
_OLD: Final = "/api/v1/orders"
_SPOT: Final = Pool.SPOT
ENDPOINTS: Final = (
    Endpoint(method="POST", path=_HF, handle=_place_hf, pool=_SPOT),
    Endpoint(method="POST", path=f"{_HF}/test", handle=_test, pool=_SPOT),
    Endpoint(method="POST", path=f"{_HF}/sync", handle=_place_sync, pool=_SPOT),
    Endpoint(method="POST", path=f"{_HF}/multi", handle=_place_many, pool=_SPOT),
    Endpoint(method="POST", path=f"{_HF}/multi/sync", handle=_place_many, pool=_SPOT),
    Endpoint(method="POST", path=f"{_HF}/alter", handle=_alter, pool=_SPOT),
    Endpoint(method="DELETE", path=_HF, handle=_cancel_hf_symbol, pool=_SPOT, weight=2),
    Endpoint(method="DELETE", path=f"{_HF}/cancelAll", handle=_cancel_hf_all, pool=_SPOT, weight=30),
    Endpoint(method="DELETE", path=f"{_HF}/{{orderId}}", handle=_cancel_hf, pool=_SPOT),
    Endpoint(method="DELETE", path=f"{_HF}/client-order/{{clientOid}}", handle=_cancel_hf_client, pool=_SPOT),
    Endpoint(method="DELETE", path=f"{_HF}/sync/{{orderId}}", handle=_cancel_sync, pool=_SPOT),
    Endpoint(method="DELETE", path=f"{_HF}/sync/client-order/{{clientOid}}", handle=_cancel_sync, pool=_SPOT),
    Endpoint(method="POST", path=_OLD, handle=_place_classic, pool=_SPOT, weight=2),
    Endpoint(method="POST", path=f"{_OLD}/test", handle=_test, pool=_SPOT, weight=2),
    Endpoint(method="POST", path=f"{_OLD}/multi", handle=_place_many_classic, pool=_SPOT, weight=3),
    Endpoint(method="DELETE", path=_OLD, handle=_cancel_classic_all, pool=_SPOT, weight=20),
    Endpoint(method="DELETE", path=f"{_OLD}/{{orderId}}", handle=_cancel_classic, pool=_SPOT, weight=3),
    Endpoint(
        method="DELETE",
        path="/api/v1/order/client-order/{clientOid}",
        handle=_cancel_classic_client,
        pool=_SPOT,
        weight=5,
    ),
)
