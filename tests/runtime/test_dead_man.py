"""The venue's switch for a bot that falls silent: renewed with the turns, off after a clean stop."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field

from bot import logs
from bot.domain.errors import NotOffered, VenueUnreachable
from bot.domain.ids import Symbol
from bot.runtime.dead_man import CALL_S, DeadMan
from tests.core.instruments import MAIN, PERP
from tests.runtime.world import Alarms, World, Worlds, on_virtual_time
from tests.venue.wire import LoopClock


@dataclass
class Switch:
    """The part of `bot.ports.Treasury` that is asked here."""

    clock: LoopClock
    fault: Exception | None = None
    hangs: bool = False
    calls: list[tuple[int, str, int]] = field(default_factory=list)

    async def dead_man(self, symbol: Symbol, seconds: int) -> None:
        self.calls.append((self.clock.now_ms(), symbol, seconds))
        if self.hangs:
            await asyncio.Event().wait()
        if self.fault is not None:
            raise self.fault


def dead_man(switch: Switch, alarms: Alarms, seconds: int = 60) -> DeadMan:
    return DeadMan(
        name=MAIN,
        treasury=switch,  # type: ignore[arg-type]
        symbols=[PERP],
        seconds=seconds,
        clock=switch.clock,
        alarms=alarms,
        logger=logs.get(__name__),
    )


async def stopped(world: World, after_s: float) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(world.daemon.run())
        await asyncio.sleep(after_s)
        world.daemon.stop()


@on_virtual_time
async def test_it_is_renewed_with_the_turns_and_switched_off_by_a_stop(worlds: Worlds) -> None:
    world = worlds()
    switch = Switch(world.clock)
    world.daemon._dead_men = [dead_man(switch, world.alarms)]
    await stopped(world, 300)
    *armed, last = switch.calls
    assert {(symbol, seconds) for _, symbol, seconds in armed} == {(PERP, 60)}
    gaps = [later[0] - earlier[0] for earlier, later in itertools.pairwise(armed)]
    assert len(gaps) >= 10
    assert all(20_000 <= gap <= 30_000 for gap in gaps)
    assert last[1:] == (PERP, 0)
    assert world.alarms.raised == []


@on_virtual_time
async def test_it_stays_on_when_something_of_ours_may_still_rest(worlds: Worlds) -> None:
    world = worlds()
    switch = Switch(world.clock)
    world.daemon._dead_men = [dead_man(switch, world.alarms)]

    async def hangs(*, look: bool) -> None:
        assert look
        await asyncio.Event().wait()

    world.daemon._hedgers[0].cancel_resting = hangs  # type: ignore[method-assign]
    await stopped(world, 30)
    assert switch.calls[-1][2] == 60


@on_virtual_time
async def test_a_venue_without_one_is_asked_once(worlds: Worlds) -> None:
    world = worlds()
    switch = Switch(world.clock, fault=NotOffered("no such switch", operation="dead man", venue="main"))
    world.daemon._dead_men = [dead_man(switch, world.alarms)]
    await stopped(world, 120)
    assert len(switch.calls) == 1
    assert (world.short, world.alarms.raised) == ("1", [])


@on_virtual_time
async def test_a_switch_that_can_not_be_set_is_told_and_holds_up_no_turn(worlds: Worlds) -> None:
    world = worlds()
    failing = Switch(world.clock, fault=VenueUnreachable("HTTP 503", operation="dead man", venue="main"))
    hanging = Switch(world.clock, hangs=True)
    world.daemon._dead_men = [dead_man(failing, world.alarms), dead_man(hanging, world.alarms)]
    await stopped(world, 60)
    assert world.short == "1"
    assert {alarm.event for alarm in world.alarms.raised} == {logs.DEAD_MAN_FAILED}
    assert len(failing.calls) > 5
    turns = [later - earlier for (earlier, _), (later, _) in zip(world.plans, world.plans[1:], strict=False)]
    assert max(turns) <= 5_000 + CALL_S * 1000 + 500
