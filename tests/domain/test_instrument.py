"""Contracts and their units (R1, R2, R7)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.ids import Asset, Symbol, VenueName
from bot.domain.instrument import ContractKind, Instrument

D = Decimal
PEPE = Instrument(
    venue=VenueName("main"),
    symbol=Symbol("1000PEPE/USDT:USDT"),
    asset=Asset("PEPE"),
    quote=Asset("USDT"),
    settle=Asset("USDT"),
    kind=ContractKind.LINEAR,
    contract_size=D(10),
    quantity_step=D(1),
    quantity_min=D(1),
    quantity_max=D(1_000_000),
    price_tick=D("0.0000001"),
    notional_min=D(5),
    taker_fee=D("0.0005"),
    maker_fee=D("0.0002"),
    multiplier=D(1000),
)
BTC_USD = replace(PEPE, kind=ContractKind.INVERSE, contract_size=D(100), multiplier=D(1))


def test_r7_a_linear_contract_is_size_times_multiplier_coins() -> None:
    assert PEPE.coins(D(-3), D("0.012")) == D(-30_000)
    assert PEPE.contracts(D(-30_000), D("0.012")) == D(-3)
    assert PEPE.notional(D(-3), D("0.012")) == D("-0.36")
    assert PEPE.coin_price(D("0.012")) == D("0.000012")


def test_r2_an_inverse_contract_is_worth_its_size_in_quote() -> None:
    assert BTC_USD.coins(D(-1000), D(50_000)) == D(-2)
    assert BTC_USD.contracts(D(-2), D(50_000)) == D(-1000)
    assert BTC_USD.notional(D(-1000), D(50_000)) == D(-100_000)


@given(
    instrument=st.sampled_from([PEPE, BTC_USD]),
    contracts=st.decimals(-10_000, 10_000, places=3),
    price=st.decimals(D("0.001"), 200_000, places=3),
)
def test_coins_at_the_coins_price_are_the_notional(instrument: Instrument, contracts: Decimal, price: Decimal) -> None:
    coins = instrument.coins(contracts, price)
    assert abs(coins * instrument.coin_price(price) - instrument.notional(contracts, price)) < D("1e-15")
    assert abs(instrument.contracts(coins, price) - contracts) < D("1e-15")


@pytest.mark.parametrize("name", ["contract_size", "quantity_step", "quantity_max", "price_tick", "multiplier"])
@pytest.mark.parametrize("value", ["0", "-1"])
def test_a_contract_that_can_not_be_sized_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        replace(PEPE, **{name: D(value)})  # type: ignore[arg-type]
