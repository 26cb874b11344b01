"""Spot orders and fills as KuCoin writes them; the old system writes an order with fewer members.

Source: https://www.kucoin.com/docs-new/rest/spot-trading/orders (read 2025-11).
"""

from __future__ import annotations

from decimal import Decimal

from bot.domain.numbers import ZERO, plain
from bot.paper.engine.model import Listing, Order, OrderKind, OrderStatus, TimeInForce, Trade
from bot.paper.wire.kucoin.memory import Memory
from bot.paper.wire.kucoin.names import spot_id


def tif_text(order: Order) -> str:
    """Post-only is a flag of its own, not a time in force."""
    return "GTC" if order.tif is TimeInForce.GTX else order.tif.value


def fee_of(order: Order) -> Decimal:
    """What all fills of an order cost."""
    return sum((trade.fee for trade in order.trades), ZERO)


def funds_of(listing: Listing, order: Order) -> Decimal:
    """The order's worth in quote: as asked for by `funds`, or size x price; 0 for a market order by size."""
    return order.quote_quantity or listing.notional(order.quantity, order.price)


def _size(order: Order) -> Decimal:
    """An order by `funds` has no size of its own."""
    return ZERO if order.quote_quantity else order.quantity


def cancelled(order: Order) -> bool:
    """It ended before it was filled."""
    return not order.status.open and order.status is not OrderStatus.FILLED


def hf_order(listing: Listing, order: Order, memory: Memory) -> dict[str, object]:
    """An order of the high-frequency system."""
    gone = cancelled(order)
    size, funds = _size(order), funds_of(listing, order)
    rest = max(ZERO, size - order.filled)
    rest_funds = max(ZERO, funds - order.quote_filled)
    open_ = order.status.open
    return {
        "id": spot_id(order.order_id),
        "symbol": listing.symbol,
        "opType": "DEAL",
        "type": order.kind.value.lower(),
        "side": order.side.value.lower(),
        "price": plain(order.price),
        "size": plain(size),
        "funds": plain(funds),
        "dealSize": plain(order.filled),
        "dealFunds": plain(order.quote_filled),
        "fee": plain(fee_of(order)),
        "feeCurrency": listing.quote,
        "stp": None,
        "timeInForce": tif_text(order),
        "postOnly": order.tif is TimeInForce.GTX,
        "hidden": False,
        "iceberg": False,
        "visibleSize": "0",
        "cancelAfter": 0,
        "channel": "API",
        "clientOid": order.client_id,
        "remark": memory.remarks.get(order.order_id),
        "tags": None,
        "cancelExist": gone,
        "createdAt": order.time_ms,
        "lastUpdatedAt": order.update_ms,
        "tradeType": "TRADE",
        "inOrderBook": open_,
        "cancelledSize": plain(rest if gone else ZERO),
        "cancelledFunds": plain(rest_funds if gone else ZERO),
        "remainSize": plain(rest if open_ else ZERO),
        "remainFunds": plain(rest_funds if open_ else ZERO),
        "tax": "0",
        "active": open_,
    }


def classic_order(listing: Listing, order: Order, memory: Memory) -> dict[str, object]:
    """An order of the old system."""
    return {
        "id": spot_id(order.order_id),
        "symbol": listing.symbol,
        "opType": "DEAL",
        "type": order.kind.value.lower(),
        "side": order.side.value.lower(),
        "price": plain(order.price),
        "size": plain(_size(order)),
        "funds": plain(funds_of(listing, order) if order.kind is OrderKind.MARKET else ZERO),
        "dealFunds": plain(order.quote_filled),
        "dealSize": plain(order.filled),
        "fee": plain(fee_of(order)),
        "feeCurrency": listing.quote,
        "stp": "",
        "stop": None,
        "stopTriggered": False,
        "stopPrice": "0",
        "timeInForce": tif_text(order),
        "postOnly": order.tif is TimeInForce.GTX,
        "hidden": False,
        "iceberg": False,
        "visibleSize": "0",
        "cancelAfter": 0,
        "channel": "API",
        "clientOid": order.client_id,
        "remark": memory.remarks.get(order.order_id),
        "tags": None,
        "isActive": order.status.open,
        "cancelExist": cancelled(order),
        "createdAt": order.time_ms,
        "tradeType": "TRADE",
    }


def synced(listing: Listing, order: Order) -> dict[str, object]:
    """What the synchronous endpoints tell of an order beyond its ids."""
    size = _size(order)
    rest = max(ZERO, size - order.filled)
    return {
        "originSize": plain(size),
        "dealSize": plain(order.filled),
        "remainSize": plain(rest if order.status.open else ZERO),
        "canceledSize": plain(rest if cancelled(order) else ZERO),
        "originFunds": plain(funds_of(listing, order)),
        "dealFunds": plain(order.quote_filled),
        "status": "open" if order.status.open else "done",
    }


def fill_row(listing: Listing, order: Order, trade: Trade) -> dict[str, object]:
    """One fill."""
    return {
        "id": trade.trade_id,
        "symbol": listing.symbol,
        "tradeId": str(trade.trade_id),
        "orderId": spot_id(trade.order_id),
        "counterOrderId": spot_id(1),
        "side": trade.side.value.lower(),
        "liquidity": "maker" if trade.maker else "taker",
        "forceTaker": False,
        "price": plain(trade.price),
        "size": plain(trade.quantity),
        "funds": plain(trade.quote),
        "fee": plain(trade.fee),
        "feeRate": plain(trade.fee_rate),
        "feeCurrency": trade.fee_asset,
        "stop": "",
        "tradeType": "TRADE",
        "taxRate": "0",
        "tax": "0",
        "type": order.kind.value.lower(),
        "createdAt": trade.time_ms,
    }
