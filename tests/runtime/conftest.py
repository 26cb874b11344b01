"""A journal of its own for every world."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.instrument import Instrument
from bot.domain.policy import HedgePolicy
from bot.runtime.hedger import Hedger
from tests.core.instruments import LINEAR, POLICY
from tests.runtime.world import World, Worlds


@pytest.fixture
def worlds(tmp_path: Path) -> Iterator[Worlds]:
    """Makes worlds, and closes their journals at the end. Call it inside the story: time begins there."""
    made: list[World] = []

    def make(
        coins: str = "1",
        *,
        price: str = "100000",
        policy: HedgePolicy = POLICY,
        hedgers: tuple[type[Hedger], ...] = (Hedger,),
        instrument: Instrument = LINEAR,
        others: tuple[str, ...] = (),
    ) -> World:
        path = tmp_path / "journal.db"
        made.append(
            World(
                path,
                coins=coins,
                price=price,
                policy=policy,
                hedgers=hedgers,
                instrument=instrument,
                others=others,
            )
        )
        return made[-1]

    yield make
    for world in made:
        world.kill()
