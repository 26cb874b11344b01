"""What a replica that lags behind still shows of an account: what was a moment ago. Reading it changes nothing."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from bot.paper.engine.floor import Floor
from bot.paper.engine.model import Order, PositionSide
from bot.paper.engine.positions import PositionState
from bot.paper.engine.state import AccountState


class Late(Enum):
    """What lags behind."""

    ORDERS = "orders"
    """Orders and trades."""
    POSITIONS = "positions"
    """Positions, their margin, and balances."""


def seen(floor: Floor, state: AccountState, what: Late, time_ms: int) -> tuple[Floor, AccountState]:
    """The account as it was at a time; what does not lag is as it is now. Prices are always those of now."""
    match what:
        case Late.ORDERS:
            return floor.apart(floor.ledger), _with_old_orders(state, time_ms)
        case Late.POSITIONS:
            old = floor.ledger.as_of(state.key, time_ms)
            return floor.apart(old), replace(state, positions=_old_positions(state, time_ms))


def _with_old_orders(state: AccountState, time_ms: int) -> AccountState:
    orders: dict[int, Order] = {}
    for update in state.updates:
        if update.order is not None and update.time_ms <= time_ms:
            orders[update.order.order_id] = update.order
    return replace(
        state,
        orders=orders,
        open_ids={order_id: None for order_id, order in orders.items() if order.status.open},
        trades=[trade for trade in state.trades if trade.time_ms <= time_ms],
    )


def _old_positions(state: AccountState, time_ms: int) -> dict[tuple[str, PositionSide], PositionState]:
    return {(position.symbol, position.side): position for held_ms, position in state.held_log if held_ms <= time_ms}
