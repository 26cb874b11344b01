"""A gateway on a canned wire."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.venue.gateway import CcxtVenue, open_venue
from tests.venue import kucoin_wire
from tests.venue.kucoin_wire import KuCoinWire, kucoin_spec
from tests.venue.scene import EVERYWHERE, Told, play, started
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


@pytest.fixture
def kucoin(clock: HandClock) -> KuCoinWire:
    return kucoin_wire.flat_account(clock)


@pytest.fixture
async def kucoin_venue(kucoin: KuCoinWire, clock: HandClock) -> AsyncIterator[CcxtVenue]:
    """A started gateway on the canned wire of KuCoin."""
    venue = open_venue(kucoin_spec(), clock=clock, session=kucoin, symbols=[BTC])
    await venue.start()
    kucoin.asked.clear()
    kucoin.sent.clear()
    yield venue
    await venue.close()


@pytest.fixture(params=EVERYWHERE)
def told(request: pytest.FixtureRequest) -> Told:
    """Tells a story on each venue, linear and inverse, while somebody listens."""
    return lambda story: play(story, request.param)


@pytest.fixture(params=EVERYWHERE)
def told_to_nobody(request: pytest.FixtureRequest) -> Told:
    """The same, before anybody listens."""
    return lambda story: play(story, request.param, started)
