"""The doors of a simulated process: its session and its database, which a power cut closes at once.

Everything that passes is told by name, before and after: where a request leaves, takes effect and is answered, where a
transaction commits, where an order waits for the rate limits.
"""

from __future__ import annotations

import asyncio
import sqlite3
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final, Self, cast

import aiohttp
import pytest
from sqlalchemy import Connection, Engine

from bot.app import assembly
from bot.app.assembly import Bot
from bot.domain.errors import JournalFault
from bot.journal import store
from bot.journal.database import Database
from bot.journal.store import SqlJournal
from bot.paper.faults import Outcome as Handled
from bot.paper.session import LocalResponse, LocalSession
from bot.paper.wire.http import Request
from bot.paper.world import World
from bot.venue.endpoint import Endpoint
from bot.venue.link import Link

POLL_S: Final = 2.0
"""How often a silent WebSocket looks for news here."""


class PowerCut(BaseException):
    """The process ends here; nothing of it runs on with any effect."""


@dataclass
class Process:
    """One start of the bot.

    Attributes:
        number: from 0.
        alive: it has power.
        bot: once it is assembled.
        failure: what ended it.
    """

    number: int
    alive: bool = True
    bot: Bot | None = None
    life: asyncio.Task[None] | None = None
    failure: BaseException | None = None
    journals: list[SqlJournal] = field(default_factory=list)

    def check(self) -> None:
        """Refuse the door of a process that has no power any more."""
        if not self.alive:
            raise PowerCut


Point = Callable[[Process, str], None]


class _Told:
    """The world, which tells when a request has taken its effect, or was lost on its way there."""

    def __init__(self, world: World, process: Process, point: Point) -> None:
        self._world = world
        self._process = process
        self._point = point

    def handle(self, request: Request) -> Handled:
        """Let it take effect; its answer is still to come."""
        outcome = self._world.handle(request)
        self._point(self._process, f"{request.method} {request.path}: took effect")
        return outcome

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._world, name)


class SimSession(LocalSession):
    """A process's way to the world."""

    def __init__(self, world: World, process: Process, point: Point) -> None:
        super().__init__(cast(World, _Told(world, process, point)), poll_s=POLL_S)
        self._process = process
        self._point = point

    @asynccontextmanager
    async def request(
        self,
        method: str,
        url: Any,  # noqa: ANN401 - the signature is aiohttp's
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: aiohttp.ClientTimeout | None = None,  # noqa: ASYNC109 - the signature is aiohttp's
        proxy: str | None = None,
    ) -> AsyncIterator[LocalResponse]:
        """Carry a request while there is power; a name is told when it leaves and when its answer or its loss arrives.

        Between the two, `took effect` is told where the venue has done with it; its answer is then on its way.
        """
        path = str(url).partition("?")[0].partition("//")[2].partition("/")[2]
        name = f"{method} /{path}"
        self._process.check()
        self._point(self._process, f"{name}: before it is sent")
        async with AsyncExitStack() as stack:
            sending = super().request(method, url, data=data, headers=headers, timeout=timeout, proxy=proxy)
            try:
                answer = await stack.enter_async_context(sending)
            except (TimeoutError, aiohttp.ClientError):
                self._process.check()
                self._point(self._process, f"{name}: answer lost")
                raise
            self._process.check()
            self._point(self._process, f"{name}: answered")
            yield answer

    # aiohttp's short forms lead to the method above, not to the parent's.
    def get(self, url: Any, **given: Any) -> Any:  # noqa: ANN401
        return self.request("GET", url, **given)

    def post(self, url: Any, **given: Any) -> Any:  # noqa: ANN401
        return self.request("POST", url, **given)

    def put(self, url: Any, **given: Any) -> Any:  # noqa: ANN401
        return self.request("PUT", url, **given)

    def delete(self, url: Any, **given: Any) -> Any:  # noqa: ANN401
        return self.request("DELETE", url, **given)


RUNNING: Final[ContextVar[tuple[Process, Point] | None]] = ContextVar("RUNNING", default=None)
"""Whose code this is; every life has a context of its own."""


class SimDatabase(Database):
    """A real SQLite file without the fsync: a power cut here is closing without commit, so committed is kept."""

    _first: ClassVar[Engine | None] = None

    def __init__(self, path: Path, mode: str) -> None:
        super().__init__(path, mode)
        if SimDatabase._first is None:
            SimDatabase._first = self._engine
        # Statements are compiled once for all starts, of which there are hundreds.
        self._engine.dialect = SimDatabase._first.dialect
        self._engine._compiled_cache = SimDatabase._first._compiled_cache

    def _connect(self) -> sqlite3.Connection:
        connection = super()._connect()
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    @contextmanager
    def writing(self, *, notes: bool = False) -> Iterator[Connection]:
        """One transaction of a process that has power; told before and after its commit, by the journal's method."""
        running = RUNNING.get()
        if running is None:
            with super().writing(notes=notes) as connection:
                yield connection
            return
        process, point = running
        process.check()
        # This frame is the context manager's; the one above enters it for the journal's method.
        doing = sys._getframe(2).f_code.co_name
        try:
            with super().writing(notes=notes) as connection:
                yield connection
                process.check()
                point(process, f"commit {doing}: before")
        except JournalFault:
            process.check()  # the file closed with the power
            raise
        point(process, f"commit {doing}: after")


class SimJournal(SqlJournal):
    """The real journal, known to the process that opened it."""

    @classmethod
    def open(cls, path: Path, *, now_ms: int, dry_run: bool = False) -> Self:
        """Open it as the bot does."""
        journal = super().open(path, now_ms=now_ms, dry_run=dry_run)
        running = RUNNING.get()
        if running is not None:
            running[0].journals.append(journal)
        return journal


@contextmanager
def doors() -> Iterator[None]:
    """Let every bot that is assembled here reach its journal through `SimDatabase`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "Database", SimDatabase)
        patch.setattr(assembly, "SqlJournal", SimJournal)
        patch.setattr(Link, "order_slot", _order_slot)
        # ccxt reads all certificates of the machine at every start, for connections that nobody opens here.
        patch.setattr(ssl, "create_default_context", lambda *_given, **_named: _TLS)
        yield


_TLS: Final = ssl.create_default_context()
_wait_for_room = Link.order_slot


async def _order_slot(link: Link, placing: Endpoint) -> None:
    """The wait for the rate limits; a name is told before and after it."""
    running = RUNNING.get()
    if running is not None:
        running[1](running[0], "order_slot: before")
    await _wait_for_room(link, placing)
    if running is not None:
        running[0].check()
        running[1](running[0], "order_slot: after")
