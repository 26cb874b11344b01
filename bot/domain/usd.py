"""What a coin is worth in US dollars, by an anchor that no stablecoin can move."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.domain.ids import Asset
from bot.domain.observation import Stamp

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class UsdPrice:
    """A price in US dollars.

    Attributes:
        value: USD of one coin; positive.
        anchor: what it rests on, for the record: `BTC-USD index`, or `BTC-USD index against BTC/USDT`.
        stamp: the older of its readings, by our clock.
        through: the coin by whose index it is, and by whose market; None: it has an index of its own.
    """

    asset: Asset
    value: Decimal
    anchor: str
    stamp: Stamp
    through: Asset | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsdBar:
    """One period that has ended, of an index in US dollars.

    Attributes:
        open_ms: its first millisecond, by the venue's time.
        close: the index at its end, in USD; positive.
    """

    open_ms: int
    close: Decimal
