"""A spot-perp hedge and the stablecoin hedges that sell its coins: each waits for the other, by the journal alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.core.situation import Memory
from bot.domain.control import ControlKind, standing
from bot.domain.ids import HedgeName, Symbol, VenueName
from bot.domain.intent import IntentRecord
from bot.domain.numbers import ZERO, plain
from bot.domain.policy import HedgePolicy
from bot.ports import Journal

KEPT_MS: Final = 3_600_000
"""Orders that ended so long ago are summed once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Where exits sell the coins of a spot-perp hedge.

    Attributes:
        exits: the stablecoin hedges that do, on all its venues.
        places: every market of the coin that one of them may ever have used.
    """

    exits: frozenset[HedgeName]
    places: frozenset[tuple[VenueName, Symbol]]


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

    def under_way(self, *, but: HedgeName) -> HedgeName | None:
        """Another exit with an order that is not accounted for; None when there is none."""
        others = (record for record in self._records() if record.intent.hedge != but and not _over(record))
        return next((record.intent.hedge for record in others), None)

    def _records(self) -> list[IntentRecord]:
        beside = self._beside
        found = [
            record
            for venue, market in sorted(beside.places)
            for record in self._journal.recent(venue, market, self._from_ms)
            if record.intent.hedge in beside.exits
        ]
        return sorted(found, key=lambda record: record.intent.created_ms)

    def _sum_up(self, records: Sequence[IntentRecord], until_ms: int) -> None:
        """Orders up to the first that is young, or not over yet, need not be read again."""
        young = [record for record in records if record.updated_ms >= until_ms or not _over(record)]
        from_ms = min((record.intent.created_ms for record in young), default=until_ms)
        if from_ms > self._from_ms:
            self._before += sum((_sold(record) for record in records if record.intent.created_ms < from_ms), ZERO)
            self._from_ms = from_ms


class Paired:
    """Whether the shorts on a coin have followed every slice, so that the next one of an exit may go.

    Args:
        exits: the stablecoin hedge whose slices wait.
        shorts: the hedges that count the coins which it sells; and of each what all exits beside it sold.
    """

    def __init__(self, exits: HedgeName, shorts: Collection[tuple[HedgePolicy, Sold]], journal: Journal) -> None:
        self._exits = exits
        self._shorts = shorts
        self._journal = journal

    def waiting(self, now_ms: int) -> str:
        """Why the next slice must wait; empty when it need not. Raises JournalFault."""
        for policy, sold in self._shorts:
            other = sold.under_way(but=self._exits)
            if other is not None:
                return f"{other} has an order under way beside {policy.name}: one slice at a time is naked"
            why = self._behind(policy, sold.by(now_ms), follows=True)
            if why:
                return why
        return ""

    def behind(self, now_ms: int) -> str:
        """Which short has not followed what was sold; one that never looked is none that is left behind."""
        known = [
            (policy, sold)
            for policy, sold in self._shorts
            if Memory.from_dict(self._journal.memory(policy.name)).followed is not None
        ]
        return next((why for policy, sold in known if (why := self._behind(policy, sold.by(now_ms)))), "")

    def _behind(self, policy: HedgePolicy, total: Decimal, *, follows: bool = False) -> str:
        """Whether the short has followed so far and, with `follows`, would follow the next slice."""
        anchor = self._journal.anchor(policy.venue, policy.symbol)
        control = standing(self._journal.controls(), *policy.names)
        unwound = control is not None and control.kind is ControlKind.UNWIND
        if anchor is None:
            return f"the short of {policy.name} is not known yet"
        if unwound and anchor.contracts == 0:
            return ""  # nothing is hedged there, by a person's word
        if follows and control is not None and control.kind is ControlKind.PAUSE:
            return f"{policy.name} is paused, and its short would not follow"
        if follows and (halts := self._halts(policy)):
            return f"{policy.name} is halted, and its short would not follow: {halts}"
        followed = Memory.from_dict(self._journal.memory(policy.name)).followed
        if followed is None:
            return f"{policy.name} has not looked at its coins yet"
        if followed.sold == total:
            return ""
        coins = abs(total - followed.sold)
        return f"{policy.name} has still to follow {plain(coins)} {policy.asset}; the next slice waits for its short"

    def _halts(self, policy: HedgePolicy) -> str:
        reached = (one for one in self._journal.halts() if one.venue == policy.venue)
        return "; ".join(one.reason for one in reached if one.stops and one.symbol in {None, policy.symbol})


def _over(record: IntentRecord) -> bool:
    return record.state.terminal and record.settled


def _sold(record: IntentRecord) -> Decimal:
    return -record.filled * record.intent.request.side.sign
