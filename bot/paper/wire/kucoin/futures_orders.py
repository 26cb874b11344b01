"""Placing and cancelling futures orders.

Orders are in whole contracts. An isolated order brings its leverage along; under cross margin the contract's own cross
leverage counts, whatever the order says. Without `marginMode` an order is for isolated margin.

Source: https://www.kucoin.com/docs-new/rest/futures-trading/orders (read 2025-11); that the default is isolated, and
330011 as the mirror of 330012, are from general knowledge.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.paper.engine.filters import check
from bot.paper.engine.model import (
    Listing,
    NewOrder,
    Order,
    OrderKind,
    PositionSide,
    Refusal,
    RefusalCode,
)
from bot.paper.engine.model import Side as OrderSide
from bot.paper.wire.kucoin.endpoint import Call, Endpoint, Side
from bot.paper.wire.kucoin.errors import ApiError, bad_parameter
from bot.paper.wire.kucoin.limits import Pool
from bot.paper.wire.kucoin.names import contract_id, contract_number
from bot.paper.wire.kucoin.order_params import check_limits, kind_of, side_of, tif_of
from bot.paper.wire.kucoin.params import Params
from bot.paper.wire.kucoin.refusals import Wording, api_error

_NOT_CANCELLED: Final[Wording] = {RefusalCode.UNKNOWN_ORDER: ("100004", "Order is in not cancelable state")}
_MOST_IN_BATCH: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An order that was read.

    Attributes:
        leverage: to be set before it is placed; None: it opens nothing, or its margin is cross.
    """

    listing: Listing
    order: NewOrder
    leverage: int | None


def read_order(call: Call, params: Params) -> Asked:
    """Read an order and hold it against the account's modes and the contract's rules.

    Raises:
        ApiError: what is missing, malformed, or does not fit.
    """
    client_id = params.client_id()
    if client_id is None:
        raise bad_parameter("clientOid can not be empty")
    listing = call.contract_of(params.need("symbol"))
    _check_margin_mode(call, params, listing)
    position_side = _position_side(call, params)
    closing = params.flag("closeOrder")
    kind = kind_of(params)
    if closing:
        side, size = _closing(call, params, listing, position_side)
    else:
        side, size = side_of(params), _size_of(call, params, listing)
    price = None if kind is OrderKind.MARKET else params.need_number("price")
    tif = tif_of(params, kind)
    check_limits(listing, side, price, call.exchange.mark(listing.key), spot=False)
    reduce_only = closing or params.flag("reduceOnly")
    order = NewOrder(
        listing_key=listing.key,
        side=side,
        kind=kind,
        tif=tif,
        quantity=size,
        price=price,
        reduce_only=reduce_only and position_side is PositionSide.BOTH,
        client_id=client_id,
        position_side=position_side,
    )
    if reduce_only:
        _check_reduces(call, order)
    return Asked(listing=listing, order=order, leverage=_leverage(call, params, listing, order, reduces=reduce_only))


def _check_margin_mode(call: Call, params: Params, listing: Listing) -> None:
    wanted = (params.text("marginMode") or "ISOLATED").upper()
    if wanted not in {"ISOLATED", "CROSS"}:
        raise bad_parameter("marginMode parameter is invalid")
    _, isolated = call.account.settings(listing.symbol)
    if isolated is (wanted == "CROSS"):
        text = "The order's margin mode does not match the selected one. Please switch and try again."
        raise ApiError("330005", text)


def _position_side(call: Call, params: Params) -> PositionSide:
    raw = (params.text("positionSide") or "BOTH").upper()
    if raw not in PositionSide.__members__:
        raise bad_parameter("positionSide parameter is invalid")
    side = PositionSide[raw]
    hedged = call.account.hedged
    if hedged is (side is PositionSide.BOTH):
        code = "330012" if hedged else "330011"
        modes = ("One-Way Mode", "Hedge Mode")
        theirs, ours = modes if hedged else reversed(modes)
        text = f"Your order is in {theirs}, while your account is set to {ours}."
        raise ApiError(code, f"{text} Update your settings so they match and try again.")
    return side


