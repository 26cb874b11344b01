"""What others do to our position, and what a wrong journal makes of our own orders (R9, R19, R25)."""

from __future__ import annotations

import shutil
from decimal import Decimal as D
from pathlib import Path

import pytest

from bot import logs
from bot.domain.ids import Epoch, client_order_id
from bot.domain.numbers import plain
from bot.domain.orders import Side
from bot.journal import rows
from bot.journal.store import SqlJournal
from tests.core.instruments import MAIN, PERP
from tests.runtime.exchange import ADL, LIQUIDATION
from tests.runtime.world import World, Worlds, fail_once, hedged, on_virtual_time

FOREIGN_EPOCH = Epoch("zzzzzzzzzz")
GRACE_S = 600


def confirmed(world: World) -> str:
    """The short as the journal holds it; empty when it holds none."""
    anchor = world.journal.anchor(MAIN, PERP)
    return "" if anchor is None else plain(-anchor.contracts)


@pytest.mark.parametrize(("owner", "name"), [(SqlJournal, "confirm"), (rows, "halt_row")])
@on_virtual_time
async def test_r25_a_liquidation_halts_in_the_commit_that_takes_it_in(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch, owner: object, name: str
) -> None:
    world = await hedged(worlds)
    world.exchange.fill(Side.BUY, D(1), LIQUIDATION)
    fail_once(monkeypatch, owner, name)
    before: tuple[str, list[str]] = ("1", [])
    after = ("0", ["liquidation"])
    seen = []
    for _ in range(10):
        await world.run(1)
        seen.append((confirmed(world), world.halts))
        assert seen[-1] in [before, after]
    assert (seen[0], seen[-1]) == (before, after)
    world.restart()
    await world.run(600)
    assert (world.short, world.sent) == ("0", 1)


@on_virtual_time
async def test_r25_three_adls_in_a_row_are_hedged_again_without_a_halt(worlds: Worlds) -> None:
    world = await hedged(worlds)
    left = [1, 1, 1]

    def deleverage() -> None:
        if left:
            left.pop()
            world.exchange.fill(Side.BUY, D("0.1"), ADL)

    world.venue.after_order = deleverage
    world.exchange.fill(Side.BUY, D("0.1"), ADL)
    await world.run(120)
    assert (world.short, left, world.halts) == ("1", [], [])


@on_virtual_time
async def test_r25_a_trade_by_hand_alarms_and_is_left_alone_for_the_grace(worlds: Worlds) -> None:
    world = await hedged(worlds)
    world.exchange.fill(Side.BUY, D("0.2"))
    await world.run(GRACE_S - 10)
    assert world.short == "0.8"
    assert logs.FOREIGN_CHANGE in {alarm.event for alarm in world.alarms.raised}
    await world.run(60)
    assert (world.short, world.halts) == ("1", [])


@on_virtual_time
async def test_r25_the_grace_goes_on_over_a_restart(worlds: Worlds) -> None:
    world = await hedged(worlds)
    world.exchange.fill(Side.BUY, D("0.2"))
    await world.run(GRACE_S / 2)
    world.restart()
    await world.run(GRACE_S / 2 - 20)
    assert world.short == "0.8"
    await world.run(60)
    assert (world.short, world.halts) == ("1", [])


@on_virtual_time
async def test_r9_a_short_that_is_gone_is_read_three_times_and_its_owners_are_asked_for_once(worlds: Worlds) -> None:
    world = await hedged(worlds)
    orders = [world.exchange.fill(Side.BUY, D("0.25")).venue_order_id for _ in range(4)]
    readings = 0
    while confirmed(world) != "0":
        await world.turn()
        readings += 1
    assert readings == 3
    assert sorted(asked for asked in world.venue.looked_up if asked in orders) == sorted(orders)


@on_virtual_time
async def test_r19_an_order_of_another_journal_halts_the_account(worlds: Worlds) -> None:
    world = await hedged(worlds)
    world.exchange.fill(Side.SELL, D("0.1"), client_order_id(FOREIGN_EPOCH, 1))
    await world.run(600)
    assert [(halt.code, halt.symbol) for halt in world.journal.halts()] == [("unknown-epoch", None)]
    assert (world.short, world.sent) == ("1.1", 1)


@on_virtual_time
async def test_r19_a_restored_journal_halts_until_a_person_has_it_adopt_what_there_is(
    worlds: Worlds, tmp_path: Path
) -> None:
    world = await hedged(worlds)
    backup = tmp_path / "backup.db"
    world.backup(backup)
    world.exchange.coins = D(2)
    await world.run(60)
    world.kill()
    shutil.copy(backup, world.path)
    world.start()
    await world.run(600)
    assert (world.halts, world.short, world.sent) == (["invariant"], "2", 2)
    world.journal.drop_anchors(world.clock.now_ms())
    world.journal.clear_halts(world.clock.now_ms())
    world.exchange.coins = D(3)
    await world.run(120)
    assert (world.halts, world.short, world.sent) == ([], "3", 3)


@on_virtual_time
async def test_r25_a_lost_journal_adopts_the_short_that_stands(worlds: Worlds) -> None:
    world = await hedged(worlds)
    world.kill()
    world.path = world.path.with_name("new.db")
    world.start()
    await world.run(120)
    assert (world.short, world.sent, confirmed(world), world.halts) == ("1", 1, "1", [])
