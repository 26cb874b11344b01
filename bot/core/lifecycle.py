"""The life of one order: what each event does to each state (R20).

```
ARMED -> ACKED -> PARTIALLY_FILLED -> FILLED | CANCELED | EXPIRED
     |-> REJECTED
     '-> UNKNOWN -> (any of the above) | NO_EFFECT_PROVEN
```
Only evidence moves a record: the venue's own report, its definite rejection, or the proof of R22. No time appears here
but as the date of the last change.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final, assert_never

from bot.domain.errors import InvariantBroken
from bot.domain.intent import (
    IntentEvent,
    IntentRecord,
    IntentState,
    OutcomeLost,
    ProvenWithoutEffect,
    RejectedByVenue,
    Reported,
)
from bot.domain.numbers import ZERO, plain
from bot.domain.orders import OrderReport, OrderStatus

_ENDED: Final = {
    OrderStatus.FILLED: IntentState.FILLED,
    OrderStatus.CANCELED: IntentState.CANCELED,
    OrderStatus.EXPIRED: IntentState.EXPIRED,
}


def unfilled(record: IntentRecord) -> Decimal:
    """Contracts that may still fill (R13): all that has not filled yet, 0 once the order is terminal."""
    if record.state.terminal:
        return ZERO
    return record.intent.request.contracts - record.filled


def advance(record: IntentRecord, event: IntentEvent, now_ms: int) -> IntentRecord:
    """What an event makes of a record; the same record when the event adds nothing.

    Answers to a cancel are no events of the order: a refused cancel says nothing about it. Look it up instead.

    Args:
        record: what is known.
        event: what was learnt of this order.
        now_ms: our clock.

    Raises:
        InvariantBroken: the event can't happen to an order in that state. What is known is contradicted by the
            venue, so the caller halts the instrument.
    """
    match event:
        case Reported(report=report):
            return _reported(record, report, now_ms)
        case RejectedByVenue(code=code, message=message):
            return _rejected(record, f"{code} {message}".strip(), now_ms)
        case OutcomeLost(detail=detail):
            return _lost(record, detail, now_ms)
        case ProvenWithoutEffect(evidence=evidence):
            return _proven(record, evidence, now_ms)
        case _:
            assert_never(event)


def _reported(record: IntentRecord, report: OrderReport, now_ms: int) -> IntentRecord:
    _check_report(record, report)
    if report.status is OrderStatus.REJECTED:
        return _rejected(record, "reported as rejected", now_ms)
    state = record.state
    match state:
        case IntentState.ARMED | IntentState.UNKNOWN | IntentState.ACKED | IntentState.PARTIALLY_FILLED:
            return _with_fill(record, _state_told(record, report), report, now_ms)
        case IntentState.FILLED | IntentState.CANCELED | IntentState.EXPIRED:
            # A late report: the state stands, and only a fill that nobody knew of is news.
            return _with_fill(record, state, report, now_ms)
        case IntentState.REJECTED | IntentState.NO_EFFECT_PROVEN:
            raise _broken(record, f"the venue now shows it {_facts(report)}")
        case _:
            assert_never(state)


def _rejected(record: IntentRecord, detail: str, now_ms: int) -> IntentRecord:
    state = record.state
    match state:
        case IntentState.ARMED | IntentState.UNKNOWN:
            return _without_effect(record, IntentState.REJECTED, detail, now_ms)
        case IntentState.REJECTED | IntentState.NO_EFFECT_PROVEN:
            return record  # The same news twice, or late.
        case (
            IntentState.ACKED
            | IntentState.PARTIALLY_FILLED
            | IntentState.FILLED
            | IntentState.CANCELED
            | IntentState.EXPIRED
        ):
            raise _broken(record, f"the venue now rejects it with {detail}")
        case _:
            assert_never(state)


def _lost(record: IntentRecord, detail: str, now_ms: int) -> IntentRecord:
    state = record.state
    match state:
        case IntentState.ARMED:
            return replace(record, state=IntentState.UNKNOWN, detail=detail, updated_ms=now_ms)
        case (
            IntentState.UNKNOWN
            | IntentState.ACKED
            | IntentState.PARTIALLY_FILLED
            | IntentState.FILLED
            | IntentState.CANCELED
            | IntentState.EXPIRED
            | IntentState.REJECTED
            | IntentState.NO_EFFECT_PROVEN
        ):
            return record  # An answer that says nothing takes nothing away.
        case _:
            assert_never(state)


def _proven(record: IntentRecord, evidence: str, now_ms: int) -> IntentRecord:
    state = record.state
    match state:
        case IntentState.ARMED | IntentState.UNKNOWN if record.filled == 0:
            return _without_effect(record, IntentState.NO_EFFECT_PROVEN, evidence, now_ms)
        case (
            IntentState.ARMED
            | IntentState.UNKNOWN
            | IntentState.ACKED
            | IntentState.PARTIALLY_FILLED
            | IntentState.FILLED
            | IntentState.CANCELED
            | IntentState.EXPIRED
            | IntentState.REJECTED
            | IntentState.NO_EFFECT_PROVEN
        ):
            # Of an order whose end or effect is known nobody collects proofs of absence.
            raise _broken(record, f"it was proven absent: {evidence}")
        case _:
            assert_never(state)


def _check_report(record: IntentRecord, report: OrderReport) -> None:
    """Refuse what can't be a report of this order, or contradicts itself."""
    intent, request = record.intent, record.intent.request
    if (report.client_id, report.symbol, report.side) != (intent.client_id, request.symbol, request.side):
        raise _broken(record, f"it was given the report of another order: {_facts(report)}")
    if record.venue_order_id not in {None, report.venue_order_id}:
        # Two orders under one id: the second one is the doubled order that must never be.
        raise _broken(record, f"it was order {record.venue_order_id}, the venue now shows it {_facts(report)}")
    if not 0 <= report.filled <= request.contracts:
        raise _broken(record, f"it can't have filled so much: {_facts(report)}")
    if (report.status is OrderStatus.FILLED and report.filled == 0) or (
        report.status is OrderStatus.REJECTED and report.filled > 0
    ):
        raise _broken(record, f"the venue contradicts itself: {_facts(report)}")


