"""Orders and trades of swaps and spot markets: what is sent, and what is believed of the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.domain.ids import Asset, ClientOrderId, Symbol, TradeId
from bot.domain.instrument import MarginMode
from bot.domain.numbers import ZERO, plain
from bot.domain.orders import OrderReport, OrderStatus, Side, TimeInForce, VenueTrade
from bot.ports import OrderTicket
from bot.venue.desk import spot_request
from bot.venue.fills import check_fill, ours
from bot.venue.okx.client import DEADLINE
from bot.venue.okx.errors import OK
from bot.venue.okx.futures import LONG, NET, SHORT
from bot.venue.okx.wire import SPOT, amount_in, row_in
from bot.venue.shapes import (
    Row,
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

ORDER_TYPE: Final[Mapping[TimeInForce, str]] = {
    TimeInForce.IOC: "ioc",
    TimeInForce.GTC: "limit",
    TimeInForce.POST_ONLY: "post_only",
}
STATUS: Final[Mapping[str, OrderStatus]] = {
    "live": OrderStatus.OPEN,
    "partially_filled": OrderStatus.PARTIALLY_FILLED,
    "filled": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
    "mmp_canceled": OrderStatus.CANCELED,
}
TRADE_MODE: Final[Mapping[MarginMode, str]] = {MarginMode.ISOLATED: "isolated", MarginMode.CROSS: "cross"}
_MARKERS: Final[Mapping[str, str]] = {
    "adl": "adl_autoclose",
    "full_liquidation": "autoclose-",
    "partial_liquidation": "autoclose-",
    "delivery": "settlement_autoclose-",
}
"""By category of an order of the venue itself: the marker that `bot.core.accounting` knows it by, as Binance has it."""
_IN_QUOTE: Final = "quote_ccy"
_ORDER_KEYS: Final = (
    *("ordId", "clOrdId", "instId", "side", "posSide", "state", "sz", "accFillSz", "avgPx", "reduceOnly", "cTime"),
)
_TRADE_KEYS: Final = (
    *("billId", "tradeId", "ordId", "instId", "side", "posSide", "fillPx", "fillSz", "fee", "feeCcy", "fillPnl"),
    *("execType", "ts"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What must be known of a market to read its orders and trades.

    Attributes:
        kind: `SWAP` or `SPOT`.
        settle: what fees are in, where a trade without one does not say so.
    """

    kind: str
    symbol: Symbol
    market_id: str
    settle: Asset


def order_params(market_id: str, ticket: OrderTicket, margin_mode: MarginMode) -> Mapping[str, object]:
    """The body of one order of a swap, and the deadline that goes with it as a header (R21).

    In net mode an order that shrinks the short is reduce-only. In hedge mode it names the short side and can't do
    more than close it; the venue takes no reduce-only there.
    """
    request = ticket.request
    params: dict[str, object] = {
        "instId": market_id,
        "tdMode": TRADE_MODE[margin_mode],
        "side": request.side.value,
        "ordType": ORDER_TYPE[request.time_in_force],
        "sz": plain(request.contracts),
        "px": plain(request.price),
        "clOrdId": ticket.client_id,
        DEADLINE: str(ticket.deadline_ms),
    }
    if request.hedged:
        params["posSide"] = SHORT
    elif request.reduce_only:
        params["reduceOnly"] = True
    return params


def spot_params(market_id: str, ticket: OrderTicket) -> Mapping[str, object]:
    """The body of one spot order, whose size is in coins, and its deadline."""
    request = spot_request(ticket)
    return {
        "instId": market_id,
        "tdMode": "cash",
        "side": request.side.value,
        "ordType": ORDER_TYPE[request.time_in_force],
        "sz": plain(request.contracts),
        "px": plain(request.price),
        "clOrdId": ticket.client_id,
        DEADLINE: str(ticket.deadline_ms),
    }


def placed_report(body: object, ticket: OrderTicket) -> OrderReport:
    """Read the answer to a new order, which only acknowledges it.

    Raises:
        ValueError: not the shape of an acknowledgement, or of another order.
    """
    row = _acknowledged(body, ticket.client_id)
    request = ticket.request
    return OrderReport(
        symbol=request.symbol,
        client_id=ticket.client_id,
        venue_order_id=order_number_in(row, "ordId"),
        side=request.side,
        status=OrderStatus.OPEN,
        contracts=request.contracts,
        filled=ZERO,
        average_price=None,
        reduce_only=request.reduce_only,
        time_ms=int(amount_in(row, "ts")) if row.get("ts") else ticket.timestamp_ms,
    )


