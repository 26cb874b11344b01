"""A price of its own for spot and for each kind of perpetual, as a history with a basis has it."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import MarketType, NewOrder, OrderKind, Refusal, RefusalCode, Side

SPOT, LINEAR, INVERSE = "spot:BTCUSDT", "linear:BTCUSDT", "inverse:BTCUSD_PERP"
APART = {MarketType.SPOT: D(100_000), MarketType.LINEAR: D(100_500), MarketType.INVERSE: D(99_600)}


def test_each_market_has_its_own_mark_and_book(exchange: Exchange) -> None:
    exchange.set_market_prices("BTC", APART)
    assert [exchange.mark(key) for key in (SPOT, LINEAR, INVERSE)] == [100_000, 100_500, 99_600]
    assert [exchange.last_price(key) for key in (SPOT, LINEAR, INVERSE)] == [100_000, 100_500, 99_600]
    for key in (SPOT, LINEAR, INVERSE):
        book = exchange.depth(key)
        assert book.bids[0].price < exchange.mark(key) < book.asks[0].price


def test_the_index_is_the_spot_price(exchange: Exchange) -> None:
    exchange.set_market_prices("BTC", APART)
    exchange.set_market_prices("PEPE", {MarketType.SPOT: D("0.00002"), MarketType.LINEAR: D("0.000021")})
    assert exchange.price("BTC") == 100_000
    assert [exchange.index(key) for key in (SPOT, LINEAR, INVERSE)] == [100_000] * 3
    assert (exchange.mark("linear:1000PEPEUSDT"), exchange.index("linear:1000PEPEUSDT")) == (D("0.021"), D("0.02"))


def test_a_market_that_is_not_named_keeps_its_price(exchange: Exchange, clock: list[int]) -> None:
    start_ms = clock[0]
    clock[0] += 10
    exchange.set_market_prices("BTC", {MarketType.LINEAR: D(101_000)})
    assert [exchange.mark(key) for key in (SPOT, LINEAR, INVERSE)] == [100_000, 101_000, 100_000]
    assert exchange.price_history("BTC") == ((start_ms, D(100_000)),)
    linear = exchange.price_history("BTC", MarketType.LINEAR)
    assert linear == ((start_ms, D(100_000)), (clock[0], D(101_000)))


def test_one_price_for_all_ends_the_basis(exchange: Exchange) -> None:
    exchange.set_market_prices("BTC", APART)
    exchange.set_price("BTC", D(90_000))
    assert [exchange.mark(key) for key in (SPOT, LINEAR, INVERSE)] == [90_000] * 3


def test_a_bad_price_among_them_changes_none(exchange: Exchange) -> None:
    for bad in (D(0), D("NaN"), D(10) ** 9):
        with pytest.raises(Refusal) as refused:
            exchange.set_market_prices("BTC", {MarketType.SPOT: D(1), MarketType.LINEAR: bad})
        assert refused.value.code is RefusalCode.BAD_PRICE
    with pytest.raises(Refusal) as refused:
        exchange.set_market_prices("DOGE", APART)
    assert refused.value.code is RefusalCode.UNKNOWN_ASSET
    assert exchange.price("BTC") == 100_000


def test_a_perpetuals_profit_and_funding_follow_its_own_mark(exchange: Exchange) -> None:
    exchange.set_market_prices("BTC", {MarketType.SPOT: D(100_000), MarketType.LINEAR: D(100_500)})
    exchange.submit("k", NewOrder(listing_key=LINEAR, side=Side.SELL, kind=OrderKind.MARKET, quantity=D(1)))
    before = exchange.account("k").position("BTCUSDT")
    exchange.set_market_prices("BTC", {MarketType.SPOT: D(110_000)})
    after = exchange.account("k").position("BTCUSDT")
    assert before is not None
    assert after is not None
    assert after.unrealized == before.unrealized
    exchange.settle_funding("BTC", D("0.001"))
    assert exchange.funding_history("BTCUSDT")[-1].mark_price == 100_500
    assert exchange.account("k").ledger[-1].amount == D("100.5")


def test_only_the_market_that_rose_liquidates(exchange: Exchange) -> None:
    exchange.set_leverage("k", "BTCUSDT", 10)
    exchange.set_margin_mode("k", "BTCUSDT", isolated=True)
    exchange.submit("k", NewOrder(listing_key=LINEAR, side=Side.SELL, kind=OrderKind.MARKET, quantity=D(1)))
    exchange.set_market_prices("BTC", {MarketType.SPOT: D(120_000), MarketType.INVERSE: D(120_000)})
    position = exchange.account("k").position("BTCUSDT")
    assert position is not None
    assert position.contracts == -1
    exchange.set_market_prices("BTC", {MarketType.LINEAR: D(120_000)})
    position = exchange.account("k").position("BTCUSDT")
    assert position is not None
    assert position.contracts == 0
