"""Orders and trades of contracts: what is sent, and what is believed of the answers.

Source: KuCoin REST documentation, "Add Order", "Get Order By OrderId", "Get Trade History"; ccxt's `kucoin`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from bot.domain.errors import InvariantBroken
from bot.domain.ids import ClientOrderId, TradeId
from bot.domain.instrument import ContractKind, Instrument
from bot.domain.numbers import ZERO, plain
from bot.domain.observation import SymbolConfig
from bot.domain.orders import OrderReport, OrderStatus, TimeInForce, VenueTrade
from bot.ports import OrderTicket
from bot.venue.fills import check_fill
from bot.venue.kucoin.client import SIGNED_MS
from bot.venue.kucoin.envelope import row_in
from bot.venue.kucoin.markets import KuCoinMarkets
from bot.venue.kucoin.settings import MARGIN_NAMES
from bot.venue.shapes import (
    Row,
    decimal_in,
    flag_in,
    integer_in,
    order_code_in,
    positive_in,
    row_of,
    same_market,
    side_in,
    text_in,
    told_in,
)

_ORDER_KEYS: Final = (
    *("id", "symbol", "side", "size", "filledSize", "filledValue", "clientOid", "isActive", "cancelExist"),
    *("status", "createdAt", "reduceOnly"),
)
_TRADE_KEYS: Final = (
    *("symbol", "tradeId", "orderId", "side", "price", "size", "fee", "feeCurrency", "liquidity", "tradeTime"),
    "tradeType",
)
_OWN_TYPES: Final = frozenset({"trade", "cancel"})
_MARKERS: Final[Mapping[str, ClientOrderId]] = {
    "liquidation": ClientOrderId("autoclose-"),
    "liquid": ClientOrderId("autoclose-"),
    "adl": ClientOrderId("adl_autoclose"),
    "settlement": ClientOrderId("settlement_autoclose-"),
}
"""By type of a trade that the venue forced, in small letters: the marker that `bot.core.accounting` knows it by.

The documentation writes "trade, liquidation, ADL or settlement", and `liquid` in its examples.
"""
_LIQUIDITY: Final[Mapping[str, bool]] = {"maker": True, "taker": False}
_SETTLING_MS: Final = 10_000
_SETTLING_CANCELLED_MS: Final = 3_000
"""The venue books the fills of an order some milliseconds after it is done; until then its figures may lag.

