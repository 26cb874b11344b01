"""An exchange with a clock that stands still until a test moves it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from bot.paper.engine.defaults import DEFAULT_LISTINGS, DEFAULT_STARTING
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import NewOrder, OrderKind, PositionSide, Side, TimeInForce

START_MS = 1_700_000_000_000


@pytest.fixture
def clock() -> list[int]:
    """One element: the time. Tests add to it."""
    return [START_MS]


@pytest.fixture
def exchange(clock: list[int]) -> Exchange:
    return Exchange(
        name="binance",
        listings=DEFAULT_LISTINGS,
        starting=DEFAULT_STARTING,
        time_ms=lambda: clock[0],
        funding_follows_clock=True,
    )


@pytest.fixture
def new() -> Callable[..., NewOrder]:
    """`new("linear:BTCUSDT", "SELL", "1")` is a market order, with a price a limit order."""

    def make(
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

    return make
