"""What a façade knows of each endpoint, and what a handler is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import Depth, Listing, MarketType
from bot.paper.wire.binance import errors
from bot.paper.wire.binance.books import SeenBooks
from bot.paper.wire.binance.countdowns import Countdowns
from bot.paper.wire.binance.limits import Family, Limits
from bot.paper.wire.binance.listen_keys import ListenKeys
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
        family: which part of the API was asked.
        listen_keys: those given out.
        books: which were read lately.
        countdowns: those that will cancel orders.
    """

    exchange: Exchange
    params: Params
    key: str
    now_ms: int
    limits: Limits
    family: Family
    listen_keys: ListenKeys
    books: SeenBooks
    countdowns: Countdowns = field(default_factory=Countdowns)

    def depth(self, listing: Listing, limit: int) -> Depth:
        """A market's book, for somebody who may go on with its stream."""
        found = self.exchange.depth(listing.key, limit)
        self.books.note(listing.key, found, self.now_ms)
        return found

    @property
    def market(self) -> MarketType:
        """The books that this part of the API trades on."""
        return _MARKETS[self.family]

    @property
    def inverse(self) -> bool:
        """COIN-M: contracts of a fixed worth in USD, margined in the coin; else USD-M."""
        return self.family is Family.INVERSE

    @property
    def wallet(self) -> str:
        """The futures wallet that this part of the API shows."""
        return "coinm" if self.inverse else "usdm"

    def contract(self) -> Listing:
        """The perpetual that the mandatory `symbol` means. Raises as `listing`."""
        return self.listing(self.market)

    def contract_of_pair(self) -> Listing:
        """The perpetual of the mandatory `pair`, such as `BTCUSD`.

        Raises:
            ApiError: -1102 not sent; -1121 no such pair.
        """
        pair = self.params.need("pair")
        found = next((listing for listing in self.all_listings(self.market) if pair_of(listing) == pair), None)
        if found is None:
            raise errors.invalid_symbol()
        return found

    def contract_or_pair(self) -> Listing:
        """The perpetual of `symbol`, or of the `pair` that COIN-M takes instead. Raises as `listing`."""
        by_pair = self.inverse and "pair" in self.params and "symbol" not in self.params
        return self.contract_of_pair() if by_pair else self.contract()

    def contracts(self) -> list[Listing]:
        """The perpetuals asked for: those of `symbol`, or of COIN-M's `pair`, or all of them. Raises as `listing`."""
        one = self.optional_listing(self.market)
        pair = self.params.text("pair") if self.inverse else None
        if one is not None:
            return [one]
        return [listing for listing in self.all_listings(self.market) if pair in {None, pair_of(listing)}]

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


def pair_of(listing: Listing) -> str:
    """What COIN-M calls the market of a coin, without the contract's date: `BTCUSD` of `BTCUSD_PERP`."""
    return listing.symbol.partition("_")[0]


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
        part: whose limits it counts against, where the path does not say.
    """

    method: str
    path: str
    handle: Callable[[Call], object]
    weight: int | Callable[[Params], int] = 1
    security: Security = Security.SIGNED
    by_account: bool = False
    places_order: bool = False
    part: Family | None = None

    @property
    def family(self) -> Family:
        """Whose limits it counts against."""
        return self.part or _FAMILIES[self.path.split("/")[1]]

    def weight_of(self, params: Params) -> int:
        """The weight of this request."""
        return self.weight if isinstance(self.weight, int) else self.weight(params)


_FAMILIES = {"api": Family.SPOT, "sapi": Family.SAPI, "fapi": Family.LINEAR, "dapi": Family.INVERSE}
_MARKETS = {
    Family.SPOT: MarketType.SPOT,
    Family.SAPI: MarketType.SPOT,
    Family.LINEAR: MarketType.LINEAR,
    Family.INVERSE: MarketType.INVERSE,
}


def futures(
    method: str,
    path: str,
    handle: Callable[[Call], object],
    weight: int | Callable[[Params], int] = 1,
    *,
    inverse_weight: int | Callable[[Params], int] | None = None,
    security: Security = Security.SIGNED,
    places_order: bool = False,
) -> tuple[Endpoint, Endpoint]:
    """One endpoint of USD-M and its twin of COIN-M.

    Args:
        method: upper case.
        path: what follows `/fapi/` and `/dapi/`, e.g. `v1/order`.
        handle: makes the body for either; `Call.market` tells them apart.
        weight: of both, unless COIN-M has its own.
        inverse_weight: of COIN-M's.
        security: what the request must bring.
        places_order: counts against the order limits.
    """
    weights = {"fapi": weight, "dapi": weight if inverse_weight is None else inverse_weight}
    linear, inverse = (
        Endpoint(
            method=method,
            path=f"/{root}/{path}",
            handle=handle,
            weight=of,
            security=security,
            places_order=places_order,
        )
        for root, of in weights.items()
    )
    return linear, inverse
