"""Orders and trades of spot markets: what is sent, and what is believed of the answers.

Source: Binance spot REST documentation, "New order", "Query order", "Cancel order", "Account trade list".
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from bot.domain.ids import Asset, ClientOrderId, TradeId
from bot.domain.numbers import ZERO, plain
from bot.domain.orders import OrderReport, OrderStatus, Side, VenueTrade
from bot.ports import OrderTicket
from bot.venue.desk import spot_request
from bot.venue.fills import check_fill
from bot.venue.markets import SpotPair
from bot.venue.shapes import (
    Row,
    decimal_in,
    flag_in,
    integer_in,
    order_number_in,
    positive_in,
    row_of,
    same_market,
    side_in,
    text_in,
    told_in,
)

_STATUS: Final[Mapping[str, OrderStatus]] = {
    "NEW": OrderStatus.OPEN,
    "PENDING_NEW": OrderStatus.OPEN,
    "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELED,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
}
_ORDER_KEYS: Final = (
    *("orderId", "clientOrderId", "symbol", "side", "status", "origQty", "executedQty", "cummulativeQuoteQty"),
)
_TRADE_KEYS: Final = (
    *("id", "orderId", "symbol", "price", "qty", "quoteQty", "commission", "commissionAsset", "time", "isBuyer"),
    "isMaker",
)


def order_params(pair: SpotPair, ticket: OrderTicket) -> Mapping[str, object]:
    """The form of one order. Its timestamp and validity are those that were made durable (R17, R21)."""
    request = spot_request(ticket)
    return {
        "symbol": pair.market_id,
        "side": request.side.value.upper(),
        "type": "LIMIT",
        "timeInForce": "IOC",
        "quantity": plain(request.contracts),
        "price": plain(request.price),
        "newClientOrderId": ticket.client_id,
        "newOrderRespType": "RESULT",
        "timestamp": ticket.timestamp_ms,
        "recvWindow": ticket.deadline_ms - ticket.timestamp_ms,
    }


def order_report(body: object, pair: SpotPair) -> OrderReport:
    """Read one order.

    Raises:
        ValueError: not the shape of an order, or of another market.
    """
    row = row_of(body, *_ORDER_KEYS)
    same_market(row, "symbol", pair.market_id)
    status = _STATUS.get(text_in(row, "status"))
    if status is None:
        raise ValueError(f"status {row['status']!r} is not known")
    coins, filled = decimal_in(row, "origQty"), decimal_in(row, "executedQty")
    # An order for a sum of quote has no quantity of its own.
    if filled < 0 or (coins > 0 and filled > coins):
        raise ValueError(f"executedQty {filled} does not fit origQty {coins}")
    if status is OrderStatus.FILLED and coins > 0 and filled != coins:
        raise ValueError(f"a filled order filled {filled} of {coins}")
    client_id, worth = _client_id(row), decimal_in(row, "cummulativeQuoteQty")
    average = positive_in(row, "cummulativeQuoteQty") / filled if filled else None
    check_fill(client_id, filled, beside=worth, prices=(average, told_in(row, "price")))
    return OrderReport(
        symbol=pair.symbol,
        client_id=client_id,
        venue_order_id=order_number_in(row, "orderId"),
        side=side_in(row),
        status=status,
        contracts=coins,
        filled=filled,
        average_price=average,
        reduce_only=False,
        # Answers to a new order and to a cancel name the time of that instead.
        time_ms=integer_in(row, "time" if "time" in row else "transactTime"),
    )


def own_report(body: object, pair: SpotPair, client_id: ClientOrderId) -> OrderReport:
    """Read one order that must carry our id (R20). Raises ValueError."""
    report = order_report(body, pair)
    if report.client_id != client_id:
        raise ValueError("the answer is about another order")
    return report


def spot_trade(row: Row, pair: SpotPair) -> VenueTrade:
    """Read one trade. Binance tells fees as positive costs, a buy's in coins unless they are paid in BNB.

    Raises ValueError.
    """
    row_of(row, *_TRADE_KEYS)
    same_market(row, "symbol", pair.market_id)
    return VenueTrade(
        trade_id=TradeId(str(integer_in(row, "id"))),
        venue_order_id=order_number_in(row, "orderId"),
        symbol=pair.symbol,
        side=Side.BUY if flag_in(row, "isBuyer") else Side.SELL,
        contracts=positive_in(row, "qty"),
        price=positive_in(row, "price"),
        fee=decimal_in(row, "commission"),
        fee_asset=Asset(text_in(row, "commissionAsset")),
        realized=ZERO,
        maker=flag_in(row, "isMaker"),
        time_ms=integer_in(row, "time"),
    )


def taker_rate(body: object, pair: SpotPair) -> Decimal:
    """Read the list of fee rates of one market. Raises ValueError."""
    if not isinstance(body, list) or len(body) != 1:
        raise ValueError("expected the rates of one market")
    row = row_of(body[0], "symbol", "takerCommission")
    same_market(row, "symbol", pair.market_id)
    return decimal_in(row, "takerCommission")


def account_taker_rate(body: object) -> Decimal:
    """Read the rate that the account has on most markets. Raises ValueError."""
    return decimal_in(row_of(row_of(body, "commissionRates")["commissionRates"], "taker"), "taker")


def _client_id(row: Row) -> ClientOrderId | None:
    """The answer to a cancel gives the cancel an id, and tells the order's own beside it."""
    told = row.get("origClientOrderId") or row["clientOrderId"]
    return ClientOrderId(told) if isinstance(told, str) and told else None
