"""The figures of each alternative, by hand (R15, R27, R28)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core import quote
from bot.domain.numbers import floor_to
from bot.domain.observation import Unknown
from bot.domain.orders import Side
from bot.domain.quote import Alternative, FundingQuote, Kind, NotQuoted, PerpTerms, Quoted
from tests.quote.facts import (
    BINANCE_SPOT,
    EIGHT_HOURS_MS,
    INVERSE,
    KUCOIN_SPOT,
    LINEAR,
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

CENT = D("0.01")


def quoted(alternative: Alternative) -> Quoted:
    assert isinstance(alternative, Quoted), alternative
    return alternative


def linear(**how: object) -> Quoted:
    return quoted(quote.short(Kind.LINEAR, WISH, perp(**how)))  # type: ignore[arg-type] # of `perp`


def inverse(**how: object) -> Quoted:
    return quoted(quote.short(Kind.INVERSE, WISH, perp(INVERSE, NARROW_INVERSE, **how)))  # type: ignore[arg-type]


def test_a_linear_short_costs_its_fees_the_spread_and_the_depth_both_times() -> None:
    found = linear()
    assert (found.covered, found.uncovered, found.notional) == (D(1), D(0), D(100_000))
    opening, closing = found.opening, found.closing
    assert (opening.average, opening.worst, opening.quantity) == (D(99_984), D(99_980), D(1))
    assert (opening.fee, opening.spread, opening.depth) == (D("-49.992"), D(-10), D(-6))
    assert (closing.average, closing.fee) == (D(100_020), D("-50.01"))
    assert (closing.spread, closing.depth) == (D(-10), D(-10))
    assert found.round_trip == D("-136.002")


def test_a_linear_short_asks_for_its_notional_the_slippage_and_the_fee() -> None:
    found = linear(terms=PerpTerms(leverage=1, slippage=D("0.01"), reserve=D(7)))
    assert found.margin is not None
    assert (found.margin.needed, found.margin.asset) == (D(101_057), LINEAR.settle)  # 100,000 x (1 + 0.01 + 0.0005) + 7
    levered = linear(terms=PerpTerms(leverage=2))
    assert levered.margin is not None
    assert (levered.margin.needed, levered.margin.leverage) == (D(50_550), 2)


def test_liquidation_and_top_ups_are_those_of_the_ladder() -> None:
    deep = book(levels((100_000, 9)), levels((100_001, 9)))
    found = linear(depth=deep, terms=PerpTerms(leverage=1, target=D("1.5")))
    assert found.margin is not None
    assert found.margin.liquidation == pytest.approx(D(199_004), abs=D(1))  # 2 E / (1 + m)
    fifty, hundred = found.margin.top_ups
    assert (fifty.rise, hundred.rise) == (D("0.5"), D(1))
    assert (fifty.price, hundred.price) == (D(150_000), D(200_000))
    # R27: 0.26 E and 1.01 E to hold 1.5.
    assert fifty.amount == pytest.approx(D(26_125), abs=1)
    assert hundred.amount == pytest.approx(D(101_500), abs=1)


def test_of_a_levered_short_only_its_margin_stands_behind_it() -> None:
    deep = book(levels((100_000, 9)), levels((100_001, 9)))
    found = linear(depth=deep, terms=PerpTerms(leverage=2, target=D("1.5")))
    assert found.margin is not None
    assert found.margin.liquidation == pytest.approx(D(150_000) / D("1.005"), abs=1)  # 1.5 E / (1 + m)
    # The margin of 0.5 E is less than before by as much: 0.76 E and 1.51 E.
    assert [top.amount for top in found.margin.top_ups] == pytest.approx([D(76_125), D(151_500)], abs=1)


def test_contracts_of_another_size_cost_the_same() -> None:
    small = replace(LINEAR, contract_size=D("0.01"), quantity_step=D(1), quantity_min=D(1), quantity_max=D(10**6))
    cents = book(levels((99_990, 40), (99_980, 500)), levels((100_010, 50), (100_030, 500)))
    whole, found = linear(), linear(instrument=small, depth=cents)
    assert found.opening == replace(whole.opening, quantity=D(100))
    assert found.closing == replace(whole.closing, quantity=D(100))
    assert found == replace(whole, opening=found.opening, closing=found.closing)


def test_the_spread_and_the_depth_are_paid_on_every_coin() -> None:
    half = quoted(quote.short(Kind.LINEAR, replace(WISH, amount=D("0.5")), perp()))
    assert (half.opening.spread, half.opening.depth) == (D(-5), D(-1))  # 0.1 at 10 worse than the touch


def test_the_bracket_is_that_of_the_liquidation_price() -> None:
    terms = PerpTerms(leverage=2, target=D("1.8"))
    args = (LINEAR, D(1), D(100_000))
    assert quote.maintenance_notional(*args, D(0), terms) == D(150_000)
    assert quote.maintenance_notional(*args, D("0.5"), terms) == D(270_000)
    assert quote.maintenance_notional(INVERSE, D(999), D(100_000), D(1), terms) == D(99_900)


def test_an_inverse_short_is_sized_net_of_its_fee_and_backed_by_its_coins() -> None:
    found = inverse()
    wanted = floor_to(D(1) * 100_000 / 100 / (1 + INVERSE.taker_fee), D(1))
    assert found.opening.quantity == wanted == D(999)
    assert found.margin is not None
    assert (found.margin.needed, found.margin.asset) == (D(1), INVERSE.settle)
    assert found.margin.liquidation is None  # R28
    assert [top.amount for top in found.margin.top_ups] == [D(0), D(0)]
    assert found.opening.fee_asset == INVERSE.settle
    assert found.covered == pytest.approx(D(99_900) / found.opening.average, rel=D("1e-20"))
    assert found.uncovered == 1 - found.opening.fee_amount - found.covered


def test_a_reserve_of_an_inverse_short_is_kept_out_of_its_size() -> None:
    found = inverse(terms=PerpTerms(leverage=1, reserve=D(1_000)))
    # 0.99 coins carry contracts of 0.001 with the slippage and the fee.
    assert found.opening.quantity == floor_to(D("0.99") / (D("0.001") * D("1.0055")), D(1)) == D(984)


def test_the_orders_of_an_inverse_short_lose_coins_that_are_told_in_quote() -> None:
    found = inverse()
    taken = sum((quantity * 100 / price for price, quantity in ((D(99_990), D(400)), (D(99_980), D(599)))), D(0))
    assert found.opening.fee_amount == pytest.approx(taken * D("0.0005"), rel=D("1e-20"))
    assert found.opening.fee == -found.opening.fee_amount * 100_000
    lost = (taken - D(99_900) / 100_000) * 100_000
    assert found.opening.spread + found.opening.depth == pytest.approx(-lost, abs=D("1e-15"))
    assert found.opening.spread < 0
    assert found.opening.depth < 0


def test_an_inverse_short_that_its_coins_do_not_back_says_that_its_top_up_is_unknown() -> None:
    # A bid far below the mark, so that the coins sold are more than those in the margin.
    low = book(levels((70_000, 5_000)), levels((100_010, 5_000)))
    found = quoted(quote.short(Kind.INVERSE, WISH, perp(INVERSE, low)))
    assert found.margin is not None
    # What the margin of W coins leaves uncovered of U/E sold: U (1 - m) / (U/E - W).
    left = D(99_900) / 70_000 - (1 - found.opening.fee_amount)
    assert found.margin.liquidation == pytest.approx(D(99_900) * D("0.995") / left, rel=D("1e-15"))
    fifty, hundred = found.margin.top_ups
    assert fifty.amount == 0  # liquidated at 1.8 times that price and more
    assert isinstance(hundred.amount, Unknown)
    assert hundred.amount.what == "top-up"
    unread = quoted(quote.short(Kind.INVERSE, WISH, perp(INVERSE, low, maintenance=WHY)))
    assert unread.margin is not None
    assert unread.margin.top_ups[0].amount == WHY


@pytest.mark.parametrize(("target", "amount"), [("1.2", D(0)), ("1.20001", None)])
def test_an_inverse_short_just_as_far_from_its_liquidation_as_it_should_be_asks_for_nothing(
    target: str, amount: D | None
) -> None:
    # 2 coins are sold on 1: liquidated at 0.9 x 100,000, which is 1.2 x 75,000.
    free, low = replace(INVERSE, taker_fee=D(0)), book(levels((50_000, 5_000)), levels((100_010, 5_000)))
    facts = perp(free, low, terms=PerpTerms(leverage=2, target=D(target)), maintenance=(D("0.1"), D(0)))
    found = quoted(quote.short(Kind.INVERSE, WISH, facts))
    assert found.margin is not None
    assert found.margin.liquidation == D(90_000)
    told = found.margin.top_ups[0].amount
    assert told == amount if amount is not None else isinstance(told, Unknown)


def test_what_nobody_tells_stays_unknown() -> None:
    found = linear(maintenance=WHY)
    assert found.margin is not None
    assert found.margin.liquidation == WHY
    assert [top.amount for top in found.margin.top_ups] == [WHY, WHY]


def test_funding_is_income_of_a_short_while_the_rate_is_positive() -> None:
    found = linear()
    now, average = found.funding_now, found.funding_average
    assert now == FundingQuote(rate=D("0.0001"), payments=90, per_payment=D(10), averaged=0)
    assert average == FundingQuote(rate=D("0.0002"), payments=90, per_payment=D(20), averaged=2)
    assert found.result == D(1_800) - D("136.002")
    paid = linear(paid=funding(D("-0.0001"), ("-0.0002",)))
    assert paid.result == D(-1_800) - D("136.002")


def test_without_a_past_the_current_rate_counts_and_without_both_nothing_is_ranked() -> None:
    assert linear(paid=funding(past=())).result == D(900) - D("136.002")
    current = linear(paid=funding(past=WHY))
    assert (current.result, current.funding_average) == (D(900) - D("136.002"), WHY)
    assert linear(paid=funding(WHY, WHY)).result == WHY
    assert linear(paid=funding(interval_ms=WHY)).result == WHY


@pytest.mark.parametrize(("days", "payments"), [("30", 90), ("0.5", 1), ("0.3", 0), ("1.9", 5)])
def test_only_whole_payments_count(days: str, payments: int) -> None:
    assert quote.payments_in(D(days), EIGHT_HOURS_MS) == payments


def test_a_short_says_what_it_is_made_of() -> None:
    found = linear()
    assert (found.kind, found.venue, found.symbol, found.quote) == (Kind.LINEAR, LINEAR.venue, LINEAR.symbol, "USDT")
    assert (found.mark, found.fee) == (D(100_000), perp().fee)
    assert (found.opening.side, found.closing.side) == (Side.SELL, Side.BUY)
    assert "USDT" in found.keeps
    assert "USDT" in found.leaves


def test_a_sale_says_what_it_is_made_of() -> None:
    found = quoted(quote.stablecoin(replace(WISH, amount=D("1.000004")), spot()))
    assert (found.kind, found.venue, found.symbol) == (Kind.STABLECOIN, BINANCE_SPOT.venue, BINANCE_SPOT.symbol)
    assert (found.quote, found.fee, found.mark) == (BINANCE_SPOT.quote, spot().fee, D(100_000))
    assert (found.covered, found.uncovered, found.notional) == (D(1), D("0.000004"), D(100_000))
    opening, closing = found.opening, found.closing
    assert (opening.side, opening.average, opening.worst) == (Side.SELL, D(99_984), D(99_980))
    assert (closing.side, closing.worst) == (Side.BUY, D(100_030))
    assert "USDT" in found.keeps
    assert "USDT" in found.leaves


def test_just_what_the_market_takes_is_sold() -> None:
    just = replace(BINANCE_SPOT, quantity_min=D(1), notional_min=D(99_984))
    assert quoted(quote.stablecoin(WISH, spot(just))).covered == 1
    assert isinstance(quote.stablecoin(WISH, spot(replace(BINANCE_SPOT, notional_min=D("99984.01")))), NotQuoted)


def test_a_stablecoin_costs_two_trades_of_as_many_coins() -> None:
    found = quoted(quote.stablecoin(WISH, spot()))
    assert (found.opening.fee, found.opening.fee_asset) == (D("-99.984"), BINANCE_SPOT.quote)
    bought = found.closing.quantity
    assert bought == D("1.00101")  # 1 / 0.999, a step more
    assert found.closing.fee_amount == bought * D("0.001")
    # The coins beyond 1 cost the second level's price; those of them that arrive are no cost.
    assert found.closing.fee == -(bought - 1 - (bought * D("0.999") - 1)) * 100_030
    assert (found.closing.spread, found.closing.depth) == (D(-10), D(-10))
    assert found.closing.fee_asset == BINANCE_SPOT.base
    assert (found.margin, found.funding, found.result) == (None, None, found.round_trip)
    in_quote = quoted(quote.stablecoin(WISH, spot(KUCOIN_SPOT)))
    assert (in_quote.closing.quantity, in_quote.closing.fee) == (D(1), D("-100.02"))


@pytest.mark.parametrize(
    ("instrument", "depth", "reason"),
    [
        (replace(LINEAR, active=False), NARROW, "does not trade"),
        (replace(LINEAR, quantity_min=D(2)), NARROW, "below the minimum of 2"),
        (replace(LINEAR, notional_min=D(10**6)), NARROW, "below the minimum of 1000000"),
        (LINEAR, book(levels((99_990, "0.4")), levels((100_010, 5))), "bids hold 0.4 of 1"),
        (LINEAR, book(levels((99_990, 5)), levels((100_010, "0.4"))), "asks hold 0.4 of 1"),
        (LINEAR, book(levels((99_990, 5)), ()), "one side of the book is empty"),
    ],
)
def test_a_short_that_can_not_be_had_is_not_priced(instrument: object, depth: object, reason: str) -> None:
    found = quote.short(Kind.LINEAR, WISH, perp(instrument, depth))  # type: ignore[arg-type]
    assert isinstance(found, NotQuoted)
    assert (found.kind, found.venue, found.symbol) == (Kind.LINEAR, LINEAR.venue, LINEAR.symbol)
    assert reason in found.reason


@pytest.mark.parametrize(
    ("market", "depth", "reason"),
    [
        (replace(BINANCE_SPOT, active=False), NARROW, "does not trade"),
        (replace(BINANCE_SPOT, quantity_min=D(2)), NARROW, "below the minimum of 2"),
        (replace(BINANCE_SPOT, notional_min=D(10**6)), NARROW, "below the minimum of 1000000"),
        (BINANCE_SPOT, book(levels((99_990, "0.4")), levels((100_010, 5))), "bids hold 0.4 of 1"),
        (BINANCE_SPOT, book(levels((99_990, 5)), ()), "one side of the book is empty"),
    ],
)
def test_a_sale_that_can_not_be_had_is_not_priced(market: object, depth: object, reason: str) -> None:
    found = quote.stablecoin(WISH, spot(market, depth))  # type: ignore[arg-type]
    assert isinstance(found, NotQuoted)
    assert (found.kind, found.venue, found.symbol) == (Kind.STABLECOIN, BINANCE_SPOT.venue, BINANCE_SPOT.symbol)
    assert reason in found.reason


def test_less_than_a_step_is_no_sale() -> None:
    market = replace(BINANCE_SPOT, quantity_min=D(0), notional_min=D(0))
    found = quote.stablecoin(replace(WISH, amount=D("0.000001")), spot(market))
    assert isinstance(found, NotQuoted)
    assert "below the minimum" in found.reason
