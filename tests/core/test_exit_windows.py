"""By which bars the signals look back: the shortest window that settings allow can be judged at any time."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.exit_windows import BARS_LEAST, HOURLY_MAX_MS, bar_ms, lookback
from bot.core.signals import SignalsMemory, judge
from bot.domain.exits import SignalKind, SignalRule
from bot.domain.usd import DAY_MS, HOUR_MS
from tests.core.exits import BTC, NOW, POLICY, bars, usd


def test_beyond_sixty_days_bars_are_of_a_day() -> None:
    assert bar_ms(0) == bar_ms(60 * DAY_MS) == HOUR_MS
    assert bar_ms(60 * DAY_MS + 1) == DAY_MS
    assert HOURLY_MAX_MS == 60 * DAY_MS
    assert [lookback(kind, DAY_MS) for kind in (SignalKind.DRAWDOWN, SignalKind.VOLATILITY)] == [DAY_MS, 4 * DAY_MS]


@pytest.mark.parametrize("kind", [SignalKind.DRAWDOWN, SignalKind.AVERAGE, SignalKind.VOLATILITY])
@pytest.mark.parametrize("bar", [HOUR_MS, DAY_MS])
@pytest.mark.parametrize(("count", "always"), [(BARS_LEAST, True), (1, False)])
def test_the_shortest_window_is_known_at_any_time(kind: SignalKind, bar: int, *, count: int, always: bool) -> None:
    window_ms = count * bar * HOUR_MS // lookback(kind, HOUR_MS)
    policy = replace(POLICY, signals=(SignalRule(kind=kind, exit=D("0.2"), back=D("0.1"), window_ms=window_ms),))
    known = []
    for step in range(100):
        now_ms = NOW + step * bar // 7
        told, _ = judge(
            SignalsMemory(),
            policy,
            price=usd(BTC, D(100), now_ms),
            second=D(100),
            bars=bars(*["100"] * 100, end_ms=now_ms // bar * bar, bar_ms=bar),
            bar_ms=bar,
            now_ms=now_ms,
        )
        known.append(told.views[0].value is not None)
    assert all(known) is always
