"""What holding the short costs, and when it costs too much (DESIGN, 6). Costs are positive, what it earns negative.

A rate belongs to the venue's settlement interval, which is learnt from the payments: 8 h until two were seen (from
general knowledge: venues settle every 1, 2, 4 or 8 h, and shorten the interval when rates are extreme).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, assert_never

from bot.domain.funding import FundingFigures, FundingPayment
from bot.domain.instrument import ContractKind, Instrument
from bot.domain.numbers import ZERO, decimal_of, plain
from bot.domain.policy import FundingPolicy

YEAR_MS: Final = 365 * 86_400_000
INTERVAL_MS: Final = 8 * 3_600_000
"""Of a venue that has not shown another."""
_INTERVAL_MIN_MS: Final = 30 * 60_000
SAMPLES: Final = 72
"""The trailing average is taken over so many readings of the rate."""
SAMPLES_MIN: Final = 54
"""With fewer in the window, as after a pause of the bot, nothing is decided."""


def interval_ms(payments: Sequence[FundingPayment]) -> int:
    """How far settlements are apart, from the payments, oldest first; the newest distance counts."""
    times = [payment.time_ms for payment in payments]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    near = [gap for gap in gaps if _INTERVAL_MIN_MS <= gap <= INTERVAL_MS * 5 // 4]
    return near[-1] if near else INTERVAL_MS


def cost_a_year(rate: Decimal, interval: int) -> Decimal:
    """What a short pays a year at a rate of one interval: longs pay shorts when the rate is positive.

    Args:
        rate: of one interval, as a fraction.
        interval: in ms.
    """
    return -rate * YEAR_MS / interval


def figures(
    payments: Sequence[FundingPayment], instrument: Instrument, now_ms: int, window_ms: int
) -> FundingFigures | None:
    """What was paid in the trailing window; None when nothing was.

    A younger short is averaged over the time that it was held: the first payment stands for one interval.

    Args:
        payments: oldest first; those that are older than the window do not count.
        instrument: what the short is in.
        now_ms: venue time.
        window_ms: of the trailing average.
    """
    begin_ms = now_ms - window_ms
    within = [payment for payment in payments if begin_ms < payment.time_ms]
    if not within:
        return None
    held_ms = now_ms - within[0].time_ms + interval_ms(payments)
    known = [rate for payment in within if (rate := _rate(payment, instrument)) is not None]
    span_ms = min(held_ms, window_ms)
    return FundingFigures(
        amount=sum((payment.amount for payment in within), ZERO),
        asset=within[-1].asset,
        payments=len(within),
        since_ms=within[0].time_ms,
        cost_a_year=sum(known, ZERO) * len(within) / len(known) * YEAR_MS / span_ms if known else None,
    )


def _rate(payment: FundingPayment, instrument: Instrument) -> Decimal | None:
    """The cost of one payment as a fraction of the short at that time; None when nobody saw the short then."""
    if payment.short is None or payment.mark is None or payment.short <= 0 or payment.mark <= 0:
        return None
    match instrument.kind:
        case ContractKind.LINEAR:
            worth = instrument.notional(payment.short, payment.mark)
        case ContractKind.INVERSE:
            worth = instrument.coins(payment.short, payment.mark)
        case _:
            assert_never(instrument.kind)
    return -payment.amount / worth


def over_budget(cost: Decimal | None, policy: FundingPolicy) -> bool:
    """Whether a cost a year is above what the user wants to be told of."""
    return cost is not None and cost > policy.max_apr


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingMemory:
    """The trailing cost of a hedge that closes on it; empty for any other.

    Attributes:
        samples: our clock and the cost a year at that time, oldest first.
        closed: the short is closed because of it.
    """

    samples: tuple[tuple[int, Decimal], ...] = ()
    closed: bool = False

    def to_dict(self) -> dict[str, str]:
        """As text, for the journal."""
        kept = {"closed": "yes"} if self.closed else {}
        if self.samples:
            kept["samples"] = " ".join(f"{plain(cost)}@{at_ms}" for at_ms, cost in self.samples)
        return kept

    @classmethod
    def from_dict(cls, values: Mapping[str, str]) -> FundingMemory:
        """Read `to_dict` back.

        Raises:
            ValueError: a value is not of our form.
        """
        pairs = [entry.partition("@") for entry in values.get("samples", "").split()]
        samples = tuple((int(at_ms), decimal_of(cost)) for cost, _, at_ms in pairs)
        return cls(samples=samples, closed=values.get("closed") == "yes")

    def average(self) -> Decimal:
        """Of the samples; there are some."""
        return sum((cost for _, cost in self.samples), ZERO) / len(self.samples)


def watch(memory: FundingMemory, cost: Decimal | None, now_ms: int, policy: FundingPolicy) -> FundingMemory:
    """Carry the trailing cost on, and decide by it. One rate never does: the whole window must be there.

    Args:
        memory: what the last call returned.
        cost: a year, at the rate of now; None when no rate is told.
        now_ms: our clock.
        policy: what the user allowed.
    """
    if policy.close_above is None or policy.reopen_below is None:
        return FundingMemory()
    window_ms = int(policy.window_s * 1000)
    spacing_ms = window_ms // SAMPLES
    last_ms = memory.samples[-1][0] if memory.samples else None
    if cost is None or (last_ms is not None and now_ms - last_ms < spacing_ms):
        return memory
    samples = (*((at, one) for at, one in memory.samples if now_ms - window_ms <= at <= now_ms), (now_ms, cost))
    after = FundingMemory(samples=samples, closed=memory.closed)
    if len(samples) < SAMPLES_MIN or samples[0][0] > now_ms - window_ms + 2 * spacing_ms:
        return after
    average = after.average()
    closed = average >= policy.reopen_below if memory.closed else average > policy.close_above
    return FundingMemory(samples=samples, closed=closed)
