"""C: limits, outages, clocks and sizes of the venue (cases 47 to 56)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal as D
from typing import Any

import pytest

from bot.core import sizing, slicing, spot_perp
from bot.domain.ids import Symbol, VenueName
from bot.domain.numbers import ceil_to, floor_to
from bot.domain.observation import Position, VenueObservation
from bot.domain.plan import Plan
from bot.paper.faults import Fault, FaultKind, Outcome
from bot.paper.wire.http import Request
from bot.runtime import hedger, observer
from bot.runtime.ordering import Ordering
from bot.runtime.virtual import VirtualLoop
from bot.venue.errors import Meaning, Refused
from bot.venue.link import Link
from bot.venue.throttle import Throttle
from bot.venue.venue_clock import VenueClock
from tests.catalogue.case import case
from tests.catalogue.places import EVERYWHERE, PLACES
from tests.catalogue.tale import Tale
from tests.catalogue.wire import Pass, fits, unreachable
from tests.sim.doors import RUNNING, Process
from tests.sim.stage import KEY

TWO = """
[journal]
path = "{journal}"

[venues.main]
exchange    = "binance"
environment = "paper"
streams     = false

[venues.other]
exchange    = "okx"
environment = "paper"
streams     = false

[[hedges]]
name     = "one"
kind     = "spot-perp"
asset    = "BTC"
holdings = [ {source = "spot", venue = "main"} ]
short    = {venue = "main", symbol = "BTC/USDT:USDT"}

