"""Orders: what is sent, and what its answer is taken for (R16 to R22)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.domain.errors import StartFault, VenueBusy, VenueFault, VenueRejected, VenueUnreadable
from bot.domain.ids import ClientOrderId, TradeId, VenueName, VenueOrderId
from bot.domain.instrument import MarginMode
from bot.domain.orders import (
    Acked,
    Found,
    LookupFailed,
    NotFound,
    OrderRequest,
    OrderStatus,
    OutcomeUnknown,
    Rejected,
    Side,
    TimeInForce,
    TradeCursor,
)
from bot.ports import OrderTicket
from bot.venue.gateway import CcxtVenue
from tests.venue.wire import BTC, EPOCH_MS, KEY, SECRET, Anything, Asked, HandClock, Reply, Turns, Wire, order_body

OURS = ClientOrderId("habcdefghjk000000000000001")
ORDER = "/fapi/v1/order"


def ticket(**more: Anything) -> OrderTicket:
    wanted: dict[str, Anything] = {
        "venue": VenueName("main"),
        "symbol": BTC,
        "side": Side.SELL,
        "contracts": Decimal("1.000"),
        "price": Decimal("99500.0"),
        "time_in_force": TimeInForce.IOC,
        "reduce_only": False,
        **more,
    }
    request = OrderRequest(**wanted)
    return OrderTicket(request=request, client_id=OURS, timestamp_ms=EPOCH_MS, deadline_ms=EPOCH_MS + 3_000)


async def test_r21_the_durable_timestamp_validity_and_id_go_on_the_wire(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("POST", ORDER, order_body(OURS))
    outcome = await venue.place(ticket())
    assert isinstance(outcome, Acked)
    assert outcome.report.average_price == Decimal("99990.12345")
    sent = wire.last(ORDER).params
    assert sent.pop("signature")
    assert sent == {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "LIMIT",
        "timeInForce": "IOC",
        "quantity": "1",
        "price": "99500",
        "newClientOrderId": OURS,
        "newOrderRespType": "RESULT",
        "timestamp": str(EPOCH_MS),
        "recvWindow": "3000",
    }


@pytest.mark.parametrize(
    ("wanted", "wire_word"), [(TimeInForce.GTC, "GTC"), (TimeInForce.IOC, "IOC"), (TimeInForce.POST_ONLY, "GTX")]
)
async def test_time_in_force_and_reduce_only_on_the_wire(
    venue: CcxtVenue, wire: Wire, wanted: TimeInForce, wire_word: str
) -> None:
    wire.serve("POST", ORDER, order_body(OURS, side="BUY", reduceOnly=True))
    await venue.place(ticket(side=Side.BUY, time_in_force=wanted, reduce_only=True))
    sent = wire.last(ORDER).params
    assert (sent["timeInForce"], sent["reduceOnly"], sent["side"]) == (wire_word, "true", "BUY")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(lost=True),
        Reply(cut=True),
        Reply(text="<html>200</html>"),
        Reply(text=""),
        Reply(text="null"),
        Reply(body={}),
        Reply(body=[]),
        Reply(body=order_body("x-another-id")),
        Reply(body=order_body(OURS, symbol="ETHUSDT")),
        Reply(body=order_body(OURS, orderId=None)),
        Reply(body=order_body(OURS, status="SOMETHING")),
        Reply(body=order_body(OURS, executedQty="2.000")),
        Reply(body=order_body(OURS, status="FILLED", executedQty="0.010")),
        Reply(body=order_body(OURS, status="FILLED", executedQty="0.000")),
        Reply(status=503, body={"code": -1000, "msg": "Unknown error, please check your request or try again later."}),
        Reply(status=504, text="Gateway Time-out"),
        Reply(status=400, body={"code": -1007, "msg": "Timeout waiting for response from backend server."}),
        Reply(status=400, body={"code": -1006, "msg": "An unexpected response was received"}),
        Reply(status=400, body={"code": -7777, "msg": "unheard of"}),
        Reply(status=403, text="<html>WAF</html>"),
        Reply(status=400, body={"code": -4116, "msg": "ClientOrderId is duplicated."}),
    ],
)
async def test_r20_anything_that_proves_nothing_is_unknown_and_sent_once(
    venue: CcxtVenue, wire: Wire, reply: Reply
) -> None:
    wire.serve("POST", ORDER, reply)
    outcome = await venue.place(ticket())
    assert isinstance(outcome, OutcomeUnknown)
    assert wire.count(ORDER) == 1
    for secret in (KEY, SECRET, "signature", "https:"):
        assert secret not in outcome.detail


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, -2019), (400, -2022), (400, -1021), (400, -5028), (400, -4188), (400, -4164), (401, -2015), (400, -1022)],
)
async def test_r20_a_listed_code_is_a_definite_rejection(venue: CcxtVenue, wire: Wire, status: int, code: int) -> None:
    wire.serve("POST", ORDER, Reply(status=status, body={"code": code, "msg": "No."}))
    outcome = await venue.place(ticket())
    assert outcome == Rejected(code=str(code), message=f"place an order: {code} No.")


async def test_r21_nothing_is_sent_after_the_deadline(venue: CcxtVenue, wire: Wire, clock: HandClock) -> None:
    clock.ms = EPOCH_MS + 3_000
    assert await venue.place(ticket()) == Rejected(
        code="expired-before-send", message="the deadline had passed before the order was sent"
    )
    assert wire.count(ORDER) == 0


async def test_a_limit_answer_is_a_rejection_and_bans_everything(
    venue: CcxtVenue, wire: Wire, clock: HandClock
) -> None:
    wire.serve("POST", ORDER, Reply(status=429, body={"code": -1003, "msg": "x"}, headers={"Retry-After": "5"}))
    assert isinstance(await venue.place(ticket()), Rejected)
    asked = len(wire.asked)
    assert await venue.place(ticket()) == Rejected(
        code="busy-before-send", message="place an order: the venue asked for a pause"
    )
    with pytest.raises(VenueBusy) as busy:
        await venue.order_slot(BTC)
    assert busy.value.retry_at_ms == EPOCH_MS + 5_000
    assert isinstance(await venue.find_order(BTC, OURS), LookupFailed)
    assert len(wire.asked) == asked
    clock.ms += 5_000
    await venue.order_slot(BTC)


async def test_a_ban_stops_an_order_that_has_its_slot(venue: CcxtVenue, wire: Wire) -> None:
    await venue.order_slot(BTC)
    wire.serve("GET", "/fapi/v1/openOrders", Reply(status=418, text="<html>teapot</html>"))
    with pytest.raises(VenueBusy):
        await venue.open_orders(BTC)
    assert isinstance(await venue.place(ticket()), Rejected)
    assert wire.count(ORDER) == 0


async def test_r20_the_firewall_leaves_the_outcome_unknown_and_asks_for_a_pause(
    venue: CcxtVenue, wire: Wire, clock: HandClock
) -> None:
    wire.serve("POST", ORDER, Reply(status=403, text="<html>forbidden</html>"))
    assert isinstance(await venue.place(ticket()), OutcomeUnknown)
    asked = len(wire.asked)
    with pytest.raises(VenueBusy) as busy:
        await venue.order_slot(BTC)
    assert busy.value.retry_at_ms == EPOCH_MS + 60_000
    assert isinstance(await venue.find_order(BTC, OURS), LookupFailed)
    assert len(wire.asked) == asked
    clock.ms += 60_000
    await venue.order_slot(BTC)


async def test_r20_a_cancel_says_what_it_can(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("DELETE", ORDER, order_body(OURS, status="CANCELED", executedQty="0.000", avgPrice="0.00"))
    outcome = await venue.cancel(BTC, OURS)
    assert isinstance(outcome, Acked)
    assert outcome.report.status is OrderStatus.CANCELED
    assert outcome.report.average_price is None
    wire.serve("DELETE", ORDER, Reply(status=400, body={"code": -2011, "msg": "Unknown order sent."}))
    assert isinstance(await venue.cancel(BTC, OURS), Rejected)
    wire.serve("DELETE", ORDER, Reply(lost=True))
    assert isinstance(await venue.cancel(BTC, OURS), OutcomeUnknown)


async def test_r22_only_the_venues_own_code_is_not_found(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("GET", ORDER, Reply(status=400, body={"code": -2013, "msg": "Order does not exist."}))
    assert await venue.find_order(BTC, OURS) == NotFound(code="-2013")
    for reply in (
        Reply(status=404, text="<html>"),
        Reply(body={}),
        Reply(body=order_body("another")),
        Reply(status=400, body={"code": -2011, "msg": "x"}),
        Reply(lost=True),
    ):
        wire.serve("GET", ORDER, reply)
        assert isinstance(await venue.find_order(BTC, OURS), LookupFailed)
    wire.serve("GET", ORDER, order_body(OURS, time=EPOCH_MS - 5))
    found = await venue.find_order(BTC, OURS)
    assert isinstance(found, Found)
    assert found.report.time_ms == EPOCH_MS - 5
    assert wire.last(ORDER).params["origClientOrderId"] == OURS


async def test_an_order_of_the_venues_id_must_be_that_order(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("GET", ORDER, order_body("web_123"))
    found = await venue.find_venue_order(BTC, VenueOrderId("4711"))
    assert isinstance(found, Found)
    assert found.report.client_id == "web_123"
    assert isinstance(await venue.find_venue_order(BTC, VenueOrderId("4712")), LookupFailed)


async def test_a_closing_stop_of_somebody_else_does_not_make_the_list_unreadable(venue: CcxtVenue, wire: Wire) -> None:
    stop = order_body("web_9", status="NEW", origQty="0", executedQty="0", avgPrice="0.0")
    wire.serve("GET", "/fapi/v1/openOrders", [stop])
    (report,) = await venue.open_orders(BTC)
    assert report.contracts == 0
    wire.serve("GET", "/fapi/v1/openOrders", {})
    with pytest.raises(VenueUnreadable):
        await venue.open_orders(BTC)


def trade_row(number: int, time_ms: int) -> dict[str, object]:
    return {
        "symbol": "BTCUSDT",
        "id": number,
        "orderId": 4711,
        "side": "SELL",
        "price": "100000.0",
        "qty": "0.001",
        "positionSide": "BOTH",
        "commission": "0.05000000",
        "commissionAsset": "USDT",
        "realizedPnl": "0",
        "maker": False,
        "time": time_ms,
    }


def trades_by_id(asked: Asked, rows: list[dict[str, object]]) -> object:
    first = int(asked.params["fromId"])
    return [row for row in rows if int(str(row["id"])) >= first][:1000]


def trades_by_time(asked: Asked, rows: list[dict[str, object]]) -> object:
    start, end = int(asked.params["startTime"]), int(asked.params["endTime"])
    assert end - start < 7 * 86_400_000
    # The newest of them, as a venue may cut a page at either end.
    return [row for row in rows if start <= int(str(row["time"])) <= end][-1000:]


async def test_r23_trades_after_a_trade_are_paged_to_the_end(venue: CcxtVenue, wire: Wire) -> None:
    rows = [trade_row(number, EPOCH_MS) for number in range(1, 2_502)]
    wire.serve("GET", "/fapi/v1/userTrades", lambda asked: trades_by_id(asked, rows))
    found = await venue.trades(BTC, TradeCursor(trade_id=TradeId("1"), time_ms=EPOCH_MS))
    assert [trade.trade_id for trade in found] == [str(number) for number in range(2, 2_502)]
    assert found[0].fee == Decimal("0.05")


async def test_r23_a_trade_that_was_counted_is_never_told_again(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("GET", "/fapi/v1/userTrades", [trade_row(number, EPOCH_MS) for number in (3, 1, 2, 3)])
    found = await venue.trades(BTC, TradeCursor(trade_id=TradeId("1"), time_ms=EPOCH_MS))
    assert [trade.trade_id for trade in found] == ["2", "3"]


async def test_r23_trades_after_a_time_are_strictly_later_and_complete(
    venue: CcxtVenue, wire: Wire, clock: HandClock
) -> None:
    since_ms = EPOCH_MS - 20 * 86_400_000
    rows = [trade_row(number, since_ms + number * 100_000) for number in range(2_500)]
    wire.serve("GET", "/fapi/v1/userTrades", lambda asked: trades_by_time(asked, rows))
    found = await venue.trades(BTC, TradeCursor(trade_id=None, time_ms=since_ms))
    assert [trade.trade_id for trade in found] == [str(number) for number in range(1, 2_500)]


async def test_r23_a_trade_a_moment_ahead_of_our_clock_is_not_missed(venue: CcxtVenue, wire: Wire) -> None:
    rows = [trade_row(1, EPOCH_MS + 900)]
    wire.serve("GET", "/fapi/v1/userTrades", lambda asked: trades_by_time(asked, rows))
    assert len(await venue.trades(BTC, TradeCursor(trade_id=None, time_ms=EPOCH_MS - 1_000))) == 1


async def test_r22_all_orders_are_complete_over_weeks(venue: CcxtVenue, wire: Wire) -> None:
    since_ms = EPOCH_MS - 15 * 86_400_000
    rows = [order_body("web", orderId=number + 1, time=since_ms + number * 1000) for number in range(1_500)]
    wire.serve("GET", "/fapi/v1/allOrders", lambda asked: trades_by_time(asked, rows))
    found = await venue.all_orders(BTC, since_ms)
    assert len(found) == 1_500
    assert found[0].venue_order_id == "1"


async def test_a_trade_list_that_does_not_move_on_is_refused(venue: CcxtVenue, wire: Wire) -> None:
    rows = [trade_row(7, EPOCH_MS)] * 1000
    wire.serve("GET", "/fapi/v1/userTrades", rows)
    with pytest.raises(VenueUnreadable):
        await venue.trades(BTC, TradeCursor(trade_id=TradeId("7"), time_ms=EPOCH_MS))
    with pytest.raises(VenueUnreadable):
        await venue.trades(BTC, TradeCursor(trade_id=None, time_ms=EPOCH_MS - 5))


def config(mode: str, leverage: int) -> object:
    return [{"symbol": "BTCUSDT", "marginType": mode, "leverage": leverage}]


async def test_configure_sets_what_differs_and_reads_it_back(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("GET", "/fapi/v1/symbolConfig", Turns(config("CROSSED", 20), config("ISOLATED", 1)))
    wire.serve("POST", "/fapi/v1/marginType", Reply(status=400, body={"code": -4046, "msg": "No need."}))
    wire.serve("POST", "/fapi/v1/leverage", {"symbol": "BTCUSDT", "leverage": 1})
    after = await venue.configure(BTC, 1, MarginMode.ISOLATED)
    assert (after.leverage, after.margin_mode) == (1, MarginMode.ISOLATED)
    assert wire.last("/fapi/v1/marginType").params["marginType"] == "ISOLATED"
    wire.asked.clear()
    await venue.configure(BTC, 1, MarginMode.ISOLATED)
    assert {asked.method for asked in wire.asked} == {"GET"}


@pytest.mark.parametrize("refusal", [{"code": -4048, "msg": "exists position"}, {"code": -4168, "msg": "Multi-Assets"}])
async def test_configure_raises_what_the_venue_refuses(venue: CcxtVenue, wire: Wire, refusal: object) -> None:
    wire.serve("GET", "/fapi/v1/symbolConfig", config("CROSSED", 20))
    wire.serve("POST", "/fapi/v1/marginType", Reply(status=400, body=refusal))
    with pytest.raises(VenueRejected):
        await venue.configure(BTC, 1, MarginMode.ISOLATED)


async def test_configure_does_not_believe_a_success_that_reads_back_otherwise(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("GET", "/fapi/v1/symbolConfig", config("ISOLATED", 20))
    wire.serve("POST", "/fapi/v1/leverage", {"leverage": 1})
    with pytest.raises(VenueRejected, match="20x"):
        await venue.configure(BTC, 1, MarginMode.ISOLATED)
    wire.serve("GET", "/fapi/v1/symbolConfig", [])
    with pytest.raises(VenueUnreadable):
        await venue.configure(BTC, 1, MarginMode.ISOLATED)


async def test_r5_isolated_margin_under_multi_assets_mode_is_refused(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("GET", "/fapi/v1/accountConfig", {"dualSidePosition": False, "multiAssetsMargin": True})
    with pytest.raises(StartFault, match="multi-assets"):
        await venue.configure(BTC, 1, MarginMode.ISOLATED)


async def test_r7_volumes_in_contracts_and_quote(venue: CcxtVenue, wire: Wire) -> None:
    body = {"symbol": "BTCUSDT", "volume": "300.5", "quoteVolume": "30050000.1", "weightedAvgPrice": "100000.0"}
    wire.serve("GET", "/fapi/v1/ticker/24hr", body)
    assert await venue.volumes_24h(BTC) == (Decimal("300.5"), Decimal("30050000.1"), Decimal(100_000))
    wire.serve("GET", "/fapi/v1/ticker/24hr", [])
    with pytest.raises(VenueFault):
        await venue.volumes_24h(BTC)


def brackets(**more: object) -> object:
    rows = [
        {"notionalFloor": 0, "notionalCap": 300000, "maintMarginRatio": 0.004, "cum": 0.0},
        {"notionalFloor": 300000, "notionalCap": 800000, "maintMarginRatio": 0.005, "cum": 300.0},
    ]
    return [{"symbol": "BTCUSDT", "brackets": rows, **more}]


async def test_r27_maintenance_by_bracket_in_the_wires_digits(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("GET", "/fapi/v1/leverageBracket", brackets())
    assert await venue.maintenance(BTC, Decimal(100_000)) == (Decimal("0.004"), Decimal("0.0"))
    assert await venue.maintenance(BTC, Decimal(500_000)) == (Decimal("0.005"), Decimal("300.0"))
    with pytest.raises(VenueUnreadable, match="no bracket"):
        await venue.maintenance(BTC, Decimal(900_000))
    wire.serve("GET", "/fapi/v1/leverageBracket", brackets(symbol="ETHUSDT"))
    with pytest.raises(VenueUnreadable):
        await venue.maintenance(BTC, Decimal(100_000))
