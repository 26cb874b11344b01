"""What the margin ladder is given of one turn, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.core.ladder import Backing
from bot.core.situation import Situation
from bot.domain.control import ControlKind
from bot.domain.intent import IntentRecord
from bot.domain.numbers import ZERO
from bot.domain.observation import Holding, Position, Prices, Source, Unknown, VenueObservation
from bot.domain.policy import HedgePolicy
from bot.runtime.reconciled import Reconciled


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one turn gives.

    Attributes:
        position: whose units were checked (R7).
        recent: orders of ours on the contract, of the last hour.
        quiet: why nothing may be sent in this turn; empty when it may.
        abandon: a person has the short closed: no step goes on.
        stopping: whether a stop was asked for.
    """

    observed: VenueObservation
    position: Position | Unknown
    holdings: Sequence[Holding | Unknown]
    reconciled: Reconciled
    recent: Sequence[IntentRecord]
    quiet: str
    abandon: bool
    stopping: Callable[[], bool]


def look_of(
    situation: Situation,
    observed: VenueObservation,
    reconciled: Reconciled,
    recent: Sequence[IntentRecord],
    *,
    hold: bool,
    settling: bool,
    stopping: Callable[[], bool],
) -> Look:
    """The part of a hedge's situation that its ladder needs; `settling`: a fresh journal waits for lost orders."""
    control, quiet = situation.control, "; ".join(situation.halted)
    if control is not None:
        quiet = f"a person said {control.kind}"
    elif hold:
        quiet = "the hedge has had its turn"
    elif settling:
        quiet = quiet or "nothing is sent yet, with a fresh journal"
    return Look(
        observed=observed,
        position=situation.position,
        holdings=situation.holdings,
        reconciled=reconciled,
        recent=recent,
        quiet=quiet,
        abandon=control is not None and control.kind is ControlKind.UNWIND,
        stopping=stopping,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Situated:
    """A look in which the short, its price and its margin are known.

    Attributes:
        mark: that was believed (R12).
        backing: at that mark.
    """

    look: Look
    position: Position
    prices: Prices
    mark: Decimal
    backing: Backing


@dataclass(frozen=True, slots=True, kw_only=True)
class Engaged:
    """A step is under way: the hedge's own decision waits. `again_s`: when to read again."""

    reason: str
    again_s: Decimal


def spot_coins(policy: HedgePolicy, holdings: Sequence[Holding | Unknown]) -> tuple[Decimal, int] | None:
    """Coins of the hedge in `spot` on the venue of its short, and when they were asked for (our clock).

    None when that is not known, or there is no such holding.
    """
    found = [held for held in holdings if held.source is Source.SPOT and held.venue == policy.venue]
    known = [held for held in found if isinstance(held, Holding) and held.token is None]
    if not known or any(isinstance(held, Unknown) for held in found):
        return None
    return sum((held.quantity for held in known), ZERO), min(held.stamp.sent_ms for held in known)
