"""Statements on crossings of stablecoin hedges and what belongs to them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, delete, insert, not_, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from bot.domain.intent import IntentState
from bot.journal.schema import CROSSINGS, FILLS, INTENTS, USD_BARS, WRITE_OFFS

_ONE = CROSSINGS.c.crossing_id == bindparam("one")
_MINE = CROSSINGS.c.hedge == bindparam("of")
_UNFINISHED = or_(
    INTENTS.c.state.in_([state.value for state in IntentState if not state.terminal]), not_(INTENTS.c.settled)
)
_SLICES = (
    select(INTENTS).join(CROSSINGS, INTENTS.c.crossing == CROSSINGS.c.crossing_id).where(_MINE).order_by(INTENTS.c.id)
)

BEGIN_CROSSING: Final = insert(CROSSINGS)
ONE_CROSSING: Final = select(CROSSINGS).where(_ONE)
END_CROSSING: Final = update(CROSSINGS).where(_ONE)
CROSSINGS_OF: Final = select(CROSSINGS).where(_MINE).order_by(CROSSINGS.c.id)
SLICES_OF: Final = select(INTENTS).where(INTENTS.c.crossing == bindparam("one")).order_by(INTENTS.c.id)
UNFINISHED_SLICES_OF: Final = SLICES_OF.where(_UNFINISHED)
SLICES_SINCE: Final = _SLICES.where(INTENTS.c.created_ms >= bindparam("since_ms"))
UNFINISHED_SLICES: Final = _SLICES.where(_UNFINISHED)
SETTLED_SLICES: Final = (
    select(INTENTS)
    .join(CROSSINGS, INTENTS.c.crossing == CROSSINGS.c.crossing_id)
    .where(_MINE, INTENTS.c.settled)
    .order_by(INTENTS.c.id)
)
FILLS_OF_SLICES: Final = (
    select(FILLS)
    .join(INTENTS, FILLS.c.client_id == INTENTS.c.client_id)
    .join(CROSSINGS, INTENTS.c.crossing == CROSSINGS.c.crossing_id)
    .where(_MINE)
    .order_by(FILLS.c.id)
)

WRITE_OFF: Final = insert(WRITE_OFFS)
WRITE_OFFS_OF: Final = select(WRITE_OFFS).where(WRITE_OFFS.c.hedge == bindparam("of")).order_by(WRITE_OFFS.c.id)

_OF_BARS = (USD_BARS.c.asset == bindparam("of")) & (USD_BARS.c.bar_ms == bindparam("each_ms"))
KEEP_BAR: Final = upsert(USD_BARS).on_conflict_do_nothing()
DROP_BARS: Final = delete(USD_BARS).where(_OF_BARS, USD_BARS.c.open_ms < bindparam("before_ms"))
BARS_SINCE: Final = (
    select(USD_BARS).where(_OF_BARS, USD_BARS.c.open_ms >= bindparam("since_ms")).order_by(USD_BARS.c.open_ms)
)
