"""What of the margin ladder must survive; the same journal as `bot.ports.Journal`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from bot.domain.ids import Symbol, VenueName
from bot.domain.intent import IntentRecord
from bot.domain.ladder import LadderStep, StepId, StepRecord
from bot.domain.moves import Move, MoveRecord
from bot.domain.orders import VenueTrade


class LadderJournal(Protocol):
    """Steps and moves (R27). What writes has committed with fsync when it returns; every method raises JournalFault."""

    def next_sequence(self) -> int:
        """The next sequence number of this epoch; reserved by the step or move that uses it."""
        ...

    def open_step(self, step: LadderStep) -> StepRecord:
        """Insert a step as OPEN. Raises InvariantBroken when the contract has an open one."""
        ...

    def end_step(self, record: StepRecord) -> None:
        """Store how an open step ended."""
        ...

    def newest_step(self, venue: VenueName, symbol: Symbol) -> StepRecord | None:
        """The newest step on a contract, open or over."""
        ...

    def legs(self, step_id: StepId) -> Sequence[IntentRecord]:
        """The orders of a step, on both markets, oldest first."""
        ...

    def arm_move(self, move: Move, step_id: StepId) -> MoveRecord:
        """Insert a move as ARMED. Raises InvariantBroken when the contract has one that is not terminal."""
        ...

    def update_move(self, record: MoveRecord) -> None:
        """Store what is newly known of a move."""
        ...

    def moves_of(self, step_id: StepId) -> Sequence[MoveRecord]:
        """The moves of a step, oldest first."""
        ...

    def moved_ms(self, venue: VenueName) -> int:
        """When the newest move on a venue, of any step, was known; 0 when there is none."""
        ...

    def settle_sale(self, record: IntentRecord, trades: Sequence[VenueTrade], mark: Decimal) -> None:
        """In one commit: the trades that an order on a spot market filled with, and that it is accounted for."""
        ...
