"""Many seeds over all cores; what fails is told with its schedule and with the shortest beginning of it that fails."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import partial
from itertools import count, islice
from multiprocessing import get_context
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.sim.exits import (
    BACK_USD,
    EXIT_USD,
    ROUND_TRIPS,
    SLICE,
    ExitScene,
    draw_exit_scene,
    draw_exit_schedule,
    simulate_exits,
)
from tests.sim.oracles import all_oracles
from tests.sim.oracles_exits import exit_oracles
from tests.sim.oracles_pairs import PairOracle, pair_oracles
from tests.sim.pair_simulation import PairResult, simulate_pairs
from tests.sim.pairs import (
    BOOK_AGE_S,
    MIN_EDGE,
    PairScene,
    draw_pair_scene,
    draw_pair_schedule,
)
from tests.sim.scene import KEY, NOTIONAL_PER_HOUR, Scene, draw_scene
from tests.sim.schedule import Step, draw_schedule
from tests.sim.simulate import Result, simulate
from tests.sim.trace import Oracle

KINDS: Final = 8
PAIRS: Final = 7
EXITS: Final = 3
"""Seeds with this rest are of a cross-exchange hedge, or of a stablecoin one; all others of a spot-perp one."""
NAKED_P99_MS: Final = 5_000
ENOUGH: Final = 1_000
"""Of fewer trades, a slow one more or less decides how long 99 of a hundred were naked."""
SHRUNK_MAX: Final = 3
"""Of so many failures the shortest beginning is looked for."""


def judges() -> Sequence[Oracle]:
    """All oracles, for the settings that a scene gives the bot."""
    return all_oracles(secrets=[KEY], notional_per_hour=NOTIONAL_PER_HOUR)


def pair_judges() -> Sequence[PairOracle]:
    """All oracles of a cross-exchange hedge. A book is as old as its reading, which may take a second and a half."""
    return pair_oracles(min_edge=MIN_EDGE, age_ms=BOOK_AGE_S * 1000 + 1_500)


def exit_judges() -> Sequence[PairOracle]:
    """All oracles of a stablecoin hedge."""
    return exit_oracles(round_trips=ROUND_TRIPS, slice_notional=SLICE, exit_usd=EXIT_USD, back_usd=BACK_USD)


class Kind(StrEnum):
    """Which hedge a seed is of."""

    SHORT = "short"
    PAIR = "pair"
    EXIT = "exit"


def kind_of(seed: int) -> Kind:
    """One seed in eight is of a cross-exchange hedge, one of a stablecoin hedge."""
    return {PAIRS: Kind.PAIR, EXITS: Kind.EXIT}.get(seed % KINDS, Kind.SHORT)


Again = Callable[[int], "AnyResult"]
"""Runs the beginning of a schedule, so many steps of it."""


AnyScene = Scene | PairScene
AnyResult = Result | PairResult


def run_seed(seed: int, hours: Decimal, prefix: int | None = None) -> AnyResult:
    """Run one seed, or the beginning of its schedule."""
    kind = kind_of(seed)
    if kind is Kind.PAIR:
        pairs = draw_pair_scene(seed, hours)
        return simulate_pairs(pairs, draw_pair_schedule(pairs)[:prefix], pair_judges)
    if kind is Kind.EXIT:
        exits = draw_exit_scene(seed, hours)
        return simulate_exits(exits, draw_exit_schedule(exits)[:prefix], exit_judges)
    scene = draw_scene(seed, hours)
    return simulate(scene, draw_schedule(scene)[:prefix], judges)


def schedule_of(scene: AnyScene) -> Sequence[Step]:
    """What happens in a scene of any kind."""
    if isinstance(scene, ExitScene):
        return draw_exit_schedule(scene)
    return draw_pair_schedule(scene) if isinstance(scene, PairScene) else draw_schedule(scene)


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
    naked_ms: list[int] = field(default_factory=list)
    failed: list[AnyResult] = field(default_factory=list)
    broken: list[tuple[int, str]] = field(default_factory=list)

    def add(self, result: AnyResult) -> None:
        """Count one seed in."""
        self.seeds += 1
        self.hours += result.scene.hours
        self.events += result.events
        self.turns += result.turns
        self.starts += result.starts
        self.orders += result.orders
        self.cpu_s += result.cpu_s
        if isinstance(result, PairResult) and not isinstance(result.scene, ExitScene):
            self.naked_ms += result.naked_ms
        if result.violation is not None:
            self.failed.append(result)

    @property
    def violations(self) -> int:
        """How many seeds did not hold; and one more where trades of all of them were naked for too long (P3)."""
        late = len(self.naked_ms) >= ENOUGH and self.naked_p99_ms > NAKED_P99_MS
        return len(self.failed) + len(self.broken) + late

    @property
    def naked_p99_ms(self) -> int:
        """How long 99 of 100 trades of cross-exchange hedges were naked at most, of those with two known answers."""
        return sorted(self.naked_ms)[-(len(self.naked_ms) // 100) - 1] if self.naked_ms else 0


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be run.

    Attributes:
        seeds: how many; None: as many as fit into `budget_s`.
        jobs: how many at a time.
        budget_s: no seed begins that would end after so many seconds if it took as long as the slowest so far.
        shrink: look for the shortest failing beginning.
        kind: seeds of other kinds are passed over; None: every seed runs.
    """

    first: int
    hours: Decimal
    seeds: int | None
    jobs: int
    budget_s: float | None = None
    shrink: bool = True
    kind: Kind | None = None

    def numbers(self) -> Iterator[int]:
        """The seeds to be run, in order; endless where a budget ends them."""
        wanted = (seed for seed in count(self.first) if self.kind in {None, kind_of(seed)})
        return islice(wanted, self.seeds)

    def spent(self, elapsed_s: float, slowest_s: float) -> bool:
        """Whether no further seed may begin."""
        return self.budget_s is not None and elapsed_s + slowest_s >= self.budget_s


