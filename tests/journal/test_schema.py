from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine

import bot.journal
from bot.domain.errors import JournalFault
from bot.domain.ids import Epoch, HedgeName, Symbol, TradeId, VenueName, client_order_id
from bot.journal.database import Database
from bot.journal.schema import METADATA, REVISIONS
from bot.journal.store import SqlJournal

NOW = 1_700_000_000_000
FIRST_FORM = Path(__file__).parent / "r0001.sql"
"""A journal as the first form's own code left it: a short, an order of unknown end, a halt."""


def make_old(path: Path, *statements: str) -> None:
    """A journal of before the first form: stamped, with nothing in it."""
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        for statement in statements:
            connection.execute(statement)
    connection.close()


def tables(path: Path) -> dict[str, str]:
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        made = {name: "".join(sorted(sql.replace("\n", "").replace("\t", ""))) for name, sql in found}
    connection.close()
    return {name: sql for name, sql in made.items() if name != "alembic_version"}


def stamp(path: Path) -> list[tuple[str]]:
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    connection.close()
    return found


def test_a_migrated_journal_is_like_a_new_one(tmp_path: Path) -> None:
    new, old = tmp_path / "new.db", tmp_path / "old %d.db"
    SqlJournal.open(new, now_ms=NOW).close()
    make_old(old)
    SqlJournal.open(old, now_ms=NOW).close()
    assert stamp(new) == stamp(old) == [(REVISIONS[-1],)]
    assert tables(new) == tables(old)
    engine = create_engine(f"sqlite:///{old}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def test_a_journal_of_the_first_form_keeps_all_it_holds_and_is_bound_by_its_next_start(tmp_path: Path) -> None:
    new, old = tmp_path / "new.db", tmp_path / "old.db"
    SqlJournal.open(new, now_ms=NOW).close()
    with sqlite3.connect(old) as connection:
        connection.executescript(FIRST_FORM.read_text())
    connection.close()
    assert stamp(old) == [("0001",)]
    main, symbol = VenueName("main"), Symbol("BTC/USDT:USDT")
    with SqlJournal.open(old, now_ms=NOW) as journal:
        assert stamp(old) == [(REVISIONS[-1],)]
        assert tables(old) == tables(new)
        (unfinished,) = journal.unfinished(main, symbol)
        assert unfinished.intent.client_id == client_order_id(Epoch("abcdefghij"), 2)
        assert not unfinished.intent.request.hedged, "before, there was one-way mode only"
        assert len(journal.absences(unfinished.intent.client_id)) == 1
        anchor = journal.anchor(main, symbol)
        assert anchor is not None
        assert (str(anchor.contracts), anchor.cursor.trade_id) == ("-1.000", TradeId("78"))
        assert [trade.trade_id for trade, _, _ in journal.fills(main, symbol)] == ["78"]
        assert journal.memory(HedgeName("btc")) == {"seen": "1.5"}
        assert [halt.code for halt in journal.halts()] == ["guard.fills"]
        assert len(journal.last_decisions()) == 1
        journal.bind({main: "testnet key 1"}, NOW)
        with pytest.raises(JournalFault, match="testnet key 1"):
            journal.bind({main: "live key 2"}, NOW)


def test_the_known_forms_are_the_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(bot.journal.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    found = ScriptDirectory.from_config(config).walk_revisions()
    assert tuple(script.revision for script in found)[::-1] == REVISIONS


def test_a_migration_that_fails_leaves_the_journal_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "hedgebot.db"
    make_old(path, "CREATE TABLE memory (something TEXT)")
    before = tables(path)
    with pytest.raises(JournalFault, match="could not be opened"):
        SqlJournal.open(path, now_ms=NOW)
    assert tables(path) == before
    assert stamp(path) == []


def test_only_the_bot_brings_a_journal_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "hedgebot.db"
    make_old(path)
    for opening in (SqlJournal.open_readonly, SqlJournal.open_beside):
        with pytest.raises(JournalFault, match="older form"):
            opening(path)
    assert tables(path) == {}


def test_two_dry_runs_may_make_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "hedgebot.db"

    class Late(Database):
        def _bring_up(self, connection: Connection) -> None:
            first = Database(path, "rwc")
            first.prepare()
            first.close()
            super()._bring_up(connection)

    late = Late(path, "rwc")
    late.prepare()
    late.close()
    assert stamp(path) == [(REVISIONS[-1],)]


def test_a_start_does_not_pay_for_alembic(tmp_path: Path) -> None:
    path = tmp_path / "hedgebot.db"
    SqlJournal.open(path, now_ms=NOW).close()
    script = f"""
import sys
from pathlib import Path
from bot.journal.store import SqlJournal
SqlJournal.open(Path({str(path)!r}), now_ms=1).close()
sys.exit("alembic" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
