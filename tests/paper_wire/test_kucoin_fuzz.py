"""Whatever is asked, KuCoin's façade answers: an error is an answer too, and a refused request changes nothing."""

from __future__ import annotations

import json
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.paper.engine.model import Side as OrderSide
from bot.paper.wire.kucoin.endpoint import Endpoint, Side
from bot.paper.wire.kucoin.facade import ENDPOINTS
from tests.paper_wire.kucoin import FUTURES_HOST, SPOT_HOST, Bench, trade

NAMES = sorted(
    {
        *("symbol", "side", "type", "size", "funds", "price", "clientOid", "orderId", "timeInForce", "postOnly"),
        *("reduceOnly", "closeOrder", "leverage", "marginMode", "positionSide", "positionMode", "margin", "bizNo"),
        *("currency", "amount", "from", "to", "fromAccountType", "toAccountType", "recAccountType", "accountType"),
        *("pageSize", "currentPage", "startAt", "endAt", "limit", "lastId", "status", "granularity", "withdrawAmount"),
        *("productId", "symbols", "orderList", "orderIdsList", "newSize", "newPrice", "maxCount", "offset", "qty"),
    }
)
VALUES = st.one_of(
    st.sampled_from(
        [
            *("BTC-USDT", "XBTUSDTM", "XBTUSDM", "XBT", "BTC", "USDT", "buy", "sell", "limit", "market", "IOC", "GTC"),
            *("ISOLATED", "CROSS", "LONG", "SHORT", "BOTH", "INTERNAL", "MAIN", "TRADE", "CONTRACT", "trade_hf"),
            *("0", "1", "10", "100000", "0.1", "-1", "1e5", "NaN", "", "hb1", "active", "done", "2000", "1min", "60"),
            *("6500000000000000000f4241", "300000000001000001", "true", "false"),
        ]
    ),
    st.integers(-5, 200_000),
    st.booleans(),
    st.none(),
    st.just([]),
    st.just({}),
    st.text(max_size=5),
)
PARAMS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8)


def _path(endpoint: Endpoint, data: st.DataObject) -> str:
    parts = endpoint.path.split("/")
    texts = st.sampled_from(["XBTUSDTM", "BTC", "hb1", "300000000001000001", "6500000000000000000f4241", "%20"])
    return "/".join(data.draw(texts) if part.startswith("{") else part for part in parts)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_request_is_answered(data: st.DataObject) -> None:
    bench = Bench()
    trade(bench, "spot:BTC-USDT", OrderSide.SELL, "0.1", "120000")
    trade(bench, "linear:XBTUSDTM", OrderSide.SELL, "10")
    for _ in range(5):
        endpoint = data.draw(st.sampled_from(ENDPOINTS))
        host = SPOT_HOST if endpoint.side is Side.SPOT else FUTURES_HOST
        response = bench.send(endpoint.method, f"{host}{_path(endpoint, data)}", data.draw(PARAMS))
        body = json.loads(response.body, parse_float=Decimal)
        assert body["code"] != "500000", (endpoint.path, body)
        assert ("data" in body) is (body["code"] == "200000") or body.get("msg") == "Position does not exist"
    assert bench.exchange.total("BTC") == 1
