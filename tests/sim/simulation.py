"""A stage on which everything is noted: what happens is told to the oracles, with the truth as it is then."""

from __future__ import annotations

import asyncio
import gc
import json
import random  # noqa: TID251 - ccxt's is seeded here
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import Context, copy_context
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from yarl import URL

from bot import logs
from bot.domain.errors import BotError, InvariantBroken
from bot.paper.engine.model import ForcedCause
from bot.paper.faults import Drop, Outcome
from bot.paper.wire.http import Request
from bot.ports import Clock
from bot.runtime.hedger import Outcome as Turned
from bot.runtime.virtual import EPOCH_MS
from tests.sim.director import Director
from tests.sim.doors import PowerCut, Process, SimSession
from tests.sim.host import HostClock, SimFaults
from tests.sim.scene import KEY, Scene
from tests.sim.schedule import Step
from tests.sim.session import TracedSession
from tests.sim.stage import Stage
from tests.sim.trace import Event, EventLog, Kind, Life, Oracle, Sent, Truth, Violation

RESTART_MAX_S: Final = 30.0
STARTS_PER_COLLECTION: Final = 8
ENDS_WITHIN_S: Final = 60.0
_CODE: Final = re.compile(rb'"code":\s*"?(-?\d+)')
_FINE: Final = frozenset({"0", "200000"})
"""Codes of answers that are no error."""
_QUIET_COMMITS: Final = frozenset({"record_decision", "remember"})
"""Journal methods that touch neither intents nor halts."""

_RESET: Final = "gw-ratelimit-reset"

_ENDS: Final = frozenset({ForcedCause.LIQUIDATION, ForcedCause.SETTLEMENT})
"""After these only a person re-opens the hedge (R25)."""


