"""The net edge of a size: both books walked, both fees in the currency they are taken in (R16)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.edge import (
    Edge,
    Offer,
    Terms,
    edge_of,
    enough,
    largest,
    limits_of,
    terms_of,
    touch_coins,
    walk,
    worst_net,
)
from bot.domain.observation import BookLevel
from tests.core.pairs import MARKET, book


def level(price: object, coins: object) -> BookLevel:
    return BookLevel(price=D(str(price)), contracts=D(str(coins)))


TERMS = Terms(
    asks=(level(100_000, 1),),
    bids=(level(100_200, 1),),
    buy_fee=D("0.001"),
    sell_fee=D("0.001"),
    fee_in_quote=True,
    conversion=D(1),
    buy_step=D("0.00001"),
    sell_step=D("0.00001"),
    buy_tick=D("0.1"),
    sell_tick=D("0.1"),
)
CHEAPER = replace(TERMS, buy_fee=D("0.0002"), sell_fee=D("0.0002"))


def edge(terms: Terms, coins: str) -> Edge:
    found = edge_of(terms, D(coins))
    assert found is not None
    return found


def test_the_customer_s_gap_loses_20_cents_at_0_1_percent_and_earns_159_96_at_0_02() -> None:
    dear, cheap = edge(TERMS, "1"), edge(CHEAPER, "1")
    assert (dear.gross, dear.buy_fee, dear.sell_fee, dear.net) == (D(200), D(100), D("100.2"), D("-0.2"))
    assert (cheap.gross, cheap.buy_fee, cheap.sell_fee, cheap.net) == (D(200), D(20), D("20.04"), D("159.96"))
    assert cheap.fraction == D("0.0015996")


def test_a_fee_in_coins_raises_what_is_bought_so_that_the_number_of_coins_stays() -> None:
    terms = replace(TERMS, fee_in_quote=False, asks=(level(100_000, 2),))
    found = edge(terms, "1")
    assert found.bought == D("1.00101")  # 1 / 0.999 = 1.001001.., up to the step
    assert D(0) <= found.bought * D("0.999") - 1 < D("0.00001")
    assert found.buy_fee == D(101)  # what the 0.00101 coins cost
    assert found.net == D(200) - D(101) - D("100.2")


def test_both_books_are_walked_level_by_level() -> None:
    terms = replace(
        TERMS,
        asks=(level(100, "0.5"), level(101, "0.5"), level(102, 5)),
        bids=(level(110, "0.25"), level(109, 5)),
        buy_fee=D(0),
        sell_fee=D(0),
    )
    found = edge(terms, "1")
    assert (found.cost, found.proceeds) == (D("100.5"), D("109.25"))
    assert (found.ask, found.bid) == (D(101), D(109))
    assert edge_of(terms, D("5.25")) is not None
    assert edge_of(replace(terms, asks=terms.asks[:2]), D("1.00001")) is None
    assert edge_of(replace(terms, bids=terms.bids[:1]), D("0.3")) is None
    assert walk(terms.bids, D("0.25")) == (D("27.5"), D(110))
    assert walk((), D(1)) is None


def test_what_the_raised_buy_needs_beyond_the_book_is_no_size() -> None:
    assert edge_of(replace(TERMS, fee_in_quote=False), D(1)) is None
    assert edge_of(replace(TERMS, fee_in_quote=False), D("0.999")) is not None


def test_another_quote_currency_is_counted_at_its_price() -> None:
    found = edge(replace(CHEAPER, conversion=D("0.99")), "1")
    assert found.gross == D(100_200) * D("0.99") - 100_000
    assert found.net < 0


@pytest.mark.parametrize(("buy", "sell", "coins"), [("0.001", "0.01", "0.12"), ("0.01", "0.001", "0.12")])
def test_a_size_fits_the_coarser_step(buy: str, sell: str, coins: str) -> None:
    assert replace(TERMS, buy_step=D(buy), sell_step=D(sell)).sellable(D("0.1299")) == D(coins)


def test_steps_that_do_not_divide_each_other_still_fit_the_sale() -> None:
    terms = replace(TERMS, buy_step=D("0.005"), sell_step=D("0.003"))
    assert terms.sellable(D("0.0109")) == D("0.009")
    assert terms.bought(D("0.009")) == D("0.010")


def test_the_limits_keep_the_asked_edge_even_at_the_worst_fill() -> None:
    limits = limits_of(CHEAPER, edge(CHEAPER, "1"), D("0.001"), D("0.0005"))
    assert limits is not None
    assert (limits.buy, limits.sell) == (D(100025), D(100175))  # half of the reserve each, rounded against it
    assert limits.worst_net == D(100175) * D("0.9998") - D(100025) * D("1.0002")
    assert limits.worst_net >= D("0.001") * limits.buy


def test_limits_give_up_no_more_than_there_is() -> None:
    just = edge(CHEAPER, "1").fraction
    limits = limits_of(CHEAPER, edge(CHEAPER, "1"), just, D("0.01"))
    assert limits is not None
    assert (limits.buy, limits.sell) == (D(100_000), D(100_200))
    assert limits_of(CHEAPER, edge(CHEAPER, "1"), just + D("0.0000001"), D("0.01")) is None


def test_price_filters_bound_the_limits() -> None:
    tight = replace(CHEAPER, buy_most=D("100010.05"), sell_least=D("100190.01"))
    limits = limits_of(tight, edge(tight, "1"), D("0.001"), D("0.0005"))
    assert limits is not None
    assert (limits.buy, limits.sell) == (D(100010), D("100190.1"))


def test_a_limit_below_one_tick_is_none() -> None:
    coarse = replace(CHEAPER, buy_tick=D(1_000_000))
    assert limits_of(coarse, edge(coarse, "1"), D("0.001"), D("0.0005")) is None


def test_the_largest_size_ends_where_a_level_earns_too_little_at_its_limits() -> None:
    terms = replace(
        CHEAPER, asks=(level(100_000, "0.4"), level(100_050, "0.2"), level(100_150, 9)), bids=(level(100_200, 1),)
    )
    found = largest(terms, D("0.001"), D(0))
    assert found is not None
    assert found[0].coins == D("0.6")
    # The second level alone earns 0.11 %, so it is in, but with 0.05 % beyond that the average ends within it.
    found = largest(terms, D("0.001"), D("0.0005"))
    assert found is not None
    assert D("0.4") < found[0].coins < D("0.6")
    assert enough(terms, found[0].coins + D("0.00001"), D("0.001"), D("0.0005")) is None


def test_no_size_at_all_when_the_first_level_earns_too_little() -> None:
    assert largest(TERMS, D("0.001"), D(0)) is None
    assert largest(CHEAPER, D("0.001"), D("0.0006")) is None
    assert largest(replace(CHEAPER, bids=()), D("0.001"), D(0)) is None
    assert largest(replace(CHEAPER, asks=()), D("0.001"), D(0)) is None


def test_touch_is_what_both_best_levels_hold() -> None:
    assert touch_coins(replace(TERMS, bids=(level(100_200, "0.3"),))) == D("0.3")
    assert touch_coins(replace(TERMS, fee_in_quote=False)) == D("0.999")


ASKED, RESERVE = D("0.001"), D("0.0005")


def test_a_level_right_at_a_price_filter_may_be_taken() -> None:
    asks = [("100000", "1"), ("100010", "2"), ("100010.1", "3")]
    bids = [("99990", "1"), ("99980.001", "2"), ("99980", "3")]
    fee = D("0.0002")
    buy = Offer(market=replace(MARKET, price_up=D("1.0001")), book=book(bids, asks), taker_fee=fee)
    sell = Offer(market=replace(MARKET, price_down=D("0.9999")), book=book(bids, asks), taker_fee=fee)
    terms = terms_of(buy, sell, D(1))
    assert [each.contracts for each in terms.asks] == [D(1), D(2)]
    assert [each.contracts for each in terms.bids] == [D(1), D(2)]


def test_limits_in_another_currency_give_up_no_more_than_there_is() -> None:
    just = edge(CHEAPER, "1").fraction
    halved = replace(CHEAPER, bids=(level(200_400, 1),), conversion=D("0.5"))
    limits = limits_of(halved, edge(halved, "1"), just, D("0.01"))
    assert limits is not None
    assert (limits.buy, limits.sell) == (D(100_000), D(200_400))


def test_a_coin_that_costs_less_than_one_unit_of_money_is_traded_as_any_other() -> None:
    terms = replace(
        CHEAPER,
        asks=(level("0.5", 1000),),
        bids=(level("0.503", 1000),),
        buy_tick=D("0.0000001"),
        sell_tick=D("0.0000001"),
    )
    limits = limits_of(terms, edge(terms, "1000"), ASKED, D("0.1"))
    assert limits is not None
    assert D("0.501") < limits.buy < limits.sell < D("0.503")
    assert limits.worst_net >= ASKED * 1000 * limits.buy
    assert limits.worst_net < D("1.01") * ASKED * 1000 * limits.buy  # all beyond what is asked for is given up


def test_a_size_that_earns_just_what_is_asked_for_is_enough() -> None:
    assert enough(CHEAPER, D(1), ASKED, D("0.0005996")) is not None
    assert enough(CHEAPER, D(1), ASKED, D("0.00059961")) is None


def coined(*asks: tuple[object, object]) -> Terms:
    """The buy pays its fee in coins, and the other book holds more than enough."""
    return replace(
        CHEAPER,
        fee_in_quote=False,
        asks=tuple(level(price, coins) for price, coins in asks),
        bids=(level(100_200, 20),),
    )


def test_with_a_fee_in_coins_the_size_ends_where_its_average_does() -> None:
    """0.8 arrive of 1: the first 0.8 for 100 each earn 5 beyond the 25 % asked for, the others for 108 lose as much."""
    terms = replace(coined((80, 1), ("86.4", 9)), buy_fee=D("0.2"), sell_fee=D(0), bids=(level(130, 20),))
    found = largest(terms, D(0), D("0.25"))
    assert found is not None
    assert (found[0].coins, found[0].bought, found[0].net) == (D("1.6"), D(2), D("41.6"))


def test_a_level_gives_less_than_it_holds_where_the_fee_is_taken_in_coins() -> None:
    one = largest(coined((100_000, 1), (100_300, 9)), ASKED, RESERVE)
    assert one is not None
    assert (one[0].coins, one[0].bought) == (D("0.9998"), D(1))
    two = largest(coined((100_000, 1), (100_010, 1), (100_300, 9)), ASKED, RESERVE)
    assert two is not None
    assert (two[0].coins, two[0].bought) == (D("1.9996"), D(2))
    assert edge_of(coined((100_000, 1)), D("0.9999")) is None


prices = st.integers(min_value=9_000, max_value=11_000)
coins = st.integers(min_value=1, max_value=400).map(lambda units: D(units) / 100)
fees = st.integers(min_value=0, max_value=30).map(lambda units: D(units) / 10_000)


@st.composite
def any_terms(draw: st.DrawFn) -> Terms:
    asks = sorted(draw(st.lists(prices, min_size=1, max_size=4, unique=True)))
    bids = sorted(draw(st.lists(prices, min_size=1, max_size=4, unique=True)), reverse=True)
    return Terms(
        asks=tuple(level(price, draw(coins)) for price in asks),
        bids=tuple(level(price, draw(coins)) for price in bids),
        buy_fee=draw(fees),
        sell_fee=draw(fees),
        fee_in_quote=draw(st.booleans()),
        conversion=draw(st.sampled_from([D(1), D("0.997"), D("1.01")])),
        buy_step=draw(st.sampled_from([D("0.01"), D("0.001"), D("0.1")])),
        sell_step=draw(st.sampled_from([D("0.01"), D("0.001"), D("0.1")])),
        buy_tick=D(1),
        sell_tick=D(1),
    )


@given(any_terms(), fees, fees)
def test_what_is_chosen_earns_enough_by_the_books_and_at_its_limits(terms: Terms, asked: D, reserve: D) -> None:
    found = largest(terms, asked, reserve)
    if found is None:
        return
    edge, limits = found
    kept = D(1) if terms.fee_in_quote else 1 - terms.buy_fee
    assert 0 <= edge.bought * kept - edge.coins < terms.buy_step
    assert edge.coins % terms.sell_step == edge.bought % terms.buy_step == 0
    paid = sum((got * price for price, got in taken(terms.asks, edge.bought)), D(0))
    brought = sum((got * price for price, got in taken(terms.bids, edge.coins)), D(0)) * terms.conversion
    cost = paid * (1 + (terms.buy_fee if terms.fee_in_quote else 0))
    assert abs(edge.net - (brought * (1 - terms.sell_fee) - cost)) < D("1e-15")
    assert edge.net >= (asked + reserve) * paid
    assert worst_net(terms, edge.coins, edge.bought, limits.buy, limits.sell) >= asked * edge.bought * limits.buy
    assert all(price <= limits.buy for price, _ in taken(terms.asks, edge.bought))
    assert all(price >= limits.sell for price, _ in taken(terms.bids, edge.coins))


@given(any_terms(), fees, fees)
def test_no_larger_size_earns_enough_where_nothing_is_rounded(terms: Terms, asked: D, reserve: D) -> None:
    whole = replace(terms, fee_in_quote=True, buy_step=D("0.01"), sell_step=D("0.01"))
    found = largest(whole, asked, reserve)
    chosen = D(0) if found is None else found[0].coins
    for more in range(1, 200):
        assert enough(whole, chosen + D(more) / 100, asked, reserve) is None


def taken(levels: Sequence[BookLevel], coins: D) -> list[tuple[D, D]]:
    """What is taken from each level, written another way."""
    found, before = [], D(0)
    for each in levels:
        amount = max(min(coins - before, each.contracts), D(0))
        before += each.contracts
        if amount:
            found.append((each.price, amount))
    return found
