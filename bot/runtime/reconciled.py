"""What a turn learnt of our orders and the position, and what that may mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.core import accounting
from bot.domain.ids import HedgeName
from bot.domain.numbers import ZERO
from bot.domain.orders import Anchor, Side, VenueTrade
from bot.ports import Halt


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
        slipped: contracts by which our trades, at their prices, moved the gap otherwise than was decided.
    """

    position: Decimal
    ours: Decimal
    foreign: accounting.ForeignVerdict | None
    before: Decimal
    trades: Sequence[VenueTrade]
    slipped: Decimal = ZERO


Consequence = Callable[[Move], tuple[Halt | None, tuple[HedgeName, Mapping[str, str]] | None]]
"""What a move means for the hedge: a halt, and what to remember. Committed together with the position it comes from."""
