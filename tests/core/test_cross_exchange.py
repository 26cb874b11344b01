"""When both legs go out, when not, and what is said then (R8, R12 to R18, R20, R23, R24)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.cross_exchange import decide
from bot.core.pair_gate import approve
from bot.core.pair_situation import PairReading, PairSituation, QuotePrice, Stock
from bot.domain.ids import Asset, VenueName
from bot.domain.intent import IntentState
from bot.domain.observation import Unknown
from bot.domain.orders import Side, TimeInForce
from bot.domain.pair import ApprovedPair, PairState, PairVerdict
from tests.core.pair_cases import (
    BLIND,
    BLOCKED,
    NONE,
    OPEN,
    OVER,
    PAUSE,
    SENT,
    in_usdc,
    later,
    planned,
    with_caps,
    with_policy,
)
from tests.core.pairs import (
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
    USDC,
    USDT,
    book,
    legs,
    order,
    story,
    with_both,
)


def dear(reading: PairReading) -> PairReading:
    return replace(reading, taker_fee=D("0.001"))


def test_the_customer_s_gap_is_refused_at_0_1_percent_with_its_numbers() -> None:
    plan = planned(with_both(SITUATION, dear(BUYING), dear(SELLING)))
    assert (plan.verdict, plan.order, plan.alarm) == (PairVerdict.NO_EDGE, None, False)
    best, other = plan.opportunities
    assert (best.buy_venue, best.sell_venue, best.coins) == (KUCOIN, OKX, D(1))
    assert (best.gross, best.buy_fee, best.sell_fee, best.net) == (D(200), D(100), D("100.2"), D("-0.2"))
    assert (best.code, best.worst_net) == ("edge.too-small", None)
    assert "net -0.20 USDT" in plan.reason
    assert other.net is not None
    assert other.net < D(-400)


def test_at_0_02_percent_it_acts_with_both_legs_and_earns_159_96() -> None:
    plan = planned(SITUATION)
    assert plan.verdict is PairVerdict.ACT
    assert plan.order is not None
    buy, sell = plan.order.buy, plan.order.sell
    assert (buy.venue, buy.side, buy.contracts, buy.price) == (KUCOIN, Side.BUY, D(1), D(100_025))
    assert (sell.venue, sell.side, sell.contracts, sell.price) == (OKX, Side.SELL, D(1), D(100_175))
    assert buy.time_in_force is sell.time_in_force is TimeInForce.IOC
    assert not buy.reduce_only
    assert not sell.reduce_only
    best = plan.opportunities[0]
    assert (best.net, best.code, best.buy_price, best.sell_price) == (D("159.96"), "edge.ok", D(100_000), D(100_200))
    assert best.worst_net is not None
    assert best.worst_net >= POLICY.min_edge * buy.contracts * buy.price
    assert "net 159.96 USDT" in plan.reason
    assert plan.inventory is not None
    assert [room.trades for room in plan.inventory.rooms] == [1, 1]


def test_a_fee_in_coins_raises_the_buy() -> None:
    in_coins = replace(
        BUYING, market=replace(MARKET, fee_in_quote=False), book=book([("99990", "1")], [("100000", "2")])
    )
    order = planned(with_both(SITUATION, in_coins)).order
    assert order is not None
    assert (order.sell.contracts, order.buy.contracts) == (D(1), D("1.00021"))
    assert (order.buy_fee_in_quote, order.sell_fee_in_quote) == (False, True)


def test_the_better_direction_is_taken_whichever_venue_is_named_first() -> None:
    turned = planned(replace(SITUATION, readings=(SELLING, BUYING))).order
    assert turned == planned(SITUATION).order


def test_an_edge_must_last_over_consecutive_readings_of_both_books() -> None:
    patient = with_policy(replace(POLICY, persist_s=D(2)))
    first, memory = decide(patient, NONE)
    assert (first.verdict, first.order, first.look_again_s) == (PairVerdict.PERSISTING, None, D(1))
    assert first.opportunities[0].code == "edge.persisting"
    # The same books, seen again: time alone is no second reading.
    again, memory = decide(replace(patient, now_ms=NOW_MS + 3_000), memory)
    assert again.verdict is PairVerdict.PERSISTING
    # One of the two books alone is none either.
    one = later(patient, 3_000, buy_only=True)
    assert decide(one, memory)[0].verdict is PairVerdict.PERSISTING
    done = later(patient, 2_050)
    assert decide(done, memory)[0].verdict is PairVerdict.ACT
    assert decide(done, memory)[0].opportunities[0].lasted_s == D(2)
    assert decide(later(patient, 2_049), memory)[0].verdict is PairVerdict.PERSISTING


@pytest.mark.parametrize(
    "between",
    [
        with_both(SITUATION, dear(BUYING), dear(SELLING)),
        with_both(SITUATION, replace(BUYING, book=Unknown(what="book", reason="HTTP 503"))),
        with_both(SITUATION, replace(BUYING, book=book([("100001", "1")], [("100000", "1")]))),
    ],
)
def test_a_reading_that_does_not_earn_or_can_not_be_used_restarts_it(between: PairSituation) -> None:
    patient = with_policy(replace(POLICY, persist_s=D(2)))
    memory = decide(patient, NONE)[1]
    assert memory.lasting
    memory = decide(replace(between, policy=patient.policy), memory)[1]
    assert memory == NONE
    assert decide(later(patient, 3_000), memory)[0].verdict is PairVerdict.PERSISTING


def test_a_time_in_which_nobody_looked_is_no_part_of_it() -> None:
    patient = with_policy(replace(POLICY, persist_s=D(2)))
    memory = decide(patient, NONE)[1]
    assert decide(later(patient, 6_000), memory)[0].verdict is PairVerdict.ACT
    assert decide(later(patient, 6_001), memory)[0].verdict is PairVerdict.PERSISTING
    # Two looks a minute apart do not tell that it lasted for a minute.
    long = with_policy(replace(POLICY, persist_s=D(60)))
    assert decide(later(long, 60_050), decide(long, NONE)[1])[0].verdict is PairVerdict.PERSISTING


def test_a_better_direction_that_is_blocked_does_not_keep_another_from_lasting() -> None:
    third = replace(SELLING.place, venue=VenueName("binance"))
    dearer = replace(
        SELLING,
        place=third,
        book=book([("100300", "1")], [("100310", "1")]),
        stock=Stock(coins=D(0), quote=D(0), stamp=FRESH),
    )
    patient = with_policy(replace(POLICY, persist_s=D(2), places=(*POLICY.places, third)))
    plan, memory = decide(replace(patient, readings=(BUYING, SELLING, dearer)), NONE)
    assert [each.code for each in plan.opportunities[:2]] == ["balance.coins", "edge.persisting"]
    assert (plan.verdict, plan.look_again_s) == (PairVerdict.BLOCKED, D(1))
    assert len(memory.lasting) == 2


def test_no_direction_lends_its_time_to_another() -> None:
    patient = with_policy(replace(POLICY, persist_s=D(2)))
    memory = decide(patient, NONE)[1]
    turned = later(patient, 3_000)
    swapped = replace(
        turned,
        readings=tuple(
            replace(reading, book=other.book)
            for reading, other in zip(turned.readings, turned.readings[::-1], strict=True)
        ),
    )
    assert decide(swapped, memory)[0].verdict is PairVerdict.PERSISTING


@pytest.mark.parametrize(("situation", "code", "alarm"), BLIND)
def test_what_can_not_be_known_is_refused(situation: PairSituation, code: str, alarm: bool) -> None:
    plan = planned(situation)
    assert (plan.verdict, plan.order, plan.opportunities[0].code) == (PairVerdict.BLIND, None, code)
    assert plan.opportunities[0].net is None
    assert plan.alarm is alarm


def test_two_quote_currencies_are_never_taken_for_equal() -> None:
    mixed = with_both(SITUATION, sell=in_usdc(SELLING))
    assert planned(mixed).opportunities[0].gross == D(100_200) * D("0.999") - 100_000
    assert planned(mixed).verdict is PairVerdict.NO_EDGE
    at_par = replace(mixed, quotes={**mixed.quotes, USDC: QuotePrice(usd=D("1.0005"), stamp=FRESH)})
    order = planned(at_par).order
    assert order is not None
    assert order.conversion == D("1.0005")


@pytest.mark.parametrize(
    "quotes",
    [
        {USDT: QuotePrice(usd=D(1), stamp=FRESH)},
        {USDC: QuotePrice(usd=D(1), stamp=FRESH)},
        {USDT: QuotePrice(usd=D(1), stamp=FRESH), USDC: Unknown(what="USDC", reason="no anchor")},
        {USDT: QuotePrice(usd=D(1), stamp=FRESH), USDC: QuotePrice(usd=D(0), stamp=FRESH)},
        {USDT: QuotePrice(usd=D(1), stamp=FRESH), USDC: QuotePrice(usd=D(1), stamp=replace(FRESH, sent_ms=0))},
    ],
)
def test_a_quote_currency_of_unknown_price_is_refused(quotes: Mapping[Asset, QuotePrice | Unknown]) -> None:
    plan = planned(replace(with_both(SITUATION, sell=in_usdc(SELLING)), quotes=quotes))
    assert (plan.verdict, plan.opportunities[0].code) == (PairVerdict.BLIND, "quote.unknown")


def told(usdt: Mapping[VenueName, D], usdc: Mapping[VenueName, D]) -> PairSituation:
    """One venue's prices are in USDC, and these venues tell what both currencies are worth."""
    prices = {
        asset: QuotePrice(usd=min(by.values()), stamp=FRESH, told=by) for asset, by in ((USDT, usdt), (USDC, usdc))
    }
    return replace(with_both(SITUATION, sell=in_usdc(SELLING)), quotes=prices)


