"""What values tell of themselves: orders as JSON, moves that are over, positions that are flat."""

from __future__ import annotations

import json
from decimal import Decimal as D

import pytest

from bot.domain.ids import Symbol, VenueName
from bot.domain.moves import MoveState
from bot.domain.observation import FlatProof, Position, Stamp
from bot.domain.orders import OrderRequest, Side, TimeInForce
from bot.domain.plan import PlannedOrder, order_facts

SYMBOL = Symbol("BTC/USDT:USDT")


def test_an_order_tells_plain_digits() -> None:
    request = OrderRequest(
        venue=VenueName("main"),
        symbol=SYMBOL,
        side=Side.SELL,
        contracts=D("1E+3"),
        price=D("99700.1"),
        time_in_force=TimeInForce.IOC,
        reduce_only=False,
    )
    order = PlannedOrder(request=request, coins=D("1E-7"), notional=D("0.00997001"), fee_estimate=D("5E-6"))
    facts = order_facts(order)
    assert json.loads(json.dumps(facts)) == facts
    assert (facts["venue"], facts["symbol"], facts["side"], facts["reduce_only"]) == ("main", SYMBOL, "sell", False)
    assert (facts["quantity"], facts["contracts"]) == ("0.0000001", "1000")
    assert [facts[name] for name in ("price_collar", "notional", "fee_estimate")] == [
        "99700.1",
        "0.00997001",
        "0.000005",
    ]


@pytest.mark.parametrize("state", MoveState)
def test_a_move_of_unknown_end_is_not_over(state: MoveState) -> None:
    assert state.terminal is (state not in {MoveState.ARMED, MoveState.UNKNOWN})


def test_r9_a_flat_position_holds_nothing_but_its_proof() -> None:
    stamp = Stamp(sent_ms=1, answered_ms=2)
    flat = Position.flat(SYMBOL, FlatProof.ZERO_ROW, stamp, other_side=D(2))
    assert (flat.contracts, flat.other_side, flat.proof, flat.stamp) == (D(0), D(2), FlatProof.ZERO_ROW, stamp)
    told = (flat.entry_price, flat.mark_price, flat.liquidation_price, flat.isolated_wallet, flat.raw_notional)
    assert set(told) == {None}
    assert Position.flat(SYMBOL, FlatProof.ACCOUNT, stamp).other_side == 0
