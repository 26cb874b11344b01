"""What goes wrong on the way of a step: each move and each order once, the hedge whole at the end (R17 to R22, R27)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from bot import logs
from bot.domain.control import Control, ControlKind
from bot.domain.intent import IntentState
from bot.domain.ladder import StepKind, StepState
from bot.domain.moves import MoveKind, MoveState
from bot.domain.orders import Side
from bot.journal.store import SqlJournal
from bot.paper.faults import Fault, FaultKind
from bot.ports import REDUCTIONS
from tests.ladder.rally import SPOT, Rally, tell, wealth
from tests.sim.stage import KEY

RISEN = D(140_000)
TOP_UP, REDUCE = "top_up = true", "reduce = true"
MONEY = wealth("binance", coins="1", spot="100000", margin="101000")
NONE = wealth("binance", coins="1", spot="0", margin="101000")
TRANSFER, MARGIN = ("/sapi/v1/asset/transfer", "/fapi/v1/positionMargin")
SALE, ORDER = ("/api/v3/order", "/fapi/v1/order")
Story = Callable[[Rally], Coroutine[Any, Any, None]]


def struck(path: str, kind: FaultKind, *, count: int = 1, then_s: float = 120, delay_s: float = 0) -> Story:
    """The price rises, and requests on the way of the step suffer."""

    async def story(rally: Rally) -> None:
        fault = Fault(venue="binance", path=path, kind=kind, method="POST", count=count, delay_s=delay_s)
        rally.stage.world.faults.add(fault)
        await rally.at(RISEN, then_s)

    return story


def run(folder: Path, ladder: str, starting: Any, story: Story) -> Rally:  # noqa: ANN401 - of `wealth`
    return tell(folder, "binance", ladder, starting, story, interval_s=5)


def test_a_sale_waits_while_spot_orders_are_paused_and_is_not_recorded_as_refused(tmp_path: Path) -> None:
    async def story(rally: Rally) -> None:
        rally.stage.wall("main", "spot", 60)
        await rally.at(RISEN, 50)
        assert rally.steps[-1].state is StepState.OPEN
        assert not rally.stage.intents(symbol=SPOT)
        await rally.stage.run(120)
        sales = rally.stage.intents(symbol=SPOT)
        assert sales
        assert {record.state for record in sales} == {IntentState.FILLED}

    money = wealth("kucoin", coins="1", spot="0", margin="101000")
    rally = tell(tmp_path, "kucoin", REDUCE, money, story, interval_s=5)
    assert rally.steps[-1].state is StepState.DONE
    assert abs(rally.short - rally.coins) <= D("0.002")


def transferred(rally: Rally) -> list[D]:
    """What truly went from the spot wallet to the margin wallet."""
    return [record.amount for record in rally.stage.exchange.account(KEY).transfers]


def done(rally: Rally, kind: MoveKind) -> list[D]:
    return [
        record.move.request.amount
        for record in rally.moves
        if record.state is MoveState.DONE and record.move.request.kind is kind
    ]


def sold(rally: Rally) -> D:
    return sum((trade.quantity for trade in rally.stage.exchange.account(KEY).trades("spot:BTCUSDT")), D(0))


@pytest.mark.parametrize("kind", [FaultKind.DROP_AFTER, FaultKind.HTTP_503_AFTER, FaultKind.TRUNCATED])
@pytest.mark.parametrize("path", [TRANSFER, MARGIN])
def test_r27_a_move_whose_answer_is_lost_is_found_and_not_repeated(tmp_path: Path, path: str, kind: FaultKind) -> None:
    rally = run(tmp_path, TOP_UP, MONEY, struck(path, kind))
    (step,) = rally.steps
    assert step.state is StepState.DONE
    assert {record.state for record in rally.moves} == {MoveState.DONE}
    assert [record.move.request.kind for record in rally.moves] == [MoveKind.TRANSFER, MoveKind.ADD_MARGIN]
    assert transferred(rally) == done(rally, MoveKind.TRANSFER)
    assert rally.position is not None
    assert rally.position.isolated_wallet == 99_999 + done(rally, MoveKind.ADD_MARGIN)[0]
    assert rally.ratio is not None
    assert rally.ratio >= D("1.79999")


@pytest.mark.parametrize("kind", [FaultKind.DROP_BEFORE, FaultKind.HTTP_503])
@pytest.mark.parametrize("path", [TRANSFER, MARGIN])
def test_r22_r27_a_move_that_never_arrived_is_proven_absent_and_made_again(
    tmp_path: Path, path: str, kind: FaultKind
) -> None:
    rally = run(tmp_path, TOP_UP, MONEY, struck(path, kind))
    (step,) = rally.steps
    assert step.state is StepState.DONE
    (lost,) = [record for record in rally.moves if record.state is MoveState.NO_EFFECT_PROVEN]
    assert lost.updated_ms > lost.move.deadline_ms + 30_000
    (again,) = [
        record for record in rally.moves if record.move.request.kind is lost.move.request.kind and record != lost
    ]
    assert again.move.created_ms >= lost.updated_ms, "nothing moved while it was unknown"
    assert again.move.request.amount != lost.move.request.amount
    assert transferred(rally) == done(rally, MoveKind.TRANSFER)
    assert rally.ratio is not None
    assert rally.ratio >= D("1.79999")


@pytest.mark.parametrize("kind", [FaultKind.DROP_AFTER, FaultKind.DROP_BEFORE])
@pytest.mark.parametrize("path", [SALE, ORDER])
def test_r20_r27_a_leg_whose_answer_is_lost_is_looked_for(tmp_path: Path, path: str, kind: FaultKind) -> None:
    rally = run(tmp_path, REDUCE, NONE, struck(path, kind))
    (step,) = rally.steps
    assert step.state is StepState.DONE
    assert sold(rally) == 1 - rally.coins == step.step.coins
    assert rally.short == rally.coins
    assert rally.ratio is not None
    assert rally.ratio >= D("1.79")


def test_a_move_that_the_venue_refuses_ends_the_step_and_is_not_hammered(tmp_path: Path) -> None:
    rally = run(tmp_path, TOP_UP, MONEY, struck(MARGIN, FaultKind.REJECT, then_s=50))
    (step,) = rally.steps
    assert step.state is StepState.FAILED
    assert rally.heard(logs.LADDER_ALARM, "step-failed")
    assert rally.short == 1


def test_after_a_refusal_it_is_tried_again_in_a_minute(tmp_path: Path) -> None:
    rally = run(tmp_path, TOP_UP, MONEY, struck(MARGIN, FaultKind.REJECT, then_s=120))
    assert [record.state for record in rally.steps] == [StepState.FAILED, StepState.DONE]
    assert len(transferred(rally)) == 1, "what is in the margin wallet already need not be moved again"


def test_coins_that_can_not_be_sold_leave_the_hedge_whole_and_are_not_tried_for_ever(tmp_path: Path) -> None:
    some = wealth("binance", coins="1", spot="0", margin="105000")
    rally = run(tmp_path, REDUCE, some, struck(SALE, FaultKind.REJECT, count=100, then_s=300))
    assert [(record.step.kind, record.state) for record in rally.steps] == [(StepKind.REDUCTION, StepState.FAILED)]
    assert rally.heard(logs.LADDER_ALARM, "step-failed")
    assert sold(rally) == 0
    assert rally.coins == 1
    assert rally.short == 1
    bought = [record for record in rally.stage.intents() if record.intent.request.side is Side.BUY]
    assert not bought, "nothing is bought back before the first coins are sold"
    halts = rally.journal(lambda journal: journal.halts())
    assert [halt.code for halt in halts] == [REDUCTIONS], "and that was no fight of orders (R24)"


def test_a_paused_hedge_only_alarms(tmp_path: Path) -> None:
    async def paused(rally: Rally) -> None:
        with SqlJournal.open_beside(rally.stage.journal_path) as journal:
            journal.control(Control(kind=ControlKind.PAUSE, hedge=None, who="ann", why="", since_ms=1))
        await rally.at(RISEN, 60)
        assert not rally.steps
        assert rally.heard(logs.LADDER_ALARM, "low")
        with SqlJournal.open_beside(rally.stage.journal_path) as journal:
            journal.end_controls(rally.stage.clock.now_ms())
        await rally.stage.run(60)

    rally = run(tmp_path, TOP_UP, MONEY, paused)
    assert [record.state for record in rally.steps] == [StepState.DONE]


def test_an_unwind_passes_a_step_that_is_under_way(tmp_path: Path) -> None:
    async def unwound(rally: Rally) -> None:
        fault = Fault(venue="binance", path=MARGIN, kind=FaultKind.DROP_BEFORE, method="POST")
        rally.stage.world.faults.add(fault)
        await rally.at(RISEN, 20)
        with SqlJournal.open_beside(rally.stage.journal_path) as journal:
            journal.control(Control(kind=ControlKind.UNWIND, hedge=None, who="ann", why="", since_ms=1))
        await rally.stage.run(120)

    rally = run(tmp_path, TOP_UP, MONEY, unwound)
    assert rally.short == 0
    (step,) = rally.steps
    assert step.state is StepState.FAILED
    assert "being closed" in step.detail


def test_r27_a_fast_rise_is_answered_before_the_rung_is_reached(tmp_path: Path) -> None:
    async def fast(rally: Rally) -> None:
        for price in range(101_000, 122_000, 1_000):
            await rally.at(D(price), 10)

    rally = run(tmp_path, TOP_UP, MONEY, fast)
    assert rally.steps
    assert rally.steps[0].step.ratio > D("1.5")
    assert rally.heard(logs.LADDER_ALARM, "far")


def test_a_reserve_stays_and_what_is_missing_is_told(tmp_path: Path) -> None:
    rally = run(tmp_path, f'{TOP_UP}, reserve = "90000"', MONEY, struck(MARGIN, FaultKind.DELAY, then_s=60))
    (step,) = rally.steps
    assert step.state is StepState.DONE
    assert transferred(rally)[0] < 10_001
    assert rally.stage.exchange.account(KEY).balance("spot", "USDT").total >= 90_000


def test_switched_off_the_missing_money_is_told(tmp_path: Path) -> None:
    rally = run(tmp_path, "", MONEY, struck(MARGIN, FaultKind.DELAY, then_s=30))
    assert not rally.steps
    (first, *_) = rally.heard(logs.LADDER_ALARM, "missing")
    assert "53,010.00 USDT of margin are missing, no automatic step is switched on" in str(first["reason"])


ADDING = {"okx": "/api/v5/account/position/margin-balance", "kucoin": "/api/v1/position/margin/deposit-margin"}


@pytest.mark.parametrize("cut", [False, True], ids=["", "and the power goes"])
@pytest.mark.parametrize("kind", [FaultKind.DROP_AFTER, FaultKind.DROP_BEFORE])
@pytest.mark.parametrize("exchange", ["okx", "kucoin"])
def test_r27_margin_whose_answer_is_lost_is_found_elsewhere_too(
    tmp_path: Path, exchange: str, kind: FaultKind, cut: bool
) -> None:
    async def story(rally: Rally) -> None:
        fault = Fault(venue=exchange, path=ADDING[exchange], kind=kind, method="POST")
        rally.stage.world.faults.add(fault)
        await rally.at(RISEN, 30 if cut else 120)
        if cut:
            assert rally.moves
            rally.stage.restart()
            await rally.stage.run(120)

    rich = wealth(exchange, coins="1", spot="100000", margin="101000")
    rally = tell(tmp_path, exchange, TOP_UP, rich, story, interval_s=5)
    (step,) = rally.steps
    assert step.state is StepState.DONE
    states = [record.state for record in rally.moves if record.move.request.kind is MoveKind.ADD_MARGIN]
    repeated = [MoveState.NO_EFFECT_PROVEN, MoveState.DONE]
    assert states == ([MoveState.DONE] if kind is FaultKind.DROP_AFTER else repeated)
    assert rally.ratio is not None
    assert D("1.79999") < rally.ratio < D("1.801"), "added once"
