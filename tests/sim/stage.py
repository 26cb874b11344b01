"""The whole daemon against the paper exchange on virtual time: processes that start, stop and lose their power.

One loop carries the world and the processes that follow each other on one journal. A process reaches the outside
through two doors only, its session and its database; a power cut closes both at once, so that whatever clean-up runs
afterwards has no effect any more. What was committed is what the next process finds.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self, cast

from bot import logs
from bot.app.assembly import assembled
from bot.domain.errors import BotError
from bot.domain.ids import Symbol, VenueName
from bot.domain.intent import IntentRecord
from bot.domain.plan import Plan
from bot.domain.trader import TraderOutcome
from bot.journal.store import SqlJournal
from bot.paper.engine.defaults import STARTING, Starting
from bot.paper.engine.exchange import Exchange
from bot.paper.world import default_world
from bot.ports import Clock, Halt
from bot.runtime.hedger import Outcome
from bot.runtime.start import Entropy
from bot.runtime.virtual import VirtualClock
from bot.settings import RunOptions, load_settings
from bot.venue.gateway import CcxtVenue
from tests.sim.doors import RUNNING, Point, PowerCut, Process, SimDatabase, SimJournal, SimSession, doors

__all__ = [
    "KEY",
    "RESTART_S",
    "Point",
    "PowerCut",
    "Process",
    "SimDatabase",
    "SimJournal",
    "SimSession",
    "Stage",
    "default_settings",
    "doors",
]

KEY: Final = "paper"
RESTART_S: Final = 5.0
"""How soon a supervisor starts a process again that could not start."""


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
        self.environ: Mapping[str, str] = {}
        self.processes: list[Process] = []
        self.plans: list[tuple[int, Plan]] = []
        self.outcomes: list[tuple[int, TraderOutcome]] = []
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

    def wall(self, venue: str, family: str, seconds: int) -> None:
        """The running bot holds back one family of its requests to a venue, as it does after a firewall's page."""
        bot = self.process.bot
        assert bot is not None
        gateway = cast(CcxtVenue, bot.venues[VenueName(venue)])
        gateway._link._throttle.pause(family, self.clock.now_ms() + seconds * 1000)

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
                await asyncio.sleep(min(self.restart_s(), max(until - self.clock.now_ms(), 0) / 1000))
                self.start()

    def restart_s(self) -> float:
        """How soon a supervisor starts a process again."""
        return RESTART_S

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
            RUNNING.set((process, self._reached))
            settings = load_settings(self.settings_path, self.environ, paper=True)
            logs.protect(settings.secrets())
            # A served world outlives its processes, so the journal is kept over a restart.
            asked = RunOptions(settings_path=self.settings_path, live=True, paper=True, paper_at=("127.0.0.1", 1))
            session, clock = self.session_of(process), self.clock_of(process)
            async with assembled(
                settings, asked, session, clock, self._show, entropy=self.entropy, show_trader=self._show_trader
            ) as bot:
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

    def _show_trader(self, outcome: TraderOutcome) -> None:
        self.outcomes.append((self.clock.now_ms(), outcome))

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
