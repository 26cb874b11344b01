"""Pause, unwind, resume and the ways to stop, told from end to end; asserted on what stands at the exchange."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot import logs
from bot.domain.control import Control, ControlKind, StopMode
from bot.domain.instrument import MarginMode
from bot.domain.intent import IntentState
from bot.domain.numbers import plain
from bot.domain.observation import Source
from bot.domain.orders import Side
from bot.domain.plan import Verdict
from bot.domain.policy import HoldingSpec
from bot.ports import Halt
from bot.runtime.daemon import FLATTEN_S
from tests.core.instruments import HEDGE, INVERSE, MAIN, PERP, POLICY
from tests.runtime.exchange import Fate
from tests.runtime.world import World, Worlds, hedged, on_virtual_time

SLICED = replace(POLICY, caps=replace(POLICY.caps, order_notional=D(10_000), orders_per_minute=4))


def order(world: World, kind: ControlKind) -> None:
    """What the command line writes."""
    world.journal.control(Control(kind=kind, hedge=HEDGE, who="ann", why="", since_ms=world.clock.now_ms()))


def resume(world: World) -> None:
    world.journal.clear_halts(world.clock.now_ms())
    world.journal.end_controls(world.clock.now_ms())


def alarms(world: World) -> list[object]:
    return [alarm.values.get("verdict") for alarm in world.alarms.raised]


def reduce_only(world: World) -> bool:
    return all(
        record.intent.request.reduce_only is (record.intent.request.side is Side.BUY) for record in world.intents
    )


@on_virtual_time
async def test_a_pause_sends_nothing_over_restarts_and_alarms_when_naked(worlds: Worlds) -> None:
    world = await hedged(worlds)
    order(world, ControlKind.PAUSE)
    await world.run(10)
    assert (world.verdict, alarms(world)) == (Verdict.PAUSED, [])
    world.exchange.coins = D(2)
    changed_ms = world.clock.now_ms()
    await world.run(60)
    world.restart()
    await world.run(3600)
    assert (world.short, world.sent, world.verdict) == ("1", 1, Verdict.PAUSED)
    assert world.alarms.raised[0].at_ms - changed_ms <= 30_000
    resume(world)
    await world.run(10)
    assert (world.short, world.sent) == ("2", 2)


@on_virtual_time
async def test_a_pause_buys_nothing_back_either(worlds: Worlds) -> None:
    world = await hedged(worlds)
    order(world, ControlKind.PAUSE)
    world.exchange.coins = D(0)
    await world.run(600)
    assert (world.short, world.sent) == ("1", 1)
    assert Verdict.PAUSED in alarms(world)


@on_virtual_time
async def test_r22_a_pause_still_finds_out_what_became_of_an_order(worlds: Worlds) -> None:
    world = worlds()
    world.venue.fates.append(Fate.ANSWER_LOST)
    await world.until_placed()
    order(world, ControlKind.PAUSE)
    await world.run(30)
    (record,) = world.intents
    assert (record.state, record.settled) == (IntentState.FILLED, True)


@on_virtual_time
async def test_a_pause_that_comes_while_an_order_waits_for_its_slot_holds_it_back(worlds: Worlds) -> None:
    world = worlds()
    world.venue.slot_wait_s = 0.1
    world.venue.while_waiting = lambda: order(world, ControlKind.PAUSE)
    await world.run(60)
    assert (world.sent, world.verdict) == (0, Verdict.PAUSED)


@on_virtual_time
async def test_r14_an_unwind_closes_all_and_stays_closed_until_resume(worlds: Worlds) -> None:
    world = await hedged(worlds)
    order(world, ControlKind.UNWIND)
    await world.run(15)
    assert (world.short, world.verdict, reduce_only(world)) == ("0", Verdict.UNWOUND, True)
    world.exchange.coins = D(2)
    world.restart()
    await world.run(3600)
    assert (world.short, world.sent, world.halts) == ("0", 2, [])
    resume(world)
    await world.run(15)
    assert (world.short, world.sent, world.halts) == ("2", 3, [])


@on_virtual_time
async def test_r24_an_unwind_is_sliced_by_the_caps_and_goes_on_after_a_restart(worlds: Worlds) -> None:
    world = worlds(policy=SLICED)
    await world.run(600)
    assert world.short == "1"
    order(world, ControlKind.UNWIND)
    await world.run(61)
    assert world.short not in {"0", "1"}
    world.restart()
    await world.run(600)
    assert (world.short, world.verdict, world.halts) == ("0", Verdict.UNWOUND, [])
    sizes = [plain(record.intent.request.contracts) for record in world.intents if record.intent.request.reduce_only]
    assert sizes == ["0.1"] * 10 or sum(map(D, sizes)) == 1
    assert reduce_only(world)


@on_virtual_time
async def test_an_unwind_works_on_a_halted_hedge_whose_coins_are_unknown(worlds: Worlds) -> None:
    world = await hedged(worlds)
    halt = Halt(venue=MAIN, symbol=PERP, code="guard", reason="look", since_ms=world.clock.now_ms())
    world.journal.halt(halt)
    world.venue.holdings_fail = True
    await world.run(10)
    order(world, ControlKind.UNWIND)
    await world.run(15)
    assert (world.short, world.halts) == ("0", ["guard"])


@on_virtual_time
async def test_r18_an_unwind_waits_for_an_order_of_unknown_end(worlds: Worlds) -> None:
    world = await hedged(worlds)
    world.exchange.coins = D(2)
    world.venue.fates.append(Fate.REQUEST_LOST)
    await world.until_placed(2)
    order(world, ControlKind.UNWIND)
    await world.run(20)
    assert (world.short, world.sent, world.verdict) == ("1", 2, Verdict.WAITING)
    await world.run(120)
    assert (world.short, world.verdict, world.halts) == ("0", Verdict.UNWOUND, [])


@on_virtual_time
async def test_r2_an_inverse_short_is_unwound_whatever_the_price_does(worlds: Worlds) -> None:
    coins = HoldingSpec(source=Source.MARGIN, venue=MAIN)
    policy = replace(POLICY, symbol=INVERSE.symbol, holdings=(coins,), margin_mode=MarginMode.CROSS, leverage=2)
    world = worlds(policy=policy, instrument=INVERSE)
    await world.run(120)
    assert D(world.short) > 0
    order(world, ControlKind.UNWIND)
    world.exchange.price = D(110_000)
    await world.run(60)
    assert (world.short, world.verdict, world.halts) == ("0", Verdict.UNWOUND, [])


async def stopped(world: World, mode: StopMode, *, after_s: float = 0.2) -> float:
    """Run the daemon, stop it, and say how long the stop took."""
    world.daemon._on_stop = mode
    async with asyncio.TaskGroup() as group:
        group.create_task(world.daemon.run())
        await asyncio.sleep(after_s)
        asked_ms = world.clock.now_ms()
        world.daemon.stop()
    return (world.clock.now_ms() - asked_ms) / 1000


@pytest.mark.parametrize(("mode", "left"), [(StopMode.KEEP, "1"), (StopMode.CANCEL, "1"), (StopMode.FLATTEN, "0")])
def test_a_stop_keeps_or_flattens(worlds: Worlds, mode: StopMode, left: str) -> None:
    @on_virtual_time
    async def story() -> None:
        world = await hedged(worlds)
        await stopped(world, mode)
        assert (world.short, world.halts, reduce_only(world)) == (left, [], True)
        assert alarms(world) == []
        world.restart()
        await world.run(30)
        assert world.short == "1", "a stop is no command: the next start hedges"

    story()


@on_virtual_time
async def test_a_stop_that_can_not_flatten_in_time_says_so_and_leaves(worlds: Worlds) -> None:
    world = worlds(policy=SLICED)
    await world.run(600)
    took_s = await stopped(world, StopMode.FLATTEN)
    assert 0 < D(world.short) < 1
    assert FLATTEN_S <= took_s <= FLATTEN_S + 12
    told = [alarm for alarm in world.alarms.raised if alarm.event == logs.STOP_INCOMPLETE]
    assert [alarm.values["code"] for alarm in told] == ["flatten"]


@on_virtual_time
async def test_a_stop_does_not_flatten_what_a_person_paused(worlds: Worlds) -> None:
    world = await hedged(worlds)
    order(world, ControlKind.PAUSE)
    await stopped(world, StopMode.FLATTEN)
    assert (world.short, world.sent) == ("1", 1)


@on_virtual_time
async def test_a_stop_that_only_cancels_looks_nothing_up(worlds: Worlds) -> None:
    world = await hedged(worlds)
    world.exchange.coins = D(2)
    world.venue.fates.append(Fate.ANSWER_LOST)
    await world.until_placed(2)
    took_s = await stopped(world, StopMode.CANCEL, after_s=0.0)
    assert took_s < 2
    assert world.intents[-1].state is IntentState.UNKNOWN
    world.restart()
    await world.run(60)
    assert (world.short, world.sent) == ("2", 2)
