"""Keys, signatures, windows and hosts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from ccxt.base.errors import AuthenticationError, InvalidNonce, NotSupported

from bot.paper.wire.binance import BinanceFacade
from bot.paper.wire.binance.signing import sign
from bot.paper.wire.http import Request, Response

Binance: TypeAlias = Any
Wire: TypeAlias = Any
ErrorOf: TypeAlias = Callable[[Response], tuple[int, int, str]]
API = "https://api.binance.com"
FAPI = "https://fapi.binance.com"
ACCOUNT = f"{API}/api/v3/account"
LIMIT = {"symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "104000"}
MARKET = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "1"}


@pytest.mark.parametrize("url", [ACCOUNT, f"{FAPI}/fapi/v3/account", f"{API}/sapi/v1/account/apiRestrictions"])
class TestKeys:
    def test_unknown_key(self, wire: Wire, error_of: ErrorOf, url: str) -> None:
        answer = error_of(wire.send("GET", url, key="stranger"))
        assert answer == (401, -2015, "Invalid API-key, IP, or permissions for action.")

    @pytest.mark.parametrize("key", ["", "paper key", "paper\u00e9"])
    def test_malformed_key(self, wire: Wire, error_of: ErrorOf, url: str, key: str) -> None:
        assert error_of(wire.send("GET", url, key=key)) == (401, -2014, "API-key format invalid.")

    def test_wrong_secret(self, wire: Wire, error_of: ErrorOf, url: str) -> None:
        answer = error_of(wire.send("GET", url, secret="other"))
        assert answer == (400, -1022, "Signature for this request is not valid.")

    def test_too_old_and_too_new(self, wire: Wire, error_of: ErrorOf, url: str) -> None:
        now_ms = wire.clock.now_ms
        assert wire.send("GET", url, timestamp=now_ms - 5000).status == 200
        late = error_of(wire.send("GET", url, timestamp=now_ms - 5001))
        assert late == (400, -1021, "Timestamp for this request is outside of the recvWindow.")
        assert wire.send("GET", url, {"recvWindow": 60000}, timestamp=now_ms - 60000).status == 200
        assert wire.send("GET", url, timestamp=now_ms + 1000).status == 200
        early = error_of(wire.send("GET", url, timestamp=now_ms + 1001))
        assert early == (400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.")

    def test_window_too_long(self, wire: Wire, error_of: ErrorOf, url: str) -> None:
        assert error_of(wire.send("GET", url, {"recvWindow": 60001}))[1] == -1131


def _raw(wire: Wire, query: str, body: bytes = b"", method: str = "GET") -> Response:
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
    response: Response = wire.facade.handle(request)
    return response


def test_missing_timestamp_and_signature(wire: Wire, error_of: ErrorOf) -> None:
    assert error_of(_raw(wire, "signature=00")) == (
        400,
        -1102,
        "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.",
    )
    assert error_of(_raw(wire, f"timestamp={wire.clock.now_ms}"))[1] == -1102
    assert error_of(_raw(wire, "timestamp=now&signature=00"))[1] == -1100


def test_signature_covers_query_and_body_as_sent(wire: Wire, error_of: ErrorOf) -> None:
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
    with pytest.raises(InvalidNonce):
        await client.private_get_account()
    stranger = make_client(apiKey="stranger")
    with pytest.raises(AuthenticationError):
        await stranger.private_get_account()


class TestHosts:
    def test_every_live_spot_host(self, wire: Wire, facade: BinanceFacade) -> None:
        for name in ("api", "api1", "api2", "api3", "api4", "api-gcp"):
            assert facade.owns(f"{name}.binance.com")
            assert wire.send("GET", f"https://{name}.binance.com/api/v3/ping", signed=False).status == 200
        for host in ("fapi.binance.com", "dapi.binance.com"):
            kind = host[:4]
            assert wire.send("GET", f"https://{host}/{kind}/v1/ping", signed=False).status == 200
            assert wire.send("GET", f"https://{host}/{kind}/v1/time", signed=False).status == 200
        assert not facade.owns("www.okx.com")

    def test_demo_hosts_have_no_sapi(self, wire: Wire) -> None:
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
        with pytest.raises(NotSupported):
            await demo.fetch_status()

    def test_unknown_paths(self, wire: Wire, error_of: ErrorOf) -> None:
        assert wire.send("GET", f"{API}/api/v3/nothing").status == 404
        assert wire.send("GET", f"{API}/fapi/v1/time").status == 404
        answer = error_of(wire.send("GET", f"{FAPI}/fapi/v1/nothing"))
        assert answer == (404, -5000, "Path /fapi/v1/nothing, Method GET is invalid")
