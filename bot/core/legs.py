"""A hedge with a second venue: what is left to each of its two legs, so that nothing is hedged twice (R13, R24, R25).

Each leg decides like a hedge of its own, on the holdings less what the other leg hedges. What the other one hedges is
known as two bounds; the worse one counts in either direction, so that no outcome of what is under way leads to more
than the target, and none of what is bought back to less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, assert_never

from bot.core import exposure as ex
from bot.core import sizing
from bot.core.lifecycle import unfilled
from bot.core.situation import Memory, Situation
from bot.domain.ids import VenueName
from bot.domain.instrument import Instrument
from bot.domain.intent import IntentRecord, IntentState
from bot.domain.numbers import ONE, ZERO
from bot.domain.observation import Holding, Position, Prices, Source
from bot.domain.plan import Plan, Verdict
from bot.domain.policy import HedgePolicy

_CAN_NOT: Final = frozenset({"instrument", "clock", "config", "stale", "price"})
"""Families of refusals that another venue can make up for. A cap, a guard or a halt is none: it holds for both."""
_LOST: Final = frozenset({IntentState.ARMED, IntentState.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What the short of a leg may be, in coins; never below 0."""

    least: Decimal
    most: Decimal


def bounds(instrument: Instrument, contracts: Decimal, unfinished: Sequence[IntentRecord]) -> Bounds:
    """What a leg may be short (R13): an order without a known end counts as filled, and as not filled.

    Args:
        instrument: linear, so that its coins need no price.
        contracts: signed, of the confirmed position.
        unfinished: orders of ours whose end is not known, or whose fill is not yet in that position.
    """
    pending = [(record.intent.request.side, unfilled(record) + record.filled) for record in unfinished]
    most, least = sizing.bounds(contracts, pending)
    return Bounds(
        least=max(instrument.coins(least, ONE), ZERO),
        most=max(instrument.coins(most, ONE), ZERO),
    )


def left_over(situation: Situation, venue: VenueName, *, least: Decimal, most: Decimal | None) -> Situation:
    """A leg's situation, without what the other leg hedges.

    That is as much as leaves this leg nothing to do, within what the other one may be short: beyond the most there is
    more to hedge, below the least there is less.

    Args:
        situation: with all holdings of the hedge.
        venue: of the other leg.
        least: coins that the other leg is short of at least.
        most: coins that it is short of at most; None: whatever is missing is left to it.
    """
    policy, position = situation.policy, situation.position
    held = tuple(holding for holding in situation.holdings if isinstance(holding, Holding))
    if len(held) < len(situation.holdings) or not isinstance(position, Position) or not policy.ratio:
        return situation  # frozen, or closed: nothing is hedged
    wanted = ex.target(ex.exposure(held), ex.principal(held), policy.ratio)
    missing = wanted - ex.short_coins(situation.instrument, position.contracts, ONE)
    counted = max(missing, least) if most is None else min(max(missing, least), most)
    if not counted:
        return situation
    coins = -counted / policy.ratio
    other = Holding(
        source=Source.OTHER_LEG,
        venue=venue,
        asset=policy.asset,
        quantity=coins,
        principal=coins,
        stamp=position.stamp,
    )
    return replace(situation, holdings=(*held, other), policy=_with_whole_band(situation, wanted))


def _with_whole_band(situation: Situation, wanted: Decimal) -> HedgePolicy:
    """R14: what the whole hedge would leave alone, a leg with its smaller target leaves alone as well."""
    policy, prices = situation.policy, situation.prices
    if not isinstance(prices, Prices):
        return policy
    notional = sizing.band_notional(policy.band, wanted, situation.instrument.coin_price(prices.mark))
    return replace(policy, band=replace(policy.band, notional=notional))


def able(plan: Plan, sent: IntentRecord | None, *, readable: bool, refused: bool) -> bool | None:
    """Whether a leg can do its work; None when the turn does not tell.

    Args:
        plan: what its turn came to.
        sent: the order that left, if one did.
        readable: its venue told position, prices and margin.
        refused: the venue refused its last order.
    """
    match plan.verdict:
        case Verdict.FROZEN:
            return None if readable else False
        case Verdict.NO_MARGIN:
            return False
        case Verdict.REFUSED:
            return False if plan.refused.partition(".")[0] in _CAN_NOT else None
        case Verdict.WAITING:
            return False if refused else None
        case Verdict.CONFIRMING:
            return None
        case Verdict.ORDER:
            if sent is None or sent.state in _LOST:
                return None
            return sent.state is not IntentState.REJECTED
        case (
            Verdict.BALANCED | Verdict.DWELLING | Verdict.TOO_SMALL | Verdict.HALTED | Verdict.PAUSED | Verdict.UNWOUND
        ):
            return True
        case _:
            assert_never(plan.verdict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How the first leg fares.

    Attributes:
        since_ms: since when it can't do its work; None when it can.
        now: it could not in its last turn, and sent nothing.
    """

    since_ms: int | None = None
    now: bool = False

    def after(self, can: bool | None, sent: IntentRecord | None, now_ms: int) -> Watch:  # noqa: FBT001 - see `able`
        """Take in one more turn. What does not tell neither ends nor begins anything."""
        if can:
            return Watch()
        since_ms = now_ms if self.since_ms is None and can is False else self.since_ms
        return Watch(since_ms=since_ms, now=can is False and sent is None)

    def lasted(self, now_ms: int, after_s: Decimal) -> bool:
        """Whether the first leg can't, and has not been able to for so long."""
        return self.now and self.since_ms is not None and now_ms - self.since_ms >= after_s * 1000


def reserved(memory: Memory, now_ms: int, foreign_grace_s: Decimal) -> bool:
    """Whether the first leg's gap is left open on purpose, so that nobody else may close it.

    Args:
        memory: of its decisions.
        now_ms: our clock.
        foreign_grace_s: how long a change by others is left alone (R25).
    """
    if memory.funding.closed:
        return True
    since_ms = memory.foreign_since_ms
    return since_ms is not None and now_ms - since_ms < foreign_grace_s * 1000
