"""Orders and trades of both futures APIs: what is sent, and what is believed of the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.domain.ids import Asset, ClientOrderId, Symbol, TradeId
from bot.domain.instrument import ContractKind
from bot.domain.numbers import plain
from bot.domain.orders import OrderReport, OrderStatus, Side, TimeInForce, VenueTrade
from bot.ports import OrderTicket
from bot.venue.binance.family import Family
from bot.venue.fills import check_fill
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

SHORT: Final = "SHORT"
"""The side of an instrument that is ours in hedge mode."""
LONG: Final = "LONG"
POSITION_SIDES: Final = frozenset({"BOTH", LONG, SHORT})

_TIME_IN_FORCE: Final[Mapping[TimeInForce, str]] = {
    TimeInForce.IOC: "IOC",
    TimeInForce.GTC: "GTC",
    TimeInForce.POST_ONLY: "GTX",
}
_STATUS: Final[Mapping[str, OrderStatus]] = {
    "NEW": OrderStatus.OPEN,
    "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELED,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
}
_ORDER_KEYS: Final = (
    *("orderId", "clientOrderId", "symbol", "side", "positionSide", "status", "origQty", "executedQty", "reduceOnly"),
)
_TRADE_KEYS = (
    "id",
    "orderId",
    "symbol",
    "side",
    "positionSide",
    "price",
    "qty",
    "commission",
    "commissionAsset",
    "realizedPnl",
    "time",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What must be known of a contract to read its orders.

    Attributes:
        size: in coins of the base, or in quote for an inverse contract.
    """

    symbol: Symbol
    market_id: str
    size: Decimal
    family: Family


def order_params(market_id: str, ticket: OrderTicket) -> Mapping[str, object]:
    """The form of one order. Its timestamp and validity are those that were made durable (R17, R21).

    In hedge mode the order names the short side, which a buy can only shrink; the venue refuses `reduceOnly` there.
    """
    request = ticket.request
    params: dict[str, object] = {
        "symbol": market_id,
        "side": request.side.value.upper(),
        "type": "LIMIT",
        "timeInForce": _TIME_IN_FORCE[request.time_in_force],
        "quantity": plain(request.contracts),
        "price": plain(request.price),
        "newClientOrderId": ticket.client_id,
        "newOrderRespType": "RESULT",
        "timestamp": ticket.timestamp_ms,
        "recvWindow": ticket.deadline_ms - ticket.timestamp_ms,
    }
    if request.hedged:
        params["positionSide"] = SHORT
    elif request.reduce_only:
        params["reduceOnly"] = "true"
    return params


def order_report(body: object, contract: Contract) -> OrderReport:
    """Read one order.

    Raises:
        ValueError: not the shape of an order, or of another market.
    """
    row = row_of(body, *_ORDER_KEYS)
    same_market(row, "symbol", contract.market_id)
    status = _STATUS.get(text_in(row, "status"))
    if status is None:
        raise ValueError(f"status {row['status']!r} is not known")
    contracts, filled = decimal_in(row, "origQty"), decimal_in(row, "executedQty")
    # A closing stop order of somebody else has no quantity of its own.
    if filled < 0 or (contracts > 0 and filled > contracts):
        raise ValueError(f"executedQty {filled} does not fit origQty {contracts}")
    if status is OrderStatus.FILLED and contracts > 0 and filled != contracts:
        raise ValueError(f"a filled order filled {filled} of {contracts}")
    told, side = row["clientOrderId"], side_in(row)
    client_id = ClientOrderId(told) if isinstance(told, str) and told else None
    worth, average = told_in(row, contract.family.filled), _average_price(row, filled, contract)
    made = _made_price(row, filled, contract) if filled and worth else None
    check_fill(client_id, filled, beside=worth, prices=(average, made, told_in(row, "price")))
    return OrderReport(
        symbol=contract.symbol,
        client_id=client_id,
        venue_order_id=order_number_in(row, "orderId"),
        side=side,
        status=status,
        contracts=contracts,
        filled=filled,
        average_price=average,
        reduce_only=flag_in(row, "reduceOnly") or (position_side(row) == SHORT and side is Side.BUY),
        # The answer to a new order names only its last update.
        time_ms=integer_in(row, "time" if "time" in row else "updateTime"),
    )


def own_report(body: object, contract: Contract, client_id: ClientOrderId) -> OrderReport:
    """Read one order that must carry our id (R20). Raises ValueError."""
    report = order_report(body, contract)
    if report.client_id != client_id:
        raise ValueError("the answer is about another order")
    return report


def venue_trade(row: Row, contract: Contract) -> VenueTrade:
    """Read one trade. Binance tells fees as positive costs. Raises ValueError."""
    row_of(row, *_TRADE_KEYS)
    same_market(row, "symbol", contract.market_id)
    return VenueTrade(
        trade_id=TradeId(str(integer_in(row, "id"))),
        venue_order_id=order_number_in(row, "orderId"),
        symbol=contract.symbol,
        side=side_in(row),
        contracts=positive_in(row, "qty"),
        price=positive_in(row, "price"),
        fee=decimal_in(row, "commission"),
        fee_asset=Asset(text_in(row, "commissionAsset")),
        realized=decimal_in(row, "realizedPnl"),
        maker=flag_in(row, "maker"),
        time_ms=integer_in(row, "time"),
    )


def position_side(row: Row) -> str:
    """`BOTH` in one-way mode, `LONG` or `SHORT` in hedge mode. Raises ValueError."""
    side = text_in(row, "positionSide")
    if side not in POSITION_SIDES:
        raise ValueError(f"positionSide {side!r} is not known")
    return side


def _average_price(row: Row, filled: Decimal, contract: Contract) -> Decimal | None:
    """`avgPrice`; where it is not told, what the fills are worth stands in for it."""
    if filled == 0:
        return None
    average = decimal_in(row, "avgPrice")
    return average if average > 0 else _made_price(row, filled, contract)


def _made_price(row: Row, filled: Decimal, contract: Contract) -> Decimal:
    value, units = positive_in(row, contract.family.filled), filled * contract.size
    return units / value if contract.family.kind is ContractKind.INVERSE else value / units
