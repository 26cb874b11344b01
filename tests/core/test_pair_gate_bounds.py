"""What just passes the last look at both legs, and the trade that is made of it (R8, R17, R24)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.cross_exchange import decide
from bot.core.pair_gate import approve, trade_of
from bot.core.pair_situation import PairMemory, PairSituation, QuotePrice, Stock
from bot.domain.observation import Unknown
from bot.domain.orders import Refused
from bot.domain.pair import ApprovedPair, PairId, PairLeg, PairOrder, PairTrade
from tests.core.pair_cases import OVER, in_usdc, with_caps, with_policy
from tests.core.pairs import (
    BTC,
    BUYING,
    CAPS,
    FRESH,
    KUCOIN,
    MARKET,
    NOW_MS,
    OKX,
    POLICY,
    SELLING,
    SITUATION,
    SYMBOL,
    USDC,
    USDT,
    book,
    made,
    with_both,
)


def ready(situation: PairSituation) -> PairOrder:
    order = decide(situation, PairMemory())[0].order
    assert order is not None
    return order


def code_of(order: PairOrder, situation: PairSituation) -> str:
    verdict = approve(order, situation)
    return verdict.code if isinstance(verdict, Refused) else ""


# One USDC is half a USDT, and the buy pays its fee in coins.
FOREIGN = replace(
    with_both(
        SITUATION,
        replace(BUYING, market=replace(MARKET, fee_in_quote=False), book=book([("99990", "1")], [("100000", "2")])),
        in_usdc(replace(SELLING, book=book([("200400", "1")], [("200420", "1")]), taker_fee=D("0.0001"))),
    ),
    policy=replace(POLICY, places=(POLICY.places[0], replace(POLICY.places[1], quote=USDC))),
    quotes={USDT: QuotePrice(usd=D(1), stamp=FRESH), USDC: QuotePrice(usd=D("0.5"), stamp=FRESH)},
)
MIXED = ready(FOREIGN)
ORDER = ready(SITUATION)
NOTIONAL = ORDER.buy.contracts * ORDER.buy.price


def test_the_trade_is_what_was_approved_to_the_last_figure() -> None:
    approved = approve(MIXED, FOREIGN)
    assert isinstance(approved, ApprovedPair)
    assert (approved.buy.request, approved.sell.request, approved.order) == (MIXED.buy, MIXED.sell, MIXED)
    trade = trade_of(approved, FOREIGN.policy, (PairId(made(1)), made(2), made(3)), (D(3), D(5)), NOW_MS)
    buy = PairLeg(
        client_id=made(2),
        venue=KUCOIN,
        symbol=SYMBOL,
        quote=USDT,
        coins=D("1.00021"),
        limit=MIXED.buy.price,
        fee_rate=D("0.0002"),
        fee_in_quote=False,
        holding_before=D(3),
    )
    sell = PairLeg(
        client_id=made(3),
        venue=OKX,
        symbol=SYMBOL,
        quote=USDC,
        coins=D(1),
        limit=MIXED.sell.price,
        fee_rate=D("0.0001"),
        fee_in_quote=True,
        holding_before=D(5),
    )
    assert MIXED.opportunity.worst_net is not None
    assert trade == PairTrade(
        pair_id=PairId(made(1)),
        hedge=POLICY.name,
        asset=BTC,
        buy=buy,
        sell=sell,
        coins=D(1),
        min_edge=D("0.001"),
        gross=D(200),
        buy_fee=D(21),
        sell_fee=D("10.02"),
        net=D("168.98"),
        worst_net=MIXED.opportunity.worst_net,
        created_ms=NOW_MS,
        conversion=D("0.5"),
    )


def test_a_refusal_says_why() -> None:
    halted = approve(ORDER, replace(SITUATION, halted=("lost order",)))
    assert isinstance(halted, Refused)
    assert "lost order" in halted.reason
    blind = approve(ORDER, with_both(SITUATION, replace(BUYING, book=Unknown(what="book", reason="HTTP 503"))))
    assert isinstance(blind, Refused)
    assert "HTTP 503" in blind.reason


@pytest.mark.parametrize(("less", "code"), [(D(0), ""), (D("0.00001"), "balance.quote")])
def test_all_the_money_that_is_free_may_be_spent_on_a_buy_with_its_fee(less: D, code: str) -> None:
    paid = NOTIONAL * D("1.0002")
    free = with_both(SITUATION, replace(BUYING, stock=Stock(coins=D(1), quote=paid - less, stamp=FRESH)))
    assert code_of(ORDER, free) == code


@pytest.mark.parametrize(("less", "code"), [(D(0), ""), (D("0.00001"), "balance.quote")])
def test_a_fee_in_coins_needs_no_money_beside(less: D, code: str) -> None:
    paid = MIXED.buy.contracts * MIXED.buy.price
    buy = replace(FOREIGN.readings[0], stock=Stock(coins=D(1), quote=paid - less, stamp=FRESH))
    assert code_of(MIXED, with_both(FOREIGN, buy, FOREIGN.readings[1])) == code


@pytest.mark.parametrize(("less", "code"), [(D(0), ""), (D("0.00001"), "cap.order-notional")])
def test_an_order_may_be_just_as_large_as_its_cap(less: D, code: str) -> None:
    """The sale is the larger of the two, and what it brings is counted in the money of the buyer."""
    for order, situation in ((ORDER, SITUATION), (MIXED, FOREIGN)):
        largest = order.sell.contracts * order.sell.price * order.conversion
        capped = replace(situation.policy, caps=replace(CAPS, order_notional=largest - less))
        assert code_of(order, with_policy(capped, situation)) == code


@pytest.mark.parametrize(("less", "code"), [(D(0), ""), (D("0.00001"), "cap.notional-per-hour")])
def test_an_hour_is_used_up_by_what_was_bought_in_it(less: D, code: str) -> None:
    """The trade before has bought one for 100,025."""
    capped = with_caps(replace(CAPS, notional_per_hour=NOTIONAL + 100_025 - less))
    assert code_of(ORDER, replace(capped, recent=(OVER,))) == code
    long_ago = replace(OVER.record.trade, created_ms=NOW_MS - 3_600_001)
    aged = replace(OVER, record=replace(OVER.record, trade=long_ago))
    assert code_of(ORDER, replace(capped, recent=(aged,))) == ""


def test_a_trade_that_earns_just_what_is_asked_for_passes() -> None:
    """Without fees 1 bought at 100,000 and sold at 100,100 earns just 0.1 %, by the books and at the limits."""
    free = with_both(SITUATION, replace(BUYING, taker_fee=D(0)), replace(SELLING, taker_fee=D(0)))
    order = replace(
        ORDER,
        buy=replace(ORDER.buy, price=D(100_000)),
        sell=replace(ORDER.sell, price=D(100_100)),
        buy_fee_rate=D(0),
        sell_fee_rate=D(0),
        opportunity=replace(ORDER.opportunity, net=D(100)),
    )
    assert code_of(order, free) == ""
    assert code_of(replace(order, sell=replace(order.sell, price=D("100099.9"))), free) == "edge.too-small"
    assert code_of(replace(order, opportunity=replace(order.opportunity, net=D("99.99"))), free) == "edge.too-small"


def test_a_fee_in_coins_is_no_cost_in_money_and_a_sale_counts_in_the_money_of_the_buyer() -> None:
    """At its limits it earns just what is asked for."""
    notional = MIXED.buy.contracts * MIXED.buy.price
    earned = MIXED.sell.contracts * MIXED.sell.price * D("0.5") * D("0.9999") - notional
    just = with_policy(replace(FOREIGN.policy, min_edge=earned / notional - D("1e-20")), FOREIGN)
    assert code_of(MIXED, just) == ""
    more = with_policy(replace(FOREIGN.policy, min_edge=earned / notional + D("0.000001")), FOREIGN)
    assert code_of(MIXED, more) == "edge.too-small"


def test_a_coin_that_costs_less_than_one_unit_of_money_passes() -> None:
    market = replace(MARKET, price_tick=D("0.0001"), quantity_max=D(1_000))
    stock = Stock(coins=D(100), quote=D(100), stamp=FRESH)
    cheap = with_both(
        SITUATION,
        replace(BUYING, market=market, stock=stock, book=book([("0.49", "100")], [("0.5", "100")])),
        replace(
            SELLING, market=replace(market, venue=OKX), stock=stock, book=book([("0.51", "100")], [("0.52", "100")])
        ),
    )
    order = ready(cheap)
    assert order.buy.price < order.sell.price < 1
    assert code_of(order, cheap) == ""
