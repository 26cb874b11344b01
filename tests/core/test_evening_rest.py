"""What is left of a trade that was partly undone: its loss does not keep the rest from being completed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

from bot.core.evening import even_out
from bot.core.pair_result import kept, so_far
from bot.core.pair_situation import Stock
from bot.domain.evening import EveningVerdict
from bot.domain.orders import Side
from tests.core.pairs import BUYING, FRESH, KUCOIN, OKX, SELLING, TRADE, book, evening, legs, order, story

DEAR = book([("100490", "1")], [("100500", "1")])
LOWER = replace(BUYING, book=book([("99850", "1")], [("99860", "1")]))


def test_what_undoing_lost_does_not_count_against_completing_the_rest() -> None:
    bought = legs("1", "0")
    undone = order(4, Side.SELL, venue=KUCOIN, coins="1", filled="0.75", average="99850")
    partly = story(*bought, undone)
    assert so_far(partly, D(1)) == -D(100_020) + D("0.75") * 99_850 * D("0.9998")
    assert kept(partly, D(1)) == D("-0.25") * D(100_020)
    whole = story(*bought, replace(undone, filled=D(1)), order(5, Side.SELL, venue=OKX, filled="0"))
    assert kept(whole, D(1)) == 0
    assert kept(story(*legs("1", "0.5")), D(1)) == so_far(story(*legs("1", "0.5")), D(1))


def test_a_sale_that_was_undone_is_left_out_likewise_with_its_fee_in_coins() -> None:
    trade = replace(TRADE, sell=replace(TRADE.sell, fee_in_quote=False))
    sold = order(3, Side.SELL, filled="1", average="100200")
    back = order(4, Side.BUY, venue=OKX, coins="0.5", filled="0.5", average="100500")
    share = 1 - D("0.5") * D("0.9998")
    assert kept(story(order(2, Side.BUY), sold, back, trade=trade), D(1)) == share * 100_200 * D("0.9998")


def test_a_rest_that_the_undoing_venue_does_not_take_is_completed() -> None:
    """0.00004 BTC are left after an undo that lost more than `max_loss`: 4 USDT, and one venue takes no less than 5."""
    undone = order(4, Side.SELL, venue=KUCOIN, coins="1", filled="0.99996", average="99850")
    takes_less = replace(
        SELLING,
        market=replace(SELLING.market, notional_min=D(1)),
        book=book([("99985", "1")], [("99995", "1")]),
    )
    plan = even_out(evening(*legs("1", "0"), undone, buy=LOWER, sell=takes_less))
    assert plan.verdict is EveningVerdict.ORDER
    assert plan.order is not None
    assert (plan.order.request.venue, plan.order.request.contracts) == (OKX, D("0.00004"))


def test_what_is_missing_is_bought_elsewhere_when_undoing_ran_out_of_money() -> None:
    """The sale brought less than it now costs to buy its coins back there."""
    first = legs("0", "1")
    kucoin = replace(BUYING, book=book([("100480", "1")], [("100485", "1")]))
    back = order(4, Side.BUY, venue=OKX, coins="0.99661", filled="0.99661", average="100500")
    spent = replace(SELLING, book=DEAR, stock=Stock(coins=D(1), quote=D("0.5"), stamp=FRESH))
    plan = even_out(evening(*first, back, buy=kucoin, sell=spent))
    assert plan.order is not None
    assert (plan.order.request.venue, plan.order.request.contracts, plan.completes) == (KUCOIN, D("0.00339"), True)


def test_a_rest_that_would_lose_more_than_max_loss_by_itself_is_not_completed() -> None:
    """0.8 BTC at 100 less than they cost are 80 USDT; undoing 0.2 of it has lost nothing of that."""
    undone = order(4, Side.SELL, venue=KUCOIN, coins="1", filled="0.2", average="100000")
    fallen = replace(SELLING, book=book([("99900", "1")], [("99910", "1")]))
    down = replace(BUYING, trouble="down")
    stuck = even_out(evening(*legs("1", "0"), undone, buy=down, sell=fallen))
    assert (stuck.verdict, stuck.alarm) == (EveningVerdict.STUCK, True)
    less = even_out(evening(*legs("1", "0.7"), replace(undone, filled=D("0.1")), buy=down, sell=fallen))
    assert less.order is not None