[[hedges]]
name     = "two"
kind     = "spot-perp"
asset    = "BTC"
holdings = [ {source = "spot", venue = "other"} ]
short    = {venue = "other", symbol = "BTC/USDT:USDT"}
"""


def waits_for_all_venues(patch: pytest.MonkeyPatch) -> None:
    """decides nothing anywhere while one venue does not answer"""
    observe = observer.Observer.observe

    async def all_or_none(watcher: observer.Observer, closely: Collection[Symbol]) -> dict[VenueName, VenueObservation]:
        seen = await observe(watcher, closely)
        known = [isinstance(position, Position) for one in seen.values() for position in one.positions.values()]
        if all(known):
            return seen
        return {
            name: observer._nothing(name, observer.wanted(name, watcher._policies, closely), one.stamp, "one is down")
            for name, one in seen.items()
        }

    patch.setattr(observer.Observer, "observe", all_or_none)


@case(47, mutant=waits_for_all_venues, shows="stood still")
async def test_f47_maintenance(tale: Tale) -> None:
    """One of two venues goes into maintenance for ten minutes; coins arrive on both.

    Its hedge freezes and a person is told; the other venue's goes on; the process stays, and catches up afterwards.
    """
    tale.set_stage(settings=TWO)
    other, place = tale.stage.world.venues["okx"].exchange, PLACES["okx"]
    await tale.hedged()
    assert await tale.stage.until(lambda _: _short(other) == 1, within_s=60)
    began_ms = tale.now_ms
    tale.stage.world.faults.add(Fault(venue="binance", path="*", kind=FaultKind.MAINTENANCE, for_s=600))
    tale.deposit("0.5")
    other.deposit(KEY, place.spot, "BTC", D("0.5"))
    await tale.run(60)
    assert _short(other) == D("1.5"), f"the other venue's hedge stood still: {_short(other)}"
    assert tale.alarmed(began_ms), "nobody was told"
    await tale.run(540)
    assert await tale.stage.until(lambda _: tale.short == D("1.5"), within_s=60), "not hedged afterwards"
    assert len(tale.stage.processes) == 1


def _short(exchange: Any) -> D:  # noqa: ANN401 - the engine's
    place = PLACES[exchange.name]
    positions = exchange.account(KEY).positions()
    return -sum((p.contracts for p in positions if p.symbol == place.linear), D(0)) / place.per_coin


def ignores_bans(patch: pytest.MonkeyPatch) -> None:
    """goes on asking while the venue refuses its address"""
    patch.setattr(Throttle, "ban", lambda *_: None)
    patch.setattr(Throttle, "pause", lambda *_: None)


@case(48, mutant=ignores_bans, shows="pressed on", on=("okx", "kucoin"))
async def test_f48_ban_without_a_time(tale: Tale) -> None:
    """The venue refuses the address for two minutes with a page, or a code, that names no time.

    Whatever was refused is asked for again after a pause of its own: a minute at a wall, else the venue's window.
    """
    await tale.hedged()
    began_ms = tale.now_ms
    tale.fault(FaultKind.BANNED, tale.place.positions[0], for_s=120)
    tale.deposit("0.5")
    await tale.run(125)
    asked = [request for request in tale.wire.seen if request.now_ms > began_ms]
    assert len(asked) <= 60, f"pressed on: asked {len(asked)} times"
    assert tale.alarmed(began_ms), "nobody was told"
    assert await tale.balanced("1.5", within_s=90), "not hedged after the ban"


@case(48, mutant=ignores_bans, shows="asked during a ban")
async def test_f48_ban(tale: Tale) -> None:
    """The venue bans the address for two minutes; whoever asks meanwhile is banned for longer.

    Nothing at all is asked before the time that the venue named; then the hedge goes on.
    """
    await tale.hedged()
    began_ms = tale.now_ms
    tale.fault(FaultKind.BANNED, tale.place.positions[0], for_s=120)
    tale.deposit("0.5")
    await tale.run(110)
    struck = [request.now_ms for request in tale.wire.sent(tale.place.positions[0], "GET")]
    first = min(at_ms for at_ms in struck if at_ms >= began_ms)
    later = [request.path for request in tale.wire.seen if first + 1_000 < request.now_ms < first + 110_000]
    assert not later, f"asked during a ban: {len(later)} times"
    assert tale.alarmed(began_ms), "nobody was told"
    assert await tale.balanced("1.5", within_s=90), "not hedged after the ban"


def gives_up_on_a_bad_key(patch: pytest.MonkeyPatch) -> None:
    """ends when the venue does not accept its key"""
    refused = Link.refused

    def ending(link: Link, operation: str, message: str, *, meaning: Meaning, code: str) -> Refused:
        running = RUNNING.get()
        if meaning is Meaning.AUTH and running is not None and running[0].bot is not None:
            running[0].bot.daemon.stop()
        return refused(link, operation, message, meaning=meaning, code=code)

    patch.setattr(Link, "refused", ending)


@case(49, mutant=gives_up_on_a_bad_key, shows="gave up", on=EVERYWHERE)
async def test_f49_key_refused_for_a_while(tale: Tale) -> None:
    """A key that worked is refused for two minutes, as venues do in a ban of their own kind.

    Nothing is known meanwhile: the hedge freezes, a person is told, the bot stays and goes on when the key works again.
    """
    await tale.hedged()
    began_ms = tale.now_ms
    tale.fault(FaultKind.REJECT, "*", method="GET", for_s=120)
    tale.deposit("0.5")
    await tale.run(120)
    assert len(tale.stage.processes) == 1, "gave up"
    assert tale.alarmed(began_ms), "nobody was told"
    assert await tale.balanced("1.5", within_s=60), "not hedged afterwards"
    assert len(tale.stage.processes) == 1, "gave up"


def trusts_any_clock(patch: pytest.MonkeyPatch) -> None:
    """sends whatever the clocks say"""
    patch.setattr(VenueClock, "trusted", lambda _: True)


@case(50, mutant=trusts_any_clock, shows="sent although the clocks differ", on=EVERYWHERE)
async def test_f50_clock_skew(tale: Tale) -> None:
    """The venue's clock and ours drift apart by 1.5 s.

    Beyond 1 s nothing is sent and a person is told, until they agree again.
    """
    await tale.hedged()
    tale.fault(FaultKind.CLOCK_SKEW, tale.place.time, count=10_000, delay_s=-1.5)
    await tale.run(70)
    began_ms = tale.now_ms
    tale.deposit("0.5")
    await tale.run(60)
    assert len(tale.orders) == 1, "sent although the clocks differ"
    assert tale.alarmed(began_ms), "nobody was told"
    tale.stage.world.faults.clear()
    assert await tale.balanced("1.5", within_s=90), "not hedged once the clocks agreed"


def never_looks_back(patch: pytest.MonkeyPatch) -> None:
    """sends what it decided, however long ago that was"""
    patch.setattr(Ordering, "_objection", lambda *_: "")


@case(50, mutant=never_looks_back, shows="sent on readings of", on=EVERYWHERE)
async def test_f50_machine_paused(tale: Tale) -> None:
    """The machine stands still for a minute between a decision and its order.

    What was read before is too old: the order is held back, all is read again, and decided anew.
    """
    paused: list[float] = []

    def pause(_process: Process, name: str) -> None:
        if name == "order_slot: before" and not paused:
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualLoop)
            loop._jump.now_s += 60
            paused.append(60)

    tale.set_stage(point=pause)
    await tale.begin()
    assert await tale.balanced(within_s=180), "not hedged"
    assert paused
    for order in tale.wire.sent(tale.place.order):
        reads = [r.now_ms for r in tale.wire.seen if r.method == "GET" and r.now_ms <= order.now_ms]
        known = [r.now_ms for r in tale.wire.sent(tale.place.positions[0], "GET") if r.now_ms <= order.now_ms]
        age_s = (order.now_ms - max(known)) / 1000
        assert reads
        assert age_s <= 15, f"sent on readings of {age_s:.0f} s ago"


def rounds_up(patch: pytest.MonkeyPatch) -> None:
    """rounds what is missing up to the next step"""
    patch.setattr(
        sizing, "increase_contracts", lambda target, short_max, step: ceil_to(max(target - short_max, D(0)), step)
    )


@case(51, mutant=rounds_up, shows="sold more than is held")
async def test_f51_less_than_a_step(tale: Tale) -> None:
    """Coins arrive in parts smaller than a step and than the venue's minimum, six times.

    Quantities are rounded down; what is too small for an order waits for more, and nothing is tried in vain.
    """
    tale.set_stage(extra='band = {relative = "0", notional = "1"}')
    await tale.hedged()
    held = D(1)
    for _ in range(6):
        tale.deposit("0.0007")
        held += D("0.0007")
        await tale.run(20)
        assert tale.short <= held, f"sold more than is held: short {tale.short}, held {held}"
    assert len(tale.wire.sent(tale.place.order)) == len(tale.orders), "tried in vain"
    assert tale.short == D("1.004"), f"did not follow: {tale.short}"


def knows_no_exemption(patch: pytest.MonkeyPatch) -> None:
    """holds orders that only reduce to the venue's minimum as well"""
    enough = sizing.enough
    patch.setattr(
        sizing,
        "enough",
        lambda instrument, contracts, price, reduce_only: enough(instrument, contracts, price, reduce_only=False),
    )


