"""A bot that is broken on purpose does in a simulation what an oracle is there to see."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal as D
from typing import Any

import pytest

from bot import logs
from bot.domain.ids import ClientOrderId, Symbol
from bot.domain.intent import IntentRecord, ProvenWithoutEffect
from bot.domain.observation import Position, Unknown, VenueObservation
from bot.domain.orders import Anchor, Found, NotFound, OrderLookup, OutcomeUnknown, SendOutcome, TradeCursor
from bot.ports import OrderTicket
from bot.runtime.alarms import LogAlarms
from bot.runtime.executor import Executor, NotSent
from bot.runtime.hedger import Hedger, Outcome
from bot.runtime.observer import Observer
from bot.runtime.ordering import Ordering
from bot.runtime.reconciled import Reconciled
from bot.runtime.reconciler import Reconciler
from bot.runtime.resolver import Resolver
from bot.venue.gateway import CcxtVenue
from bot.venue.throttle import Throttle
from tests.sim.doors import PowerCut
from tests.sim.oracles import all_oracles
from tests.sim.scene import KEY, Scene
from tests.sim.schedule import Act, Step
from tests.sim.simulate import Result, simulate
from tests.sim.trace import Oracle

ORDER = "/fapi/v1/order"
SCENE = Scene(
    seed=7,
    hours=D("0.1"),
    exchange="binance",
    coins_exchange="binance",
    inverse=False,
    earn=False,
    streams=False,
    coins=D(1),
)
Patch = pytest.MonkeyPatch


def at(seconds: float, act: Act, **given: str) -> Step:
    return Step(at_ms=round(seconds * 1000), act=act, exchange="binance", given=given)


def fault(seconds: float, kind: str, path: str = ORDER, count: int = 1, **more: str) -> Step:
    return at(seconds, Act.FAULT, path=path, kind=kind, count=str(count), **more)


def run(steps: Sequence[Step], only: str = "") -> Result:
    """Three minutes with the steps, then three without, before all oracles or one."""

    def judges() -> Sequence[Oracle]:
        judging = all_oracles(secrets=[KEY], bound_ms=120_000, naked_ms=120_000)
        return [oracle for oracle in judging if f"{getattr(oracle, 'name', '')} ".startswith(only)]

    return simulate(SCENE, steps, judges)


def forgets_what_it_sent(patch: Patch) -> None:
    """sizes by the position as it is read, and keeps no account of what it has sent"""

    async def reconcile(reconciler: Reconciler, position: Position | Unknown) -> Reconciled:
        await reconciler._resolver.resolve_all(position)
        if isinstance(position, Unknown):
            return Reconciled(anchor=None, waiting=position.reason, unfilled=())
        cursor = TradeCursor(trade_id=None, time_ms=position.stamp.sent_ms)
        anchor = Anchor(contracts=position.contracts, cursor=cursor, at_ms=position.stamp.answered_ms)
        return Reconciled(anchor=anchor, waiting="", unfilled=())

    patch.setattr(Reconciler, "reconcile", reconcile)


def looks_up_open_orders_only(patch: Patch) -> None:
    """takes an order that is not among the open ones for one that was never made"""

    async def find_order(venue: CcxtVenue, symbol: Any, client_id: ClientOrderId) -> OrderLookup:  # noqa: ANN401
        found = [report for report in await venue.open_orders(symbol) if report.client_id == client_id]
        return Found(report=found[0]) if found else NotFound(code="not open")

    patch.setattr(CcxtVenue, "find_order", find_order)
    takes_silence_for_no(patch)


def takes_silence_for_no(patch: Patch) -> None:
    """takes the first "not found" for the proof that there is no such order"""

    async def read_absence(resolver: Resolver, record: IntentRecord, code: str, *_: object) -> None:
        resolver._advance(record, ProvenWithoutEffect(evidence=code))

    patch.setattr(Resolver, "_read_absence", read_absence)


def sends_again(patch: Patch) -> None:
    """sends an order without an answer again, under an id that the journal does not know"""
    place = CcxtVenue.place

    async def twice(venue: CcxtVenue, ticket: OrderTicket) -> SendOutcome:
        outcome = await place(venue, ticket)
        if isinstance(outcome, OutcomeUnknown):
            return await place(venue, replace(ticket, client_id=ClientOrderId(ticket.client_id[:-1] + "9")))
        return outcome

    patch.setattr(CcxtVenue, "place", twice)


def forgets_to_reduce_only(patch: Patch) -> None:
    """shrinks the short with orders that may also open a long"""
    place = CcxtVenue.place

    async def unguarded(venue: CcxtVenue, ticket: OrderTicket) -> SendOutcome:
        return await place(venue, replace(ticket, request=replace(ticket.request, reduce_only=False)))

    patch.setattr(CcxtVenue, "place", unguarded)


def sends_nothing(patch: Patch) -> None:
    """never gets to sending"""

    async def execute(*_: object, **__: object) -> IntentRecord:
        raise NotSent("not now")

    patch.setattr(Executor, "execute", execute)


def starts_blind(patch: Patch) -> None:
    """takes the short for gone in its first turns"""
    observe, seen = CcxtVenue.observe, dict[int, int]()

    async def blind(venue: CcxtVenue, wanted: Any) -> VenueObservation:  # noqa: ANN401
        observed = await observe(venue, wanted)
        seen[id(venue)] = seen.get(id(venue), 0) + 1
        if seen[id(venue)] > 4:
            return observed
        flat = {
            symbol: position if isinstance(position, Unknown) else replace(position, contracts=D(0), raw_notional=None)
            for symbol, position in observed.positions.items()
        }
        return replace(observed, positions=flat)

    patch.setattr(CcxtVenue, "observe", blind)
    forgets_what_it_sent(patch)


def does_not_look_at_the_time(patch: Patch) -> None:
    """sends an order after whatever wait for room, and does not ask how old its readings are by then"""
    room = CcxtVenue.order_slot

    async def slowly(venue: CcxtVenue, symbol: Symbol) -> None:
        await asyncio.sleep(30)
        await room(venue, symbol)

    patch.setattr(CcxtVenue, "order_slot", slowly)
    patch.setattr(Ordering, "_objection", lambda *_: "")


def does_not_wait(patch: Patch) -> None:
    """has no rate limits of its own, and looks ten times a turn"""

    async def acquire(*_: object, **__: object) -> None:
        return

    observe = Observer.observe

    async def eagerly(observer: Observer, closely: Any) -> Any:  # noqa: ANN401
        for _ in range(50):
            await observe(observer, closely)
        return await observe(observer, closely)

    patch.setattr(Throttle, "acquire", acquire)
    patch.setattr(Observer, "observe", eagerly)


def chatters(patch: Patch) -> None:
    """logs its key, and does not redact"""
    turn = Hedger.turn

    async def loudly(hedger: Hedger, *given: Any, **more: Any) -> Outcome:  # noqa: ANN401
        logging.getLogger("bot").error("asked with X-MBX-APIKEY %s", KEY)
        return await turn(hedger, *given, **more)

    patch.setattr(Hedger, "turn", loudly)
    patch.setattr(logs._Redactor, "redact", lambda _, text: text)


def tells_nobody(patch: Patch) -> None:
    """keeps its alarms to itself"""
    patch.setattr(LogAlarms, "alarm", lambda *_, **__: None)


def wavers(patch: Patch) -> None:
    """changes its mind about how much to hedge"""
    _wavers(patch, after=10)


def _wavers(patch: Patch, *, after: int) -> None:
    turn, turns = Hedger.turn, dict[int, int]()

    async def wavering(hedger: Hedger, *given: Any, **more: Any) -> Outcome:  # noqa: ANN401
        turns[id(hedger)] = number = turns.get(id(hedger), 0) + 1
        hedger.policy = replace(hedger.policy, ratio=D("0.6") if number > after else D(1))
        return await turn(hedger, *given, **more)

    patch.setattr(Hedger, "turn", wavering)


def wavers_late(patch: Patch) -> None:
    """changes its mind once nothing has asked for anything in a while"""
    _wavers(patch, after=50)


def dies_young(patch: Patch) -> None:
    """never gets to sending, because it ends and is started again before"""
    sends_nothing(patch)
    turn, turns = Hedger.turn, dict[int, int]()

    async def last(hedger: Hedger, *given: Any, **more: Any) -> Outcome:  # noqa: ANN401
        turns[id(hedger)] = number = turns.get(id(hedger), 0) + 1
        if number > 2:
            raise PowerCut
        return await turn(hedger, *given, **more)

    patch.setattr(Hedger, "turn", last)


def asks_on(patch: Patch) -> None:
    """does not mind a ban"""
    patch.setattr(Throttle, "refuse_during_ban", lambda *_: None)


def speaks_of_something_else(patch: Patch) -> None:
    """never gets to sending, and tells of what a funding costs"""
    sends_nothing(patch)
    alarm = LogAlarms.alarm
    patch.setattr(LogAlarms, "alarm", lambda alarms, _, **values: alarm(alarms, logs.FUNDING_OVER_BUDGET, **values))


def stumbles(patch: Patch) -> None:
    """has a bug that its supervisor takes care of"""
    turn, turns = Hedger.turn, dict[int, int]()

    async def stumbling(hedger: Hedger, *given: Any, **more: Any) -> Outcome:  # noqa: ANN401
        turns[id(hedger)] = number = turns.get(id(hedger), 0) + 1
        if number == 20:
            return dict[int, Outcome]()[number]
        return await turn(hedger, *given, **more)

    patch.setattr(Hedger, "turn", stumbling)


BROKEN: Mapping[str, tuple[Callable[[Patch], None], tuple[Step, ...]]] = {
    "O1": (
        forgets_what_it_sent,
        (
            fault(59, "stale", path="/fapi/v3/positionRisk", count=20),
            fault(59, "stale", path="/fapi/v3/account", count=20),
            at(60, Act.DEPOSIT, amount="0.2"),
        ),
    ),
    "O2": (looks_up_open_orders_only, (fault(1, "drop-after", method="POST"),)),
    "O3": (sends_again, (fault(1, "drop-before", method="POST"),)),
    "O4": (takes_silence_for_no, (fault(1, "drop-before", method="POST"),)),
    "O5": (sends_nothing, ()),
    "O5 while it restarts": (dies_young, ()),
    "O6": (starts_blind, (at(60, Act.KILL),)),
    "O7": (does_not_look_at_the_time, ()),
    "O8": (forgets_to_reduce_only, (at(60, Act.WITHDRAW, share="0.5"),)),
    "O9": (does_not_wait, ()),
    "O9 during a ban": (asks_on, (fault(60, "banned", path="/fapi/v3/account", for_s="60"),)),
    "O10": (chatters, ()),
    "O11": (wavers, ()),
    "O11 long after": (
        wavers_late,
        (at(60, Act.DEPOSIT, amount="0.5"), at(60.5, Act.WITHDRAW, share="0.3333334")),
    ),
    "O12": (tells_nobody, (at(60, Act.PRICE, price="215000", basis="0"),)),
    "O12 of a gap": (speaks_of_something_else, ()),
    "O13": (stumbles, ()),
}


def test_the_bot_as_it_is_gets_through_all_of_it() -> None:
    steps = {str(step): step for _, told in BROKEN.values() for step in told if step.act is not Act.PRICE}
    result = run(sorted(steps.values(), key=lambda step: step.at_ms))
    assert result.violation is None
    assert result.starts == 2
    assert result.orders >= 2


@pytest.mark.parametrize("name", BROKEN)
def test_an_oracle_sees_the_bot_that_is_broken(name: str, monkeypatch: Patch) -> None:
    number = name.partition(" ")[0]
    broken, steps = BROKEN[name]
    broken(monkeypatch)
    result = run(steps, only=f"{number} ")
    assert result.violation is not None
    assert result.violation[0].startswith(f"{number} ")
