"""Keeping one confirmed trade."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import Connection

from bot.domain.errors import InvariantBroken
from bot.domain.ids import ClientOrderId, VenueName
from bot.domain.orders import VenueTrade
from bot.journal import rows
from bot.journal import statements as sql
from bot.journal.database import Database


def keep_fill(
    database: Database,
    connection: Connection,
    venue: VenueName,
    trade: VenueTrade,
    client_id: ClientOrderId | None,
    mark: Decimal,
) -> None:
    """Keep a trade inside a transaction. One that is already there must be the same.

    Raises:
        InvariantBroken: it contradicts itself, or tells something else now.
    """
    key = {"venue": venue, "symbol": trade.symbol, "trade_id": trade.trade_id}
    stored = connection.execute(sql.ONE_FILL, key).mappings().first()
    if stored is None:
        try:
            row = rows.fill_row(venue, trade, client_id, mark)
        except ValueError as error:
            raise InvariantBroken(f"a trade that contradicts itself: {error}") from error
        connection.execute(sql.ADD_FILL, row)
    elif database.parsed(stored, rows.fill_of)[:2] != (trade, client_id):
        raise InvariantBroken(f"trade {trade.trade_id} on {trade.symbol} of {venue} tells something else than before")
