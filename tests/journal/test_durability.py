from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.domain.errors import JournalFault
from bot.domain.ids import Epoch, Symbol, VenueName, client_order_id
from bot.domain.intent import Intent
from bot.domain.orders import Anchor, TradeCursor, VenueTrade
from bot.journal import database
from bot.journal.lock import lock_holder
from bot.journal.store import SqlJournal
from bot.ports import Halt

NOW = 1_700_000_000_000
EPOCH = Epoch("abcdefghij")
MAIN = VenueName("main")
BTC = Symbol("BTC/USDT:USDT")
Intents = Callable[..., Intent]

CHILD = """
import os, resource, sys
from decimal import Decimal
from pathlib import Path
from bot.domain.errors import JournalFault
from bot.domain.ids import Epoch, HedgeName, Symbol, VenueName, client_order_id
from bot.domain.intent import Intent
from bot.domain.orders import OrderRequest, Side, TimeInForce, TradeCursor
from bot.journal.schema import INTENTS, HALTS
from bot.journal.store import SqlJournal

path = Path(sys.argv[1])
journal = SqlJournal.open(path, now_ms=1_700_000_000_000)
epoch = Epoch(sys.argv[2])
journal.begin_epoch(epoch, 1)

def intent(sequence):
    return Intent(
        client_id=client_order_id(epoch, sequence), hedge=HedgeName("btc"),
        request=OrderRequest(venue=VenueName("main"), symbol=Symbol("BTC/USDT:USDT"), side=Side.SELL,
            contracts=Decimal(1), price=Decimal(1), time_in_force=TimeInForce.IOC, reduce_only=False),
        position_before=Decimal(0), cursor_before=TradeCursor(trade_id=None, time_ms=1), mark=Decimal(1),
        created_ms=1, timestamp_ms=1, deadline_ms=2)

def say(text):
    print(text, flush=True)
"""


@contextmanager
def child(path: Path, body: str, epoch: str = EPOCH) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD + body, str(path), epoch],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        with process:
            yield process
    finally:
        process.kill()


