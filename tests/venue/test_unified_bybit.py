"""One unverified exchange on a canned wire, in Bybit's words (v5 API documentation): what is sent, what is believed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.domain.environment import Environment
from bot.domain.instrument import MarginMode
from bot.domain.observation import FlatProof, Holding, Position, Prices, Source, SymbolConfig, Unknown, Wanted
from bot.domain.orders import Acked, Found, LookupFailed, OutcomeUnknown, Side
from bot.venue.client import make_client
from bot.venue.gateway import CcxtVenue
from bot.venue.throttle import Limit
from bot.venue.unified import ways_for
from bot.venue.venue_clock import VenueClock
from tests.venue.okx_wire import OkxWire
from tests.venue.unified_paper import ALL, BTC, COIN, spec_of, ticket
from tests.venue.wire import EPOCH_MS, Anything, Asked, HandClock, Wire


def answer(result: object, code: int = 0, text: str = "OK") -> dict[str, object]:
    return {"retCode": code, "retMsg": text, "result": result, "retExtInfo": {}, "time": EPOCH_MS}


def listed(*rows: object, **more: object) -> dict[str, object]:
    return answer({"category": "linear", "list": list(rows), "nextPageCursor": "", **more})


LINEAR = {
    "symbol": "BTCUSDT",
    "contractType": "LinearPerpetual",
    "status": "Trading",
    "baseCoin": "BTC",
    "quoteCoin": "USDT",
    "settleCoin": "USDT",
    "launchTime": "1584230400000",
    "deliveryTime": "0",
    "deliveryFeeRate": "",
    "priceScale": "2",
    "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
    "priceFilter": {"minPrice": "0.10", "maxPrice": "1999999.80", "tickSize": "0.10"},
    "lotSizeFilter": {
        "maxOrderQty": "1190.000",
        "minOrderQty": "0.001",
        "qtyStep": "0.001",
        "postOnlyMaxOrderQty": "1190.000",
        "maxMktOrderQty": "500.000",
        "minNotionalValue": "5",
    },
    "unifiedMarginTrade": True,
    "fundingInterval": 480,
    "copyTrading": "both",
}
SPOT = {
    "symbol": "BTCUSDT",
    "baseCoin": "BTC",
    "quoteCoin": "USDT",
    "innovation": "0",
    "status": "Trading",
    "marginTrading": "utaOnly",
    "lotSizeFilter": {
        "basePrecision": "0.000001",
        "quotePrecision": "0.0000001",
        "minOrderQty": "0.000011",
        "maxOrderQty": "83",
        "minOrderAmt": "5",
        "maxOrderAmt": "8000000",
    },
    "priceFilter": {"tickSize": "0.01"},
}
POSITION = {
    "positionIdx": 0,
    "symbol": "BTCUSDT",
    "side": "",
    "size": "0",
    "avgPrice": "0",
    "positionValue": "",
    "tradeMode": 0,
    "leverage": "1",
    "markPrice": "100000.00",
    "liqPrice": "",
    "positionIM": "",
    "positionMM": "",
    "positionBalance": "0",
    "unrealisedPnl": "",
    "createdTime": "1676538056258",
    "updatedTime": "1697673600012",
    "seq": -1,
}
TICKER = {
    "symbol": "BTCUSDT",
    "lastPrice": "100000.00",
    "indexPrice": "100010.00",
    "markPrice": "100005.00",
    "prevPrice24h": "100000.00",
    "price24hPcnt": "0.01",
    "highPrice24h": "101000.00",
    "lowPrice24h": "99000.00",
    "prevPrice1h": "100000.00",
    "openInterest": "50000",
    "openInterestValue": "5000000000",
    "turnover24h": "6000000000.00",
    "volume24h": "60000.000",
    "fundingRate": "0.0001",
    "nextFundingTime": "1800003600000",
    "bid1Price": "99999.90",
    "bid1Size": "5",
    "ask1Price": "100000.10",
    "ask1Size": "5",
}
COINS = {
    "coin": "BTC",
    "equity": "1.5",
    "walletBalance": "1.5",
    "locked": "0",
    "borrowAmount": "0",
    "availableToWithdraw": "",
    "unrealisedPnl": "0",
    "totalPositionIM": "0",
    "totalOrderIM": "0",
    "totalPositionMM": "0",
}
ORDER = {
    "orderId": "11111111-2222",
    "orderLinkId": "habcdefghij000000000000001",
    "symbol": "BTCUSDT",
    "price": "99500.00",
    "qty": "0.010",
    "side": "Sell",
    "positionIdx": 0,
    "orderStatus": "Filled",
    "avgPrice": "99999.9",
    "leavesQty": "0.000",
    "cumExecQty": "0.010",
    "cumExecValue": "999.999",
    "cumExecFee": "0.55",
    "timeInForce": "IOC",
    "orderType": "Limit",
    "reduceOnly": False,
    "createdTime": str(EPOCH_MS),
    "updatedTime": str(EPOCH_MS),
}


def by_category(**rows: object) -> Anything:
    def reply(asked: Asked) -> object:
        row = rows.get(asked.params.get("category", ""))
        return listed(*([] if row is None else [row]))

    return reply


@pytest.fixture
def wire() -> Wire:
    made = OkxWire()
    made.serve("GET", "/v5/market/time", answer({"timeSecond": str(EPOCH_MS // 1000), "timeNano": f"{EPOCH_MS}000000"}))
    made.serve("GET", "/v5/asset/coin/query-info", answer({"rows": []}))
    made.serve("GET", "/v5/market/instruments-info", by_category(linear=LINEAR, spot=SPOT))
    made.serve(
        "GET", "/v5/account/fee-rate", listed({"symbol": "BTCUSDT", "takerFeeRate": "0.0006", "makerFeeRate": "0"})
    )
    made.serve("GET", "/v5/user/query-api", answer({"uta": 1, "unified": 0, "userID": 1}))
    made.serve("GET", "/v5/account/info", answer({"marginMode": "ISOLATED_MARGIN", "unifiedMarginStatus": 5}))
    usdt = {**COINS, "coin": "USDT", "walletBalance": "200000", "equity": "200000"}
    wallet = {"accountType": "UNIFIED", "coin": [COINS, usdt], "totalEquity": "350000"}
    made.serve("GET", "/v5/account/wallet-balance", listed(wallet))
    made.serve("GET", "/v5/position/list", listed(POSITION))
    made.serve("GET", "/v5/market/tickers", listed(TICKER))
    book = {"s": "BTCUSDT", "b": [["99999.9", "1.5"]], "a": [["100000.1", "2"]], "ts": EPOCH_MS, "u": 1}
    made.serve("GET", "/v5/market/orderbook", answer(book))
    made.serve("POST", "/v5/order/create", answer({"orderId": "11111111-2222", "orderLinkId": ORDER["orderLinkId"]}))
    made.serve("GET", "/v5/order/realtime", listed())
    made.serve("GET", "/v5/order/history", listed(ORDER))
    return made


@pytest.fixture
async def bybit(wire: Wire) -> AsyncIterator[CcxtVenue]:
    clock = HandClock()
    venue_clock = VenueClock(clock)
    spec = spec_of("bybit", Environment.TESTNET, key="k3y-never-shown")
    ways = replace(ways_for("bybit"), limits={"requests": Limit(units=10_000, period_s=1)})
    client = make_client(spec, ways, time_ms=venue_clock.now_ms, session=wire)
    venue = CcxtVenue(
        spec, ways, client=client, clock=clock, venue_clock=venue_clock, symbols=[BTC], isolated=frozenset({BTC})
    )
    try:
        await venue.start()
        wire.asked.clear()
        yield venue
    finally:
        await venue.close()


async def test_an_observation(bybit: CcxtVenue, wire: Wire) -> None:
    seen = await bybit.observe(ALL)
    coins, flat, prices = seen.holdings[Source.SPOT, COIN], seen.positions[BTC], seen.prices[BTC]
    assert isinstance(coins, Holding)
    assert isinstance(flat, Position)
    assert isinstance(prices, Prices)
    assert coins.quantity == D("1.5")
    assert (flat.contracts, flat.proof) == (D(0), FlatProof.ZERO_ROW)
    assert (prices.mark, prices.index, prices.bid, prices.ask) == (
        D("100005.00"),
        D("100010.00"),
        D("99999.9"),
        D("100000.1"),
    )
    assert seen.configs[BTC] == SymbolConfig(symbol=BTC, leverage=1, margin_mode=MarginMode.ISOLATED, hedged=False)
    assert {asked.host for asked in wire.asked} == {"api-testnet.bybit.com"}


async def test_r9_an_empty_list_is_not_flat_in_an_account_for_everything(bybit: CcxtVenue, wire: Wire) -> None:
    wire.serve("GET", "/v5/position/list", listed())
    assert isinstance((await bybit.observe(ALL)).positions[BTC], Unknown)


async def test_a_short_and_its_order(bybit: CcxtVenue, wire: Wire) -> None:
    sent = await bybit.place(ticket(bybit, 1, Side.SELL, "0.010", "99500"))
    assert isinstance(sent, Acked)
    assert wire.count("/v5/order/create") == 1
    body = wire.last("/v5/order/create").params
    assert {key: body[key] for key in ("symbol", "side", "orderType", "qty", "price", "timeInForce")} == {
        "symbol": "BTCUSDT",
        "side": "Sell",
        "orderType": "Limit",
        "qty": "0.01",
        "price": "99500",
        "timeInForce": "IOC",
    }
    assert body["orderLinkId"] == ORDER["orderLinkId"]
    assert "reduceOnly" not in body
    found = await bybit.find_order(BTC, ticket(bybit, 1, Side.SELL, "0.010", "99500").client_id)
    assert isinstance(found, Found)
    assert found.report.filled == D("0.010")
    wire.serve(
        "GET",
        "/v5/position/list",
        listed({**POSITION, "side": "Sell", "size": "0.010", "positionValue": "1000", "avgPrice": "99999.9"}),
    )
    held = (await bybit.observe(ALL)).positions[BTC]
    assert isinstance(held, Position)
    assert (held.contracts, held.raw_notional) == (D("-0.010"), D(1000))
    await bybit.place(ticket(bybit, 2, Side.BUY, "0.010", "100500"))
    assert wire.last("/v5/order/create").params["reduceOnly"] == "true"


@pytest.mark.parametrize("code", [110007, 10006, 10001, 10003])
async def test_r20_no_refusal_is_definite(code: int, bybit: CcxtVenue, wire: Wire) -> None:
    wire.serve("POST", "/v5/order/create", answer({}, code, "no"))
    assert isinstance(await bybit.place(ticket(bybit, 1, Side.SELL, "0.010", "99500")), OutcomeUnknown)
    assert wire.count("/v5/order/create") == 1


async def test_r21_a_request_refused_for_its_time_has_the_clock_measured_at_once(bybit: CcxtVenue, wire: Wire) -> None:
    wanted = Wanted(symbols=frozenset({BTC}))
    wire.asked.clear()
    await bybit.observe(wanted)
    assert wire.count("/v5/market/time") == 0
    wire.serve("GET", "/v5/position/list", answer({}, 10002, "request expired"))
    await bybit.observe(wanted)
    await bybit.observe(wanted)
    assert wire.count("/v5/market/time") == 1


async def test_r22_lists_without_the_order_prove_nothing(bybit: CcxtVenue, wire: Wire) -> None:
    wire.serve("GET", "/v5/order/history", listed())
    found = await bybit.find_order(BTC, ticket(bybit, 1, Side.SELL, "0.010", "99500").client_id)
    assert isinstance(found, LookupFailed)


@pytest.mark.parametrize("path", ["/v5/position/list", "/v5/account/wallet-balance"])
@pytest.mark.parametrize("body", [{}, answer({}), answer({"list": []}), []])
async def test_r8_nothing_in_an_answer_is_not_nothing_in_the_account(
    path: str, body: object, bybit: CcxtVenue, wire: Wire
) -> None:
    wire.serve("GET", path, body)
    seen = await bybit.observe(ALL)
    part = seen.positions[BTC] if "position" in path else seen.holdings[Source.SPOT, COIN]
    assert isinstance(part, Unknown)
