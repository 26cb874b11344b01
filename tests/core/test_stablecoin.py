"""Out, back, from one stablecoin to another: every decision carried out at a made-up venue."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.domain.exits import (
    Combine,
    CrossingCause,
    CrossingKind,
    CrossingState,
    ExitState,
    ExitVerdict,
    ReenterPolicy,
    SignalKind,
    SignalRule,
)
from tests.core.exits import BTC, POLICY, USDC, USDT, Desk, gone_out

AUTO = replace(POLICY, reenter=ReenterPolicy(cooldown_s=D(3_600), for_s=D(600)))
DAY_S = 86_400
MANUAL = replace(POLICY, signals=())


def test_a_signal_sells_all_coins_in_equal_parts_and_the_average_is_recorded() -> None:
    desk = Desk(price=D(90_000))
    first = desk.turn()
    assert first.begin is not None
    assert (first.begin.kind, first.begin.cause, first.begin.coins) == (CrossingKind.EXIT, CrossingCause.SIGNAL, D(1))
    assert "90000 USD (exit at 90000, over at 95000)" in first.begin.reason
    assert first.order is not None
    assert first.order.request.price == D("89550.00")  # 89,999.99 less 0.5 %, up to the tick
    end = next(plan for plan in desk.turns(6) if plan.end)
    assert desk.held(BTC) == 0
    assert desk.held(USDT) == desk.held(USDC) == D("0.5") * D("89999.99") * D("0.999")
    (record,) = desk.crossings
    assert (record.state, record.coins_done, record.average) == (CrossingState.DONE, D(1), D("89999.99"))
    assert end.end is not None
    assert "exit done: all of it is exchanged; 1 exchanged for 89999.99 at 89999.99 on average" in end.reason
    assert desk.turn().verdict is ExitVerdict.HOLD
    assert desk.turn().view.state is ExitState.OUT


def test_only_a_part_is_sold_and_the_floor_stays() -> None:
    desk = Desk(policy=replace(POLICY, fraction=D("0.5"), floor=D("0.1")), balances={BTC: D("1.1")}, price=D(80_000))
    desk.turns(8)
    assert desk.held(BTC) == D("0.6")


def test_slices_are_bounded_and_the_weights_met_to_a_step() -> None:
    policy = replace(POLICY, basket={USDT: D("0.7"), USDC: D("0.3")}, slice_notional=D(10_000))
    desk = Desk(policy=policy, price=D(80_000))
    plans = desk.turns(40)
    orders = [plan.order for plan in plans if plan.order]
    assert max(order.notional for order in orders) <= 10_000
    sold = {
        quote: sum(o.request.contracts for o in orders if o.request.symbol.endswith(quote)) for quote in (USDT, USDC)
    }
    assert sold[USDT] + sold[USDC] == 1
    assert abs(sold[USDT] - D("0.7")) <= D("0.00001")


def test_what_is_too_little_for_each_market_is_sold_on_one() -> None:
    desk = Desk(price=D(80_000), balances={BTC: D("0.0001")})  # 8 USD, of which 4 are too little for an order
    desk.turns(3)
    assert desk.held(BTC) == 0


def test_nothing_is_sold_where_there_is_nothing() -> None:
    desk = Desk(price=D(80_000), balances={})
    plan = desk.turn()
    assert (plan.verdict, plan.code, desk.crossings) == (ExitVerdict.HOLD, "coins.none", [])
    desk.balances[BTC] = D("0.00001")
    assert desk.turn().code == "order.too-small"
    desk.over["markets"] = {}
    assert desk.turn().code == "coins.none"


def test_without_signals_only_a_person_says_when() -> None:
    desk = Desk(policy=MANUAL, price=D(10))
    assert (desk.turn().verdict, desk.turn().reason) == (ExitVerdict.HOLD, "in coins until told to exit")
    desk.price = D(100_000)
    desk.ask(CrossingKind.EXIT)
    plan = desk.turn()
    assert plan.begin is not None
    assert (plan.begin.cause, plan.begin.reason) == (CrossingCause.HAND, "told to exit")
    desk.turns(6)
    assert desk.turn().reason == "out until told to enter"
    assert len(desk.crossings) == 1, "a wish is obeyed once"
    desk.ask(CrossingKind.ENTER)
    desk.turns(6)
    assert desk.turn().view.state is ExitState.IN
    assert desk.held(BTC) > D("0.997")
    desk.turns(3)
    assert [one.crossing.kind for one in desk.crossings] == [CrossingKind.EXIT, CrossingKind.ENTER]


@pytest.mark.parametrize("fee_in_quote", [True, False])
def test_the_way_back_spends_the_proceeds_alone(*, fee_in_quote: bool) -> None:
    desk = gone_out(Desk(fee_in_quote=fee_in_quote, balances={BTC: D(1), USDT: D(500_000), USDC: D(3)}))
    desk.price = D(100_000)
    desk.ask(CrossingKind.ENTER)
    desk.turns(8)
    assert desk.turn().view.state is ExitState.IN
    assert D(500_000) <= desk.held(USDT) < D(501_000)
    assert D(3) <= desk.held(USDC) < D(503)


def test_told_to_come_back_while_the_signal_is_on_it_stays_until_that_was_over_once() -> None:
    desk = gone_out(Desk())
    desk.ask(CrossingKind.ENTER)
    plans = desk.turns(20)
    assert plans[-1].view.state is ExitState.IN
    assert plans[-1].view.on
    desk.price = D(96_000)
    desk.turns(2)
    desk.price = D(89_000)
    assert desk.turn().begin is not None


def test_told_to_enter_before_anything_was_sold_an_exit_does_not_begin_again() -> None:
    desk = Desk(price=D(80_000), over={})
    assert desk.turn().begin is not None
    desk.flows, desk.recent, desk.balances = [], [], {BTC: D(1)}  # it did not fill
    desk.ask(CrossingKind.ENTER)
    end = desk.turn()
    assert end.end is not None
    assert end.reason.endswith("0 exchanged for 0")
    for plan in desk.turns(5):
        assert (plan.verdict, plan.view.state) == (ExitVerdict.HOLD, ExitState.IN)


def test_back_by_itself_takes_calm_and_the_cooldown_and_is_counted() -> None:
    desk = gone_out(Desk(policy=AUTO))
    desk.price = D(94_000)
    assert "until every signal is over" in desk.turn().reason
    desk.price = D(95_000)
    assert "must be over for another" in desk.turn().reason
    plans = desk.turns(3, s=300)
    assert "cooldown lasts another" in plans[-1].reason
    plans = desk.turns(20, s=300)
    begun = next(plan for plan in plans if plan.begin)
    assert begun.begin is not None
    assert begun.begin.cause is CrossingCause.SIGNAL
    assert "the price is 95000 USD" in begun.begin.reason
    assert desk.crossings[1].crossing.created_ms - desk.crossings[0].updated_ms >= 3_600_000
    assert plans[-1].view.state is ExitState.IN
    gone_out(desk)
    desk.price = D(100_000)
    plans = desk.turns(40, s=300)
    assert "1 ways back within seven days, 1 are allowed" in plans[-1].reason
    desk.turns(7 * 24 * 7, s=600)
    assert [one.crossing.kind for one in desk.crossings].count(CrossingKind.ENTER) == 2


def test_noise_does_not_saw_back_and_forth() -> None:
    desk = Desk(policy=AUTO)
    for number in range(200):
        desk.price = D(89_500) if number % 2 else D(94_500)
        desk.turn(s=600)
    assert len(desk.crossings) == 1


def test_out_by_hand_never_comes_back_by_itself() -> None:
    desk = Desk(policy=AUTO)
    desk.ask(CrossingKind.EXIT)
    desk.turns(5)
    assert desk.turns(40, s=600)[-1].reason == "out by hand, until told to enter"
    desk = gone_out(Desk(policy=AUTO))
    desk.price = D(100_000)
    desk.ask(CrossingKind.EXIT)
    assert desk.turns(40, s=600)[-1].reason == "out by hand, until told to enter"


def test_a_way_back_stops_when_the_signal_is_on_again_and_what_was_bought_is_sold() -> None:
    desk = gone_out(Desk(policy=replace(AUTO, slice_notional=D(10_000))))
    desk.price = D(100_000)
    while len(desk.crossings) == 1:
        desk.turn(s=60)
    desk.turns(2)
    desk.price = D(89_000)
    plan = desk.turn()
    assert plan.end is not None
    assert plan.end.state is CrossingState.STOPPED
    assert "uncertain again" in plan.reason
    desk.turns(20)
    assert desk.held(BTC) < D("0.0001")
    assert [one.crossing.kind.value for one in desk.crossings] == ["exit", "enter", "exit"]


@pytest.mark.parametrize(("bought", "kinds"), [(True, ["exit", "enter", "exit"]), (False, ["exit", "enter"])])
def test_a_person_stops_the_way_back(*, bought: bool, kinds: list[str]) -> None:
    desk = gone_out(Desk(policy=replace(MANUAL, signals=POLICY.signals, slice_notional=D(10_000))))
    before = (list(desk.flows), dict(desk.balances))
    desk.ask(CrossingKind.ENTER)
    desk.turn()
    if not bought:
        desk.flows, desk.balances = before
    desk.ask(CrossingKind.EXIT)
    assert "a person wants to be out" in desk.turn().reason
    desk.turns(12)
    assert [one.crossing.kind.value for one in desk.crossings] == kinds
    assert desk.turn().view.state is ExitState.OUT


def test_an_exit_whose_reason_is_gone_stops_and_goes_on_when_it_is_back() -> None:
    desk = Desk(policy=replace(POLICY, slice_notional=D(10_000)), price=D(89_000))
    desk.turns(3)
    desk.price = D(96_000)
    stop = desk.turn()
    assert stop.end is not None
    assert "its reason is gone" in stop.reason
    assert desk.turn().view.state is ExitState.OUT
    desk.price = D(89_000)
    desk.turns(30)
    assert desk.held(BTC) < D("0.0001")
    assert [one.crossing.kind.value for one in desk.crossings] == ["exit", "exit"]
    assert sum(one.coins_done for one in desk.crossings) > D("0.9999")


def test_an_exit_by_hand_does_not_stop_for_calm() -> None:
    desk = Desk(policy=replace(POLICY, slice_notional=D(10_000)))
    desk.ask(CrossingKind.EXIT)
    desk.turns(30)
    assert desk.held(BTC) < D("0.0001")


def test_all_signals_or_any() -> None:
    wild = SignalRule(kind=SignalKind.VOLATILITY, exit=D("0.9"), back=D("0.5"), window_ms=86_400_000)
    for combine, begins in ((Combine.ANY, True), (Combine.ALL, False)):
        desk = Desk(policy=replace(POLICY, signals=(*POLICY.signals, wild), combine=combine), price=D(80_000))
        assert (desk.turn().begin is not None) is begins
        desk.price = D(100_000)
        assert not desk.turn().view.calm, "of the volatility nothing is known"


def test_coins_taken_away_meanwhile_end_the_exit() -> None:
    desk = Desk(policy=replace(POLICY, slice_notional=D(10_000)), price=D(89_000))
    desk.turns(2)
    desk.balances[BTC] = D(0)
    assert desk.turn().end is None, "one reading does not tell"
    plan = desk.turn(s=600)
    assert (plan.code, plan.alarm) == ("crossing.stopped", True)
    assert desk.turn().view.state is ExitState.OUT
