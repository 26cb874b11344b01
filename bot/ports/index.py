"""What a coin is worth in US dollars, as a venue's own anchors tell."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from bot.domain.ids import Asset, VenueName
from bot.domain.observation import Unknown
from bot.domain.usd import UsdBar, UsdPrice


class Index(Protocol):
    """A venue that knows prices in US dollars. Every reading is public: it needs no key.

    A pair of two stablecoins can't say which of them broke, so a stablecoin is priced against dollars: by the venue's
    own index of it, else by the BTC-USD index against the BTC market quoted in it.
    """

    name: VenueName

    async def usd_price(self, asset: Asset) -> UsdPrice | Unknown:
        """US dollars of one coin, or of one stablecoin, now.

        Unknown when the venue has no anchor for it (`lasting`), or when the reading fails, is malformed or is old by
        the venue's own time. Never raises a VenueFault.
        """
        ...

    async def index_in(self, asset: Asset, quote: Asset) -> Decimal | Unknown:
        """One coin in a currency, now, by the index of its perpetual in that currency: no book of this venue moves it.

        Unknown as for `usd_price`. Never raises a VenueFault.
        """
        ...

    async def usd_bars(self, asset: Asset, since_ms: int, bar_ms: int) -> Sequence[UsdBar]:
        """Every bar of the coin's index that began since a venue time and has ended, oldest first.

        Bars that the venue lacks are missing. Raises NotOffered where the venue has no index of the coin, else
        VenueFault.

        Args:
            asset: a coin, not a stablecoin.
            since_ms: venue time.
            bar_ms: `HOUR_MS` or `DAY_MS` of `bot.domain.usd`.
        """
        ...
