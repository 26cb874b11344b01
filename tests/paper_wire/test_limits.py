"""Request weights, order counts, 429 and 418."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from ccxt.base.errors import DDoSProtection

from bot.paper.wire.binance import Limits
from bot.paper.wire.http import Request, Response

Binance: TypeAlias = Any
Wire: TypeAlias = Any
ErrorOf: TypeAlias = Callable[[Response], tuple[int, int, str]]
API = "https://api.binance.com"
FAPI = "https://fapi.binance.com"
ACCOUNT = f"{API}/api/v3/account"
ORDER = f"{API}/api/v3/order"
FORDER = f"{FAPI}/fapi/v1/order"
LIMIT = {"symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "104000"}
MARKET = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "1"}


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
    def test_real_weights_in_the_header(self, wire: Wire, url: str, params: dict[str, object], weight: int) -> None:
        response = wire.send("GET", url, params)
        assert (response.status, response.headers["X-MBX-USED-WEIGHT-1M"]) == (200, str(weight))

    def test_sapi_counts_each_endpoint_apart(self, wire: Wire) -> None:
        position = f"{API}/sapi/v1/simple-earn/flexible/position"
        for used in ("150", "300"):
            assert wire.send("GET", position).headers["X-SAPI-USED-IP-WEIGHT-1M"] == used
        other = wire.send("GET", f"{API}/sapi/v1/simple-earn/locked/position")
        assert other.headers["X-SAPI-USED-IP-WEIGHT-1M"] == "150"
        transfer = {"type": "MAIN_UMFUTURE", "asset": "USDT", "amount": "1"}
        by_account = wire.send("POST", f"{API}/sapi/v1/asset/transfer", transfer)
        assert by_account.headers["X-SAPI-USED-UID-WEIGHT-1M"] == "900"

    def test_weight_is_reported_on_errors_and_expires(self, wire: Wire) -> None:
        assert wire.send("GET", ACCOUNT, secret="other").headers["X-MBX-USED-WEIGHT-1M"] == "20"
        assert wire.send("GET", ACCOUNT).headers["X-MBX-USED-WEIGHT-1M"] == "40"
        wire.clock.now_ms += 60_000
        assert wire.send("GET", ACCOUNT).headers["X-MBX-USED-WEIGHT-1M"] == "20"

    def test_orders_are_counted(self, wire: Wire) -> None:
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
    def test_429_then_418_until_the_ban_ends(self, wire: Wire, error_of: ErrorOf, url: str, text: str) -> None:
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

    def test_a_second_ban_is_twice_as_long(self, wire: Wire) -> None:
        for _ in range(5):
            wire.send("GET", ACCOUNT)
        wire.clock.now_ms += 180_000
        answers = [wire.send("GET", ACCOUNT) for _ in range(5)]
        assert answers[-1].headers["Retry-After"] == "240"

    def test_addresses_and_families_are_apart(self, wire: Wire) -> None:
        for _ in range(3):
            wire.send("GET", ACCOUNT)
        assert wire.send("GET", ACCOUNT).status == 429
        assert wire.send("GET", f"{FAPI}/fapi/v3/account").status == 200
        assert wire.send("GET", f"{API}/sapi/v1/account/apiRestrictions").status == 200
        request = Request(
            method="GET", host="api.binance.com", path="/api/v3/ping", now_ms=wire.clock.now_ms, client="10.0.0.2"
        )
        assert wire.facade.handle(request).status == 200

    def test_too_many_orders(self, wire: Wire, error_of: ErrorOf) -> None:
        assert [wire.send("POST", FORDER, MARKET).status for _ in range(2)] == [200, 200]
        third = wire.send("POST", FORDER, MARKET)
        assert error_of(third) == (429, -1015, "Too many new orders; current limit is 2 orders per 10 SECOND.")
        wire.clock.now_ms += 10_000
        assert wire.send("POST", FORDER, MARKET).status == 200
        assert error_of(wire.send("POST", FORDER, MARKET))[2].endswith("3 orders per 1 MINUTE.")

    async def test_ccxt_sees_ddos_protection(self, make_client: Callable[..., Binance], wire: Wire) -> None:
        client = make_client()
        for _ in range(2):
            await client.private_get_account()
        with pytest.raises(DDoSProtection):
            await client.private_get_account()
        assert client.last_response_headers["Retry-After"] == "60"
