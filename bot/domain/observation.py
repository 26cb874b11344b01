"""Readings: frozen, timestamped, and unknown rather than wrong (R8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bot.domain.ids import Asset, Symbol, VenueName
from bot.domain.instrument import MarginMode
from bot.domain.numbers import ZERO


class Source(StrEnum):
    """Where coins are held."""

    SPOT = "spot"
    EARN = "earn"
    MARGIN = "margin"
    TRANSIT = "transit"
    EXTERNAL = "external"
    OTHER_LEG = "other-leg"
    """What the hedge's other leg hedges, or is left to it: negative. No setting names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """When a reading's request was sent and when it was answered, in ms of our clock."""

    sent_ms: int
    answered_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Something that was asked for and could not be learnt. Never zero, never flat.

    Attributes:
        lasting: no later reading will do better: the host does not offer it.
        source, venue: of a holding; None when it is no holding.
    """

    what: str
    reason: str
    lasting: bool = False
    source: Source | None = None
    venue: VenueName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A quantity of a coin that we own somewhere.

    Attributes:
        quantity: in coins: free + locked - debts. For MARGIN: the margin balance W + u (R2).
        principal: like quantity, but MARGIN counts its wallet balance W (R3).
        wallets: the wallets that were summed, for the record, such as ("spot", "funding").
        overdue: of TRANSIT: coins under way for longer than the hedge allows; not part of `quantity` (R11).
        token: what is really held there, such as WBETH; `quantity` is in coins of `asset` all the same.
    """

    source: Source
    venue: VenueName | None
    asset: Asset
    quantity: Decimal
    principal: Decimal
    stamp: Stamp
    wallets: tuple[str, ...] = ()
    overdue: Decimal = ZERO
    token: Asset | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sellable:
    """What of a coin or quote currency lies where spot orders take it from; other wallets of the venue don't count.

    Attributes:
        free: what an order may give now.
        locked: what open orders hold, and may set free again.
    """

    free: Decimal
    locked: Decimal


class FlatProof(StrEnum):
    """What shows that a position of 0 is real and not an empty answer (R9)."""

    NOT_FLAT = "not-flat"
    ZERO_ROW = "zero-row"
    ACCOUNT = "account"
    """No row, and account-level figures of the same observation say the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Our position on one instrument.

    Attributes:
        contracts: signed: a short is negative, flat is 0.
        entry_price, mark_price: None when flat or not told.
        liquidation_price: None when the venue tells none.
        isolated_wallet: margin assigned to the position, in the settle currency; None when cross or flat.
        raw_notional: the venue's own value of the position in quote, positive; None when not told (R7).
        other_side: contracts held long on the same instrument in hedge mode, positive; the bot never opens any.
    """

    symbol: Symbol
    contracts: Decimal
    entry_price: Decimal | None
    mark_price: Decimal | None
    liquidation_price: Decimal | None
    isolated_wallet: Decimal | None
    raw_notional: Decimal | None
    proof: FlatProof
    stamp: Stamp
    other_side: Decimal = ZERO

    @classmethod
    def flat(cls, symbol: Symbol, proof: FlatProof, stamp: Stamp, *, other_side: Decimal = ZERO) -> Position:
        """None on our side, with what proves it (R9)."""
        return cls(
            symbol=symbol,
            contracts=ZERO,
            entry_price=None,
            mark_price=None,
            liquidation_price=None,
            isolated_wallet=None,
            raw_notional=None,
            proof=proof,
            stamp=stamp,
            other_side=other_side,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BookLevel:
    """One level of an order book: price in the instrument's unit, quantity in contracts."""

    price: Decimal
    contracts: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Visible depth, best level first on both sides; exact digits of the wire."""

    bids: tuple[BookLevel, ...]
    asks: tuple[BookLevel, ...]
    stamp: Stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Prices of one instrument, in its own unit.

    Attributes:
        index: None when the venue tells none.
        funding_rate: of the current interval, as a fraction, positive when longs pay; None when not told.
        book: depth; None when it was not asked for.
    """

    symbol: Symbol
    mark: Decimal
    index: Decimal | None
    bid: Decimal
    ask: Decimal
    funding_rate: Decimal | None
    stamp: Stamp
    book: Book | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """The margin account in one settle currency.

    Attributes:
        wallet: W, without unrealised P&L.
        available: what a new order may use.
        balance: W + u, with unrealised P&L (R2); None when the venue does not tell.
    """

    asset: Asset
    wallet: Decimal
    available: Decimal
    stamp: Stamp
    balance: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolConfig:
    """How the account is set for one instrument, read from the symbol's configuration, not from a position."""

    symbol: Symbol
    leverage: int
    margin_mode: MarginMode
    hedged: bool
    """True in hedge (dual-side) position mode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one observation of a venue must hold. The number of calls does not grow with the number of assets.

    Attributes:
        spot, earn, margin, transit: coins whose holdings of that source are asked for.
        transit_max_ms: what is under way for longer is overdue (R11).
        symbols: perpetuals whose position, prices and margin are asked for.
        books: those of `symbols` whose depth is asked for too.
        configs: those of `symbols` whose configuration is asked for too.
    """

    spot: frozenset[Asset] = frozenset()
    earn: frozenset[Asset] = frozenset()
    margin: frozenset[Asset] = frozenset()
    transit: frozenset[Asset] = frozenset()
    transit_max_ms: int = 0
    symbols: frozenset[Symbol] = frozenset()
    books: frozenset[Symbol] = frozenset()
    configs: frozenset[Symbol] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueObservation:
    """One complete reading of one venue: what was asked, each part a value or Unknown.

    Attributes:
        stamp: sent before the first request, answered after the last.
    """

    venue: VenueName
    stamp: Stamp
    holdings: Mapping[tuple[Source, Asset], Holding | Unknown]
    positions: Mapping[Symbol, Position | Unknown]
    prices: Mapping[Symbol, Prices | Unknown]
    margins: Mapping[Symbol, Margin | Unknown]
    configs: Mapping[Symbol, SymbolConfig | Unknown]
