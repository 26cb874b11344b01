"""The whole daemon against the paper exchange on virtual time: processes that start, stop and lose their power.

One loop carries the world and the processes that follow each other on one journal. A process reaches the outside
through two doors only, its session and its database; a power cut closes both at once, so that whatever clean-up runs
afterwards has no effect any more. What was committed is what the next process finds.
"""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self, cast
from unittest import mock

import aiohttp
from sqlalchemy import Connection

from bot import logs
from bot.app import assembly
from bot.app.assembly import Bot, assembled
from bot.domain.errors import BotError, JournalFault
from bot.domain.ids import Symbol, VenueName
from bot.domain.intent import IntentRecord
from bot.domain.plan import Plan
from bot.journal import store
from bot.journal.database import Database
from bot.journal.store import SqlJournal
from bot.paper.engine.defaults import STARTING, Starting
from bot.paper.engine.exchange import Exchange
from bot.paper.faults import Outcome as Handled
from bot.paper.session import LocalResponse, LocalSession
from bot.paper.wire.http import Request
from bot.paper.world import World, default_world
from bot.ports import Clock, Halt
from bot.runtime.hedger import Outcome
from bot.runtime.start import Entropy
from bot.runtime.virtual import VirtualClock
from bot.settings import RunOptions, load_settings
from bot.venue.link import Link

KEY: Final = "paper"
RESTART_S: Final = 5.0
"""How soon a supervisor starts a process again that could not start."""
POLL_S: Final = 1.0
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


_RUNNING: Final[ContextVar[tuple[Process, Point] | None]] = ContextVar("_RUNNING", default=None)
"""Whose code this is; every life has a context of its own."""


class SimDatabase(Database):
    """A real SQLite file without the fsync: a power cut here is closing without commit, so committed is kept."""

    def _connect(self) -> sqlite3.Connection:
        connection = super()._connect()
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction of a process that has power; told before and after its commit, by the journal's method."""
        running = _RUNNING.get()
        if running is None:
            with super().writing() as connection:
                yield connection
            return
        process, point = running
        process.check()
        # This frame is the context manager's; the one above enters it for the journal's method.
        doing = sys._getframe(2).f_code.co_name
        try:
            with super().writing() as connection:
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
        running = _RUNNING.get()
        if running is not None:
            running[0].journals.append(journal)
        return journal


@contextmanager
def doors() -> Iterator[None]:
    """Let every bot that is assembled here reach its journal through `SimDatabase`."""
    with (
        mock.patch.object(store, "Database", SimDatabase),
        mock.patch.object(assembly, "SqlJournal", SimJournal),
        mock.patch.object(Link, "order_slot", _order_slot),
        # ccxt reads all certificates of the machine at every start, for connections that nobody opens here.
        mock.patch.object(ssl, "create_default_context", return_value=_TLS),
    ):
        yield


_TLS: Final = ssl.create_default_context()
_wait_for_room = Link.order_slot


async def _order_slot(link: Link) -> None:
    """The wait for the rate limits; a name is told before and after it."""
    running = _RUNNING.get()
    if running is not None:
        running[1](running[0], "order_slot: before")
    await _wait_for_room(link)
    if running is not None:
        running[0].check()
        running[1](running[0], "order_slot: after")


