"""Orders and what venues say about them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bot.domain.ids import Asset, ClientOrderId, Symbol, TradeId, VenueName, VenueOrderId


class Side(StrEnum):
    """Direction of an order. SELL opens or grows the short, BUY shrinks it."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell: the direction in which the position moves."""
        return 1 if self is Side.BUY else -1


class TimeInForce(StrEnum):
    """How long an order stands."""

    IOC = "IOC"
    GTC = "GTC"
    POST_ONLY = "POST_ONLY"


class OrderStatus(StrEnum):
    """What the venue says of an order."""

    OPEN = "open"
    PARTIALLY_FILLED = "partially-filled"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """A limit order on a perpetual; never a bare market order (R16).

    Attributes:
        contracts: above 0, a multiple of the instrument's step.
        price: the limit (collar), a multiple of the tick, in the instrument's price unit.
        reduce_only: set on every order that shrinks the short (R24).
        hedged: the account is in hedge mode, so the order names the short side.
    """

    venue: VenueName
    symbol: Symbol
    side: Side
    contracts: Decimal
    price: Decimal
    time_in_force: TimeInForce
    reduce_only: bool
    hedged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """An order that a gate let pass; nothing else is ever sent.

    Only `bot.core.risk`, `sale`, `pair_gate`, `evening_order` and `exit_orders` make these.

    Attributes:
        notional: contracts at the mark, in quote.
        mark: the mark price the decision was made on.
    """

    request: OrderRequest
    notional: Decimal
    mark: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An order that the risk gate stopped.

    Attributes:
        code: a constant dotted word such as `cap.order-notional`.
        reason: one sentence with the limit and the value.
        halt: whether the instrument must stop until a person looks (R24).
    """

    code: str
    reason: str
    halt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReport:
    """An order as the venue tells it.

    Attributes:
        client_id: None for orders that carry none.
        contracts, filled: in contracts, not negative.
        average_price: of what filled; None when nothing did.
        time_ms: venue time of creation.
    """

    symbol: Symbol
    client_id: ClientOrderId | None
    venue_order_id: VenueOrderId
    side: Side
    status: OrderStatus
    contracts: Decimal
    filled: Decimal
    average_price: Decimal | None
    reduce_only: bool
    time_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueTrade:
    """One trade of our account, as the venue tells it.

    Attributes:
        contracts: above 0; the direction is in `side`.
        fee: a cost is positive, a rebate negative, in `fee_asset`.
        realized: realised P&L booked with the trade, in the settle currency.
    """

    trade_id: TradeId
    venue_order_id: VenueOrderId
    symbol: Symbol
    side: Side
    contracts: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: Asset
    realized: Decimal
    maker: bool
    time_ms: int

    @property
    def moved(self) -> Decimal:
        """Signed change of the position, in contracts."""
        return self.contracts * self.side.sign


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeCursor:
    """Up to where an account's trades on one instrument have been counted.

    Attributes:
        trade_id: the last trade counted; None when there never was one.
        time_ms: venue time of that trade, or of the position reading that the count starts from.
    """

    trade_id: TradeId | None
    time_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A confirmed position and up to where trades are in it: position now = contracts + trades after the cursor."""

    contracts: Decimal
    cursor: TradeCursor
    at_ms: int


# What became of a command (R20): exactly one of these, never an exception.


@dataclass(frozen=True, slots=True, kw_only=True)
class Acked:
    """The venue answered with the order itself."""

    report: OrderReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The venue refused with a code on its definite list: the command had no effect."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeUnknown:
    """Timeout, disconnect, 5xx, unreadable or id-less answer, unlisted code."""

    detail: str


SendOutcome = Acked | Rejected | OutcomeUnknown


# What a look-up by id gave.


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The venue knows the order."""

    report: OrderReport


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFound:
    """The venue's own not-found code came back; evidence, not proof (R22)."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupFailed:
    """No usable answer: it says nothing."""

    detail: str


OrderLookup = Found | NotFound | LookupFailed
