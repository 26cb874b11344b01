"""What the exchange remembers of one account, apart from its money (that is the ledger's), and what changed in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from bot.domain.numbers import ZERO
from bot.paper.engine.model import (
    CashRecord,
    EarnRecord,
    Order,
    PositionSide,
    Row,
    Side,
    Trade,
    TransferRecord,
    Update,
    UpdateKind,
)
from bot.paper.engine.positions import PositionState


@dataclass(slots=True, kw_only=True)
class AccountState:
    """Written by the engine only; `Account` is the read side.

    Attributes:
        default_settings: leverage and isolated of a perpetual whose settings were never touched.
        account_mode: of a venue that has such modes; a number of its own.
        spot_taker_fee: what the account pays on spot instead of the market's own rate; None: that rate.
        client_ids: every client id ever accepted.
        next_due_ms: when the first pending record is due; None when none is pending.
        held_log: every version of every position with the time it came, oldest first.
        silent_changes: how often something changed that is no update, such as a setting.
    """

    key: str
    default_settings: tuple[int, bool]
    account_mode: int = 2
    spot_taker_fee: Decimal | None = None
    hedged: bool = False
    multi_assets: bool = False
    orders: dict[int, Order] = field(default_factory=dict)
    open_ids: dict[int, None] = field(default_factory=dict)
    client_ids: set[str] = field(default_factory=set)
    trades: list[Trade] = field(default_factory=list)
    positions: dict[tuple[str, PositionSide], PositionState] = field(default_factory=dict)
    futures_settings: dict[str, tuple[int, bool]] = field(default_factory=dict)
    transfers: list[TransferRecord] = field(default_factory=list)
    deposits: list[CashRecord] = field(default_factory=list)
    withdrawals: list[CashRecord] = field(default_factory=list)
    earn_subscriptions: list[EarnRecord] = field(default_factory=list)
    earn_redemptions: list[EarnRecord] = field(default_factory=list)
    earn_rewards: list[EarnRecord] = field(default_factory=list)
    next_due_ms: int | None = None
    held_log: list[tuple[int, PositionState]] = field(default_factory=list)
    silent_changes: int = 0
    updates: list[Update] = field(default_factory=list)

    @property
    def version(self) -> int:
        """Counts up with every change of orders, positions, balances and settings."""
        return len(self.updates) + self.silent_changes

    def put(self, order: Order, symbol: str, trade: Trade | None = None) -> None:
        """Keep the newest version of an order, and the trade that made it."""
        self.orders[order.order_id] = order
        self.client_ids.add(order.client_id)
        if order.status.open:
            self.open_ids[order.order_id] = None
        else:
            self.open_ids.pop(order.order_id, None)
        self.updates.append(
            Update(
                seq=len(self.updates) + 1,
                time_ms=order.update_ms,
                kind=UpdateKind.ORDER,
                order=order,
                trade=trade,
                symbol=symbol,
                side=order.position_side,
            )
        )

    def hold(self, position: PositionState, time_ms: int) -> None:
        """Keep the newest version of a position."""
        self.positions[position.symbol, position.side] = position
        self.held_log.append((time_ms, position))
        self.updates.append(
            Update(
                seq=len(self.updates) + 1,
                time_ms=time_ms,
                kind=UpdateKind.POSITION,
                symbol=position.symbol,
                side=position.side,
                margin=position.isolated_wallet,
            )
        )

    def note_row(self, row: Row) -> None:
        """A wallet changed."""
        self.updates.append(
            Update(
                seq=len(self.updates) + 1,
                time_ms=row.time_ms,
                kind=UpdateKind.BALANCE,
                wallet=row.wallet,
                asset=row.asset,
                row=row,
                symbol=row.symbol,
            )
        )

    def note_due(self, due_ms: int) -> None:
        """A record is pending until then."""
        self.next_due_ms = due_ms if self.next_due_ms is None else min(self.next_due_ms, due_ms)

    def open_orders(self) -> Sequence[Order]:
        """Orders that rest in a book, oldest first."""
        return [self.orders[order_id] for order_id in self.open_ids]

    def settings(self, symbol: str) -> tuple[int, bool]:
        """Leverage, and whether margin is isolated."""
        return self.futures_settings.get(symbol, self.default_settings)

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
