"""Steps of the margin ladder and moves of money, to rows and back; as strict as `bot.journal.rows`."""

from __future__ import annotations

from typing import Any

from bot.domain.ids import Asset, ClientOrderId, HedgeName, Symbol, VenueName, epoch_of
from bot.domain.ladder import LadderStep, StepId, StepKind, StepRecord, StepState
from bot.domain.moves import Move, MoveId, MoveKind, MoveRecord, MoveRequest, MoveState
from bot.domain.numbers import decimal_of
from bot.journal.rows import Row, digits, sequence_of


def step_row(record: StepRecord) -> dict[str, Any]:
    """The row of a step. Raises ValueError when it contradicts itself."""
    check_step(record.step)
    step = record.step
    return {
        "step_id": step.step_id,
        "epoch": epoch_of(step.step_id),
        "sequence": sequence_of(ClientOrderId(step.step_id)),
        "hedge": step.hedge,
        "kind": step.kind.value,
        "venue": step.venue,
        "symbol": step.symbol,
        "spot_symbol": step.spot_symbol,
        "contracts": digits(step.contracts),
        "coins": digits(step.coins),
        "target": digits(step.target),
        "ratio": digits(step.ratio),
        "wallet_before": digits(step.wallet_before),
        "spot_before": digits(step.spot_before),
        "created_ms": step.created_ms,
        "state": record.state.value,
        "detail": record.detail,
        "updated_ms": record.updated_ms,
    }


def check_step(step: LadderStep) -> None:
    """Refuse a step that contradicts itself.

    Raises:
        ValueError: says what does not fit.
    """
    if epoch_of(step.step_id) is None:
        raise ValueError(f"{step.step_id!r} is no id of ours")
    reduces = step.contracts > 0 and step.coins > 0 and step.spot_symbol is not None
    adds = step.contracts == 0 and step.coins == 0 and step.spot_symbol is None
    if not (reduces if step.kind is StepKind.REDUCTION else adds):
        raise ValueError(f"{step.step_id}: {step.kind.value} of {step.contracts} contracts and {step.coins} coins")
    if step.target <= 1:
        raise ValueError(f"{step.step_id}: a target of {step.target} is where it is liquidated")


def step_of(row: Row) -> StepRecord:
    """A step from its row."""
    step = LadderStep(
        step_id=StepId(row["step_id"]),
        hedge=HedgeName(row["hedge"]),
        kind=StepKind(row["kind"]),
        venue=VenueName(row["venue"]),
        symbol=Symbol(row["symbol"]),
        spot_symbol=None if row["spot_symbol"] is None else Symbol(row["spot_symbol"]),
        contracts=decimal_of(row["contracts"]),
        coins=decimal_of(row["coins"]),
        target=decimal_of(row["target"]),
        ratio=decimal_of(row["ratio"]),
        wallet_before=decimal_of(row["wallet_before"]),
        spot_before=decimal_of(row["spot_before"]),
        created_ms=row["created_ms"],
    )
    check_step(step)
    return StepRecord(step=step, state=StepState(row["state"]), detail=row["detail"], updated_ms=row["updated_ms"])


def move_row(record: MoveRecord) -> dict[str, Any]:
    """The row of a move, but for its step. Raises ValueError when it contradicts itself."""
    check_move(record.move)
    move, request = record.move, record.move.request
    return {
        "move_id": move.move_id,
        "epoch": epoch_of(move.move_id),
        "sequence": sequence_of(ClientOrderId(move.move_id)),
        "hedge": move.hedge,
        "venue": request.venue,
        "kind": request.kind.value,
        "symbol": request.symbol,
        "asset": request.asset,
        "amount": digits(request.amount),
        "created_ms": move.created_ms,
        "timestamp_ms": move.timestamp_ms,
        "deadline_ms": move.deadline_ms,
        "wallet_before": None if move.wallet_before is None else digits(move.wallet_before),
        "state": record.state.value,
        "reference": record.reference,
        "detail": record.detail,
        "updated_ms": record.updated_ms,
    }


def check_move(move: Move) -> None:
    """Refuse a move that contradicts itself.

    Raises:
        ValueError: says what does not fit.
    """
    if epoch_of(move.move_id) is None:
        raise ValueError(f"{move.move_id!r} is no id of ours")
    if move.request.amount <= 0:
        raise ValueError(f"{move.move_id}: the amount must be above 0")
    if move.deadline_ms < move.timestamp_ms:
        raise ValueError(f"{move.move_id}: the deadline is before the request's own time")


def move_of(row: Row) -> MoveRecord:
    """A move from its row."""
    move = Move(
        move_id=MoveId(row["move_id"]),
        hedge=HedgeName(row["hedge"]),
        request=MoveRequest(
            venue=VenueName(row["venue"]),
            kind=MoveKind(row["kind"]),
            symbol=Symbol(row["symbol"]),
            asset=Asset(row["asset"]),
            amount=decimal_of(row["amount"]),
        ),
        created_ms=row["created_ms"],
        timestamp_ms=row["timestamp_ms"],
        deadline_ms=row["deadline_ms"],
        wallet_before=None if row["wallet_before"] is None else decimal_of(row["wallet_before"]),
    )
    check_move(move)
    return MoveRecord(
        move=move,
        state=MoveState(row["state"]),
        reference=row["reference"],
        detail=row["detail"],
        updated_ms=row["updated_ms"],
    )
