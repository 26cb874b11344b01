"""What the exchange does with each kind of order, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.paper.engine.defaults import BINANCE_LISTINGS, BINANCE_STARTING
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import Listing, OrderStatus, Refusal
from tests.paper_engine.orders import KEY, LINEAR, OTHER, SPOT, D, New, contracts, now


@pytest.mark.parametrize(
    ("key", "side", "quantity", "price", "code"),
    [
        ("spot:DOGEUSDT", "BUY", "1", None, "unknown-symbol"),
        (SPOT, "BUY", None, None, "lot-size"),
        (SPOT, "BUY", "NaN", None, "lot-size"),
        (SPOT, "BUY", "0", None, "lot-size"),
        (SPOT, "BUY", "-1", None, "lot-size"),
        (SPOT, "BUY", "0.000001", None, "lot-size"),
        (SPOT, "BUY", "0.123456", None, "lot-size"),
        (SPOT, "BUY", "0.1000000000000000000000000000000000000001", None, "lot-size"),
        (SPOT, "BUY", "120.00001", None, "max-quantity"),
        (SPOT, "BUY", "9000.00001", "100000", "max-quantity"),
        (LINEAR, "BUY", "1e40", None, "max-quantity"),
        (LINEAR, "SELL", "0.0005", None, "lot-size"),
        (LINEAR, "SELL", "0.0015", None, "lot-size"),
        (LINEAR, "SELL", "0.001", "100000.05", "price-filter"),
        (LINEAR, "SELL", "0.001", "0", "price-filter"),
        (LINEAR, "SELL", "0.001", "-100000", "price-filter"),
        (LINEAR, "SELL", "0.001", "NaN", "price-filter"),
        (LINEAR, "SELL", "0.001", "1e40", "price-filter"),
        (LINEAR, "BUY", "0.01", "105000.1", "percent-price"),
        (LINEAR, "SELL", "0.01", "94999.9", "percent-price"),
        (SPOT, "BUY", "0.01", "500000.01", "percent-price"),
        (SPOT, "SELL", "0.01", "500000.01", "percent-price"),
        (SPOT, "BUY", "0.01", "19999.99", "percent-price"),
        (SPOT, "BUY", "0.00004", None, "min-notional"),
        (SPOT, "BUY", "0.00005", "99999", "min-notional"),
        (LINEAR, "BUY", "0.001", "99999.9", "min-notional"),
        ("linear:BNBUSDT", "BUY", "0.01", None, None),
        (LINEAR, "SELL", "0.001", None, None),
        (LINEAR, "BUY", "0.01", "105000", None),
        (LINEAR, "SELL", "0.01", "95000", None),
        (LINEAR, "SELL", "0.01", "300000", None),
        (LINEAR, "SELL", "1.000", "100000.00", None),
        (SPOT, "BUY", "0.00005", "100000", None),
    ],
)
def test_filters(
    exchange: Exchange, new: New, key: str, side: str, quantity: str | None, price: str | None, code: str | None
) -> None:
    order = new(key, side, quantity, price)
    if code is None:
        assert exchange.submit(KEY, order).order_id
        return
    with pytest.raises(Refusal) as refused:
        exchange.submit(KEY, order)
    assert refused.value.code == code
    assert exchange.account(KEY).orders() == []


def test_a_market_that_does_not_trade_refuses(new: New) -> None:
    listings = [replace(listing, status="BREAK") for listing in BINANCE_LISTINGS]
    exchange = Exchange(name="binance", listings=listings, starting=BINANCE_STARTING, time_ms=lambda: 0)
    with pytest.raises(Refusal, match="market-closed"):
        exchange.submit(KEY, new(SPOT, "BUY", "1"))


def test_a_listing_that_could_not_be_booked_exactly_is_refused() -> None:
    spot = exchange_listing(SPOT)
    with pytest.raises(ValueError, match="multiples of"):
        replace(spot, quantity_step=D("0.000000001"))
    with pytest.raises(ValueError, match="multiples of"):
        replace(exchange_listing(LINEAR), price_tick=D("0.000001"))
    with pytest.raises(ValueError, match="brackets"):
        replace(exchange_listing(LINEAR), brackets=())
    with pytest.raises(ValueError, match="no first price for DOGE"):
        Exchange(name="x", listings=[replace(spot, asset="DOGE")], starting={}, time_ms=lambda: 0)


def exchange_listing(key: str) -> Listing:
    return next(listing for listing in BINANCE_LISTINGS if listing.key == key)


def test_the_book_has_depth_and_a_spread(exchange: Exchange) -> None:
    for key in exchange.listings:
        depth = exchange.depth(key)
        listing, mark = exchange.listing(key), exchange.mark(key)
        assert depth.asks[0].price - depth.bids[0].price >= listing.price_tick
        assert depth.bids[0].price < mark < depth.asks[0].price
        assert len(depth.bids) == len(depth.asks) == 20
        assert depth.bids[0].quantity * mark >= 500_000
        assert all(level.price % listing.price_tick == 0 for level in depth.bids + depth.asks)
    assert exchange.depth(LINEAR).bids[0].quantity >= 5
    assert len(exchange.depth(LINEAR, 5).asks) == 5


def test_a_book_of_a_price_near_the_tick_quotes_no_bid_at_zero(exchange: Exchange) -> None:
    exchange.set_price("PEPE", D("0.00000001"))
    assert exchange.depth("spot:PEPEUSDT").bids == ()


def test_a_market_order_walks_the_levels(exchange: Exchange, new: New) -> None:
    order = exchange.submit(KEY, new(LINEAR, "SELL", "20"))
    assert [(trade.price, trade.quantity) for trade in order.trades] == [
        (D(99_999), D(6)),
        (D(99_989), D(9)),
        (D(99_979), D(5)),
    ]
    assert order.status is OrderStatus.FILLED
    assert exchange.depth(LINEAR).bids[0].quantity == 6, "the market refills at once"


def test_a_limit_order_rests_and_fills_as_maker_at_its_own_price(exchange: Exchange, new: New) -> None:
    order = exchange.submit(KEY, new(SPOT, "BUY", "0.5", "99000", client_id="mine"))
    assert order.status is OrderStatus.NEW
    assert exchange.account(KEY).open_orders() == [order]
    assert exchange.account(KEY).open_orders(LINEAR) == []
    assert exchange.account(KEY).balance("spot", "USDT").locked == 49_500
    assert exchange.account(KEY).balance("spot", "USDT").free == 150_500
    exchange.set_price("BTC", D(99_001))
    assert now(exchange, order).status is OrderStatus.NEW
    exchange.set_price("BTC", D(90_000))
    done = exchange.order(KEY, SPOT, client_id="mine")
    assert done.status is OrderStatus.FILLED
    assert (done.average_price, done.trades[0].maker) == (D(99_000), True)
    assert exchange.account(KEY).balance("spot", "USDT").locked == 0
    assert list(exchange.account(KEY).trades(SPOT)) == list(done.trades)


def test_a_resting_sell_locks_the_coins(exchange: Exchange, new: New) -> None:
    exchange.submit(KEY, new(SPOT, "SELL", "0.75", "110000"))
    assert exchange.account(KEY).balance("spot", "BTC").free == D("0.25")
    with pytest.raises(Refusal, match="insufficient-balance"):
        exchange.submit(KEY, new(SPOT, "SELL", "0.26"))
    exchange.submit(KEY, new(SPOT, "SELL", "0.25"))


@pytest.mark.parametrize(
    ("side", "price", "asset", "locked"),
    [
        ("BUY", "100001", "USDT", D("0.5") * 100_001),
        ("SELL", "99999", "BTC", D("0.5")),
    ],
)
def test_a_partly_filled_spot_order_locks_only_its_rest(
    new: New, side: str, price: str, asset: str, locked: Decimal
) -> None:
    thin = replace(exchange_listing(SPOT), depth=D("0.25"))
    exchange = Exchange(name="binance", listings=[thin], starting=BINANCE_STARTING, time_ms=lambda: 0)
    order = exchange.submit(KEY, new(SPOT, side, "0.75", price))
    assert order.filled == D("0.25")
    assert exchange.account(KEY).balance("spot", asset).locked == locked


def test_a_limit_order_larger_than_the_depth_fills_in_part_and_goes_on_when_the_market_refills(
    exchange: Exchange, new: New
) -> None:
    order = exchange.submit(KEY, new(LINEAR, "BUY", "10", "100001"))
    assert (order.status, order.filled) == (OrderStatus.PARTIALLY_FILLED, D(6))
    depth = exchange.depth(LINEAR)
    assert (depth.bids[0].price, depth.bids[0].quantity) == (D(100_001), D(4))
    assert depth.asks[0].price == 100_011
    exchange.advance()
    assert now(exchange, order).status is OrderStatus.FILLED
    assert contracts(exchange) == 10


@pytest.mark.parametrize(
    ("tif", "price", "status", "filled"),
    [
        ("IOC", "99999", "EXPIRED", "6"),
        ("IOC", "100001", "EXPIRED", "0"),
        ("IOC", "99989", "FILLED", "8"),
        ("FOK", "99999", "EXPIRED", "0"),
        ("FOK", "99989", "FILLED", "8"),
    ],
)
def test_immediate_orders(exchange: Exchange, new: New, tif: str, price: str, status: str, filled: str) -> None:
    order = exchange.submit(KEY, new(LINEAR, "SELL", "8", price, tif))
    assert (order.status, order.filled) == (OrderStatus(status), D(filled))
    assert contracts(exchange) == -D(filled)
    assert exchange.account(KEY).open_orders() == []


def test_post_only_never_takes(exchange: Exchange, new: New) -> None:
    with pytest.raises(Refusal, match="would-match"):
        exchange.submit(KEY, new(LINEAR, "SELL", "1", "99999", "GTX"))
    assert exchange.submit(KEY, new(LINEAR, "SELL", "1", "99999.1", "GTX")).status is OrderStatus.NEW


def test_a_perpetuals_market_order_stops_at_the_percent_price(new: New) -> None:
    thin = [replace(listing, depth=D("0.002")) for listing in BINANCE_LISTINGS if listing.key in {SPOT, LINEAR}]
    exchange = Exchange(name="binance", listings=thin, starting=BINANCE_STARTING, time_ms=lambda: 0)
    order = exchange.submit(KEY, new(LINEAR, "BUY", "5"))
    assert order.status is OrderStatus.EXPIRED
    assert 0 < order.filled < 5


def test_market_orders_in_quote(exchange: Exchange, new: New) -> None:
    order = exchange.submit(KEY, new(SPOT, "BUY", None, quote="1000"))
    assert (order.quantity, order.quote_quantity) == (D("0.00999"), D(1_000))
    assert (order.status, order.quote_filled) == (OrderStatus.FILLED, D("0.00999") * 100_001)
    sold = exchange.submit(KEY, new(SPOT, "SELL", None, quote="1000"))
    assert sold.quantity == D("0.01")
    for bad in (
        new(SPOT, "BUY", "1", quote="1000"),
        new(SPOT, "BUY", None, "100000", quote="1000"),
        new(LINEAR, "BUY", None, quote="1000"),
        new(SPOT, "BUY", None, quote="-5"),
        new(SPOT, "BUY", None, quote="NaN"),
    ):
        with pytest.raises(Refusal, match="lot-size"):
            exchange.submit(KEY, bad)
    with pytest.raises(Refusal, match="min-notional"):
        exchange.submit(KEY, new(SPOT, "BUY", None, quote="4.99"))
    exchange.set_price("BTC", D(900_000))
    with pytest.raises(Refusal, match="lot-size"):
        exchange.submit(KEY, new(SPOT, "BUY", None, quote="5"))


def test_a_client_id_is_free_again_once_its_order_is_done(exchange: Exchange, new: New) -> None:
    """What makes R19's fresh ids necessary."""
    first = exchange.submit(KEY, new(LINEAR, "BUY", "1", "90000", client_id="h1"))
    with pytest.raises(Refusal, match="duplicate-client-id"):
        exchange.submit(KEY, new(LINEAR, "SELL", "1", client_id="h1"))
    exchange.submit(KEY, new(SPOT, "BUY", "0.1", client_id="h1"))
    exchange.submit(OTHER, new(LINEAR, "BUY", "1", "90000", client_id="h1"))
    exchange.cancel(KEY, LINEAR, client_id="h1")
    second = exchange.submit(KEY, new(LINEAR, "SELL", "1", client_id="h1"))
    assert exchange.order(KEY, LINEAR, client_id="h1") == second
    assert exchange.order(KEY, LINEAR, order_id=first.order_id).status is OrderStatus.CANCELED
    assert exchange.submit(KEY, new(LINEAR, "SELL", "1")).client_id


