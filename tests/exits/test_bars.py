"""What the signals look back on, where orders may be, and what `check` says of prices; with hand-made venues."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal as D
from typing import Any, cast

import pytest
import structlog

from bot.domain.check import CheckVerdict
from bot.domain.errors import ConfigFault
from bot.domain.exits import SignalKind, SignalRule
from bot.domain.ids import Asset, Symbol
from bot.domain.instrument import SpotMarket
from bot.domain.intent import IntentRecord, IntentState
from bot.domain.observation import Sellable, Unknown
from bot.domain.orders import OrderRequest, Side, TimeInForce
from bot.domain.usd import DAY_MS, HOUR_MS, UsdBar
from bot.ports import ExitJournal, Index, Treasury, Venue
from bot.runtime.exit_bars import AGAIN_MS, FIRST_S, READ_S, ExitBars
from bot.runtime.exit_check import exit_check
from bot.runtime.exit_places import places_of
from bot.runtime.virtual import run_virtual
from tests.core.exits import BTC, NOW, POLICY, USDC, USDT, filled, market

DAI = Asset("DAI")
START = NOW // HOUR_MS * HOUR_MS


def drawdown(days: int) -> SignalRule:
    return SignalRule(kind=SignalKind.DRAWDOWN, exit=D("0.2"), back=D("0.1"), window_ms=days * DAY_MS)


@dataclass
class World:
    """A clock, an index with bars from some time on, and what of them is kept."""

    now: int = START
    first_ms: int = 0
    hangs: bool = False
    asked: list[int] = field(default_factory=list)
    stored: dict[int, UsdBar] = field(default_factory=dict)
    left: Sequence[IntentRecord] = ()

    def now_ms(self) -> int:
        return self.now

    async def usd_bars(self, _asset: Asset, since_ms: int, bar_ms: int) -> Sequence[UsdBar]:
        self.asked.append(since_ms)
        if self.hangs:
            await asyncio.Event().wait()
        begins = range(max(since_ms, self.first_ms), self.now - bar_ms + 1, bar_ms)
        return [UsdBar(open_ms=open_ms, close=D(100)) for open_ms in begins]

    async def usd_price(self, asset: Asset) -> Unknown:
        return Unknown(what=f"price of {asset}", reason="the venue has no index", lasting=True)

    async def to_sell(self, _asset: Asset) -> Sellable:
        return Sellable(free=D(1), locked=D(0))

    def spot_market(self, symbol: Symbol) -> SpotMarket:
        base, _, quote = symbol.partition("/")
        if Asset(base) != BTC:
            raise ConfigFault(f"there is no {symbol}", hint="")
        return market(Asset(base), Asset(quote))

    def bars(self, _asset: Asset, _bar_ms: int, since_ms: int) -> Sequence[UsdBar]:
        return [bar for _, bar in sorted(self.stored.items()) if bar.open_ms >= since_ms]

    def keep_bars(self, _asset: Asset, _bar_ms: int, bars: Sequence[UsdBar], *, drop_before_ms: int) -> int:
        assert drop_before_ms == 0
        self.stored |= {bar.open_ms: bar for bar in bars}
        return len(bars)

    def unfinished_slices(self, _hedge: str) -> Sequence[IntentRecord]:
        return self.left

    def flows(self, _hedge: str) -> Sequence[Any]:
        return ()

    write_offs = flows


def reader(world: World, days: int) -> ExitBars:
    return ExitBars(
        policy=replace(POLICY, signals=(drawdown(days),)),
        index=cast(Index, world),
        book=cast(ExitJournal, world),
        clock=cast(Any, world),
        logger=structlog.get_logger(),
    )


def look(bars: ExitBars) -> Sequence[UsdBar]:
    """Two turns: the second one has what the first one asked for."""

    async def looked() -> Sequence[UsdBar]:
        await bars.read()
        await asyncio.sleep(1)
        return await bars.read()

    return run_virtual(looked())


def test_a_window_that_became_longer_is_filled_at_the_next_start() -> None:
    world = World()
    assert len(run_virtual(reader(world, 2).read())) == 50, "the first reading is waited for"
    longer = reader(world, 30)
    assert len(run_virtual(longer.read())) == 30 * 24 + 2
    world.now += HOUR_MS
    assert look(longer)[-1].open_ms == START
    assert len(world.asked) == 3
    assert world.asked[-1] == START, "only what has ended since"


def test_bars_that_a_venue_has_not_are_asked_for_once() -> None:
    world = World(first_ms=START - DAY_MS)
    young = reader(world, 30)
    for _ in range(4):
        assert look(young)
        world.now += HOUR_MS
    oldest, *later = world.asked
    assert oldest < START - 30 * DAY_MS
    assert min(later) >= START


def test_a_history_that_hangs_holds_up_the_first_turn_alone_and_no_longer_than_a_while() -> None:
    world = World(hangs=True)
    bars = reader(world, 2)

    async def story() -> list[float]:
        loop = asyncio.get_running_loop()
        took = []
        for _ in range(30):
            began = loop.time()
            assert await bars.read() == []
            took.append(loop.time() - began)
            await asyncio.sleep(5)
            world.now += 5_000
        world.hangs = False
        await asyncio.sleep(READ_S)
        world.now += AGAIN_MS
        await bars.read()
        await asyncio.sleep(1)
        assert await bars.read()
        return took

    first, *later = run_virtual(story())
    assert first <= FIRST_S + 1
    assert set(later) == {0}
    assert len(world.asked) == 4, "each until it is given up, and no sooner than a minute after the last"


def test_what_is_kept_is_used_while_a_history_hangs() -> None:
    world = World()
    bars = reader(world, 2)
    kept = run_virtual(bars.read())
    world.now += HOUR_MS
    world.hangs = True
    assert look(bars) == kept[1:]


def test_what_nobody_expected_of_a_reading_is_not_lost() -> None:
    class Broken(World):
        async def usd_bars(self, _asset: Asset, _since_ms: int, _bar_ms: int) -> Sequence[UsdBar]:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_virtual(reader(Broken(), 2).read())


def test_an_order_on_a_coin_that_left_the_basket_can_still_be_looked_up() -> None:
    treasury, world = cast(Treasury, World()), World()
    assert set(places_of(POLICY, treasury, cast(ExitJournal, world)).all) == {"BTC/USDT", "BTC/USDC"}
    request = OrderRequest(
        venue=POLICY.venue,
        symbol=Symbol("BTC/DAI"),
        side=Side.SELL,
        contracts=D(1),
        price=D(90_000),
        time_in_force=TimeInForce.IOC,
        reduce_only=False,
    )
    order = filled(request, 1, NOW, None, state=IntentState.UNKNOWN, quantity=D(0))
    places = places_of(POLICY, treasury, cast(ExitJournal, World(left=[order])))
    assert places.stables == (USDT, USDC, DAI)
    assert "BTC/DAI" in places.all


def test_a_coin_without_a_price_in_dollars_fails_the_check_also_when_only_a_person_says_when() -> None:
    """No slice of it could ever be judged."""
    world = cast(Any, World())
    lines: Mapping[str, Any] = {
        line.name: line
        for line in run_virtual(
            exit_check(
                replace(POLICY, signals=()),
                venue=cast(Venue, world),
                treasury=cast(Treasury, world),
                index=cast(Index, world),
            )
        )
    }
    assert lines["calm: BTC in USD"].verdict is CheckVerdict.FAIL
    assert lines["calm: USDT in USD"].verdict is CheckVerdict.WARN
