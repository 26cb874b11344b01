"""What positions, modes, funds and the orders of others allow an order to do."""

from __future__ import annotations

import pytest

from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import OrderStatus, Refusal
from tests.paper_engine.orders import KEY, LINEAR, OTHER, SPOT, D, New, contracts, now


class TestReduceOnly:
    """In one-way mode a reduce-only order is cut to the position; it never opens or turns one."""

    def test_it_is_refused_when_flat_or_in_the_positions_direction(self, exchange: Exchange, new: New) -> None:
        with pytest.raises(Refusal, match="reduce-only-rejected"):
            exchange.submit(KEY, new(LINEAR, "BUY", "1", reduce_only=True))
        exchange.submit(KEY, new(LINEAR, "SELL", "1"))
        with pytest.raises(Refusal, match="reduce-only-rejected"):
            exchange.submit(KEY, new(LINEAR, "SELL", "1", reduce_only=True))
        with pytest.raises(Refusal, match="reduce-only-rejected"):
            exchange.submit(KEY, new(SPOT, "SELL", "1", reduce_only=True))

    def test_it_is_cut_to_the_position(self, exchange: Exchange, new: New) -> None:
        exchange.submit(KEY, new(LINEAR, "SELL", "1"))
        order = exchange.submit(KEY, new(LINEAR, "BUY", "2.5", reduce_only=True))
        assert (order.quantity, order.status) == (D(1), OrderStatus.FILLED)
        assert contracts(exchange) == 0

    def test_it_needs_no_margin_and_no_minimum_notional(self, exchange: Exchange, new: New) -> None:
        exchange.submit(KEY, new(LINEAR, "SELL", "1"))
        exchange.transfer(KEY, "usdm", "spot", "USDT", exchange.account(KEY).balance("usdm", "USDT").free)
        exchange.set_price("BTC", D(90_000))
        assert exchange.submit(KEY, new(LINEAR, "BUY", "0.001", reduce_only=True)).status is OrderStatus.FILLED

    def test_a_resting_one_expires_when_the_position_is_gone(self, exchange: Exchange, new: New) -> None:
        exchange.submit(KEY, new(LINEAR, "SELL", "1"))
        resting = exchange.submit(KEY, new(LINEAR, "BUY", "1", "95000", reduce_only=True))
        exchange.submit(KEY, new(LINEAR, "BUY", "1"))
        assert now(exchange, resting).status is OrderStatus.EXPIRED

    def test_a_resting_one_fills_no_more_than_the_position(self, exchange: Exchange, new: New) -> None:
        exchange.submit(KEY, new(LINEAR, "SELL", "1"))
        resting = exchange.submit(KEY, new(LINEAR, "BUY", "1", "95000", reduce_only=True))
        exchange.submit(KEY, new(LINEAR, "BUY", "0.6"))
        exchange.set_price("BTC", D(94_000))
        assert now(exchange, resting).filled == D("0.4")
        assert now(exchange, resting).status is OrderStatus.EXPIRED
        assert contracts(exchange) == 0


class TestHedgeMode:
    """LONG and SHORT are positions of their own."""

    def test_sides_must_fit_the_mode(self, exchange: Exchange, new: New) -> None:
        with pytest.raises(Refusal, match="position-side-mismatch"):
            exchange.submit(KEY, new(LINEAR, "SELL", "1", position_side="SHORT"))
        with pytest.raises(Refusal, match="position-side-mismatch"):
            exchange.submit(KEY, new(SPOT, "SELL", "1", position_side="SHORT"))
        exchange.set_hedged(KEY, hedged=True)
        with pytest.raises(Refusal, match="position-side-mismatch"):
            exchange.submit(KEY, new(LINEAR, "SELL", "1"))
        exchange.submit(KEY, new(SPOT, "SELL", "1"))

    def test_both_sides_stand_side_by_side(self, exchange: Exchange, new: New) -> None:
        exchange.set_hedged(KEY, hedged=True)
        exchange.submit(KEY, new(LINEAR, "SELL", "1", position_side="SHORT"))
        exchange.submit(KEY, new(LINEAR, "BUY", "2", position_side="LONG"))
        assert {p.side: p.contracts for p in exchange.account(KEY).positions()} == {"SHORT": -1, "LONG": 2}

    def test_closing_orders_only_close(self, exchange: Exchange, new: New) -> None:
        exchange.set_hedged(KEY, hedged=True)
        exchange.submit(KEY, new(LINEAR, "SELL", "1", position_side="SHORT"))
        with pytest.raises(Refusal, match="reduce-only-rejected"):
            exchange.submit(KEY, new(LINEAR, "BUY", "1.001", position_side="SHORT"))
        with pytest.raises(Refusal, match="reduce-only-rejected"):
            exchange.submit(KEY, new(LINEAR, "SELL", "1", position_side="LONG"))
        with pytest.raises(Refusal, match="reduce-only-rejected"):
            exchange.submit(KEY, new(LINEAR, "BUY", "1", position_side="LONG", reduce_only=True))
        exchange.submit(KEY, new(LINEAR, "BUY", "1", position_side="SHORT"))
        assert exchange.account(KEY).positions() == []


