"""A: what becomes of an order whose answer is lost, late or wrong (cases 1 to 11)."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from bot.core import absence, lifecycle
from bot.domain.ids import ClientOrderId, Symbol
from bot.domain.intent import IntentRecord, IntentState, ProvenWithoutEffect
from bot.domain.observation import Position, Unknown
from bot.domain.orders import LookupFailed, NotFound, OrderLookup
from bot.domain.plan import Verdict
from bot.paper.faults import FaultKind, Outcome
from bot.paper.wire.http import Request
from bot.runtime.resolver import Resolver
from bot.venue.binance import refusals
from bot.venue.errors import Meaning, meaning_in
from bot.venue.gateway import CcxtVenue
from bot.venue.okx import errors as okx_errors
from tests.catalogue import mutants
from tests.catalogue.case import case
from tests.catalogue.places import EVERYWHERE
from tests.catalogue.tale import Tale
from tests.catalogue.wire import Pass, instead, lagging, missing, unreachable
from tests.sim.stage import default_settings

HOUR_S = 3_600
PROVEN_S = 75
"""Within it an order that never was is proven absent and sent anew, with the default times; from the start."""


@case(1, mutant=mutants.sends_again, shows="sold twice", on=EVERYWHERE)
async def test_f01_timeout_order_placed(tale: Tale) -> None:
    """The order takes effect, its answer never comes.

    UNKNOWN: found by its id, never sent again.
    """
    tale.set_stage()
    tale.order_fault(FaultKind.DROP_AFTER)
    await tale.begin()
    done = await tale.balanced()
    tale.never_doubled()
    assert done, "not hedged"
    assert len(tale.orders) == 1


def takes_it_for_sent(patch: pytest.MonkeyPatch) -> None:
    """takes an order without an answer for one that will fill some day"""
    patch.setattr(absence, "judge", lambda *_: absence.NotYet(reason="it will come"))


@case(2, mutant=takes_it_for_sent, shows="still naked", on=EVERYWHERE)
async def test_f02_timeout_order_not_placed(tale: Tale) -> None:
    """The order never arrives, and no answer comes.

    Its absence is proven, then it is sent anew under a new id, within the times of proof.
    """
    tale.set_stage()
    tale.order_fault(FaultKind.DROP_BEFORE)
    await tale.begin()
    done = await tale.balanced(within_s=PROVEN_S)
    tale.never_doubled()
    assert done, f"still naked after {PROVEN_S} s"
    assert tale.states == [IntentState.NO_EFFECT_PROVEN, IntentState.FILLED]


@case(3, mutant=mutants.looks_up_open_orders_only, shows="taken for absent", on=EVERYWHERE)
async def test_f03_filled_before_the_first_look(tale: Tale) -> None:
    """The order is placed, filled and closed before anybody looks; the list of open orders is empty.

    It is looked up by its id and found filled.
    """
    tale.set_stage()
    tale.order_fault(FaultKind.DROP_AFTER)
    await tale.begin()
    done = await tale.balanced()
    assert tale.states == [IntentState.FILLED], "a filled order was taken for absent"
    tale.never_doubled()
    assert done, "not hedged"


def outages_are_refusals(patch: pytest.MonkeyPatch) -> None:
    """takes a 5xx for a refusal"""
    patch.setattr(
        refusals,
        "meaning_in",
        lambda table, status, code: Meaning.REFUSED if status >= 500 else meaning_in(table, status, code),
    )


@case(4, mutant=outages_are_refusals, shows="taken for refused")
async def test_f04_outage_with_effect(tale: Tale) -> None:
    """The order takes effect and is answered with a 503.

    A 5xx says nothing: UNKNOWN, looked up, found.
    """
    tale.set_stage()
    tale.order_fault(FaultKind.HTTP_503_AFTER)
    await tale.begin()
    done = await tale.balanced()
    assert IntentState.REJECTED not in tale.states, "an order that filled was taken for refused"
    tale.never_doubled()
    assert done, "not hedged"
    assert len(tale.orders) == 1


@case(4, mutant=takes_it_for_sent, shows="still naked", on=EVERYWHERE)
async def test_f04_outage_without_effect(tale: Tale) -> None:
    """The order is answered with the same 503 and has no effect.

    The two can't be told apart: UNKNOWN until its absence is proven, then sent anew.
    """
    tale.set_stage()
    tale.order_fault(FaultKind.HTTP_503)
    await tale.begin()
    done = await tale.balanced(within_s=PROVEN_S)
    tale.never_doubled()
    assert done, "still naked"
    assert len(tale.orders) == 1


def lists_51149_as_a_refusal(patch: pytest.MonkeyPatch) -> None:
    """takes OKX's 51149 for a refusal, as its ccxt class `ExchangeError` suggests"""
    patch.setattr(okx_errors, "MEANINGS", {**okx_errors.MEANINGS, "51149": Meaning.REFUSED})


