"""Indices in US dollars: how one is asked for is data of each exchange, how far it is believed is told here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final, Protocol

from bot.domain.errors import ConfigFault
from bot.domain.ids import Asset, Symbol, VenueName
from bot.domain.usd import UsdBar
from bot.ports import Clock
from bot.venue.desk import not_offered
from bot.venue.endpoint import Endpoint
from bot.venue.link import Link, Timed
from bot.venue.markets import Markets
from bot.venue.shapes import integer_in, positive_in

_OLD_MS: Final = 60_000
"""An index that the venue itself dates further from its own time is a feed that stands still."""
Market = Mapping[str, Any]
"""What ccxt read of the contract on a coin that is quoted in US dollars; its index is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An index and the venue's own time of it."""

    value: Decimal
    time_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexWire:
    """One exchange's requests.

    Attributes:
        price: the index now.
        price_in: the same of an index in a currency other than US dollars.
        price_params: fields of that request.
        price_of: reads the answer; the market is the one that was asked for. Raises ValueError.
        bars: its history.
        bars_params: fields of that request: market, first and last opening time, and length of a bar, in ms.
        bars_of: reads the answer, in any order. Raises ValueError.
        page: the most bars that are asked for at once.
    """

    price: Endpoint
    price_in: Endpoint
    price_params: Callable[[Market], Mapping[str, object]]
    price_of: Callable[[object, Market], Told]
    bars: Endpoint
    bars_params: Callable[[Market, int, int, int], Mapping[str, object]]
    bars_of: Callable[[object], Sequence[UsdBar]]
    page: int


class IndexDesk(Protocol):
    """Indices in US dollars of one exchange; all public. Every method raises NotOffered where there is none."""

    async def price(self, asset: Asset) -> Timed[Decimal]:
        """US dollars of one coin. Raises VenueFault."""
        ...

    async def price_in(self, asset: Asset, quote: Asset) -> Timed[Decimal]:
        """One coin in a currency in which it has a perpetual that is margined in it. Raises VenueFault."""
        ...

    async def bars(self, asset: Asset, since_ms: int, bar_ms: int) -> Sequence[UsdBar]:
        """Bars that began since then and have ended, oldest first. Raises VenueFault."""
        ...


@dataclass(frozen=True, slots=True)
class Indices:
    """See `IndexDesk`; `clock` tells venue time."""

    link: Link
    markets: Markets
    clock: Clock
    wire: IndexWire

    async def price(self, asset: Asset) -> Timed[Decimal]:
        """The index, if it is of now."""
        return await self._now(self.wire.price, self._market(asset), asset)

    async def price_in(self, asset: Asset, quote: Asset) -> Timed[Decimal]:
        """The index, if it is of now."""
        try:
            market = self.markets.market(Symbol(f"{asset}/{quote}:{quote}"))
        except ConfigFault:
            raise not_offered(self.link.name, f"read an index of {asset} in {quote}") from None
        return await self._now(self.wire.price_in, market, asset)

    async def _now(self, endpoint: Endpoint, market: Market, asset: Asset) -> Timed[Decimal]:
        operation = endpoint.operation
        params = self._params(operation, lambda: self.wire.price_params(market))
        read = await self.link.read(endpoint, lambda body: self.wire.price_of(body, market), params)
        age_ms = self.clock.now_ms() - read.value.time_ms
        if abs(age_ms) > _OLD_MS:
            raise self.link.unreadable(operation, f"the index of {asset} is {age_ms} ms old by the venue's own time")
        return Timed(read.value.value, read.stamp)

    async def bars(self, asset: Asset, since_ms: int, bar_ms: int) -> Sequence[UsdBar]:
        """Page by page: each asks for no more bars than the venue gives at once."""
        market, operation = self._market(asset), self.wire.bars.operation
        now_ms = self.clock.now_ms()
        first_ms, last_ms = -(-since_ms // bar_ms) * bar_ms, now_ms // bar_ms * bar_ms - bar_ms
        found: dict[int, UsdBar] = {}
        for begin_ms in range(first_ms, last_ms + 1, self.wire.page * bar_ms):
            end_ms = min(begin_ms + (self.wire.page - 1) * bar_ms, last_ms)
            params = self._params(operation, partial(self.wire.bars_params, market, begin_ms, end_ms, bar_ms))
            for bar in await self.link.ask(self.wire.bars, self.wire.bars_of, params):
                if bar.open_ms % bar_ms:
                    raise self.link.unreadable(operation, f"a bar begins at {bar.open_ms}")
                if begin_ms <= bar.open_ms <= end_ms and found.setdefault(bar.open_ms, bar) != bar:
                    raise self.link.unreadable(operation, f"two bars begin at {bar.open_ms}")
        return [found[open_ms] for open_ms in sorted(found)]

    def _params(self, operation: str, make: Callable[[], Mapping[str, object]]) -> Mapping[str, object]:
        """Fields of a request, some of which the market list must have told."""
        try:
            return make()
        except ValueError as fault:
            raise self.link.unreadable(operation, f"the market list is incomplete: {fault}") from None

    def _market(self, asset: Asset) -> Market:
        try:
            return self.markets.market(Symbol(f"{asset}/USD:{asset}"))
        except ConfigFault:
            raise not_offered(self.link.name, f"read an index of {asset} in USD") from None


@dataclass(frozen=True, slots=True)
class NoIndexDesk:
    """Of an exchange whose indices the bot does not read: every method raises NotOffered."""

    name: VenueName

    async def price(self, asset: Asset) -> Timed[Decimal]:
        """Raises NotOffered."""
        raise not_offered(self.name, f"read an index of {asset} in USD")

    async def price_in(self, asset: Asset, quote: Asset) -> Timed[Decimal]:
        """Raises NotOffered."""
        raise not_offered(self.name, f"read an index of {asset} in {quote}")

    async def bars(self, asset: Asset, since_ms: int, bar_ms: int) -> Sequence[UsdBar]:
        """Raises NotOffered."""
        del since_ms, bar_ms
        raise not_offered(self.name, f"read bars of an index of {asset} in USD")


def bars_in(rows: object, *, columns: int) -> Sequence[UsdBar]:
    """Bars told as lists: opening time, open, high, low, close, and whatever follows. Raises ValueError."""
    if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) == columns for row in rows):
        raise ValueError("the answer is no list of bars")
    named = ({"open time": row[0], "close": row[4]} for row in rows)
    return [UsdBar(open_ms=integer_in(row, "open time"), close=positive_in(row, "close")) for row in named]
