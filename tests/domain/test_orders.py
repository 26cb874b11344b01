"""What orders, intents and trades say of themselves."""

from decimal import Decimal

import pytest

from bot.domain.ids import Asset, Symbol, TradeId, VenueOrderId
from bot.domain.intent import IntentState
from bot.domain.orders import Side, VenueTrade


@pytest.mark.parametrize(("side", "moved"), [(Side.BUY, "0.3"), (Side.SELL, "-0.3")])
def test_a_trade_moves_the_position_to_its_side(side: Side, moved: str) -> None:
    trade = VenueTrade(
        trade_id=TradeId("1"),
        venue_order_id=VenueOrderId("2"),
        symbol=Symbol("BTC/USDT:USDT"),
        side=side,
        contracts=Decimal("0.3"),
        price=Decimal(100_000),
        fee=Decimal(15),
        fee_asset=Asset("USDT"),
        realized=Decimal(0),
        maker=False,
        time_ms=1,
    )
    assert trade.moved == Decimal(moved)


def test_r20_an_unknown_intent_is_not_at_its_end() -> None:
    assert {state for state in IntentState if not state.terminal} == {
        IntentState.ARMED,
        IntentState.ACKED,
        IntentState.PARTIALLY_FILLED,
        IntentState.UNKNOWN,
    }
