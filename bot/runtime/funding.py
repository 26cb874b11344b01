"""Reads what the short paid from the venue's own books, at a slow pace, and tells when it is too much (DESIGN, 6)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from structlog.typing import FilteringBoundLogger

from bot import logs
from bot.core import funding
from bot.domain.errors import VenueFault
from bot.domain.funding import FundingFigures, FundingPayment
from bot.domain.instrument import Instrument
from bot.domain.ledger import LedgerRow, RowKind
from bot.domain.numbers import plain
from bot.domain.observation import Position, Prices, Unknown
from bot.domain.policy import HedgePolicy
from bot.ports import Alerts, Clock, Journal, Venue

HOUR_MS: Final = 3_600_000
SETTLE_MS: Final = 120_000
"""Payments are booked a little after the full hour at which venues settle (from general knowledge)."""
AGAIN_MS: Final = 600_000
"""The books are read no more often than this, also after a failure."""
FAILURES_TOLD: Final = 6
BACK_MAX_MS: Final = 25 * 24 * HOUR_MS
"""Further back some venues tell nothing of (OKX: a month)."""
_SEEN_EVERY_MS: Final = 60_000
_SEEN_KEPT: Final = 90
_SEEN_AGE_MAX_MS: Final = 5 * 60_000
"""A position that was seen longer before a settlement may have been another."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """The short at one moment, in venue time."""

    time_ms: int
    short: Decimal
    mark: Decimal


class FundingWatch:
    """One for each hedge.

    Attributes:
        figures: what was paid in the trailing window; None while nothing is known.
        interval_ms: between two settlements.
    """

    def __init__(
        self,
        *,
        policy: HedgePolicy,
        instrument: Instrument,
        venue: Venue,
        journal: Journal,
        clock: Clock,
        alarms: Alerts,
        logger: FilteringBoundLogger,
    ) -> None:
        self._policy = policy
        self.symbol = policy.symbol
        self._instrument = instrument
        self._venue = venue
        self._journal = journal
        self._clock = clock
        self._alarms = alarms
        self._log = logger.bind(hedge=policy.name)
        anchor = journal.anchor(policy.venue, policy.symbol)
        self._held = anchor is not None and anchor.contracts != 0
        fills = journal.fills(policy.venue, policy.symbol)
        self._began_ms = fills[0][0].time_ms if fills else venue.now_ms()
        self._seen: deque[_Seen] = deque(maxlen=_SEEN_KEPT)
        self._told_ms: dict[str, int] = {}
        self.figures: FundingFigures | None = None
        self.interval_ms = funding.INTERVAL_MS
        self._count()

    def seen(self, position: Position | Unknown, prices: Prices | Unknown | None) -> None:
        """Take in what a turn read."""
        if not isinstance(position, Position) or not isinstance(prices, Prices) or position.contracts >= 0:
            return
        self._held = True
        now_ms = self._venue.now_ms()
        if not self._seen or now_ms - self._seen[-1].time_ms >= _SEEN_EVERY_MS:
            self._seen.append(_Seen(now_ms, -position.contracts, prices.mark))
        if prices.funding_rate is not None:
            cost = funding.cost_a_year(prices.funding_rate, self.interval_ms)
            self._tell("spike", cost, "funding costs {} of the short's notional a year at the rate of now")

    def asks_since_ms(self) -> int | None:
        """From when the books are to be read, in venue time; None when there was no short since they were."""
        if not self._held:
            return None
        last_ms = self._journal.last_funding_ms(self._policy.venue, self._policy.symbol)
        return max(self._began_ms if last_ms is None else last_ms, self._venue.now_ms() - BACK_MAX_MS)

    def take(self, rows: Sequence[LedgerRow]) -> None:
        """Take in the venue's books. Raises JournalFault."""
        payments = [self._payment(row) for row in rows if self._is_ours(row)]
        new = self._journal.keep_funding(payments)
        self._held = False  # until a turn sees a short again
        self._count()
        self._log.info(logs.FUNDING_READ, payments=len(payments), new=new)
        if self.figures is not None:
            self._tell("budget", self.figures.cost_a_year, "funding has cost {} of the short's notional a year lately")

    def _is_ours(self, row: LedgerRow) -> bool:
        return row.kind is RowKind.FUNDING and row.symbol == self._policy.symbol

    def _payment(self, row: LedgerRow) -> FundingPayment:
        before = [seen for seen in self._seen if 0 <= row.time_ms - seen.time_ms <= _SEEN_AGE_MAX_MS]
        last = before[-1] if before else None
        return FundingPayment(
            venue=self._policy.venue,
            symbol=self._policy.symbol,
            reference=row.reference,
            asset=row.asset,
            amount=row.amount,
            time_ms=row.time_ms,
            short=None if last is None else last.short,
            mark=None if last is None else last.mark,
        )

    def _count(self) -> None:
        """Take stock of what the journal holds."""
        now_ms, window_ms = self._venue.now_ms(), int(self._policy.funding.window_s * 1000)
        since_ms = now_ms - window_ms - 2 * funding.INTERVAL_MS
        payments = self._journal.funding(self._policy.venue, self._policy.symbol, since_ms)
        self.interval_ms = funding.interval_ms(payments)
        self.figures = funding.figures(payments, self._instrument, now_ms, window_ms)

    def _tell(self, code: str, cost: Decimal | None, text: str) -> None:
        """Once an hour while it is above the budget."""
        if cost is None or not funding.over_budget(cost, self._policy.funding):
            return
        now_ms = self._clock.now_ms()
        if now_ms - self._told_ms.get(code, -HOUR_MS) < HOUR_MS:
            return
        self._told_ms[code] = now_ms
        reason = f"{text.format(plain(round(cost, 4)))}; max_funding_apr is {plain(self._policy.funding.max_apr)}"
        self._alarms.alarm(logs.FUNDING_OVER_BUDGET, hedge=self._policy.name, code=code, reason=reason)


