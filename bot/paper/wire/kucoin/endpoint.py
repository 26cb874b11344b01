"""What a façade knows of each endpoint, and what a handler is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from bot.paper.engine.account import Account
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import Depth, Listing, MarketType
from bot.paper.wire.kucoin import errors
from bot.paper.wire.kucoin.limits import Pool
from bot.paper.wire.kucoin.memory import Memory
from bot.paper.wire.kucoin.params import Params

CONTRACTS: Final = (MarketType.LINEAR, MarketType.INVERSE)


class Side(Enum):
    """Which host serves an endpoint."""

    SPOT = "spot"
    FUTURES = "futures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One admitted request, as handlers see it.

    Args:
        exchange: the exchange behind the wire.
        params: the request's parameters, those in its path among them.
        key: the account's API key; empty for public endpoints.
        now_ms: the venue's time.
        memory: what the façade itself keeps of accounts.
        hf: the account trades on KuCoin's high-frequency system, as every account opened since 2024 does.
    """

    exchange: Exchange
    params: Params
    key: str
    now_ms: int
    memory: Memory
    hf: bool = True

    @property
    def account(self) -> Account:
        """The asking account, as it is now."""
        return self.exchange.account(self.key)

    def depth(self, listing: Listing, levels: int) -> Depth:
        """A market's book, for somebody who may go on with its stream."""
        found = self.exchange.depth(listing.key, levels)
        self.memory.books.note(listing.key, found, self.now_ms)
        return found

    def pair(self, name: str = "symbol") -> Listing:
        """The spot market that the mandatory parameter `name` means.

        Raises:
            ApiError: 400100 not sent; 900001 no such pair.
        """
        found = self.exchange.listings.get(f"{MarketType.SPOT.value}:{self.params.need(name)}")
        if found is None:
            raise errors.unknown_spot_symbol()
        return found

    def optional_pair(self) -> Listing | None:
        """The pair of the parameter `symbol`; None when it was not sent."""
        return None if self.params.text("symbol") is None else self.pair()

    def contract(self, name: str = "symbol") -> Listing:
        """The contract that the mandatory parameter `name` means.

        Raises:
            ApiError: 400100 not sent; 200003 no such contract.
        """
        return self.contract_of(self.params.need(name))

    def contract_of(self, symbol: str) -> Listing:
        """The contract of that name.

        Raises:
            ApiError: 200003 no such contract.
        """
        for market in CONTRACTS:
            found = self.exchange.listings.get(f"{market.value}:{symbol}")
            if found is not None:
                return found
        raise errors.unknown_contract()

    def optional_contract(self) -> Listing | None:
        """The contract of the parameter `symbol`; None when it was not sent."""
        return None if self.params.text("symbol") is None else self.contract()

    def pairs(self) -> list[Listing]:
        """Every spot market, in order of listing."""
        return [listing for listing in self.exchange.listings.values() if listing.market is MarketType.SPOT]

    def contracts(self) -> list[Listing]:
        """Every contract, in order of listing."""
        return [listing for listing in self.exchange.listings.values() if listing.market in CONTRACTS]

    def coins(self) -> list[str]:
        """Every coin of the spot markets, in order of listing."""
        named = [asset for listing in self.pairs() for asset in (listing.base, listing.quote)]
        return list(dict.fromkeys(named))


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method and path.

    Args:
        method: upper case.
        path: e.g. `/api/v1/orders/{orderId}`; a part in braces is a parameter.
        handle: makes the `data` of the answer.
        side: the host.
        pool: what its weight counts against; all but the public pool need a signature.
        weight: request weight.
        signed: False for the endpoints of other pools that need no signature.
    """

    method: str
    path: str
    handle: Callable[[Call], object]
    side: Side = Side.SPOT
    pool: Pool = Pool.PUBLIC
    weight: int = 1
    signed: bool | None = None

    @property
    def private(self) -> bool:
        """Whether it must be signed."""
        return self.pool is not Pool.PUBLIC if self.signed is None else self.signed
