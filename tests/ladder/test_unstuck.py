"""A step that can't go on keeps neither the hedge from its coins nor free money from the margin (R8, R23, R27)."""

from __future__ import annotations

from decimal import Decimal as D
from pathlib import Path

from bot import logs
from bot.domain.control import Control, ControlKind
from bot.domain.ladder import StepKind, StepState
from bot.domain.moves import MoveState
from bot.journal.store import SqlJournal
from bot.paper.faults import Fault, FaultKind
from bot.ports import REDUCTIONS
from tests.ladder.rally import MAIN, SPOT, Rally, tell, wealth
from tests.sim.stage import KEY

RISEN = D(140_000)
FOREVER = 100_000
BRACKETS, DEPTH, ORDER = "/fapi/v1/leverageBracket", "/api/v3/depth", "/fapi/v1/order"
ADDING = "/api/v1/position/margin/deposit-margin"


def control(rally: Rally, kind: ControlKind) -> None:
    with SqlJournal.open_beside(rally.stage.journal_path) as journal:
        journal.control(Control(kind=kind, hedge=None, who="ann", why="", since_ms=1))


def resume(rally: Rally) -> None:
    with SqlJournal.open_beside(rally.stage.journal_path) as journal:
        journal.end_controls(rally.stage.clock.now_ms())


def lose(folder: Path) -> None:
    for kept in folder.glob("journal.db*"):
        kept.unlink()


def dead(rally: Rally, path: str) -> None:
    rally.stage.world.faults.add(Fault(venue="binance", path=path, kind=FaultKind.HTTP_503, count=FOREVER))


def test_r27_a_margin_that_is_not_known_keeps_the_hedge_from_its_coins_for_two_minutes_only(tmp_path: Path) -> None:
    async def story(rally: Rally) -> None:
        rally.stage.world.set_price("BTC", RISEN)
        assert await rally.stage.until(lambda _: bool(rally.moves), within_s=120, step_s=0.02)
        rally.stage.cut()
        dead(rally, BRACKETS)
        rally.stage.start()
        rally.stage.exchange.deposit(KEY, "spot", "BTC", D("0.1"))
        await rally.stage.run(180)
        assert rally.steps[-1].state is StepState.OPEN

    rich = wealth("binance", coins="1", spot="100000", margin="121000")
    rally = tell(tmp_path, "binance", "top_up = true", rich, story, interval_s=5)
    assert rally.short == rally.coins == D("1.1")
    assert rally.heard(logs.LADDER_ALARM, "stuck")


def test_r27_a_closed_position_ends_the_move_for_its_margin_and_the_hedge_opens_again(tmp_path: Path) -> None:
    async def story(rally: Rally) -> None:
        lost = Fault(venue="kucoin", path=ADDING, kind=FaultKind.DROP_BEFORE, method="POST")
        rally.stage.world.faults.add(lost)
        await rally.at(RISEN, 15)
        assert [record.state for record in rally.moves] == [MoveState.UNKNOWN]
        rally.stage.restart()  # the venue's own figure was known to the first process only
        control(rally, ControlKind.UNWIND)
        await rally.stage.run(60)
        assert not rally.short
        assert rally.moves[-1].detail.startswith("the position is closed")
        assert rally.steps[-1].state is StepState.FAILED
        resume(rally)
        await rally.stage.run(60)

    rich = wealth("kucoin", coins="1", spot="100000", margin="251000")
    rally = tell(tmp_path, "kucoin", "top_up = true", rich, story, interval_s=5)
    assert rally.short == rally.coins == 1


def test_r27_nothing_of_the_ladder_leaves_before_a_fresh_journal_has_settled(tmp_path: Path) -> None:
    async def story(rally: Rally) -> None:
        rally.stage.cut()
        lose(tmp_path)
        rally.stage.world.set_price("BTC", RISEN)
        began_ms = rally.stage.clock.now_ms()
        rally.stage.start()
        await rally.stage.run(60)
        sold = rally.journal(lambda journal: journal.fills(MAIN, SPOT))
        assert sold
        assert sold[0][0].time_ms >= began_ms + 20_000

    poor = wealth("binance", coins="1", spot="0", margin="101000")
    tell(tmp_path, "binance", "reduce = true", poor, story, interval_s=5, extra='settle_s = "20"')


def test_r27_a_dead_spot_market_keeps_no_money_from_the_margin(tmp_path: Path) -> None:
    async def story(rally: Rally) -> None:
        dead(rally, DEPTH)
        await rally.at(RISEN, 30)

    rich = wealth("binance", coins="1", spot="100000", margin="101000")
    rally = tell(tmp_path, "binance", "reduce = true, top_up = true", rich, story, interval_s=5)
    assert [(record.step.kind, record.state) for record in rally.steps] == [(StepKind.TOP_UP, StepState.DONE)]


def test_r27_coins_sold_while_nothing_can_be_bought_back_are_told_at_once(tmp_path: Path) -> None:
    async def story(rally: Rally) -> None:
        refused = Fault(venue="binance", path=ORDER, kind=FaultKind.REJECT, method="POST", count=FOREVER)
        rally.stage.world.faults.add(refused)
        await rally.at(RISEN, 30)
        assert rally.short > rally.coins
        assert rally.heard(logs.LADDER_ALARM, "step-failed")
        rally.stage.world.faults.clear()
        await rally.stage.run(600)

    poor = wealth("binance", coins="1", spot="0", margin="101000")
    rally = tell(tmp_path, "binance", "reduce = true", poor, story, interval_s=5)
    assert [record.state for record in rally.steps] == [StepState.FAILED], "not begun again before a person looked"
    assert rally.short == rally.coins == D("0.978"), "the hedge has bought it back"


def test_r27_a_dead_spot_market_ends_a_reduction_in_time_and_free_money_is_added(tmp_path: Path) -> None:
    async def story(rally: Rally) -> None:
        rally.stage.world.set_price("BTC", RISEN)
        rally.note()
        assert await rally.stage.until(lambda _: rally.short < 1, within_s=120, step_s=0.02)
        dead(rally, DEPTH)
        await rally.stage.run(18 * 60)

    some = wealth("binance", coins="1", spot="20000", margin="101000")
    rally = tell(tmp_path, "binance", "reduce = true, top_up = true", some, story, interval_s=5)
    first, *later = [(record.step.kind, record.state) for record in rally.steps]
    assert first == (StepKind.REDUCTION, StepState.FAILED)
    assert [halt.code for halt in rally.journal(lambda journal: journal.halts())] == [REDUCTIONS]
    assert (StepKind.TOP_UP, StepState.DONE) in later
    assert rally.stage.exchange.account(KEY).balance("spot", "USDT").total < 1
    assert rally.short == rally.coins
