"""How many coins each thing allows, in coins that arrive and in the money of the buyer (R14, R15, R24)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

from bot.core.edge import terms_of
from bot.core.pair_size import Route, bought_within, bounds, offer_of, orders_within, too_small, trips_within
from bot.domain.intent import IntentRecord, IntentState
from bot.domain.orders import Side
from bot.domain.pair import PairCaps, PairState, PairStory
from tests.core.pairs import BUYING, CAPS, MARKET, NOW_MS, POLICY, SELLING, TRADE, legs, order, story


def route(caps: PairCaps = CAPS) -> Route:
    """The buy pays a fee of 20 % in coins."""
    buy = replace(
        BUYING,
        market=replace(MARKET, fee_in_quote=False, quantity_step=D("0.01"), quantity_max=D(5)),
        taker_fee=D("0.2"),
    )
    sell = replace(SELLING, market=replace(SELLING.market, quantity_max=D("4.5")))
    return Route(
        policy=replace(POLICY, caps=caps),
        buy=buy,
        sell=sell,
        terms=terms_of(offer_of(buy), offer_of(sell), D("0.5")),
        spent_hour=D(0),
    )


def test_each_bound_is_told_in_coins_that_arrive_the_tightest_first() -> None:
    """Limits of 100,000 and of 300,000 in a currency of which one is half of the buyer's."""
    found = bounds(route(), D(100_000), D(300_000))
    assert [(coins, code) for coins, code, _ in found] == [
        (D(1), "balance.coins"),
        (D(1), "cap.order-notional"),  # 150,000 over 150,000 a coin: less than the 1.2 that 1.5 bought leave
        (D("1.6"), "balance.quote"),  # 200,000 buy 2, of which 0.8 arrive each
        (D("4.0"), "instrument.maximum"),
        (D("8.0"), "cap.notional-per-hour"),
    ]
    by_buy = bounds(route(replace(CAPS, order_notional=D(50_999))), D(100_000), D(100))
    assert by_buy[0][:2] == (D("0.400"), "cap.order-notional")  # 0.50 is bought, down to the step
    assert "50999 USDT" in by_buy[0][2]


def test_of_equally_tight_bounds_that_of_one_order_is_told_before_that_of_an_hour() -> None:
    found = bounds(route(replace(CAPS, order_notional=D(50_000), notional_per_hour=D(50_000))), D(100_000), D(100))
    assert [code for _, code, _ in found[:2]] == ["cap.order-notional", "cap.notional-per-hour"]
    assert found[0][0] == found[1][0]


def test_a_market_takes_just_its_smallest_order_and_never_none() -> None:
    market = replace(MARKET, quantity_min=D("0.5"), notional_min=D(100))
    assert not too_small(market, Side.BUY, D("0.5"), D(200))
    assert too_small(market, Side.BUY, D("0.5"), D("199.99"))
    assert too_small(market, Side.BUY, D("0.4999"), D(1_000))
    without = replace(market, quantity_min=D(0), notional_min=D(0))
    assert too_small(without, Side.SELL, D(0), D(200))
    assert not too_small(without, Side.SELL, D("0.001"), D(200))


def begun(ms: int, *orders: IntentRecord, state: PairState = PairState.EVEN) -> PairStory:
    return story(*orders, state=state, trade=replace(TRADE, created_ms=ms))


def test_what_was_bought_is_what_filled_and_what_still_may() -> None:
    since = NOW_MS - 1_000
    before = begun(since - 1, order(2, Side.BUY, filled="9", coins="9", price="100"))
    just = begun(since, order(2, Side.BUY, filled="0.5", price="100"), order(3, Side.SELL, filled="1", price="100"))
    more = begun(
        NOW_MS,
        order(4, Side.BUY, filled="0.25", price="100", state=IntentState.PARTIALLY_FILLED),
        order(5, Side.BUY, filled="0.25", price="200"),
    )
    assert bought_within((before, just, more), since) == 50 + 100 + 50


def test_orders_and_trades_of_the_very_start_of_a_time_are_in_it() -> None:
    reading = replace(BUYING, recent=legs())
    assert orders_within(reading, TRADE.created_ms) == 2
    assert orders_within(reading, TRADE.created_ms + 1) == 0
    trades = (begun(NOW_MS, *legs()), begun(NOW_MS + 1, *legs()))
    assert trips_within(trades, NOW_MS) == 2
    assert trips_within(trades, NOW_MS + 1) == 1
