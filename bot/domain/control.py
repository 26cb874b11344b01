"""What a person told the bot to do until told otherwise; kept in the journal, obeyed at the next turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.domain.ids import HedgeName


class ControlKind(StrEnum):
    """What is to be done."""

    PAUSE = "pause"
    """Observe, decide, alarm; send nothing."""
    UNWIND = "unwind"
    """Close the short, reduce-only, and keep it closed."""
    EXIT = "exit"
    """Of a stablecoin hedge: exchange the coins, and stay out until told otherwise."""
    ENTER = "enter"
    """Of a stablecoin hedge: buy the coins back."""


class StopMode(StrEnum):
    """What a stop does with the hedges."""

    KEEP = "keep"
    """Find out what is in flight, cancel what rests, leave the hedge in place."""
    CANCEL = "cancel"
    """Cancel what rests at once and leave; the next start finds out what became of it."""
    FLATTEN = "flatten"
    """Close the shorts first, reduce-only, for a bounded time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One order of a person.

    Attributes:
        hedge: None for every hedge of the journal, also those that are added later.
        who: the user who gave it, as far as known.
        why: in their words; may be empty.
        since_ms: our clock.
    """

    kind: ControlKind
    hedge: HedgeName | None
    who: str
    why: str
    since_ms: int

    def reaches(self, hedge: HedgeName) -> bool:
        """Whether it is meant for this hedge."""
        return self.hedge in {None, hedge}


_HOLDING: Final = frozenset({ControlKind.PAUSE, ControlKind.UNWIND})
_WISHES: Final = frozenset({ControlKind.EXIT, ControlKind.ENTER})


def standing(controls: Sequence[Control], *hedges: HedgeName) -> Control | None:
    """What holds for a hedge: what was said last. None: it runs.

    Args:
        controls: those in force, oldest first.
        hedges: whose turn it is, by every name that it is reached by.
    """
    return _newest(controls, hedges, _HOLDING)


def wished(controls: Sequence[Control], hedge: HedgeName) -> Control | None:
    """Where a person wants a stablecoin hedge to be: what was said last. None: nobody said, its signals decide.

    Args:
        controls: those in force, oldest first.
        hedge: whose turn it is.
    """
    return _newest(controls, (hedge,), _WISHES)


def _newest(controls: Sequence[Control], hedges: Sequence[HedgeName], kinds: frozenset[ControlKind]) -> Control | None:
    reached = (c for c in reversed(controls) if c.kind in kinds and any(map(c.reaches, hedges)))
    return next(reached, None)
