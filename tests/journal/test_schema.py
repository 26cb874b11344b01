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
from bot.journal.database import Database
from bot.journal.schema import METADATA, REVISIONS
from bot.journal.store import SqlJournal

NOW = 1_700_000_000_000


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
