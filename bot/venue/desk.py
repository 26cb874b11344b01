"""What the package of one exchange gives beside contracts (R27): its spot market, and moves of margin.

Orders on contracts and on spot markets are told and read by methods of the same names: `OrderDesk`. The gateway asks
the desk of the symbol's market.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn, Protocol

from bot.domain.errors import InvariantBroken, NotOffered
from bot.domain.ids import Asset, ClientOrderId, Symbol, VenueName, VenueOrderId
from bot.domain.moves import Move, MoveKind, VenueMove
from bot.domain.observation import Book, Sellable
from bot.domain.orders import OrderReport, OrderRequest, TimeInForce, TradeCursor, VenueTrade
from bot.domain.quote import FeeSource, PastFunding
from bot.ports import OrderTicket
from bot.venue.endpoint import Endpoint


class OrderDesk(Protocol):
    """Orders and trades of one kind of market. Every method raises VenueFault; times are venue time.

    Commands are sent once, now; the gateway has taken the slot.
    """

    async def place(self, ticket: OrderTicket) -> OrderReport:
        """Send an order. Where the venue only acknowledges, the report says OPEN with nothing filled."""
        ...

    async def cancel(self, symbol: Symbol, client_id: ClientOrderId) -> OrderReport | None:
        """Ask for a cancel; None where the venue only acknowledges."""
        ...

    async def find_order(self, symbol: Symbol, client_id: ClientOrderId) -> OrderReport:
        """By our id. `Refused` with meaning NOT_FOUND where the venue itself says that it knows none."""
        ...

    async def find_venue_order(self, symbol: Symbol, order_id: VenueOrderId) -> OrderReport:
        """By the venue's id; like `find_order`."""
        ...

    async def open_orders(self, symbol: Symbol) -> Sequence[OrderReport]:
        """All open orders on the market, whoever's."""
        ...

    async def orders(self, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[OrderReport]:
        """All orders created in that time, whatever became of them, oldest first; complete or a fault."""
        ...

    async def trades(self, symbol: Symbol, after: TradeCursor, until_ms: int) -> Sequence[VenueTrade]:
        """All trades after the cursor, oldest first; in hedge mode those of the short side. Complete or a fault."""
        ...


class SpotDesk(OrderDesk, Protocol):
    """Spot markets: quantities are coins of the base, and no order is reduce-only."""

    @property
    def placing(self) -> Endpoint:
        """What one order costs: its slot is room for this request."""
        ...

    async def taker_fee(self, symbol: Symbol) -> Decimal:
        """The account's own rate, as a fraction."""
        ...

    async def book(self, symbol: Symbol) -> Book:
        """Visible depth, in coins."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One command, ready to be sent once.

    Attributes:
        endpoint: which request.
        params: its fields, with the time that it is signed with.
        parse: reads the venue's reference from the answer, "" where it gives none. Raises ValueError.
    """

    endpoint: Endpoint
    params: Mapping[str, object]
    parse: Callable[[object], str]


class Vault(Protocol):
    """Money of one account that margins contracts, and the switch that cancels orders. All raise VenueFault."""

    async def free_to_move(self, asset: Asset) -> Decimal:
        """What a TRANSFER may take; 0 on a unified account."""
        ...

    async def to_sell(self, asset: Asset) -> Sellable:
        """What orders on spot markets may give of a coin or of a quote currency."""
        ...

    async def prepared(self, move: Move) -> Sending:
        """Everything but the sending of a move; reads at most. Raises NotOffered where the venue has none such."""
        ...

    async def moves(self, kind: MoveKind, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[VenueMove]:
        """The venue's own history of such moves, oldest first; complete or a fault."""
        ...

    async def dead_man(self, symbol: Symbol, seconds: int) -> None:
        """Cancel what rests unless this is called again in time; 0 switches it off. Raises NotOffered."""
        ...


class PublicDesk(Protocol):
    """What an exchange tells of a contract's costs, to everybody as far as it does. All raise VenueFault."""

    @property
    def spot_fee(self) -> FeeSource:
        """What the usual taker fee of a spot market is to be called, where no account tells its own."""
        ...

    async def funding_interval_ms(self, symbol: Symbol) -> int:
        """Time between two payments."""
        ...

    async def past_fundings(self, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[PastFunding]:
        """Every payment of that time, oldest first; complete or a fault."""
        ...

    async def maintenance(self, symbol: Symbol, notional: Decimal) -> tuple[Decimal, Decimal]:
        """As `bot.ports.Venue` says; NotOffered where only an account is told, and there is none."""
        ...


def spot_request(ticket: OrderTicket) -> OrderRequest:
    """The request of a ticket for a spot market, where it is one that may be sent there.

    Raises:
        InvariantBroken: it could rest, or asks for what only contracts have.
    """
    request = ticket.request
    if request.time_in_force is not TimeInForce.IOC or request.reduce_only or request.hedged:
        raise InvariantBroken(f"{request.symbol}: spot orders are immediate-or-cancel, and of no position")
    return request


@dataclass(frozen=True, slots=True)
class NoSpotDesk:
    """Of an exchange whose spot market the bot does not trade on: every method raises NotOffered."""

    name: VenueName

    @property
    def placing(self) -> Endpoint:
        """Raises NotOffered."""
        self._not_offered()

    async def taker_fee(self, symbol: Symbol) -> Decimal:
        """Raises NotOffered."""
        self._not_offered(symbol)

    async def book(self, symbol: Symbol) -> Book:
        """Raises NotOffered."""
        self._not_offered(symbol)

    async def place(self, ticket: OrderTicket) -> OrderReport:
        """Raises NotOffered."""
        self._not_offered(ticket)

    async def cancel(self, symbol: Symbol, client_id: ClientOrderId) -> OrderReport | None:
        """Raises NotOffered."""
        self._not_offered(symbol, client_id)

    async def find_order(self, symbol: Symbol, client_id: ClientOrderId) -> OrderReport:
        """Raises NotOffered."""
        self._not_offered(symbol, client_id)

    async def find_venue_order(self, symbol: Symbol, order_id: VenueOrderId) -> OrderReport:
        """Raises NotOffered."""
        self._not_offered(symbol, order_id)

    async def open_orders(self, symbol: Symbol) -> Sequence[OrderReport]:
        """Raises NotOffered."""
        self._not_offered(symbol)

    async def orders(self, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[OrderReport]:
        """Raises NotOffered."""
        self._not_offered(symbol, since_ms, until_ms)

    async def trades(self, symbol: Symbol, after: TradeCursor, until_ms: int) -> Sequence[VenueTrade]:
        """Raises NotOffered."""
        self._not_offered(symbol, after, until_ms)

    def _not_offered(self, *asked: object) -> NoReturn:
        del asked
        raise not_offered(self.name, "trade spot")


@dataclass(frozen=True, slots=True)
class NoVault:
    """Of an exchange where the bot moves no margin: every method raises NotOffered."""

    name: VenueName

    async def free_to_move(self, asset: Asset) -> Decimal:
        """Raises NotOffered."""
        raise not_offered(self.name, f"move {asset}")

    async def to_sell(self, asset: Asset) -> Sellable:
        """Raises NotOffered."""
        raise not_offered(self.name, f"sell {asset}")

    async def prepared(self, move: Move) -> Sending:
        """Raises NotOffered."""
        raise not_offered(self.name, f"move {move.request.asset}")

    async def moves(self, kind: MoveKind, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[VenueMove]:
        """Raises NotOffered."""
        del kind, since_ms, until_ms
        raise not_offered(self.name, f"read moves of margin of {symbol}")

    async def dead_man(self, symbol: Symbol, seconds: int) -> None:
        """Raises NotOffered."""
        del seconds
        raise not_offered(self.name, f"have the orders on {symbol} cancelled by a switch")


def not_offered(name: VenueName, operation: str) -> NotOffered:
    """The fault of what an exchange does not have, or the bot does not use there."""
    return NotOffered(f"{operation}: not offered on this exchange", venue=name, operation=operation)
