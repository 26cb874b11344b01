"""The margin ladder of a linear short (R27): what the user allows, and one step of it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from bot.domain.ids import HedgeName, Symbol, VenueName
from bot.domain.numbers import ZERO

StepId = NewType("StepId", str)
"""Made like a client order id, of the same epoch and sequence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderPolicy:
    """What the user allows. The rungs are ratios: liquidation price / mark; alarms come whatever is switched on.

    Attributes:
        top_up: add margin from the venue's own stablecoin wallet.
        reduce: sell spot coins and buy back as much of the short.
        alarm_at: a person is told at this ratio and below it.
        act_at: the automatic steps begin at this ratio and below it.
        target: what a step leads to.
        critical: at this ratio and below it the alarm says so.
        reserve: in the settle currency; what a top-up leaves in the stablecoin wallet.
    """

    top_up: bool = False
    reduce: bool = False
    alarm_at: Decimal = Decimal("1.5")
    act_at: Decimal = Decimal("1.5")
    target: Decimal = Decimal("1.8")
    critical: Decimal = Decimal("1.25")
    reserve: Decimal = ZERO


class StepKind(StrEnum):
    """What a step does."""

    TOP_UP = "top-up"
    """Money of the venue's own stablecoin wallet becomes margin."""
    REDUCTION = "reduction"
    """Short and spot shrink together; the proceeds and the released margin become margin."""


class StepState(StrEnum):
    """Where a step is in its life."""

    OPEN = "open"
    DONE = "done"
    FAILED = "failed"
    """It was given up; the hedge closes what gap it left by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderStep:
    """One step, committed with both quantities before anything of it leaves.

    Attributes:
        symbol: the short.
        spot_symbol: where the coins are sold; None for a top-up.
        contracts: of the short to buy back; 0 for a top-up.
        coins: of spot to sell; 0 for a top-up.
        target: the ratio it leads to.
        ratio: the ratio it was decided at.
        wallet_before: margin of the position then, without unrealised P&L, in the settle currency.
        spot_before: coins of the hedge's spot holding then.
        created_ms: our clock.
    """

    step_id: StepId
    hedge: HedgeName
    kind: StepKind
    venue: VenueName
    symbol: Symbol
    spot_symbol: Symbol | None
    contracts: Decimal
    coins: Decimal
    target: Decimal
    ratio: Decimal
    wallet_before: Decimal
    spot_before: Decimal
    created_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """A step and what is known of it.

    Attributes:
        detail: why it ended as it did; redacted.
        updated_ms: our clock.
    """

    step: LadderStep
    state: StepState
    detail: str
    updated_ms: int
