"""A resting order gets another price or quantity under its own id."""

from __future__ import annotations

import pytest

from bot.paper.engine.defaults import OKX_LISTINGS, OKX_STARTING
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.layout import OKX
from bot.paper.engine.model import OrderStatus, Refusal
from tests.paper_engine.orders import KEY, LINEAR, SPOT, D, New, contracts, new_order, now


def test_it_locks_what_it_now_needs(exchange: Exchange, new: New) -> None:
    order = exchange.submit(KEY, new(SPOT, "BUY", "1", "90000", client_id="mine"))
    changed = exchange.amend(KEY, SPOT, order.order_id, quantity=D(2), price=D(95_000))
    assert (changed.order_id, changed.client_id, changed.quantity, changed.price) == (
        order.order_id,
        "mine",
        D(2),
        D(95_000),
    )
    assert exchange.account(KEY).balance("spot", "USDT").locked == 190_000


def test_it_fills_when_it_now_crosses(exchange: Exchange, new: New) -> None:
    order = exchange.submit(KEY, new(LINEAR, "SELL", "1", "101000"))
    assert exchange.amend(KEY, LINEAR, order.order_id, price=D(99_999)).status is OrderStatus.FILLED
    assert contracts(exchange) == -1


def test_what_has_filled_counts(exchange: Exchange, new: New) -> None:
    order = exchange.submit(KEY, new(LINEAR, "BUY", "7", "100001"))
    assert now(exchange, order).filled == 6
    with pytest.raises(Refusal, match="lot-size"):
        exchange.amend(KEY, LINEAR, order.order_id, quantity=D(6))
    changed = exchange.amend(KEY, LINEAR, order.order_id, quantity=D(8), price=D(99_000))
    assert (changed.status, changed.remaining) == (OrderStatus.PARTIALLY_FILLED, D(2))


@pytest.mark.parametrize(
    ("key", "change", "code"),
    [
        (SPOT, {"quantity": D(3)}, "insufficient-balance"),
        (SPOT, {"price": D("90000.001")}, "price-filter"),
        (SPOT, {"quantity": D("0.000001")}, "lot-size"),
        (LINEAR, {"quantity": D(100)}, "insufficient-margin"),
        (LINEAR, {"price": D(106_000)}, "percent-price"),
    ],
)
def test_a_refusal_leaves_it_as_it_was(
    exchange: Exchange, new: New, key: str, change: dict[str, object], code: str
) -> None:
    order = exchange.submit(KEY, new(key, "BUY", "1", "90000" if key == SPOT else "98000"))
    seen = exchange.account(KEY).last_update
    with pytest.raises(Refusal, match=code):
        exchange.amend(KEY, key, order.order_id, **change)  # type: ignore[arg-type]
    assert now(exchange, order) == order
    assert exchange.account(KEY).open_orders(key) == [order]
    assert exchange.account(KEY).last_update == seen


def test_a_post_only_order_is_not_moved_into_the_market(exchange: Exchange, new: New) -> None:
    order = exchange.submit(KEY, new(LINEAR, "BUY", "1", "98000", "GTX"))
    with pytest.raises(Refusal, match="would-match"):
        exchange.amend(KEY, LINEAR, order.order_id, price=D(100_001))


def test_a_done_order_is_unknown(exchange: Exchange, new: New) -> None:
    order = exchange.submit(KEY, new(LINEAR, "BUY", "1"))
    with pytest.raises(Refusal, match="unknown-order"):
        exchange.amend(KEY, LINEAR, order.order_id, quantity=D(2))


def test_an_amended_spot_order_does_not_pay_for_itself_twice_out_of_a_wallet_that_margins(clock: list[int]) -> None:
    exchange = Exchange(name="okx", listings=OKX_LISTINGS, starting=OKX_STARTING, time_ms=lambda: clock[0], layout=OKX)
    free = exchange.account(KEY).balance("trading", "USDT").free
    order = exchange.submit(KEY, new_order("spot:BTC-USDT", "BUY", "4", "90000"))
    assert exchange.account(KEY).balance("trading", "USDT").free == free - 360_000

    exchange.amend(KEY, "spot:BTC-USDT", order.order_id, price=D("91000"))

    assert exchange.account(KEY).balance("trading", "USDT").free == free - 364_000
