"""Deposits and withdrawals, as the venue records them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Final

from bot.domain.ids import Asset
from bot.ports import Clock
from bot.venue.endpoint import Endpoint
from bot.venue.kucoin.endpoints import DAY_MS, DEPOSITS, WEEK_MS, WITHDRAWALS
from bot.venue.kucoin.envelope import timed_pages
from bot.venue.kucoin.markets import KuCoinMarkets
from bot.venue.link import Link, Timed, joined
from bot.venue.shapes import Row, decimal_in, integer_in, row_of, text_in

_PAGE: Final = 500
_AHEAD_MS: Final = DAY_MS // 24


class State(Enum):
    """Where a record stands."""

    UNFINISHED = "unfinished"
    ON_CHAIN = "on-chain"
    """It has a transaction id. A withdrawal is told from then on by whoever receives the coins."""
    DONE = "done"
    UNKNOWN = "unknown"
    """A word that is not known here."""


_STATES: Final[Mapping[str, State]] = {
    **dict.fromkeys(("PROCESSING", "WALLET_PROCESSING", "REVIEW"), State.UNFINISHED),
    **dict.fromkeys(("WAIT_TRM_MGT", "WAIT_RISK_MGT"), State.UNFINISHED),
    # Credited, at first not to be withdrawn again; refused; taken back by the chain: nothing of it is still to come.
    **dict.fromkeys(("SUCCESS", "PRE_SUCCESS", "FAILURE"), State.DONE),
    **dict.fromkeys(("TRM_MGT_REJECTED", "RISK_MGT_REJECTED", "ROLLBACKING", "ROLLBACK"), State.DONE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One deposit or withdrawal.

    Attributes:
        status: the venue's own word.
        created_ms: venue time.
    """

    asset: Asset
    amount: Decimal
    state: State
    status: str
    created_ms: int


@dataclass(frozen=True, slots=True)
class Cash:
    """Reads the records of one account; `clock` tells venue time."""

    link: Link
    markets: KuCoinMarkets
    clock: Clock

    async def deposits(self, since_ms: int) -> Timed[Sequence[Record]]:
        """What is not done of the deposits since. Raises VenueFault."""
        return await self._open(DEPOSITS, since_ms)

    async def withdrawals(self, since_ms: int) -> Timed[Sequence[Record]]:
        """What is not done of the withdrawals since. Raises VenueFault."""
        return await self._open(WITHDRAWALS, since_ms)

    async def on_chain(self) -> Timed[Sequence[Record]]:
        """Withdrawals of the last week that are on the chain and not done; one call. Raises VenueFault."""
        read = await self.withdrawals(self.clock.now_ms() + _AHEAD_MS - WEEK_MS + 1)
        return Timed([record for record in read.value if record.state is State.ON_CHAIN], read.stamp)

    async def _open(self, endpoint: Endpoint, since_ms: int) -> Timed[Sequence[Record]]:
        until_ms = self.clock.now_ms() + _AHEAD_MS
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
        records = [record for timed in read for record in timed.value if record.state is not State.DONE]
        return Timed(records, joined(*(timed.stamp for timed in read)))

    def _record(self, row: Row) -> Record:
        row_of(row, "currency", "amount", "status", "createdAt")
        status = text_in(row, "status")
        state = _STATES.get(status, State.UNKNOWN)
        if state is State.UNFINISHED and row.get("walletTxId"):
            state = State.ON_CHAIN
        return Record(
            asset=self.markets.asset_of(text_in(row, "currency")),
            amount=decimal_in(row, "amount"),
            state=state,
            status=status,
            created_ms=integer_in(row, "createdAt"),
        )
