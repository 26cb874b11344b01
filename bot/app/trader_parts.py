"""What the hedges without a perpetual are made of, whatever their kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.app.venues import Gateway
from bot.domain.ids import Epoch, VenueName
from bot.journal.store import SqlJournal
from bot.ports import Alerts, Clock
from bot.runtime.executor import Executor
from bot.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class TraderParts:
    """What traders are made of.

    Attributes:
        executor: None in a dry run (R31).
    """

    settings: Settings
    venues: Mapping[VenueName, Gateway]
    journal: SqlJournal
    executor: Executor | None
    epoch: Epoch
    clock: Clock
    alarms: Alerts
