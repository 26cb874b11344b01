"""How far a linear short is from its liquidation, how fast that shrinks, and what brings it back (R27).

All prices are the instrument's, all quantities of it units of the venue's base; money is in the settle currency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from bot.domain.instrument import ContractKind, Instrument
from bot.domain.ladder import LadderPolicy
from bot.domain.numbers import ONE, ZERO, plain
from bot.domain.observation import Margin, Position, Unknown

AGREEMENT: Final = Decimal("0.05")
"""The venue's liquidation price and ours agree within this fraction: it may count a fee for the liquidation."""
MARGIN_RATIO_MAX: Final = Decimal("0.8")
"""Maintenance margin / margin balance of a cross account from which on it is critical; venues liquidate at 1."""
AHEAD_MS: Final = 15 * 60_000
"""A rung that is reached within this time at the present pace counts as near."""
PACE_WINDOW_MS: Final = 10 * 60_000
PACE_SPAN_MS: Final = 60_000
"""A pace is measured over no less, or every tick would look like a fall."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backing:
    """A linear short and what stands behind it.

    Attributes:
        units: Q, above 0.
        mark: P.
        equity: A, with unrealised P&L: of the isolated position, or of the whole cross account.
        rate: m, maintenance margin as a fraction of the notional.
        cum: what the bracket subtracts from the maintenance margin.
        isolated: whether the equity is the position's alone.
    """

    units: Decimal
    mark: Decimal
    equity: Decimal
    rate: Decimal
    cum: Decimal
    isolated: bool

    @property
    def notional(self) -> Decimal:
        """Q P."""
        return self.units * self.mark

    @property
    def liquidation(self) -> Decimal:
        """Where the equity just equals the maintenance margin; 0 or below when it no longer does."""
        return (self.equity + self.notional + self.cum) / ((ONE + self.rate) * self.units)

    @property
    def ratio(self) -> Decimal:
        """Liquidation price / mark."""
        return self.liquidation / self.mark

    @property
    def margin_ratio(self) -> Decimal | None:
        """Maintenance margin / equity; None when there is no equity left."""
        maintenance = max(self.notional * self.rate - self.cum, ZERO)
        return maintenance / self.equity if self.equity > 0 else None


def backing_of(
    instrument: Instrument, position: Position, margin: Margin | Unknown, mark: Decimal, rate: Decimal, cum: Decimal
) -> Backing | str:
    """What stands behind a short, or why that is not known.

    Args:
        instrument: a linear contract.
        position: a short on it.
        margin: the account's; needed under cross margin.
        mark: that is believed (R12).
        rate: maintenance margin rate of the bracket that the notional at the liquidation price is in.
        cum: what that bracket subtracts.
    """
    assert instrument.kind is ContractKind.LINEAR
    assert position.contracts < 0
    units = -position.contracts * instrument.contract_size
    isolated = position.isolated_wallet is not None
    if position.isolated_wallet is not None:
        if position.entry_price is None:
            return "the venue does not tell the entry price"
        equity = position.isolated_wallet + units * (position.entry_price - mark)
    else:
        if isinstance(margin, Unknown):
            return f"{margin.what} is unknown ({margin.reason})"
        if margin.balance is None:
            return "the venue does not tell the margin balance"
        equity = margin.balance
    return Backing(units=units, mark=mark, equity=equity, rate=rate, cum=cum, isolated=isolated)


def nearest(backing: Backing, told: Decimal | None) -> Decimal | str:
    """The liquidation price to go by: the lower one of the venue's and ours; or why none can be believed.

    Args:
        backing: for our own formula.
        told: the venue's figure; None for none, or a 0.
    """
    ours = backing.liquidation
    if not backing.isolated:
        return ours if told is None else min(ours, told)
    if told is None:
        return f"the venue tells no liquidation price, by our formula it is {ours:,.2f}"
    if abs(told - ours) > AGREEMENT * ours:
        return f"the venue tells a liquidation price of {told:,.2f}, by our formula it is {ours:,.2f}"
    return min(ours, told)


# By how much the margin must grow, or the short shrink


def top_up(backing: Backing, target: Decimal) -> Decimal:
    """Money that brings the liquidation price to target x mark: (1 + m) T P Q - Q P - A; 0 when it is there."""
    wanted = (ONE + backing.rate) * target * backing.notional
    return max(wanted - backing.notional - backing.equity - backing.cum, ZERO)


def reduction(backing: Backing, target: Decimal, *, cost: Decimal = ZERO, ratio: Decimal = ONE) -> Decimal:
    """Units to buy back while coins are sold, so that with the proceeds and the released margin the target is reached.

    With no costs and a ratio of 1 that is x = Q - (A + Q P) / ((1 + m) T P).

    Args:
        backing: as it is.
        target: T, above 1.
        cost: what buying one unit back and selling as much of spot costs, as a fraction of the mark.
        ratio: wanted short / exposure: for each unit bought back, 1 / ratio units of spot are sold.

    Returns:
        From 0 to Q, not rounded.
    """
    missing = top_up(backing, target)
    per_unit = ((ONE + backing.rate) * target - cost + ONE / ratio - ONE) * backing.mark
    return min(missing / per_unit, backing.units)


# The rungs


class Rung(StrEnum):
    """How near the liquidation is, from far to near."""

    FAR = "far"
    LOW = "low"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceSample:
    """The ratio at one time, our clock."""

    ratio: Decimal
    at_ms: int


def paced(samples: Sequence[PaceSample], newest: PaceSample) -> tuple[PaceSample, ...]:
    """The samples that the pace is measured by, oldest first, with a new one."""
    return (*(sample for sample in samples if newest.at_ms - PACE_WINDOW_MS <= sample.at_ms < newest.at_ms), newest)


def reached_in_ms(samples: Sequence[PaceSample], rung: Decimal) -> int | None:
    """How long until a rung is reached at the present pace: from the highest sample of the window to the newest one.

    Args:
        samples: as `paced` keeps them.
        rung: a ratio.

    Returns:
        0 when it is reached; None when it is not being approached, or nothing is known of a pace.
    """
    newest = samples[-1]
    if newest.ratio <= rung:
        return 0
    highest = max(samples, key=lambda sample: (sample.ratio, sample.at_ms))
    span_ms = newest.at_ms - highest.at_ms
    if span_ms < PACE_SPAN_MS or highest.ratio == newest.ratio:
        return None
    return int((newest.ratio - rung) * span_ms / (highest.ratio - newest.ratio))


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the distance and the pace say.

    Attributes:
        alarm: a person must know.
        act: an automatic step is due, if one is switched on.
        reason: one sentence with the numbers.
    """

    rung: Rung
    ratio: Decimal
    alarm: bool
    act: bool
    reason: str


