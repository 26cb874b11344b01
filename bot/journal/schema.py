"""The tables. Decimals are text in plain digits, times are ms since 1970, enums are their values."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from bot.domain.intent import IntentState
from bot.domain.ladder import StepState
from bot.domain.moves import MoveState
from bot.journal.exit_schema import crossings, usd_bars, write_offs
from bot.journal.pair_schema import pair_trades

REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
"""Every schema there ever was, oldest first; the last is what this code reads and writes."""

METADATA: Final = MetaData()

_UNFINISHED: Final = ", ".join(f"'{state.value}'" for state in IntentState if not state.terminal)
_MOVING: Final = ", ".join(f"'{state.value}'" for state in MoveState if not state.terminal)

WORLDS: Final = Table(
    "worlds",
    METADATA,
    Column("venue", Text, primary_key=True),
    Column("identity", Text, nullable=False),
    Column("bound_ms", BigInteger, nullable=False),
)

EPOCHS: Final = Table(
    "epochs",
    METADATA,
    Column("epoch", Text, primary_key=True),
    Column("started_ms", BigInteger, nullable=False),
)

INTENTS: Final = Table(
    "intents",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("client_id", Text, nullable=False, unique=True),
    Column("epoch", Text, ForeignKey("epochs.epoch"), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("hedge", Text, nullable=False),
    Column("venue", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("contracts", Text, nullable=False),
    Column("price", Text, nullable=False),
    Column("time_in_force", Text, nullable=False),
    Column("reduce_only", Boolean, nullable=False),
    Column("position_before", Text, nullable=False),
    Column("cursor_trade_id", Text),
    Column("cursor_ms", BigInteger, nullable=False),
    Column("mark", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("timestamp_ms", BigInteger, nullable=False),
    Column("deadline_ms", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("filled", Text, nullable=False),
    Column("average_price", Text),
    Column("venue_order_id", Text),
    Column("settled", Boolean, nullable=False),
    Column("detail", Text, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("hedged", Boolean, nullable=False, server_default=text("0")),
    # Of which step of the margin ladder it is a leg.
    Column("step", Text),
    # Of which cross-exchange trade it is a leg, or evens one.
    Column("pair", Text),
    # Of which crossing of a stablecoin hedge it is a slice.
    Column("crossing", Text),
    UniqueConstraint("epoch", "sequence"),
)

# R18, in either direction: the database itself refuses a second order while one is not finished.
Index(
    "intents_one_unfinished",
    INTENTS.c.venue,
    INTENTS.c.symbol,
    unique=True,
    sqlite_where=text(f"state IN ({_UNFINISHED})"),
)
# An accepted order belongs to one intent.
Index("intents_venue_order", INTENTS.c.venue, INTENTS.c.symbol, INTENTS.c.venue_order_id, unique=True)
Index("intents_created", INTENTS.c.venue, INTENTS.c.symbol, INTENTS.c.created_ms)
Index("intents_step", INTENTS.c.step, sqlite_where=text("step IS NOT NULL"))
Index("intents_pair", INTENTS.c.pair, sqlite_where=text("pair IS NOT NULL"))
Index("intents_crossing", INTENTS.c.crossing, sqlite_where=text("crossing IS NOT NULL"))
Index("intents_unsettled", INTENTS.c.venue, INTENTS.c.symbol, sqlite_where=text("NOT settled"))

ABSENCES: Final = Table(
    "absences",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("client_id", Text, ForeignKey("intents.client_id"), nullable=False, index=True),
    Column("venue_ms", BigInteger, nullable=False),
    Column("not_found_code", Text, nullable=False),
    Column("in_lists", Boolean, nullable=False),
    Column("stray_trades", Text, nullable=False),
    Column("position_explained", Boolean, nullable=False),
)

ANCHORS: Final = Table(
    "anchors",
    METADATA,
    Column("venue", Text, primary_key=True),
    Column("symbol", Text, primary_key=True),
    Column("contracts", Text, nullable=False),
    Column("cursor_trade_id", Text),
    Column("cursor_ms", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

FILLS: Final = Table(
    "fills",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("venue", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("trade_id", Text, nullable=False),
    Column("venue_order_id", Text, nullable=False),
    Column("client_id", Text, ForeignKey("intents.client_id")),
    Column("side", Text, nullable=False),
    Column("contracts", Text, nullable=False),
    Column("price", Text, nullable=False),
    Column("mark", Text, nullable=False),
    Column("fee", Text, nullable=False),
    Column("fee_asset", Text, nullable=False),
    Column("realized", Text, nullable=False),
    Column("maker", Boolean, nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    UniqueConstraint("venue", "symbol", "trade_id"),
)

MEMORY: Final = Table(
    "memory",
    METADATA,
    Column("hedge", Text, primary_key=True),
    Column("remembered", Text, nullable=False),
)

DECISIONS: Final = Table(
    "decisions",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("hedge", Text, nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("first", Boolean, nullable=False),
    Column("plan", Text, nullable=False),
)
Index("decisions_hedge", DECISIONS.c.hedge, DECISIONS.c.id)

HALTS: Final = Table(
    "halts",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("venue", Text, nullable=False),
    # Empty for the whole account: NULLs would be distinct in the unique index.
    Column("symbol", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("cleared_ms", BigInteger),
)
Index(
    "halts_one_open",
    HALTS.c.venue,
    HALTS.c.symbol,
    HALTS.c.code,
    unique=True,
    sqlite_where=text("cleared_ms IS NULL"),
)

CONTROLS: Final = Table(
    "controls",
    METADATA,
    Column("id", Integer, primary_key=True),
    # Empty for every hedge: NULLs would be distinct in the unique index.
    Column("hedge", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
)
Index(
    "controls_one_standing",
    CONTROLS.c.hedge,
    CONTROLS.c.kind,
    unique=True,
    sqlite_where=text("ended_ms IS NULL"),
)

FUNDING: Final = Table(
    "funding",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("venue", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("asset", Text, nullable=False),
    Column("amount", Text, nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("short", Text),
    Column("mark", Text),
    UniqueConstraint("venue", "symbol", "reference"),
)
Index("funding_time", FUNDING.c.venue, FUNDING.c.symbol, FUNDING.c.time_ms)

LADDER_STEPS: Final = Table(
    "ladder_steps",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("step_id", Text, nullable=False, unique=True),
    Column("epoch", Text, ForeignKey("epochs.epoch"), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("hedge", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("venue", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("spot_symbol", Text),
    Column("contracts", Text, nullable=False),
    Column("coins", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("ratio", Text, nullable=False),
    Column("wallet_before", Text, nullable=False),
    Column("spot_before", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    UniqueConstraint("epoch", "sequence"),
)
Index(
    "ladder_steps_one_open",
    LADDER_STEPS.c.venue,
    LADDER_STEPS.c.symbol,
    unique=True,
    sqlite_where=text(f"state = '{StepState.OPEN.value}'"),
)

MOVES: Final = Table(
    "moves",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("move_id", Text, nullable=False, unique=True),
    Column("epoch", Text, ForeignKey("epochs.epoch"), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("step", Text, ForeignKey("ladder_steps.step_id"), nullable=False),
    Column("hedge", Text, nullable=False),
    Column("venue", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("asset", Text, nullable=False),
    Column("amount", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("timestamp_ms", BigInteger, nullable=False),
    Column("deadline_ms", BigInteger, nullable=False),
    Column("wallet_before", Text),
    Column("state", Text, nullable=False),
    Column("reference", Text),
    Column("detail", Text, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    UniqueConstraint("epoch", "sequence"),
)
# R27: nothing more is moved for a contract while it is not known what became of the last move.
Index("moves_one_unfinished", MOVES.c.venue, MOVES.c.symbol, unique=True, sqlite_where=text(f"state IN ({_MOVING})"))
Index("moves_step", MOVES.c.step)

PAIR_TRADES: Final = pair_trades(METADATA)

CROSSINGS: Final = crossings(METADATA)
WRITE_OFFS: Final = write_offs(METADATA)
USD_BARS: Final = usd_bars(METADATA)
