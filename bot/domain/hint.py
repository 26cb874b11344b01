"""What a stream tells: that it is worth looking now. Never the truth; that is read (DESIGN, Shape)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bot.domain.ids import Symbol, VenueName


class HintKind(StrEnum):
    """What is said to have happened."""

    ORDER = "order"
    """An order of the account changed, or traded."""
    POSITION = "position"
    BALANCE = "balance"
    PRICE = "price"
    SILENT = "silent"
    """The stream said nothing for longer than it may; until ALIVE there is polling only."""
    ALIVE = "alive"
    """The stream speaks, at first or again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """One event of a stream.

    Attributes:
        symbol: the perpetual concerned; None for what concerns the account.
        time_ms: our clock.
        price: of PRICE only: the mark, in the instrument's price unit.
    """

    kind: HintKind
    venue: VenueName
    symbol: Symbol | None
    time_ms: int
    price: Decimal | None = None
