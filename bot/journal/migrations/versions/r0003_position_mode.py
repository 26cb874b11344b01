"""In which position mode an order was sent (R17: the intent is what was sent)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column; every order of before was sent in one-way mode."""
    op.add_column("intents", sa.Column("hedged", sa.Boolean(), nullable=False, server_default=sa.text("0")))
