"""KuCoin's door: paths, headers, signatures, weights, and parameters that make no sense."""

from __future__ import annotations

import json

import pytest

from bot.paper.wire.kucoin import Limits
from tests.paper_wire.kucoin import FUTURES_HOST, SPOT_HOST, Bench, error_of, signature

ACCOUNTS = f"{SPOT_HOST}/api/v1/accounts"
POSITIONS = f"{FUTURES_HOST}/api/v1/positions"


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_only_kucoins_hosts_are_served(bench: Bench) -> None:
    hosts = ("api.kucoin.com", "api-futures.kucoin.com", "openapi-v2.kucoin.com", "ws-api-spot.kucoin.com")
    assert all(bench.facade.owns(host) for host in hosts)
    assert not bench.facade.owns("api.binance.com")
    assert error_of(bench.send("GET", f"{SPOT_HOST}/api/v9/none", signed=False)) == (404, "404000", "Url Not Found")
    assert error_of(bench.send("PUT", ACCOUNTS))[:2] == (404, "404000")
    assert error_of(bench.send("GET", f"{SPOT_HOST}/api/v1/contracts/active", signed=False))[1] == "404000"


def test_time_is_the_same_on_both_hosts(bench: Bench) -> None:
    for host in (SPOT_HOST, FUTURES_HOST):
        assert bench.data("GET", f"{host}/api/v1/timestamp") == bench.clock.now_ms
        assert bench.data("GET", f"{host}/api/v1/status")["status"] == "open"


@pytest.mark.parametrize("name", ["KC-API-KEY", "KC-API-SIGN", "KC-API-TIMESTAMP", "KC-API-PASSPHRASE"])
def test_each_of_the_four_headers_is_needed(bench: Bench, name: str) -> None:
    assert error_of(bench.send("GET", ACCOUNTS, headers={name: None}))[:2] == (401, "400001")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"KC-API-KEY": "stranger"}, "400003"),
        ({"KC-API-KEY": "paper key"}, "400003"),
        ({"KC-API-PASSPHRASE": "paper"}, "400004"),
        ({"KC-API-PASSPHRASE": signature("other", "paper")}, "400004"),
        ({"KC-API-KEY-VERSION": "1"}, "400004"),
        ({"KC-API-SIGN": signature("something else", "paper")}, "400005"),
        ({"KC-API-TIMESTAMP": "soon"}, "400002"),
    ],
)
def test_authentication_is_refused_with_its_own_code(bench: Bench, headers: dict[str, str | None], code: str) -> None:
    for url in (ACCOUNTS, POSITIONS):
        assert error_of(bench.send("GET", url, headers=headers))[:2] == (401, code)


def test_another_secret_signs_nothing(bench: Bench) -> None:
    assert error_of(bench.send("GET", ACCOUNTS, secret="other"))[1] == "400004"


@pytest.mark.parametrize(("off_ms", "accepted"), [(-5000, True), (5000, True), (-5001, False), (5001, False)])
def test_r21_a_timestamp_is_good_for_five_seconds(bench: Bench, off_ms: int, accepted: bool) -> None:
    body = json.loads(bench.send("GET", ACCOUNTS, stamp=bench.clock.now_ms + off_ms).body)
    assert body["code"] == ("200000" if accepted else "400002")


def test_the_signature_covers_query_and_body(bench: Bench) -> None:
    assert bench.data("GET", ACCOUNTS, {"type": "trade_hf"})
    assert bench.refused("POST", f"{SPOT_HOST}/api/v1/hf/orders", {"symbol": "BTC-USDT"})[0] == "400100"


def test_weights_are_reported_and_refused_by_pool() -> None:
    bench = Bench(Limits(management=12, futures=4))
    first = bench.send("GET", ACCOUNTS)
    assert first.headers["gw-ratelimit-limit"] == "12"
    assert first.headers["gw-ratelimit-remaining"] == "7"
    assert first.headers["gw-ratelimit-reset"] == "30000"
    bench.clock.now_ms += 1000
    assert bench.send("GET", ACCOUNTS).headers["gw-ratelimit-reset"] == "29000"
    refused = bench.send("GET", ACCOUNTS)
    assert error_of(refused)[:2] == (429, "429000")
    assert refused.headers["gw-ratelimit-remaining"] == "2"
    assert bench.send("GET", POSITIONS).status == 200, "another pool"
    bench.clock.now_ms += 29_000
    assert bench.send("GET", ACCOUNTS).status == 200