@case(5, mutant=lists_51149_as_a_refusal, shows="taken for refused", on=("okx",))
async def test_f05_order_timeout_in_a_common_class(tale: Tale) -> None:
    """OKX answers 51149, "order timed out", which ccxt makes an ordinary `ExchangeError`; the order took effect.

    The table of codes decides, not the class: what is not listed as definite is UNKNOWN.
    """
    row = {"ordId": "", "clOrdId": "", "tag": "", "sCode": "51149", "sMsg": "Order timed out. Please try again."}
    body = {"code": "1", "data": [row], "msg": "All operations failed"}
    tale.set_stage()
    tale.lay(instead([tale.place.order], 200, body, method="POST", effect=True, times=1))
    await tale.begin()
    done = await tale.balanced()
    assert IntentState.REJECTED not in tale.states, "an order that filled was taken for refused"
    tale.never_doubled()
    assert done, "not hedged"


@case(6, mutant=mutants.one_reading_is_proof, shows="sold twice", on=EVERYWHERE)
async def test_f06_not_found_for_a_while(tale: Tale) -> None:
    """An order that exists is answered "not found", and is in no list, trade or position, for 20 s.

    Three readings, the last of them late: until then the order is UNKNOWN, and nothing else is sent.
    """
    tale.set_stage()
    place = tale.place
    tale.order_fault(FaultKind.DROP_AFTER)
    tale.lay(missing(place, 20))
    for path in (*place.lists, *place.trades, *place.positions):
        tale.lay(lagging([path], 20))
    await tale.begin()
    done = await tale.balanced(within_s=120)
    tale.never_doubled()
    assert done, "not hedged"
    assert tale.states == [IntentState.FILLED]


@case(6, mutant=mutants.one_reading_is_proof, shows="taken for absent")
async def test_f06_not_found_for_long(tale: Tale) -> None:
    """The look-up and the lists say "not found" for 60 s, longer than any proof waits; trades and position lag by 20 s.

    Trades and position vouch for the order: it is not proven absent, however often it is not found.
    """
    tale.set_stage()
    place = tale.place
    tale.order_fault(FaultKind.DROP_AFTER)
    tale.lay(missing(place, HOUR_S))
    for path in place.lists:
        tale.lay(lagging([path], 60))
    for path in (*place.trades, *place.positions):
        tale.lay(lagging([path], 20))
    await tale.begin()
    await tale.run(90)
    assert IntentState.NO_EFFECT_PROVEN not in tale.states, "a filled order was taken for absent"
    tale.never_doubled()
    tale.wire.clear()
    assert await tale.balanced(within_s=30), "not hedged once it was found"
    tale.never_doubled()


def looks_at_one_endpoint(patch: pytest.MonkeyPatch) -> None:
    """asks one endpoint for the order, and believes its "not found" in the end"""

    async def none(*_: object) -> list[object]:
        return []

    patch.setattr(CcxtVenue, "open_orders", none)
    patch.setattr(CcxtVenue, "all_orders", none)
    patch.setattr(absence, "_objection", lambda _read: "")


@case(7, mutant=looks_at_one_endpoint, shows="taken for absent", on=EVERYWHERE)
async def test_f07_visible_elsewhere_only(tale: Tale) -> None:
    """The look-up by id never finds the order; the lists do.

    Lists, trades and position are asked as well; the order is found in the lists.
    """
    tale.set_stage()
    place = tale.place
    tale.order_fault(FaultKind.DROP_AFTER)
    tale.lay(missing(place, HOUR_S))
    await tale.begin()
    await tale.run(60)
    assert tale.states == [IntentState.FILLED], "a filled order was taken for absent"
    tale.wire.clear()
    assert await tale.balanced(within_s=30), "not hedged"
    tale.never_doubled()


def duplicates_are_refusals(patch: pytest.MonkeyPatch) -> None:
    """takes "this id is taken" for a refusal of the order"""
    patch.setattr(okx_errors, "MEANINGS", {**okx_errors.MEANINGS, "51016": Meaning.REFUSED})


@case(8, mutant=duplicates_are_refusals, shows="taken for refused", on=("okx",))
async def test_f08_duplicate_id(tale: Tale) -> None:
    """A request arrives twice on its way; the client gets the second answer: the id is taken.

    A taken id proves that the order exists: UNKNOWN, looked up, found.
    """
    tale.set_stage()
    place = tale.place

    def twice(request: Request, onward: Pass) -> Outcome | None:
        if (request.method, request.path) != ("POST", place.order):
            return None
        onward(request)
        return onward(request)

    tale.lay(twice)
    await tale.begin()
    done = await tale.balanced()
    assert IntentState.REJECTED not in tale.states, "an order that exists was taken for refused"
    tale.never_doubled()
    assert done, "not hedged"


