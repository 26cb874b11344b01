"""An exchange with a clock that stands still until a test moves it."""

from __future__ import annotations

import pytest

from bot.paper.engine.defaults import BINANCE_LISTINGS, BINANCE_STARTING
from bot.paper.engine.exchange import Exchange
from tests.paper_engine.orders import New, new_order

START_MS = 1_700_000_000_000


@pytest.fixture
def clock() -> list[int]:
    """One element: the time. Tests add to it."""
    return [START_MS]


@pytest.fixture
def exchange(clock: list[int]) -> Exchange:
    return Exchange(
        name="binance",
        listings=BINANCE_LISTINGS,
        starting=BINANCE_STARTING,
        time_ms=lambda: clock[0],
        funding_follows_clock=True,
    )


@pytest.fixture
def new() -> New:
    """See `new_order`."""
    return new_order