def judge(backing: Backing, liquidation: Decimal, policy: LadderPolicy, samples: Sequence[PaceSample]) -> Judgement:
    """Say how near the liquidation is.

    Args:
        backing: for the margin ratio of a cross account.
        liquidation: from `nearest`.
        policy: the rungs.
        samples: with the newest.
    """
    ratio = liquidation / backing.mark
    strained = not backing.isolated and (backing.margin_ratio is None or backing.margin_ratio >= MARGIN_RATIO_MAX)
    alarm_in_ms = reached_in_ms(samples, policy.alarm_at)
    critical_in_ms = reached_in_ms(samples, policy.critical)
    alarm_near = alarm_in_ms is not None and alarm_in_ms <= AHEAD_MS
    critical_near = critical_in_ms is not None and critical_in_ms <= AHEAD_MS
    rung = Rung.FAR
    if ratio <= policy.critical or strained:
        rung = Rung.CRITICAL
    elif ratio <= policy.alarm_at:
        rung = Rung.LOW
    reason = f"liquidated at {liquidation:,.2f}, {ratio:.3f} times the mark of {backing.mark:,.2f}"
    if strained:
        reason += ", and the margin ratio of the account is as good as used up"
    falling_ms = critical_in_ms if critical_near else alarm_in_ms
    if falling_ms and (critical_near or alarm_near):
        rung_met = policy.critical if critical_near else policy.alarm_at
        reason += f", at this pace {plain(rung_met)} in {max(falling_ms // 60_000, 1)} min"
    return Judgement(
        rung=rung,
        ratio=ratio,
        alarm=rung is not Rung.FAR or alarm_near or critical_near,
        act=ratio <= policy.act_at or strained or (critical_near and ratio < policy.target),
        reason=reason,
    )
