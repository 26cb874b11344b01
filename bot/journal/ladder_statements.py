"""Statements on the steps of the margin ladder and what belongs to them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, func, insert, select, union_all, update

from bot.domain.ladder import StepState
from bot.domain.moves import MoveState
from bot.journal.schema import CROSSINGS, INTENTS, LADDER_STEPS, MOVES, PAIR_TRADES

_ONE_STEP = LADDER_STEPS.c.step_id == bindparam("one")
_ONE_MOVE = MOVES.c.move_id == bindparam("one")
_OPEN = LADDER_STEPS.c.state == StepState.OPEN.value
_ON_INSTRUMENT = (LADDER_STEPS.c.venue == bindparam("venue")) & (LADDER_STEPS.c.symbol == bindparam("symbol"))

_SEQUENCES = union_all(
    *(
        select(table.c.sequence).where(table.c.epoch == bindparam("one"))
        for table in (INTENTS, LADDER_STEPS, MOVES, PAIR_TRADES, CROSSINGS)
    )
).subquery()
HIGHEST_SEQUENCE: Final = select(func.coalesce(func.max(_SEQUENCES.c.sequence), 0).label("highest"))

OPEN_STEP: Final = insert(LADDER_STEPS)
ONE_STEP: Final = select(LADDER_STEPS).where(_ONE_STEP)
UPDATE_STEP: Final = update(LADDER_STEPS).where(_ONE_STEP)
NEWEST_STEP: Final = select(LADDER_STEPS).where(_ON_INSTRUMENT).order_by(LADDER_STEPS.c.id.desc()).limit(1)
STEPS_OF: Final = select(LADDER_STEPS).where(_ON_INSTRUMENT).order_by(LADDER_STEPS.c.id)
OPEN_STEPS: Final = select(LADDER_STEPS).where(_OPEN).order_by(LADDER_STEPS.c.id)
LEGS_OF: Final = select(INTENTS).where(INTENTS.c.step == bindparam("one")).order_by(INTENTS.c.id)

ARM_MOVE: Final = insert(MOVES)
ONE_MOVE: Final = select(MOVES).where(_ONE_MOVE)
UPDATE_MOVE: Final = update(MOVES).where(_ONE_MOVE)
END_MOVES: Final = (
    update(MOVES)
    .where(MOVES.c.state.in_([state.value for state in MoveState if not state.terminal]))
    .values(state=MoveState.DONE.value, detail=bindparam("why"), updated_ms=bindparam("now_ms"))
)
END_STEPS: Final = (
    update(LADDER_STEPS)
    .where(_OPEN)
    .values(state=StepState.FAILED.value, detail=bindparam("why"), updated_ms=bindparam("now_ms"))
)
MOVED: Final = select(func.coalesce(func.max(MOVES.c.updated_ms), 0).label("newest")).where(
    MOVES.c.venue == bindparam("at")
)
MOVES_OF: Final = select(MOVES).where(MOVES.c.step == bindparam("one")).order_by(MOVES.c.id)
