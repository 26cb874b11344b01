"""Orders, look-ups, lists and settings on KuCoin: what is sent, and what is believed (R17 to R24)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
from collections.abc import AsyncIterator
from decimal import Decimal as D

import pytest

from bot.domain.errors import VenueFault
from bot.domain.ids import Asset, Symbol, TradeId, VenueOrderId
from bot.domain.instrument import MarginMode
from bot.domain.ledger import RowKind
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
    TradeCursor,
)
from bot.ports import OrderTicket
from bot.venue.gateway import CcxtVenue, open_venue
from tests.venue.kucoin_wire import (
    INVERSE,
    ORDER_ID,
    KuCoinWire,
    client_id,
    fill,
    flat_account,
    kucoin_spec,
    ok,
    order_row,
    page,
    ticket,
)
from tests.venue.wire import BTC, EPOCH_MS, SECRET, Anything, Asked, HandClock, Reply

ORDERS = "/api/v1/orders"
BY_ID = "/api/v1/orders/byClientOid"
FILLS = "/api/v1/fills"
NS = 1_000_000
NONE_YET = TradeCursor(trade_id=None, time_ms=EPOCH_MS)


@pytest.fixture
def kucoin(clock: HandClock) -> KuCoinWire:
    wire = flat_account(clock)
    wire.serve("POST", ORDERS, lambda asked: ok({"orderId": ORDER_ID, "clientOid": client_id()}))
    return wire


@pytest.fixture
async def trader(kucoin: KuCoinWire, clock: HandClock) -> AsyncIterator[CcxtVenue]:
    venue = open_venue(kucoin_spec(), clock=clock, session=kucoin, symbols=[BTC])
    await venue.start()
    kucoin.asked.clear()
    kucoin.sent.clear()
    yield venue
    await venue.close()


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
    trader: CcxtVenue, kucoin: KuCoinWire, clock: HandClock
) -> None:
    at_ms = trader.now_ms()
    clock.ms += 1_700
    outcome = await trader.place(sell(at_ms))
    assert isinstance(outcome, Acked)
    sent = kucoin.posted(ORDERS)
    assert sent.headers["KC-API-TIMESTAMP"] == str(at_ms)
    assert "signedMs" not in sent.body
    signed = f"{at_ms}POST{ORDERS}{json.dumps(sent.body, separators=(',', ':'))}"
    digest = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).digest()
    assert sent.headers["KC-API-SIGN"] == base64.b64encode(digest).decode()
    await trader.observe(Wanted(configs=frozenset({BTC})))
    later = [request.headers["KC-API-TIMESTAMP"] for request in kucoin.sent if "KC-API-TIMESTAMP" in request.headers]
    assert int(later[-1]) >= at_ms + 1_700
    assert trader.recv_window_ms() == 5_000


async def test_an_order_says_everything_itself(trader: CcxtVenue, kucoin: KuCoinWire) -> None:
    await trader.place(sell(trader.now_ms()))
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
    await trader.place(sell(trader.now_ms(), **more))
    body = kucoin.posted(ORDERS).body
    expected = {"side": "buy", "reduceOnly": True, "timeInForce": "GTC", "postOnly": True, "positionSide": "SHORT"}
    assert expected.items() <= body.items()


async def test_orders_carry_the_configured_leverage_and_margin_mode(trader: CcxtVenue, kucoin: KuCoinWire) -> None:
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
    assert await trader.configure(INVERSE, 2, MarginMode.CROSS) == cross
    isolated = SymbolConfig(symbol=BTC, leverage=3, margin_mode=MarginMode.ISOLATED, hedged=False)
    assert await trader.configure(BTC, 3, MarginMode.ISOLATED) == isolated
    for symbol, expected in ((INVERSE, (2, "CROSS")), (BTC, (3, "ISOLATED"))):
        await trader.place(sell(trader.now_ms(), symbol))
        body = kucoin.posted(ORDERS).body
        assert (body["leverage"], body["marginMode"]) == expected
    kucoin.asked.clear()
    assert await trader.configure(INVERSE, 2, MarginMode.CROSS) == cross
    assert {asked.method for asked in kucoin.asked} == {"GET"}, "what is set already is not set again"
    assert not any("switchPositionMode" in asked.path for asked in kucoin.asked)


def _of(asked: Asked) -> str:
    return asked.params["symbol"]


async def test_nothing_is_sent_while_the_margin_mode_is_not_known(trader: CcxtVenue, kucoin: KuCoinWire) -> None:
    kucoin.serve("GET", "/api/v2/position/getMarginMode", Reply(lost=True))
    outcome = await trader.place(sell(trader.now_ms()))
    assert isinstance(outcome, Rejected)
    assert kucoin.count(ORDERS) == 0


async def test_r20_an_acknowledgement_tells_nothing_of_fills(trader: CcxtVenue) -> None:
    outcome = await trader.place(sell(trader.now_ms()))
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
    trader: CcxtVenue, kucoin: KuCoinWire, answer: Reply, kind: type
) -> None:
    kucoin.serve("POST", ORDERS, answer)
    assert isinstance(await trader.place(sell(trader.now_ms())), kind)
    assert kucoin.count(ORDERS) == 1


async def test_a_pause_in_ms_is_obeyed(trader: CcxtVenue, kucoin: KuCoinWire, clock: HandClock) -> None:
    headers = {"gw-ratelimit-reset": "7000", "gw-ratelimit-remaining": "0", "gw-ratelimit-limit": "2000"}
    kucoin.serve("POST", ORDERS, Reply(status=429, body={"code": "429000", "msg": "x"}, headers=headers))
    await trader.place(sell(trader.now_ms()))
    clock.ms += 6_900
    assert isinstance(await trader.place(sell(trader.now_ms(), contracts=D(1))), Rejected)
    assert kucoin.count(ORDERS) == 1


async def test_a_cancel_is_only_acknowledged(trader: CcxtVenue, kucoin: KuCoinWire) -> None:
    path = f"/api/v1/orders/client-order/{client_id()}"
    kucoin.serve("DELETE", path, ok({"clientOid": client_id()}))
    kucoin.serve("GET", BY_ID, ok(order_row(client_id(), filledSize=7, cancelExist=True)))
    assert isinstance(await trader.cancel(BTC, client_id()), Acked)
    assert kucoin.last(path).params == {"symbol": "XBTUSDTM"}
    kucoin.serve("DELETE", path, {"code": "100004", "msg": "Order is in not cancelable state"})
    assert isinstance(await trader.cancel(BTC, client_id()), Rejected)


# Looking up


@pytest.mark.parametrize(
    ("row", "status", "filled"),
    [
        ({}, OrderStatus.FILLED, 1000),
        ({"status": "open", "isActive": True, "filledSize": 0, "endAt": None}, OrderStatus.OPEN, 0),
        ({"status": "open", "isActive": True, "filledSize": 7}, OrderStatus.PARTIALLY_FILLED, 7),
        ({"filledSize": 7, "cancelExist": True}, OrderStatus.CANCELED, 7),
        ({"filledSize": 0, "cancelExist": True}, OrderStatus.CANCELED, 0),
        ({"filledSize": 7, "endAt": EPOCH_MS - 60_000}, OrderStatus.CANCELED, 7),
    ],
)
async def test_statuses(
    trader: CcxtVenue, kucoin: KuCoinWire, row: dict[str, object], status: OrderStatus, filled: int
) -> None:
    kucoin.serve("GET", BY_ID, ok(order_row(client_id(), **row)))
    found = await trader.find_order(BTC, client_id())
    assert isinstance(found, Found)
    assert (found.report.status, found.report.filled, found.report.time_ms) == (status, D(filled), EPOCH_MS)


async def test_fills_that_are_not_booked_yet_are_waited_for(
    trader: CcxtVenue, kucoin: KuCoinWire, clock: HandClock
) -> None:
    """An order is done some milliseconds before its fills are in its figures."""
    row = order_row(client_id(), filledSize=7)
    kucoin.serve("GET", BY_ID, ok(row))
    assert isinstance(await trader.find_order(BTC, client_id()), LookupFailed)
    kucoin.serve("GET", BY_ID, ok({**row, "filledSize": 1000}))
    assert isinstance(await trader.find_order(BTC, client_id()), Found)


async def test_the_average_price_of_linear_and_inverse_fills(trader: CcxtVenue, kucoin: KuCoinWire) -> None:
    kucoin.serve("GET", BY_ID, ok(order_row(client_id(), filledValue="84400.1234")))
    found = await trader.find_order(BTC, client_id())
    assert isinstance(found, Found)
    assert found.report.average_price == D("84400.1234")
    kucoin.serve("GET", BY_ID, ok(order_row(client_id(), symbol="XBTUSDM", filledValue="0.0125")))
    found = await trader.find_order(INVERSE, client_id())
    assert isinstance(found, Found)
    assert found.report.average_price == D(80000)


@pytest.mark.parametrize(
    "row",
    [
        {"clientOid": "another"},
        {"symbol": "ETHUSDTM"},
        {"side": "short"},
        {"filledSize": 1001},
        {"isActive": True},
        {"status": "match"},
        {"id": ""},
        {"createdAt": None},
    ],
)
async def test_r8_an_order_that_does_not_fit_says_nothing(
    trader: CcxtVenue, kucoin: KuCoinWire, row: dict[str, object]
) -> None:
    kucoin.serve("GET", BY_ID, ok(order_row(client_id(), **row)))
    assert isinstance(await trader.find_order(BTC, client_id()), LookupFailed)


async def test_r22_only_the_venues_own_words_mean_not_found(trader: CcxtVenue, kucoin: KuCoinWire) -> None:
    for code, text in (("100001", "error.getOrder.orderNotExist"), ("400100", "order_not_exist")):
        kucoin.serve("GET", BY_ID, {"code": code, "msg": text})
        assert await trader.find_order(BTC, client_id()) == NotFound(code=code)
    kucoin.serve("GET", f"{ORDERS}/{ORDER_ID}", {"code": "100001", "msg": "error.getOrder.orderNotExist"})
    assert isinstance(await trader.find_venue_order(BTC, VenueOrderId(ORDER_ID)), NotFound)
    for answer in ({"code": "404000", "msg": "Url Not Found"}, {"code": "500000", "msg": "x"}, Reply(lost=True)):
        kucoin.serve("GET", BY_ID, answer)
        assert isinstance(await trader.find_order(BTC, client_id()), LookupFailed)


async def test_all_orders_are_the_active_ones_and_the_done_ones(
    trader: CcxtVenue, kucoin: KuCoinWire, clock: HandClock
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
    found = await trader.all_orders(BTC, EPOCH_MS)
    assert [(report.venue_order_id, report.status) for report in found] == [
        ("3", OrderStatus.FILLED),
        ("2", OrderStatus.CANCELED),
    ]
    assert asked_for == ["active", "done"]


# Trades


async def test_trades_are_ordered_by_nanosecond_then_id_and_begin_after_the_cursor(
    trader: CcxtVenue, kucoin: KuCoinWire, clock: HandClock
) -> None:
    base = EPOCH_MS * NS
    rows = [fill(12, base + 5), fill(9, base + 5), fill(11, base + 1), fill(7, base + 2 * NS)]
    kucoin.serve("GET", FILLS, lambda asked: page(rows[::-1]))
    clock.ms += 1_000
    everything = await trader.trades(BTC, TradeCursor(trade_id=None, time_ms=EPOCH_MS - 1))
    assert [trade.trade_id for trade in everything] == ["11", "9", "12", "7"]
    assert [trade.time_ms for trade in everything] == [EPOCH_MS] * 3 + [EPOCH_MS + 2]
    after = await trader.trades(BTC, TradeCursor(trade_id=TradeId("9"), time_ms=EPOCH_MS))
    assert [trade.trade_id for trade in after] == ["12", "7"]
    assert int(kucoin.last(FILLS).params["startAt"]) < EPOCH_MS, "rows are listed by when they were booked"
    first = everything[0]
    assert (first.contracts, first.side, first.fee, first.fee_asset, first.maker) == (
        *(D(10), Side.SELL, D("0.5064006"), Asset("USDT")),
        False,
    )


async def test_trades_that_do_not_reach_back_to_the_cursor_are_not_believed(
    trader: CcxtVenue, kucoin: KuCoinWire
) -> None:
    kucoin.serve("GET", FILLS, page([]))
    with pytest.raises(VenueFault, match="not in the list"):
        await trader.trades(BTC, TradeCursor(trade_id=TradeId("9"), time_ms=EPOCH_MS))
    assert await trader.trades(BTC, NONE_YET) == []


async def test_trades_on_many_pages_and_in_many_weeks(trader: CcxtVenue, kucoin: KuCoinWire, clock: HandClock) -> None:
    clock.ms += 10 * 86_400_000
    pages_of = [[fill(1, (EPOCH_MS + 5) * NS)], [fill(2, (EPOCH_MS + 6) * NS)]]
    spans: list[tuple[int, int]] = []

    def fills(asked: Asked) -> object:
        begin, end, number = (int(asked.params[key]) for key in ("startAt", "endAt", "currentPage"))
        spans.append((begin, end))
        if begin > EPOCH_MS:
            return page([])
        return page(pages_of[number - 1], currentPage=number, totalNum=2)

    kucoin.serve("GET", FILLS, fills)
    found = await trader.trades(BTC, NONE_YET)
    assert [trade.trade_id for trade in found] == ["1", "2"]
    distinct = sorted(set(spans))
    assert all(end - begin < 7 * 86_400_000 for begin, end in distinct)
    assert all(first[1] + 1 == second[0] for first, second in itertools.pairwise(distinct))
    assert distinct[-1][1] >= trader.now_ms()


@pytest.mark.parametrize("total", [0, 2, 3])
async def test_a_list_without_all_its_rows_is_a_fault(trader: CcxtVenue, kucoin: KuCoinWire, total: int) -> None:
    kucoin.serve("GET", FILLS, page([fill(1, (EPOCH_MS + 5) * NS)], totalNum=total))
    with pytest.raises(VenueFault):
        await trader.trades(BTC, NONE_YET)


async def test_in_hedge_mode_the_long_sides_trades_are_not_ours(trader: CcxtVenue, kucoin: KuCoinWire) -> None:
    at = (EPOCH_MS + 5) * NS
    rows = [fill(1, at, positionSide="LONG"), fill(2, at, positionSide="SHORT"), fill(3, at, positionSide="BOTH")]
    kucoin.serve("GET", FILLS, page(rows))
    assert [trade.trade_id for trade in await trader.trades(BTC, NONE_YET)] == ["2", "3"]


@pytest.mark.parametrize(
    "row", [{"side": "up"}, {"size": 0}, {"liquidity": "?"}, {"tradeType": "?"}, {"symbol": "ETHUSDTM"}, {"fee": None}]
)
async def test_r8_a_trade_that_does_not_fit_is_a_fault(
    trader: CcxtVenue, kucoin: KuCoinWire, row: dict[str, object]
) -> None:
    kucoin.serve("GET", FILLS, page([fill(1, (EPOCH_MS + 5) * NS, **row)]))
    with pytest.raises(VenueFault):
        await trader.trades(BTC, NONE_YET)


# The venue's books


async def test_r29_a_periods_result_is_told_as_trades_fees_and_funding(trader: CcxtVenue, kucoin: KuCoinWire) -> None:
    """The account books -3.2 for the period: 1.3 of the trades themselves, a fee of 0.5, funding of -4."""
    entry = {"currency": "USDT", "fee": 0.0, "accountEquity": 1.0, "status": "Completed"}
    booked = [
        {**entry, "time": EPOCH_MS + 800, "type": "RealisedPNL", "amount": -3.2, "remark": "XBTUSDTM", "offset": 3},
        {**entry, "time": EPOCH_MS + 100, "type": "TransferOut", "amount": -14.0, "remark": "", "offset": 2},
        {**entry, "time": EPOCH_MS + 50, "type": "TransferIn", "amount": 10.0, "remark": "", "offset": 1},
    ]
    kucoin.serve("GET", "/api/v1/transaction-history", ok({"hasMore": False, "dataList": booked}))
    paid = {"id": 7, "symbol": "XBTUSDTM", "timePoint": EPOCH_MS + 700, "funding": -4.0, "settleCurrency": "USDT"}
    kucoin.serve("GET", "/api/v1/funding-history", ok({"hasMore": False, "dataList": [paid]}))
    kucoin.serve("GET", FILLS, page([fill(1, (EPOCH_MS + 5) * NS, fee="0.5")]))
    spot = {"accountType": "TRADE_HF", "direction": "in", "currency": "BTC", "createdAt": str(EPOCH_MS + 60)}
    trade = {**spot, "id": "1", "amount": "1.5976", "fee": "0.0016", "bizType": "TRADE_EXCHANGE", "context": ""}
    kucoin.serve("GET", "/api/v1/hf/accounts/ledgers", ok([trade]))
    staked = {**spot, "id": "2", "accountType": "MAIN", "amount": "0.5", "fee": "0", "bizType": "Staking"}
    kucoin.serve("GET", "/api/v1/accounts/ledgers", page([{**staked, "direction": "out"}]))
    rows = await trader.ledger(EPOCH_MS, [BTC])
    assert [(row.wallet, row.kind, row.amount) for row in rows] == [
        ("futures", RowKind.FEE, D("-0.5")),
        ("futures", RowKind.TRANSFER, D(10)),
        ("main", RowKind.TRANSFER, D("-0.5")),
        ("earn", RowKind.TRANSFER, D("0.5")),
        ("trade_hf", RowKind.TRADE, D("1.5992")),
        ("trade_hf", RowKind.FEE, D("-0.0016")),
        ("futures", RowKind.TRANSFER, D(-14)),
        ("futures", RowKind.FUNDING, D(-4)),
        ("futures", RowKind.TRADE, D("1.3")),
    ]
    booked[0]["type"] = "Gift"
    with pytest.raises(VenueFault, match="Gift"):
        await trader.ledger(EPOCH_MS, [BTC])
