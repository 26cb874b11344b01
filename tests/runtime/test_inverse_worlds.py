"""Coin-margined hedges and hedge mode through the whole loop, on what stands at the exchange (R2, R15, R24)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.domain.observation import Source
from bot.domain.orders import Side
from bot.domain.plan import Verdict
from bot.domain.policy import HoldingSpec
from tests.core.coins import COINED, CONTRACT
from tests.core.instruments import MAIN
from tests.runtime.exchange import Fate
from tests.runtime.world import World, Worlds, hedged, on_virtual_time


async def coined(worlds: Worlds, ratio: str = "1") -> World:
    world: World = worlds(instrument=CONTRACT, policy=replace(COINED, ratio=D(ratio)))
    await world.run(60)
    return world


def value(world: World) -> D:
    """In USD."""
    exchange = world.exchange
    return (exchange.parked[Source.MARGIN] + exchange.profit) * exchange.price


@on_virtual_time
async def test_r28_coins_moved_out_of_the_margin_raise_an_alarm_in_a_rally(worlds: Worlds) -> None:
    holdings = (*COINED.holdings, HoldingSpec(source=Source.SPOT, venue=MAIN))
    world: World = worlds(instrument=CONTRACT, policy=replace(COINED, holdings=holdings))
    await world.run(60)
    world.exchange.park(Source.MARGIN, "-0.8")
    quiet = len(world.alarms.raised)
    world.exchange.price = D(118_000)
    await world.run(60)
    assert (world.short, world.verdict) == ("999", Verdict.BALANCED)
    assert "leverage" in str(world.alarms.raised[quiet].values["reason"])


@pytest.mark.parametrize("restarted", [False, True])
@on_virtual_time
async def test_r11_a_surplus_in_a_rally_is_closed_slice_by_slice_after_one_dwell(
    worlds: Worlds, restarted: bool
) -> None:
    world = await coined(worlds)
    for price in (150_000, 200_000, 250_000, 300_000):
        world.exchange.price = D(price)
        await world.run(60)
    world.venue.depth = D(100)
    world.exchange.parked[Source.MARGIN] -= D("0.2")
    sent = world.sent
    if restarted:
        await world.run(30)
        world.restart()
    await world.run(300)
    times_ms = [at_ms for at_ms, _ in world.venue.placed[sent:]]
    assert len(times_ms) == 6
    assert times_ms[-1] - times_ms[0] < 10_000
    assert world.halts == []


@pytest.mark.parametrize("ratio", ["0", "0.25", "0.5", "1"])
@on_virtual_time
async def test_r2_an_inverse_rally_is_one_order_and_none_after_it(worlds: Worlds, ratio: str) -> None:
    world = await coined(worlds, ratio)
    expected = D(ratio) * 1000 / D("1.0005") // 1
    assert (world.short, world.sent) == (str(expected), 1 if expected else 0)
    before, campaign = value(world), world.journal.memory(COINED.name).get("campaign.exposure")
    for price in (120_000, 150_000, 110_000, 70_000, 50_000):
        world.exchange.price = D(price)
        await world.run(90)
        if ratio == "1":
            assert abs(value(world) - before) < 100
    world.restart()
    await world.run(90)
    assert (world.short, world.sent, world.halts) == (str(expected), 1 if expected else 0, [])
    assert world.journal.memory(COINED.name).get("campaign.exposure") == campaign
    assert not any(key.startswith("surplus") for key in world.journal.memory(COINED.name))


@on_virtual_time
async def test_r24_the_fees_of_its_own_fills_begin_no_new_campaign(worlds: Worlds) -> None:
    """The fee of 30 coins is 15 contracts, many steps; the guard goes on counting all the same."""
    world: World = worlds("30", instrument=CONTRACT, policy=COINED)
    await world.run(60)
    kept = world.journal.memory(COINED.name)
    assert kept["campaign.filled_contracts"] == world.short
    assert D(kept["campaign.exposure"]) == world.exchange.parked[Source.MARGIN]


@on_virtual_time
async def test_r2_a_restart_far_from_the_entry_with_an_empty_journal_adopts_and_does_nothing(worlds: Worlds) -> None:
    world = await coined(worlds)
    world.exchange.price = D(60_000)
    world.kill()
    world.path = world.path.with_name("new.db")
    world.start()
    await world.run(120)
    assert (world.short, world.sent, world.halts) == ("999", 1, [])


@on_virtual_time
async def test_r11_coins_taken_out_of_the_margin_are_followed_at_another_price(worlds: Worlds) -> None:
    world = await coined(worlds)
    world.exchange.price = D(80_000)
    await world.run(30)
    world.exchange.park(Source.MARGIN, "-0.5")
    world.exchange.coins = D(0)
    await world.run(300)
    assert D(595) <= D(world.short) <= D(605), "0.5 of 1 coin at 80,000 are 400 contracts"
    assert world.halts == []


@on_virtual_time
async def test_r24_inverse_orders_with_every_fate_end_in_the_hedge(worlds: Worlds) -> None:
    world: World = worlds(instrument=CONTRACT, policy=COINED)
    world.venue.fates.extend([Fate.HALF, Fate.ANSWER_LOST, Fate.MISSED])
    await world.run(300)
    assert (world.halts, world.verdict) == ([], Verdict.BALANCED)
    assert D(990) <= D(world.short) <= D(999)


@on_virtual_time
async def test_orders_are_sent_in_the_accounts_own_position_mode(worlds: Worlds) -> None:
    world: World = worlds()
    world.venue.hedged = True
    await world.run(60)
    world.exchange.coins = D("0.5")
    await world.run(120)
    assert [ticket.request.hedged for _, ticket in world.venue.placed] == [True, True]
    assert [record.intent.request.hedged for record in world.intents] == [True, True]
    world.venue.hedged = False
    world.exchange.coins = D(1)
    await world.run(120)
    assert world.venue.placed[-1][1].request.hedged is False
    assert (world.short, world.halts) == ("1", [])


@on_virtual_time
async def test_r24_a_long_beside_the_short_freezes_and_nothing_is_touched(worlds: Worlds) -> None:
    world = await hedged(worlds)
    world.venue.hedged = True
    world.venue.other_side = D("0.2")
    world.exchange.coins = D(2)
    await world.run(300)
    assert (world.short, world.sent, world.verdict) == ("1", 1, Verdict.FROZEN)
    assert "hedge mode" in world.plans[-1][1].reason
    world.venue.other_side = D(0)
    await world.run(60)
    assert world.short == "2"


@on_virtual_time
async def test_r24_a_long_in_one_way_mode_freezes_and_nothing_is_touched(worlds: Worlds) -> None:
    world: World = worlds()
    world.exchange.fill(Side.BUY, D("0.3"))
    await world.run(900)
    assert (world.short, world.sent, world.verdict) == ("-0.3", 0, Verdict.FROZEN)
    anchor = world.journal.anchor(MAIN, world.policy.symbol)
    assert anchor is not None
