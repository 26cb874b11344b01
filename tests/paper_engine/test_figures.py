"""Known figures: what a hedge gains and loses, fees, funding, margin and liquidation, worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from bot.paper.engine.defaults import BINANCE_LISTINGS, BINANCE_STARTING, DEFAULT_PRICES
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.margin import maintenance
from bot.paper.engine.model import NewOrder, Position, PositionSide, Refusal, RowKind, Side

New = Callable[..., NewOrder]
D = Decimal
KEY = "paper"
LINEAR = "linear:BTCUSDT"


def short(exchange: Exchange, new: New, quantity: str = "1", price: str = "100000.0") -> Position:
    """A 1x isolated short that filled as maker at the mark itself."""
    exchange.set_margin_mode(KEY, "BTCUSDT", isolated=True)
    exchange.set_leverage(KEY, "BTCUSDT", 1)
    exchange.submit(KEY, new(LINEAR, "SELL", quantity, price, "GTX"))
    exchange.set_price("BTC", D(price) + 2)
    exchange.set_price("BTC", D(price))
    return position(exchange)


def position(exchange: Exchange, symbol: str = "BTCUSDT", side: PositionSide = PositionSide.BOTH) -> Position:
    found = exchange.account(KEY).position(symbol, side)
    assert found is not None
    return found


def wallet(exchange: Exchange, name: str = "usdm", asset: str = "USDT") -> Decimal:
    return exchange.account(KEY).balance(name, asset).total


def booked(exchange: Exchange, kind: RowKind) -> list[Decimal]:
    return [row.amount for row in exchange.account(KEY).ledger if row.kind is kind]


def test_a_new_account_has_the_default_money_and_settings(exchange: Exchange) -> None:
    account = exchange.account(KEY)
    assert {asset: balance.total for asset, balance in account.balances("spot").items()} == {
        "BTC": 1,
        "BNB": 3,
        "USDT": 200_000,
    }
    assert wallet(exchange) == 200_000
    assert account.settings("BTCUSDT") == (20, False)
    assert not account.hedged
    assert not account.multi_assets
    assert account.positions() == []
    assert account.deposits == ()
    assert account.key == KEY
    assert list(exchange.accounts()) == [KEY]


def test_opening_the_default_hedge_costs_half_the_spread_and_the_taker_fee(exchange: Exchange, new: New) -> None:
    order = exchange.submit(KEY, new(LINEAR, "SELL", "1"))
    assert order.average_price == D(99_999)
    (trade,) = order.trades
    assert (trade.fee, trade.fee_asset, trade.maker) == (D("49.9995"), "USDT", False)
    assert wallet(exchange) == D(200_000) - D("49.9995")
    assert exchange.account(KEY).margin_summary().unrealized == -1
    assert exchange.last_price(LINEAR) == D(99_999)


@pytest.mark.parametrize(("price", "change"), [(95_000, 5_000), (105_000, -5_000)])
def test_a_1x_short_mirrors_the_spot(exchange: Exchange, new: New, price: int, change: int) -> None:
    short(exchange, new)
    exchange.set_price("BTC", D(price))
    assert position(exchange).unrealized == change
    held = exchange.account(KEY).balance("spot", "BTC").total
    assert held * (exchange.price("BTC") - 100_000) == -change


def test_a_spot_buy_pays_its_fee_in_the_coin_bought_and_a_sell_in_quote(exchange: Exchange, new: New) -> None:
    exchange.submit(KEY, new("spot:BTCUSDT", "BUY", "0.5"))
    assert wallet(exchange, "spot", "BTC") == D(1) + D("0.5") - D("0.0005")
    assert wallet(exchange, "spot") == D(200_000) - D("50000.5")
    order = exchange.submit(KEY, new("spot:BTCUSDT", "SELL", "0.7"))
    assert wallet(exchange, "spot", "BTC") == D("0.7995")
    assert order.trades[0].fee == D("0.7") * 99_999 / 1_000
    assert wallet(exchange, "spot") == D("149999.5") + D("69999.3") - D("69.9993")
    assert booked(exchange, RowKind.FEE) == [D("-0.0005"), D("-69.9993")]


def test_an_isolated_1x_short_is_liquidated_just_below_twice_its_entry(exchange: Exchange, new: New) -> None:
    opened = short(exchange, new)
    assert opened.isolated_wallet == 100_000
    # (wallet + cum + Q x entry) / (Q x (1 + rate)); 199 k is in the first tier: rate 0.4 %, cum 0.
    assert opened.liquidation_price == pytest.approx(D(200_000) / D("1.004"), abs=D("1e-9"))
    assert opened.liquidation_price is not None
    exchange.set_price("BTC", opened.liquidation_price.quantize(D("0.1"), rounding="ROUND_DOWN"))
    assert position(exchange).contracts == -1
    before = wallet(exchange)
    exchange.set_price("BTC", opened.liquidation_price.quantize(D("0.1"), rounding="ROUND_UP"))
    assert position(exchange).contracts == 0
    assert wallet(exchange) == before - 100_000
    last = exchange.account(KEY).orders()[-1]
    assert last.client_id.startswith("autoclose-")
    assert (last.side, last.filled, last.reduce_only) == (Side.BUY, D(1), True)
    (realized,) = booked(exchange, RowKind.REALIZED_PNL)
    assert realized + booked(exchange, RowKind.INSURANCE_CLEAR)[0] == -100_000


@pytest.mark.parametrize("price", [199_900, 200_000, 300_000, 5_100_000])
def test_a_liquidation_never_costs_more_than_the_isolated_margin(exchange: Exchange, new: New, price: int) -> None:
    short(exchange, new)
    before = wallet(exchange)
    exchange.set_price("BTC", D(price))
    assert wallet(exchange) == before - 100_000
    assert exchange.account(KEY).margin_summary().withdrawable == before - 100_000


def test_added_margin_moves_the_liquidation_price_and_can_be_taken_back(exchange: Exchange, new: New) -> None:
    short(exchange, new)
    exchange.add_margin(KEY, "BTCUSDT", PositionSide.BOTH, D(50_000))
    raised = position(exchange)
    assert raised.isolated_wallet == 150_000
    assert raised.liquidation_price == pytest.approx(D(250_000) / D("1.004"), abs=D("1e-9"))
    exchange.set_price("BTC", D(200_000))
    assert position(exchange).contracts == -1
    exchange.set_price("BTC", D(100_000))
    exchange.add_margin(KEY, "BTCUSDT", PositionSide.BOTH, D(-50_000))
    assert position(exchange).isolated_wallet == 100_000
    with pytest.raises(Refusal, match="insufficient-margin"):
        exchange.add_margin(KEY, "BTCUSDT", PositionSide.BOTH, D("-0.01"))


def test_reducing_releases_margin_in_proportion_and_leaves_the_liquidation_price(exchange: Exchange, new: New) -> None:
    """The measured fact behind R27: a reduction alone moves nothing."""
    opened = short(exchange, new)
    exchange.set_price("BTC", D(150_000))
    order = exchange.submit(KEY, new(LINEAR, "BUY", "0.25", reduce_only=True))
    after = position(exchange)
    assert order.trades[0].realized == D("0.25") * (100_000 - order.average_price)
    assert after.isolated_wallet == 75_000
    assert after.entry_price == 100_000
    assert after.liquidation_price == opened.liquidation_price


def test_entry_price_is_the_average_and_realised_pnl_refers_to_it(exchange: Exchange, new: New) -> None:
    exchange.submit(KEY, new(LINEAR, "SELL", "1"))
    exchange.set_price("BTC", D(110_000))
    exchange.submit(KEY, new(LINEAR, "SELL", "1"))
    assert position(exchange).entry_price == (D(99_999) + D("109998.9")) / 2
    exchange.set_price("BTC", D(90_000))
    closing = exchange.submit(KEY, new(LINEAR, "BUY", "2"))
    assert closing.average_price == D("90000.9")
    assert sum(trade.realized for trade in closing.trades) == D(99_999) + D("109998.9") - 2 * D("90000.9")
    assert position_contracts(exchange) == 0


def position_contracts(exchange: Exchange) -> Decimal:
    found = exchange.account(KEY).position("BTCUSDT")
    return found.contracts if found else D(0)


def test_a_resting_order_reduces_an_isolated_position_without_new_margin(exchange: Exchange, new: New) -> None:
    short(exchange, new, "1.9")
    order = exchange.submit(KEY, new(LINEAR, "BUY", "1", "95000"))
    exchange.set_price("BTC", D(94_000))
    assert exchange.order(KEY, LINEAR, order_id=order.order_id).trades[0].realized == 5_000
    assert position(exchange).isolated_wallet == 90_000


def test_an_order_larger_than_the_position_turns_it_round(exchange: Exchange, new: New) -> None:
    exchange.submit(KEY, new(LINEAR, "SELL", "1"))
    order = exchange.submit(KEY, new(LINEAR, "BUY", "3"))
    turned = position(exchange)
    assert (turned.contracts, turned.entry_price) == (D(2), D(100_001))
    assert order.trades[0].realized == -2


def test_a_short_receives_positive_funding_and_pays_negative(exchange: Exchange, new: New) -> None:
    short(exchange, new)
    exchange.set_price("BTC", D(110_000))
    exchange.settle_funding("BTC", D("0.0001"))
    exchange.settle_funding("BTC", D("-0.0003"))
    assert booked(exchange, RowKind.FUNDING_FEE) == [D(11), D(-33)]
    assert position(exchange).isolated_wallet == 100_000 - 22


def test_funding_of_a_cross_long_leaves_no_isolated_trace(exchange: Exchange, new: New) -> None:
    exchange.submit(KEY, new(LINEAR, "BUY", "1"))
    exchange.settle_funding("BTC", D("0.001"))
    assert booked(exchange, RowKind.FUNDING_FEE) == [D(-100)]
    assert position(exchange).isolated_wallet == 0


def test_funding_falls_due_every_eight_hours(exchange: Exchange, clock: list[int], new: New) -> None:
    short(exchange, new)
    exchange.set_funding_rate("BTC", D("0.0002"))
    first = exchange.next_funding_ms()
    assert first % (8 * 3_600_000) == 0
    clock[0] = first - 1
    exchange.advance()
    assert booked(exchange, RowKind.FUNDING_FEE) == []
    clock[0] = first + 2 * 8 * 3_600_000
    exchange.advance()
    assert booked(exchange, RowKind.FUNDING_FEE) == [D(20)] * 3
    rows = [row for row in exchange.account(KEY).ledger if row.kind is RowKind.FUNDING_FEE]
    assert [row.time_ms for row in rows] == [first + n * 8 * 3_600_000 for n in range(3)]
    assert [record.rate for record in exchange.funding_history("BTCUSDT")] == [D("0.0002")] * 3
    assert exchange.funding_rate("BTC") == D("0.0002")
    assert exchange.funding_rate("BNB") == D("0.0001")


def test_funding_that_fell_due_is_in_whatever_is_read_next(exchange: Exchange, clock: list[int], new: New) -> None:
    """A row must not appear with an older time than one that was read before it."""
    short(exchange, new)
    clock[0] = exchange.next_funding_ms() + 5
    exchange.transfer(KEY, "spot", "usdm", "USDT", D(1))
    assert [row.kind for row in exchange.account(KEY).ledger][-3:] == ["FUNDING_FEE", "TRANSFER", "TRANSFER"]


def test_funding_that_does_not_follow_the_clock_waits_to_be_told(clock: list[int], new: New) -> None:
    exchange = Exchange(name="binance", listings=BINANCE_LISTINGS, starting=BINANCE_STARTING, time_ms=lambda: clock[0])
    short(exchange, new)
    clock[0] = exchange.next_funding_ms() + 3 * 8 * 3_600_000 + 5
    exchange.advance()
    assert booked(exchange, RowKind.FUNDING_FEE) == []
    assert exchange.funding_history("BTCUSDT") == []
    assert exchange.next_funding_ms() == clock[0] - 5 + 8 * 3_600_000
    exchange.settle_funding("BTC", D("0.0001"))
    assert booked(exchange, RowKind.FUNDING_FEE) == [D(10)]


def test_funding_beyond_the_margin_liquidates(exchange: Exchange, new: New) -> None:
    short(exchange, new)
    before = wallet(exchange)
    exchange.settle_funding("BTC", D("-1.5"))
    assert position(exchange).contracts == 0
    assert wallet(exchange) == before - 100_000


def test_cross_liquidation_takes_the_account_as_a_whole(exchange: Exchange, new: New) -> None:
    exchange.submit(KEY, new(LINEAR, "SELL", "10"))
    exchange.submit(KEY, new("linear:BNBUSDT", "BUY", "100"))
    resting = exchange.submit(KEY, new("linear:ETHUSDT", "BUY", "1", "3900"))
    price = position(exchange).liquidation_price
    assert price is not None
    exchange.set_price("BTC", price.quantize(D("0.1"), rounding="ROUND_DOWN"))
    assert position(exchange).contracts == -10
    exchange.set_price("BTC", price.quantize(D("0.1"), rounding="ROUND_UP"))
    account = exchange.account(KEY)
    assert not any(p.contracts for p in account.positions())
    assert wallet(exchange) == 0
    assert exchange.order(KEY, "linear:ETHUSDT", order_id=resting.order_id).status == "EXPIRED"
    assert [o.client_id[:10] for o in account.orders()].count("autoclose-") == 2


def test_isolated_margin_survives_a_cross_liquidation(exchange: Exchange, new: New) -> None:
    exchange.set_margin_mode(KEY, "BNBUSDT", isolated=True)
    exchange.set_leverage(KEY, "BNBUSDT", 1)
    exchange.submit(KEY, new("linear:BNBUSDT", "SELL", "10"))
    exchange.submit(KEY, new(LINEAR, "SELL", "10"))
    exchange.set_price("BTC", D(200_000))
    kept = position(exchange, "BNBUSDT")
    assert kept.contracts == -10
    assert wallet(exchange) == kept.isolated_wallet == D("5999.9")


def test_a_liquidation_leaves_spot_orders_alone(exchange: Exchange, new: New) -> None:
    order = exchange.submit(KEY, new("spot:BNBUSDT", "SELL", "3", "900"))
    short(exchange, new)
    exchange.set_price("BTC", D(250_000))
    assert exchange.account(KEY).open_orders() == [order]


def test_a_close_at_a_terrible_price_leaves_no_debt(new: New) -> None:
    """The house covers what the account can't, as the insurance fund does."""
    (btc,) = (listing for listing in BINANCE_LISTINGS if listing.key == LINEAR)
    thin = replace(btc, depth=D("0.1"), price_tick=D(500))
    exchange = Exchange(name="binance", listings=[thin], starting=BINANCE_STARTING, time_ms=lambda: 0)
    short(exchange, new, "1.9")
    exchange.transfer(KEY, "usdm", "spot", "USDT", exchange.account(KEY).balance("usdm", "USDT").free)
    exchange.set_price("BTC", D(199_150))
    exchange.submit(KEY, new(LINEAR, "BUY", "1.9", reduce_only=True))
    assert wallet(exchange) == 0
    assert booked(exchange, RowKind.INSURANCE_CLEAR)[0] > 0
    assert exchange.total("USDT") == 400_000


