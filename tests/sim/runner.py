"""Many seeds over all cores; what fails is told with its schedule and with the shortest beginning of it that fails."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from itertools import count
from multiprocessing import get_context
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.sim.oracles import all_oracles
from tests.sim.scene import KEY, NOTIONAL_PER_HOUR, Scene, draw_scene
from tests.sim.schedule import Step, draw_schedule
from tests.sim.simulate import Result, simulate
from tests.sim.trace import Oracle

SHRUNK_MAX: Final = 3
"""Of so many failures the shortest beginning is looked for."""


def judges() -> Sequence[Oracle]:
    """All oracles, for the settings that a scene gives the bot."""
    return all_oracles(secrets=[KEY], notional_per_hour=NOTIONAL_PER_HOUR)


Again = Callable[[int], Result]
"""Runs the beginning of a schedule, so many steps of it."""


def run_seed(seed: int, hours: Decimal, prefix: int | None = None) -> Result:
    """Run one seed, or the beginning of its schedule."""
    scene = draw_scene(seed, hours)
    return simulate(scene, draw_schedule(scene)[:prefix], judges)


@dataclass(kw_only=True)
class Tally:
    """What came of all seeds so far."""

    seeds: int = 0
    hours: Decimal = Decimal(0)
    events: int = 0
    turns: int = 0
    starts: int = 0
    orders: int = 0
    cpu_s: float = 0.0
    failed: list[Result] = field(default_factory=list)
    broken: list[tuple[int, str]] = field(default_factory=list)

    def add(self, result: Result) -> None:
        """Count one seed in."""
        self.seeds += 1
        self.hours += result.scene.hours
        self.events += result.events
        self.turns += result.turns
        self.starts += result.starts
        self.orders += result.orders
        self.cpu_s += result.cpu_s
        if result.violation is not None:
            self.failed.append(result)

    @property
    def violations(self) -> int:
        """How many seeds did not hold."""
        return len(self.failed) + len(self.broken)


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be run.

    Attributes:
        seeds: how many; None: as many as fit into `budget_s`.
        jobs: how many at a time.
        budget_s: no seed begins after so many seconds.
        shrink: look for the shortest failing beginning.
    """

    first: int
    hours: Decimal
    seeds: int | None
    jobs: int
    budget_s: float | None = None
    shrink: bool = True


def run(order: Order, console: Console) -> Tally:
    """Run them; a progress bar goes to the console."""
    os.environ["PYTHONHASHSEED"] = "0"  # of the workers
    tally, began_s = Tally(), time.monotonic()
    numbers = count(order.first) if order.seeds is None else iter(range(order.first, order.first + order.seeds))
    columns = (TextColumn("sim"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[told]}"))
    with (
        ProcessPoolExecutor(order.jobs, mp_context=get_context("spawn")) as pool,
        Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress,
    ):
        bar = progress.add_task("sim", total=order.seeds, told="")
        running: dict[Future[Result], int] = {}
        while True:
            late = order.budget_s is not None and time.monotonic() - began_s >= order.budget_s
            while not late and len(running) < order.jobs and (seed := next(numbers, None)) is not None:
                running[pool.submit(run_seed, seed, order.hours)] = seed
            if not running:
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                _count(future, running.pop(future), tally)
                progress.update(bar, advance=1, told=f"{tally.violations} violations" if tally.violations else "")
        for number, failure in enumerate(tally.failed):
            again = partial(_run_in, pool, failure.scene) if order.shrink and number < SHRUNK_MAX else None
            for line in told(failure, draw_schedule(failure.scene), again):
                console.print(line, highlight=False, markup=False, soft_wrap=True)
    for seed, why in tally.broken:
        console.print(f"seed {seed} broke the simulation itself: {why}", highlight=False, markup=False, soft_wrap=True)
    return tally


def _count(future: Future[Result], seed: int, tally: Tally) -> None:
    error = future.exception()
    if error is not None:
        tally.broken.append((seed, f"{type(error).__name__}: {error}"))
    else:
        tally.add(future.result())


def _run_in(pool: ProcessPoolExecutor, scene: Scene, prefix: int) -> Result:
    return pool.submit(run_seed, scene.seed, scene.hours, prefix).result()


def told(failure: Result, steps: Sequence[Step], again: Again | None) -> Iterator[str]:
    """A failure for a person: the seed, what was violated, and the schedule up to there; shortened with `again`."""
    assert failure.violation is not None
    scene = failure.scene
    yield f"seed {scene.seed}: {failure.violation[0]}: {failure.violation[1]}"
    yield f"  {scene}; violated {failure.violated_ms / 1000:.3f} s after the start"
    shortest = len([step for step in steps if step.at_ms <= failure.violated_ms])
    if again is not None:
        shortest = shortest_prefix(failure, shortest, len(steps), again)
        yield f"  the shortest beginning of its schedule that fails has {shortest} of {len(steps)} steps:"
    for step in steps[:shortest]:
        yield f"  {step}"
    yield f"  again: make sim SEEDS=1 HOURS={scene.hours} FIRST_SEED={scene.seed}"


def shortest_prefix(failure: Result, at_most: int, every: int, again: Again) -> int:
    """How many steps it takes to fail the same oracle; one step less does not.

    Args:
        failure: what came of the whole schedule.
        at_most: steps that were played when it failed.
        every: steps of the whole schedule.
        again: runs a beginning of it.
    """
    assert failure.violation is not None
    oracle = failure.violation[0]

    def fails(prefix: int) -> bool:
        found = again(prefix).violation
        return found is not None and found[0] == oracle

    if not fails(at_most):
        return every
    low, high = 0, at_most
    while low < high:
        middle = (low + high) // 2
        if fails(middle):
            high = middle
        else:
            low = middle + 1
    return high


def line_of(order: Order, tally: Tally, wall_s: float, *, as_json: bool = False) -> str:
    """The result in one line."""
    facts = {
        "first_seed": order.first,
        "seeds": tally.seeds,
        "hours": float(tally.hours),
        "events": tally.events,
        "turns": tally.turns,
        "starts": tally.starts,
        "orders": tally.orders,
        "violations": tally.violations,
        "cpu_s": round(tally.cpu_s, 1),
        "wall_s": round(wall_s, 1),
    }
    if as_json:
        return json.dumps(facts | {"failed": [result.scene.seed for result in tally.failed]})
    return "sim: " + ", ".join(f"{name} {value}" for name, value in facts.items())
