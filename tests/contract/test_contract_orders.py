"""What every venue's gateway must do with orders, as numbered cases; see test_contract.py for the others."""

from __future__ import annotations

from decimal import Decimal

from bot.domain.errors import InvariantBroken
from bot.domain.ids import VenueOrderId, client_order_id
from bot.domain.orders import (
    Acked,
    Found,
    LookupFailed,
    NotFound,
    OrderReport,
    OrderStatus,
    OutcomeUnknown,
    Rejected,
    Side,
    TimeInForce,
    TradeCursor,
)
from bot.paper.faults import Fault, FaultKind
from tests.contract.rig import EPOCH, KEY, PRICE, Rig

DONE = {OrderStatus.CANCELED, OrderStatus.EXPIRED}
SETTLING_S = 3
"""Venues may book fills after an order is done: one that seems cancelled is not believed for so long."""


async def found(rig: Rig, ticket_id: str) -> OrderReport:
    """An order, once the venue's figures of it may be believed."""
    client_id = client_order_id(EPOCH, int(ticket_id))
    lookup = await rig.venue.find_order(rig.symbol, client_id)
    for _ in range(SETTLING_S):
        if not isinstance(lookup, LookupFailed):
            break
        rig.clock.skip(1_000)
        lookup = await rig.venue.find_order(rig.symbol, client_id)
    assert isinstance(lookup, Found), lookup
    return lookup.report


# Orders.


async def test_c13_an_ioc_order_that_crosses_fills(rig: Rig) -> None:
    ticket = rig.ticket(Side.SELL, rig.contracts("0.1"), "99000")
    outcome = await rig.place(ticket)
    assert isinstance(outcome, Acked), outcome
    assert outcome.report.client_id == ticket.client_id
    report = await found(rig, "1")
    assert report.status is OrderStatus.FILLED
    assert report.filled == ticket.request.contracts
    assert report.average_price is not None
    assert abs(report.average_price - PRICE) < 100


async def test_c14_an_ioc_order_that_does_not_cross_is_over(rig: Rig) -> None:
    await rig.place(rig.ticket(Side.SELL, rig.contracts("0.1"), "101000"))
    report = await found(rig, "1")
    assert report.status in DONE
    assert report.filled == 0
    assert report.average_price is None


async def test_c15_an_order_rests_until_it_is_cancelled(rig: Rig) -> None:
    ticket = rig.ticket(Side.SELL, rig.contracts("0.1"), "101000", tif=TimeInForce.GTC)
    await rig.place(ticket)
    assert [report.client_id for report in await rig.venue.open_orders(rig.symbol)] == [ticket.client_id]
    assert (await found(rig, "1")).status is OrderStatus.OPEN
    await rig.venue.cancel(rig.symbol, ticket.client_id)
    assert await rig.venue.open_orders(rig.symbol) == []
    assert (await found(rig, "1")).status is OrderStatus.CANCELED


async def test_c16_a_post_only_order_never_takes(rig: Rig) -> None:
    await rig.place(rig.ticket(Side.SELL, rig.contracts("0.1"), "101000", tif=TimeInForce.POST_ONLY))
    assert (await found(rig, "1")).status is OrderStatus.OPEN
    outcome = await rig.place(rig.ticket(Side.SELL, rig.contracts("0.1"), "99000", tif=TimeInForce.POST_ONLY))
    if isinstance(outcome, Acked):
        # Some venues accept it and cancel it at once.
        report = await found(rig, "2")
        assert (report.status in DONE, report.filled) == (True, Decimal(0))
    else:
        assert isinstance(outcome, Rejected), outcome
    assert (await rig.position()).contracts == 0


async def test_c17_a_reduce_only_buy_closes_and_never_turns(rig: Rig) -> None:
    ticket = await rig.sell("0.1")
    await rig.place(rig.ticket(Side.BUY, ticket.request.contracts * 3, "101000"))
    assert (await rig.position()).contracts == 0


async def test_c18_an_order_fills_in_parts_and_its_trades_add_up(rig: Rig) -> None:
    """More than the first level of the book holds."""
    margin = rig.ground.margin[rig.symbol]
    rig.exchange.deposit(KEY, margin, rig.instrument.settle, Decimal(20) if rig.inverse else Decimal(2_000_000))
    ticket = rig.ticket(Side.SELL, rig.contracts("8"), "99000")
    await rig.place(ticket)
    report = await found(rig, "1")
    trades = await rig.venue.trades(rig.symbol, rig.cursor())
    assert len(trades) > 1
    assert sum(trade.moved for trade in trades) == -report.filled
    assert {trade.venue_order_id for trade in trades} == {report.venue_order_id}
    assert all(trade.fee > 0 and trade.fee_asset == rig.instrument.settle for trade in trades)


# Rejections: definite, and without any effect.


async def test_c19_too_little_is_refused_or_never_leaves(rig: Rig) -> None:
    little = rig.ticket(Side.SELL, rig.instrument.quantity_step / 10, "99000")
    try:
        outcome = await rig.place(little)
    except InvariantBroken:
        # Where contracts are whole numbers on the wire, a part of one can't even be written.
        assert rig.instrument.quantity_step == 1
    else:
        assert isinstance(outcome, Rejected), outcome
    assert isinstance(await rig.venue.find_order(rig.symbol, little.client_id), NotFound)
    assert (await rig.position()).contracts == 0


