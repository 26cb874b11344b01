"""How the margin of isolated positions changed, on USD-M and COIN-M.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/Get-Position-Margin-Change-History
and the same of coin-margined-futures (read 2026-10); ccxt shows `deltaType` TRADE and `clientTranId`. That COIN-M,
which has no `deltaType`, lists only what users moved, and that neither lists funding, is from general knowledge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO
from bot.paper.engine.model import PositionSide, RowKind, Update, UpdateKind
from bot.paper.wire.binance.digits import eight
from bot.paper.wire.binance.endpoint import Call, futures
from bot.paper.wire.binance.errors import ApiError, illegal
from bot.paper.wire.binance.history import DAY_MS, within

_LONGEST_MS: Final = 30 * DAY_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginChange:
    """What one isolated position's margin changed by.

    Attributes:
        traded: a fill did it; else the account's own move.
    """

    time_ms: int
    symbol: str
    side: PositionSide
    amount: Decimal
    traded: bool


def margin_changes(updates: Sequence[Update]) -> list[MarginChange]:
    """Every change by a fill or by a move, oldest first.

    Args:
        updates: the account's event feed from its beginning.
    """
    margins: dict[tuple[str, PositionSide], Decimal] = {}
    found: list[MarginChange] = []
    before: Update | None = None
    for update, after in zip(updates, [*updates[1:], None], strict=True):
        if update.kind is UpdateKind.POSITION:
            place = (update.symbol, update.side)
            amount = update.margin - margins.get(place, ZERO)
            margins[place] = update.margin
            if amount and not _funded(before, update):
                found.append(
                    MarginChange(
                        time_ms=update.time_ms,
                        symbol=update.symbol,
                        side=update.side,
                        amount=amount,
                        traded=_fills(after, update),
                    )
                )
        before = update
    return found


def _funded(before: Update | None, update: Update) -> bool:
    """Funding is booked, then the margin of the position changes."""
    row = before.row if before is not None else None
    return row is not None and row.kind is RowKind.FUNDING_FEE and row.symbol == update.symbol


def _fills(after: Update | None, update: Update) -> bool:
    """A fill changes the position, then books what it realised and costs, then tells the order."""
    if after is None or after.symbol != update.symbol:
        return False
    return after.trade is not None or (after.row is not None and after.row.trade_id > 0)


def _history(call: Call) -> object:
    listing = call.contract()
    params = call.params
    kind = params.text("type")
    if kind not in {None, "1", "2"}:
        raise illegal("type", "^[1-2]{1}$")
    end_ms = params.integer("endTime")
    start_ms = params.integer("startTime")
    if start_ms is None:
        start_ms = (call.now_ms if end_ms is None else end_ms) - _LONGEST_MS
    elif (call.now_ms if end_ms is None else end_ms) - start_ms > _LONGEST_MS:
        raise ApiError(-1127, "Lookup interval is too big. More than 30 days between startTime and endTime.")
    changes = margin_changes(call.exchange.account(call.key).updates(0))
    found = [
        change
        for change in within(changes, start_ms, end_ms, lambda change: change.time_ms)
        if change.symbol == listing.symbol and kind in {None, _type(change)} and not (call.inverse and change.traded)
    ]
    limit = params.limit(50 if call.inverse else 500, 500)
    return [_row(call, change, listing.settle) for change in found[:limit]]


def _type(change: MarginChange) -> str:
    return "1" if change.amount > 0 else "2"


def _row(call: Call, change: MarginChange, asset: str) -> dict[str, object]:
    own = {} if call.inverse else {"deltaType": "TRADE" if change.traded else "USER_ADJUST", "clientTranId": ""}
    return {
        "symbol": change.symbol,
        "type": int(_type(change)),
        **own,
        "amount": eight(abs(change.amount)),
        "asset": asset,
        "time": change.time_ms,
        "positionSide": change.side.value,
    }


ENDPOINTS: Final = (*futures("GET", "v1/positionMargin/history", _history),)
