"""The orders of a stablecoin hedge: one slice sent, looked up, and accounted for by its own trades (R17 to R23)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from structlog.typing import FilteringBoundLogger

from bot.core.lifecycle import advance
from bot.domain.errors import InvariantBroken
from bot.domain.exits import Crossing, CrossingDraft, CrossingRecord, ExitPolicy
from bot.domain.ids import ClientOrderId, Epoch, Symbol, client_order_id
from bot.domain.instrument import SpotMarket
from bot.domain.intent import Intent, IntentRecord, IntentState, Reported
from bot.domain.numbers import ZERO
from bot.domain.orders import Anchor, Approved, Found, TradeCursor
from bot.domain.policy import Timing
from bot.domain.proceeds import CrossingId
from bot.ports import Clock, ExitJournal, Journal, Venue
from bot.runtime.executor import Executor
from bot.runtime.resolver import Resolver

CURSOR_BACK_MS: Final = 60_000
"""Trades of an order are looked for from so long before it."""
LATE_MS: Final = 86_400_000
"""An order that was proven absent is asked for once more now and then, for so long."""
LATE_EVERY_MS: Final = 600_000


class ExitLegs:
    """One for each live stablecoin hedge.

    Args:
        markets: every spot market that an order of the hedge may be on.
    """

    def __init__(
        self,
        *,
        policy: ExitPolicy,
        timing: Timing,
        venue: Venue,
        markets: Mapping[Symbol, SpotMarket],
        journal: Journal,
        book: ExitJournal,
        executor: Executor,
        epoch: Epoch,
        clock: Clock,
        logger: FilteringBoundLogger,
    ) -> None:
        self._policy = policy
        self._venue = venue
        self._book = book
        self._journal = journal
        self._executor = executor
        self._epoch = epoch
        self._clock = clock
        self._late_ms = 0
        self._told: set[ClientOrderId] = set()
        self._resolvers = {
            symbol: Resolver(venue=venue, instrument=market, journal=journal, clock=clock, timing=timing, logger=logger)
            for symbol, market in markets.items()
        }

    async def resolve(self) -> None:
        """Find out what became of every order that is not accounted for.

        Raises:
            VenueFault: the venue could not be asked.
            InvariantBroken: what is known is contradicted by the venue.
            JournalFault: something could not be kept.
        """
        # R18: where an order of ours is not over there is no other one; else another hedge's may be in flight.
        for symbol in sorted(self._in_flight()):
            resolver = self._resolvers.get(symbol)
            if resolver is None:
                raise InvariantBroken(f"an order on {symbol} is not over, and the venue lists no such market any more")
            resolver.begin()
            await resolver.resolve_all(None)
        await self._settle()
        await self._look_for_late_fills()

    def unfinished(self) -> list[IntentRecord]:
        """Orders that are not over, or whose fill is not found in the trades yet; oldest first."""
        return list(self._book.unfinished_slices(self._policy.name))

    async def send(
        self,
        approved: Approved,
        crossing: CrossingDraft | CrossingRecord,
        still_good: Callable[[], str],
    ) -> IntentRecord:
        """Make a slice durable, with its crossing when that begins, and send it once. Raises like the executor."""
        now_ms = self._clock.now_ms()
        # Coins come and go for many reasons: what counts is the trades of the order itself.
        cursor = TradeCursor(trade_id=None, time_ms=self._venue.now_ms() - CURSOR_BACK_MS)
        anchor = Anchor(contracts=ZERO, cursor=cursor, at_ms=now_ms)

        def arm(intent: Intent) -> IntentRecord:
            if isinstance(crossing, CrossingRecord):
                return self._book.arm_slice(intent, crossing.crossing.crossing_id)
            begun = self._begun(crossing, intent.created_ms)
            return self._book.arm_slice(intent, begun.crossing_id, begins=begun)

        begins = isinstance(crossing, CrossingDraft)
        return await self._executor.execute(
            self._venue,
            self._policy.name,
            approved,
            anchor,
            still_good=still_good,
            arm=arm,
            ids_before=1 if begins else 0,
        )

    async def cancel_resting(self, *, look: bool) -> None:
        """Part of the shutdown: see `Resolver.cancel_resting`."""
        for symbol in sorted(self._in_flight()):
            if symbol in self._resolvers:
                await self._resolvers[symbol].cancel_resting(look=look)

    def half_done(self) -> str:
        """Which order is not accounted for; empty when none is."""
        left = [f"order {record.intent.client_id} is {record.state}" for record in self.unfinished()]
        return "; ".join(left)

    def _begun(self, draft: CrossingDraft, now_ms: int) -> Crossing:
        return Crossing(
            crossing_id=CrossingId(client_order_id(self._epoch, self._book.next_sequence())),
            hedge=self._policy.name,
            venue=self._policy.venue,
            asset=self._policy.asset,
            kind=draft.kind,
            cause=draft.cause,
            coins=draft.coins,
            source=draft.source,
            target=draft.target,
            reason=draft.reason,
            created_ms=now_ms,
        )

    def _in_flight(self) -> set[Symbol]:
        """Markets on which an order of the hedge is not over."""
        return {record.intent.request.symbol for record in self.unfinished() if not record.state.terminal}

    async def _settle(self) -> None:
        """Find the trades of orders that have filled, and keep them."""
        for record in self.unfinished():
            if not record.state.terminal:
                continue
            intent = record.intent
            trades = await self._venue.trades(intent.request.symbol, intent.cursor_before)
            own = [trade for trade in trades if trade.venue_order_id == record.venue_order_id]
            if sum((trade.contracts for trade in own), ZERO) == record.filled:
                self._book.settle_slice(record, own, intent.mark)

    async def _look_for_late_fills(self) -> None:
        """An order that was proven absent and turns up after all halts the hedge."""
        now_ms = self._clock.now_ms()
        if now_ms - self._late_ms < LATE_EVERY_MS:
            return
        self._late_ms = now_ms
        for record in self._book.slices(self._policy.name, now_ms - LATE_MS):
            client_id = record.intent.client_id
            if record.state is not IntentState.NO_EFFECT_PROVEN or client_id in self._told:
                continue
            lookup = await self._venue.find_order(record.intent.request.symbol, client_id)
            if isinstance(lookup, Found):
                self._told.add(client_id)  # once: after `resume` a person has looked
                advance(record, Reported(report=lookup.report), now_ms)
