"""`SqlJournal`: the Journal of `bot.ports` on SQLite."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from bot.domain.errors import InvariantBroken, JournalFault
from bot.domain.ids import ClientOrderId, Epoch, HedgeName, Symbol, VenueName, VenueOrderId
from bot.domain.intent import AbsenceRead, Intent, IntentRecord
from bot.domain.ladder import StepId
from bot.domain.orders import Anchor, VenueTrade
from bot.domain.plan import Plan
from bot.domain.trader import TraderOutcome
from bot.journal import rows
from bot.journal import statements as sql
from bot.journal.arming import armed, checked
from bot.journal.database import Database
from bot.journal.exits import ExitBook
from bot.journal.fills import keep_fill
from bot.journal.funding import FundingBook
from bot.journal.ladder import LadderBook
from bot.journal.ladder_statements import END_MOVES, END_STEPS, HIGHEST_SEQUENCE
from bot.journal.lock import JournalLock
from bot.journal.pair_statements import END_PAIRS
from bot.journal.pairs import PairBook
from bot.journal.plans import kept_outcome, plan_facts, plan_of, sameness
from bot.journal.standing import Standing
from bot.ports import DecisionRow, Halt

DECISIONS_KEPT: Final = 10_000
"""Per hedge; older ones are dropped."""

_MINUTE_MS: Final = 60_000

ABSENCES_KEPT: Final = 20
"""Per intent: the proof of R22 rests on the newest few, and a reading that is not clean voids all before it."""

READOPTED: Final = "re-adopted by an operator"
"""Why an intent is settled whose fill was never found in the position."""

_LEARNT: Final = ("state", "filled", "average_price", "venue_order_id", "settled", "detail", "updated_ms")
"""The columns of an intent that change after it was armed."""


class SqlJournal(Standing, FundingBook, LadderBook, PairBook, ExitBook):
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

    # Where it was written

    def bind(self, world: Mapping[VenueName, str], now_ms: int) -> None:
        """Keep the identity of each new venue; JournalFault, and nothing kept, when one had another."""
        with self._database.writing() as connection:
            bound = {row["venue"]: row["identity"] for row in connection.execute(sql.ALL_WORLDS).mappings()}
            for venue, identity in world.items():
                if venue not in bound:
                    connection.execute(sql.BIND, {"venue": venue, "identity": identity, "bound_ms": now_ms})
                elif bound[venue] != identity:
                    raise JournalFault(
                        f"journal {self._database.path} was written for {venue} as {bound[venue]}, not as {identity}",
                        hint="use another [journal] path, or remove the old file if that account is gone: "
                        "the short is then adopted",
                    )

    def worlds(self) -> Sequence[str]:
        """The identities that the journal is bound to; empty before the first `bind`."""
        return [str(row["identity"]) for row in self._database.rows(sql.ALL_WORLDS, dict)]

    def forget_world(self) -> None:
        """Drop everything but the epochs, which keep ids from repeating (R19): the world it spoke of is gone."""
        with self._database.writing() as connection:
            for statement in sql.FORGET_WORLD:
                connection.execute(statement)

    # Epochs, R19

    def begin_epoch(self, epoch: Epoch, now_ms: int) -> None:
        """Commit this start's epoch; InvariantBroken when it was drawn before."""
        with self._database.writing() as connection:
            connection.execute(sql.BEGIN_EPOCH, {"epoch": epoch, "started_ms": now_ms})
        self._epoch = epoch

    def knows_epoch(self, epoch: Epoch) -> bool:
        """Whether the epoch is one of this journal's."""
        return bool(self._database.rows(sql.ONE_EPOCH, dict, one=epoch))

    def next_sequence(self) -> int:
        """One more than the highest of what this epoch has numbered; InvariantBroken before `begin_epoch`."""
        highest = self._database.rows(HIGHEST_SEQUENCE, lambda row: int(row["highest"]), one=self._begun())
        return highest[0] + 1

    # The life of an intent: R17 to R22

    def arm(self, intent: Intent, *, step: StepId | None = None) -> IntentRecord:
        """Insert an intent as ARMED; InvariantBroken when the id is not of this epoch, or R18 stands against it."""
        record, row = armed(intent, self._begun())
        row |= {"step": step, "pair": None}
        with self._database.writing() as connection:
            try:
                connection.execute(sql.ARM, row)
            except IntegrityError as error:
                raise InvariantBroken(
                    f"order {intent.client_id} on {intent.request.symbol} of {intent.request.venue} must not be sent: "
                    f"its id was used, or another order there is not finished ({error.orig})"
                ) from error
        return record

    def update(self, record: IntentRecord) -> None:
        """Store what is newly known; InvariantBroken when it takes back what is already known."""
        row = checked(record)
        client_id = record.intent.client_id
        with self._database.writing() as connection:
            stored = connection.execute(sql.ONE_INTENT, {"one": client_id}).mappings().first()
            if stored is None:
                raise InvariantBroken(f"{client_id} was never armed")
            before = self._database.parsed(stored, rows.record_of)
            if before.intent != record.intent:
                raise InvariantBroken(f"{client_id}: an intent can't change after it was armed")
            if record.filled < before.filled or (before.state.terminal and not record.state.terminal):
                raise InvariantBroken(
                    f"{client_id} can't go from {before.state.value} with {before.filled} filled "
                    f"to {record.state.value} with {record.filled}"
                )
            connection.execute(sql.UPDATE_INTENT, {"one": client_id} | {name: row[name] for name in _LEARNT})

    def intent(self, client_id: ClientOrderId) -> IntentRecord | None:
        """One intent by its id."""
        return next(iter(self._database.rows(sql.ONE_INTENT, rows.record_of, one=client_id)), None)

    def intent_of_order(self, venue: VenueName, symbol: Symbol, order_id: VenueOrderId) -> IntentRecord | None:
        """One intent by the venue's order id."""
        found = self._database.rows(sql.INTENT_OF_ORDER, rows.record_of, venue=venue, symbol=symbol, order_id=order_id)
        return next(iter(found), None)

    def unfinished(self, venue: VenueName, symbol: Symbol) -> Sequence[IntentRecord]:
        """Not terminal, or not settled; oldest first."""
        return self._database.kept(sql.UNFINISHED, rows.record_of, venue=venue, symbol=symbol)

    def all_unfinished(self) -> Sequence[IntentRecord]:
        """Like `unfinished`, of every instrument; for `status`."""
        return self._database.rows(sql.ALL_UNFINISHED, rows.record_of)

    def uncovered(self, covered: Collection[tuple[VenueName, Symbol]]) -> Sequence[tuple[VenueName, Symbol]]:
        """Not in `covered`, with a confirmed position, an unfinished intent, an open step or trade; sorted."""
        held = {place for place, anchor in self.anchors() if anchor.contracts}
        held |= {(record.step.venue, record.step.symbol) for record in self.open_steps()}
        open_trades = [story.record.trade for story in self.unfinished_pairs()]
        held |= {(leg.venue, leg.symbol) for trade in open_trades for leg in (trade.buy, trade.sell)}
        requests = (record.intent.request for record in self.all_unfinished())
        return sorted((held | {(request.venue, request.symbol) for request in requests}) - set(covered))

    def recent(self, venue: VenueName, symbol: Symbol, since_ms: int) -> Sequence[IntentRecord]:
        """Created since; oldest first."""
        # A minute more is asked for, so that the question is the same one for a minute.
        whole_ms = since_ms - since_ms % _MINUTE_MS
        found = self._database.kept(sql.RECENT, rows.record_of, venue=venue, symbol=symbol, since_ms=whole_ms)
        return tuple(record for record in found if record.intent.created_ms >= since_ms)

    def add_absence(self, client_id: ClientOrderId, read: AbsenceRead) -> None:
        """Keep one absence reading, and drop those that no proof needs any more."""
        with self._database.writing() as connection:
            connection.execute(sql.ADD_ABSENCE, rows.absence_row(client_id, read))
            connection.execute(sql.DROP_OLD_ABSENCES, {"one": client_id, "kept": ABSENCES_KEPT})

    def absences(self, client_id: ClientOrderId) -> Sequence[AbsenceRead]:
        """The kept absence readings of an intent, oldest first."""
        return self._database.rows(sql.ABSENCES_OF, rows.absence_of, one=client_id)

    # The confirmed position and its trades: R23

    def anchor(self, venue: VenueName, symbol: Symbol) -> Anchor | None:
        """The last confirmed position."""
        return next(iter(self._database.kept(sql.ONE_ANCHOR, rows.anchor_of, venue=venue, symbol=symbol)), None)

    def anchors(self) -> Sequence[tuple[tuple[VenueName, Symbol], Anchor]]:
        """Every confirmed position, by instrument; for `uncovered` and `resume`."""
        return self._database.rows(sql.ALL_ANCHORS, rows.placed_anchor_of)

    def drop_anchors(self, now_ms: int) -> int:
        """Forget all confirmed positions, and settle what could only be found from them; returns how many."""
        with self._database.writing() as connection:
            for statement in (sql.SETTLE_UNFOUND, END_MOVES, END_STEPS, END_PAIRS):
                connection.execute(statement, {"why": READOPTED, "now_ms": now_ms})
            return connection.execute(sql.DROP_ANCHORS).rowcount

    def confirm(
        self,
        venue: VenueName,
        symbol: Symbol,
        anchor: Anchor,
        trades: Sequence[tuple[VenueTrade, ClientOrderId | None, Decimal]],
        settled: Sequence[ClientOrderId],
        *,
        halt: Halt | None = None,
        memory: tuple[HedgeName, Mapping[str, str]] | None = None,
    ) -> None:
        """In one commit. A client id given with a trade must be of an intent in this journal.

        A trade that is already there is the same trade; InvariantBroken when it tells something else now.
        """
        with self._database.writing() as connection:
            connection.execute(sql.REPLACE_ANCHOR, rows.anchor_row(venue, symbol, anchor))
            for trade, client_id, mark in trades:
                if trade.symbol != symbol:
                    raise InvariantBroken(f"trade {trade.trade_id} is on {trade.symbol}, not on {symbol}")
                keep_fill(self._database, connection, venue, trade, client_id, mark)
            for client_id in settled:
                row = {"one": client_id, "at": venue, "on": symbol, "settled": True}
                if connection.execute(sql.SETTLE, row).rowcount != 1:
                    raise InvariantBroken(f"{client_id} is no intent on {symbol} of {venue}, so it can't be settled")
            if halt is not None:
                connection.execute(sql.KEEP_HALT, rows.halt_row(halt))
            if memory is not None:
                _remember(connection, *memory)

    def fills(self, venue: VenueName, symbol: Symbol) -> Sequence[tuple[VenueTrade, ClientOrderId | None, Decimal]]:
        """Every confirmed trade, whose order it was, and the mark then; in the order they were confirmed."""
        return self._database.rows(sql.FILLS_OF, rows.fill_of, venue=venue, symbol=symbol)

    def fill_counts(self) -> Mapping[tuple[VenueName, Symbol], int]:
        """How many trades are confirmed on each instrument; for `status`."""
        return dict(
            self._database.rows(
                sql.FILL_COUNTS, lambda row: ((VenueName(row["venue"]), Symbol(row["symbol"])), int(row["fills"]))
            )
        )

    # Decisions and what they remember

    def memory(self, hedge: HedgeName) -> Mapping[str, str]:
        """What the decision must remember; empty at first."""
        found = self._database.rows(sql.ONE_MEMORY, lambda row: rows.memory_of(row["remembered"]), one=hedge)
        return next(iter(found), {})

    def remember(self, hedge: HedgeName, memory: Mapping[str, str]) -> None:
        """Replace what the decision remembers."""
        with self._database.writing(notes=True) as connection:
            _remember(connection, hedge, memory)

    def record_decision(self, now_ms: int, plan: Plan) -> None:
        """Keep a decision. Of equal ones in a row (but for prices and times), the first and the newest stay."""
        with self._database.writing(notes=True) as connection:
            self._keep_decision(connection, now_ms, plan.view.hedge, plan_facts(plan))

    def record_outcome(self, now_ms: int, outcome: TraderOutcome) -> None:
        """Keep what a trader's turn came to, thinned like decisions."""
        with self._database.writing(notes=True) as connection:
            self._keep_decision(connection, now_ms, outcome.hedge, kept_outcome(outcome))

    def _keep_decision(self, connection: Connection, now_ms: int, hedge: HedgeName, facts: dict[str, Any]) -> None:
        text = json.dumps(facts)
        newest = connection.execute(sql.NEWEST_DECISION, {"one": hedge}).mappings().first()
        before = None if newest is None else self._database.parsed(newest, lambda row: plan_of(row["plan"]))
        same = before is not None and sameness(before) == sameness(facts)
        if newest is not None and same and not newest["first"]:
            connection.execute(sql.REPLACE_DECISION, {"one": newest["id"], "time_ms": now_ms, "plan": text})
            return
        row = {"hedge": hedge, "time_ms": now_ms, "first": not same, "plan": text}
        connection.execute(sql.ADD_DECISION, row)
        connection.execute(sql.DROP_OLD_DECISIONS, {"one": hedge, "kept": self._decisions_kept})

    def last_decisions(self) -> Sequence[DecisionRow]:
        """The newest decision of every hedge."""
        return self._database.rows(sql.LAST_DECISIONS, _decision_of)

    def _begun(self) -> Epoch:
        if self._epoch is None:
            raise InvariantBroken("no epoch was begun, so no order can be named (R19)")
        return self._epoch


def _remember(connection: Connection, hedge: HedgeName, memory: Mapping[str, str]) -> None:
    connection.execute(sql.REPLACE_MEMORY, {"hedge": hedge, "remembered": rows.memory_text(memory)})


def _decision_of(row: rows.Row) -> DecisionRow:
    return DecisionRow(time_ms=row["time_ms"], hedge=HedgeName(row["hedge"]), plan=plan_of(row["plan"]))
