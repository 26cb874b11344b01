"""Crossings of stablecoin hedges, what is owned by them, and the bars that their signals look back on (R17, R18)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from sqlalchemy.exc import IntegrityError

from bot.core import owned
from bot.domain.errors import InvariantBroken
from bot.domain.exits import Crossing, CrossingRecord, CrossingState
from bot.domain.ids import Asset, ClientOrderId, Epoch, HedgeName, epoch_of
from bot.domain.intent import Intent, IntentRecord
from bot.domain.numbers import ZERO
from bot.domain.orders import VenueTrade
from bot.domain.proceeds import CrossingId, Flow, WriteOff
from bot.domain.usd import UsdBar
from bot.journal import exit_rows, rows
from bot.journal import exit_statements as exits
from bot.journal import statements as sql
from bot.journal.arming import armed
from bot.journal.database import Database
from bot.journal.fills import keep_order_fills

_LEARNT: Final = ("state", "coins_done", "quote_done", "detail", "updated_ms")
_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 3_600_000


class ExitBook:
    """The part of the journal that stablecoin hedges write; see `bot.ports.ExitJournal`."""

    _database: Database
    _epoch: Epoch | None

    def arm_slice(self, intent: Intent, crossing_id: CrossingId, *, begins: Crossing | None = None) -> IntentRecord:
        """In one commit: an intent as ARMED, and the crossing that begins with it; InvariantBroken when not."""
        if self._epoch is None:
            raise InvariantBroken("no epoch was begun, so no order can be named (R19)")
        record, row = armed(intent, self._epoch)
        with self._database.writing() as connection:
            try:
                if begins is not None:
                    connection.execute(exits.BEGIN_CROSSING, self._begin(begins, crossing_id))
                stored = connection.execute(exits.ONE_CROSSING, {"one": crossing_id}).mappings().first()
                crossing = None if stored is None else self._database.parsed(stored, exit_rows.crossing_of)
                if crossing is None or crossing.state is not CrossingState.OPEN:
                    raise InvariantBroken(f"crossing {crossing_id} is over, or was never begun, so no order is of it")
                exit_rows.check_slice(crossing.crossing, record)
                connection.execute(sql.ARM, row | {"crossing": crossing_id})
            except (ValueError, IntegrityError) as error:
                raise InvariantBroken(
                    f"order {intent.client_id} of crossing {crossing_id} must not be sent: it does not fit, its id was "
                    f"used, or another crossing of the hedge, or order on its market, is not finished ({error})"
                ) from error
        return record

    def _begin(self, crossing: Crossing, crossing_id: CrossingId) -> dict[str, object]:
        """The row of a crossing that begins. Raises ValueError when it can't."""
        if crossing.crossing_id != crossing_id or epoch_of(crossing_id) != self._epoch:
            raise ValueError(f"{crossing.crossing_id} is not of this start's epoch {self._epoch}, or not {crossing_id}")
        record = CrossingRecord(
            crossing=crossing,
            state=CrossingState.OPEN,
            coins_done=ZERO,
            quote_done=ZERO,
            detail="",
            updated_ms=crossing.created_ms,
        )
        return exit_rows.crossing_row(record)

    def end_crossing(self, record: CrossingRecord) -> None:
        """Store how a crossing ended; InvariantBroken when it is not open, or an order of it is."""
        crossing_id = record.crossing.crossing_id
        try:
            row = exit_rows.crossing_row(record)
        except ValueError as error:
            raise InvariantBroken(f"a crossing that contradicts itself: {error}") from error
        with self._database.writing() as connection:
            stored = connection.execute(exits.ONE_CROSSING, {"one": crossing_id}).mappings().first()
            before = None if stored is None else self._database.parsed(stored, exit_rows.crossing_of)
            if before is None or before.crossing != record.crossing or before.state is not CrossingState.OPEN:
                raise InvariantBroken(f"crossing {crossing_id} is not open, or another one, so it can't end")
            if record.state is CrossingState.OPEN:
                raise InvariantBroken(f"crossing {crossing_id} would not end")
            if connection.execute(exits.UNFINISHED_SLICES_OF, {"one": crossing_id}).first() is not None:
                raise InvariantBroken(f"crossing {crossing_id} has an order that is not accounted for")
            connection.execute(exits.END_CROSSING, {"one": crossing_id} | {name: row[name] for name in _LEARNT})

    def crossings(self, hedge: HedgeName) -> Sequence[CrossingRecord]:
        """Every crossing of a hedge, oldest first."""
        return self._database.kept(exits.CROSSINGS_OF, exit_rows.crossing_of, of=hedge)

    def slices(self, hedge: HedgeName, since_ms: int) -> Sequence[IntentRecord]:
        """Orders of a hedge's crossings created since, oldest first."""
        # A minute more is asked for, so that the question is the same one for a minute.
        whole_ms = since_ms - since_ms % _MINUTE_MS
        found = self._database.kept(exits.SLICES_SINCE, rows.record_of, of=hedge, since_ms=whole_ms)
        return tuple(record for record in found if record.intent.created_ms >= since_ms)

    def slices_of(self, crossing_id: CrossingId) -> Sequence[IntentRecord]:
        """Orders of one crossing, oldest first."""
        return self._database.rows(exits.SLICES_OF, rows.record_of, one=crossing_id)

    def unfinished_slices(self, hedge: HedgeName) -> Sequence[IntentRecord]:
        """Not terminal, or not settled; oldest first."""
        return self._database.kept(exits.UNFINISHED_SLICES, rows.record_of, of=hedge)

    def settle_slice(self, record: IntentRecord, trades: Sequence[VenueTrade], mark: Decimal) -> None:
        """In one commit: the trades that an order filled with, and that it is accounted for."""
        keep_order_fills(self._database, record, trades, mark)

    def flows(self, hedge: HedgeName) -> Sequence[Flow]:
        """What every settled order of the hedge's crossings did to each currency, oldest first.

        An order that an operator settled without its trades counts for what it can have spent, and not for what it got.
        """
        crossings = {record.crossing.crossing_id: record.crossing for record in self.crossings(hedge)}
        trades: dict[ClientOrderId | None, list[VenueTrade]] = {}
        for trade, client_id, _ in self._database.kept(exits.FILLS_OF_SLICES, rows.fill_of, of=hedge):
            trades.setdefault(client_id, []).append(trade)
        found: list[Flow] = []
        for crossing_id, record in self._database.kept(exits.SETTLED_SLICES, exit_rows.slice_of, of=hedge):
            ours = trades.get(record.intent.client_id, [])
            for trade in ours:
                found += owned.flows_of(trade, crossings[crossing_id])
            lost = record.filled - sum((trade.contracts for trade in ours), ZERO)
            found += owned.flows_lost(record.intent.request, lost, crossings[crossing_id])
        return tuple(found)

    def write_off(self, write_offs: Sequence[WriteOff]) -> None:
        """In one commit; InvariantBroken when more than is owned is written off."""
        try:
            found = [exit_rows.write_off_row(write_off) for write_off in write_offs]
        except ValueError as error:
            raise InvariantBroken(f"a write-off that contradicts itself: {error}") from error
        with self._database.writing() as connection:
            for row in found:
                connection.execute(exits.WRITE_OFF, row)

    def write_offs(self, hedge: HedgeName) -> Sequence[WriteOff]:
        """Every write-off of a hedge, oldest first."""
        return self._database.kept(exits.WRITE_OFFS_OF, exit_rows.write_off_of, of=hedge)

    def keep_bars(self, asset: Asset, bar_ms: int, bars: Sequence[UsdBar], *, drop_before_ms: int) -> int:
        """In one commit; returns how many were new. InvariantBroken when a close is no price."""
        try:
            found = [exit_rows.bar_row(asset, bar_ms, bar) for bar in bars]
        except ValueError as error:
            raise InvariantBroken(f"a bar that contradicts itself: {error}") from error
        with self._database.writing() as connection:
            new = sum(connection.execute(exits.KEEP_BAR, row).rowcount for row in found)
            connection.execute(exits.DROP_BARS, {"of": asset, "each_ms": bar_ms, "before_ms": drop_before_ms})
        return new

    def bars(self, asset: Asset, bar_ms: int, since_ms: int) -> Sequence[UsdBar]:
        """Kept bars of one length that began since, oldest first."""
        # An hour more is asked for, so that the question is the same one for an hour.
        whole_ms = since_ms - since_ms % _HOUR_MS
        found = self._database.kept(exits.BARS_SINCE, exit_rows.bar_of, of=asset, each_ms=bar_ms, since_ms=whole_ms)
        return tuple(bar for bar in found if bar.open_ms >= since_ms)
