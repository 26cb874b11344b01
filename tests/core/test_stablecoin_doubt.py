"""Signals whose values say the opposite, what can't be seen, and a stablecoin that breaks while a way can't be gone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.exit_situation import Beside
from bot.core.owned import Balance
from bot.domain.exits import CrossingKind, CrossingState, ExitState, ExitVerdict, ReenterPolicy
from bot.domain.observation import Stamp
from bot.domain.usd import DAY_MS
from tests.core.exits import BTC, NOW, POLICY, USDC, USDT, Desk, gone_out, unknown

LASTING = replace(POLICY, for_s=D(300))
SLICES = replace(LASTING, slice_notional=D(10_000))
AUTO = replace(POLICY, reenter=ReenterPolicy(cooldown_s=D(60), for_s=D(0)))


# A value that says the opposite


def test_after_a_downtime_nothing_is_sold_by_a_signal_whose_value_says_the_opposite() -> None:
    desk = Desk(policy=LASTING, price=D(85_000), over={"paused": "holiday"})
    desk.turns(80)
    desk.over = {}
    desk.now_ms += 2 * DAY_MS
    desk.price = D(120_000)
    plan = desk.turn()
    assert (plan.verdict, plan.view.signals[0].on, plan.view.on) == (ExitVerdict.HOLD, True, False)
    desk.turns(80)
    assert desk.held(BTC) == 1
    desk.price = D(85_000)
    desk.turns(80)
    assert desk.held(BTC) == 0


def test_what_was_refused_in_the_fall_is_not_sold_after_it() -> None:
    desk = Desk(policy=LASTING, price=D(89_000), pegs={USDT: D("0.97"), USDC: D("0.97")})
    assert desk.turns(70)[-1].code == "peg.all-failed"
    desk.price, desk.pegs = D(101_000), {USDT: D(1), USDC: D(1)}
    desk.turns(200)
    assert desk.held(BTC) == 1


def test_an_open_exit_waits_while_its_reason_seems_to_be_gone() -> None:
    desk = Desk(policy=SLICES, price=D(89_000))
    desk.turns(64)
    sold = desk.held(BTC)
    assert 0 < sold < 1
    desk.now_ms += 2 * DAY_MS
    desk.price = D(120_000)
    for plan in desk.turns(10):
        assert (plan.verdict, plan.code) == (ExitVerdict.WAITING, "signals.turning")
    assert desk.held(BTC) == sold
    desk.price = D(89_000)
    assert desk.turn().order is not None, "it was not gone"
    desk.price = D(120_000)
    plans = desk.turns(70)
    assert desk.crossings[-1].state is CrossingState.STOPPED
    assert "its reason is gone" in next(plan for plan in plans if plan.end).reason


def test_an_open_exit_goes_on_for_a_person_and_without_any_signal() -> None:
    desk = Desk(policy=SLICES, price=D(89_000))
    desk.turns(64)
    desk.price = D(96_000)
    assert desk.turn().code == "signals.turning"
    desk.ask(CrossingKind.EXIT)
    assert desk.turn().order is not None
    desk.wish = None
    assert desk.turn().code == "signals.turning"
    desk.policy = replace(SLICES, signals=())
    assert desk.turn().order is not None


def test_after_a_downtime_nothing_is_bought_by_a_calm_whose_value_says_the_opposite() -> None:
    desk = gone_out(Desk(policy=AUTO))
    desk.policy = replace(AUTO, for_s=D(300))
    desk.price = D(96_000)
    desk.over = {"paused": "holiday"}
    desk.turns(70)
    desk.over = {}
    desk.now_ms += 2 * DAY_MS
    desk.price = D(50_000)
    plan = desk.turn()
    assert (plan.view.calm, plan.view.signals[0].on) == (False, False)
    desk.turns(100)
    assert len(desk.crossings) == 1


# What can't be seen


def test_blindness_is_told_beside_an_exchange_that_can_not_go_on() -> None:
    desk = gone_out(Desk(policy=AUTO))
    desk.pegs[USDT] = D("0.9")
    desk.turns(3)
    assert desk.crossings[-1].crossing.kind is CrossingKind.SWAP
    desk.over = {"price": unknown(), "swaps": {}}
    plan = desk.turns(4, s=300)[-1]
    assert (plan.code, plan.alarm) == ("swap.no-market", True)
    assert any("can't see" in note for note in plan.notes)
    desk.over["paused"] = "holiday"
    assert not any("can't see" in note for note in desk.turn().notes)


def test_blindness_is_told_beside_an_exchange_that_can_not_begin() -> None:
    desk = gone_out(Desk(policy=AUTO))
    desk.pegs = {USDT: D("0.9"), USDC: D("0.9")}
    assert desk.turns(4)[-1].code == "peg.stuck"
    desk.over = {"price": unknown()}
    plan = desk.turns(4, s=300)[-1]
    assert (plan.verdict, plan.code, plan.alarm) == (ExitVerdict.FROZEN, "signals.unknown", True)
    assert any("no stablecoin of the basket is sound" in note for note in plan.notes)


# A stablecoin that breaks while the way out can't be gone


def half_out() -> Desk:
    """Part of the coins is out, the exit was stopped, and is wanted again."""
    desk = Desk(policy=replace(POLICY, slice_notional=D(10_000)), price=D(80_000))
    desk.turns(5)
    desk.price = D(96_000)
    desk.turns(3)
    assert desk.crossings[-1].state is CrossingState.STOPPED
    desk.price, desk.pegs[USDT] = D(80_000), D("0.9")
    return desk


@pytest.mark.parametrize("locked", [True, False])
def test_what_broke_is_exchanged_while_an_exit_waits(*, locked: bool) -> None:
    desk = half_out()
    coins = Balance(free=D(0), total=desk.held(BTC), stamp=Stamp(sent_ms=NOW * 2, answered_ms=NOW * 2))
    over: dict[str, object] = {"coins": coins} if locked else {"beside": Beside(followed=False, reason="halted")}
    desk.over = over
    plans = desk.turns(12)
    drafts = [plan.begin for plan in plans if plan.begin]
    assert [draft.kind for draft in drafts] == [CrossingKind.SWAP]
    assert desk.held(USDT) < 5
    assert plans[-1].verdict is ExitVerdict.WAITING
    desk.over = {}
    desk.turns(20)
    assert desk.held(BTC) < D("0.0001"), "then the exit goes on"


def test_an_exit_that_waits_and_what_can_not_be_exchanged_are_both_told() -> None:
    desk = half_out()
    desk.over = {"beside": Beside(followed=False, reason="halted"), "swaps": {}}
    plan = desk.turns(6)[-1]
    assert (plan.verdict, plan.code, plan.alarm) == (ExitVerdict.WAITING, "beside.follows", True)
    assert any("no market that exchanges it" in note for note in plan.notes)
    assert plan.view.state is ExitState.OUT


def test_a_stale_balance_is_waited_for_before_anything_else() -> None:
    desk = half_out()
    desk.over = {"coins": Balance(free=D(1), total=D(1), stamp=Stamp(sent_ms=0, answered_ms=0))}
    plan = desk.turns(6)[-1]
    assert (plan.verdict, plan.code, plan.begin) == (ExitVerdict.WAITING, "coins.stale", None)
