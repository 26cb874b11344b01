"""One order that we decided on, durable before it is sent (R17 to R22)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bot.domain.ids import ClientOrderId, HedgeName, VenueOrderId
from bot.domain.orders import OrderReport, OrderRequest, TradeCursor


class IntentState(StrEnum):
    """Where one order is in its life (RULES, One order)."""

    ARMED = "armed"
    """Durable, with a deadline; the request may or may not have left."""
    ACKED = "acked"
    PARTIALLY_FILLED = "partially-filled"
    UNKNOWN = "unknown"
    """The answer said nothing. Only evidence ends this state, never a timer (R20)."""
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    NO_EFFECT_PROVEN = "no-effect-proven"

    @property
    def terminal(self) -> bool:
        """Nothing more will happen to the order."""
        return self in _TERMINAL


_TERMINAL = frozenset(
    {
        IntentState.FILLED,
        IntentState.CANCELED,
        IntentState.EXPIRED,
        IntentState.REJECTED,
        IntentState.NO_EFFECT_PROVEN,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What was decided, as it was committed before the first byte left.

    Attributes:
        position_before: signed contracts, of the confirmed position the order was sized on.
        cursor_before: up to where our trades had been counted then.
        mark: the mark price of the decision.
        created_ms: our clock.
        timestamp_ms: venue time that the request is signed with.
        deadline_ms: venue time after which the venue must not accept the request any more (R21).
    """

    client_id: ClientOrderId
    hedge: HedgeName
    request: OrderRequest
    position_before: Decimal
    cursor_before: TradeCursor
    mark: Decimal
    created_ms: int
    timestamp_ms: int
    deadline_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentRecord:
    """An intent and what is known of it.

    Attributes:
        filled: contracts, cumulative, never shrinking.
        average_price: of what filled; None when nothing did.
        settled: the fill has been found again in the confirmed position (R23), or there was none.
        detail: why it is where it is: a venue code, a fault; redacted.
        updated_ms: our clock.
    """

    intent: Intent
    state: IntentState
    filled: Decimal
    average_price: Decimal | None
    venue_order_id: VenueOrderId | None
    settled: bool
    detail: str
    updated_ms: int


# What can happen to an intent; `bot.core.lifecycle.advance` is the table of what each does.


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """The venue told us of the order: an acknowledgement, or a later look-up."""

    report: OrderReport


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedByVenue:
    """A definite rejection: no effect."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeLost:
    """The answer said nothing."""

    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenWithoutEffect:
    """All of R22 holds."""

    evidence: str


IntentEvent = Reported | RejectedByVenue | OutcomeLost | ProvenWithoutEffect


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceRead:
    """One reading that did not find an order (R22), kept in the journal so that a restart need not begin anew.

    Attributes:
        venue_ms: venue time when the reading was sent.
        not_found_code: the venue's own code.
        in_lists: the order stood in the open or all-orders list after all.
        stray_trades: ids of trades since the intent that belong to no other order.
        position_explained: position now = position before + all venue trades since.
    """

    venue_ms: int
    not_found_code: str
    in_lists: bool
    stray_trades: tuple[str, ...]
    position_explained: bool
