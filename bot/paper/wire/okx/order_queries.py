"""Asking for orders and fills.

An order that was cancelled without a fill is forgotten two hours later.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-trade-get-order-details and its neighbours (read 2026-06).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from bot.paper.engine.model import Order
from bot.paper.wire.okx import errors
from bot.paper.wire.okx.bills import trade_bills
from bot.paper.wire.okx.desk import ORDER_BASE
from bot.paper.wire.okx.endpoint import INST_TYPES, Call, Endpoint, family, inst_type
from bot.paper.wire.okx.errors import ApiError
from bot.paper.wire.okx.limits import By, Rate
from bot.paper.wire.okx.order_rows import Rows
from bot.paper.wire.okx.pages import DAY_MS, HOUR_MS, QUARTER_MS, WEEK_MS, page
from bot.paper.wire.okx.params import Params

_REMEMBERED_MS: Final = 2 * HOUR_MS
_FILTERS: Final = ("ordType", "state", "category")


def which_order(params: Params) -> tuple[int | None, str | None]:
    """The exchange's own order id, or the client's; with both, the venue's counts.

    Raises:
        ApiError: 51003 neither was sent; 51000 one that is malformed.
    """
    order_id, client_id = params.integer("ordId"), params.client_id()
    if order_id is not None:
        return order_id - ORDER_BASE, None
    if not client_id:
        raise ApiError("51003", "Either client order ID or order ID is required.")
    return None, client_id


def forgotten(order: Order, now_ms: int) -> bool:
    """The order ended without a fill more than two hours ago."""
    return not order.status.open and not order.filled and order.update_ms + _REMEMBERED_MS < now_ms


def rows_of(call: Call) -> Rows:
    """Makes rows of the asking account's orders."""
    return Rows(call.exchange, call.desk, call.key)


def _order(call: Call) -> Sequence[object]:
    listing = call.listing(gone=True)
    order_id, client_id = which_order(call.params)
    order = call.exchange.order(call.key, listing.key, order_id=order_id, client_id=client_id)
    if forgotten(order, call.now_ms):
        raise errors.unknown_order()
    return [rows_of(call).order(order)]


def _orders(call: Call, found: Sequence[Order], since_ms: int, *, need_type: bool) -> Sequence[object]:
    """Rows of orders by what `instType`, `instId`, `instFamily`, `uly`, `ordType` and `state` ask for."""
    params = call.params
    kind = params.need("instType", INST_TYPES) if need_type else params.text("instType", INST_TYPES)
    one = call.listing(gone=True).key if "instId" in params else None
    families = {params.text(name) for name in ("instFamily", "uly")} - {None}
    listings = call.exchange.listings
    newest = page(
        (
            order
            for order in found
            if one in {None, order.listing_key}
            and kind in {None, inst_type(listings[order.listing_key])}
            and (not families or family(listings[order.listing_key]) in families)
        ),
        params,
        id_of=lambda order: ORDER_BASE + order.order_id,
        time_of=lambda order: order.update_ms,
        since_ms=since_ms,
        count=None,
    )
    rows = rows_of(call)
    wanted = (
        row for row in map(rows.order, newest) if all(params.text(name) in {None, row[name]} for name in _FILTERS)
    )
    return list(wanted)[: params.limit()]


def _pending(call: Call) -> Sequence[object]:
    return _orders(call, call.account.open_orders(), 0, need_type=False)


def _history(age_ms: int) -> Callable[[Call], Sequence[object]]:
    def handle(call: Call) -> Sequence[object]:
        done = [order for order in call.account.orders() if not order.status.open and not forgotten(order, call.now_ms)]
        return _orders(call, done, call.now_ms - age_ms, need_type=True)

    return handle


def _fills(age_ms: int, *, need_type: bool) -> Callable[[Call], Sequence[object]]:
    def handle(call: Call) -> Sequence[object]:
        params = call.params
        kind = params.need("instType", INST_TYPES) if need_type else params.text("instType", INST_TYPES)
        one = call.listing(gone=True).key if "instId" in params else None
        order_id = params.integer("ordId")
        listings = call.exchange.listings
        bills = trade_bills(call)
        found = page(
            (
                trade
                for trade in call.account.trades()
                if one in {None, trade.listing_key}
                and kind in {None, inst_type(listings[trade.listing_key])}
                and order_id in {None, ORDER_BASE + trade.order_id}
            ),
            params,
            id_of=lambda trade: bills.get(trade.trade_id, 0),
            time_of=lambda trade: trade.time_ms,
            since_ms=call.now_ms - age_ms,
        )
        orders = {order.order_id: order for order in call.account.orders()}
        rows = rows_of(call)
        return [rows.fill(trade, orders[trade.order_id], bills) for trade in found]

    return handle


def _no_algos(call: Call) -> Sequence[object]:
    """Nobody can place conditional orders here."""
    call.params.need("ordType")
    return []


ENDPOINTS: Final = (
    Endpoint(method="GET", path="trade/order", handle=_order, rate=Rate(count=60, by=By.INSTRUMENT)),
    Endpoint(method="GET", path="trade/orders-pending", handle=_pending, rate=Rate(count=60)),
    Endpoint(method="GET", path="trade/orders-history", handle=_history(WEEK_MS), rate=Rate(count=40)),
    Endpoint(method="GET", path="trade/orders-history-archive", handle=_history(QUARTER_MS), rate=Rate(count=20)),
    Endpoint(method="GET", path="trade/fills", handle=_fills(3 * DAY_MS, need_type=False), rate=Rate(count=60)),
    Endpoint(method="GET", path="trade/fills-history", handle=_fills(QUARTER_MS, need_type=True), rate=Rate(count=10)),
    Endpoint(method="GET", path="trade/orders-algo-pending", handle=_no_algos, rate=Rate(count=20)),
    Endpoint(method="GET", path="trade/orders-algo-history", handle=_no_algos, rate=Rate(count=20)),
)