def test_of_two_prices_of_a_currency_the_less_favourable_counts() -> None:
    plan = planned(told({KUCOIN: D("0.9"), OKX: D(1)}, {KUCOIN: D("0.9"), OKX: D("1.0005")}))
    assert plan.opportunities[0].gross == 200
    swapped = planned(told({KUCOIN: D(1), OKX: D(1)}, {KUCOIN: D("1.0005"), OKX: D(1)}))
    assert swapped.opportunities[0].gross == 200
    one = planned(told({KUCOIN: D(1)}, {OKX: D("0.999")}))
    assert one.opportunities[0].gross == D(100_200) * D("0.999") - 100_000


def test_a_currency_of_which_two_venues_tell_different_prices_makes_no_edge() -> None:
    """At 1.01 a sale in USDC would earn 1 % more than it does: that is never believed of one venue alone."""
    apart = told({KUCOIN: D(1), OKX: D(1)}, {KUCOIN: D(1), OKX: D("1.01")})
    plan = planned(apart)
    assert (plan.verdict, plan.opportunities[0].code, plan.order) == (PairVerdict.BLIND, "quote.apart", None)
    bound = POLICY.min_edge
    assert planned(told({KUCOIN: D(1), OKX: D(1)}, {KUCOIN: D(1), OKX: 1 + bound})).opportunities[0].net is not None
    worthless = planned(told({KUCOIN: D(1), OKX: D(0)}, {KUCOIN: D(1), OKX: D(1)}))
    assert worthless.opportunities[0].code == "quote.unknown"


