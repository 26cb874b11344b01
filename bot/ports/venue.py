"""What the runtime needs of an exchange, of numbers from outside, of time, and of whoever tells a person."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from bot.domain.hint import Hint
from bot.domain.ids import Asset, ClientOrderId, Symbol, VenueName, VenueOrderId
from bot.domain.instrument import Instrument, MarginMode, SpotMarket
from bot.domain.ledger import LedgerRow, WalletBalance
from bot.domain.moves import MoveKind, MoveOutcome, MoveRecord, VenueMove
from bot.domain.observation import Book, Sellable, Stamp, SymbolConfig, Unknown, VenueObservation, Wanted
from bot.domain.orders import OrderLookup, OrderReport, OrderRequest, SendOutcome, TradeCursor, VenueTrade


class Clock(Protocol):
    """Our time. Wall time is anchored at start and driven by the monotonic clock, so that it never steps."""

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; virtual in simulations."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyScope:
    """What a key may do; None: the venue does not tell."""

    trade: bool | None
    withdraw: bool | None
    ip_restricted: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTicket:
    """Everything of one order request that was durable before it left."""

    request: OrderRequest
    client_id: ClientOrderId
    timestamp_ms: int
    deadline_ms: int


class Venue(Protocol):
    """One account on one exchange. The only thing that knows ccxt stands behind this."""

    name: VenueName
    exchange: str
    unified: bool
    """Spot and margin are one account (OKX): its `spot` holding contains the margin balance (R5)."""

    async def start(self) -> None:
        """Connect: market list, clock offset. Raises VenueFault, ConfigFault."""
        ...

    async def close(self) -> None:
        """Release sockets; never raises."""
        ...

    def instrument(self, symbol: Symbol) -> Instrument:
        """The contract. Raises ConfigFault when there is none of that name, or it is no perpetual."""
        ...

    def now_ms(self) -> int:
        """Venue time, by our clock and the measured offset."""
        ...

    def has_offset(self) -> bool:
        """Whether the offset was measured lately and is within 1 s (R21)."""
        ...

    def recv_window_ms(self) -> int:
        """How long after its timestamp a request may still take effect (R21)."""
        ...

    async def measure_clock(self) -> int:
        """Measure and keep venue time minus our time, in ms. Raises VenueFault."""
        ...

    async def observe(self, wanted: Wanted) -> VenueObservation:
        """Read once. What can't be read becomes Unknown; never raises a VenueFault."""
        ...

    async def order_slot(self, symbol: Symbol) -> None:
        """Wait until the rate limits let an order on the symbol go at once; orders pass reads.

        Raises VenueBusy during a ban, or a pause of orders on such markets.
        """
        ...

    def orders_paused_until_ms(self, symbol: Symbol) -> int:
        """Until when `order_slot` raises VenueBusy for the symbol, by our clock; 0 when it does not now.

        What is read of the venue may go on meanwhile: it says nothing of a pause of orders alone.
        """
        ...

    async def place(self, ticket: OrderTicket) -> SendOutcome:
        """Send one order, once, now (call `order_slot` with its symbol first). Never raises a VenueFault."""
        ...

    async def cancel(self, symbol: Symbol, client_id: ClientOrderId) -> SendOutcome:
        """Ask for a cancel, once. Says nothing of what filled before: look the order up. Never raises a VenueFault."""
        ...

    async def find_order(self, symbol: Symbol, client_id: ClientOrderId) -> OrderLookup:
        """Look an order up by our id. Never raises a VenueFault."""
        ...

    async def find_venue_order(self, symbol: Symbol, order_id: VenueOrderId) -> OrderLookup:
        """Look an order up by the venue's id, to learn whose it is. Never raises a VenueFault."""
        ...

    async def open_orders(self, symbol: Symbol) -> Sequence[OrderReport]:
        """All open orders of the account on the instrument. Raises VenueFault."""
        ...

    async def all_orders(self, symbol: Symbol, since_ms: int) -> Sequence[OrderReport]:
        """All orders created since, whatever became of them. Raises VenueFault."""
        ...

    async def trades(self, symbol: Symbol, after: TradeCursor) -> Sequence[VenueTrade]:
        """All trades of the account after the cursor, oldest first, whoever's they are. Raises VenueFault."""
        ...

    async def configure(self, symbol: Symbol, leverage: int, margin_mode: MarginMode) -> SymbolConfig:
        """Set leverage and margin mode, never the position mode, and read back. Raises VenueFault.

        `Already set` is success.
        """
        ...

    async def maintenance(self, symbol: Symbol, notional: Decimal) -> tuple[Decimal, Decimal]:
        """Maintenance margin rate, and the amount to subtract (`cum`, in quote), at a notional. Raises VenueFault."""
        ...

    async def key_scope(self) -> KeyScope:
        """What the key may do. Raises NotOffered where the host does not tell, else VenueFault."""
        ...

    async def wallets(self) -> Sequence[WalletBalance]:
        """Every wallet with something in it, for R5's warning and R29. Raises VenueFault."""
        ...

    async def ledger(self, since_ms: int, symbols: Sequence[Symbol]) -> Sequence[LedgerRow]:
        """The venue's own books since a venue time, oldest first (R29). Raises VenueFault."""
        ...

    async def volumes_24h(self, symbol: Symbol) -> tuple[Decimal, Decimal, Decimal]:
        """24 h volume in contracts and in quote, and the average price, as the venue tells them (R7).

        Raises VenueFault.
        """
        ...


