"""Oracles on orders: O1 to O4 and O8."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from bot.domain.ids import ClientOrderId
from bot.domain.intent import IntentRecord, IntentState
from bot.domain.numbers import ZERO
from bot.domain.orders import OrderRequest
from bot.domain.orders import TimeInForce as Standing
from bot.paper.engine.model import MarketType, Order, OrderKind, TimeInForce
from tests.sim.oracles_base import (
    Blindness,
    Past,
    Watching,
    committed,
    on_job,
    our_ids,
    ours,
    places_order,
    sells,
    step_coins,
)
from tests.sim.trace import Event, Kind, Sent, Truth

AGE_MAX_MS: Final = 15_000
"""How old the readings behind an order may be (R8)."""
CLOCK_MS: Final = 2_000
"""How far the bot's notion of the venue's time may be off."""
_WITHOUT_ORDER: Final = frozenset({IntentState.REJECTED, IntentState.NO_EFFECT_PROVEN})
_STANDING: Final = {
    Standing.IOC: TimeInForce.IOC,
    Standing.GTC: TimeInForce.GTC,
    Standing.POST_ONLY: TimeInForce.GTX,
}


class NeverOverHedged(Watching):
    """O1: the short, with all that our resting orders may still add, is never above its target by more than one step.

    A surplus that the owner causes is no order's fault: each order is judged against the largest target, and the
    smallest short, that the readings behind it may have shown.
    """

    name = "O1 never over-hedged"

    def __init__(self, *, age_max_ms: int = AGE_MAX_MS) -> None:
        super().__init__()
        self._age_max_ms = age_max_ms
        self._targets = Past()
        self._blind = Blindness()
        self._foreign: list[tuple[int, Decimal]] = []
        self._left: dict[str, int] = {}

    def judge(self, event: Event, truth: Truth) -> None:
        """Judge every order of ours that grew the short, or that may still do so."""
        self._blind.take(event)
        if event.kind is Kind.REQUEST and event.sent is not None and places_order(event.sent):
            self._left.update(dict.fromkeys(our_ids(event.sent), event.sent.at_ms))
        self._targets.note(event.at_ms, truth.job.ratio * truth.held)
        for change in event.changes:
            if change.order is None or not on_job(change, truth) or not sells(change.order):
                continue
            if ours(change.order):
                newest = truth.orders.get((change.exchange, change.order.order_id), change.order)
                self._weigh(newest, event, truth)
            elif change.trade is not None:
                self._foreign.append((event.at_ms, change.trade.quantity * _coins_each(truth)))

    def _weigh(self, order: Order, event: Event, truth: Truth) -> None:
        record = committed(truth, order.client_id)
        # When it left by true time: the host's clock, which dates the intent, may be wrong.
        left_ms = self._left.get(order.client_id, event.at_ms)
        since_ms = self._blind.since(left_ms - self._age_max_ms)
        unseen = sum((coins for at_ms, coins in self._foreign if at_ms >= since_ms), ZERO)
        target = max(self._targets.since(since_ms)) + unseen
        resting = [o for (name, _), o in truth.orders.items() if name == truth.job.exchange and o.status.open]
        flying = sum(
            (o.remaining for o in resting if ours(o) and sells(o) and o.listing_key == order.listing_key), ZERO
        )
        short = self.hedged.coins + flying * _coins_each(truth)
        if short > target + step_coins(truth) + _slipped(order, record, truth):
            self.fail(f"{short} coins short for a target of {target} after order {order.client_id}")


def _coins_each(truth: Truth) -> Decimal:
    """Coins of one contract, at the mark."""
    size = truth.job.contract_size
    return size / truth.mark if truth.job.market is MarketType.INVERSE else size


def _slipped(order: Order, record: IntentRecord | None, truth: Truth) -> Decimal:
    """Coins by which an inverse order hedges more at the prices of its fills than at the mark it was sized at."""
    if truth.job.market is not MarketType.INVERSE or record is None:
        return ZERO
    size, mark = truth.job.contract_size, record.intent.mark
    return sum((trade.quantity * size * abs(1 / trade.price - 1 / mark) for trade in order.trades), ZERO)


class OneIntentEach(Watching):
    """O2: every order of ours at a venue has exactly one intent that tells the same of it, and the reverse."""

    name = "O2 one intent each"

    def __init__(self) -> None:
        super().__init__()
        self._orders: dict[ClientOrderId, tuple[str, int]] = {}
        self._pending: set[ClientOrderId] = set()

    def judge(self, event: Event, truth: Truth) -> None:
        """Judge new orders, and what the journal has learnt of those whose end it did not know."""
        for change in event.changes:
            if change.order is None:
                continue
            if ours(change.order):
                self._meet(change.order, change.exchange, truth)
            elif event.kind is Kind.REQUEST and change.order.cause is None:
                self.fail(f"a request made order {change.order.order_id}, which carries no id of ours")
        if event.sent is not None and event.kind is Kind.REQUEST and places_order(event.sent):
            self._pending.update(our_ids(event.sent))
        if event.kind is Kind.COMMIT and self._pending:
            for record in truth.intents():
                if record.intent.client_id in self._pending:
                    self._compare(record, truth)

    def finish(self, truth: Truth) -> None:
        """Judge every intent of the journal."""
        for record in truth.intents():
            self._compare(record, truth)

    def _meet(self, order: Order, exchange: str, truth: Truth) -> None:
        client_id, place = ClientOrderId(order.client_id), (exchange, order.order_id)
        known = self._orders.setdefault(client_id, place)
        if known != place:
            self.fail(f"orders {known} and {place} carry the same id {client_id}")
        self._pending.add(client_id)
        if order.update_ms != order.time_ms or order.trades:
            return  # not new: what it may become is the venue's affair
        record = committed(truth, client_id)
        if record is None:
            self.fail(f"order {client_id} has no intent")
        if record.state in _WITHOUT_ORDER:
            self.fail(f"order {client_id} was accepted after its intent had ended as {record.state}")
        for what, is_now, should in _told_twice(order, exchange, record.intent.request, truth):
            if is_now != should:
                self.fail(f"order {client_id} is not what its intent says: {what} {is_now}, not {should}")

    def _compare(self, record: IntentRecord, truth: Truth) -> None:
        client_id, state = record.intent.client_id, record.state
        place = self._orders.get(client_id)
        order = None if place is None else truth.orders[place]
        filled = ZERO if order is None else order.filled
        if record.filled > filled:
            self.fail(f"intent {client_id} says {record.filled} filled, the venue {filled}")
        if not state.terminal:
            return
        if state in _WITHOUT_ORDER and order is not None:
            self.fail(f"intent {client_id} ended as {state}, but its order is at the venue")
        if state not in _WITHOUT_ORDER:
            if order is None:
                self.fail(f"intent {client_id} ended as {state}, but no order of it is at the venue")
            if order.status.open or record.filled != filled:
                self.fail(
                    f"intent {client_id} ended as {state} with {record.filled} filled, "
                    f"its order is {order.status} with {filled}"
                )
        self._pending.discard(client_id)


def _told_twice(order: Order, exchange: str, asked: OrderRequest, truth: Truth) -> Iterator[tuple[str, object, object]]:
    """What an order is, beside what its intent says of it."""
    yield "side", order.side.value.lower(), asked.side.value.lower()
    yield "price", order.price, asked.price
    yield "reduce-only", order.reduce_only, asked.reduce_only
    yield "kind", order.kind, OrderKind.LIMIT
    yield "time in force", order.tif, _STANDING[asked.time_in_force]
    cut = order.reduce_only and order.quantity < asked.contracts  # by the venue, to the position
    yield "quantity", order.quantity, order.quantity if cut else asked.contracts
    if (asked.venue, asked.symbol) == (truth.job.venue, truth.job.symbol):
        place = (truth.job.exchange, f"{truth.job.market.value}:{truth.job.venue_symbol}")
        yield "market", (exchange, order.listing_key), place


class DurableFirst(Watching):
    """O3: no order is asked for without its own intent of the process's epoch, committed before; and none twice.

    Before it leaves, that is: one that is under way when its intent is committed left too early.
    """

    name = "O3 durable first"

    def __init__(self) -> None:
        super().__init__()
        self._sent: set[ClientOrderId] = set()
        self._epochs: dict[str, int] = {}

    def judge(self, event: Event, truth: Truth) -> None:
        """Judge a request that asks for an order, and an intent by what is under way."""
        if event.kind is Kind.COMMIT and event.word.startswith("arm"):
            newest = truth.intents()[-1].intent.client_id
            if any(newest in our_ids(sent) for sent in truth.in_flight.values() if places_order(sent)):
                self.fail(f"order {newest} left before its intent was committed")
        if event.kind is not Kind.REQUEST or event.sent is None or not places_order(event.sent):
            return
        sent = event.sent
        found = our_ids(sent)
        if len(found) != 1:
            self.fail(f"{sent.method} {sent.path} asks for an order with {len(found)} ids of ours")
        (client_id,) = found
        if client_id in self._sent:
            self.fail(f"order {client_id} was sent twice")
        self._sent.add(client_id)
        record = committed(truth, client_id)
        if record is None:
            self.fail(f"order {client_id} left without a durable intent")
        late = event.at_ms > sent.at_ms  # its sender may have given it up meanwhile
        if record.state is not IntentState.ARMED and not late:
            self.fail(f"order {client_id} left while its intent was {record.state}")
        epoch = client_id[:11]
        if self._epochs.setdefault(epoch, sent.process) != sent.process:
            self.fail(f"order {client_id} carries the epoch of another process")


class NoIncreaseWhileUnknown(Watching):
    """O4: no order that adds risk leaves while the end of another on its instrument is not known.

    Known by the journal: it is not terminal. And in truth: its answer said nothing, it is not at the venue, and the
    time in which it could still arrive there is not over.
    """

    name = "O4 no increase while unknown"

    def __init__(self, *, proof_grace_ms: int = 30_000) -> None:
        super().__init__()
        self._grace_ms = proof_grace_ms
        self._lost: dict[ClientOrderId, int] = {}

    def judge(self, event: Event, truth: Truth) -> None:
        """Keep which orders nobody can know of, and judge each new one against them."""
        for change in event.changes:
            if change.order is not None:
                self._lost.pop(ClientOrderId(change.order.client_id), None)
        if event.sent is None or not places_order(event.sent):
            return
        if event.kind is Kind.REQUEST:
            self._weigh(event, event.sent, truth)
        elif event.kind is Kind.ANSWER and event.word != "lost" and _decided(event.sent):
            for client_id in our_ids(event.sent):
                self._lost.pop(client_id, None)

    def _weigh(self, event: Event, sent: Sent, truth: Truth) -> None:
        for record in self._asked_for(sent, truth):
            intent = record.intent
            if not intent.request.reduce_only:
                others = [other for other in truth.intents() if other.intent.client_id != intent.client_id]
                for other in others:
                    if not other.state.terminal:
                        self.fail(f"{intent.client_id} adds risk while {other.intent.client_id} is {other.state}")
                for client_id, until_ms in self._lost.items():
                    if event.at_ms < until_ms:
                        self.fail(f"{intent.client_id} adds risk while {client_id} may still arrive")
            if not any(order.client_id == intent.client_id for order in truth.orders.values()):
                valid_ms = intent.deadline_ms - intent.timestamp_ms
                # What comes after the deadline is refused; a clock that is behind promised an earlier one.
                deadline_ms = min(sent.at_ms + valid_ms, intent.deadline_ms)
                self._lost[intent.client_id] = deadline_ms + self._grace_ms - CLOCK_MS

    def _asked_for(self, sent: Sent, truth: Truth) -> Iterator[IntentRecord]:
        for client_id in our_ids(sent):
            record = committed(truth, client_id)
            if record is not None and record.intent.request.symbol == truth.job.symbol:
                yield record


def _decided(sent: Sent) -> bool:
    """The venue itself refused the order; an accepted one shows at the venue."""
    return sent.status is not None and sent.status < 500 and bool(sent.code)


class NeverLong(Watching):
    """O8: the position never turns long by our doing, and whatever buys on the perpetual may only reduce."""

    name = "O8 never long"

    def judge(self, event: Event, truth: Truth) -> None:
        """Judge our orders on the instrument."""
        for change in event.changes:
            order = change.order
            if order is None or not on_job(change, truth) or not ours(order):
                continue
            if not sells(order) and not order.reduce_only:
                self.fail(f"order {order.client_id} buys {order.quantity} and may open a long")
            if change.trade is not None and truth.position > 0:
                self.fail(f"{truth.position} contracts long after order {order.client_id}")
