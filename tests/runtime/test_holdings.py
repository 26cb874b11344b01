"""Coins that move between places, and places that can't be read (R8, R10, R11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.domain.errors import ConfigFault
from bot.domain.ids import Asset, VenueName
from bot.domain.observation import Holding, Position, Source, Stamp, Unknown, VenueObservation, Wanted
from bot.domain.plan import Verdict
from bot.domain.policy import HedgePolicy, HoldingSpec
from bot.ports import FeedReading
from bot.runtime.observer import Observer, deadline_s, holdings_of, wanted
from tests.core.instruments import BTC, MAIN, PERP, POLICY
from tests.runtime.exchange import SimulatedVenue
from tests.runtime.world import INTERVAL_S, World, Worlds, on_virtual_time

DAY_S = 86_400
ALL = tuple(HoldingSpec(source=source, venue=MAIN) for source in (Source.SPOT, Source.EARN, Source.TRANSIT))
EVERYWHERE = replace(POLICY, holdings=ALL)
STAMP = Stamp(sent_ms=1_000, answered_ms=1_100)


async def at_rest(
    worlds: Worlds, coins: str = "2", policy: HedgePolicy = EVERYWHERE, others: tuple[str, ...] = ()
) -> World:
    world: World = worlds(coins, policy=policy, others=others)
    await world.run(60)
    assert (world.short, world.sent) == (coins, 1)
    return world


def overdue(world: World) -> list[str]:
    reasons = [str(alarm.values.get("reason")) for alarm in world.alarms.raised]
    return [reason for reason in reasons if "on the way" in reason]


def torn(world: World, move: Callable[[], None]) -> None:
    """The move happens between the reading of spot and that of the rest, once."""

    def once() -> None:
        world.venue.while_reading = lambda: None
        move()

    world.venue.while_reading = once


@on_virtual_time
async def test_r11_an_earn_cycle_of_two_days_never_changes_the_short(worlds: Worlds) -> None:
    """Spot -> flexible -> locked -> redeeming for two days -> spot, each in the middle of a reading."""
    world = await at_rest(worlds)
    exchange = world.exchange
    torn(world, lambda: exchange.park(Source.EARN, "2"))
    await world.run(300)

    def redeem() -> None:
        exchange.park(Source.EARN, "-2")
        exchange.park(Source.TRANSIT, "2")

    torn(world, redeem)
    world.daemon._interval_s = 600
    await world.run(2 * DAY_S)
    world.daemon._interval_s = INTERVAL_S
    torn(world, lambda: exchange.park(Source.TRANSIT, "-2"))
    await world.run(300)
    assert (world.short, world.sent, world.halts) == ("2", 1, [])
    seen = {plan.view.exposure for _, plan in world.plans}
    assert seen == {D(0), D(2), D(4)}, "coins were seen twice, and not at all"


@on_virtual_time
async def test_r11_coins_on_their_way_for_too_long_alarm_and_are_not_counted(worlds: Worlds) -> None:
    timing = replace(POLICY.timing, transit_max_s=D(600))
    world = await at_rest(worlds, policy=replace(EVERYWHERE, timing=timing))
    world.exchange.park(Source.TRANSIT, "1")
    await world.run(590)
    assert (world.short, overdue(world)) == ("2", [])
    await world.run(30)
    assert "1 BTC to or from main" in overdue(world)[0]
    await world.run(120)
    assert world.short == "1"
    world.exchange.park(Source.TRANSIT, "-1")
    await world.run(120)
    assert (world.short, world.halts) == ("2", [])


@on_virtual_time
async def test_coins_on_two_venues_and_the_short_on_a_third(worlds: Worlds) -> None:
    there = tuple(HoldingSpec(source=Source.SPOT, venue=VenueName(name)) for name in ("okx", "kucoin"))
    world: World = worlds("7", policy=replace(POLICY, holdings=there), others=("okx", "kucoin"))
    okx, kucoin = world.others.values()
    okx.truth.coins, kucoin.truth.coins = D("0.6"), D("0.4")
    await world.run(60)
    assert world.short == "1"
    for venue, coins in ((okx, "0.8"), (kucoin, "0.5"), (okx, "0.1")):
        venue.truth.coins = D(coins)
        await world.run(120)
        assert world.exchange.position == -(okx.truth.coins + kucoin.truth.coins)


@on_virtual_time
async def test_r8_a_venue_that_is_unknown_freezes_where_it_is(worlds: Worlds) -> None:
    there = (*POLICY.holdings, HoldingSpec(source=Source.SPOT, venue=VenueName("okx")))
    world = await at_rest(worlds, "1", replace(POLICY, holdings=there), others=("okx",))
    (okx,) = world.others.values()
    okx.holdings_fail = True
    world.exchange.coins = D(3)
    await world.run(300)
    assert (world.short, world.verdict) == ("1", Verdict.FROZEN)
    okx.holdings_fail = False
    await world.run(60)
    assert world.short == "3"


def slowly(venue: SimulatedVenue, seconds: float) -> None:
    """Its readings take so long."""
    real = venue.observe

    async def observe(wanted: Wanted) -> VenueObservation:
        await venue.clock.sleep(seconds)
        return await real(wanted)

    setattr(venue, "observe", observe)  # noqa: B010 - a method is replaced


@on_virtual_time
async def test_r8_a_slow_venue_holds_up_no_hedge_that_does_not_use_it(worlds: Worlds) -> None:
    world = await at_rest(worlds, "1", POLICY, others=("okx", "kucoin"))
    okx, kucoin = world.others.values()
    slowly(okx, 22)
    slowly(kucoin, 10**6)
    there = replace(POLICY, holdings=(HoldingSpec(source=Source.SPOT, venue=okx.name),))
    world.daemon._observer = Observer({MAIN: world.venue} | world.others, [POLICY, there])
    world.exchange.coins = D(3)
    began_ms = world.clock.now_ms()
    await world.until_placed(2)
    assert world.clock.now_ms() - began_ms < 25_000
    await world.run(60)
    assert (world.short, world.verdict) == ("3", Verdict.BALANCED)


@on_virtual_time
async def test_r8_what_a_slow_venue_tells_is_unknown_and_what_nobody_uses_is_not_read(worlds: Worlds) -> None:
    world: World = worlds(others=("okx", "kucoin"))
    okx, kucoin = world.others.values()
    slowly(okx, 60)
    there = replace(
        POLICY,
        venue=okx.name,
        holdings=tuple(replace(spec, venue=okx.name) for spec in ALL),
        timing=replace(POLICY.timing, age_max_s=D(6)),
    )
    read = await Observer({MAIN: world.venue} | world.others, [POLICY, there]).observe([PERP])
    assert set(read) == {MAIN, okx.name}
    assert kucoin.name not in read
    nothing = read[okx.name]
    assert nothing.stamp.answered_ms - nothing.stamp.sent_ms == 4_000, "two thirds of the age that is too old"
    asked = wanted(okx.name, [POLICY, there], [PERP])
    assert set(nothing.holdings) == {(source, BTC) for source in (Source.SPOT, Source.EARN, Source.TRANSIT)}
    assert set(nothing.positions) == set(nothing.prices) == set(nothing.margins) == asked.symbols
    assert set(nothing.configs) == asked.configs
    parts: list[object] = [*nothing.holdings.values(), *nothing.positions.values(), *nothing.prices.values()]
    for found in (*parts, *nothing.margins.values(), *nothing.configs.values()):
        assert isinstance(found, Unknown)
        assert "okx did not answer within 4 s" in found.reason
    assert isinstance(read[MAIN].positions[PERP], Position)


def test_what_a_reading_must_hold() -> None:
    staked = HoldingSpec(source=Source.EARN, venue=MAIN, token=Asset("WBETH"), rate=D("1.05"))
    margin = HoldingSpec(source=Source.MARGIN, venue=VenueName("other"))
    policies = [
        replace(POLICY, holdings=(*ALL, staked, margin)),
        replace(POLICY, asset=Asset("ETH"), holdings=ALL[:1], timing=replace(POLICY.timing, transit_max_s=D(10**9))),
    ]
    assert deadline_s(MAIN, policies) == 10
    sooner = replace(POLICY, holdings=ALL, timing=replace(POLICY.timing, transit_max_s=D(600)))
    for both in ([*policies, sooner], [sooner, *policies]):
        assert wanted(MAIN, both, [PERP]).transit_max_ms == 604_800_000, "the longest patience decides"
    here = wanted(MAIN, policies, [PERP])
    perp = frozenset({PERP})
    assert here == Wanted(
        spot=frozenset({BTC, Asset("ETH")}),
        earn=frozenset({BTC, Asset("WBETH")}),
        transit=frozenset({BTC}),
        transit_max_ms=604_800_000,
        symbols=perp,
        books=perp,
        configs=perp,
    )
    assert wanted(VenueName("other"), policies, [PERP]) == Wanted(margin=frozenset({BTC}))


class Fed:
    """Implements `bot.ports.Feeds` on fixed numbers."""

    def __init__(self, **values: str) -> None:
        self._values = values

    def value(self, key: str) -> FeedReading | Unknown:
        if key not in self._values:
            return Unknown(what=key, reason="no answer")
        return FeedReading(value=D(self._values[key]), stamp=STAMP)


def held(spec: HoldingSpec, feeds: Fed | None = None) -> Holding | Unknown:
    token = Holding(
        source=Source.EARN,
        venue=MAIN,
        asset=Asset("WBTC"),
        quantity=D(2),
        principal=D(2),
        stamp=STAMP,
        overdue=D(1),
    )
    observed = VenueObservation(
        venue=MAIN,
        stamp=STAMP,
        holdings={(Source.EARN, Asset("WBTC")): token},
        positions={},
        prices={},
        margins={},
        configs={},
    )
    (found,) = holdings_of(replace(POLICY, holdings=(spec,)), {MAIN: observed}, feeds, 5_000)
    return found


TOKEN = HoldingSpec(source=Source.EARN, venue=MAIN, token=Asset("WBTC"))
OUTSIDE = HoldingSpec(source=Source.EXTERNAL, venue=None)


@pytest.mark.parametrize(
    ("spec", "feeds", "quantity", "sent_ms"),
    [
        (replace(OUTSIDE, amount=D(3)), None, "3", 5_000),
        (replace(OUTSIDE, feed="cold"), Fed(cold="4.5"), "4.5", 1_000),
        (replace(OUTSIDE, amount=D(3), token=Asset("X"), rate=D("0.5")), None, "1.5", 5_000),
        (replace(TOKEN, rate=D("1.05")), None, "2.10", 1_000),
        (replace(TOKEN, rate_feed="rate"), Fed(rate="1.1"), "2.2", 1_000),
    ],
)
def test_numbers_from_outside_and_tokens_are_holdings(
    spec: HoldingSpec, feeds: Fed | None, quantity: str, sent_ms: int
) -> None:
    found = held(spec, feeds)
    assert isinstance(found, Holding)
    assert (found.quantity, found.principal, found.asset, found.token) == (D(quantity), D(quantity), BTC, spec.token)
    assert found.stamp.sent_ms == sent_ms


@pytest.mark.parametrize(
    ("spec", "feeds", "lasting"),
    [
        (OUTSIDE, None, True),
        (replace(OUTSIDE, feed="cold"), None, False),
        (replace(OUTSIDE, feed="cold"), Fed(), False),
        (replace(OUTSIDE, feed="cold"), Fed(cold="-1"), False),
        (TOKEN, None, True),
        (replace(TOKEN, rate_feed="rate"), Fed(), False),
        (replace(TOKEN, rate_feed="rate"), Fed(rate="0"), False),
        (replace(TOKEN, rate=D(-1)), None, False),
        (replace(TOKEN, token=Asset("UNREAD"), rate=D(1)), None, False),
    ],
)
def test_r8_what_is_not_there_or_can_t_be_is_unknown(spec: HoldingSpec, feeds: Fed | None, lasting: bool) -> None:
    found = held(spec, feeds)
    assert isinstance(found, Unknown)
    assert (found.source, found.venue, found.lasting) == (spec.source, spec.venue, lasting)


@on_virtual_time
async def test_r5_a_unified_account_is_never_counted_twice(worlds: Worlds) -> None:
    venue = worlds().venue
    twice = replace(POLICY, holdings=(ALL[0], HoldingSpec(source=Source.MARGIN, venue=MAIN)))
    Observer({MAIN: venue}, [twice])
    venue.unified = True
    Observer({MAIN: venue}, [POLICY])
    with pytest.raises(ConfigFault, match="twice"):
        Observer({MAIN: venue}, [twice])
