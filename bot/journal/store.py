"""`SqlJournal`: the Journal of `bot.ports` on SQLite."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from sqlalchemy import Connection, Select, delete, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import IntegrityError

from bot.domain.errors import InvariantBroken
from bot.domain.ids import ClientOrderId, Epoch, HedgeName, Symbol, VenueName, VenueOrderId, epoch_of
from bot.domain.intent import AbsenceRead, Intent, IntentRecord, IntentState
from bot.domain.numbers import ZERO
from bot.domain.orders import VenueTrade
from bot.domain.plan import Plan
from bot.journal import rows
from bot.journal.database import Database
from bot.journal.lock import JournalLock
from bot.journal.plans import plan_facts, plan_of, sameness
from bot.journal.schema import ABSENCES, ANCHORS, DECISIONS, EPOCHS, FILLS, HALTS, INTENTS, MEMORY
from bot.ports import Anchor, DecisionRow, Halt

DECISIONS_KEPT: Final = 10_000
"""Per hedge; older ones are dropped."""

_LIVE: Final = tuple(state.value for state in IntentState if not state.terminal)


class SqlJournal:
    """See `bot.ports.Journal` for what each method promises. Use it from one thread."""

    def __init__(self, database: Database, lock: JournalLock | None, *, decisions_kept: int = DECISIONS_KEPT) -> None:
        self._database = database
        self._lock = lock
        self._decisions_kept = decisions_kept
        self._epoch: Epoch | None = None

    @classmethod
    def open(cls, path: Path, *, now_ms: int, dry_run: bool = False) -> Self:
        """Open for a bot: make the file when it is missing, take its lock, bring it up to date.

        Args:
            path: `[journal] path`.
            now_ms: our clock, for the lock's message.
            dry_run: use PATH.dry-run instead, without a lock (R31).

        Raises:
            JournalFault: in use by another process, not writable, no journal, or of a newer hedgebot.
        """
        if dry_run:
            return cls._prepared(Database(path.with_name(path.name + ".dry-run"), "rwc"), None)
        return cls._prepared(Database(path, "rwc"), JournalLock.acquire(path, now_ms=now_ms))

    @classmethod
    def open_beside(cls, path: Path) -> Self:
        """Open to write beside a running bot, for an operator's command: no lock, and the file must be there.

        Raises:
            JournalFault: there is no journal, or it can't be written.
        """
        return cls._prepared(Database(path, "rw"), None)

    @classmethod
    def open_readonly(cls, path: Path) -> Self:
        """Open to look, whether or not a bot runs on it, and however the last one ended.

        Raises:
            JournalFault: there is no journal, or it can't be read.
        """
        return cls._prepared(Database(path, "ro"), None)

    @classmethod
    def _prepared(cls, database: Database, lock: JournalLock | None) -> Self:
        journal = cls(database, lock)
        try:
            database.prepare()
        except BaseException:
            journal.close()
            raise
        return journal

    def close(self) -> None:
        """Close the file, then let the lock go; again is no error."""
        self._database.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Epochs, R19

    def begin_epoch(self, epoch: Epoch, now_ms: int) -> None:
        """Commit this start's epoch; InvariantBroken when it was drawn before."""
        with self._database.writing() as connection:
            connection.execute(insert(EPOCHS).values(epoch=epoch, started_ms=now_ms))
        self._epoch = epoch

    def fresh(self) -> bool:
        """Whether no epoch but this one was ever begun."""
        return len(self._database.rows(select(EPOCHS.c.epoch).limit(2), dict)) < 2

    def knows_epoch(self, epoch: Epoch) -> bool:
        """Whether the epoch is one of this journal's."""
        return bool(self._database.rows(select(EPOCHS).where(EPOCHS.c.epoch == epoch), dict))

    def next_sequence(self) -> int:
        """One more than the highest of this epoch's intents; InvariantBroken before `begin_epoch`."""
        highest = select(func.coalesce(func.max(INTENTS.c.sequence), 0).label("highest"))
        mine = highest.where(INTENTS.c.epoch == self._begun())
        return self._database.rows(mine, lambda row: int(row["highest"]))[0] + 1

    # The life of an intent: R17 to R22

    def arm(self, intent: Intent) -> IntentRecord:
        """Insert an intent as ARMED; InvariantBroken when the id is not of this epoch, or R18 stands against it."""
        record = IntentRecord(
            intent=intent,
            state=IntentState.ARMED,
            filled=ZERO,
            average_price=None,
            venue_order_id=None,
            settled=False,
            detail="",
            updated_ms=intent.created_ms,
        )
        if epoch_of(intent.client_id) != self._begun():
            raise InvariantBroken(f"{intent.client_id} is not of this start's epoch {self._epoch}")
        row = _checked(record)
        with self._database.writing() as connection:
            try:
                connection.execute(insert(INTENTS).values(row))
            except IntegrityError as error:
                raise InvariantBroken(
                    f"order {intent.client_id} on {intent.request.symbol} of {intent.request.venue} must not be sent: "
                    f"its id was used, or another order there is not finished ({error.orig})"
                ) from error
        return record

    def update(self, record: IntentRecord) -> None:
        """Store what is newly known; InvariantBroken when it takes back what is already known."""
        row = _checked(record)
        client_id = record.intent.client_id
        with self._database.writing() as connection:
            stored = connection.execute(select(INTENTS).where(INTENTS.c.client_id == client_id)).mappings().first()
            if stored is None:
                raise InvariantBroken(f"{client_id} was never armed")
            before = rows.record_of(stored)
            if before.intent != record.intent:
                raise InvariantBroken(f"{client_id}: an intent can't change after it was armed")
            if record.filled < before.filled or (before.state.terminal and not record.state.terminal):
                raise InvariantBroken(
                    f"{client_id} can't go from {before.state.value} with {before.filled} filled "
                    f"to {record.state.value} with {record.filled}"
                )
            connection.execute(update(INTENTS).where(INTENTS.c.client_id == client_id).values(row))

    def intent(self, client_id: ClientOrderId) -> IntentRecord | None:
        """One intent by its id."""
        return self._one(select(INTENTS).where(INTENTS.c.client_id == client_id))

    def intent_of_order(self, venue: VenueName, symbol: Symbol, order_id: VenueOrderId) -> IntentRecord | None:
        """One intent by the venue's order id."""
        return self._one(_intents(venue, symbol).where(INTENTS.c.venue_order_id == order_id))

    def unfinished(self, venue: VenueName, symbol: Symbol) -> Sequence[IntentRecord]:
        """Not terminal, or not settled; oldest first."""
        open_ones = _intents(venue, symbol).where(or_(INTENTS.c.state.in_(_LIVE), ~INTENTS.c.settled))
        return self._database.rows(open_ones, rows.record_of)

    def all_unfinished(self) -> Sequence[IntentRecord]:
        """Like `unfinished`, of every instrument; for `status`."""
        open_ones = select(INTENTS).where(or_(INTENTS.c.state.in_(_LIVE), ~INTENTS.c.settled)).order_by(INTENTS.c.id)
        return self._database.rows(open_ones, rows.record_of)

    def recent(self, venue: VenueName, symbol: Symbol, since_ms: int) -> Sequence[IntentRecord]:
        """Created since; oldest first."""
        return self._database.rows(_intents(venue, symbol).where(INTENTS.c.created_ms >= since_ms), rows.record_of)

    def add_absence(self, client_id: ClientOrderId, read: AbsenceRead) -> None:
        """Keep one absence reading."""
        with self._database.writing() as connection:
            connection.execute(insert(ABSENCES).values(rows.absence_row(client_id, read)))

    def absences(self, client_id: ClientOrderId) -> Sequence[AbsenceRead]:
        """All absence readings of an intent, oldest first."""
        found = select(ABSENCES).where(ABSENCES.c.client_id == client_id).order_by(ABSENCES.c.id)
        return self._database.rows(found, rows.absence_of)

    # The confirmed position and its trades (R23)

    def anchor(self, venue: VenueName, symbol: Symbol) -> Anchor | None:
        """The last confirmed position."""
        found = select(ANCHORS).where(ANCHORS.c.venue == venue, ANCHORS.c.symbol == symbol)
        return next(iter(self._database.rows(found, rows.anchor_of)), None)

    def confirm(
        self,
        venue: VenueName,
        symbol: Symbol,
        anchor: Anchor,
        trades: Sequence[tuple[VenueTrade, ClientOrderId | None, Decimal]],
        settled: Sequence[ClientOrderId],
    ) -> None:
        """In one commit. A client id given with a trade must be of an intent in this journal.

        A trade that is already there is the same trade; InvariantBroken when it tells something else now.
        """
        with self._database.writing() as connection:
            row = rows.anchor_row(venue, symbol, anchor)
            connection.execute(
                upsert(ANCHORS).values(row).on_conflict_do_update(index_elements=["venue", "symbol"], set_=row)
            )
            for trade, client_id, mark in trades:
                _keep_fill(connection, venue, symbol, trade, client_id, mark)
            for client_id in settled:
                done = update(INTENTS).values(settled=True)
                mine = done.where(
                    INTENTS.c.client_id == client_id, INTENTS.c.venue == venue, INTENTS.c.symbol == symbol
                )
                if connection.execute(mine).rowcount != 1:
                    raise InvariantBroken(f"{client_id} is no intent on {symbol} of {venue}, so it can't be settled")

    def fills(self, venue: VenueName, symbol: Symbol) -> Sequence[tuple[VenueTrade, ClientOrderId | None, Decimal]]:
        """Every confirmed trade, whose order it was, and the mark then; in the order they were confirmed."""
        found = select(FILLS).where(FILLS.c.venue == venue, FILLS.c.symbol == symbol).order_by(FILLS.c.id)
        return self._database.rows(found, rows.fill_of)

    # Decisions and what they remember

    def memory(self, hedge: HedgeName) -> Mapping[str, str]:
        """What the decision must remember; empty at first."""
        found = select(MEMORY).where(MEMORY.c.hedge == hedge)
        return next(iter(self._database.rows(found, lambda row: rows.memory_of(row["remembered"]))), {})

    def remember(self, hedge: HedgeName, memory: Mapping[str, str]) -> None:
        """Replace what the decision remembers."""
        text = rows.memory_text(memory)
        statement = upsert(MEMORY).values(hedge=hedge, remembered=text)
        with self._database.writing() as connection:
            connection.execute(
                statement.on_conflict_do_update(index_elements=["hedge"], set_={"remembered": text}),
            )

    def record_decision(self, now_ms: int, plan: Plan) -> None:
        """Keep a decision. Of equal ones in a row (but for prices and times), the first and the newest stay."""
        facts = plan_facts(plan)
        text = json.dumps(facts)
        hedge = plan.view.hedge
        mine = DECISIONS.c.hedge == hedge
        with self._database.writing() as connection:
            newest = connection.execute(select(DECISIONS).where(mine).order_by(DECISIONS.c.id.desc()).limit(1)).first()
            same = newest is not None and sameness(plan_of(newest.plan)) == sameness(facts)
            if newest is not None and same and not newest.first:
                again = update(DECISIONS).where(DECISIONS.c.id == newest.id)
                connection.execute(again.values(time_ms=now_ms, plan=text))
                return
            connection.execute(insert(DECISIONS).values(hedge=hedge, time_ms=now_ms, first=not same, plan=text))
            beyond = select(DECISIONS.c.id).where(mine).order_by(DECISIONS.c.id.desc()).offset(self._decisions_kept)
            connection.execute(delete(DECISIONS).where(mine, DECISIONS.c.id <= beyond.limit(1).scalar_subquery()))

    def decisions(self, hedge: HedgeName) -> Sequence[DecisionRow]:
        """All kept decisions of a hedge, oldest first."""
        return self._decisions(select(DECISIONS).where(DECISIONS.c.hedge == hedge))

    def last_decisions(self) -> Sequence[DecisionRow]:
        """The newest decision of every hedge."""
        newest = select(func.max(DECISIONS.c.id)).group_by(DECISIONS.c.hedge)
        return self._decisions(select(DECISIONS).where(DECISIONS.c.id.in_(newest)))

    # Halts

    def halt(self, halt: Halt) -> None:
        """Keep a halt, unless the same one is open."""
        with self._database.writing() as connection:
            connection.execute(upsert(HALTS).values(rows.halt_row(halt)).on_conflict_do_nothing())

    def halts(self) -> Sequence[Halt]:
        """Halts that nobody has cleared, oldest first."""
        found = select(HALTS).where(HALTS.c.cleared_ms.is_(None)).order_by(HALTS.c.id)
        return self._database.rows(found, rows.halt_of)

    def clear_halts(self, now_ms: int) -> int:
        """Clear all halts; returns how many there were."""
        with self._database.writing() as connection:
            open_ones = update(HALTS).where(HALTS.c.cleared_ms.is_(None))
            return connection.execute(open_ones.values(cleared_ms=now_ms)).rowcount

    def _begun(self) -> Epoch:
        if self._epoch is None:
            raise InvariantBroken("no epoch was begun, so no order can be named (R19)")
        return self._epoch

    def _one(self, statement: Select[tuple[object, ...]]) -> IntentRecord | None:
        return next(iter(self._database.rows(statement, rows.record_of)), None)

    def _decisions(self, statement: Select[tuple[object, ...]]) -> Sequence[DecisionRow]:
        return self._database.rows(
            statement.order_by(DECISIONS.c.id),
            lambda row: DecisionRow(time_ms=row["time_ms"], hedge=HedgeName(row["hedge"]), plan=plan_of(row["plan"])),
        )