def run(order: Order, console: Console) -> Tally:
    """Run them; a progress bar goes to the console."""
    os.environ["PYTHONHASHSEED"] = "0"  # of the workers
    tally, began_s = Tally(), time.monotonic()
    numbers = order.numbers()
    columns = (TextColumn("sim"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[told]}"))
    with (
        ProcessPoolExecutor(order.jobs, mp_context=get_context("spawn")) as pool,
        Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress,
    ):
        bar = progress.add_task("sim", total=order.seeds, told="")
        running: dict[Future[AnyResult], tuple[int, float]] = {}
        slowest_s = 0.0
        while True:
            now_s = time.monotonic()
            spent = order.spent(now_s - began_s, slowest_s)
            while not spent and len(running) < order.jobs and (seed := next(numbers, None)) is not None:
                running[pool.submit(run_seed, seed, order.hours)] = (seed, now_s)
            if not running:
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                seed, since_s = running.pop(future)
                slowest_s = max(slowest_s, time.monotonic() - since_s)
                _count(future, seed, tally)
                progress.update(bar, advance=1, told=f"{tally.violations} violations" if tally.violations else "")
        for number, failure in enumerate(tally.failed):
            again = partial(_run_in, pool, failure.scene) if order.shrink and number < SHRUNK_MAX else None
            for line in told(failure, schedule_of(failure.scene), again):
                console.print(line, highlight=False, markup=False, soft_wrap=True)
    for seed, why in tally.broken:
        console.print(f"seed {seed} broke the simulation itself: {why}", highlight=False, markup=False, soft_wrap=True)
    return tally


def _count(future: Future[AnyResult], seed: int, tally: Tally) -> None:
    error = future.exception()
    if error is not None:
        tally.broken.append((seed, f"{type(error).__name__}: {error}"))
    else:
        tally.add(future.result())


def _run_in(pool: ProcessPoolExecutor, scene: AnyScene, prefix: int) -> AnyResult:
    return pool.submit(run_seed, scene.seed, scene.hours, prefix).result()


def told(failure: AnyResult, steps: Sequence[Step], again: Again | None) -> Iterator[str]:
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


def shortest_prefix(failure: AnyResult, at_most: int, every: int, again: Again) -> int:
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
        "pair_trades": len(tally.naked_ms),
        "naked_p99_ms": tally.naked_p99_ms,
        "naked_max_ms": max(tally.naked_ms, default=0),
        "violations": tally.violations,
        "cpu_s": round(tally.cpu_s, 1),
        "wall_s": round(wall_s, 1),
    }
    if as_json:
        return json.dumps(facts | {"failed": [result.scene.seed for result in tally.failed]})
    return "sim: " + ", ".join(f"{name} {value}" for name, value in facts.items())
