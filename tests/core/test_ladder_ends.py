"""How a step of the margin ladder ends while a leg stayed behind, and when there is hardly any money (R27)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.ladder_progress import LAG_MS, TRIES_MAX, Act, Buy, Close, Progress, next_act
from bot.core.ladder_steps import PLACES, Purse, Sellable, TopUp, choose
from bot.domain.instrument import Instrument
from bot.domain.intent import IntentState
from bot.domain.ladder import LadderPolicy, StepKind, StepState
from bot.domain.moves import MoveKind
from bot.domain.orders import Side
from tests.core.instruments import LINEAR
from tests.core.ladders import HELD, MARKET, NOW_MS, leg, move, progress

REDUCTION = StepKind.REDUCTION
LATE_MS = NOW_MS + 1_000 + LAG_MS
SOLD = leg("0.02", side=Side.SELL)
REFUSED = [leg("0", state=IntentState.REJECTED)] * TRIES_MAX
NEEDED = D(53_008)
BEHIND = "0.02 contracts could not be bought back; "
NOTHING_FREE = "no money is free to move"
TRANSFERRED = (move(MoveKind.TRANSFER, "0.000001"),)
DUST = Purse(margin=D("0.0000015"), wallet=D("0.0000015"))
"""Three millionths, of which neither wallet can give one away and keep its last place."""
NEARLY = Purse(margin=D("0.0000019985"), wallet=D("0.0000011015"))
"""Of two millionths 99.9 % have arrived, which leave none when the last place is kept."""


def act(known: Progress, instrument: Instrument = LINEAR) -> Act:
    return next_act(known, instrument, MARKET if known.step.kind is REDUCTION else None)


def behind(**given: object) -> Progress:
    """0.02 coins were sold, and nothing could be bought back."""
    sold = progress(REDUCTION, buys=REFUSED, sales=[SOLD], spot=D("0.98"), read_ms=LATE_MS, now_ms=LATE_MS + 1_000)
    return replace(sold, **given)  # type: ignore[arg-type]


def test_r27_a_leg_that_stayed_behind_fails_the_step_when_there_is_no_money() -> None:
    end = Close(state=StepState.FAILED, detail=f"{BEHIND}no more margin is needed, or free")
    assert act(behind()) == end
    assert act(behind(proceeds=D(2_800), purse=Purse(margin=D(0), wallet=D(0)))) == end


def test_r27_a_leg_that_stayed_behind_fails_the_step_on_a_cross_account() -> None:
    account = replace(HELD, isolated=False)
    empty = behind(proceeds=D(2_800), backing=account, purse=Purse(margin=D(50_000), wallet=PLACES))
    assert act(empty) == Close(state=StepState.FAILED, detail=BEHIND + NOTHING_FREE)


MONEY: dict[str, tuple[Purse, tuple[object, ...]]] = {
    "before a transfer": (DUST, ()),
    "after a transfer that has nearly arrived": (NEARLY, TRANSFERRED),
    "after a transfer that never arrived": (Purse(margin=D(0), wallet=D(50_000)), TRANSFERRED),
}


@pytest.mark.parametrize(("purse", "moves"), MONEY.values(), ids=MONEY)
def test_r27_a_step_that_finds_no_money_says_so_and_which_leg_stayed_behind(
    purse: Purse, moves: tuple[object, ...]
) -> None:
    known = behind(proceeds=D(2_800), purse=purse, moves=moves)
    assert act(known) == Close(state=StepState.FAILED, detail=BEHIND + NOTHING_FREE)
    top_up = progress(purse=purse, moves=moves, read_ms=LATE_MS, now_ms=LATE_MS + 1_000)
    assert act(top_up) == Close(state=StepState.DONE, detail=NOTHING_FREE)


def test_r27_just_the_least_that_could_have_been_bought_back_is_missed() -> None:
    least = replace(LINEAR, quantity_min=D("0.02"))
    known = behind(moves=[move(amount="2800")])
    assert act(known, least) == Close(state=StepState.FAILED, detail=f"{BEHIND}2800 added to the margin")
    few = act(known, replace(LINEAR, quantity_min=D("0.021")))
    assert few == Close(state=StepState.DONE, detail="2800 added to the margin")


@pytest.mark.parametrize(("done", "bought_next"), [("0.16", "0.02"), ("0.161", "0.039"), ("0.14", "0.02")])
def test_r27_a_part_leaves_just_enough_for_one_more_order(done: str, bought_next: str) -> None:
    """Of 0.2 contracts, 0.02 at a time and no less in an order."""
    known = progress(REDUCTION, buys=[leg(done)], sales=[leg(done, side=Side.SELL)], spot=1 - D(done))
    assert act(known, replace(LINEAR, quantity_min=D("0.02"))) == Buy(contracts=D(bought_next))


def test_r27_nothing_is_sold_when_the_money_is_just_enough() -> None:
    on, coins = LadderPolicy(top_up=True, reduce=True), Sellable(market=MARKET, coins=D(1), bid=D(140_000))
    enough = Purse(margin=NEEDED, wallet=PLACES)
    chosen = choose(HELD, on, LINEAR, D(1), purse=enough, sellable=coins, slippage=D("0.005"))
    assert chosen == TopUp(amount=NEEDED, short_of=D(0))
    less = replace(enough, wallet=D(0))
    assert choose(HELD, on, LINEAR, D(1), purse=less, sellable=coins, slippage=D("0.005")) != chosen
