"""What a trade is never evened by: a price, a fee or a book that says nothing about now (R8, R12, R23, R24)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.evening import even_out
from bot.core.evening_order import TRIES_TO_WIDEST, EveningCase
from bot.core.pair_situation import PairReading
from bot.domain.evening import EveningPlan, EveningVerdict
from bot.domain.observation import Stamp, Unknown
from bot.domain.orders import OrderRequest, Side
from tests.core.pairs import (
    BUYING,
    FRESH,
    KUCOIN,
    MARKET,
    NOW_MS,
    OKX,
    POLICY,
    SELLING,
    TRADE,
    USDC,
    book,
    evening,
    legs,
    order,
    story,
)

BOUGHT, SOLD = legs("1", "0"), legs("0", "1")
DOWN = replace(SELLING, book=Unknown(what="book", reason="HTTP 503"))


def request_of(plan: EveningPlan) -> OrderRequest:
    assert plan.verdict is EveningVerdict.ORDER
    assert plan.order is not None
    return plan.order.request


def stuck(case: EveningCase) -> str:
    plan = even_out(case)
    assert (plan.verdict, plan.order, plan.alarm, plan.naked) == (EveningVerdict.STUCK, None, True, True)
    return plan.reason


@pytest.mark.parametrize("fee", ["0.1", "0.5", "1", "-0.001"])
def test_a_fee_that_can_not_be_right_never_raises_what_is_bought(fee: str) -> None:
    """10 % read for 0.1 % would buy a ninth too much, 50 % twice as much."""
    coined = replace(BUYING, market=replace(MARKET, fee_in_quote=False), taker_fee=D(fee))
    case = evening(*SOLD, buy=coined, sell=DOWN)
    trade = replace(TRADE, buy=replace(TRADE.buy, fee_in_quote=False, fee_rate=D("0.001"), coins=D("1.00101")))
    case = replace(case, story=story(*SOLD, trade=trade), policy=replace(POLICY, max_loss=D(500)))
    deep = replace(coined, book=book([("99990", "1")], [("100000", "9")]))
    request = request_of(even_out(replace(case, buy=deep)))
    assert (request.venue, request.contracts) == (KUCOIN, D("1.00101"))  # 1 / 0.999, up to the step


MANGLED = [
    ([("10000", "1")], [("10001", "1")]),
    ([("1", "1")], [("100000", "1")]),
    ([("94999", "1")], [("100000", "1")]),
]


@pytest.mark.parametrize(("bids", "asks"), MANGLED)
def test_a_touch_that_nothing_confirms_is_never_sold_at(
    bids: list[tuple[str, str]], asks: list[tuple[str, str]]
) -> None:
    mangled = replace(BUYING, book=book(bids, asks))
    assert "nothing confirms" in stuck(evening(*BOUGHT, buy=mangled, sell=DOWN))
    assert request_of(even_out(evening(*BOUGHT, buy=mangled))).venue == OKX
    # A source of the venue's own decides alone.
    low = replace(mangled, reference=D(100_000))
    assert "other source" in stuck(evening(*BOUGHT, buy=low, sell=DOWN))


def test_nor_is_one_bought_at() -> None:
    mangled = replace(BUYING, book=book([("99990", "1")], [("106000", "1")]))
    assert "nothing confirms" in stuck(evening(*SOLD, buy=mangled, sell=DOWN))


def test_a_market_that_moved_far_is_believed_by_the_other_venue_s_book_or_the_venue_s_own_source() -> None:
    fallen = replace(BUYING, book=book([("80000", "1")], [("80010", "1")]))
    also = replace(SELLING, book=book([("80020", "1")], [("80030", "1")]))
    assert request_of(even_out(evening(*BOUGHT, buy=fallen, sell=replace(also, trouble="down")))).venue == KUCOIN
    assert request_of(even_out(evening(*BOUGHT, buy=replace(fallen, reference=D(80_100)), sell=DOWN))).venue == KUCOIN


def test_the_other_venue_s_book_confirms_in_the_same_currency() -> None:
    """80,000 USDT are 100,000 USDC where one of these is 0.8 of those."""
    trade = replace(TRADE, sell=replace(TRADE.sell, quote=USDC), conversion=D("0.8"))
    fallen = replace(BUYING, book=book([("80000", "1")], [("80010", "1")]))
    case = evening(*BOUGHT, buy=fallen, sell=replace(SELLING, trouble="down"))
    assert request_of(even_out(replace(case, story=story(*BOUGHT, trade=trade)))).venue == KUCOIN
    stuck(case)


def test_coins_are_not_called_dust_by_a_price_that_is_not_believed() -> None:
    mangled = [replace(each, book=book([("0.1", "9")], [("0.2", "9")])) for each in (BUYING, SELLING)]
    believed = even_out(evening(*BOUGHT, buy=mangled[0], sell=replace(mangled[1], reference=D(100_000))))
    assert believed.verdict is not EveningVerdict.DUST


def before(reading: PairReading, ms: int) -> PairReading:
    assert not isinstance(reading.book, Unknown)
    return replace(reading, book=replace(reading.book, stamp=Stamp(sent_ms=NOW_MS - ms, answered_ms=NOW_MS)))


def test_r23_a_book_of_before_the_last_order_there_is_no_reason_to_go_further() -> None:
    """What it shows may be what that order took."""
    assert "before the last order" in stuck(evening(*BOUGHT, buy=before(BUYING, 4_001), sell=before(SELLING, 4_001)))
    assert (
        request_of(even_out(evening(*BOUGHT, buy=before(BUYING, 4_000), sell=before(SELLING, 4_001)))).venue == KUCOIN
    )
    foreign = replace(SELLING, recent=(order(30, Side.SELL, ended_ms=FRESH.sent_ms + 1),))
    assert request_of(even_out(evening(*BOUGHT, sell=foreign))).venue == KUCOIN


def test_r24_after_the_widest_limit_missed_too_one_order_a_second_is_enough() -> None:
    tries = [order(number, Side.SELL, ended_ms=NOW_MS - 500) for number in range(4, 4 + TRIES_TO_WIDEST)]
    assert request_of(even_out(evening(*BOUGHT, *tries[:-1], buy=before(BUYING, 0)))).venue == KUCOIN
    case = evening(*BOUGHT, *tries, buy=before(BUYING, 0), sell=before(SELLING, 0))
    assert "one a second" in stuck(case)
    assert even_out(case).imbalance == 1
    # The newest one counts, however long ago the others were.
    older = [replace(each, updated_ms=NOW_MS - 9_000) for each in tries[:-1]]
    assert "one a second" in stuck(replace(case, story=story(*BOUGHT, *older, tries[-1])))
    waited = [replace(each, updated_ms=NOW_MS - 1_000) for each in tries]
    assert request_of(even_out(evening(*BOUGHT, *waited))).side is Side.SELL
