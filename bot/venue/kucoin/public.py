"""Funding of the past, the interval of payments, and the risk limits: all of it public.

Source: KuCoin REST documentation, "Get Public Funding History", "Get Symbol", "Get Contract Risk Limit".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final

from bot.domain.errors import InvariantBroken
from bot.domain.ids import Symbol
from bot.domain.quote import FeeSource, PastFunding
from bot.venue.kucoin.endpoints import CONTRACT, FUNDING_RATES
from bot.venue.kucoin.envelope import row_in, rows_in
from bot.venue.kucoin.markets import KuCoinMarkets
from bot.venue.kucoin.settings import Settings
from bot.venue.link import Link
from bot.venue.markets import Markets
from bot.venue.shapes import decimal_in, integer_in, same_market
from bot.venue.spans import spans

_PAGE: Final = 100
"""The most rows that the list of past rates gives; it tells no more pages."""
_SPAN_MS: Final = 96 * 3_600_000
"""So long that a payment an hour still fits on a page."""


@dataclass(frozen=True, slots=True)
class KuCoinPublic:
    """See `bot.venue.desk.PublicDesk`; `keyed`: an account is told."""

    link: Link
    markets: Markets
    keyed: bool

    @property
    def spot_fee(self) -> FeeSource:
        """Coins have classes with rates of their own, which the market list does not tell as rates."""
        return FeeSource.ASSUMED

    async def funding_interval_ms(self, symbol: Symbol) -> int:
        """As the contract says."""
        market_id = self.markets.id_of(symbol)
        return await self.link.ask(CONTRACT, partial(_interval_ms, market_id), {"symbol": market_id})

    async def past_fundings(self, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[PastFunding]:
        """From the list of past rates."""
        market_id = self.markets.id_of(symbol)

        async def read(begin: int, end: int) -> Sequence[PastFunding]:
            params = {"symbol": market_id, "from": begin, "to": end}
            return await self.link.ask(FUNDING_RATES, partial(_past, market_id), params)

        what = FUNDING_RATES.operation
        found = await spans(read, since_ms, until_ms, link=self.link, what=what, span_ms=_SPAN_MS, page=_PAGE)
        return [past for _, past in sorted({past.time_ms: past for past in found}.items())]

    async def maintenance(self, symbol: Symbol, notional: Decimal) -> tuple[Decimal, Decimal]:
        """From the public risk limits."""
        if not isinstance(self.markets, KuCoinMarkets):
            raise InvariantBroken("the markets are not KuCoin's")
        return await Settings(self.link, self.markets).maintenance(symbol, notional)


def _interval_ms(market_id: str, body: object) -> int:
    row = row_in(body, "symbol", "fundingRateGranularity")
    same_market(row, "symbol", market_id)
    interval_ms = integer_in(row, "fundingRateGranularity")
    if interval_ms <= 0:
        raise ValueError(f"{interval_ms} ms are no time between two payments")
    return interval_ms


def _past(market_id: str, body: object) -> Sequence[PastFunding]:
    rows = rows_in(body, "symbol", "fundingRate", "timepoint")
    for row in rows:
        same_market(row, "symbol", market_id)
    return [PastFunding(time_ms=integer_in(row, "timepoint"), rate=decimal_in(row, "fundingRate")) for row in rows]
