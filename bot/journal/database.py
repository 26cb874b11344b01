"""The SQLite file: opened, checked, written durably, and every failure of it told as a JournalFault."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, Executable, create_engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import StaticPool

from bot.domain.errors import InvariantBroken, JournalFault
from bot.journal.rows import Row
from bot.journal.schema import METADATA, REVISIONS

BUSY_TIMEOUT_S: Final = 2.0
"""How long another program's lock is waited for; the loop stands still meanwhile."""

_KEPT_MAX: Final = 256

T = TypeVar("T")

_HINTS: Final = {
    sqlite3.SQLITE_FULL: "free disk space; the bot goes on by itself once it can write again",
    sqlite3.SQLITE_IOERR: "check the disk; the bot goes on by itself once it can write again",
    sqlite3.SQLITE_BUSY: "close the other program that holds the file; the bot goes on by itself then",
    sqlite3.SQLITE_LOCKED: "close the other program that holds the file; the bot goes on by itself then",
    sqlite3.SQLITE_READONLY: "make the file and its directory writable for this user",
    sqlite3.SQLITE_CANTOPEN: "choose a path in a directory that exists and that this user may write to",
    sqlite3.SQLITE_NOTADB: "the file is something else: choose another path",
    sqlite3.SQLITE_CORRUPT: "restore the file from a backup, or start with a new path: the short is then adopted",
}


