"""Orders and trades of spot markets: what is sent, and what is believed of the answers.

Source: KuCoin REST documentation, "Add Order" (spot), "Get Order By ClientOid", "Get Closed Orders", "Get Trade
History"; ccxt's `kucoin`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from bot.domain.ids import ClientOrderId, TradeId
from bot.domain.numbers import ZERO, plain
from bot.domain.orders import OrderReport, OrderStatus, VenueTrade
from bot.ports import OrderTicket
from bot.venue.desk import spot_request
from bot.venue.fills import check_fill
from bot.venue.kucoin.client import SIGNED_MS
from bot.venue.kucoin.markets import KuCoinMarkets
from bot.venue.markets import SpotPair
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
    *("id", "symbol", "side", "type", "size", "dealSize", "dealFunds", "cancelledSize", "clientOid", "active"),
    "createdAt",
)
_TRADE_KEYS: Final = (
    *("symbol", "tradeId", "orderId", "side", "price", "size", "fee", "feeCurrency", "liquidity", "createdAt"),
)
_LIQUIDITY: Final[Mapping[str, bool]] = {"maker": True, "taker": False}


def order_params(pair: SpotPair, ticket: OrderTicket) -> Mapping[str, object]:
    """The body of one order, with the time that it is signed with: the one that was made durable (R17, R21)."""
    request = spot_request(ticket)
    return {
        "clientOid": ticket.client_id,
        "symbol": pair.market_id,
        "side": request.side.value,
        "type": "limit",
        "price": plain(request.price),
        "size": plain(request.contracts),
        "timeInForce": "IOC",
        SIGNED_MS: ticket.timestamp_ms,
    }


def order_report(row: Row, pair: SpotPair) -> OrderReport:
    """Read one order; one that is not `settled` is told as not over, with what is booked of it.

    Raises:
        ValueError: not the shape of an order, or of another market.
    """
    row_of(row, *_ORDER_KEYS)
    same_market(row, "symbol", pair.market_id)
    size, filled = decimal_in(row, "size"), decimal_in(row, "dealSize")
    # An order for a sum of quote has no size of its own.
    coins = size or filled
    if not ZERO <= filled <= coins:
        raise ValueError(f"dealSize {filled} does not fit size {size}")
    told = row["clientOid"]
    client_id = ClientOrderId(told) if isinstance(told, str) and told else None
    average = positive_in(row, "dealFunds") / filled if filled else None
    check_fill(client_id, filled, beside=told_in(row, "dealFunds"), prices=(average, told_in(row, "price")))
    return OrderReport(
        symbol=pair.symbol,
        client_id=client_id,
        venue_order_id=order_code_in(row, "id"),
        side=side_in(row),
        status=_status(row, coins, filled),
        contracts=coins,
        filled=filled,
        average_price=average,
        reduce_only=False,
        time_ms=integer_in(row, "createdAt"),
    )


def _status(row: Row, coins: Decimal, filled: Decimal) -> OrderStatus:
    if flag_in(row, "active") or not settled(row):
        return OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.OPEN
    return OrderStatus.FILLED if filled == coins else OrderStatus.CANCELED


def settled(row: Row) -> bool:
    """Whether what an order that is done filled and cancelled is all of it: else fills may not be booked yet.

    Raises:
        ValueError: not the shape of an order.
    """
    size = decimal_in(row, "size")
    return flag_in(row, "active") or size == 0 or decimal_in(row, "dealSize") + decimal_in(row, "cancelledSize") == size


def spot_trade(row: Row, pair: SpotPair, markets: KuCoinMarkets) -> VenueTrade:
    """Read one trade. KuCoin tells fees as positive costs, in quote for both sides. Raises ValueError."""
    row_of(row, *_TRADE_KEYS)
    same_market(row, "symbol", pair.market_id)
    maker = _LIQUIDITY.get(text_in(row, "liquidity"))
    if maker is None:
        raise ValueError(f"liquidity {row['liquidity']!r} is not known")
    return VenueTrade(
        trade_id=TradeId(str(integer_in(row, "tradeId"))),
        venue_order_id=order_code_in(row, "orderId"),
        symbol=pair.symbol,
        side=side_in(row),
        contracts=positive_in(row, "size"),
        price=positive_in(row, "price"),
        fee=decimal_in(row, "fee"),
        fee_asset=markets.asset_of(text_in(row, "feeCurrency")),
        realized=ZERO,
        maker=maker,
        time_ms=integer_in(row, "createdAt"),
    )
