"""A wire that serves canned Binance bodies through the session seam, and virtual time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from bot.domain.environment import Environment
from bot.domain.ids import Symbol, VenueName
from bot.ports import Clock
from bot.runtime.virtual import VirtualLoop
from bot.venue.spec import VenueSpec

Anything: TypeAlias = Any
"""Keyword arguments passed on, bodies, results of any type."""

EPOCH_MS = 1_800_000_000_000
BTC = Symbol("BTC/USDT:USDT")
ETH = Symbol("ETH/USDT:USDT")
COIN_M = Symbol("BTC/USD:BTC")
SECRET = "s3cr3t-never-shown"
KEY = "k3y-never-shown"


class HandClock:
    """Moves only when told to, or when somebody sleeps."""

    def __init__(self, ms: int = EPOCH_MS) -> None:
        self.ms = ms

    def now_ms(self) -> int:
        return self.ms

    async def sleep(self, seconds: float) -> None:
        self.ms += max(1, round(seconds * 1000))
        await asyncio.sleep(0)


class LoopClock:
    """Wall time that follows the loop's own."""

    def now_ms(self) -> int:
        return EPOCH_MS + int(asyncio.get_running_loop().time() * 1000)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def run_virtual(make: Callable[[], Awaitable[Anything]]) -> Anything:
    """Run to the end on virtual time."""

    async def main() -> Anything:
        return await make()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main())


@dataclass
class Asked:
    """One request as it came over the wire."""

    method: str
    host: str
    path: str
    params: dict[str, str]


@dataclass
class Reply:
    """What the wire answers; `lost` drops the connection instead."""

    body: object = field(default_factory=dict)
    status: int = 200
    text: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    lost: bool = False
    cut: bool = False


class _Response:
    def __init__(self, reply: Reply) -> None:
        self.status, self.reason, self.content = reply.status, "reason", b""
        kind = "text/html" if reply.text is not None else "application/json"
        self.headers = CIMultiDict({"Content-Type": kind, **reply.headers})
        self._text = json.dumps(reply.body) if reply.text is None else reply.text
        self._cut = reply.cut

    async def text(self, encoding: str | None = None, errors: str = "strict") -> str:
        if self._cut:
            raise aiohttp.ClientPayloadError("Response payload is not completed")
        return self._text


