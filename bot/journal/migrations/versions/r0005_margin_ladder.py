"""Steps of the margin ladder, the money they move, and which orders are theirs (R27)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make both tables; no order of before belongs to a step."""
    op.add_column("intents", sa.Column("step", sa.Text(), nullable=True))
    op.create_index("intents_step", "intents", ["step"], unique=False, sqlite_where=sa.text("step IS NOT NULL"))
    op.create_table(
        "ladder_steps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hedge", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("spot_symbol", sa.Text(), nullable=True),
        sa.Column("contracts", sa.Text(), nullable=False),
        sa.Column("coins", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("ratio", sa.Text(), nullable=False),
        sa.Column("wallet_before", sa.Text(), nullable=False),
        sa.Column("spot_before", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["epoch"], ["epochs.epoch"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("epoch", "sequence"),
        sa.UniqueConstraint("step_id"),
    )
    op.create_index(
        "ladder_steps_one_open",
        "ladder_steps",
        ["venue", "symbol"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "moves",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("move_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("hedge", sa.Text(), nullable=False),
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("amount", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("timestamp_ms", sa.BigInteger(), nullable=False),
        sa.Column("deadline_ms", sa.BigInteger(), nullable=False),
        sa.Column("wallet_before", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["epoch"], ["epochs.epoch"]),
        sa.ForeignKeyConstraint(["step"], ["ladder_steps.step_id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("epoch", "sequence"),
        sa.UniqueConstraint("move_id"),
    )
    op.create_index(
        "moves_one_unfinished",
        "moves",
        ["venue", "symbol"],
        unique=True,
        sqlite_where=sa.text("state IN ('armed', 'unknown')"),
    )
    op.create_index("moves_step", "moves", ["step"], unique=False)
