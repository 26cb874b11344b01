"""Orders and settings with wrong parameters: each with Binance's own code, and without effect."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeAlias

import pytest

from bot.paper.engine.defaults import BINANCE_STARTING
from bot.paper.engine.exchange import Exchange
from bot.paper.wire.binance import BinanceFacade
from bot.paper.wire.http import Response

Binance: TypeAlias = Any
Wire: TypeAlias = Any
Clock: TypeAlias = Any
ErrorOf: TypeAlias = Callable[[Response], tuple[int, int, str]]
API = "https://api.binance.com"
FAPI = "https://fapi.binance.com"
ACCOUNT = f"{API}/api/v3/account"
ORDER = f"{API}/api/v3/order"
FORDER = f"{FAPI}/fapi/v1/order"
LIMIT = {"symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "104000"}
MARKET = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "1"}


class TestSpotParameters:
    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"symbol": "NOPE"}, -1121),
            ({"symbol": None}, -1102),
            ({"symbol": ""}, -1102),
            ({"side": "HOLD"}, -1117),
            ({"type": "STOP_LOSS"}, -1116),
            ({"timeInForce": "GTX"}, -1115),
            ({"timeInForce": None}, -1102),
            ({"quantity": "1e-05"}, -1100),
            ({"quantity": "-1"}, -1100),
            ({"quantity": "0.123456789"}, -1111),
            ({"quantity": "0.000001"}, -1013),
            ({"quantity": "0"}, -1013),
            ({"price": "104000.001"}, -1013),
            ({"price": "0"}, -1013),
            ({"quoteOrderQty": "10"}, -1106),
            ({"reduceOnly": "true"}, -1104),
            ({"newClientOrderId": "x" * 37}, -1100),
            ({"newClientOrderId": "with space"}, -1100),
            ({"newClientOrderId": ""}, -1105),
            ({"type": "MARKET"}, -1106),
            ({"type": "LIMIT_MAKER"}, -1106),
        ],
    )
    def test_orders(self, wire: Wire, exchange: Exchange, changes: dict[str, str | None], code: int) -> None:
        params = {name: value for name, value in {**LIMIT, **changes}.items() if value is not None}
        status, found, _ = wire.refused("POST", ORDER, **params)
        assert (status, found) == (400, code)
        assert exchange.account("paper").orders() == []

    @pytest.mark.parametrize(
        ("quantity", "quote", "code"), [(None, None, -1102), ("1", "100", -1128), ("200", None, -1013)]
    )
    def test_market_orders(self, wire: Wire, quantity: str | None, quote: str | None, code: int) -> None:
        params = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": quantity, "quoteOrderQty": quote}
        sent = {name: value for name, value in params.items() if value is not None}
        assert wire.refused("POST", ORDER, **sent)[1] == code

    def test_answer_styles(self, wire: Wire) -> None:
        maker = {**LIMIT, "type": "LIMIT_MAKER", "quantity": "0.1"}
        del maker["timeInForce"]
        ack = json.loads(wire.send("POST", ORDER, maker).body)
        assert set(ack) == {"symbol", "orderId", "orderListId", "clientOrderId", "transactTime"}
        result = json.loads(wire.send("POST", ORDER, {**LIMIT, "quantity": "0.1", "newOrderRespType": "RESULT"}).body)
        assert "fills" not in result
        assert result["price"] == "104000.00000000"

    def test_lists_and_symbols(self, wire: Wire) -> None:
        ticker = f"{API}/api/v3/ticker/price"
        assert wire.get(ticker, symbol="BTCUSDT") == {"symbol": "BTCUSDT", "price": "100000.00000000"}
        assert len(wire.get(ticker, symbols='["BTCUSDT","BNBUSDT"]')) == 2
        assert wire.refused("GET", ticker, symbols='["NOPE"]')[1] == -1121
        assert wire.refused("GET", ticker, symbols="BTCUSDT")[1] == -1100
        assert wire.refused("GET", ticker, symbols="{}")[1] == -1100
        assert wire.refused("GET", ticker, symbols="[]", symbol="BTCUSDT")[1] == -1128

    def test_windows_and_ids(self, wire: Wire) -> None:
        trades = f"{API}/api/v3/myTrades"
        assert wire.refused("GET", trades, symbol="BTCUSDT", startTime=0, endTime=86_400_001)[1] == -1127
        assert wire.refused("GET", trades, symbol="BTCUSDT", startTime=0, fromId=1)[1] == -1128
        assert wire.get(trades, symbol="BTCUSDT", startTime=0, endTime=86_400_000) == []
        assert wire.refused("GET", ORDER, symbol="BTCUSDT")[1] == -1102
        assert wire.refused("GET", ORDER, symbol="BTCUSDT", orderId="670fd33bf9406e0007ab3945")[1] == -1100
        klines = f"{API}/api/v3/klines"
        assert wire.refused("GET", klines, symbol="BTCUSDT", interval="7m") == (400, -1120, "Invalid interval.")
        assert len(wire.get(klines, symbol="BTCUSDT", interval="1w", limit=2)) == 2
        assert wire.refused("GET", ACCOUNT, omitZeroBalances="maybe")[1] == -1100

    def test_cancel_replace_failures(self, wire: Wire) -> None:
        url = f"{API}/api/v3/order/cancelReplace"
        base = {**LIMIT, "quantity": "0.1", "cancelReplaceMode": "STOP_ON_FAILURE"}
        assert wire.refused("POST", url, **base)[1] == -1102
        assert wire.refused("POST", url, **{**base, "cancelReplaceMode": "MAYBE"})[1] == -1100
        stopped = json.loads(wire.send("POST", url, {**base, "cancelOrderId": 5}).body)
        assert (stopped["code"], stopped["data"]["newOrderResult"]) == (-2022, "NOT_ATTEMPTED")
        go_on = {**base, "cancelReplaceMode": "ALLOW_FAILURE", "cancelOrderId": 5}
        response = wire.send("POST", url, go_on)
        partly = json.loads(response.body)
        assert (response.status, partly["code"], partly["data"]["newOrderResult"]) == (409, -2021, "SUCCESS")
        order_id = partly["data"]["newOrderResponse"]["orderId"]
        greedy = {**base, "quantity": "5", "cancelOrderId": order_id}
        response = wire.send("POST", url, greedy)
        lost = json.loads(response.body)
        assert (response.status, lost["data"]["cancelResult"], lost["data"]["newOrderResponse"]["code"]) == (
            409,
            "SUCCESS",
            -2010,
        )
        both = json.loads(wire.send("POST", url, {**go_on, "quantity": "5"}).body)
        assert (both["code"], both["data"]["newOrderResult"]) == (-2022, "FAILURE")


class TestLinearParameters:
    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"symbol": "NOPE"}, -1121),
            ({"side": "HOLD"}, -1117),
            ({"type": "STOP_MARKET"}, -4120),
            ({"type": "ODD"}, -1116),
            ({"timeInForce": "ODD"}, -1115),
            ({"timeInForce": None}, -1102),
            ({"quantity": "0"}, -4003),
            ({"quantity": "0.0001"}, -1111),
            ({"quantity": "2000"}, -4005),
            ({"price": "0"}, -4001),
            ({"price": "104000.001"}, -1111),
            ({"price": "104000.05"}, -4014),
            ({"price": "999999999"}, -4002),
            ({"price": "80000"}, -4131),
            ({"quantity": "0.001", "price": "99990"}, -4164),
            ({"positionSide": "LONG"}, -4061),
            ({"positionSide": "ODD"}, -4060),
            ({"newClientOrderId": "x" * 37}, -4015),
            ({"reduceOnly": "true"}, -2022),
            ({"timeInForce": "GTX", "price": "99000"}, -5022),
            ({"type": "MARKET"}, -1106),
            ({"type": "MARKET", "timeInForce": None}, -1106),
        ],
    )
    def test_orders(self, wire: Wire, exchange: Exchange, changes: dict[str, str | None], code: int) -> None:
        params = {name: value for name, value in {**LIMIT, **changes}.items() if value is not None}
        status, found, _ = wire.refused("POST", FORDER, **params)
        assert (status, found) == (400, code)
        assert exchange.account("paper").orders() == []

    def test_least_quantity_and_market_closed(
        self, wire: Wire, exchange: Exchange, error_of: ErrorOf, clock: Clock
    ) -> None:
        listing = exchange.listings["linear:BTCUSDT"]
        strict = replace(listing, quantity_min=Decimal("0.01"))
        shut = replace(exchange.listings["linear:ETHUSDT"], status="SETTLING")
        spot_shut = replace(exchange.listings["spot:BTCUSDT"], status="BREAK")
        other = Exchange(name="binance", listings=[strict, shut, spot_shut], starting=BINANCE_STARTING, time_ms=clock)
        wire.facade = BinanceFacade(other)
        small = wire.refused("POST", FORDER, **{**LIMIT, "quantity": "0.01", "price": "9000.1", "side": "BUY"})
        assert small == (
            400,
            -4164,
            "Order's notional must be no smaller than 100 (unless you choose reduce only).",
        )
        assert wire.refused("POST", FORDER, **{**LIMIT, "quantity": "0.005"})[1] == -4004
        assert wire.refused("POST", FORDER, **{**LIMIT, "symbol": "ETHUSDT", "price": "4000"})[1] == -4141
        assert wire.refused("POST", ORDER, **LIMIT) == (400, -1013, "Market is closed.")

    def test_settings(self, wire: Wire) -> None:
        leverage, margin = f"{FAPI}/fapi/v1/leverage", f"{FAPI}/fapi/v1/marginType"
        mode, add = f"{FAPI}/fapi/v1/positionSide/dual", f"{FAPI}/fapi/v1/positionMargin"
        btc = {"symbol": "BTCUSDT"}
        for raw in ("0", "126", "1.5", "x"):
            assert wire.refused("POST", leverage, **btc, leverage=raw) == (400, -4028, f"Leverage {raw} is not valid")
        same = wire.refused("POST", margin, **btc, marginType="CROSSED")
        assert same == (400, -4046, "No need to change margin type.")
        assert wire.refused("POST", margin, **btc, marginType="ODD")[1] == -1130
        assert wire.refused("POST", mode, dualSidePosition="false") == (400, -4059, "No need to change position side.")
        assert wire.refused("POST", add, **btc, amount="1", type="3")[1] == -1100
        assert wire.refused("POST", add, **btc, amount="1", type="1", positionSide="ODD")[1] == -4060
        wire.send("POST", FORDER, LIMIT)
        assert wire.refused("POST", margin, **btc, marginType="ISOLATED")[1] == -4047
        assert wire.refused("POST", mode, dualSidePosition="true")[1] == -4067
        wire.send("DELETE", f"{FAPI}/fapi/v1/allOpenOrders", btc)
        wire.send("POST", FORDER, MARKET)
        assert wire.refused("POST", margin, **btc, marginType="ISOLATED")[1] == -4048
        assert wire.refused("POST", mode, dualSidePosition="true")[1] == -4068
        assert wire.refused("POST", add, **btc, amount="1", type="1")[1] == -4049

    def test_margin_of_an_isolated_position(self, wire: Wire) -> None:
        btc, add = {"symbol": "BTCUSDT"}, f"{FAPI}/fapi/v1/positionMargin"
        wire.send("POST", f"{FAPI}/fapi/v1/marginType", {**btc, "marginType": "ISOLATED"})
        wire.send("POST", f"{FAPI}/fapi/v1/leverage", {**btc, "leverage": 2})
        assert wire.refused("POST", add, **btc, amount="1", type="1")[1] == -4054
        wire.send("POST", FORDER, MARKET)
        assert wire.refused("POST", add, **btc, amount="1000000", type="1")[1] == -4050
        assert wire.refused("POST", add, **btc, amount="40000", type="2")[1] == -4051
        assert wire.refused("POST", f"{FAPI}/fapi/v1/leverage", **btc, leverage=1)[1] == -4161

    def test_hedge_mode(self, wire: Wire) -> None:
        wire.send("POST", f"{FAPI}/fapi/v1/positionSide/dual", {"dualSidePosition": "true"})
        assert wire.refused("POST", FORDER, **LIMIT)[1] == -4061
        assert wire.refused("POST", FORDER, **LIMIT, positionSide="SHORT", reduceOnly="true")[1] == -1106
        assert len(wire.get(f"{FAPI}/fapi/v2/positionRisk", symbol="BTCUSDT")) == 2

    def test_modify(self, wire: Wire) -> None:
        order = json.loads(wire.send("POST", FORDER, LIMIT).body)
        change = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "1", "orderId": order["orderId"]}
        assert wire.refused("PUT", FORDER, **change, price="104000")[1] == -5027
        assert wire.refused("PUT", FORDER, **{**change, "side": "BUY"}, price="104100")[1] == -2013
        assert wire.refused("PUT", FORDER, **change, price="80000")[1] == -4131
        assert wire.get(FORDER, symbol="BTCUSDT", orderId=order["orderId"])["status"] == "NEW"

    def test_windows(self, wire: Wire) -> None:
        trades, week_ms = f"{FAPI}/fapi/v1/userTrades", 7 * 86_400_000
        assert wire.refused("GET", trades, symbol="BTCUSDT", startTime=0, endTime=week_ms + 1)[1] == -1127
        assert wire.get(trades, symbol="BTCUSDT", startTime=0, endTime=week_ms) == []
        assert wire.refused("GET", FORDER, symbol="BTCUSDT")[1] == -1102
