"""The two legs of a hedge that has a fallback venue: each a hedger of its own, coupled through the journal alone.

The first leg takes its turn before the second, and no other turn comes between, so that what one reads of the other
in the journal holds until its own turn is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Protocol

from bot.core import legs
from bot.core.accounting import ForeignVerdict
from bot.core.retries import backoff_until_ms
from bot.core.situation import Memory, Situation
from bot.domain.control import ControlKind
from bot.domain.ids import VenueName
from bot.domain.instrument import Instrument
from bot.domain.intent import IntentRecord
from bot.domain.numbers import ZERO, plain
from bot.domain.observation import Position, Unknown, VenueObservation
from bot.domain.orders import Side
from bot.domain.plan import Plan, Verdict
from bot.domain.policy import HedgePolicy
from bot.ports import Clock, Journal

HOUR_MS: Final = 3_600_000
_LIQUIDATED: Final = ForeignVerdict.LIQUIDATION.value
Observations = Mapping[VenueName, VenueObservation]


class Leg(Protocol):
    """What a hedger asks when its hedge has two legs."""

    def begin(self) -> None:
        """A turn begins."""
        ...

    def share(self, situation: Situation, observations: Observations) -> Situation:
        """What is left of the situation to this leg."""
        ...

    def taken(self, plan: Plan, sent: IntentRecord | None, observations: Observations) -> Plan:
        """The turn came to this. Returns the plan as it shall be told."""
        ...


class Places:
    """Where the legs of one hedge are, and what each may be short there.

    Args:
        first, second: the policies; the second stands in for the first.
        instruments: of the first and of the second, both linear.
        live: the journal holds confirmed positions; a dry run has none, and takes what it reads.
    """

    def __init__(
        self,
        *,
        first: HedgePolicy,
        second: HedgePolicy,
        instruments: tuple[Instrument, Instrument],
        journal: Journal,
        clock: Clock,
        live: bool,
    ) -> None:
        assert second.stands_in is not None
        self.first = first
        self.second = second
        self.after_s = second.stands_in.after_s
        self.journal = journal
        self.clock = clock
        self._instruments = dict(zip((first.name, second.name), instruments, strict=True))
        self._live = live

    def bounds(self, policy: HedgePolicy, observations: Observations) -> legs.Bounds | None:
        """What one leg may be short; None while no position of it is confirmed: unknown is never zero (R8)."""
        instrument = self._instruments[policy.name]
        if not self._live:
            position = observations[policy.venue].positions.get(policy.symbol)
            return legs.bounds(instrument, position.contracts, ()) if isinstance(position, Position) else None
        anchor = self.journal.anchor(policy.venue, policy.symbol)
        if anchor is None:
            return None
        return legs.bounds(instrument, anchor.contracts, self.journal.unfinished(policy.venue, policy.symbol))

    def halts(self, policy: HedgePolicy) -> frozenset[str]:
        """Codes of the halts that reach a leg."""
        halts = self.journal.halts()
        return frozenset(
            h.code for h in halts if h.stops and h.venue == policy.venue and h.symbol in {None, policy.symbol}
        )

    def refused(self) -> bool:
        """Whether the first leg's venue refused its last order."""
        since_ms = self.clock.now_ms() - HOUR_MS
        return backoff_until_ms(self.journal.recent(self.first.venue, self.first.symbol, since_ms)) > 0


class FirstLeg:
    """The leg on the hedge's own venue. It does all it can, and the second gives back what is too much."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self.watch = legs.Watch()
        """How it fares; the second leg goes by it."""

    def begin(self) -> None:
        """Until this turn is over nothing is known of it: one that fails lets nobody step in."""
        self.watch = replace(self.watch, now=False)

    def share(self, situation: Situation, observations: Observations) -> Situation:
        """What the second leg is short of needs no hedge here; what is too much is taken off there first."""
        other = self._places.second
        bounds = self._places.bounds(other, observations)
        if bounds is None:
            return _awaiting(situation, other)
        # R25: what was liquidated there is not opened here, either, before a person has looked.
        most = None if _LIQUIDATED in self._places.halts(other) else bounds.most
        return legs.left_over(situation, other.venue, least=ZERO, most=most)

    def taken(self, plan: Plan, sent: IntentRecord | None, observations: Observations) -> Plan:
        """See how it fares."""
        policy, observed = self._places.first, observations[self._places.first.venue]
        parts = (observed.positions, observed.prices, observed.margins)
        readable = not any(isinstance(part.get(policy.symbol), Unknown | None) for part in parts)
        can = legs.able(plan, sent, readable=readable, refused=self._places.refused())
        self.watch = self.watch.after(can, sent, self._places.clock.now_ms())
        return plan


class SecondLeg:
    """The leg on the fallback venue. It grows only while the first can't do its work, and shrinks first."""

    def __init__(self, places: Places, first: FirstLeg) -> None:
        self._places = places
        self._first = first

    def begin(self) -> None:
        """Nothing is kept of this leg."""

    def share(self, situation: Situation, observations: Observations) -> Situation:
        """What the first leg can't be short of, once it has been unable for long enough; else only what is too much."""
        other = self._places.first
        bounds = self._places.bounds(other, observations)
        if bounds is None:
            return _awaiting(situation, other)
        most = bounds.most if self._may_grow(situation.now_ms) else None
        return legs.left_over(situation, other.venue, least=bounds.least, most=most)

    def taken(self, plan: Plan, sent: IntentRecord | None, observations: Observations) -> Plan:  # noqa: ARG002 - `Leg`
        """A person is told as long as the fallback holds a short, and of each order that makes it larger."""
        policy, since_ms = self._places.first, self._first.watch.since_ms
        where = f"{policy.symbol} on {policy.venue}"
        if plan.order is not None and plan.order.request.side is Side.SELL:
            lasted_s = 0 if since_ms is None else (self._places.clock.now_ms() - since_ms) // 1000
            return _told(plan, f"the hedge can't do this with {where}, for {lasted_s} s now", alarm=True)
        if plan.view.short:
            text = f"the fallback holds a short of {plain(plan.view.short)} {policy.asset}, beside {where}"
            return _told(plan, text, alarm=True)
        if plan.verdict is Verdict.BALANCED:
            return _told(plan, f"the fallback stands by for {where}", alarm=False)
        return plan

    def _may_grow(self, now_ms: int) -> bool:
        first = self._places.first
        # R25: after a liquidation, or any other halt, only a person re-opens.
        if not self._first.watch.lasted(now_ms, self._places.after_s) or self._places.halts(first):
            return False
        memory = Memory.from_dict(self._places.journal.memory(first.name))
        return not legs.reserved(memory, now_ms, first.timing.foreign_grace_s)


def _told(plan: Plan, text: str, *, alarm: bool) -> Plan:
    return replace(plan, reason=f"{plan.reason}; {text}", alarm=plan.alarm or alarm)


def _awaiting(situation: Situation, other: HedgePolicy) -> Situation:
    """Nothing is traded before the other leg's position is confirmed; what a person unwinds does not depend on it."""
    control = situation.control
    if control is not None and control.kind is ControlKind.UNWIND:
        return situation
    reason = f"the position in {other.symbol} on {other.venue}, the hedge's other leg, is not confirmed yet"
    return replace(situation, waiting=situation.waiting or reason)
