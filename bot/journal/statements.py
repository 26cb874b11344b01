"""Every statement the journal runs, made once: building one anew costs more than running it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, case, delete, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from bot.domain.intent import IntentState
from bot.journal.schema import (
    ABSENCES,
    ANCHORS,
    CONTROLS,
    CROSSINGS,
    DECISIONS,
    EPOCHS,
    FILLS,
    FUNDING,
    HALTS,
    INTENTS,
    LADDER_STEPS,
    MEMORY,
    MOVES,
    PAIR_TRADES,
    USD_BARS,
    WORLDS,
    WRITE_OFFS,
)

_NOT_TERMINAL = INTENTS.c.state.in_([state.value for state in IntentState if not state.terminal])
_UNFINISHED = or_(_NOT_TERMINAL, ~INTENTS.c.settled)
_ONE_INTENT = INTENTS.c.client_id == bindparam("one")
_ON_INSTRUMENT = (INTENTS.c.venue == bindparam("venue")) & (INTENTS.c.symbol == bindparam("symbol"))
_OF_HEDGE = DECISIONS.c.hedge == bindparam("one")

ALL_WORLDS: Final = select(WORLDS)
BIND: Final = insert(WORLDS)
FORGET_WORLD: Final = tuple(
    # Those that refer to intents first.
    delete(table)
    for table in (
        FILLS,
        ABSENCES,
        INTENTS,
        MOVES,
        LADDER_STEPS,
        PAIR_TRADES,
        CROSSINGS,
        WRITE_OFFS,
        USD_BARS,
        ANCHORS,
        MEMORY,
        DECISIONS,
        HALTS,
        CONTROLS,
        FUNDING,
        WORLDS,
    )
)

BEGIN_EPOCH: Final = insert(EPOCHS)
ONE_EPOCH: Final = select(EPOCHS.c.epoch).where(EPOCHS.c.epoch == bindparam("one"))

ARM: Final = insert(INTENTS)
UPDATE_INTENT: Final = update(INTENTS).where(_ONE_INTENT)
SETTLE: Final = update(INTENTS).where(
    _ONE_INTENT, INTENTS.c.venue == bindparam("at"), INTENTS.c.symbol == bindparam("on")
)
ONE_INTENT: Final = select(INTENTS).where(_ONE_INTENT)
INTENT_OF_ORDER: Final = select(INTENTS).where(_ON_INSTRUMENT, INTENTS.c.venue_order_id == bindparam("order_id"))
UNFINISHED: Final = select(INTENTS).where(_ON_INSTRUMENT, _UNFINISHED).order_by(INTENTS.c.id)
ALL_UNFINISHED: Final = select(INTENTS).where(_UNFINISHED).order_by(INTENTS.c.id)
SETTLE_UNFOUND: Final = (
    update(INTENTS)
    .where(~_NOT_TERMINAL, ~INTENTS.c.settled)
    .values(
        settled=True,
        detail=case((INTENTS.c.detail == "", ""), else_=INTENTS.c.detail + "; ") + bindparam("why"),
        updated_ms=bindparam("now_ms"),
    )
)
RECENT: Final = (
    select(INTENTS).where(_ON_INSTRUMENT, INTENTS.c.created_ms >= bindparam("since_ms")).order_by(INTENTS.c.id)
)

ADD_ABSENCE: Final = insert(ABSENCES)
ABSENCES_OF: Final = select(ABSENCES).where(ABSENCES.c.client_id == bindparam("one")).order_by(ABSENCES.c.id)
DROP_OLD_ABSENCES: Final = delete(ABSENCES).where(
    ABSENCES.c.client_id == bindparam("one"),
    ABSENCES.c.id
    <= (
        select(ABSENCES.c.id)
        .where(ABSENCES.c.client_id == bindparam("one"))
        .order_by(ABSENCES.c.id.desc())
        .offset(bindparam("kept"))
        .limit(1)
        .scalar_subquery()
    ),
)

_ANCHOR = upsert(ANCHORS)
REPLACE_ANCHOR: Final = _ANCHOR.on_conflict_do_update(
    index_elements=["venue", "symbol"],
    set_={name: _ANCHOR.excluded[name] for name in ("contracts", "cursor_trade_id", "cursor_ms", "at_ms")},
)
ONE_ANCHOR: Final = select(ANCHORS).where(
    ANCHORS.c.venue == bindparam("venue"), ANCHORS.c.symbol == bindparam("symbol")
)
ALL_ANCHORS: Final = select(ANCHORS).order_by(ANCHORS.c.venue, ANCHORS.c.symbol)
DROP_ANCHORS: Final = delete(ANCHORS)

ADD_FILL: Final = insert(FILLS)
FILLS_OF: Final = (
    select(FILLS).where(FILLS.c.venue == bindparam("venue"), FILLS.c.symbol == bindparam("symbol")).order_by(FILLS.c.id)
)
ONE_FILL: Final = FILLS_OF.where(FILLS.c.trade_id == bindparam("trade_id"))
FILL_COUNTS: Final = select(FILLS.c.venue, FILLS.c.symbol, func.count().label("fills")).group_by(
    FILLS.c.venue, FILLS.c.symbol
)

_MEMORY = upsert(MEMORY)
REPLACE_MEMORY: Final = _MEMORY.on_conflict_do_update(
    index_elements=["hedge"], set_={"remembered": _MEMORY.excluded.remembered}
)
ONE_MEMORY: Final = select(MEMORY).where(MEMORY.c.hedge == bindparam("one"))

ADD_DECISION: Final = insert(DECISIONS)
REPLACE_DECISION: Final = update(DECISIONS).where(DECISIONS.c.id == bindparam("one"))
NEWEST_DECISION: Final = select(DECISIONS).where(_OF_HEDGE).order_by(DECISIONS.c.id.desc()).limit(1)
LAST_DECISIONS: Final = (
    select(DECISIONS)
    .where(DECISIONS.c.id.in_(select(func.max(DECISIONS.c.id)).group_by(DECISIONS.c.hedge)))
    .order_by(DECISIONS.c.id)
)
DROP_OLD_DECISIONS: Final = delete(DECISIONS).where(
    _OF_HEDGE,
    DECISIONS.c.id
    <= (
        select(DECISIONS.c.id)
        .where(_OF_HEDGE)
        .order_by(DECISIONS.c.id.desc())
        .offset(bindparam("kept"))
        .limit(1)
        .scalar_subquery()
    ),
)

KEEP_HALT: Final = upsert(HALTS).on_conflict_do_nothing()
OPEN_HALTS: Final = select(HALTS).where(HALTS.c.cleared_ms.is_(None)).order_by(HALTS.c.id)
CLEAR_HALTS: Final = update(HALTS).where(HALTS.c.cleared_ms.is_(None))
HALTS_CLEARED: Final = select(func.max(HALTS.c.cleared_ms).label("cleared_ms"))

KEEP_CONTROL: Final = insert(CONTROLS)
STANDING_CONTROLS: Final = select(CONTROLS).where(CONTROLS.c.ended_ms.is_(None)).order_by(CONTROLS.c.id)
END_CONTROLS: Final = update(CONTROLS).where(CONTROLS.c.ended_ms.is_(None))
END_CONTROLS_OF: Final = END_CONTROLS.where(CONTROLS.c.hedge == bindparam("of"))
REPLACE_CONTROL: Final = END_CONTROLS_OF.where(CONTROLS.c.kind == bindparam("as"))

KEEP_FUNDING: Final = upsert(FUNDING).on_conflict_do_nothing()
FUNDING_SINCE: Final = (
    select(FUNDING)
    .where(
        FUNDING.c.venue == bindparam("venue"),
        FUNDING.c.symbol == bindparam("symbol"),
        FUNDING.c.time_ms >= bindparam("since_ms"),
    )
    .order_by(FUNDING.c.time_ms, FUNDING.c.id)
)
LAST_FUNDING: Final = select(func.max(FUNDING.c.time_ms).label("last_ms")).where(
    FUNDING.c.venue == bindparam("venue"), FUNDING.c.symbol == bindparam("symbol")
)
