"""Who may ask, how often, and how OKX words a bad request."""

from __future__ import annotations

import json

import pytest
from ccxt.base.errors import AuthenticationError, InvalidNonce, RateLimitExceeded

from bot.paper.wire.http import Request
from bot.paper.wire.okx import Limits
from tests.paper_wire.okx import INVERSE, SPOT, SWAP, Bench, data_of, signature, stamp, wanted

BALANCE = "account/balance"
ORDER = "trade/order"


@pytest.fixture
def okx() -> Bench:
    return Bench()


def code_of(okx: Bench, **how: object) -> tuple[int, str]:
    response = okx.send("GET", BALANCE, **how)  # type: ignore[arg-type]
    return response.status, json.loads(response.body)["code"]


class TestWhoAsks:
    def test_every_member_of_the_envelope_is_there(self, okx: Bench) -> None:
        body = json.loads(okx.send("GET", BALANCE).body)
        assert (body["code"], body["msg"], len(body["data"])) == ("0", "", 1)

    @pytest.mark.parametrize(
        ("header", "code"),
        [
            ("OK-ACCESS-KEY", "50103"),
            ("OK-ACCESS-PASSPHRASE", "50104"),
            ("OK-ACCESS-SIGN", "50106"),
            ("OK-ACCESS-TIMESTAMP", "50107"),
        ],
    )
    def test_a_header_is_missing(self, okx: Bench, header: str, code: str) -> None:
        assert code_of(okx, headers={header: None}) == (401, code)

    @pytest.mark.parametrize(
        ("headers", "refused"),
        [
            ({"OK-ACCESS-KEY": "no key at all!"}, (401, "50111")),
            ({"OK-ACCESS-KEY": "somebody"}, (200, "50119")),
            ({"OK-ACCESS-PASSPHRASE": "guess"}, (401, "50105")),
            ({"OK-ACCESS-SIGN": "bm9uc2Vuc2U="}, (401, "50113")),
            ({"OK-ACCESS-SIGN": "ü"}, (401, "50113")),
            ({"OK-ACCESS-TIMESTAMP": "1767229200"}, (401, "50112")),
            ({"OK-ACCESS-TIMESTAMP": "2026-13-01T00:00:00.000Z"}, (401, "50112")),
        ],
    )
    def test_a_header_is_wrong(self, okx: Bench, headers: dict[str, str], refused: tuple[int, str]) -> None:
        assert code_of(okx, headers=headers) == refused

    def test_another_secret_signs_in_vain(self, okx: Bench) -> None:
        assert code_of(okx, secret="other") == (401, "50113")

    @pytest.mark.parametrize(("late_ms", "good"), [(30_000, True), (30_001, False), (-30_000, True), (-30_001, False)])
    def test_thirty_seconds_each_way(self, okx: Bench, late_ms: int, *, good: bool) -> None:
        expected = (200, "0") if good else (401, "50102")
        assert code_of(okx, at_ms=okx.clock.now_ms - late_ms) == expected

    @pytest.mark.parametrize(("query", "body"), [("ccy=ETH", b""), ("ccy=BTC", b"{}")])
    def test_the_signature_covers_query_and_body(self, okx: Bench, query: str, body: bytes) -> None:
        time = stamp(okx.clock.now_ms)
        forged = Request(
            method="GET",
            host="www.okx.com",
            path="/api/v5/account/balance",
            query=query,
            body=body,
            headers={
                "OK-ACCESS-KEY": "paper",
                "OK-ACCESS-PASSPHRASE": "paper",
                "OK-ACCESS-TIMESTAMP": time,
                "OK-ACCESS-SIGN": signature(f"{time}GET/api/v5/account/balance?ccy=BTC"),
            },
            now_ms=okx.clock.now_ms,
        )
        assert json.loads(okx.facade.handle(forged).body)["code"] == "50113"

    @pytest.mark.parametrize(
        ("key", "demo", "good"),
        [
            ("paper", "0", True),
            ("paper", "1", True),
            ("paper-demo", "1", True),
            ("paper-demo", "0", False),
            ("paper-live", "0", True),
            ("paper-live", "1", False),
        ],
    )
    def test_a_key_belongs_to_its_environment(self, okx: Bench, key: str, demo: str, *, good: bool) -> None:
        okx.key = key
        assert code_of(okx, headers={"x-simulated-trading": demo}) == ((200, "0") if good else (401, "50101"))

    def test_simulated_trading_has_no_earn(self, okx: Bench) -> None:
        response = okx.send("GET", "finance/savings/balance", headers={"x-simulated-trading": "1"})
        assert json.loads(response.body)["code"] == "50038"
        assert okx.send("GET", "asset/balances", headers={"x-simulated-trading": "1"}).status == 200

    def test_a_key_that_reads_only_cannot_trade(self, okx: Bench) -> None:
        okx.key = "paper-readonly"
        assert okx.get("account/config")[0]["perm"] == "read_only"
        assert okx.refused("POST", ORDER, wanted(SPOT, "buy", "100")) == (200, "50120")

    def test_what_a_key_may_do_is_told(self, okx: Bench) -> None:
        assert okx.get("account/config")[0]["perm"] == "read_only,trade"
        okx.key = "paper-withdraw"
        config = okx.get("account/config")[0]
        assert (config["perm"], config["ip"]) == ("read_only,withdraw,trade", "127.0.0.1")

    async def test_ccxt_reads_them_as_what_they_are(self, okx: Bench) -> None:
        async with okx.client(password="guess") as client:
            with pytest.raises(AuthenticationError, match="50105"):
                await client.fetch_balance()
        async with okx.client() as client:
            client.milliseconds = lambda: okx.clock.now_ms - 60_000
            with pytest.raises(InvalidNonce, match="50102"):
                await client.fetch_balance()

    async def test_ccxts_sandbox_is_simulated_trading(self, okx: Bench) -> None:
        okx.key = "paper-demo"
        async with okx.client() as client:
            client.set_sandbox_mode(True)
            await client.load_markets()
            assert (await client.fetch_balance())["BTC"]["total"] == 1