def test_one_quote_currency_needs_no_price() -> None:
    assert planned(replace(SITUATION, quotes={})).verdict is PairVerdict.ACT


@pytest.mark.parametrize(("reading", "code"), BLOCKED)
def test_what_stands_against_one_venue_stands_against_both_legs(reading: PairReading, code: str) -> None:
    plan = planned(with_both(SITUATION, reading))
    assert (plan.verdict, plan.order, plan.opportunities[0].code) == (PairVerdict.BLOCKED, None, code)
    assert plan.opportunities[0].net == D("159.96")


def test_the_same_of_the_venue_that_sells() -> None:
    for changed, code in (
        (replace(SELLING, stock=Stock(coins=D("0.000001"), quote=D(0), stamp=FRESH)), "balance.coins"),
        (replace(SELLING, stock=Stock(coins=D("0.00004"), quote=D(0), stamp=FRESH)), "balance.coins"),
        (replace(SELLING, stock=Unknown(what="balance", reason="HTTP 503")), "balance.unknown"),
        (replace(SELLING, trouble="it does not answer"), "venue.trouble"),
        (replace(SELLING, market=replace(SELLING.market, notional_min=D(100_176))), "size.below-minimum"),
    ):
        plan = planned(with_both(SITUATION, sell=changed))
        assert (plan.verdict, plan.opportunities[0].code) == (PairVerdict.BLOCKED, code)


