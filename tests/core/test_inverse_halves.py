"""A coin-margined hedge of a part, away from its entry: a sale closes another gap than a purchase (R3, R15)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core import inverse
from bot.core.reading import Reading, read
from bot.core.situation import Memory, Situation
from bot.core.spot_perp import decide
from bot.core.work import campaign_work
from bot.domain.observation import Margin, Position
from bot.domain.orders import Side
from bot.domain.plan import Plan, Verdict
from tests.core.coins import COINED, CONTRACT, CoinAccount, hedged

SOLD = D(100) / 80_000
BOUGHT = (SOLD + D("0.001")) / 2
"""Coins of gap: at the mark, and half of it at the entry."""


def half(contracts: str = "-300") -> CoinAccount:
    """A coin of which half is to be hedged: so many contracts were sold at 100,000, and the mark is 80,000."""
    short = D(contracts)
    return CoinAccount(
        wallet=D(1), contracts=short, sold=-short / 1000, price=D(80_000), policy=replace(COINED, ratio=D("0.5"))
    )


def reading(account: CoinAccount) -> Reading:
    found = read(account.situation(), account.price)
    assert isinstance(found, Reading)
    return found


def decided(account: CoinAccount, available: str | None = None, reserve: str = "0") -> Plan:
    """By two readings that agree (R10), with so much margin free."""
    account.policy = replace(account.policy, margin_reserve=D(reserve))
    _, memory = decide(with_free(account.situation(), available), Memory())
    account.now_s += 5
    return decide(with_free(account.situation(), available), memory)[0]


def with_free(situation: Situation, available: str | None) -> Situation:
    assert isinstance(situation.margin, Margin)
    free = situation.margin.available if available is None else D(available)
    return replace(situation, margin=replace(situation.margin, available=free))


def test_r3_what_is_sold_closes_its_coins_at_the_mark() -> None:
    found = reading(half())
    assert (found.gap, found.reference) == (D("0.2"), D(100_000))
    assert (found.gap_per_contract(Side.SELL), found.gap_per_contract(Side.BUY)) == (SOLD, BOUGHT)
    assert found.target_contracts(D("0.2")) == 300 + D("0.2") / D("1.0005") / SOLD
    assert found.target_contracts(D("-0.2")) == 300 - D("0.2") / BOUGHT


def test_r14_just_a_step_at_the_reference_is_asked_for() -> None:
    found = reading(half())
    assert found.target_contracts(D("-0.001")) == 300 - D("0.001") / BOUGHT
    assert found.target_contracts(D("0.0010005")) == 300 + D("0.001") / SOLD
    assert found.target_contracts(D("-0.00099999")) == found.target_contracts(D("0.001")) == 300


@pytest.mark.parametrize(
    ("gap", "per_contract"), [("0.2", SOLD), ("2", SOLD), ("-0.2", BOUGHT), ("-2", BOUGHT), ("0", BOUGHT)]
)
def test_r24_the_work_is_counted_in_contracts_of_the_side_that_closes_the_gap(gap: str, per_contract: D) -> None:
    found = reading(half())
    work = campaign_work(replace(found.view, gap=D(gap)), found.position, CONTRACT, D("0.5"))
    assert work is not None
    assert (work.per_contract, work.gap_contracts) == (per_contract, abs(D(gap)) / per_contract)


def test_r3_the_gap_that_a_sale_leaves_is_told() -> None:
    account = half()
    plan = decided(account)
    assert plan.order is not None
    sold = plan.order.request.contracts
    assert (plan.order.request.side, sold) == (Side.SELL, D(159))
    assert plan.gap_after == D("0.2") - 159 * SOLD
    account.contracts, account.sold = account.contracts - sold, account.sold + sold * SOLD
    assert plan.gap_after is not None
    assert abs(reading(account).gap - plan.gap_after) < D("1e-24")


# What the free margin carries


def test_r15_the_reserve_of_a_coin_margined_hedge_is_so_much_quote_in_coins() -> None:
    """5,000 USD are 0.05 coins, so that 0.25 of 0.3 are used: at the collar, the lower price, by half."""
    plan = decided(CoinAccount(), "0.3", "5000")
    assert plan.order is not None
    need = 100 / D(99_500) * (D("0.5") + D("0.005") + CONTRACT.taker_fee)
    assert plan.order.request.contracts == D("0.25") // need == 492
    assert plan.alarm
    all_of_it = decided(CoinAccount(), "0.3")
    assert all_of_it.order is not None
    assert all_of_it.order.request.contracts == D("0.3") // need == 590


def test_r15_a_reserve_of_all_that_is_free_leaves_nothing() -> None:
    plan = decided(CoinAccount(), "0.05", "5000")
    assert (plan.verdict, plan.order, plan.alarm) == (Verdict.NO_MARGIN, None, True)


def test_r15_the_reserve_is_no_backing_either() -> None:
    plan = decided(CoinAccount(), "1", "5000")
    assert plan.order is not None
    assert plan.order.request.contracts == 949


# What can't be believed, and what is told


def test_r10_what_froze_the_hedge_confirms_nothing_later() -> None:
    account = hedged()
    account.move(D(125_000))
    before, account.lag = account.memory, account.entry
    assert account.turn().verdict is Verdict.FROZEN
    assert account.memory == replace(before, sample=None, prices=account.memory.prices) != before
    account.lag = None
    account.wallet += D("0.5")
    assert [account.turn().verdict for _ in range(2)] == [Verdict.CONFIRMING, Verdict.ORDER]


def test_r28_without_an_entry_nothing_is_said_of_the_liquidation() -> None:
    account = hedged()
    account.wallet, account.spot = D("0.2"), D("0.8")
    situation = account.situation()
    assert isinstance(situation.position, Position)
    assert isinstance(situation.margin, Margin)
    position = replace(situation.position, entry_price=None)
    plan, _ = decide(replace(situation, position=position), account.memory)
    why = inverse.overdrawn_now(CONTRACT, position, situation.margin, account.price)
    assert plan.reason.endswith(f"; the short is not backed by its margin: {why}; move coins back into it")