class Treasury(Protocol):
    """What the margin ladder needs of a venue beside its contracts: the spot market, and moves of margin (R27).

    Orders on a spot symbol go through `Venue.place`, `find_order`, `open_orders`, `all_orders` and `trades` as well:
    their contracts are coins, and they are never reduce-only.
    """

    def spot_market(self, symbol: Symbol) -> SpotMarket:
        """The market. Raises ConfigFault when there is none of that name."""
        ...

    async def spot_book(self, symbol: Symbol) -> Book:
        """Visible depth of a spot market. Raises VenueFault."""
        ...

    async def spot_fee(self, symbol: Symbol) -> Decimal:
        """The account's own taker rate on a spot market, as a fraction, read now; `spot_market` tells it from then on.

        Raises VenueFault.
        """
        ...

    async def free_to_move(self, asset: Asset) -> Decimal:
        """What a TRANSFER may take from the wallet of spot trading; 0 on a unified account. Raises VenueFault."""
        ...

    async def to_sell(self, asset: Asset) -> Sellable:
        """What orders on spot markets may give of a coin or of a quote currency, now. Raises VenueFault."""
        ...

    async def move(self, record: MoveRecord) -> MoveOutcome:
        """Send one move, once, now (call `order_slot` with its symbol first). Never raises a VenueFault."""
        ...

    async def moves(self, kind: MoveKind, symbol: Symbol, since_ms: int) -> Sequence[VenueMove]:
        """The venue's own history of such moves since a venue time, oldest first; complete, or a VenueFault."""
        ...

    async def dead_man(self, symbol: Symbol, seconds: int) -> None:
        """Let the venue cancel what rests on the contract unless this is called again in time; 0 switches it off.

        It never touches a position. Raises NotOffered where the venue has no such switch, else VenueFault.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedReading:
    """A number that no venue tells, as it is now held to be.

    Attributes:
        stamp: of its last good reading. Its age was judged by the feed's own setting, not by that of readings.
    """

    value: Decimal
    stamp: Stamp


class Feeds(Protocol):
    """Quantities and rates from files and addresses."""

    def value(self, key: str) -> FeedReading | Unknown:
        """The number behind a key; Unknown when it can't be read, is no number, negative, or too old."""
        ...


class HintSource(Protocol):
    """A venue with streams. They only say "look now"; a venue without them is polled just as well."""

    name: VenueName

    def hints(self, symbols: Collection[Symbol], assets: Collection[Asset]) -> AsyncGenerator[Hint, None]:
        """Events as they come, for as long as the caller listens; reconnects by itself.

        It says SILENT when a stream is past its staleness deadline, and ALIVE when it speaks (again). Ends at once
        where there are no streams. May raise VenueFault: the caller begins anew after a while.

        Args:
            symbols: perpetuals whose orders, position and mark matter.
            assets: coins whose balances matter.
        """
        ...


class Alerts(Protocol):
    """How a person learns of something."""

    def alarm(self, event: str, **values: object) -> None:
        """Tell a person now; repeated equal alarms are thinned."""
        ...