def test_five_orders_in_a_minute_leave_room_for_a_sixth() -> None:
    assert planned(with_both(SITUATION, replace(BUYING, recent=SENT[:5]))).verdict is PairVerdict.ACT


@pytest.mark.parametrize(
    ("situation", "coins"),
    [
        (
            with_both(SITUATION, sell=replace(SELLING, stock=Stock(coins=D("0.3000099"), quote=D(0), stamp=FRESH))),
            "0.3",
        ),
        (with_both(SITUATION, replace(BUYING, stock=Stock(coins=D(0), quote=D("50012.503"), stamp=FRESH))), "0.49990"),
        (with_caps(replace(CAPS, order_notional=D("50012.5"))), "0.49925"),
        (with_caps(replace(CAPS, notional_per_hour=D("10002.5"))), "0.1"),
        (with_both(SITUATION, replace(BUYING, market=replace(MARKET, quantity_max=D("0.25")))), "0.25"),
        (with_both(SITUATION, sell=replace(SELLING, market=replace(SELLING.market, quantity_max=D("0.2")))), "0.2"),
        (
            with_both(SITUATION, replace(BUYING, book=book([("99990", "1")], [("100000", "0.7"), ("100199", "5")]))),
            "0.7",
        ),
    ],
)
def test_the_size_is_what_depth_balances_caps_and_both_venues_allow(situation: PairSituation, coins: str) -> None:
    order = planned(situation).order
    assert order is not None
    assert order.coins == order.sell.contracts == D(coins)
    assert isinstance(approve(order, situation), ApprovedPair)


def test_a_cap_holds_at_the_better_bids_that_a_smaller_size_touches() -> None:
    bids = [("100300", "0.6"), ("100280", "0.2"), ("100250", "5")]
    capped = with_caps(replace(CAPS, order_notional=D(50_000)))
    situation = with_both(capped, sell=replace(SELLING, book=book(bids, [("100310", "5")])))
    order = planned(situation).order
    assert order is not None
    assert order.sell.contracts * order.sell.price <= 50_000
    assert isinstance(approve(order, situation), ApprovedPair)


def test_too_small_an_edge_is_shown_at_the_size_that_the_balances_allow() -> None:
    poor = replace(dear(SELLING), stock=Stock(coins=D("0.5"), quote=D(0), stamp=FRESH))
    best = planned(with_both(SITUATION, dear(BUYING), poor)).opportunities[0]
    assert (best.coins, best.net) == (D("0.5"), D("-0.1"))
    empty = replace(dear(SELLING), stock=Stock(coins=D(0), quote=D(0), stamp=FRESH))
    assert planned(with_both(SITUATION, dear(BUYING), empty)).opportunities[0].net == D("-0.2")


def test_books_that_hold_less_than_a_step_are_thin() -> None:
    thin = replace(BUYING, book=book([("99990", "1")], [("100000", "0.000001")]))
    plan = planned(with_both(SITUATION, thin))
    assert plan.opportunities[-1].code == "book.thin"
    assert plan.verdict is PairVerdict.NO_EDGE  # the other direction is known, and earns nothing


def test_an_edge_that_its_limits_can_not_keep_is_too_small() -> None:
    # The price filter of the venue that sells begins above what would have to be sold at.
    coarse = replace(BUYING, market=replace(MARKET, price_tick=D(1_000_000)))
    best = planned(with_both(SITUATION, coarse)).opportunities[0]
    assert (best.code, best.net) == ("edge.too-small", D("159.96"))
    assert "at its limits" in best.reason


def test_levels_outside_a_price_filter_are_left_out() -> None:
    buying = replace(
        BUYING,
        market=replace(MARKET, price_up=D("1.0001")),
        book=book([("99990", "1")], [("100000", "0.4"), ("100011", "5")]),
    )
    selling = replace(
        SELLING,
        market=replace(SELLING.market, price_down=D("0.9999")),
        book=book([("100200", "0.3"), ("100189", "5")], [("100210", "1")]),
    )
    order = planned(with_both(SITUATION, buying, selling)).order
    assert order is not None
    assert order.coins == D("0.3")
    assert order.buy.price <= D(100010)
    assert order.sell.price >= D("100189.98")