def told(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_r17_what_arm_returned_survives_kill_9(path: Path) -> None:
    with child(path, "journal.arm(intent(1)); say('armed'); sys.stdin.read()") as process:
        assert told(process) == "armed"
        with SqlJournal.open_readonly(path) as looking:
            assert len(looking.all_unfinished()) == 1
        holder = lock_holder(path)
        assert holder is not None
        assert holder.pid == process.pid
        with pytest.raises(JournalFault, match=f"in use by process {process.pid} on .* since 2023-11-14 22:13:20 UTC"):
            SqlJournal.open(path, now_ms=NOW)
        process.send_signal(signal.SIGKILL)
    assert lock_holder(path) is None
    with SqlJournal.open_readonly(path) as looking:
        assert len(looking.all_unfinished()) == 1
    with SqlJournal.open(path, now_ms=NOW) as again:
        (record,) = again.unfinished(MAIN, BTC)
        assert record.intent.client_id == client_order_id(EPOCH, 1)


def test_r17_death_inside_a_write_leaves_nothing_half_written(path: Path) -> None:
    body = """
from sqlalchemy import insert
with journal._database.writing() as connection:
    for code in range(500):
        connection.execute(insert(HALTS).values(venue="main", symbol="", code=str(code), reason="x" * 900, since_ms=1))
    os._exit(9)
"""
    with child(path, body) as process:
        assert process.wait(60) == 9
    with SqlJournal.open_readonly(path) as looking:
        assert looking.halts() == ()
        assert looking.knows_epoch(EPOCH)


def test_r17_every_restart_after_death_finds_each_intent_once(path: Path, make_intent: Intents) -> None:
    for round_ in "kmn":
        epoch = round_ * 10
        body = """
from dataclasses import replace
from bot.domain.intent import IntentState
for record in journal.all_unfinished():
    journal.update(replace(record, state=IntentState.REJECTED, settled=True))
journal.arm(intent(journal.next_sequence())); say('armed'); os._exit(9)
"""
        with child(path, body, epoch) as process:
            assert told(process) == "armed"
    with SqlJournal.open(path, now_ms=NOW) as journal:
        assert [record.intent.client_id[1] for record in journal.recent(MAIN, BTC, 0)] == ["k", "m", "n"]


def test_no_persist_no_send_when_the_write_itself_fails_and_it_heals(path: Path) -> None:
    """A limit on the file size makes the kernel refuse the bytes, as a full disk does."""
    body = """
path_wal = Path(f"{path}-wal")
resource.setrlimit(resource.RLIMIT_FSIZE, (path_wal.stat().st_size, resource.RLIM_INFINITY))
try:
    journal.arm(intent(1))
except JournalFault as fault:
    say(fault.message)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
say(len(journal.all_unfinished()))
journal.arm(intent(1))
say(len(journal.all_unfinished()))
"""
    with child(path, body) as process:
        assert "could not be written" in told(process)
        assert told(process) == "0"
        assert told(process) == "1"


def test_no_persist_no_send_on_a_full_disk_and_it_heals(
    journal: SqlJournal, make_intent: Intents, make_trade: Callable[..., VenueTrade]
) -> None:
    limit = journal._database._engine
    with limit.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    anchor = Anchor(contracts=Decimal(-1), cursor=TradeCursor(trade_id=None, time_ms=NOW), at_ms=NOW)
    trades = [(make_trade(f"{number:0200}"), None, Decimal(1)) for number in range(200)]
    with pytest.raises(JournalFault, match="full") as raised:
        journal.confirm(MAIN, BTC, anchor, trades, [])
    assert "free disk space" in raised.value.hint
    assert journal.anchor(MAIN, BTC) is None
    assert journal.fills(MAIN, BTC) == ()
    with pytest.raises(JournalFault, match="full"):
        journal.halt(Halt(venue=MAIN, symbol=None, code="x", reason="y" * 100_000, since_ms=NOW))
    with limit.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    journal.confirm(MAIN, BTC, anchor, trades, [])
    journal.arm(make_intent())
    assert len(journal.fills(MAIN, BTC)) == 200


def test_no_persist_no_send_while_another_program_locks_it(
    path: Path, make_intent: Intents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    with SqlJournal.open(path, now_ms=NOW) as journal:
        journal.begin_epoch(EPOCH, NOW)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalFault, match="database is locked") as raised:
            journal.arm(make_intent())
        assert "close the other program" in raised.value.hint
        assert journal.all_unfinished() == ()
        other.execute("ROLLBACK")
        other.close()
        journal.arm(make_intent())
        assert len(journal.all_unfinished()) == 1


def test_no_persist_no_send_when_the_file_is_moved_away(path: Path, journal: SqlJournal, make_intent: Intents) -> None:
    away = path.with_name("away.db")
    path.rename(away)
    with pytest.raises(JournalFault, match="moved or removed"):
        journal.arm(make_intent())
    path.write_bytes(b"")
    with pytest.raises(JournalFault, match="moved or removed"):
        journal.arm(make_intent())
    away.replace(path)
    journal.arm(make_intent())


def test_every_commit_is_synced(journal: SqlJournal) -> None:
    with journal._database._engine.connect() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]


def test_r31_a_dry_run_has_its_own_file_and_takes_no_lock(path: Path, journal: SqlJournal) -> None:
    with SqlJournal.open(path, now_ms=NOW, dry_run=True) as one, SqlJournal.open(path, now_ms=NOW, dry_run=True) as two:
        one.begin_epoch(EPOCH, NOW)
        assert two.knows_epoch(EPOCH)
    assert sorted(file.name for file in path.parent.glob("*.dry-run*")) == ["hedgebot.db.dry-run"]


def test_looking_writes_nothing_and_needs_the_file(path: Path, journal: SqlJournal) -> None:
    journal.halt(Halt(venue=MAIN, symbol=None, code="x", reason="y", since_ms=NOW))
    journal.close()
    journal.close()
    before = path.read_bytes()
    with SqlJournal.open_readonly(path) as looking:
        assert len(looking.halts()) == 1
        with pytest.raises(JournalFault, match="readonly"):
            looking.clear_halts(NOW)
    assert path.read_bytes() == before
    for opening in (SqlJournal.open_readonly, SqlJournal.open_beside):
        with pytest.raises(JournalFault, match="there is no journal at"):
            opening(path.with_name("typo.db"))
    assert not path.with_name("typo.db").exists()


