"""How a book fills an order, and what the venue takes for it (R16)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import cost
from bot.domain.observation import Book
from bot.domain.orders import Side
from tests.quote.facts import BINANCE_SPOT, INVERSE, KUCOIN_SPOT, LINEAR, NARROW, NARROW_INVERSE, book, levels


def test_an_order_takes_the_best_levels_first() -> None:
    filled = cost.walk(NARROW, Side.SELL, D(1))
    assert [(level.price, level.contracts) for level in filled.fills] == [(D(99_990), D("0.4")), (D(99_980), D("0.6"))]
    assert (filled.average, filled.worst, filled.left) == (D(99_984), D(99_980), D(0))
    assert filled.mid == D(100_000)
    assert filled.spread_cost == D(10)  # from the middle to the touch, on 1
    assert filled.depth_cost == D(6)  # 0.6 at 10 worse than the touch


def test_a_buy_is_the_mirror() -> None:
    filled = cost.walk(NARROW, Side.BUY, D(1))
    assert (filled.average, filled.worst) == (D(100_020), D(100_030))
    assert (filled.spread_cost, filled.depth_cost) == (D(10), D(10))


def test_no_level_is_touched_that_is_not_needed() -> None:
    filled = cost.walk(NARROW, Side.SELL, D("0.4"))
    assert (len(filled.fills), filled.worst, filled.depth_cost) == (1, D(99_990), D(0))
    assert cost.walk(NARROW, Side.SELL, D(0)).fills == ()


def test_what_does_not_fit_is_left_and_not_priced() -> None:
    filled = cost.walk(NARROW, Side.SELL, D(10))
    assert (filled.filled, filled.left) == (D("5.4"), D("4.6"))
    assert filled.value == D("0.4") * 99_990 + 5 * 99_980


def test_an_empty_side_has_no_price() -> None:
    empty = cost.walk(book((), levels((100_010, 1))), Side.SELL, D(1))
    assert (empty.average, empty.worst, empty.mid, empty.spread_cost, empty.depth_cost) == (None,) * 5
    assert cost.entry(LINEAR, empty) is None
    lone = cost.walk(book((), levels((100_010, 1))), Side.BUY, D(1))
    assert (lone.average, lone.mid, lone.spread_cost, lone.depth_cost) == (D(100_010), None, None, D(0))


def test_the_entry_of_an_inverse_contract_is_contracts_over_coins() -> None:
    filled = cost.walk(NARROW_INVERSE, Side.SELL, D(1_000))
    coins = D(400) * 100 / D(99_990) + D(600) * 100 / D(99_980)
    assert cost.entry(INVERSE, filled) == pytest.approx(D(1_000) * 100 / coins, rel=D("1e-20"))
    assert cost.entry(LINEAR, cost.walk(NARROW, Side.SELL, D(1))) == D(99_984)


def test_a_perpetual_takes_its_fee_in_what_settles_it() -> None:
    assert cost.perp_fee(LINEAR, cost.walk(NARROW, Side.SELL, D(1))) == cost.Fee(
        amount=D("49.9920"), asset=LINEAR.settle
    )
    small = replace(LINEAR, contract_size=D("0.01"))
    assert cost.perp_fee(small, cost.walk(NARROW, Side.SELL, D(1))).amount == D("0.499920")
    dear = replace(INVERSE, taker_fee=D("0.001"))
    fee = cost.perp_fee(dear, cost.walk(NARROW_INVERSE, Side.SELL, D(400)))
    assert (fee.amount, fee.asset) == (D(400) / D(99_990) * 100 * D("0.001"), INVERSE.settle)


def test_a_buy_pays_in_coins_or_in_quote_as_the_venue_has_it_and_a_sale_in_quote() -> None:
    bought, sold = cost.walk(NARROW, Side.BUY, D("0.5")), cost.walk(NARROW, Side.SELL, D("0.4"))
    assert cost.spot_fee(BINANCE_SPOT, bought) == cost.Fee(amount=D("0.0005"), asset=BINANCE_SPOT.base)
    assert cost.spot_fee(KUCOIN_SPOT, bought) == cost.Fee(amount=D("50.005"), asset=KUCOIN_SPOT.quote)
    for market in (BINANCE_SPOT, KUCOIN_SPOT):
        dear = replace(market, taker_fee=D("0.01"))
        assert cost.spot_fee(dear, sold) == cost.Fee(amount=D("399.96"), asset=market.quote)
    assert cost.arriving(BINANCE_SPOT, bought) == D("0.4995")
    assert cost.arriving(KUCOIN_SPOT, bought) == D("0.5")
    assert cost.arriving(BINANCE_SPOT, sold) == D("-0.4")


_LEVEL = st.tuples(st.integers(1, 10_000), st.integers(1, 1_000))


@st.composite
def _books(draw: st.DrawFn) -> Book:
    """Uncrossed, each side in order."""
    down, up = draw(st.lists(_LEVEL, min_size=1, max_size=6)), draw(st.lists(_LEVEL, min_size=1, max_size=6))
    bids = [(1_000_000 - step, quantity) for step, quantity in sorted(dict(down).items())]
    asks = [(1_000_000 + step, quantity) for step, quantity in sorted(dict(up).items())]
    return book(levels(*bids), levels(*asks))


@given(_books(), st.sampled_from(Side), st.integers(0, 10_000))
def test_a_walk_neither_makes_nor_loses_anything(depth: Book, side: Side, quantity: int) -> None:
    filled = cost.walk(depth, side, D(quantity))
    visible = sum(level.contracts for level in (depth.asks if side is Side.BUY else depth.bids))
    assert filled.filled == min(D(quantity), visible)
    assert filled.filled + filled.left == D(quantity)
    spread, depth_cost, middle = filled.spread_cost, filled.depth_cost, filled.mid
    assert spread is not None
    assert depth_cost is not None
    assert middle is not None
    # From the middle to what was paid is the spread and the depth, and nothing else.
    assert filled.value == middle * filled.filled + side.sign * (spread + depth_cost)
    assert spread >= 0
    assert depth_cost >= 0


@given(
    st.decimals("0.001", "1000", places=5), st.decimals("0", "0.02", places=6), st.sampled_from(["0.00001", "0.001"])
)
def test_a_purchase_is_raised_so_that_the_coins_arrive_and_no_step_more(coins: D, rate: D, step: str) -> None:
    market = replace(BINANCE_SPOT, quantity_step=D(step), taker_fee=rate)
    deep = book(levels((99_990, 1)), levels((100_010, 10_000)))
    arrived = cost.arriving(market, cost.walk(deep, Side.BUY, cost.bought_for(market, coins)))
    # The division that raises it is rounded in its last digit.
    assert coins - D("1e-20") <= arrived < coins + D(step)