async def test_c20_more_than_the_margin_carries_is_refused(rig: Rig) -> None:
    outcome = await rig.place(rig.ticket(Side.SELL, rig.contracts("9"), "99000"))
    assert isinstance(outcome, Rejected), outcome
    assert (await rig.position()).contracts == 0


async def test_c21_a_reduction_of_nothing_is_refused(rig: Rig) -> None:
    outcome = await rig.place(rig.ticket(Side.BUY, rig.contracts("0.1"), "101000"))
    assert isinstance(outcome, Rejected), outcome
    assert (await rig.position()).contracts == 0


async def test_c22_a_price_far_from_the_market_does_not_fill_anything(rig: Rig) -> None:
    outcome = await rig.place(rig.ticket(Side.SELL, rig.contracts("0.1"), "500000", tif=TimeInForce.IOC))
    assert isinstance(outcome, Rejected | Acked), outcome
    assert (await rig.position()).contracts == 0


async def test_c23_r20_an_id_of_a_resting_order_is_proof_and_no_refusal(rig: Rig) -> None:
    ticket = rig.ticket(Side.SELL, rig.contracts("0.1"), "101000", tif=TimeInForce.GTC)
    await rig.place(ticket)
    again = await rig.place(
        rig.ticket(Side.SELL, rig.contracts("0.1"), "101000", tif=TimeInForce.GTC, client_id=ticket.client_id)
    )
    assert isinstance(again, OutcomeUnknown), again
    assert len(await rig.venue.open_orders(rig.symbol)) == 1


async def test_c24_r21_an_order_past_its_deadline_never_leaves(rig: Rig) -> None:
    late = rig.ticket(Side.SELL, rig.contracts("0.1"), "99000", age_ms=rig.venue.recv_window_ms() + 1)
    outcome = await rig.place(late)
    assert isinstance(outcome, Rejected), outcome
    assert isinstance(await rig.venue.find_order(rig.symbol, late.client_id), NotFound)


async def test_c25_a_suspended_contract_takes_no_order(rig: Rig) -> None:
    rig.exchange.set_status(rig.listing_key, "SUSPENDED")
    outcome = await rig.place(rig.ticket(Side.SELL, rig.contracts("0.1"), "99000"))
    assert isinstance(outcome, Rejected), outcome


# Looking things up.


async def test_c26_an_order_is_found_by_both_ids(rig: Rig) -> None:
    ticket = await rig.sell("0.1")
    by_ours = await found(rig, "1")
    by_theirs = await rig.venue.find_venue_order(rig.symbol, by_ours.venue_order_id)
    assert isinstance(by_theirs, Found)
    assert by_theirs.report == by_ours
    assert by_ours.client_id == ticket.client_id


async def test_c27_an_order_that_never_was_is_not_found(rig: Rig) -> None:
    assert isinstance(await rig.venue.find_order(rig.symbol, client_order_id(EPOCH, 99)), NotFound)
    numbers = {"kucoin": "5c35c02709e4f67d5266954e"}
    unknown = VenueOrderId(numbers.get(rig.ground.exchange, "999999999"))
    assert isinstance(await rig.venue.find_venue_order(rig.symbol, unknown), NotFound)


async def test_c28_cancelling_what_is_over_changes_nothing(rig: Rig) -> None:
    ticket = await rig.sell("0.1")
    outcome = await rig.venue.cancel(rig.symbol, ticket.client_id)
    assert not isinstance(outcome, Acked), outcome
    assert (await found(rig, "1")).status is OrderStatus.FILLED


async def test_c29_all_orders_since_are_listed_whatever_became_of_them(rig: Rig) -> None:
    since_ms = rig.venue.now_ms() - 1_000
    await rig.sell("0.1")
    await rig.place(rig.ticket(Side.SELL, rig.contracts("0.1"), "101000"))
    await rig.place(rig.ticket(Side.SELL, rig.contracts("0.1"), "101000", tif=TimeInForce.GTC))
    reports = await rig.venue.all_orders(rig.symbol, since_ms)
    assert {report.client_id for report in reports} == {client_order_id(EPOCH, number) for number in (1, 2, 3)}


async def test_c30_trades_after_a_cursor_are_each_told_once(rig: Rig) -> None:
    await rig.sell("0.1")
    first = await rig.venue.trades(rig.symbol, rig.cursor())
    assert first
    after = TradeCursor(trade_id=first[-1].trade_id, time_ms=first[-1].time_ms)
    assert await rig.venue.trades(rig.symbol, after) == []
    await rig.sell("0.1")
    second = await rig.venue.trades(rig.symbol, after)
    assert {trade.trade_id for trade in second}.isdisjoint({trade.trade_id for trade in first})
    assert sum(trade.moved for trade in second) == -rig.contracts("0.1")


# Lost answers.


async def test_c38_a_lost_answer_is_an_unknown_outcome_that_can_be_looked_up(rig: Rig) -> None:
    path = rig.ground.orders[rig.symbol]
    rig.world.faults.add(Fault(venue=rig.ground.exchange, path=path, kind=FaultKind.DROP_AFTER, method="POST"))
    ticket = rig.ticket(Side.SELL, rig.contracts("0.1"), "99000")
    assert isinstance(await rig.place(ticket), OutcomeUnknown)
    assert (await found(rig, "1")).status is OrderStatus.FILLED
    assert not rig.world.faults.pending
