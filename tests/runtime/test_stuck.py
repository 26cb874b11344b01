"""A hedge that is stuck or open is told within 30 s, whatever its verdict (R8, R18, R24)."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from bot.domain.ids import Asset
from bot.domain.instrument import ContractKind
from bot.domain.plan import HedgeView, Plan, Verdict
from bot.ports import Halt
from bot.runtime.stuck import STUCK_MS, Stuck
from tests.core.instruments import HEDGE, MAIN, PERP
from tests.runtime.exchange import Fate
from tests.runtime.world import World, Worlds, hedged, on_virtual_time

TOLD_MS = 30_000


def plan(verdict: Verdict, gap: str | None, *, target: str = "1", alarm: bool = False) -> Plan:
    view = HedgeView(
        hedge=HEDGE,
        asset=Asset("BTC"),
        symbol=PERP,
        kind=ContractKind.LINEAR,
        holdings=(),
        target=D(target),
        gap=None if gap is None else D(gap),
        gap_notional=None if gap is None else D(gap) * 100_000,
        band_notional=D(500),
    )
    return Plan(view=view, verdict=verdict, reason="", alarm=alarm)


def told(plans: list[tuple[int, Plan]], *, filled_s: int = -1) -> list[int]:
    """The seconds at which something was said."""
    stuck = Stuck(D(60))
    return [at_s for at_s, one in plans if stuck.told(one, at_s * 1000, filled=at_s == filled_s)]


@pytest.mark.parametrize("verdict", [Verdict.ORDER, Verdict.TOO_SMALL, Verdict.DWELLING, Verdict.PAUSED])
def test_a_naked_hedge_is_told_whatever_its_verdict(verdict: Verdict) -> None:
    assert told([(at_s, plan(verdict, "0.2", alarm=True)) for at_s in range(0, 31, 5)]) == [20, 25, 30]


def test_an_over_hedged_one_is_told_after_its_dwell() -> None:
    assert told([(at_s, plan(Verdict.DWELLING, "-0.2")) for at_s in range(0, 91, 10)]) == [80, 90]


@pytest.mark.parametrize(
    "harmless",
    [
        plan(Verdict.BALANCED, "0.001"),
        plan(Verdict.BALANCED, "0"),
        plan(Verdict.FROZEN, None),
        plan(Verdict.TOO_SMALL, "0.2"),
        plan(Verdict.ORDER, "-0.2"),
    ],
    ids=["inside", "none", "unknown", "below-minimum", "other-side"],
)
def test_a_gap_that_closes_or_can_not_be_closed_begins_anew(harmless: Plan) -> None:
    open_gap = plan(Verdict.ORDER, "0.2")
    assert told([(0, open_gap), (15, open_gap), (18, harmless), (20, open_gap), (35, open_gap)]) == []


def test_a_fill_begins_anew_and_target_0_has_no_band() -> None:
    assert told([(at_s, plan(Verdict.ORDER, "0.2")) for at_s in range(0, 35, 5)], filled_s=15) == []
    small = [(at_s, plan(Verdict.REFUSED, "-0.001", target="0")) for at_s in range(0, 91, 10)]
    assert told(small) == [80, 90]


def test_one_wait_after_another_is_one() -> None:
    turns = [(0, Verdict.WAITING), (10, Verdict.CONFIRMING), (20, Verdict.WAITING), (25, Verdict.BALANCED)]
    assert told([(at_s, plan(verdict, "0")) for at_s, verdict in turns]) == [20]
    assert STUCK_MS < TOLD_MS


async def quiet(worlds: Worlds) -> tuple[World, int]:
    world = await hedged(worlds)
    assert world.alarms.raised == []
    return world, world.clock.now_ms()


def first_alarm_ms(world: World, since_ms: int) -> int:
    return world.alarms.raised[0].at_ms - since_ms


@on_virtual_time
async def test_orders_that_never_fill_are_told(worlds: Worlds) -> None:
    world, since_ms = await quiet(worlds)
    world.venue.fate = Fate.MISSED
    world.exchange.coins = D(2)
    await world.run(60)
    assert first_alarm_ms(world, since_ms) <= TOLD_MS


@on_virtual_time
async def test_an_order_of_unknown_end_is_told(worlds: Worlds) -> None:
    world, since_ms = await quiet(worlds)
    world.exchange.coins = D(2)
    world.venue.fates.append(Fate.REQUEST_LOST)
    await world.run(60)
    assert first_alarm_ms(world, since_ms) <= TOLD_MS


@on_virtual_time
async def test_no_margin_and_an_unreachable_venue_are_told(worlds: Worlds) -> None:
    world, since_ms = await quiet(worlds)
    world.venue.position_fails = True
    await world.run(30)
    assert first_alarm_ms(world, since_ms) <= TOLD_MS


@on_virtual_time
async def test_too_little_depth_is_told(worlds: Worlds) -> None:
    world, since_ms = await quiet(worlds)
    world.venue.depth = D(0)
    world.exchange.coins = D(2)
    await world.run(60)
    assert first_alarm_ms(world, since_ms) <= TOLD_MS


@on_virtual_time
async def test_r24_a_halt_that_comes_again_after_resume_is_told_again_at_once(worlds: Worlds) -> None:
    world = await hedged(worlds)
    for _ in range(2):
        raised = len(world.alarms.raised)
        world.journal.halt(Halt(venue=MAIN, symbol=PERP, code="guard", reason="look", since_ms=world.clock.now_ms()))
        await world.run(10)
        world.journal.clear_halts(world.clock.now_ms())
        await world.run(10)
        assert len(world.alarms.raised) > raised
    identities = {(one.values.get("verdict"), one.values["resumed"]) for one in world.alarms.raised}
    assert len(identities) == 2
