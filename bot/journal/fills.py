"""Keeping confirmed trades."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import Connection

from bot.domain.errors import InvariantBroken
from bot.domain.ids import ClientOrderId, VenueName
from bot.domain.intent import IntentRecord
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


def keep_order_fills(database: Database, record: IntentRecord, trades: Sequence[VenueTrade], mark: Decimal) -> None:
    """In one commit: the trades that an order on a spot market filled with, and that it is accounted for.

    Args:
        database: where they are kept.
        record: terminal, and filled with just these trades.
        trades: all of the order.
        mark: quote per coin then.

    Raises:
        InvariantBroken: they are not what it filled with; nothing is kept.
    """
    request, client_id = record.intent.request, record.intent.client_id
    made = sum((trade.contracts for trade in trades), Decimal(0))
    if any(trade.symbol != request.symbol for trade in trades) or made != record.filled:
        raise InvariantBroken(f"{client_id} filled {record.filled}, the trades given for it make {made}")
    with database.writing() as connection:
        for trade in trades:
            keep_fill(database, connection, request.venue, trade, client_id, mark)
        row = {"one": client_id, "at": request.venue, "on": request.symbol, "settled": True}
        connection.execute(sql.SETTLE, row)
