"""The part of the gateway that is `bot.ports.Index`: what coins and stablecoins are worth in US dollars."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from bot.domain.errors import ConfigFault, NotOffered, VenueFault
from bot.domain.ids import Asset, Symbol, VenueName
from bot.domain.observation import Book, Unknown
from bot.domain.usd import UsdBar, UsdPrice
from bot.venue.link import joined
from bot.venue.treasury import Parts

_ANCHOR: Final = Asset("BTC")
"""The coin by which a stablecoin is priced: its index in dollars rests on the most venues."""
_WIDEST: Final = Decimal("0.01")
"""Of the price: between a bid and an ask that are further apart nobody knows the price of anything."""


class UsdCalls(ABC):
    """See `bot.ports.Index` for what each method promises."""

    name: VenueName

    @property
    @abstractmethod
    def _parts(self) -> Parts:
        """Raises InvariantBroken before the start."""

    async def usd_price(self, asset: Asset) -> UsdPrice | Unknown:
        """By the venue's own index of the coin; else by BTC, which has an index and a market in that coin."""
        what = f"price of {asset} in USD"
        try:
            return await self._index(asset)
        except NotOffered:
            return await self._against(asset, what)
        except VenueFault as fault:
            return Unknown(what=what, reason=fault.message, venue=self.name)

    async def index_in(self, asset: Asset, quote: Asset) -> Decimal | Unknown:
        """By the index of the perpetual on the coin in that currency."""
        try:
            read = await self._parts.dialect.index_desk.price_in(asset, quote)
        except VenueFault as fault:
            what, lasting = f"index of {asset} in {quote}", isinstance(fault, NotOffered)
            return Unknown(what=what, reason=fault.message, lasting=lasting, venue=self.name)
        return read.value

    async def usd_bars(self, asset: Asset, since_ms: int, bar_ms: int) -> Sequence[UsdBar]:
        """Of the venue's own index."""
        return await self._parts.dialect.index_desk.bars(asset, since_ms, bar_ms)

    async def _index(self, asset: Asset) -> UsdPrice:
        read = await self._parts.dialect.index_desk.price(asset)
        return UsdPrice(asset=asset, value=read.value, anchor=f"{asset}-USD index", stamp=read.stamp)

    async def _against(self, asset: Asset, what: str) -> UsdPrice | Unknown:
        """Dollars of BTC by its index, divided by what BTC costs in the asset."""
        market = Symbol(f"{_ANCHOR}/{asset}")
        try:
            self._parts.markets.spot_pair(market)
            index = await self._index(_ANCHOR)
            book = await self._parts.dialect.spot_desk.book(market)
        except ConfigFault:
            reason = f"the venue has neither an index of {asset} in USD nor a market {market}"
            return Unknown(what=what, reason=reason, lasting=True, venue=self.name)
        except VenueFault as fault:
            return Unknown(what=what, reason=fault.message, lasting=isinstance(fault, NotOffered), venue=self.name)
        middle = _middle(book)
        if middle is None:
            return Unknown(what=what, reason=f"the book of {market} is empty, crossed or too wide", venue=self.name)
        return UsdPrice(
            asset=asset,
            value=index.value / middle,
            anchor=f"{index.anchor} against {market}",
            stamp=joined(index.stamp, book.stamp),
            through=_ANCHOR,
        )


def _middle(book: Book) -> Decimal | None:
    """The middle of a book that can be believed."""
    if not book.bids or not book.asks:
        return None
    bid, ask = book.bids[0].price, book.asks[0].price
    return (bid + ask) / 2 if 0 < ask - bid <= _WIDEST * ask else None
