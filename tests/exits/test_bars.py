"""What the signals look back on, where orders may be, and what `check` says of prices; with hand-made venues."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal as D
from typing import Any, cast

import structlog

from bot.domain.check import CheckVerdict
from bot.domain.errors import ConfigFault
from bot.domain.exits import SignalKind, SignalRule
from bot.domain.ids import Asset, Symbol
from bot.domain.instrument import SpotMarket
from bot.domain.intent import IntentRecord, IntentState
from bot.domain.observation import Unknown
from bot.domain.orders import OrderRequest, Side, TimeInForce
from bot.domain.usd import DAY_MS, HOUR_MS, UsdBar
from bot.ports import ExitJournal, Index, Treasury, Venue
from bot.runtime.exit_bars import AGAIN_MS, READ_S, ExitBars
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

    async def free_to_sell(self, _asset: Asset) -> D:
        return D(1)

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


def test_a_window_that_became_longer_is_filled_at_the_next_start() -> None:
    world = World()
    assert len(run_virtual(reader(world, 2).read())) == 50
    longer = reader(world, 30)
    assert len(run_virtual(longer.read())) == 30 * 24 + 2
    world.now += HOUR_MS
    run_virtual(longer.read())
    assert len(world.asked) == 3
    assert world.asked[-1] == START, "only what has ended since"


def test_bars_that_a_venue_has_not_are_asked_for_once() -> None:
    world = World(first_ms=START - DAY_MS)
    young = reader(world, 30)
    for _ in range(4):
        assert run_virtual(young.read())
        world.now += HOUR_MS
    oldest, *later = world.asked
    assert oldest < START - 30 * DAY_MS
    assert min(later) >= START


def test_a_history_that_hangs_holds_up_a_turn_for_a_limited_time() -> None:
    world = World(hangs=True)
    bars = reader(world, 2)

    async def took() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await bars.read() == []
        return loop.time() - began

    assert run_virtual(took()) <= READ_S + 1
    assert run_virtual(took()) == 0, "not again at once"
    world.now += AGAIN_MS
    world.hangs = False
    assert run_virtual(bars.read())


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
