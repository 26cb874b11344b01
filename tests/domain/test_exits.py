"""What a stablecoin hedge can't be told."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.domain.exits import CrossingCause, CrossingKind, ExitPolicy, SignalKind, SignalRule
from tests.core.exits import BTC, POLICY, USDC, USDT, record_of
from tests.core.test_owned import crossing

WINDOW = 3_600_000


@pytest.mark.parametrize("kind", [SignalKind.DRAWDOWN, SignalKind.VOLATILITY, SignalKind.AVERAGE])
@pytest.mark.parametrize(("back", "window"), [("0.15", WINDOW), ("0.2", WINDOW), ("0.1", 0)])
def test_what_exits_above_must_be_over_below_and_look_back(kind: SignalKind, back: str, window: int) -> None:
    with pytest.raises(ValueError, match=r"wrong order|does not fit"):
        SignalRule(kind=kind, exit=D("0.15"), back=D(back), window_ms=window)


@pytest.mark.parametrize(("told", "back", "window"), [("9", "9", 0), ("9", "8", 0), ("0", "8", 0), ("9", "10", WINDOW)])
def test_a_price_exits_below_and_is_over_above(told: str, back: str, window: int) -> None:
    with pytest.raises(ValueError, match=r"wrong order|does not fit"):
        SignalRule(kind=SignalKind.PRICE, exit=D(told), back=D(back), window_ms=window)


@pytest.mark.parametrize(
    "change",
    [
        {"basket": {USDT: D("0.5"), USDC: D("0.4")}},
        {"basket": {USDT: D("1.5"), USDC: D("-0.5")}},
        {"basket": {BTC: D(1)}},
        {"signals": (*POLICY.signals, *POLICY.signals)},
        {"fraction": D(0)},
        {"fraction": D("1.01")},
        {"floor": D("-0.1")},
    ],
)
def test_a_policy_that_could_never_be_meant(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="calm"):
        replace(POLICY, **change)  # type: ignore[arg-type]
    assert isinstance(POLICY, ExitPolicy)


@pytest.mark.parametrize(
    "change",
    [
        {"coins": D(0)},
        {"coins": D(-1)},
        {"source": USDT},
        {"source": USDT, "target": USDC},
        {"cause": CrossingCause.DEPEG},
        {"kind": CrossingKind.ENTER},
        {"kind": CrossingKind.SWAP, "coins": D(0), "cause": CrossingCause.DEPEG, "source": USDT, "target": USDT},
        {"kind": CrossingKind.SWAP, "coins": D(0), "source": USDT, "target": USDC},
    ],
)
def test_a_crossing_that_contradicts_itself(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="one"):
        replace(crossing(), **change)  # type: ignore[arg-type]


def test_without_anything_exchanged_there_is_no_average() -> None:
    assert record_of(crossing()).average is None
