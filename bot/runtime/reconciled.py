"""What a turn learnt of our orders and the position, and what that may mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.core import accounting
from bot.domain.ids import HedgeName
from bot.domain.intent import IntentRecord
from bot.domain.numbers import ZERO
from bot.domain.observation import Position
from bot.domain.orders import Anchor, Side, TradeCursor, VenueTrade
from bot.ports import Halt

_DAY_MS: Final = 86_400_000
CURSOR_AGE_MAX_MS: Final = 7 * _DAY_MS
"""How old the cursor of a position that rests may get before it is laid anew."""
CURSOR_LOST_MS: Final = 80 * _DAY_MS
"""Venues forget trades, some after three months: a cursor that old could never be read on from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What one turn knows of an instrument.

    Attributes:
        anchor: the confirmed position; None while there is none.
        waiting: why no order may be sent now; empty when everything is accounted for.
        soon: something was learnt that the next reading can settle, so it should come at once.
        unfilled: orders of ours that may still fill.
        broken: a fact that can't be; the instrument must halt.
    """

    anchor: Anchor | None
    waiting: str
    unfilled: Sequence[tuple[Side, Decimal]]
    soon: bool = False
    broken: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """How a confirmed position differs from the one before it, in signed contracts.

    Attributes:
        position: the whole change.
        ours: what our own trades moved.
        foreign: the worst of what others did; None when nobody did.
        before: the position that was confirmed before.
        trades: since then, whoever's they are, oldest first.
        slipped: contracts by which our trades, by their prices and fees, moved the gap otherwise than was decided.
    """

    position: Decimal
    ours: Decimal
    foreign: accounting.ForeignVerdict | None
    before: Decimal
    trades: Sequence[VenueTrade]
    slipped: Decimal = ZERO


Consequence = Callable[[Move], tuple[Halt | None, tuple[HedgeName, Mapping[str, str]] | None]]
"""What a move means for the hedge: a halt, and what to remember. Committed together with the position it comes from."""


def why_waiting(records: Sequence[IntentRecord]) -> str:
    """R18, R23: why the next order must wait; empty when it need not."""
    for record in records:
        if not record.state.terminal:
            return f"order {record.intent.client_id} is {record.state}: {record.detail or 'its end is awaited'}"
        if not record.settled:
            return f"the fill of order {record.intent.client_id} is not yet found in the position (R23)"
    return ""


def laid_anew(anchor: Anchor, position: Position, now_ms: int, *, told: bool) -> Anchor:
    """The anchor of a position that rests, with a cursor from which trades can be read on.

    Args:
        anchor: as it is; nothing that it must explain has happened since.
        position: equal to it.
        now_ms: venue time.
        told: whether the venue said that nobody has traded since. Otherwise the anchor stays, until it is so old that
            no venue remembers: what was traded since has undone itself.

    Returns:
        One whose cursor is a time, a day ago, as a trade that is told late must still be after it; or `anchor`.
    """
    if not told and now_ms - anchor.cursor.time_ms <= CURSOR_LOST_MS:
        return anchor
    cursor = TradeCursor(trade_id=None, time_ms=now_ms - _DAY_MS)
    return Anchor(contracts=position.contracts, cursor=cursor, at_ms=position.stamp.answered_ms)
