"""The tables of stablecoin hedges. The orders of a crossing are intents that name it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint, text

from bot.domain.exits import CrossingState

_OPEN: Final = CrossingState.OPEN.value


def crossings(metadata: MetaData) -> Table:
    """Put the table of crossings among the others."""
    table = Table(
        "crossings",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("crossing_id", Text, nullable=False, unique=True),
        Column("epoch", Text, ForeignKey("epochs.epoch"), nullable=False),
        Column("sequence", BigInteger, nullable=False),
        Column("hedge", Text, nullable=False),
        Column("venue", Text, nullable=False),
        Column("asset", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("cause", Text, nullable=False),
        Column("coins", Text, nullable=False),
        Column("source", Text),
        Column("target", Text),
        Column("reason", Text, nullable=False),
        Column("created_ms", BigInteger, nullable=False),
        Column("state", Text, nullable=False),
        Column("coins_done", Text, nullable=False),
        Column("quote_done", Text, nullable=False),
        Column("detail", Text, nullable=False),
        Column("updated_ms", BigInteger, nullable=False),
        UniqueConstraint("epoch", "sequence"),
    )
    # One at a time: the second would spend what the first one does.
    Index("crossings_one_open", table.c.hedge, unique=True, sqlite_where=text(f"state = '{_OPEN}'"))
    return table


def write_offs(metadata: MetaData) -> Table:
    """Put the table of write-offs among the others."""
    table = Table(
        "write_offs",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("hedge", Text, nullable=False),
        Column("asset", Text, nullable=False),
        Column("amount", Text, nullable=False),
        Column("owned", Text, nullable=False),
        Column("balance", Text, nullable=False),
        Column("at_ms", BigInteger, nullable=False),
    )
    Index("write_offs_hedge", table.c.hedge)
    return table


def usd_bars(metadata: MetaData) -> Table:
    """Put the table of past prices in US dollars among the others."""
    return Table(
        "usd_bars",
        metadata,
        Column("asset", Text, primary_key=True),
        Column("bar_ms", BigInteger, primary_key=True),
        Column("open_ms", BigInteger, primary_key=True),
        Column("close", Text, nullable=False),
    )
