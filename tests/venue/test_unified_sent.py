"""What ccxt makes of our orders where there is a testnet: nothing is lost on the way, and nothing added."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal as D
from urllib.parse import parse_qsl, urlsplit

import pytest

from bot.domain.environment import Environment
from bot.domain.ids import ClientOrderId
from bot.venue.client import AnswerFault, make_client
from bot.venue.unified.facts import our_id, their_id
from bot.venue.ways import ways_of
from tests.venue.unified_paper import spec_of
from tests.venue.wire import EPOCH_MS, Anything, Wire

OURS = ClientOrderId("habcdefghij000000000000007")
LINEAR: dict[str, Anything] = {
    "base": "BTC",
    "baseId": "BTC",
    "type": "swap",
    "subType": "linear",
    "spot": False,
    "margin": False,
    "swap": True,
    "future": False,
    "option": False,
    "contract": True,
    "linear": True,
    "inverse": False,
    "active": True,
    "limits": {},
    "info": {},
}
MARKETS: dict[str, tuple[str, str, str, str]] = {
    "bingx": ("BTC-USDT", "USDT", "1", "0.001"),
    "bitget": ("BTCUSDT", "USDT", "1", "0.001"),
    "bybit": ("BTCUSDT", "USDT", "1", "0.001"),
    "gate": ("BTC_USDT", "USDT", "0.0001", "1"),
    "hyperliquid": ("0", "USDC", "1", "0.001"),
    "krakenfutures": ("PF_XBTUSD", "USD", "1", "0.001"),
}


def market_of(exchange: str) -> dict[str, Anything]:
    market_id, settle, size, step = MARKETS[exchange]
    return {
        **LINEAR,
        **({"baseId": "0", "baseName": "BTC"} if exchange == "hyperliquid" else {}),
        "id": market_id,
        "lowercaseId": market_id.lower(),
        "symbol": f"BTC/{settle}:{settle}",
        "quote": settle,
        "settle": settle,
        "quoteId": settle,
        "settleId": settle,
        "contractSize": size,
        "precision": {"amount": step, "price": "0.1"},
    }


@pytest.fixture
def sent() -> list[dict[str, Anything]]:
    return []


async def place(exchange: str, sent: list[dict[str, Anything]], *, buy: bool) -> None:
    """Send 10 steps; the exchange does not answer."""
    spec = spec_of(exchange, Environment.TESTNET, key="0x" + "2" * 64 if exchange == "hyperliquid" else "c2VjcmV0")
    client = make_client(spec, ways_of(spec), time_ms=lambda: EPOCH_MS, session=Wire())
    client.judge_with(lambda *told: None)
    market = market_of(exchange)
    client.set_markets([market])

    async def fetch(url: str, method: str = "GET", headers: object = None, body: Anything = None) -> object:
        parts = urlsplit(url)
        is_json = isinstance(body, str) and body.startswith("{")
        given = json.loads(body) if is_json else dict(parse_qsl(body or ""))
        sent.append({"method": method, "path": parts.path, **dict(parse_qsl(parts.query)), **given})
        return {"status": "ok"}

    client.fetch = fetch
    params = {"clientOrderId": their_id(exchange, OURS), "timeInForce": "IOC", **({"reduceOnly": True} if buy else {})}
    if exchange == "bitget":
        params["marginMode"] = "isolated"
    contracts = D(market["precision"]["amount"]) * 10
    side, price = ("buy", D(100_500)) if buy else ("sell", D(99_500))
    with suppress(AnswerFault):
        await client.unified({"call": "send_order", "args": (market["symbol"], side, contracts, price, params)})
    await client.close()


EXPECTED: dict[str, dict[str, Anything]] = {
    "bingx": {"symbol": "BTC-USDT", "side": "SELL", "quantity": "0.01", "price": "99500", "timeInForce": "IOC"},
    "bitget": {"symbol": "BTCUSDT", "side": "sell", "size": "0.01", "price": "99500", "force": "IOC"},
    "bybit": {"symbol": "BTCUSDT", "side": "Sell", "qty": "0.01", "price": "99500", "timeInForce": "IOC"},
    "gate": {"contract": "BTC_USDT", "size": -10, "price": "99500", "tif": "ioc"},
    "krakenfutures": {"symbol": "PF_XBTUSD", "side": "sell", "size": "0.01", "limitPrice": "99500"},
}
OUR_FIELD = {
    "bingx": "clientOrderID",
    "bitget": "clientOid",
    "bybit": "orderLinkId",
    "gate": "text",
    "krakenfutures": "cliOrdId",
}
REDUCING = {
    "bingx": ("reduceOnly", "true"),
    "bitget": ("reduceOnly", "YES"),
    "bybit": ("reduceOnly", True),
    "gate": ("reduce_only", True),
    "krakenfutures": ("reduceOnly", "true"),
}


@pytest.mark.parametrize("exchange", sorted(EXPECTED))
async def test_an_order_goes_out_once_as_it_was_decided_on(exchange: str, sent: list[dict[str, Anything]]) -> None:
    await place(exchange, sent, buy=False)
    (order,) = [each for each in sent if each["method"] == "POST"]
    assert {key: order.get(key) for key in EXPECTED[exchange]} == EXPECTED[exchange]
    assert our_id(order[OUR_FIELD[exchange]]) == OURS
    assert REDUCING[exchange][0] not in order


@pytest.mark.parametrize("exchange", sorted(EXPECTED))
async def test_r24_what_shrinks_the_short_only_reduces(exchange: str, sent: list[dict[str, Anything]]) -> None:
    await place(exchange, sent, buy=True)
    (order,) = [each for each in sent if each["method"] == "POST"]
    name, value = REDUCING[exchange]
    assert order[name] == value


async def test_hyperliquid_gets_our_order_and_nothing_for_ccxt(sent: list[dict[str, Anything]]) -> None:
    await place("hyperliquid", sent, buy=True)
    (order,) = [each for each in sent if each["path"] == "/exchange"]
    (told,) = order["action"]["orders"]
    assert (told["p"], told["s"], told["r"], told["t"]) == ("100500", "0.01", True, {"limit": {"tif": "Ioc"}})
    assert our_id(told["c"]) == OURS
    assert order["action"].keys() == {"type", "orders", "grouping"}
