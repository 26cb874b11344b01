"""Orders, look-ups, lists and settings on KuCoin: what is sent, and what is believed (R17 to R24)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from decimal import Decimal as D

import pytest

from bot.domain.ids import Symbol, VenueOrderId
from bot.domain.instrument import MarginMode
from bot.domain.observation import SymbolConfig, Wanted
from bot.domain.orders import (
    Acked,
    Found,
    LookupFailed,
    NotFound,
    OrderStatus,
    OutcomeUnknown,
    Rejected,
    Side,
    TimeInForce,
)
from bot.ports import OrderTicket
from bot.venue.gateway import CcxtVenue
from tests.venue.kucoin_wire import (
    INVERSE,
    ORDER_ID,
    KuCoinWire,
    client_id,
    ok,
    order_row,
    page,
    ticket,
)
from tests.venue.wire import BTC, EPOCH_MS, SECRET, Anything, Asked, HandClock, Reply

ORDERS = "/api/v1/orders"
BY_ID = "/api/v1/orders/byClientOid"


def sell(at_ms: int, symbol: Symbol = BTC, **more: Anything) -> OrderTicket:
    wanted: dict[str, Anything] = {
        "symbol": symbol,
        "side": Side.SELL,
        "contracts": D(1000),
        "price": D("84000.10"),
        "time_in_force": TimeInForce.IOC,
        "reduce_only": False,
    }
    return ticket(at_ms, **{**wanted, **more})


# Placing


async def test_r21_an_order_is_signed_with_the_time_that_was_made_durable(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, clock: HandClock
) -> None:
    at_ms = kucoin_venue.now_ms()
    clock.ms += 1_700
    outcome = await kucoin_venue.place(sell(at_ms))
    assert isinstance(outcome, Acked)
    sent = kucoin.posted(ORDERS)
    assert sent.headers["KC-API-TIMESTAMP"] == str(at_ms)
    assert "signedMs" not in sent.body
    signed = f"{at_ms}POST{ORDERS}{json.dumps(sent.body, separators=(',', ':'))}"
    digest = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).digest()
    assert sent.headers["KC-API-SIGN"] == base64.b64encode(digest).decode()
    await kucoin_venue.observe(Wanted(configs=frozenset({BTC})))
    later = [request.headers["KC-API-TIMESTAMP"] for request in kucoin.sent if "KC-API-TIMESTAMP" in request.headers]
    assert int(later[-1]) >= at_ms + 1_700
    assert kucoin_venue.recv_window_ms() == 5_000


async def test_an_order_says_everything_itself(kucoin_venue: CcxtVenue, kucoin: KuCoinWire) -> None:
    await kucoin_venue.place(sell(kucoin_venue.now_ms()))
    assert kucoin.posted(ORDERS).body == {
        "clientOid": client_id(),
        "side": "sell",
        "symbol": "XBTUSDTM",
        "type": "limit",
        "price": "84000.1",
        "size": 1000,
        "timeInForce": "IOC",
        "leverage": 1,
        "marginMode": "ISOLATED",
    }
    more: Anything = {"side": Side.BUY, "reduce_only": True, "time_in_force": TimeInForce.POST_ONLY, "hedged": True}
    await kucoin_venue.place(sell(kucoin_venue.now_ms(), **more))
    body = kucoin.posted(ORDERS).body
    expected = {"side": "buy", "reduceOnly": True, "timeInForce": "GTC", "postOnly": True, "positionSide": "SHORT"}
    assert expected.items() <= body.items()


async def test_orders_carry_the_configured_leverage_and_margin_mode(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire
) -> None:
    modes = {"XBTUSDTM": "ISOLATED", "XBTUSDM": "ISOLATED"}
    leverage = {"XBTUSDM": "5"}

    def switch(asked: Asked) -> object:
        body = kucoin.sent[-1].body
        modes[body["symbol"]] = body["marginMode"]
        return ok(body)

    def lever(asked: Asked) -> object:
        body = kucoin.sent[-1].body
        leverage[body["symbol"]] = body["leverage"]
        return ok(True)

    kucoin.serve(
        "GET", "/api/v2/position/getMarginMode", lambda asked: ok({**asked.params, "marginMode": modes[_of(asked)]})
    )
    kucoin.serve(
        "GET", "/api/v2/getCrossUserLeverage", lambda asked: ok({**asked.params, "leverage": leverage[_of(asked)]})
    )
    kucoin.serve("POST", "/api/v2/position/changeMarginMode", switch)
    kucoin.serve("POST", "/api/v2/changeCrossUserLeverage", lever)
    cross = SymbolConfig(symbol=INVERSE, leverage=2, margin_mode=MarginMode.CROSS, hedged=False)
    assert await kucoin_venue.configure(INVERSE, 2, MarginMode.CROSS) == cross
    isolated = SymbolConfig(symbol=BTC, leverage=3, margin_mode=MarginMode.ISOLATED, hedged=False)
    assert await kucoin_venue.configure(BTC, 3, MarginMode.ISOLATED) == isolated
    for symbol, expected in ((INVERSE, (2, "CROSS")), (BTC, (3, "ISOLATED"))):
        await kucoin_venue.place(sell(kucoin_venue.now_ms(), symbol))
        body = kucoin.posted(ORDERS).body
        assert (body["leverage"], body["marginMode"]) == expected
    kucoin.asked.clear()
    assert await kucoin_venue.configure(INVERSE, 2, MarginMode.CROSS) == cross
    assert {asked.method for asked in kucoin.asked} == {"GET"}, "what is set already is not set again"
    assert not any("switchPositionMode" in asked.path for asked in kucoin.asked)


def _of(asked: Asked) -> str:
    return asked.params["symbol"]


async def test_nothing_is_sent_while_the_margin_mode_is_not_known(kucoin_venue: CcxtVenue, kucoin: KuCoinWire) -> None:
    kucoin.serve("GET", "/api/v2/position/getMarginMode", Reply(lost=True))
    outcome = await kucoin_venue.place(sell(kucoin_venue.now_ms()))
    assert isinstance(outcome, Rejected)
    assert kucoin.count(ORDERS) == 0


async def test_r20_an_acknowledgement_tells_nothing_of_fills(kucoin_venue: CcxtVenue) -> None:
    outcome = await kucoin_venue.place(sell(kucoin_venue.now_ms()))
    assert isinstance(outcome, Acked)
    assert outcome.report is not None
    assert (outcome.report.venue_order_id, outcome.report.status, outcome.report.filled) == (
        *(ORDER_ID, OrderStatus.OPEN),
        D(0),
    )


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Reply(body={"code": "300003", "msg": "Balance insufficient."}), Rejected),
        (Reply(body={"code": "330005", "msg": "margin mode does not match"}), Rejected),
        (Reply(body={"code": "400002", "msg": "KC-API-TIMESTAMP Invalid"}), Rejected),
        (Reply(status=429, body={"code": "429000", "msg": "Too many requests"}), Rejected),
        (Reply(body={"code": "102435", "msg": "clientOid duplicate"}), OutcomeUnknown),
        (Reply(body={"code": "400100", "msg": "clientOid duplicated"}), OutcomeUnknown),
        (Reply(body={"code": "500000", "msg": "Internal Server Error"}), OutcomeUnknown),
        (Reply(status=500, body={"code": "300003", "msg": "Balance insufficient."}), OutcomeUnknown),
        (Reply(status=503, text="<html/>"), OutcomeUnknown),
        (Reply(lost=True), OutcomeUnknown),
        (Reply(cut=True), OutcomeUnknown),
        (Reply(body={"code": "200000"}), OutcomeUnknown),
        (Reply(body={"code": "200000", "data": {}}), OutcomeUnknown),
        (Reply(body={"code": "200000", "data": {"orderId": ""}}), OutcomeUnknown),
        (Reply(body={"code": "200000", "data": {"orderId": "1", "clientOid": "another"}}), OutcomeUnknown),
        (Reply(body={}), OutcomeUnknown),
    ],
)
async def test_r20_only_a_listed_code_is_definite_and_nothing_is_sent_twice(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, answer: Reply, kind: type
) -> None:
    kucoin.serve("POST", ORDERS, answer)
    assert isinstance(await kucoin_venue.place(sell(kucoin_venue.now_ms())), kind)
    assert kucoin.count(ORDERS) == 1


async def test_a_pause_in_ms_is_obeyed(kucoin_venue: CcxtVenue, kucoin: KuCoinWire, clock: HandClock) -> None:
    headers = {"gw-ratelimit-reset": "7000", "gw-ratelimit-remaining": "0", "gw-ratelimit-limit": "2000"}
    kucoin.serve("POST", ORDERS, Reply(status=429, body={"code": "429000", "msg": "x"}, headers=headers))
    await kucoin_venue.place(sell(kucoin_venue.now_ms()))
    clock.ms += 6_900
    assert isinstance(await kucoin_venue.place(sell(kucoin_venue.now_ms(), contracts=D(1))), Rejected)
    assert kucoin.count(ORDERS) == 1


async def test_a_cancel_is_only_acknowledged(kucoin_venue: CcxtVenue, kucoin: KuCoinWire, clock: HandClock) -> None:
    path = f"/api/v1/orders/client-order/{client_id()}"
    kucoin.serve("DELETE", path, ok({"clientOid": client_id()}))
    kucoin.serve("GET", BY_ID, ok(order_row(client_id(), filledSize=7, cancelExist=True)))
    assert isinstance(await kucoin_venue.cancel(BTC, client_id()), OutcomeUnknown), "what filled may be missing still"
    clock.ms += 3_005
    assert isinstance(await kucoin_venue.cancel(BTC, client_id()), Acked)
    assert kucoin.last(path).params == {"symbol": "XBTUSDTM"}
    kucoin.serve("DELETE", path, {"code": "100004", "msg": "Order is in not cancelable state"})
    assert isinstance(await kucoin_venue.cancel(BTC, client_id()), Rejected)


# Looking up


@pytest.mark.parametrize(
    ("row", "status", "filled"),
    [
        ({}, OrderStatus.FILLED, 1000),
        ({"status": "open", "isActive": True, "filledSize": 0, "endAt": None}, OrderStatus.OPEN, 0),
        ({"status": "open", "isActive": True, "filledSize": 7}, OrderStatus.PARTIALLY_FILLED, 7),
        ({"filledSize": 7, "cancelExist": True, "endAt": EPOCH_MS - 3_000}, OrderStatus.CANCELED, 7),
        ({"filledSize": 0, "cancelExist": True, "endAt": EPOCH_MS - 3_000}, OrderStatus.CANCELED, 0),
        ({"filledSize": 7, "endAt": EPOCH_MS - 60_000}, OrderStatus.CANCELED, 7),
    ],
)
async def test_statuses(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, row: dict[str, object], status: OrderStatus, filled: int
) -> None:
    kucoin.serve("GET", BY_ID, ok(order_row(client_id(), **row)))
    found = await kucoin_venue.find_order(BTC, client_id())
    assert isinstance(found, Found)
    assert (found.report.status, found.report.filled, found.report.time_ms) == (status, D(filled), EPOCH_MS)


async def test_fills_that_are_not_booked_yet_are_waited_for(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, clock: HandClock
) -> None:
    """An order is done some milliseconds before its fills are in its figures."""
    row = order_row(client_id(), filledSize=7)
    kucoin.serve("GET", BY_ID, ok(row))
    assert isinstance(await kucoin_venue.find_order(BTC, client_id()), LookupFailed)
    kucoin.serve("GET", BY_ID, ok({**row, "filledSize": 1000, "filledValue": "84400.1"}))
    assert isinstance(await kucoin_venue.find_order(BTC, client_id()), Found)


@pytest.mark.parametrize("booked", [0, 7])
@pytest.mark.parametrize(
    ("ended", "late_ms"),
    [
        ({}, 5),
        ({"updatedAt": EPOCH_MS + 50}, 50),
        ({"endAt": None}, 0),
        ({"endAt": None, "updatedAt": EPOCH_MS + 9}, 9),
    ],
)
async def test_r23_a_cancel_is_no_proof_that_all_fills_are_booked(
    kucoin_venue: CcxtVenue,
    kucoin: KuCoinWire,
    clock: HandClock,
    booked: int,
    ended: dict[str, object],
    late_ms: int,
) -> None:
    """Else an immediate-or-cancel order that filled would look unfilled for a moment, and be sent again."""
    row = order_row(client_id(), filledSize=booked, cancelExist=True, **ended)
    kucoin.serve("GET", BY_ID, ok(row))
    kucoin.serve("GET", f"{ORDERS}/{ORDER_ID}", ok(row))
    kucoin.serve("GET", ORDERS, lambda asked: page([row] if asked.params["status"] == "done" else []))
    clock.ms += 2_999 + late_ms
    assert isinstance(await kucoin_venue.find_order(BTC, client_id()), LookupFailed)
    listed = [report.status for report in await kucoin_venue.all_orders(BTC, EPOCH_MS)]
    assert listed == [OrderStatus.PARTIALLY_FILLED if booked else OrderStatus.OPEN], "it is there, and not over"
    by_venue = await kucoin_venue.find_venue_order(BTC, VenueOrderId(ORDER_ID))
    assert isinstance(by_venue, Found)
    assert by_venue.report.client_id == client_id(), "whose it is need not wait"
    clock.ms += 1
    over = await kucoin_venue.find_order(BTC, client_id())
    assert isinstance(over, Found)
    assert (over.report.status, over.report.filled) == (OrderStatus.CANCELED, D(booked))


async def test_the_average_price_of_linear_and_inverse_fills(kucoin_venue: CcxtVenue, kucoin: KuCoinWire) -> None:
    kucoin.serve("GET", BY_ID, ok(order_row(client_id(), filledValue="84400.1234")))
    found = await kucoin_venue.find_order(BTC, client_id())
    assert isinstance(found, Found)
    assert found.report.average_price == D("84400.1234")
    kucoin.serve("GET", BY_ID, ok(order_row(client_id(), symbol="XBTUSDM", filledValue="0.0125")))
    found = await kucoin_venue.find_order(INVERSE, client_id())
    assert isinstance(found, Found)
    assert found.report.average_price == D(80000)


@pytest.mark.parametrize(
    "row",
    [
        {"clientOid": "another"},
        {"symbol": "ETHUSDTM"},
        {"side": "short"},
        {"filledSize": 1001},
        {"filledSize": 10, "avgDealPrice": None, "filledValue": "84400.1", "endAt": EPOCH_MS - 600_000},
        {"filledSize": 0, "filledValue": "84400.1", "endAt": EPOCH_MS - 600_000},
        {"filledSize": 10, "filledValue": "84400.1", "endAt": EPOCH_MS - 600_000},
        {"isActive": True},
        {"status": "match"},
        {"id": ""},
        {"createdAt": None},
    ],
)
async def test_r8_an_order_that_does_not_fit_says_nothing(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, row: dict[str, object]
) -> None:
    kucoin.serve("GET", BY_ID, ok(order_row(client_id(), **row)))
    assert isinstance(await kucoin_venue.find_order(BTC, client_id()), LookupFailed)


async def test_r22_only_the_venues_own_words_mean_not_found(kucoin_venue: CcxtVenue, kucoin: KuCoinWire) -> None:
    for code, text in (("100001", "error.getOrder.orderNotExist"), ("400100", "order_not_exist")):
        kucoin.serve("GET", BY_ID, {"code": code, "msg": text})
        assert await kucoin_venue.find_order(BTC, client_id()) == NotFound(code=code)
    kucoin.serve("GET", f"{ORDERS}/{ORDER_ID}", {"code": "100001", "msg": "error.getOrder.orderNotExist"})
    assert isinstance(await kucoin_venue.find_venue_order(BTC, VenueOrderId(ORDER_ID)), NotFound)
    for answer in ({"code": "404000", "msg": "Url Not Found"}, {"code": "500000", "msg": "x"}, Reply(lost=True)):
        kucoin.serve("GET", BY_ID, answer)
        assert isinstance(await kucoin_venue.find_order(BTC, client_id()), LookupFailed)


async def test_all_orders_are_the_active_ones_and_the_done_ones(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, clock: HandClock
) -> None:
    active = order_row(client_id(2), id="2", isActive=True, status="open", filledSize=0, createdAt=EPOCH_MS + 2)
    old = order_row(client_id(1), id="1", isActive=True, status="open", filledSize=0, createdAt=EPOCH_MS - 99)
    done = [
        order_row(client_id(3), id="3", createdAt=EPOCH_MS + 1),
        # It was active when the first list was read.
        order_row(client_id(2), id="2", cancelExist=True, filledSize=0, createdAt=EPOCH_MS + 2),
    ]
    asked_for: list[str] = []

    def orders(asked: Asked) -> object:
        asked_for.append(asked.params["status"])
        assert int(asked.params.get("endAt", 0)) - int(asked.params.get("startAt", 0)) <= 7 * 86_400_000
        return page([active, old] if asked.params["status"] == "active" else done)

    kucoin.serve("GET", ORDERS, orders)
    clock.ms += 60_000
    found = await kucoin_venue.all_orders(BTC, EPOCH_MS)
    assert [(report.venue_order_id, report.status) for report in found] == [
        ("3", OrderStatus.FILLED),
        ("2", OrderStatus.CANCELED),
    ]
    assert asked_for == ["active", "done"]
