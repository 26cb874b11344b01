"""The names and look-ups that the tests of orders share."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import NewOrder, Order

New = Callable[..., NewOrder]
D = Decimal
KEY, OTHER = "paper", "paper2"
SPOT, LINEAR = "spot:BTCUSDT", "linear:BTCUSDT"


def contracts(exchange: Exchange, key: str = KEY) -> Decimal:
    found = exchange.account(key).position("BTCUSDT")
    return found.contracts if found else D(0)


def now(exchange: Exchange, order: Order, key: str = KEY) -> Order:
    return exchange.order(key, order.listing_key, order_id=order.order_id)
