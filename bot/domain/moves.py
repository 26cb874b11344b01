"""Money that the margin ladder moves on one venue (R27): durable before it is sent, never repeated while unknown."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from bot.domain.ids import Asset, HedgeName, Symbol, VenueName
from bot.domain.orders import OutcomeUnknown, Rejected

MoveId = NewType("MoveId", str)
"""Made like a client order id, of the same epoch and sequence; sent along where the venue takes one."""


class MoveKind(StrEnum):
    """What is moved where."""

    TRANSFER = "transfer"
    """From the wallet that spot trading uses to the one that margins the contract; none on a unified account."""
    ADD_MARGIN = "add-margin"
    """From that margin wallet into the isolated position."""


class MoveState(StrEnum):
    """Where one move is in its life."""

    ARMED = "armed"
    """Durable; the request may or may not have left."""
    UNKNOWN = "unknown"
    """The answer said nothing. Only the venue's history ends this state."""
    DONE = "done"
    REJECTED = "rejected"
    NO_EFFECT_PROVEN = "no-effect-proven"

    @property
    def terminal(self) -> bool:
        """Nothing more will happen to it."""
        return self in {MoveState.DONE, MoveState.REJECTED, MoveState.NO_EFFECT_PROVEN}


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRequest:
    """One move.

    Attributes:
        symbol: the perpetual whose margin it is for.
        asset: its settle currency.
        amount: above 0, in `asset`, in the 8 places that venues book.
    """

    venue: VenueName
    kind: MoveKind
    symbol: Symbol
    asset: Asset
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What was decided, as it was committed before the first byte left.

    Attributes:
        created_ms: our clock.
        timestamp_ms: venue time that the request is signed with.
        deadline_ms: venue time after which the venue must not accept the request any more (R21).
        wallet_before: margin of the isolated position then, without unrealised P&L, in the asset; None: not known.
    """

    move_id: MoveId
    hedge: HedgeName
    request: MoveRequest
    created_ms: int
    timestamp_ms: int
    deadline_ms: int
    wallet_before: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRecord:
    """A move and what is known of it.

    Attributes:
        reference: the venue's id of it, or None.
        detail: why it is where it is; redacted.
        updated_ms: our clock.
    """

    move: Move
    state: MoveState
    reference: str | None
    detail: str
    updated_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The venue did it."""

    reference: str


MoveOutcome = Moved | Rejected | OutcomeUnknown


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueMove:
    """A move as the venue's own history tells it, whoever asked for it.

    Attributes:
        move_id: our id, where the venue keeps one; None elsewhere.
        amount: in the asset, positive in the direction of its kind, negative the other way.
        time_ms: venue time.
    """

    kind: MoveKind
    asset: Asset
    amount: Decimal
    reference: str
    move_id: MoveId | None
    time_ms: int
