"""A scene for streams: a gateway on a paper exchange, a listener, and virtual time."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal as D

import pytest

from bot.domain.environment import Environment
from bot.domain.hint import Hint, HintKind
from bot.domain.ids import Asset, Symbol, VenueName
from bot.paper.engine.model import MarketType, NewOrder, OrderKind, Side
from bot.paper.world import World, default_world
from bot.venue import stream_line
from bot.venue.gateway import CcxtVenue, open_venue
from bot.venue.spec import VenueSpec
from tests.venue.shaky import Shaky
from tests.venue.wire import BTC, COIN_M, Anything, LoopClock, run_virtual

VENUES = ("binance", "okx", "kucoin")
COIN = Asset("BTC")
KEY = "paper"
WRONG = "wr0ng-secret"


@dataclass
class Scene:
    """A started gateway on a paper exchange, and what its streams said."""

    venue: CcxtVenue
    world: World
    session: Shaky
    symbol: Symbol
    heard: list[Hint] = field(default_factory=list)

    @property
    def exchange(self) -> Anything:
        return self.world.venues[self.venue.exchange].exchange

    def hints(self) -> AsyncGenerator[Hint, None]:
        return self.venue.hints([self.symbol], [COIN])

    async def pass_s(self, seconds: float) -> list[HintKind]:
        """Let virtual time pass; what was said meanwhile, without prices."""
        before = len(self.heard)
        await asyncio.sleep(seconds)
        return [hint.kind for hint in self.heard[before:] if hint.kind is not HintKind.PRICE]

    def asked(self, part: str) -> int:
        """How many requests had this in their path."""
        return sum(part in path for _, path in self.session.asked)


@asynccontextmanager
async def started(exchange: str, symbol: Symbol = BTC) -> AsyncIterator[Scene]:
    clock = LoopClock()
    world = default_world(clock.now_ms)
    session = Shaky(world)
    keys = {"api_key": KEY, "secret": KEY, "password": KEY}
    account = VenueSpec(name=VenueName("main"), exchange=exchange, environment=Environment.PAPER, **keys)
    venue = open_venue(account, clock=clock, session=session, symbols=[symbol])
    try:
        await venue.start()
        session.asked.clear()
        yield Scene(venue=venue, world=world, session=session, symbol=symbol)
    finally:
        await venue.close()


@asynccontextmanager
async def listened(exchange: str, symbol: Symbol = BTC) -> AsyncIterator[Scene]:
    """With somebody who listens all the time."""

    async def collect(scene: Scene) -> None:
        async with aclosing(scene.hints()) as hints:
            async for hint in hints:
                scene.heard.append(hint)

    async with started(exchange, symbol) as scene, asyncio.TaskGroup() as group:
        listener = group.create_task(collect(scene))
        yield scene
        listener.cancel()


def account_of(venue: CcxtVenue) -> stream_line.Account:
    return stream_line.Account(
        spec=venue._spec,
        link=venue._link,
        client=venue._client,
        markets=venue._parts.markets,
        venue_clock=venue._venue_clock,
        clock=venue._clock,
    )


def short(scene: Scene) -> None:
    """Somebody of the account opens a short."""
    inverse = scene.symbol == COIN_M
    market = MarketType.INVERSE if inverse else MarketType.LINEAR
    exchange = scene.exchange
    if inverse:
        exchange.deposit(KEY, exchange.layout.margin[market], "BTC", D(1))
    key = next(key for key, it in exchange.listings.items() if it.market is market and it.asset == "BTC")
    exchange.submit(
        KEY, NewOrder(listing_key=key, side=Side.SELL, kind=OrderKind.MARKET, quantity=D(100 if inverse else 1))
    )


Story = Callable[[Scene], Awaitable[None]]
Told = Callable[[Story], None]
Beginning = Callable[[str, Symbol], AbstractAsyncContextManager[Scene]]


def play(story: Story, where: tuple[str, Symbol], begin: Beginning = listened) -> None:
    """Tell a story to its end on virtual time; the event loop may have nothing to complain of."""
    complaints: list[object] = []

    async def told() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        async with begin(*where) as scene:
            await story(scene)
        gc.collect()

    run_virtual(told)
    gc.collect()
    assert complaints == []


EVERYWHERE = [pytest.param((name, symbol), id=f"{name}-{symbol}") for name in VENUES for symbol in (BTC, COIN_M)]


async def during(scene: Scene, seconds: float) -> list[HintKind]:
    """What is said from the beginning for so many virtual seconds, without prices."""
    heard: list[Hint] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds), aclosing(scene.hints()) as hints:
            async for hint in hints:
                heard.append(hint)  # noqa: PERF401 - what was heard counts even when time is up
    return [hint.kind for hint in heard if hint.kind is not HintKind.PRICE]