class TestHosts:
    @pytest.mark.parametrize("host", ["www.okx.com", "okx.com", "ws.okx.com", "wspap.okx.com", "eea.okx.com"])
    def test_owned(self, okx: Bench, host: str) -> None:
        assert okx.facade.owns(host)

    def test_others_are_not(self, okx: Bench) -> None:
        assert not okx.facade.owns("api.okx.com.example.org")

    @pytest.mark.parametrize(
        ("method", "path"), [("GET", "no/such"), ("POST", "account/balance"), ("GET", "trade/batch-orders")]
    )
    def test_no_such_path(self, okx: Bench, method: str, path: str) -> None:
        assert okx.send(method, path).status == 404

    def test_a_socket_host_has_no_rest(self, okx: Bench) -> None:
        assert okx.send("GET", "public/time", signed=False, host="ws.okx.com").status == 404


class TestParameters:
    @pytest.mark.parametrize(
        ("path", "params", "refused"),
        [
            ("market/ticker", {}, (400, "50014")),
            ("market/ticker", {"instId": ""}, (400, "50014")),
            ("market/ticker", {"instId": "DOGE-USDT"}, (200, "51001")),
            ("market/tickers", {}, (400, "50014")),
            ("market/tickers", {"instType": "STOCK"}, (400, "51000")),
            ("market/candles", {"instId": SPOT, "bar": "7m"}, (400, "51000")),
            ("market/candles", {"instId": SPOT, "after": "soon"}, (400, "51000")),
            ("trade/order", {"instId": SPOT}, (200, "51003")),
            ("trade/order", {"instId": SPOT, "clOrdId": "with-dash"}, (400, "51000")),
            ("trade/orders-history", {}, (400, "50014")),
            ("account/leverage-info", {"instId": SWAP}, (400, "50014")),
            ("public/funding-rate", {"instId": SPOT}, (200, "51001")),
        ],
    )
    def test_a_bad_query(self, okx: Bench, path: str, params: dict[str, str], refused: tuple[int, str]) -> None:
        assert okx.refused("GET", path, params) == refused

    @pytest.mark.parametrize("body", ["{", "[]", "[1]", '"x"', "3"])
    def test_a_body_that_is_no_json_object(self, okx: Bench, body: str) -> None:
        assert okx.refused("POST", ORDER, body) == (400, "50002")

    def test_numbers_and_booleans_may_come_as_json(self, okx: Bench) -> None:
        okx.post("account/set-leverage", {"instId": SWAP, "lever": 5, "mgnMode": "cross"})
        okx.order(SWAP, "sell", "1")
        placed = okx.post(
            ORDER,
            '{"instId":"BTC-USDT-SWAP","tdMode":"cross","side":"buy","ordType":"market","sz":0.5,"reduceOnly":true}',
        )
        assert okx.get(ORDER, instId=SWAP, ordId=placed[0]["ordId"])[0]["sz"] == "0.5"

    def test_an_instrument_has_a_number_too(self, okx: Bench) -> None:
        rows = okx.get("public/instruments", instType="SWAP", instId=INVERSE)
        assert rows[0]["instIdCode"] == 10458
        body = wanted(INVERSE, "sell", "1") | {"instIdCode": 10458}
        del body["instId"]
        assert okx.post(ORDER, body)[0]["sCode"] == "0"


