"""Must hold: a price that rises 4.4 times over months, a 1x linear short, the margin ladder on and off (R27)."""

from __future__ import annotations

from decimal import Decimal as D
from pathlib import Path

import pytest

from bot import logs
from bot.domain.ladder import StepKind, StepState
from bot.domain.moves import MoveKind, MoveState
from bot.paper.engine.model import RowKind
from tests.ladder.rally import FIRST, PERP, SPOT, Rally, climb, tell, wealth
from tests.sim.stage import KEY

DAYS = {"binance": 60, "okx": 12, "kucoin": 12}
"""Two months; on the other venues the same way in larger steps."""


async def rise(rally: Rally) -> None:
    """The whole way up, with funding; at its end the value is where it was, but for funding, fees and execution."""
    began = sum((row.quantity * (FIRST if row.asset == "BTC" else 1) for row in rally.before), D(0))
    for number, price in enumerate(climb("4.4", DAYS[rally.stage.exchange_name])):
        await rally.at(price, funding="0.0001" if number % 2 else "-0.00005")
        assert rally.stage.process.failure is None
        assert rally.short == rally.coins, "the hedge is whole at the end of each day"
    said = await rally.told()
    assert not said.unexplained
    assert said.pnl.residual == 0
    assert said.effectiveness == 1
    # Spot and perp undo each other to the cent, and what is left is told to the last digit.
    assert said.pnl.spot == -said.pnl.perp != 0
    assert said.pnl.funding > 0
    change = said.pnl.funding + said.pnl.execution - said.pnl.fees - rally.sold_below()
    assert abs(rally.worth - began - change) < D("0.0000001")
    assert abs(change - said.pnl.funding) < FIRST * D("0.005"), "half a percent for two months and a price x4.4"
    assert not liquidated(rally)
    assert rally.lowest > D("1.25")


def liquidated(rally: Rally) -> bool:
    """Whether the venue ever closed the position."""
    return any(row.kind is RowKind.INSURANCE_CLEAR for row in rally.stage.exchange.account(KEY).ledger)


@pytest.mark.parametrize("exchange", ["binance", "okx", "kucoin"])
def test_r27_with_stablecoins_enough_it_is_topped_up_and_no_coin_is_sold(tmp_path: Path, exchange: str) -> None:
    """4.7 times the first notional carry a rise of 4.4 times."""
    rich = wealth(exchange, coins="1", spot="470000", margin="101000")
    rally = tell(tmp_path, exchange, "top_up = true", rich, rise)
    assert rally.short == 1
    assert rally.steps
    assert {record.step.kind for record in rally.steps} == {StepKind.TOP_UP}
    assert {record.state for record in rally.steps} == {StepState.DONE}
    assert {record.state for record in rally.moves} == {MoveState.DONE}
    moved = [record.move.request.amount for record in rally.moves]
    assert len(set(moved)) == len(moved), "no two amounts are the same"
    kinds = {record.move.request.kind for record in rally.moves}
    assert kinds == ({MoveKind.ADD_MARGIN} if exchange == "okx" else {MoveKind.ADD_MARGIN, MoveKind.TRANSFER})
    assert rally.heard(logs.LADDER_ALARM, "low")
    assert not rally.journal(lambda journal: journal.halts())


@pytest.mark.parametrize("exchange", ["binance", "okx", "kucoin"])
def test_r27_with_none_spot_and_short_shrink_together(tmp_path: Path, exchange: str) -> None:
    poor = wealth(exchange, coins="1", spot="0", margin="101000")
    rally = tell(tmp_path, exchange, "reduce = true", poor, rise)
    assert D("0.2") < rally.short < D("0.4")
    assert len(rally.steps) >= 4
    assert {record.step.kind for record in rally.steps} == {StepKind.REDUCTION}
    assert {record.state for record in rally.steps} == {StepState.DONE}
    for record in rally.steps:
        legs = rally.journal(lambda journal, step=record.step: journal.legs(step.step_id))  # type: ignore[misc]
        assert {leg.intent.request.symbol for leg in legs} == {PERP, SPOT}
        assert all(leg.intent.request.reduce_only is (leg.intent.request.symbol == PERP) for leg in legs)
        assert all(leg.settled for leg in legs)
    assert not rally.journal(lambda journal: journal.halts())


def test_r25_r27_switched_off_it_is_told_from_one_and_a_half_on_and_a_liquidation_is_no_loop(tmp_path: Path) -> None:
    async def off(rally: Rally) -> None:
        for price in climb("4.4", 30):
            before = len(rally.heard(logs.LADDER_ALARM))
            await rally.at(price)
            ratio = rally.ratio
            if ratio is not None and ratio <= D("1.5"):
                assert len(rally.heard(logs.LADDER_ALARM)) > before, f"nothing was said at {ratio}"

    poor = wealth("binance", coins="1", spot="0", margin="250000")
    rally = tell(tmp_path, "binance", "", poor, off)
    assert liquidated(rally)
    assert rally.short == 0
    assert rally.coins == 1
    assert not rally.steps
    assert rally.heard(logs.LADDER_ALARM, "low")
    assert rally.heard(logs.LADDER_ALARM, "critical")
    assert rally.heard(logs.HEDGE_HALTED, "liquidation")
    (halt,) = rally.journal(lambda journal: journal.halts())
    assert halt.code == "liquidation"
    sent = rally.stage.exchange.account(KEY).orders("linear:BTCUSDT")
    ours = [order for order in sent if not order.client_id.startswith("autoclose-")]
    assert len(ours) == 1, "the one that opened it; nothing was sent after the liquidation, though margin was free"
    assert len(sent) == 2
