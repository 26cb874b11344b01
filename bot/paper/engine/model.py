"""Values of the paper exchange: listings, orders, trades, positions, records, refusals.

Everything is exact (Decimal) and frozen: what `Exchange` hands out is a snapshot that later events don't change.
Times are milliseconds of the injected clock. Symbols are the venue's own, such as `BTCUSDT`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from bot.domain.numbers import ZERO
from bot.paper.engine.listing import (
    DELISTED,
    PLACES,
    SETTLING,
    SUSPENDED,
    TRADING,
    Bracket,
    Listing,
    MarketType,
    listing_key,
)
from bot.paper.engine.records import (
    CashRecord,
    EarnRecord,
    FundingRecord,
    RecordStatus,
    Row,
    RowKind,
    TransferRecord,
)
from bot.paper.engine.refusal import Refusal, RefusalCode

__all__ = [
    "DELISTED",
    "PLACES",
    "SETTLING",
    "SUSPENDED",
    "TRADING",
    "Balance",
    "Bracket",
    "CashRecord",
    "Depth",
    "EarnRecord",
    "ForcedCause",
    "FundingRecord",
    "Level",
    "Listing",
    "MarginSummary",
    "MarketType",
    "NewOrder",
    "Order",
    "OrderKind",
    "OrderStatus",
    "Position",
    "PositionSide",
    "RecordStatus",
    "Refusal",
    "RefusalCode",
    "Row",
    "RowKind",
    "Side",
    "TimeInForce",
    "Trade",
    "TransferRecord",
    "Update",
    "UpdateKind",
    "listing_key",
]


class Side(StrEnum):
    """Direction of an order."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderKind(StrEnum):
    """How an order is priced."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"


class TimeInForce(StrEnum):
    """What becomes of the part that does not fill at once."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTX = "GTX"
    """Post-only."""


class OrderStatus(StrEnum):
    """Where an order is in its life."""

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"
    """Self-trade prevention: the account's own newer order would have taken it (EXPIRE_MAKER)."""

    @property
    def open(self) -> bool:
        """The order still rests in the book."""
        return self in {OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED}


class ForcedCause(StrEnum):
    """Why the exchange itself closed a position."""

    LIQUIDATION = "liquidation"
    """Its margin was used up."""
    ADL = "adl"
    """Auto-deleveraging: to take the other side of somebody's liquidation."""
    SETTLEMENT = "settlement"
    """The contract was delisted."""


class PositionSide(StrEnum):
    """BOTH in one-way mode, LONG and SHORT in hedge mode."""

    BOTH = "BOTH"
    LONG = "LONG"
    SHORT = "SHORT"


