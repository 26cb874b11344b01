"""Asking for futures orders and fills.

Source: https://www.kucoin.com/docs-new/rest/futures-trading/orders (read 2025-11).
"""

from __future__ import annotations

from typing import Final

from bot.domain.numbers import ZERO, plain
from bot.paper.engine.model import Listing, MarketType, Order, Trade
from bot.paper.engine.model import Side as OrderSide
from bot.paper.wire.kucoin.endpoint import CONTRACTS, Call, Endpoint, Side
from bot.paper.wire.kucoin.errors import ApiError, bad_parameter
from bot.paper.wire.kucoin.futures_views import fill_row, order_row
from bot.paper.wire.kucoin.history import page, window
from bot.paper.wire.kucoin.limits import Pool
from bot.paper.wire.kucoin.names import contract_number
from bot.paper.wire.kucoin.tape import DAY_MS


def _order(call: Call) -> object:
    return _found(call, call.params.need("orderId"), None)


def _order_by_client(call: Call) -> object:
    return _found(call, None, call.params.need("clientOid"))


def _found(call: Call, order_id: str | None, client_id: str | None) -> object:
    number = None if order_id is None else contract_number(order_id) or 0
    known = [
        order
        for order in call.account.orders()
        if _is_contract(order.listing_key) and number in (None, order.order_id) and client_id in (None, order.client_id)
    ]
    if not known:
        raise ApiError("100001", "error.getOrder.orderNotExist")
    # A client id may be used again once its order is done: the newest one counts.
    order = known[-1]
    return order_row(call.exchange.listings[order.listing_key], order, call.account, call.memory)


def _is_contract(listing_key: str) -> bool:
    return MarketType(listing_key.partition(":")[0]) in CONTRACTS


def _asked_for(call: Call) -> list[tuple[Listing, Order]]:
    one = call.optional_contract()
    side, kind = call.params.text("side"), call.params.text("type")
    found = [
        order
        for order in call.account.orders(None if one is None else one.key)
        if _is_contract(order.listing_key)
        and side in (None, order.side.value.lower())
        and kind in (None, order.kind.value.lower())
    ]
    return [
        (call.exchange.listings[order.listing_key], order)
        for order in window(found, call.params, lambda order: order.time_ms)
    ]


def _orders(call: Call) -> object:
    status = call.params.text("status") or "done"
    if status not in {"active", "done"}:
        raise bad_parameter("status parameter is invalid")
    rows = [
        order_row(listing, order, call.account, call.memory)
        for listing, order in _asked_for(call)
        if order.status.open is (status == "active")
    ]
    return page(rows, call.params, highest=1000)


def _recent_done(call: Call) -> object:
    """The newest thousand of the last day."""
    recent = [
        order_row(listing, order, call.account, call.memory)
        for listing, order in _asked_for(call)
        if not order.status.open and order.time_ms >= call.now_ms - DAY_MS
    ]
    return list(reversed(recent[-1000:]))


def _fills_asked(call: Call) -> list[dict[str, object]]:
    one = call.optional_contract()
    side, kind, order_text = (call.params.text(name) for name in ("side", "type", "orderId"))
    number = None if order_text is None else contract_number(order_text)
    found = [
        trade
        for trade in call.account.trades(None if one is None else one.key)
        if _is_contract(trade.listing_key)
        and side in (None, trade.side.value.lower())
        and (order_text is None or trade.order_id == number)
    ]
    rows = [_fill(call, trade) for trade in window(found, call.params, lambda trade: trade.time_ms)]
    return [row for row in rows if kind in (None, row["orderType"])]


def _fill(call: Call, trade: Trade) -> dict[str, object]:
    listing = call.exchange.listings[trade.listing_key]
    order = call.exchange.order(call.key, trade.listing_key, order_id=trade.order_id)
    _, isolated = call.account.settings(listing.symbol)
    return fill_row(listing, order, trade, isolated=isolated)


def _fills(call: Call) -> object:
    return page(_fills_asked(call), call.params, highest=1000)


def _recent_fills(call: Call) -> object:
    return list(reversed(_fills_asked(call)[-1000:]))


def _open_statistics(call: Call) -> object:
    """Sizes and costs of what is open, by side."""
    listing = call.contract()
    told: dict[str, object] = {}
    for side in OrderSide:
        orders = [order for order in call.account.open_orders(listing.key) if order.side is side]
        worth = sum((abs(listing.notional(order.remaining, order.price)) for order in orders), ZERO)
        told[f"openOrder{side.value.title()}Size"] = int(sum((order.remaining for order in orders), ZERO))
        told[f"openOrder{side.value.title()}Cost"] = plain(worth)
    return {**told, "settleCurrency": listing.settle}


def _stop_orders(call: Call) -> object:
    """Stop orders are not offered, so there are none."""
    return page([], call.params, highest=1000)


_F: Final = Side.FUTURES
_POOL: Final = Pool.FUTURES
ENDPOINTS: Final = (
    Endpoint(method="GET", path="/api/v1/orders", handle=_orders, side=_F, pool=_POOL, weight=2),
    Endpoint(method="GET", path="/api/v1/stopOrders", handle=_stop_orders, side=_F, pool=_POOL, weight=6),
    Endpoint(method="GET", path="/api/v1/recentDoneOrders", handle=_recent_done, side=_F, pool=_POOL, weight=5),
    Endpoint(method="GET", path="/api/v1/orders/byClientOid", handle=_order_by_client, side=_F, pool=_POOL, weight=5),
    Endpoint(method="GET", path="/api/v1/orders/{orderId}", handle=_order, side=_F, pool=_POOL, weight=5),
    Endpoint(method="GET", path="/api/v1/fills", handle=_fills, side=_F, pool=_POOL, weight=5),
    Endpoint(method="GET", path="/api/v1/recentFills", handle=_recent_fills, side=_F, pool=_POOL, weight=3),
    Endpoint(
        method="GET",
        path="/api/v1/openOrderStatistics",
        handle=_open_statistics,
        side=_F,
        pool=_POOL,
        weight=10,
    ),
)
