"""Coins whose price is below 1 are hedged as any other (R1, R2, R28)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.closing import closing_cost
from bot.core.margin import liquidation_price
from bot.domain.instrument import Instrument
from bot.domain.observation import Prices, Stamp
from tests.core.instruments import INVERSE, LINEAR, PERP, position_of

STAMP = Stamp(sent_ms=0, answered_ms=0)
PRICES = Prices(
    symbol=PERP,
    mark=D("0.5"),
    index=None,
    bid=D("0.4"),
    ask=D("0.6"),
    funding_rate=None,
    stamp=STAMP,
)


@pytest.mark.parametrize(
    ("instrument", "notional", "realized"),
    [(LINEAR, D(500), D(300)), (INVERSE, D(100_000), D(75_000))],
)
def test_what_closing_a_short_in_a_cheap_coin_costs(instrument: Instrument, notional: D, realized: D) -> None:
    position = replace(position_of("-1000", STAMP), entry_price=D("0.8"))
    cost = closing_cost(instrument, position, PRICES, D(0))
    assert cost is not None
    assert (cost.notional, cost.realized) == (notional, realized)
    unknown = closing_cost(instrument, replace(position, entry_price=D(0)), PRICES, D(0))
    assert unknown is not None
    assert unknown.realized is None


def test_r28_a_short_in_a_cheap_coin_is_liquidated_below_1() -> None:
    # 1,000 sold at 0.5 with 250 behind them.
    assert liquidation_price(LINEAR, D(-1000), D("0.5"), D(250), D(0)) == D("0.75")
    assert liquidation_price(LINEAR, D(-1000), D("0.5"), D(500), D(0)) == 1
    assert liquidation_price(LINEAR, D(1000), D("0.5"), D(500), D(0)) is None
