"""What the hedges without a perpetual are made of, whatever their kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.app.venues import Gateway
from bot.domain.ids import Epoch, VenueName
from bot.domain.policy import HedgePolicy
from bot.journal.store import SqlJournal
from bot.ports import Alerts, Clock
from bot.runtime.executor import Executor
from bot.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class TraderParts:
    """What traders are made of.

    Attributes:
        hedges: the spot-perp hedges beside them.
        executor: None in a dry run (R31).
        wake: lets the spot-perp hedges look at once.
    """

    settings: Settings
    hedges: Sequence[HedgePolicy]
    venues: Mapping[VenueName, Gateway]
    journal: SqlJournal
    executor: Executor | None
    epoch: Epoch
    clock: Clock
    alarms: Alerts
    wake: Callable[[], None]


class Waker:
    """Wakes a loop that is made after those who wake it."""

    def __init__(self) -> None:
        self._look: Callable[[], None] | None = None

    def wakes(self, look: Callable[[], None]) -> None:
        """From now on."""
        self._look = look

    def __call__(self) -> None:
        """Let it look at once."""
        if self._look is not None:
            self._look()
