"""The lives of positions, from flat to flat, read off an account's trades and its ledger. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.domain.numbers import ZERO
from bot.paper.engine.account import Account
from bot.paper.engine.model import Listing, PositionSide, RowKind, Side, Trade


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One position, open or closed.

    Attributes:
        contracts: signed, now; 0 when closed.
        most: the largest number of contracts it ever had.
        opened, closed: contracts x price over the trades, to average prices by.
        opened_contracts, closed_contracts: the contracts of those trades.
        realized: P&L before fees; `fees` positive; `funding` received less paid; all in settle.
        first_id, last_id: its trades.
    """

    side: PositionSide
    long: bool
    open_ms: int
    update_ms: int
    first_id: int
    last_id: int
    contracts: Decimal = ZERO
    most: Decimal = ZERO
    opened: Decimal = ZERO
    opened_contracts: Decimal = ZERO
    closed: Decimal = ZERO
    closed_contracts: Decimal = ZERO
    realized: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO

    @property
    def over(self) -> bool:
        """The position was closed."""
        return self.contracts == 0

    @property
    def open_price(self) -> Decimal:
        """Average price of what was opened; 0 when nothing was."""
        return self.opened / self.opened_contracts if self.opened_contracts else ZERO

    @property
    def close_price(self) -> Decimal:
        """Average price of what was closed; 0 when nothing was."""
        return self.closed / self.closed_contracts if self.closed_contracts else ZERO


def lives(account: Account, listing: Listing) -> Sequence[Life]:
    """Every life of an account's positions on a perpetual, in order of opening within each side."""
    trades = account.trades(listing.key)
    found = [
        life
        for side in PositionSide
        for life in _lives(side, (trade for trade in trades if trade.position_side is side))
    ]
    paid = [row for row in account.ledger if row.kind is RowKind.FUNDING_FEE and row.symbol == listing.symbol]
    return [
        replace(
            life,
            funding=sum(
                (row.amount for row in paid if life.open_ms <= row.time_ms and not _past(life, row.time_ms)), ZERO
            ),
        )
        for life in found
    ]


def current(account: Account, listing: Listing, side: PositionSide) -> Life | None:
    """The life that goes on; None when the side is flat."""
    return next((life for life in lives(account, listing) if life.side is side and not life.over), None)


def _past(life: Life, time_ms: int) -> bool:
    return life.over and time_ms > life.update_ms


def _lives(side: PositionSide, trades: Iterable[Trade]) -> list[Life]:
    found: list[Life] = []
    for trade in trades:
        rest = trade.quantity
        life = found[-1] if found and not found[-1].over else None
        if life is not None and (trade.side is Side.BUY) is not life.long:
            part = min(rest, abs(life.contracts))
            found[-1] = _closed(life, trade, part)
            rest -= part
        if rest:
            if not found or found[-1].over:
                found.append(_born(side, trade))
            found[-1] = _opened(found[-1], trade, rest)
    return found


def _born(side: PositionSide, trade: Trade) -> Life:
    return Life(
        side=side,
        long=trade.side is Side.BUY,
        open_ms=trade.time_ms,
        update_ms=trade.time_ms,
        first_id=trade.trade_id,
        last_id=trade.trade_id,
    )


def _opened(life: Life, trade: Trade, quantity: Decimal) -> Life:
    contracts = life.contracts + trade.side.sign * quantity
    return replace(
        life,
        update_ms=trade.time_ms,
        last_id=trade.trade_id,
        contracts=contracts,
        most=max(life.most, abs(contracts)),
        opened=life.opened + quantity * trade.price,
        opened_contracts=life.opened_contracts + quantity,
        fees=life.fees + trade.fee * quantity / trade.quantity,
    )


def _closed(life: Life, trade: Trade, quantity: Decimal) -> Life:
    return replace(
        life,
        update_ms=trade.time_ms,
        last_id=trade.trade_id,
        contracts=life.contracts + trade.side.sign * quantity,
        closed=life.closed + quantity * trade.price,
        closed_contracts=life.closed_contracts + quantity,
        realized=life.realized + trade.realized,
        fees=life.fees + trade.fee * quantity / trade.quantity,
    )
