"""The paper world: exchanges behind their façades, faults on the way, one clock. Both shells carry requests to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final, Protocol

from bot.paper import venues
from bot.paper.engine.defaults import (
    BINANCE_LISTINGS,
    DEFAULT_PRICES,
    KUCOIN_LISTINGS,
    OKX_LISTINGS,
    STARTING,
    Starting,
)
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.floor import DOLLARS
from bot.paper.engine.layout import BINANCE, KUCOIN, OKX, Layout
from bot.paper.engine.ledger import booked_down
from bot.paper.engine.model import Listing, MarketType
from bot.paper.faults import Answer, Drop, Fault, FaultKind, FaultSchedule, Outcome
from bot.paper.faulty_venue import Behind, FaultyVenue
from bot.paper.stream_faults import FaultyChannel, StreamFaultSchedule
from bot.paper.streams import Stream
from bot.paper.venues import Traits
from bot.paper.wire.binance.facade import BinanceFacade
from bot.paper.wire.channel import Channel
from bot.paper.wire.http import Request, Response
from bot.paper.wire.kucoin.facade import KucoinFacade
from bot.paper.wire.okx.facade import OkxFacade

_STABLECOINS: Final = frozenset({"USDT", "USDC"})
_NOBODY: Final = Response(
    status=404, headers={"Content-Type": "text/plain"}, body=b"The paper exchange does not serve this host.\n"
)


class Facade(Protocol):
    """A venue's own wire format, without sockets."""

    def owns(self, host: str) -> bool:
        """Whether the host (lower case, no port) is one of the venue's."""
        ...

    def handle(self, request: Request) -> Response:
        """Answer; errors are answers too."""
        ...

    def connect(self, request: Request) -> Channel | Response:
        """Open a WebSocket, or refuse the handshake with an answer."""
        ...

    def tick(self, now_ms: int) -> None:
        """Do what the venue does by itself when its time has come, such as cancelling for a dead man."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperVenue:
    """One exchange, how it speaks, and its ways.

    Attributes:
        expire_keys: lets listen keys expire, where there are such.
    """

    exchange: Exchange
    facade: Facade
    traits: Traits
    expire_keys: Callable[[int], None] = lambda _: None

    def advance(self, now_ms: int) -> None:
        """Let happen what time has brought."""
        self.facade.tick(now_ms)
        self.exchange.advance()


class World:
    """Everything that a shell serves.

    Args:
        paper_venues: by name, such as `binance`.
        time_ms: the one clock, milliseconds since 1970; the exchanges must run on the same.
    """

    def __init__(self, paper_venues: Mapping[str, PaperVenue], *, time_ms: Callable[[], int]) -> None:
        self.venues = dict(paper_venues)
        self.faults = FaultSchedule()
        self.stream_faults = StreamFaultSchedule()
        self.now_ms = time_ms
        self._answering = {
            name: FaultyVenue(
                traits=venue.traits,
                behind=Behind(
                    handle=venue.facade.handle,
                    move=partial(_move_coins, venue),
                    late=venue.exchange.seen_late,
                    cancelling_too_late=venue.exchange.cancelling_too_late,
                ),
            )
            for name, venue in self.venues.items()
        }

    def advance(self) -> None:
        """Let happen what time has brought, on every venue."""
        for venue in self.venues.values():
            venue.advance(self.now_ms())

    def handle(self, request: Request) -> Outcome:
        """Let a request take effect, as the planned faults will have it, and say what the shell must do."""
        name = self._owner(request)
        if name is None:
            return Answer(response=_NOBODY)
        venue = self.venues[name]
        venue.advance(self.now_ms())
        fault = self._grown(venue, self.faults.take(name, request), request.now_ms)
        return self._answering[name].answer(request, fault)

    def connect(self, request: Request) -> Stream | Response | Drop:
        """Open a WebSocket for an upgrade request; a Response is a handshake refused, a Drop one without an answer."""
        name = self._owner(request)
        if name is None:
            return _NOBODY
        venue = self.venues[name]
        venue.advance(self.now_ms())
        fault = self._grown(venue, self.faults.take_handshake(name, request), request.now_ms)
        if fault is not None:
            outcome = self._answering[name].handshake(request, fault)
            return outcome if isinstance(outcome, Drop) else outcome.response
        opened = venue.facade.connect(request)
        if isinstance(opened, Response):
            return opened
        channel = FaultyChannel(
            opened,
            venue=name,
            path=request.path,
            faults=self.stream_faults,
            heartbeats=venue.traits.heartbeats,
            expire=venue.expire_keys,
        )
        return Stream(channel, advance=lambda: venue.advance(self.now_ms()), now_ms=self.now_ms)

    def _grown(self, venue: PaperVenue, fault: Fault | None, now_ms: int) -> Fault | None:
        """A ban begins anew with every request during it, where the venue's do."""
        if fault is not None and fault.kind is FaultKind.BANNED and venue.traits.bans_grow:
            return self.faults.prolong(fault, now_ms)
        return fault

    def _owner(self, request: Request) -> str | None:
        """The venue whose host was asked."""
        return next((name for name, venue in self.venues.items() if venue.facade.owns(request.host)), None)

    def account(self, name: str) -> tuple[PaperVenue, str]:
        """The venue and the API key behind `VENUE/KEY`; the account may not exist yet.

        Raises:
            ValueError: no such venue, or no key that can have an account.
        """
        venue_name, _, key = name.partition("/")
        venue = self.venues.get(venue_name)
        if venue is None or not key.startswith(venue.traits.key_prefix):
            known = ", ".join(f'"{known}/{venue.traits.key_prefix}..."' for known, venue in self.venues.items())
            raise ValueError(f"account: expected a name like {known}; got {name!r}")
        return venue, key

    def set_price(self, asset: str, price: Decimal, venue: str | None = None) -> None:
        """Move spot, mark, index and books of the asset, on every venue that lists it or on one; in US dollars.

        A quote currency moves whatever is quoted in it; see `Board.set_price`.

        Raises:
            ValueError: no venue lists it, or that one does not.
        """
        for listing_venue in self._listing(asset, *MarketType, only=venue, quotes=True):
            listing_venue.facade.tick(self.now_ms())
            listing_venue.exchange.set_price(asset, price)

    def settle_funding(self, asset: str, rate: Decimal) -> None:
        """Settle funding of the asset's perpetuals now; a positive rate pays the shorts.

        Raises:
            ValueError: no venue has a perpetual on it.
        """
        for venue in self._listing(asset, MarketType.LINEAR, MarketType.INVERSE):
            venue.exchange.settle_funding(asset, rate)

    def _listing(
        self, asset: str, *markets: MarketType, only: str | None = None, quotes: bool = False
    ) -> list[PaperVenue]:
        """The venues with such a market on the asset; or, if `quotes`, with one quoted in it."""
        listed = [
            (venue, named)
            for name, venue in self.venues.items()
            for listing in venue.exchange.listings.values()
            if listing.market in markets and only in {None, name}
            for named in (listing.asset, *({listing.quote} - {DOLLARS} if quotes else ()))
        ]
        found = [venue for venue in self.venues.values() if (venue, asset) in listed]
        if not found:
            known = ", ".join(sorted({name for _, name in listed}))
            raise ValueError(f"asset: expected one of {known}; got {asset!r}")
        return found


