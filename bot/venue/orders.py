"""Orders and trades of USD-M futures: what is sent, and what is believed of the answers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from bot.domain.ids import Asset, ClientOrderId, Symbol, TradeId, VenueOrderId
from bot.domain.numbers import plain
from bot.domain.orders import OrderReport, Side, VenueTrade
from bot.ports import OrderTicket
from bot.venue.binance import STATUS, TIME_IN_FORCE
from bot.venue.shapes import Row, decimal_in, flag_in, integer_in, positive_in, row_of, text_in

_SIDES: Mapping[str, Side] = {"BUY": Side.BUY, "SELL": Side.SELL}
_ORDER_KEYS = ("orderId", "clientOrderId", "symbol", "side", "status", "origQty", "executedQty", "reduceOnly")
_TRADE_KEYS = (
    "id",
    "orderId",
    "symbol",
    "side",
    "price",
    "qty",
    "commission",
    "commissionAsset",
    "realizedPnl",
    "time",
)


def order_params(market_id: str, ticket: OrderTicket) -> Mapping[str, object]:
    """The form of one order. Its timestamp and validity are those that were made durable (R17, R21)."""
    request = ticket.request
    params: dict[str, object] = {
        "symbol": market_id,
        "side": request.side.value.upper(),
        "type": "LIMIT",
        "timeInForce": TIME_IN_FORCE[request.time_in_force],
        "quantity": plain(request.contracts),
        "price": plain(request.price),
        "newClientOrderId": ticket.client_id,
        "newOrderRespType": "RESULT",
        "timestamp": ticket.timestamp_ms,
        "recvWindow": ticket.deadline_ms - ticket.timestamp_ms,
    }
    if request.reduce_only:
        params["reduceOnly"] = "true"
    return params


def order_report(body: object, symbol: Symbol, market_id: str) -> OrderReport:
    """Read one order.

    Raises:
        ValueError: not the shape of an order, or of another market.
    """
    row = row_of(body, *_ORDER_KEYS)
    _same_market(row, market_id)
    status = STATUS.get(text_in(row, "status"))
    if status is None:
        raise ValueError(f"status {row['status']!r} is not known")
    contracts, filled = decimal_in(row, "origQty"), decimal_in(row, "executedQty")
    # A closing stop order of somebody else has no quantity of its own.
    if filled < 0 or (contracts > 0 and filled > contracts):
        raise ValueError(f"executedQty {filled} does not fit origQty {contracts}")
    client_id = row["clientOrderId"]
    return OrderReport(
        symbol=symbol,
        client_id=ClientOrderId(client_id) if isinstance(client_id, str) and client_id else None,
        venue_order_id=_order_id(row),
        side=_side(row),
        status=status,
        contracts=contracts,
        filled=filled,
        average_price=_average_price(row, filled),
        reduce_only=flag_in(row, "reduceOnly"),
        # The answer to a new order names only its last update.
        time_ms=integer_in(row, "time" if "time" in row else "updateTime"),
    )


def own_report(body: object, symbol: Symbol, market_id: str, client_id: ClientOrderId) -> OrderReport:
    """Read one order that must carry our id (R20). Raises ValueError."""
    report = order_report(body, symbol, market_id)
    if report.client_id != client_id:
        raise ValueError("the answer is about another order")
    return report


def venue_trade(row: Row, symbol: Symbol, market_id: str) -> VenueTrade:
    """Read one trade. Binance tells fees as positive costs. Raises ValueError."""
    row_of(row, *_TRADE_KEYS)
    _same_market(row, market_id)
    return VenueTrade(
        trade_id=TradeId(str(integer_in(row, "id"))),
        venue_order_id=_order_id(row),
        symbol=symbol,
        side=_side(row),
        contracts=positive_in(row, "qty"),
        price=positive_in(row, "price"),
        fee=decimal_in(row, "commission"),
        fee_asset=Asset(text_in(row, "commissionAsset")),
        realized=decimal_in(row, "realizedPnl"),
        maker=flag_in(row, "maker"),
        time_ms=integer_in(row, "time"),
    )


def _same_market(row: Row, market_id: str) -> None:
    if row["symbol"] != market_id:
        raise ValueError("the answer is about another market")


def _order_id(row: Row) -> VenueOrderId:
    number = integer_in(row, "orderId")
    if number <= 0:
        raise ValueError(f"orderId {number} is none")
    return VenueOrderId(str(number))


def _side(row: Row) -> Side:
    side = _SIDES.get(text_in(row, "side"))
    if side is None:
        raise ValueError(f"side {row['side']!r} is not known")
    return side


def _average_price(row: Row, filled: Decimal) -> Decimal | None:
    if filled == 0:
        return None
    average = decimal_in(row, "avgPrice")
    return average if average > 0 else positive_in(row, "cumQuote") / filled
