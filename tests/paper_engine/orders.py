"""The names and look-ups that the tests of orders share."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import NewOrder, Order, OrderKind, PositionSide, Side, TimeInForce

New = Callable[..., NewOrder]
D = Decimal
KEY, OTHER = "paper", "paper2"
SPOT, LINEAR = "spot:BTCUSDT", "linear:BTCUSDT"


def contracts(exchange: Exchange, key: str = KEY) -> Decimal:
    found = exchange.account(key).position("BTCUSDT")
    return found.contracts if found else D(0)


def now(exchange: Exchange, order: Order, key: str = KEY) -> Order:
    return exchange.order(key, order.listing_key, order_id=order.order_id)


def new_order(
    key: str,
    side: str,
    quantity: str | None,
    price: str | None = None,
    tif: str = "GTC",
    *,
    quote: str | None = None,
    reduce_only: bool = False,
    client_id: str = "",
    position_side: str = "BOTH",
) -> NewOrder:
    """`new_order("linear:BTCUSDT", "SELL", "1")` is a market order, with a price a limit order."""
    return NewOrder(
        listing_key=key,
        side=Side(side),
        kind=OrderKind.MARKET if price is None else OrderKind.LIMIT,
        quantity=None if quantity is None else Decimal(quantity),
        quote_quantity=None if quote is None else Decimal(quote),
        price=None if price is None else Decimal(price),
        tif=TimeInForce(tif),
        reduce_only=reduce_only,
        client_id=client_id,
        position_side=PositionSide(position_side),
    )
