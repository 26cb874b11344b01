"""Cross-exchange trades: what was decided, with both orders in one commit, and what became of it (R17, R18)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from sqlalchemy.exc import IntegrityError

from bot.domain.errors import InvariantBroken, JournalFault
from bot.domain.ids import ClientOrderId, Epoch, HedgeName
from bot.domain.intent import Intent, IntentRecord
from bot.domain.orders import VenueTrade
from bot.domain.pair import PairId, PairIntents, PairRecord, PairState, PairStory, PairTrade
from bot.journal import pair_rows, rows
from bot.journal import pair_statements as pairs
from bot.journal import statements as sql
from bot.journal.arming import armed
from bot.journal.database import Database
from bot.journal.fills import keep_order_fills

_LEARNT: Final = ("state", "naked_since_ms", "naked_ms", "coins_left", "result", "detail", "updated_ms")
_MINUTE_MS: Final = 60_000


class PairBook:
    """The part of the journal that cross-exchange hedges write; see `bot.ports.PairJournal`."""

    _database: Database
    _epoch: Epoch | None

    def arm_pair(self, trade: PairTrade, intents: PairIntents) -> PairStory:
        """In one commit: the trade as OPEN, both intents as ARMED; InvariantBroken, and nothing kept, when not."""
        record = PairRecord(trade=trade, state=PairState.OPEN, updated_ms=trade.created_ms)
        both = (intents.buy, intents.sell)
        legs = [armed(intent, self._current()) for intent in both]
        try:
            row = pair_rows.pair_row(record)
            pair_rows.check_legs(trade, both)
        except ValueError as error:
            raise InvariantBroken(f"a trade that contradicts itself: {error}") from error
        with self._database.writing() as connection:
            try:
                connection.execute(pairs.ARM_PAIR, row)
                for _, leg in legs:
                    connection.execute(sql.ARM, leg | {"step": None, "pair": trade.pair_id})
            except IntegrityError as error:
                raise InvariantBroken(
                    f"trade {trade.pair_id} of {trade.hedge} must not be sent: an id of it was used, or another trade "
                    f"of the hedge, or another order on one of its markets, is not finished ({error.orig})"
                ) from error
        return PairStory(record=record, orders=tuple(leg for leg, _ in legs))

    def arm_evening(self, pair_id: PairId, intent: Intent) -> IntentRecord:
        """Insert one more intent of a trade as ARMED; InvariantBroken when the trade is over, or R18 stands against."""
        record, row = armed(intent, self._current())
        with self._database.writing() as connection:
            stored = connection.execute(pairs.ONE_PAIR, {"one": pair_id}).mappings().first()
            trade = None if stored is None else self._database.parsed(stored, pair_rows.pair_of)
            if trade is None or trade.state.over:
                raise InvariantBroken(f"trade {pair_id} is over, or was never begun, so no order can even it")
            try:
                pair_rows.check_evening(trade.trade, intent)
                connection.execute(sql.ARM, row | {"step": None, "pair": pair_id})
            except (ValueError, IntegrityError) as error:
                raise InvariantBroken(
                    f"order {intent.client_id} of trade {pair_id} must not be sent: {error}"
                ) from error
        return record

    def update_pair(self, record: PairRecord) -> None:
        """Store what is newly known; InvariantBroken when it takes back what is already known."""
        pair_id = record.trade.pair_id
        try:
            row = pair_rows.pair_row(record)
        except ValueError as error:
            raise InvariantBroken(f"a trade that contradicts itself: {error}") from error
        with self._database.writing() as connection:
            stored = connection.execute(pairs.ONE_PAIR, {"one": pair_id}).mappings().first()
            before = None if stored is None else self._database.parsed(stored, pair_rows.pair_of)
            if before is None or before.trade != record.trade:
                raise InvariantBroken(f"trade {pair_id} was never begun, or is another one")
            if record.state is not before.state and (before.state.over or record.state is PairState.OPEN):
                raise InvariantBroken(f"trade {pair_id} can't go from {before.state.value} to {record.state.value}")
            connection.execute(pairs.UPDATE_PAIR, {"one": pair_id} | {name: row[name] for name in _LEARNT})

    def pair(self, pair_id: PairId) -> PairStory | None:
        """One trade with its orders."""
        found = self._database.rows(pairs.ONE_PAIR, pair_rows.pair_of, one=pair_id)
        orders = self._database.rows(pairs.ORDERS_OF, pair_rows.order_of, one=pair_id)
        return next(iter(self._stories(found, orders, None)), None)

    def unfinished_pairs(self, hedge: HedgeName | None = None) -> Sequence[PairStory]:
        """Trades that are not over, oldest first."""
        found = self._database.kept(pairs.UNFINISHED_PAIRS, pair_rows.pair_of)
        return self._stories(found, self._database.kept(pairs.ORDERS_OF_UNFINISHED, pair_rows.order_of), hedge)

    def recent_pairs(self, since_ms: int, hedge: HedgeName | None = None) -> Sequence[PairStory]:
        """Trades begun since, and those that are not over; oldest first."""
        # A minute more is asked for, so that the question is the same one for a minute.
        whole_ms = since_ms - since_ms % _MINUTE_MS
        found = self._database.kept(pairs.RECENT_PAIRS, pair_rows.pair_of, since_ms=whole_ms)
        orders = self._database.kept(pairs.ORDERS_OF_RECENT, pair_rows.order_of, since_ms=whole_ms)
        lately = [record for record in found if record.trade.created_ms >= since_ms or not record.state.over]
        return self._stories(lately, orders, hedge)

    def settle_leg(self, record: IntentRecord, trades: Sequence[VenueTrade], mark: Decimal) -> None:
        """In one commit: the trades that an order filled with, and that it is accounted for."""
        keep_order_fills(self._database, record, trades, mark)

    def pair_fills(self, pair_id: PairId) -> Sequence[tuple[VenueTrade, ClientOrderId]]:
        """Every trade of the orders of a pair, as far as they are accounted for."""
        found = self._database.rows(pairs.FILLS_OF_PAIR, rows.fill_of, one=pair_id)
        return tuple((trade, client_id) for trade, client_id, _ in found if client_id is not None)

    def _stories(
        self, records: Sequence[PairRecord], orders: Sequence[tuple[PairId, IntentRecord]], hedge: HedgeName | None
    ) -> tuple[PairStory, ...]:
        by_pair: dict[PairId, list[IntentRecord]] = {}
        for pair_id, order in orders:
            by_pair.setdefault(pair_id, []).append(order)
        try:
            return tuple(
                pair_rows.story_of(record, by_pair.get(record.trade.pair_id, []))
                for record in records
                if hedge is None or record.trade.hedge == hedge
            )
        except ValueError as error:
            raise JournalFault(
                f"journal {self._database.path} holds a trade that does not read back: {error}",
                hint="restore the file from a backup, or start with a new path",
            ) from error

    def _current(self) -> Epoch:
        if self._epoch is None:
            raise InvariantBroken("no epoch was begun, so no order can be named (R19)")
        return self._epoch
