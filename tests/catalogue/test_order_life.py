"""A: crashes, partial fills, cancels, lags and loops in the life of an order (cases 12 to 21)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal as D
from typing import Any
from weakref import WeakKeyDictionary

import pytest

from bot.core import accounting, lifecycle
from bot.domain.intent import Intent, IntentRecord, IntentState, Reported
from bot.domain.observation import Position, Unknown
from bot.domain.orders import Acked, Found, OrderReport, OrderStatus, SendOutcome
from bot.journal.store import SqlJournal
from bot.paper.faults import FaultKind, Outcome
from bot.paper.wire.http import Request
from bot.ports import OrderTicket
from bot.runtime import hedger
from bot.runtime.resolver import Resolver
from bot.venue.gateway import CcxtVenue
from tests.catalogue import mutants
from tests.catalogue.case import case
from tests.catalogue.places import EVERYWHERE
from tests.catalogue.tale import Tale
from tests.catalogue.wire import Json, Pass, changed, fits, instead, lagging
from tests.sim.doors import PowerCut, Process


def writes_it_down_afterwards(patch: pytest.MonkeyPatch) -> None:
    """writes an order down once the exchange has answered"""
    arm, update = SqlJournal.arm, SqlJournal.update
    held: dict[str, tuple[Intent, dict[str, Any]]] = {}

    def later(_journal: SqlJournal, intent: Intent, **given: Any) -> IntentRecord:  # noqa: ANN401 - passed on
        held[intent.client_id] = intent, given
        return mutants.unwritten(intent)

    def now(journal: SqlJournal, record: IntentRecord) -> None:
        kept = held.pop(record.intent.client_id, None)
        if kept is not None:
            arm(journal, kept[0], **kept[1])
        update(journal, record)

    patch.setattr(SqlJournal, "arm", later)
    patch.setattr(SqlJournal, "update", now)


@case(12, mutant=writes_it_down_afterwards, shows="an order without its intent", on=EVERYWHERE)
async def test_f12_crashes_on_the_way_of_an_order(tale: Tale) -> None:
    """The power is cut before the intent is written, after it, before the order leaves, when its answer comes, and when
    that is written down.

    What was committed before the first byte left is looked up by the next process: nothing is lost, nothing doubled.
    """
    order = f"POST {tale.place.order}"
    wanted: list[str] = []

    def cut(_process: Process, name: str) -> None:
        if wanted and name.startswith(wanted[0]):
            wanted.clear()
            tale.stage.cut()
            raise PowerCut

    tale.set_stage(point=cut)
    await tale.hedged()
    target = D(1)
    for point in (
        "commit arm: before",
        "commit arm: after",
        f"{order}: before it is sent",
        f"{order}: answered",
        "commit update: before",
        "commit update: after",
    ):
        wanted.append(point)
        tale.deposit("0.1")
        target += D("0.1")
        done = await tale.balanced(target, within_s=120)
        tale.never_doubled(target)
        assert done, f"not hedged after a cut at {point}: {tale.told}"
        assert not wanted, f"{point} was never reached"


def sends_recovered_orders_again(patch: pytest.MonkeyPatch) -> None:
    """sends the orders whose answer it does not know again when it starts"""
    resolve_all = Resolver.resolve_all
    sent: WeakKeyDictionary[Resolver, set[str]] = WeakKeyDictionary()

    async def resending(resolver: Resolver, position: Position | Unknown) -> None:
        for record in resolver.unfinished():
            intent = record.intent
            if record.state is IntentState.ARMED and intent.client_id not in sent.setdefault(resolver, set()):
                sent[resolver].add(intent.client_id)
                now_ms = resolver._venue.now_ms()
                ticket = OrderTicket(
                    request=intent.request, client_id=intent.client_id, timestamp_ms=now_ms, deadline_ms=now_ms + 3_000
                )
                await resolver._venue.place(ticket)
        await resolve_all(resolver, position)

    patch.setattr(Resolver, "resolve_all", resending)


@case(13, mutant=sends_recovered_orders_again, shows="sold twice", on=("binance", "kucoin"))
async def test_f13_restarts_send_nothing_again(tale: Tale) -> None:
    """The power is cut when an order has filled and its answer is not yet written down; then five restarts in a row.

    A recovered order is looked up, never sent; a restart on target sends nothing.
    """
    cuts: list[str] = []

    def cut(_process: Process, name: str) -> None:
        if name == f"POST {tale.place.order}: answered" and not cuts:
            cuts.append(name)
            tale.stage.cut()
            raise PowerCut

    tale.set_stage(point=cut)
    await tale.begin()
    done = await tale.balanced(within_s=120)
    tale.never_doubled()
    assert done, "not hedged"
    assert cuts
    for _ in range(5):
        tale.stage.restart()
        await tale.run(20)
        tale.never_doubled()
    assert await tale.balanced(within_s=20)
    assert len(tale.orders) == 1


def ends_mean_filled(patch: pytest.MonkeyPatch) -> None:
    """takes an order that has ended for one that filled whole"""
    with_fill = lifecycle._with_fill

    def whole(record: IntentRecord, state: IntentState, report: OrderReport, now_ms: int) -> IntentRecord:
        filled = record.intent.request.contracts if state.terminal else report.filled
        return with_fill(record, state, replace(report, filled=filled), now_ms)

    patch.setattr(lifecycle, "_with_fill", whole)


@case(14, mutant=ends_mean_filled, shows="the residual was left open", on=EVERYWHERE)
async def test_f14_partial_fill(tale: Tale) -> None:
    """The book thins out: an order fills in part and the rest expires. Once more, and the answer is lost too.

    Only what filled counts, cumulatively and as the trades say; the rest is the next order.
    """
    tale.set_stage()
    depth = tale.exchange.listing(f"linear:{tale.place.linear}").depth
    thin = [True]

    def thinned(request: Request, onward: Pass) -> Outcome | None:
        if not (fits(request, [tale.place.order], "POST") and thin[0]):
            return None
        thin[0] = False
        tale.listed_as(depth=depth / 1500)
        outcome = onward(request)
        tale.listed_as(depth=depth)
        return outcome

    tale.lay(thinned)
    await tale.begin()
    done = await tale.balanced()
    assert done, "the residual was left open"
    assert tale.sold == D(1)
    assert len(tale.orders) == 2
    thin[0] = True
    tale.order_fault(FaultKind.DROP_AFTER)
    tale.deposit("1")
    assert await tale.balanced("2"), "the residual was left open"
    assert tale.sold == D(2)


def believes_a_cancel(patch: pytest.MonkeyPatch) -> None:
    """takes the answer to a cancel for the end of the order, without a fill"""
    resolve = Resolver._resolve

    async def resolving(resolver: Resolver, record: IntentRecord, position: Position | Unknown) -> None:
        symbol, client_id = record.intent.request.symbol, record.intent.client_id
        lookup = await resolver._venue.find_order(symbol, client_id)
        if isinstance(lookup, Found) and lookup.report.status is OrderStatus.OPEN:
            await resolver._venue.cancel(symbol, client_id)
            resolver._advance(record, Reported(report=replace(lookup.report, status=OrderStatus.CANCELED)))
            return
        await resolve(resolver, record, position)

    patch.setattr(Resolver, "_resolve", resolving)


@case(15, mutant=believes_a_cancel, shows="sold twice", on=("okx",))
async def test_f15_cancel_that_came_too_late(tale: Tale) -> None:
    """An order looks as if it rested, its cancel is answered with success; but it had filled. The position
    lags by 10 s.

    The answer to a cancel says nothing of the order: it is read again, and its fill waited for in the position.
    """

    def live(body: Json) -> Json:
        rows = [{**row, "state": "live", "accFillSz": "0", "avgPx": "", "fillSz": "0"} for row in body["data"]]
        return {**body, "data": rows} if rows else None

    tale.set_stage()
    canceled = {"ordId": "1", "clOrdId": "", "sCode": "0", "sMsg": "", "ts": "1"}

    def cancel(request: Request, _onward: Pass) -> Outcome | None:
        if not fits(request, ["/api/v5/trade/cancel-order"], "POST"):
            return None
        order = tale.orders[-1]
        row = {**canceled, "ordId": str(order.order_id), "clOrdId": order.client_id}
        tale.wire.clear()
        for path in tale.place.positions:
            tale.lay(lag[path])
        return instead([request.path], 200, {"code": "0", "data": [row], "msg": ""}, method="POST")(request, _onward)

    lag = {path: lagging([path], 10) for path in tale.place.positions}
    for rule in lag.values():
        tale.lay(rule)
    tale.lay(changed(tale.place.lookups, live))
    tale.lay(cancel)
    await tale.begin()
    await tale.run(40)
    tale.never_doubled()
    assert await tale.balanced(within_s=30), "not hedged"
    assert len(tale.orders) == 1


def infers_fills(patch: pytest.MonkeyPatch) -> None:
    """books a fill from the order's state while its trade is not told yet, and then the trade as well"""
    patch.setattr(accounting, "_fill_not_in_trades", lambda *_: None)
    patch.setattr(accounting, "_position_differs", lambda *_: None)


