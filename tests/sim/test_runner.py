"""The runner, on a bot that is broken on purpose: what it tells of a failure, and the shortest beginning that fails."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.domain.intent import IntentEvent, RejectedByVenue
from bot.domain.orders import OutcomeUnknown, SendOutcome
from bot.paper.faults import FaultKind
from bot.runtime import executor
from tests.sim.paths import PATHS
from tests.sim.runner import Kind, Order, Tally, judges, line_of, shortest_prefix, told
from tests.sim.scene import Scene
from tests.sim.schedule import Act, Step
from tests.sim.simulate import Result, simulate

SCENE = Scene(
    seed=1,
    hours=Decimal("0.1"),
    exchange="binance",
    coins_exchange="binance",
    inverse=False,
    earn=False,
    streams=False,
    coins=Decimal(1),
)
ORDERS = PATHS["binance", False].order
STEPS = (
    Step(at_ms=20_000, act=Act.PRICE, exchange="", given={"price": "100100.0", "basis": "0.00010"}),
    Step(at_ms=30_000, act=Act.SHIFT, exchange="binance", given={"share": "0.5"}),
    Step(at_ms=35_000, act=Act.KILL, exchange="", given={}),
    Step(
        at_ms=50_000,
        act=Act.FAULT,
        exchange="binance",
        given={"kind": FaultKind.DROP_AFTER, "path": ORDERS, "count": "1"},
    ),
    Step(at_ms=60_000, act=Act.DEPOSIT, exchange="binance", given={"amount": "0.4"}),
    Step(at_ms=90_000, act=Act.PRICE, exchange="", given={"price": "100200.0", "basis": "0.00010"}),
    Step(at_ms=100_000, act=Act.STOP, exchange="", given={}),
)

_told = executor.event_of


def believes_that_silence_is_refusal(outcome: SendOutcome) -> IntentEvent:
    """What other bots do: no answer, so no order."""
    if isinstance(outcome, OutcomeUnknown):
        return RejectedByVenue(code="timeout", message="no answer")
    return _told(outcome)


def broken(prefix: int) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(executor, "event_of", believes_that_silence_is_refusal)
        return simulate(SCENE, STEPS[:prefix], judges)


def test_a_sound_bot_holds() -> None:
    result = simulate(SCENE, STEPS, judges)
    assert result.violation is None
    assert (result.starts, result.orders) == (3, 2)


@pytest.mark.parametrize("prefix", [1, 3, 5])
def test_a_beginning_runs_as_the_whole_does(prefix: int) -> None:
    """Else what fails with the whole schedule might not fail with the beginning that was played."""
    whole = simulate(SCENE, STEPS, judges, keep=True)
    beginning = simulate(SCENE, STEPS[:prefix], judges, keep=True)
    same = [line for line in whole.lines if int(line.split()[0]) < STEPS[prefix].at_ms]
    assert list(beginning.lines[: len(same)]) == same


def test_a_broken_bot_is_told_with_the_shortest_beginning_that_breaks_it() -> None:
    failure = broken(len(STEPS))
    assert failure.violation is not None
    assert 60_000 < failure.violated_ms < 120_000
    played = len([step for step in STEPS if step.at_ms <= failure.violated_ms])
    assert shortest_prefix(failure, played, len(STEPS), broken) == 5
    lines = list(told(failure, STEPS, broken))
    assert lines[0].startswith(f"seed 1: {failure.violation[0]}: ")
    assert [line.strip() for line in lines if "fault" in line] == [str(STEPS[3]).strip()]
    assert str(STEPS[4]) in lines[-2]
    assert lines[-1].endswith("make sim SEEDS=1 HOURS=0.1 FIRST_SEED=1")


def test_the_result_is_one_line() -> None:
    tally = Tally()
    tally.add(broken(len(STEPS)))
    order = Order(first=1, hours=SCENE.hours, seeds=1, jobs=1)
    assert line_of(order, tally, 2.0).startswith("sim: first_seed 1, seeds 1, hours 0.1, events ")
    assert '"violations": 1' in line_of(order, tally, 2.0, as_json=True)


def test_seeds_of_one_kind_pass_over_the_others() -> None:
    order = Order(first=1, hours=SCENE.hours, seeds=3, jobs=1)
    assert [*order.numbers()] == [1, 2, 3]
    assert [*replace(order, kind=Kind.SHORT).numbers()] == [1, 2, 4]
    assert [*replace(order, kind=Kind.EXIT).numbers()] == [3, 11, 19]
    assert [*replace(order, kind=Kind.PAIR).numbers()] == [7, 15, 23]


@pytest.mark.parametrize(
    ("budget_s", "elapsed_s", "slowest_s", "spent"),
    [
        (None, 9_999, 60, False),
        (100, 0, 0, False),
        (100, 39, 60, False),
        (100, 40, 60, True),
        (100, 100, 0, True),
        (-5, 0, 0, True),
    ],
)
def test_no_seed_begins_that_would_end_after_the_budget(
    budget_s: float | None, elapsed_s: float, slowest_s: float, *, spent: bool
) -> None:
    order = Order(first=1, hours=Decimal(1), seeds=None, jobs=2, budget_s=budget_s)
    assert order.spent(elapsed_s, slowest_s) is spent
