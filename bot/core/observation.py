"""What two readings, and time, say together (R8, R10, R11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bot.domain.numbers import decimal_of
from bot.domain.observation import Stamp

_SINCE: Final = "since_ms"
_EXPOSURE: Final = "exposure_max"
_PRINCIPAL: Final = "principal_max"
_SEEN: Final = "seen_ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one complete observation says, in coins, at the price that the hedge is judged at: no price moves it.

    Attributes:
        exposure, principal: as `bot.core.exposure` counts them; equal for an inverse short, judged at its entry.
        short: positive for a short.
        sent_ms: when the first request of the observation was sent.
        answered_ms: when the last one was answered.
    """

    exposure: Decimal
    principal: Decimal
    short: Decimal
    sent_ms: int
    answered_ms: int


def agree(previous: Sample | None, current: Sample, *, band_coins: Decimal) -> Sample | None:
    """Confirm an increase by a second observation (R10).

    Coins that move between two wallets while both are read are seen twice, or not at all; the next observation,
    started after the first has ended, sees them once.

    Args:
        previous: the observation before; None when there was none.
        current: of now.
        band_coins: how far both may be apart, in coins.

    Returns:
        None when the two don't agree or overlap in time. Else what both have seen: the smaller exposure with its
        principal and the larger short, so that nothing is hedged that was seen only once; with the times of `current`.
    """
    if previous is None or current.sent_ms < previous.answered_ms:
        return None
    if abs(current.exposure - previous.exposure) > band_coins or abs(current.short - previous.short) > band_coins:
        return None
    smaller = min(previous, current, key=lambda sample: sample.exposure)
    return replace(
        current,
        exposure=smaller.exposure,
        principal=smaller.principal,
        short=max(previous.short, current.short),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Surplus:
    """A short that is larger than wanted, watched until it has lasted long enough to act on (R11).

    Attributes:
        since_ms: when it was first seen, our clock.
        seen_ms: when it was last seen.
        exposure_max: the largest exposure seen since, in coins; the short is not reduced below what that needs.
        principal_max: the principal of the same observation.
    """

    since_ms: int
    seen_ms: int
    exposure_max: Decimal
    principal_max: Decimal

    @classmethod
    def first(cls, sample: Sample, now_ms: int) -> Surplus:
        """As it begins."""
        return cls(since_ms=now_ms, seen_ms=now_ms, exposure_max=sample.exposure, principal_max=sample.principal)

    def to_dict(self) -> dict[str, str]:
        """As text, for the journal: the dwell survives a restart."""
        return {
            _SINCE: str(self.since_ms),
            _SEEN: str(self.seen_ms),
            _EXPOSURE: str(self.exposure_max),
            _PRINCIPAL: str(self.principal_max),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, str]) -> Surplus:
        """Read `to_dict` back.

        Raises:
            KeyError: a value is missing.
            ValueError: a value is not of our form.
        """
        return cls(
            since_ms=int(values[_SINCE]),
            seen_ms=int(values.get(_SEEN, values[_SINCE])),
            exposure_max=decimal_of(values[_EXPOSURE]),
            principal_max=decimal_of(values[_PRINCIPAL]),
        )


def watch_surplus(memory: Surplus | None, sample: Sample, *, surplus: bool, now_ms: int) -> Surplus | None:
    """Carry the watch over a surplus on by one observation (R11).

    Args:
        memory: what the last call returned.
        sample: the observation.
        surplus: whether its short is too large by more than the band; by anything at target 0 (R14).
        now_ms: our clock.

    Returns:
        None when there is no surplus, or no more: coins in transit have arrived, and the dwell restarts with the next.
        Else since when it lasts, with the largest exposure seen meanwhile.
    """
    if not surplus:
        return None
    if memory is None:
        return Surplus.first(sample, now_ms)
    # A start that lies in the future comes from a clock that was set back; it must not stretch the dwell.
    lasting = replace(memory, since_ms=min(memory.since_ms, now_ms), seen_ms=now_ms)
    if sample.exposure > memory.exposure_max:
        return replace(lasting, exposure_max=sample.exposure, principal_max=sample.principal)
    return lasting


def after_downtime(surplus: Surplus, now_ms: int) -> Surplus:
    """A surplus as a new process takes it over: the time in which nobody looked is no part of its dwell (R11).

    An emptied list that was seen once before a restart and once after it would else have lasted.

    Args:
        surplus: as the process before left it.
        now_ms: our clock, at the start.
    """
    return replace(surplus, since_ms=surplus.since_ms + max(now_ms - surplus.seen_ms, 0), seen_ms=now_ms)


def after_gain(surplus: Surplus | None, gained: Decimal) -> Surplus | None:
    """What our own trades realised is no new surplus, nor the end of one: it changes what is remembered as well.

    Args:
        surplus: as it is watched; None when there is none.
        gained: coins that the trades brought to the margin, less what they cost; 0 for a linear short.
    """
    if surplus is None:
        return None
    return replace(surplus, exposure_max=surplus.exposure_max + gained, principal_max=surplus.principal_max + gained)


def dwelled(surplus: Surplus, now_ms: int, dwell_s: Decimal) -> bool:
    """Whether a surplus has lasted `dwell_s` seconds."""
    return now_ms - surplus.since_ms >= dwell_s * 1000


def stale(stamp: Stamp, now_ms: int, age_max_s: Decimal) -> bool:
    """Whether a reading is too old to act on; its age counts from when its request was sent (R8)."""
    return now_ms - stamp.sent_ms > age_max_s * 1000
