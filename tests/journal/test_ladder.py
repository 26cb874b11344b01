"""Steps of the margin ladder and the money they move, in the journal (R17, R27)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path

import pytest

from bot.domain.errors import InvariantBroken, JournalFault
from bot.domain.ids import Asset, ClientOrderId, Epoch, HedgeName, Symbol, TradeId, VenueName, client_order_id
from bot.domain.intent import Intent, IntentState
from bot.domain.ladder import LadderStep, StepId, StepKind, StepState
from bot.domain.moves import Move, MoveId, MoveKind, MoveRequest, MoveState
from bot.domain.orders import Side, VenueTrade
from bot.journal.store import SqlJournal

NOW = 1_700_000_000_000
EPOCH = Epoch("abcdefghij")
MAIN, BTC, SPOT = VenueName("main"), Symbol("BTC/USDT:USDT"), Symbol("BTC/USDT")


def made(sequence: int, epoch: Epoch = EPOCH) -> ClientOrderId:
    return client_order_id(epoch, sequence)


def step(sequence: int = 1, *, kind: StepKind = StepKind.REDUCTION, symbol: Symbol = BTC) -> LadderStep:
    reduces = kind is StepKind.REDUCTION
    return LadderStep(
        step_id=StepId(made(sequence)),
        hedge=HedgeName("btc"),
        kind=kind,
        venue=MAIN,
        symbol=symbol,
        spot_symbol=SPOT if reduces else None,
        contracts=D("0.210") if reduces else D(0),
        coins=D("0.21000") if reduces else D(0),
        target=D("1.8"),
        ratio=D("1.4123456789"),
        wallet_before=D("100000.00000001"),
        spot_before=D(1),
        created_ms=NOW,
    )


def move(sequence: int = 2, *, symbol: Symbol = BTC, amount: str = "53008.00000002") -> Move:
    return Move(
        move_id=MoveId(made(sequence)),
        hedge=HedgeName("btc"),
        request=MoveRequest(venue=MAIN, kind=MoveKind.ADD_MARGIN, symbol=symbol, asset=Asset("USDT"), amount=D(amount)),
        created_ms=NOW,
        timestamp_ms=NOW + 5,
        deadline_ms=NOW + 3_005,
    )


def test_a_step_is_kept_to_the_last_digit_and_ends_once(journal: SqlJournal) -> None:
    opened = journal.open_step(step())
    assert opened.state is StepState.OPEN
    assert journal.newest_step(MAIN, BTC) == opened
    assert journal.open_steps() == journal.steps(MAIN, BTC) == (opened,)
    done = replace(opened, state=StepState.DONE, detail="53008 added", updated_ms=NOW + 9)
    journal.end_step(done)
    assert journal.newest_step(MAIN, BTC) == done
    assert not journal.open_steps()
    with pytest.raises(InvariantBroken, match="not open"):
        journal.end_step(done)
    assert journal.newest_step(MAIN, SPOT) is None


def test_r27_one_step_at_a_time_on_a_contract(journal: SqlJournal) -> None:
    opened = journal.open_step(step())
    with pytest.raises(InvariantBroken, match="must not begin"):
        journal.open_step(step(2))
    journal.open_step(step(3, symbol=Symbol("ETH/USDT:USDT")))
    journal.end_step(replace(opened, state=StepState.FAILED))
    again = journal.open_step(step(4, kind=StepKind.TOP_UP))
    assert journal.newest_step(MAIN, BTC) == again
    assert len(journal.steps(MAIN, BTC)) == 2


def test_a_step_that_was_never_opened_can_not_end(journal: SqlJournal) -> None:
    opened = journal.open_step(step())
    with pytest.raises(InvariantBroken):
        journal.end_step(replace(opened, step=step(9)))
    with pytest.raises(InvariantBroken):
        journal.end_step(replace(opened, step=replace(opened.step, coins=D(1))))


@pytest.mark.parametrize(
    "wrong",
    [
        {"contracts": D(0)},
        {"coins": D(0)},
        {"spot_symbol": None},
        {"target": D(1)},
        {"kind": StepKind.TOP_UP},
    ],
)
def test_a_step_that_contradicts_itself_is_not_kept(journal: SqlJournal, wrong: dict[str, object]) -> None:
    with pytest.raises(InvariantBroken, match="contradicts itself"):
        journal.open_step(replace(step(), **wrong))  # type: ignore[arg-type]


def test_r19_steps_and_moves_are_of_this_start(journal: SqlJournal, path: Path) -> None:
    foreign = StepId(made(1, Epoch("bbbbbbbbbb")))
    with pytest.raises(InvariantBroken, match="not of this start"):
        journal.open_step(replace(step(), step_id=foreign))
    journal.open_step(step())
    with pytest.raises(InvariantBroken, match="not of this start"):
        journal.arm_move(replace(move(), move_id=MoveId(foreign)), step().step_id)
    journal.close()
    with SqlJournal.open(path, now_ms=NOW) as later, pytest.raises(InvariantBroken, match="not of this start"):
        later.open_step(step(5))


def test_r19_orders_steps_and_moves_share_one_sequence(journal: SqlJournal, make_intent: Callable[..., Intent]) -> None:
    assert journal.next_sequence() == 1
    journal.open_step(step(1))
    assert journal.next_sequence() == 2
    journal.arm_move(move(2), step().step_id)
    assert journal.next_sequence() == 3
    journal.arm(make_intent(3), step=step().step_id)
    assert journal.next_sequence() == 4


def test_a_move_is_kept_to_the_last_digit_and_ends_once(journal: SqlJournal) -> None:
    assert journal.moved_ms(MAIN) == 0
    journal.open_step(step())
    armed = journal.arm_move(move(), step().step_id)
    assert armed.state is MoveState.ARMED
    assert journal.moved_ms(MAIN) == armed.updated_ms
    assert journal.moves_of(step().step_id) == (armed,)
    unknown = replace(armed, state=MoveState.UNKNOWN, detail="timeout", updated_ms=NOW + 1)
    journal.update_move(unknown)
    done = replace(unknown, state=MoveState.DONE, reference="77-1", updated_ms=NOW + 2)
    journal.update_move(done)
    assert journal.moves_of(step().step_id) == (done,)
    assert journal.moved_ms(MAIN) == NOW + 2
    assert journal.moved_ms(VenueName("another")) == 0
    with pytest.raises(InvariantBroken, match="is over"):
        journal.update_move(unknown)


def test_r27_nothing_more_moves_while_one_is_unknown(journal: SqlJournal) -> None:
    journal.open_step(step())
    armed = journal.arm_move(move(), step().step_id)
    journal.update_move(replace(armed, state=MoveState.UNKNOWN))
    with pytest.raises(InvariantBroken, match="must not be sent"):
        journal.arm_move(move(3), step().step_id)
    journal.update_move(replace(armed, state=MoveState.NO_EFFECT_PROVEN))
    journal.arm_move(move(3), step().step_id)
    assert len(journal.moves_of(step().step_id)) == 2


def test_a_move_belongs_to_a_step(journal: SqlJournal) -> None:
    with pytest.raises(InvariantBroken, match="of no step"):
        journal.arm_move(move(), StepId(made(7)))


def test_a_move_that_was_never_armed_has_no_news(journal: SqlJournal) -> None:
    journal.open_step(step())
    armed = journal.arm_move(move(), step().step_id)
    with pytest.raises(InvariantBroken):
        journal.update_move(replace(armed, move=move(9)))
    with pytest.raises(InvariantBroken):
        journal.update_move(replace(armed, move=move(amount="1")))


@pytest.mark.parametrize("wrong", [move(amount="0"), replace(move(), deadline_ms=NOW)])
def test_a_move_that_contradicts_itself_is_not_kept(journal: SqlJournal, wrong: Move) -> None:
    journal.open_step(step())
    with pytest.raises(InvariantBroken, match="contradicts itself"):
        journal.arm_move(wrong, step().step_id)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE ladder_steps SET step_id = 'x'",
        "UPDATE ladder_steps SET target = '0.5'",
        "UPDATE ladder_steps SET state = 'x'",
    ],
)
def test_a_damaged_step_is_not_believed(journal: SqlJournal, path: Path, damage: str) -> None:
    journal.open_step(step())
    with sqlite3.connect(path) as connection:
        connection.execute(damage)
    connection.close()
    with pytest.raises(JournalFault):
        journal.newest_step(MAIN, BTC)


@pytest.mark.parametrize("damage", ["move_id = 'x'", "amount = '-1'", "kind = 'x'"])
def test_a_damaged_move_is_not_believed(journal: SqlJournal, path: Path, damage: str) -> None:
    journal.open_step(step())
    journal.arm_move(move(), step().step_id)
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE moves SET {damage}")  # noqa: S608 - from the list above
    connection.close()
    with pytest.raises(JournalFault):
        journal.moves_of(step().step_id)


def test_r27_the_legs_of_a_step_are_told_apart_from_other_orders(
    journal: SqlJournal, make_intent: Callable[..., Intent]
) -> None:
    journal.open_step(step())
    other = journal.arm(make_intent(2, symbol=Symbol("ETH/USDT:USDT")))
    buy = journal.arm(make_intent(3, side=Side.BUY), step=step().step_id)
    sale = journal.arm(make_intent(4, symbol=SPOT), step=step().step_id)
    assert journal.legs(step().step_id) == (buy, sale)
    assert other not in journal.legs(step().step_id)


def sold(sale: Intent, *parts: str) -> list[VenueTrade]:
    return [
        VenueTrade(
            trade_id=TradeId(str(number)),
            venue_order_id="9001",  # type: ignore[arg-type]
            symbol=SPOT,
            side=sale.request.side,
            contracts=D(part),
            price=D(140_000),
            fee=D(20),
            fee_asset=Asset("USDT"),
            realized=D(0),
            maker=False,
            time_ms=NOW + 50,
        )
        for number, part in enumerate(parts)
    ]


def test_a_sale_is_settled_with_its_trades(journal: SqlJournal, make_intent: Callable[..., Intent]) -> None:
    journal.open_step(step())
    sale = make_intent(2, symbol=SPOT)
    armed = journal.arm(sale, step=step().step_id)
    filled = replace(armed, state=IntentState.FILLED, filled=D("0.5"), average_price=D(140_000))
    journal.update(filled)
    trades = sold(sale, "0.2", "0.3")
    journal.settle_sale(filled, trades, D(140_000))
    assert [trade for trade, _, _ in journal.fills(MAIN, SPOT)] == trades
    assert not journal.unfinished(MAIN, SPOT)
    assert journal.anchor(MAIN, SPOT) is None, "there is no position in coins"


def test_a_sale_is_not_settled_with_less_or_others(journal: SqlJournal, make_intent: Callable[..., Intent]) -> None:
    journal.open_step(step())
    sale = make_intent(2, symbol=SPOT)
    armed = journal.arm(sale, step=step().step_id)
    filled = replace(armed, state=IntentState.FILLED, filled=D("0.5"), average_price=D(140_000))
    journal.update(filled)
    with pytest.raises(InvariantBroken, match=r"make 0\.2"):
        journal.settle_sale(filled, sold(sale, "0.2"), D(140_000))
    with pytest.raises(InvariantBroken):
        journal.settle_sale(filled, [replace(sold(sale, "0.5")[0], symbol=BTC)], D(140_000))
    assert journal.unfinished(MAIN, SPOT)


def test_a_start_must_not_leave_an_open_step_alone(journal: SqlJournal) -> None:
    journal.open_step(step())
    assert journal.uncovered([]) == [(MAIN, BTC)]
    assert journal.uncovered([(MAIN, BTC)]) == []


def test_a_person_who_adopts_ends_what_nobody_knows_the_end_of(journal: SqlJournal) -> None:
    journal.open_step(step())
    armed = journal.arm_move(replace(move(), wallet_before=D("100000.00000001")), step().step_id)
    journal.update_move(replace(armed, state=MoveState.UNKNOWN))
    journal.drop_anchors(NOW + 9)
    (ended,) = journal.moves_of(step().step_id)
    assert (ended.state, ended.move.wallet_before) == (MoveState.DONE, D("100000.00000001"))
    newest = journal.newest_step(MAIN, BTC)
    assert newest is not None
    assert (newest.state, newest.updated_ms) == (StepState.FAILED, NOW + 9)
    assert "operator" in newest.detail
    assert "operator" in ended.detail


def test_a_world_that_is_gone_takes_its_steps_along(journal: SqlJournal, make_intent: Callable[..., Intent]) -> None:
    journal.open_step(step())
    journal.arm_move(move(), step().step_id)
    journal.arm(make_intent(3), step=step().step_id)
    journal.forget_world()
    assert not journal.open_steps()
    assert not journal.moves_of(step().step_id)
