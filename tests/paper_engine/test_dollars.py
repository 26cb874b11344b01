"""Prices are kept in US dollars: a stablecoin that breaks moves what is quoted in it, and nothing else."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import MarketType, NewOrder, OrderKind, Refusal, Side, TimeInForce
from bot.paper.world import default_world
from tests.paper_engine.conftest import START_MS

D = Decimal


def test_a_broken_quote_raises_what_is_quoted_in_it_and_leaves_dollars_alone(exchange: Exchange) -> None:
    exchange.set_price("USDT", D("0.97"))

    assert exchange.mark("spot:BTCUSDT") == D("103092.78350515")
    assert exchange.mark("linear:BTCUSDT") == D("103092.78350515")
    assert exchange.index("linear:BTCUSDT") == D("103092.78350515")
    assert exchange.mark("spot:USDCUSDT") == D("1.03092784")
    assert exchange.mark("spot:BTCUSDC") == 100_000
    assert exchange.mark("inverse:BTCUSD_PERP") == exchange.index("inverse:BTCUSD_PERP") == 100_000
    assert exchange.price("BTC") == 100_000
    depth = exchange.depth("spot:BTCUSDT", 1)
    assert depth.bids[0].price < D("103092.78350515") < depth.asks[0].price


def test_a_break_of_the_other_one_moves_its_own_markets(exchange: Exchange) -> None:
    exchange.set_price("USDC", D("0.9"))

    assert exchange.mark("spot:BTCUSDT") == 100_000
    assert exchange.mark("spot:USDCUSDT") == D("0.9")
    assert exchange.mark("spot:BTCUSDC") == D("111111.11111111")


def test_a_coins_price_is_told_in_dollars_whatever_the_quote_is_worth(exchange: Exchange) -> None:
    exchange.set_price("USDT", D("0.5"))
    exchange.set_price("BTC", D(90_000))

    assert exchange.mark("spot:BTCUSDT") == exchange.last_price("spot:BTCUSDT") == 180_000
    assert exchange.mark("inverse:BTCUSD_PERP") == 90_000


def test_orders_that_rest_are_filled_by_a_quote_that_moves(exchange: Exchange) -> None:
    order = NewOrder(
        listing_key="spot:BTCUSDT",
        client_id="rests",
        side=Side.SELL,
        kind=OrderKind.LIMIT,
        tif=TimeInForce.GTC,
        quantity=D("0.5"),
        price=D(102_000),
    )
    exchange.submit("paper", order)
    exchange.set_price("USDT", D("0.97"))

    (trade,) = exchange.account("paper").trades("spot:BTCUSDT")
    assert (trade.price, trade.quantity) == (D(102_000), D("0.5"))


def test_histories_are_in_the_markets_own_quote(exchange: Exchange, clock: list[int]) -> None:
    market, dollars = exchange.listing("spot:BTCUSDT"), exchange.index_of("BTC", "USD")
    clock[0] += 1000
    exchange.set_price("USDT", D("0.5"))
    clock[0] += 1000
    exchange.set_price("BTC", D(60_000))

    told = exchange.quoted_history(market)
    assert told[-2:] == [(START_MS + 1000, D(200_000)), (START_MS + 2000, D(120_000))]
    assert told[0] == (START_MS, D(100_000))
    assert exchange.quoted_history(dollars) == [(START_MS, D(100_000)), (START_MS + 2000, D(60_000))]
    assert exchange.quoted_history(exchange.index_of("USDT", "USD"))[-1] == (START_MS + 1000, D("0.5"))
    thousand = exchange.listing("linear:1000PEPEUSDT")
    assert [price for _, price in exchange.quoted_history(thousand)[-1:]] == [D("0.04")]


@pytest.mark.parametrize("price", ["0.0099", "100", "0", "-1", "NaN"])
def test_a_quotes_price_stays_where_markets_can_follow(exchange: Exchange, price: str) -> None:
    with pytest.raises(Refusal, match="bad-price"):
        exchange.set_price("USDT", D(price))
    assert exchange.mark("spot:BTCUSDT") == 100_000


def test_dollars_themselves_have_no_price(exchange: Exchange) -> None:
    with pytest.raises(Refusal, match="unknown-asset"):
        exchange.set_price("USD", D(2))
    for asset, quote in (("BTC", "EUR"), ("NOPE", "USD")):
        with pytest.raises(Refusal, match="unknown-asset"):
            exchange.index_of(asset, quote)


def test_conservation_of_coins_does_not_depend_on_what_dollars_buy(exchange: Exchange) -> None:
    before = {asset: exchange.total(asset) for asset in ("BTC", "USDT")}
    exchange.set_price("USDT", D("0.8"))
    exchange.settle_funding("BTC", D("0.001"))
    assert {asset: exchange.total(asset) for asset in before} == before


def test_every_venue_has_both_quotes_and_the_pair_between_them() -> None:
    world = default_world(lambda: START_MS)
    for venue in world.venues.values():
        spot = {(it.asset, it.quote) for it in venue.exchange.listings.values() if it.market is MarketType.SPOT}
        assert {("BTC", "USDT"), ("BTC", "USDC"), ("USDC", "USDT")} <= spot
    world.set_price("USDT", D("0.97"), "okx")
    assert world.venues["okx"].exchange.mark("spot:BTC-USDT") > D(103_000)
    assert world.venues["kucoin"].exchange.mark("spot:BTC-USDT") == 100_000
    with pytest.raises(ValueError, match="expected one of"):
        world.set_price("USD", D(2))
    with pytest.raises(ValueError, match="expected one of"):
        world.settle_funding("USDT", D("0.0001"))