class Wire:
    """Takes the place of the aiohttp session."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.asked: list[Asked] = []
        self.replies: dict[tuple[str, str], Anything] = {}
        self.on_request: Callable[[Asked], None] = lambda asked: None

    def serve(self, method: str, path: str, reply: object) -> None:
        """A body, a Reply, a list of them in turn (the last one stays), or a function of the request."""
        self.replies[method, path] = reply

    def count(self, path: str) -> int:
        return sum(1 for asked in self.asked if asked.path == path)

    def last(self, path: str) -> Asked:
        return next(asked for asked in reversed(self.asked) if asked.path == path)

    @asynccontextmanager
    async def _request(self, method: str, url: URL, **rest: Anything) -> AsyncIterator[_Response]:
        form = (rest.get("data") or b"").decode()
        params = dict(parse_qsl(url.raw_query_string)) | dict(parse_qsl(form))
        asked = Asked(method, url.host or "", url.path, params)
        self.asked.append(asked)
        self.on_request(asked)
        reply = self.replies.get((method, url.path))
        if isinstance(reply, Turns):
            reply = reply.next()
        if callable(reply):
            reply = reply(asked)
        if reply is None:
            reply = Reply(status=404, text="<html>not found</html>")
        if not isinstance(reply, Reply):
            reply = Reply(body=reply)
        if reply.lost:
            raise aiohttp.ServerDisconnectedError
        yield _Response(reply)

    def get(self, url: URL, **rest: Anything) -> Anything:
        return self._request("GET", url, **rest)

    def post(self, url: URL, **rest: Anything) -> Anything:
        return self._request("POST", url, **rest)

    def delete(self, url: URL, **rest: Anything) -> Anything:
        return self._request("DELETE", url, **rest)


class Turns:
    """Replies one after the other; the last one stays."""

    def __init__(self, *replies: object) -> None:
        self._replies = list(replies)

    def next(self) -> object:
        return self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]


def _swap(base: str) -> dict[str, object]:
    return {
        "symbol": f"{base}USDT",
        "pair": f"{base}USDT",
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": 1569398400000,
        "status": "TRADING",
        "baseAsset": base,
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": 2,
        "quantityPrecision": 3,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "556.80", "maxPrice": "4529764", "tickSize": "0.10"},
            {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
            {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
            {"filterType": "MIN_NOTIONAL", "notional": "100"},
            {"filterType": "PERCENT_PRICE", "multiplierUp": "1.0500", "multiplierDown": "0.9500"},
        ],
        "orderTypes": ["LIMIT", "MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }


def _pair(base: str) -> dict[str, object]:
    return {
        "symbol": f"{base}USDT",
        "status": "TRADING",
        "baseAsset": base,
        "quoteAsset": "USDT",
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "orderTypes": ["LIMIT", "MARKET"],
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
            {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001"},
            {"filterType": "NOTIONAL", "minNotional": "5.00"},
        ],
    }


def _coin_swap(base: str, size: int) -> dict[str, object]:
    return {
        "symbol": f"{base}USD_PERP",
        "pair": f"{base}USD",
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": 1597042800000,
        "contractStatus": "TRADING",
        "contractSize": size,
        "baseAsset": base,
        "quoteAsset": "USD",
        "marginAsset": base,
        "pricePrecision": 1,
        "quantityPrecision": 0,
        "equalQtyPrecision": 4,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "1000", "maxPrice": "4520958", "tickSize": "0.1"},
            {"filterType": "LOT_SIZE", "minQty": "1", "maxQty": "1000000", "stepSize": "1"},
            {"filterType": "MARKET_LOT_SIZE", "minQty": "1", "maxQty": "60000", "stepSize": "1"},
            {"filterType": "PERCENT_PRICE", "multiplierUp": "1.0500", "multiplierDown": "0.9500"},
        ],
        "orderTypes": ["LIMIT", "MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }


def account_body(*, margin: str = "0.00000000", isolated: str = "0", rows: object = ()) -> dict[str, object]:
    """`fapi/v3/account` with 200,000 USDT, of which `isolated` backs a position."""
    cross = str(200_000 - float(isolated))
    figures = {
        "walletBalance": "200000.00000000",
        "marginBalance": "200000.00000000",
        "crossWalletBalance": cross,
        "positionInitialMargin": margin,
    }
    return {
        "totalWalletBalance": "200000.00000000",
        "totalMarginBalance": "200000.00000000",
        "totalCrossWalletBalance": cross,
        "totalPositionInitialMargin": margin,
        "totalMaintMargin": margin,
        "availableBalance": cross,
        "assets": [{"asset": "USDT", **figures, "maintMargin": margin, "availableBalance": cross}],
        "positions": list(rows),  # type: ignore[call-overload]
    }


def risk_row(symbol: str = "BTCUSDT", amount: str = "-1.000", **more: object) -> dict[str, object]:
    """One row of `fapi/v3/positionRisk`; with what `fapi/v3/account` tells of a position too."""
    return {
        "symbol": symbol,
        "positionSide": "BOTH",
        "positionAmt": amount,
        "entryPrice": "100000.0",
        "markPrice": "100100.10000000",
        "liquidationPrice": "199004.5",
        "notional": "-100100.10000000",
        "maintMargin": "400.40040000",
        "isolatedWallet": "100000.00000000",
        **more,
    }


def coin_account_body(*rows: object, **btc: str) -> dict[str, object]:
    """`dapi/v1/account` with 1 BTC; contracts without a position are listed too."""
    figures = {
        "walletBalance": "1.00000000",
        "marginBalance": "1.00000000",
        "crossWalletBalance": "1.00000000",
        "positionInitialMargin": "0.00000000",
        "maintMargin": "0.00000000",
        "availableBalance": "1.00000000",
    }
    nothing = dict.fromkeys(figures, "0.00000000")
    return {
        "assets": [{"asset": "BTC", **figures, **btc}, {"asset": "ETH", **nothing}],
        "positions": list(rows) or [coin_position_row()],
    }


def coin_position_row(amount: str = "0", **more: object) -> dict[str, object]:
    """One position of `dapi/v1/account`."""
    row = {"symbol": "BTCUSD_PERP", "positionSide": "BOTH", "positionAmt": amount, "leverage": "2", "isolated": False}
    return {**row, **more}


def coin_risk_row(amount: str = "0", **more: object) -> dict[str, object]:
    """One row of `dapi/v1/positionRisk`."""
    return {
        "symbol": "BTCUSD_PERP",
        "positionSide": "BOTH",
        "positionAmt": amount,
        "entryPrice": "100000.0",
        "markPrice": "125000.0",
        "liquidationPrice": "0",
        "notionalValue": "0",
        "isolatedWallet": "0",
        "marginType": "cross",
        "leverage": "2",
        **more,
    }


def order_body(client_id: str, **more: object) -> dict[str, object]:
    """One USD-M order, filled; its fills are worth what they are at the average price."""
    value = Decimal(str(more.get("executedQty", 1))) * Decimal("99990.12345")
    return {
        "orderId": 4711,
        "clientOrderId": client_id,
        "symbol": "BTCUSDT",
        "side": "SELL",
        "positionSide": "BOTH",
        "status": "FILLED",
        "origQty": "1.000",
        "executedQty": "1.000",
        "avgPrice": "99990.12345",
        "cumQuote": str(value),
        "reduceOnly": False,
        "updateTime": EPOCH_MS,
        **more,
    }


def spec(environment: str = "paper", exchange: str = "binance", **more: Anything) -> VenueSpec:
    """The venue `main`, with secrets that must never be seen."""
    secrets = {"api_key": KEY, "secret": SECRET, **more}
    return VenueSpec(name=VenueName("main"), exchange=exchange, environment=Environment(environment), **secrets)


def flat_account(clock: Clock) -> Wire:
    """A flat account with 1 BTC in spot, 0.5 in Earn, 200,000 USDT margin."""
    wire = Wire()
    wire.serve("GET", "/fapi/v1/time", lambda asked: {"serverTime": clock.now_ms()})
    wire.serve("GET", "/api/v3/exchangeInfo", {"symbols": [_pair("BTC"), _pair("ETH"), _pair("LDO")]})
    wire.serve("GET", "/fapi/v1/exchangeInfo", {"symbols": [_swap("BTC"), _swap("ETH"), _swap("1000PEPE")]})
    wire.serve("GET", "/dapi/v1/exchangeInfo", {"symbols": [_coin_swap("BTC", 100), _coin_swap("ETH", 10)]})
    scope = {"enableFutures": True, "enableWithdrawals": False, "ipRestrict": True}
    wire.serve("GET", "/sapi/v1/account/apiRestrictions", scope)
    fees = {"symbol": "BTCUSDT", "makerCommissionRate": "0.000200", "takerCommissionRate": "0.000450"}
    wire.serve("GET", "/fapi/v1/commissionRate", fees)
    wire.serve("GET", "/dapi/v1/commissionRate", {**fees, "symbol": "BTCUSD_PERP"})
    balances = [
        {"asset": "BTC", "free": "0.70000000", "locked": "0.20000000"},
        {"asset": "LDBTC", "free": "0.50000000", "locked": "0.00000000"},
        {"asset": "LDO", "free": "7.00000000", "locked": "0.00000000"},
    ]
    wire.serve("GET", "/api/v3/account", {"balances": balances})
    funding = {"asset": "BTC", "free": "0.1", "locked": "0", "freeze": "0", "withdrawing": "0"}
    wire.serve("POST", "/sapi/v1/asset/get-funding-asset", [funding])
    flexible = {"rows": [{"asset": "BTC", "totalAmount": "0.30000000"}], "total": 1}
    wire.serve("GET", "/sapi/v1/simple-earn/flexible/position", flexible)
    locked = {"rows": [{"asset": "BTC", "amount": "0.20000000"}], "total": "1"}
    wire.serve("GET", "/sapi/v1/simple-earn/locked/position", locked)
    wire.serve("GET", "/fapi/v3/account", account_body())
    wire.serve("GET", "/fapi/v3/positionRisk", [])
    mark = {"markPrice": "100000.10000001", "indexPrice": "100001.2", "lastFundingRate": "0.00010000"}
    wire.serve("GET", "/fapi/v1/premiumIndex", {"symbol": "BTCUSDT", **mark})
    wire.serve("GET", "/fapi/v1/ticker/bookTicker", {"symbol": "BTCUSDT", "bidPrice": "99999.9", "askPrice": "100000"})
    wire.serve("GET", "/fapi/v1/depth", {"bids": [["99999.9", "5"], ["99999", "7.5"]], "asks": [["100000", "5.1"]]})
    wire.serve("GET", "/dapi/v1/account", coin_account_body())
    wire.serve("GET", "/dapi/v1/positionRisk", [coin_risk_row()])
    wire.serve("GET", "/dapi/v1/positionSide/dual", {"dualSidePosition": False})
    coin_mark = {**mark, "symbol": "BTCUSD_PERP", "pair": "BTCUSD"}
    wire.serve("GET", "/dapi/v1/premiumIndex", [coin_mark])
    ticker = {"symbol": "BTCUSD_PERP", "pair": "BTCUSD", "bidPrice": "99999.9", "askPrice": "100000"}
    wire.serve("GET", "/dapi/v1/ticker/bookTicker", [ticker])
    wire.serve("GET", "/dapi/v1/depth", {"bids": [["99999.9", "5000"]], "asks": [["100000", "5100"]]})
    config = {"symbol": "BTCUSDT", "marginType": "ISOLATED", "leverage": 1}
    wire.serve("GET", "/fapi/v1/symbolConfig", [config])
    wire.serve("GET", "/fapi/v1/accountConfig", {"dualSidePosition": False, "multiAssetsMargin": False})
    return wire
