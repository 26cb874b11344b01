"""The venue of the model in test_intent_model.py: what is true of every order, whatever the bot is told."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto
from typing import Final

from bot.domain.ids import Asset, ClientOrderId, TradeId, VenueOrderId
from bot.domain.intent import Intent
from bot.domain.numbers import ZERO
from bot.domain.orders import OrderReport, OrderStatus, Side, VenueTrade
from tests.journal.conftest import BTC, NOW

STEP: Final = Decimal("0.1")
VALID_MS: Final = 3_000
GRACE_MS: Final = 30_000
SPACING_MS: Final = 5_000
LAG_MS: Final = 20_000
"""How far a look-up may lag behind: less than the grace."""
WRONG_MS: Final = 600_000
"""How far a single answer for each order may be behind, from a copy that was forgotten: why one reading is no proof."""
PRICE: Final = Decimal(100)
RESTS: Final = 3
"""An order that fills so many steps at first is left standing."""


class Copy(Enum):
    """What the bot is answered from."""

    LIVE = auto()
    BEHIND = auto()
    WRONG = auto()


class Fate(Enum):
    """What becomes of a request."""

    ANSWERED = auto()
    ANSWER_LOST = auto()
    REQUEST_LOST = auto()
    LATE = auto()
    REFUSED = auto()
    CUT = auto()
    """The process ends between the request and its answer."""


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
        self.trades: list[VenueTrade] = []

    def arrive(self, order: Order, part: int) -> None:
        """A request reaches the venue and fills, maybe in part; now and then the rest is left standing."""
        order.arrived_ms, order.open = self.now_ms, True
        self.fill(order, part)
        order.open = order.open and part == RESTS

    def fill(self, order: Order, tenths: int) -> None:
        request = order.intent.request
        contracts = min(order.left, STEP * tenths)
        if contracts:
            order.filled += contracts
            self.trade(request.side, contracts, VenueOrderId(f"v{order.intent.client_id}"))
        order.open = order.filled < request.contracts

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
