"""What a façade knows of each endpoint, and what a handler is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import Listing, MarketType
from bot.paper.wire.binance import errors
from bot.paper.wire.binance.limits import Family, Limits
from bot.paper.wire.binance.params import Params


class Security(Enum):
    """What a request must bring."""

    PUBLIC = "public"
    KEY = "key"
    SIGNED = "signed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One admitted request, as handlers see it.

    Args:
        exchange: the exchange behind the wire.
        params: the request's parameters.
        key: the account's API key; empty for public endpoints.
        now_ms: the venue's time.
        limits: what `exchangeInfo` reports.
    """

    exchange: Exchange
    params: Params
    key: str
    now_ms: int
    limits: Limits

    def listing(self, market: MarketType, name: str = "symbol") -> Listing:
        """The listing that the mandatory parameter `name` means.

        Raises:
            ApiError: -1102 not sent; -1121 no such symbol.
        """
        found = self.exchange.listings.get(f"{market.value}:{self.params.need(name)}")
        if found is None:
            raise errors.invalid_symbol()
        return found

    def optional_listing(self, market: MarketType) -> Listing | None:
        """The listing of the parameter `symbol`; None when it was not sent."""
        return self.listing(market) if self.params.text("symbol") is not None else None

    def all_listings(self, market: MarketType) -> list[Listing]:
        """Every listing of a market, in order of listing."""
        return [listing for listing in self.exchange.listings.values() if listing.market is market]

    def assets(self) -> list[str]:
        """Every coin of the spot markets, in order of listing."""
        pairs = [(listing.base, listing.quote) for listing in self.all_listings(MarketType.SPOT)]
        return list(dict.fromkeys(asset for pair in pairs for asset in pair))


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method and path.

    Args:
        method: upper case.
        path: e.g. `/api/v3/account`.
        handle: makes the JSON body of the 200 answer.
        weight: request weight, fixed or from the parameters.
        security: what the request must bring.
        by_account: `/sapi` only: the weight counts by account instead of by address.
        places_order: counts against the order limits.
    """

    method: str
    path: str
    handle: Callable[[Call], object]
    weight: int | Callable[[Params], int] = 1
    security: Security = Security.SIGNED
    by_account: bool = False
    places_order: bool = False

    @property
    def family(self) -> Family:
        """Whose limits it counts against."""
        return _FAMILIES[self.path.split("/")[1]]

    def weight_of(self, params: Params) -> int:
        """The weight of this request."""
        return self.weight if isinstance(self.weight, int) else self.weight(params)


_FAMILIES = {"api": Family.SPOT, "sapi": Family.SAPI, "fapi": Family.LINEAR, "dapi": Family.INVERSE}