def _intents(venue: VenueName, symbol: Symbol) -> Select[tuple[object, ...]]:
    return select(INTENTS).where(INTENTS.c.venue == venue, INTENTS.c.symbol == symbol).order_by(INTENTS.c.id)


def _checked(record: IntentRecord) -> dict[str, object]:
    try:
        return rows.record_row(record)
    except ValueError as error:
        raise InvariantBroken(f"an intent that contradicts itself: {error}") from error


def _keep_fill(
    connection: Connection,
    venue: VenueName,
    symbol: Symbol,
    trade: VenueTrade,
    client_id: ClientOrderId | None,
    mark: Decimal,
) -> None:
    if trade.symbol != symbol:
        raise InvariantBroken(f"trade {trade.trade_id} is on {trade.symbol}, not on {symbol}")
    key = (FILLS.c.venue == venue) & (FILLS.c.symbol == symbol) & (FILLS.c.trade_id == trade.trade_id)
    stored = connection.execute(select(FILLS).where(key)).mappings().first()
    if stored is None:
        try:
            row = rows.fill_row(venue, trade, client_id, mark)
        except ValueError as error:
            raise InvariantBroken(f"a trade that contradicts itself: {error}") from error
        connection.execute(insert(FILLS).values(row))
    elif rows.fill_of(stored)[:2] != (trade, client_id):
        raise InvariantBroken(f"trade {trade.trade_id} on {symbol} of {venue} tells something else than before")
