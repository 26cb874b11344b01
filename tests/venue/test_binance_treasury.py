"""Binance: spot orders, transfers, margin and the countdown; what is sent and what is believed (R20, R21, R27)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.domain.errors import NotOffered, VenueFault, VenueRejected
from bot.domain.ids import Asset, TradeId
from bot.domain.moves import Moved, MoveKind
from bot.domain.orders import Acked, Found, LookupFailed, NotFound, OrderStatus, OutcomeUnknown, Rejected, TradeCursor
from bot.venue.gateway import CcxtVenue, open_venue
from tests.venue.treasury import OURS, SPOT, USDT, moving, spot_sale
from tests.venue.wire import BTC, COIN_M, EPOCH_MS, KEY, SECRET, Anything, HandClock, Reply, Turns, Wire, spec

ORDER = "/api/v3/order"
TRANSFER = "/sapi/v1/asset/transfer"
MARGIN = "/fapi/v1/positionMargin"
HISTORY = f"{MARGIN}/history"
COUNTDOWN = "/fapi/v1/countdownCancelAll"
ADD, MOVE_IN = MoveKind.ADD_MARGIN, MoveKind.TRANSFER


def spot_order(**more: object) -> dict[str, object]:
    """One order, filled; with the time of the answer to a new one."""
    return {
        "symbol": "BTCUSDT",
        "orderId": 28,
        "orderListId": -1,
        "clientOrderId": OURS,
        "transactTime": EPOCH_MS,
        "price": "99500.00000000",
        "origQty": "0.10000000",
        "executedQty": "0.10000000",
        "cummulativeQuoteQty": "9999.50000000",
        "status": "FILLED",
        "timeInForce": "IOC",
        "type": "LIMIT",
        "side": "SELL",
        **more,
    }


def transfer_row(**more: object) -> dict[str, object]:
    return {
        "asset": "USDT",
        "amount": "25.00000001",
        "type": "MAIN_UMFUTURE",
        "status": "CONFIRMED",
        "tranId": 11415955596,
        "timestamp": EPOCH_MS + 5,
        **more,
    }


def margin_row(**more: object) -> dict[str, object]:
    return {
        "symbol": "BTCUSDT",
        "type": 1,
        "deltaType": "USER_ADJUST",
        "amount": "25.00000001",
        "asset": "USDT",
        "time": EPOCH_MS + 5,
        "positionSide": "BOTH",
        **more,
    }


def serve_transfers(wire: Wire, *rows: dict[str, object]) -> None:
    def listed(asked: Anything) -> dict[str, object]:
        # An unknown type is no filter's business: it is told whatever is asked for.
        chosen = [row for row in rows if row["type"] in {asked.params["type"], "?"}]
        return {"total": len(chosen), "rows": chosen}

    wire.serve("GET", TRANSFER, listed)


# Spot orders.


async def test_r21_the_durable_timestamp_validity_and_id_of_a_spot_order_go_on_the_wire(
    venue: CcxtVenue, wire: Wire
) -> None:
    wire.serve("POST", ORDER, spot_order())
    outcome = await venue.place(spot_sale())
    assert isinstance(outcome, Acked), outcome
    assert outcome.report.status is OrderStatus.FILLED
    assert outcome.report.average_price == Decimal(99_995)
    sent = wire.last(ORDER).params
    assert sent.pop("signature")
    assert sent == {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "LIMIT",
        "timeInForce": "IOC",
        "quantity": "0.1",
        "price": "99500",
        "newClientOrderId": OURS,
        "newOrderRespType": "RESULT",
        "timestamp": str(EPOCH_MS),
        "recvWindow": "3000",
    }


@pytest.mark.parametrize(
    "reply",
    [
        Reply(lost=True),
        Reply(text="<html>200</html>"),
        Reply(body={}),
        Reply(body=spot_order(clientOrderId="x-another")),
        Reply(body=spot_order(symbol="ETHUSDT")),
        Reply(body=spot_order(status="SOMETHING")),
        Reply(body=spot_order(executedQty="0.2")),
        Reply(body=spot_order(executedQty="0.05")),
        Reply(body=spot_order(cummulativeQuoteQty="-1")),
        Reply(status=503, body={"code": -1000, "msg": "Unknown error"}),
        Reply(status=400, body={"code": -1007, "msg": "Timeout waiting for response from backend server."}),
        Reply(status=400, body={"code": -2010, "msg": "Duplicate order sent."}),
        Reply(status=403, text="<html>WAF</html>"),
    ],
)
async def test_r20_anything_that_proves_nothing_is_unknown_and_sent_once(
    venue: CcxtVenue, wire: Wire, reply: Reply
) -> None:
    wire.serve("POST", ORDER, reply)
    outcome = await venue.place(spot_sale())
    assert isinstance(outcome, OutcomeUnknown), outcome
    assert wire.count(ORDER) == 1
    for secret in (KEY, SECRET, "signature", "https:"):
        assert secret not in outcome.detail


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (-2010, "Account has insufficient balance for requested action."),
        (-1013, "Filter failure: LOT_SIZE"),
        (-1021, "Timestamp for this request is outside of the recvWindow."),
        (-2015, "Invalid API-key, IP, or permissions for action."),
    ],
)
async def test_r20_a_listed_code_is_a_definite_rejection(venue: CcxtVenue, wire: Wire, code: int, text: str) -> None:
    wire.serve("POST", ORDER, Reply(status=400, body={"code": code, "msg": text}))
    outcome = await venue.place(spot_sale())
    assert isinstance(outcome, Rejected), outcome
    assert outcome.code == str(code)


async def test_look_ups_of_a_spot_order_believe_only_their_own(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve(
        "GET", ORDER, spot_order(time=EPOCH_MS, executedQty="0.04", status="EXPIRED", cummulativeQuoteQty="4000")
    )
    found = await venue.find_order(SPOT, OURS)
    assert isinstance(found, Found)
    assert (found.report.status, found.report.average_price) == (OrderStatus.EXPIRED, Decimal(100_000))
    for cut in ({"executedQty": "0.0004", "cummulativeQuoteQty": "40000"}, {"executedQty": "0"}):
        wire.serve("GET", ORDER, spot_order(time=EPOCH_MS, status="EXPIRED", **cut))
        assert isinstance(await venue.find_order(SPOT, OURS), LookupFailed)
    wire.serve("GET", ORDER, Reply(status=400, body={"code": -2013, "msg": "Order does not exist."}))
    assert isinstance(await venue.find_order(SPOT, OURS), NotFound)
    for reply in (spot_order(time=EPOCH_MS, clientOrderId="other"), Reply(lost=True), {}):
        wire.serve("GET", ORDER, reply)
        assert isinstance(await venue.find_order(SPOT, OURS), LookupFailed)


async def test_the_answer_to_a_cancel_names_the_order_beside_its_own_id(venue: CcxtVenue, wire: Wire) -> None:
    canceled = spot_order(clientOrderId="cancelMyOrder1", origClientOrderId=OURS, status="CANCELED", executedQty="0")
    canceled["cummulativeQuoteQty"] = "0"
    wire.serve("DELETE", ORDER, canceled)
    outcome = await venue.cancel(SPOT, OURS)
    assert isinstance(outcome, Acked), outcome
    assert outcome.report.client_id == OURS


async def test_a_spot_list_that_is_full_is_halved_and_one_that_never_ends_is_not_believed(
    venue: CcxtVenue, wire: Wire
) -> None:
    wire.serve("GET", "/api/v3/allOrders", [spot_order(time=EPOCH_MS, orderId=n) for n in range(1_000)])
    with pytest.raises(VenueFault):
        await venue.all_orders(SPOT, EPOCH_MS - 1)
    trade = {"symbol": "BTCUSDT", "orderId": 28, "price": "1", "qty": "1", "quoteQty": "1", "commission": "0.001"}
    more = {"commissionAsset": "BNB", "time": EPOCH_MS, "isBuyer": True, "isMaker": False}
    wire.serve("GET", "/api/v3/myTrades", Turns([{"id": n, **trade, **more} for n in (6, *range(6, 1_006))], []))
    trades = await venue.trades(SPOT, TradeCursor(trade_id=TradeId("5"), time_ms=EPOCH_MS))
    assert [trades[0].trade_id, trades[-1].trade_id, trades[0].fee_asset] == ["6", "1005", "BNB"]
    assert len(trades) == 1_000, "a trade has one id, and counts once"
    assert wire.last("/api/v3/myTrades").params["fromId"] == "1006"


# Moves.


async def test_r21_a_transfer_is_signed_with_its_durable_time(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("POST", TRANSFER, {"tranId": 13526853623})
    outcome = await venue.move(moving(MOVE_IN))
    assert outcome == Moved(reference="13526853623")
    sent = wire.last(TRANSFER).params
    assert sent.pop("signature")
    assert sent == {
        "type": "MAIN_UMFUTURE",
        "asset": "USDT",
        "amount": "25.00000001",
        "timestamp": str(EPOCH_MS),
        "recvWindow": "3000",
    }


@pytest.mark.parametrize(("hedged", "side"), [(False, None), (True, "SHORT")])
async def test_margin_is_added_to_our_side(venue: CcxtVenue, wire: Wire, hedged: bool, side: str | None) -> None:
    wire.serve("GET", "/fapi/v1/accountConfig", {"dualSidePosition": hedged, "multiAssetsMargin": False})
    wire.serve(
        "POST", MARGIN, {"amount": 25.00000001, "code": 200, "msg": "Successfully modify position margin.", "type": 1}
    )
    assert await venue.move(moving(ADD)) == Moved(reference="")
    sent = wire.last(MARGIN).params
    assert (sent["symbol"], sent["amount"], sent["type"], sent.get("positionSide")) == (
        "BTCUSDT",
        "25.00000001",
        "1",
        side,
    )
    assert (sent["timestamp"], sent["recvWindow"]) == (str(EPOCH_MS), "3000")


@pytest.mark.parametrize(
    ("kind", "path", "reply"),
    [
        (MOVE_IN, TRANSFER, Reply(lost=True)),
        (MOVE_IN, TRANSFER, Reply(body={})),
        (MOVE_IN, TRANSFER, Reply(status=400, body={"code": -5010, "msg": "Asset transfer fail"})),
        (MOVE_IN, TRANSFER, Reply(status=400, body={"code": -5012, "msg": "Asset transfer is in pending"})),
        (MOVE_IN, TRANSFER, Reply(status=502, text="<html>")),
        (ADD, MARGIN, Reply(lost=True)),
        (ADD, MARGIN, Reply(body={"amount": 24, "code": 200, "type": 1})),
        (ADD, MARGIN, Reply(body={"amount": 25.00000001, "code": 200, "type": 2})),
        (ADD, MARGIN, Reply(status=400, body={"code": -1007, "msg": "Timeout"})),
    ],
)
async def test_r20_a_move_that_proves_nothing_is_unknown_and_sent_once(
    venue: CcxtVenue, wire: Wire, kind: MoveKind, path: str, reply: Reply
) -> None:
    wire.serve("POST", path, reply)
    assert isinstance(await venue.move(moving(kind)), OutcomeUnknown)
    assert wire.count(path) == 1


@pytest.mark.parametrize(
    ("kind", "path", "code"), [(MOVE_IN, TRANSFER, -5013), (ADD, MARGIN, -4054), (ADD, MARGIN, -2019)]
)
async def test_r20_a_listed_code_of_a_move_is_a_definite_rejection(
    venue: CcxtVenue, wire: Wire, kind: MoveKind, path: str, code: int
) -> None:
    wire.serve("POST", path, Reply(status=400, body={"code": code, "msg": "no"}))
    outcome = await venue.move(moving(kind))
    assert isinstance(outcome, Rejected), outcome
    assert outcome.code == str(code)


async def test_nothing_is_sent_before_the_position_mode_is_known(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("GET", "/fapi/v1/accountConfig", Reply(lost=True))
    outcome = await venue.move(moving(ADD))
    assert isinstance(outcome, Rejected), outcome
    assert outcome.code == "not-sent"
    assert wire.count(MARGIN) == 0


async def test_r21_a_move_past_its_deadline_never_leaves(venue: CcxtVenue, wire: Wire, clock: HandClock) -> None:
    late = moving(MOVE_IN)
    clock.ms += 3_000
    outcome = await venue.move(late)
    assert isinstance(outcome, Rejected), outcome
    assert wire.count(TRANSFER) == 0


# Histories.


async def test_transfers_are_told_with_their_direction(venue: CcxtVenue, wire: Wire) -> None:
    serve_transfers(
        wire,
        transfer_row(),
        transfer_row(asset="BTC", tranId=2),
        transfer_row(status="FAILED", tranId=3),
        transfer_row(type="UMFUTURE_MAIN", amount="4", tranId=4, timestamp=EPOCH_MS + 1),
    )
    moves = await venue.moves(MOVE_IN, BTC, EPOCH_MS)
    assert [(move.amount, move.reference, move.time_ms) for move in moves] == [
        (Decimal(-4), "4", EPOCH_MS + 1),
        (Decimal("25.00000001"), "11415955596", EPOCH_MS + 5),
    ]


@pytest.mark.parametrize(
    "row",
    [
        transfer_row(status="PENDING"),
        transfer_row(type="?"),
        transfer_row(amount="-1"),
        transfer_row(tranId="x"),
        {"type": "MAIN_UMFUTURE"},
    ],
)
async def test_a_history_that_leaves_a_transfer_open_is_not_believed(
    venue: CcxtVenue, wire: Wire, row: dict[str, object]
) -> None:
    serve_transfers(wire, transfer_row(), row)
    with pytest.raises(VenueFault):
        await venue.moves(MOVE_IN, BTC, EPOCH_MS)


async def test_only_what_the_user_changed_of_our_side_is_told(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve(
        "GET",
        HISTORY,
        [
            margin_row(),
            # Two fills of one order: the venue gives these rows no id.
            margin_row(deltaType="TRADE", amount="1000"),
            margin_row(deltaType="TRADE", amount="1000"),
            margin_row(positionSide="LONG"),
            margin_row(type=2, amount="3", time=EPOCH_MS + 6),
            margin_row(),
        ],
    )
    moves = await venue.moves(ADD, BTC, EPOCH_MS)
    assert [(move.amount, move.reference) for move in moves] == [
        (Decimal("25.00000001"), f"{EPOCH_MS + 5}-1"),
        (Decimal("25.00000001"), f"{EPOCH_MS + 5}-2"),
        (Decimal(-3), f"{EPOCH_MS + 6}-1"),
    ]


@pytest.mark.parametrize(
    "change",
    [{"deltaType": "?"}, {"type": 3}, {"symbol": "ETHUSDT"}, {"positionSide": "?"}, {"amount": ""}, {"time": None}],
)
async def test_a_change_of_margin_that_is_not_known_is_not_guessed_at(
    venue: CcxtVenue, wire: Wire, change: dict[str, object]
) -> None:
    wire.serve("GET", HISTORY, [margin_row(**change)])
    with pytest.raises(VenueFault):
        await venue.moves(ADD, BTC, EPOCH_MS)


async def test_linear_margin_must_say_who_changed_it_and_coin_m_does_not(venue: CcxtVenue, wire: Wire) -> None:
    untold = margin_row(symbol="BTCUSD_PERP", asset="BTC")
    del untold["deltaType"]
    wire.serve("GET", HISTORY, [{**untold, "symbol": "BTCUSDT"}])
    with pytest.raises(VenueFault):
        await venue.moves(ADD, BTC, EPOCH_MS)
    wire.serve("GET", "/dapi/v1/positionMargin/history", [untold])
    assert [move.asset for move in await venue.moves(ADD, COIN_M, EPOCH_MS)] == ["BTC"]


# The rest.


async def test_what_is_free_in_spot_may_be_moved_and_nothing_else(venue: CcxtVenue, wire: Wire) -> None:
    assert await venue.free_to_move(Asset("BTC")) == Decimal("0.7")
    assert await venue.free_to_move(USDT) == 0
    wire.serve("GET", "/api/v3/account", {"balances": []})
    with pytest.raises(VenueFault):
        await venue.free_to_move(USDT)


async def test_the_countdown_is_in_milliseconds_and_its_answer_is_checked(venue: CcxtVenue, wire: Wire) -> None:
    wire.serve("POST", COUNTDOWN, {"symbol": "BTCUSDT", "countdownTime": "30000"})
    await venue.dead_man(BTC, 30)
    assert wire.last(COUNTDOWN).params["countdownTime"] == "30000"
    with pytest.raises(VenueFault):
        await venue.dead_man(BTC, 0)
    wire.serve("POST", COUNTDOWN, Reply(status=400, body={"code": -1121, "msg": "Invalid symbol."}))
    with pytest.raises(VenueRejected):
        await venue.dead_man(BTC, 30)


async def test_demo_trading_has_no_transfers_but_spot_and_margin(wire: Wire, clock: HandClock) -> None:
    balances = [{"asset": "USDT", "free": "9", "locked": "0"}]
    wire.serve("GET", "/api/v3/account", {"balances": balances, "commissionRates": {"taker": "0.00150000"}})
    venue = open_venue(spec("testnet"), clock=clock, session=wire, symbols=[BTC], spot_symbols=[SPOT])
    await venue.start()
    try:
        assert venue.spot_market(SPOT).taker_fee == Decimal("0.0015")
        outcome = await venue.move(moving(MOVE_IN))
        assert isinstance(outcome, Rejected), outcome
        assert outcome.code == "not-offered"
        for reading in (venue.moves(MOVE_IN, BTC, EPOCH_MS), venue.free_to_move(USDT)):
            with pytest.raises(NotOffered):
                await reading
        assert (await venue.to_sell(USDT)).free == 9, "demo trading tells what is free, though it moves nothing"
        assert wire.count(TRANSFER) == 0
    finally:
        await venue.close()
