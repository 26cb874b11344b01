"""Reads what a cross-exchange decision needs of each venue, all venues at once, none for longer than a book lasts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Protocol, TypeVar

from bot.core.pair_situation import PairReading, QuotePrice, Stock
from bot.core.retries import backoff_until_ms
from bot.domain.errors import VenueFault
from bot.domain.ids import Asset
from bot.domain.observation import Book, Holding, Source, Stamp, Unknown, Wanted
from bot.domain.pair import PairPlace, PairPolicy
from bot.domain.usd import UsdPrice
from bot.ports import Clock, Index, Journal, Treasury, Venue

T = TypeVar("T")

HOUR_MS: Final = 3_600_000
FEE_READ_MS: Final = 30_000
"""A fee that was read longer ago is read again."""
FEE_KNOWN_MS: Final = HOUR_MS
"""A fee that was read longer ago is not known any more."""
FEE_AGAIN_MS: Final = 10_000
"""After a fee could not be read, it is tried again no sooner."""
CLOCK_MS: Final = 30_000
CLOCK_AGAIN_MS: Final = 5_000
"""How often a venue's clock is measured, and how soon again when it could not be."""
STOCK_MS: Final = 5_000
"""While there is no edge, balances are read this often; a decision takes them for a few times as long."""
READ_S: Final = 5.0
"""What a reading of one venue may take; less where a book says nothing for longer."""


class PairVenue(Venue, Treasury, Protocol):
    """A venue on which coins are bought and sold for money."""


@dataclass(slots=True)
class _Fee:
    """What the venue told of the account's fee, and when it was last asked."""

    rate: Decimal | None = None
    read_ms: int = 0
    asked_ms: int = -FEE_AGAIN_MS


