"""What the shorts paid for being held."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.funding import FundingPayment
from bot.domain.ids import Symbol, VenueName
from bot.journal import rows
from bot.journal import statements as sql
from bot.journal.database import Database


class FundingBook:
    """The part of the journal that holds funding payments."""

    _database: Database

    def keep_funding(self, payments: Sequence[FundingPayment]) -> int:
        """Keep payments; returns how many were not known before."""
        with self._database.writing() as connection:
            return sum(connection.execute(sql.KEEP_FUNDING, rows.funding_row(paid)).rowcount for paid in payments)

    def funding(self, venue: VenueName, symbol: Symbol, since_ms: int) -> Sequence[FundingPayment]:
        """Payments settled since, oldest first."""
        return self._database.rows(sql.FUNDING_SINCE, rows.funding_of, venue=venue, symbol=symbol, since_ms=since_ms)

    def last_funding_ms(self, venue: VenueName, symbol: Symbol) -> int | None:
        """When the newest known payment was settled."""
        found = self._database.rows(sql.LAST_FUNDING, lambda row: row["last_ms"], venue=venue, symbol=symbol)
        return None if found[0] is None else int(found[0])
