"""What is half done stays told: locked coins, orders nobody knows of, doubtful targets, ways that can't be gone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.owned import Balance
from bot.domain.exits import CrossingKind, CrossingState, ExitState, ExitVerdict, ReenterPolicy
from bot.domain.ids import Asset
from bot.domain.intent import IntentState
from bot.domain.observation import Stamp, Unknown
from bot.domain.proceeds import Flow
from tests.core.exits import BTC, DAI, NOW, POLICY, USDC, USDT, Desk, filled, gone_out, swapping, unknown


def test_an_order_that_is_not_accounted_for_is_no_withdrawal() -> None:
    desk = gone_out(Desk())
    desk.ask(CrossingKind.ENTER)
    order = desk.turn().order
    assert order is not None
    flows, recent = desk.flows, desk.recent
    spent = [flow for flow in flows if flow.crossing_id == desk.crossings[-1].crossing.crossing_id]
    # It filled, and for minutes nobody can say so: the balance is short of what the journal knows.
    desk.flows = [flow for flow in flows if flow not in spent]
    desk.over = {"unfinished": (filled(order.request, 9, NOW, None, state=IntentState.UNKNOWN, quantity=D(0)),)}
    for plan in desk.turns(20, s=10):
        assert (plan.verdict, plan.write_offs) == (ExitVerdict.WAITING, ())
    desk.flows, desk.recent, desk.over = flows, recent, {}
    desk.turns(30)
    assert desk.write_offs == []
    assert desk.turn().view.state is ExitState.IN


@pytest.mark.parametrize("price", [D("0.95"), unknown()])
def test_an_exchange_buys_nothing_that_is_off_its_peg_or_unknown(price: D | Unknown) -> None:
    desk = swapping()
    desk.pegs[USDC] = price
    plan = desk.turn()
    assert (plan.verdict, plan.code, plan.order) == (ExitVerdict.REFUSED, "peg.doubtful", None)
    desk.pegs[USDC] = D(1)
    assert desk.turn().order is not None


def test_an_exchange_does_not_go_by_the_price_of_the_pair_alone() -> None:
    desk = swapping()
    desk.pegs[USDT] = unknown()
    assert desk.turn().code == "peg.doubtful"


def test_an_exchange_is_held_against_what_both_are_worth() -> None:
    desk = swapping()
    desk.pegs[USDC] = D("1.01")
    order = desk.turn().order
    assert order is not None
    assert order.mark == 1 / (D("0.97") / D("1.01"))


def test_a_rest_below_one_is_exchanged_where_the_market_takes_it() -> None:
    desk = swapping()
    desk.flows.append(
        Flow(asset=USDT, amount=D("0.9") - desk.owned()[USDT], crossing_id=desk.flows[-1].crossing_id, market=None)
    )
    at = desk.market_at(USDC, USDT)
    desk.over = {"swaps": {(USDC, USDT): replace(at, market=replace(at.market, notional_min=D("0.5")))}}
    order = desk.turn().order
    assert order is not None
    assert D("0.8") < order.request.contracts * order.request.price < D("0.9")


def locked_in(kind: CrossingKind) -> tuple[Desk, dict[Asset, D]]:
    """Under way, and nothing of what is to be exchanged is free any more."""
    desk = Desk(policy=replace(POLICY, slice_notional=D(10_000)), price=D(80_000))
    if kind is CrossingKind.ENTER:
        gone_out(desk)
        desk.ask(kind)
    desk.turns(2)
    kept = dict(desk.balances)
    stamp = Stamp(sent_ms=NOW * 2, answered_ms=NOW * 2)
    desk.over = {
        "coins": Balance(free=D(0), total=kept[BTC], stamp=stamp),
        "money": {asset: Balance(free=D(0), total=desk.held(asset), stamp=stamp) for asset in (USDT, USDC)},
    }
    return desk, kept


@pytest.mark.parametrize("kind", [CrossingKind.EXIT, CrossingKind.ENTER])
def test_what_is_locked_for_a_while_does_not_end_a_crossing(kind: CrossingKind) -> None:
    desk, kept = locked_in(kind)
    plan = desk.turn()
    assert (plan.verdict, plan.code, plan.end) == (ExitVerdict.WAITING, "balance.short", None)
    assert "free" in plan.reason
    desk.over = {}
    plans = desk.turns(60)
    assert next(plan for plan in plans if plan.end).code == "crossing.done"
    assert desk.crossings[-1].state is CrossingState.DONE
    assert sum(desk.balances.values()) != sum(kept.values())


def test_what_is_locked_is_waited_for_ten_minutes_after_the_last_fill() -> None:
    desk, _ = locked_in(CrossingKind.EXIT)
    desk.now_ms = desk.settled_ms + 599_999
    assert desk.turn(s=0).code == "balance.short"
    desk.now_ms += 1
    assert desk.turn(s=0).code == "crossing.stopped"


@pytest.mark.parametrize("kind", [CrossingKind.EXIT, CrossingKind.ENTER])
def test_what_stays_locked_stops_a_crossing_and_a_person_is_told(kind: CrossingKind) -> None:
    desk, _ = locked_in(kind)
    desk.turns(2)
    plan = desk.turn(s=600)
    assert (plan.code, plan.alarm) == ("crossing.stopped", True)
    assert "free" in plan.reason
    desk.over = {}
    # Told again, it goes on with the rest.
    desk.ask(kind)
    plans = desk.turns(60)
    assert plans[0].begin is not None
    assert plans[-1].view.state is (ExitState.OUT if kind is CrossingKind.EXIT else ExitState.IN)
    assert desk.crossings[-1].state is CrossingState.DONE


def test_an_exit_of_nothing_does_not_keep_a_broken_stablecoin() -> None:
    desk = Desk(policy=replace(POLICY, slice_notional=D(10_000)), price=D(80_000))
    desk.turns(3)
    desk.price = D(96_000)  # calm: the exit stops half way
    desk.turns(3)
    assert desk.crossings[-1].state is CrossingState.STOPPED
    desk.balances[BTC] = D(0)
    desk.price, desk.pegs[USDT] = D(80_000), D("0.97")
    drafts = [plan.begin for plan in desk.turns(6) if plan.begin]
    assert [draft.kind for draft in drafts] == [CrossingKind.SWAP]


def test_dust_of_a_broken_one_does_not_keep_another_broken_one() -> None:
    desk = gone_out(Desk())
    first = desk.flows[0].crossing_id
    desk.pegs = {USDT: D("0.97"), USDC: D(1), DAI: D("0.9")}
    dust = Flow(asset=DAI, amount=D(1), crossing_id=first, market=DAI)
    desk.flows.insert(0, dust)
    desk.balances[DAI] = D(1)
    for _ in range(6):
        desk.over = {"swaps": {(USDC, other): desk.market_at(USDC, other) for other in (USDT, DAI)}}
        desk.turn()
    assert [one.crossing.source for one in desk.crossings[1:]] == [USDT]


def test_coins_that_an_exit_left_go_out_also_after_a_way_back_that_bought_nothing() -> None:
    policy = replace(POLICY, slice_notional=D(10_000), reenter=ReenterPolicy(cooldown_s=D(60), for_s=D(0)))
    desk = Desk(policy=policy, price=D(80_000))
    desk.turns(3)
    desk.price = D(96_000)
    while not desk.crossings[1:]:
        desk.turn(s=30)
    assert desk.crossings[0].state is CrossingState.STOPPED
    back = desk.crossings[1].crossing
    assert back.kind is CrossingKind.ENTER
    for flow in [one for one in desk.flows if one.crossing_id == back.crossing_id]:  # it did not fill
        desk.balances[flow.asset] -= flow.amount
        desk.flows.remove(flow)
    desk.price = D(80_000)
    desk.turns(60)
    assert [one.state for one in desk.crossings] == [
        CrossingState.STOPPED,
        CrossingState.STOPPED,
        CrossingState.DONE,
    ]
    assert desk.held(BTC) == 0


def test_a_way_back_that_can_not_read_its_money_is_told() -> None:
    desk = gone_out(Desk())
    desk.ask(CrossingKind.ENTER)
    desk.over = {"money": {USDT: unknown(), USDC: unknown()}}
    plan = desk.turn()
    assert plan.alarm
    assert "USDC, USDT is unknown" in plan.reason


def test_a_way_back_of_which_nothing_is_left_is_done() -> None:
    desk = gone_out(Desk())
    desk.policy = replace(POLICY, slice_notional=D(10_000))
    desk.ask(CrossingKind.ENTER)
    desk.turn()
    way = desk.crossings[-1].crossing.crossing_id
    desk.flows += [Flow(asset=a, amount=-n, crossing_id=way, market=a) for a, n in desk.owned().items()]
    plan = desk.turn()
    assert plan.code == "crossing.done"
    assert "none of the proceeds are left" in plan.reason


def test_an_exchange_ends_when_nothing_is_left_of_what_the_basket_no_longer_has() -> None:
    desk = swapping()
    desk.policy = replace(desk.policy, basket={USDC: D(1)}, slice_notional=D(250_000))
    taken = desk.owned()[USDT]
    desk.flows.append(Flow(asset=USDT, amount=-taken, crossing_id=desk.crossings[-1].crossing.crossing_id, market=None))
    assert USDT not in desk.owned()
    assert desk.turn().code == "crossing.done"


def test_an_exchange_stops_when_its_target_left_the_basket() -> None:
    desk = swapping()
    desk.policy = replace(desk.policy, basket={DAI: D(1)})
    desk.pegs[DAI] = D(1)
    assert desk.turn().code == "crossing.stopped"


def test_a_way_back_that_can_not_spend_everything_is_told() -> None:
    desk = gone_out(Desk())
    desk.ask(CrossingKind.ENTER)
    desk.over = {"markets": {USDC: desk.market_at(BTC, USDC)}}
    desk.turn()
    desk.over = {"markets": {}}
    assert desk.turn().code == "balance.short"
    plan = desk.turn(s=600)
    assert (plan.code, plan.alarm) == ("crossing.stopped", True)
    assert "USDT" in plan.reason


def test_an_exchange_whose_money_is_locked_makes_way() -> None:
    desk = swapping()
    stamp = Stamp(sent_ms=NOW * 2, answered_ms=NOW * 2)
    desk.over = {"money": {one: Balance(free=D(0), total=desk.held(one), stamp=stamp) for one in (USDT, USDC)}}
    assert desk.turn().code == "balance.short"
    desk.ask(CrossingKind.ENTER)
    assert desk.turn().code == "crossing.stopped"


@pytest.mark.parametrize("state", [ExitState.IN, ExitState.OUT])
def test_signals_that_nobody_can_judge_for_long_are_told(state: ExitState) -> None:
    desk = Desk(policy=replace(POLICY, reenter=ReenterPolicy(cooldown_s=D(60), for_s=D(0))))
    if state is ExitState.OUT:
        gone_out(desk)
    desk.over = {"price": unknown()}
    plans = desk.turns(4, s=200)
    assert {(plan.verdict, plan.alarm) for plan in plans[:3]} == {(ExitVerdict.HOLD, False)}
    assert (plans[3].verdict, plans[3].code, plans[3].alarm) == (ExitVerdict.FROZEN, "signals.unknown", True)
    assert "unknown" in plans[3].reason
    desk.over = {}
    assert desk.turn().verdict is ExitVerdict.HOLD
    desk.over = {"price": unknown()}
    assert not desk.turn().alarm


def test_who_is_out_until_told_needs_no_signals() -> None:
    desk = gone_out(Desk())
    desk.over = {"price": unknown()}
    assert not any(plan.alarm for plan in desk.turns(4, s=600))
