"""What the runtime needs of the journal."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Protocol

from bot.domain.control import Control
from bot.domain.funding import FundingPayment
from bot.domain.ids import ClientOrderId, Epoch, HedgeName, Symbol, VenueName, VenueOrderId
from bot.domain.intent import AbsenceRead, Intent, IntentRecord
from bot.domain.ladder import StepId
from bot.domain.orders import Anchor, VenueTrade
from bot.domain.plan import Plan

REDUCTIONS: Final = "reductions"
"""The halt of the paired reductions of the margin ladder alone: the hedge goes on following its coins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """A stop that only a person ends. `symbol` is None for the whole account."""

    venue: VenueName
    symbol: Symbol | None
    code: str
    reason: str
    since_ms: int

    @property
    def stops(self) -> bool:
        """Whether the hedge itself stands still, and not only a part of what it does by itself."""
        return self.code != REDUCTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """One recorded decision, for `status`."""

    time_ms: int
    hedge: HedgeName
    plan: Mapping[str, object]


class Journal(Protocol):
    """What must survive. Every method that writes has committed with fsync when it returns; all raise JournalFault."""

    def bind(self, world: Mapping[VenueName, str], now_ms: int) -> None:
        """Tie the journal to the world it is written in: venue -> identity (environment and key fingerprint).

        The first identity of a venue is kept. Raises JournalFault, and keeps nothing, when a venue had another one.
        """
        ...

    def begin_epoch(self, epoch: Epoch, now_ms: int) -> None:
        """Commit this start's epoch before any id is made of it (R19)."""
        ...

    def knows_epoch(self, epoch: Epoch) -> bool:
        """Whether the epoch is one of this journal's."""
        ...

    def next_sequence(self) -> int:
        """The next sequence number of this epoch, from 1; reserved by the intent that uses it."""
        ...

    def arm(self, intent: Intent, *, step: StepId | None = None) -> IntentRecord:
        """Insert an intent as ARMED. Raises InvariantBroken when the instrument has one that is not terminal (R18).

        Args:
            intent: to be sent.
            step: the step of the margin ladder that it is a leg of.
        """
        ...

    def update(self, record: IntentRecord) -> None:
        """Store what is newly known of an intent."""
        ...

    def intent(self, client_id: ClientOrderId) -> IntentRecord | None:
        """One intent by its id."""
        ...

    def intent_of_order(self, venue: VenueName, symbol: Symbol, order_id: VenueOrderId) -> IntentRecord | None:
        """One intent by the venue's order id."""
        ...

    def unfinished(self, venue: VenueName, symbol: Symbol) -> Sequence[IntentRecord]:
        """Intents that are not terminal, or whose fill is not settled in the position yet (R23); oldest first."""
        ...

    def recent(self, venue: VenueName, symbol: Symbol, since_ms: int) -> Sequence[IntentRecord]:
        """Intents created since, for the caps of R24; oldest first."""
        ...

    def uncovered(self, covered: Collection[tuple[VenueName, Symbol]]) -> Sequence[tuple[VenueName, Symbol]]:
        """Instruments not in `covered` that a start must not leave alone; sorted.

        Their confirmed position is not 0, or they have an intent that is not terminal or not settled, an open step of
        the margin ladder, or a cross-exchange trade that is not over.
        """
        ...

    def add_absence(self, client_id: ClientOrderId, read: AbsenceRead) -> None:
        """Keep one absence reading (R22); of each intent at least the newest 20 are kept."""
        ...

    def absences(self, client_id: ClientOrderId) -> Sequence[AbsenceRead]:
        """The kept absence readings of an intent, oldest first."""
        ...

    def anchor(self, venue: VenueName, symbol: Symbol) -> Anchor | None:
        """The last confirmed position; None when none ever was, or it was dropped."""
        ...

    def confirm(
        self,
        venue: VenueName,
        symbol: Symbol,
        anchor: Anchor,
        trades: Sequence[tuple[VenueTrade, ClientOrderId | None, Decimal]],
        settled: Sequence[ClientOrderId],
        *,
        halt: Halt | None = None,
        memory: tuple[HedgeName, Mapping[str, str]] | None = None,
    ) -> None:
        """In one commit: the new anchor, its trades (whose order, the mark then), and the intents it settles.

        What the trades mean belongs into the same commit, or a crash loses it for good: the halt after a liquidation,
        and what the decision must remember of them.
        """
        ...

    def drop_anchors(self, now_ms: int) -> int:
        """A person looked: forget all confirmed positions, so that what is at the venue is adopted anew (R25).

        Intents that are terminal but not settled are settled, as their fill can't be found from a new anchor; those
        that are not terminal stay. Cross-exchange trades of which every order is terminal are given up. Open steps of
        the margin ladder end, and so do moves of unknown outcome: what they did is in the margin that is read from
        then on. Returns how many positions there were.
        """
        ...

    def fills(self, venue: VenueName, symbol: Symbol) -> Sequence[tuple[VenueTrade, ClientOrderId | None, Decimal]]:
        """Every confirmed trade with the client id of our order, None if it was not ours, and the mark then."""
        ...

    def memory(self, hedge: HedgeName) -> Mapping[str, str]:
        """What the decision must remember over restarts; empty at first."""
        ...

    def remember(self, hedge: HedgeName, memory: Mapping[str, str]) -> None:
        """Replace what the decision remembers."""
        ...

    def record_decision(self, now_ms: int, plan: Plan) -> None:
        """Keep a decision with its observation; thinned: equal ones in a row keep the first and the last."""
        ...

    def last_decisions(self) -> Sequence[DecisionRow]:
        """The newest decision of every hedge."""
        ...

    def halt(self, halt: Halt) -> None:
        """Keep a halt; a second one with the same scope and code is the same halt."""
        ...

    def halts(self) -> Sequence[Halt]:
        """Halts that nobody has cleared, oldest first."""
        ...

    def clear_halts(self, now_ms: int) -> int:
        """A person looked: clear all halts. Returns how many there were."""
        ...

    def halts_cleared_ms(self) -> int:
        """When halts were cleared last; 0 when none ever was."""
        ...

    def control(self, control: Control) -> None:
        """Keep what a person told the bot to do, as the newest; it replaces one of the same kind and scope."""
        ...

    def controls(self) -> Sequence[Control]:
        """What holds until somebody says otherwise, oldest first. Read every turn."""
        ...

    def end_controls(self, now_ms: int, hedge: HedgeName | None = None) -> int:
        """A person said otherwise: end all, or those of one hedge alone. Returns how many there were."""
        ...

    def keep_funding(self, payments: Sequence[FundingPayment]) -> int:
        """In one commit; one that is already there is the same payment. Returns how many were new."""
        ...

    def funding(self, venue: VenueName, symbol: Symbol, since_ms: int) -> Sequence[FundingPayment]:
        """Payments settled since a venue time, oldest first."""
        ...

    def last_funding_ms(self, venue: VenueName, symbol: Symbol) -> int | None:
        """When the newest known payment was settled; None while none is known."""
        ...
