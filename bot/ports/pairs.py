"""What of cross-exchange trades must survive; the same journal as `bot.ports.Journal`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from bot.domain.ids import ClientOrderId, HedgeName
from bot.domain.intent import Intent, IntentRecord
from bot.domain.orders import VenueTrade
from bot.domain.pair import PairId, PairIntents, PairRecord, PairStory, PairTrade


class PairJournal(Protocol):
    """What writes has committed with fsync when it returns; every method raises JournalFault."""

    def next_sequence(self) -> int:
        """The next sequence number of this epoch. A trade takes three in a row: its own, its buy's, its sale's."""
        ...

    def arm_pair(self, trade: PairTrade, intents: PairIntents) -> PairStory:
        """In one commit: the trade as OPEN and both intents as ARMED.

        Raises InvariantBroken, with nothing of it kept, when the trade contradicts itself or its intents, when the
        hedge has a trade that is not over, or when either venue has an intent there that is not terminal (R18).
        """
        ...

    def arm_evening(self, pair_id: PairId, intent: Intent) -> IntentRecord:
        """Insert one more intent of a trade as ARMED. Raises InvariantBroken when the trade is over, or by R18."""
        ...

    def update_pair(self, record: PairRecord) -> None:
        """Store what is newly known of a trade. Raises InvariantBroken when it was over, or is another one."""
        ...

    def pair(self, pair_id: PairId) -> PairStory | None:
        """One trade with its orders."""
        ...

    def unfinished_pairs(self, hedge: HedgeName | None = None) -> Sequence[PairStory]:
        """Trades that are not over, of one hedge or of all, oldest first, with their orders. Read every turn."""
        ...

    def recent_pairs(self, since_ms: int, hedge: HedgeName | None = None) -> Sequence[PairStory]:
        """Trades begun since, and those that are not over, of one hedge or of all, oldest first, with their orders."""
        ...

    def settle_leg(self, record: IntentRecord, trades: Sequence[VenueTrade], mark: Decimal) -> None:
        """In one commit: the trades that an order of a pair filled with, and that it is accounted for.

        Raises InvariantBroken when they do not make what it filled.
        """
        ...

    def pair_fills(self, pair_id: PairId) -> Sequence[tuple[VenueTrade, ClientOrderId]]:
        """Every trade that the orders of a pair filled with, as far as they are accounted for."""
        ...
