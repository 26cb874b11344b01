"""One seed of a cross-exchange hedge from start to end: the whole daemon on two paper exchanges."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import random  # noqa: TID251 - the seed is the point
import time
import uuid
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import pytest

from bot import logs
from bot.paper.engine.model import Refusal
from bot.paper.faults import Fault, FaultKind
from bot.paper.mangling import Edit
from bot.runtime.virtual import EPOCH_MS
from tests.sim.loop import SeededLoop
from tests.sim.oracles_pairs import PairOracle, PairTruth, Traded
from tests.sim.output import captured
from tests.sim.pairs import ASSET, KEY, MARKETS, WALLETS, PairScene
from tests.sim.rough import RoughStage
from tests.sim.schedule import Act, Step
from tests.sim.simulation import bug_of
from tests.sim.stage import Process, doors
from tests.sim.trace import Violation

Scene = TypeVar("Scene", bound=PairScene)


class PairSimulation(RoughStage):
    """A stage for a cross-exchange hedge; what is true is looked at with every commit that concerns a trade."""

    def __init__(self, folder: Path, scene: PairScene, oracles: Sequence[PairOracle]) -> None:
        super().__init__(folder, exchange=scene.exchanges[0], settings=scene.settings, starting=scene.starting)
        self.scene = scene
        chance = random.Random(f"entropy {scene.seed}")  # noqa: S311 - a simulation, not a secret
        self.entropy = chance.randrange
        self.environ = {f"HEDGEBOT_VENUES__{name.upper()}__API_KEY": KEY for name in scene.exchanges}
        self.truth = self.truth_of(scene)
        for exchange in self.truth.exchanges.values():
            exchange.set_spot_fee(scene.fee, KEY)
        self.violation: Violation | None = None
        self._oracles = oracles
        self._over = asyncio.Event()
        self._acts: Mapping[Act, Callable[[Step], None]] = {
            Act.PRICE: self._price,
            Act.FAULT: self._fault,
            Act.OUTAGE: self._outage,
            Act.KILL: lambda _: self.cut(),
            Act.STOP: lambda _: self.end_orderly(),
            Act.DISK: self.disk,
            Act.LATE: self.delay,
            Act.PAUSE: self.pause,
            Act.HOST_CLOCK: self.set_host_clock,
            Act.STREAM: self.stream,
            Act.DEPOSIT: lambda step: self._move(step, Decimal(step.given["amount"])),
            Act.WITHDRAW: lambda step: self._move(step, -Decimal(step.given["amount"])),
        }

    def truth_of(self, scene: PairScene) -> PairTruth:
        """What the oracles may look at."""
        exchanges = {name: self.world.venues[name].exchange for name in scene.exchanges}
        return PairTruth(exchanges, self.journal_path, KEY, MARKETS, WALLETS, self.clock.now_ms)

    async def play(self, steps: Sequence[Step]) -> None:
        """From the first start to the end, or to the first violation."""
        self.start()
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(self._play(steps))
            over = group.create_task(self._over.wait())
            await asyncio.wait({playing, over}, return_when=asyncio.FIRST_COMPLETED)
            playing.cancel()
            over.cancel()
        if self.violation is None:
            self._judge(lambda oracle: oracle.finish(self.truth))
        self.cut()
        await asyncio.wait({process.life for process in self.processes if process.life is not None}, timeout=60)

    async def _play(self, steps: Sequence[Step]) -> None:
        async with asyncio.TaskGroup() as group:
            directing = group.create_task(self._direct(steps))
            await self.run(self.scene.calm_ms / 1000)
            directing.cancel()
        self.smooth()
        self._be_calm()
        await self.run((self.scene.end_ms - self.scene.calm_ms) / 1000)

    async def _direct(self, steps: Sequence[Step]) -> None:
        for step in steps:
            await asyncio.sleep(max(EPOCH_MS + step.at_ms - self.clock.now_ms(), 0) / 1000)
            try:
                self._acts[step.act](step)
            except (Refusal, ValueError):
                continue  # what the world refuses has not happened

    def _end(self, process: Process) -> None:
        if process.alive and (bug := bug_of(process.failure)) and self.violation is None:
            self.violation = Violation("nothing ends in an error of our own making", f"{bug}: {process.failure}")
            self._over.set()
        super()._end(process)

    def _reached(self, process: Process, name: str) -> None:
        super()._reached(process, name)
        doing, _, when = name.removeprefix("commit ").partition(": ")
        if not name.startswith("commit "):
            return
        if when == "before":
            self.refuse_writing()
            return
        if doing not in {"record_decision", "remember"}:
            self.truth.look()
            self._judge(lambda oracle: oracle.after(doing, self.truth))

    def _judge(self, ask: Callable[[PairOracle], None]) -> None:
        if self.violation is not None:
            return
        try:
            for oracle in self._oracles:
                ask(oracle)
        except Violation as violation:
            self.violation = violation
            self._over.set()

    def write(self, line: str) -> None:
        """A process says something; an alarm is noted."""
        if f'"event": "{logs.ALARM_RAISED}"' in line:
            values: Mapping[str, object] = json.loads(line)
            pair = str(values.get("pair", ""))
            self.truth.alarms.add(pair)
            if values.get("code") == "unanswered":
                self.truth.unanswered.add(pair)

    # What happens

    def _price(self, step: Step) -> None:
        self._quote(*(Decimal(step.given[name]) for name in ("price", "gap", "depth")))

    def _be_calm(self) -> None:
        """No gap any more."""
        self._quote(Decimal(100_000), Decimal(0), Decimal(1))

    def _quote(self, price: Decimal, gap: Decimal, depth: Decimal) -> None:
        for name, factor in zip(self.scene.exchanges, (Decimal(1), 1 + gap), strict=True):
            exchange = self.truth.exchanges[name]
            exchange.set_depth(MARKETS[name], depth)
            exchange.set_price(ASSET, (price * factor).quantize(Decimal("0.1")))
            self.truth.quoted(name)

    def _fault(self, step: Step) -> None:
        given = step.given
        edit = None
        if "field" in given:
            edit = Edit(field=given["field"], factor=Decimal(given["factor"]) if given["factor"] else None)
        self.world.faults.add(
            Fault(
                venue=step.exchange,
                path=given["path"],
                method=given.get("method"),
                kind=FaultKind(given["kind"]),
                count=int(given["count"]),
                delay_s=float(given.get("delay_s", "0")),
                for_s=float(given["for_s"]) if "for_s" in given else None,
                edit=edit,
            )
        )

    def _outage(self, step: Step) -> None:
        kind, for_s = FaultKind(step.given["kind"]), float(step.given["for_s"])
        self.world.faults.add(Fault(venue=step.exchange, path="*", kind=kind, for_s=for_s))

    def _move(self, step: Step, amount: Decimal) -> None:
        self.truth.exchanges[step.exchange].deposit(KEY, WALLETS[step.exchange], ASSET, amount)
        self.truth.foreign += amount


@dataclass(frozen=True, slots=True, kw_only=True)
class PairResult:
    """What came of one seed; `sha256` is of everything that was decided and traded."""

    scene: PairScene
    violation: tuple[str, str] | None
    violated_ms: int
    starts: int
    turns: int
    events: int
    orders: int
    cpu_s: float
    trades: Sequence[Traded]
    sha256: str

    @property
    def naked_ms(self) -> Sequence[int]:
        """Of the trades whose two answers were known."""
        return [traded.naked_ms for traded in self.trades if not traded.unknown]


def simulate_pairs(scene: PairScene, steps: Sequence[Step], oracles: Callable[[], Sequence[PairOracle]]) -> PairResult:
    """Run one seed."""
    return simulated(PairSimulation, scene, steps, oracles)


def simulated(
    kind: Callable[[Path, Scene, Sequence[PairOracle]], PairSimulation],
    scene: Scene,
    steps: Sequence[Step],
    oracles: Callable[[], Sequence[PairOracle]],
) -> PairResult:
    """Run one seed of a kind of simulation."""
    began_s = time.process_time()
    made: list[PairSimulation] = []
    ended_ms: list[int] = []

    async def main(folder: Path) -> None:
        simulation = kind(folder, scene, oracles())
        made.append(simulation)
        await simulation.play(steps)
        simulation.truth.look()
        ended_ms.append(simulation.clock.now_ms())

    def write(line: str) -> None:
        made[0].write(line)

    def now_ms() -> int:
        return ended_ms[0] if ended_ms else made[0].clock.now_ms()

    chance = random.Random(f"ids {scene.seed}")  # noqa: S311
    random.seed(f"ccxt {scene.seed}")
    with (
        TemporaryDirectory() as folder,
        warnings.catch_warnings(),
        doors(),
        captured(write, now_ms),
        pytest.MonkeyPatch.context() as patch,
    ):
        warnings.filterwarnings("ignore", message="coroutine .* was never awaited", category=RuntimeWarning)
        patch.setattr(uuid, "uuid4", partial(_drawn, chance))
        with asyncio.Runner(loop_factory=lambda: SeededLoop(scene.seed)) as runner:
            runner.run(main(Path(folder)))
        gc.collect()
        simulation = made[0]
        trades = simulation.truth.traded()
    violation = simulation.violation
    return PairResult(
        scene=scene,
        violation=None if violation is None else (violation.oracle, violation.message),
        violated_ms=ended_ms[0] - EPOCH_MS if violation else 0,
        starts=len(simulation.processes),
        turns=len(simulation.outcomes),
        events=len(steps),
        orders=sum(len(exchange.account(KEY).orders()) for exchange in simulation.truth.exchanges.values()),
        cpu_s=time.process_time() - began_s,
        trades=trades,
        sha256=hashlib.sha256(f"{simulation.outcomes} {trades}".encode()).hexdigest(),
    )


def _drawn(chance: random.Random) -> uuid.UUID:
    return uuid.UUID(int=chance.getrandbits(128), version=4)
