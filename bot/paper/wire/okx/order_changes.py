"""Cancelling and amending orders, closing positions, and the dead man's switch.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-trade-post-cancel-order and its neighbours (read 2026-06).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bot.domain.numbers import plain
from bot.paper.engine.model import (
    Listing,
    NewOrder,
    Order,
    OrderKind,
    OrderStatus,
    PositionSide,
    Refusal,
    RefusalCode,
    Side,
)
from bot.paper.wire.okx import errors
from bot.paper.wire.okx.desk import ORDER_BASE, Ticket
from bot.paper.wire.okx.endpoint import Call, Endpoint, Reply
from bot.paper.wire.okx.errors import ApiError
from bot.paper.wire.okx.limits import Rate
from bot.paper.wire.okx.order_queries import forgotten, rows_of, which_order
from bot.paper.wire.okx.orders import check_deadline, each, trading
from bot.paper.wire.okx.params import Params
from bot.paper.wire.okx.perpetuals import perpetual
from bot.paper.wire.okx.refusals import worded
from bot.paper.wire.okx.settings import MODES, position_side
from bot.paper.wire.okx.signing import Right

_GONE: Final = ("51400", "Cancellation failed as the order has been filled, canceled or does not exist.")
_NO_MONEY: Final = ("51502", "Unable to edit order: insufficient balance or margin.")
_AMEND_REFUSALS: Final = {
    RefusalCode.INSUFFICIENT_BALANCE: _NO_MONEY,
    RefusalCode.INSUFFICIENT_MARGIN: _NO_MONEY,
    RefusalCode.WOULD_MATCH: (
        "51511",
        "Modification failed as the order price did not meet the requirement for Post Only.",
    ),
}
_LEAST_S: Final = 10
_MOST_S: Final = 120


def cancel(call: Call) -> Reply:
    """Cancel the request's orders, one after the other."""
    return each(call, _cancel)


def amend(call: Call) -> Reply:
    """Amend the request's orders, one after the other."""
    return each(call, _amend)


def _found(call: Call, params: Params, listing: Listing, gone: tuple[str, str]) -> Order:
    """The order that is meant, open or not.

    Raises:
        ApiError: `gone` when there is none, or it was forgotten.
    """
    order_id, client_id = which_order(params)
    try:
        order = call.exchange.order(call.key, listing.key, order_id=order_id, client_id=client_id)
    except Refusal:
        raise ApiError(*gone) from None
    if forgotten(order, call.now_ms):
        raise ApiError(*gone)
    return order


def _cancel(call: Call, params: Params) -> dict[str, object]:
    listing = call.listing(params, gone=True)
    order = _found(call, params, listing, _GONE)
    if order.status is OrderStatus.FILLED:
        raise ApiError("51402", "Cancellation failed as the order is already completed.")
    if not order.status.open:
        raise ApiError("51401", "Cancellation failed as the order is already canceled.")
    call.exchange.cancel(call.key, listing.key, order_id=order.order_id)
    return {
        "clOrdId": params.text("clOrdId") or "",
        "ordId": str(ORDER_BASE + order.order_id),
        "sCode": "0",
        "sMsg": "",
        "ts": str(call.now_ms),
    }


def _amend(call: Call, params: Params) -> dict[str, object]:
    """Give a resting order another size or price; one whose new size has filled already is refused."""
    listing = call.listing(params, gone=True)
    gone = ("51503", "Your order has already been filled or canceled.")
    order = _found(call, params, listing, gone)
    if not order.status.open:
        raise ApiError(*gone)
    size, price = params.number("newSz"), params.number("newPx")
    if size is None and price is None:
        raise ApiError("51500", "You must enter a price, quantity, or TP/SL")
    if size is not None and size < listing.quantity_min:
        raise ApiError("51020", "Your order should meet or exceed the minimum order amount.")
    try:
        with worded(_AMEND_REFUSALS):
            call.exchange.amend(call.key, listing.key, order.order_id, quantity=size, price=price)
    except (ApiError, Refusal):
        if params.flag("cxlOnFail"):
            call.exchange.cancel(call.key, listing.key, order_id=order.order_id)
        raise
    if size is not None:
        ticket = rows_of(call).ticket(order)
        call.desk.drawer(call.key).tickets[order.order_id] = replace(ticket, size=plain(size))
    return {
        "clOrdId": params.text("clOrdId") or "",
        "ordId": str(ORDER_BASE + order.order_id),
        "reqId": params.text("reqId") or "",
        "sCode": "0",
        "sMsg": "",
        "ts": str(call.now_ms),
    }


def _close(call: Call) -> Sequence[object]:
    """Close a whole position by a market order."""
    params = call.params
    listing = perpetual(call)
    mode = params.need("mgnMode", MODES)
    side = position_side(call, params.text("posSide"))
    client_id = params.client_id()
    check_deadline(call)
    position = call.account.position(listing.symbol, side)
    if position is None or not position.contracts or position.isolated is not (mode == "isolated"):
        raise ApiError("51023", "Position doesn't exist.")
    if params.flag("autoCxl"):
        call.exchange.cancel_all(call.key, listing.key)
    order = NewOrder(
        listing_key=listing.key,
        side=Side.SELL if position.contracts > 0 else Side.BUY,
        kind=OrderKind.MARKET,
        quantity=abs(position.contracts),
        reduce_only=side is PositionSide.BOTH,
        client_id=client_id,
        position_side=side,
    )
    with worded({RefusalCode.MAX_QUANTITY: ("51202", "Market order amount exceeds the maximum amount.")}):
        placed = call.exchange.submit(call.key, order)
    tag = params.client_id("tag")
    call.desk.drawer(call.key).tickets[placed.order_id] = Ticket(
        kind="market", mode=mode, target="", size=plain(placed.quantity), tag=tag, named=bool(client_id)
    )
    row = {"clOrdId": client_id, "instId": listing.symbol, "posSide": params.text("posSide") or "net", "tag": tag}
    return [row]


def _cancel_all_after(call: Call) -> Sequence[object]:
    """The dead man's switch: all orders are cancelled unless this is asked again in time; 0 switches it off."""
    seconds = call.params.integer("timeOut")
    if seconds is None:
        raise errors.empty("timeOut")
    if seconds and not _LEAST_S <= seconds <= _MOST_S:
        raise errors.parameter("timeOut")
    drawer = call.desk.drawer(call.key)
    drawer.cancel_at_ms = call.now_ms + seconds * 1000 if seconds else None
    return [
        {"tag": call.params.text("tag") or "", "triggerTime": str(drawer.cancel_at_ms or 0), "ts": str(call.now_ms)}
    ]


ENDPOINTS: Final = (
    trading("trade/cancel-order", cancel, 60, places=False),
    trading("trade/cancel-batch-orders", cancel, 300, places=False),
    trading("trade/amend-order", amend, 60, places=True),
    trading("trade/amend-batch-orders", amend, 300, places=True),
    trading("trade/close-position", _close, 20, places=False),
    Endpoint(
        method="POST",
        path="trade/cancel-all-after",
        handle=_cancel_all_after,
        rate=Rate(count=1, window_ms=1000),
        right=Right.TRADE,
    ),
)