def test_cancelling(exchange: Exchange, new: New, clock: list[int]) -> None:
    one = exchange.submit(KEY, new(LINEAR, "BUY", "1", "90000", client_id="a"))
    two = exchange.submit(KEY, new(LINEAR, "BUY", "1", "91000"))
    spot = exchange.submit(KEY, new(SPOT, "BUY", "1", "91000"))
    clock[0] += 7
    gone = exchange.cancel(KEY, LINEAR, order_id=one.order_id, client_id="a")
    assert (gone.status, gone.update_ms - gone.time_ms) == (OrderStatus.CANCELED, 7)
    for again in ({"order_id": one.order_id}, {"client_id": "b"}, {"order_id": spot.order_id}, {}):
        with pytest.raises(Refusal, match="unknown-order"):
            exchange.cancel(KEY, LINEAR, **again)
    with pytest.raises(Refusal, match="unknown-order"):
        exchange.order(KEY, LINEAR, order_id=two.order_id, client_id="a")
    with pytest.raises(Refusal, match="unknown-order"):
        exchange.order(OTHER, LINEAR, order_id=two.order_id)
    assert [order.order_id for order in exchange.cancel_all(KEY, LINEAR)] == [two.order_id]
    assert exchange.cancel_all(KEY, LINEAR) == []
    assert exchange.account(KEY).open_orders() == [spot]
    assert len(exchange.account(KEY).orders(LINEAR)) == 2


def test_ids_count_up(exchange: Exchange, new: New) -> None:
    orders = [exchange.submit(KEY, new(LINEAR, "BUY", "0.01")) for _ in range(3)]
    assert [order.order_id for order in orders] == [1_000_001, 1_000_002, 1_000_003]
    assert [order.trades[0].trade_id for order in orders] == [1, 2, 3]