class Database:
    """One connection to one file. SQLite alone ever opens PATH, PATH-wal and PATH-shm.

    Args:
        path: of the file.
        mode: `rwc` makes it when it is missing, `rw` and `ro` need it to be there.
    """

    def __init__(self, path: Path, mode: str) -> None:
        self.path = path
        self._mode = mode
        self._identity: tuple[int, int] | None = None
        self._raw: sqlite3.Connection | None = None
        self._kept: dict[tuple[int, tuple[tuple[str, object], ...]], tuple[Any, ...]] = {}
        self._kept_version: object = None
        self._changing = False
        # One connection for good, without the driver's own transactions: BEGIN and COMMIT are ours.
        self._engine: Engine = create_engine("sqlite://", creator=self._connect, poolclass=StaticPool)

    def prepare(self) -> None:
        """Make the file if it is new, bring an old one to today's tables, refuse any other.

        Raises:
            JournalFault: with the path and what is wrong with it.
        """
        if self._identify() is None and self._mode != "rwc":
            raise JournalFault(
                f"there is no journal at {self.path}", hint="check the path; the bot's first start makes the file"
            )
        try:
            with self._engine.connect() as connection:
                revision = self._revision(connection)
                if self._mode == "rwc" and revision != REVISIONS[-1]:
                    self._bring_up(connection)
                elif revision != REVISIONS[-1]:
                    raise JournalFault(
                        f"journal {self.path} has an older form ({revision or 'empty'})",
                        hint="start the bot once: it brings its journal up to date",
                    )
                if self._mode != "ro":
                    self._durable(connection)
        except DBAPIError as error:
            raise self._fault("opened", error) from error
        self._identity = self._identify()

    def close(self) -> None:
        """Close the connection."""
        self._engine.dispose()

    @contextmanager
    def writing(self, *, notes: bool = False) -> Iterator[Connection]:
        """One transaction: committed with fsync when the block ends, nothing of it kept when it raises.

        Args:
            notes: only tables are written that no `kept` query reads.

        Raises:
            JournalFault: nothing was written.
            InvariantBroken: a constraint was violated; nothing was written.
        """
        if self._identify() != self._identity:
            raise JournalFault(
                f"journal {self.path} was moved or removed while in use",
                hint="put it back, or restart the bot: it then adopts the existing short",
            )
        self._changing = not notes
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
                connection.commit()
        except IntegrityError as error:
            raise InvariantBroken(f"journal {self.path} refused a contradiction: {error.orig}") from error
        except DBAPIError as error:
            raise self._fault("written", error) from error
        finally:
            if self._changing:
                self._kept.clear()
            self._changing = False

    def rows(self, statement: Executable, parse: Callable[[Row], T], **parameters: object) -> tuple[T, ...]:
        """All rows of a query, as values. Raises JournalFault, also when a row does not read back."""
        try:
            with self._engine.connect() as connection:
                found = connection.execute(statement, parameters).mappings().all()
        except DBAPIError as error:
            raise self._fault("read", error) from error
        return tuple(self.parsed(row, parse) for row in found)

    def kept(self, statement: Executable, parse: Callable[[Row], T], **parameters: object) -> tuple[T, ...]:
        """Like `rows`, but read from the file only where something was written since: for what every turn asks again.

        What another process commits, such as `hedgebot pause`, changes SQLite's data_version. Within a transaction of
        ours nothing is kept, as it may be taken back. Raises JournalFault.

        Source: SQLite documentation, "PRAGMA data_version".
        """
        version = self._version()
        if self._changing or version is None:
            return self.rows(statement, parse, **parameters)
        if version != self._kept_version or len(self._kept) >= _KEPT_MAX:
            self._kept.clear()
            self._kept_version = version
        key = (id(statement), tuple(sorted(parameters.items())))
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = self.rows(statement, parse, **parameters)
        return found

    def parsed(self, row: Row, parse: Callable[[Row], T]) -> T:
        """A row as a value. Raises JournalFault when this code can't have written it."""
        try:
            return parse(row)
        except (ValueError, TypeError, KeyError) as error:
            raise JournalFault(
                f"journal {self.path} holds a row that does not read back: {error}",
                hint="restore the file from a backup, or start with a new path: the short is then adopted",
            ) from error

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode={self._mode}",
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
        )
        self._raw = connection
        self._kept.clear()  # the version counts anew with each connection
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _version(self) -> object:
        """Changes with what others commit to the file; None when it can't be told."""
        assert self._raw is not None, "`prepare` connected"
        try:
            return self._raw.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error:
            return None

    def _identify(self) -> tuple[int, int] | None:
        """Which file the path is now; None when there is none."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise JournalFault(
                f"journal {self.path} can't be reached: {error.strerror}", hint=_HINTS[sqlite3.SQLITE_CANTOPEN]
            ) from error
        if self.path.is_dir():
            raise JournalFault(f"journal {self.path} is a directory", hint="choose the path of a file")
        return found.st_dev, found.st_ino

    def _revision(self, connection: Connection) -> str | None:
        """The form of the tables; None when there are none. Plain SQL: importing Alembic would slow every start."""
        tables = {row[0] for row in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not tables:
            return None
        if "alembic_version" not in tables:
            raise JournalFault(
                f"{self.path} is a database, but no journal of hedgebot", hint="choose another path for the journal"
            )
        stamped = [row[0] for row in connection.exec_driver_sql("SELECT version_num FROM alembic_version")]
        if not stamped:
            return ""
        if stamped[0] not in REVISIONS:
            raise JournalFault(
                f"journal {self.path} was written by a newer hedgebot (form {stamped[0]}, known up to {REVISIONS[-1]})",
                hint="run the newer version again, or choose another path",
            )
        return str(stamped[0])

    def _bring_up(self, connection: Connection) -> None:
        """Make the tables, or migrate them, in one transaction."""
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        # Read again: another dry run may have made the same file meanwhile.
        revision = self._revision(connection)
        if revision is None:
            METADATA.create_all(connection)
            connection.exec_driver_sql(
                "CREATE TABLE alembic_version ("
                "version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
            )
            connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (REVISIONS[-1],))
        elif revision != REVISIONS[-1]:
            from bot.journal.migrate import upgrade  # noqa: PLC0415 - Alembic is needed once in a file's life

            upgrade(connection)
        connection.commit()

    def _durable(self, connection: Connection) -> None:
        mode = connection.exec_driver_sql("PRAGMA journal_mode = WAL").scalar_one()
        if mode != "wal":
            raise JournalFault(
                f"journal {self.path} can't be kept in WAL mode (it is in {mode})",
                hint="choose a path on a local file system",
            )

    def _fault(self, done: str, error: DBAPIError) -> JournalFault:
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
        return JournalFault(f"journal {self.path} could not be {done}: {error.orig}", hint=_HINTS.get(code, ""))
