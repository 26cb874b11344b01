"""Whether a stablecoin is still worth a dollar, by an anchor in dollars.

A pair of two stablecoins can't say which of them broke.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bot.domain.exits import Peg, PegView
from bot.domain.ids import Asset
from bot.domain.numbers import ONE, plain
from bot.domain.observation import Unknown
from bot.domain.usd import UsdPrice

CONFIRMED: Final = 3
"""Readings in a row that must agree before a stablecoin is called broken, or sound again."""
BROKEN_MS: Final = 10_000
"""The first and the last of them are at least this far apart."""
SOUND_MS: Final = 3_600_000
"""The same for one that is to be called sound again."""
BACK: Final = Decimal("0.5")
"""Sound again within this part of the limit."""
LAST_MS: Final = 900_000
"""For so long a judgement holds while the price can't be read."""

_BROKEN: Final = "broken"
_COUNT: Final = "count"
_FIRST: Final = "first_ms"
_LAST: Final = "last_ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class PegMemory:
    """One stablecoin between decisions.

    Attributes:
        broken: as it was last judged.
        count: readings in a row that say the opposite.
        first_ms: when the first of these was sent.
        last_ms: when the newest reading was sent; 0 before the first.
    """

    broken: bool = False
    count: int = 0
    first_ms: int = 0
    last_ms: int = 0

    def to_dict(self) -> dict[str, str]:
        """As text, for the journal."""
        return {
            _BROKEN: str(int(self.broken)),
            _COUNT: str(self.count),
            _FIRST: str(self.first_ms),
            _LAST: str(self.last_ms),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, str]) -> PegMemory:
        """Read `to_dict` back.

        Raises:
            KeyError: a value is missing.
            ValueError: a value is not of our form.
        """
        return cls(
            broken=bool(int(values[_BROKEN])),
            count=int(values[_COUNT]),
            first_ms=int(values[_FIRST]),
            last_ms=int(values[_LAST]),
        )


def judge(
    memory: PegMemory, asset: Asset, price: UsdPrice | Unknown, *, depeg: Decimal, now_ms: int, age_max_s: Decimal
) -> tuple[PegView, PegMemory]:
    """Judge one stablecoin by one reading.

    Args:
        memory: what the last call returned.
        asset: the stablecoin.
        price: in USD; Unknown and `lasting` when the venue has no anchor for it.
        depeg: how far from 1 it may be.
        now_ms: our clock.
        age_max_s: a reading older than this says nothing.
    """
    if isinstance(price, Unknown) and price.lasting:
        text = f"{asset} has no anchor in US dollars here ({price.reason}): nobody sees when it loses its peg"
        return PegView(asset=asset, peg=Peg.NO_ANCHOR, price=None, text=text), memory
    if isinstance(price, Unknown) or now_ms - price.stamp.sent_ms > int(age_max_s * 1000) or price.value <= 0:
        return _blind(memory, asset, now_ms), memory
    off = abs(price.value - ONE)
    changed = off <= BACK * depeg if memory.broken else off > depeg
    if price.stamp.sent_ms > memory.last_ms:
        memory = _counted(memory, price.stamp.sent_ms, changed=changed)
    doubtful = off > depeg or memory.count > 0
    peg = Peg.BROKEN if memory.broken else Peg.DOUBTFUL if doubtful else Peg.SOUND
    worth = f"{asset} is at {price.value:.6g} USD by the {price.anchor}"
    limit = f"{plain(depeg)} away from 1 at most"
    return PegView(asset=asset, peg=peg, price=price.value, text=f"{worth}, {peg.value} ({limit})"), memory


def _blind(memory: PegMemory, asset: Asset, now_ms: int) -> PegView:
    """A judgement holds for a while; then nobody knows."""
    if memory.broken:
        peg = Peg.BROKEN
    else:
        lately = memory.last_ms > 0 and memory.count == 0 and now_ms - memory.last_ms <= LAST_MS
        peg = Peg.SOUND if lately else Peg.DOUBTFUL
    return PegView(asset=asset, peg=peg, price=None, text=f"what {asset} is worth in USD is unknown; {peg.value}")


def _counted(memory: PegMemory, sent_ms: int, *, changed: bool) -> PegMemory:
    if not changed:
        return replace(memory, count=0, first_ms=0, last_ms=sent_ms)
    first_ms = memory.first_ms if memory.count else sent_ms
    count = memory.count + 1
    if count >= CONFIRMED and sent_ms - first_ms >= (SOUND_MS if memory.broken else BROKEN_MS):
        return PegMemory(broken=not memory.broken, last_ms=sent_ms)
    return PegMemory(broken=memory.broken, count=count, first_ms=first_ms, last_ms=sent_ms)
