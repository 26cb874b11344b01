"""Which step of the margin ladder is taken (R27)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.ladder import top_up
from bot.core.ladder_steps import PLACES, Missing, Purse, Reduce, Sellable, Step, TopUp, choose, tagged
from bot.domain.ids import Asset
from bot.domain.ladder import LadderPolicy
from tests.core.instruments import LINEAR
from tests.core.ladders import HELD, MARKET

D = Decimal
RICH = Purse(margin=D(30_000), wallet=D(30_000))
POOR = Purse(margin=D(500), wallet=D(500))
COINS = Sellable(market=MARKET, coins=D(1), bid=D(140_000))
NEEDED = top_up(HELD, D("1.8"))


def chosen(
    policy: LadderPolicy, purse: Purse | None = RICH, sellable: Sellable | str = COINS, ratio: str = "1"
) -> Step:
    return choose(HELD, policy, LINEAR, D(ratio), purse=purse, sellable=sellable, slippage=D("0.005"))


def test_r27_switched_off_it_says_what_is_missing() -> None:
    step = chosen(LadderPolicy())
    assert step == Missing(amount=NEEDED, why="no automatic step is switched on")


def test_r27_a_top_up_comes_first() -> None:
    assert chosen(LadderPolicy(top_up=True, reduce=True)) == TopUp(amount=NEEDED, short_of=D(0))


def test_r27_at_its_target_nothing_is_added_however_much_is_free() -> None:
    safe = replace(HELD, equity=D(120_000))
    step = choose(safe, LadderPolicy(top_up=True), LINEAR, D(1), purse=RICH, sellable=COINS, slippage=D(0))
    assert step == Missing(amount=D(0), why="the target is reached")


def test_r27_without_enough_money_both_legs_shrink() -> None:
    step = chosen(LadderPolicy(top_up=True, reduce=True), POOR)
    assert isinstance(step, Reduce)
    assert step.contracts == D("0.211")  # 53,008 / 253,008, and what both legs may cost
    assert step.coins == step.contracts
    assert step.short_of == 0


def test_r27_a_reduction_alone_leaves_the_stablecoins_where_they_are() -> None:
    assert isinstance(chosen(LadderPolicy(reduce=True), None), Reduce)


def test_what_there_is_of_money_is_added_when_nothing_may_be_sold() -> None:
    purse = Purse(margin=D(10_000), wallet=D(5_000))
    step = chosen(LadderPolicy(top_up=True), purse)
    assert isinstance(step, TopUp)
    assert step.amount == D(15_000) - PLACES
    assert step.short_of == NEEDED - step.amount


def test_small_change_is_not_added_again_and_again() -> None:
    step = chosen(LadderPolicy(top_up=True), POOR)
    assert step == Missing(amount=NEEDED - 1_000, why="1000 USDT are free")
    assert chosen(LadderPolicy(top_up=True), None) == Missing(amount=NEEDED, why="0 USDT are free")


def test_half_a_hedge_sells_two_coins_for_each_that_it_buys_back() -> None:
    step = chosen(LadderPolicy(reduce=True), None, ratio="0.5")
    assert isinstance(step, Reduce)
    assert step.coins == 2 * step.contracts
    assert step.contracts < D("0.211")


def test_as_much_is_sold_as_there_is() -> None:
    step = chosen(LadderPolicy(reduce=True), None, replace(COINS, coins=D("0.1")))
    assert isinstance(step, Reduce)
    assert (step.contracts, step.coins) == (D("0.1"), D("0.1"))
    assert step.short_of > 0


def test_the_whole_short_is_the_most_that_can_be_bought_back() -> None:
    gone = replace(HELD, equity=D(-60_000))
    step = choose(gone, LadderPolicy(reduce=True), LINEAR, D(1), purse=None, sellable=COINS, slippage=D("0.005"))
    assert isinstance(step, Reduce)
    assert step.contracts <= 1


@pytest.mark.parametrize(
    ("sellable", "why"),
    [
        ("the coins are staked", "staked"),
        (replace(COINS, coins=D("0.0005")), "too few"),
        (replace(COINS, coins=D("0.001"), bid=D(1_000)), "less than the spot market takes"),
        (replace(COINS, market=replace(MARKET, quantity_min=D(2))), "less than the spot market takes"),
        (replace(COINS, market=replace(MARKET, quote=Asset("USDC"))), "brings USDC"),
    ],
)
def test_r27_what_can_not_be_sold_is_told(sellable: Sellable | str, why: str) -> None:
    step = chosen(LadderPolicy(reduce=True), None, sellable)
    assert isinstance(step, Missing)
    assert why in step.why
    assert step.amount == NEEDED


def test_without_a_ratio_there_is_nothing_to_reduce() -> None:
    step = chosen(LadderPolicy(reduce=True), None, ratio="0")
    assert isinstance(step, Missing)
    assert "ratio" in step.why


def test_less_than_the_contract_takes_is_told() -> None:
    small = replace(LINEAR, quantity_min=D(1))
    step = choose(HELD, LadderPolicy(reduce=True), small, D(1), purse=None, sellable=COINS, slippage=D(0))
    assert isinstance(step, Missing)


@given(st.decimals(D("0.01"), 1_000_000, places=8), st.integers(1, 10**9), st.integers(1, 99))
def test_r27_amounts_tell_moves_apart(amount: D, sequence: int, later: int) -> None:
    tag = tagged(amount, sequence)
    assert amount <= tag < amount + 2 * PLACES
    assert tagged(amount, sequence + later) != tag
    assert tag == tag.quantize(D("0.00000001"))
