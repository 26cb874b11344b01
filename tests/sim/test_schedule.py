"""What a seed draws: every kind of fault on every path, everything that may happen, nothing in the calm."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from bot.paper.faults import FaultKind
from bot.paper.stream_faults import StreamFaultKind
from tests.sim.paths import PATHS
from tests.sim.scene import EXCHANGES, draw_scene
from tests.sim.schedule import Act, draw_schedule

HOUR = Decimal(1)
SCENES = [draw_scene(seed, HOUR) for seed in range(300)]
STEPS = [(scene, step) for scene in SCENES for step in draw_schedule(scene)]


def test_every_kind_of_fault_strikes_every_venue() -> None:
    drawn = defaultdict(set)
    for _, step in STEPS:
        if step.act is Act.FAULT:
            drawn[step.exchange].add(FaultKind(step.given["kind"]))
    assert drawn == {exchange: set(FaultKind) for exchange in EXCHANGES}
    streams = {StreamFaultKind(step.given["kind"]) for _, step in STEPS if step.act is Act.STREAM}
    assert streams == set(StreamFaultKind)


def test_every_path_is_struck() -> None:
    drawn = defaultdict(set)
    for scene, step in STEPS:
        if step.act is Act.FAULT:
            drawn[step.exchange, scene.inverse].add(step.given["path"])
    assert drawn == {place: paths.every for place, paths in PATHS.items()}


def test_everything_happens_that_may() -> None:
    assert {step.act for _, step in STEPS} == set(Act)


def test_every_surrounding_is_drawn() -> None:
    assert {(scene.exchange, scene.inverse) for scene in SCENES} == set(PATHS)
    assert {len(scene.exchanges) for scene in SCENES} == {1, 2}
    for name in ("earn", "streams"):
        assert {getattr(scene, name) for scene in SCENES} == {True, False}


def test_faults_are_dense_and_end_before_the_calm() -> None:
    for scene in SCENES[:50]:
        steps = draw_schedule(scene)
        assert [step.at_ms for step in steps] == sorted(step.at_ms for step in steps)
        faults = [step.at_ms for step in steps if step.act is Act.FAULT]
        assert max(after - before for before, after in zip([0, *faults], faults, strict=False)) <= 60_000
        late = [step for step in steps if step.at_ms > scene.calm_ms]
        assert all(step.act is Act.RESUME for step in late)


def test_a_schedule_is_the_same_each_time_it_is_drawn() -> None:
    assert draw_schedule(SCENES[7]) == draw_schedule(draw_scene(7, HOUR))
    assert draw_schedule(SCENES[7]) != draw_schedule(SCENES[8])
    assert len({str(step) for step in draw_schedule(SCENES[7])}) == len(draw_schedule(SCENES[7]))
