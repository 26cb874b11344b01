"""Funding of the past and the interval of payments, of both futures APIs; brackets are told to an account only.

Source: Binance USD-M and COIN-M futures REST documentation, "Get Funding Rate History", "Get Funding Rate Info".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final

from bot.domain.ids import Symbol
from bot.domain.quote import FeeSource, PastFunding
from bot.venue.binance.endpoints import PAGE
from bot.venue.binance.family import Family, family_of
from bot.venue.binance.prices import PriceReader
from bot.venue.binance.settings import Settings
from bot.venue.desk import not_offered
from bot.venue.link import Link
from bot.venue.markets import Markets
from bot.venue.shapes import decimal_in, integer_in, rows_of, same_market
from bot.venue.spans import spans

_HOUR_MS: Final = 3_600_000
_USUAL_HOURS: Final = 8
"""Of every contract that the list of adjusted ones does not name."""
_SPAN_MS: Final = PAGE * _HOUR_MS
"""So long that a payment an hour still fits on a page."""


@dataclass(frozen=True, slots=True)
class BinancePublic:
    """See `bot.venue.desk.PublicDesk`; `keyed`: an account is told."""

    link: Link
    markets: Markets
    keyed: bool

    @property
    def spot_fee(self) -> FeeSource:
        """The published rate of an account without discounts."""
        return FeeSource.PUBLISHED

    async def funding_interval_ms(self, symbol: Symbol) -> int:
        """Eight hours, unless the list of adjusted contracts says otherwise."""
        family, market_id = self._named(symbol)
        return await self.link.ask(family.funding_terms, partial(_interval_ms, market_id))

    async def past_fundings(self, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[PastFunding]:
        """From the list of past rates."""
        family, market_id = self._named(symbol)

        async def read(begin: int, end: int) -> Sequence[PastFunding]:
            params = {"symbol": market_id, "startTime": begin, "endTime": end, "limit": PAGE}
            return await self.link.ask(family.fundings, partial(_past, market_id), params)

        what = family.fundings.operation
        found = await spans(read, since_ms, until_ms, link=self.link, what=what, span_ms=_SPAN_MS, page=PAGE)
        return [past for _, past in sorted({past.time_ms: past for past in found}.items())]

    async def maintenance(self, symbol: Symbol, notional: Decimal) -> tuple[Decimal, Decimal]:
        """From the account's brackets."""
        if not self.keyed:
            raise not_offered(self.link.name, f"read the leverage brackets of {symbol} without a key")
        return await Settings(self.link, self.markets, PriceReader(self.link, self.markets)).maintenance(
            symbol, notional
        )

    def _named(self, symbol: Symbol) -> tuple[Family, str]:
        return family_of(self.markets.kind_of(symbol)), self.markets.id_of(symbol)


def _interval_ms(market_id: str, body: object) -> int:
    rows = {row["symbol"]: row for row in rows_of(body, "symbol", "fundingIntervalHours")}
    row = rows.get(market_id)
    return _HOUR_MS * (_USUAL_HOURS if row is None else integer_in(row, "fundingIntervalHours"))


def _past(market_id: str, body: object) -> Sequence[PastFunding]:
    rows = rows_of(body, "symbol", "fundingTime", "fundingRate")
    for row in rows:
        same_market(row, "symbol", market_id)
    return [PastFunding(time_ms=integer_in(row, "fundingTime"), rate=decimal_in(row, "fundingRate")) for row in rows]
