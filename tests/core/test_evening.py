"""A leg that fell short is completed or undone, and nothing new is sent before both outcomes are known (R16, R20)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.evening import even_out
from bot.core.evening_order import EveningCase, slippage
from bot.core.pair_result import imbalance, kept, so_far
from bot.core.pair_situation import PairReading, Stock
from bot.domain.evening import EveningPlan, EveningVerdict
from bot.domain.ids import VenueName
from bot.domain.intent import IntentRecord, IntentState
from bot.domain.observation import Stamp, Unknown
from bot.domain.orders import Approved, Side, TimeInForce
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
    made,
    order,
    story,
)


def sent(plan: EveningPlan) -> tuple[VenueName, Side, D, D]:
    assert plan.verdict is EveningVerdict.ORDER
    assert isinstance(plan.order, Approved)
    request = plan.order.request
    assert (request.time_in_force, request.reduce_only) == (TimeInForce.IOC, False)
    assert plan.naked
    assert plan.alarm
    assert plan.look_again_s == 0
    return request.venue, request.side, request.contracts, request.price


def test_both_filled_in_full_is_even() -> None:
    plan = even_out(evening(*legs()))
    assert (plan.verdict, plan.imbalance, plan.naked, plan.alarm) == (EveningVerdict.EVEN, D(0), False, False)
    assert even_out(evening(*legs("0", "0"))).verdict is EveningVerdict.EVEN
    assert even_out(evening(*legs("0.4001", "0.4"))).verdict is EveningVerdict.ORDER
    one_step = even_out(evening(*legs("0.40001", "0.4")))  # a coin's least part, too little for an order
    assert (one_step.verdict, one_step.naked) == (EveningVerdict.DUST, True)
    coarse = replace(SELLING, market=replace(SELLING.market, quantity_step=D("0.0001")))
    assert even_out(evening(*legs("0.40009", "0.4"), sell=coarse)).verdict is EveningVerdict.EVEN


@pytest.mark.parametrize(
    "state", [IntentState.ARMED, IntentState.ACKED, IntentState.PARTIALLY_FILLED, IntentState.UNKNOWN]
)
def test_r20_nothing_is_sent_while_an_outcome_is_not_known(state: IntentState) -> None:
    bought = order(2, Side.BUY, filled="1", average="100000")
    plan = even_out(evening(bought, order(3, Side.SELL, state=state)))
    assert (plan.verdict, plan.order, plan.naked, plan.alarm) == (EveningVerdict.WAIT, None, True, True)
    assert plan.imbalance == 1
    assert "sell on okx" in plan.reason
    quiet = even_out(evening(order(2, Side.BUY), order(3, Side.SELL, state=state)))
    assert (quiet.verdict, quiet.naked, quiet.alarm) == (EveningVerdict.WAIT, False, state is IntentState.UNKNOWN)
    again = even_out(evening(*legs("1", "0"), order(4, Side.SELL, state=state)))
    assert again.verdict is EveningVerdict.WAIT


def test_a_sale_that_failed_is_completed_where_that_is_cheaper() -> None:
    plan = even_out(evening(*legs("1", "0")))
    assert sent(plan) == (OKX, Side.SELL, D(1), D("100149.9"))  # 0.05 % below the bid
    assert plan.completes
    assert plan.result == D("100149.9") * D("0.9998") - D(100_020)


def test_a_sale_that_failed_is_undone_where_that_is_cheaper() -> None:
    fallen = replace(SELLING, book=book([("99900", "1")], [("99910", "1")]))
    plan = even_out(evening(*legs("1", "0"), sell=fallen))
    assert sent(plan) == (KUCOIN, Side.SELL, D(1), D("99940.1"))
    assert not plan.completes


def test_a_buy_that_failed_is_completed_or_undone_likewise() -> None:
    plan = even_out(evening(*legs("0.25", "1")))
    assert sent(plan) == (KUCOIN, Side.BUY, D("0.75"), D(100_050))
    assert plan.completes
    risen = replace(BUYING, book=book([("100400", "1")], [("100410", "1")]))
    plan = even_out(evening(*legs("0.25", "1"), buy=risen))
    assert sent(plan) == (OKX, Side.BUY, D("0.75"), D("100260.1"))
    assert not plan.completes


def test_completing_never_loses_more_than_max_loss_and_undoing_goes_on() -> None:
    # Both have fallen: completing loses at least 50 even at the touch, so only undoing is left.
    bought = legs("1", "0")
    fallen = replace(SELLING, book=book([("99985", "1")], [("99995", "1")]))
    cheaper = replace(BUYING, book=book([("99900", "1")], [("99910", "1")]))
    plan = even_out(evening(*bought, buy=cheaper, sell=fallen))
    assert sent(plan) == (KUCOIN, Side.SELL, D(1), D("99850.1"))
    # A little higher it may be completed, at a limit at which the whole trade loses just 50.
    higher = replace(SELLING, book=book([("99995", "1")], [("100005", "1")]))
    plan = even_out(evening(*bought, buy=cheaper, sell=higher))
    assert sent(plan) == (OKX, Side.SELL, D(1), D(99990))
    assert plan.completes
    assert plan.result is not None
    assert -50 <= plan.result < D("-49.9")


def test_completing_a_buy_is_bound_likewise() -> None:
    sold = legs("0", "1")
    dear = replace(SELLING, book=book([("100390", "1")], [("100400", "1")]))
    risen = replace(BUYING, book=book([("100180", "1")], [("100190", "1")]))
    plan = even_out(evening(*sold, buy=risen, sell=dear))
    venue, side, _, price = sent(plan)
    assert (venue, side) == (KUCOIN, Side.BUY)
    assert price == D("100209.9")  # 100200 x 0.9998 + 50, over 1.0002
    assert plan.result is not None
    assert -50 <= plan.result < D("-49.8")
    worse = replace(BUYING, book=book([("100210", "1")], [("100211", "1")]))
    assert sent(even_out(evening(*sold, buy=worse, sell=dear)))[0] == OKX


def test_each_try_that_misses_goes_further_and_to_the_other_venue_first() -> None:
    first = legs("1", "0")
    missed = order(4, Side.SELL, venue=OKX)
    assert sent(even_out(evening(*first, missed))) == (KUCOIN, Side.SELL, D(1), D("99702.6"))  # 0.2875 % below the bid
    both = (missed, order(5, Side.SELL, venue=KUCOIN))
    # 0.525 % below the bid would be 99673.9, but completing stays within max_loss.
    assert sent(even_out(evening(*first, *both))) == (OKX, Side.SELL, D(1), D("99990.0"))
    tries = [order(number, Side.SELL) for number in range(4, 12)]
    assert slippage(POLICY, story(*first)) == D("0.0005")
    assert slippage(POLICY, story(*first, *tries[:4])) == slippage(POLICY, story(*first, *tries)) == D("0.01")
    refused = [replace(each, state=IntentState.REJECTED) for each in tries]
    assert slippage(POLICY, story(*first, *refused)) == D("0.0005")
    filled = order(12, Side.SELL, coins="0.5", filled="0.1")
    assert slippage(POLICY, story(*first, *tries, filled)) == D("0.0005")
    tight = replace(POLICY, max_unwind_slippage=D("0.0001"))
    assert slippage(tight, story(*first, *tries)) == slippage(tight, story(*first)) == D("0.0001")


BROKEN = [
    ({"trouble": "it does not answer"}, "does not answer"),
    ({"clock_ok": False}, "clock"),
    ({"not_before_ms": NOW_MS + 5_000}, "refused"),
    ({"market": replace(SELLING.market, active=False)}, "does not trade"),
    ({"book": Unknown(what="book", reason="HTTP 503")}, "HTTP 503"),
    ({"reference": D(90_000)}, "other source"),
]


@pytest.mark.parametrize(("changes", "told"), BROKEN)
def test_a_venue_that_can_not_be_sent_anything_leaves_the_other(changes: dict[str, object], told: str) -> None:
    broken = replace(SELLING, **changes)  # type: ignore[arg-type]
    assert sent(even_out(evening(*legs("1", "0"), sell=broken)))[0] == KUCOIN
    down = replace(BUYING, trouble="down")
    plan = even_out(evening(*legs("1", "0"), buy=down, sell=broken))
    assert (plan.verdict, plan.order, plan.alarm, plan.naked) == (EveningVerdict.STUCK, None, True, True)
    assert (plan.look_again_s, plan.imbalance) == (D(1), D(1))
    assert told in plan.reason


def test_what_stands_against_new_trades_does_not_stand_against_evening() -> None:
    held = replace(
        SELLING,
        unresolved="an order",
        recent=tuple(order(number, Side.SELL) for number in range(20, 29)),
        taker_fee=None,
    )
    assert sent(even_out(evening(*legs("1", "0"), sell=held)))[0] == OKX


def test_it_is_sliced_by_depth_balance_and_the_largest_order() -> None:
    thin = replace(SELLING, book=book([("100200", "0.3"), ("100100", "9")], [("100210", "1")]))
    assert sent(even_out(evening(*legs("1", "0"), sell=thin)))[2] == D("0.3")
    small = replace(SELLING, market=replace(SELLING.market, quantity_max=D("0.2")))
    assert sent(even_out(evening(*legs("1", "0"), sell=small)))[2] == D("0.2")
    poor = replace(SELLING, stock=Stock(coins=D("0.1"), quote=D(0), stamp=FRESH))
    assert sent(even_out(evening(*legs("1", "0"), sell=poor)))[2] == D("0.1")
    poor_buyer = replace(BUYING, stock=Stock(coins=D(0), quote=D(50_025), stamp=FRESH))
    assert sent(even_out(evening(*legs("0", "1"), buy=poor_buyer)))[2] == D("0.49990")
    broke = replace(BUYING, stock=Stock(coins=D(0), quote=D(0), stamp=FRESH))
    assert sent(even_out(evening(*legs("0", "1"), buy=broke)))[0] == OKX


@pytest.mark.parametrize(
    "stock",
    [
        Unknown(what="balance", reason="HTTP 503"),
        Stock(coins=D(0), quote=D(0), stamp=Stamp(sent_ms=NOW_MS - 30_001, answered_ms=NOW_MS)),
        Stock(coins=D(0), quote=D(0), stamp=Stamp(sent_ms=NOW_MS - 4_001, answered_ms=NOW_MS)),
    ],
)
def test_a_balance_that_says_nothing_does_not_hold_evening_up(stock: Stock | Unknown) -> None:
    assert sent(even_out(evening(*legs("1", "0"), sell=replace(SELLING, stock=stock)))) == (
        OKX,
        Side.SELL,
        D(1),
        D("100149.9"),
    )


def test_price_filters_bound_the_limit() -> None:
    narrow = replace(SELLING, market=replace(SELLING.market, price_down=D("0.9999"), price_up=D("1.0001")))
    assert sent(even_out(evening(*legs("1", "0"), sell=narrow)))[3] == D(100190)  # 100189.98, up to the tick
    buying = replace(BUYING, market=replace(MARKET, price_up=D("1.0001")))
    assert sent(even_out(evening(*legs("0", "1"), buy=buying)))[3] == D(100010)


def test_a_touch_off_the_tick_is_within_no_limit() -> None:
    coarse = replace(SELLING, market=replace(SELLING.market, price_tick=D(1_000)))
    plan = even_out(evening(*legs("1", "0"), buy=replace(BUYING, trouble="down"), sell=coarse))
    assert plan.verdict is EveningVerdict.STUCK
    undoing = even_out(
        evening(*legs("1", "0"), buy=replace(BUYING, market=coarse.market), sell=replace(SELLING, trouble="down"))
    )
    assert undoing.verdict is EveningVerdict.STUCK


def test_dust_is_told_and_ends_only_when_no_venue_takes_it() -> None:
    plan = even_out(evening(*legs("0.40004", "0.4")))  # 4 USDT; both want 5
    assert (plan.verdict, plan.imbalance, plan.alarm, plan.naked) == (EveningVerdict.DUST, D("0.00004"), True, True)
    takes_less = replace(SELLING, market=replace(SELLING.market, notional_min=D(1)))
    assert sent(even_out(evening(*legs("0.40004", "0.4"), sell=takes_less)))[0] == OKX
    down = replace(takes_less, trouble="down")
    assert even_out(evening(*legs("0.40004", "0.4"), sell=down)).verdict is EveningVerdict.STUCK
    blind = replace(SELLING, book=Unknown(what="book", reason="HTTP 503"))
    assert even_out(evening(*legs("0.40004", "0.4"), sell=blind)).verdict is EveningVerdict.DUST


def test_what_one_venue_does_not_take_and_the_other_can_not_pay_is_dust() -> None:
    """Else it would be offered for ever where its balance does not carry it, and no trade would follow."""
    market = replace(SELLING.market, notional_min=D(1))
    spent = Stock(coins=D(0), quote=D(0), stamp=FRESH)
    empty = replace(SELLING, market=market, stock=spent)
    plan = even_out(evening(*legs("0.40004", "0.4"), sell=empty))
    assert (plan.verdict, plan.imbalance, plan.alarm) == (EveningVerdict.DUST, D("0.00004"), True)
    missing = even_out(evening(*legs("0.4", "0.40004"), buy=replace(BUYING, stock=spent, market=market)))
    assert (missing.verdict, missing.imbalance) == (EveningVerdict.DUST, D("-0.00004"))
    unread = Unknown(what="balance", reason="HTTP 503")
    assert sent(even_out(evening(*legs("0.40004", "0.4"), sell=replace(empty, stock=unread))))[0] == OKX
    # What is worth an order on a venue is never written off, whatever the balances are.
    poor = replace(BUYING, stock=spent)
    assert even_out(evening(*legs("0.401", "0.4"), buy=poor, sell=empty)).verdict is EveningVerdict.STUCK


def test_where_less_is_there_than_an_order_must_be_one_for_all_of_it_takes_that() -> None:
    thin = replace(SELLING, book=book([("100200", "0.00002")], [("100210", "1")]))
    assert sent(even_out(evening(*legs("1", "0"), sell=thin)))[:3] == (OKX, Side.SELL, D(1))
    poor = replace(thin, stock=Stock(coins=D("0.00003"), quote=D(0), stamp=FRESH))
    assert sent(even_out(evening(*legs("1", "0"), sell=poor)))[0] == KUCOIN


def test_what_only_the_middle_of_the_book_makes_large_enough_is_dust() -> None:
    """Worth just the minimum at the bid, and less than it at the limit of a sale: never tried for ever."""
    just = tuple(
        replace(each, market=replace(each.market, notional_min=D("0.00004") * bid))
        for each, bid in ((BUYING, D(99_990)), (SELLING, D(100_200)))
    )
    plan = even_out(evening(*legs("0.40004", "0.4"), buy=just[0], sell=just[1]))
    assert plan.verdict is EveningVerdict.DUST
    short = even_out(evening(*legs("0.4", "0.40004"), buy=just[0], sell=just[1]))
    assert sent(short)[:3] == (KUCOIN, Side.BUY, D("0.00004"))


COINED = replace(BUYING, market=replace(MARKET, fee_in_quote=False), book=book([("99990", "1")], [("100000", "2")]))
COINED_TRADE = replace(TRADE, buy=replace(TRADE.buy, fee_in_quote=False, coins=D("1.00021")))


def coined(*orders: IntentRecord, fees: dict[int, str] | None = None) -> EveningCase:
    """A trade of which the buy pays its fee in coins."""
    return EveningCase(
        policy=POLICY,
        story=story(*orders, trade=COINED_TRADE),
        buy=COINED,
        sell=SELLING,
        now_ms=NOW_MS,
        fees_in_coins={made(sequence): D(fee) for sequence, fee in (fees or {}).items()},
    )


def test_a_fee_in_coins_is_estimated_until_it_is_told() -> None:
    bought = order(2, Side.BUY, coins="1.00021", filled="1.00021", average="100000")
    sold = order(3, Side.SELL, filled="1", average="100200")
    waits = even_out(coined(bought, sold))
    assert (waits.verdict, waits.naked, waits.alarm) == (EveningVerdict.WAIT, False, False)
    assert "not all told" in waits.reason
    assert waits.imbalance == D("1.00021") * D("0.9998") - 1
    assert even_out(coined(bought, sold, fees={2: "0.00020004"})).verdict is EveningVerdict.WAIT
    even = even_out(coined(bought, sold, fees={2: "0.00020004", 3: "0"}))
    assert (even.verdict, even.imbalance) == (EveningVerdict.EVEN, D("0.00000996"))
    # The fee was taken in something else: that many coins are too many.
    free = even_out(coined(bought, sold, fees={2: "0", 3: "0"}))
    assert sent(free)[1:3] == (Side.SELL, D("0.00021"))


def test_what_is_uneven_whatever_the_fee_is_not_waited_for() -> None:
    bought = order(2, Side.BUY, coins="1.00021", filled="1.00021", average="100000")
    plan = even_out(coined(bought, order(3, Side.SELL)))
    assert sent(plan)[:3] == (OKX, Side.SELL, D("1.00000"))


def test_dust_waits_for_what_is_not_told_yet() -> None:
    bought = order(2, Side.BUY, coins="1.00021", filled="0.00004", average="100000")
    waits = even_out(coined(bought, order(3, Side.SELL)))
    assert (waits.verdict, waits.naked) == (EveningVerdict.WAIT, True)
    assert waits.imbalance == D("0.00004") * D("0.9998")
    assert "not all told" in waits.reason
    assert even_out(coined(bought, order(3, Side.SELL), fees={2: "0"})).verdict is EveningVerdict.DUST


def test_a_missing_coin_is_bought_with_its_fee_beside() -> None:
    plan = even_out(
        coined(order(2, Side.BUY, coins="1.00021"), order(3, Side.SELL, filled="1", average="100200"), fees={3: "0"})
    )
    assert sent(plan)[:3] == (KUCOIN, Side.BUY, D("1.00021"))


def test_other_quote_currencies_count_at_their_price() -> None:
    trade = replace(TRADE, sell=replace(TRADE.sell, quote=USDC), conversion=D("0.999"))
    case = replace(evening(*legs("1", "0")), story=story(*legs("1", "0"), trade=trade))
    assert sent(even_out(replace(case, conversion=D("0.99"))))[0] == KUCOIN
    assert sent(even_out(replace(case, conversion=D("0.9999"))))[0] == OKX
    assert so_far(story(*legs(), trade=trade), D("0.5")) == D(100200) * D("0.9998") / 2 - D(100_020)
    unpriced = order(2, Side.BUY, filled="1")
    assert so_far(story(unpriced), D(1)) == -D(100025) * D("1.0002")


amounts = st.integers(0, 100).map(lambda units: D(units) / 100)


@given(amounts, amounts, st.data())
def test_whatever_filled_it_ends_even_to_one_step_or_as_dust(bought: D, sold: D, data: st.DataObject) -> None:
    """Orders that fill in any part, or not at all, on venues that are up or down, until the trade is over."""
    orders: tuple[IntentRecord, ...] = legs(str(bought), str(sold))
    plan = even_out(evening(*orders))
    for sequence in range(4, 60):
        troubled = data.draw(st.sampled_from([(), (KUCOIN,), (OKX,)])) if sequence < 20 else ()
        buy, sell = (
            replace(reading, trouble="down" if reading.place.venue in troubled else "", stock=deep(reading))
            for reading in (BUYING, SELLING)
        )
        plan = even_out(evening(*orders, buy=buy, sell=sell))
        if plan.verdict in {EveningVerdict.EVEN, EveningVerdict.DUST}:
            break
        if plan.order is None:
            continue
        before = abs(plan.imbalance)
        request = plan.order.request
        worst = order(sequence, request.side, venue=request.venue, coins="9", filled=str(request.contracts))
        at_worst = story(*orders, replace(worst, average_price=request.price))
        assert not plan.completes or kept(at_worst, D(1)) >= -POLICY.max_loss
        part = data.draw(st.sampled_from([D(0), D("0.5"), D(1)])) if sequence < 20 else D(1)
        filled = (request.contracts * part).quantize(D("0.00001"))
        orders += (
            replace(
                order(sequence, request.side, venue=request.venue, coins=str(request.contracts), filled=str(filled)),
                average_price=request.price,
            ),
        )
        after = abs(imbalance(story(*orders), {each.intent.client_id: D(0) for each in orders}))
        assert after == before - filled
    left = imbalance(story(*orders), {each.intent.client_id: D(0) for each in orders})
    assert plan.verdict in {EveningVerdict.EVEN, EveningVerdict.DUST}
    assert abs(left) < D("0.00001") or abs(left) * 100_200 < 6


def deep(reading: PairReading) -> Unknown:
    return Unknown(what=f"balance of {reading.place.venue}", reason="not read")
