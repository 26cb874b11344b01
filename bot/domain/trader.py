"""What a turn of a hedge without a perpetual comes to, whatever its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Final

from bot.domain.ids import Asset, HedgeName


class HedgeKind(StrEnum):
    """What a hedge does."""

    SPOT_PERP = "spot-perp"
    CROSS_EXCHANGE = "cross-exchange"
    STABLECOIN = "stablecoin"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraderOutcome:
    """What one turn came to, as it is shown and kept.

    Attributes:
        verdict: the word of the plan's verdict.
        reason: one sentence with the numbers; redacted.
        facts: what else is known, as JSON: amounts are strings of plain digits, unknown is None, times are integers.
        same: what two outcomes share when nothing changed but prices and times (R31).
        sent: an order left in this turn.
        settled: a `--once` run need not wait for more.
        stuck: it ended without a decision: halted, blind, or still waiting.
        look_again_s: when the next turn is due; None: as usual.
    """

    hedge: HedgeName
    kind: HedgeKind
    asset: Asset
    verdict: str
    reason: str
    same: str
    facts: Mapping[str, object] = field(default_factory=dict)
    sent: bool = False
    settled: bool = True
    stuck: bool = False
    look_again_s: Decimal | None = None


_CAME_OF_IT: Final = ("trade", "crossing")


def with_end(sent: TraderOutcome, last: TraderOutcome) -> TraderOutcome:
    """The decision of the turn that sent, with what has come of its orders by a later turn of the same hedge."""
    return replace(sent, facts={**sent.facts, **{name: last.facts[name] for name in _CAME_OF_IT if name in last.facts}})


def outcome_facts(outcome: TraderOutcome) -> dict[str, object]:
    """As JSON, for journal and command line."""
    return {
        "kind": outcome.kind.value,
        "asset": outcome.asset,
        "verdict": outcome.verdict,
        "reason": outcome.reason,
        **outcome.facts,
    }