class TestLimits:
    def test_by_account_in_two_seconds(self, okx: Bench) -> None:
        for _ in range(10):
            okx.get(BALANCE)
        assert okx.refused("GET", BALANCE) == (429, "50011")
        okx.key = "paper2"
        okx.get(BALANCE)
        okx.key = "paper"
        okx.clock.now_ms += 2000
        okx.get(BALANCE)

    def test_by_address_where_nobody_signs(self, okx: Bench) -> None:
        for _ in range(10):
            data_of(okx.send("GET", "public/time", signed=False))
        assert okx.send("GET", "public/time", signed=False).status == 429

    def test_a_clock_that_was_wrong_counts_no_request_twice(self, okx: Bench) -> None:
        asked = Request(method="GET", host="www.okx.com", path="/api/v5/public/time", now_ms=okx.clock.now_ms)
        for _ in range(10):
            assert okx.facade.handle(asked.skewed(20_000)).status == 200
        okx.clock.now_ms += 20_000
        assert okx.send("GET", "public/time", signed=False).status == 200

    def test_orders_by_instrument(self) -> None:
        okx = Bench(Limits(counts={"trade/order": 2}))
        for name in (SPOT, SWAP):
            for _ in range(2):
                okx.order(name, "sell", "0.1")
            assert okx.refused("POST", ORDER, wanted(name, "sell", "0.1")) == (429, "50011")

    def test_a_list_counts_each_of_its_orders(self) -> None:
        okx = Bench(Limits(counts={"trade/batch-orders": 3}))
        okx.post("trade/batch-orders", [wanted(SPOT, "sell", "0.1")] * 2)
        refused = okx.refused("POST", "trade/batch-orders", [wanted(SPOT, "sell", "0.1")] * 2)
        assert refused == (429, "50011")
        assert okx.get("account/balance")[0]["details"][0]["cashBal"] == "0.8"

    def test_all_orders_of_an_account(self) -> None:
        okx = Bench(Limits(orders=3))
        for name in (SPOT, SWAP, INVERSE):
            okx.order(name, "sell", "1" if name == INVERSE else "0.1")
        assert okx.refused("POST", ORDER, wanted(SPOT, "sell", "0.1")) == (200, "50061")

    def test_reading_and_placing_are_two_things(self) -> None:
        okx = Bench(Limits(counts={"trade/order": 1}))
        placed = okx.order(SPOT, "sell", "0.1")
        assert okx.get(ORDER, instId=SPOT, ordId=placed["ordId"])[0]["state"] == "filled"

    async def test_ccxt_reads_it(self) -> None:
        okx = Bench(Limits(counts={BALANCE: 1}))
        async with okx.client() as client:
            await client.load_markets()
            await client.fetch_balance()
            with pytest.raises(RateLimitExceeded, match="50011"):
                await client.fetch_balance()
