"""A journal of its own for every world."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.policy import HedgePolicy
from bot.runtime.hedger import Hedger
from tests.core.instruments import POLICY
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
    ) -> World:
        made.append(World(tmp_path / "journal.db", coins=coins, price=price, policy=policy, hedgers=hedgers))
        return made[-1]

    yield make
    for world in made:
        world.kill()
