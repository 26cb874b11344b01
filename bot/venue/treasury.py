"""The part of the gateway that is `bot.ports.Treasury`: the spot market, and moves of margin (R27)."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.domain.errors import VenueFault
from bot.domain.ids import Asset, Symbol
from bot.domain.instrument import SpotMarket
from bot.domain.moves import Moved, MoveKind, MoveOutcome, MoveRecord, VenueMove
from bot.domain.observation import Book, Sellable
from bot.venue.dialect import Dialect
from bot.venue.link import Link
from bot.venue.markets import Markets
from bot.venue.outcomes import expired, not_sent, outcome_of
from bot.venue.readings import Readings
from bot.venue.throttle import Lane
from bot.venue.venue_clock import VenueClock


@dataclass(frozen=True, slots=True)
class Parts:
    """What exists of an account's gateway once the market list is known."""

    markets: Markets
    dialect: Dialect
    readings: Readings


class TreasuryCalls(ABC):
    """See `bot.ports.Treasury` for what each method promises; the gateway gives what they stand on."""

    _link: Link
    _venue_clock: VenueClock

    @property
    @abstractmethod
    def _parts(self) -> Parts:
        """Raises InvariantBroken before the start."""

    @abstractmethod
    def now_ms(self) -> int:
        """Venue time."""

    @abstractmethod
    async def _use_slot(self, symbol: Symbol) -> None:
        """Use up the room that `order_slot` kept for the symbol; without one, wait for it. Raises VenueFault."""

    @abstractmethod
    def _until_ms(self) -> int:
        """The end of a list that is read up to now."""

    def spot_market(self, symbol: Symbol) -> SpotMarket:
        """The spot market."""
        return self._parts.markets.spot_market(symbol)

    async def spot_book(self, symbol: Symbol) -> Book:
        """Visible depth, in coins.

        Who trades spot alone asks for nothing else in every turn, so the venue's clock is kept measured from here.
        """
        book, _ = await asyncio.gather(self._parts.dialect.spot_desk.book(symbol), self._venue_clock.renew(self._link))
        return book

    async def spot_fee(self, symbol: Symbol) -> Decimal:
        """The account's own taker rate, read now; `spot_market` tells it from here on."""
        rate = await self._parts.dialect.spot_desk.taker_fee(symbol)
        self._parts.markets.set_spot_fee(symbol, rate)
        return rate

    async def free_to_move(self, asset: Asset) -> Decimal:
        """What a TRANSFER may take."""
        return await self._parts.dialect.vault.free_to_move(asset)

    async def to_sell(self, asset: Asset) -> Sellable:
        """What a spot order may sell, and what open orders hold there."""
        return await self._parts.dialect.vault.to_sell(asset)

    async def move(self, record: MoveRecord) -> MoveOutcome:
        """Send one move, once; its reference is "" where the venue gives none."""
        move = record.move
        try:
            sending = await self._parts.dialect.vault.prepared(move)
            await self._use_slot(move.request.symbol)
            await self._link.throttled(sending.endpoint, Lane.ORDER)
        except VenueFault as fault:
            return not_sent(fault)
        if self.now_ms() >= move.deadline_ms:
            return expired("move")
        try:
            return Moved(reference=await self._link.send(sending.endpoint, sending.parse, sending.params))
        except VenueFault as fault:
            return outcome_of(fault)

    async def moves(self, kind: MoveKind, symbol: Symbol, since_ms: int) -> Sequence[VenueMove]:
        """The venue's own history of moves."""
        return await self._parts.dialect.vault.moves(kind, symbol, since_ms, self._until_ms())

    async def dead_man(self, symbol: Symbol, seconds: int) -> None:
        """Set or stop the switch that cancels orders; some venues have one for the whole account only."""
        await self._parts.dialect.vault.dead_man(symbol, seconds)
