"""Steps of the margin ladder: what was decided, what was moved, which orders are theirs (R27)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from sqlalchemy.exc import IntegrityError

from bot.domain.errors import InvariantBroken
from bot.domain.ids import Epoch, Symbol, VenueName, epoch_of
from bot.domain.intent import IntentRecord
from bot.domain.ladder import LadderStep, StepId, StepRecord, StepState
from bot.domain.moves import Move, MoveRecord, MoveState
from bot.domain.orders import VenueTrade
from bot.journal import ladder_rows, rows
from bot.journal import ladder_statements as ladder
from bot.journal.database import Database
from bot.journal.fills import keep_order_fills

_STEP_LEARNT: Final = ("state", "detail", "updated_ms")
_MOVE_LEARNT: Final = ("state", "reference", "detail", "updated_ms")


class LadderBook:
    """The part of the journal that the margin ladder writes; see `bot.ports.LadderJournal`."""

    _database: Database
    _epoch: Epoch | None

    def open_step(self, step: LadderStep) -> StepRecord:
        """Insert a step as OPEN; InvariantBroken when the contract has one already."""
        record = StepRecord(step=step, state=StepState.OPEN, detail="", updated_ms=step.created_ms)
        self._check_epoch(step.step_id)
        try:
            row = ladder_rows.step_row(record)
        except ValueError as error:
            raise InvariantBroken(f"a ladder step that contradicts itself: {error}") from error
        with self._database.writing() as connection:
            try:
                connection.execute(ladder.OPEN_STEP, row)
            except IntegrityError as error:
                raise InvariantBroken(
                    f"ladder step {step.step_id} on {step.symbol} of {step.venue} must not begin: its id was used, "
                    f"or another step there is open ({error.orig})"
                ) from error
        return record

    def end_step(self, record: StepRecord) -> None:
        """Store how a step ended; InvariantBroken when it is not open."""
        row = ladder_rows.step_row(record)
        step_id = record.step.step_id
        with self._database.writing() as connection:
            stored = connection.execute(ladder.ONE_STEP, {"one": step_id}).mappings().first()
            before = None if stored is None else self._database.parsed(stored, ladder_rows.step_of)
            if before is None or before.step != record.step or before.state is not StepState.OPEN:
                raise InvariantBroken(f"ladder step {step_id} is not open, or another one, so it can't end")
            connection.execute(ladder.UPDATE_STEP, {"one": step_id} | {name: row[name] for name in _STEP_LEARNT})

    def newest_step(self, venue: VenueName, symbol: Symbol) -> StepRecord | None:
        """The newest step on a contract, open or over."""
        found = self._database.kept(ladder.NEWEST_STEP, ladder_rows.step_of, venue=venue, symbol=symbol)
        return next(iter(found), None)

    def steps(self, venue: VenueName, symbol: Symbol) -> Sequence[StepRecord]:
        """Every step on a contract, oldest first; for reports."""
        return self._database.rows(ladder.STEPS_OF, ladder_rows.step_of, venue=venue, symbol=symbol)

    def open_steps(self) -> Sequence[StepRecord]:
        """Every step that is open; for `uncovered` and `status`."""
        return self._database.rows(ladder.OPEN_STEPS, ladder_rows.step_of)

    def legs(self, step_id: StepId) -> Sequence[IntentRecord]:
        """The orders of a step, on both markets, oldest first."""
        return self._database.rows(ladder.LEGS_OF, rows.record_of, one=step_id)

    def arm_move(self, move: Move, step_id: StepId) -> MoveRecord:
        """Insert a move as ARMED; InvariantBroken when another one for the contract is not finished."""
        record = MoveRecord(move=move, state=MoveState.ARMED, reference=None, detail="", updated_ms=move.created_ms)
        self._check_epoch(move.move_id)
        try:
            row = ladder_rows.move_row(record) | {"step": step_id}
        except ValueError as error:
            raise InvariantBroken(f"a move that contradicts itself: {error}") from error
        with self._database.writing() as connection:
            try:
                connection.execute(ladder.ARM_MOVE, row)
            except IntegrityError as error:
                raise InvariantBroken(
                    f"move {move.move_id} for {move.request.symbol} of {move.request.venue} must not be sent: its id "
                    f"was used, it is of no step, or another move there is not finished ({error.orig})"
                ) from error
        return record

    def update_move(self, record: MoveRecord) -> None:
        """Store what is newly known; InvariantBroken when it takes back what is already known."""
        row = ladder_rows.move_row(record)
        move_id = record.move.move_id
        with self._database.writing() as connection:
            stored = connection.execute(ladder.ONE_MOVE, {"one": move_id}).mappings().first()
            before = None if stored is None else self._database.parsed(stored, ladder_rows.move_of)
            if before is None or before.move != record.move or before.state.terminal:
                raise InvariantBroken(f"move {move_id} is over, or another one, so nothing more is known of it")
            connection.execute(ladder.UPDATE_MOVE, {"one": move_id} | {name: row[name] for name in _MOVE_LEARNT})

    def moves_of(self, step_id: StepId) -> Sequence[MoveRecord]:
        """The moves of a step, oldest first."""
        return self._database.rows(ladder.MOVES_OF, ladder_rows.move_of, one=step_id)

    def moved_ms(self, venue: VenueName) -> int:
        """When the newest move on a venue was known; 0 when there is none."""
        return self._database.rows(ladder.MOVED, lambda row: int(row["newest"]), at=venue)[0]

    def settle_sale(self, record: IntentRecord, trades: Sequence[VenueTrade], mark: Decimal) -> None:
        """In one commit: the trades that an order on a spot market filled with, and that it is accounted for.

        Args:
            record: terminal, and filled with just these trades.
            trades: all of the order.
            mark: quote per coin then.
        """
        keep_order_fills(self._database, record, trades, mark)

    def _check_epoch(self, made: str) -> None:
        if self._epoch is None or epoch_of(made) != self._epoch:
            raise InvariantBroken(f"{made} is not of this start's epoch {self._epoch}")