def _closing(call: Call, params: Params, listing: Listing, position_side: PositionSide) -> tuple[OrderSide, Decimal]:
    """Close the position whatever its size; a `side` that was sent must fit."""
    position = call.account.position(listing.symbol, position_side)
    if position is None or not position.contracts:
        raise Refusal(RefusalCode.REDUCE_ONLY_REJECTED)
    side = OrderSide.SELL if position.contracts > 0 else OrderSide.BUY
    if params.text("side") is not None and side_of(params) is not side:
        raise Refusal(RefusalCode.REDUCE_ONLY_REJECTED)
    return side, abs(position.contracts)


def _size_of(call: Call, params: Params, listing: Listing) -> Decimal:
    """Whole contracts: as `size`, as an amount of coins (`qty`) or as a value (`valueQty`), rounded down."""
    given = [name for name in ("size", "qty", "valueQty") if params.text(name) is not None]
    if len(given) != 1:
        raise bad_parameter("exactly one of size, qty and valueQty is required")
    amount = params.need_number(given[0])
    if given[0] == "size":
        if amount % 1:
            raise ApiError("300000", "The quantity must be a whole number of contracts.")
        size = amount
    elif given[0] == "qty":
        size = amount // listing.contract_size
    else:
        size = amount // abs(listing.quote_value(Decimal(1), params.number("price") or call.exchange.mark(listing.key)))
    if size < listing.quantity_min:
        raise ApiError("300000", "The quantity is below the minimum requirement.")
    return size


def _check_reduces(call: Call, order: NewOrder) -> None:
    """In hedge mode the side says which position shrinks."""
    listing = call.exchange.listing(order.listing_key)
    position = call.account.position(listing.symbol, order.position_side)
    if position is None or position.contracts * order.side.sign >= 0:
        raise Refusal(RefusalCode.REDUCE_ONLY_REJECTED)


def _leverage(call: Call, params: Params, listing: Listing, order: NewOrder, *, reduces: bool) -> int | None:
    current, isolated = call.account.settings(listing.symbol)
    if reduces or not isolated:
        return None
    asked = params.number("leverage")
    if asked is None:
        raise bad_parameter("leverage can not be empty")
    highest = listing.brackets[0].max_leverage
    if asked % 1 or not 1 <= asked <= highest:
        raise ApiError("300016", f"The leverage cannot be greater than {highest}.")
    position = call.account.position(listing.symbol, order.position_side)
    shrinks = position is not None and position.contracts * order.side.sign < 0
    return None if shrinks or int(asked) == current else int(asked)


def _submit(call: Call, params: Params) -> Order:
    """Set the leverage and place the order; what is refused leaves the leverage as it was."""
    asked = read_order(call, params)
    before, _ = call.account.settings(asked.listing.symbol)
    if asked.leverage is not None:
        call.exchange.set_leverage(call.key, asked.listing.symbol, asked.leverage)
    try:
        order = call.exchange.submit(call.key, asked.order)
    except Refusal:
        if asked.leverage is not None:
            call.exchange.set_leverage(call.key, asked.listing.symbol, before)
        raise
    remark = params.text("remark")
    if remark is not None:
        call.memory.remarks[order.order_id] = remark
    return order


def _place(call: Call) -> object:
    order = _submit(call, call.params)
    return {"orderId": contract_id(order.order_id), "clientOid": order.client_id}


def _test(call: Call) -> object:
    """The order is read and checked; nothing is placed, and the id means nothing."""
    asked = read_order(call, call.params)
    check(asked.listing, asked.order, call.exchange.mark(asked.listing.key))
    return {"orderId": contract_id(0), "clientOid": asked.order.client_id}


def _place_many(call: Call) -> object:
    """Each order stands for itself: one that is refused does not hold up the others."""
    if not 0 < len(call.params.items) <= _MOST_IN_BATCH:
        raise bad_parameter("Parameter Error")
    return [_one_of_many(call, call.params.within(item)) for item in call.params.items]


