"""Both venues fail at random while coins come, short are taken away and the power goes: never doubled, never left."""

from __future__ import annotations

import random  # noqa: TID251 - seeded, of a test
from decimal import Decimal as D
from pathlib import Path
from typing import Final

import pytest

from bot.paper.faults import ANY_PATH, FaultKind
from tests.fallback.duo import FIRST, ORDERS, STEP, Duo, play
from tests.sim.stage import KEY

AWAY: Final = (FaultKind.MAINTENANCE, FaultKind.HTTP_503, FaultKind.DROP_BEFORE)
LOST: Final = (
    FaultKind.DROP_BEFORE,
    FaultKind.DROP_AFTER,
    FaultKind.HTTP_503_AFTER,
    FaultKind.TRUNCATED,
    FaultKind.REJECT,
)
MOST: Final = D(3)


def happen(duo: Duo, draw: random.Random) -> None:
    """One thing more."""
    exchange = draw.choice(["binance", "binance", "okx"])
    match draw.randrange(8):
        case 0 | 1:
            duo.trouble(exchange, draw.choice(AWAY), ANY_PATH, 1_000_000)
        case 2 | 3:
            duo.trouble(exchange, draw.choice(LOST), ORDERS[exchange], draw.randrange(1, 4))
        case 4 | 5:
            duo.mend()
        case 6:
            duo.stage.restart()
        case _:
            if duo.shorts[0] > D("0.3"):
                duo.stage.exchange.deleverage(KEY, FIRST, quantity=D("0.2"))
    if duo.coins < MOST and draw.random() < 0.4:
        duo.coins_are(str(duo.coins + D("0.25")))


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_both_shorts_together_are_the_coins(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - a test's

    async def story(duo: Duo) -> None:
        for _ in range(14):
            happen(duo, draw)
            await duo.run(draw.choice([4, 15, 40, 100]))
        duo.mend()
        assert await duo.stage.until(lambda _: abs(duo.short - duo.coins) <= STEP, within_s=600), duo.plans
        await duo.run(60)
        assert abs(duo.short - duo.coins) <= STEP, duo.plans
        if duo.stage.halts:
            raise AssertionError(duo.stage.halts)

    play(story, tmp_path)
