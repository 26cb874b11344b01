"""Streams only say when to look: sooner turns, and nothing lost without them (DESIGN, Shape)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot import logs
from bot.domain.errors import JournalFault, VenueUnreachable
from bot.domain.hint import Hint, HintKind
from bot.domain.ids import Asset, Symbol, VenueName
from bot.domain.observation import VenueObservation
from bot.runtime.streams import BACKOFF_MAX_S, Streams
from tests.core.instruments import BTC, MAIN, PERP, POLICY
from tests.runtime.world import World, Worlds, hedged, on_virtual_time
from tests.venue.wire import LoopClock

LONG_S = 60.0
Readings = dict[VenueName, VenueObservation]
Observe = Callable[[Collection[Symbol]], Awaitable[Readings]]


class Source:
    """Implements `bot.ports.HintSource`: what a test says, when it says it; `None` breaks the stream off."""

    def __init__(self, name: VenueName = MAIN) -> None:
        self.name = name
        self.said: asyncio.Queue[Hint | None] = asyncio.Queue()
        self.asked: list[tuple[Collection[Symbol], Collection[Asset]]] = []
        self.started_s: list[float] = []
        self.closed = 0
        self.refuses = False
        self.empty = False

    async def hints(self, symbols: Collection[Symbol], assets: Collection[Asset]) -> AsyncGenerator[Hint, None]:
        self.asked.append((symbols, assets))
        self.started_s.append(asyncio.get_running_loop().time())
        if self.refuses:
            raise VenueUnreachable("no route", venue=self.name, operation="stream")
        try:
            while not self.empty:
                hint = await self.said.get()
                if hint is None:
                    return
                yield hint
        finally:
            self.closed += 1

    def say(self, kind: HintKind, price: str | None = None, symbol: Symbol | None = PERP) -> None:
        self.said.put_nowait(
            Hint(kind=kind, venue=self.name, symbol=symbol, time_ms=1, price=None if price is None else D(price))
        )


def listening(world: World, *sources: Source) -> Streams:
    world.streams = Streams(sources, [world.policy], clock=world.clock, logger=logs.get(__name__))
    world.restart()
    world.daemon._interval_s = LONG_S
    return world.streams


async def turns_within(world: World, seconds: float) -> int:
    before = len(world.plans)
    await world.clock.sleep(seconds)
    return len(world.plans) - before


@on_virtual_time
async def test_what_happened_is_looked_at_at_once_and_a_flood_not_more_than_four_times_a_second(
    worlds: Worlds,
) -> None:
    world = await hedged(worlds)
    source = Source()
    streams = listening(world, source)
    async with asyncio.TaskGroup() as group:
        group.create_task(world.daemon.run())
        await world.clock.sleep(130)
        for kind in (HintKind.ORDER, HintKind.POSITION, HintKind.BALANCE):
            assert await turns_within(world, 5) == 0
            source.say(kind)
            assert await turns_within(world, 1) == 1
        before = len(world.plans)
        for _ in range(100):
            source.say(HintKind.BALANCE)
            await world.clock.sleep(0.05)
        assert 10 <= len(world.plans) - before <= 5 / 0.25 + 1
        world.daemon.stop()
    assert streams.status[MAIN].hints == 103
    assert source.closed == 1
    assert source.asked == [(frozenset({PERP}), frozenset({BTC}))]


@on_virtual_time
async def test_a_deposit_that_a_stream_tells_is_hedged_long_before_the_interval(worlds: Worlds) -> None:
    world = await hedged(worlds)
    source = Source()
    listening(world, source)
    async with asyncio.TaskGroup() as group:
        group.create_task(world.daemon.run())
        await world.clock.sleep(130)
        world.exchange.coins = D(2)
        source.say(HintKind.BALANCE, symbol=None)
        await world.clock.sleep(3)
        assert world.short == "2"
        source.say(HintKind.ORDER)
        await world.clock.sleep(3)
        world.daemon.stop()
    assert (world.short, world.sent, world.halts) == ("2", 2, [])


@on_virtual_time
async def test_only_a_mark_that_moved_by_half_the_band_is_looked_at(worlds: Worlds) -> None:
    """The band is 0.5 %, and moves count from the last turn."""
    world = await hedged(worlds)
    source = Source()
    listening(world, source)
    async with asyncio.TaskGroup() as group:
        group.create_task(world.daemon.run())
        await world.clock.sleep(130)
        for price, turns in (("100249", 0), ("99751", 0), ("100251", 1), ("99749", 1)):
            source.say(HintKind.PRICE, price)
            assert await turns_within(world, 1) == turns, price
        world.exchange.price = D(101_000)
        source.say(HintKind.PRICE, "101000")
        assert await turns_within(world, 1) == 1
        source.say(HintKind.PRICE, "101100")
        source.say(HintKind.PRICE, "101600")
        assert await turns_within(world, 1) == 1
        for _ in range(10):
            source.say(HintKind.PRICE, "101600")  # the reading says 101,000, again and again: that is no move
            assert await turns_within(world, 1) == 0
        source.say(HintKind.PRICE, "200000", symbol=Symbol("ETH/USDT:USDT"))
        source.say(HintKind.PRICE, "200000", symbol=None)
        assert await turns_within(world, 1) == 0
        world.daemon.stop()


@pytest.mark.parametrize("fault", ["prices", "holdings", "observer", "journal"])
@on_virtual_time
async def test_marks_that_go_on_while_nothing_can_be_decided_are_no_storm_of_turns(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    world = await hedged(worlds)
    source = Source()
    listening(world, source)
    turns: list[int] = []
    broken: list[str] = []

    async def counted(closely: Collection[Symbol], real: Observe = world.daemon._observer.observe) -> Readings:
        turns.append(world.clock.now_ms())
        if broken and fault == "observer":
            raise KeyError("a bug")
        return await real(closely)

    def disk_full(*args: object) -> None:
        raise JournalFault("disk full")

    monkeypatch.setattr(world.daemon._observer, "observe", counted)
    async with asyncio.TaskGroup() as group:
        group.create_task(world.daemon.run())
        await world.clock.sleep(30)
        source.say(HintKind.PRICE, "100000")
        await world.clock.sleep(1)
        world.venue.prices_fail = lambda: fault == "prices"
        world.venue.holdings_fail = fault == "holdings"
        if fault == "journal":
            monkeypatch.setattr(world.journal, "record_decision", disk_full)
        broken.append(fault)
        turns.clear()
        for _ in range(50):
            source.say(HintKind.PRICE, "100300")
            await world.clock.sleep(0.2)
        assert len(turns) == 1
        source.say(HintKind.PRICE, "100600")
        await world.clock.sleep(1)
        assert len(turns) == 2, "a move is looked at all the same"
        world.daemon.stop()


@on_virtual_time
async def test_a_hint_alone_never_trades(worlds: Worlds) -> None:
    world = await hedged(worlds)
    source = Source()
    listening(world, source)
    async with asyncio.TaskGroup() as group:
        group.create_task(world.daemon.run())
        for _ in range(20):
            for kind in HintKind:
                source.say(kind, "1")
            await world.clock.sleep(1)
        world.daemon.stop()
    assert (world.short, world.sent, world.halts) == ("1", 1, [])


@on_virtual_time
async def test_silence_is_counted_and_polling_goes_on(worlds: Worlds) -> None:
    world = await hedged(worlds)
    source = Source()
    streams = listening(world, source)
    async with asyncio.TaskGroup() as group:
        group.create_task(world.daemon.run())
        source.say(HintKind.ALIVE)
        await world.clock.sleep(1)
        status = streams.status[MAIN]
        assert (status.alive, status.silences) == (True, 0)
        source.say(HintKind.SILENT)
        await world.clock.sleep(1)
        assert (status.alive, status.silences, status.last_ms) == (False, 1, 1)
        assert status.counts() == {"hints": 2, "silences": 1, "failures": 0}
        world.exchange.coins = D(2)
        await world.clock.sleep(2 * LONG_S)
        assert world.short == "2"
        world.daemon.stop()


@on_virtual_time
async def test_a_stream_that_breaks_off_begins_anew_ever_more_seldom(worlds: Worlds) -> None:
    world = await hedged(worlds)
    source, none = Source(), Source(VenueName("other"))
    none.empty = True
    streams = listening(world, source, none)
    source.refuses = True
    async with asyncio.TaskGroup() as group:
        group.create_task(world.daemon.run())
        await world.clock.sleep(300)
        pauses = [later - earlier for earlier, later in zip(source.started_s, source.started_s[1:], strict=False)]
        assert pauses[:8] == pytest.approx([1, 2, 4, 8, 16, 32, 60, BACKOFF_MAX_S], abs=0.001)
        source.refuses = False
        await world.clock.sleep(BACKOFF_MAX_S)
        source.say(HintKind.BALANCE)
        source.said.put_nowait(None)
        began = len(source.started_s)
        await world.clock.sleep(1.5)
        assert len(source.started_s) == began + 1, "what spoke is asked again after a second"
        world.daemon.stop()
    assert streams.status[MAIN].failures > 8
    assert streams.status[MAIN].counts()["failures"] == streams.status[MAIN].failures
    assert (none.closed, streams.status[none.name].failures) == (1, 0), "a venue without streams is left alone"
    assert (world.short, world.halts) == ("1", [])


@on_virtual_time
async def test_once_does_not_listen(worlds: Worlds) -> None:
    world: World = worlds()
    source = Source()
    listening(world, source)
    await world.daemon.run(once=True)
    assert source.asked == []


@on_virtual_time
async def test_what_runs_beside_the_turns_ends_with_them_and_does_not_end_them(worlds: Worlds) -> None:
    world: World = worlds()
    ended: list[str] = []

    async def lasting() -> None:
        try:
            await world.clock.sleep(10**6)
        finally:
            ended.append("lasting")

    async def failing() -> None:
        ended.append("failing")
        raise KeyError("a bug")

    world.daemon._beside = (lasting, failing)
    async with asyncio.TaskGroup() as group:
        group.create_task(world.daemon.run())
        await world.clock.sleep(90)
        assert (world.short, ended) == ("1", ["failing", "failing"]), "what fails is begun anew, now and then"
        world.daemon.stop()
    assert ended[2:] == ["lasting"]
    assert logs.TURN_FAILED in {alarm.event for alarm in world.alarms.raised}


@on_virtual_time
async def test_a_band_of_nothing_does_not_turn_on_every_tick() -> None:
    policy = replace(POLICY, band=replace(POLICY.band, relative=D(0)))
    source, woken = Source(), []
    streams = Streams([source], [policy], clock=LoopClock(), logger=logs.get(__name__))
    streams.turned({(MAIN, PERP): D(100_000)})
    for price in ("100001", "100099", "100101"):
        source.say(HintKind.PRICE, price)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await streams.run(lambda: woken.append("woken"))
    assert woken == ["woken"]
