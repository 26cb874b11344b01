"""What every venue's gateway must do on its spot market (R27), as numbered cases; see test_contract.py."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.domain.errors import ConfigFault, InvariantBroken
from bot.domain.ids import Asset, Symbol, VenueOrderId, client_order_id
from bot.domain.orders import (
    Acked,
    Found,
    NotFound,
    OrderReport,
    OrderStatus,
    OutcomeUnknown,
    Rejected,
    Side,
    TimeInForce,
    TradeCursor,
)
from bot.venue.gateway import open_venue
from tests.contract.rig import COIN, EPOCH, KEY, PRICE, Rig, spec_of
from tests.contract.treasury_rig import PATHS, SPOT, lose, resting, sell_spot, spot_key, spot_ticket

DONE = {OrderStatus.CANCELED, OrderStatus.EXPIRED}


async def found(rig: Rig, number: int = 1) -> OrderReport:
    lookup = await rig.venue.find_order(SPOT, client_order_id(EPOCH, number))
    assert isinstance(lookup, Found), lookup
    return lookup.report


# The market.


async def test_c40_a_spot_market_has_exact_filters_and_the_accounts_own_fee(linear: Rig) -> None:
    exchange = linear.ground.exchange
    venue = open_venue(spec_of(exchange), clock=linear.clock, session=linear.session, spot_symbols=[SPOT])
    try:
        await venue.start()
        market = venue.spot_market(SPOT)
    finally:
        await venue.close()
    listing = linear.exchange.listing(spot_key(linear))
    assert (market.symbol, market.base, market.quote) == (SPOT, COIN, "USDT")
    assert market.taker_fee == listing.taker_fee
    assert market.quantity_step == listing.quantity_step
    assert market.price_tick == listing.price_tick
    assert 0 < market.quantity_min < market.quantity_max
    assert market.notional_min >= 0
    assert market.fee_in_quote is (exchange == "kucoin")
    assert market.active
    assert linear.venue.spot_market(SPOT) == replace(market, taker_fee=linear.venue.spot_market(SPOT).taker_fee)


async def test_c40a_a_changed_fee_is_read_again(linear: Rig) -> None:
    for rate, key in ((Decimal("0.0002"), KEY), (Decimal("0.0004"), None)):
        linear.exchange.set_spot_fee(rate, key)
        assert await linear.venue.spot_fee(SPOT) == Decimal("0.0002"), "its own rate goes before the venue's"
        assert linear.venue.spot_market(SPOT).taker_fee == Decimal("0.0002")
    await linear.place(spot_ticket(linear, Side.SELL, "0.1", "99999"))
    (trade,) = await linear.venue.trades(SPOT, linear.cursor())
    assert trade.fee == trade.contracts * trade.price * Decimal("0.0002")


async def test_c40b_what_is_free_to_sell_sells_and_no_more(linear: Rig) -> None:
    assert (await linear.venue.to_sell(Asset("BTC"))).free == 1
    assert (await linear.venue.to_sell(Asset("DOGE"))).free == 0
    quote = (await linear.venue.to_sell(Asset("USDT"))).free
    assert quote == linear.exchange.account(KEY).balance(linear.ground.spot, "USDT").free
    linear.exchange.submit(KEY, resting(linear, client_order_id(EPOCH, 99)))
    free = (await linear.venue.to_sell(Asset("BTC"))).free
    assert free == linear.exchange.account(KEY).balance(linear.ground.spot, COIN).free < 1
    for coins, expected in ((free + Decimal("0.001"), Rejected), (free, Acked)):
        outcome = await linear.place(spot_ticket(linear, Side.SELL, str(coins), "99000"))
        assert isinstance(outcome, expected), outcome
    assert (await linear.venue.to_sell(Asset("BTC"))).free == 0


async def test_c41_a_name_that_is_no_spot_market_is_refused(linear: Rig) -> None:
    for name in ("BTC/USDT:USDT", "NOPE/USDT"):
        with pytest.raises(ConfigFault):
            linear.venue.spot_market(Symbol(name))
        with pytest.raises(ConfigFault):
            await linear.venue.spot_book(Symbol(name))


async def test_c42_the_book_has_both_sides_in_coins(linear: Rig) -> None:
    book = await linear.venue.spot_book(SPOT)
    assert book.bids[0].price < PRICE < book.asks[0].price
    assert book.bids[0].contracts >= 5


# One order's life.


async def test_r21_reading_the_book_keeps_the_clock_measured(linear: Rig) -> None:
    for _ in range(4):
        linear.clock.skip(45_000)
        await linear.venue.spot_book(SPOT)
    assert linear.venue.has_offset()
    linear.clock.skip(3_600_000)
    assert not linear.venue.has_offset()
    await linear.venue.spot_book(SPOT)
    assert linear.venue.has_offset()


async def test_c43_a_sale_fills_at_once_and_its_trades_add_up(linear: Rig) -> None:
    ticket, outcome = await sell_spot(linear)
    assert isinstance(outcome, Acked), outcome
    assert outcome.report.client_id == ticket.client_id
    report = await found(linear)
    assert (report.status, report.filled, report.contracts) == (OrderStatus.FILLED, Decimal("0.1"), Decimal("0.1"))
    assert report.side is Side.SELL
    assert not report.reduce_only
    assert report.average_price is not None
    assert abs(report.average_price - PRICE) < 100
    trades = await linear.venue.trades(SPOT, linear.cursor())
    assert sum(trade.moved for trade in trades) == Decimal("-0.1")
    assert {trade.venue_order_id for trade in trades} == {report.venue_order_id}
    value = sum(trade.contracts * trade.price for trade in trades)
    assert sum(trade.fee for trade in trades) == value * linear.exchange.listing(spot_key(linear)).taker_fee
    assert {trade.fee_asset for trade in trades} == {"USDT"}
    assert linear.exchange.account(KEY).balance(linear.ground.spot, COIN).free == Decimal("0.9")


async def test_c44_a_buys_fee_is_in_coins_where_the_market_says_so(linear: Rig) -> None:
    await linear.place(spot_ticket(linear, Side.BUY, "0.1", "101000"))
    (trade,) = await linear.venue.trades(SPOT, linear.cursor())
    assert trade.moved == Decimal("0.1")
    assert trade.fee > 0
    market = linear.venue.spot_market(SPOT)
    assert trade.fee_asset == (market.quote if market.fee_in_quote else market.base)


async def test_c45_an_order_that_does_not_cross_is_over(linear: Rig) -> None:
    await linear.place(spot_ticket(linear, Side.SELL, "0.1", "101000"))
    report = await found(linear)
    assert report.status in DONE
    assert report.filled == 0
    assert report.average_price is None
    assert await linear.venue.open_orders(SPOT) == []


async def test_c46_what_did_not_fill_of_an_order_is_over(linear: Rig) -> None:
    linear.exchange.deposit(KEY, linear.ground.spot, COIN, Decimal(20))
    await linear.place(spot_ticket(linear, Side.SELL, "15", "99999"))
    report = await found(linear)
    assert report.status in DONE
    assert 0 < report.filled < 15
    trades = await linear.venue.trades(SPOT, linear.cursor())
    assert sum(trade.contracts for trade in trades) == report.filled


async def test_c47_more_than_is_held_is_refused(linear: Rig) -> None:
    _, outcome = await sell_spot(linear, "1.5")
    assert isinstance(outcome, Rejected), outcome
    assert isinstance(await linear.venue.find_order(SPOT, client_order_id(EPOCH, 1)), NotFound)
    assert await linear.venue.trades(SPOT, linear.cursor()) == []


async def test_c48_too_little_is_refused(linear: Rig) -> None:
    _, outcome = await sell_spot(linear, "0.000001")
    assert isinstance(outcome, Rejected), outcome
    assert isinstance(await linear.venue.find_order(SPOT, client_order_id(EPOCH, 1)), NotFound)


async def test_c49_r20_an_id_of_a_resting_order_is_proof_and_no_refusal(linear: Rig) -> None:
    client_id = client_order_id(EPOCH, 7)
    linear.exchange.submit(KEY, resting(linear, client_id))
    again = await linear.place(spot_ticket(linear, Side.SELL, "0.1", "99000", client_id=client_id))
    assert isinstance(again, OutcomeUnknown), again
    assert len(await linear.venue.open_orders(SPOT)) == 1


async def test_c50_r20_a_lost_answer_is_an_unknown_outcome_that_can_be_looked_up(linear: Rig) -> None:
    lose(linear, PATHS[linear.ground.exchange].spot_order)
    _, outcome = await sell_spot(linear)
    assert isinstance(outcome, OutcomeUnknown), outcome
    assert (await found(linear)).status is OrderStatus.FILLED
    assert not linear.world.faults.pending
    assert len(await linear.venue.all_orders(SPOT, linear.venue.now_ms() - 60_000)) == 1


async def test_c51_r21_an_order_past_its_deadline_never_leaves(linear: Rig) -> None:
    late = spot_ticket(linear, Side.SELL, "0.1", "99000", age_ms=linear.venue.recv_window_ms() + 1)
    outcome = await linear.place(late)
    assert isinstance(outcome, Rejected), outcome
    assert isinstance(await linear.venue.find_order(SPOT, late.client_id), NotFound)


async def test_c52_only_orders_that_can_not_rest_are_sent(linear: Rig) -> None:
    ticket = spot_ticket(linear, Side.SELL, "0.1", "99000")
    for change in ({"time_in_force": TimeInForce.GTC}, {"reduce_only": True}, {"hedged": True}):
        with pytest.raises(InvariantBroken):
            await linear.place(replace(ticket, request=replace(ticket.request, **change)))
    assert await linear.venue.all_orders(SPOT, linear.venue.now_ms() - 60_000) == []


async def test_c53_an_order_that_never_was_is_not_found(linear: Rig) -> None:
    assert isinstance(await linear.venue.find_order(SPOT, client_order_id(EPOCH, 99)), NotFound)
    unknown = VenueOrderId("5c35c02709e4f67d5266954e" if linear.ground.exchange == "kucoin" else "999999999")
    assert isinstance(await linear.venue.find_venue_order(SPOT, unknown), NotFound)


async def test_c54_a_resting_order_is_listed_and_cancelled(linear: Rig) -> None:
    client_id = client_order_id(EPOCH, 7)
    linear.exchange.submit(KEY, resting(linear, client_id))
    (report,) = await linear.venue.open_orders(SPOT)
    assert (report.status, report.contracts, report.filled) == (OrderStatus.OPEN, Decimal("0.1"), Decimal(0))
    by_theirs = await linear.venue.find_venue_order(SPOT, report.venue_order_id)
    assert isinstance(by_theirs, Found)
    assert by_theirs.report == report
    await linear.venue.cancel(SPOT, client_id)
    by_theirs = await linear.venue.find_venue_order(SPOT, report.venue_order_id)
    assert isinstance(by_theirs, Found)
    assert by_theirs.report.status is OrderStatus.CANCELED
    assert await linear.venue.open_orders(SPOT) == []
    again = await linear.venue.cancel(SPOT, client_id)
    assert not isinstance(again, Acked), again


async def test_c55_orders_and_trades_since_are_each_told_once(linear: Rig) -> None:
    since_ms = linear.venue.now_ms() - 1_000
    await sell_spot(linear)
    first = await linear.venue.trades(SPOT, linear.cursor())
    after = TradeCursor(trade_id=first[-1].trade_id, time_ms=first[-1].time_ms)
    assert await linear.venue.trades(SPOT, after) == []
    await linear.place(spot_ticket(linear, Side.BUY, "0.05", "99000"))
    await sell_spot(linear, "0.2")
    second = await linear.venue.trades(SPOT, after)
    assert sum(trade.moved for trade in second) == Decimal("-0.2")
    assert {trade.trade_id for trade in second}.isdisjoint({trade.trade_id for trade in first})
    reports = await linear.venue.all_orders(SPOT, since_ms)
    assert [report.client_id for report in reports] == [client_order_id(EPOCH, number) for number in (1, 2, 3)]
    # The contract's own lists know nothing of them.
    assert await linear.venue.all_orders(linear.symbol, since_ms) == []
    assert await linear.venue.trades(linear.symbol, linear.cursor()) == []
