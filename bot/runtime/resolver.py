"""Asks what became of our orders, and whose order a trade belongs to (R20 to R22, R25)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from structlog.typing import FilteringBoundLogger

from bot import logs
from bot.core import absence, accounting
from bot.core.lifecycle import advance
from bot.domain.errors import InvariantBroken
from bot.domain.ids import VenueOrderId
from bot.domain.instrument import Instrument, SpotMarket
from bot.domain.intent import (
    AbsenceRead,
    IntentEvent,
    IntentRecord,
    IntentState,
    OutcomeLost,
    ProvenWithoutEffect,
    Reported,
)
from bot.domain.numbers import ZERO, plain
from bot.domain.observation import Position, Unknown
from bot.domain.orders import Found, LookupFailed, NotFound, VenueTrade
from bot.domain.policy import Timing
from bot.ports import Clock, Journal, Venue

QUIET_MS: Final = 60_000
"""How far back trades are looked at when the first anchor is laid, and orders before an intent's own time."""
OWNERS_MAX: Final = 10_000


class Resolver:
    """One for each instrument, or spot market.

    Attributes:
        learnt: whether anything became known since `begin`.
    """

    def __init__(
        self,
        *,
        venue: Venue,
        instrument: Instrument | SpotMarket,
        journal: Journal,
        clock: Clock,
        timing: Timing,
        logger: FilteringBoundLogger,
    ) -> None:
        self._venue = venue
        self._instrument = instrument
        self._journal = journal
        self._clock = clock
        self._timing = timing
        self._log = logger
        self._owners: dict[VenueOrderId, accounting.Owner] = {}
        self.learnt = False

    def begin(self) -> None:
        """A turn begins, in which nothing was learnt so far."""
        self.learnt = False

    async def resolve_all(self, position: Position | Unknown | None) -> None:
        """Ask for every order whose end is not known. Raises VenueFault, JournalFault.

        Args:
            position: that they move; None on a spot market, where balances move for other reasons too.
        """
        for record in self.unfinished():
            if not record.state.terminal:
                await self._resolve(record, position)

    async def cancel_resting(self, *, look: bool) -> None:
        """Cancel what of ours may still rest. For the shutdown.

        Args:
            look: read what became of it; otherwise the next start does.
        """
        for record in self.unfinished():
            if record.state.terminal:
                continue
            await self._venue.cancel(self._instrument.symbol, record.intent.client_id)
            if look:
                lookup = await self._venue.find_order(self._instrument.symbol, record.intent.client_id)
                if isinstance(lookup, Found):
                    self._advance(record, Reported(report=lookup.report))

    def unfinished(self) -> Sequence[IntentRecord]:
        """Orders that may still move the position, or whose fill is not found in it yet."""
        return self._journal.unfinished(self._instrument.venue, self._instrument.symbol)

    def _advance(self, record: IntentRecord, event: IntentEvent) -> IntentRecord:
        after = advance(record, event, self._clock.now_ms())
        if after != record:
            self._journal.update(after)
            self.learnt = True
            if after.state is not record.state:
                self._log.info(
                    logs.ORDER_RESOLVED,
                    client_id=record.intent.client_id,
                    state=after.state,
                    filled=plain(after.filled),
                    detail=after.detail,
                )
        return after

    async def _resolve(self, record: IntentRecord, position: Position | Unknown | None) -> None:
        client_id = record.intent.client_id
        asked_ms = self._venue.now_ms()  # R22 counts from when a reading was sent, not from when it was answered
        lookup = await self._venue.find_order(self._instrument.symbol, client_id)
        match lookup:
            case Found(report=report):
                record = self._advance(record, Reported(report=report))
                if not record.state.terminal:
                    # Ours are immediate-or-cancel: one that rests was changed on its way. Cancel, then look again.
                    await self._venue.cancel(self._instrument.symbol, client_id)
            case NotFound(code=code):
                record = self._lost(record, f"not found so far ({code})")
                if not isinstance(position, Unknown):
                    await self._read_absence(record, code, position, asked_ms)
            case LookupFailed(detail=detail):
                self._lost(record, f"not looked up yet: {detail}")

    def _lost(self, record: IntentRecord, detail: str) -> IntentRecord:
        """A crash between commit and answer leaves ARMED; from here on it is UNKNOWN."""
        if record.state is IntentState.ARMED:
            return self._advance(record, OutcomeLost(detail=detail))
        return record

    async def _read_absence(self, record: IntentRecord, code: str, position: Position | None, venue_ms: int) -> None:
        """Take one absence reading when it is due, and judge all of them (R22)."""
        intent = record.intent
        spacing_ms = int(self._timing.proof_spacing_s * 1000)
        grace_ms = int(self._timing.proof_grace_s * 1000)
        reads = self._journal.absences(intent.client_id)
        if venue_ms < absence.next_read_ms(intent, reads, spacing_ms, grace_ms, venue_ms):
            return
        symbol = self._instrument.symbol
        listed = [
            *await self._venue.open_orders(symbol),
            *await self._venue.all_orders(symbol, intent.timestamp_ms - QUIET_MS),
        ]
        for report in listed:
            if report.client_id == intent.client_id:
                self._advance(record, Reported(report=report))  # the lists know what the look-up does not (yet)
                return
        trades = await self._venue.trades(symbol, intent.cursor_before)
        strays = [trade for trade in trades if await self._stray(trade)]
        expected = intent.position_before + sum((trade.moved for trade in trades), ZERO)
        read = AbsenceRead(
            venue_ms=venue_ms,
            not_found_code=code,
            in_lists=False,
            stray_trades=tuple(trade.trade_id for trade in strays),
            position_explained=position is None or expected == position.contracts,
        )
        self._journal.add_absence(intent.client_id, read)
        verdict = absence.judge(intent, [*reads, read], spacing_ms, grace_ms)
        if isinstance(verdict, absence.Proven):
            self._advance(record, ProvenWithoutEffect(evidence=verdict.evidence))

    async def _stray(self, trade: VenueTrade) -> bool:
        """A trade that can't be attributed to another order may be the missing one's."""
        owner = await self.owner_of(trade)
        if owner is None:
            return True
        if isinstance(owner, accounting.Ours):
            known = self._journal.intent(owner.client_id)
            return known is None or not known.state.terminal
        return False

    async def owner_of(self, trade: VenueTrade) -> accounting.Owner | None:
        """Whose order a trade belongs to; None when it could not be learnt.

        An order that traded exists: "not found" means that the look-up lags, not that somebody else's it is.
        """
        record = self._journal.intent_of_order(self._instrument.venue, self._instrument.symbol, trade.venue_order_id)
        if record is not None:
            return accounting.Ours(client_id=record.intent.client_id)
        if trade.venue_order_id not in self._owners:
            lookup = await self._venue.find_venue_order(self._instrument.symbol, trade.venue_order_id)
            if not isinstance(lookup, Found):
                return None
            if len(self._owners) >= OWNERS_MAX:
                self._owners.clear()
            owner = accounting.owner_of(lookup.report.client_id, known=self._journal.knows_epoch)
            self._owners[trade.venue_order_id] = owner
        return self._owners[trade.venue_order_id]

    async def look_up_own(self, owned: Sequence[tuple[VenueTrade, accounting.Owner]]) -> None:
        """Trades of ours that no known fill explains: ask what their orders say. May break an invariant."""
        for client_id in {owner.client_id for _, owner in owned if isinstance(owner, accounting.Ours)}:
            record = self._journal.intent(client_id)
            if record is None:
                raise InvariantBroken(
                    f"order {client_id} carries an epoch of this journal, which never sent it: was the journal "
                    f"restored from a backup?"
                )
            lookup = await self._venue.find_order(self._instrument.symbol, client_id)
            if isinstance(lookup, Found):
                self._advance(record, Reported(report=lookup.report))
