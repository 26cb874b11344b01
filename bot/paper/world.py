"""The paper world: exchanges behind their façades, faults on the way, one clock. Both shells carry requests to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final, Protocol

from bot.paper import venues
from bot.paper.engine.defaults import DEFAULT_LISTINGS, DEFAULT_PRICES, DEFAULT_STARTING
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import MarketType
from bot.paper.faults import Answer, FaultSchedule, FaultyVenue, Outcome
from bot.paper.venues import Traits
from bot.paper.wire.binance.facade import BinanceFacade
from bot.paper.wire.http import Request, Response

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


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperVenue:
    """One exchange, how it speaks, and its ways."""

    exchange: Exchange
    facade: Facade
    traits: Traits


class World:
    """Everything that a shell serves.

    Args:
        paper_venues: by name, such as `binance`.
        time_ms: the one clock, milliseconds since 1970; the exchanges must run on the same.
    """

    def __init__(self, paper_venues: Mapping[str, PaperVenue], *, time_ms: Callable[[], int]) -> None:
        self.venues = dict(paper_venues)
        self.faults = FaultSchedule()
        self.now_ms = time_ms
        self._answering = {
            name: FaultyVenue(traits=venue.traits, handle=venue.facade.handle, move=partial(_move_coins, venue))
            for name, venue in self.venues.items()
        }

    def advance(self) -> None:
        """Let happen what time has brought; called before every request."""
        for venue in self.venues.values():
            venue.exchange.advance()

    def handle(self, request: Request) -> Outcome:
        """Let a request take effect, as the planned faults will have it, and say what the shell must do."""
        self.advance()
        for name, venue in self.venues.items():
            if venue.facade.owns(request.host):
                return self._answering[name].answer(request, self.faults.take(name, request))
        return Answer(response=_NOBODY)

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

    def set_price(self, asset: str, price: Decimal) -> None:
        """Move spot, mark, index and books of the asset on every venue that lists it.

        Raises:
            ValueError: no venue lists it.
        """
        for venue in self._listing(asset, *MarketType):
            venue.exchange.set_price(asset, price)

    def settle_funding(self, asset: str, rate: Decimal) -> None:
        """Settle funding of the asset's perpetuals now; a positive rate pays the shorts.

        Raises:
            ValueError: no venue has a perpetual on it.
        """
        for venue in self._listing(asset, MarketType.LINEAR):
            venue.exchange.settle_funding(asset, rate)

    def _listing(self, asset: str, *markets: MarketType) -> list[PaperVenue]:
        listed = [
            (venue, listing.asset)
            for venue in self.venues.values()
            for listing in venue.exchange.listings.values()
            if listing.market in markets
        ]
        found = [venue for venue in self.venues.values() if (venue, asset) in listed]
        if not found:
            known = ", ".join(sorted({name for _, name in listed}))
            raise ValueError(f"asset: expected one of {known}; got {asset!r}")
        return found


def _move_coins(venue: PaperVenue, request: Request) -> None:
    """Free coins go from spot to flexible Earn, or back when spot has none; of the account that asks, or of all."""
    exchange, traits = venue.exchange, venue.traits
    asking = traits.account_of(request)
    product, wallet = traits.flexible
    for key in [key for key in exchange.accounts() if asking in {None, key}]:
        free = _coins(exchange, key, traits.spot_wallet)
        for asset, amount in free.items():
            exchange.earn_subscribe(key, product, asset, amount)
        if not free:
            for asset, amount in _coins(exchange, key, wallet).items():
                exchange.earn_redeem(key, product, asset, amount)


def _coins(exchange: Exchange, key: str, wallet: str) -> dict[str, Decimal]:
    balances = exchange.account(key).balances(wallet).items()
    return {asset: held.free for asset, held in balances if asset not in _STABLECOINS and held.free > 0}


def default_world(
    time_ms: Callable[[], int],
    *,
    starting: Mapping[str, Mapping[str, Decimal]] = DEFAULT_STARTING,
    prices: Mapping[str, Decimal] = DEFAULT_PRICES,
    funding_follows_clock: bool = False,
) -> World:
    """The world that `hedgebot paper` serves: Binance with its default markets.

    Args:
        time_ms: wall time when the world is served; any clock when it is used in-process.
        starting: wallet -> asset -> quantity of every new account.
        prices: first price of each asset, in USDT.
        funding_follows_clock: settle every 8 hours of the clock; only for an in-process world on a clock of its own.
            A served world runs on wall time, and its funding settles by `/funding` or `World.settle_funding`.
    """
    exchange = Exchange(
        name="binance",
        listings=DEFAULT_LISTINGS,
        starting=starting,
        time_ms=time_ms,
        prices=prices,
        funding_follows_clock=funding_follows_clock,
    )
    binance = PaperVenue(exchange=exchange, facade=BinanceFacade(exchange), traits=venues.BINANCE)
    return World({"binance": binance}, time_ms=time_ms)
