"""The real loop, hedger, executor and journal around a simulated exchange, all on virtual time."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal as D
from functools import partial, wraps
from pathlib import Path
from typing import ParamSpec

import pytest

from bot import logs
from bot.domain.errors import JournalFault
from bot.domain.ids import VenueName
from bot.domain.instrument import ContractKind, Instrument
from bot.domain.intent import IntentRecord
from bot.domain.numbers import plain
from bot.domain.observation import Source
from bot.domain.plan import Plan, Verdict
from bot.domain.policy import HedgePolicy
from bot.journal.database import Database
from bot.journal.lock import JournalLock
from bot.journal.store import SqlJournal
from bot.ports import Feeds
from bot.runtime import start
from bot.runtime.daemon import Daemon
from bot.runtime.executor import Executor
from bot.runtime.hedger import Hedger
from bot.runtime.observer import Observer
from bot.runtime.streams import Streams
from tests.core.instruments import LINEAR, MAIN, POLICY
from tests.runtime.exchange import Exchange, Killed, SimulatedVenue
from tests.venue.wire import LoopClock, run_virtual

Given = ParamSpec("Given")
INTERVAL_S = 5.0


def on_virtual_time(story: Callable[Given, Awaitable[None]]) -> Callable[Given, None]:
    """Let a test take its hours at once."""

    @wraps(story)
    def told(*args: Given.args, **kwargs: Given.kwargs) -> None:
        run_virtual(partial(story, *args, **kwargs))

    return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    at_ms: int
    event: str
    values: dict[str, object]


@dataclass
class Alarms:
    """Implements `bot.ports.Alerts`; thins nothing."""

    clock: LoopClock
    raised: list[Alarm] = field(default_factory=list)

    def alarm(self, event: str, **values: object) -> None:
        self.raised.append(Alarm(at_ms=self.clock.now_ms(), event=event, values=values))


class Unsynced(Database):
    """Leaves out the fsync, most of the time of a commit: a killed process loses nothing by it."""

    def _connect(self) -> sqlite3.Connection:
        connection = super()._connect()
        connection.execute("PRAGMA synchronous = OFF")
        return connection


class World:
    """One exchange, one journal, and the processes that follow each other on them.

    Args:
        path: of the journal.
        hedgers: one of each kind takes its turn, in that order; the last one is the real one.
        instrument: what is traded; the coins margin it when it is inverse.
        others: further venues, without coins at first.
    """

    def __init__(
        self,
        path: Path,
        *,
        coins: str = "1",
        price: str = "100000",
        policy: HedgePolicy = POLICY,
        hedgers: tuple[type[Hedger], ...] = (Hedger,),
        instrument: Instrument = LINEAR,
        others: tuple[str, ...] = (),
    ) -> None:
        self.path = path
        self.policy = policy
        self.clock = LoopClock()
        self.exchange = Exchange(self.clock, D(coins), D(price), instrument)
        if instrument.kind is ContractKind.INVERSE:
            self.exchange.park(Source.MARGIN, D(coins))
        self.venue = SimulatedVenue(self.clock, self.exchange)
        self.others = {
            VenueName(name): SimulatedVenue(self.clock, Exchange(self.clock, D(0), D(price)), VenueName(name))
            for name in others
        }
        self.feeds: Feeds | None = None
        self.streams: Streams | None = None
        self.alarms = Alarms(self.clock)
        self.plans: list[tuple[int, Plan]] = []
        self._kinds = hedgers
        self.start()

    def start(self) -> None:
        """What `bot.app` does for a live start, once the venue is there."""
        now_ms = self.clock.now_ms()
        self.journal = SqlJournal._prepared(Unsynced(self.path, "rwc"), JournalLock.acquire(self.path, now_ms=now_ms))
        start.refuse_uncovered([self.policy], self.journal)
        epoch = start.draw_epoch()
        self.journal.begin_epoch(epoch, now_ms)
        log = logs.get(__name__)
        executor = Executor(journal=self.journal, clock=self.clock, epoch=epoch, logger=log)
        hedgers = [
            kind(
                policy=self.policy,
                instrument=self.venue.instrument(self.policy.symbol),
                venue=self.venue,
                journal=self.journal,
                executor=executor,
                clock=self.clock,
                alarms=self.alarms,
                logger=log,
                not_before_ms=start.first_order_ms(self.policy, self.journal, self.clock),
                feeds=self.feeds,
            )
            for kind in self._kinds
        ]
        self.daemon = Daemon(
            observer=Observer({MAIN: self.venue} | self.others, [self.policy]),
            hedgers=hedgers,
            alarms=self.alarms,
            interval_s=INTERVAL_S,
            show=lambda outcomes: self.plans.extend((self.clock.now_ms(), outcome.plan) for outcome in outcomes),
            logger=log,
            streams=self.streams,
        )

    def kill(self) -> None:
        self.journal.close()

    def restart(self) -> None:
        self.kill()
        self.start()

    async def turn(self) -> None:
        """One round of the loop; a process that dies in it is started again."""
        try:
            outcomes = await self.daemon._turn(frozenset())
        except Killed:
            self.restart()
        else:
            await self.daemon._pause(outcomes)

    async def run(self, seconds: float) -> None:
        """The loop as it is, for so long; it is left where it reads or waits."""
        end_ms = self.clock.now_ms() + int(seconds * 1000)
        while self.clock.now_ms() < end_ms:
            try:
                async with asyncio.timeout((end_ms - self.clock.now_ms()) / 1000):
                    await self.daemon._turns()
            except TimeoutError:
                return
            except Killed:
                self.restart()

    async def until_placed(self, orders: int = 1) -> None:
        while len(self.venue.placed) < orders:
            await self.turn()

    def backup(self, path: Path) -> None:
        """Copy the journal as it is now, also while it is in use."""
        with closing(sqlite3.connect(self.path)) as journal, closing(sqlite3.connect(path)) as copy:
            journal.backup(copy)

    @property
    def short(self) -> str:
        """The truth: contracts short at the exchange; with a minus sign it would be a long."""
        return plain(-self.exchange.position)

    @property
    def sent(self) -> int:
        """How many orders left."""
        return len(self.venue.placed)

    @property
    def verdict(self) -> Verdict:
        return self.plans[-1][1].verdict

    @property
    def halts(self) -> list[str]:
        return [halt.code for halt in self.journal.halts()]

    @property
    def intents(self) -> list[IntentRecord]:
        return list(self.journal.recent(MAIN, self.policy.symbol, 0))


Worlds = Callable[..., World]
"""The fixture that makes them."""


async def hedged(worlds: Worlds, coins: str = "1") -> World:
    """A world in which all is quiet, and every coin is hedged."""
    world: World = worlds(coins)
    await world.run(60)
    assert world.exchange.gap == 0
    return world


def fail_once(monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> None:
    """Let the next call of a function of the journal fail, as on a full disk."""
    real = getattr(owner, name)
    failed: list[str] = []

    def fails(*args: object, **kwargs: object) -> object:
        if not failed:
            failed.append(name)
            raise JournalFault("disk full")
        return real(*args, **kwargs)

    monkeypatch.setattr(owner, name, fails)