def knows_orders_by_our_id_alone(patch: pytest.MonkeyPatch) -> None:
    """takes whatever order carries its id for the one that it sent"""
    patch.setattr(lifecycle, "_check_report", lambda *_: None)


@case(8, mutant=knows_orders_by_our_id_alone, shows="not halted", on=("binance", "kucoin"))
async def test_f08_two_orders_of_one_request(tale: Tale) -> None:
    """A request arrives twice on its way, and the venue makes two orders of it, since the first has filled already.

    No id of ours can prevent that: the second order under one id is seen, the hedge halts, and a person is told.
    """
    tale.set_stage()
    tale.order_fault(FaultKind.DUPLICATE)
    await tale.begin()
    await tale.run(60)
    assert tale.short == 2
    assert tale.verdict is Verdict.HALTED, f"not halted: {tale.told}"
    assert tale.alarmed(), "nobody was told"
    assert len(tale.orders) == 2


@case(9, mutant=mutants.sends_the_same_again, shows="sold twice", on=("binance", "kucoin"))
async def test_f09_used_id_accepted_again(tale: Tale) -> None:
    """The venue takes the id of an order that is done once more.

    An id is no guard against doing it twice: a command is sent once, and an id is never used again.
    """
    tale.set_stage()
    tale.order_fault(FaultKind.DROP_AFTER)
    await tale.begin()
    done = await tale.balanced()
    tale.never_doubled()
    assert done, "not hedged"
    tale.deposit("0.5")
    assert await tale.balanced("1.5")
    tale.stage.restart()
    tale.deposit("0.5")
    assert await tale.balanced("2")
    ids = [order.client_id for order in tale.orders]
    assert len(set(ids)) == len(ids) == 3


def counts_silence(patch: pytest.MonkeyPatch) -> None:
    """counts failed requests as "not found", and drops the order after three"""
    counts: dict[str, int] = {}
    resolve = Resolver._resolve

    async def counting(resolver: Resolver, record: IntentRecord, position: Position | Unknown) -> None:
        client_id = record.intent.client_id
        lookup = await resolver._venue.find_order(record.intent.request.symbol, client_id)
        if not isinstance(lookup, LookupFailed):
            await resolve(resolver, record, position)
            return
        counts[client_id] = counts.get(client_id, 0) + 1
        if counts[client_id] >= 3:
            resolver._advance(record, ProvenWithoutEffect(evidence="asked three times"))

    patch.setattr(Resolver, "_resolve", counting)


@case(10, mutant=counts_silence, shows="dropped an accepted order")
async def test_f10_names_not_resolved(tale: Tale) -> None:
    """An order is accepted, then no name is resolved for an hour.

    A failed request is no answer: only the venue's own "not found" counts.
    """
    tale.set_stage(settings="interval_s = 20\n" + default_settings(tale.place.exchange))
    tale.order_fault(FaultKind.DROP_AFTER)
    await tale.begin()
    assert await tale.stage.until(lambda _: bool(tale.orders), within_s=60)
    tale.lay(unreachable())
    began_ms = tale.now_ms
    await tale.run(HOUR_S)
    assert tale.alarmed(began_ms), "nobody was told"
    assert tale.states == [IntentState.UNKNOWN], "dropped an accepted order"
    tale.wire.clear()
    assert await tale.balanced(within_s=90), "not hedged once names are resolved again"
    tale.never_doubled()


def any_refusal_is_not_found(patch: pytest.MonkeyPatch) -> None:
    """takes any refusal of a look-up for "not found", and that for proof"""
    find_order = CcxtVenue.find_order

    async def found(venue: CcxtVenue, symbol: Symbol, client_id: ClientOrderId) -> OrderLookup:
        lookup = await find_order(venue, symbol, client_id)
        return NotFound(code="-1021") if isinstance(lookup, LookupFailed) else lookup

    patch.setattr(CcxtVenue, "find_order", found)
    mutants.one_reading_is_proof(patch)


@case(11, mutant=any_refusal_is_not_found, shows="dropped an accepted order")
async def test_f11_clock_refusals_are_no_answer(tale: Tale) -> None:
    """Look-ups of an accepted order are refused for their time (-1021).

    Such a refusal says nothing of the order; it stays UNKNOWN until it is found.
    """
    tale.set_stage()
    tale.order_fault(FaultKind.DROP_AFTER)
    for path in tale.place.lookups:
        tale.fault(FaultKind.CLOCK_SKEW, path, method="GET", count=8, delay_s=30)
    await tale.begin()
    assert await tale.stage.until(lambda _: bool(tale.orders), within_s=60)
    await tale.run(20)
    assert tale.states == [IntentState.UNKNOWN], "dropped an accepted order"
    assert await tale.balanced(within_s=60), "not hedged"
    tale.never_doubled()
    assert tale.sold == D(1)
