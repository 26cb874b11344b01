"""A spot-perp hedge and the stablecoin hedges that sell its coins: each waits for the other, by the journal alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.core.situation import Memory
from bot.domain.control import ControlKind, standing
from bot.domain.ids import Asset, HedgeName, Symbol, VenueName
from bot.domain.intent import IntentRecord
from bot.domain.numbers import ZERO, plain
from bot.domain.policy import HedgePolicy
from bot.ports import Journal

KEPT_MS: Final = 3_600_000
"""Orders that ended so long ago are summed once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Where exits sell a coin.

    Attributes:
        exits: the stablecoin hedges that do.
        markets: every market of the coin that one of them may ever have used.
    """

    venue: VenueName
    asset: Asset
    exits: frozenset[HedgeName]
    markets: tuple[Symbol, ...]


class Sold:
    """Coins that exits sold less those they bought, of all time."""

    def __init__(self, beside: Beside, journal: Journal) -> None:
        self._beside = beside
        self._journal = journal
        self._before = ZERO
        self._from_ms = 0

    def by(self, asked_ms: int) -> Decimal:
        """What had filled and was known at a time of our clock, so that a reading asked for then must show it."""
        records = self._records()
        newer = sum((_sold(record) for record in records if record.updated_ms <= asked_ms), ZERO)
        total = self._before + newer
        self._sum_up(records, asked_ms - KEPT_MS)
        return total

    def _records(self) -> list[IntentRecord]:
        beside = self._beside
        found = [
            record
            for market in beside.markets
            for record in self._journal.recent(beside.venue, market, self._from_ms)
            if record.intent.hedge in beside.exits
        ]
        return sorted(found, key=lambda record: record.intent.created_ms)

    def _sum_up(self, records: Sequence[IntentRecord], until_ms: int) -> None:
        """Orders up to the first that is young, or not over yet, need not be read again."""
        young = [r for r in records if r.updated_ms >= until_ms or not (r.state.terminal and r.settled)]
        from_ms = min((record.intent.created_ms for record in young), default=until_ms)
        if from_ms > self._from_ms:
            self._before += sum((_sold(record) for record in records if record.intent.created_ms < from_ms), ZERO)
            self._from_ms = from_ms


class Paired:
    """Whether the shorts on a coin have followed every slice, so that the next one may go.

    Args:
        hedges: those that count the coins which are sold.
    """

    def __init__(self, hedges: Collection[HedgePolicy], sold: Sold, journal: Journal) -> None:
        self._hedges = hedges
        self._sold = sold
        self._journal = journal

    @property
    def hedges(self) -> Collection[HedgePolicy]:
        """The hedges that count the coins."""
        return self._hedges

    def waiting(self, now_ms: int) -> str:
        """Why the next slice must wait; empty when it need not. Raises JournalFault."""
        total = self._sold.by(now_ms)
        return next((why for policy in self._hedges if (why := self._behind(policy, total))), "")

    def behind(self, now_ms: int) -> str:
        """Which short has not followed what was sold; one that never looked is none that is left behind."""
        total = self._sold.by(now_ms)
        known = [p for p in self._hedges if Memory.from_dict(self._journal.memory(p.name)).followed is not None]
        return next((why for policy in known if (why := self._behind(policy, total))), "")

    def _behind(self, policy: HedgePolicy, total: Decimal) -> str:
        anchor = self._journal.anchor(policy.venue, policy.symbol)
        control = standing(self._journal.controls(), *policy.names)
        unwound = control is not None and control.kind is ControlKind.UNWIND
        if anchor is None:
            return f"the short of {policy.name} is not known yet"
        if unwound and anchor.contracts == 0:
            return ""  # nothing is hedged there, by a person's word
        followed = Memory.from_dict(self._journal.memory(policy.name)).followed
        if followed is None:
            return f"{policy.name} has not looked at its coins yet"
        if followed.sold == total:
            return ""
        coins = abs(total - followed.sold)
        return f"{policy.name} has still to follow {plain(coins)} {policy.asset}; the next slice waits for its short"


def _sold(record: IntentRecord) -> Decimal:
    return -record.filled * record.intent.request.side.sign