class PairEye:
    """Looks at one venue of a hedge.

    Args:
        place: the market.
        policy: of the hedge.
        counted: whether a spot-perp hedge counts the coins there: then all of them are read, free or not.
    """

    def __init__(
        self,
        *,
        place: PairPlace,
        policy: PairPolicy,
        venue: PairVenue,
        journal: Journal,
        clock: Clock,
        counted: bool,
    ) -> None:
        self.place = place
        self.venue = venue
        self._policy = policy
        self._journal = journal
        self._clock = clock
        self._counted = counted
        self._fee = _Fee()
        self._clock_due_ms = 0
        self._stock_kept: Stock | Unknown | None = None

    async def read(self, *, blocked: str = "", closely: bool = True) -> PairReading:
        """One reading. What can't be read in time is Unknown; never raises a VenueFault.

        Args:
            blocked: why an order of before stands against another one there; empty when none does.
            closely: a trade may follow: balances are read too, which venues charge dearly. Else they are only now and
                then.

        Raises:
            JournalFault: what was sent there lately could not be read.
        """
        venue, place = self.venue, self.place
        limit_s = min(READ_S, float(self._policy.book_age_s))
        book, stock, *_ = await asyncio.gather(
            self._within(limit_s, f"book of {place.symbol}", self._book()),
            self._stock(limit_s, closely=closely),
            self._within(limit_s, f"fee on {place.venue}", self._read_fee()),
            self._within(limit_s, f"clock of {place.venue}", self._measure_clock()),
        )
        now_ms = self._clock.now_ms()
        recent = self._journal.recent(place.venue, place.symbol, now_ms - HOUR_MS)
        return PairReading(
            place=place,
            market=venue.spot_market(place.symbol),
            book=book,
            stock=stock,
            taker_fee=self.fee(),
            trouble=next((part.reason for part in (book, stock) if isinstance(part, Unknown)), ""),
            clock_ok=venue.has_offset(),
            unresolved=blocked,
            recent=recent,
            not_before_ms=backoff_until_ms(recent),
        )

    def nothing(self, why: str) -> PairReading:
        """A reading for which nothing was asked: it says nothing but why."""
        place = self.place
        return PairReading(
            place=place,
            market=self.venue.spot_market(place.symbol),
            book=Unknown(what=f"book of {place.symbol}", reason=why, venue=place.venue),
            stock=Unknown(what=f"balances of {place.venue}", reason=why, venue=place.venue),
            taker_fee=self.fee(),
            trouble=why,
        )

    def fee(self) -> Decimal | None:
        """The account's taker fee, as long as it counts as known."""
        known = self._clock.now_ms() - self._fee.read_ms <= FEE_KNOWN_MS
        return self._fee.rate if known else None

    async def read_fee_now(self) -> None:
        """Ask for the fee. Raises VenueFault."""
        self._fee.asked_ms = self._clock.now_ms()
        self._fee.rate = await self.venue.spot_fee(self.place.symbol)
        self._fee.read_ms = self._fee.asked_ms

    async def _within(self, limit_s: float, what: str, reading: Awaitable[T]) -> T | Unknown:
        try:
            async with asyncio.timeout(limit_s):
                return await reading
        except TimeoutError:
            reason = f"{self.place.venue} did not answer within {limit_s:g} s"
        except VenueFault as fault:
            reason = fault.message
        return Unknown(what=what, reason=reason, venue=self.place.venue)

    async def _book(self) -> Book:
        return await self.venue.spot_book(self.place.symbol)

    async def _stock(self, limit_s: float, *, closely: bool) -> Stock | Unknown:
        kept, now_ms = self._stock_kept, self._clock.now_ms()
        if closely or not isinstance(kept, Stock) or now_ms - kept.stamp.sent_ms >= STOCK_MS:
            kept = await self._within(limit_s, f"balances of {self.place.venue}", self._read_stock(closely=closely))
            self._stock_kept = kept
        return kept

    async def _read_stock(self, *, closely: bool) -> Stock:
        sent_ms = self._clock.now_ms()
        coins, quote, holding = await asyncio.gather(
            self.venue.free_to_sell(self._policy.asset),
            self.venue.free_to_sell(self.place.quote),
            self._holding(closely=closely),
        )
        stamp = Stamp(sent_ms=sent_ms, answered_ms=self._clock.now_ms())
        return Stock(coins=coins, quote=quote, stamp=stamp, holding=holding)

    async def _holding(self, *, closely: bool) -> Decimal | None:
        """All spot coins of the venue, as a spot-perp hedge counts them."""
        if not (self._counted and closely):
            return None
        asset = self._policy.asset
        observed = await self.venue.observe(Wanted(spot=frozenset({asset})))
        held = observed.holdings.get((Source.SPOT, asset))
        return held.quantity if isinstance(held, Holding) else None

    async def _measure_clock(self) -> None:
        """A clock offset is trusted for a while only, and nothing else here measures it."""
        now_ms = self._clock.now_ms()
        if now_ms >= self._clock_due_ms:
            self._clock_due_ms = now_ms + CLOCK_AGAIN_MS  # whether or not it can be told
            await self.venue.measure_clock()
            self._clock_due_ms = now_ms + CLOCK_MS

    async def _read_fee(self) -> None:
        now_ms = self._clock.now_ms()
        due = self._fee.rate is None or now_ms - self._fee.read_ms >= FEE_READ_MS
        if due and now_ms - self._fee.asked_ms >= FEE_AGAIN_MS:
            await self.read_fee_now()


async def quote_prices(places: Collection[PairPlace], indices: Collection[Index]) -> dict[Asset, QuotePrice | Unknown]:
    """USD prices of the quote currencies, where there are two or more: from the first venue that can tell.

    One that no venue can tell is Unknown: no two currencies are taken for equal.
    """
    quotes = {place.quote for place in places}
    if len(quotes) < 2:
        return {}
    return {quote: await _usd(quote, indices) for quote in sorted(quotes)}


async def _usd(quote: Asset, indices: Collection[Index]) -> QuotePrice | Unknown:
    said: list[str] = []
    for index in indices:
        try:
            async with asyncio.timeout(READ_S):
                price = await index.usd_price(quote)
        except TimeoutError:
            said.append(f"{index.name} did not answer within {READ_S:g} s")
            continue
        if isinstance(price, UsdPrice):
            return QuotePrice(usd=price.value, stamp=price.stamp)
        said.append(f"{index.name}: {price.reason}")
    return Unknown(what=f"USD price of {quote}", reason="; ".join(said) or "no venue of the hedge tells it")
