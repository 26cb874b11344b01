"""Coin-margined perpetuals: figures computed by hand, and what rules R2, R15 and R28 say of them."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.paper.engine.defaults import BINANCE_LISTINGS, KUCOIN_LISTINGS, OKX_LISTINGS
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.layout import KUCOIN, OKX, Layout
from bot.paper.engine.model import Listing, MarketType, Position, PositionSide, Refusal
from tests.paper_engine.orders import KEY, D, New, new_order

SYMBOL = "BTCUSD_PERP"
INVERSE = f"inverse:{SYMBOL}"


@pytest.fixture
def coins(exchange: Exchange) -> Exchange:
    """One BTC of margin, leverage 2, cross."""
    exchange.transfer(KEY, "spot", "coinm", "BTC", D(1))
    exchange.set_leverage(KEY, SYMBOL, 2)
    return exchange


def held(exchange: Exchange, side: PositionSide = PositionSide.BOTH) -> Position:
    found = exchange.account(KEY).position(SYMBOL, side)
    assert found is not None
    return found


def test_a_contract_is_worth_its_dollars_in_coins() -> None:
    (btc,) = (listing for listing in BINANCE_LISTINGS if listing.key == INVERSE)
    assert btc.notional(D(-999), D(100_000)) == D("-0.999")
    assert btc.quote_value(D(-999), D(100_000)) == D(-99_900)
    assert btc.value(D(-999), D(100_000)) == D("0.999"), "a short owns coins"
    assert btc.value(D(-999), D(150_000)) == D("0.666")
    assert btc.entry_price(D(-999), D("0.999")) == 100_000
    assert btc.entry_price(D(0), D(0)) == 0


def test_r2_the_value_in_dollars_of_a_backed_short_stands_still(coins: Exchange, new: New) -> None:
    """One BTC at 100,000 and 999 contracts of 100 USD short, as the inverse-rally demo has it."""
    order = coins.submit(KEY, new(INVERSE, "SELL", "999", "99500", "IOC"))
    assert order.filled == 999
    entry, fee = order.average_price, order.trades[0].fee
    assert entry == order.trades[0].price == D("99999.0")
    assert order.quote_filled == D("0.99900999"), "99,900 / 99,999 coins"
    assert fee == D("0.00049950"), "0.05 %"

    for price in (100_000, 150_000, 50_000, 10_000, 1_000_000):
        coins.set_price("BTC", D(price))
        figures = coins.account(KEY).margin_summary("BTC")
        dollars = figures.margin_balance * price
        # W + u = 1 - fee - c s / E + c s / P: the part that moves with the price is worth less than one contract.
        backed = 1 - fee - order.quote_filled
        assert figures.margin_balance == pytest.approx(backed + D(99_900) / price, abs=D("1e-20"))
        assert abs(dollars - 99_900) == abs(backed * price)
        assert abs(backed * 100_000) < 100

    coins.set_price("BTC", D(150_000))
    gain = held(coins).unrealized
    assert gain.quantize(D("1e-8")) == D("0.666") - D("0.99900999"), "999 x 100 x (1/150,000 - 1/99,999)"
    assert (held(coins).notional, held(coins).initial_margin) == (D("-0.666"), D("0.333"))
    coins.set_price("BTC", D(50_000))
    assert held(coins).unrealized.quantize(D("1e-8")) == D("1.998") - D("0.99900999")


def test_r28_a_fully_backed_short_has_no_liquidation_price(coins: Exchange, new: New) -> None:
    coins.submit(KEY, new(INVERSE, "SELL", "999"))
    assert held(coins).liquidation_price is None
    for price in (1_000_000, 100_000_000):
        coins.set_price("BTC", D(price))
        assert held(coins).contracts == -999


def test_r28_a_partly_backed_short_is_liquidated_where_the_rule_says(coins: Exchange, new: New) -> None:
    """Half the coins: (1 - m) E / (1 - b), with the fee taken from the coins that back it."""
    coins.submit(KEY, new(INVERSE, "SELL", "999"))
    coins.transfer(KEY, "coinm", "spot", "BTC", D("0.4"))
    order = coins.account(KEY).orders(INVERSE)[0]
    wallet = 1 - order.trades[0].fee - D("0.4")
    share = wallet / order.quote_filled
    price = held(coins).liquidation_price
    assert price is not None
    assert price == pytest.approx((1 - D("0.004")) * D("99999.0") / (1 - share), rel=D("1e-7"))

    coins.set_price("BTC", price - 1)
    assert held(coins).contracts == -999
    coins.set_price("BTC", price + 1)
    assert held(coins).contracts == 0
    assert coins.account(KEY).margin_summary("BTC").wallet == 0
    assert coins.total("BTC") == 1


def test_a_long_is_liquidated_below(coins: Exchange, new: New) -> None:
    """W + c s (1/E - 1/P) = m c s / P, so P = (1 + m) c s / (W + c s / E)."""
    order = coins.submit(KEY, new(INVERSE, "BUY", "1500"))
    assert order.average_price == D("100001.0")
    price = held(coins).liquidation_price
    assert price is not None
    wallet = 1 - order.trades[0].fee
    assert price == pytest.approx((1 + D("0.004")) * 150_000 / (wallet + order.quote_filled), rel=D("1e-7"))
    coins.set_price("BTC", price - 1)
    assert held(coins).contracts == 0


@pytest.mark.parametrize(("leverage", "fit"), [(1, 994), (2, 999), (3, 999)])
def test_r15_at_leverage_1_the_last_contracts_do_not_fit(exchange: Exchange, new: New, leverage: int, fit: int) -> None:
    """The open loss of a limit order 0.5 % below the market comes on top of its margin."""
    exchange.transfer(KEY, "spot", "coinm", "BTC", D(1))
    exchange.set_leverage(KEY, SYMBOL, leverage)
    if leverage == 1:
        with pytest.raises(Refusal, match="insufficient-margin"):
            exchange.submit(KEY, new(INVERSE, "SELL", f"{fit + 1}", "99500", "IOC"))
    assert exchange.submit(KEY, new(INVERSE, "SELL", f"{fit}", "99500", "IOC")).filled == fit


def test_maintenance_margin_has_tiers_in_coins(exchange: Exchange, new: New) -> None:
    """8 BTC: 0.5 % of it less 5 x 0.1 %."""
    exchange.deposit(KEY, "coinm", "BTC", D(10))
    exchange.submit(KEY, new(INVERSE, "SELL", "8000"))
    assert held(exchange).notional == -8
    assert held(exchange).maintenance_margin == D("0.035")


def test_funding_is_paid_in_coins(coins: Exchange, new: New) -> None:
    coins.submit(KEY, new(INVERSE, "SELL", "500"))
    before = coins.account(KEY).margin_summary("BTC").wallet
    coins.set_price("BTC", D(125_000))
    coins.settle_funding("BTC", D("0.001"))
    row = coins.account(KEY).ledger[-1]
    assert (row.kind, row.wallet, row.asset, row.amount) == ("FUNDING_FEE", "coinm", "BTC", D("0.0004"))
    assert coins.account(KEY).margin_summary("BTC").wallet == before + D("0.0004")
    assert coins.funding_history(SYMBOL)[-1].rate == D("0.001")


def test_closing_realises_what_was_unrealised(coins: Exchange, new: New) -> None:
    opened = coins.submit(KEY, new(INVERSE, "SELL", "600"))
    coins.set_price("BTC", D(80_000))
    part = coins.submit(KEY, new(INVERSE, "BUY", "200", reduce_only=True))
    rest = coins.submit(KEY, new(INVERSE, "BUY", "400", reduce_only=True))
    realized = part.trades[0].realized + rest.trades[0].realized
    assert realized == part.quote_filled + rest.quote_filled - opened.quote_filled
    assert held(coins).contracts == 0
    assert held(coins).unrealized == 0
    fees = sum(trade.fee for order in (opened, part, rest) for trade in order.trades)
    assert coins.account(KEY).margin_summary("BTC").wallet == 1 + realized - fees


def test_the_entry_is_the_harmonic_mean(coins: Exchange, new: New) -> None:
    """300 at 79,999.2 and 100 at 159,998.4, so as many dollars for coins."""
    prices = []
    for price, quantity in ((80_000, "300"), (160_000, "100")):
        coins.set_price("BTC", D(price))
        prices.append(coins.submit(KEY, new(INVERSE, "SELL", quantity)).average_price)
    coins_owed = D(30_000) / prices[0] + D(10_000) / prices[1]
    assert held(coins).entry_price == pytest.approx(D(40_000) / coins_owed, rel=D("1e-7"))


def test_isolated_margin_is_set_apart_in_coins(coins: Exchange, new: New) -> None:
    coins.set_margin_mode(KEY, SYMBOL, isolated=True)
    coins.submit(KEY, new(INVERSE, "SELL", "500"))
    assert held(coins).isolated_wallet == D("0.25000250"), "half of 50,000 / 99,999"
    coins.add_margin(KEY, SYMBOL, PositionSide.BOTH, D("0.1"))
    assert held(coins).isolated_wallet == D("0.35000250")
    price = held(coins).liquidation_price
    assert price is not None
    share = D("0.35000250") / D("0.50000500")
    assert price == pytest.approx((1 - D("0.004")) * D("99999.0") / (1 - share), rel=D("1e-7"))
    coins.set_price("BTC", price + 1)
    assert held(coins).contracts == 0
    kept = 1 - D("0.00025") - D("0.35000250")
    assert coins.account(KEY).margin_summary("BTC").wallet == pytest.approx(kept, abs=D("1e-7"))


def test_hedge_mode_holds_both_sides(coins: Exchange, new: New) -> None:
    coins.set_hedged(KEY, hedged=True)
    coins.submit(KEY, new(INVERSE, "SELL", "300", position_side="SHORT"))
    coins.submit(KEY, new(INVERSE, "BUY", "100", position_side="LONG"))
    assert (held(coins, PositionSide.SHORT).contracts, held(coins, PositionSide.LONG).contracts) == (D(-300), D(100))
    coins.set_price("BTC", D(150_000))
    assert held(coins, PositionSide.SHORT).unrealized < 0 < held(coins, PositionSide.LONG).unrealized
    assert held(coins, PositionSide.SHORT).liquidation_price is None


def test_a_wallet_margins_only_its_own_kind(exchange: Exchange, new: New) -> None:
    """BTC in the USD-M wallet does nothing for COIN-M."""
    exchange.deposit(KEY, "usdm", "BTC", D(5))
    with pytest.raises(Refusal, match="insufficient-margin"):
        exchange.submit(KEY, new(INVERSE, "SELL", "1"))
    account = exchange.account(KEY)
    assert account.margin_summary("BTC").wallet == 0
    assert account.margin_summary("BTC", MarketType.LINEAR).wallet == 5
    assert account.balance("usdm", "BTC").free == 5


@pytest.mark.parametrize(
    ("layout", "listings", "wallet", "key", "size"),
    [
        (OKX, OKX_LISTINGS, "trading", "inverse:BTC-USD-SWAP", 999),
        (KUCOIN, KUCOIN_LISTINGS, "futures", "inverse:XBTUSDM", 99_900),
    ],
)
def test_other_venues_margin_it_from_their_own_wallet(
    layout: Layout, listings: tuple[Listing, ...], wallet: str, key: str, size: int, new: New
) -> None:
    starting = {wallet: {"BTC": D(1)}}
    exchange = Exchange(name="x", listings=listings, starting=starting, time_ms=lambda: 0, layout=layout)
    symbol = exchange.listing(key).symbol
    exchange.set_leverage(KEY, symbol, 2)
    exchange.submit(KEY, new(key, "SELL", f"{size}"))
    position = exchange.account(KEY).position(symbol)
    assert position is not None
    assert (position.contracts, position.notional, position.market) == (D(-size), D("-0.999"), MarketType.INVERSE)
    exchange.set_price("BTC", D(150_000))
    figures = exchange.account(KEY).margin_summary("BTC")
    assert figures.margin_balance * 150_000 == pytest.approx(D(99_900), abs=100)
    assert exchange.account(KEY).balance(wallet, "BTC").total == figures.wallet


@given(
    shorts=st.lists(st.tuples(st.integers(1, 300), st.integers(20_000, 400_000)), min_size=1, max_size=5),
    last=st.integers(20_000, 400_000),
)
def test_a_closed_position_leaves_what_it_sold_less_what_it_bought(shorts: list[tuple[int, int]], last: int) -> None:
    starting = {"coinm": {"BTC": D(20)}}
    exchange = Exchange(name="x", listings=BINANCE_LISTINGS, starting=starting, time_ms=lambda: 0)
    for quantity, price in shorts:
        exchange.set_price("BTC", D(price))
        exchange.submit(KEY, new_order(INVERSE, "SELL", f"{quantity}"))
    exchange.set_price("BTC", D(last))
    exchange.submit(KEY, new_order(INVERSE, "BUY", f"{sum(quantity for quantity, _ in shorts)}"))
    trades = exchange.account(KEY).trades(INVERSE)
    kept = sum((trade.side.sign * trade.quote - trade.fee for trade in trades), D(0))
    assert exchange.account(KEY).margin_summary("BTC").wallet == 20 + kept
    assert kept == kept.quantize(D("1e-8"), rounding=ROUND_DOWN)
    exact = sum((trade.side.sign * 100 * trade.quantity / trade.price for trade in trades), D(0))
    fees = sum((trade.fee for trade in trades), D(0))
    assert abs(kept + fees - exact) <= Decimal("0.5e-8") * len(trades)
