"""What a stablecoin hedge sees in one turn; each part a value or unknown, and none of it later than a time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from bot.core.exit_books import ExitMarket, second_source
from bot.core.exit_situation import Beside, ExitSituation
from bot.core.owned import Balance
from bot.domain.control import Control, ControlKind, standing, wished
from bot.domain.errors import BotError
from bot.domain.exits import CrossingKind, ExitPolicy, Wish
from bot.domain.ids import Asset, HedgeName, Symbol
from bot.domain.instrument import SpotMarket
from bot.domain.observation import Book, Holding, Sellable, Source, Stamp, Unknown, VenueObservation, Wanted
from bot.domain.usd import UsdPrice
from bot.ports import Clock, ExitJournal, Index, Journal, Treasury, Venue
from bot.runtime.beside_exits import Paired
from bot.runtime.exit_bars import ExitBars
from bot.runtime.exit_places import Places, claimed_by, coin_symbol

READ_S: Final = 10.0
"""A reading that takes longer says nothing; the turn goes on without it."""
HOUR_MS: Final = 3_600_000
_WISHES: Final = {ControlKind.EXIT: CrossingKind.EXIT, ControlKind.ENTER: CrossingKind.ENTER}
T = TypeVar("T")
K = TypeVar("K", bound=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitPorts:
    """What a stablecoin hedge reads from.

    Attributes:
        others: stablecoin hedges on the same account, and their coins.
        paired: the shorts on the coins that it sells; None when no spot-perp hedge counts them.
        live: orders are sent; else it is a dry run.
    """

    venue: Venue
    treasury: Treasury
    index: Index
    journal: Journal
    book: ExitJournal
    clock: Clock
    others: Mapping[HedgeName, Asset]
    paired: Paired | None
    live: bool


class ExitLook:
    """One for each hedge."""

    def __init__(
        self, *, policy: ExitPolicy, ports: ExitPorts, places: Places, bars: ExitBars, live_from_ms: int
    ) -> None:
        self._policy = policy
        self._ports = ports
        self._places = places
        self._bars = bars
        self._live_from_ms = live_from_ms

    @property
    def home(self) -> Symbol:
        """The market that a halt of the hedge is kept for."""
        return coin_symbol(self._policy.asset, next(iter(self._policy.basket)))

    async def read(self) -> ExitSituation:
        """Everything that a decision rests on. Raises JournalFault."""
        ports, policy, places = self._ports, self._policy, self._places
        assets = (policy.asset, *places.stables)
        bars, observed, prices, free, books = await asyncio.gather(
            self._bars.read(),
            self._observed(assets),
            self._prices(assets),
            self._free(assets),
            self._books(),
        )
        # From here on nothing is waited for until the plan's write-offs are kept: of two hedges that find the same
        # proceeds gone the later one sees what the earlier one wrote off.
        # Proceeds are not gone where they lie in another wallet; coins there are none that an exit may count on.
        balances = {asset: _balance(asset, observed, free[asset], everywhere=asset != policy.asset) for asset in assets}
        pegs = {asset: prices[asset] for asset in places.stables}
        now_ms = ports.clock.now_ms()
        slices = list(ports.book.slices(policy.name, now_ms - HOUR_MS))
        control = standing(ports.journal.controls(), policy.name)
        markets = {stable: _market(market, books) for stable, market in places.coin.items()}
        return ExitSituation(
            policy=policy,
            now_ms=now_ms,
            price=prices[policy.asset],
            second=second_source(policy.asset, markets, pegs),
            bars=bars,
            bar_ms=self._bars.bar_ms,
            pegs=pegs,
            coins=balances[policy.asset],
            money={stable: balances[stable] for stable in places.stables},
            markets=markets,
            swaps={pair: _market(market, books) for pair, market in places.swaps.items()},
            flows=ports.book.flows(policy.name),
            write_offs=ports.book.write_offs(policy.name),
            claimed=claimed_by(ports.book, ports.others, places.stables),
            others_unfinished=any(ports.book.unfinished_slices(other) for other in ports.others),
            written_off=[one for other in ports.others for one in ports.book.write_offs(other)],
            crossings=ports.book.crossings(policy.name),
            recent=slices,
            unfinished=ports.book.unfinished_slices(policy.name),
            wish=_wish(wished(ports.journal.controls(), policy.name)),
            beside=self._beside(now_ms),
            settled_ms=max((record.updated_ms for record in slices if record.filled), default=0),
            paused=None if control is None else control.why or "a person paused it",
            halted=self._halted(),
            clock_ok=ports.venue.has_offset(),
            live_from_ms=self._live_from_ms,
        )

    def _beside(self, now_ms: int) -> Beside | None:
        paired = self._ports.paired
        if paired is None:
            return None
        # A dry run sends nothing that a short would have to follow.
        why = paired.waiting(now_ms) if self._ports.live else ""
        return Beside(followed=not why, reason=why)

    def _halted(self) -> tuple[str, ...]:
        if not self._ports.live:
            return ()
        symbols = {None, *self._places.all}
        halts = self._ports.journal.halts()
        return tuple(h.reason for h in halts if h.stops and h.venue == self._policy.venue and h.symbol in symbols)

    async def _observed(self, assets: Sequence[Asset]) -> VenueObservation | Unknown:
        return await _within(self._ports.venue.observe(Wanted(spot=frozenset(assets))), f"balances of {assets[0]}")

    async def _prices(self, assets: Sequence[Asset]) -> dict[Asset, UsdPrice | Unknown]:
        found = await self._each(assets, self._ports.index.usd_price)
        return {asset: price for asset, (price, _) in found.items()}

    async def _free(self, assets: Sequence[Asset]) -> dict[Asset, tuple[Sellable | Unknown, Stamp]]:
        return await self._each(assets, self._ports.treasury.to_sell)

    async def _books(self) -> dict[Symbol, Book | Unknown]:
        found = await self._each(list(self._places.all), self._ports.treasury.spot_book)
        return {symbol: book for symbol, (book, _) in found.items()}

    async def _each(self, keys: Sequence[K], read: Callable[[K], Awaitable[T]]) -> dict[K, tuple[T | Unknown, Stamp]]:
        found = await asyncio.gather(*(self._stamped(str(key), read(key)) for key in keys))
        return dict(zip(keys, found, strict=True))

    async def _stamped(self, what: str, reading: Awaitable[T]) -> tuple[T | Unknown, Stamp]:
        sent_ms = self._ports.clock.now_ms()
        value = await _within(reading, what)
        return value, Stamp(sent_ms=sent_ms, answered_ms=self._ports.clock.now_ms())


async def _within(reading: Awaitable[T], what: str) -> T | Unknown:
    try:
        async with asyncio.timeout(READ_S):
            return await reading
    except TimeoutError:
        return Unknown(what=what, reason=f"it was not answered within {READ_S:.0f} s")
    except BotError as fault:
        return Unknown(what=what, reason=fault.message)


def _balance(
    asset: Asset, observed: VenueObservation | Unknown, read: tuple[Sellable | Unknown, Stamp], *, everywhere: bool
) -> Balance | Unknown:
    """A balance of an asset, in all its spot wallets or only where it is sold from."""
    sellable, stamp = read
    if isinstance(observed, Unknown):
        return observed
    if isinstance(sellable, Unknown):
        return sellable
    held = observed.holdings.get((Source.SPOT, asset), Unknown(what=f"spot {asset}", reason="it was not read"))
    if not isinstance(held, Holding):
        return held
    sent_ms = min(held.stamp.sent_ms, stamp.sent_ms)
    answered_ms = max(held.stamp.answered_ms, stamp.answered_ms)
    # Coins that move between two wallets while both are read may be free and not held: the smaller one is believed.
    return Balance(
        free=min(sellable.free, held.quantity),
        total=held.quantity if everywhere else min(sellable.free + sellable.locked, held.quantity),
        stamp=Stamp(sent_ms=sent_ms, answered_ms=answered_ms),
    )


def _market(market: SpotMarket, books: Mapping[Symbol, Book | Unknown]) -> ExitMarket:
    book = books[market.symbol]
    return ExitMarket(market=market, book=None if isinstance(book, Unknown) else book)


def _wish(control: Control | None) -> Wish | None:
    if control is None:
        return None
    return Wish(kind=_WISHES[control.kind], why=control.why, since_ms=control.since_ms)
