"""What a coin-margined short gains by its trades, one after the other and in parts of a contract (R2, R24)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import inverse
from bot.domain.ids import TradeId, VenueOrderId
from bot.domain.orders import Side, VenueTrade
from tests.core.coins import CONTRACT
from tests.core.instruments import BTC

TENTHS = replace(CONTRACT, quantity_step=D("0.1"), quantity_min=D("0.1"))


def trade(side: Side, contracts: str | D, price: str | D, *, realized: str = "0") -> VenueTrade:
    """Without a fee."""
    return VenueTrade(
        trade_id=TradeId("1"),
        venue_order_id=VenueOrderId("1"),
        symbol=CONTRACT.symbol,
        side=side,
        contracts=D(contracts),
        price=D(price),
        fee=D(0),
        fee_asset=BTC,
        realized=D(realized),
        maker=False,
        time_ms=0,
    )


def gained(contracts: str, entry: str | None, *trades: VenueTrade) -> D:
    return inverse.gained(TENTHS, trades, D(contracts), None if entry is None else D(entry))


@pytest.mark.parametrize("entry", [None, "90000"])
def test_r24_what_opens_a_short_realises_nothing_whatever_the_venue_tells(entry: str | None) -> None:
    assert gained("0", entry, trade(Side.SELL, "500", "100000", realized="7")) == 0


def test_r24_what_a_trade_opened_has_its_price_as_the_entry() -> None:
    """100 contracts of 100 USD: 0.1 coins at 100,000, and 0.2 at 50,000."""
    opened = trade(Side.SELL, "100", "100000")
    assert gained("0", None, opened, trade(Side.BUY, "100", "50000", realized="7")) == D("0.1")
    flat = gained("-100", "100000", trade(Side.BUY, "100", "50000"), opened, trade(Side.BUY, "100", "50000"))
    assert flat == D("0.2")


def test_r24_the_entry_of_parts_of_a_contract_is_the_average() -> None:
    """0.5 contracts at 100,000 and as many at 50,000 were 0.0015 coins; at 100,000 they are 0.001."""
    more, all_back = trade(Side.SELL, "0.5", "50000"), trade(Side.BUY, "1", "100000")
    assert abs(gained("-0.5", "100000", more, all_back) - D("-0.0005")) < D("1e-24")


@pytest.mark.parametrize("contracts", ["0.1", "1", "5"])
def test_r24_a_long_that_is_sold_gains_while_the_price_rises(contracts: str) -> None:
    sold = trade(Side.SELL, contracts, "200000")
    assert gained(contracts, "100000", sold) == D(contracts) * D("0.0005")
    assert gained(f"-{contracts}", "100000", replace(sold, side=Side.BUY)) == -D(contracts) * D("0.0005")


PRICE = st.integers(10_000, 200_000).map(D)


@given(st.lists(st.tuples(st.integers(1, 999), PRICE), min_size=1, max_size=6), PRICE)
def test_r24_a_round_trip_gains_what_was_bought_more_than_sold(sales: list[tuple[int, D]], back: D) -> None:
    """In coins, whatever the order of its trades, and whatever the venue tells of each."""
    sold = [trade(Side.SELL, D(tenths) / 10, price, realized="7") for tenths, price in sales]
    total = sum((one.contracts for one in sold), D(0))
    bought = trade(Side.BUY, total, back, realized="7")
    coins = CONTRACT.coins(total, back) - sum((CONTRACT.coins(one.contracts, one.price) for one in sold), D(0))
    assert abs(gained("0", None, *sold, bought) - coins) < D("1e-18")
    halves = [trade(Side.BUY, total / 2, back, realized="7")] * 2
    assert abs(gained("0", None, *sold, *halves) - coins) < D("1e-18")
