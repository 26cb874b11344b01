"""Which alternative is cheapest, where that ends, and what a pair of trades leaves."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import quote, quote_rank
from bot.domain.ids import VenueName
from bot.domain.orders import Side
from bot.domain.quote import FundingFacts, Kind, NoPair, NotQuoted, PairQuote, PairRules, Quoted, Ranked
from tests.quote.facts import (
    BINANCE_SPOT,
    INVERSE,
    KUCOIN_SPOT,
    MAIN,
    NARROW,
    NARROW_INVERSE,
    WHY,
    WISH,
    book,
    funding,
    levels,
    perp,
    spot,
)

RULES = PairRules(min_edge=D("0.001"), slippage_reserve=D("0.0005"))
OKX = VenueName("okx")


def linear(paid: FundingFacts) -> Quoted:
    found = quote.short(Kind.LINEAR, WISH, perp(paid=paid))
    assert isinstance(found, Quoted)
    return found


def coin_margined(paid: FundingFacts) -> Quoted:
    found = quote.short(Kind.INVERSE, WISH, perp(INVERSE, NARROW_INVERSE, paid=paid))
    assert isinstance(found, Quoted)
    return found


def sold() -> Quoted:
    found = quote.stablecoin(WISH, spot())
    assert isinstance(found, Quoted)
    return found


def places(*ranked: Ranked) -> list[tuple[Kind, int | None]]:
    return [(each.quoted.kind, each.place) for each in ranked]


def test_income_makes_a_short_cheapest_and_dear_funding_the_stablecoin() -> None:
    earning = quote_rank.compare(WISH, [sold(), linear(funding())])
    assert places(*earning.ranked) == [(Kind.LINEAR, 1), (Kind.STABLECOIN, 2)]
    assert "cheapest: spot-perp-linear, +1,664.00 USDT in all" in earning.verdict
    assert "opening and closing it leave -136.00 USDT" in earning.verdict
    assert "funding brings 1,800.00 over 30 days at the average of 2 payments" in earning.verdict
    assert "next is stablecoin, by 1,900.11 USDT" in earning.verdict
    paying = quote_rank.compare(WISH, [linear(funding(past=("-0.0002",))), sold()])
    assert places(*paying.ranked) == [(Kind.STABLECOIN, 1), (Kind.LINEAR, 2)]
    assert "opening and closing it leave -236.12 USDT and it neither pays nor earns funding" in paying.verdict
    current = quote_rank.compare(WISH, [linear(funding(D("-0.000001"), WHY))])
    assert "funding costs 9.00 over 30 days at the current rate" in current.verdict
    for rate, brought in (("0", "0.00"), ("0.00000001", "0.09")):
        assert f"funding brings {brought} over" in quote_rank.compare(WISH, [linear(funding(D(rate), WHY))]).verdict


def test_an_unknown_result_is_never_in_a_place() -> None:
    found = quote_rank.compare(WISH, [linear(funding(WHY, WHY)), sold()])
    assert places(*found.ranked) == [(Kind.STABLECOIN, 1), (Kind.LINEAR, None)]
    assert "cheapest: stablecoin" in found.verdict
    assert "spot-perp-linear on main can't be ranked" in found.verdict
    nothing = quote_rank.compare(WISH, [linear(funding(WHY, WHY))])
    assert nothing.verdict.startswith("nothing can be ranked")


def test_what_can_not_be_had_is_told_beside() -> None:
    missing = NotQuoted(kind=Kind.INVERSE, venue=MAIN, symbol=None, reason="there is none")
    found = quote_rank.compare(WISH, [missing, sold()])
    assert (found.missing, len(found.ranked)) == ((missing,), 1)
    assert found.ranked[0].break_even is None


def test_pairs_are_shown_beside_and_it_is_said_what_was_assumed() -> None:
    pairs = [gap("0.001", "0.001"), gap("0.001", "0.001", deep="0.5")]
    found = quote_rank.compare(WISH, [sold()], pairs)
    assert (found.wish, found.pairs) == (WISH, tuple(pairs))
    assert any("one to one" in note for note in found.notes)


def test_several_venues_are_told_apart() -> None:
    found = quote_rank.compare(WISH, [sold(), replace(sold(), venue=OKX)])
    assert "stablecoin on main" in found.verdict
    assert "stablecoin on okx" in found.verdict


def test_a_short_pays_for_itself_when_its_income_has_made_up_for_both_orders() -> None:
    short, exit_ = quote_rank.compare(WISH, [linear(funding()), sold()]).ranked
    assert short.own_days == D("136.002") / 60
    assert exit_.own_days is None
    (little,) = quote_rank.compare(WISH, [linear(funding(past=("0.000001",)))]).ranked
    assert little.own_days == D("136.002") / D("0.3")
    (nothing,) = quote_rank.compare(WISH, [linear(funding(past=("0",)))]).ranked
    assert nothing.own_days is None


def test_at_the_break_even_both_cost_the_same() -> None:
    dear = funding(past=("-0.00005",))
    exit_, short = quote_rank.compare(WISH, [linear(dear), sold()]).ranked
    assert short.break_even is not None
    assert short.break_even.days is not None
    assert short.break_even.rate is not None
    assert short.break_even.rate_of is Kind.LINEAR
    lost = -D(15) * short.break_even.days
    assert short.quoted.round_trip + lost == pytest.approx(exit_.quoted.round_trip, abs=D("1e-15"))
    again = linear(funding(past=(str(short.break_even.rate),)))
    assert again.result == pytest.approx(sold().result, abs=D("1e-12"))
    # Of the stablecoin, which has no funding, it is told by the rate of the other.
    assert exit_.break_even is not None
    assert (exit_.break_even.rate, exit_.break_even.rate_of) == (short.break_even.rate, Kind.LINEAR)


def test_of_two_shorts_the_dearer_one_makes_up_for_its_orders_by_what_it_earns_more() -> None:
    deep = book(levels((100_000, 9)), levels((100_001, 9)))
    cheap = quote.short(Kind.LINEAR, WISH, perp(depth=deep, paid=funding(past=("0.0001",))))
    assert isinstance(cheap, Quoted)
    dear = replace(linear(funding(past=("0.0003",))), venue=OKX)
    for found in quote_rank.compare(WISH, [cheap, dear]).ranked:
        # 136.002 against 101.0005 of the orders, 90 against 30 a day.
        assert found.break_even is not None
        assert found.break_even.days == D("35.0015") / 60
    first = quote_rank.compare(WISH, [cheap, dear]).ranked[0]
    assert first.quoted.venue == OKX
    assert first.break_even is not None
    assert (first.break_even.other, first.break_even.venue) == (Kind.LINEAR, MAIN)


@pytest.mark.parametrize(("bid", "earned"), [(NARROW.bids[0].price, "0.0003"), (D(99_991), "0.0001")])
def test_who_is_cheaper_from_the_first_day_stays_it(bid: D, earned: str) -> None:
    depth = replace(NARROW, bids=levels((bid, "0.4"), (99_980, 5)))
    other = quote.short(Kind.LINEAR, WISH, perp(depth=depth, paid=funding(past=(earned,))))
    assert isinstance(other, Quoted)
    for found in quote_rank.compare(WISH, [linear(funding(past=("0.0001",))), other]).ranked:
        assert found.break_even is not None
        assert found.break_even.days is None


def test_without_payments_in_the_time_no_rate_changes_anything() -> None:
    brief = replace(WISH, days=D("0.1"))
    short = quote.short(Kind.LINEAR, brief, perp())
    exit_ = quote.stablecoin(brief, spot())
    found = quote_rank.compare(brief, [short, exit_])
    assert all(each.break_even is not None and each.break_even.rate is None for each in found.ranked)
    assert all(each.break_even is not None and each.break_even.rate_of is None for each in found.ranked)
    assert all(each.break_even is not None and each.break_even.days is None for each in found.ranked)


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=6))
def test_nobody_below_is_better(rates: list[int]) -> None:
    shorts = [linear(funding(past=(str(D(rate) / 10_000),))) for rate in rates]
    found = quote_rank.compare(WISH, [*shorts, coin_margined(funding()), sold()])
    results = [each.quoted.result for each in found.ranked]
    assert results == sorted(results, reverse=True)  # type: ignore[type-var] # all are known
    assert [each.place for each in found.ranked] == list(range(1, len(results) + 1))


# Cross-exchange: KuCoin asks 100,000, OKX bids 100,200, each 1 BTC deep.


def gap(
    buy_rate: str, sell_rate: str, *, in_quote: bool = True, deep: str = "1", coins: str = "1"
) -> PairQuote | NoPair:
    buyer = replace(KUCOIN_SPOT, taker_fee=D(buy_rate), fee_in_quote=in_quote)
    seller = replace(KUCOIN_SPOT, venue=OKX, taker_fee=D(sell_rate))
    buy = spot(buyer, book(levels((99_990, 1)), levels((100_000, deep), (100_010, 3))))
    sell = spot(seller, book(levels((100_200, deep)), levels((100_210, 1))))
    return quote_rank.pair(D(coins), buy, sell, RULES)


def test_a_gap_that_the_fees_eat_is_refused() -> None:
    found = gap("0.001", "0.001")
    assert isinstance(found, PairQuote)
    assert (found.gross, found.buy_fee, found.sell_fee, found.net) == (D(200), D(-100), D("-100.2"), D("-0.2"))
    assert not found.acts


def test_a_gap_beyond_the_fees_is_taken() -> None:
    found = gap("0.0002", "0.0002")
    assert isinstance(found, PairQuote)
    assert (found.gross, found.buy_fee, found.sell_fee, found.net) == (D(200), D(-20), D("-20.04"), D("159.96"))
    assert found.edge == D("0.0015996")
    assert found.acts


@pytest.mark.parametrize(("rate", "acts"), [("0.0005", False), ("0.00025", False), ("0.000249", True)])
def test_a_gain_below_what_is_asked_is_left(rate: str, acts: bool) -> None:
    found = gap(rate, rate)
    assert isinstance(found, PairQuote)
    assert found.net > 0
    assert found.acts is acts


def test_an_edge_that_just_reaches_what_is_asked_is_taken() -> None:
    found = gap("0.0005", "0")
    assert isinstance(found, PairQuote)
    assert (found.edge, found.acts) == (D("0.0015"), True)


def test_a_fee_in_coins_raises_the_purchase_and_counts_at_what_it_costs() -> None:
    found = gap("0.001", "0.001", in_quote=False)
    assert isinstance(found, PairQuote)
    assert found.coins == D(1)
    assert found.bought == D("1.00100101")
    # The coins beyond the first level cost 100,010.
    assert found.buy_fee == -D("0.00100101") * 100_010
    assert found.net == found.gross + found.buy_fee + found.sell_fee
    assert found.buy_price == (D(100_000) + D("0.00100101") * 100_010) / D("1.00100101")


def test_a_pair_says_where_and_at_which_prices() -> None:
    found = gap("0.0002", "0.0002", coins="0.5")
    assert isinstance(found, PairQuote)
    assert (found.buy, found.sell, found.symbol, found.quote) == (KUCOIN_SPOT.venue, OKX, "BTC/USDT", "USDT")
    assert (found.coins, found.buy_price, found.sell_price) == (D("0.5"), D(100_000), D(100_200))


@pytest.mark.parametrize("deep", ["0.5", "0.99"])
def test_a_direction_without_depth_is_not_priced(deep: str) -> None:
    found = gap("0.001", "0.001", deep=deep)
    assert isinstance(found, NoPair)
    assert (found.buy, found.sell) == (KUCOIN_SPOT.venue, OKX)
    assert "visible bids" in found.reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"active": False}, "does not trade"),
        ({"quantity_min": D(2)}, "a {side} of 1 BTC on main is below the minimum"),
        ({"notional_min": D(10**6)}, "a {side} of 1 BTC on main is below the minimum"),
    ],
)
def test_a_market_that_would_refuse_is_no_pair(change: dict[str, object], reason: str) -> None:
    buy, sell = spot(KUCOIN_SPOT), spot(replace(BINANCE_SPOT, **change))  # type: ignore[arg-type]
    for first, second, side in ((buy, sell, Side.SELL), (sell, buy, Side.BUY)):
        found = quote_rank.pair(D(1), first, second, RULES)
        assert isinstance(found, NoPair)
        assert reason.format(side=side) in found.reason


def test_a_purchase_that_its_fee_raises_beyond_the_book_is_not_priced() -> None:
    buy = spot(BINANCE_SPOT, book(levels((1, 1)), levels((100_000, 1))))
    found = quote_rank.pair(D(1), buy, spot(KUCOIN_SPOT), RULES)
    assert isinstance(found, NoPair)
    assert (found.buy, found.sell) == (MAIN, KUCOIN_SPOT.venue)
    assert "after the fees" in found.reason


def test_a_side_that_is_empty_is_no_pair() -> None:
    found = quote_rank.pair(D(1), spot(KUCOIN_SPOT, book(levels((1, 1)), ())), spot(BINANCE_SPOT), RULES)
    assert isinstance(found, NoPair)
    assert "visible asks" in found.reason
