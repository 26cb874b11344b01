"""What is read every turn is read from the file only after something was written, by whomever."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Select, event

from bot.domain.control import Control, ControlKind
from bot.domain.ids import Asset, HedgeName, Symbol, VenueName
from bot.domain.intent import Intent, IntentState
from bot.journal import exit_statements, ladder_statements, pair_statements, statements
from bot.journal.schema import DECISIONS, MEMORY
from bot.journal.store import SqlJournal
from bot.ports import Halt

NOW = 1_700_000_000_000
MAIN = VenueName("main")
BTC = Symbol("BTC/USDT:USDT")
PAUSE = Control(kind=ControlKind.PAUSE, hedge=None, who="ann@host", why="holiday", since_ms=NOW)
KEPT = (
    statements.UNFINISHED,
    statements.RECENT,
    statements.ONE_ANCHOR,
    statements.OPEN_HALTS,
    statements.STANDING_CONTROLS,
    ladder_statements.NEWEST_STEP,
    pair_statements.UNFINISHED_PAIRS,
    pair_statements.ORDERS_OF_UNFINISHED,
    pair_statements.RECENT_PAIRS,
    exit_statements.CROSSINGS_OF,
    exit_statements.SLICES_SINCE,
    exit_statements.UNFINISHED_SLICES,
    exit_statements.SETTLED_SLICES,
    exit_statements.FILLS_OF_SLICES,
    exit_statements.WRITE_OFFS_OF,
    exit_statements.BARS_SINCE,
)
Intents = Callable[..., Intent]


class Asked:
    """Counts what is sent to the file."""

    def __init__(self, journal: SqlJournal) -> None:
        self.statements: list[str] = []
        event.listen(journal._database._engine, "before_cursor_execute", self._note)

    def _note(self, *told: object) -> None:
        self.statements.append(str(told[2]))


def read(journal: SqlJournal) -> list[object]:
    """What a turn reads."""
    return [
        journal.unfinished(MAIN, BTC),
        journal.recent(MAIN, BTC, NOW - 3_600_000),
        journal.anchor(MAIN, BTC),
        journal.halts(),
        journal.controls(),
        journal.newest_step(MAIN, BTC),
        journal.crossings(HedgeName("calm")),
        journal.slices(HedgeName("calm"), NOW - 3_600_000),
        journal.unfinished_slices(HedgeName("calm")),
        journal.flows(HedgeName("calm")),
        journal.write_offs(HedgeName("calm")),
        journal.bars(Asset("BTC"), 3_600_000, NOW),
    ]


def test_a_second_turn_reads_nothing_and_notes_do_not_change_that(journal: SqlJournal) -> None:
    first, asked = read(journal), Asked(journal)
    journal.remember(HedgeName("btc"), {"dwell": "1"})
    written = len(asked.statements)
    assert read(journal) == first
    assert len(asked.statements) == written


def test_what_we_write_is_read(journal: SqlJournal, make_intent: Intents) -> None:
    assert journal.unfinished(MAIN, BTC) == ()
    record = journal.arm(make_intent(1))
    assert journal.unfinished(MAIN, BTC) == journal.recent(MAIN, BTC, NOW - 60_000) == (record,)
    journal.update(replace(record, state=IntentState.REJECTED, settled=True))
    assert journal.unfinished(MAIN, BTC) == ()
    journal.halt(Halt(venue=MAIN, symbol=BTC, code="guard", reason="why", since_ms=NOW))
    assert len(journal.halts()) == 1
    journal.clear_halts(NOW)
    assert journal.halts() == ()


def test_what_another_process_writes_is_read(path: Path, journal: SqlJournal) -> None:
    journal.control(PAUSE)
    assert len(journal.controls()) == 1
    with sqlite3.connect(path) as other:
        other.execute("UPDATE controls SET ended_ms = 1")
    other.close()
    assert journal.controls() == ()


def test_what_was_taken_back_is_not_kept(journal: SqlJournal) -> None:
    journal.control(PAUSE)
    assert len(journal.controls()) == 1
    with suppress(RuntimeError), journal._database.writing() as connection:
        connection.exec_driver_sql("UPDATE controls SET ended_ms = 1")
        assert journal.controls() == ()
        raise RuntimeError
    assert len(journal.controls()) == 1


def test_where_the_version_can_not_be_asked_for_the_file_is_read(journal: SqlJournal) -> None:
    journal.control(PAUSE)
    assert len(journal.controls()) == 1
    journal._database.close()
    asked = Asked(journal)
    assert len(journal.controls()) == 1
    assert len(asked.statements) == 1


def test_recent_ones_are_told_to_the_millisecond(journal: SqlJournal, make_intent: Intents) -> None:
    record = journal.arm(make_intent(1, created_ms=NOW + 30_000))
    for since_ms, found in ((NOW, (record,)), (NOW + 30_000, (record,)), (NOW + 30_001, ()), (NOW + 90_000, ())):
        assert journal.recent(MAIN, BTC, since_ms) == found


def test_many_questions_do_not_add_up(journal: SqlJournal) -> None:
    for number in range(600):
        journal.unfinished(MAIN, Symbol(f"C{number}/USDT:USDT"))
    assert len(journal._database._kept) <= 256


@pytest.mark.parametrize("statement", KEPT)
def test_no_note_is_in_what_is_kept(statement: Select[tuple[object, ...]]) -> None:
    assert {DECISIONS, MEMORY}.isdisjoint(statement.get_final_froms())
