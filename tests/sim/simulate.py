"""One seed from start to end: the whole daemon against the paper exchange, watched by the oracles."""

from __future__ import annotations

import asyncio
import gc
import random  # noqa: TID251 - ccxt's is seeded here
import time
import uuid
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bot.runtime.virtual import EPOCH_MS
from tests.sim.loop import SeededLoop
from tests.sim.output import captured
from tests.sim.scene import Scene
from tests.sim.schedule import Step
from tests.sim.simulation import Simulation
from tests.sim.stage import doors
from tests.sim.trace import Life, Oracle


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one seed.

    Attributes:
        played: how many steps of the schedule.
        violation: the oracle and what it saw; None when all held. `violated_ms`: when, since the start.
        sha256: of the event log.
        lines: of the event log, where they were asked for.
        output: the same of the log.
    """

    scene: Scene
    played: int
    violation: tuple[str, str] | None
    violated_ms: int
    events: int
    turns: int
    starts: int
    orders: int
    sha256: str
    cpu_s: float
    lives: Sequence[Life] = ()
    lines: Sequence[str] = ()
    output: Sequence[str] = ()


def _drawn(chance: random.Random) -> uuid.UUID:
    return uuid.UUID(int=chance.getrandbits(128), version=4)


def simulate(
    scene: Scene, steps: Sequence[Step], oracles: Callable[[], Sequence[Oracle]], *, keep: bool = False
) -> Result:
    """Run one seed.

    Args:
        scene: its surroundings.
        steps: its schedule, or the beginning of it.
        oracles: makes those who judge.
        keep: return the lines of the event log and of the output.
    """
    began_s = time.process_time()
    made: list[Simulation] = []

    async def main(folder: Path) -> None:
        simulation = Simulation(folder, scene, oracles(), keep=keep)
        made.append(simulation)
        await simulation.play(steps)

    def write(line: str) -> None:
        made[0].write(line)

    def now_ms() -> int:
        return made[0].clock.now_ms()

    chance = random.Random(f"ids {scene.seed}")  # noqa: S311
    random.seed(f"ccxt {scene.seed}")
    gc.collect()
    gc.freeze()  # what stands already is not looked through again and again
    gc.disable()
    try:
        with (
            TemporaryDirectory() as folder,
            warnings.catch_warnings(),
            doors(),
            captured(write, now_ms),
            pytest.MonkeyPatch.context() as patch,
        ):
            # A process that loses its power leaves what it was about to await.
            warnings.filterwarnings("ignore", message="coroutine .* was never awaited", category=RuntimeWarning)
            patch.setattr(uuid, "uuid4", partial(_drawn, chance))
            with asyncio.Runner(loop_factory=lambda: SeededLoop(scene.seed)) as runner:
                runner.run(main(Path(folder)))
            gc.collect()
    finally:
        gc.enable()
        gc.unfreeze()
    simulation = made[0]
    truth, violation = simulation.truth, simulation.violation
    truth.close()
    return Result(
        scene=scene,
        played=len(steps),
        violation=None if violation is None else (violation.oracle, violation.message),
        violated_ms=truth.now_ms - EPOCH_MS if violation else 0,
        events=simulation.log.count,
        turns=simulation.turns,
        starts=len(simulation.processes),
        orders=len(truth.orders),
        sha256=simulation.log.sha256,
        cpu_s=time.process_time() - began_s,
        lives=truth.lives,
        lines=simulation.log.lines,
        output=truth.output if keep else (),
    )
