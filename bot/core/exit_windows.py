"""How far back the signals of a stablecoin hedge look, and by which bars: for settings, readers and signals."""

from __future__ import annotations

from typing import Final

from bot.core import usd_bars
from bot.domain.exits import SignalKind
from bot.domain.usd import DAY_MS, HOUR_MS

HOURLY_MAX_MS: Final = 60 * DAY_MS
"""Up to here prices are looked at by the hour; where any signal looks back further, all of them by the day."""
BARS_LEAST: Final = 3
"""A window of fewer bars is hardly ever known in full, and then its signal can't be judged."""


def lookback(kind: SignalKind, window_ms: int) -> int:
    """How far back bars are of use to a signal; 0 for one that needs none."""
    return window_ms * (usd_bars.HALF_LIVES if kind is SignalKind.VOLATILITY else 1)


def bar_ms(longest_ms: int) -> int:
    """The length of the bars of a hedge whose signals look back so far at most."""
    return HOUR_MS if longest_ms <= HOURLY_MAX_MS else DAY_MS