class UpdateKind(StrEnum):
    """What an update of the event feed is about."""

    ORDER = "ORDER"
    BALANCE = "BALANCE"
    POSITION = "POSITION"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """What a client asks for.

    Attributes:
        quantity: base for spot, contracts for perpetuals; None only with `quote_quantity`.
        quote_quantity: for spot market orders: how much quote to spend or to receive.
        price: for limit orders.
        client_id: empty: the exchange makes one.
    """

    listing_key: str
    side: Side
    kind: OrderKind
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    price: Decimal | None = None
    tif: TimeInForce = TimeInForce.GTC
    reduce_only: bool = False
    client_id: str = ""
    position_side: PositionSide = PositionSide.BOTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One fill.

    Attributes:
        quote: `Listing.notional` of the fill, unsigned, as booked: coins for inverse contracts.
        fee: positive, in `fee_asset`.
        fee_rate: at which it was paid, as a fraction of `quote`.
        realized: P&L of the part that reduced a position, before fees; 0 for spot.
        maker: the order was resting.
    """

    trade_id: int
    order_id: int
    listing_key: str
    side: Side
    price: Decimal
    quantity: Decimal
    quote: Decimal
    fee: Decimal
    fee_asset: str
    realized: Decimal
    maker: bool
    time_ms: int
    position_side: PositionSide
    fee_rate: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An accepted order as it stood when it was read.

    Attributes:
        price: the limit price; 0 for a market order.
        quantity: as accepted; a reduce-only order is cut to the position, a quote order becomes what filled.
        quote_quantity: as asked for by a quote order, else 0.
        filled, quote_filled: cumulative.
        cause: of an order that the exchange made itself.
    """

    order_id: int
    client_id: str
    listing_key: str
    side: Side
    kind: OrderKind
    tif: TimeInForce
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal
    filled: Decimal
    quote_filled: Decimal
    status: OrderStatus
    reduce_only: bool
    position_side: PositionSide
    time_ms: int
    update_ms: int
    trades: tuple[Trade, ...] = field(default=())
    cause: ForcedCause | None = None

    @property
    def remaining(self) -> Decimal:
        """What has not filled."""
        return self.quantity - self.filled

    @property
    def average_price(self) -> Decimal:
        """The price at which all of what filled is worth what it was; 0 when nothing did. Not rounded to the tick.

        So it is a harmonic mean for inverse contracts.
        """
        if not self.filled:
            return ZERO
        if self.listing_key.startswith(MarketType.INVERSE):
            return self.filled / sum((trade.quantity / trade.price for trade in self.trades), ZERO)
        return sum((trade.quantity * trade.price for trade in self.trades), ZERO) / self.filled


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A perpetual position as it stood when it was read; zero contracts when only its settings exist.

    Attributes:
        contracts: signed: negative is short.
        market: linear or inverse.
        entry_price: volume-weighted, harmonically for inverse contracts; 0 when flat. Not rounded.
        isolated_wallet: the wallet's part set apart for the position; 0 under cross margin.
        notional: signed, in settle, at the mark.
        maintenance_margin, initial_margin: in settle, positive, at the mark.
        order_margin: initial margin of the resting orders of the symbol beyond the position's own; in hedge mode of
            this side's orders.
        liquidation_price: None when no price above 0 liquidates.
    """

    symbol: str
    market: MarketType
    side: PositionSide
    settle: str
    contracts: Decimal
    entry_price: Decimal
    mark_price: Decimal
    isolated: bool
    isolated_wallet: Decimal
    leverage: int
    notional: Decimal
    unrealized: Decimal
    maintenance_margin: Decimal
    initial_margin: Decimal
    order_margin: Decimal
    liquidation_price: Decimal | None
    update_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What a wallet holds of an asset; free is what could be transferred out now, so what orders and margin leave."""

    free: Decimal
    locked: Decimal

    @property
    def total(self) -> Decimal:
        """Free and locked."""
        return self.free + self.locked


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginSummary:
    """A futures account's figures in one settle asset.

    Attributes:
        wallet: what the ledger says, isolated wallets included, unrealised P&L excluded.
        frozen: what open spot orders need of it, where the margin wallet serves spot too; else 0.
        cross_wallet: `wallet` without the isolated wallets.
        unrealized: of all positions; `cross_unrealized` of the cross ones.
        position_initial, order_initial: initial margin of positions and of resting orders.
        maintenance: of all positions; `cross_maintenance` of the cross ones.
        available: what new orders may use, never below 0.
        withdrawable: what may be transferred out, never below 0.
        headroom, isolated_headroom: `available` and `withdrawable` before they are cut at 0; an order that opens
            an isolated position needs the second, because it sets money apart.
    """

    asset: str
    wallet: Decimal
    cross_wallet: Decimal
    unrealized: Decimal
    cross_unrealized: Decimal
    position_initial: Decimal
    order_initial: Decimal
    maintenance: Decimal
    cross_maintenance: Decimal
    available: Decimal
    withdrawable: Decimal
    headroom: Decimal
    isolated_headroom: Decimal
    frozen: Decimal = ZERO

    @property
    def initial(self) -> Decimal:
        """Initial margin of positions and orders."""
        return self.position_initial + self.order_initial

    @property
    def margin_balance(self) -> Decimal:
        """Wallet and unrealised P&L."""
        return self.wallet + self.unrealized


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One thing that changed in an account.

    Attributes:
        seq: counts up by one from 1 in each account.
        order, trade: of an ORDER: its new version, and the fill that made it, if one did.
        wallet, asset, row: of a BALANCE: the wallet's asset that changed, and the ledger row.
        symbol, side: of a POSITION (its size, cost or margin changed); of an ORDER the symbol too.
        margin: of a POSITION: what is set apart for it after the change; 0 under cross margin.
    """

    seq: int
    time_ms: int
    kind: UpdateKind
    order: Order | None = None
    trade: Trade | None = None
    wallet: str = ""
    asset: str = ""
    row: Row | None = None
    symbol: str = ""
    side: PositionSide = PositionSide.BOTH
    margin: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One price level of a book."""

    price: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """A book, best level first on both sides; never crossed."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
