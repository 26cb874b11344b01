"""A handful of seeds, one for every surrounding; `make sim` runs as many as one likes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.sim.paths import PATHS
from tests.sim.runner import judges
from tests.sim.scene import Scene, draw_scene
from tests.sim.schedule import Act, Step, draw_schedule
from tests.sim.simulate import simulate
from tests.sim.trace import Event, Oracle, Truth

HOURS = Decimal("0.2")
PLACES = sorted(PATHS)


def scene_of(exchange: str, *, inverse: bool) -> Scene:
    """The first seed's scene of such a contract, with everything that a hedge can have."""
    scenes = (draw_scene(seed, HOURS) for seed in range(1_000))
    found = next(scene for scene in scenes if (scene.exchange, scene.inverse) == (exchange, inverse))
    return replace(found, streams=True, earn=not inverse)


@pytest.mark.parametrize(("exchange", "inverse"), PLACES)
def test_a_seed_holds(exchange: str, inverse: bool) -> None:
    scene = scene_of(exchange, inverse=inverse)
    result = simulate(scene, draw_schedule(scene), judges)
    assert result.violation is None
    assert result.turns > 50


class Asked:
    """Collects what the bot asks."""

    def __init__(self) -> None:
        self.paths: set[str] = set()

    def after(self, event: Event, truth: Truth) -> None:
        if event.sent is not None:
            self.paths.add(event.sent.path)

    def finish(self, truth: Truth) -> None:
        pass


@pytest.mark.parametrize(("exchange", "inverse"), PLACES)
def test_faults_are_drawn_over_every_path_that_the_bot_asks(exchange: str, inverse: bool) -> None:
    scene = scene_of(exchange, inverse=inverse)
    scene = replace(scene, coins_exchange=exchange)
    order = PATHS[exchange, inverse].order
    asked = Asked()

    def oracles() -> Sequence[Oracle]:
        return (asked,)

    lost = {"kind": "drop-before", "path": order, "count": "1", "method": "POST"}
    steps = (
        Step(at_ms=60_000, act=Act.FAULT, exchange=exchange, given=lost),
        Step(at_ms=61_000, act=Act.DEPOSIT, exchange=exchange, given={"amount": "0.2"}),
        Step(at_ms=200_000, act=Act.STOP, exchange="", given={}),
    )
    simulate(scene, steps, oracles)
    assert asked.paths <= PATHS[exchange, inverse].every
