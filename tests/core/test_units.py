"""Units: contracts, the venue's base, coins (R7)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.units import MULTIPLIERS, asset_and_multiplier, check_notional, check_volume
from tests.core.instruments import INVERSE, LINEAR

D = Decimal


@pytest.mark.parametrize(
    ("base", "asset", "multiplier"),
    [
        ("BTC", "BTC", 1),
        ("1INCH", "1INCH", 1),
        ("0G", "0G", 1),
        ("C98", "C98", 1),
        ("BANANAS31", "BANANAS31", 1),
        ("BROCCOLI714", "BROCCOLI714", 1),
        ("1000PEPE", "PEPE", 1000),
        ("1000SHIB", "SHIB", 1000),
        ("1000000MOG", "MOG", 1_000_000),
        ("1000SATS", "1000SATS", 1),
        ("1MBABYDOGE", "1MBABYDOGE", 1),
    ],
)
def test_r7_a_base_stands_for_a_coin_and_a_number_of_it(base: str, asset: str, multiplier: int) -> None:
    assert asset_and_multiplier(base) == (asset, D(multiplier))


@pytest.mark.parametrize("base", ["1000DOGE", "10NEW", "1000000PEPE", "1MPEPE", "1KBONK", "SHIB1000", "10000SATS"])
def test_r7_an_unknown_multiple_asks_a_person(base: str) -> None:
    with pytest.raises(ValueError, match=f"{base} looks like a multiple"):
        asset_and_multiplier(base)


def test_r7_the_table_can_not_be_changed_and_holds_powers_of_ten() -> None:
    assert not hasattr(MULTIPLIERS, "__setitem__")
    for base, (asset, multiplier) in MULTIPLIERS.items():
        assert base in {asset, f"{multiplier}{asset}"}


def test_r7_volumes_that_fit_the_contract_size_pass() -> None:
    assert check_volume(LINEAR, D(1000), D(100_000_000), D(100_000)) is None
    assert check_volume(LINEAR, D(1000), D(104_000_000), D(100_000)) is None
    assert check_volume(replace(LINEAR, contract_size=D("0.01")), D(1000), D(1_000_000), D(100_000)) is None
    assert check_volume(INVERSE, D(1000), D(100_000), D(97_123)) is None


@pytest.mark.parametrize("venue_quote", ["94000000", "106000000", "1000000", "10000000000"])
def test_r7_volumes_that_do_not_fit_name_both_figures(venue_quote: str) -> None:
    said = check_volume(LINEAR, D(1000), D(venue_quote), D(100_000))
    assert said is not None
    assert "100000000 USDT" in said
    assert venue_quote in said


@pytest.mark.parametrize(("contracts", "quote", "price"), [("0", "1", "1"), ("1", "0", "1"), ("1", "1", "0")])
def test_r8_no_volume_shows_nothing_and_is_not_taken_for_right(contracts: str, quote: str, price: str) -> None:
    said = check_volume(LINEAR, D(contracts), D(quote), D(price))
    assert said is not None
    assert "can't be checked" in said


def test_r7_a_position_is_held_against_the_venues_own_value() -> None:
    assert check_notional(LINEAR, D("-1.5"), D(100_000), D(150_000)) is None
    assert check_notional(LINEAR, D("-1.5"), D(100_000), D(-150_000)) is None
    assert check_notional(LINEAR, D("-1.5"), D(104_000), D(150_000)) is None
    assert check_notional(LINEAR, D(0), D(100_000), D(0)) is None
    assert check_notional(LINEAR, D("-1.5"), D(100_000), None) is None
    assert check_notional(INVERSE, D(-10), D(100_000), D(1000)) is None


def test_r7_contracts_taken_for_coins_are_seen() -> None:
    said = check_notional(replace(LINEAR, contract_size=D("0.001")), D(-1500), D(100_000), D(150_000_000))
    assert said is not None
    assert "150000 USDT" in said
    assert "150000000" in said
    assert check_notional(LINEAR, D(-1), D(100_000), D(0)) is not None