class Stage:
    """A world, a journal, and the processes on them. Use inside a running virtual loop.

    Args:
        folder: for the settings file and the journal.
        exchange: `binance`, `okx` or `kucoin`; the venue `main` of the default settings.
        settings: the TOML text; `{journal}` in it becomes the journal's path. None: one BTC hedge on `main`.
        starting: venue -> wallet -> asset -> quantity, instead of the default.
        point: called with the process and a name at every request and every commit; it may call `cut` and raise
            `PowerCut`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        exchange: str = "binance",
        settings: str | None = None,
        starting: Mapping[str, Starting] = STARTING,
        point: Point = lambda _process, _name: None,
        **world: Any,  # noqa: ANN401 - what `default_world` takes
    ) -> None:
        self.exchange_name = exchange
        self.clock = VirtualClock()
        self.world = default_world(self.clock.now_ms, starting=starting, **world)
        self.journal_path = folder / "journal.db"
        self.settings_path = folder / "hedgebot.toml"
        text = default_settings(exchange) if settings is None else settings
        self.settings_path.write_text(text.replace("{journal}", str(self.journal_path)), encoding="utf-8")
        self.point = point
        self.entropy: Entropy = secrets.randbelow
        self.processes: list[Process] = []
        self.plans: list[tuple[int, Plan]] = []
        self.starts_failed: list[str] = []

    # Processes

    def start(self) -> Process:
        """Start the bot; it is up once its first turn is shown. It is started again when its start fails."""
        process = Process(number=len(self.processes))
        self.processes.append(process)
        process.life = asyncio.get_running_loop().create_task(self._live(process))
        return process

    @property
    def process(self) -> Process:
        """The newest process."""
        return self.processes[-1]

    def cut(self) -> None:
        """Take the power from the running process: nothing it does from here on has an effect."""
        self._end(self.process)
        if self.process.life is not None:
            self.process.life.cancel()

    def restart(self) -> Process:
        """Cut the power, then start the next process on what was committed."""
        self.cut()
        return self.start()

    async def stop(self) -> None:
        """Stop the running process as a first signal does, and wait until it has ended."""
        process = self.process
        if process.bot is not None and process.alive:
            process.bot.daemon.stop()
            assert process.life is not None
            await asyncio.wait({process.life})

    async def run(self, seconds: float) -> None:
        """Let so much time pass; a process that lost its power, or could not start, is started again."""
        until = self.clock.now_ms() + round(seconds * 1000)
        while (left_ms := until - self.clock.now_ms()) > 0:
            life = self.process.life
            assert life is not None
            await asyncio.wait({life}, timeout=left_ms / 1000)
            if life.done():
                await asyncio.sleep(min(RESTART_S, max(until - self.clock.now_ms(), 0) / 1000))
                self.start()

    async def until(self, fact: Callable[[Self], bool], *, within_s: float, step_s: float = 1.0) -> bool:
        """Run until a fact holds, at most so long. Returns whether it does."""
        for _ in range(round(within_s / step_s)):
            if fact(self):
                return True
            await self.run(step_s)
        return fact(self)

    async def close(self) -> None:
        """End the running process; nothing is left behind."""
        self.cut()
        lives = {process.life for process in self.processes if process.life is not None}
        if lives:
            await asyncio.wait(lives)

    def session_of(self, process: Process) -> SimSession:
        """A new process's way to the world."""
        return SimSession(self.world, process, self._reached)

    def clock_of(self, process: Process) -> Clock:
        """What a new process takes for the time."""
        del process
        return self.clock

    async def _live(self, process: Process) -> None:
        try:
            _RUNNING.set((process, self._reached))
            settings = load_settings(self.settings_path, {}, paper=True)
            logs.protect(settings.secrets())
            # A served world outlives its processes, so the journal is kept over a restart.
            asked = RunOptions(settings_path=self.settings_path, live=True, paper=True, paper_at=("127.0.0.1", 1))
            session, clock = self.session_of(process), self.clock_of(process)
            async with assembled(settings, asked, session, clock, self._show, entropy=self.entropy) as bot:
                process.bot = bot
                await bot.daemon.run()
        except BotError as fault:
            self.starts_failed.append(fault.message)
            process.failure = fault
            self._end(process)
        except asyncio.CancelledError:
            self._end(process)
            raise
        except BaseException as failure:  # noqa: BLE001 - a power cut, alone or in groups; the harness looks at it
            process.failure = failure
            self._end(process)

    def _end(self, process: Process) -> None:
        process.alive = False
        for journal in process.journals:
            journal.close()

    def _reached(self, process: Process, name: str) -> None:
        self.point(process, name)

    def _show(self, outcomes: Sequence[Outcome]) -> None:
        self.plans.extend((self.clock.now_ms(), outcome.plan) for outcome in outcomes)

    # The truth

    @property
    def exchange(self) -> Exchange:
        """The exchange of `main`."""
        return self.world.venues[self.exchange_name].exchange

    def intents(self, symbol: str = "BTC/USDT:USDT", venue: str = "main") -> Sequence[IntentRecord]:
        """Every intent of the journal on one instrument, oldest first."""
        with SqlJournal.open_readonly(self.journal_path) as journal:
            return journal.recent(VenueName(venue), Symbol(symbol), 0)

    @property
    def halts(self) -> Sequence[Halt]:
        """Halts that stand."""
        with SqlJournal.open_readonly(self.journal_path) as journal:
            return journal.halts()


def default_settings(exchange: str, *, extra: str = "") -> str:
    """One hedge of the BTC in spot on one venue, with everything else as it comes."""
    return f"""
[journal]
path = "{{journal}}"

[venues.main]
exchange    = "{exchange}"
environment = "paper"
streams     = false

[[hedges]]
name     = "btc"
kind     = "spot-perp"
asset    = "BTC"
holdings = [ {{source = "spot", venue = "main"}} ]
short    = {{venue = "main", symbol = "BTC/USDT:USDT", margin = "isolated", leverage = 1}}
{extra}
"""