@case(16, mutant=infers_fills, shows="counted twice", on=EVERYWHERE)
async def test_f16_late_trades(tale: Tale) -> None:
    """Order and position tell a fill at once, its trade comes 20 s later.

    A fill is settled once its trades make it up exactly; until then it is waited for. Each trade counts once.
    """
    tale.set_stage()
    for path in tale.place.trades:
        tale.lay(lagging([path], 20))
    await tale.begin()
    await tale.balanced(within_s=120)
    await tale.run(30)
    tale.deposit("0.5")
    done = await tale.balanced("1.5", within_s=180)
    tale.never_doubled("1.5")
    assert done, f"a fill was counted twice, or never: {tale.told}"
    assert tale.sold == D("1.5")


def amends(patch: pytest.MonkeyPatch) -> None:
    """gives an order that did not fill another price instead of making a new one"""
    place = CcxtVenue.place

    async def placing(venue: CcxtVenue, ticket: OrderTicket) -> SendOutcome:
        outcome = await place(venue, ticket)
        if isinstance(outcome, Acked) and not outcome.report.filled:
            with pytest.raises(Exception, match="HTTP 400"):
                await venue._client.fapiPrivatePutOrder(
                    {"symbol": "BTCUSDT", "side": "SELL", "origClientOrderId": ticket.client_id, "price": "90000"}
                )
        return outcome

    patch.setattr(CcxtVenue, "place", placing)


