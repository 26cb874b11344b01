"""Liquidation prices (R27, R28)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.margin import liquidation_price
from tests.core.instruments import INVERSE, LINEAR

D = Decimal
ENTRY = D(100_000)

positions = st.decimals(D("0.001"), 100, places=3)
entries = st.decimals(1000, 200_000, places=1)
rates = st.decimals(D("0.001"), D("0.1"), places=4)
shares = st.decimals(D("0.05"), 3, places=3)


@pytest.mark.parametrize(
    ("rate", "wallet", "expected"),
    [
        ("0.004", "1", "1.992"),
        ("0.01", "1", "1.980"),
        ("0.025", "1", "1.951"),
        ("0.004", "0.5", "1.494"),
        ("0.004", "2", "2.988"),
    ],
)
def test_r27_a_linear_short_is_liquidated_at_that_multiple_of_its_entry(rate: str, wallet: str, expected: str) -> None:
    price = liquidation_price(LINEAR, D(-1), ENTRY, ENTRY * D(wallet), D(rate))
    assert price is not None
    assert round(price / ENTRY, 3) == D(expected)


def test_r27_the_maintenance_amount_of_the_bracket_counts_as_margin() -> None:
    assert liquidation_price(LINEAR, D(-1), ENTRY, ENTRY, D("0.01"), D(2000)) == D(202_000) / D("1.01")


def test_r7_the_contract_size_counts() -> None:
    small = replace(LINEAR, contract_size=D("0.01"))
    assert liquidation_price(small, D(-100), ENTRY, ENTRY, D("0.004")) == liquidation_price(
        LINEAR, D(-1), ENTRY, ENTRY, D("0.004")
    )


def test_no_position_has_no_liquidation_price() -> None:
    assert liquidation_price(LINEAR, D(0), ENTRY, ENTRY, D("0.004")) is None
    assert liquidation_price(INVERSE, D(0), ENTRY, D(1), D("0.004")) is None


def test_a_long_that_is_fully_paid_has_none_and_a_leveraged_one_has_it_below() -> None:
    assert liquidation_price(LINEAR, D(1), ENTRY, ENTRY, D("0.004")) is None
    price = liquidation_price(LINEAR, D(1), ENTRY, ENTRY / 2, D("0.004"))
    assert price is not None
    assert price < ENTRY


@pytest.mark.parametrize("backing", ["1", "1.0001", "5"])
def test_r28_an_inverse_short_backed_by_its_coins_has_none(backing: str) -> None:
    assert liquidation_price(INVERSE, D(-1000), ENTRY, D(backing), D("0.004")) is None


def test_r28_backing_exactly_1_has_none_whatever_the_digits_of_the_entry() -> None:
    """3 contracts of 100 entered at 70,000 are worth 0.00428571... coins; one digit more is enough, one less is not."""
    assert liquidation_price(INVERSE, D(-3), D(75_000), D("0.004"), D("0.004")) is None
    assert liquidation_price(INVERSE, D(-3), D(70_000), D("0.00428572"), D("0.004")) is None
    assert liquidation_price(INVERSE, D(-3), D(70_000), D("0.00428571"), D("0.004")) is not None


@pytest.mark.parametrize(
    ("backing", "multiple"), [("0.99", "99.6"), ("0.95", "19.92"), ("0.9", "9.96"), ("0.5", "1.992")]
)
def test_r28_with_less_backing_it_follows_the_formula(backing: str, multiple: str) -> None:
    assert liquidation_price(INVERSE, D(-1000), ENTRY, D(backing), D("0.004")) == ENTRY * D(multiple)


@given(quantity=positions, entry=entries, rate=rates, share=shares, short=st.booleans())
def test_r27_at_the_linear_price_equity_is_the_maintenance_margin(
    quantity: Decimal, entry: Decimal, rate: Decimal, share: Decimal, short: bool
) -> None:
    contracts = -quantity if short else quantity
    wallet = quantity * entry * share
    price = liquidation_price(LINEAR, contracts, entry, wallet, rate)
    if price is None:
        assert not short
        assert wallet >= quantity * entry
    else:
        equity = wallet + contracts * (price - entry)
        assert abs(equity - rate * quantity * price) < D("1e-15")


@given(number=st.integers(1, 100_000), entry=entries, rate=rates, share=shares, short=st.booleans())
def test_r28_at_the_inverse_price_equity_is_the_maintenance_margin(
    number: int, entry: Decimal, rate: Decimal, share: Decimal, short: bool
) -> None:
    contracts, notional = D(-number if short else number), D(number) * INVERSE.contract_size
    wallet = round(notional / entry * share, 8)
    price = liquidation_price(INVERSE, contracts, entry, wallet, rate)
    if price is None:
        assert short
        assert wallet * entry >= notional
    else:
        equity = wallet + contracts * INVERSE.contract_size * (1 / entry - 1 / price)
        assert abs(equity - rate * notional / price) < D("1e-15")
