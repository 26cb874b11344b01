"""What the exchange remembers of one account, apart from its money (that is the ledger's)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO
from bot.paper.engine.model import (
    CashRecord,
    EarnRecord,
    Order,
    PositionSide,
    Side,
    Trade,
    TransferRecord,
)
from bot.paper.engine.positions import PositionState

DEFAULT_LEVERAGE: Final = 20
"""Binance's own for an account that never set it; margin is cross then."""


@dataclass(slots=True, kw_only=True)
class AccountState:
    """Written by the engine only; `Account` is the read side."""

    key: str
    hedged: bool = False
    multi_assets: bool = False
    orders: dict[int, Order] = field(default_factory=dict)
    open_ids: dict[int, None] = field(default_factory=dict)
    trades: list[Trade] = field(default_factory=list)
    positions: dict[tuple[str, PositionSide], PositionState] = field(default_factory=dict)
    futures_settings: dict[str, tuple[int, bool]] = field(default_factory=dict)
    transfers: list[TransferRecord] = field(default_factory=list)
    deposits: list[CashRecord] = field(default_factory=list)
    withdrawals: list[CashRecord] = field(default_factory=list)
    earn_subscriptions: list[EarnRecord] = field(default_factory=list)
    earn_redemptions: list[EarnRecord] = field(default_factory=list)
    earn_rewards: list[EarnRecord] = field(default_factory=list)

    def put(self, order: Order) -> None:
        """Keep the newest version of an order."""
        self.orders[order.order_id] = order
        if order.status.open:
            self.open_ids[order.order_id] = None
        else:
            self.open_ids.pop(order.order_id, None)

    def open_orders(self) -> Sequence[Order]:
        """Orders that rest in a book, oldest first."""
        return [self.orders[order_id] for order_id in self.open_ids]

    def settings(self, symbol: str) -> tuple[int, bool]:
        """Leverage, and whether margin is isolated."""
        return self.futures_settings.get(symbol, (DEFAULT_LEVERAGE, False))

    def position(self, symbol: str, side: PositionSide) -> PositionState:
        """The position, flat when there never was one."""
        return self.positions.get((symbol, side), PositionState(symbol=symbol, side=side))

    def open_positions(self) -> Sequence[PositionState]:
        """Positions that are not flat."""
        return [position for position in self.positions.values() if position.contracts]

    def closable(self, symbol: str, side: Side, position_side: PositionSide) -> Decimal:
        """Contracts that an order of this side could take off the position; 0 when it would add to it."""
        return max(ZERO, -side.sign * self.position(symbol, position_side).contracts)


def reduces(order: Order) -> bool:
    """The order may only shrink a position: reduce-only, or a closing order of hedge mode."""
    return order.reduce_only or closes(order.side, order.position_side)


def closes(side: Side, position_side: PositionSide) -> bool:
    """In hedge mode the sides say it: selling LONG and buying SHORT."""
    return (side, position_side) in {(Side.SELL, PositionSide.LONG), (Side.BUY, PositionSide.SHORT)}
