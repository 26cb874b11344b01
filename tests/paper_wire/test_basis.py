"""Markets that are priced apart: every venue shows the contract's own mark, and spot as its index."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any, TypeAlias

from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import MarketType
from tests.paper_wire import kucoin, okx

Wire: TypeAlias = Any

APART = {MarketType.SPOT: D(100_000), MarketType.LINEAR: D(100_500), MarketType.INVERSE: D(99_600)}


def test_binance(wire: Wire, exchange: Exchange) -> None:
    exchange.set_market_prices("BTC", APART)
    for root, symbol, mark in (("fapi", "BTCUSDT", 100_500), ("dapi", "BTCUSD_PERP", 99_600)):
        told = wire.get(f"https://{root}.binance.com/{root}/v1/premiumIndex", symbol=symbol)
        row = told[0] if isinstance(told, list) else told
        assert (D(row["markPrice"]), D(row["indexPrice"])) == (D(mark), D(100_000))
    assert D(wire.get("https://api.binance.com/api/v3/ticker/price", symbol="BTCUSDT")["price"]) == 100_000


def test_okx() -> None:
    bench = okx.Bench()
    bench.exchange.set_market_prices("BTC", APART)
    bench.order(okx.SWAP, "sell", "1")
    assert bench.get("public/mark-price", instId=okx.SWAP, instType="SWAP")[0]["markPx"] == "100500"
    assert bench.get("public/mark-price", instId=okx.INVERSE, instType="SWAP")[0]["markPx"] == "99600"
    assert bench.get("market/index-tickers", instId="BTC-USDT")[0]["idxPx"] == "100000"
    (position,) = bench.get("account/positions")
    assert (position["markPx"], position["idxPx"]) == ("100500", "100000")


def test_kucoin() -> None:
    bench = kucoin.Bench()
    bench.exchange.set_market_prices("BTC", APART)
    for symbol, mark in (("XBTUSDTM", 100_500), ("XBTUSDM", 99_600)):
        told = bench.data("GET", f"{kucoin.FUTURES_HOST}/api/v1/mark-price/{symbol}/current")
        contract = bench.data("GET", f"{kucoin.FUTURES_HOST}/api/v1/contracts/{symbol}")
        assert (told["value"], told["indexPrice"]) == (D(mark), D(100_000))
        assert (contract["markPrice"], contract["indexPrice"]) == (D(mark), D(100_000))
