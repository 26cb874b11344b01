"""Moves of the margin ladder: durable first, sent once, looked for in the venue's history (R17 to R22, R27)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from decimal import Decimal
from typing import Final

from structlog.typing import FilteringBoundLogger

from bot import logs
from bot.core.absence import READS_NEEDED
from bot.core.ladder_steps import tagged
from bot.domain.errors import NotOffered
from bot.domain.ids import Asset, Epoch, client_order_id
from bot.domain.ladder import LadderStep
from bot.domain.moves import Move, Moved, MoveId, MoveKind, MoveOutcome, MoveRecord, MoveRequest, MoveState, VenueMove
from bot.domain.numbers import plain
from bot.domain.orders import OutcomeUnknown, Rejected
from bot.domain.policy import Timing
from bot.ports import Clock, LadderJournal, Treasury, Venue
from bot.runtime.executor import NotSent

BEFORE_MS: Final = 5_000
"""A venue dates a move no earlier than this before the request was signed."""
LOOK_BACK_MS: Final = 60_000
SLIGHT: Final = Decimal("0.1")
"""Of the amount of a move: what funding may change the margin by meanwhile."""


class Mover:
    """One for each hedge. Keeps only what may be forgotten: when a move was looked for in vain."""

    def __init__(
        self,
        *,
        venue: Venue,
        treasury: Treasury,
        journal: LadderJournal,
        clock: Clock,
        epoch: Epoch,
        timing: Timing,
        logger: FilteringBoundLogger,
    ) -> None:
        self._venue = venue
        self._treasury = treasury
        self._journal = journal
        self._clock = clock
        self._epoch = epoch
        self._timing = timing
        self._log = logger
        self._looked: dict[MoveId, list[int]] = {}

    async def send(
        self,
        step: LadderStep,
        kind: MoveKind,
        asset: Asset,
        amount: Decimal,
        *,
        wallet: Decimal | None,
        still_good: Callable[[], str],
    ) -> MoveRecord:
        """Make a move durable, send it once, record what became of it.

        Args:
            step: what it is part of.
            kind: what is moved where.
            asset: the settle currency.
            amount: rounded; the move's own tag is added.
            wallet: margin of the isolated position now, without unrealised P&L; None under cross margin.
            still_good: asked after the wait for the rate limits: why nothing may leave any more, or nothing.

        Raises:
            JournalFault: it could not be made durable, and nothing was sent; or what became of it could not be
                recorded: it then stands as ARMED and is looked for.
            VenueBusy: rate limited or banned; nothing was sent.
            NotSent: `still_good` objected; nothing was recorded or sent.
            InvariantBroken: another move for the contract is not finished.
        """
        await self._venue.order_slot(step.symbol)
        objection = still_good()
        if objection:
            raise NotSent(objection)
        sequence, timestamp_ms = self._journal.next_sequence(), self._venue.now_ms()
        move = Move(
            move_id=MoveId(client_order_id(self._epoch, sequence)),
            hedge=step.hedge,
            request=MoveRequest(
                venue=step.venue, kind=kind, symbol=step.symbol, asset=asset, amount=tagged(amount, sequence)
            ),
            created_ms=self._clock.now_ms(),
            timestamp_ms=timestamp_ms,
            deadline_ms=timestamp_ms + self._venue.recv_window_ms(),
            wallet_before=wallet,
        )
        record = self._journal.arm_move(move, step.step_id)
        log = self._log.bind(move_id=move.move_id, move=kind, symbol=step.symbol)
        log.info(logs.MOVE_ARMED, amount=plain(move.request.amount), asset=asset)
        record = self._keep(record, *_state_of(await self._treasury.move(record)))
        log.info(logs.MOVE_ENDED, state=record.state, detail=record.detail)
        return record

    async def resolve(
        self, record: MoveRecord, taken: Collection[str], wallet: tuple[Decimal, int] | None
    ) -> MoveRecord:
        """Look in the venue's history for a move whose end is not known. Raises VenueFault, JournalFault.

        Args:
            record: not terminal.
            taken: references of other moves of ours.
            wallet: margin of the isolated position, 0 when it is closed, and when it was asked for; of a venue that
                keeps no history it tells whether the move was done.

        Returns:
            It as it is known now: DONE when the venue tells of it, NO_EFFECT_PROVEN when it never did in three
            readings far enough apart, the last late enough (R22).
        """
        if record.state is MoveState.ARMED:
            record = self._keep(record, MoveState.UNKNOWN, None, "its answer was not kept")
        move, asked_ms = record.move, self._venue.now_ms()
        since_ms = move.timestamp_ms - LOOK_BACK_MS
        try:
            history = await self._treasury.moves(move.request.kind, move.request.symbol, since_ms)
        except NotOffered:
            return self._by_wallet(record, wallet, asked_ms)
        for told in history:
            if _is(move, told) and told.reference not in taken:
                return self._keep(record, MoveState.DONE, told.reference, "found in the venue's history")
        return self._absent(record, asked_ms, "the venue's history does not tell of it")

    def _by_wallet(self, record: MoveRecord, wallet: tuple[Decimal, int] | None, asked_ms: int) -> MoveRecord:
        """Judge by the margin itself, which funding alone moves a little besides; else a person must look."""
        move = record.move
        if wallet is None or move.wallet_before is None or wallet[1] <= record.updated_ms:
            return record
        if not wallet[0]:
            return self._absent(record, asked_ms, "the position is closed, and what margin it had is free")
        grown, amount = wallet[0] - move.wallet_before, move.request.amount
        if abs(grown - amount) <= SLIGHT * amount:
            return self._keep(record, MoveState.DONE, None, f"the margin grew by {plain(grown)}")
        if abs(grown) <= SLIGHT * amount:
            return self._absent(record, asked_ms, "the margin did not grow")
        self._looked.pop(move.move_id, None)
        return record

    def _absent(self, record: MoveRecord, asked_ms: int, why: str) -> MoveRecord:
        """Take one reading in that did not show the move, and judge all of them."""
        move = record.move
        reads = self._looked.setdefault(move.move_id, [])
        if not reads or asked_ms - reads[-1] >= int(self._timing.proof_spacing_s * 1000):
            reads.append(asked_ms)
        late_ms = move.deadline_ms + int(self._timing.proof_grace_s * 1000)
        if len(reads) >= READS_NEEDED and reads[-1] > late_ms:
            detail = f"{why}, in {len(reads)} readings, the last one at {reads[-1]} (venue time)"
            return self._keep(record, MoveState.NO_EFFECT_PROVEN, None, detail)
        return record

    def _keep(self, record: MoveRecord, state: MoveState, reference: str | None, detail: str) -> MoveRecord:
        kept = replace(
            record, state=state, reference=reference, detail=logs.redact(detail), updated_ms=self._clock.now_ms()
        )
        self._journal.update_move(kept)
        if kept.state.terminal:
            self._looked.pop(record.move.move_id, None)
        return kept


def _is(move: Move, told: VenueMove) -> bool:
    """Whether the venue tells of this move: by our id where it keeps one, else by its amount, which no other has."""
    if told.move_id is not None:
        return told.move_id == move.move_id
    request = move.request
    return (told.asset, told.amount) == (request.asset, request.amount) and told.time_ms >= (
        move.timestamp_ms - BEFORE_MS
    )


def _state_of(outcome: MoveOutcome) -> tuple[MoveState, str | None, str]:
    match outcome:
        case Moved(reference=reference):
            return MoveState.DONE, reference or None, ""
        case Rejected(code=code, message=message):
            return MoveState.REJECTED, None, f"{code} {message}".strip()
        case OutcomeUnknown(detail=detail):
            return MoveState.UNKNOWN, None, detail