def test_a_fully_backed_cross_long_has_no_liquidation_price(exchange: Exchange, new: New) -> None:
    exchange.submit(KEY, new(LINEAR, "BUY", "1"))
    assert position(exchange).liquidation_price is None


def test_both_sides_of_hedge_mode_share_a_liquidation_price(exchange: Exchange, new: New) -> None:
    exchange.set_hedged(KEY, hedged=True)
    exchange.submit(KEY, new(LINEAR, "BUY", "4", position_side="LONG"))
    exchange.submit(KEY, new(LINEAR, "SELL", "10", position_side="SHORT"))
    long_, short_ = position(exchange, side=PositionSide.LONG), position(exchange, side=PositionSide.SHORT)
    price = long_.liquidation_price
    assert price == short_.liquidation_price
    assert price is not None
    exchange.set_price("BTC", price.quantize(D("0.1"), rounding="ROUND_DOWN"))
    assert position(exchange, side=PositionSide.SHORT).contracts == -10
    exchange.set_price("BTC", price.quantize(D("0.1"), rounding="ROUND_UP"))
    assert exchange.account(KEY).positions() == []


def test_margin_figures_of_a_cross_position(exchange: Exchange, new: New) -> None:
    exchange.set_leverage(KEY, "BTCUSDT", 10)
    exchange.submit(KEY, new(LINEAR, "BUY", "5"))
    exchange.submit(KEY, new(LINEAR, "BUY", "1", "99000"))
    exchange.set_price("BTC", D(101_000))
    figures = exchange.account(KEY).margin_summary()
    fee = D("250.0025")
    assert figures.wallet == figures.cross_wallet == 200_000 - fee
    assert figures.unrealized == 5 * 999
    assert figures.position_initial == 50_500
    assert figures.order_initial == 9_900
    assert figures.initial == 60_400
    assert figures.maintenance == D(505_000) * D("0.005") - 300
    assert figures.margin_balance == 200_000 - fee + 4_995
    maker_fee = D(99_000) * D("0.0002")
    assert figures.available == 200_000 - fee + 4_995 - 60_400 - maker_fee
    assert figures.withdrawable == figures.available


