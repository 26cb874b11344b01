"""Alembic's entry: migrates the connection that `bot.journal.migrate` hands over."""

from __future__ import annotations

from alembic import context

from bot.journal.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    # The caller holds the transaction: all of the migrations happen, or none.
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
