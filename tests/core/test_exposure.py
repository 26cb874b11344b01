"""Exposure, short and gap (R1 to R3)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.exposure import exposure, gap, principal, short_coins, target
from bot.domain.ids import Asset
from bot.domain.observation import Holding, Source, Stamp
from tests.core.instruments import BTC, INVERSE, LINEAR, MAIN

D = Decimal

ratios = st.decimals(0, 1, places=4)
coins = st.decimals(0, 10_000, places=8)
prices = st.decimals(D("0.1"), 1_000_000, places=4)


def _holding(quantity: Decimal, *, principal: Decimal | None = None, source: Source = Source.SPOT) -> Holding:
    return Holding(
        source=source,
        venue=MAIN,
        asset=BTC,
        quantity=quantity,
        principal=quantity if principal is None else principal,
        stamp=Stamp(sent_ms=0, answered_ms=1),
    )


def test_r1_exposure_is_the_sum_of_all_holdings_and_debts_count_against_it() -> None:
    held = [_holding(D("0.5")), _holding(D("1.25"), source=Source.EARN), _holding(D("-0.25"))]
    assert exposure(held) == D("1.5")
    assert principal(held) == D("1.5")
    assert exposure([]) == principal([]) == 0


def test_r2_margin_counts_with_its_margin_balance_and_its_principal_with_the_wallet() -> None:
    held = [_holding(D("1.1"), principal=D(1), source=Source.MARGIN), _holding(D(2))]
    assert exposure(held) == D("3.1")
    assert principal(held) == D(3)


def test_r1_a_linear_short_hedges_its_coins_whatever_the_price() -> None:
    assert short_coins(LINEAR, D("-1.5"), D(100_000)) == short_coins(LINEAR, D("-1.5"), D(1)) == D("1.5")
    assert short_coins(LINEAR, D("0.5"), D(100_000)) == D("-0.5")


def test_r7_a_contract_of_another_size_is_turned_into_coins() -> None:
    pepe = replace(LINEAR, asset=Asset("PEPE"), multiplier=D(1000), contract_size=D(10))
    assert short_coins(pepe, D(-3), D("0.01")) == D(30_000)


def test_r2_an_inverse_short_hedges_fewer_coins_the_higher_the_price() -> None:
    assert short_coins(INVERSE, D(-1000), D(100_000)) == D(1)
    assert short_coins(INVERSE, D(-1000), D(200_000)) == D("0.5")


@given(held=coins, short=coins, ratio=ratios)
def test_r3_for_a_linear_short_the_gap_is_ratio_times_exposure_less_the_short(
    held: Decimal, short: Decimal, ratio: Decimal
) -> None:
    assert gap(held, held, short, ratio) == ratio * held - short


@given(held=coins, paid_in=coins, short=coins, ratio=ratios)
def test_r3_at_the_target_there_is_no_gap(held: Decimal, paid_in: Decimal, short: Decimal, ratio: Decimal) -> None:
    wanted = target(held, paid_in, ratio)
    assert wanted == short + gap(held, paid_in, short, ratio)
    assert gap(held, paid_in, wanted, ratio) == 0


def _inverse_gap(wallet: Decimal, contracts: Decimal, entry: Decimal, mark: Decimal, ratio: Decimal) -> Decimal:
    """The gap of coins that margin their own inverse short, by the definitions of R2 alone."""
    profit = contracts * INVERSE.contract_size * (1 / mark - 1 / entry)
    held = [_holding(wallet + profit, principal=wallet, source=Source.MARGIN)]
    return gap(exposure(held), principal(held), short_coins(INVERSE, -contracts, mark), ratio)


@given(
    wallet=st.decimals(D("0.001"), 10_000, places=8),
    contracts=st.integers(0, 1_000_000),
    entry=st.decimals(1_000, 1_000_000, places=1),
    mark=st.decimals(1_000, 1_000_000, places=1),
    later=st.decimals(1_000, 1_000_000, places=1),
    ratio=ratios,
)
def test_r3_for_an_inverse_short_the_gap_does_not_depend_on_the_price(
    wallet: Decimal, contracts: int, entry: Decimal, mark: Decimal, later: Decimal, ratio: Decimal
) -> None:
    """1/P has no end of digits: the two may differ in the 28th digit of at most 1e5 coins, so by less than 1e-20."""
    one = _inverse_gap(wallet, D(contracts), entry, mark, ratio)
    other = _inverse_gap(wallet, D(contracts), entry, later, ratio)
    assert abs(one - other) < D("1e-20")


def test_r3_the_naive_inverse_gap_trades_on_every_tick() -> None:
    """Half hedge of 1 BTC, 500 contracts of 100 sold at 100,000; at 150,000 ratio x exposure - short shows +0.083."""
    contracts, entry, mark, half = D(500), D(100_000), D(150_000), D("0.5")
    profit = contracts * 100 * (1 / mark - 1 / entry)
    naive = half * (1 + profit) - short_coins(INVERSE, -contracts, mark)
    assert round(naive, 3) == D("0.083")
    assert abs(_inverse_gap(D(1), contracts, entry, mark, half)) < D("1e-20")


def test_r3_counting_the_wallet_alone_trades_too() -> None:
    """R2: a full hedge of 1 BTC stays without gap only when the unrealised loss is counted."""
    short = short_coins(INVERSE, D(-1000), D(150_000))
    assert gap(D(1), D(1), short, D(1)) > D("0.33")
    assert abs(_inverse_gap(D(1), D(1000), D(100_000), D(150_000), D(1))) < D("1e-20")


@pytest.mark.parametrize(("held", "ratio", "expected"), [("1", "1", "1"), ("1", "0", "0"), ("3", "0.5", "1.5")])
def test_r3_the_target_is_the_share_of_the_coins_that_the_ratio_names(held: str, ratio: str, expected: str) -> None:
    assert target(D(held), D(held), D(ratio)) == D(expected)
