"""KuCoin: spot orders, transfers and margin; what is sent and what is believed (R20, R21, R27)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.domain.errors import ConfigFault, NotOffered, VenueFault, VenueUnreadable
from bot.domain.ids import Asset, TradeId
from bot.domain.moves import Moved, MoveKind
from bot.domain.orders import Acked, Found, LookupFailed, NotFound, OrderStatus, OutcomeUnknown, Rejected, TradeCursor
from bot.venue.gateway import CcxtVenue, open_venue
from tests.venue.kucoin_wire import ORDER_ID, KuCoinWire, account, kucoin_spec, ok
from tests.venue.treasury import MOVE, OURS, SPOT, USDT, moving, spot_sale
from tests.venue.wire import BTC, EPOCH_MS, Asked, HandClock, Reply

PLACE = "/api/v1/hf/orders"
FIND = f"{PLACE}/client-order/{OURS}"
TRANSFER = "/api/v3/accounts/universal-transfer"
MARGIN = "/api/v1/position/margin/deposit-margin"
BOOKED = "/api/v1/transaction-history"
ADD, MOVE_IN = MoveKind.ADD_MARGIN, MoveKind.TRANSFER


def spot_order(**more: object) -> dict[str, object]:
    """One order, filled."""
    return {
        "id": ORDER_ID,
        "clientOid": OURS,
        "symbol": "BTC-USDT",
        "type": "limit",
        "side": "sell",
        "price": "99500",
        "size": "0.1",
        "dealSize": "0.1",
        "dealFunds": "9999.5",
        "cancelledSize": "0",
        "timeInForce": "IOC",
        "active": False,
        "cancelExist": False,
        "createdAt": EPOCH_MS,
        **more,
    }


def spot_fill(number: int, **more: object) -> dict[str, object]:
    return {
        "id": number + 1_000,
        "symbol": "BTC-USDT",
        "tradeId": number,
        "orderId": ORDER_ID,
        "side": "sell",
        "liquidity": "taker",
        "price": "99995",
        "size": "0.1",
        "funds": "9999.5",
        "fee": "9.9995",
        "feeCurrency": "USDT",
        "tradeType": "TRADE",
        "createdAt": EPOCH_MS + number,
        **more,
    }


def booked(**more: object) -> dict[str, object]:
    return {
        "time": EPOCH_MS + 5,
        "type": "TransferIn",
        "amount": 25.00000001,
        "fee": 0,
        "accountEquity": 1,
        "status": "Completed",
        "remark": "",
        "offset": 11,
        "currency": "USDT",
        **more,
    }


def position(added: str, **more: object) -> dict[str, object]:
    """As much of a position as the sum of added margin needs."""
    return {"symbol": "XBTUSDTM", "currentQty": -1000, "posCross": Decimal(added), "positionSide": "BOTH", **more}


def serve_positions(wire: KuCoinWire, *rows: dict[str, object]) -> None:
    told = [{**row, "posCross": float(str(row["posCross"]))} for row in rows]
    wire.serve("GET", "/api/v1/positions", ok(told))


def accounts(wire: KuCoinWire, **usdt: str) -> None:
    rows = [account("USDT", wallet, free, "1") for wallet, free in usdt.items()]
    wire.serve(
        "GET", "/api/v1/accounts", lambda asked: ok([row for row in rows if row["type"] == asked.params["type"]])
    )


# Spot orders.


async def test_r21_a_spot_order_is_signed_with_the_time_that_was_made_durable(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, clock: HandClock
) -> None:
    kucoin.serve("POST", PLACE, ok({"orderId": ORDER_ID, "clientOid": OURS}))
    clock.ms += 1_700
    outcome = await kucoin_venue.place(spot_sale(valid_ms=5_000))
    assert isinstance(outcome, Acked), outcome
    assert outcome.report.status is OrderStatus.OPEN
    sent = kucoin.posted(PLACE)
    assert sent.headers["KC-API-TIMESTAMP"] == str(EPOCH_MS)
    assert sent.body == {
        "clientOid": OURS,
        "symbol": "BTC-USDT",
        "side": "sell",
        "type": "limit",
        "price": "99500",
        "size": "0.1",
        "timeInForce": "IOC",
    }


@pytest.mark.parametrize(
    ("reply", "definite"),
    [
        ({"code": "200004", "msg": "Balance insufficient!"}, True),
        ({"code": "400002", "msg": "KC-API-TIMESTAMP Invalid"}, True),
        ({"code": "400100", "msg": "Order size below the minimum requirement."}, True),
        ({"code": "102435", "msg": "clientOid duplicated"}, False),
        ({"code": "500000", "msg": "Internal Server Error"}, False),
        ({"code": "200000", "data": {"clientOid": OURS}}, False),
        ({"code": "200000", "data": {"orderId": ORDER_ID, "clientOid": "other"}}, False),
        (Reply(lost=True), False),
    ],
)
async def test_r20_only_listed_codes_are_definite(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, reply: object, definite: bool
) -> None:
    kucoin.serve("POST", PLACE, reply)
    outcome = await kucoin_venue.place(spot_sale(valid_ms=5_000))
    assert isinstance(outcome, Rejected if definite else OutcomeUnknown), outcome
    assert kucoin.count(PLACE) == 1


async def test_an_order_is_believed_over_once_all_of_it_is_booked(kucoin_venue: CcxtVenue, kucoin: KuCoinWire) -> None:
    for cut in ({"dealSize": "0.0004", "cancelledSize": "0.0996"}, {"dealSize": "0", "cancelledSize": "0.1"}):
        kucoin.serve("GET", FIND, ok(spot_order(**cut)))
        assert isinstance(await kucoin_venue.find_order(SPOT, OURS), LookupFailed)
    part = {"dealSize": "0.04", "dealFunds": "4000"}
    kucoin.serve("GET", FIND, ok(spot_order(**part, cancelledSize="0.06")))
    found = await kucoin_venue.find_order(SPOT, OURS)
    assert isinstance(found, Found), found
    assert (found.report.status, found.report.average_price) == (OrderStatus.CANCELED, Decimal(100_000))
    assert kucoin.last(FIND).params == {"symbol": "BTC-USDT"}
    for reply in (
        spot_order(**part),
        spot_order(clientOid="other"),
        spot_order(symbol="ETH-USDT"),
        spot_order(size="x"),
    ):
        kucoin.serve("GET", FIND, ok(reply))
        assert isinstance(await kucoin_venue.find_order(SPOT, OURS), LookupFailed)


@pytest.mark.parametrize(
    "reply",
    [ok(None), {"code": "400100", "msg": "order_not_exist"}, {"code": "400100", "msg": "order not exist."}],
)
async def test_the_ways_in_which_the_venue_knows_no_order(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, reply: object
) -> None:
    kucoin.serve("GET", FIND, reply)
    assert isinstance(await kucoin_venue.find_order(SPOT, OURS), NotFound)


async def test_lists_hold_orders_that_were_sized_in_quote_and_what_is_not_booked_is_not_over(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire
) -> None:
    kucoin.serve("GET", f"{PLACE}/active", ok([spot_order(id="a", active=True, dealSize="0", dealFunds="0")]))
    theirs = spot_order(id="b", clientOid="", type="market", size="0", createdAt=EPOCH_MS + 1)
    lagging = spot_order(id="c", dealSize="0.04", dealFunds="4000", createdAt=EPOCH_MS + 2)
    kucoin.serve("GET", f"{PLACE}/done", ok({"lastId": 0, "items": [lagging, theirs]}))
    reports = await kucoin_venue.all_orders(SPOT, EPOCH_MS - 1)
    assert [(report.venue_order_id, report.status) for report in reports] == [
        ("a", OrderStatus.OPEN),
        ("b", OrderStatus.FILLED),
        ("c", OrderStatus.PARTIALLY_FILLED),
    ]


async def test_spot_trades_go_on_from_the_cursors_own(kucoin_venue: CcxtVenue, kucoin: KuCoinWire) -> None:
    kucoin.serve("GET", "/api/v1/hf/fills", ok({"lastId": 0, "items": [spot_fill(9), spot_fill(8)]}))
    trades = await kucoin_venue.trades(SPOT, TradeCursor(trade_id=TradeId("8"), time_ms=EPOCH_MS + 8))
    assert [(trade.trade_id, trade.fee_asset) for trade in trades] == [("9", "USDT")]
    with pytest.raises(VenueFault):
        await kucoin_venue.trades(SPOT, TradeCursor(trade_id=TradeId("7"), time_ms=EPOCH_MS + 7))
    kucoin.serve("GET", "/api/v1/hf/fills", ok({"lastId": 0, "items": [spot_fill(9, liquidity="?")]}))
    with pytest.raises(VenueFault):
        await kucoin_venue.trades(SPOT, TradeCursor(trade_id=None, time_ms=EPOCH_MS))


async def test_fees_that_are_not_in_quote_are_a_market_that_is_not_traded(kucoin: KuCoinWire, clock: HandClock) -> None:
    symbols = kucoin.replies["GET", "/api/v2/symbols"]
    symbols["data"][0]["feeCurrency"] = "BTC"
    venue = open_venue(kucoin_spec(), clock=clock, session=kucoin, symbols=[BTC], spot_symbols=[SPOT])
    try:
        with pytest.raises(ConfigFault):
            await venue.start()
    finally:
        await venue.close()


# Transfers.


@pytest.mark.parametrize(
    ("free", "source"),
    [
        ({"trade": "30", "main": "30"}, "TRADE"),
        ({"trade_hf": "30", "trade": "30"}, "TRADE_HF"),
        ({"trade": "3", "main": "30"}, "MAIN"),
        ({"trade": "3", "main": "3"}, "TRADE_HF"),
    ],
)
async def test_a_transfer_comes_from_an_account_that_has_enough(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, free: dict[str, str], source: str
) -> None:
    accounts(kucoin, **free)
    kucoin.serve("POST", TRANSFER, ok({"orderId": "6705f7248c6954000733ecac"}))
    assert await kucoin_venue.free_to_move(USDT) == max(Decimal(coins) for coins in free.values())
    trade = [Decimal(coins) for wallet, coins in free.items() if wallet != "main"]
    assert (await kucoin_venue.to_sell(USDT)).free == max(trade, default=0), "orders take nothing from the main account"
    assert await kucoin_venue.move(moving(MOVE_IN, valid_ms=5_000)) == Moved(reference="6705f7248c6954000733ecac")
    sent = kucoin.posted(TRANSFER)
    assert sent.headers["KC-API-TIMESTAMP"] == str(EPOCH_MS)
    assert sent.body == {
        "clientOid": MOVE,
        "type": "INTERNAL",
        "currency": "USDT",
        "amount": "25.00000001",
        "fromAccountType": source,
        "toAccountType": "CONTRACT",
    }


@pytest.mark.parametrize(
    ("reply", "definite"),
    [
        ({"code": "260100", "msg": "account.noBalance"}, True),
        ({"code": "200000", "msg": "Failed to transfer out. The amount exceeds the upper limit"}, True),
        ({"code": "200000", "msg": "something else"}, False),
        (ok({}), False),
        ({"code": "500000", "msg": "?"}, False),
        (Reply(lost=True), False),
    ],
)
async def test_r20_what_the_answer_to_a_transfer_proves(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, reply: object, definite: bool
) -> None:
    kucoin.serve("POST", TRANSFER, reply)
    outcome = await kucoin_venue.move(moving(MOVE_IN, valid_ms=5_000))
    assert isinstance(outcome, Rejected if definite else OutcomeUnknown), outcome
    assert kucoin.count(TRANSFER) == 1


async def test_transfers_are_told_by_the_margin_accounts_ledger(kucoin_venue: CcxtVenue, kucoin: KuCoinWire) -> None:
    rows = [
        booked(),
        booked(type="RealisedPNL", offset=12, status="Pending"),
        booked(type="TransferOut", amount=-4, offset=13),
        booked(currency="XBT", offset=14),
    ]
    kucoin.serve("GET", BOOKED, ok({"hasMore": False, "dataList": rows}))
    moves = await kucoin_venue.moves(MOVE_IN, BTC, EPOCH_MS)
    assert [(move.amount, move.reference) for move in moves] == [(Decimal("25.00000001"), "11"), (Decimal(-4), "13")]
    for change in ({"status": "Pending"}, {"offset": "x"}, {"time": None}):
        kucoin.serve("GET", BOOKED, ok({"hasMore": False, "dataList": [booked(**change)]}))
        with pytest.raises(VenueFault):
            await kucoin_venue.moves(MOVE_IN, BTC, EPOCH_MS)


# Margin.


async def test_r21_margin_is_added_under_our_id(kucoin_venue: CcxtVenue, kucoin: KuCoinWire) -> None:
    serve_positions(kucoin, position("0.16"))
    kucoin.serve("POST", MARGIN, ok({"symbol": "XBTUSDTM", "posCross": 25.16000001}))
    assert await kucoin_venue.move(moving(ADD, valid_ms=5_000)) == Moved(reference="")
    sent = kucoin.posted(MARGIN)
    assert sent.headers["KC-API-TIMESTAMP"] == str(EPOCH_MS)
    assert sent.body == {"symbol": "XBTUSDTM", "margin": "25.00000001", "bizNo": MOVE}


@pytest.mark.parametrize(
    ("reply", "definite"),
    [
        ({"code": "200000", "msg": "Position does not exist"}, True),
        ({"code": "300003", "msg": "Balance insufficient"}, True),
        (ok({"symbol": "XBTUSDM"}), False),
        (ok(None), False),
        (Reply(lost=True), False),
        ({"code": "777", "msg": "?"}, False),
    ],
)
async def test_r20_what_the_answer_to_added_margin_proves(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire, reply: object, definite: bool
) -> None:
    kucoin.serve("POST", MARGIN, reply)
    outcome = await kucoin_venue.move(moving(ADD, valid_ms=5_000))
    assert isinstance(outcome, Rejected if definite else OutcomeUnknown), outcome
    assert kucoin.count(MARGIN) == 1


async def test_the_sum_of_added_margin_tells_whether_the_newest_move_was_done(
    kucoin_venue: CcxtVenue, kucoin: KuCoinWire
) -> None:
    with pytest.raises(NotOffered):
        await kucoin_venue.moves(ADD, BTC, EPOCH_MS)
    serve_positions(kucoin, position("0.16"), position("7", positionSide="LONG"), position("9", symbol="ETHUSDTM"))
    kucoin.serve("POST", MARGIN, Reply(lost=True))
    assert isinstance(await kucoin_venue.move(moving(ADD, valid_ms=5_000)), OutcomeUnknown)
    assert await kucoin_venue.moves(ADD, BTC, EPOCH_MS) == []
    serve_positions(kucoin, position("25.16000001"))
    (move,) = await kucoin_venue.moves(ADD, BTC, EPOCH_MS)
    assert (move.amount, move.time_ms, move.asset) == (Decimal("25.00000001"), EPOCH_MS, "USDT")
    assert await kucoin_venue.moves(ADD, BTC, EPOCH_MS + 1) == []
    with pytest.raises(NotOffered):
        await kucoin_venue.moves(ADD, BTC, EPOCH_MS - 120_001)
    for other in ("25.15", "0", "50.16000002"):
        serve_positions(kucoin, position(other))
        with pytest.raises(VenueUnreadable):
            await kucoin_venue.moves(ADD, BTC, EPOCH_MS)


async def test_nothing_is_sent_while_the_sum_can_not_be_read(kucoin_venue: CcxtVenue, kucoin: KuCoinWire) -> None:
    for rows in ([{"symbol": "XBTUSDTM"}], [position("1"), position("2")]):
        kucoin.serve("GET", "/api/v1/positions", ok([{**row, "posCross": row.get("posCross") and 1} for row in rows]))
        outcome = await kucoin_venue.move(moving(ADD, valid_ms=5_000))
        assert isinstance(outcome, Rejected), outcome
    assert kucoin.count(MARGIN) == 0


async def test_there_is_no_switch_for_contracts(kucoin_venue: CcxtVenue) -> None:
    with pytest.raises(NotOffered):
        await kucoin_venue.dead_man(BTC, 30)


async def test_coins_that_are_nowhere_are_not_free(kucoin_venue: CcxtVenue, kucoin: KuCoinWire) -> None:
    def lost(asked: Asked) -> object:
        return Reply(lost=True) if asked.params["type"] == "main" else ok([])

    kucoin.serve("GET", "/api/v1/accounts", ok([]))
    assert await kucoin_venue.free_to_move(Asset("DOGE")) == 0
    kucoin.serve("GET", "/api/v1/accounts", lost)
    with pytest.raises(VenueFault):
        await kucoin_venue.free_to_move(USDT)
