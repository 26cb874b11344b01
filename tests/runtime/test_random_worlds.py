"""Whatever happens, in whatever order: the invariants of a hedge."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from decimal import Decimal as D
from enum import Enum, auto
from pathlib import Path
from typing import assert_never

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.ids import ClientOrderId
from tests.core.instruments import LINEAR, POLICY
from tests.runtime.exchange import Fate
from tests.runtime.world import World, on_virtual_time

CAPS = replace(POLICY.caps, notional_per_hour=D(10) ** 9, orders_per_minute=600)
CALM_S = 600
PRICES = (D(70_000), D(140_000))
STEP = LINEAR.quantity_step


class Event(Enum):
    """What the owner, the market and the host do; what becomes of the next order is a `Fate`."""

    DEPOSIT = auto()
    SALE = auto()
    PRICE = auto()
    KILL = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happens, and for how long the loop runs on after it."""

    event: Event | Fate
    size: int
    pause_s: int


STEPS = st.builds(
    Step,
    event=st.sampled_from([*Event, *Event, *(fate for fate in Fate if fate is not Fate.FILLED)]),
    size=st.integers(1, 1000),
    pause_s=st.sampled_from([0, 0, 1, 3, 10, 30, 70]),
)


def happen(world: World, step: Step) -> None:
    exchange, size = world.exchange, step.size
    match step.event:
        case Event.DEPOSIT:
            exchange.coins += D(size) / 2000
        case Event.SALE:
            exchange.coins = max(exchange.coins - D(size) / 1500, D(0))
        case Event.PRICE:
            moved = (exchange.price * (D(930) + D(size) * 14 / 100) / 1000).quantize(LINEAR.price_tick)
            exchange.price = min(max(moved, PRICES[0]), PRICES[1])
        case Event.KILL:
            world.restart()
        case Fate():
            world.venue.fates.append(step.event)
        case _:
            assert_never(step.event)


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(coins=st.integers(0, 3000), steps=st.lists(STEPS, min_size=40, max_size=40))
def test_no_sequence_doubles_loses_or_halts_a_hedge(coins: int, steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        live_through(Path(folder) / "journal.db", D(coins) / 1000, steps)


@on_virtual_time
async def live_through(path: Path, coins: D, steps: list[Step]) -> None:
    world = World(path, coins=str(coins), policy=replace(POLICY, caps=CAPS))
    try:
        for step in steps:
            happen(world, step)
            await world.run(step.pause_s)
            hold(world)
        world.venue.fates.clear()
        await world.run(CALM_S)
        hold(world)
        assert abs(world.exchange.gap) * world.exchange.price <= left_alone(world)
    finally:
        world.kill()


def hold(world: World) -> None:
    """What must be so at any moment."""
    exchange = world.exchange
    assert exchange.largest_excess <= STEP
    assert exchange.highest_position <= 0
    assert world.halts == []
    intents = [record.intent.client_id for record in world.intents]
    assert sorted(ticket.client_id for _, ticket in world.venue.placed) == sorted(intents)
    ours = [order.client_id for order in exchange.orders]
    assert len(set(ours)) == len(ours)
    assert set(ours) <= {ClientOrderId(client_id) for client_id in intents}


def left_alone(world: World) -> D:
    """The largest gap that needs no order: inside the band, or less than the venue takes; and what is no whole step."""
    band, price = POLICY.band, world.exchange.price
    least = LINEAR.notional_min / (1 - POLICY.slippage_urgent)
    return max(band.relative * world.exchange.coins * price, band.notional, least) + STEP * price
