"""Crossings of stablecoin hedges, which orders are theirs, what was written off, and past prices in US dollars."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the tables; no order of before belongs to a crossing."""
    op.add_column("intents", sa.Column("crossing", sa.Text(), nullable=True))
    op.create_index(
        "intents_crossing", "intents", ["crossing"], unique=False, sqlite_where=sa.text("crossing IS NOT NULL")
    )
    op.create_table(
        "crossings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("crossing_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hedge", sa.Text(), nullable=False),
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("coins", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("coins_done", sa.Text(), nullable=False),
        sa.Column("quote_done", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["epoch"], ["epochs.epoch"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("epoch", "sequence"),
        sa.UniqueConstraint("crossing_id"),
    )
    op.create_index("crossings_one_open", "crossings", ["hedge"], unique=True, sqlite_where=sa.text("state = 'open'"))
    op.create_table(
        "write_offs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hedge", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("amount", sa.Text(), nullable=False),
        sa.Column("owned", sa.Text(), nullable=False),
        sa.Column("balance", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("write_offs_hedge", "write_offs", ["hedge"], unique=False)
    op.create_table(
        "usd_bars",
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("bar_ms", sa.BigInteger(), nullable=False),
        sa.Column("open_ms", sa.BigInteger(), nullable=False),
        sa.Column("close", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("asset", "bar_ms", "open_ms"),
    )
