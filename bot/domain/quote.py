"""What a hedge would cost before it is opened: what is known of the market, and the figures made of it.

Money is signed from the owner's side: a gain is positive, a cost negative.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bot.domain.ids import Asset, Symbol, VenueName
from bot.domain.instrument import Instrument, SpotMarket
from bot.domain.numbers import ZERO
from bot.domain.observation import Book, Prices, Unknown
from bot.domain.orders import Side


class FeeSource(StrEnum):
    """Who says what a trade costs."""

    ACCOUNT = "account"
    """The venue, of this account."""
    PUBLISHED = "published"
    """The venue's own table for an account without any discount."""
    ASSUMED = "assumed"
    """The rate of most markets; the venue tells that of this one to its account only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeRate:
    """The taker fee of one market, as a fraction."""

    taker: Decimal
    source: FeeSource


@dataclass(frozen=True, slots=True, kw_only=True)
class PastFunding:
    """One funding payment of the past: the rate is a fraction of the notional, positive when longs paid."""

    time_ms: int
    rate: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingFacts:
    """What a venue tells of the funding of one contract.

    Attributes:
        current: rate of the running interval.
        interval_ms: between two payments.
        past: the payments of the last 30 days, oldest first.
    """

    current: Decimal | Unknown
    interval_ms: int | Unknown
    past: tuple[PastFunding, ...] | Unknown


Maintenance = tuple[Decimal, Decimal]
"""Maintenance margin rate, and the amount that its bracket subtracts, in quote."""


class Kind(StrEnum):
    """The ways to keep the value of a coin."""

    LINEAR = "spot-perp-linear"
    INVERSE = "spot-perp-inverse"
    STABLECOIN = "stablecoin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked: so many coins, kept for so many days."""

    asset: Asset
    amount: Decimal
    days: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PerpTerms:
    """How a short would be held.

    Attributes:
        leverage: as set at the venue.
        slippage: fraction of the price that an order may give up; margin must carry it (R15).
        target: liquidation price / mark that a top-up restores (R27).
        reserve: quote that is never used as margin.
    """

    leverage: int
    slippage: Decimal = Decimal("0.005")
    target: Decimal = Decimal("1.8")
    reserve: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class PerpFacts:
    """One perpetual, as the venue tells it.

    Attributes:
        prices: with depth.
        maintenance: by the rise of the price, as a fraction, that it is asked for; 0 is that of the opening.
    """

    instrument: Instrument
    prices: Prices
    book: Book
    fee: FeeRate
    funding: FundingFacts
    terms: PerpTerms
    maintenance: Mapping[Decimal, Maintenance | Unknown]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotFacts:
    """One spot market, as the venue tells it."""

    market: SpotMarket
    book: Book
    fee: FeeRate


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCost:
    """One order of a quote. Money in quote.

    Attributes:
        quantity: in contracts; in coins on a spot market.
        average, worst: in the market's price unit.
        fee: 0 or below; `fee_amount` of `fee_asset` is what the venue really takes, 0 or more.
        spread, depth: 0 or below: half the spread, and what is lost behind the best level.
    """

    side: Side
    quantity: Decimal
    average: Decimal
    worst: Decimal
    fee: Decimal
    fee_amount: Decimal
    fee_asset: Asset
    spread: Decimal
    depth: Decimal

    @property
    def total(self) -> Decimal:
        """Fee, spread and depth: 0 or below."""
        return self.fee + self.spread + self.depth


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUp:
    """Margin that a rise of the price asks for, in the settle currency; counted from the opening, not step by step."""

    rise: Decimal
    price: Decimal
    amount: Decimal | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginQuote:
    """What must stand behind a short.

    Attributes:
        needed: free margin in `asset` that the opening asks for; of an inverse short the coins themselves.
        liquidation: in the contract's price unit; None: there is none above.
    """

    asset: Asset
    needed: Decimal
    leverage: int
    liquidation: Decimal | Unknown | None
    top_ups: tuple[TopUp, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingQuote:
    """Funding at one rate over the whole time, in quote: positive is income.

    Attributes:
        rate: a payment's, as a fraction.
        payments: that fall into the time.
        per_payment: at the mark of now.
        averaged: past payments that the rate is the average of; 0 for the current rate.
    """

    rate: Decimal
    payments: int
    per_payment: Decimal
    averaged: int

    @property
    def total(self) -> Decimal:
        """Of all payments."""
        return self.per_payment * self.payments


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """One alternative with all its figures.

    Attributes:
        venue: where it would be.
        quote: what the money is counted in.
        covered: coins whose value it keeps; `uncovered` is the rest, less a fee that was taken from the coins.
        notional: of the position at the mark, in quote; of the coins sold.
        opening, closing: at the books of now.
        margin, funding_now, funding_average: None where the alternative has none of it.
        keeps, leaves: what it protects, and what it does not.
    """

    kind: Kind
    venue: VenueName
    symbol: Symbol
    quote: Asset
    fee: FeeRate
    mark: Decimal
    covered: Decimal
    uncovered: Decimal
    notional: Decimal
    opening: OrderCost
    closing: OrderCost
    margin: MarginQuote | None
    funding_now: FundingQuote | Unknown | None
    funding_average: FundingQuote | Unknown | None
    keeps: str
    leaves: str

    @property
    def round_trip(self) -> Decimal:
        """Opening and closing, without funding: 0 or below."""
        return self.opening.total + self.closing.total

    @property
    def funding(self) -> FundingQuote | Unknown | None:
        """What it is ranked by: the average where the venue tells enough of the past, else the current rate."""
        return self.funding_now if isinstance(self.funding_average, Unknown) else self.funding_average

    @property
    def result(self) -> Decimal | Unknown:
        """Everything over the whole time, in quote."""
        funding = self.funding
        if isinstance(funding, Unknown):
            return funding
        return self.round_trip + (ZERO if funding is None else funding.total)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotQuoted:
    """An alternative that can't be had, or not at that size, and why."""

    kind: Kind
    venue: VenueName
    symbol: Symbol | None
    reason: str


Alternative = Quoted | NotQuoted


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """Where an alternative stops being better or worse than another one.

    Attributes:
        days: at the ranked rates, the time after which the order of the two changes; None: it never does.
        rate: a payment's, at which both cost the same over the time asked for; None where no payment falls into it.
        rate_of: whose funding that is: the alternative's own, or where it has none the other's.
    """

    other: Kind
    venue: VenueName
    days: Decimal | None
    rate: Decimal | None
    rate_of: Kind | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """An alternative in its place.

    Attributes:
        place: 1 is the cheapest; None where its result is unknown.
        own_days: after which funding income has paid for opening and closing; None: it never does.
        break_even: against the cheapest one; of the cheapest against the second. None without another one.
    """

    quoted: Quoted
    place: int | None
    own_days: Decimal | None
    break_even: BreakEven | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRules:
    """When a cross-exchange trade is worth it, as fractions of what is bought (R13)."""

    min_edge: Decimal
    slippage_reserve: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PairQuote:
    """Buying on one venue and selling on another at once, in quote.

    Attributes:
        bought: coins; more than sold where the fee of the buy is taken in coins.
        gross: the sale less the purchase, before any fee.
        buy_fee, sell_fee: 0 or below.
        edge: net, as a fraction of what the purchase costs.
        acts: the edge reaches what the rules ask for.
    """

    buy: VenueName
    sell: VenueName
    symbol: Symbol
    quote: Asset
    coins: Decimal
    bought: Decimal
    buy_price: Decimal
    sell_price: Decimal
    gross: Decimal
    buy_fee: Decimal
    sell_fee: Decimal
    edge: Decimal
    acts: bool
    reason: str

    @property
    def net(self) -> Decimal:
        """What is left."""
        return self.gross + self.buy_fee + self.sell_fee


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPair:
    """A direction that can't be traded, and why."""

    buy: VenueName
    sell: VenueName
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The answer of `hedgebot quote`.

    Attributes:
        ranked: the cheapest first; those without a known result last.
        missing: alternatives that can't be had.
        verdict: which one is cheapest, and why, in one sentence.
        notes: what the figures take for granted.
    """

    wish: Wish
    ranked: tuple[Ranked, ...]
    missing: tuple[NotQuoted, ...]
    pairs: tuple[PairQuote | NoPair, ...]
    verdict: str
    notes: tuple[str, ...]