def _move_coins(venue: PaperVenue, request: Request) -> None:
    """Free coins go from spot to flexible Earn, or back when spot has none; of the account that asks, or of all."""
    exchange = venue.exchange
    asking = venue.traits.account_of(request)
    spot, product = exchange.layout.spot, venue.traits.flexible
    for key in [key for key in exchange.accounts() if asking in {None, key}]:
        account = exchange.account(key)
        free = _coins({asset: held.free for asset, held in account.balances(spot).items()})
        for asset, amount in free.items():
            exchange.earn_subscribe(key, product, asset, amount, wallet=spot)
        if not free:
            earning = account.balances(exchange.layout.earn[product].wallet)
            held = _coins({asset: account.earn_held(product, asset) for asset in earning})
            for asset, amount in held.items():
                exchange.earn_redeem(key, product, asset, amount, 0, wallet=spot)


def _coins(held: Mapping[str, Decimal]) -> dict[str, Decimal]:
    exact = {asset: booked_down(amount) for asset, amount in held.items() if asset not in _STABLECOINS}
    return {asset: amount for asset, amount in exact.items() if amount > 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """How one venue of the default world is made."""

    listings: Sequence[Listing]
    layout: Layout
    traits: Traits
    facade: Callable[[Exchange], Facade]


_KINDS: Final[Mapping[str, _Kind]] = {
    "binance": _Kind(listings=BINANCE_LISTINGS, layout=BINANCE, traits=venues.BINANCE, facade=BinanceFacade),
    "okx": _Kind(listings=OKX_LISTINGS, layout=OKX, traits=venues.OKX, facade=OkxFacade),
    "kucoin": _Kind(listings=KUCOIN_LISTINGS, layout=KUCOIN, traits=venues.KUCOIN, facade=KucoinFacade),
}


def default_world(
    time_ms: Callable[[], int],
    *,
    starting: Mapping[str, Starting] = STARTING,
    prices: Mapping[str, Decimal] = DEFAULT_PRICES,
    funding_follows_clock: bool = False,
) -> World:
    """The world that `hedgebot paper` serves: every venue with its default markets, at the same prices.

    Args:
        time_ms: wall time when the world is served; any clock when it is used in-process.
        starting: venue -> wallet -> asset -> quantity of every new account; a venue that is not named starts empty.
        prices: first price of each asset, in USDT.
        funding_follows_clock: settle every 8 hours of the clock; only for an in-process world on a clock of its own.
            A served world runs on wall time, and its funding settles by `/funding` or `World.settle_funding`.
    """

    def open_venue(name: str, kind: _Kind) -> PaperVenue:
        exchange = Exchange(
            name=name,
            listings=kind.listings,
            starting=starting.get(name, {}),
            time_ms=time_ms,
            prices=prices,
            funding_follows_clock=funding_follows_clock,
            layout=kind.layout,
        )
        facade = kind.facade(exchange)
        if isinstance(facade, BinanceFacade):
            expire = facade.expire_listen_keys
            return PaperVenue(exchange=exchange, facade=facade, traits=kind.traits, expire_keys=expire)
        return PaperVenue(exchange=exchange, facade=facade, traits=kind.traits)

    return World({name: open_venue(name, kind) for name, kind in _KINDS.items()}, time_ms=time_ms)
