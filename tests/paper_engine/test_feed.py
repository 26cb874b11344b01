"""The event feed: every change of an account, once, in order, and nothing else."""

from __future__ import annotations

from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import OrderStatus, PositionSide, Update, UpdateKind
from tests.paper_engine.orders import KEY, LINEAR, OTHER, SPOT, D, New


def news(exchange: Exchange, after: int, kind: UpdateKind) -> list[Update]:
    return [update for update in exchange.account(KEY).updates(after) if update.kind is kind]


def test_an_account_begins_with_what_it_was_given(exchange: Exchange) -> None:
    updates = exchange.account(KEY).updates(0)
    assert [update.seq for update in updates] == [1, 2, 3, 4]
    assert {(update.wallet, update.asset) for update in updates} == {
        ("spot", "BTC"),
        ("spot", "BNB"),
        ("spot", "USDT"),
        ("usdm", "USDT"),
    }
    assert exchange.account(KEY).last_update == 4
    assert exchange.account(KEY).updates(4) == ()


def test_every_version_of_an_order_is_told_with_its_trade(exchange: Exchange, new: New) -> None:
    seen = exchange.account(KEY).last_update
    order = exchange.submit(KEY, new(SPOT, "SELL", "0.5", "101000"))
    exchange.set_price("BTC", D(102_000))
    told = news(exchange, seen, UpdateKind.ORDER)
    versions = [update.order for update in told if update.order is not None]
    assert [version.status for version in versions] == [OrderStatus.NEW, OrderStatus.FILLED]
    assert {version.order_id for version in versions} == {order.order_id}
    assert [update.trade is None for update in told] == [True, False]
    assert told[1].trade == versions[1].trades[0]
    assert told[0].symbol == "BTCUSDT"


def test_every_ledger_row_is_told(exchange: Exchange, new: New) -> None:
    rows, seen = len(exchange.account(KEY).ledger), exchange.account(KEY).last_update
    exchange.submit(KEY, new(SPOT, "SELL", "0.5"))
    exchange.transfer(KEY, "spot", "usdm", "USDT", D(100))
    told = news(exchange, seen, UpdateKind.BALANCE)
    assert [update.row for update in told] == list(exchange.account(KEY).ledger[rows:])
    assert [(u.wallet, u.asset) for u in told] == [
        ("spot", "BTC"),
        ("spot", "USDT"),
        ("spot", "USDT"),
        ("usdm", "USDT"),
        ("spot", "USDT"),
    ]


def test_a_position_is_told_when_its_size_or_margin_changes(exchange: Exchange, new: New) -> None:
    exchange.set_margin_mode(KEY, "BTCUSDT", isolated=True)
    seen = exchange.account(KEY).last_update
    exchange.submit(KEY, new(LINEAR, "SELL", "1"))
    exchange.add_margin(KEY, "BTCUSDT", PositionSide.BOTH, D(10))
    exchange.settle_funding("BTC", D("0.001"))
    told = news(exchange, seen, UpdateKind.POSITION)
    assert [(u.symbol, u.side) for u in told] == [("BTCUSDT", PositionSide.BOTH)] * 3


def test_a_price_alone_is_no_change(exchange: Exchange, new: New) -> None:
    exchange.submit(KEY, new(LINEAR, "SELL", "1"))
    seen = exchange.account(KEY).last_update
    exchange.set_price("BTC", D(101_000))
    assert exchange.account(KEY).last_update == seen


def test_the_accounts_of_others_are_not_told(exchange: Exchange, new: New) -> None:
    seen = exchange.account(KEY).last_update
    exchange.submit(OTHER, new(SPOT, "SELL", "0.5"))
    assert exchange.account(KEY).updates(seen) == ()
    assert [update.seq for update in exchange.account(OTHER).updates(0)][-1] == exchange.account(OTHER).last_update


def test_a_cancelled_order_is_told_without_a_trade(exchange: Exchange, new: New) -> None:
    order = exchange.submit(KEY, new(SPOT, "SELL", "0.5", "101000"))
    seen = exchange.account(KEY).last_update
    exchange.cancel(KEY, SPOT, order_id=order.order_id)
    (update,) = exchange.account(KEY).updates(seen)
    assert update.order is not None
    assert (update.order.status, update.trade) == (OrderStatus.CANCELED, None)
