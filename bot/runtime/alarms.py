"""Alarms: told at once, repeated seldom, never dropped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from structlog.typing import FilteringBoundLogger

from bot import logs
from bot.ports import Clock

REPEAT_MS: Final = 5 * 60_000
"""An alarm that goes on is told again this often."""
KEEP_MAX: Final = 1_000
_WHO: Final = ("hedge", "venue", "symbol", "pair", "verdict", "code", "resumed")
_NUMBER: Final = re.compile(r"\d[\d.,:]*")


class LogAlarms:
    """Implements `bot.ports.Alerts` on the log; later ways of telling a person hang on the same event."""

    def __init__(self, clock: Clock, logger: FilteringBoundLogger) -> None:
        self._clock = clock
        self._log = logger
        self._told: dict[tuple[str, str], int] = {}

    def alarm(self, event: str, **values: object) -> None:
        """Tell a person now, unless the same was told within the last five minutes."""
        key = (event, _identity(values))
        now = self._clock.now_ms()
        last = self._told.get(key)
        if last is not None and now - last < REPEAT_MS:
            return
        if len(self._told) >= KEEP_MAX:
            self._told.clear()  # telling twice is better than forgetting
        self._told[key] = now
        self._log.error(logs.ALARM_RAISED, alarm=event, **values)


def _identity(values: Mapping[str, object]) -> str:
    """What makes two alarms the same: who, which kind and why, not the numbers, which move every turn."""
    told = {
        name: values[name]
        for name in ("hedge", "venue", "symbol", "pair", "verdict", "code", "resumed")
        if name in values
    }
    return f"{told}|{_NUMBER.sub('#', str(values.get('reason', '')))}"