def _state_told(record: IntentRecord, report: OrderReport) -> IntentState:
    ended = _ENDED.get(report.status)
    if ended is not None:
        return ended
    # By the quantities, since a late report of an open order must not hide a fill.
    return IntentState.PARTIALLY_FILLED if max(record.filled, report.filled) > 0 else IntentState.ACKED


def _with_fill(record: IntentRecord, state: IntentState, report: OrderReport, now_ms: int) -> IntentRecord:
    """Take a report in: fills only grow, and one that grew has yet to be found in the position."""
    grew = report.filled > record.filled
    filled = report.filled if grew else record.filled
    price = report.average_price if report.filled == filled else None
    taken = replace(
        record,
        state=state,
        filled=filled,
        average_price=price or record.average_price,
        venue_order_id=report.venue_order_id,
        settled=not grew and (record.settled or (state.terminal and filled == 0)),
        detail=f"reported {report.status}",
    )
    if replace(taken, detail=record.detail) == record:
        return record
    return replace(taken, updated_ms=now_ms)


def _without_effect(record: IntentRecord, state: IntentState, detail: str, now_ms: int) -> IntentRecord:
    return replace(record, state=state, settled=True, detail=detail, updated_ms=now_ms)


def _facts(report: OrderReport) -> str:
    return f"as {report.venue_order_id} ({report.client_id}), {report.status}, filled {plain(report.filled)}"


def _broken(record: IntentRecord, what: str) -> InvariantBroken:
    return InvariantBroken(
        f"order {record.intent.client_id} is {record.state} with {plain(record.filled)} filled; {what}",
        hint="compare the order with the venue's own order history before anything else is sent",
    )
