"""One venue's gateway on its own paper exchange, with an account that is ready to trade one contract."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bot.domain.environment import Environment
from bot.domain.ids import Asset, ClientOrderId, Epoch, Symbol, VenueName, client_order_id
from bot.domain.instrument import Instrument, MarginMode
from bot.domain.numbers import floor_to
from bot.domain.observation import Holding, Margin, Position, Prices, Source, Unknown, VenueObservation, Wanted
from bot.domain.orders import OrderRequest, SendOutcome, Side, TimeInForce, TradeCursor
from bot.paper.client import local_session
from bot.paper.embedded import serve_paper
from bot.paper.engine import model
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import NewOrder, OrderKind, PositionSide
from bot.paper.session import LocalSession
from bot.paper.world import World, default_world
from bot.ports import OrderTicket
from bot.runtime.clock import SystemClock
from bot.venue.gateway import CcxtVenue, open_venue
from bot.venue.spec import VenueSpec

COIN = Asset("BTC")
LINEAR = Symbol("BTC/USDT:USDT")
INVERSE = Symbol("BTC/USD:BTC")
KEY = "paper"
PRICE = Decimal(100_000)
EPOCH = Epoch("abcdefghjk")


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What must be known of an exchange to set the stage; nothing of how it speaks."""

    exchange: str
    spot: str
    funding: str
    margin: dict[Symbol, str]
    orders: dict[Symbol, str]
    unified: bool = False


GROUNDS = {
    ground.exchange: ground
    for ground in (
        Ground(
            exchange="binance",
            spot="spot",
            funding="funding",
            margin={LINEAR: "usdm", INVERSE: "coinm"},
            orders={LINEAR: "/fapi/v1/order", INVERSE: "/dapi/v1/order"},
        ),
        Ground(
            exchange="okx",
            spot="trading",
            funding="funding",
            margin={LINEAR: "trading", INVERSE: "trading"},
            orders=dict.fromkeys((LINEAR, INVERSE), "/api/v5/trade/order"),
            unified=True,
        ),
        Ground(
            exchange="kucoin",
            spot="trade",
            funding="main",
            margin={LINEAR: "futures", INVERSE: "futures"},
            orders=dict.fromkeys((LINEAR, INVERSE), "/api/v1/orders"),
        ),
    )
}


class SkippingClock(SystemClock):
    """Time that stands still, for the gateway and the exchange alike, but for what is skipped and slept.

    However long the machine takes over a request, no time is lost on its way; from `run` on real time passes.
    """

    def __init__(self) -> None:
        super().__init__()
        self._skipped_ms = 0
        self._stands_ms: int | None = super().now_ms()

    def now_ms(self) -> int:
        return (super().now_ms() if self._stands_ms is None else self._stands_ms) + self._skipped_ms

    async def sleep(self, seconds: float) -> None:
        if self._stands_ms is None:
            await super().sleep(seconds)
            return
        self.skip(math.ceil(seconds * 1_000))
        await asyncio.sleep(0)

    def skip(self, ms: int) -> None:
        self._skipped_ms += ms

    def run(self) -> None:
        """Let real time pass from now on."""
        stood_ms, self._stands_ms = self.now_ms(), None
        self._skipped_ms += stood_ms - self.now_ms()


