"""The venue's own switch for a bot that falls silent: it cancels what rests, never a position (DESIGN, 7)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from structlog.typing import FilteringBoundLogger

from bot import logs
from bot.domain.errors import NotOffered, VenueFault
from bot.domain.ids import Symbol, VenueName
from bot.ports import Alerts, Clock, Treasury

CALL_S: Final = 2.0
"""A switch must not hold up the turn that it watches."""


class DeadMan:
    """One for each venue that has it switched on.

    Args:
        symbols: the contracts of the hedges there. The venue also cancels the user's own orders on them, on OKX those
            of the whole account.
        seconds: of silence, after which the venue cancels.
    """

    def __init__(
        self,
        *,
        name: VenueName,
        treasury: Treasury,
        symbols: Sequence[Symbol],
        seconds: int,
        clock: Clock,
        alarms: Alerts,
        logger: FilteringBoundLogger,
    ) -> None:
        self._name = name
        self._treasury = treasury
        self._symbols = symbols
        self._seconds = seconds
        self._clock = clock
        self._alarms = alarms
        self._log = logger
        self._renewed_ms: int | None = None
        self._offered = True

    async def renew(self) -> None:
        """Tell the venue that we are there, when a third of the time has passed; never raises a VenueFault."""
        now_ms = self._clock.now_ms()
        fresh = self._renewed_ms is not None and now_ms - self._renewed_ms < self._seconds * 1000 // 3
        if self._offered and not fresh and await self._set(self._seconds):
            self._renewed_ms = now_ms

    async def disarm(self) -> None:
        """An orderly stop: nothing is to be cancelled by it."""
        if self._renewed_ms is not None and await self._set(0):
            self._renewed_ms = None

    async def _set(self, seconds: int) -> bool:
        try:
            async with asyncio.timeout(CALL_S):
                for symbol in self._symbols:
                    await self._treasury.dead_man(symbol, seconds)
        except NotOffered as fault:
            self._offered = False
            self._log.warning(logs.DEAD_MAN_FAILED, venue=self._name, reason=fault.message)
            return False
        except (VenueFault, TimeoutError) as fault:
            reason = fault.message if isinstance(fault, VenueFault) else f"no answer within {CALL_S:g} s"
            self._log.warning(logs.DEAD_MAN_FAILED, venue=self._name, reason=reason)
            self._alarms.alarm(
                logs.DEAD_MAN_FAILED, venue=self._name, reason=f"the dead-man's switch could not be set: {reason}"
            )
            return False
        return True