def _one_of_many(call: Call, params: Params) -> object:
    try:
        order = _submit(call, params)
    except ApiError as error:
        refused = error
    except Refusal as refusal:
        refused = api_error(refusal, Side.FUTURES)
    else:
        ids = {"orderId": contract_id(order.order_id), "clientOid": order.client_id}
        return {**ids, "symbol": params.text("symbol"), "code": "200000", "msg": "success"}
    return {
        "orderId": None,
        "clientOid": params.text("clientOid"),
        "symbol": params.text("symbol"),
        "code": refused.code,
        "msg": refused.msg,
    }


def _cancel_order(call: Call, order_id: str | None, client_id: str | None, listings: list[Listing]) -> Order:
    number = None if order_id is None else contract_number(order_id) or 0
    for listing in listings:
        try:
            return call.exchange.cancel(call.key, listing.key, order_id=number, client_id=client_id)
        except Refusal as refusal:
            if refusal.code is not RefusalCode.UNKNOWN_ORDER:
                raise
    raise ApiError(*_NOT_CANCELLED[RefusalCode.UNKNOWN_ORDER])


def _cancel(call: Call) -> object:
    order = _cancel_order(call, call.params.need("orderId"), None, call.contracts())
    return {"cancelledOrderIds": [contract_id(order.order_id)]}


def _cancel_client(call: Call) -> object:
    order = _cancel_order(call, None, call.params.need("clientOid"), [call.contract()])
    return {"clientOid": order.client_id}


def _cancel_all(call: Call) -> object:
    """Of one contract, or of all."""
    one = call.optional_contract()
    listings = call.contracts() if one is None else [one]
    gone = [order for listing in listings for order in call.exchange.cancel_all(call.key, listing.key)]
    return {"cancelledOrderIds": [contract_id(order.order_id) for order in gone]}


def _cancel_many(call: Call) -> object:
    ids, clients = call.params.raw("orderIdsList"), call.params.raw("clientOidsList")
    if isinstance(clients, list) and clients:
        return [_one_cancelled(call, call.params.within(item)) for item in clients]
    if not isinstance(ids, list) or not ids:
        raise bad_parameter("orderIdsList can not be empty")
    return [_one_cancelled(call, Params({"orderId": order_id})) for order_id in ids]


def _one_cancelled(call: Call, params: Params) -> object:
    order_id, client_id = params.text("orderId"), params.text("clientOid")
    listings = [call.contract_of(params.need("symbol"))] if client_id else call.contracts()
    try:
        order = _cancel_order(call, order_id, client_id, listings)
    except ApiError as error:
        return {"orderId": order_id, "clientOid": client_id, "code": error.code, "msg": error.msg}
    told = {"orderId": contract_id(order.order_id), "clientOid": client_id}
    return {**told, "code": "200", "msg": "success"}


_F: Final = Side.FUTURES
_POOL: Final = Pool.FUTURES
_ORDERS: Final = "/api/v1/orders"
ENDPOINTS: Final = (
    Endpoint(method="POST", path=_ORDERS, handle=_place, side=_F, pool=_POOL, weight=2),
    Endpoint(method="POST", path=f"{_ORDERS}/test", handle=_test, side=_F, pool=_POOL, weight=2),
    Endpoint(method="POST", path=f"{_ORDERS}/multi", handle=_place_many, side=_F, pool=_POOL, weight=3),
    Endpoint(method="DELETE", path=_ORDERS, handle=_cancel_all, side=_F, pool=_POOL, weight=10),
    Endpoint(method="DELETE", path="/api/v3/orders", handle=_cancel_all, side=_F, pool=_POOL, weight=10),
    Endpoint(method="DELETE", path=f"{_ORDERS}/multi-cancel", handle=_cancel_many, side=_F, pool=_POOL, weight=20),
    Endpoint(method="DELETE", path=f"{_ORDERS}/{{orderId}}", handle=_cancel, side=_F, pool=_POOL),
    Endpoint(
        method="DELETE",
        path=f"{_ORDERS}/client-order/{{clientOid}}",
        handle=_cancel_client,
        side=_F,
        pool=_POOL,
    ),
)
