"""One order to even with: its exact figures, and where it is just large, near, new or believed enough (R12, R24)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.evening_order import Choice, EveningCase, choice, dust
from bot.core.pair_situation import PairReading, Stock
from bot.domain.intent import IntentRecord
from bot.domain.observation import Stamp, Unknown
from bot.domain.orders import Approved, OrderRequest, Side, TimeInForce
from bot.domain.pair import PairTrade
from tests.core.pairs import (
    BUYING,
    FRESH,
    MARKET,
    NOW_MS,
    OKX,
    POLICY,
    SELLING,
    SYMBOL,
    TRADE,
    USDC,
    book,
    evening,
    legs,
    order,
)

BOUGHT, SOLD = legs("1", "0"), legs("0", "1")
DOWN = Unknown(what="book", reason="HTTP 503")
RICH = D(10_000_000)


def chosen(case: EveningCase, reading: PairReading, side: Side, coins: str = "1") -> Choice:
    found = choice(case, reading, side, D(coins))
    assert isinstance(found, Choice), found
    return found


def with_trade(case: EveningCase, trade: PairTrade) -> EveningCase:
    return replace(case, story=replace(case.story, record=replace(case.story.record, trade=trade)))


def smallest(reading: PairReading, notional: str) -> PairReading:
    return replace(reading, market=replace(reading.market, notional_min=D(notional)))


def test_an_order_is_approved_with_what_it_is_worth_at_the_touch() -> None:
    half = replace(SELLING, book=book([("100200", "0.5")], [("100210", "1")]))
    case = evening(*BOUGHT, order(4, Side.SELL, venue=OKX), sell=half)
    found = chosen(case, case.sell, Side.SELL)
    request = OrderRequest(
        venue=OKX,
        symbol=SYMBOL,
        side=Side.SELL,
        contracts=D("0.5"),
        price=found.approved.request.price,
        time_in_force=TimeInForce.IOC,
        reduce_only=False,
    )
    assert found.approved == Approved(request=request, notional=D(50_100), mark=D(100_200))
    assert found.misses == 1
    assert chosen(case, case.buy, Side.SELL).misses == 0


# The buy pays its fee in coins, the sale is in another currency; what is charged now is not what was decided with.
COINED = replace(BUYING, market=replace(MARKET, fee_in_quote=False), taker_fee=D("0.01"))
FOREIGN = replace(SELLING, taker_fee=D("0.02"))
MIXED = replace(
    TRADE,
    buy=replace(TRADE.buy, fee_in_quote=False, fee_rate=D("0.001")),
    sell=replace(TRADE.sell, quote=USDC, fee_rate=D("0.004")),
    conversion=D("0.5"),
)
LOOSE = replace(POLICY, max_loss=D(1_000_000))


def mixed(*orders: IntentRecord, buy: PairReading = COINED, sell: PairReading = FOREIGN) -> EveningCase:
    case = evening(*orders, buy=buy, sell=sell)
    return replace(with_trade(case, MIXED), policy=LOOSE)


def test_a_sale_that_undoes_is_counted_with_its_fee_in_quote() -> None:
    """Where a buy pays its fee in coins a sale pays in quote all the same."""
    case = mixed(*BOUGHT)
    found = chosen(case, case.buy, Side.SELL)
    assert not found.completes
    assert found.price == D(99_990) * D("0.99")
    assert found.approved.request.price == D("99940.1")
    assert found.result == -D(100_000) + D("99940.1") * D("0.99")


def test_a_sale_in_another_currency_is_counted_at_its_price() -> None:
    case = mixed(*BOUGHT)
    found = chosen(case, case.sell, Side.SELL)
    assert found.completes
    assert found.price == D(100_200) * D("0.5") * D("0.98")
    assert found.result == -D(100_000) + D("100149.9") * D("0.5") * D("0.98")


def test_a_missing_coin_costs_what_must_be_ordered_for_it() -> None:
    case = mixed(*SOLD, buy=replace(COINED, book=book([("99990", "1")], [("100000", "9")])))
    found = chosen(case, case.buy, Side.BUY, "0.99")
    assert found.completes
    assert found.approved.request.contracts == D(1)
    assert found.price == D(100_000) / D("0.99")
    assert found.result == D(100_200) * D("0.5") * D("0.996") - D(100_050)


def test_a_missing_coin_is_bought_back_in_the_currency_it_was_sold_for() -> None:
    case = mixed(*SOLD)
    found = chosen(case, case.sell, Side.BUY)
    assert not found.completes
    assert found.price == D(100_210) * D("0.5") * D("1.02")
    assert found.approved.request.price == D("100260.1")
    assert found.result == D(100_200) * D("0.5") * D("0.996") - D("100260.1") * D("0.5") * D("1.02")


def test_a_fee_that_is_not_told_is_that_of_the_decision() -> None:
    case = mixed(*BOUGHT, buy=replace(COINED, taker_fee=None))
    assert chosen(case, case.buy, Side.SELL).price == D(99_990) * D("0.999")


def test_levels_up_to_the_limit_count_and_no_further_one() -> None:
    """The limit is 100,149.9."""
    bids = [("100200", "0.3"), ("100149.9", "0.2"), ("100149.8", "9")]
    case = evening(*BOUGHT, sell=replace(SELLING, book=book(bids, [("100210", "1")])))
    assert chosen(case, case.sell, Side.SELL).approved.request.contracts == D("0.5")


def test_a_sale_is_bound_by_the_coins_and_never_by_the_money_there() -> None:
    poor = replace(SELLING, stock=Stock(coins=D("0.1"), quote=RICH, stamp=FRESH))
    case = evening(*BOUGHT, sell=poor)
    assert chosen(case, case.sell, Side.SELL).approved.request.contracts == D("0.1")
    # There is less in the book than an order must be, and less in the balance as well.
    thin = replace(
        poor,
        book=book([("100200", "0.00002")], [("100210", "1")]),
        stock=Stock(coins=D("0.00003"), quote=RICH, stamp=FRESH),
    )
    case = evening(*BOUGHT, sell=thin)
    assert isinstance(choice(case, case.sell, Side.SELL, D(1)), str)


@pytest.mark.parametrize("depth", ["9", "0.00002"])
def test_a_buy_is_bound_by_what_its_limit_and_its_fee_cost(depth: str) -> None:
    """A coin costs 100,050 at the limit and 20.01 for the fee; where the book holds too little, all is asked for."""
    for quote, coins in (("100070.01", "1.00000"), ("100070.00", "0.99999")):
        buyer = replace(
            BUYING,
            book=book([("99990", "1")], [("100000", depth)]),
            stock=Stock(coins=D(0), quote=D(quote), stamp=FRESH),
        )
        case = replace(evening(*SOLD, buy=buyer), policy=LOOSE)
        assert chosen(case, case.buy, Side.BUY).approved.request.contracts == D(coins)


def test_a_balance_that_was_read_as_the_last_order_ended_counts() -> None:
    stamp = Stamp(sent_ms=BOUGHT[1].updated_ms, answered_ms=NOW_MS)
    case = evening(*BOUGHT, sell=replace(SELLING, stock=Stock(coins=D("0.1"), quote=RICH, stamp=stamp)))
    assert chosen(case, case.sell, Side.SELL).approved.request.contracts == D("0.1")


def test_the_next_order_may_go_out_at_the_end_of_the_pause() -> None:
    case = evening(*BOUGHT, sell=replace(SELLING, not_before_ms=NOW_MS))
    assert chosen(case, case.sell, Side.SELL).completes
    later = evening(*BOUGHT, sell=replace(SELLING, not_before_ms=NOW_MS + 1))
    assert isinstance(choice(later, later.sell, Side.SELL, D(1)), str)


def test_a_touch_just_5_percent_off_the_venue_s_own_source_is_believed() -> None:
    case = evening(*BOUGHT, sell=replace(SELLING, reference=D(105_210)))
    assert chosen(case, case.sell, Side.SELL).completes
    further = evening(*BOUGHT, sell=replace(SELLING, reference=D("105210.01")))
    assert isinstance(choice(further, further.sell, Side.SELL, D(1)), str)


def test_a_touch_just_5_percent_off_what_was_traded_there_is_believed() -> None:
    risen = replace(SELLING, book=book([("105000", "1")], [("105183.75", "1")]))
    case = evening(*SOLD, buy=replace(BUYING, book=DOWN), sell=risen)
    assert not chosen(case, case.sell, Side.BUY).completes
    further = replace(SELLING, book=book([("105000", "1")], [("105183.76", "1")]))
    case = evening(*SOLD, buy=replace(BUYING, book=DOWN), sell=further)
    assert isinstance(choice(case, case.sell, Side.BUY, D(1)), str)


def test_no_book_confirms_itself() -> None:
    mangled = replace(SELLING, book=book([("10000", "1")], [("10001", "1")]))
    case = evening(*BOUGHT, sell=mangled)
    assert isinstance(choice(case, case.sell, Side.SELL, D(1)), str)
    turned = evening(*BOUGHT, buy=replace(BUYING, book=mangled.book))
    assert isinstance(choice(turned, turned.buy, Side.SELL, D(1)), str)


def test_a_book_in_another_currency_is_confirmed_at_the_price_of_that() -> None:
    """120,000 USDC are 96,000 USDT where one of these is 0.8 of those."""
    trade = replace(TRADE, sell=replace(TRADE.sell, quote=USDC), conversion=D("0.8"))
    risen = replace(SELLING, book=book([("120000", "1")], [("120010", "1")]))
    other = replace(BUYING, book=book([("96000", "1")], [("96010", "1")]))
    case = replace(with_trade(evening(*BOUGHT, buy=other, sell=risen), trade), policy=LOOSE)
    assert chosen(case, case.sell, Side.SELL).completes


def test_dust_is_judged_at_what_a_sale_brings_at_its_limit() -> None:
    """0.00005 are worth 4.9975 at the limit counted from the ask, and 4.947525 at that counted from the bid."""
    wide = replace(BUYING, book=book([("99000", "1")], [("100000", "1")]))
    case = evening(*BOUGHT, buy=smallest(wide, "4.96"))
    assert dust(case, case.buy, Side.SELL, D("0.00005"))
    less = evening(*BOUGHT, buy=smallest(wide, "4.9475"))
    assert not dust(less, less.buy, Side.SELL, D("0.00005"))


def test_without_a_book_dust_is_judged_at_the_limit_of_the_trade_s_own_order_there() -> None:
    """0.00005 are worth 5.00125 at the limit of the buy, and 5.00875 at that of the sale."""
    blind = [smallest(replace(each, book=DOWN), "5.005") for each in (BUYING, SELLING)]
    case = evening(*BOUGHT, buy=blind[0], sell=blind[1])
    assert dust(case, case.buy, Side.SELL, D("0.00005"))
    assert not dust(case, case.sell, Side.SELL, D("0.00005"))


def test_no_more_is_sold_than_there_is_to_pass_a_smallest_order() -> None:
    case = evening(*BOUGHT, sell=smallest(SELLING, "5.5"))
    assert dust(case, case.sell, Side.SELL, D("0.000059"))
    assert not dust(case, case.sell, Side.SELL, D("0.00006"))


def test_dust_that_can_not_be_sold_for_want_of_coins_is_none_for_want_of_money() -> None:
    without = [
        replace(SELLING, stock=Stock(coins=D(coins), quote=D(quote), stamp=FRESH))
        for coins, quote in (("0", "1000000"), ("1", "0"))
    ]
    cases = [evening(*BOUGHT, sell=each) for each in without]
    assert dust(cases[0], cases[0].sell, Side.SELL, D("0.001"), payable=True)
    assert not dust(cases[1], cases[1].sell, Side.SELL, D("0.001"), payable=True)


def test_what_can_just_be_paid_with_its_fee_is_no_dust() -> None:
    """0.001 cost 100.05 at the limit and 0.02001 for the fee."""
    for quote, small in (("100.07001", False), ("100.07", True)):
        market = replace(MARKET, quantity_min=D("0.001"))
        buyer = replace(BUYING, market=market, stock=Stock(coins=D(0), quote=D(quote), stamp=FRESH))
        case = evening(*SOLD, buy=buyer)
        assert bool(dust(case, case.buy, Side.BUY, D("0.001"), payable=True)) is small
