"""Cross-exchange trades, and which orders are theirs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table; no order of before belongs to a trade."""
    op.add_column("intents", sa.Column("pair", sa.Text(), nullable=True))
    op.create_index("intents_pair", "intents", ["pair"], unique=False, sqlite_where=sa.text("pair IS NOT NULL"))
    op.create_table(
        "pair_trades",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pair_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hedge", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("buy_client_id", sa.Text(), nullable=False),
        sa.Column("buy_venue", sa.Text(), nullable=False),
        sa.Column("buy_symbol", sa.Text(), nullable=False),
        sa.Column("buy_quote", sa.Text(), nullable=False),
        sa.Column("buy_coins", sa.Text(), nullable=False),
        sa.Column("buy_price", sa.Text(), nullable=False),
        sa.Column("buy_fee_rate", sa.Text(), nullable=False),
        sa.Column("buy_fee_in_quote", sa.Boolean(), nullable=False),
        sa.Column("buy_holding", sa.Text(), nullable=True),
        sa.Column("sell_client_id", sa.Text(), nullable=False),
        sa.Column("sell_venue", sa.Text(), nullable=False),
        sa.Column("sell_symbol", sa.Text(), nullable=False),
        sa.Column("sell_quote", sa.Text(), nullable=False),
        sa.Column("sell_coins", sa.Text(), nullable=False),
        sa.Column("sell_price", sa.Text(), nullable=False),
        sa.Column("sell_fee_rate", sa.Text(), nullable=False),
        sa.Column("sell_fee_in_quote", sa.Boolean(), nullable=False),
        sa.Column("sell_holding", sa.Text(), nullable=True),
        sa.Column("coins", sa.Text(), nullable=False),
        sa.Column("conversion", sa.Text(), nullable=False),
        sa.Column("min_edge", sa.Text(), nullable=False),
        sa.Column("gross", sa.Text(), nullable=False),
        sa.Column("buy_fee", sa.Text(), nullable=False),
        sa.Column("sell_fee", sa.Text(), nullable=False),
        sa.Column("net", sa.Text(), nullable=False),
        sa.Column("worst_net", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("naked_since_ms", sa.BigInteger(), nullable=True),
        sa.Column("naked_ms", sa.BigInteger(), nullable=False),
        sa.Column("coins_left", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["epoch"], ["epochs.epoch"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("epoch", "sequence"),
        sa.UniqueConstraint("pair_id"),
    )
    op.create_index(
        "pair_trades_one_open",
        "pair_trades",
        ["hedge"],
        unique=True,
        sqlite_where=sa.text("state IN ('open', 'evening')"),
    )
    op.create_index("pair_trades_created", "pair_trades", ["created_ms"], unique=False)
