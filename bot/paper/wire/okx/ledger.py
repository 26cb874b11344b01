"""An account's money as OKX tells it: bills, and the margin that moves between the account and its isolated positions.

A fill is one bill for each coin it moves, with its P&L and its fee in it. What an isolated position sets apart leaves
the account's balance (`balChg`) for the position's (`posBalChg`), and its funding goes through the latter. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO
from bot.paper.engine.model import PositionSide, Row, RowKind, Update

_OPENING: Final = "opening"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """One change of one coin.

    Attributes:
        kind: why; None for margin that was added to a position or taken from it.
        amount: the change of the account's balance; `margin` that of the position's.
        after, margin_after: what both were then.
        fee: negative where one was paid.
        pnl: what a fill realised, what funding paid, or what a liquidation took beyond that.
        reference: of the ledger row.
        trade_id: 0 when no trade caused it.
    """

    bill_id: int
    time_ms: int
    kind: RowKind | None
    coin: str
    symbol: str
    reference: str = ""
    trade_id: int = 0
    amount: Decimal = ZERO
    margin: Decimal = ZERO
    after: Decimal = ZERO
    margin_after: Decimal = ZERO
    fee: Decimal = ZERO
    pnl: Decimal = ZERO


def bills_of(updates: Sequence[Update], wallet: str, settle_of: Callable[[str], str]) -> list[Bill]:
    """A wallet's bills, oldest first.

    Args:
        updates: the account's event feed from its beginning.
        wallet: whose bills.
        settle_of: the coin that a perpetual settles in, by its symbol.
    """
    bills: list[Bill] = []
    margins: dict[tuple[str, PositionSide], Decimal] = {}
    # A fill's margin moves before its rows are booked, funding's after; anything else moves alone.
    waiting: Bill | None = None
    for update in updates:
        if waiting is not None:
            row = update.row
            if row is not None and row.trade_id and row.symbol == waiting.symbol:
                waiting = replace(waiting, bill_id=update.seq, kind=RowKind.TRADE, trade_id=row.trade_id)
            bills.append(waiting)
            waiting = None
        if update.row is not None and update.row.wallet == wallet:
            _book(bills, update.seq, update.row)
        elif update.row is None and update.order is None:
            key = (update.symbol, update.side)
            moved = update.margin - margins.get(key, ZERO)
            margins[key] = update.margin
            if moved and bills and bills[-1].kind is RowKind.FUNDING_FEE and bills[-1].bill_id == update.seq - 1:
                bills[-1] = _moved(bills[-1], moved, update.margin)
            elif moved:
                alone = Bill(
                    bill_id=update.seq,
                    time_ms=update.time_ms,
                    kind=None,
                    coin=settle_of(update.symbol),
                    symbol=update.symbol,
                )
                waiting = _moved(alone, moved, update.margin)
    if waiting is not None:
        bills.append(waiting)
    return _balanced(bills)


def _moved(bill: Bill, moved: Decimal, after: Decimal) -> Bill:
    return replace(bill, amount=bill.amount - moved, margin=bill.margin + moved, margin_after=after)


def _book(bills: list[Bill], bill_id: int, row: Row) -> None:
    """Add a ledger row: to the bill of its fill and coin, or as a bill of its own."""
    known = [index for index in range(max(0, len(bills) - 2), len(bills)) if bills[index].trade_id == row.trade_id]
    same = [index for index in known if row.trade_id and bills[index].coin == row.asset]
    if not same:
        bills.append(
            Bill(
                bill_id=bill_id,
                time_ms=row.time_ms,
                kind=RowKind.TRADE if row.trade_id else row.kind,
                coin=row.asset,
                symbol=row.symbol,
                reference=row.reference,
                trade_id=row.trade_id,
            )
        )
    index = same[-1] if same else -1
    bill = bills[index]
    earned = row.kind in {RowKind.REALIZED_PNL, RowKind.FUNDING_FEE, RowKind.INSURANCE_CLEAR}
    bills[index] = replace(
        bill,
        amount=bill.amount + row.amount,
        fee=bill.fee + (row.amount if row.kind is RowKind.FEE else ZERO),
        pnl=bill.pnl + (row.amount if earned else ZERO),
    )


def _balanced(bills: Sequence[Bill]) -> list[Bill]:
    """With what the account's balance was after each."""
    balances: dict[str, Decimal] = {}
    found = []
    for bill in bills:
        balances[bill.coin] = balances.get(bill.coin, ZERO) + bill.amount
        # What an account opens with is no bill.
        if bill.reference != _OPENING:
            found.append(replace(bill, after=balances[bill.coin]))
    return found
