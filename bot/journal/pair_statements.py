"""Statements on cross-exchange trades and their orders."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, insert, or_, select, update

from bot.domain.intent import IntentState
from bot.domain.pair import PairState
from bot.journal.pair_schema import OVER
from bot.journal.schema import FILLS, INTENTS, PAIR_TRADES

_ONE = PAIR_TRADES.c.pair_id == bindparam("one")
_OPEN = PAIR_TRADES.c.state.not_in(OVER)
_RECENT = or_(PAIR_TRADES.c.created_ms >= bindparam("since_ms"), _OPEN)
_NOT_TERMINAL = INTENTS.c.state.in_([state.value for state in IntentState if not state.terminal])

ARM_PAIR: Final = insert(PAIR_TRADES)
ONE_PAIR: Final = select(PAIR_TRADES).where(_ONE)
UPDATE_PAIR: Final = update(PAIR_TRADES).where(_ONE)
UNFINISHED_PAIRS: Final = select(PAIR_TRADES).where(_OPEN).order_by(PAIR_TRADES.c.id)
RECENT_PAIRS: Final = select(PAIR_TRADES).where(_RECENT).order_by(PAIR_TRADES.c.id)
ORDERS_OF: Final = select(INTENTS).where(INTENTS.c.pair == bindparam("one")).order_by(INTENTS.c.id)
ORDERS_OF_UNFINISHED: Final = (
    select(INTENTS).join(PAIR_TRADES, INTENTS.c.pair == PAIR_TRADES.c.pair_id).where(_OPEN).order_by(INTENTS.c.id)
)
ORDERS_OF_RECENT: Final = (
    select(INTENTS).join(PAIR_TRADES, INTENTS.c.pair == PAIR_TRADES.c.pair_id).where(_RECENT).order_by(INTENTS.c.id)
)
FILLS_OF_PAIR: Final = (
    select(FILLS)
    .join(INTENTS, FILLS.c.client_id == INTENTS.c.client_id)
    .where(INTENTS.c.pair == bindparam("one"))
    .order_by(FILLS.c.id)
)
END_PAIRS: Final = (
    update(PAIR_TRADES)
    .where(
        _OPEN, PAIR_TRADES.c.pair_id.not_in(select(INTENTS.c.pair).where(INTENTS.c.pair.is_not(None), _NOT_TERMINAL))
    )
    .values(state=PairState.HALTED.value, naked_since_ms=None, detail=bindparam("why"), updated_ms=bindparam("now_ms"))
)
