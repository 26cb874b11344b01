"""What one cross-exchange decision needs, and what it leaves for the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from bot.domain.control import Control
from bot.domain.ids import Asset, VenueName
from bot.domain.instrument import SpotMarket
from bot.domain.intent import IntentRecord
from bot.domain.observation import Book, Stamp, Unknown
from bot.domain.pair import PairPlace, PairPolicy, PairStory


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What may be spent on one venue.

    Attributes:
        coins: free to sell.
        quote: free to buy with.
        holding: all spot coins of the venue, free or not; None when they were not read.
    """

    coins: Decimal
    quote: Decimal
    stamp: Stamp
    holding: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotePrice:
    """What one unit of a quote currency is worth in USD.

    Attributes:
        usd: the least that was told.
        stamp: of the oldest reading.
        told: what each venue says; empty where only one was asked.
    """

    usd: Decimal
    stamp: Stamp
    told: Mapping[VenueName, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairReading:
    """One venue, as it was read.

    Attributes:
        taker_fee: of the account on this market, as the venue tells it; None when it does not (never 0).
        reference: price of the coin in this quote currency from another source of the venue, such as an index or the
            mark of its perpetual; None when there is none (R12).
        trouble: why nothing may be sent there now, such as a venue that does not answer; empty when it may.
        clock_ok: the venue's clock offset is known to be within 1 s (R21).
        unresolved: why an order of before stands against another one on this market (R18, R23); empty when none does.
        recent: orders of ours on the market, at least those of the last minute.
        not_before_ms: no order before this time: it refused the last ones.
    """

    place: PairPlace
    market: SpotMarket
    book: Book | Unknown
    stock: Stock | Unknown
    taker_fee: Decimal | None
    reference: Decimal | None = None
    trouble: str = ""
    clock_ok: bool = True
    unresolved: str = ""
    recent: Sequence[IntentRecord] = ()
    not_before_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSituation:
    """Everything one decision needs.

    Attributes:
        readings: one for each place of the policy.
        quotes: USD prices of the quote currencies; needed only where two venues have different ones.
        recent: trades of this hedge, at least those of the last hour and, with `max_round_trips`, of its window; those
            that are not over among them, however old.
        halted: reasons of halts that reach this hedge.
        control: what a person told the hedge to do; None: to run.
        live_from_ms: no trade before this time (fresh journal).
    """

    policy: PairPolicy
    readings: tuple[PairReading, ...]
    quotes: Mapping[Asset, QuotePrice | Unknown]
    recent: Sequence[PairStory]
    halted: Sequence[str]
    now_ms: int
    control: Control | None = None
    live_from_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """Since when one direction has earned enough, by consecutive readings of both its books.

    Attributes:
        from_ms: when both books of the first such reading were there.
        sent_ms: when the older request of the newest such reading was sent.
    """

    buy_venue: VenueName
    sell_venue: VenueName
    from_ms: int
    sent_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairMemory:
    """What one decision leaves for the next. Not kept over a restart: an edge must then last anew."""

    lasting: tuple[Lasting, ...] = field(default_factory=tuple)