A cancel is no proof against it: an immediate-or-cancel order is cancelled in the moment in which it fills. Neither is
the list of fills, which lags more.
"""
NS_IN_MS: Final = 1_000_000


def order_params(market_id: str, ticket: OrderTicket, config: SymbolConfig) -> Mapping[str, object]:
    """The body of one order, with the time that it is signed with: the one that was made durable (R17, R21).

    Left out, `leverage` would be 1 by ccxt and `marginMode` isolated by the venue, whatever is set.
    """
    request = ticket.request
    if request.contracts != request.contracts.to_integral_value():
        raise InvariantBroken(f"{request.symbol}: {request.contracts} is no whole number of contracts")
    params: dict[str, object] = {
        "clientOid": ticket.client_id,
        "side": request.side.value,
        "symbol": market_id,
        "type": "limit",
        "price": plain(request.price),
        "size": int(request.contracts),
        "timeInForce": "IOC" if request.time_in_force is TimeInForce.IOC else "GTC",
        "leverage": config.leverage,
        "marginMode": MARGIN_NAMES[config.margin_mode],
        SIGNED_MS: ticket.timestamp_ms,
    }
    if request.time_in_force is TimeInForce.POST_ONLY:
        params["postOnly"] = True
    if request.reduce_only:
        params["reduceOnly"] = True
    if request.hedged:
        params["positionSide"] = "SHORT"
    return params


def acknowledged(ticket: OrderTicket, body: object) -> OrderReport:
    """Read the answer to a new order: it tells ids alone, so nothing is known of fills. Raises ValueError."""
    row = row_in(body, "orderId")
    client_id = row.get("clientOid")
    if client_id is not None and client_id != ticket.client_id:
        raise ValueError("the answer is about another order")
    request = ticket.request
    return OrderReport(
        symbol=request.symbol,
        client_id=ticket.client_id,
        venue_order_id=order_code_in(row, "orderId"),
        side=request.side,
        status=OrderStatus.OPEN,
        contracts=request.contracts,
        filled=ZERO,
        average_price=None,
        reduce_only=request.reduce_only,
        time_ms=ticket.timestamp_ms,
    )


def order_report(row: Row, instrument: Instrument, market_id: str, now_ms: int) -> OrderReport:
    """Read one order; one that is `settling` is told as not over, with what is booked of it.

    Args:
        row: as the venue lists it.
        instrument: its contract.
        market_id: the venue's name of it.
        now_ms: venue time.

    Raises:
        ValueError: not the shape of an order, or of another market.
    """
    row_of(row, *_ORDER_KEYS)
    same_market(row, "symbol", market_id)
    contracts, filled = decimal_in(row, "size"), decimal_in(row, "filledSize")
    if not ZERO <= filled <= contracts:
        raise ValueError(f"filledSize {filled} does not fit size {contracts}")
    told = row["clientOid"]
    client_id = ClientOrderId(told) if isinstance(told, str) and told else None
    average = _average_price(row, instrument, filled)
    prices = (average, told_in(row, "avgDealPrice"), told_in(row, "price"))
    check_fill(client_id, filled, beside=told_in(row, "filledValue"), prices=prices)
    return OrderReport(
        symbol=instrument.symbol,
        client_id=client_id,
        venue_order_id=order_code_in(row, "id"),
        side=side_in(row),
        status=_status(row, contracts, filled, now_ms),
        contracts=contracts,
        filled=filled,
        average_price=average,
        reduce_only=flag_in(row, "reduceOnly"),
        time_ms=integer_in(row, "createdAt"),
    )


def _status(row: Row, contracts: Decimal, filled: Decimal, now_ms: int) -> OrderStatus:
    active = flag_in(row, "isActive")
    if row["status"] not in {"open", "done"} or active is not (row["status"] == "open"):
        raise ValueError(f"status {row['status']!r} does not fit isActive {active}")
    if active or settling(row, now_ms):
        return OrderStatus.PARTIALLY_FILLED if filled > 0 else OrderStatus.OPEN
    return OrderStatus.FILLED if filled == contracts else OrderStatus.CANCELED


def settling(row: Row, now_ms: int) -> bool:
    """Whether an order is done so lately, and not filled in full, that fills may not be booked yet.

    Args:
        row: as the venue lists it.
        now_ms: venue time.

    Raises:
        ValueError: not the shape of an order.
    """
    if flag_in(row, "isActive") or decimal_in(row, "filledSize") == decimal_in(row, "size"):
        return False
    told = [integer_in(row, key) for key in ("endAt", "updatedAt") if row.get(key) is not None]
    ended_ms = max(told, default=integer_in(row, "createdAt"))
    return now_ms - ended_ms < (_SETTLING_CANCELLED_MS if flag_in(row, "cancelExist") else _SETTLING_MS)


def _average_price(row: Row, instrument: Instrument, filled: Decimal) -> Decimal | None:
    """`avgDealPrice` is rounded, so the value decides; it is in the settle currency."""
    if filled == 0:
        return None
    value, units = positive_in(row, "filledValue"), filled * instrument.contract_size
    return units / value if instrument.kind is ContractKind.INVERSE else value / units


def venue_trade(row: Row, instrument: Instrument, market_id: str, markets: KuCoinMarkets) -> VenueTrade:
    """Read one trade. KuCoin tells fees as positive costs, and no realised P&L with a trade: 0 stands here.

    Raises ValueError.
    """
    row_of(row, *_TRADE_KEYS)
    same_market(row, "symbol", market_id)
    maker = _LIQUIDITY.get(text_in(row, "liquidity"))
    if maker is None:
        raise ValueError(f"liquidity {row['liquidity']!r} is not known")
    return VenueTrade(
        trade_id=TradeId(text_in(row, "tradeId")),
        venue_order_id=order_code_in(row, "orderId"),
        symbol=instrument.symbol,
        side=side_in(row),
        contracts=positive_in(row, "size"),
        price=positive_in(row, "price"),
        fee=decimal_in(row, "fee"),
        fee_asset=markets.asset_of(text_in(row, "feeCurrency")),
        realized=ZERO,
        maker=maker,
        time_ms=integer_in(row, "tradeTime") // NS_IN_MS,
    )


def marker_of(row: Row) -> ClientOrderId | None:
    """The marker of a trade that the venue forced (R25); None: somebody's own order. Raises ValueError."""
    kind = text_in(row, "tradeType").lower()
    if kind not in _MARKERS and kind not in _OWN_TYPES:
        raise ValueError(f"tradeType {row['tradeType']!r} is not known")
    return _MARKERS.get(kind)


def forced_order(marker: ClientOrderId, trades: Sequence[VenueTrade], instrument: Instrument) -> OrderReport:
    """An order of the venue's own, by trades of it: as far as they were read, since the venue need not list it.

    Args:
        marker: of its trades.
        trades: one at least, oldest first.
        instrument: its contract.
    """
    first, filled = trades[0], sum((trade.contracts for trade in trades), ZERO)
    if instrument.kind is ContractKind.INVERSE:
        average = filled / sum((trade.contracts / trade.price for trade in trades), ZERO)
    else:
        average = sum((trade.contracts * trade.price for trade in trades), ZERO) / filled
    return OrderReport(
        symbol=instrument.symbol,
        client_id=marker,
        venue_order_id=first.venue_order_id,
        side=first.side,
        status=OrderStatus.FILLED,
        contracts=filled,
        filled=filled,
        average_price=average,
        reduce_only=True,
        time_ms=first.time_ms,
    )
