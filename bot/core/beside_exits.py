"""A spot-perp hedge whose coins an exit sells, or buys back, slice by slice (R11).

What our own confirmed fills took away needs no dwell and no band: the short follows each slice at once, and says by
what it keeps here that it has. The next slice waits for that, so that never more than one is naked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ONE, ZERO, decimal_of, plain

_SOLD: Final = "sold"
_EXPOSURE: Final = "exposure"
_SHORT: Final = "short"
_REST: Final = "rest"
_SINCE: Final = "since_ms"
_FEE_MOST: Final = Decimal("0.01")
"""Coins that a buy may bring less than it filled: its fee is taken in coins on some venues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """Up to which sale the short has followed the exits beside it.

    Attributes:
        sold: coins that exits sold less those they bought, of all time, when the short last matched its coins.
        exposure: coins then.
        short: coins short then.
        rest: coins sold that are less than the contract's step, to be followed with the next ones.
        since_ms: since when a fill is known and not seen in the coins (our clock); None while nothing is missing.
    """

    sold: Decimal
    exposure: Decimal
    short: Decimal
    rest: Decimal = ZERO
    since_ms: int | None = None

    def to_dict(self) -> dict[str, str]:
        """As text, for the journal."""
        kept = {
            _SOLD: plain(self.sold),
            _EXPOSURE: plain(self.exposure),
            _SHORT: plain(self.short),
            _REST: plain(self.rest),
        }
        return kept if self.since_ms is None else kept | {_SINCE: str(self.since_ms)}

    @classmethod
    def from_dict(cls, values: Mapping[str, str]) -> Followed:
        """Read `to_dict` back.

        Raises:
            KeyError: a value is missing.
            ValueError: a value is not of our form.
        """
        since = values.get(_SINCE)
        return cls(
            sold=decimal_of(values[_SOLD]),
            exposure=decimal_of(values[_EXPOSURE]),
            short=decimal_of(values[_SHORT]),
            rest=decimal_of(values.get(_REST, "0")),
            since_ms=None if since is None else int(since),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One reading of a hedge beside exits.

    Attributes:
        sold: net coins that exits had sold when the reading was asked for; None: there is no exit beside.
        exposure, short: in coins.
        ratio: 0..1, wanted short / exposure.
        step: coins of the smallest order that shrinks the short.
        grows: coins of the smallest order that grows it.
        now_ms: our clock.
    """

    sold: Decimal | None
    exposure: Decimal
    short: Decimal
    ratio: Decimal
    step: Decimal
    grows: Decimal
    now_ms: int


def explained(followed: Followed | None, seen: Seen, gap: Decimal) -> Decimal:
    """Coins by which the short is still to shrink since our own confirmed sales took them away (R11); or 0.

    Args:
        followed: what the last decision kept.
        seen: by this reading.
        gap: of the reading, in coins; negative when the short is too large.
    """
    if followed is None or seen.sold is None:
        return ZERO
    return max(min(_owed(followed, seen, seen.sold), -gap), ZERO)


def _owed(followed: Followed, seen: Seen, sold: Decimal) -> Decimal:
    return followed.rest + (sold - followed.sold) * seen.ratio - (followed.short - seen.short)


def follow(followed: Followed | None, seen: Seen, gap: Decimal, *, outside: bool, dwell_s: Decimal) -> Followed | None:
    """Whether the short matches its coins after what the exits have done; carried on by one reading.

    A reading that does not show a fill yet must not pass for one that the short has followed. One that never shows it,
    since other coins came in between, passes after the dwell.

    Args:
        followed: what the last decision kept; None at first.
        seen: by this reading.
        gap: of the reading, in coins.
        outside: the gap asks for an order (R14).
        dwell_s: how long a change must last that nothing explains (R11).
    """
    if seen.sold is None:
        return None
    here = Followed(sold=seen.sold, exposure=seen.exposure, short=seen.short)
    if followed is None:
        return here
    change, owed = seen.sold - followed.sold, _owed(followed, seen, seen.sold)
    rest = min(max(owed, ZERO), max(-gap, ZERO))
    if change == 0:
        return replace(here, rest=min(followed.rest, rest))
    if change > 0 and owed < seen.step:
        return replace(here, rest=rest)
    if gap <= -seen.step or (outside and gap >= seen.grows):
        return replace(followed, since_ms=None)  # the short still has to follow
    least = change if change > 0 else -change * (ONE - _FEE_MOST)
    moved = followed.exposure - seen.exposure if change > 0 else seen.exposure - followed.exposure
    since_ms = seen.now_ms if followed.since_ms is None else min(followed.since_ms, seen.now_ms)
    if moved > least - seen.step or seen.now_ms - since_ms >= int(dwell_s * 1000):
        return here
    return replace(followed, since_ms=since_ms)
