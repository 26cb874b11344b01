"""Coins on their way (R11): redemptions, withdrawals and deposits that the venue has not finished.

Transfers between the wallets of an account are done at once, so there is nothing of them to wait for.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.domain.ids import Asset
from bot.domain.numbers import ZERO
from bot.ports import Clock
from bot.venue.dialect import Moving
from bot.venue.endpoint import Endpoint
from bot.venue.kucoin.endpoints import DAY_MS, DEPOSITS, WEEK_MS, WITHDRAWALS
from bot.venue.kucoin.envelope import timed_pages
from bot.venue.kucoin.markets import KuCoinMarkets
from bot.venue.kucoin.wallets import MAIN, Wallets
from bot.venue.link import Link, Timed, joined
from bot.venue.shapes import Row, decimal_in, integer_in, row_of, text_in

_PAGE: Final = 500
_DONE: Final = frozenset({"SUCCESS", "FAILURE"})
_UNFINISHED: Final = frozenset({"PROCESSING", "WALLET_PROCESSING", "REVIEW"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    asset: Asset
    amount: Decimal
    created_ms: int


@dataclass(frozen=True, slots=True)
class Transit:
    """Reads what is on its way in one account."""

    link: Link
    markets: KuCoinMarkets
    wallets: Wallets
    clock: Clock

    async def read(self, assets: Collection[Asset], max_ms: int) -> Timed[Mapping[Asset, Moving]]:
        """Coins on their way, of these coins. Raises VenueFault.

        KuCoin keeps coins of an unfinished withdrawal in the main wallet, held, where `spot` counts them; only what is
        not held there is on its way. It does not tell when a redemption began, so none is ever overdue.
        """
        withdrawn, deposited, main, held = await asyncio.gather(
            self._unfinished(WITHDRAWALS, max_ms),
            self._unfinished(DEPOSITS, max_ms),
            self.wallets.rows(MAIN),
            self.wallets.held(),
        )
        fresh_ms = self.clock.now_ms() - max_ms
        moving: defaultdict[Asset, Decimal] = defaultdict(Decimal)
        overdue: defaultdict[Asset, Decimal] = defaultdict(Decimal)
        bound = {row.asset: row.holds for row in main.value}
        # Oldest first: what the main wallet holds is taken for them.
        for record in sorted(withdrawn.value, key=lambda record: record.created_ms):
            taken = min(bound.get(record.asset, ZERO), record.amount)
            bound[record.asset] = bound.get(record.asset, ZERO) - taken
            into = moving if record.created_ms >= fresh_ms else overdue
            into[record.asset] += record.amount - taken
        for record in deposited.value:
            into = moving if record.created_ms >= fresh_ms else overdue
            into[record.asset] += record.amount
        for holding in held.value:
            moving[holding.asset] += holding.redeeming
        found = {asset: Moving(quantity=moving[asset], overdue=overdue[asset]) for asset in assets}
        return Timed(found, joined(withdrawn.stamp, deposited.stamp, main.stamp, held.stamp))

    async def _unfinished(self, endpoint: Endpoint, max_ms: int) -> Timed[Sequence[_Record]]:
        """Records not done, of the time that can be under way and a day before, for those that are overdue."""
        until_ms = self.clock.now_ms() + DAY_MS // 24
        since_ms = self.clock.now_ms() - max_ms - DAY_MS
        read = [
            await timed_pages(
                self.link,
                endpoint,
                self._record,
                {"startAt": begin, "endAt": min(begin + WEEK_MS - 1, until_ms)},
                size=_PAGE,
            )
            for begin in range(since_ms, until_ms + 1, WEEK_MS)
        ]
        records = [record for timed in read for record in timed.value if record is not None]
        return Timed(records, joined(*(timed.stamp for timed in read)))

    def _record(self, row: Row) -> _Record | None:
        row_of(row, "currency", "amount", "status", "createdAt")
        status = text_in(row, "status")
        if status in _DONE:
            return None
        if status not in _UNFINISHED:
            raise ValueError(f"status {status!r} is not known")
        return _Record(
            asset=self.markets.asset_of(text_in(row, "currency")),
            amount=decimal_in(row, "amount"),
            created_ms=integer_in(row, "createdAt"),
        )
