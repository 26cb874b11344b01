"""A hedge that may close on funding, through the whole loop: closed, opened again, no guard trips (R24)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

from bot.domain.observation import Prices, Stamp, Unknown
from bot.domain.policy import FundingPolicy
from tests.core.instruments import POLICY
from tests.runtime.world import World, Worlds, on_virtual_time

HOUR_S = 3600
CLOSES = replace(POLICY, funding=FundingPolicy(window_s=D(HOUR_S), close_above=D("0.5"), reopen_below=D("0.1")))


def at_rate(world: World, rate: str) -> None:
    """What every reading tells from now on; 0.001 in 8 h is 1.095 a year."""
    real = type(world.venue)._prices

    def told(stamp: Stamp, *, book: bool) -> Prices | Unknown:
        prices = real(world.venue, stamp, book=book)
        return prices if isinstance(prices, Unknown) else replace(prices, funding_rate=D(rate))

    world.venue._prices = told  # type: ignore[method-assign]


@on_virtual_time
async def test_it_is_closed_and_opened_again_over_restarts(worlds: Worlds) -> None:
    world = worlds(policy=CLOSES)
    at_rate(world, "-0.001")
    await world.run(HOUR_S / 2)
    world.restart()
    assert (world.short, world.sent) == ("1", 1)
    await world.run(HOUR_S)
    assert (world.short, world.sent, world.halts) == ("0", 2, [])
    world.restart()
    at_rate(world, "0.001")
    await world.run(HOUR_S / 4)
    assert world.short == "0", "a quarter of an hour outweighs nothing"
    await world.run(HOUR_S)
    assert (world.short, world.sent, world.halts) == ("1", 3, [])
