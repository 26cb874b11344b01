"""A gateway on a canned wire."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.venue.gateway import CcxtVenue, open_venue
from tests.venue.wire import BTC, HandClock, Wire, flat_account, spec


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def wire(clock: HandClock) -> Wire:
    return flat_account(clock)


@pytest.fixture
async def venue(wire: Wire, clock: HandClock) -> AsyncIterator[CcxtVenue]:
    """A started gateway on the canned wire."""
    venue = open_venue(spec(), clock=clock, session=wire, symbols=[BTC])
    await venue.start()
    wire.asked.clear()
    yield venue
    await venue.close()
