"""What keeps a stablecoin hedge from acting: others' turns, unknown readings, lost pegs, money that is not its own."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.exit_situation import Beside
from bot.core.stablecoin import HEDGED
from bot.domain.exits import (
    CrossingKind,
    CrossingState,
    ExitState,
    ExitVerdict,
)
from bot.domain.intent import IntentState
from bot.domain.orders import Side
from tests.core.exits import BTC, DAI, NOW, POLICY, USDC, USDT, Desk, filled, gone_out, swapping, unknown


def test_it_waits_for_the_short_and_says_what_a_hedged_coin_gains() -> None:
    desk = Desk(price=D(80_000), beside=Beside(followed=False, reason="0.1 BTC too much"))
    plan = desk.turn()
    assert (plan.verdict, plan.code) == (ExitVerdict.WAITING, "beside.follows")
    assert HEDGED in plan.notes
    desk.beside = Beside(followed=True)
    assert desk.turn().order is not None


def test_the_first_order_of_a_new_journal_is_waited_for_without_an_alarm() -> None:
    desk = Desk(price=D(80_000), over={"live_from_ms": NOW + 12_000})
    plans = desk.turns(3)
    assert [(plan.verdict, plan.code, plan.alarm) for plan in plans[:2]] == [
        (ExitVerdict.WAITING, "settling", False)
    ] * 2
    assert plans[2].order is not None


def test_unknown_old_or_doubtful_readings_freeze_it() -> None:
    desk = Desk(price=D(80_000))
    desk.over = {"coins": unknown()}
    assert (desk.turn().verdict, desk.turn().code) == (ExitVerdict.FROZEN, "coins.unknown")
    desk.over = {"settled_ms": NOW * 2}
    assert desk.turn().code == "coins.stale"
    desk.over = {"price": unknown()}
    assert desk.turn().code == "signals.quiet"
    desk.ask(CrossingKind.EXIT)
    assert (desk.turn().verdict, desk.turn().code) == (ExitVerdict.FROZEN, "price.unknown")
    assert desk.crossings == []


def test_an_exit_that_is_open_waits_for_the_balance() -> None:
    desk = Desk(policy=replace(POLICY, slice_notional=D(10_000)), price=D(80_000))
    desk.turn()
    desk.over = {"coins": unknown()}
    assert desk.turn().code == "coins.stale"


def test_a_way_back_waits_for_the_balances() -> None:
    desk = gone_out(Desk())
    desk.ask(CrossingKind.ENTER)
    desk.over = {"money": {}}
    assert (desk.turn().verdict, desk.turn().code) == (ExitVerdict.WAITING, "money.stale")


def test_pause_halt_and_orders_under_way_come_first() -> None:
    desk = Desk(price=D(80_000))
    desk.over = {"paused": "holiday"}
    assert desk.turn().verdict is ExitVerdict.PAUSED
    desk.over = {"halted": ("a guard",)}
    assert (desk.turn().verdict, desk.turn().alarm) == (ExitVerdict.HALTED, True)
    desk.over = {}
    order = desk.turn().order
    assert order is not None
    desk.over = {"unfinished": (filled(order.request, 9, NOW, None, state=IntentState.UNKNOWN, quantity=D(0)),)}
    plan = desk.turn()
    assert (plan.verdict, plan.order) == (ExitVerdict.WAITING, None)


def test_what_can_not_go_on_is_told_after_ten_minutes() -> None:
    desk = Desk(policy=replace(POLICY, slice_notional=D(10_000)), price=D(80_000))
    desk.turn()
    desk.over = {"clock_ok": False}
    assert (desk.turn().verdict, desk.turn().alarm) == (ExitVerdict.REFUSED, False)
    desk.now_ms = desk.crossings[0].crossing.created_ms + 599_999
    assert not desk.turn(s=0).alarm
    desk.now_ms += 1
    assert desk.turn(s=0).alarm
    desk.over = {"beside": Beside(followed=False)}
    assert not desk.turn().alarm, "who only waits is not stuck"
    fresh = Desk(price=D(80_000), over={"clock_ok": False})
    plan = fresh.turn()
    assert plan.alarm
    assert "clock offset" in plan.reason
    assert fresh.crossings == []


# Pegs


def test_a_stablecoin_off_its_peg_is_not_bought() -> None:
    desk = Desk(price=D(80_000), pegs={USDT: D("0.97"), USDC: D(1)})
    orders = [plan.order for plan in desk.turns(8) if plan.order]
    assert {order.request.symbol for order in orders} == {"BTC/USDC"}
    assert desk.held(BTC) == 0


def test_where_all_failed_the_coins_stay() -> None:
    desk = Desk(price=D(80_000), pegs={USDT: D("0.97"), USDC: D("0.9")})
    plans = desk.turns(10)
    assert desk.held(BTC) == 1
    assert (plans[-1].verdict, plans[-1].code, plans[-1].alarm) == (ExitVerdict.REFUSED, "peg.all-failed", True)


def test_without_an_anchor_a_person_is_told_and_nothing_else() -> None:
    desk = Desk(price=D(80_000), pegs={USDT: unknown(lasting=True), USDC: D(1)})
    plans = desk.turns(6)
    assert desk.held(BTC) == 0
    assert desk.held(USDT) > 0
    assert plans[0].alarm
    assert "no anchor" in plans[0].notes[0]


def out_with(usdt: str, *, back: str = "1") -> Desk:
    desk = gone_out(Desk())
    desk.pegs = {USDT: D(usdt), USDC: D(back)}
    return desk


@pytest.mark.parametrize(("broken", "side"), [(USDT, Side.BUY), (USDC, Side.SELL)])
def test_what_is_held_of_a_broken_one_is_exchanged_into_the_soundest(broken: str, side: Side) -> None:
    desk = gone_out(Desk(balances={BTC: D(1), USDT: D(777), USDC: D(777)}))
    desk.pegs = {USDT: D(1), USDC: D(1)} | {broken: D("0.97")}  # type: ignore[dict-item]
    plans = desk.turns(2)
    assert all(plan.order is None for plan in plans), "three readings must agree, ten seconds apart"
    plan = desk.turn()
    assert plan.begin is not None
    assert plan.order is not None
    assert (plan.begin.kind, plan.begin.source, plan.order.request.side) == (CrossingKind.SWAP, broken, side)
    assert plan.alarm
    desk.turns(4)
    (left,) = (desk.held(asset) for asset in (USDT, USDC) if asset == broken)
    assert D(777) <= left < D(783), "what is not the hedge's own stays"
    assert desk.turn().view.state is ExitState.OUT
    record = desk.crossings[-1]
    assert (record.state, record.crossing.kind) == (CrossingState.DONE, CrossingKind.SWAP)
    assert record.average is not None
    assert D("0.9") < record.average < D("1.1")


def test_one_reading_off_the_peg_does_nothing() -> None:
    desk = gone_out(Desk())
    for value in ("0.97", "0.97", "1", "0.97", "1"):
        desk.pegs[USDT] = D(value)
        assert desk.turn(s=20).order is None


def test_where_no_other_is_sound_or_no_market_it_stays_with_an_alarm() -> None:
    desk = out_with("0.9", back="0.9")
    plans = desk.turns(8)
    assert (plans[-1].verdict, plans[-1].code, plans[-1].alarm) == (ExitVerdict.HOLD, "peg.stuck", True)
    desk = out_with("0.9")
    desk.over = {"swaps": {}}
    plans = desk.turns(8)
    assert "there is no market" in plans[-1].reason
    assert len(desk.crossings) == 1


def test_an_exchange_stops_when_the_peg_is_back_or_the_target_broke() -> None:
    desk = swapping(clock_ok=False)
    desk.pegs[USDT] = D(1)
    plans = desk.turns(5, s=1_200)
    assert next(plan for plan in plans if plan.end).code == "crossing.stopped"
    desk = swapping(clock_ok=False)
    desk.pegs = {USDT: D("0.97"), USDC: D("0.9")}
    assert next(plan for plan in desk.turns(5) if plan.end).code == "crossing.stopped"


def test_an_exchange_that_can_not_go_on_makes_way_for_the_way_back() -> None:
    desk = swapping(swaps={})
    assert desk.turn().code == "swap.no-market"
    desk.ask(CrossingKind.ENTER)
    assert desk.turn().code == "crossing.stopped"
    assert desk.turn().begin is not None
    desk = swapping(money={})
    assert desk.turn().code == "money.stale"


def test_a_way_back_that_is_refused_does_not_keep_a_broken_one() -> None:
    desk = gone_out(Desk())
    desk.pegs[USDT] = D("0.97")
    desk.over = {"second": None}
    desk.turns(2)
    desk.price = D(150_000)  # in doubt: nothing confirms the jump
    desk.ask(CrossingKind.ENTER)
    swap = desk.turn().begin
    assert swap is not None
    assert swap.kind is CrossingKind.SWAP
    desk = gone_out(Desk())
    desk.over = {"clock_ok": False}
    desk.ask(CrossingKind.ENTER)
    assert desk.turn().code == "clock.offset"


# What is owned


def test_what_left_the_basket_stays_owned_and_is_spent_first() -> None:
    desk = gone_out(Desk())
    desk.policy = replace(POLICY, basket={USDC: D(1)})
    desk.price = D(100_000)
    desk.ask(CrossingKind.ENTER)
    orders = [plan.order.request.symbol for plan in desk.turns(6) if plan.order]
    assert list(dict.fromkeys(orders)) == ["BTC/USDT", "BTC/USDC"]


def test_proceeds_without_a_market_keep_the_way_back_waiting() -> None:
    desk = gone_out(Desk())
    desk.ask(CrossingKind.ENTER)
    desk.over = {"markets": {}}
    plan = desk.turn()
    assert (plan.verdict, plan.code) == (ExitVerdict.WAITING, "balance.short")
    assert "have no market" in plan.reason


def test_a_withdrawal_is_written_off_and_what_comes_later_is_not_spent() -> None:
    desk = gone_out(Desk())
    taken = desk.held(USDT)
    desk.balances[USDT] = D(0)
    plans = desk.turns(13)
    (plan,) = [one for one in plans if one.write_offs]
    assert (plan.verdict, plan.alarm, plan.order) == (ExitVerdict.WRITE_OFF, True, None)
    assert [one.amount for one in desk.write_offs] == [taken]
    desk.balances[USDT] = D(1_000_000)
    desk.ask(CrossingKind.ENTER)
    desk.turns(6)
    assert desk.held(USDT) == D(1_000_000)


def test_a_write_off_is_kept_even_while_paused() -> None:
    desk = gone_out(Desk())
    desk.balances[USDT] -= D("0.005")
    desk.over = {"paused": "holiday"}
    plans = desk.turns(13)
    (plan,) = [one for one in plans if one.write_offs]
    assert not plan.alarm, "less than a cent is nobody's worry"


def test_a_stablecoin_that_is_owned_and_nowhere_told_is_not_spent() -> None:
    desk = gone_out(Desk())
    desk.policy = replace(POLICY, basket={DAI: D(1)})
    desk.pegs[DAI] = D(1)
    desk.over = {"pegs": {}, "money": {}}
    assert desk.turn().view.spendable == {}