class Simulation(Stage):
    """A stage on which everything is noted and judged.

    Args:
        folder: for settings and journal.
        scene: what is simulated.
        oracles: who judges.
        keep: keep the event log's lines.
    """

    def __init__(self, folder: Path, scene: Scene, oracles: Sequence[Oracle], *, keep: bool = False) -> None:
        super().__init__(
            folder,
            exchange=scene.exchange,
            settings=scene.settings,
            starting=scene.starting,
        )
        self.scene = scene
        chance = random.Random(f"entropy {scene.seed}")  # noqa: S311 - a simulation, not a secret
        self.entropy = partial(_below, chance)
        names = {"MAIN"} if scene.coins_exchange == scene.exchange else {"MAIN", "COINS"}
        self.environ = {f"HEDGEBOT_VENUES__{name}__API_KEY": KEY for name in names}
        self.outside: Context = copy_context()
        self.faults = SimFaults()
        self.world.faults = self.faults
        exchanges = {name: self.world.venues[name].exchange for name in scene.exchanges}
        listing = exchanges[scene.exchange].listing(f"{scene.market.value}:{scene.venue_symbol}")
        self.truth = Truth(scene.job(listing), exchanges, self.journal_path, key=KEY)
        self.log = EventLog(keep=keep)
        self.director = Director(scene, self, self.faults, self.truth, self.tell)
        self.violation: Violation | None = None
        self.turns = 0
        self._oracles = oracles
        self._over = asyncio.Event()
        self._numbers: dict[asyncio.Task[object] | None, int] = {}
        self._left: dict[int, Sent] = {}
        self._count = 0
        self._carried: int | None = None
        self._owners: dict[str, str] = {}

    # What happens is told here

    def tell(self, kind: Kind, word: str, process: int | None = None) -> None:
        """Note an event that is nobody's request."""
        self._note(Event(at_ms=self.clock.now_ms(), kind=kind, word=word, process=process, changes=self.truth.look()))

    def _note(self, event: Event) -> None:
        truth = self.truth
        truth.now_ms = event.at_ms
        self.log.add(event)
        for change in event.changes:
            if change.order is not None and change.order.cause in _ENDS:
                truth.excused = change.order.cause.value
        if self.violation is not None:
            return
        try:
            for oracle in self._oracles:
                oracle.after(event, truth)
        except Violation as violation:
            self.violation = violation
            self._over.set()

    def write(self, line: str) -> None:
        """A process says something; an alarm is an event."""
        self.truth.output.append(line)
        if f'"event": "{logs.ALARM_RAISED}"' in line:
            values: Mapping[str, object] = json.loads(line)
            at_ms, name = self.clock.now_ms(), str(values.get("alarm"))
            self.truth.alarms.append((at_ms, name, values))
            self._note(
                Event(at_ms=at_ms, kind=Kind.ALARM, word=name, process=self._process_now, values=values, changes=())
            )

    @property
    def _process_now(self) -> int:
        return self.process.number

    # Requests

    def owner(self, host: str) -> str:
        """The exchange behind a host."""
        if host not in self._owners:
            owners = (name for name, venue in self.world.venues.items() if venue.facade.owns(host))
            self._owners[host] = next(owners, host)
        return self._owners[host]

    def late_s(self, target: URL) -> float:
        """How long the request takes to get to the exchange."""
        delays = self.director.late.get((self.owner(target.raw_host or ""), target.raw_path))
        return delays.popleft() if delays else 0.0

    def leaves(self, process: Process, method: str, target: URL, body: bytes) -> int:
        """A request leaves its process. Returns its number."""
        self._count += 1
        self._numbers[asyncio.current_task()] = self._count
        host = target.raw_host or ""
        left = Sent(
            number=self._count,
            at_ms=self.clock.now_ms(),
            process=process.number,
            exchange=self.owner(host),
            method=method,
            host=host,
            path=target.raw_path,
            query=target.raw_query_string,
            body=body.decode(),
        )
        self._left[self._count] = self.truth.in_flight[self._count] = left
        return self._count

    @contextmanager
    def carrying(self, number: int) -> Iterator[None]:
        """What arrives now is that request, whoever carries it."""
        self._carried = number
        try:
            yield
        finally:
            self._carried = None

    def arrived(self, process: Process, request: Request, outcome: Outcome) -> None:
        """A request came to the exchange, or was lost on its way."""
        number = self._carried or self._numbers[asyncio.current_task()]
        struck = self.faults.struck
        status, code, pause_s = None, "", None
        if not isinstance(outcome, Drop):
            status = outcome.response.status
            pause_s = _pause_s(outcome.response.headers)
            found = _CODE.search(outcome.response.body[:64])
            code = found[1].decode() if found and found[1].decode() not in _FINE else ""
        now_ms = self.clock.now_ms()
        fault = struck.kind.value if struck else ""
        sent = replace(self._left.pop(number), fault=fault, status=status, code=code, retry_after_s=pause_s)
        if number in self.truth.in_flight:
            self.truth.in_flight[number] = sent  # the answer is told with what the venue said
        word = f"{request.method} {request.host}{request.path} {'lost' if status is None else status}"
        word += "".join(f" {more}" for more in (code, sent.fault) if more)
        self._note(
            Event(
                at_ms=now_ms,
                kind=Kind.REQUEST,
                word=word,
                process=process.number,
                sent=sent,
                changes=self.truth.look(),
            )
        )

    def returned(self, number: int, word: str) -> None:
        """Its answer, or the loss of it, came to the process."""
        sent = self.truth.in_flight.pop(number, None)
        self._numbers.pop(asyncio.current_task(), None)
        if sent is not None:
            self._note(Event(at_ms=self.clock.now_ms(), kind=Kind.ANSWER, word=word, process=sent.process, sent=sent))

    # Processes

    def start(self) -> Process:
        """Start the bot."""
        if len(self.processes) % STARTS_PER_COLLECTION == 0:
            gc.collect()  # at a time that the seed decides, as what is collected may still speak
        process = super().start()
        life = Life(number=process.number, started_ms=self.clock.now_ms())
        self.truth.lives.append(life)
        self.tell(Kind.PROCESS, "started", process.number)
        return process

    def restart_s(self) -> float:
        """A supervisor loses patience with a process that can't start: 5, 10, 20, then 30 s."""
        failed = next((n for n, life in enumerate(reversed(self.truth.lives)) if life.up_ms is not None), 0)
        return min(super().restart_s() * 2.0 ** min(failed, 8), RESTART_MAX_S)

    def session_of(self, process: Process) -> SimSession:
        """A new process's way to the world."""
        return TracedSession(self, process)

    def clock_of(self, process: Process) -> Clock:
        """What a new process takes for the time."""
        clock = HostClock(self.clock.now_ms, self.director.host_ms)
        self.director.clocks[process.number] = clock
        return clock

    def _end(self, process: Process) -> None:
        was_alive = process.alive
        super()._end(process)
        if not was_alive:
            return
        flights = self.truth.in_flight
        for number in [number for number, sent in flights.items() if sent.process == process.number]:
            del flights[number]
        life = self.truth.lives[process.number]
        life.ended_ms = self.clock.now_ms()
        life.end = "killed" if process.failure is None else str(process.failure) or type(process.failure).__name__
        life.bug = bug_of(process.failure)
        self.tell(Kind.PROCESS, "ended" if process.failure is not None else "killed", process.number)

    async def _live(self, process: Process) -> None:
        await super()._live(process)
        life = self.truth.lives[process.number]
        if process.alive:
            process.alive = False
            life.ended_ms, life.end = self.clock.now_ms(), "stopped"
            self.tell(Kind.PROCESS, "ended", process.number)
        process.bot = None  # a simulated day has hundreds of them
        process.journals.clear()

    def _reached(self, process: Process, name: str) -> None:
        super()._reached(process, name)
        if name.startswith("commit "):
            doing, _, when = name.removeprefix("commit ").partition(": ")
            if when == "before":
                self.director.refuse_writing()
                return
            if doing not in _QUIET_COMMITS:
                self.truth.committed()
            self.tell(Kind.COMMIT, doing, process.number)

    def _show(self, outcomes: Sequence[Turned]) -> None:
        super()._show(outcomes)
        self.turns += 1
        plans = tuple(outcome.plan for outcome in outcomes)
        self.truth.output.extend(plan.reason for plan in plans)
        process = self.process
        life = self.truth.lives[process.number]
        if life.up_ms is None:
            life.up_ms = self.clock.now_ms()
            self.tell(Kind.PROCESS, "up", process.number)
        self._note(
            Event(
                at_ms=self.clock.now_ms(),
                kind=Kind.TURN,
                word="over",
                process=process.number,
                changes=self.truth.look(),
                plans=plans,
            )
        )

    async def close(self) -> None:
        """Cut the power; a process that then goes on has lost its end."""
        self.cut()
        lives = {process.life for process in self.processes if process.life is not None}
        _, left = await asyncio.wait(lives, timeout=ENDS_WITHIN_S)
        if left and self.violation is None:
            self.violation = Violation("a process ends", f"{len(left)} go on although they were cancelled")

    # The whole

    async def play(self, steps: Sequence[Step]) -> None:
        """From the first start to the end, or to the first violation."""
        for name in self.scene.exchanges:
            self.world.venues[name].exchange.account(KEY)
        self.tell(Kind.WORLD, str(self.scene))
        self.start()
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(self._play(steps))
            over = group.create_task(self._over.wait())
            await asyncio.wait({playing, over}, return_when=asyncio.FIRST_COMPLETED)
            playing.cancel()
            over.cancel()
        if self.violation is None:
            try:
                for oracle in self._oracles:
                    oracle.finish(self.truth)
            except Violation as violation:
                self.violation = violation
        await self.close()

    async def _play(self, steps: Sequence[Step]) -> None:
        async with asyncio.TaskGroup() as group:
            directing = group.create_task(self.director.play(steps, EPOCH_MS))
            await self.run(self.scene.calm_ms / 1000)
            directing.cancel()
        self.director.calm()
        self.truth.calm_ms = self.clock.now_ms()
        self.tell(Kind.CALM, "from here on")
        await self.run((self.scene.end_ms - self.scene.calm_ms) / 1000)


def _pause_s(headers: Mapping[str, str]) -> float | None:
    """For how long an answer asks to be left alone: Binance says so in s, KuCoin in ms."""
    if "Retry-After" in headers:
        return float(headers["Retry-After"])
    return float(headers[_RESET]) / 1000 if _RESET in headers else None


def bug_of(failure: BaseException | None) -> str:
    """What kind of error ended a process, if it is none of those that are meant to."""
    if isinstance(failure, BaseExceptionGroup):
        return next((bug for error in failure.exceptions if (bug := bug_of(error))), "")
    meant = failure is None or isinstance(failure, (BotError, PowerCut, asyncio.CancelledError))
    return type(failure).__name__ if not meant or isinstance(failure, InvariantBroken) else ""


def _below(chance: random.Random, below: int) -> int:
    return chance.randrange(below)
