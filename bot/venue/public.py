"""What a hedge costs on one exchange, read without a key; see `bot.ports.public.PublicMarket`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final, TypeVar

from bot.domain.errors import ConfigFault, InvariantBroken, VenueBusy
from bot.domain.ids import Asset, Symbol
from bot.domain.instrument import ContractKind, Instrument, SpotMarket
from bot.domain.observation import Book, Prices, Unknown
from bot.domain.quote import FeeRate, FeeSource, PastFunding
from bot.ports import Clock
from bot.venue.client import make_client
from bot.venue.desk import PublicDesk
from bot.venue.dialect import Dialect, Ways
from bot.venue.link import Link
from bot.venue.markets import Markets
from bot.venue.spec import VenueSpec
from bot.venue.throttle import Throttle
from bot.venue.venue_clock import STARTING_TRIES, VenueClock
from bot.venue.ways import WAYS, ways_of

T = TypeVar("T")
_TRIES: Final = 3
_PAUSE_MAX_MS: Final = 15_000
"""A person waits so long for an answer, where the exchange asks for a pause; no longer."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """What exists once the market list is known."""

    markets: Markets
    dialect: Dialect
    desk: PublicDesk


class CcxtPublic:
    """One exchange through ccxt. Without keys nothing is asked for that needs one.

    Args:
        spec: which exchange, and in which environment; its keys may be empty.
        clock: our time.
        session: of the paper exchange; None for the real internet.

    Raises:
        ConfigFault: an exchange that the bot quotes nothing on, or an environment that it does not have.
        StartFault: the client would use a host that does not belong to the environment.
    """

    def __init__(self, spec: VenueSpec, *, clock: Clock, session: object | None) -> None:
        ways = ways_of(spec)
        if ways.public is None:
            raise ConfigFault(
                f"venues.{spec.name}: nothing can be quoted on {spec.exchange}",
                hint=f"expected one of {', '.join(sorted(WAYS))}",
            )
        self.name = spec.name
        self._spec = spec
        self._ways: Ways = ways
        self._public = ways.public
        self._clock = clock
        self._keyed = all(getattr(spec, secret) for secret in ways.secrets)
        self._venue_clock = VenueClock(clock)
        client = make_client(spec, ways, time_ms=self._venue_clock.now_ms, session=session, keyless=not self._keyed)
        throttle = Throttle(name=spec.name, limits=ways.limits, clock=clock)
        self._link = Link(name=spec.name, ways=ways, client=client, throttle=throttle, clock=clock)
        self._started: _Parts | None = None

    async def start(self) -> None:
        """Measure the clock, which an account's requests are signed with, and read the market lists."""
        await self._venue_clock.measure(self._link, tries=STARTING_TRIES)
        markets = await self._link.load_markets(lambda listed: self._ways.markets(self._spec, listed))
        self._started = _Parts(
            markets=markets,
            dialect=self._ways.dialect(self._link, self._spec, markets, self._venue_clock),
            desk=self._public(self._link, markets, self._keyed),
        )

    async def close(self) -> None:
        """Release sockets."""
        await self._link.close()

    def perpetual_of(self, asset: Asset, kind: ContractKind) -> Symbol | None:
        """The perpetual on a coin."""
        return self._parts.markets.perpetual_of(asset, kind)

    def instrument(self, symbol: Symbol) -> Instrument:
        """The contract."""
        return self._parts.markets.instrument(symbol)

    def has_spot(self, symbol: Symbol) -> bool:
        """Whether there is such a spot market."""
        return self._parts.markets.is_spot(symbol)

    def spot_market(self, symbol: Symbol) -> SpotMarket:
        """The spot market."""
        return self._parts.markets.spot_market(symbol)

    async def taker_fee(self, symbol: Symbol) -> FeeRate:
        """The account's own; without a key what the market lists and ccxt's tables of them say."""
        parts = self._parts
        if parts.markets.is_spot(symbol):
            if self._keyed:
                own = await self._asked(partial(parts.dialect.spot_desk.taker_fee, symbol))
                return FeeRate(taker=own, source=FeeSource.ACCOUNT)
            return FeeRate(taker=parts.markets.spot_market(symbol).taker_fee, source=parts.desk.spot_fee)
        if self._keyed:
            fees = await self._asked(partial(parts.dialect.fees, symbol))
            return FeeRate(taker=fees.taker, source=FeeSource.ACCOUNT)
        return FeeRate(taker=parts.markets.instrument(symbol).taker_fee, source=FeeSource.PUBLISHED)

    async def spot_book(self, symbol: Symbol) -> Book:
        """Visible depth, in coins."""
        return await self._asked(partial(self._parts.dialect.spot_desk.book, symbol))

    async def prices(self, symbol: Symbol) -> Prices:
        """Prices with depth."""
        return await self._asked(partial(self._prices, symbol))

    async def funding_interval_ms(self, symbol: Symbol) -> int:
        """Time between two payments."""
        return await self._asked(partial(self._parts.desk.funding_interval_ms, symbol))

    async def past_fundings(self, symbol: Symbol, since_ms: int) -> Sequence[PastFunding]:
        """Every payment since."""
        return await self._asked(lambda: self._parts.desk.past_fundings(symbol, since_ms, self._venue_clock.now_ms()))

    async def maintenance(self, symbol: Symbol, notional: Decimal) -> tuple[Decimal, Decimal]:
        """Maintenance margin rate and the amount to subtract."""
        return await self._asked(partial(self._parts.desk.maintenance, symbol, notional))

    async def _prices(self, symbol: Symbol) -> Prices:
        operation = f"read prices of {symbol}"
        found = (await self._parts.dialect.prices((symbol,), (symbol,)))[symbol]
        if isinstance(found, Unknown):
            self._link.refuse_during_ban(operation, self._link.ways.place)
            raise self._link.unreadable(operation, found.reason)
        return found

    async def _asked(self, read: Callable[[], Awaitable[T]]) -> T:
        """Read, and again after a short pause that the exchange asks for: other programs share its limits."""
        for _ in range(_TRIES - 1):
            try:
                return await read()
            except VenueBusy as busy:
                pause_ms = busy.retry_at_ms - self._clock.now_ms()
                if pause_ms > _PAUSE_MAX_MS:
                    raise
                await self._clock.sleep(max(pause_ms, 0) / 1000)
        return await read()

    @property
    def _parts(self) -> _Parts:
        if self._started is None:
            raise InvariantBroken(f"venue {self.name} is used before its start")
        return self._started