class TestFunds:
    """Nobody spends what he does not have."""

    def test_spot(self, exchange: Exchange, new: New) -> None:
        with pytest.raises(Refusal, match="insufficient-balance"):
            exchange.submit(KEY, new(SPOT, "BUY", "2"))
        exchange.submit(KEY, new(SPOT, "BUY", "2", "100000", "GTX"))
        with pytest.raises(Refusal, match="insufficient-balance"):
            exchange.submit(KEY, new(SPOT, "BUY", "0.00006"))

    def test_an_isolated_1x_short_needs_its_notional_and_fee(self, exchange: Exchange, new: New) -> None:
        exchange.set_margin_mode(KEY, "BTCUSDT", isolated=True)
        exchange.set_leverage(KEY, "BTCUSDT", 1)
        with pytest.raises(Refusal, match="insufficient-margin"):
            exchange.submit(KEY, new(LINEAR, "SELL", "2"))
        exchange.submit(KEY, new(LINEAR, "SELL", "1.998"))
        left = exchange.account(KEY).margin_summary().available
        assert left == 200_000 - D("1.998") * 99_999 * D("1.0005")

    def test_resting_orders_hold_margin_for_the_dearer_direction(self, exchange: Exchange, new: New) -> None:
        exchange.set_leverage(KEY, "BTCUSDT", 1)
        exchange.submit(KEY, new(LINEAR, "BUY", "1", "99000"))
        exchange.submit(KEY, new(LINEAR, "SELL", "1.5", "101000"))
        assert exchange.account(KEY).margin_summary().order_initial == 151_500
        with pytest.raises(Refusal, match="insufficient-margin"):
            exchange.submit(KEY, new(LINEAR, "SELL", "0.5", "101000"))
        exchange.submit(KEY, new(LINEAR, "BUY", "0.5", "99000"))

    def test_brackets_bound_the_position_at_a_leverage(self, exchange: Exchange, new: New) -> None:
        exchange.set_leverage(KEY, "BTCUSDT", 125)
        exchange.submit(KEY, new(LINEAR, "SELL", "2"))
        exchange.submit(KEY, new(LINEAR, "SELL", "0.5", "101000"))
        with pytest.raises(Refusal, match="max-position"):
            exchange.submit(KEY, new(LINEAR, "SELL", "0.501"))
        exchange.submit(KEY, new(LINEAR, "SELL", "0.5"))

    def test_an_isolated_order_whose_margin_was_lost_meanwhile_expires(self, exchange: Exchange, new: New) -> None:
        exchange.set_margin_mode(KEY, "BTCUSDT", isolated=True)
        exchange.set_leverage(KEY, "BTCUSDT", 1)
        resting = exchange.submit(KEY, new(LINEAR, "BUY", "1", "98000"))
        exchange.submit(KEY, new("linear:BNBUSDT", "BUY", "2000"))
        exchange.set_price("BNB", D(550))
        exchange.set_price("BTC", D(97_000))
        assert now(exchange, resting).status is OrderStatus.EXPIRED
        assert exchange.account(KEY).margin_summary().cross_wallet > 0


class TestOtherAccounts:
    """Resting orders of others are met before the synthetic levels behind them."""

    def test_they_trade_at_the_resting_price(self, exchange: Exchange, new: New) -> None:
        resting = exchange.submit(OTHER, new(SPOT, "SELL", "0.5", "100000.50"))
        assert exchange.depth(SPOT).asks[0].price == D("100000.50")
        order = exchange.submit(KEY, new(SPOT, "BUY", "0.7"))
        assert [(t.price, t.quantity, t.maker) for t in order.trades] == [
            (D("100000.50"), D("0.5"), False),
            (D(100_001), D("0.2"), False),
        ]
        assert now(exchange, resting, OTHER).trades[0].maker

    def test_ones_own_resting_order_in_the_way_expires(self, exchange: Exchange, new: New) -> None:
        resting = exchange.submit(KEY, new(SPOT, "SELL", "0.5", "100000.50"))
        with pytest.raises(Refusal, match="would-match"):
            exchange.submit(KEY, new(SPOT, "BUY", "0.1", "100000.50", "GTX"))
        order = exchange.submit(KEY, new(SPOT, "BUY", "0.1"))
        assert order.average_price == 100_001
        assert now(exchange, resting).status is OrderStatus.EXPIRED_IN_MATCH
        assert exchange.account(KEY).balance("spot", "BTC").locked == 0

    def test_a_taker_is_served_though_the_maker_can_only_reduce_less(self, exchange: Exchange, new: New) -> None:
        exchange.submit(OTHER, new(LINEAR, "SELL", "1"))
        first = exchange.submit(OTHER, new(LINEAR, "BUY", "1", "100000.0", reduce_only=True))
        second = exchange.submit(OTHER, new(LINEAR, "BUY", "1", "100000.0", reduce_only=True))
        order = exchange.submit(KEY, new(LINEAR, "SELL", "2"))
        assert order.average_price == 100_000
        assert now(exchange, first, OTHER).status is OrderStatus.FILLED
        assert now(exchange, second, OTHER).status is OrderStatus.EXPIRED
        assert contracts(exchange, OTHER) == 0
