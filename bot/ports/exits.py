"""What of the stablecoin hedges must survive; the same journal as `bot.ports.Journal`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from bot.domain.exits import Crossing, CrossingRecord
from bot.domain.ids import Asset, HedgeName
from bot.domain.intent import Intent, IntentRecord
from bot.domain.orders import VenueTrade
from bot.domain.proceeds import CrossingId, Flow, WriteOff
from bot.domain.usd import UsdBar


class ExitJournal(Protocol):
    """Crossings, what is owned, bars. What writes has committed with fsync when it returns; all raise JournalFault."""

    def next_sequence(self) -> int:
        """The next sequence number of this epoch; a crossing and its first order take two."""
        ...

    def arm_slice(self, intent: Intent, crossing_id: CrossingId, *, begins: Crossing | None = None) -> IntentRecord:
        """In one commit: an intent as ARMED, of which crossing it is, and that crossing itself when it begins.

        Raises InvariantBroken when the instrument has an intent that is not terminal (R18), when the hedge has another
        open crossing, or when the crossing is not open.
        """
        ...

    def end_crossing(self, record: CrossingRecord) -> None:
        """Store how an open crossing ended. Raises InvariantBroken when it is not open, or an order of it is."""
        ...

    def crossings(self, hedge: HedgeName) -> Sequence[CrossingRecord]:
        """Every crossing of a hedge, oldest first."""
        ...

    def slices(self, hedge: HedgeName, since_ms: int) -> Sequence[IntentRecord]:
        """Orders of a hedge's crossings created since, on any market, oldest first."""
        ...

    def slices_of(self, crossing_id: CrossingId) -> Sequence[IntentRecord]:
        """Orders of one crossing, oldest first."""
        ...

    def unfinished_slices(self, hedge: HedgeName) -> Sequence[IntentRecord]:
        """Orders of a hedge's crossings that are not terminal, or whose fill is not settled; oldest first."""
        ...

    def settle_slice(self, record: IntentRecord, trades: Sequence[VenueTrade], mark: Decimal) -> None:
        """In one commit: the trades that an order filled with, and that it is accounted for.

        Raises InvariantBroken when they don't make up what the order filled.
        """
        ...

    def flows(self, hedge: HedgeName) -> Sequence[Flow]:
        """What every settled fill of the hedge's own orders did to each currency, oldest first."""
        ...

    def write_off(self, write_offs: Sequence[WriteOff]) -> None:
        """In one commit; they can't be taken back."""
        ...

    def write_offs(self, hedge: HedgeName) -> Sequence[WriteOff]:
        """Every write-off of a hedge, oldest first."""
        ...

    def keep_bars(self, asset: Asset, bar_ms: int, bars: Sequence[UsdBar], *, drop_before_ms: int) -> int:
        """In one commit; one that is already there stays as it is. Returns how many were new.

        Args:
            asset: whose price in US dollars.
            bar_ms: their length.
            bars: that have ended.
            drop_before_ms: bars that began earlier are of no use to any signal any more.
        """
        ...

    def bars(self, asset: Asset, bar_ms: int, since_ms: int) -> Sequence[UsdBar]:
        """Kept bars of one length that began since, oldest first."""
        ...
