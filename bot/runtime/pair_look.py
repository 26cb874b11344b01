"""Reads what a cross-exchange decision needs of each venue, all venues at once, none for longer than a book lasts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Protocol, TypeVar

from bot.core.pair_situation import PairReading, Stock
from bot.core.retries import BACKOFF_FIRST_MS, BACKOFF_OPEN_MS, backoff_until_ms
from bot.domain.errors import VenueFault
from bot.domain.ids import Asset
from bot.domain.observation import Book, Holding, Source, Stamp, Unknown, Wanted
from bot.domain.pair import PairPlace, PairPolicy
from bot.ports import Clock, Index, Journal, Treasury, Venue

T = TypeVar("T")

HOUR_MS: Final = 3_600_000
FEE_READ_MS: Final = 30_000
"""A fee that was read longer ago is read again."""
FEE_KNOWN_MS: Final = HOUR_MS
"""A fee that was read longer ago is not known any more."""
FEE_AGAIN_MS: Final = 10_000
"""After a fee could not be read, it is tried again no sooner, when it is known from before."""
FEE_FIRST_AGAIN_MS: Final = 2_000
"""The same before it was ever known: until then nothing can be decided."""
STOCK_MS: Final = 5_000
"""While there is no edge, balances are read this often; a decision takes them for a few times as long."""
REFERENCE_MS: Final = 5_000
"""The venue's index of the coin is asked for this often."""
REFERENCE_KNOWN_MS: Final = 20_000
"""An index that was asked for longer ago says nothing any more: the market may have moved."""
FIRST_S: Final = 1.0
"""What the first look waits for the index at most."""
READ_S: Final = 5.0
"""What a reading of one venue may take; less where a book says nothing for longer."""


class PairVenue(Venue, Treasury, Index, Protocol):
    """A venue on which coins are bought and sold for money, and that may know their price from elsewhere."""


@dataclass(slots=True)
class _Fee:
    """What the venue told of the account's fee, and when it was last asked."""

    rate: Decimal | None = None
    read_ms: int = 0
    asked_ms: int = -FEE_AGAIN_MS


class _Reference:
    """The coin's price by the venue's own index, read beside everything else, so that nothing waits for it (R12)."""

    def __init__(self, place: PairPlace, asset: Asset, venue: PairVenue, clock: Clock) -> None:
        self._place = place
        self._asset = asset
        self._venue = venue
        self._clock = clock
        self._asking: asyncio.Task[None] | None = None
        self._asked_ms: int | None = None
        self._told: tuple[Decimal, int] | None = None
        self._never = False

    async def renew(self) -> None:
        """Ask anew when it is time to. Only the first answer is waited for: decisions begin with a known price."""
        now_ms, first = self._clock.now_ms(), self._asked_ms is None
        busy = self._asking is not None and not self._asking.done()
        if busy or self._never or (self._asked_ms is not None and now_ms - self._asked_ms < REFERENCE_MS):
            return
        self._asked_ms = now_ms
        self._asking = asyncio.get_running_loop().create_task(self._ask(now_ms))
        if first:
            await asyncio.wait({self._asking}, timeout=FIRST_S)

    def value(self) -> Decimal | None:
        """The price, as long as it is of now; None when it is not known."""
        if self._told is None or self._clock.now_ms() - self._told[1] > REFERENCE_KNOWN_MS:
            return None
        return self._told[0]

    async def _ask(self, asked_ms: int) -> None:
        try:
            async with asyncio.timeout(READ_S):
                found = await self._venue.index_in(self._asset, self._place.quote)
        except TimeoutError:
            return
        if isinstance(found, Unknown):
            self._never = found.lasting
        else:
            self._told = found, asked_ms


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
        self._reference = _Reference(place, policy.asset, venue, clock)
        self._stock_kept: Stock | Unknown | None = None

    async def read(self, *, blocked: str = "", closely: bool = True, evening: bool = False) -> PairReading:
        """One reading. What can't be read in time is Unknown; never raises a VenueFault.

        Args:
            blocked: why an order of before stands against another one there; empty when none does.
            closely: a trade may follow: balances are read too, which venues charge dearly. Else they are only now and
                then.
            evening: a leg is open, which needs a fresh book above all: nothing else is waited for as long as it lasts.

        Raises:
            JournalFault: what was sent there lately could not be read.
        """
        venue, place = self.venue, self.place
        limit_s = min(READ_S, float(self._policy.book_age_s))
        beside_s = limit_s / 2 if evening else limit_s
        # Nothing can be decided before the fee is known once: its first reading may outlast a book.
        fee_s = READ_S if self._fee.rate is None and not evening else beside_s
        book, stock, *_ = await asyncio.gather(
            self._within(limit_s, f"book of {place.symbol}", self._book()),
            self._stock(beside_s, closely=closely),
            self._within(fee_s, f"fee on {place.venue}", self._read_fee()),
            self._reference.renew(),
        )
        now_ms = self._clock.now_ms()
        recent = self._journal.recent(place.venue, place.symbol, now_ms - HOUR_MS)
        return PairReading(
            place=place,
            market=venue.spot_market(place.symbol),
            book=book,
            stock=stock,
            taker_fee=self.fee(),
            reference=self._reference.value(),
            # Balances that are not known refuse a trade by themselves; a leg that is open is evened without them.
            trouble=book.reason if isinstance(book, Unknown) else self._paused(now_ms),
            clock_ok=venue.has_offset(),
            unresolved=blocked,
            recent=recent,
            not_before_ms=backoff_until_ms(recent, BACKOFF_OPEN_MS if evening else BACKOFF_FIRST_MS),
        )

    def _paused(self, now_ms: int) -> str:
        """Why no order may go there now, though all is read; a leg that is open is then evened on the other venue."""
        left_ms = self.venue.orders_paused_until_ms(self.place.symbol) - now_ms
        return f"it asked for a pause of orders, for another {left_ms // 1000} s" if left_ms > 0 else ""

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
            self.venue.to_sell(self._policy.asset),
            self.venue.to_sell(self.place.quote),
            self._holding(closely=closely),
        )
        stamp = Stamp(sent_ms=sent_ms, answered_ms=self._clock.now_ms())
        return Stock(coins=coins.free, quote=quote.free, stamp=stamp, holding=holding)

    async def _holding(self, *, closely: bool) -> Decimal | None:
        """All spot coins of the venue, as a spot-perp hedge counts them."""
        if not (self._counted and closely):
            return None
        asset = self._policy.asset
        observed = await self.venue.observe(Wanted(spot=frozenset({asset})))
        held = observed.holdings.get((Source.SPOT, asset))
        return held.quantity if isinstance(held, Holding) else None

    async def _read_fee(self) -> None:
        now_ms = self._clock.now_ms()
        never = self._fee.rate is None
        due = never or now_ms - self._fee.read_ms >= FEE_READ_MS
        if due and now_ms - self._fee.asked_ms >= (FEE_FIRST_AGAIN_MS if never else FEE_AGAIN_MS):
            await self.read_fee_now()
