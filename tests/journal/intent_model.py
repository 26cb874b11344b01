"""The venue of the model in intent_life.py: what is true of every order, whatever the bot is told."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto
from typing import Final, assert_never

from bot.domain.ids import Asset, ClientOrderId, TradeId, VenueOrderId
from bot.domain.intent import Intent
from bot.domain.numbers import ZERO
from bot.domain.orders import OrderReport, OrderStatus, Side, TradeCursor, VenueTrade
from tests.journal.conftest import BTC, NOW

STEP: Final = Decimal("0.1")
VALID_MS: Final = 3_000
GRACE_MS: Final = 30_000
SPACING_MS: Final = 5_000
LAG_MS: Final = 20_000
"""How far a look-up may lag behind: less than the grace."""
PRICE: Final = Decimal(100)


class Copy(Enum):
    """What the bot is answered from."""

    LIVE = auto()
    BEHIND = auto()
    """It lags, but knows all from before the last order."""
    FORGOTTEN = auto()
    """It knows nothing since the last order, for however long: why one reading is no proof."""


class Fate(Enum):
    """What becomes of a request."""

    ANSWERED = auto()
    ANSWER_LOST = auto()
    REQUEST_LOST = auto()
    LATE = auto()
    REFUSED = auto()
    CUT = auto()
    """The process ends between the request and its answer."""


class Part(Enum):
    """How much of an order fills at once."""

    ALL = auto()
    STEP = auto()
    """One step of it; the rest expires."""
    STANDS = auto()
    """One step of it; the rest is left standing."""
    NONE = auto()


@dataclass
class Order:
    """The truth about one order. `arrived_ms` is None while the request is under way, or was lost."""

    intent: Intent
    arrived_ms: int | None = None
    filled: Decimal = ZERO
    open: bool = False
    lost: bool = False

    @property
    def left(self) -> Decimal:
        """What may still fill."""
        gone = self.lost or (self.arrived_ms is not None and not self.open)
        return ZERO if gone else self.intent.request.contracts - self.filled

    def report(self) -> OrderReport:
        """As the venue tells it."""
        request = self.intent.request
        whole = self.filled == request.contracts
        live = OrderStatus.PARTIALLY_FILLED if self.filled else OrderStatus.OPEN
        return OrderReport(
            symbol=request.symbol,
            client_id=self.intent.client_id,
            venue_order_id=VenueOrderId(f"v{self.intent.client_id}"),
            side=request.side,
            status=live if self.open else OrderStatus.FILLED if whole else OrderStatus.EXPIRED,
            contracts=request.contracts,
            filled=self.filled,
            average_price=PRICE if self.filled else None,
            reduce_only=request.reduce_only,
            time_ms=self.arrived_ms or 0,
        )


class Venue:
    """What is true."""

    def __init__(self) -> None:
        self.now_ms = NOW
        self.orders: dict[ClientOrderId, Order] = {}
        self.position = ZERO
        self.copy = Copy.LIVE
        self.trades: list[VenueTrade] = []

    def arrive(self, order: Order, part: Part) -> None:
        """A request reaches the venue."""
        order.arrived_ms, order.open = self.now_ms, True
        self.fill(order, part)

    def fill(self, order: Order, part: Part) -> None:
        """It fills, maybe in part or not at all; the rest expires, or is left standing."""
        request = order.intent.request
        contracts = {Part.NONE: ZERO, Part.ALL: order.left}.get(part, min(order.left, STEP))
        if contracts:
            order.filled += contracts
            self.trade(request.side, contracts, VenueOrderId(f"v{order.intent.client_id}"))
        order.open = order.filled < request.contracts and part is Part.STANDS

    def trade(self, side: Side, contracts: Decimal, order_id: VenueOrderId) -> None:
        self.position += contracts * side.sign
        self.trades.append(
            VenueTrade(
                trade_id=TradeId(str(len(self.trades) + 1)),
                venue_order_id=order_id,
                symbol=BTC,
                side=side,
                contracts=contracts,
                price=PRICE,
                fee=ZERO,
                fee_asset=Asset("USDT"),
                realized=ZERO,
                maker=False,
                time_ms=self.now_ms,
            )
        )

    # What the bot is answered, from the copy that it reaches

    def shows(self, time_ms: int) -> bool:
        """Whether the copy knows of something that happened then."""
        last_order_ms = max((order.intent.created_ms for order in self.orders.values()), default=self.now_ms + 1)
        match self.copy:
            case Copy.LIVE:
                return True
            case Copy.BEHIND:
                return time_ms < last_order_ms or self.now_ms - time_ms >= LAG_MS
            case Copy.FORGOTTEN:
                return time_ms < last_order_ms
            case _:
                assert_never(self.copy)

    def trades_after(self, cursor: TradeCursor) -> list[VenueTrade]:
        """All trades since, as the copy knows them."""
        known = [trade for trade in self.trades if self.shows(trade.time_ms)]
        return [trade for trade in known if cursor.trade_id is None or int(trade.trade_id) > int(cursor.trade_id)]

    def position_told(self) -> Decimal:
        """The position, as the copy knows it."""
        return sum((trade.moved for trade in self.trades if self.shows(trade.time_ms)), ZERO)
