"""What the exchange closes by itself, by which marker it is known, and that the books stay exact."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.paper.engine.defaults import KUCOIN_LISTINGS, KUCOIN_STARTING
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.layout import KUCOIN
from bot.paper.engine.model import (
    DELISTED,
    ForcedCause,
    Order,
    OrderStatus,
    PositionSide,
    Refusal,
    RefusalCode,
)
from tests.paper_engine.orders import KEY, LINEAR, OTHER, SPOT, D, New, contracts, now


def short(exchange: Exchange, new: New, quantity: str = "1", key: str = KEY) -> None:
    exchange.set_leverage(key, "BTCUSDT", 1)
    exchange.set_margin_mode(key, "BTCUSDT", isolated=True)
    exchange.submit(key, new(LINEAR, "SELL", quantity))


def last_order(exchange: Exchange, key: str = KEY) -> Order:
    return exchange.account(key).orders()[-1]


def refused(code: RefusalCode) -> pytest.RaisesExc[Refusal]:
    return pytest.RaisesExc(Refusal, check=lambda refusal: refusal.code is code)


def totals(exchange: Exchange) -> list[Decimal]:
    return [exchange.total(asset) for asset in ("USDT", "BTC", "BNB")]


def test_r25_deleveraging_closes_a_part_at_the_mark_without_a_fee(exchange: Exchange, new: New) -> None:
    short(exchange, new)
    before, entry = totals(exchange), exchange.account(KEY).positions()[0].entry_price
    exchange.set_price("BTC", D("80000"))

    exchange.deleverage(KEY, "BTCUSDT", quantity=D("0.4"))

    order = last_order(exchange)
    assert contracts(exchange) == D("-0.6")
    assert (order.client_id, order.cause, order.status) == ("adl_autoclose", ForcedCause.ADL, OrderStatus.FILLED)
    (trade,) = order.trades
    assert (trade.price, trade.fee, trade.realized) == (D(80_000), D(0), (entry - 80_000) * D("0.4"))
    assert totals(exchange) == before


def test_deleveraging_takes_the_whole_position_at_the_price_of_a_bankrupt_one(exchange: Exchange, new: New) -> None:
    short(exchange, new)
    exchange.deleverage(KEY, "BTCUSDT", price=D("93000"))
    assert contracts(exchange) == 0
    assert last_order(exchange).average_price == 93_000
    assert exchange.account(KEY).margin_summary().wallet == exchange.account(KEY).margin_summary().cross_wallet


def test_deleveraging_takes_the_side_in_profit_of_a_hedged_account(exchange: Exchange, new: New) -> None:
    exchange.set_hedged(KEY, hedged=True)
    exchange.submit(KEY, new(LINEAR, "SELL", "0.1", position_side="SHORT"))
    exchange.submit(KEY, new(LINEAR, "BUY", "0.1", position_side="LONG"))
    exchange.set_price("BTC", D("90000"))
    exchange.deleverage(KEY, "BTCUSDT")
    assert last_order(exchange).position_side is PositionSide.SHORT


def test_orders_that_could_only_reduce_the_position_end_with_it(exchange: Exchange, new: New) -> None:
    short(exchange, new)
    resting = exchange.submit(KEY, new(LINEAR, "BUY", "0.5", "95000", reduce_only=True))
    exchange.deleverage(KEY, "BTCUSDT")
    assert now(exchange, resting).status is OrderStatus.EXPIRED


def test_what_can_not_be_deleveraged_is_refused_and_nothing_happens(exchange: Exchange, new: New) -> None:
    with refused(RefusalCode.NO_POSITION):
        exchange.deleverage(KEY, "BTCUSDT")
    short(exchange, new)
    for quantity in ("1.001", "0", "0.0001", "NaN"):
        with refused(RefusalCode.LOT_SIZE):
            exchange.deleverage(KEY, "BTCUSDT", quantity=D(quantity))
    with refused(RefusalCode.BAD_PRICE):
        exchange.deleverage(KEY, "BTCUSDT", price=D(0))
    with refused(RefusalCode.UNKNOWN_SYMBOL):
        exchange.deleverage(KEY, "NOTHING")
    assert contracts(exchange) == -1


def test_r25_a_liquidation_by_command_takes_position_and_margin(exchange: Exchange, new: New) -> None:
    short(exchange, new)
    before, wallet = totals(exchange), exchange.account(KEY).margin_summary().wallet
    margin = exchange.account(KEY).positions()[0].isolated_wallet

    exchange.liquidate(KEY, "BTCUSDT")

    order = last_order(exchange)
    assert (order.client_id, order.cause) == (f"autoclose-{order.order_id}", ForcedCause.LIQUIDATION)
    assert contracts(exchange) == 0
    assert exchange.account(KEY).margin_summary().wallet == wallet - margin
    assert totals(exchange) == before
    with refused(RefusalCode.NO_POSITION):
        exchange.liquidate(KEY, "BTCUSDT")


def test_a_liquidation_under_cross_margin_takes_the_wallet(exchange: Exchange, new: New) -> None:
    exchange.submit(KEY, new(LINEAR, "SELL", "1"))
    before = totals(exchange)
    exchange.liquidate(KEY, "BTCUSDT")
    assert (contracts(exchange), exchange.account(KEY).margin_summary().wallet) == (D(0), D(0))
    assert totals(exchange) == before


def test_f45_a_settled_contract_closes_everybody_at_the_mark_and_is_gone(exchange: Exchange, new: New) -> None:
    short(exchange, new)
    short(exchange, new, "0.5", OTHER)
    spot = exchange.submit(KEY, new(SPOT, "SELL", "0.1", "120000"))
    resting = exchange.submit(KEY, new(LINEAR, "BUY", "0.5", "95000"))
    before = totals(exchange)

    exchange.settle_market("BTCUSDT")

    for key in (KEY, OTHER):
        order = last_order(exchange, key)
        assert contracts(exchange, key) == 0
        assert (order.client_id, order.cause) == (f"settlement_autoclose-{order.order_id}", ForcedCause.SETTLEMENT)
        assert order.average_price == exchange.mark(LINEAR)
    assert now(exchange, resting).status is OrderStatus.EXPIRED
    assert now(exchange, spot).status is OrderStatus.NEW
    assert exchange.listing(LINEAR).status == DELISTED
    assert totals(exchange) == before
    with refused(RefusalCode.MARKET_CLOSED):
        exchange.submit(KEY, new(LINEAR, "SELL", "0.1"))


def test_an_order_of_the_account_has_no_cause(exchange: Exchange, new: New) -> None:
    short(exchange, new)
    assert last_order(exchange).cause is None


def test_case_15_a_thin_book_fills_a_part_and_the_rest_expires(exchange: Exchange, new: New) -> None:
    exchange.set_depth(LINEAR, D("0.01"))
    order = exchange.submit(KEY, new(LINEAR, "SELL", "1", "99900", "IOC"))
    assert order.status is OrderStatus.EXPIRED
    assert D(0) < order.filled < D("0.5")
    with refused(RefusalCode.LOT_SIZE):
        exchange.set_depth(LINEAR, D("0.0001"))


def test_whole_contracts_are_deleveraged_on_kucoin(clock: list[int], new: New) -> None:
    exchange = Exchange(
        name="kucoin",
        listings=KUCOIN_LISTINGS,
        starting=KUCOIN_STARTING,
        time_ms=lambda: clock[0],
        layout=KUCOIN,
    )
    exchange.submit(KEY, new("linear:XBTUSDTM", "SELL", "100"))
    exchange.deleverage(KEY, "XBTUSDTM", quantity=D(40))
    with refused(RefusalCode.LOT_SIZE):
        exchange.deleverage(KEY, "XBTUSDTM", quantity=D("0.5"))
    (position,) = exchange.account(KEY).positions()
    assert position.contracts == -60
