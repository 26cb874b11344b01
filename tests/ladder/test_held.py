"""What must not happen on the way of a reduction: idle money, a naked leg, a person who waits (R23, R27)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal as D
from pathlib import Path

import pytest

from bot import logs
from bot.domain.control import Control, ControlKind
from bot.domain.ladder import StepState
from bot.domain.moves import MoveKind, MoveState
from bot.domain.numbers import plain
from bot.domain.orders import Side
from bot.journal.store import SqlJournal
from bot.paper.engine.defaults import Starting
from bot.paper.faults import Fault, FaultKind
from bot.ports import REDUCTIONS
from tests.ladder.rally import Rally, tell, wealth
from tests.sim.stage import KEY

RISEN = D(140_000)
REDUCE = "reduce = true"
NONE = wealth("binance", coins="1", spot="0", margin="101000")
TRANSFER, MARGIN, DEPTH = "/sapi/v1/asset/transfer", "/fapi/v1/positionMargin", "/api/v3/depth"
SPOT_ACCOUNT = "/api/v3/account"
FOREVER = 100_000


def fault(rally: Rally, path: str, kind: FaultKind, *, method: str | None = None, count: int = 1) -> None:
    rally.stage.world.faults.add(Fault(venue="binance", path=path, kind=kind, method=method, count=count))


def lagging(rally: Rally, seconds: float) -> None:
    """The spot wallet goes on showing what it held before."""
    told = Fault(venue="binance", path=SPOT_ACCOUNT, kind=FaultKind.POSITION_LAG, delay_s=seconds, for_s=seconds)
    rally.stage.world.faults.add(told)


async def begun(rally: Rally, *, below: str = "1") -> None:
    """The price rises, and a first part of the short is bought back."""
    rally.stage.world.set_price("BTC", RISEN)
    rally.note()
    assert await rally.stage.until(lambda _: rally.short < D(below), within_s=120, step_s=0.02)


def idle(rally: Rally) -> D:
    return rally.stage.exchange.account(KEY).balance("spot", "USDT").total


def sells(rally: Rally) -> int:
    """Orders that made the short larger."""
    return sum(1 for record in rally.stage.intents() if record.intent.request.side is Side.SELL)


def test_r23_money_of_sales_that_is_not_seen_yet_is_waited_for(tmp_path: Path) -> None:
    async def story(rally: Rally) -> None:
        rally.stage.world.set_price("BTC", RISEN)
        rally.note()
        assert await rally.stage.until(lambda _: rally.coins < 1, within_s=120, step_s=0.02)
        lagging(rally, 15)
        await rally.stage.run(90)

    rally = tell(tmp_path, "binance", REDUCE, NONE, story, interval_s=5)
    (step,) = rally.steps
    assert step.state is StepState.DONE
    assert rally.ratio is not None
    assert rally.ratio >= D("1.79")
    assert idle(rally) < 1_500, "what a reduction brings beyond its target, as it was sized for a worse price"


def test_r27_a_reduction_whose_money_may_not_move_is_not_begun_again_until_a_person_looked(tmp_path: Path) -> None:
    async def story(rally: Rally) -> None:
        fault(rally, TRANSFER, FaultKind.REJECT, method="POST", count=1)
        await rally.at(RISEN, 1_300)
        (step,) = rally.steps
        assert step.state is StepState.FAILED
        assert [halt.code for halt in rally.journal(lambda journal: journal.halts())] == [REDUCTIONS]
        assert any("`hedgebot resume`" in str(said["reason"]) for said in rally.heard(logs.LADDER_ALARM, "missing"))
        assert rally.short == rally.coins, "the hedge itself goes on"
        with SqlJournal.open_beside(rally.stage.journal_path) as journal:
            assert journal.clear_halts(rally.stage.clock.now_ms()) == 1
        await rally.stage.run(60)

    rally = tell(tmp_path, "binance", REDUCE, NONE, story, interval_s=5)
    assert [record.state for record in rally.steps] == [StepState.FAILED, StepState.DONE]


def test_r27_coins_that_no_order_can_sell_are_not_counted_and_nothing_is_bought_back(tmp_path: Path) -> None:
    main: Mapping[str, Starting] = {
        "kucoin": {"main": {"BTC": D(1)}, "trade": {"USDT": D(0)}, "futures": {"USDT": D(101_000)}}
    }

    async def story(rally: Rally) -> None:
        await rally.at(RISEN, 60)

    rally = tell(tmp_path, "kucoin", REDUCE, main, story, interval_s=5)
    assert rally.short == 1
    assert not rally.steps
    assert rally.heard(logs.LADDER_ALARM, "missing")


def test_r27_a_person_s_unwind_never_waits_for_a_move(tmp_path: Path) -> None:
    async def story(rally: Rally) -> None:
        fault(rally, MARGIN, FaultKind.DROP_BEFORE, method="POST")
        fault(rally, f"{MARGIN}/history", FaultKind.HTTP_503, count=FOREVER)
        await rally.at(RISEN, 20)
        assert rally.moves[-1].state is MoveState.UNKNOWN
        with SqlJournal.open_beside(rally.stage.journal_path) as journal:
            journal.control(Control(kind=ControlKind.UNWIND, hedge=None, who="ann", why="", since_ms=1))
        assert await rally.stage.until(lambda _: not rally.short, within_s=30)
        assert rally.steps[-1].state is StepState.OPEN, "as long as the move may still have an effect"

    rich = wealth("binance", coins="1", spot="100000", margin="101000")
    tell(tmp_path, "binance", "top_up = true", rich, story, interval_s=5)


def test_r27_a_move_that_stays_unknown_keeps_the_hedge_from_its_coins_for_two_minutes_only(tmp_path: Path) -> None:
    async def story(rally: Rally) -> None:
        fault(rally, MARGIN, FaultKind.DROP_BEFORE, method="POST")
        fault(rally, f"{MARGIN}/history", FaultKind.HTTP_503, count=FOREVER)
        await rally.at(RISEN, 20)
        rally.stage.exchange.deposit(KEY, "spot", "BTC", D("0.1"))
        await rally.stage.run(180)

    rich = wealth("binance", coins="1", spot="100000", margin="151000")
    rally = tell(tmp_path, "binance", "top_up = true", rich, story, interval_s=5)
    assert rally.moves[-1].move.request.kind is MoveKind.ADD_MARGIN
    assert rally.moves[-1].state is MoveState.UNKNOWN
    assert rally.short == rally.coins == D("1.1")
    assert rally.heard(logs.LADDER_ALARM, "stuck")


def test_a_stop_between_the_legs_of_a_reduction_is_told(tmp_path: Path) -> None:
    async def story(rally: Rally) -> None:
        await begun(rally, below="0.9")
        await rally.stage.stop()
        assert rally.short < rally.coins

    rally = tell(tmp_path, "binance", REDUCE, NONE, story, interval_s=5)
    (told,) = rally.heard(logs.STOP_INCOMPLETE, "reduction")
    assert told["hedge"] == "btc"
    assert f"{plain(rally.coins - rally.short)} contracts" in str(told["reason"])


@pytest.mark.parametrize("ladder", [REDUCE, "top_up = true"])
def test_r27_a_rise_that_was_answered_is_not_answered_again(tmp_path: Path, ladder: str) -> None:
    async def story(rally: Rally) -> None:
        await rally.at(RISEN, 30)
        assert [record.state for record in rally.steps] == [StepState.DONE]
        for tick in (100, -200, 250, 150, -100, 300, 0, 200) * 5:
            await rally.at(RISEN + tick, 15)

    money = wealth("binance", coins="1", spot="0" if ladder == REDUCE else "100000", margin="101000")
    rally = tell(tmp_path, "binance", ladder, money, story, interval_s=5)
    assert len(rally.steps) == 1, "coins are sold, or money is moved, for ticks of the price"


def test_a_stop_after_a_sale_whose_short_is_not_bought_back_is_told(tmp_path: Path) -> None:
    async def story(rally: Rally) -> None:
        rally.stage.world.set_price("BTC", RISEN)
        rally.note()
        assert await rally.stage.until(lambda _: rally.coins < 1, within_s=120, step_s=0.02)
        await rally.stage.stop()
        assert rally.short > rally.coins

    rally = tell(tmp_path, "binance", REDUCE, NONE, story, interval_s=5)
    (told,) = rally.heard(logs.STOP_INCOMPLETE, "reduction")
    assert f"{plain(rally.short - rally.coins)} contracts" in str(told["reason"])
    assert "not bought back" in str(told["reason"])


def test_r27_a_dead_spot_market_leaves_no_more_than_a_tenth_of_a_step_naked(tmp_path: Path) -> None:
    async def story(rally: Rally) -> None:
        await begun(rally)
        fault(rally, DEPTH, FaultKind.HTTP_503, count=FOREVER)
        await rally.stage.run(60)

    rally = tell(tmp_path, "binance", REDUCE, NONE, story, interval_s=5)
    (step,) = rally.steps
    assert rally.short < 1
    assert rally.coins - rally.short <= D("0.11") * step.step.contracts, "a tenth, in whole steps of the contract"


def test_r23_coins_that_are_still_seen_after_their_sale_are_not_hedged_again(tmp_path: Path) -> None:
    async def story(rally: Rally) -> None:
        fault(rally, MARGIN, FaultKind.REJECT, method="POST")
        await begun(rally)
        before = sells(rally)
        lagging(rally, 25)
        await rally.stage.run(90)
        assert sells(rally) == before

    rally = tell(tmp_path, "binance", REDUCE, NONE, story, interval_s=5)
    assert [record.state for record in rally.steps] == [StepState.FAILED]
    assert rally.short == rally.coins
