"""Of every kind of decision: how it is called, whether a person is told, and when it looks again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.exit_situation import Beside
from bot.core.owned import Balance
from bot.domain.exits import CrossingKind, ExitPlan, ExitVerdict
from bot.domain.ids import Asset
from bot.domain.intent import IntentState
from bot.domain.observation import Stamp
from tests.core.exits import BTC, NOW, POLICY, USDC, USDT, Desk, filled, gone_out, swapping, unknown

SLICES = replace(POLICY, slice_notional=D(10_000))
LOCKED = Stamp(sent_ms=NOW * 2, answered_ms=NOW * 2)


def falling(**over: object) -> Desk:
    return Desk(price=D(80_000), over=over)


def selling(**over: object) -> Desk:
    """An exit of which one slice is done."""
    desk = Desk(policy=SLICES, price=D(80_000))
    assert desk.turn().begin is not None
    desk.over = over
    return desk


def back(**over: object) -> Desk:
    """Out, and told to come back."""
    desk = gone_out(Desk())
    desk.ask(CrossingKind.ENTER)
    desk.over = over
    return desk


def nothing_free(*assets: Asset) -> dict[Asset, Balance]:
    return {asset: Balance(free=D(0), total=D(10**6), stamp=LOCKED) for asset in assets}


def in_transit() -> Desk:
    request = selling().recent[0].intent.request
    return falling(unfinished=(filled(request, 9, NOW, None, state=IntentState.UNKNOWN, quantity=D(0)),))


def taken(amount: str) -> Desk:
    """Out; that much was taken away, and the next reading tells that it is gone for good."""
    desk = gone_out(Desk())
    desk.balances[USDT] -= D(amount)
    desk.turns(2)
    desk.now_ms += 55_000
    return desk


def unreadable() -> Desk:
    desk = Desk(over={"price": unknown()})
    desk.turns(3, s=200)
    desk.now_ms += 200_000
    return desk


def told_out_without_a_price() -> Desk:
    desk = falling(price=unknown())
    desk.ask(CrossingKind.EXIT)
    return desk


def stuck() -> Desk:
    desk = gone_out(Desk())
    desk.pegs[USDT] = D("0.9")
    desk.over = {"swaps": {}}
    desk.turns(2)
    return desk


def sold_out() -> Desk:
    desk = selling()
    desk.policy = POLICY
    while desk.held(BTC):
        desk.turn()
    return desk


def off_its_peg() -> Desk:
    desk = swapping()
    desk.pegs[USDC] = D("0.95")
    return desk


@pytest.mark.parametrize(
    ("made", "verdict", "code", "alarm", "again_s"),
    [
        (lambda: taken("0.011"), ExitVerdict.WRITE_OFF, "owned.gone", True, 1),
        (lambda: taken("0.01"), ExitVerdict.WRITE_OFF, "owned.gone", False, 1),
        (lambda: falling(halted=("a guard",)), ExitVerdict.HALTED, "halted", True, None),
        (lambda: falling(paused="holiday"), ExitVerdict.PAUSED, "paused", False, None),
        (in_transit, ExitVerdict.WAITING, "order.unfinished", False, 1),
        (lambda: falling(beside=Beside(followed=False)), ExitVerdict.WAITING, "beside.follows", False, 1),
        (told_out_without_a_price, ExitVerdict.FROZEN, "price.unknown", True, 1),
        (lambda: falling(coins=unknown()), ExitVerdict.FROZEN, "coins.unknown", True, None),
        (lambda: falling(markets={}), ExitVerdict.HOLD, "coins.none", False, None),
        (lambda: falling(live_from_ms=NOW * 2), ExitVerdict.WAITING, "settling", False, 1),
        (lambda: falling(clock_ok=False), ExitVerdict.REFUSED, "clock.offset", True, 1),
        (falling, ExitVerdict.ORDER, "exit.slice", False, 1),
        (lambda: selling(coins=unknown()), ExitVerdict.WAITING, "coins.stale", False, 1),
        (lambda: selling(settled_ms=NOW * 2), ExitVerdict.WAITING, "coins.stale", False, 1),
        (lambda: selling(clock_ok=False), ExitVerdict.REFUSED, "clock.offset", False, 1),
        (lambda: selling(coins=nothing_free(BTC)[BTC]), ExitVerdict.WAITING, "balance.short", False, None),
        (sold_out, ExitVerdict.END, "crossing.done", False, 1),
        (Desk, ExitVerdict.HOLD, "signals.quiet", False, None),
        (unreadable, ExitVerdict.FROZEN, "signals.unknown", True, None),
        (lambda: gone_out(Desk()), ExitVerdict.HOLD, "out", False, None),
        (back, ExitVerdict.ORDER, "enter.slice", False, 1),
        (lambda: back(money={}), ExitVerdict.WAITING, "money.stale", False, 1),
        (lambda: back(money={USDT: unknown()}), ExitVerdict.WAITING, "money.stale", True, 1),
        (lambda: back(markets={}), ExitVerdict.WAITING, "balance.short", False, None),
        # What is broken is always told.
        (stuck, ExitVerdict.HOLD, "peg.stuck", True, None),
        (swapping, ExitVerdict.ORDER, "swap.slice", True, 1),
        (off_its_peg, ExitVerdict.REFUSED, "peg.doubtful", True, 1),
        (lambda: swapping(swaps={}), ExitVerdict.REFUSED, "swap.no-market", True, None),
        (lambda: swapping(money={}), ExitVerdict.WAITING, "money.stale", True, 1),
    ],
)
def test_a_decision_says_what_it_is(
    made: Callable[[], Desk], verdict: ExitVerdict, code: str, *, alarm: bool, again_s: int | None
) -> None:
    plan: ExitPlan = made().turn()
    assert (plan.verdict, plan.code, plan.alarm, plan.look_again_s) == (verdict, code, alarm, again_s)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda: taken("7"), "others took away 7 USDT of the proceeds"),
        (lambda: falling(halted=("a guard", "a bug")), "halted: a guard; a bug"),
        (lambda: falling(coins=unknown()), "no answer"),
        (falling, "sell 0.5 on BTC/USDC, limit 79600; the price is 80000 USD (exit at 90000, over at 95000)"),
    ],
)
def test_a_decision_is_told_with_its_numbers(made: Callable[[], Desk], reason: str) -> None:
    assert made().turn().reason == reason


def test_that_all_was_taken_is_told_also_where_no_market_says_what_is_worth_an_order() -> None:
    desk = gone_out(Desk(policy=replace(POLICY, basket={USDT: D(1)})))
    desk.balances[USDT], desk.over = D(0), {"markets": {}}
    desk.turns(2)
    plan = desk.turn(s=61)
    assert (plan.verdict, plan.alarm) == (ExitVerdict.WRITE_OFF, True)
    assert "counts as in coins again" in plan.reason


def test_a_price_that_is_in_doubt_is_told_and_too_little_is_nothing_to_do() -> None:
    desk = falling(price=unknown())
    desk.ask(CrossingKind.EXIT)
    assert "no answer" in desk.turn().reason
    dust = Desk(price=D(80_000), balances={BTC: D("0.00001")})
    assert (dust.turn().verdict, dust.turn().code) == (ExitVerdict.HOLD, "order.too-small")


def test_a_hedge_that_can_not_see_and_has_nothing_else_to_tell_says_only_that() -> None:
    plan = unreadable().turn()
    assert (plan.code, plan.notes) == ("signals.unknown", ())