@case(52, mutant=knows_no_exemption, shows="dust was left")
async def test_f52_dust_on_close(tale: Tale) -> None:
    """What is left of the short is worth less than the venue's minimum when the last coins go.

    An order that only reduces needs no minimum: the short is closed to the last contract.
    """
    await tale.hedged()
    tale.deposit("-0.999")
    assert await tale.balanced("0.001", within_s=120)
    tale.stage.world.set_price("BTC", D(50_000))
    await tale.run(30)
    tale.deposit("-0.001")
    await tale.run(90)
    assert tale.short == 0, f"dust was left: {tale.short}"


def knows_no_maximum(patch: pytest.MonkeyPatch) -> None:
    """sends orders of any size"""

    def most(situation: Any, book: Any, side: Any, collar: D, mark: D) -> D:  # noqa: ANN401 - passed on
        cap = situation.policy.caps.order_notional / situation.instrument.notional(D(1), mark)
        return floor_to(min(sizing.depth_contracts(book, side, collar), cap), situation.instrument.quantity_step)

    patch.setattr(slicing, "most_at_once", most)


@case(53, mutant=knows_no_maximum, shows="refused for its size", on=EVERYWHERE)
async def test_f53_order_above_the_maximum(tale: Tale) -> None:
    """The venue takes orders of at most 0.3 coins.

    The order is sliced by the venue's maximum, the visible depth and the cap.
    """
    tale.set_stage()
    tale.listed_as(quantity_max=D("0.3") * tale.place.per_coin)
    await tale.begin()
    done = await tale.balanced(within_s=120)
    assert done, f"refused for its size: {tale.told}"
    assert len(tale.orders) == 4


def never_widens(patch: pytest.MonkeyPatch) -> None:
    """asks for the same price however often it was missed"""
    patch.setattr(slicing, "UNFILLED_TRIES_BEFORE_URGENT", 10**9)


@case(55, mutant=never_widens, shows="naked", on=EVERYWHERE)
async def test_f55_price_runs_away(tale: Tale) -> None:
    """The price falls by 1 % whenever an order is on its way, so that its limit is missed.

    Orders are immediate-or-cancel; after two misses the limit goes as far as the urgent slippage, and a person is told.
    """
    tale.set_stage()

    def runs_away(request: Request, _onward: Pass) -> Outcome | None:
        if fits(request, [tale.place.order], "POST"):
            tale.stage.world.set_price("BTC", tale.exchange.price("BTC") * D("0.99"))
        return None

    tale.lay(runs_away)
    await tale.begin()
    done = await tale.balanced()
    assert done, f"naked after {len(tale.orders)} tries"
    assert len(tale.orders) == 3
    assert tale.alarmed(), "nobody was told"


def freezes_in_silence(patch: pytest.MonkeyPatch) -> None:
    """waits without a word while it can read nothing"""
    frozen = spot_perp._frozen

    def silent(*given: Any) -> Plan:  # noqa: ANN401 - passed on
        return replace(frozen(*given), alarm=False)

    patch.setattr(spot_perp, "_frozen", silent)
    patch.setattr(hedger, "_ALARMING", frozenset())


@case(56, mutant=freezes_in_silence, shows="nobody was told", on=EVERYWHERE)
async def test_f56_venue_down_while_coins_change(tale: Tale) -> None:
    """The venue can't be reached for ten minutes, and coins arrive meanwhile.

    A person is told within a minute that the hedge can't be watched; it is hedged as soon as the venue is back.
    """
    await tale.hedged()
    began_ms = tale.now_ms
    tale.lay(unreachable())
    tale.deposit("0.5")
    await tale.run(60)
    assert tale.alarmed(began_ms), "nobody was told"
    await tale.run(540)
    assert tale.short == 1
    tale.wire.clear()
    assert await tale.balanced("1.5", within_s=30), "not hedged once the venue was back"
    tale.never_doubled("1.5")
