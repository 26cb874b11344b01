"""Reads what one exchange tells of a wish, and has it quoted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from bot.core import quote
from bot.domain.errors import ConfigFault, InvariantBroken, StartFault, VenueFault
from bot.domain.ids import Asset, Symbol
from bot.domain.instrument import ContractKind, Instrument, SpotMarket
from bot.domain.numbers import ZERO
from bot.domain.observation import Unknown
from bot.domain.quote import (
    Alternative,
    FundingFacts,
    Kind,
    NotQuoted,
    PastFunding,
    PerpFacts,
    PerpTerms,
    SpotFacts,
    Wish,
)
from bot.ports import Clock
from bot.ports.public import PublicMarket

T = TypeVar("T")

HISTORY_DAYS: Final = 30
"""Of the payments of funding that the average is made of."""
_KINDS: Final = {ContractKind.LINEAR: Kind.LINEAR, ContractKind.INVERSE: Kind.INVERSE}
_TERMS: Final = {ContractKind.LINEAR: PerpTerms(leverage=1), ContractKind.INVERSE: PerpTerms(leverage=2)}
"""As the settings have it where they say nothing (R15)."""
_MONEY: Final = (Asset("USDT"), Asset("USDC"))
"""What coins are sold for, the usual one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRead:
    """What one exchange gave.

    Attributes:
        spot: None where it has no such market.
    """

    alternatives: tuple[Alternative, ...]
    spot: SpotFacts | None


async def read_market(market: PublicMarket, shorts: Mapping[Symbol, PerpTerms], wish: Wish, clock: Clock) -> MarketRead:
    """Quote the three alternatives on one exchange.

    Args:
        market: started.
        shorts: contracts that the settings name, and how they would be held.
        wish: the coins and the time.
        clock: for the beginning of the past.

    Raises:
        StartFault: a contract that the settings name is not there, or its fee is not known.
        VenueFault: prices or fees could not be read. What else is missing is unknown, and said so.
    """
    reader = _Reader(market, shorts, wish, clock)
    linear, inverse, spot = await asyncio.gather(
        reader.short(ContractKind.LINEAR), reader.short(ContractKind.INVERSE), reader.spot()
    )
    if isinstance(spot, NotQuoted):
        return MarketRead(alternatives=(linear, inverse, spot), spot=None)
    return MarketRead(alternatives=(linear, inverse, quote.stablecoin(wish, spot)), spot=spot)


@dataclass(frozen=True, slots=True)
class _Reader:
    market: PublicMarket
    shorts: Mapping[Symbol, PerpTerms]
    wish: Wish
    clock: Clock

    async def short(self, kind: ContractKind) -> Alternative:
        """The perpetual of a kind that the settings name, else the usual one."""
        market = self.market
        named = next((symbol for symbol in self.shorts if self._instrument(symbol).kind is kind), None)
        symbol = named or market.perpetual_of(self.wish.asset, kind)
        if symbol is None:
            reason = f"{market.name} has no {kind.value} perpetual of {self.wish.asset}"
            return NotQuoted(kind=_KINDS[kind], venue=market.name, symbol=None, reason=reason)
        return quote.short(_KINDS[kind], self.wish, await self._perp_facts(symbol, kind))

    async def spot(self) -> SpotFacts | NotQuoted:
        """The spot market that the coins would be sold on."""
        market, asset = self.market, self.wish.asset
        names = (Symbol(f"{asset}/{money}") for money in _MONEY)
        symbol = next((name for name in names if market.has_spot(name)), None)
        if symbol is None:
            reason = f"{market.name} has no spot market of {asset} in {' or '.join(_MONEY)}"
            return NotQuoted(kind=Kind.STABLECOIN, venue=market.name, symbol=None, reason=reason)
        listed = self._spot_market(symbol)
        book, fee = await asyncio.gather(market.spot_book(symbol), market.taker_fee(symbol))
        return SpotFacts(market=replace(listed, taker_fee=fee.taker), book=book, fee=fee)

    async def _perp_facts(self, symbol: Symbol, kind: ContractKind) -> PerpFacts:
        market, terms = self.market, self.shorts.get(symbol, _TERMS[kind])
        listed = self._instrument(symbol)
        prices, fee = await asyncio.gather(market.prices(symbol), market.taker_fee(symbol))
        if prices.book is None:
            raise InvariantBroken(f"{market.name}: the prices of {symbol} came without depth")
        instrument = replace(listed, taker_fee=fee.taker)
        contracts = quote.contracts_of(instrument, prices.mark, self.wish.amount, terms)
        rises = (ZERO, *quote.RISES)
        interval_ms, past, maintenance = await asyncio.gather(
            _known("funding interval", market.funding_interval_ms(symbol)),
            _known("past funding", self._past(symbol)),
            asyncio.gather(
                *(
                    _known(
                        "maintenance margin",
                        market.maintenance(
                            symbol, quote.maintenance_notional(instrument, contracts, prices.mark, rise, terms)
                        ),
                    )
                    for rise in rises
                )
            ),
        )
        rate = prices.funding_rate
        return PerpFacts(
            instrument=instrument,
            prices=prices,
            book=prices.book,
            fee=fee,
            funding=FundingFacts(
                current=Unknown(what="funding rate", reason="the venue tells none now") if rate is None else rate,
                interval_ms=interval_ms,
                past=past,
            ),
            terms=terms,
            maintenance=dict(zip(rises, maintenance, strict=True)),
        )

    async def _past(self, symbol: Symbol) -> tuple[PastFunding, ...]:
        since_ms = self.clock.now_ms() - HISTORY_DAYS * quote.DAY_MS
        return tuple(await self.market.past_fundings(symbol, since_ms))

    def _instrument(self, symbol: Symbol) -> Instrument:
        """What the market list says is found at the venue, hence no ConfigFault."""
        try:
            return self.market.instrument(symbol)
        except ConfigFault as fault:
            raise StartFault(fault.message, hint=fault.hint) from None

    def _spot_market(self, symbol: Symbol) -> SpotMarket:
        try:
            return self.market.spot_market(symbol)
        except ConfigFault as fault:
            raise StartFault(fault.message, hint=fault.hint) from None


async def _known(what: str, asked: Awaitable[T]) -> T | Unknown:
    """A value, or why there is none: a quote without it is still worth something."""
    try:
        return await asked
    except VenueFault as fault:
        return Unknown(what=what, reason=fault.message)
