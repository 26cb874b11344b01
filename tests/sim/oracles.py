"""All oracles of a simulation (the list of what must always hold), by the numbers of the fault catalogue.

| | holds |
|---|---|
| O1 | never over-hedged by more than one step plus what is in flight |
| O2 | every order of ours has exactly one intent, and the reverse |
| O3 | nothing is sent without a durable intent of the current epoch |
| O4 | no risk is added while an intent on the instrument is UNKNOWN |
| O5 | hedged again within a bound after faults stop |
| O6 | a restart on target sends nothing |
| O7 | nothing is decided on data that are older than allowed, or implausible |
| O8 | the position never flips to long |
| O9 | no call during a ban, no window limit broken |
| O10 | no secret in any output |
| O11 | turnover is bounded by what changed |
| O12 | an alarm for every halt within 30 s, and for a hedge that stays naked |
| O13 | nothing ends in an error of our own making |
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from bot.domain.numbers import ZERO
from tests.sim.oracles_hedge import AlarmForEveryHalt, BoundedTurnover, HedgedAgain, QuietRestart
from tests.sim.oracles_orders import (
    AGE_MAX_MS,
    DurableFirst,
    NeverLong,
    NeverOverHedged,
    NoIncreaseWhileUnknown,
    OneIntentEach,
)
from tests.sim.oracles_reading import FreshReadings, NoBug, NoSecret, WithinLimits
from tests.sim.trace import Oracle


def all_oracles(
    *,
    secrets: Iterable[str],
    bound_ms: int = 180_000,
    naked_ms: int = 240_000,
    proof_grace_ms: int = 30_000,
    foreign_grace_ms: int = 600_000,
    age_max_ms: int = AGE_MAX_MS,
    orders_per_minute: int = 20,
    notional_per_hour: Decimal = Decimal(1_000_000),
    least_notional: Decimal = ZERO,
    ladder: bool = False,
) -> tuple[Oracle, ...]:
    """Every oracle, anew, O1 first. The arguments are what the settings of the simulated bot say.

    Args:
        secrets: keys, secrets and passwords of the bot.
        bound_ms: of O5; longer than dwell and proof of absence together.
        naked_ms: of O12.
        proof_grace_ms: `proof_grace_s`.
        foreign_grace_ms: `foreign_grace_s`.
        age_max_ms: `age_max_s`.
        orders_per_minute: of the caps.
        notional_per_hour: of the caps.
        least_notional: smallest order that the venue takes, in quote.
        ladder: the margin ladder may reduce a hedge that is on its target.
    """
    return (
        NeverOverHedged(age_max_ms=age_max_ms),
        OneIntentEach(),
        DurableFirst(),
        NoIncreaseWhileUnknown(proof_grace_ms=proof_grace_ms),
        HedgedAgain(bound_ms=bound_ms, foreign_grace_ms=foreign_grace_ms, least_notional=least_notional),
        QuietRestart(ladder=ladder),
        FreshReadings(age_max_ms=age_max_ms),
        NeverLong(),
        WithinLimits(),
        NoSecret(secrets=secrets),
        BoundedTurnover(orders_per_minute=orders_per_minute, notional_per_hour=notional_per_hour, ladder=ladder),
        AlarmForEveryHalt(naked_ms=naked_ms, least_notional=least_notional),
        NoBug(),
    )
