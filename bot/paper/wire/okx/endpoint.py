"""What the façade knows of each endpoint, and what a handler is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.paper.engine.account import Account
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import DELISTED, Listing, MarketType
from bot.paper.wire.okx import errors
from bot.paper.wire.okx.desk import Desk
from bot.paper.wire.okx.limits import Rate
from bot.paper.wire.okx.params import Params
from bot.paper.wire.okx.signing import Right

SPOT = "SPOT"
SWAP = "SWAP"
FUTURES = "FUTURES"
INST_TYPES = frozenset({SPOT, "MARGIN", SWAP, FUTURES, "OPTION"})


def inst_type(listing: Listing) -> str:
    """OKX's name of the product."""
    return SPOT if listing.market is MarketType.SPOT else SWAP


def family(listing: Listing) -> str:
    """`instFamily` and `uly`: the pair that a perpetual is on; for spot the pair itself."""
    return listing.symbol.removesuffix("-SWAP")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One admitted request, as handlers see it.

    Args:
        exchange: the exchange behind the wire.
        desk: what the façade remembers beside it.
        batch: the objects of the request, never empty; one but for lists of orders.
        key: the account's API key; empty for public endpoints.
        now_ms: the venue's time.
        expires_ms: the header `expTime`; None when it was not sent.
    """

    exchange: Exchange
    desk: Desk
    batch: Sequence[Params]
    key: str
    now_ms: int
    expires_ms: int | None = None

    @property
    def params(self) -> Params:
        """The request's parameters; of a list, the first object's."""
        return self.batch[0]

    @property
    def account(self) -> Account:
        """The account that asks."""
        return self.exchange.account(self.key)

    def listings(self, *markets: MarketType) -> list[Listing]:
        """Every listing of these markets that is not delisted, in order of listing; of all markets if none is named."""
        return [
            listing
            for listing in self.exchange.listings.values()
            if (not markets or listing.market in markets) and listing.status != DELISTED
        ]

    def listing(self, params: Params | None = None, *, gone: bool = False) -> Listing:
        """The listing that `instId` or `instIdCode` means.

        Args:
            params: one object of a list; the request's first one by default.
            gone: delisted ones count, too, as they do for orders of the past.

        Raises:
            ApiError: 50014 neither was sent; 51001 no such instrument.
        """
        read = self.params if params is None else params
        code = read.integer("instIdCode")
        name = read.need("instId") if code is None else ""
        for listing in self.exchange.listings.values() if gone else self.listings():
            if listing.symbol == name or (code is not None and self.desk.codes[listing.key] == code):
                return listing
        raise errors.unknown_instrument()

    def optional_listing(self) -> Listing | None:
        """The listing of the parameter `instId`; None when it was not sent."""
        return self.listing() if "instId" in self.params else None

    def wanted(self, *, need_type: bool = False) -> list[Listing]:
        """What `instType`, `instFamily`, `uly` and `instId` ask for.

        Raises:
            ApiError: 50014 no `instType` where it is mandatory; 51000 an unknown one; 51001 no such instrument.
        """
        params = self.params
        kind = params.need("instType", INST_TYPES) if need_type else params.text("instType", INST_TYPES)
        families = {name for name in (params.text("instFamily"), params.text("uly")) if name is not None}
        one = self.optional_listing()
        return [
            listing
            for listing in ([one] if one is not None else self.listings())
            if kind in {None, inst_type(listing)}
            and (not families or (family(listing) in families and listing.market.perpetual))
        ]

    def coins(self) -> list[str]:
        """Every coin of the spot markets, in order of listing."""
        pairs = [(listing.base, listing.quote) for listing in self.listings(MarketType.SPOT)]
        return list(dict.fromkeys(coin for pair in pairs for coin in pair))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer whose code is not simply 0.

    Args:
        timed: the answer says when the request came in and went out, as those of orders do.
    """

    code: str
    msg: str
    data: Sequence[object]
    timed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method and path.

    Args:
        method: upper case.
        path: after `/api/v5/`, e.g. `account/balance`.
        handle: makes the `data` of the answer.
        rate: how often it may be asked.
        right: what the key must have.
        in_demo: simulated trading has it.
        places: its orders count against the account's order limit.
    """

    method: str
    path: str
    handle: Callable[[Call], Reply | Sequence[object]]
    rate: Rate
    right: Right = Right.READ
    in_demo: bool = True
    places: bool = False
