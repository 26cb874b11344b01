"""A paper exchange, read as if nobody had verified it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal

from bot.domain.environment import Environment
from bot.domain.ids import Asset, Epoch, Symbol, VenueName, client_order_id
from bot.domain.observation import Wanted
from bot.domain.orders import OrderRequest, Side, TimeInForce
from bot.paper.session import LocalSession
from bot.paper.world import World
from bot.ports import OrderTicket
from bot.runtime.clock import SystemClock
from bot.venue.client import make_client
from bot.venue.gateway import CcxtVenue
from bot.venue.spec import VenueSpec
from bot.venue.throttle import Limit
from bot.venue.unified import ways_for
from bot.venue.venue_clock import VenueClock

BTC = Symbol("BTC/USDT:USDT")
COIN = Asset("BTC")
ALL = Wanted(spot=frozenset({COIN}), symbols=frozenset({BTC}), books=frozenset({BTC}), configs=frozenset({BTC}))


def spec_of(exchange: str, environment: Environment = Environment.PAPER, key: str = "paper") -> VenueSpec:
    return VenueSpec(
        name=VenueName("main"), exchange=exchange, environment=environment, api_key=key, secret=key, password=key
    )


@asynccontextmanager
async def unverified(
    exchange: str, world: World, symbols: Collection[Symbol] = (BTC,), isolated: Collection[Symbol] = (BTC,)
) -> AsyncIterator[CcxtVenue]:
    """A started gateway that knows nothing of the exchange but what ccxt tells; its limits don't slow the test."""
    clock = SystemClock()
    venue_clock = VenueClock(clock)
    spec = spec_of(exchange)
    ways = replace(ways_for(exchange), limits={"requests": Limit(units=10_000, period_s=1)})
    client = make_client(spec, ways, time_ms=venue_clock.now_ms, session=LocalSession(world))
    venue = CcxtVenue(
        spec,
        ways,
        client=client,
        clock=clock,
        venue_clock=venue_clock,
        symbols=list(symbols),
        isolated=frozenset(isolated),
    )
    try:
        await venue.start()
        yield venue
    finally:
        await venue.close()


def ticket(venue: CcxtVenue, sequence: int, side: Side, contracts: str, price: str, **more: bool) -> OrderTicket:
    """An immediate limit order."""
    now_ms = venue.now_ms()
    request = OrderRequest(
        venue=venue.name,
        symbol=BTC,
        side=side,
        contracts=Decimal(contracts),
        price=Decimal(price),
        time_in_force=TimeInForce.IOC,
        reduce_only=side is Side.BUY,
        **more,
    )
    client_id = client_order_id(Epoch("abcdefghij"), sequence)
    return OrderTicket(request=request, client_id=client_id, timestamp_ms=now_ms, deadline_ms=now_ms + 30_000)
