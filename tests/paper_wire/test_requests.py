"""Keys, signatures, windows, limits, hosts and malformed parameters: the request itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeAlias

import ccxt
import pytest

from bot.paper.engine.defaults import DEFAULT_STARTING
from bot.paper.engine.exchange import Exchange
from bot.paper.wire.binance import BinanceFacade, Limits
from bot.paper.wire.binance.signing import sign
from bot.paper.wire.http import Request

Binance: TypeAlias = Any
API = "https://api.binance.com"
FAPI = "https://fapi.binance.com"
ACCOUNT = f"{API}/api/v3/account"
ORDER = f"{API}/api/v3/order"
FORDER = f"{FAPI}/fapi/v1/order"
LIMIT = {"symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "104000"}
MARKET = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "1"}


@pytest.mark.parametrize("url", [ACCOUNT, f"{FAPI}/fapi/v3/account", f"{API}/sapi/v1/account/apiRestrictions"])
class TestKeys:
    def test_unknown_key(self, wire: Any, error_of: Any, url: str) -> None:
        answer = error_of(wire.send("GET", url, key="stranger"))
        assert answer == (401, -2015, "Invalid API-key, IP, or permissions for action.")

    @pytest.mark.parametrize("key", ["", "paper key", "paper\u00e9"])
    def test_malformed_key(self, wire: Any, error_of: Any, url: str, key: str) -> None:
        assert error_of(wire.send("GET", url, key=key)) == (401, -2014, "API-key format invalid.")

    def test_wrong_secret(self, wire: Any, error_of: Any, url: str) -> None:
        answer = error_of(wire.send("GET", url, secret="other"))
        assert answer == (400, -1022, "Signature for this request is not valid.")

    def test_too_old_and_too_new(self, wire: Any, error_of: Any, url: str) -> None:
        now_ms = wire.clock.now_ms
        assert wire.send("GET", url, timestamp=now_ms - 5000).status == 200
        late = error_of(wire.send("GET", url, timestamp=now_ms - 5001))
        assert late == (400, -1021, "Timestamp for this request is outside of the recvWindow.")
        assert wire.send("GET", url, {"recvWindow": 60000}, timestamp=now_ms - 60000).status == 200
        assert wire.send("GET", url, timestamp=now_ms + 1000).status == 200
        early = error_of(wire.send("GET", url, timestamp=now_ms + 1001))
        assert early == (400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.")

    def test_window_too_long(self, wire: Any, error_of: Any, url: str) -> None:
        assert error_of(wire.send("GET", url, {"recvWindow": 60001}))[1] == -1131


def _raw(wire: Any, query: str, body: bytes = b"", method: str = "GET") -> Any:
    host, path = ("api.binance.com", "/api/v3/account") if method == "GET" else ("fapi.binance.com", "/fapi/v1/order")
    request = Request(
        method=method,
        host=host,
        path=path,
        query=query,
        body=body,
        headers={"x-mbx-apikey": "paper"},
        now_ms=wire.clock.now_ms,
    )
    return wire.facade.handle(request)


def test_missing_timestamp_and_signature(wire: Any, error_of: Any) -> None:
    assert error_of(_raw(wire, "signature=00")) == (
        400,
        -1102,
        "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.",
    )
    assert error_of(_raw(wire, f"timestamp={wire.clock.now_ms}"))[1] == -1102
    assert error_of(_raw(wire, "timestamp=now&signature=00"))[1] == -1100


def test_signature_covers_query_and_body_as_sent(wire: Any, error_of: Any) -> None:
    stamp = f"timestamp={wire.clock.now_ms}"
    body = "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=1"
    for query, text, signed in (
        (stamp, body, stamp + body),
        (stamp, f"{body}&newClientOrderId=a%3Ab", f"{stamp}{body}&newClientOrderId=a%3Ab"),
    ):
        in_body = _raw(wire, query, f"{text}&signature={sign(signed)}".encode(), "POST")
        assert in_body.status == 200, in_body.body
        in_query = _raw(wire, f"{query}&signature={sign(signed)}", text.encode(), "POST")
        assert in_query.status == 200
        first = _raw(wire, f"signature={sign(signed)}&{query}", text.encode(), "POST")
        assert first.status == 200
    changed = body.replace("quantity=1", "quantity=2")
    assert error_of(_raw(wire, stamp, f"{changed}&signature={sign(stamp + body)}".encode(), "POST"))[1] == -1022


async def test_clock_skew_is_an_invalid_nonce(make_client: Callable[..., Binance]) -> None:
    client = make_client()
    client.milliseconds = lambda: 0
    with pytest.raises(ccxt.InvalidNonce):
        await client.private_get_account()
    stranger = make_client(apiKey="stranger")
    with pytest.raises(ccxt.AuthenticationError):
        await stranger.private_get_account()


class TestHosts:
    def test_every_live_spot_host(self, wire: Any, facade: Any) -> None:
        for name in ("api", "api1", "api2", "api3", "api4", "api-gcp"):
            assert facade.owns(f"{name}.binance.com")
            assert wire.send("GET", f"https://{name}.binance.com/api/v3/ping", signed=False).status == 200
        for host in ("fapi.binance.com", "dapi.binance.com"):
            kind = host[:4]
            assert wire.send("GET", f"https://{host}/{kind}/v1/ping", signed=False).status == 200
            assert wire.send("GET", f"https://{host}/{kind}/v1/time", signed=False).status == 200
        assert not facade.owns("www.okx.com")

    def test_demo_hosts_have_no_sapi(self, wire: Any) -> None:
        assert wire.send("GET", "https://demo-api.binance.com/api/v3/account").status == 200
        assert wire.send("GET", "https://demo-fapi.binance.com/fapi/v3/account").status == 200
        assert wire.send("GET", "https://demo-dapi.binance.com/dapi/v1/exchangeInfo", signed=False).status == 200
        gone = wire.send("GET", "https://demo-api.binance.com/sapi/v1/system/status")
        assert (gone.status, gone.headers["Content-Type"]) == (404, "text/html")
        assert b"404" in gone.body

    async def test_ccxts_demo_trading(self, make_client: Callable[..., Binance]) -> None:
        demo = make_client()
        demo.enable_demo_trading(True)
        await demo.load_markets()
        assert (await demo.fetch_balance())["BTC"]["total"] == 1
        order = await demo.create_order("BTC/USDT:USDT", "market", "sell", 1)
        assert order["status"] == "closed"
        with pytest.raises(ccxt.NotSupported):
            await demo.fetch_status()

    def test_unknown_paths(self, wire: Any, error_of: Any) -> None:
        assert wire.send("GET", f"{API}/api/v3/nothing").status == 404
        assert wire.send("GET", f"{API}/fapi/v1/time").status == 404
        answer = error_of(wire.send("GET", f"{FAPI}/fapi/v1/nothing"))
        assert answer == (404, -5000, "Path /fapi/v1/nothing, Method GET is invalid")


class TestWeights:
    @pytest.mark.parametrize(
        ("url", "params", "weight"),
        [
            (ACCOUNT, {}, 20),
            (f"{API}/api/v3/exchangeInfo", {}, 20),
            (f"{API}/api/v3/depth", {"symbol": "BTCUSDT", "limit": 100}, 5),
            (f"{API}/api/v3/depth", {"symbol": "BTCUSDT", "limit": 500}, 25),
            (f"{API}/api/v3/depth", {"symbol": "BTCUSDT", "limit": 1000}, 50),
            (f"{API}/api/v3/depth", {"symbol": "BTCUSDT", "limit": 5000}, 250),
            (f"{API}/api/v3/ticker/24hr", {"symbol": "BTCUSDT"}, 2),
            (f"{API}/api/v3/ticker/24hr", {"symbols": '["BTCUSDT"]'}, 2),
            (f"{API}/api/v3/ticker/24hr", {}, 80),
            (f"{API}/api/v3/ticker/bookTicker", {}, 4),
            (f"{API}/api/v3/openOrders", {}, 80),
            (f"{API}/api/v3/openOrders", {"symbol": "BTCUSDT"}, 6),
            (f"{API}/api/v3/myTrades", {"symbol": "BTCUSDT"}, 20),
            (f"{API}/api/v3/myTrades", {"symbol": "BTCUSDT", "orderId": 1}, 5),
            (f"{FAPI}/fapi/v3/account", {}, 5),
            (f"{FAPI}/fapi/v3/positionRisk", {}, 5),
            (f"{FAPI}/fapi/v1/premiumIndex", {}, 10),
            (f"{FAPI}/fapi/v1/premiumIndex", {"symbol": "BTCUSDT"}, 1),
            (f"{FAPI}/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": 5}, 2),
            (f"{FAPI}/fapi/v1/depth", {"symbol": "BTCUSDT"}, 10),
            (f"{FAPI}/fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "1m", "limit": 1000}, 5),
            (f"{FAPI}/fapi/v1/ticker/bookTicker", {}, 5),
            (f"{FAPI}/fapi/v1/openOrders", {}, 40),
            (f"{FAPI}/fapi/v1/income", {}, 30),
            (f"{FAPI}/fapi/v1/positionSide/dual", {}, 30),
            (f"{FAPI}/fapi/v1/commissionRate", {"symbol": "BTCUSDT"}, 20),
        ],
    )
    def test_real_weights_in_the_header(self, wire: Any, url: str, params: dict[str, object], weight: int) -> None:
        response = wire.send("GET", url, params)
        assert (response.status, response.headers["X-MBX-USED-WEIGHT-1M"]) == (200, str(weight))

    def test_sapi_counts_each_endpoint_apart(self, wire: Any) -> None:
        position = f"{API}/sapi/v1/simple-earn/flexible/position"
        for used in ("150", "300"):
            assert wire.send("GET", position).headers["X-SAPI-USED-IP-WEIGHT-1M"] == used
        other = wire.send("GET", f"{API}/sapi/v1/simple-earn/locked/position")
        assert other.headers["X-SAPI-USED-IP-WEIGHT-1M"] == "150"
        transfer = {"type": "MAIN_UMFUTURE", "asset": "USDT", "amount": "1"}
        by_account = wire.send("POST", f"{API}/sapi/v1/asset/transfer", transfer)
        assert by_account.headers["X-SAPI-USED-UID-WEIGHT-1M"] == "900"

    def test_weight_is_reported_on_errors_and_expires(self, wire: Any) -> None:
        assert wire.send("GET", ACCOUNT, secret="other").headers["X-MBX-USED-WEIGHT-1M"] == "20"
        assert wire.send("GET", ACCOUNT).headers["X-MBX-USED-WEIGHT-1M"] == "40"
        wire.clock.now_ms += 60_000
        assert wire.send("GET", ACCOUNT).headers["X-MBX-USED-WEIGHT-1M"] == "20"

    def test_orders_are_counted(self, wire: Any) -> None:
        response = wire.send("POST", FORDER, MARKET)
        assert response.headers["X-MBX-ORDER-COUNT-10S"] == "1"
        assert response.headers["X-MBX-ORDER-COUNT-1M"] == "1"
        assert response.headers["X-MBX-USED-WEIGHT-1M"] == "0"
        spot = wire.send("POST", ORDER, {**MARKET, "quantity": "0.1"})
        assert (spot.headers["X-MBX-ORDER-COUNT-10S"], spot.headers["X-MBX-ORDER-COUNT-1D"]) == ("1", "1")


class TestTooMany:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(
            spot_weight=40,
            linear_weight=10,
            sapi_ip_weight=150,
            linear_orders=(2, 3),
            refusals_before_ban=2,
            ban_ms=120_000,
        )

    @pytest.mark.parametrize(
        ("url", "text"),
        [
            (ACCOUNT, "Too much request weight used; current limit is 40 request weight per 1 MINUTE."),
            (f"{FAPI}/fapi/v3/account", "Too many requests; current limit is 10 requests per minute."),
        ],
    )
    def test_429_then_418_until_the_ban_ends(self, wire: Any, error_of: Any, url: str, text: str) -> None:
        wire.clock.now_ms += 45_000
        assert [wire.send("GET", url).status for _ in range(2)] == [200, 200]
        for _ in range(2):
            response = wire.send("GET", url)
            assert error_of(response)[:2] == (429, -1003)
            assert error_of(response)[2].startswith(text)
            assert response.headers["Retry-After"] == "15"
        banned = wire.send("GET", url)
        assert error_of(banned)[:2] == (418, -1003)
        assert f"banned until {wire.clock.now_ms + 120_000}" in error_of(banned)[2]
        assert banned.headers["Retry-After"] == "120"
        wire.clock.now_ms += 60_000
        assert wire.send("GET", url).headers["Retry-After"] == "60"
        wire.clock.now_ms += 60_000
        assert wire.send("GET", url).status == 200

    def test_a_second_ban_is_twice_as_long(self, wire: Any) -> None:
        for _ in range(5):
            wire.send("GET", ACCOUNT)
        wire.clock.now_ms += 180_000
        answers = [wire.send("GET", ACCOUNT) for _ in range(5)]
        assert answers[-1].headers["Retry-After"] == "240"

    def test_addresses_and_families_are_apart(self, wire: Any) -> None:
        for _ in range(3):
            wire.send("GET", ACCOUNT)
        assert wire.send("GET", ACCOUNT).status == 429
        assert wire.send("GET", f"{FAPI}/fapi/v3/account").status == 200
        assert wire.send("GET", f"{API}/sapi/v1/account/apiRestrictions").status == 200
        request = Request(
            method="GET", host="api.binance.com", path="/api/v3/ping", now_ms=wire.clock.now_ms, client="10.0.0.2"
        )
        assert wire.facade.handle(request).status == 200

    def test_too_many_orders(self, wire: Any, error_of: Any) -> None:
        assert [wire.send("POST", FORDER, MARKET).status for _ in range(2)] == [200, 200]
        third = wire.send("POST", FORDER, MARKET)
        assert error_of(third) == (429, -1015, "Too many new orders; current limit is 2 orders per 10 SECOND.")
        wire.clock.now_ms += 10_000
        assert wire.send("POST", FORDER, MARKET).status == 200
        assert error_of(wire.send("POST", FORDER, MARKET))[2].endswith("3 orders per 1 MINUTE.")

    async def test_ccxt_sees_ddos_protection(self, make_client: Callable[..., Binance], wire: Any) -> None:
        client = make_client()
        for _ in range(2):
            await client.private_get_account()
        with pytest.raises(ccxt.DDoSProtection):
            await client.private_get_account()
        assert client.last_response_headers["Retry-After"] == "60"


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
    def test_orders(self, wire: Any, exchange: Any, changes: dict[str, str | None], code: int) -> None:
        params = {name: value for name, value in {**LIMIT, **changes}.items() if value is not None}
        status, found, _ = wire.refused("POST", ORDER, **params)
        assert (status, found) == (400, code)
        assert exchange.account("paper").orders() == []

    @pytest.mark.parametrize(
        ("quantity", "quote", "code"), [(None, None, -1102), ("1", "100", -1128), ("200", None, -1013)]
    )
    def test_market_orders(self, wire: Any, quantity: str | None, quote: str | None, code: int) -> None:
        params = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": quantity, "quoteOrderQty": quote}
        sent = {name: value for name, value in params.items() if value is not None}
        assert wire.refused("POST", ORDER, **sent)[1] == code

    def test_answer_styles(self, wire: Any) -> None:
        maker = {**LIMIT, "type": "LIMIT_MAKER", "quantity": "0.1"}
        del maker["timeInForce"]
        ack = json.loads(wire.send("POST", ORDER, maker).body)
        assert set(ack) == {"symbol", "orderId", "orderListId", "clientOrderId", "transactTime"}
        result = json.loads(wire.send("POST", ORDER, {**LIMIT, "quantity": "0.1", "newOrderRespType": "RESULT"}).body)
        assert "fills" not in result
        assert result["price"] == "104000.00000000"

    def test_lists_and_symbols(self, wire: Any) -> None:
        ticker = f"{API}/api/v3/ticker/price"
        assert wire.get(ticker, symbol="BTCUSDT") == {"symbol": "BTCUSDT", "price": "100000.00000000"}
        assert len(wire.get(ticker, symbols='["BTCUSDT","BNBUSDT"]')) == 2
        assert wire.refused("GET", ticker, symbols='["NOPE"]')[1] == -1121
        assert wire.refused("GET", ticker, symbols="BTCUSDT")[1] == -1100
        assert wire.refused("GET", ticker, symbols="{}")[1] == -1100
        assert wire.refused("GET", ticker, symbols="[]", symbol="BTCUSDT")[1] == -1128

    def test_windows_and_ids(self, wire: Any) -> None:
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

    def test_cancel_replace_failures(self, wire: Any) -> None:
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
    def test_orders(self, wire: Any, exchange: Any, changes: dict[str, str | None], code: int) -> None:
        params = {name: value for name, value in {**LIMIT, **changes}.items() if value is not None}
        status, found, _ = wire.refused("POST", FORDER, **params)
        assert (status, found) == (400, code)
        assert exchange.account("paper").orders() == []

    def test_least_quantity_and_market_closed(self, wire: Any, exchange: Any, error_of: Any, clock: Any) -> None:
        listing = exchange.listings["linear:BTCUSDT"]
        strict = replace(listing, quantity_min=Decimal("0.01"))
        shut = replace(exchange.listings["linear:ETHUSDT"], status="SETTLING")
        spot_shut = replace(exchange.listings["spot:BTCUSDT"], status="BREAK")
        other = Exchange(name="binance", listings=[strict, shut, spot_shut], starting=DEFAULT_STARTING, time_ms=clock)
        wire.facade = BinanceFacade(other)
        assert wire.refused("POST", FORDER, **{**LIMIT, "quantity": "0.005"})[1] == -4004
        assert wire.refused("POST", FORDER, **{**LIMIT, "symbol": "ETHUSDT", "price": "4000"})[1] == -4141
        assert wire.refused("POST", ORDER, **LIMIT) == (400, -1013, "Market is closed.")

    def test_settings(self, wire: Any) -> None:
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

    def test_margin_of_an_isolated_position(self, wire: Any) -> None:
        btc, add = {"symbol": "BTCUSDT"}, f"{FAPI}/fapi/v1/positionMargin"
        wire.send("POST", f"{FAPI}/fapi/v1/marginType", {**btc, "marginType": "ISOLATED"})
        wire.send("POST", f"{FAPI}/fapi/v1/leverage", {**btc, "leverage": 2})
        assert wire.refused("POST", add, **btc, amount="1", type="1")[1] == -4054
        wire.send("POST", FORDER, MARKET)
        assert wire.refused("POST", add, **btc, amount="1000000", type="1")[1] == -4050
        assert wire.refused("POST", add, **btc, amount="40000", type="2")[1] == -4051
        assert wire.refused("POST", f"{FAPI}/fapi/v1/leverage", **btc, leverage=1)[1] == -4161

    def test_hedge_mode(self, wire: Any) -> None:
        wire.send("POST", f"{FAPI}/fapi/v1/positionSide/dual", {"dualSidePosition": "true"})
        assert wire.refused("POST", FORDER, **LIMIT)[1] == -4061
        assert wire.refused("POST", FORDER, **LIMIT, positionSide="SHORT", reduceOnly="true")[1] == -1106
        assert len(wire.get(f"{FAPI}/fapi/v2/positionRisk", symbol="BTCUSDT")) == 2

    def test_modify(self, wire: Any) -> None:
        order = json.loads(wire.send("POST", FORDER, LIMIT).body)
        change = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "1", "orderId": order["orderId"]}
        assert wire.refused("PUT", FORDER, **change, price="104000")[1] == -5027
        assert wire.refused("PUT", FORDER, **{**change, "side": "BUY"}, price="104100")[1] == -2013
        assert wire.refused("PUT", FORDER, **change, price="80000")[1] == -4131
        assert wire.get(FORDER, symbol="BTCUSDT", orderId=order["orderId"])["status"] == "NEW"

    def test_windows(self, wire: Any) -> None:
        trades, week_ms = f"{FAPI}/fapi/v1/userTrades", 7 * 86_400_000
        assert wire.refused("GET", trades, symbol="BTCUSDT", startTime=0, endTime=week_ms + 1)[1] == -1127
        assert wire.get(trades, symbol="BTCUSDT", startTime=0, endTime=week_ms) == []
        assert wire.refused("GET", FORDER, symbol="BTCUSDT")[1] == -1102
