"""What a replica that lags behind shows: orders, or positions and balances, as they were; writing is as ever."""

from __future__ import annotations

import pytest

from bot.paper.engine.exchange import Exchange
from bot.paper.engine.late import Late
from bot.paper.engine.model import OrderStatus, Refusal
from tests.paper_engine.orders import KEY, LINEAR, SPOT, D, New, contracts


def test_f6_orders_are_not_there_yet_and_then_not_gone_yet(exchange: Exchange, new: New, clock: list[int]) -> None:
    order = exchange.submit(KEY, new(LINEAR, "SELL", "1", "101000", client_id="a"))
    clock[0] += 4_999
    with exchange.seen_late(Late.ORDERS, 5_000):
        with pytest.raises(Refusal, match="unknown-order"):
            exchange.order(KEY, LINEAR, client_id="a")
        assert exchange.account(KEY).orders() == exchange.account(KEY).open_orders() == []
        clock[0] += 1
        assert exchange.order(KEY, LINEAR, client_id="a") == order
    exchange.cancel(KEY, LINEAR, client_id="a")
    with exchange.seen_late(Late.ORDERS, 5_000):
        assert exchange.account(KEY).open_orders() == [order]
    assert exchange.order(KEY, LINEAR, client_id="a").status is OrderStatus.CANCELED


def test_trades_lag_with_their_orders_and_positions_do_not(exchange: Exchange, new: New, clock: list[int]) -> None:
    exchange.submit(KEY, new(LINEAR, "SELL", "1"))
    clock[0] += 1_000
    with exchange.seen_late(Late.ORDERS, 2_000):
        assert exchange.account(KEY).trades() == []
        assert contracts(exchange) == -1
    assert len(exchange.account(KEY).trades()) == 1


def test_f18_positions_margin_and_balances_lag_and_orders_do_not(
    exchange: Exchange, new: New, clock: list[int]
) -> None:
    exchange.set_margin_mode(KEY, "BTCUSDT", isolated=True)
    exchange.submit(KEY, new(LINEAR, "SELL", "1"))
    clock[0] += 10_000
    before = exchange.account(KEY)
    margin, ledger, positions = before.margin_summary(), list(before.ledger), before.positions()
    exchange.submit(KEY, new(LINEAR, "SELL", "1"))
    exchange.submit(KEY, new(SPOT, "SELL", "0.5"))
    clock[0] += 5_000

    with exchange.seen_late(Late.POSITIONS, 6_000):
        late = exchange.account(KEY)
        assert (late.positions(), late.margin_summary(), list(late.ledger)) == (positions, margin, ledger)
        assert late.balance("spot", "BTC").total == 1
        assert len(late.orders()) == 3
    with exchange.seen_late(Late.POSITIONS, 5_000):
        assert contracts(exchange) == -2

    assert contracts(exchange) == -2
    assert exchange.account(KEY).balance("spot", "BTC").total == D("0.5")


def test_what_is_written_meanwhile_happens_now(exchange: Exchange, new: New) -> None:
    with exchange.seen_late(Late.POSITIONS, 60_000):
        exchange.submit(KEY, new(LINEAR, "SELL", "1"))
        assert contracts(exchange) == 0
        reducing = exchange.submit(KEY, new(LINEAR, "BUY", "0.4", reduce_only=True))
    assert (contracts(exchange), reducing.filled) == (D("-0.6"), D("0.4"))


def test_f15_a_cancel_that_says_it_worked_and_came_too_late(exchange: Exchange, new: New) -> None:
    order = exchange.submit(KEY, new(LINEAR, "SELL", "1", "101000"))
    with exchange.cancelling_too_late():
        told = exchange.cancel(KEY, LINEAR, order_id=order.order_id)
    assert (told.status, told.filled) == (OrderStatus.CANCELED, D(0))
    true = exchange.order(KEY, LINEAR, order_id=order.order_id)
    assert (true.status, true.average_price, contracts(exchange)) == (OrderStatus.FILLED, D(101_000), D(-1))
    other = exchange.submit(KEY, new(LINEAR, "SELL", "1", "101000"))
    exchange.cancel(KEY, LINEAR, order_id=other.order_id)
    assert contracts(exchange) == -1