def test_no_second_trade_before_the_first_is_over() -> None:
    plan = planned(replace(SITUATION, recent=(OPEN,)))
    assert (plan.verdict, plan.order, plan.refused) == (PairVerdict.WAITING, None, "trade.unfinished")
    assert plan.look_again_s == D(1)
    assert "it would act" in plan.reason
    assert planned(replace(SITUATION, recent=(OVER,))).verdict is PairVerdict.ACT


def test_balances_read_before_the_last_order_ended_do_not_count() -> None:
    late = legs()
    late = (late[0], replace(late[1], updated_ms=FRESH.sent_ms + 1))
    plan = planned(replace(SITUATION, recent=(story(*late, state=PairState.EVEN),)))
    assert (plan.verdict, plan.opportunities[0].code) == (PairVerdict.BLOCKED, "balance.before-trade")


def test_halts_pauses_and_a_fresh_journal_hold_it_and_say_what_it_would_do() -> None:
    halted = planned(replace(SITUATION, halted=("lost order",)))
    assert (halted.verdict, halted.order, halted.alarm, halted.refused) == (PairVerdict.HALTED, None, True, "halted")
    paused = planned(replace(SITUATION, control=PAUSE))
    assert (paused.verdict, paused.order, paused.alarm) == (PairVerdict.PAUSED, None, False)
    quiet = planned(replace(with_both(SITUATION, dear(BUYING), dear(SELLING)), control=PAUSE))
    assert (quiet.verdict, quiet.refused) == (PairVerdict.PAUSED, "")
    fresh = planned(replace(SITUATION, live_from_ms=NOW_MS + 1))
    assert (fresh.verdict, fresh.refused) == (PairVerdict.BLOCKED, "fresh")
    assert planned(replace(SITUATION, live_from_ms=NOW_MS)).verdict is PairVerdict.ACT
    idle = replace(with_both(SITUATION, dear(BUYING), dear(SELLING)), live_from_ms=NOW_MS + 1)
    assert planned(idle).verdict is PairVerdict.NO_EDGE


def test_r24_round_trips_and_the_hour_are_counted_from_the_trades() -> None:
    most_one = replace(with_caps(replace(CAPS, max_round_trips=1, window_s=D(60))), recent=(OVER,))
    assert planned(most_one).refused == "cap.round-trips"
    assert planned(replace(most_one, recent=())).verdict is PairVerdict.ACT
    unfilled = story(*legs("0", "0"), state=PairState.EVEN)
    assert planned(replace(most_one, recent=(unfilled,))).verdict is PairVerdict.ACT
    aged = replace(OVER, record=replace(OVER.record, trade=replace(OVER.record.trade, created_ms=NOW_MS - 60_001)))
    assert planned(replace(most_one, recent=(aged,))).verdict is PairVerdict.ACT
    spent = replace(with_caps(replace(CAPS, notional_per_hour=D("150037.5"))), recent=(OVER,))
    order = planned(spent).order
    assert order is not None
    assert order.coins == D("0.5")  # 100,025 were bought at the limit
    used = planned(replace(with_caps(replace(CAPS, notional_per_hour=D(100025))), recent=(OVER,)))
    assert used.opportunities[0].code == "cap.notional-per-hour"
    hour_ago = replace(
        OVER, record=replace(OVER.record, trade=replace(OVER.record.trade, created_ms=NOW_MS - 3_600_001))
    )
    assert planned(replace(spent, recent=(hour_ago,))).opportunities[0].coins == D(1)


def test_an_order_that_may_still_fill_uses_the_hour_up_in_full() -> None:
    flying = story(order(2, Side.BUY, state=IntentState.UNKNOWN), order(3, Side.SELL), state=PairState.HALTED)
    spent = replace(with_caps(replace(CAPS, notional_per_hour=D("150037.5"))), recent=(flying,))
    assert planned(spent).opportunities[0].coins == D("0.5")
