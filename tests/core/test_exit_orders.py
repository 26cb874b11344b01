"""The gate of a slice: books that are not believed, collars, caps, steps, and what may be spent (R12, R16, R24)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.exit_books import ExitMarket, buyable, sale_order, sound_targets, spend_order, unusable, worth
from bot.core.exit_orders import SliceCase, approve_slice
from bot.domain.exits import Peg, PegView
from bot.domain.ids import Asset, Symbol
from bot.domain.instrument import SpotMarket
from bot.domain.intent import IntentState
from bot.domain.observation import Book, BookLevel, Stamp
from bot.domain.orders import Approved, OrderRequest, Refused, Side, TimeInForce
from tests.core.exits import BTC, DAI, MAIN, NOW, POLICY, USDC, USDT, book, filled, market

SPOT = market(BTC, USDT)
BOOK = book(D(99_990), D(100_010), depth="10")


def case(
    side: Side = Side.SELL,
    *,
    most: str | None = "1",
    money: str | None = None,
    spot: SpotMarket = SPOT,
    told: Book | None = BOOK,
    **changes: object,
) -> SliceCase:
    made = SliceCase(
        policy=POLICY,
        market=ExitMarket(market=spot, book=told),
        side=side,
        most=None if most is None else D(most),
        money=None if money is None else D(money),
        reference=D(100_000),
        recent=(),
        live_from_ms=0,
        clock_ok=True,
        now_ms=NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def order(judged: Approved | Refused) -> Approved:
    assert isinstance(judged, Approved), judged
    return judged


def code(judged: Approved | Refused) -> str:
    assert isinstance(judged, Refused), judged
    return judged.code


def levels(*prices: str) -> tuple[BookLevel, ...]:
    return tuple(BookLevel(price=D(price), contracts=D(1)) for price in prices)


STAMP = Stamp(sent_ms=NOW, answered_ms=NOW)


def test_a_sale_may_fall_by_the_slippage_and_a_buy_may_rise_by_it() -> None:
    sale = order(approve_slice(case())).request
    assert (sale.price, sale.contracts, sale.reduce_only) == (D("99490.05"), D(1), False)
    buy = order(approve_slice(case(Side.BUY, most=None, money="50000"))).request
    assert buy.price == D("100510.05")
    assert buy.contracts == D("0.49746"), "what 50,000 pay for at the limit"


def test_what_passes_is_one_order_that_rests_nowhere() -> None:
    assert approve_slice(case(most="0.123456")) == Approved(
        request=OrderRequest(
            venue=MAIN,
            symbol=Symbol("BTC/USDT"),
            side=Side.SELL,
            contracts=D("0.12345"),
            price=D("99490.05"),
            time_in_force=TimeInForce.IOC,
            reduce_only=False,
        ),
        notional=D("0.12345") * 99_990,
        mark=D(100_000),
    )


def test_the_fee_of_a_buy_in_quote_is_paid_for_too() -> None:
    spot = market(BTC, USDT, fee_in_quote=True, fee="0.01")
    buy = order(approve_slice(case(Side.BUY, most=None, money="50000", spot=spot))).request
    assert buy.contracts * buy.price * D("1.01") <= 50_000
    assert (buy.contracts + D("0.00001")) * buy.price * D("1.01") > 50_000


def test_the_limit_stays_inside_the_venues_filter() -> None:
    spot = replace(SPOT, price_down=D("0.999"), price_up=D("1.001"))
    assert order(approve_slice(case(spot=spot))).request.price == D("99890.01")
    assert order(approve_slice(case(Side.BUY, spot=spot))).request.price == D("100110.01")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (None, "book.unknown"),
        (replace(BOOK, stamp=Stamp(sent_ms=NOW - 16_000, answered_ms=NOW)), "stale.book"),
        (Book(bids=(), asks=levels("100010"), stamp=STAMP), "book.empty"),
        (Book(bids=levels("99990"), asks=(), stamp=STAMP), "book.empty"),
        (Book(bids=levels("100010"), asks=levels("100010"), stamp=STAMP), "book.mangled"),
        (Book(bids=levels("99980", "99990"), asks=levels("100010"), stamp=STAMP), "book.mangled"),
        (Book(bids=levels("99990"), asks=levels("100020", "100010"), stamp=STAMP), "book.mangled"),
        (Book(bids=levels("99990", "99990"), asks=levels("100010"), stamp=STAMP), "book.mangled"),
        (Book(bids=levels("99990"), asks=levels("100010", "100010"), stamp=STAMP), "book.mangled"),
        (Book(bids=levels("99990", "0"), asks=levels("100010"), stamp=STAMP), "book.mangled"),
        (book(D(99_990), D(100_010), depth="0"), "book.mangled"),
        (book(D(94_999), D(95_000)), "price.touch"),
        (book(D(105_001), D(105_002)), "price.touch"),
        (book(D(99_990), D(100_010), depth="0.00004"), "depth.too-thin"),
    ],
)
def test_books_that_nothing_is_sold_by(told: Book | None, expected: str) -> None:
    assert code(approve_slice(case(told=told))) == expected


@pytest.mark.parametrize(("side", "bid", "ask"), [(Side.SELL, 95_000, 95_010), (Side.BUY, 104_990, 105_000)])
def test_a_best_price_may_be_just_so_far_from_the_second_source(side: Side, bid: int, ask: int) -> None:
    assert isinstance(approve_slice(case(side, told=book(D(bid), D(ask)))), Approved)


def test_a_price_below_one_is_a_price() -> None:
    cheap = Book(bids=levels("0.97", "0.5"), asks=levels("0.98"), stamp=STAMP)
    assert unusable(market(USDC, USDT), cheap, NOW, D(15)) is None


def test_it_is_the_price_that_the_order_meets_that_counts() -> None:
    wide = book(D(94_999), D(105_000))
    assert code(approve_slice(case(Side.SELL, told=wide))) == "price.touch"
    assert isinstance(approve_slice(case(Side.BUY, told=wide)), Approved)


def test_just_the_least_that_a_market_takes_is_enough() -> None:
    spot = replace(SPOT, quantity_min=D("0.5"), notional_min=D("0.5") * D("99490.05"))
    assert order(approve_slice(case(most="0.5", spot=spot))).request.contracts == D("0.5")
    for dearer in (replace(spot, quantity_min=D("0.50001")), replace(spot, notional_min=D("49745.03"))):
        assert code(approve_slice(case(most="0.5", spot=dearer))) == "order.too-small"
    free = replace(SPOT, quantity_min=D(0), notional_min=D(0))
    assert code(approve_slice(case(most="0", spot=free))) == "order.too-small"


def test_a_market_that_rests_takes_nothing() -> None:
    assert code(approve_slice(case(spot=replace(SPOT, active=False)))) == "instrument.inactive"


@pytest.mark.parametrize("most", ["0", "-1", "0.000009", "0.00005"])
def test_too_little_is_too_little_whatever_else_stands_against_it(most: str) -> None:
    assert code(approve_slice(case(most=most, clock_ok=False))) == "order.too-small"


def test_nothing_leaves_without_the_clock_before_its_time_or_too_often() -> None:
    assert code(approve_slice(case(clock_ok=False))) == "clock.offset"
    assert code(approve_slice(case(live_from_ms=NOW + 1))) == "settling"
    request = order(approve_slice(case())).request
    rejected = filled(request, 1, NOW - 1_000, None, state=IntentState.REJECTED, quantity=D(0))
    assert code(approve_slice(case(recent=(rejected,)))) == "backoff"
    assert isinstance(approve_slice(case(live_from_ms=NOW)), Approved)
    soon = approve_slice(case(live_from_ms=NOW + 12_999))
    assert isinstance(soon, Refused)
    assert "in 12 s" in soon.reason
    last = filled(request, 1, NOW - 5_000, None, state=IntentState.REJECTED, quantity=D(0))
    assert isinstance(approve_slice(case(recent=(last,))), Approved)


def test_no_more_orders_leave_within_a_minute_than_may() -> None:
    request = order(approve_slice(case())).request
    caps = replace(POLICY.caps, orders_per_minute=2)
    two = [filled(request, n, NOW - 60_000, D(1)) for n in (1, 2)]
    assert code(approve_slice(case(recent=two, policy=replace(POLICY, caps=caps)))) == "cap.orders-per-minute"
    assert isinstance(approve_slice(case(recent=two[:1], policy=replace(POLICY, caps=caps))), Approved)


@pytest.mark.parametrize(
    ("changes", "coins"),
    [
        ({"slice_notional": D(10_000)}, "0.10001"),
        ({"caps": replace(POLICY.caps, order_notional=D(20_000))}, "0.20002"),
        ({"caps": replace(POLICY.caps, notional_per_hour=D(30_000))}, "0.30003"),
    ],
)
def test_caps_bound_a_slice(changes: dict[str, object], coins: str) -> None:
    policy = replace(POLICY, **changes)  # type: ignore[arg-type]
    assert order(approve_slice(case(policy=policy))).request.contracts == D(coins)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"caps": replace(POLICY.caps, order_notional=D(1)), "slice_notional": D(1)}, "cap.order-notional"),
        ({"slice_notional": D(1)}, "slice"),
        ({"caps": replace(POLICY.caps, notional_per_hour=D(1))}, "cap.notional-per-hour"),
    ],
)
def test_a_bound_below_the_least_order_says_which_it_is(changes: dict[str, object], expected: str) -> None:
    policy = replace(POLICY, **changes)  # type: ignore[arg-type]
    assert code(approve_slice(case(policy=policy))) == expected


def test_of_two_bounds_that_are_alike_the_first_is_told() -> None:
    thin = book(D(99_990), D(100_010), depth="0.00001")
    caps = replace(POLICY.caps, order_notional=D("0.9999"))
    alike = replace(POLICY, slice_notional=D("0.9999"), caps=caps)
    assert code(approve_slice(case(policy=alike, told=thin))) == "depth.too-thin"


def test_a_market_that_takes_less_at_most_than_at_least_takes_nothing() -> None:
    assert code(approve_slice(case(spot=replace(SPOT, quantity_max=D("0.00002"))))) == "quantity.max"


@pytest.mark.parametrize(("money", "coins"), [("50255.025", "0.49999"), ("50255.025001", "0.5")])
def test_a_last_digit_of_the_money_is_kept_for_what_a_venue_rounds(money: str, coins: str) -> None:
    bought = order(approve_slice(case(Side.BUY, most=None, money=money))).request
    assert (bought.contracts, bought.price) == (D(coins), D("100510.05"))


def test_what_a_buy_may_cost_at_its_limit_is_within_the_caps() -> None:
    policy = replace(POLICY, slice_notional=D(10_000))
    bought = order(approve_slice(case(Side.BUY, policy=policy))).request
    assert (bought.contracts, bought.price) == (D("0.09949"), D("100510.05"))


def test_depth_and_the_markets_maximum_bound_a_slice() -> None:
    told = book(D(99_990), D(100_010), depth="0.3")
    assert order(approve_slice(case(told=told))).request.contracts == D("0.3")
    spot = replace(SPOT, quantity_max=D("0.25"))
    assert order(approve_slice(case(spot=spot))).request.contracts == D("0.25")


def test_an_hour_counts_what_filled_and_all_that_may_still_fill() -> None:
    policy = replace(POLICY, caps=replace(POLICY.caps, notional_per_hour=D(100_000)))
    request = replace(order(approve_slice(case())).request, price=D(90_000))
    half = filled(request, 1, NOW - 3_600_000, D(80_000), quantity=D("0.5"))
    assert order(approve_slice(case(policy=policy, recent=(half,)))).request.contracts == D("0.60006")
    old = filled(request, 1, NOW - 3_600_001, D(80_000))
    assert order(approve_slice(case(policy=policy, recent=(old,)))).request.contracts == 1
    lost = filled(request, 2, NOW - 1_000, None, state=IntentState.UNKNOWN, quantity=D(0))
    assert order(approve_slice(case(policy=policy, recent=(lost,)))).request.contracts == D("0.10001")
    both = (filled(request, 1, NOW - 1_000, D(100_000)), lost)
    assert code(approve_slice(case(policy=policy, recent=both))) == "cap.notional-per-hour"


@given(
    money=st.integers(1, 10**9).map(lambda cents: D(cents) / 100),
    fee=st.integers(0, 50).map(lambda bps: D(bps) / 10_000),
    in_quote=st.booleans(),
)
def test_no_buy_can_cost_more_than_it_may_spend(*, money: D, fee: D, in_quote: bool) -> None:
    spot = market(BTC, USDT, fee=str(fee), fee_in_quote=in_quote)
    judged = approve_slice(case(Side.BUY, most=None, money=str(money), spot=spot))
    if isinstance(judged, Approved):
        request = judged.request
        assert request.contracts * request.price * (1 + (fee if in_quote else 0)) <= money


# For which stablecoin


def peg(asset: Asset, state: Peg, price: str | None = "1") -> PegView:
    return PegView(asset=asset, peg=state, price=None if price is None else D(price), text="")


BASKET = {USDT: D("0.5"), USDC: D("0.3"), DAI: D("0.2")}


def test_weights_of_what_may_be_bought_sum_to_one_again() -> None:
    pegs = {USDT: peg(USDT, Peg.BROKEN), USDC: peg(USDC, Peg.SOUND), DAI: peg(DAI, Peg.NO_ANCHOR)}
    assert buyable(BASKET, pegs) == {USDC: D("0.6"), DAI: D("0.4")}
    assert buyable(BASKET, {asset: peg(asset, Peg.DOUBTFUL) for asset in BASKET}) == {}


def test_the_one_furthest_behind_its_weight_is_first() -> None:
    assert sale_order(BASKET, {}, D(10)) == [(USDT, D(5)), (USDC, D(3)), (DAI, D(2))]
    assert sale_order(BASKET, {USDT: D(5)}, D(5)) == [(USDC, D(3)), (DAI, D(2))]
    # What had been sold for one that broke since is not made up for.
    assert sale_order({USDC: D("0.6"), DAI: D("0.4")}, {USDT: D(5)}, D(5)) == [(USDC, D(3)), (DAI, D(2))]
    assert sale_order({USDC: D("0.6"), DAI: D("0.4")}, {DAI: D(5)}, D(1)) == [(USDC, D(1))]


def test_what_left_the_basket_or_broke_is_spent_first() -> None:
    pegs = {USDT: peg(USDT, Peg.SOUND), USDC: peg(USDC, Peg.BROKEN)}
    amounts = {USDT: D(9), USDC: D(1), DAI: D(5), Asset("TUSD"): D(0)}
    assert spend_order(amounts, {USDT: D("0.5"), USDC: D("0.5")}, pegs) == [DAI, USDC, USDT]
    sound = {USDT: peg(USDT, Peg.SOUND), USDC: peg(USDC, Peg.SOUND)}
    for most, least in ((USDT, USDC), (USDC, USDT)):
        assert spend_order({most: D(9), least: D("0.1")}, BASKET, sound) == [most, least]


def test_a_stablecoin_is_worth_what_is_told_of_it_or_a_dollar() -> None:
    pegs = {USDT: peg(USDT, Peg.BROKEN, "0.9"), USDC: peg(USDC, Peg.DOUBTFUL, None)}
    assert [worth(pegs, asset) for asset in (USDT, USDC, DAI)] == [D("0.9"), 1, 1]


def test_the_soundest_is_nearest_to_a_dollar_and_known_to_be() -> None:
    views = (
        peg(USDT, Peg.SOUND, "1.003"),
        peg(USDC, Peg.SOUND, "0.999"),
        peg(DAI, Peg.BROKEN),
        peg(Asset("TUSD"), Peg.SOUND),
    )
    assert [view.asset for view in sound_targets(views, BASKET, DAI)] == [USDC, USDT]
    above_and_below = (peg(USDC, Peg.SOUND, "0.998"), peg(USDT, Peg.SOUND, "1.001"))
    assert [view.asset for view in sound_targets(above_and_below, BASKET, DAI)] == [USDT, USDC]
    alike = (peg(USDT, Peg.SOUND, "1.001"), peg(USDC, Peg.SOUND, "0.999"))
    assert [view.asset for view in sound_targets(alike, BASKET, DAI)] == [USDC, USDT]
    assert sound_targets((peg(USDT, Peg.SOUND, None),), BASKET, DAI) == []
    assert sound_targets((peg(USDT, Peg.SOUND),), BASKET, USDT) == []
