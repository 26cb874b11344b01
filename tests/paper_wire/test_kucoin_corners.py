"""KuCoin's rarer endpoints, by hand: synchronous and batch orders, the old system's own, records, futures settings."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from bot.paper.engine.model import Side
from bot.paper.wire.kucoin.body import wire_json
from tests.paper_wire.kucoin import FUTURES_HOST, SPOT_HOST, Bench, Body, error_of, trade

V1 = f"{SPOT_HOST}/api/v1"
HF = f"{V1}/hf/orders"
FUTURES = f"{FUTURES_HOST}/api/v1"
FUTURES_V2 = f"{FUTURES_HOST}/api/v2"
PAIR = {"symbol": "BTC-USDT"}
ORDER = {
    **PAIR,
    "clientOid": "c1",
    "side": "sell",
    "type": "limit",
    "size": "0.1",
    "price": "120000",
    "remark": "hedge",
}
SHORT = {
    "clientOid": "f1",
    "symbol": "XBTUSDTM",
    "side": "sell",
    "type": "market",
    "size": "10",
    "leverage": "1",
    "remark": "hedge",
}


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_numbers_keep_all_their_digits() -> None:
    value = {"a": Decimal("0.10000000000000000001"), "b": [1, None, True, "x"], "c": Decimal("1E-8")}
    assert wire_json(value) == '{"a":0.10000000000000000001,"b":[1,null,true,"x"],"c":0.00000001}'
    with pytest.raises(TypeError):
        wire_json({"a": 0.5})


def test_synchronous_orders_tell_how_they_went(bench: Bench) -> None:
    resting = bench.data("POST", f"{HF}/sync", ORDER)
    assert (resting["status"], resting["remainSize"], resting["dealSize"]) == ("open", "0.1", "0")
    gone = bench.data("DELETE", f"{HF}/sync/{resting['orderId']}", PAIR)
    assert (gone["orderId"], gone["canceledSize"]) == (resting["orderId"], "0.1")
    bench.data("POST", HF, ORDER)
    assert bench.data("DELETE", f"{HF}/sync/client-order/c1", PAIR)["clientOid"] == "c1"
    found = bench.data("GET", f"{HF}/client-order/c1", PAIR)
    assert (found["remark"], found["cancelExist"], found["cancelledSize"]) == ("hedge", True, "0.1")


def test_orders_of_several_pairs(bench: Bench) -> None:
    bench.data("POST", HF, ORDER)
    bench.data("POST", HF, {**ORDER, "clientOid": "c2", "symbol": "BNB-USDT", "size": "1", "price": "700"})
    assert bench.data("GET", f"{HF}/active/symbols")["symbols"] == ["BTC-USDT", "BNB-USDT"]
    assert bench.data("DELETE", HF, PAIR) == "success"
    assert bench.data("DELETE", f"{HF}/cancelAll")["succeedSymbols"] == ["BNB-USDT"]
    page = bench.data("GET", f"{HF}/done", {**PAIR, "limit": 1})
    assert page["items"][0]["clientOid"] == "c1"
    assert bench.data("GET", f"{HF}/done", {**PAIR, "lastId": page["lastId"]})["items"] == []


def test_altering_by_client_id(bench: Bench) -> None:
    old = bench.data("POST", HF, ORDER)
    new = bench.data("POST", f"{HF}/alter", {**PAIR, "clientOid": "c1", "newPrice": "125000"})
    assert new["newOrderId"] != old["orderId"]
    assert bench.refused("POST", f"{HF}/alter", PAIR)[0] == "400100"
    assert bench.refused("POST", f"{HF}/alter", {**PAIR, "clientOid": "none"})[0] == "400100"
    refused = bench.refused("POST", f"{HF}/alter", {**PAIR, "clientOid": "c1", "newSize": "0.000001"})
    assert refused == ("400100", "Order size below the minimum requirement.")
    assert bench.data("GET", f"{HF}/client-order/c1", PAIR)["active"] is True, "a bad change cancels nothing"


def test_fills_are_paged(bench: Bench) -> None:
    for _ in range(3):
        trade(bench, "spot:BTC-USDT", Side.SELL, "0.1")
    page = bench.data("GET", f"{V1}/hf/fills", {**PAIR, "limit": 2})
    assert [row["id"] for row in page["items"]] == [3, 2]
    assert [row["id"] for row in bench.data("GET", f"{V1}/hf/fills", {**PAIR, "lastId": 2})["items"]] == [1]
    assert bench.data("GET", f"{V1}/hf/fills", {**PAIR, "side": "buy"})["items"] == []


def test_the_old_systems_own_endpoints() -> None:
    bench = Bench(hf=False)
    rows = [{**ORDER, "clientOid": f"o{number}", "size": size} for number, size in enumerate(("0.1", "9"))]
    made = bench.data("POST", f"{V1}/orders/multi", {**PAIR, "orderList": rows})["data"]
    assert [row["status"] for row in made] == ["success", "fail"]
    gone = bench.data("DELETE", f"{V1}/order/client-order/o0")
    assert (gone["cancelledOrderId"], gone["clientOid"]) == (made[0]["id"], "o0")
    trade(bench, "spot:BTC-USDT", Side.SELL, "0.1")
    assert [row["isActive"] for row in bench.data("GET", f"{V1}/limit/orders")] == [False, False]
    assert len(bench.data("GET", f"{V1}/limit/fills")) == 1
    assert bench.data("GET", f"{V1}/fills", {"type": "limit"})["items"] == []
    assert bench.data("GET", f"{V1}/accounts/ledgers", {"bizType": "TRADE_EXCHANGE"})["totalNum"] == 2
    assert bench.data("GET", f"{V1}/hf/accounts/ledgers") == []
    assert bench.refused("GET", f"{V1}/orders", {"status": "open"})[0] == "400100"
    assert bench.refused("POST", f"{V1}/orders", {**ORDER, "clientOid": None})[0] == "400100"
    assert bench.refused("GET", f"{V1}/orders/nothing")[0] == "400100"


@pytest.mark.parametrize("body", [{"orderList": []}, {"orderList": "none"}, {"orderList": [{}] * 21}])
def test_batches_that_make_no_sense(bench: Bench, body: dict[str, object]) -> None:
    for url in (f"{HF}/multi", f"{V1}/orders/multi"):
        assert bench.refused("POST", url, {**PAIR, **body})[0] == "400100"
    assert bench.refused("POST", f"{FUTURES}/orders/multi", body)[0] == "400100"
    odd: Body = bench.data("POST", f"{HF}/multi", {"orderList": [{}]})
    assert odd[0]["success"] is False
    assert bench.refused("POST", f"{HF}/multi", {"orderList": ["x"]})[0] == "400100"


def test_a_body_that_is_no_json(bench: Bench) -> None:
    request = bench.request("POST", HF, "{no json")
    assert error_of(bench.facade.handle(request))[1] == "400100"


def test_small_public_things(bench: Bench) -> None:
    assert bench.data("GET", f"{V1}/markets") == ["USDS"]
    assert bench.data("GET", f"{V1}/prices", {"currencies": "BTC,XBT"}) == {"BTC": "100000"}
    assert bench.data("GET", f"{SPOT_HOST}/api/v2/symbols/BTC-USDT")["enableTrading"] is True
    assert bench.data("GET", f"{SPOT_HOST}/api/v3/currencies/BNB")["chains"][0]["chainId"] == "bsc"
    assert len(bench.data("GET", f"{V1}/market/orderbook/level2_100", PAIR)["bids"]) == 20
    assert bench.data("GET", f"{V1}/withdrawals/quotas", {"currency": "BTC"})["isWithdrawEnabled"] is True
    assert bench.refused("POST", f"{SPOT_HOST}/api/v3/deposit-address/create", {"currency": "BTC"})[0] == "260000"
    assert len(bench.data("GET", f"{SPOT_HOST}/api/v3/deposit-addresses", {"currency": "BTC"})) == 1
    index = bench.data("GET", f"{FUTURES}/index/query", {"symbol": "XBTUSDM"})
    assert index["dataList"][0]["symbol"] == ".KXBTUSD"


def test_both_sides_of_a_contract(bench: Bench) -> None:
    bench.data("POST", f"{FUTURES_V2}/position/switchPositionMode", {"positionMode": "1"})
    bench.data("POST", f"{FUTURES}/orders", {**SHORT, "positionSide": "SHORT"})
    bench.data("POST", f"{FUTURES}/orders", {**SHORT, "side": "buy", "positionSide": "LONG"})
    rows = bench.data("GET", f"{FUTURES_V2}/position", {"symbol": "XBTUSDTM"})
    assert {row["positionSide"]: row["currentQty"] for row in rows} == {"LONG": 10, "SHORT": -10}
    assert len({row["id"] for row in rows}) == 2
    margin = {"symbol": "XBTUSDTM", "margin": "5", "bizNo": "1", "positionSide": "SHORT"}
    assert bench.data("POST", f"{FUTURES}/position/margin/deposit-margin", margin)["positionSide"] == "SHORT"
    assert bench.refused("POST", f"{FUTURES}/position/margin/deposit-margin", {**margin, "positionSide": "UP"})
    done = bench.data("GET", f"{FUTURES}/recentDoneOrders")
    assert [row["remark"] for row in done] == ["hedge", "hedge"]
    assert bench.data("GET", f"{FUTURES}/stopOrders")["items"] == []
    assert bench.data("GET", f"{FUTURES}/history-positions")["items"] == []
    close = {"clientOid": "x", "symbol": "XBTUSDTM", "closeOrder": True, "type": "market", "positionSide": "SHORT"}
    assert bench.refused("POST", f"{FUTURES}/orders", {**close, "side": "sell"})[0] == "300009"
    bench.data("POST", f"{FUTURES}/orders", close)
    assert [row["positionSide"] for row in bench.data("GET", f"{FUTURES}/positions")] == ["LONG"]


def test_margin_modes_of_many_contracts(bench: Bench) -> None:
    bench.data("POST", f"{FUTURES}/orders", SHORT)
    url = f"{FUTURES_V2}/position/batchChangeMarginMode"
    told = bench.data("POST", url, {"marginMode": "CROSS", "symbols": ["XBTUSDTM", "ETHUSDTM"]})
    assert told["marginMode"] == {"ETHUSDTM": "CROSS"}
    assert [row["symbol"] for row in told["errors"]] == ["XBTUSDTM"]
    assert bench.refused("POST", url, {"marginMode": "BOTH", "symbols": []})[0] == "400100"
    assert bench.refused("POST", f"{FUTURES_V2}/position/switchPositionMode", {"positionMode": "2"})[0] == "400100"
    mode = {"symbol": "XBTUSDTM", "marginMode": "BOTH"}
    assert bench.refused("POST", f"{FUTURES_V2}/position/changeMarginMode", mode)[0] == "400100"


def test_many_futures_orders_at_once(bench: Bench) -> None:
    rows = [{**SHORT, "clientOid": f"m{number}", "type": "limit", "price": "101000"} for number in range(2)]
    made = [bench.data("POST", f"{FUTURES}/orders", row)["orderId"] for row in rows]
    clients = [{"symbol": "XBTUSDTM", "clientOid": name} for name in ("m0", "none")]
    body = json.dumps({"clientOidsList": clients})
    gone = bench.body("DELETE", f"{FUTURES}/orders/multi-cancel", body)["data"]
    assert [row["code"] for row in gone] == ["200", "100004"]
    assert bench.body("DELETE", f"{FUTURES}/orders/multi-cancel", "{}")["code"] == "400100"
    assert bench.data("DELETE", f"{FUTURES}/orders")["cancelledOrderIds"] == [made[1]]


def test_funding_payments_are_paged(bench: Bench) -> None:
    bench.data("POST", f"{FUTURES}/orders", SHORT)
    for _ in range(3):
        bench.clock.now_ms += 1000
        bench.exchange.settle_funding("BTC", Decimal("0.001"))
    page = bench.data("GET", f"{FUTURES}/funding-history", {"symbol": "XBTUSDTM", "maxCount": 2})
    assert (len(page["dataList"]), page["hasMore"]) == (2, True)
    rest = {"symbol": "XBTUSDTM", "offset": page["dataList"][-1]["id"]}
    older = bench.data("GET", f"{FUTURES}/funding-history", rest)["dataList"]
    assert [row["timePoint"] for row in older] == [page["dataList"][-1]["timePoint"] - 1000]
