"""Asking for spot orders and fills.

Source: https://www.kucoin.com/docs-new/rest/spot-trading/orders (read 2025-11).
"""

from __future__ import annotations

from typing import Final

from bot.paper.engine.model import Listing, MarketType, Order, Refusal, RefusalCode, Trade
from bot.paper.wire.kucoin.endpoint import Call, Endpoint
from bot.paper.wire.kucoin.errors import ApiError, bad_parameter
from bot.paper.wire.kucoin.history import newest, page, window
from bot.paper.wire.kucoin.limits import Pool
from bot.paper.wire.kucoin.names import spot_number
from bot.paper.wire.kucoin.spot_views import classic_order, fill_row, hf_order
from bot.paper.wire.kucoin.tape import DAY_MS

_REMEMBERED_MS: Final = 3 * DAY_MS
"""The high-frequency system finds finished orders no longer than that."""


def _find(call: Call) -> tuple[Listing, Order]:
    """The order of the path.

    Raises:
        Refusal: unknown-order.
    """
    text, client_id = call.params.text("orderId"), call.params.text("clientOid")
    number = None if text is None else spot_number(text) or 0
    one = call.optional_pair()
    for listing in call.pairs() if one is None else [one]:
        try:
            return listing, call.exchange.order(call.key, listing.key, order_id=number, client_id=client_id)
        except Refusal as refusal:
            if refusal.code is not RefusalCode.UNKNOWN_ORDER:
                raise
    raise Refusal(RefusalCode.UNKNOWN_ORDER)


def _hf_order(call: Call) -> object:
    call.pair()
    try:
        listing, order = _find(call)
    except Refusal:
        raise ApiError("400100", "order_not_exist") from None
    if not order.status.open and order.time_ms + _REMEMBERED_MS < call.now_ms:
        raise ApiError("400100", "order_not_exist")
    return hf_order(listing, order, call.memory)


def _classic_order(call: Call) -> object:
    try:
        listing, order = _find(call)
    except Refusal:
        raise ApiError("400100", "order not exist.") from None
    return classic_order(listing, order, call.memory)


def _asked_for(call: Call) -> list[tuple[Listing, Order]]:
    """All spot orders that side, type and times ask for, oldest first."""
    one = call.optional_pair()
    side, kind = call.params.text("side"), call.params.text("type")
    found = [
        order
        for order in call.account.orders(None if one is None else one.key)
        if order.listing_key.startswith(MarketType.SPOT)
        and side in (None, order.side.value.lower())
        and kind in (None, order.kind.value.lower())
    ]
    return [
        (call.exchange.listings[order.listing_key], order)
        for order in window(found, call.params, lambda order: order.time_ms)
    ]


def _active(call: Call) -> object:
    """Every open order of one pair, newest first, however many."""
    listing = call.pair()
    return [hf_order(listing, order, call.memory) for order in reversed(call.account.open_orders(listing.key))]


def _active_symbols(call: Call) -> object:
    return {"symbols": [listing.symbol for listing in call.pairs() if call.account.open_orders(listing.key)]}


def _done(call: Call) -> object:
    call.pair()
    last = spot_number(call.params.text("lastId") or "") or call.params.integer("lastId")
    found = [
        (listing, order)
        for listing, order in _asked_for(call)
        if not order.status.open and (not last or order.order_id < last)
    ]
    shown = newest(found, call.params, default=20, highest=100)
    return {
        "lastId": shown[-1][1].order_id if shown else 0,
        "items": [hf_order(listing, order, call.memory) for listing, order in shown],
    }


def _classic_orders(call: Call) -> object:
    status = call.params.text("status") or "done"
    if status not in {"active", "done"}:
        raise bad_parameter("status parameter is invalid")
    rows = [
        classic_order(listing, order, call.memory)
        for listing, order in _asked_for(call)
        if order.status.open is (status == "active")
    ]
    return page(rows, call.params)


def _recent_orders(call: Call) -> object:
    """The newest thousand of the last day."""
    recent = [pair for pair in _asked_for(call) if pair[1].time_ms >= call.now_ms - DAY_MS]
    return [classic_order(listing, order, call.memory) for listing, order in reversed(recent[-1000:])]


def _fills(call: Call) -> list[tuple[Listing, Trade]]:
    one = call.optional_pair()
    side, kind, order_text = (call.params.text(name) for name in ("side", "type", "orderId"))
    number = None if order_text is None else spot_number(order_text)
    found = [
        trade
        for trade in call.account.trades(None if one is None else one.key)
        if trade.listing_key.startswith(MarketType.SPOT)
        and side in (None, trade.side.value.lower())
        and (order_text is None or trade.order_id == number)
        and kind in (None, _order_of(call, trade).kind.value.lower())
    ]
    return [
        (call.exchange.listings[trade.listing_key], trade)
        for trade in window(found, call.params, lambda trade: trade.time_ms)
    ]


def _order_of(call: Call, trade: Trade) -> Order:
    return call.exchange.order(call.key, trade.listing_key, order_id=trade.order_id)


def _hf_fills(call: Call) -> object:
    call.pair()
    last = call.params.integer("lastId")
    found = [(listing, trade) for listing, trade in _fills(call) if not last or trade.trade_id < last]
    shown = newest(found, call.params, default=20, highest=100)
    return {
        "items": [fill_row(listing, _order_of(call, trade), trade) for listing, trade in shown],
        "lastId": shown[-1][1].trade_id if shown else 0,
    }


def _classic_fills(call: Call) -> object:
    rows = [fill_row(listing, _order_of(call, trade), trade) for listing, trade in _fills(call)]
    return page(rows, call.params)


def _recent_fills(call: Call) -> object:
    recent = [pair for pair in _fills(call) if pair[1].time_ms >= call.now_ms - DAY_MS]
    return [fill_row(listing, _order_of(call, trade), trade) for listing, trade in reversed(recent[-1000:])]


_HF: Final = "/api/v1/hf/orders"
_SPOT: Final = Pool.SPOT
ENDPOINTS: Final = (
    Endpoint(method="GET", path=f"{_HF}/active", handle=_active, pool=_SPOT, weight=2),
    Endpoint(method="GET", path=f"{_HF}/active/symbols", handle=_active_symbols, pool=_SPOT, weight=2),
    Endpoint(method="GET", path=f"{_HF}/done", handle=_done, pool=_SPOT, weight=2),
    Endpoint(method="GET", path=f"{_HF}/{{orderId}}", handle=_hf_order, pool=_SPOT, weight=2),
    Endpoint(method="GET", path=f"{_HF}/client-order/{{clientOid}}", handle=_hf_order, pool=_SPOT, weight=2),
    Endpoint(method="GET", path="/api/v1/hf/fills", handle=_hf_fills, pool=_SPOT, weight=2),
    Endpoint(method="GET", path="/api/v1/orders", handle=_classic_orders, pool=_SPOT, weight=2),
    Endpoint(method="GET", path="/api/v1/limit/orders", handle=_recent_orders, pool=_SPOT, weight=3),
    Endpoint(method="GET", path="/api/v1/orders/{orderId}", handle=_classic_order, pool=_SPOT, weight=2),
    Endpoint(method="GET", path="/api/v1/order/client-order/{clientOid}", handle=_classic_order, pool=_SPOT, weight=3),
    Endpoint(method="GET", path="/api/v1/fills", handle=_classic_fills, pool=_SPOT, weight=10),
    Endpoint(method="GET", path="/api/v1/limit/fills", handle=_recent_fills, pool=_SPOT, weight=20),
)
