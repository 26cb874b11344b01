"""What everybody may know of an exchange, and what the account adds where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from bot.domain.ids import Asset, Symbol, VenueName
from bot.domain.instrument import ContractKind, Instrument, SpotMarket
from bot.domain.observation import Book, Prices
from bot.domain.quote import FeeRate, PastFunding


class PublicMarket(Protocol):
    """One exchange, read only. No key is needed; with one, fees and brackets are those of its account.

    Every method that reads raises VenueFault.
    """

    name: VenueName

    async def start(self) -> None:
        """Read the market lists. Raises VenueFault."""
        ...

    async def close(self) -> None:
        """Release sockets; never raises."""
        ...

    def perpetual_of(self, asset: Asset, kind: ContractKind) -> Symbol | None:
        """The perpetual on a coin, in USDT before other currencies; None when there is none."""
        ...

    def instrument(self, symbol: Symbol) -> Instrument:
        """The contract. Raises ConfigFault when there is none of that name, or its fee is not known."""
        ...

    def has_spot(self, symbol: Symbol) -> bool:
        """Whether there is such a spot market."""
        ...

    def spot_market(self, symbol: Symbol) -> SpotMarket:
        """The market. Raises ConfigFault when there is none of that name, or its fee is not known."""
        ...

    async def taker_fee(self, symbol: Symbol) -> FeeRate:
        """Of a perpetual or a spot market: the account's own with a key, else the published or the usual one."""
        ...

    async def spot_book(self, symbol: Symbol) -> Book:
        """Visible depth of a spot market, in coins."""
        ...

    async def prices(self, symbol: Symbol) -> Prices:
        """Mark, index, touch, funding rate and visible depth of a perpetual."""
        ...

    async def funding_interval_ms(self, symbol: Symbol) -> int:
        """Time between two payments."""
        ...

    async def past_fundings(self, symbol: Symbol, since_ms: int) -> Sequence[PastFunding]:
        """Every payment since, oldest first."""
        ...

    async def maintenance(self, symbol: Symbol, notional: Decimal) -> tuple[Decimal, Decimal]:
        """Maintenance margin rate and the amount that its bracket subtracts, at a notional in quote.

        Raises NotOffered where only an account is told.
        """
        ...
