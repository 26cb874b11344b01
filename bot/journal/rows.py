"""Values to rows and back. What is read is checked as strictly as what is written.

Every `*_of` function raises ValueError on a row that this code can't have written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bot.domain.control import Control, ControlKind
from bot.domain.funding import FundingPayment
from bot.domain.ids import (
    CLIENT_ID_LENGTH,
    EPOCH_LENGTH,
    Asset,
    ClientOrderId,
    HedgeName,
    Symbol,
    TradeId,
    VenueName,
    VenueOrderId,
    epoch_of,
)
from bot.domain.intent import AbsenceRead, Intent, IntentRecord, IntentState
from bot.domain.numbers import decimal_of
from bot.domain.orders import Anchor, OrderRequest, Side, TimeInForce, TradeCursor, VenueTrade
from bot.ports import Halt

Row = Mapping[Any, Any]
"""A row of the database, or one to be written, by column."""

_WITHOUT_EFFECT = frozenset({IntentState.REJECTED, IntentState.NO_EFFECT_PROVEN})


def digits(value: Decimal) -> str:
    """All digits of a number, without an exponent. Raises ValueError when it is not finite."""
    return f"{decimal_of(value):f}"


def sequence_of(client_id: ClientOrderId) -> int:
    """The sequence number inside one of our ids."""
    return int(client_id[1 + EPOCH_LENGTH : CLIENT_ID_LENGTH])


def check_record(record: IntentRecord) -> None:
    """Refuse a record that contradicts itself.

    Raises:
        ValueError: says what does not fit.
    """
    request, intent = record.intent.request, record.intent
    if epoch_of(intent.client_id) is None:
        raise ValueError(f"{intent.client_id!r} is no client order id of ours")
    if request.contracts <= 0 or request.price <= 0 or intent.mark <= 0:
        raise ValueError(f"{intent.client_id}: contracts, price and mark must be above 0")
    if intent.deadline_ms < intent.timestamp_ms:
        raise ValueError(f"{intent.client_id}: the deadline is before the request's own time")
    if not 0 <= record.filled <= request.contracts:
        raise ValueError(f"{intent.client_id}: filled {record.filled} of {request.contracts} contracts")
    if record.filled and record.state in _WITHOUT_EFFECT:
        raise ValueError(f"{intent.client_id}: {record.state.value}, yet {record.filled} contracts filled")


def record_row(record: IntentRecord) -> dict[str, Any]:
    """The row of an intent. Raises ValueError when the record contradicts itself."""
    check_record(record)
    intent, request = record.intent, record.intent.request
    return {
        "client_id": intent.client_id,
        "epoch": epoch_of(intent.client_id),
        "sequence": sequence_of(intent.client_id),
        "hedge": intent.hedge,
        "venue": request.venue,
        "symbol": request.symbol,
        "side": request.side.value,
        "contracts": digits(request.contracts),
        "price": digits(request.price),
        "time_in_force": request.time_in_force.value,
        "reduce_only": request.reduce_only,
        "hedged": request.hedged,
        "position_before": digits(intent.position_before),
        "cursor_trade_id": intent.cursor_before.trade_id,
        "cursor_ms": intent.cursor_before.time_ms,
        "mark": digits(intent.mark),
        "created_ms": intent.created_ms,
        "timestamp_ms": intent.timestamp_ms,
        "deadline_ms": intent.deadline_ms,
        "state": record.state.value,
        "filled": digits(record.filled),
        "average_price": None if record.average_price is None else digits(record.average_price),
        "venue_order_id": record.venue_order_id,
        "settled": record.settled,
        "detail": record.detail,
        "updated_ms": record.updated_ms,
    }


def record_of(row: Row) -> IntentRecord:
    """An intent from its row."""
    record = IntentRecord(
        intent=Intent(
            client_id=ClientOrderId(row["client_id"]),
            hedge=HedgeName(row["hedge"]),
            request=OrderRequest(
                venue=VenueName(row["venue"]),
                symbol=Symbol(row["symbol"]),
                side=Side(row["side"]),
                contracts=decimal_of(row["contracts"]),
                price=decimal_of(row["price"]),
                time_in_force=TimeInForce(row["time_in_force"]),
                reduce_only=row["reduce_only"],
                hedged=row["hedged"],
            ),
            position_before=decimal_of(row["position_before"]),
            cursor_before=_cursor_of(row),
            mark=decimal_of(row["mark"]),
            created_ms=row["created_ms"],
            timestamp_ms=row["timestamp_ms"],
            deadline_ms=row["deadline_ms"],
        ),
        state=IntentState(row["state"]),
        filled=decimal_of(row["filled"]),
        average_price=None if row["average_price"] is None else decimal_of(row["average_price"]),
        venue_order_id=None if row["venue_order_id"] is None else VenueOrderId(row["venue_order_id"]),
        settled=row["settled"],
        detail=row["detail"],
        updated_ms=row["updated_ms"],
    )
    check_record(record)
    return record


def absence_row(client_id: ClientOrderId, read: AbsenceRead) -> dict[str, Any]:
    """The row of one absence reading."""
    return {
        "client_id": client_id,
        "venue_ms": read.venue_ms,
        "not_found_code": read.not_found_code,
        "in_lists": read.in_lists,
        "stray_trades": json.dumps(read.stray_trades),
        "position_explained": read.position_explained,
    }


def absence_of(row: Row) -> AbsenceRead:
    """An absence reading from its row."""
    return AbsenceRead(
        venue_ms=row["venue_ms"],
        not_found_code=row["not_found_code"],
        in_lists=row["in_lists"],
        stray_trades=tuple(json.loads(row["stray_trades"])),
        position_explained=row["position_explained"],
    )


def anchor_row(venue: VenueName, symbol: Symbol, anchor: Anchor) -> dict[str, Any]:
    """The row of a confirmed position."""
    return {
        "venue": venue,
        "symbol": symbol,
        "contracts": digits(anchor.contracts),
        "cursor_trade_id": anchor.cursor.trade_id,
        "cursor_ms": anchor.cursor.time_ms,
        "at_ms": anchor.at_ms,
    }


def anchor_of(row: Row) -> Anchor:
    """A confirmed position from its row."""
    return Anchor(contracts=decimal_of(row["contracts"]), cursor=_cursor_of(row), at_ms=row["at_ms"])


def placed_anchor_of(row: Row) -> tuple[tuple[VenueName, Symbol], Anchor]:
    """A confirmed position and where it is, from its row."""
    return (VenueName(row["venue"]), Symbol(row["symbol"])), anchor_of(row)


def fill_row(venue: VenueName, trade: VenueTrade, client_id: ClientOrderId | None, mark: Decimal) -> dict[str, Any]:
    """The row of one trade. Raises ValueError when it moves nothing, or the mark is not above 0."""
    if trade.contracts <= 0 or trade.price <= 0 or mark <= 0:
        raise ValueError(f"trade {trade.trade_id}: contracts, price and mark must be above 0")
    return {
        "venue": venue,
        "symbol": trade.symbol,
        "trade_id": trade.trade_id,
        "venue_order_id": trade.venue_order_id,
        "client_id": client_id,
        "side": trade.side.value,
        "contracts": digits(trade.contracts),
        "price": digits(trade.price),
        "mark": digits(mark),
        "fee": digits(trade.fee),
        "fee_asset": trade.fee_asset,
        "realized": digits(trade.realized),
        "maker": trade.maker,
        "time_ms": trade.time_ms,
    }


def fill_of(row: Row) -> tuple[VenueTrade, ClientOrderId | None, Decimal]:
    """A trade, whose order it was, and the mark then, from its row."""
    trade = VenueTrade(
        trade_id=TradeId(row["trade_id"]),
        venue_order_id=VenueOrderId(row["venue_order_id"]),
        symbol=Symbol(row["symbol"]),
        side=Side(row["side"]),
        contracts=decimal_of(row["contracts"]),
        price=decimal_of(row["price"]),
        fee=decimal_of(row["fee"]),
        fee_asset=Asset(row["fee_asset"]),
        realized=decimal_of(row["realized"]),
        maker=row["maker"],
        time_ms=row["time_ms"],
    )
    client_id = None if row["client_id"] is None else ClientOrderId(row["client_id"])
    mark = decimal_of(row["mark"])
    fill_row(VenueName(row["venue"]), trade, client_id, mark)
    return trade, client_id, mark


def memory_text(memory: Mapping[str, str]) -> str:
    """What a decision remembers, as text."""
    return json.dumps(dict(memory), sort_keys=True)


def memory_of(text: str) -> dict[str, str]:
    """What a decision remembers, from its text."""
    read = json.loads(text)
    if not isinstance(read, dict) or not all(isinstance(value, str) for value in read.values()):
        raise ValueError("what a decision remembers must be names and texts")
    return read


def halt_row(halt: Halt) -> dict[str, Any]:
    """The row of an open halt."""
    return {
        "venue": halt.venue,
        "symbol": halt.symbol or "",
        "code": halt.code,
        "reason": halt.reason,
        "since_ms": halt.since_ms,
        "cleared_ms": None,
    }


def halt_of(row: Row) -> Halt:
    """A halt from its row."""
    return Halt(
        venue=VenueName(row["venue"]),
        symbol=Symbol(row["symbol"]) if row["symbol"] else None,
        code=row["code"],
        reason=row["reason"],
        since_ms=row["since_ms"],
    )


def control_row(control: Control) -> dict[str, Any]:
    """The row of a control in force."""
    return {
        "hedge": control.hedge or "",
        "kind": control.kind.value,
        "who": control.who,
        "why": control.why,
        "since_ms": control.since_ms,
        "ended_ms": None,
    }


def control_of(row: Row) -> Control:
    """A control from its row."""
    return Control(
        kind=ControlKind(row["kind"]),
        hedge=HedgeName(row["hedge"]) if row["hedge"] else None,
        who=row["who"],
        why=row["why"],
        since_ms=row["since_ms"],
    )


def funding_row(payment: FundingPayment) -> dict[str, Any]:
    """The row of one payment."""
    return {
        "venue": payment.venue,
        "symbol": payment.symbol,
        "reference": payment.reference,
        "asset": payment.asset,
        "amount": digits(payment.amount),
        "time_ms": payment.time_ms,
        "short": None if payment.short is None else digits(payment.short),
        "mark": None if payment.mark is None else digits(payment.mark),
    }


def funding_of(row: Row) -> FundingPayment:
    """One payment from its row."""
    return FundingPayment(
        venue=VenueName(row["venue"]),
        symbol=Symbol(row["symbol"]),
        reference=row["reference"],
        asset=Asset(row["asset"]),
        amount=decimal_of(row["amount"]),
        time_ms=row["time_ms"],
        short=None if row["short"] is None else decimal_of(row["short"]),
        mark=None if row["mark"] is None else decimal_of(row["mark"]),
    )


def _cursor_of(row: Row) -> TradeCursor:
    trade_id = row["cursor_trade_id"]
    return TradeCursor(trade_id=None if trade_id is None else TradeId(trade_id), time_ms=row["cursor_ms"])
