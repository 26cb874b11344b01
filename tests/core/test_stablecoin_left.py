"""What is left: proceeds that others took away, coins that are locked, the part that a way back did not buy."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.owned import Balance
from bot.domain.exits import CrossingCause, CrossingKind, CrossingState, ExitState, ExitVerdict, ReenterPolicy
from bot.domain.observation import Stamp
from tests.core.exits import BTC, NOW, POLICY, USDC, USDT, Desk, gone_out

HALF = replace(POLICY, fraction=D("0.5"), slice_notional=D(100_000))
FRESH = Stamp(sent_ms=NOW * 2, answered_ms=NOW * 2)


def free_of(desk: Desk, free: str) -> Desk:
    """Of the coins only so many are free."""
    desk.over = {"coins": Balance(free=D(free), total=desk.held(BTC), stamp=FRESH)}
    return desk


# Nothing of the proceeds is left


def emptied(coins: str = "0.9", left: str = "0", **over: object) -> Desk:
    """Out by its signal, and then a person bought the coins back with the proceeds, beside the bot."""
    desk = gone_out(Desk(policy=replace(POLICY, **over)))  # type: ignore[arg-type]
    desk.balances = {BTC: D(coins), USDT: D(left), USDC: D(0)}
    plans = desk.turns(14)
    assert desk.write_offs
    assert "counts as in coins again" in " ".join(plan.reason for plan in plans if plan.write_offs and plan.alarm)
    assert desk.turn().view.state is ExitState.IN
    return desk


@pytest.mark.parametrize("left", ["0", "4.9"])
def test_coins_bought_back_by_hand_are_protected_again_and_not_sold_by_the_same_turn_of_the_market(left: str) -> None:
    desk = emptied(left=left, reenter=ReenterPolicy(cooldown_s=D(60), for_s=D(0)))
    plan = desk.turn()
    assert (plan.verdict, plan.order, plan.view.on) == (ExitVerdict.HOLD, None, True)
    assert "counts as in coins again" in plan.reason
    assert plan.view.cooldown_ms is None
    desk.turns(5, s=700)
    assert desk.held(BTC) == D("0.9"), "its signal has been on since before the exit"
    desk.price = D(96_000)
    desk.turns(5, s=700)
    assert len(desk.crossings) == 1, "there is nothing to come back with"
    desk.price = D(89_000)
    begun = desk.turn().begin
    assert begun is not None
    assert (begun.kind, begun.coins) == (CrossingKind.EXIT, D("0.9"))
    desk.turns(5)
    assert desk.held(BTC) == 0


def test_coins_bought_back_by_hand_go_out_by_hand() -> None:
    desk = emptied()
    desk.ask(CrossingKind.EXIT)
    desk.turns(5)
    assert desk.held(BTC) == 0
    assert desk.turn().view.state is ExitState.OUT


def test_who_owns_enough_for_an_order_stays_out() -> None:
    desk = gone_out(Desk())
    desk.balances |= {USDT: D(6), USDC: D(0)}
    desk.turns(14)
    assert desk.owned() == {USDT: D(6)}
    assert desk.turn().view.state is ExitState.OUT
    desk.over = {"markets": {}}
    assert desk.turn().view.state is ExitState.OUT


def test_what_the_least_quantity_of_a_market_costs_is_worth_no_order_below_that() -> None:
    desk = gone_out(Desk())
    desk.balances |= {USDT: D(6), USDC: D(0)}
    desk.turns(14)
    markets = {asset: desk.market_at(BTC, asset) for asset in (USDT, USDC)}
    dear = {a: replace(at, market=replace(at.market, quantity_min=D("0.0001"))) for a, at in markets.items()}
    desk.over = {"markets": dear}
    assert desk.turn().view.state is ExitState.IN


def test_a_dear_last_cent_that_went_is_told_when_nothing_is_left() -> None:
    desk = gone_out(Desk())
    desk.balances |= {USDT: D("5.004"), USDC: D(0)}
    desk.turns(14)
    assert desk.turn().view.state is ExitState.OUT
    desk.balances[USDT] = D("4.999")
    (plan,) = [plan for plan in desk.turns(14) if plan.write_offs]
    assert plan.alarm
    assert plan.view.state is ExitState.IN


def test_told_to_enter_with_nothing_left_is_told_and_taken_back() -> None:
    desk = emptied()
    desk.ask(CrossingKind.ENTER)
    plan = desk.turn()
    assert (plan.verdict, plan.code, plan.alarm) == (ExitVerdict.REFUSED, "owned.none", True)
    assert "none of the proceeds are left" in plan.reason
    desk.wish = None
    assert not desk.turn().alarm
    assert len(desk.crossings) == 1


def test_told_to_enter_with_too_little_for_any_order_is_told() -> None:
    desk = gone_out(Desk())
    desk.balances |= {USDT: D("5.01"), USDC: D(0)}
    desk.turns(14)
    desk.ask(CrossingKind.ENTER)
    plan = desk.turn()
    assert (plan.verdict, plan.code, plan.alarm) == (ExitVerdict.REFUSED, "owned.none", True)
    assert plan.view.state is ExitState.OUT


def test_who_never_went_out_and_is_told_to_enter_is_in() -> None:
    desk = Desk()
    desk.ask(CrossingKind.ENTER)
    plan = desk.turn()
    assert (plan.verdict, plan.code, plan.alarm) == (ExitVerdict.HOLD, "signals.quiet", False)


# Coins that are not free


@pytest.mark.parametrize("free", ["0", "0.00001"])
def test_a_wanted_exit_of_locked_coins_waits_and_begins_when_they_are_free(free: str) -> None:
    desk = free_of(Desk(price=D(80_000)), free)
    for plan in desk.turns(5, s=300):
        assert (plan.verdict, plan.code, plan.order) == (ExitVerdict.WAITING, "balance.short", None)
    assert f"{free} of 1 BTC are free" in plan.reason
    assert desk.crossings == []
    desk.over = {}
    desk.turns(5)
    assert desk.held(BTC) == 0


def test_locked_coins_below_the_floor_are_nothing_to_wait_for() -> None:
    desk = free_of(Desk(policy=replace(POLICY, floor=D(1)), price=D(80_000)), "0")
    assert (desk.turn().verdict, desk.turn().code) == (ExitVerdict.HOLD, "coins.none")


def test_locked_coins_count_for_the_floor() -> None:
    desk = Desk(policy=replace(POLICY, floor=D("0.1")), price=D(80_000))
    ends = []
    for _ in range(8):
        free_of(desk, str(desk.held(BTC) - D("0.1")))
        ends += [plan.code for plan in [desk.turn()] if plan.end]
    assert desk.held(BTC) == D("0.1")
    assert ends == ["crossing.done"]


def test_a_wanted_way_back_whose_proceeds_are_locked_waits() -> None:
    desk = gone_out(Desk())
    desk.ask(CrossingKind.ENTER)
    desk.over = {"money": {one: Balance(free=D(0), total=desk.held(one), stamp=FRESH) for one in (USDT, USDC)}}
    plan = desk.turn()
    assert (plan.verdict, plan.code) == (ExitVerdict.WAITING, "balance.short")
    desk.over = {}
    desk.turns(6)
    assert desk.turn().view.state is ExitState.IN


def test_an_exit_is_sized_by_all_coins_and_goes_on_with_what_becomes_free() -> None:
    desk = free_of(Desk(price=D(80_000), balances={BTC: D(10)}), "1")
    begun = desk.turn().begin
    assert begun is not None
    assert begun.coins == 10
    desk.over = {}
    desk.turns(12)
    assert desk.held(BTC) == 0
    assert [one.state for one in desk.crossings] == [CrossingState.DONE]


def locked_rest() -> Desk:
    """A part of ten coins could be sold; the rest stayed locked until the exit was stopped."""
    desk = free_of(Desk(price=D(80_000), balances={BTC: D(10)}), "1")
    while desk.held(BTC) > 9:
        desk.turn()
    free_of(desk, "0")
    plans = desk.turns(12, s=60)
    assert (plans[0].verdict, plans[0].code) == (ExitVerdict.WAITING, "balance.short")
    (end,) = [plan for plan in plans if plan.end]
    assert (end.code, end.alarm) == ("crossing.stopped", True)
    assert "0 of 8.75 BTC are free" in end.reason
    return desk


def test_the_locked_rest_of_an_exit_is_told_and_goes_out_once_it_is_free() -> None:
    desk = locked_rest()
    plan = desk.turn()
    assert (plan.verdict, plan.code) == (ExitVerdict.WAITING, "balance.short")
    desk.over = {}
    plans = desk.turns(12)
    begun = plans[0].begin
    assert begun is not None
    assert (begun.cause, begun.coins) == (CrossingCause.SIGNAL, D("8.75"))
    assert desk.held(BTC) == 0


def test_the_locked_rest_of_an_exit_stays_where_a_person_came_back_or_the_signal_is_over() -> None:
    desk = locked_rest()
    desk.price = D(96_000)
    desk.over = {}
    desk.turns(5)
    assert desk.held(BTC) == D("8.75")
    desk = locked_rest()
    desk.ask(CrossingKind.ENTER)
    desk.over = {}
    desk.turns(12)
    assert desk.held(BTC) > D("8.75")
    assert [one.crossing.kind.value for one in desk.crossings] == ["exit", "enter"]


def test_the_locked_rest_is_not_sold_by_the_same_signal_once_the_proceeds_are_gone() -> None:
    desk = locked_rest()
    desk.balances |= {USDT: D(0), USDC: D(0)}
    desk.turns(14)
    assert desk.turn().view.state is ExitState.IN
    desk.over = {}
    desk.turns(5)
    assert desk.held(BTC) == D("8.75")


# The fraction after a way back that stopped half-way


def came_back_by_a_part(desk: Desk) -> Desk:
    """Told to enter; the signal turned on again after two slices."""
    desk.price = D(100_000)
    desk.turns(3)
    desk.ask(CrossingKind.ENTER)
    desk.turns(2)
    desk.price = D(89_000)
    plan = desk.turn()
    assert (plan.code, plan.view.state) == ("crossing.stopped", ExitState.ENTERING)
    return desk


def test_after_a_way_back_that_stopped_only_what_it_bought_goes_out_again() -> None:
    desk = came_back_by_a_part(gone_out(Desk(policy=HALF, balances={BTC: D(10)})))
    assert D("6.9") < desk.held(BTC) < 7
    desk.turns(12)
    assert D(5) <= desk.held(BTC) < D("5.0001")
    desk = came_back_by_a_part(came_back_by_a_part(desk))
    desk.turns(20)
    assert D(5) <= desk.held(BTC) < D("5.0001"), "also after two of them in a row"
    assert desk.turn().view.state is ExitState.OUT


def test_after_a_way_back_that_stopped_the_rest_of_the_exit_before_goes_out_too() -> None:
    desk = Desk(policy=HALF, balances={BTC: D(10)}, price=D(89_000))
    desk.turns(2)
    desk.price = D(96_000)
    desk.turns(2)
    assert desk.crossings[0].state is CrossingState.STOPPED
    assert D("7.7") < desk.held(BTC) < D("7.8")
    came_back_by_a_part(desk)
    desk.turns(20)
    assert D(5) <= desk.held(BTC) < D("5.001")


def test_after_a_way_back_that_was_whole_the_fraction_counts_again() -> None:
    desk = gone_out(Desk(policy=HALF, balances={BTC: D(10)}))
    desk.price = D(100_000)
    desk.ask(CrossingKind.ENTER)
    desk.turns(12)
    assert desk.crossings[-1].state is CrossingState.DONE
    # Another one, of what came from nowhere, that stopped: the first one had brought all back.
    first = desk.crossings[-1]
    desk.crossings.append(replace(first, state=CrossingState.STOPPED))
    desk.flows.append(replace(desk.flows[1], asset=USDT, amount=D(500), fee=False, market=USDT))
    desk.balances[USDT] = desk.held(USDT) + 500
    held = desk.held(BTC)
    desk.price = D(89_000)
    desk.turns(12)
    assert abs(desk.held(BTC) - held / 2) < D("0.001")


def test_after_a_way_back_that_stopped_and_lost_the_rest_the_fraction_counts_again() -> None:
    desk = came_back_by_a_part(gone_out(Desk(policy=HALF, balances={BTC: D(10)})))
    desk.over = {"paused": "holiday"}
    desk.balances |= {USDT: D(0), USDC: D(0)}
    desk.turns(14)
    desk.over = {}
    held = desk.held(BTC)
    desk.turns(12)
    assert abs(desk.held(BTC) - held / 2) < D("0.001")


def test_all_coins_go_out_again_where_all_were_to_go() -> None:
    desk = came_back_by_a_part(gone_out(Desk(policy=replace(HALF, fraction=D(1)), balances={BTC: D(10)})))
    desk.balances[BTC] += 1
    desk.turns(20)
    assert desk.held(BTC) < D("0.0001"), "also what came meanwhile"


def test_an_exit_that_was_stopped_goes_on_whatever_came_of_an_older_one() -> None:
    """The proceeds of the first are gone; the second filled nothing, and its coins were locked for ten minutes."""
    desk = emptied()
    for price in (96_000, 89_000):
        desk.price = D(price)
        desk.turns(3 if price > 90_000 else 1)
    second = desk.crossings[-1].crossing.crossing_id
    desk.flows = [flow for flow in desk.flows if flow.crossing_id != second]
    desk.balances = {BTC: D("0.9"), USDT: D(0), USDC: D(0)}
    free_of(desk, "0")
    desk.turns(4, s=300)
    assert desk.crossings[-1].state is CrossingState.STOPPED
    desk.over = {}
    desk.turns(6)
    assert desk.held(BTC) == 0
