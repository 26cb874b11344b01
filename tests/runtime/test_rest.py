"""A hedge that rests for months can still account for its next trade (R23)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal as D

import pytest

from bot.domain.errors import VenueUnreadable
from bot.domain.ids import Symbol
from bot.domain.orders import Side, TradeCursor, VenueTrade
from bot.domain.plan import Verdict
from tests.core.instruments import MAIN, PERP
from tests.runtime.exchange import SimulatedVenue
from tests.runtime.world import World, Worlds, hedged, on_virtual_time

DAY_S = 86_400
DAY_MS = DAY_S * 1_000
KEPT_MS = 85 * DAY_MS


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> list[TradeCursor]:
    """A venue that keeps trades for 85 days, and what it was asked for."""
    asked: list[TradeCursor] = []
    real = SimulatedVenue.trades

    async def trades(self: SimulatedVenue, symbol: Symbol, after: TradeCursor) -> Sequence[VenueTrade]:
        asked.append(after)
        if after.time_ms < self.now_ms() - KEPT_MS:
            raise VenueUnreadable("less is not all", venue=self.name, operation="read trades")
        return await real(self, symbol, after)

    monkeypatch.setattr(SimulatedVenue, "trades", trades)
    return asked


async def rest(world: World, days: int) -> None:
    for _ in range(days):
        await asyncio.sleep(DAY_S)
        await world.run(10)


def cursor(world: World) -> TradeCursor:
    anchor = world.journal.anchor(MAIN, PERP)
    assert anchor is not None
    return anchor.cursor


@on_virtual_time
async def test_r23_a_trade_after_months_of_rest_is_accounted_for(worlds: Worlds, forgetful: list[TradeCursor]) -> None:
    world = await hedged(worlds)
    await rest(world, 120)
    assert (world.short, world.sent) == ("1", 1)
    world.exchange.coins = D(2)
    await world.run(60)
    assert (world.short, world.sent, world.halts) == ("2", 2, [])
    assert cursor(world).trade_id == "2"


@on_virtual_time
async def test_the_cursor_of_a_position_that_rests_is_laid_anew_once_a_week(
    worlds: Worlds, forgetful: list[TradeCursor]
) -> None:
    world = await hedged(worlds)
    forgetful.clear()
    await rest(world, 6)
    assert (cursor(world).trade_id, forgetful) == ("1", [])
    await rest(world, 1)
    assert cursor(world).trade_id is None
    assert world.clock.now_ms() - DAY_MS - 60_000 < cursor(world).time_ms <= world.clock.now_ms() - DAY_MS
    await rest(world, 5)
    assert len(forgetful) == 1


@on_virtual_time
async def test_r25_trades_of_others_that_undid_each_other_are_accounted_for(
    worlds: Worlds, forgetful: list[TradeCursor]
) -> None:
    world = await hedged(worlds)
    await asyncio.sleep(8 * DAY_S)
    world.exchange.fill(Side.SELL, D("0.5"))
    world.exchange.fill(Side.BUY, D("0.5"))
    await world.run(10)
    assert (cursor(world).trade_id, world.short, world.halts) == ("3", "1", [])


@on_virtual_time
async def test_a_cursor_that_no_venue_remembers_is_laid_anew_where_nothing_moved(
    worlds: Worlds, forgetful: list[TradeCursor]
) -> None:
    world = await hedged(worlds)
    await asyncio.sleep(100 * DAY_S)
    world.exchange.coins = D(2)
    await world.run(60)
    assert (world.short, world.sent, world.halts) == ("2", 2, [])
    assert cursor(world).trade_id == "2"


@on_virtual_time
async def test_trades_that_can_not_be_read_now_stop_no_position_that_rests(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await hedged(worlds)
    real = SimulatedVenue.trades

    async def down(self: SimulatedVenue, symbol: Symbol, after: TradeCursor) -> Sequence[VenueTrade]:
        raise VenueUnreadable("not now", venue=self.name, operation=f"read trades of {symbol} after {after}")

    monkeypatch.setattr(SimulatedVenue, "trades", down)
    await asyncio.sleep(10 * DAY_S)
    await world.run(10)
    assert (cursor(world).trade_id, world.sent) == ("1", 1)
    assert world.verdict is Verdict.BALANCED
    monkeypatch.setattr(SimulatedVenue, "trades", real)
