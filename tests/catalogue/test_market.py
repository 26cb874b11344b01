"""C: limits, outages and clocks of the venue (cases 47 to 50, 56)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal as D
from typing import Any

import pytest

from bot.core import spot_perp
from bot.domain.ids import Symbol, VenueName
from bot.domain.observation import Position, VenueObservation
from bot.domain.plan import Plan
from bot.paper.faults import Fault, FaultKind
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
from tests.catalogue.wire import unreachable
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
    """One of two venues goes into maintenance for five minutes; coins arrive on both.

    Its hedge freezes and a person is told; the other venue's goes on; the process stays, and catches up afterwards.
    """
    tale.set_stage(settings=TWO)
    other, place = tale.stage.world.venues["okx"].exchange, PLACES["okx"]
    await tale.hedged()
    assert await tale.stage.until(lambda _: _short(other) == 1, within_s=60)
    began_ms = tale.now_ms
    tale.stage.world.faults.add(Fault(venue="binance", path="*", kind=FaultKind.MAINTENANCE, for_s=300))
    tale.deposit("0.5")
    other.deposit(KEY, place.spot, "BTC", D("0.5"))
    await tale.run(60)
    assert _short(other) == D("1.5"), f"the other venue's hedge stood still: {_short(other)}"
    assert tale.alarmed(began_ms), "nobody was told"
    await tale.run(240)
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


def freezes_in_silence(patch: pytest.MonkeyPatch) -> None:
    """waits without a word while it can read nothing"""
    frozen = spot_perp._frozen

    def silent(*given: Any) -> Plan:  # noqa: ANN401 - passed on
        return replace(frozen(*given), alarm=False)

    patch.setattr(spot_perp, "_frozen", silent)
    patch.setattr(hedger, "_ALARMING", frozenset())


@case(56, mutant=freezes_in_silence, shows="nobody was told", on=EVERYWHERE)
async def test_f56_venue_down_while_coins_change(tale: Tale) -> None:
    """The venue can't be reached for five minutes, and coins arrive meanwhile.

    A person is told within a minute that the hedge can't be watched; it is hedged as soon as the venue is back.
    """
    await tale.hedged()
    began_ms = tale.now_ms
    tale.lay(unreachable())
    tale.deposit("0.5")
    await tale.run(60)
    assert tale.alarmed(began_ms), "nobody was told"
    await tale.run(240)
    assert tale.short == 1
    tale.wire.clear()
    assert await tale.balanced("1.5", within_s=30), "not hedged once the venue was back"
    tale.never_doubled("1.5")