class FundingReader:
    """Reads one venue's books for all hedges there, at most once an hour while all goes well."""

    def __init__(
        self,
        *,
        venue: Venue,
        watches: Sequence[FundingWatch],
        clock: Clock,
        alarms: Alerts,
        logger: FilteringBoundLogger,
    ) -> None:
        self._venue = venue
        self._watches = watches
        self._clock = clock
        self._alarms = alarms
        self._log = logger
        self._failures = 0

    async def run(self) -> None:
        """Read after each settlement at which there was a short, for as long as the bot runs."""
        wait_ms = SETTLE_MS
        while True:
            await self._clock.sleep(wait_ms / 1000)
            wait_ms = self._next_ms() if await self._read() else AGAIN_MS

    def _next_ms(self) -> int:
        """Until a little after the next full hour."""
        into_ms = (self._venue.now_ms() - SETTLE_MS) % HOUR_MS
        return max(HOUR_MS - into_ms, AGAIN_MS)

    async def _read(self) -> bool:
        """One reading. Returns whether it succeeded, or was not needed."""
        asking = {watch.symbol: since_ms for watch in self._watches if (since_ms := watch.asks_since_ms()) is not None}
        if not asking:
            return True
        try:
            rows = await self._venue.ledger(min(asking.values()), sorted(asking))
        except VenueFault as fault:
            self._failures += 1
            self._log.warning(logs.FUNDING_FAILED, venue=self._venue.name, reason=fault.message)
            if self._failures >= FAILURES_TOLD:
                reason = f"funding payments could not be read {self._failures} times in a row: {fault.message}"
                self._alarms.alarm(logs.FUNDING_FAILED, venue=self._venue.name, reason=reason)
            return False
        self._failures = 0
        for watch in self._watches:
            if watch.symbol in asking:
                watch.take(rows)
        return True
