"""What the package of one exchange gives to the gateway: its ways as data, and its readers (DESIGN, Shape).

The gateway knows no exchange by name. Everything particular to one stands in `bot.venue.<exchange>`: a `Ways` value
with what can be told as data, and a `Dialect` that asks for and reads each thing in the venue's own words.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from bot.domain.environment import Environment
from bot.domain.errors import ConfigFault
from bot.domain.ids import Asset, Symbol
from bot.domain.instrument import MarginMode
from bot.domain.ledger import LedgerRow, WalletBalance
from bot.domain.observation import Margin, Position, Prices, SymbolConfig, Unknown
from bot.ports import Clock, KeyScope
from bot.venue.desk import OrderDesk, PublicDesk, SpotDesk, Vault
from bot.venue.endpoint import Endpoint
from bot.venue.errors import Pauses, Refusal
from bot.venue.index import IndexDesk
from bot.venue.link import Link, Timed
from bot.venue.markets import Fees, Markets
from bot.venue.spec import Offer, VenueSpec
from bot.venue.throttle import Limit

Quantities = Mapping[Asset, Decimal]
WalletGroup = Timed[Mapping[str, Quantities]]
"""Coins by wallet, with the time of the reading."""


@dataclass(frozen=True, slots=True)
class PricedGroup(Timed[Mapping[str, Quantities]]):
    """Wallets whose quantities move with prices too.

    Attributes:
        settled: of each coin, what changes only when coins or their debts are booked; tells a move between two reads.
        booked: the part of it that is in the account which margins contracts.
    """

    settled: Quantities
    booked: Quantities


@dataclass(frozen=True, slots=True)
class ContractsRead:
    """One reading of contracts.

    Attributes:
        positions: flat only with proof (R9).
        margins: in each contract's settle currency.
        booked: where a unified account was read for them, `PricedGroup.booked` by that reading; else None.
    """

    positions: Mapping[Symbol, Position | Unknown]
    margins: Mapping[Symbol, Margin | Unknown]
    booked: Quantities | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """Coins on their way (R11): what is under way for no longer than allowed, and what for longer."""

    quantity: Decimal
    overdue: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginBalance:
    """Coins that margin contracts: `balance` is W + u, `wallet` is W (R2, R3)."""

    balance: Decimal
    wallet: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What can be told of an exchange as data.

    Attributes:
        exchange: ccxt id.
        client: makes the ccxt client from its configuration and the venue's time; see `bot.venue.client`.
        options: ccxt options of the exchange; the ones that hold for all are added by `make_client`.
        offers: what it really offers, by environment.
        secrets: fields of `VenueSpec` that must be given.
        limits: the venue's own limits, by window.
        used: request path and headers of an answer -> (window, units used) as the venue itself counts; None: not told.
        validity_ms: how long after its timestamp an order may still take effect (R21).
        server_time: how its time is asked for; `time_of` reads it, in ms.
        place: what one order costs.
        refusal: HTTP status and parsed body of any answer (None: no JSON) -> what kind of refusal it is; None: it is
            none, which is believed of status 200 only. Called for status 200 too, as OKX and KuCoin refuse with 200.
        lists: requests of ccxt's `load_markets`, to be let through the limits first.
        dialect: makes the readers of one account; the clock tells venue time.
        markets: makes the names and contracts from what ccxt read of the lists. Raises ValueError.
        pauses: how long to send nothing after a refusal for a limit.
        unified: spot and margin are one account.
        margin_wallet: name of the wallet that `Dialect.margin` reads.
        public: makes the reader of what a hedge costs there; the flag says whether an account is told. None: the bot
            quotes nothing on that exchange.
    """

    exchange: str
    client: Callable[[Mapping[str, object], Callable[[], int]], Any]
    options: Mapping[str, object]
    offers: Mapping[Environment, Offer]
    secrets: tuple[str, ...]
    limits: Mapping[str, Limit]
    validity_ms: int
    server_time: Endpoint
    time_of: Callable[[object], int]
    place: Endpoint
    refusal: Callable[[int, object], Refusal | None]
    lists: Sequence[Endpoint]
    dialect: Callable[[Link, VenueSpec, Markets, Clock], Dialect]
    markets: Callable[[VenueSpec, Mapping[str, Any]], Markets]
    used: Callable[[str, Mapping[str, str]], tuple[str, int] | None] = field(default=lambda _path, _headers: None)
    pauses: Pauses = field(default_factory=Pauses)
    unified: bool = False
    margin_wallet: str = ""
    public: Callable[[Link, Markets, bool], PublicDesk] | None = None

    def offer(self, spec: VenueSpec) -> Offer:
        """What the exchange offers for the environment that the settings ask for.

        Raises:
            ConfigFault: it has no such environment.
        """
        offer = self.offers.get(spec.environment)
        if offer is None:
            raise ConfigFault(
                f"venues.{spec.name}.environment is '{spec.environment}', which {self.exchange} does not have",
                hint=f"expected one of {', '.join(sorted(self.offers))}",
            )
        return offer


