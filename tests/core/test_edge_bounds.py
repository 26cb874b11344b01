"""Where a size, a level or a limit is just enough, and fees in coins and other currencies among them (R16)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

from bot.core.edge import Offer, Terms, edge_of, enough, largest, limits_of, terms_of
from tests.core.pairs import MARKET, book
from tests.core.test_edge import CHEAPER, edge, level

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