def open_for_bot(path: Path) -> SqlJournal:
    return SqlJournal.open(path, now_ms=NOW)


def write_text(path: Path) -> None:
    path.write_text("these are not the tables you are looking for" * 100)


def other_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (text)")
    connection.close()


def newer_journal(path: Path) -> None:
    SqlJournal.open(path, now_ms=NOW).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
    connection.close()


@pytest.mark.parametrize(
    ("name", "prepare", "message"),
    [
        ("hedgebot.db", Path.mkdir, "is a directory"),
        ("hedgebot.db", write_text, "file is not a database"),
        ("hedgebot.db", other_database, "no journal of hedgebot"),
        ("hedgebot.db", newer_journal, "newer hedgebot"),
    ],
)
def test_a_path_that_holds_something_else_is_refused_and_left_alone(
    tmp_path: Path, name: str, prepare: Callable[[Path], None], message: str
) -> None:
    path = tmp_path / name
    prepare(path)
    before = path.read_bytes() if path.is_file() else None
    for opening in (open_for_bot, SqlJournal.open_readonly):
        with pytest.raises(JournalFault, match=message) as raised:
            opening(path)
        assert str(path) in raised.value.message
        assert raised.value.hint
    assert before is None or path.read_bytes() == before
    assert lock_holder(path) is None


@pytest.mark.parametrize("place", ["missing/hedgebot.db", "file/hedgebot.db"])
def test_a_path_that_can_not_be_written_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / place
    for opening in (open_for_bot, SqlJournal.open_readonly):
        with pytest.raises(JournalFault) as raised:
            opening(path)
        assert str(path) in raised.value.message
        assert raised.value.hint


def test_a_file_system_without_wal_is_refused(path: Path) -> None:
    class WithoutSharedMemory(database.Database):
        def _connect(self) -> sqlite3.Connection:
            return sqlite3.connect(f"{path.as_uri()}?vfs=unix-none", uri=True, isolation_level=None)

    opened = WithoutSharedMemory(path, "rwc")
    with pytest.raises(JournalFault, match="WAL"):
        opened.prepare()
    opened.close()


def test_odd_characters_in_the_path_are_only_characters(tmp_path: Path) -> None:
    path = tmp_path / "a b%20?mode=memory#x.db"
    SqlJournal.open(path, now_ms=NOW).close()
    assert path.stat().st_size > 0
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([path.name, path.name + ".lock"])


def test_a_halt_written_by_the_bot_is_seen_and_cleared_beside_it(path: Path) -> None:
    body = """
from bot.ports import Halt
halt = Halt(venue=VenueName("main"), symbol=None, code="x", reason="y", since_ms=1)
journal.halt(halt); say('halted'); sys.stdin.readline(); say(len(journal.halts()))
"""
    with child(path, body) as process:
        assert told(process) == "halted"
        with SqlJournal.open_beside(path) as person:
            assert person.clear_halts(NOW) == 1
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        assert told(process) == "0"


def test_a_failed_confirmation_can_be_made_again(journal: SqlJournal, make_intent: Intents) -> None:
    record = journal.arm(make_intent())
    anchor = Anchor(contracts=Decimal(0), cursor=TradeCursor(trade_id=None, time_ms=NOW), at_ms=NOW)
    with journal._database._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
    with pytest.raises(JournalFault, match="readonly"):
        journal.confirm(MAIN, BTC, anchor, [], [record.intent.client_id])
    assert journal.anchor(MAIN, BTC) is None
    with journal._database._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only = OFF")
    journal.confirm(MAIN, BTC, anchor, [], [record.intent.client_id])
    assert journal.unfinished(MAIN, BTC) == (replace(record, settled=True),)


def test_a_journal_that_can_not_be_read_is_a_fault(path: Path, journal: SqlJournal) -> None:
    with journal._database.writing() as connection:
        connection.exec_driver_sql("DROP TABLE halts")
    with pytest.raises(JournalFault, match=f"journal {path} could not be read"):
        journal.halts()
