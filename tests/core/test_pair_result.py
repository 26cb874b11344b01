"""What a trade came to, exactly, in the currency that each fee is taken in."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

from bot.core.pair_result import fees_in_coins, lost_in_a_row, result, so_far, told
from bot.domain.ids import Asset
from bot.domain.orders import Side
from bot.domain.pair import PairState, PairStory
from tests.core.pairs import (
    BTC,
    KUCOIN,
    NOW_MS,
    OKX,
    TRADE,
    USDC,
    fill,
    legs,
    made,
    order,
    story,
)

COINED_TRADE = replace(TRADE, buy=replace(TRADE.buy, fee_in_quote=False, coins=D("1.00021")))


def test_the_result_is_exact_in_the_currency_that_each_fee_is_taken_in() -> None:
    fills = [
        (fill(1, Side.BUY, "0.6", "100000", "12"), made(2)),
        (fill(2, Side.BUY, "0.4", "100000", "8"), made(2)),
        (fill(3, Side.SELL, "1", "100200", "20.04"), made(3)),
    ]
    both = story(*legs())
    found = result(TRADE, fills, both)
    assert (found.coins, found.money, found.fees, found.other_fees) == (D(0), D("159.96"), D("40.04"), ())
    assert fees_in_coins(TRADE, fills, both) == {made(2): D(0), made(3): D(0)}
    assert fees_in_coins(TRADE, fills[1:], both) == {made(3): D(0)}


def test_fees_in_coins_and_in_a_third_currency_are_told_apart() -> None:
    bnb = Asset("BNB")
    bought = order(2, Side.BUY, coins="1.00021", filled="1.00021")
    both = story(bought, legs()[1], trade=COINED_TRADE)
    fills = [
        (fill(1, Side.BUY, "1", "100000", "0.0002", BTC), made(2)),
        (fill(2, Side.BUY, "0.00021", "100000", "0.01", bnb), made(2)),
        (fill(3, Side.SELL, "1", "100200", "0.02", bnb), made(3)),
    ]
    found = result(COINED_TRADE, fills, both)
    assert (found.coins, found.money, found.fees) == (D("0.00001"), D(179), D(0))
    assert found.other_fees == ((bnb, D("0.03")),)
    assert fees_in_coins(COINED_TRADE, fills, both)[made(2)] == D("0.0002")


def test_what_was_taken_in_the_other_quote_is_converted() -> None:
    trade = replace(TRADE, sell=replace(TRADE.sell, quote=USDC), conversion=D("0.999"))
    fills = [(fill(3, Side.SELL, "1", "100200", "20", USDC), made(3))]
    found = result(trade, fills, story(*legs("0", "1"), trade=trade))
    assert (found.coins, found.money, found.fees) == (D(-1), D(100_180) * D("0.999"), D("19.98"))


def test_a_fee_without_a_price_leaves_the_result_open_and_is_named() -> None:
    both = story(*legs())
    fills = [
        (fill(1, Side.BUY, "1", "100000", "0.0125", Asset("BNB")), made(2)),
        (fill(3, Side.SELL, "1", "100200", "20.04"), made(3)),
    ]
    record = told(both.record, result(TRADE, fills, both))
    assert record.result is None
    assert "179.96 USDT before fees of 0.0125 BNB" in record.detail
    plain = told(both.record, result(TRADE, [(fill(1, Side.BUY, "1", "100000", "20"), made(2))], both))
    assert (plain.result, plain.detail) == (D(-100_020), both.record.detail)


def ended(result: str | None, *, age_ms: int = 1_000, evened: bool = True, filled: str = "1") -> PairStory:
    orders = (*legs(filled, "0"), *([order(4, Side.SELL, filled=filled)] if evened else []))
    one = story(*orders, state=PairState.EVEN)
    trade = replace(one.record.trade, created_ms=NOW_MS - age_ms)
    return replace(one, record=replace(one.record, trade=trade, result=None if result is None else D(result)))


def test_trades_that_lost_a_leg_and_money_are_counted_up_to_the_first_that_did_not() -> None:
    lost, won, none = ended("-1"), ended("0"), ended("-1", evened=False)
    assert lost_in_a_row([lost, lost, lost], 0) == 3
    assert lost_in_a_row([lost, won, lost], 0) == 1
    assert lost_in_a_row([lost, none], 0) == 0  # it lost no leg
    assert lost_in_a_row([lost, ended("-1", filled="0"), lost], 0) == 2  # it filled nothing, which says nothing
    assert lost_in_a_row([lost, ended(None)], 0) == 2  # what is not known is not taken for a gain
    both = replace(lost, orders=(*legs("1", "1"), order(4, Side.SELL, filled="0.00101")))
    unpriced = replace(both, record=replace(both.record, result=None))
    assert lost_in_a_row([lost, unpriced], 0) == 0  # both legs filled: only a fee has no price
    assert lost_in_a_row([ended("-1", age_ms=2_000), lost], NOW_MS - 1_000) == 1


def test_so_far_a_sale_has_paid_its_fee_in_quote_and_a_buy_where_that_is_its_leg_s_way() -> None:
    """Undone where it was bought: 1 for 100,000 with a fee in coins, and sold again there for 99,000."""
    undone = order(4, Side.SELL, venue=KUCOIN, filled="1", average="99000")
    assert so_far(story(legs()[0], trade=COINED_TRADE), D(1)) == -100_000
    assert so_far(story(legs()[0], undone, trade=COINED_TRADE), D(1)) == -100_000 + 99_000 * D("0.9998")
    back = order(4, Side.BUY, venue=OKX, filled="1", average="99000")
    assert so_far(story(legs()[1], back), D(1)) == 100_200 * D("0.9998") - 99_000 * D("1.0002")
