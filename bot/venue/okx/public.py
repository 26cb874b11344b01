"""Funding of the past, the interval of payments, and the position tiers: all of it public.

Source: OKX v5 REST documentation, "Get funding rate", "Get funding rate history", "Get position tiers".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final

from bot.domain.ids import Symbol
from bot.domain.instrument import ContractKind, MarginMode
from bot.domain.quote import FeeSource, PastFunding
from bot.venue.link import Link
from bot.venue.markets import Markets
from bot.venue.okx import endpoints
from bot.venue.okx.endpoints import PAGE
from bot.venue.okx.settings import MarginModes, Settings
from bot.venue.okx.wire import row_in, rows_in
from bot.venue.shapes import decimal_in, integer_in, same_market
from bot.venue.spans import ENDLESS

_PAGES_MAX: Final = 20
"""Thirty days of a payment an hour are eight."""


@dataclass(frozen=True, slots=True)
class OkxPublic:
    """See `bot.venue.desk.PublicDesk`; `keyed`: an account is told."""

    link: Link
    markets: Markets
    keyed: bool

    @property
    def spot_fee(self) -> FeeSource:
        """Markets have groups with rates of their own, which only the account is told."""
        return FeeSource.ASSUMED

    async def funding_interval_ms(self, symbol: Symbol) -> int:
        """From the next payment to the one after it."""
        market_id = self.markets.id_of(symbol)
        return await self.link.ask(endpoints.FUNDING_RATES, partial(_interval_ms, market_id), {"instId": market_id})

    async def past_fundings(self, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[PastFunding]:
        """From the list of past rates, which is paged from the newest back."""
        market_id = self.markets.id_of(symbol)
        found: dict[int, PastFunding] = {}
        oldest = until_ms + 1
        for _ in range(_PAGES_MAX):
            params = {"instId": market_id, "after": str(oldest), "before": str(since_ms - 1), "limit": str(PAGE)}
            page = await self.link.ask(endpoints.FUNDING_HISTORY, partial(_past, market_id), params)
            found.update((past.time_ms, past) for past in page)
            if len(page) < PAGE:
                return [found[time_ms] for time_ms in sorted(found)]
            oldest = min(past.time_ms for past in page)
        raise self.link.unreadable(endpoints.FUNDING_HISTORY.operation, ENDLESS)

    async def maintenance(self, symbol: Symbol, notional: Decimal) -> tuple[Decimal, Decimal]:
        """From the public tiers, of the margin mode that such a short has."""
        inverse = self.markets.kind_of(symbol) is ContractKind.INVERSE
        modes = MarginModes()
        modes.want(symbol, MarginMode.CROSS if inverse else MarginMode.ISOLATED)
        return await Settings(self.link, self.markets, modes).maintenance(symbol, notional)


def _interval_ms(market_id: str, body: object) -> int:
    row = row_in(body, "instId", "fundingTime", "nextFundingTime")
    same_market(row, "instId", market_id)
    interval_ms = integer_in(row, "nextFundingTime") - integer_in(row, "fundingTime")
    if interval_ms <= 0:
        raise ValueError(f"{interval_ms} ms are no time between two payments")
    return interval_ms


def _past(market_id: str, body: object) -> Sequence[PastFunding]:
    rows = rows_in(body, "instId", "fundingTime", "realizedRate")
    for row in rows:
        same_market(row, "instId", market_id)
    return [PastFunding(time_ms=integer_in(row, "fundingTime"), rate=decimal_in(row, "realizedRate")) for row in rows]