def test_a_profit_that_is_not_realised_can_be_used_but_not_taken_out(exchange: Exchange, new: New) -> None:
    exchange.submit(KEY, new(LINEAR, "SELL", "10"))
    exchange.set_price("BTC", D(50_000))
    figures = exchange.account(KEY).margin_summary()
    assert figures.available == figures.wallet + 499_950 - 25_000
    assert figures.withdrawable == figures.wallet == wallet(exchange)
    exchange.transfer(KEY, "usdm", "spot", "USDT", figures.wallet)
    assert wallet(exchange) == 0


def test_maintenance_margin_is_continuous_over_the_brackets() -> None:
    for listing in BINANCE_LISTINGS:
        for below, above in zip(listing.brackets, listing.brackets[1:], strict=False):
            assert below.cap == above.floor
            assert below.cap * below.rate - below.cum == above.floor * above.rate - above.cum
    (btc,) = (listing for listing in BINANCE_LISTINGS if listing.key == LINEAR)
    assert [b.cum for b in btc.brackets[:6]] == [0, 300, 1_500, 12_000, 132_000, 482_000]
    assert maintenance(btc.brackets, D(10) ** 10) == D(10) ** 10 / 2 - 421_482_000


def test_a_thousand_coins_are_one_unit_of_1000pepe(exchange: Exchange, new: New) -> None:
    assert exchange.mark("linear:1000PEPEUSDT") == D("0.02")
    exchange.set_price("PEPE", D("0.00003"))
    assert exchange.mark("linear:1000PEPEUSDT") == D("0.03")
    assert exchange.mark("spot:PEPEUSDT") == D("0.00003")
    order = exchange.submit(KEY, new("linear:1000PEPEUSDT", "SELL", "100000"))
    assert order.quote_filled == pytest.approx(D(3_000), rel=D("0.001"))
    exchange.set_price("PEPE", D("0.00002"))
    assert position(exchange, "1000PEPEUSDT").unrealized == order.quote_filled - 2_000


def test_prices_are_told_as_they_were_set(exchange: Exchange, clock: list[int]) -> None:
    clock[0] += 10
    exchange.set_price("BTC", D("101000.55"))
    assert exchange.price_history("BTC") == ((clock[0] - 10, DEFAULT_PRICES["BTC"]), (clock[0], D("101000.55")))
    assert exchange.last_price(LINEAR) == D("101000.6")
    assert exchange.price("USDT") == 1
    for asset, price, code in (
        ("DOGE", "1", "unknown-asset"),
        ("USD", "1", "unknown-asset"),
        ("BTC", "0", "bad-price"),
        ("BTC", "-1", "bad-price"),
        ("BTC", "NaN", "bad-price"),
        ("BTC", "1e-9", "bad-price"),
        ("BTC", "1e9", "bad-price"),
    ):
        with pytest.raises(Refusal) as refused:
            exchange.set_price(asset, D(price))
        assert refused.value.code == code
    for read in (exchange.price, exchange.price_history, exchange.funding_rate):
        with pytest.raises(Refusal, match="unknown-asset"):
            read("DOGE")
