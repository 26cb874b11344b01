"""A wire that serves canned KuCoin bodies through the session seam."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from yarl import URL

from bot.domain.ids import ClientOrderId, Epoch, Symbol, VenueName, client_order_id
from bot.domain.orders import OrderRequest
from bot.ports import Clock, OrderTicket
from bot.venue.spec import VenueSpec
from tests.venue.wire import EPOCH_MS, Anything, Wire, spec

INVERSE = Symbol("BTC/USD:BTC")
PEPE = Symbol("10000PEPE/USDT:USDT")
PASSPHRASE = "p4ssphrase-never-shown"
ORDER_ID = "236317213710184449"
EPOCH = Epoch("abcdefghij")


@dataclass
class Sent:
    """One request with what signs it."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


class KuCoinWire(Wire):
    """Also keeps headers and JSON bodies."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Sent] = []

    def get(self, url: URL, **rest: Anything) -> Anything:
        return super().get(url, **self._kept(url, rest))

    def post(self, url: URL, **rest: Anything) -> Anything:
        return super().post(url, **self._kept(url, rest))

    def delete(self, url: URL, **rest: Anything) -> Anything:
        return super().delete(url, **self._kept(url, rest))

    def _kept(self, url: URL, rest: dict[str, Anything]) -> dict[str, Anything]:
        raw = rest.pop("data", None) or b""
        self.sent.append(Sent(url.path, rest.get("headers") or {}, json.loads(raw) if raw else {}))
        return rest

    def posted(self, path: str) -> Sent:
        return next(sent for sent in reversed(self.sent) if sent.path == path and sent.body)


def ok(data: object) -> dict[str, object]:
    return {"code": "200000", "data": data}


def page(items: Sequence[object], **more: object) -> dict[str, object]:
    return ok({"currentPage": 1, "pageSize": 500, "totalNum": len(items), "totalPage": 1, "items": items, **more})


def _pair(base: str, quote: str = "USDT") -> dict[str, object]:
    return {
        "symbol": f"{base}-{quote}",
        "name": f"{base}-{quote}",
        "baseCurrency": base,
        "quoteCurrency": quote,
        "feeCurrency": quote,
        "market": "USDS",
        "baseMinSize": "0.00001",
        "quoteMinSize": "0.1",
        "baseMaxSize": "10000000000",
        "quoteMaxSize": "99999999",
        "baseIncrement": "0.00000001",
        "quoteIncrement": "0.000001",
        "priceIncrement": "0.1",
        "priceLimitRate": "0.1",
        "minFunds": "0.1",
        "isMarginEnabled": True,
        "enableTrading": True,
    }


def contract(market_id: str, base: str, multiplier: float, **more: Anything) -> dict[str, object]:
    """A row of `contracts/active`, with the fields and number forms that were recorded from the venue."""
    return {
        "symbol": market_id,
        "rootSymbol": "USDT",
        "type": "FFWCSX",
        "firstOpenDate": 1585555200000,
        "expireDate": None,
        "baseCurrency": base,
        "quoteCurrency": "USDT",
        "settleCurrency": "USDT",
        "maxOrderQty": 1000000,
        "maxPrice": 1000000.0,
        "lotSize": 1,
        "tickSize": 0.1,
        "multiplier": multiplier,
        "makerFeeRate": 2.0e-4,
        "takerFeeRate": 6.0e-4,
        "isInverse": False,
        "status": "Open",
        "fundingFeeRate": 8.1e-5,
        "openInterest": "9622858",
        "turnoverOf24h": 6.845151044888e8,
        "volumeOf24h": 7991.204,
        "markPrice": 84478.96,
        "indexPrice": 84526.25,
        "nextFundingRateTime": 3196728,
        "maxLeverage": 125,
        "orderPriceRange": "0.05",
        **more,
    }


COIN_MARGINED: Anything = {"rootSymbol": "XBT", "quoteCurrency": "USD", "settleCurrency": "XBT", "isInverse": True}
XBTUSDTM = contract("XBTUSDTM", "XBT", 0.001)
XBTUSDM = contract(
    "XBTUSDM", "XBT", -1.0, **COIN_MARGINED, turnoverOf24h=51.1, volumeOf24h=4320446.0, orderPriceRange=0.1
)
PEPEUSDTM = contract("10000PEPEUSDTM", "10000PEPE", 10.0, tickSize=1.0e-6, markPrice=0.1, turnoverOf24h=1e6)
DATED = contract(
    *("XBTMZ26", "XBT", -1.0), **COIN_MARGINED, expireDate=1798185600000, nextFundingRateTime=None, fundingFeeRate=None
)


def account(currency: str, wallet: str, available: str, holds: str = "0", number: str = "1") -> dict[str, object]:
    balance = f"{float(available) + float(holds):.8f}"
    return {
        "id": f"{wallet}-{currency}-{number}",
        "currency": currency,
        "type": wallet,
        "balance": balance,
        "available": available,
        "holds": holds,
    }


def overview(
    currency: str = "USDT", equity: object = 200000, upnl: object = 0, margin: object = 0
) -> dict[str, object]:
    return {
        "accountEquity": equity,
        "unrealisedPNL": upnl,
        "marginBalance": equity,
        "positionMargin": margin,
        "orderMargin": 0,
        "frozenFunds": 0,
        "availableBalance": equity,
        "currency": currency,
    }


def position(market_id: str = "XBTUSDTM", quantity: int = -1000, **more: object) -> dict[str, object]:
    return {
        "id": "500000000000988255",
        "symbol": market_id,
        "crossMode": False,
        "marginMode": "ISOLATED",
        "positionSide": "BOTH",
        "leverage": 1.02,
        "currentQty": quantity,
        "isOpen": quantity != 0,
        "markPrice": 84478.96,
        "markValue": 84478.96 * quantity / 1000,
        "posMargin": 84000.5,
        "unrealisedPnl": 1.4698,
        "avgEntryPrice": 84400.1,
        "liquidationPrice": 167000.2,
        "settleCurrency": "USDT",
        "isInverse": False,
        **more,
    }


def order_row(client_id: str | None, **more: object) -> dict[str, object]:
    """One order, filled; its fills are worth what they are at the average price."""
    value = Decimal(str(more.get("filledSize", 1000))) * Decimal("84.4001")
    return {
        "id": ORDER_ID,
        "symbol": "XBTUSDTM",
        "type": "limit",
        "side": "sell",
        "price": "84000",
        "size": 1000,
        "dealSize": 1000,
        "filledSize": 1000,
        "filledValue": str(value),
        "avgDealPrice": "84400.1",
        "clientOid": client_id,
        "isActive": False,
        "cancelExist": False,
        "status": "done",
        "createdAt": EPOCH_MS,
        "endAt": EPOCH_MS + 5,
        "reduceOnly": False,
        **more,
    }


def fill(number: int, at_ns: int, **more: object) -> dict[str, object]:
    return {
        "symbol": "XBTUSDTM",
        "tradeId": str(number),
        "orderId": ORDER_ID,
        "side": "sell",
        "liquidity": "taker",
        "price": "84400.1",
        "size": 10,
        "value": "844.001",
        "fee": "0.5064006",
        "feeCurrency": "USDT",
        "settleCurrency": "USDT",
        "tradeType": "trade",
        "tradeTime": at_ns,
        "createdAt": at_ns // 1_000_000 + 170,
        **more,
    }


def kucoin_spec(environment: str = "paper", **more: Anything) -> VenueSpec:
    return spec(environment, "kucoin", **{"password": PASSPHRASE, **more})


def client_id(sequence: int = 1) -> ClientOrderId:
    return client_order_id(EPOCH, sequence)


def ticket(at_ms: int, sequence: int = 1, **more: Anything) -> OrderTicket:
    request = OrderRequest(venue=VenueName("main"), **more)
    return OrderTicket(request=request, client_id=client_id(sequence), timestamp_ms=at_ms, deadline_ms=at_ms + 5_000)


def flat_account(clock: Clock) -> KuCoinWire:
    """1.25 BTC in three wallets, 0.5 in Earn, 200,000 USDT and 2 BTC of margin, no position."""
    wire = KuCoinWire()
    wire.serve("GET", "/api/v1/timestamp", lambda asked: ok(clock.now_ms()))
    wire.serve("GET", "/api/v2/symbols", ok([_pair("BTC"), _pair("ETH"), _pair("PEPE"), _pair("KALT")]))
    wire.serve("GET", "/api/v1/contracts/active", ok([XBTUSDTM, XBTUSDM, PEPEUSDTM, DATED]))
    for row in (XBTUSDTM, XBTUSDM, PEPEUSDTM):
        wire.serve("GET", f"/api/v1/contracts/{row['symbol']}", ok(row))
    wire.serve("GET", "/api/ua/v1/account/mode", ok({"selfAccountMode": "CLASSIC"}))
    wire.serve(
        "GET",
        "/api/v1/trade-fees",
        lambda asked: ok({"symbol": asked.params["symbol"], "takerFeeRate": "0.00055", "makerFeeRate": "0.00018"}),
    )
    accounts = [
        account("BTC", "main", "0.70", "0.05"),
        account("USDT", "main", "10"),
        account("BTC", "trade", "0.20"),
        account("BTC", "trade_hf", "0.30"),
        account("BTC", "margin", "9"),
    ]
    wire.serve("GET", "/api/v1/accounts", lambda asked: ok([a for a in accounts if a["type"] == asked.params["type"]]))
    wire.serve("GET", "/api/v1/earn/hold-assets", page([held("0.6", "0.1")]))
    wire.serve("GET", "/api/v1/withdrawals", page([]))
    wire.serve("GET", "/api/v1/deposits", page([]))
    funds = {"USDT": overview(), "XBT": overview("XBT", 2.0)}
    wire.serve("GET", "/api/v1/account-overview", lambda asked: ok(funds[asked.params["currency"]]))
    wire.serve("GET", "/api/v1/positions", ok([]))
    wire.serve("POST", "/api/v1/orders", lambda asked: ok({"orderId": ORDER_ID, "clientOid": client_id()}))
    wire.serve("GET", "/api/v1/ticker", ok(quote("XBTUSDTM")))
    wire.serve("GET", "/api/v1/allTickers", ok([quote("XBTUSDTM"), quote("XBTUSDM"), quote("10000PEPEUSDTM")]))
    book = {"symbol": "XBTUSDTM", "bids": [[84476.9, 488], [84476.8, 4]], "asks": [[84477.0, 30]], "ts": 1}
    wire.serve("GET", "/api/v1/level2/depth100", ok(book))
    wire.serve("GET", "/api/v2/position/getPositionMode", ok({"positionMode": 0}))
    wire.serve(
        "GET",
        "/api/v2/position/getMarginMode",
        lambda asked: ok({"symbol": asked.params["symbol"], "marginMode": "ISOLATED"}),
    )
    return wire


def held(amount: str, redeeming: str = "0", currency: str = "BTC") -> dict[str, object]:
    return {
        "orderId": "2767291",
        "productCategory": "STAKING",
        "currency": currency,
        "holdAmount": amount,
        "redeemedAmount": "0",
        "redeemingAmount": redeeming,
        "status": "REDEEMING" if float(redeeming) else "LOCKED",
    }


def quote(market_id: str) -> dict[str, object]:
    return {"symbol": market_id, "bestBidPrice": "84476.9", "bestBidSize": 488, "bestAskPrice": "84477", "size": 3}
