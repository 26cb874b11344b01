"""How much to trade, and at which limit (R13 to R16)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.sizing import (
    band_notional,
    bounds,
    collar,
    decrease_contracts,
    depth_contracts,
    enough,
    fitting_contracts,
    increase_contracts,
)
from bot.domain.observation import Book, BookLevel, Prices, Stamp
from bot.domain.orders import Side
from bot.domain.policy import Band
from tests.core.instruments import INVERSE, LINEAR

D = Decimal
STAMP = Stamp(sent_ms=0, answered_ms=1)
INSTRUMENT = replace(LINEAR, quantity_min=D("0.002"))

contracts = st.decimals(0, 10, places=3)
orders = st.lists(st.tuples(st.sampled_from(Side), contracts), max_size=5)
shares = st.lists(st.decimals(0, 1, places=2), min_size=5, max_size=5)


def _prices(mark: str, bid: str, ask: str) -> Prices:
    return Prices(
        symbol=INSTRUMENT.symbol, mark=D(mark), index=D(mark), bid=D(bid), ask=D(ask), funding_rate=None, stamp=STAMP
    )


def test_r14_the_band_is_the_larger_of_share_and_amount() -> None:
    band = Band(relative=D("0.005"), notional=D(20))
    assert band_notional(band, D(1), D(100_000)) == 500
    assert band_notional(band, D(3), D(600)) == 20
    assert band_notional(band, D(0), D(600)) == 20


def test_r13_an_unknown_buy_does_not_over_hedge() -> None:
    """Position 1.0, an unknown buy of 0.4, target 1.2: signed netting would sell 0.6."""
    short_max, short_min = bounds(D("-1.0"), [(Side.BUY, D("0.4"))])
    assert (short_max, short_min) == (D("1.0"), D("0.6"))
    assert increase_contracts(D("1.2"), short_max, INSTRUMENT.quantity_step) == D("0.2")


def test_r13_an_unknown_sell_does_not_reduce_too_far() -> None:
    short_max, short_min = bounds(D("-1.0"), [(Side.SELL, D("0.4")), (Side.BUY, D("0.1"))])
    assert (short_max, short_min) == (D("1.4"), D("0.9"))
    assert decrease_contracts(D("0.5"), short_min, INSTRUMENT.quantity_step) == D("0.4")


def test_r13_with_nothing_under_way_both_bounds_are_the_position() -> None:
    assert bounds(D("-1.5"), []) == (D("1.5"), D("1.5"))
    assert bounds(D("0.5"), []) == (D("-0.5"), D("-0.5"))


@given(short=contracts, under_way=orders, filled=shares, target=contracts)
def test_r13_whatever_fills_an_increase_never_over_hedges(
    short: Decimal, under_way: list[tuple[Side, Decimal]], filled: list[Decimal], target: Decimal
) -> None:
    short_max, _ = bounds(-short, under_way)
    increase = increase_contracts(target, short_max, INSTRUMENT.quantity_step)
    came = -sum(
        (side.sign * quantity * share for (side, quantity), share in zip(under_way, filled, strict=False)), D(0)
    )
    assert increase >= 0
    assert increase % INSTRUMENT.quantity_step == 0
    assert increase == 0 or short + came + increase <= target


@given(short=contracts, under_way=orders, filled=shares, target=st.decimals(-1, 10, places=4))
def test_r13_whatever_fills_a_decrease_never_bares_nor_turns_long(
    short: Decimal, under_way: list[tuple[Side, Decimal]], filled: list[Decimal], target: Decimal
) -> None:
    _, short_min = bounds(-short, under_way)
    decrease = decrease_contracts(target, short_min, INSTRUMENT.quantity_step)
    came = -sum(
        (side.sign * quantity * share for (side, quantity), share in zip(under_way, filled, strict=False)), D(0)
    )
    assert decrease >= 0
    assert decrease % INSTRUMENT.quantity_step == 0
    assert decrease == 0 or short + came - decrease >= max(target, D(0))


@given(short=contracts, under_way=orders, target=contracts)
def test_r13_one_turn_never_wants_both(short: Decimal, under_way: list[tuple[Side, Decimal]], target: Decimal) -> None:
    short_max, short_min = bounds(-short, under_way)
    grow = increase_contracts(target, short_max, INSTRUMENT.quantity_step)
    assert grow == 0 or decrease_contracts(target, short_min, INSTRUMENT.quantity_step) == 0


def test_r14_target_zero_closes_everything() -> None:
    assert decrease_contracts(D(0), D("0.001"), INSTRUMENT.quantity_step) == D("0.001")
    assert decrease_contracts(D("-0.5"), D("1.234"), INSTRUMENT.quantity_step) == D("1.234")
    assert decrease_contracts(D(0), D("-0.5"), INSTRUMENT.quantity_step) == 0


def test_r14_quantities_are_rounded_down_to_the_step() -> None:
    assert increase_contracts(D("1.9999"), D(1), INSTRUMENT.quantity_step) == D("0.999")
    assert decrease_contracts(D("0.0001"), D(1), INSTRUMENT.quantity_step) == D("0.999")


def test_r16_a_sell_gives_up_the_slippage_from_the_lower_of_bid_and_mark() -> None:
    assert collar(Side.SELL, _prices("100000", "99990", "100010"), INSTRUMENT, D("0.005")) == D("99490.1")
    assert collar(Side.SELL, _prices("99000", "99990", "100010"), INSTRUMENT, D("0.005")) == D(98505)


def test_r16_a_buy_mirrors_it() -> None:
    assert collar(Side.BUY, _prices("100000", "99990", "100010"), INSTRUMENT, D("0.005")) == D(100510)
    assert collar(Side.BUY, _prices("101000", "99990", "100010"), INSTRUMENT, D("0.005")) == D(101505)


def test_r16_limits_round_against_slippage() -> None:
    prices = _prices("100000.07", "100000.03", "100000.04")
    assert collar(Side.SELL, prices, INSTRUMENT, D(0)) == D("100000.1")
    assert collar(Side.BUY, prices, INSTRUMENT, D(0)) == D("100000.0")


def test_r16_the_collar_stays_inside_the_percent_price_filter() -> None:
    far = _prices("100000", "94000", "106000")
    assert collar(Side.SELL, far, INSTRUMENT, D("0.01")) == D(95000)
    assert collar(Side.BUY, far, INSTRUMENT, D("0.01")) == D(105000)


def test_r16_a_venue_without_a_filter_needs_no_clamp() -> None:
    free = replace(INSTRUMENT, price_down=None, price_up=None)
    far = _prices("100000", "94000", "106000")
    assert collar(Side.SELL, far, free, D("0.01")) == D(93060)
    assert collar(Side.BUY, far, free, D("0.01")) == D(107060)


@given(
    mark=st.decimals(1000, 100_000, places=2),
    spread=st.integers(0, 500),
    ticks=st.integers(10_000, 1_000_000),
    slippage=st.decimals(0, D("0.2"), places=4),
)
def test_r16_every_collar_is_on_the_tick_inside_the_filter_and_reaches_the_touch(
    mark: Decimal, spread: int, ticks: int, slippage: Decimal
) -> None:
    bid, ask = ticks * INSTRUMENT.price_tick, (ticks + spread) * INSTRUMENT.price_tick
    prices = replace(_prices("1", "1", "1"), mark=mark, bid=bid, ask=ask)
    sell, buy = collar(Side.SELL, prices, INSTRUMENT, slippage), collar(Side.BUY, prices, INSTRUMENT, slippage)
    assert sell % INSTRUMENT.price_tick == buy % INSTRUMENT.price_tick == 0
    assert sell >= mark * D("0.95")
    assert buy <= mark * D("1.05")
    assert sell <= bid or bid < mark * D("0.95") + INSTRUMENT.price_tick
    assert buy >= ask or ask > mark * D("1.05") - INSTRUMENT.price_tick


def _book() -> Book:
    return Book(
        bids=(BookLevel(price=D(100), contracts=D(5)), BookLevel(price=D(99), contracts=D(7))),
        asks=(BookLevel(price=D(101), contracts=D(2)), BookLevel(price=D(102), contracts=D(3))),
        stamp=STAMP,
    )


@pytest.mark.parametrize(
    ("side", "limit", "depth"),
    [
        (Side.SELL, "101", "0"),
        (Side.SELL, "100", "5"),
        (Side.SELL, "98.5", "12"),
        (Side.BUY, "100", "0"),
        (Side.BUY, "101", "2"),
        (Side.BUY, "110", "5"),
    ],
)
def test_r16_depth_counts_what_the_limit_reaches(side: Side, limit: str, depth: str) -> None:
    assert depth_contracts(_book(), side, D(limit)) == D(depth)


def test_r15_what_fits_leaves_room_for_slippage_and_fee() -> None:
    assert fitting_contracts(INSTRUMENT, D(100_550), D(0), D(100_000), D("0.005"), 1) == D(1)
    assert fitting_contracts(INSTRUMENT, D(100_549), D(0), D(100_000), D("0.005"), 1) == D("0.999")


def test_r15_the_reserve_is_never_used() -> None:
    assert fitting_contracts(INSTRUMENT, D(200_000), D(150_000), D(100_000), D("0.005"), 1) == D("0.497")
    assert fitting_contracts(INSTRUMENT, D(100), D(150), D(100_000), D("0.005"), 1) == 0


def test_r15_leverage_does_not_make_slippage_and_fee_smaller() -> None:
    assert fitting_contracts(INSTRUMENT, D(50_550), D(0), D(100_000), D("0.005"), 2) == D(1)
    assert fitting_contracts(INSTRUMENT, D(50_549), D(0), D(100_000), D("0.005"), 2) == D("0.999")


def test_r15_at_setting_1_the_last_inverse_contracts_do_not_fit() -> None:
    """1 BTC at 100,000 is 1,000 contracts of 100; at a setting of 2 the effective 1x fits."""
    assert fitting_contracts(INVERSE, D(1), D(0), D(100_000), D("0.005"), 1) == 994
    assert fitting_contracts(INVERSE, D(1), D(0), D(100_000), D("0.005"), 2) > 1000


@given(available=st.decimals(0, 1_000_000, places=2), reserve=st.decimals(0, 1000, places=2))
def test_r15_what_fits_never_costs_more_than_there_is(available: Decimal, reserve: Decimal) -> None:
    fits = fitting_contracts(INSTRUMENT, available, reserve, D(100_000), D("0.005"), 1)
    assert fits == 0 or fits * D(100_550) <= available - reserve


@pytest.mark.parametrize(
    ("quantity", "reduce_only", "said"),
    [
        ("0", False, "less than one step"),
        ("-1", True, "less than one step"),
        ("0.001", True, "below the minimum of 0.002"),
        ("0.002", False, "below the minimum of 100 USDT"),
        ("0.002", True, None),
        ("0.004", False, None),
    ],
)
def test_r14_orders_below_the_minimum_are_not_sent(quantity: str, reduce_only: bool, said: str | None) -> None:
    answer = enough(INSTRUMENT, D(quantity), D(25_000), reduce_only=reduce_only)
    if said is None:
        assert answer is None
    else:
        assert answer is not None
        assert said in answer