def check_canceled(body: object, client_id: ClientOrderId) -> None:
    """Read the answer to a cancel: the request was taken, no more. Raises ValueError."""
    order_number_in(_acknowledged(body, client_id), "ordId")


def _acknowledged(body: object, client_id: ClientOrderId) -> Row:
    row = row_in(body, "ordId", "clOrdId", "sCode")
    if row["sCode"] != OK:
        raise ValueError(f"acknowledged with sCode {row['sCode']!r}")
    if row["clOrdId"] != client_id:
        raise ValueError("the answer is about another order")
    return row


def order_report(row: Row, place: Place) -> OrderReport:
    """Read one order. A market order of somebody else may be sized in quote: it is then as large as what it filled.

    Raises:
        ValueError: not the shape of an order, or of another market.
    """
    row_of(row, *_ORDER_KEYS)
    same_market(row, "instId", place.market_id)
    status = STATUS.get(text_in(row, "state"))
    if status is None:
        raise ValueError(f"state {row['state']!r} is not known")
    filled = amount_in(row, "accFillSz")
    contracts = filled if row.get("tgtCcy") == _IN_QUOTE else positive_in(row, "sz")
    if not 0 <= filled <= contracts:
        raise ValueError(f"accFillSz {filled} does not fit sz {contracts}")
    if row.get("tgtCcy") != _IN_QUOTE and (status is OrderStatus.FILLED) != (filled == contracts):
        raise ValueError(f"state {row['state']} does not fit accFillSz {filled} of {contracts}")
    client_id, side, average, last = _client_id(row), side_in(row), amount_in(row, "avgPx"), told_in(row, "fillSz")
    if ours(client_id) and last > filled:
        raise ValueError(f"accFillSz {filled}, but its last fill is {last}")
    check_fill(client_id, filled, beside=average, prices=(average, told_in(row, "px")))
    return OrderReport(
        symbol=place.symbol,
        client_id=client_id,
        venue_order_id=order_number_in(row, "ordId"),
        side=side,
        status=status,
        contracts=contracts,
        filled=filled,
        average_price=positive_in(row, "avgPx") if filled else None,
        reduce_only=flag_in(row, "reduceOnly") or _closes(row, side),
        time_ms=integer_in(row, "cTime"),
    )


def venue_trade(row: Row, place: Place) -> VenueTrade:
    """Read one trade. OKX tells costs as negative fees.

    Trades are named by their `billId`: it counts up over the account, while `tradeId` counts within a market and is
    negative for liquidations and auto-deleveraging. Those may name no currency of a fee that they don't pay.

    Raises ValueError.
    """
    row_of(row, *_TRADE_KEYS)
    same_market(row, "instId", place.market_id)
    fee = -amount_in(row, "fee")
    return VenueTrade(
        trade_id=TradeId(str(integer_in(row, "billId"))),
        venue_order_id=order_number_in(row, "ordId"),
        symbol=place.symbol,
        side=side_in(row),
        contracts=positive_in(row, "fillSz"),
        price=positive_in(row, "fillPx"),
        fee=fee,
        fee_asset=Asset(text_in(row, "feeCcy")) if fee else place.settle,
        realized=amount_in(row, "fillPnl"),
        maker=row["execType"] == "M",
        time_ms=integer_in(row, "fillTime" if row.get("fillTime") else "ts"),
    )


def of_short_side(row: Row, place: Place) -> bool:
    """Whether a row of orders or trades is about the position that the bot holds; spot has no sides."""
    if place.kind == SPOT:
        return True
    side = text_in(row, "posSide")
    if side not in {NET, LONG, SHORT}:
        raise ValueError(f"posSide {side!r} is not known")
    return side != LONG


def _client_id(row: Row) -> ClientOrderId | None:
    """Our id or another's; for an order of the venue's own its marker (R25)."""
    marker = _MARKERS.get(str(row.get("category")))
    if marker is not None:
        return ClientOrderId(marker)
    client_id = row["clOrdId"]
    return ClientOrderId(client_id) if isinstance(client_id, str) and client_id else None


def _closes(row: Row, side: Side) -> bool:
    return (row["posSide"], side) in {(SHORT, Side.BUY), (LONG, Side.SELL)}
