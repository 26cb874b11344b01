"""Which prices in US dollars may be believed, and what the believed ones say (R12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final

from bot.domain.numbers import ONE, ZERO, decimal_of
from bot.domain.observation import Unknown
from bot.domain.usd import HOUR_MS, UsdBar, UsdPrice

AGREEMENT: Final = Decimal("0.02")
"""A price and its second source agree within this fraction."""
JUMP: Final = Decimal("0.05")
"""Without a second source, a larger change since the last believed price needs three readings that agree."""
READINGS: Final = 3
READINGS_AGREE: Final = Decimal("0.01")
COVERED: Final = Decimal("0.8")
"""So much of a window must be known, or the signal is not."""
LATE_BARS: Final = 3
"""A history whose newest bar ended longer ago than so many bars says nothing of today."""
HALF_LIVES: Final = 4
"""What a volatility looks back on; what is older weighs less than a sixteenth."""
_TOLERANCE_HOUR: Final = Decimal("0.05")
_TOLERANCE_MAX: Final = Decimal("0.2")
_YEAR_MS: Final = Decimal(365 * 24 * HOUR_MS)
_HALF: Final = Decimal("0.5")

_ACCEPTED: Final = "accepted"
_PENDING: Final = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class BeliefMemory:
    """What is remembered of a price between decisions.

    Attributes:
        accepted: the last that was believed, in USD; None before the first.
        pending: doubtful ones with the time their reading was sent, oldest first.
    """

    accepted: Decimal | None = None
    pending: tuple[tuple[Decimal, int], ...] = ()

    def to_dict(self) -> dict[str, str]:
        """As text, for the journal."""
        values = {} if self.accepted is None else {_ACCEPTED: str(self.accepted)}
        if self.pending:
            values[_PENDING] = " ".join(f"{price}@{sent_ms}" for price, sent_ms in self.pending)
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, str]) -> BeliefMemory:
        """Read `to_dict` back. Raises ValueError when a value is not of our form."""
        pairs = [entry.partition("@") for entry in values.get(_PENDING, "").split()]
        accepted = values.get(_ACCEPTED)
        return cls(
            accepted=None if accepted is None else decimal_of(accepted),
            pending=tuple((decimal_of(price), int(sent_ms)) for price, _, sent_ms in pairs),
        )


def near(one: Decimal, other: Decimal, fraction: Decimal) -> bool:
    """Whether two prices are within a fraction of the smaller one."""
    return abs(one - other) <= fraction * min(one, other)


def believe(
    memory: BeliefMemory,
    price: UsdPrice | Unknown,
    *,
    second: Decimal | None,
    last_close: Decimal | None,
    now_ms: int,
    age_max_s: Decimal,
) -> tuple[Decimal | None, str, BeliefMemory]:
    """Whether a price may be acted on: when a second source agrees, or three readings do, or nothing jumped.

    Doubt never ends by time alone: nothing is sold because a price that may be wrong has been so for long.

    Args:
        memory: what the last call returned.
        price: USD of one coin.
        second: the same from another source; None: there is none.
        last_close: of the newest believed bar, where nothing else is remembered.
        now_ms: our clock.
        age_max_s: a reading older than this says nothing.

    Returns:
        The price, or None while it is in doubt; the reason; what to remember.
    """
    if isinstance(price, Unknown):
        return None, f"the price is unknown: {price.reason}", memory
    if now_ms - price.stamp.sent_ms > int(age_max_s * 1000):
        return None, "the price is too old", memory
    if price.value <= 0:
        return None, f"the price is {price.value}", memory
    before = memory.accepted if memory.accepted is not None else last_close
    if second is not None and second > 0:
        agreed, doubt = near(price.value, second, AGREEMENT), f"another source tells {second:.8g}"
    elif before is not None:
        agreed, doubt = near(price.value, before, JUMP), f"it jumped from {before:.8g}"
    else:
        agreed, doubt = False, "nothing confirms it"
    if agreed:
        return price.value, "", BeliefMemory(accepted=price.value)
    pending = _with(memory.pending, price)
    newest = [value for value, _ in pending]
    if len(newest) == READINGS and near(min(newest), max(newest), READINGS_AGREE):
        return price.value, "", BeliefMemory(accepted=price.value, pending=pending)
    waiting = f"the price {price.value:.8g} is in doubt: {doubt}; waiting for {READINGS} readings that agree"
    return None, waiting, BeliefMemory(accepted=memory.accepted, pending=pending)


def _with(pending: tuple[tuple[Decimal, int], ...], price: UsdPrice) -> tuple[tuple[Decimal, int], ...]:
    """The newest doubtful readings with this one, unless it was judged before."""
    if pending and price.stamp.sent_ms <= pending[-1][1]:
        return pending
    return (*pending, (price.value, price.stamp.sent_ms))[-READINGS:]


def believed_bars(bars: Sequence[UsdBar], bar_ms: int, price: Decimal | None) -> list[UsdBar]:
    """Bars whose close a neighbour confirms: one that stands alone, far from both, is not believed.

    The longer a bar, the more may really have happened in it: 5 % in an hour, 20 % in a day.

    Args:
        bars: oldest first.
        bar_ms: their length.
        price: of now, as believed: what follows the newest bar; None: nothing does yet.
    """
    tolerance = min(_TOLERANCE_HOUR * (Decimal(bar_ms) / HOUR_MS).sqrt(), _TOLERANCE_MAX)
    closes = [bar.close for bar in bars]
    after = [*closes, price][1:]
    before = [None, *closes][: len(closes)]
    return [
        bar
        for bar, earlier, later in zip(bars, before, after, strict=True)
        if bar.close > 0 and (_confirms(earlier, bar.close, tolerance) or _confirms(later, bar.close, tolerance))
    ]


def _confirms(neighbour: Decimal | None, close: Decimal, tolerance: Decimal) -> bool:
    return neighbour is not None and near(neighbour, close, tolerance)


def within(bars: Sequence[UsdBar], bar_ms: int, window_ms: int, now_ms: int) -> list[UsdBar]:
    """Bars that ended within a window up to now."""
    return [bar for bar in bars if now_ms - window_ms < bar.open_ms + bar_ms <= now_ms]


def covered(bars: Sequence[UsdBar], bar_ms: int, window_ms: int, now_ms: int) -> bool:
    """Whether enough of a window is known, up to now."""
    if not bars or now_ms - (bars[-1].open_ms + bar_ms) > LATE_BARS * bar_ms:
        return False
    return len(bars) * bar_ms >= COVERED * window_ms


def volatility(bars: Sequence[UsdBar], bar_ms: int, half_life_ms: int) -> Decimal:
    """Realised volatility a year: the root of the mean square of simple returns, weighted by their age.

    Source: exponentially weighted moving average without its mean, as RiskMetrics computes it (J.P. Morgan, 1996). A
    return over a gap of k bars counts as k bars of a k-th of its square each.

    Args:
        bars: at least two, oldest first.
        bar_ms: their length.
        half_life_ms: the age at which a return weighs half as much.
    """
    keep = _HALF ** (Decimal(bar_ms) / half_life_ms)
    total, weights = ZERO, ZERO
    for earlier, later in pairwise(bars):
        steps = max((later.open_ms - earlier.open_ms) // bar_ms, 1)
        kept = keep**steps
        change = later.close / earlier.close - ONE
        total = total * kept + (ONE - kept) * change * change / steps
        weights = weights * kept + (ONE - kept)
    return (total / weights * _YEAR_MS / bar_ms).sqrt()