@case(17, mutant=amends, shows="amended an order")
async def test_f17_never_amends(tale: Tale) -> None:
    """Orders miss the market, so that another price is needed; venues that amend may end the old order and make a new.

    Nothing is ever amended or replaced: another price is a new order with an intent and an id of its own.
    """
    tale.set_stage()
    runs = [2]

    def runs_away(request: Request, _onward: Pass) -> Outcome | None:
        if fits(request, [tale.place.order], "POST") and runs[0]:
            runs[0] -= 1
            tale.stage.world.set_price("BTC", tale.exchange.price("BTC") * D("0.99"))
        return None

    tale.lay(runs_away)
    await tale.begin()
    done = await tale.balanced()
    amended = [request.path for request in tale.wire.seen if request.method == "PUT" and "order" in request.path]
    assert not amended, "amended an order"
    assert done, "not hedged"
    ids = [order.client_id for order in tale.orders]
    assert len(set(ids)) == len(ids) == 3


@case(18, mutant=mutants.believes_the_position, shows="sold twice", on=EVERYWHERE)
async def test_f18_position_lags_fill(tale: Tale) -> None:
    """Position and margin account are told as they were 30 s ago.

    What was sent and is not yet found in the position is added to it; nothing is sent until the position shows it.
    """
    tale.set_stage()
    for path in tale.place.positions:
        tale.lay(lagging([path], 30))
    await tale.begin()
    done = await tale.balanced(within_s=90)
    tale.never_doubled()
    assert done, f"not hedged: {tale.told}"
    assert len(tale.orders) == 1


def tries_at_once_again(patch: pytest.MonkeyPatch) -> None:
    """tries again in the next turn, however often it was refused"""
    patch.setattr(hedger, "backoff_until_ms", lambda *_: 0)


@case(19, mutant=tries_at_once_again, shows="tried", on=EVERYWHERE)
async def test_f19_refused_forever(tale: Tale) -> None:
    """Every order is refused for want of margin, for five minutes.

    Tries are made ever more seldom, from 5 s to 5 minutes apart; a person is told; the first that succeeds hedges.
    """
    tale.set_stage()
    tale.order_fault(FaultKind.REJECT, count=10_000)
    await tale.begin()
    await tale.run(300)
    tries = len(tale.wire.sent(tale.place.order))
    assert tries <= 8, f"tried {tries} times in 5 minutes"
    assert tale.alarmed(), "nobody was told"
    tale.stage.world.faults.clear()
    assert await tale.balanced(within_s=310), "not hedged once orders were taken again"


@case(20, mutant=mutants.never_dwells, shows="round trips", on=EVERYWHERE)
async def test_f20_flapping(tale: Tale) -> None:
    """Coins leave and come back every 10 s, for three minutes.

    A surplus must last a minute before the short is reduced: no round trips.
    """
    await tale.hedged()
    for _ in range(9):
        tale.deposit("-0.1")
        await tale.run(10)
        tale.deposit("0.1")
        await tale.run(10)
    assert tale.bought == 0, f"{tale.bought} coins of round trips"
    assert len(tale.orders) == 1


def leaves_orders_behind(patch: pytest.MonkeyPatch) -> None:
    """stops without looking after its orders"""

    async def nothing(_resolver: Resolver) -> None:
        return

    patch.setattr(Resolver, "cancel_resting", nothing)


@case(21, mutant=leaves_orders_behind, shows="left an order behind", on=EVERYWHERE)
async def test_f21_stop_with_a_resting_order(tale: Tale) -> None:
    """An order rests in the book against its terms, its answer is lost, and the bot is told to stop at that moment.

    It stops within 10 s, cancels its own order first, and leaves the hedge; the next start goes on from there.
    """
    tale.set_stage()
    submit = tale.exchange.submit
    tale.orders_rest("1.02")
    tale.order_fault(FaultKind.DROP_AFTER)
    await tale.begin()
    assert await tale.stage.until(lambda _: bool(tale.orders), within_s=60, step_s=0.05)
    began_ms = tale.now_ms
    await tale.stage.stop()
    assert tale.now_ms - began_ms <= 10_000
    assert not _open(tale), "left an order behind"
    setattr(tale.exchange, "submit", submit)  # noqa: B010 - the exchange's own again
    tale.stage.start()
    done = await tale.balanced(within_s=120)
    tale.never_doubled()
    assert done, "not hedged"
    assert tale.sold == D(1)


def _open(tale: Tale) -> Sequence[object]:
    return [order for order in tale.orders if order.status.open]