@dataclass(kw_only=True)
class Rig:
    """A started gateway, the exchange behind it, and the one contract that the cases trade."""

    ground: Ground
    clock: SkippingClock
    symbol: Symbol
    world: World
    venue: CcxtVenue
    session: Any
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def exchange(self) -> Exchange:
        return self.world.venues[self.ground.exchange].exchange

    @property
    def instrument(self) -> Instrument:
        return self.venue.instrument(self.symbol)

    @property
    def inverse(self) -> bool:
        return self.symbol == INVERSE

    @property
    def margin_mode(self) -> MarginMode:
        return MarginMode.CROSS if self.inverse else MarginMode.ISOLATED

    @property
    def leverage(self) -> int:
        return 2 if self.inverse else 1

    @property
    def market_id(self) -> str:
        """The venue's own name of the contract, from the engine's listings."""
        kind = "inverse" if self.inverse else "linear"
        return next(
            listing.symbol
            for key, listing in self.exchange.listings.items()
            if key.startswith(kind) and listing.asset == COIN
        )

    @property
    def listing_key(self) -> str:
        return f"{'inverse' if self.inverse else 'linear'}:{self.market_id}"

    def contracts(self, coins: str) -> Decimal:
        """About so many coins, in whole steps."""
        return floor_to(self.instrument.contracts(Decimal(coins), PRICE), self.instrument.quantity_step)

    async def configure(self) -> None:
        await self.venue.configure(self.symbol, self.leverage, self.margin_mode)

    async def observe(self, **more: object) -> VenueObservation:
        symbols = frozenset({self.symbol})
        asked: dict[str, Any] = {"spot": frozenset({COIN}), "symbols": symbols, "configs": symbols, **more}
        return await self.venue.observe(Wanted(**asked))

    async def position(self) -> Position:
        position = (await self.observe()).positions[self.symbol]
        assert isinstance(position, Position), position
        return position

    async def holding(self, source: Source = Source.SPOT) -> Holding | Unknown:
        return (await self.observe(**{source.value: frozenset({COIN})})).holdings[source, COIN]

    async def prices(self) -> Prices:
        found = (await self.observe(books=frozenset({self.symbol}))).prices[self.symbol]
        assert isinstance(found, Prices), found
        return found

    async def margin(self) -> Margin:
        found = (await self.observe()).margins[self.symbol]
        assert isinstance(found, Margin), found
        return found

    def ticket(
        self,
        side: Side,
        contracts: Decimal,
        price: str,
        *,
        tif: TimeInForce = TimeInForce.IOC,
        reduce_only: bool | None = None,
        hedged: bool = False,
        client_id: ClientOrderId | None = None,
        age_ms: int = 0,
    ) -> OrderTicket:
        request = OrderRequest(
            venue=VenueName("main"),
            symbol=self.symbol,
            side=side,
            contracts=contracts,
            price=Decimal(price),
            time_in_force=tif,
            reduce_only=side is Side.BUY if reduce_only is None else reduce_only,
            hedged=hedged,
        )
        now_ms = self.venue.now_ms() - age_ms
        return OrderTicket(
            request=request,
            client_id=client_id or client_order_id(EPOCH, next(self.numbers)),
            timestamp_ms=now_ms,
            deadline_ms=now_ms + self.venue.recv_window_ms(),
        )

    async def place(self, ticket: OrderTicket) -> SendOutcome:
        await self.venue.order_slot(ticket.request.symbol)
        return await self.venue.place(ticket)

    async def sell(self, coins: str = "0.1") -> OrderTicket:
        """Open a short that fills at once."""
        ticket = self.ticket(Side.SELL, self.contracts(coins), "99000")
        await self.place(ticket)
        return ticket

    def market_buy(self, coins: str, *, hedged: bool = True) -> NewOrder:
        """Somebody else's order on the same contract, past the bot."""
        return NewOrder(
            listing_key=self.listing_key,
            side=model.Side.BUY,
            kind=OrderKind.MARKET,
            quantity=self.contracts(coins),
            position_side=PositionSide.LONG if hedged else PositionSide.BOTH,
        )

    def cursor(self) -> TradeCursor:
        """Before everything."""
        return TradeCursor(trade_id=None, time_ms=self.venue.now_ms() - 60_000)


def spec_of(exchange: str, **other: str) -> VenueSpec:
    keys = {"api_key": KEY, "secret": KEY, "password": KEY, **other}
    return VenueSpec(name=VenueName("main"), exchange=exchange, environment=Environment.PAPER, **keys)


@asynccontextmanager
async def rigged(exchange: str, symbol: Symbol, shell: str) -> AsyncIterator[Rig]:
    """A gateway that is started and configured, over TLS sockets or in this process."""
    ground = GROUNDS[exchange]
    clock = SkippingClock()
    world = default_world(clock.now_ms)
    async with AsyncExitStack() as stack:
        session: Any = LocalSession(world)
        if shell == "tls":
            served = await stack.enter_async_context(serve_paper(time_ms=clock.now_ms, world=world))
            session = await stack.enter_async_context(local_session(served.host, served.port, served.ca))
        if symbol == INVERSE and not ground.unified:
            world.venues[exchange].exchange.deposit(KEY, ground.margin[INVERSE], COIN, Decimal(1))
        isolated = frozenset() if symbol == INVERSE else frozenset({symbol})
        venue = open_venue(spec_of(exchange), clock=clock, session=session, symbols=[symbol], isolated=isolated)
        stack.push_async_callback(venue.close)
        await venue.start()
        rig = Rig(ground=ground, clock=clock, symbol=symbol, world=world, venue=venue, session=session)
        await rig.configure()
        clock.skip(1)  # What was done so far is over when a case begins.
        yield rig