class Dialect(OrderDesk, Protocol):
    """How one account of one exchange is read and told. Every method raises VenueFault unless it says otherwise.

    Its orders and trades are those of perpetuals.

    Times are venue time. Methods that return Unknown per symbol put there what fails for that symbol alone.
    """

    async def check_account(self, symbols: Collection[Symbol], isolated: Collection[Symbol]) -> None:
        """Refuse an account that can't be worked with, at start. Raises StartFault with what to change."""
        ...

    # Holdings

    async def spot(self) -> WalletGroup:
        """What `spot` means there, by wallet: free + locked - debts (R5); with W + u on a unified account."""
        ...

    def spot_principal(self, group: WalletGroup, asset: Asset) -> Decimal:
        """Of a group that `spot` returned: the coins with margin counted as W (R3)."""
        ...

    async def earn(self) -> WalletGroup:
        """Earn and staking, by wallet. Raises NotOffered where the host has none."""
        ...

    async def transit(self, assets: Collection[Asset], max_ms: int) -> Timed[Mapping[Asset, Moving | Unknown]]:
        """Coins of the venue's own unfinished redemption, transfer, deposit and withdrawal records (R11).

        Unknown for a coin with a record that can't be judged.
        """
        ...

    async def margin(self, assets: Collection[Asset]) -> Timed[Mapping[Asset, MarginBalance]]:
        """Coins that margin contracts, each of `assets` (R2 to R4); not asked of a unified account."""
        ...

    async def wallets(self) -> Sequence[WalletBalance]:
        """Every wallet with something in it (R5, R29)."""
        ...

    # Contracts

    async def futures(self, symbols: Collection[Symbol]) -> ContractsRead:
        """Positions and margins. Never raises."""
        ...

    async def prices(self, symbols: Collection[Symbol], books: Collection[Symbol]) -> Mapping[Symbol, Prices | Unknown]:
        """Mark, index, bid, ask, funding rate; depth in contracts for `books`. Never raises a VenueFault."""
        ...

    async def configs(self, symbols: Collection[Symbol]) -> Mapping[Symbol, SymbolConfig]:
        """Leverage, margin mode, position mode."""
        ...

    async def configure(self, symbol: Symbol, leverage: int, margin_mode: MarginMode) -> SymbolConfig:
        """Set leverage and margin mode, not the position mode, and read back; `already set` is success."""
        ...

    async def fees(self, symbol: Symbol) -> Fees:
        """The account's own rates."""
        ...

    async def maintenance(self, symbol: Symbol, notional: Decimal) -> tuple[Decimal, Decimal]:
        """Maintenance margin rate and the amount to subtract, at a notional in quote."""
        ...

    async def volumes_24h(self, symbol: Symbol) -> tuple[Decimal, Decimal, Decimal]:
        """Contracts, turnover in quote, average price, of 24 h (R7)."""
        ...

    # Beside contracts

    @property
    def spot_desk(self) -> SpotDesk:
        """Spot markets."""
        ...

    @property
    def vault(self) -> Vault:
        """Moves of margin."""
        ...

    @property
    def index_desk(self) -> IndexDesk:
        """Indices in US dollars."""
        ...

    # The account

    async def key_scope(self) -> KeyScope:
        """What the key may do. Raises NotOffered."""
        ...

    async def ledger(self, since_ms: int, symbols: Sequence[Symbol]) -> Sequence[LedgerRow]:
        """The venue's own books since a time, oldest first (R29)."""
        ...