def test_private_pools_count_by_account_and_the_public_one_by_address() -> None:
    bench = Bench(Limits(management=5, public=15))
    assert bench.send("GET", ACCOUNTS).status == 200
    assert bench.send("GET", ACCOUNTS).status == 429
    bench.key = "paper2"
    assert bench.send("GET", ACCOUNTS).status == 200
    tickers = f"{SPOT_HOST}/api/v1/market/allTickers"
    assert bench.send("GET", tickers, signed=False).status == 200
    assert bench.send("GET", tickers, signed=False).status == 429


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("/api/v1/market/stats", {}, "400100"),
        ("/api/v1/market/stats", {"symbol": "XYZ-USDT"}, "900001"),
        ("/api/v1/market/candles", {"symbol": "BTC-USDT", "type": "7min"}, "400100"),
        ("/api/v1/accounts", {"type": "none"}, "400100"),
        ("/api/v1/accounts/abc", {}, "400100"),
        ("/api/v1/accounts/ledgers", {"pageSize": "501"}, "400100"),
        ("/api/v1/accounts/ledgers", {"startAt": "yesterday"}, "400100"),
        ("/api/v1/trade-fees", {"symbols": "XYZ-USDT"}, "400100"),
        ("/api/v3/currencies/XBT", {}, "400100"),
        ("/api/v1/deposit-addresses", {"currency": "XYZ"}, "400100"),
    ],
)
def test_spot_parameters_that_make_no_sense(bench: Bench, path: str, params: dict[str, str], code: str) -> None:
    assert bench.refused("GET", f"{SPOT_HOST}{path}", params)[0] == code


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("/api/v1/ticker", {}, "400100"),
        ("/api/v1/ticker", {"symbol": "BTC-USDT"}, "200003"),
        ("/api/v1/contracts/XBTMH", {}, "200003"),
        ("/api/v1/kline/query", {"symbol": "XBTUSDTM", "granularity": "7"}, "400100"),
        ("/api/v1/account-overview", {"currency": "BTC"}, "400100"),
        ("/api/v1/orders", {"status": "open"}, "400100"),
        ("/api/v1/fills", {"pageSize": "1001"}, "400100"),
    ],
)
def test_futures_parameters_that_make_no_sense(bench: Bench, path: str, params: dict[str, str], code: str) -> None:
    assert bench.refused("GET", f"{FUTURES_HOST}{path}", params)[0] == code


def test_bitcoin_is_xbt_on_futures_and_nowhere_else(bench: Bench) -> None:
    assert {row["currency"] for row in bench.data("GET", f"{SPOT_HOST}/api/v3/currencies")} == {
        "BTC",
        "ETH",
        "BNB",
        "PEPE",
        "USDC",
        "USDT",
    }
    contracts = {row["symbol"]: row for row in bench.data("GET", f"{FUTURES_HOST}/api/v1/contracts/active")}
    linear, inverse = contracts["XBTUSDTM"], contracts["XBTUSDM"]
    assert (linear["baseCurrency"], linear["settleCurrency"], str(linear["multiplier"])) == ("XBT", "USDT", "0.001")
    assert (inverse["baseCurrency"], inverse["settleCurrency"], inverse["multiplier"]) == ("XBT", "XBT", -1)
    assert (inverse["isInverse"], linear["isInverse"]) == (True, False)
    assert contracts["10000PEPEUSDTM"]["baseCurrency"] == "10000PEPE"
    dated = contracts["XBTMH"]
    assert dated["expireDate"] > bench.clock.now_ms
    assert dated["nextFundingRateTime"] is None


@pytest.mark.parametrize("symbol", ["XBTUSDTM", "ETHUSDTM", "10000PEPEUSDTM", "XBTUSDM"])
def test_r7_volumes_speak_of_contract_sizes(bench: Bench, symbol: str) -> None:
    """Turnover over volume is the price of a coin for linear contracts, and its inverse for inverse ones."""
    row = bench.data("GET", f"{FUTURES_HOST}/api/v1/contracts/{symbol}")
    volume, turnover, mark = row["volumeOf24h"], row["turnoverOf24h"], row["markPrice"]
    worth = volume / mark if row["isInverse"] else volume * mark
    assert abs(worth / turnover - 1) < 1e-6
