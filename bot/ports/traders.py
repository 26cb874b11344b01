"""What hedges without a perpetual, traders for short, are to the loop, and what they need of the journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from bot.domain.ids import HedgeName
from bot.domain.trader import TraderOutcome


class Trader(Protocol):
    """One hedge that takes its turns beside those of the spot-perp hedges, at a pace of its own."""

    name: HedgeName
    interval_s: float
    """Between two turns, when nothing asks for a closer look."""

    async def turn(self, *, hold: bool, stopping: Callable[[], bool]) -> TraderOutcome:
        """Look, decide, act, remember. May be cancelled at any await: the journal then knows what was in flight.

        A venue that does not answer costs the turn its sense, not its end: every read has a time limit.

        Args:
            hold: decide, and begin nothing new.
            stopping: whether a stop was asked for; then only what is under way is brought to its end.

        Raises:
            JournalFault: something could not be made durable; nothing was sent after it.
        """
        ...

    async def cancel_resting(self, *, look: bool) -> None:
        """Cancel what of its orders may still rest, for the shutdown; with `look`, read what became of it.

        Raises BotError.
        """
        ...

    def half_done(self) -> str:
        """What is under way and should not be left by half; empty when nothing is. Raises JournalFault."""
        ...


class TraderJournal(Protocol):
    """The same journal as `bot.ports.Journal`."""

    def record_outcome(self, now_ms: int, outcome: TraderOutcome) -> None:
        """Keep what a turn came to; thinned like decisions, by `TraderOutcome.same`. Raises JournalFault."""
        ...
