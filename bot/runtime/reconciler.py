"""Accounts, turn by turn, for the position: whose trades moved it (R9, R23, R25)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from structlog.typing import FilteringBoundLogger

from bot import logs
from bot.core import accounting, inverse
from bot.core.lifecycle import unfilled
from bot.domain.errors import InvariantBroken, VenueFault
from bot.domain.ids import ClientOrderId
from bot.domain.instrument import Instrument
from bot.domain.intent import (
    IntentRecord,
)
from bot.domain.numbers import ZERO, plain
from bot.domain.observation import Position, Unknown
from bot.domain.orders import Anchor, Side, TradeCursor, VenueTrade
from bot.domain.policy import Timing
from bot.ports import Clock, Journal, Venue
from bot.runtime.reconciled import CURSOR_AGE_MAX_MS, Consequence, Move, Reconciled, laid_anew, why_waiting
from bot.runtime.resolver import QUIET_MS, Resolver

LAG_MS: Final = 30_000
"""How long a position may lag behind trades (seen: 1 to 30 s); the first anchor is laid after that much quiet."""
EQUAL_READINGS: Final = 3
"""R9 and R25: how often a surprising position must be read the same."""


class Reconciler:
    """One for each instrument. Keeps only what may be forgotten: the last surprising readings."""

    def __init__(
        self,
        *,
        venue: Venue,
        instrument: Instrument,
        journal: Journal,
        clock: Clock,
        timing: Timing,
        logger: FilteringBoundLogger,
        consequence: Consequence,
    ) -> None:
        self._consequence = consequence
        self._venue = venue
        self._instrument = instrument
        self._journal = journal
        self._clock = clock
        self._log = logger
        self._resolver = Resolver(
            venue=venue, instrument=instrument, journal=journal, clock=clock, timing=timing, logger=logger
        )
        self._surprising: list[Position] = []

    async def reconcile(self, position: Position | Unknown) -> Reconciled:
        """Ask for every order whose end is not known, then account for the position if it is known.

        Args:
            position: of the turn's reading.

        Raises:
            JournalFault: what was learnt could not be recorded; nothing may be sent.
        """
        self._resolver.begin()
        try:
            await self._resolver.resolve_all(position)
            if isinstance(position, Unknown):
                return self._wait(f"{position.what} is unknown")
            return await self._account(position)
        except VenueFault as fault:
            return self._wait(f"the venue could not be asked: {fault.message}")
        except InvariantBroken as broken:
            return self._wait(broken.message, broken=broken.message)

    async def cancel_resting(self, *, look: bool) -> None:
        """See `Resolver.cancel_resting`."""
        await self._resolver.cancel_resting(look=look)

    def _wait(self, reason: str, *, soon: bool = False, broken: str = "") -> Reconciled:
        return Reconciled(
            anchor=self._journal.anchor(self._instrument.venue, self._instrument.symbol),
            waiting=reason,
            unfilled=self._open(),
            soon=soon or self._resolver.learnt,
            broken=broken,
        )

    def _open(self) -> Sequence[tuple[Side, Decimal]]:
        """R13: what may still fill, and what filled but is not yet found in the position."""
        records = [(record.intent.request.side, record) for record in self._resolver.unfinished()]
        pending = [(side, unfilled(record) + record.filled) for side, record in records]
        return tuple((side, contracts) for side, contracts in pending if contracts)

    async def _account(self, position: Position) -> Reconciled:
        anchor = self._journal.anchor(self._instrument.venue, self._instrument.symbol)
        if anchor is None:
            return await self._adopt(position)
        records = self._resolver.unfinished()
        unsettled = [record for record in records if record.filled > 0]
        waiting = why_waiting(records)
        if position.contracts == anchor.contracts and not unsettled:
            self._surprising.clear()
            if records or self._read_at_ms(position) - anchor.cursor.time_ms <= CURSOR_AGE_MAX_MS:
                return Reconciled(anchor=anchor, waiting=waiting, unfilled=self._open(), soon=self._resolver.learnt)
        rests = position.contracts == anchor.contracts and not records
        trades = await self._trades_since(anchor, needed=not rests)
        if not trades and rests:
            return self._renew(anchor, position, told=trades is not None)
        assert trades is not None
        owned: list[tuple[VenueTrade, accounting.Owner]] = []
        for trade in trades:
            owner = await self._resolver.owner_of(trade)
            if owner is None:
                return self._wait(f"whose order {trade.venue_order_id} is could not be read")
            owned.append((trade, owner))
        outcome = accounting.account(
            anchor=anchor,
            trades=owned,
            position=position,
            fills={record.intent.client_id: (record.filled, record.updated_ms) for record in unsettled},
            step=self._instrument.quantity_step,
            counted=self._counted(unsettled),
        )
        if isinstance(outcome, accounting.Unaccounted):
            await self._resolver.look_up_own(owned)
            return self._wait(outcome.reason)
        if self._vanished(anchor, position, outcome):
            return self._wait("the position is gone by others' orders; read once more (R9)", soon=True)
        return self._confirm(anchor, position, outcome, owned)

    async def _trades_since(self, anchor: Anchor, *, needed: bool) -> Sequence[VenueTrade] | None:
        """What was traded after the anchor; None when it can't be read and need not be."""
        try:
            return await self._venue.trades(self._instrument.symbol, anchor.cursor)
        except VenueFault as fault:
            if needed:
                raise
            self._log.warning(logs.CURSOR_KEPT, symbol=self._instrument.symbol, reason=fault.message)
            return None

    def _renew(self, anchor: Anchor, position: Position, *, told: bool) -> Reconciled:
        renewed = laid_anew(anchor, position, self._read_at_ms(position), told=told)
        if renewed is not anchor:
            self._journal.confirm(self._instrument.venue, self._instrument.symbol, renewed, [], [])
        return Reconciled(anchor=renewed, waiting="", unfilled=())

    def _read_at_ms(self, position: Position) -> int:
        """When a position was asked for, by the venue's time."""
        return position.stamp.sent_ms + self._venue.now_ms() - self._clock.now_ms()

    def _counted(self, unsettled: Sequence[IntentRecord]) -> dict[ClientOrderId, Decimal]:
        """What earlier accountings already counted of orders that are not settled yet."""
        counted = {record.intent.client_id: ZERO for record in unsettled}
        if counted:
            for trade, client_id, _ in self._journal.fills(self._instrument.venue, self._instrument.symbol):
                if client_id in counted:
                    counted[client_id] += trade.contracts
        return counted

    def _vanished(self, anchor: Anchor, position: Position, outcome: accounting.Accounted) -> bool:
        """R9: a short that is gone without our doing must be read as gone three times."""
        if position.contracts != 0 or anchor.contracts + outcome.own_moved == 0:
            self._surprising.clear()
            return False
        self._surprise(position)
        return not accounting.adopted(self._surprising, needed=EQUAL_READINGS)

    def _confirm(
        self,
        anchor: Anchor,
        position: Position,
        outcome: accounting.Accounted,
        owned: Sequence[tuple[VenueTrade, accounting.Owner]],
    ) -> Reconciled:
        self._surprising.clear()
        venue, symbol = self._instrument.venue, self._instrument.symbol
        terminal = {record.intent.client_id for record in self._resolver.unfinished() if record.state.terminal}
        move = self._move(anchor, position, outcome, owned)
        halt, memory = self._consequence(move)
        self._journal.confirm(
            venue,
            symbol,
            outcome.anchor,
            [
                (trade, owner.client_id if isinstance(owner, accounting.Ours) else None, self._mark(position, trade))
                for trade, owner in owned
            ],
            [client_id for client_id in outcome.settled if client_id in terminal],
            halt=halt,
            memory=memory,
        )
        self._log.info(
            logs.POSITION_CONFIRMED,
            symbol=symbol,
            contracts=plain(outcome.anchor.contracts),
            before=plain(anchor.contracts),
            ours=plain(outcome.own_moved),
        )
        return Reconciled(
            anchor=outcome.anchor, waiting=why_waiting(self._resolver.unfinished()), unfilled=self._open(), soon=True
        )

    def _move(
        self,
        anchor: Anchor,
        position: Position,
        outcome: accounting.Accounted,
        owned: Sequence[tuple[VenueTrade, accounting.Owner]],
    ) -> Move:
        new = accounting.distinct(owned, anchor.cursor.trade_id)
        slipped = [
            inverse.slipped(self._instrument, trade, self._mark(position, trade))
            for trade, owner in new
            if isinstance(owner, accounting.Ours)
        ]
        return Move(
            position=position.contracts - anchor.contracts,
            ours=outcome.own_moved,
            foreign=accounting.foreign_verdict(outcome.foreign),
            before=anchor.contracts,
            trades=[trade for trade, _ in new],
            slipped=sum(slipped, ZERO),
        )

    def _mark(self, position: Position, trade: VenueTrade) -> Decimal:
        """The mark recorded with a fill (R29): our order's, else the position's own, else the trade's price."""
        record = self._journal.intent_of_order(self._instrument.venue, self._instrument.symbol, trade.venue_order_id)
        if record is not None:
            return record.intent.mark
        return position.mark_price or trade.price

    async def _adopt(self, position: Position) -> Reconciled:
        """Lay the first anchor: at once when provably flat and quiet, after three equal readings otherwise."""
        records = self._resolver.unfinished()
        if any(not record.state.terminal for record in records):
            # After `resume --adopt`: what such an order may still move would be counted twice.
            return self._wait(why_waiting(records))
        self._surprise(position)
        read_at_ms = self._read_at_ms(position)
        quiet_since = TradeCursor(trade_id=None, time_ms=read_at_ms - QUIET_MS)
        trades = await self._venue.trades(self._instrument.symbol, quiet_since)
        last = trades[-1] if trades else None
        if last is not None and last.time_ms >= read_at_ms - LAG_MS:
            return self._wait("there were trades within the last 30 s; the position may lag behind them")
        needed = EQUAL_READINGS if position.contracts or trades else 1
        if not accounting.adopted(self._surprising, needed=needed):
            return self._wait("an existing position is read three times before it is adopted (R25)", soon=True)
        cursor = TradeCursor(
            trade_id=last.trade_id if last else None, time_ms=last.time_ms if last else read_at_ms - LAG_MS
        )
        anchor = Anchor(contracts=position.contracts, cursor=cursor, at_ms=position.stamp.answered_ms)
        settled = [record.intent.client_id for record in records]
        self._journal.confirm(self._instrument.venue, self._instrument.symbol, anchor, [], settled)
        self._surprising.clear()
        self._log.info(
            logs.POSITION_CONFIRMED, symbol=self._instrument.symbol, contracts=plain(position.contracts), adopted=True
        )
        return Reconciled(anchor=anchor, waiting="", unfilled=())

    def _surprise(self, position: Position) -> None:
        self._surprising = [*self._surprising, position][-EQUAL_READINGS:]
