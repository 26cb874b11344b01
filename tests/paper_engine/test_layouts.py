"""How the venues' accounts differ: unified wallets, fees in quote, client ids, shared Earn wallets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

import pytest

from bot.paper.engine.defaults import (
    BINANCE_LISTINGS,
    KUCOIN_LISTINGS,
    KUCOIN_STARTING,
    OKX_LISTINGS,
    OKX_STARTING,
)
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.layout import BINANCE, KUCOIN, OKX, EarnPlan, Layout
from bot.paper.engine.model import Listing, MarketType, OrderStatus, Refusal
from tests.paper_engine.orders import KEY, D, New

OKX_SPOT, OKX_LINEAR, OKX_INVERSE = "spot:BTC-USDT", "linear:BTC-USDT-SWAP", "inverse:BTC-USD-SWAP"


def venue(layout: Layout, listings: Sequence[Listing], starting: Mapping[str, Mapping[str, Decimal]]) -> Exchange:
    return Exchange(name="x", listings=listings, starting=starting, time_ms=lambda: 0, layout=layout)


@pytest.fixture
def okx() -> Exchange:
    return venue(OKX, OKX_LISTINGS, OKX_STARTING)


@pytest.fixture
def kucoin() -> Exchange:
    return venue(KUCOIN, KUCOIN_LISTINGS, KUCOIN_STARTING)


def free(exchange: Exchange, wallet: str, asset: str) -> Decimal:
    return exchange.account(KEY).balance(wallet, asset).free


# One wallet for spot and margin.


def test_margin_and_spot_share_the_coins_of_a_unified_wallet(okx: Exchange, new: New) -> None:
    okx.set_leverage(KEY, "BTC-USD-SWAP", 2)
    okx.submit(KEY, new(OKX_INVERSE, "SELL", "500"))
    left = free(okx, "trading", "BTC")
    assert left == pytest.approx(D("0.74975"), abs=D("0.0001")), "1 less half of 0.5 less the fee"
    with pytest.raises(Refusal, match="insufficient-balance"):
        okx.submit(KEY, new(OKX_SPOT, "SELL", "0.76"))
    okx.submit(KEY, new(OKX_SPOT, "SELL", "0.74", "104000"))
    assert free(okx, "trading", "BTC") == left - D("0.74")
    assert okx.account(KEY).margin_summary("BTC").frozen == D("0.74")
    with pytest.raises(Refusal, match="insufficient-margin"):
        okx.submit(KEY, new(OKX_INVERSE, "SELL", "100"))
    with pytest.raises(Refusal, match="insufficient-balance"):
        okx.transfer(KEY, "trading", "funding", "BTC", D("0.1"))
    okx.cancel_all(KEY, OKX_SPOT)
    okx.transfer(KEY, "trading", "funding", "BTC", D("0.1"))


def test_dollars_locked_by_a_spot_buy_do_not_margin_a_swap(okx: Exchange, new: New) -> None:
    okx.set_leverage(KEY, "BTC-USDT-SWAP", 1)
    okx.submit(KEY, new(OKX_SPOT, "BUY", "3", "99000"))
    assert free(okx, "trading", "USDT") == 400_000 - 297_000
    with pytest.raises(Refusal, match="insufficient-margin"):
        okx.submit(KEY, new(OKX_LINEAR, "SELL", "105"))
    assert okx.submit(KEY, new(OKX_LINEAR, "SELL", "102")).filled == 102


def test_a_spot_order_whose_coins_margin_has_eaten_does_not_fill(okx: Exchange, new: New) -> None:
    """The short loses 0.75 BTC of 1; 0.6 of them wait to be sold."""
    okx.set_leverage(KEY, "BTC-USD-SWAP", 5)
    okx.submit(KEY, new(OKX_INVERSE, "SELL", "1500"))
    order = okx.submit(KEY, new(OKX_SPOT, "SELL", "0.6", "180000"))
    okx.set_price("BTC", D(200_000))
    assert okx.order(KEY, OKX_SPOT, order_id=order.order_id).status is OrderStatus.EXPIRED
    position = okx.account(KEY).position("BTC-USD-SWAP")
    assert position is not None
    assert position.contracts == -1500
    assert okx.account(KEY).balance("trading", "BTC").total < 1


def test_a_liquidation_takes_the_orders_that_count_on_its_coins(okx: Exchange, new: New) -> None:
    okx.set_leverage(KEY, "BTC-USD-SWAP", 10)
    okx.submit(KEY, new(OKX_INVERSE, "SELL", "4000"))
    sell = okx.submit(KEY, new(OKX_SPOT, "SELL", "0.5", "190000"))
    buy = okx.submit(KEY, new(OKX_SPOT, "BUY", "0.5", "50000"))
    okx.set_price("BTC", D(150_000))
    account = okx.account(KEY)
    assert okx.order(KEY, OKX_SPOT, order_id=sell.order_id).status is OrderStatus.EXPIRED
    assert okx.order(KEY, OKX_SPOT, order_id=buy.order_id).status is OrderStatus.NEW, "it counts on dollars"
    assert account.balance("trading", "BTC").total == 0
    assert account.balance("trading", "USDT").total == 400_000
    assert okx.total("BTC") == 1


def test_spot_profit_may_not_be_spent_before_it_is_realised(okx: Exchange, new: New) -> None:
    okx.set_leverage(KEY, "BTC-USD-SWAP", 2)
    okx.submit(KEY, new(OKX_INVERSE, "SELL", "500"))
    okx.set_price("BTC", D(50_000))
    assert okx.account(KEY).margin_summary("BTC").unrealized > D("0.49")
    assert free(okx, "trading", "BTC") < 1


# Fees, ids, defaults.


def test_a_fee_in_quote_is_part_of_what_a_buy_locks(kucoin: Exchange, new: New) -> None:
    resting = kucoin.submit(KEY, new(OKX_SPOT, "BUY", "1", "90000"))
    assert kucoin.account(KEY).balance("trade", "USDT").locked == 90_090
    with pytest.raises(Refusal, match="insufficient-balance"):
        kucoin.submit(KEY, new(OKX_SPOT, "BUY", "1.221", "90000"))
    kucoin.cancel(KEY, OKX_SPOT, order_id=resting.order_id)
    bought = kucoin.submit(KEY, new(OKX_SPOT, "BUY", "1"))
    (trade,) = bought.trades
    assert (trade.fee_asset, trade.fee) == ("USDT", trade.quote / 1000)
    assert kucoin.account(KEY).balance("trade", "BTC").total == 2, "all of what was bought"
    assert kucoin.account(KEY).balance("trade", "USDT").total == 200_000 - trade.quote - trade.fee


def test_a_buy_may_not_spend_the_fee(kucoin: Exchange, new: New) -> None:
    """199,900 is there for 1.999 BTC, but not the fee."""
    with pytest.raises(Refusal, match="insufficient-balance"):
        kucoin.submit(KEY, new(OKX_SPOT, "BUY", "1.999"))
    assert kucoin.submit(KEY, new(OKX_SPOT, "BUY", "1.997")).filled == D("1.997")


def test_what_a_buy_locks_covers_its_parts_where_digits_are_finer_than_the_books(new: New) -> None:
    """1.00000001 BTC at 99,999.9 are 99,999.900999999 USDT: the parts are rounded down, the lock is rounded up."""
    (btc,) = (x for x in OKX_LISTINGS if x.key == OKX_SPOT)
    exchange = venue(OKX, [replace(btc, percent_price_down=None)], {"trading": {"USDT": D("99999.901")}})
    exchange.set_price("BTC", D(123_456))
    exchange.account("other")
    exchange.deposit("other", "trading", "BTC", D(1))
    buy = exchange.submit(KEY, new(OKX_SPOT, "BUY", "1.00000001", "99999.9"))
    assert exchange.account(KEY).balance("trading", "USDT").free == 0
    for part in ("0.33333333", "0.33333333"):
        exchange.set_price("BTC", D("99999.95"))
        exchange.submit("other", new(OKX_SPOT, "SELL", part, "99999.9", "IOC"))
    exchange.set_price("BTC", D(99_000))
    assert exchange.order(KEY, OKX_SPOT, order_id=buy.order_id).status is OrderStatus.FILLED
    assert 0 <= exchange.account(KEY).balance("trading", "USDT").total < D("0.0000001")


def test_a_client_id_is_taken_for_ever_only_where_the_venue_says_so(okx: Exchange, kucoin: Exchange, new: New) -> None:
    for exchange, again in ((okx, False), (kucoin, True)):
        order = exchange.submit(KEY, new(OKX_SPOT, "SELL", "0.1", client_id="h1"))
        assert order.status is OrderStatus.FILLED
        other = new(OKX_SPOT, "SELL", "0.1", client_id="h1")
        if again:
            exchange.submit(KEY, other)
        else:
            with pytest.raises(Refusal, match="duplicate-client-id"):
                exchange.submit(KEY, other)
            with pytest.raises(Refusal, match="duplicate-client-id"):
                exchange.submit(KEY, new(OKX_LINEAR, "SELL", "1", client_id="h1"))


def test_untouched_settings_are_the_venues(okx: Exchange, kucoin: Exchange) -> None:
    assert okx.account(KEY).settings("BTC-USDT-SWAP") == (3, False)
    assert kucoin.account(KEY).settings("XBTUSDTM") == (3, True)


def test_the_account_mode_changes_while_nothing_is_open(okx: Exchange, new: New) -> None:
    assert okx.account(KEY).account_mode == 2
    order = okx.submit(KEY, new(OKX_LINEAR, "SELL", "1", "104000"))
    with pytest.raises(Refusal, match="has-orders"):
        okx.set_account_mode(KEY, 1)
    okx.cancel(KEY, OKX_LINEAR, order_id=order.order_id)
    okx.submit(KEY, new(OKX_LINEAR, "SELL", "1"))
    with pytest.raises(Refusal, match="has-position"):
        okx.set_account_mode(KEY, 1)
    okx.set_account_mode(KEY, 2)
    okx.submit(KEY, new(OKX_LINEAR, "BUY", "1", reduce_only=True))
    okx.set_account_mode(KEY, 1)
    assert okx.account(KEY).account_mode == 1


# Contract units (R7).


@pytest.mark.parametrize(
    ("layout", "listings", "key", "asset", "coins"),
    [
        (BINANCE, BINANCE_LISTINGS, "linear:1000PEPEUSDT", "PEPE", 1_000),
        (OKX, OKX_LISTINGS, OKX_LINEAR, "BTC", D("0.01")),
        (OKX, OKX_LISTINGS, "linear:ETH-USDT-SWAP", "ETH", D("0.1")),
        (OKX, OKX_LISTINGS, "linear:PEPE-USDT-SWAP", "PEPE", 10_000_000),
        (KUCOIN, KUCOIN_LISTINGS, "linear:XBTUSDTM", "BTC", D("0.001")),
        (KUCOIN, KUCOIN_LISTINGS, "linear:ETHUSDTM", "ETH", D("0.01")),
        (KUCOIN, KUCOIN_LISTINGS, "linear:10000PEPEUSDTM", "PEPE", 10_000),
    ],
)
def test_r7_a_linear_contract_is_so_many_coins(
    layout: Layout, listings: Sequence[Listing], key: str, asset: str, coins: Decimal
) -> None:
    exchange = venue(layout, listings, {})
    listing = exchange.listing(key)
    assert listing.notional(D(1), exchange.mark(key)) == coins * exchange.price(asset)


@pytest.mark.parametrize("listings", [BINANCE_LISTINGS, OKX_LISTINGS, KUCOIN_LISTINGS])
def test_every_market_has_five_btc_on_its_first_level(listings: Sequence[Listing]) -> None:
    layout = {id(OKX_LISTINGS): OKX, id(KUCOIN_LISTINGS): KUCOIN}.get(id(listings), BINANCE)
    exchange = venue(layout, listings, {})
    for listing in listings:
        book = exchange.depth(listing.key)
        assert book.bids[0].price < exchange.mark(listing.key) < book.asks[0].price
        for level in (book.bids[0], book.asks[0]):
            worth = listing.quote_value(level.quantity, level.price)
            assert worth >= D(500_000), listing.key


# Markets that close.


def test_a_suspended_market_neither_takes_nor_fills_orders(okx: Exchange, new: New) -> None:
    order = okx.submit(KEY, new(OKX_LINEAR, "SELL", "1", "104000"))
    okx.set_status(OKX_LINEAR, "SUSPENDED")
    okx.set_price("BTC", D(110_000))
    with pytest.raises(Refusal, match="market-closed"):
        okx.submit(KEY, new(OKX_LINEAR, "SELL", "1"))
    assert okx.order(KEY, OKX_LINEAR, order_id=order.order_id).status is OrderStatus.NEW
    okx.set_status(OKX_LINEAR, "TRADING")
    okx.advance()
    assert okx.order(KEY, OKX_LINEAR, order_id=order.order_id).status is OrderStatus.FILLED
    with pytest.raises(Refusal, match="unknown-symbol"):
        okx.set_status("linear:NONE", "SUSPENDED")


def test_orders_of_a_suspended_market_can_be_cancelled(okx: Exchange, new: New) -> None:
    order = okx.submit(KEY, new(OKX_LINEAR, "SELL", "1", "104000"))
    okx.set_status(OKX_LINEAR, "SUSPENDED")
    assert okx.cancel(KEY, OKX_LINEAR, order_id=order.order_id).status is OrderStatus.CANCELED


# What can't be.


def test_a_layout_names_its_own_wallets_only() -> None:
    with pytest.raises(ValueError, match="no such wallet: coinm"):
        Layout(
            wallets=("spot", "usdm"),
            spot="spot",
            margin=MappingProxyType({MarketType.LINEAR: "usdm", MarketType.INVERSE: "coinm"}),
            earn={"flexible": EarnPlan(wallet="spot", source="spot", target="usdm")},
        )


def test_two_perpetuals_can_not_share_a_symbol() -> None:
    (inverse,) = (x for x in BINANCE_LISTINGS if x.symbol == "BTCUSD_PERP")
    (linear,) = (x for x in BINANCE_LISTINGS if x.key == "linear:BTCUSDT")
    twin = replace(linear, symbol=inverse.symbol)
    with pytest.raises(ValueError, match="same symbol"):
        venue(BINANCE, [inverse, twin], {})
