"""The bars that the signals look at: read from the venue's index in US dollars, and kept in the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from structlog.typing import FilteringBoundLogger

from bot import logs
from bot.core.exit_windows import bar_ms
from bot.core.signals import history_ms
from bot.domain.errors import ConfigFault, VenueFault
from bot.domain.exits import ExitPolicy, SignalKind
from bot.domain.usd import UsdBar
from bot.ports import Clock, ExitJournal, Index

AGAIN_MS: Final = 60_000
"""After a reading that brought nothing new the next one is taken no sooner."""
READ_S: Final = 30.0
"""All pages of one reading take no longer."""
FIRST_S: Final = 10.0
"""The very first reading is waited for, and no longer: prices, pegs and a person's word don't wait for a history."""


class ExitBars:
    """One for each hedge. A reading goes on beside the turns; what it brought is looked at in the turn after it."""

    def __init__(
        self,
        *,
        policy: ExitPolicy,
        index: Index,
        book: ExitJournal,
        clock: Clock,
        logger: FilteringBoundLogger,
    ) -> None:
        self._policy = policy
        self._index = index
        self._book = book
        self._clock = clock
        self._log = logger
        self._asked_ms = 0
        self._asking: asyncio.Task[Sequence[UsdBar] | None] | None = None
        self._whole = False
        longest = history_ms(policy)
        self.bar_ms = bar_ms(longest)
        self._back_ms = longest + 2 * self.bar_ms

    async def read(self) -> Sequence[UsdBar]:
        """What is kept, with what has ended since. A reading that fails adds nothing. Raises JournalFault."""
        if not self._policy.signals or all(rule.kind is SignalKind.PRICE for rule in self._policy.signals):
            return ()
        now_ms = self._clock.now_ms()
        since_ms = (now_ms - self._back_ms) // self.bar_ms * self.bar_ms
        self._keep()
        kept = self._book.bars(self._policy.asset, self.bar_ms, since_ms)
        newest_ms = kept[-1].open_ms + self.bar_ms if kept else since_ms
        if not self._whole and (not kept or kept[0].open_ms > since_ms):
            newest_ms = since_ms  # a window that became longer, or bars that the venue lacked
        early = now_ms < newest_ms + self.bar_ms or now_ms - self._asked_ms < AGAIN_MS
        if early or self._asking is not None:
            return kept
        first = self._asked_ms == 0
        self._asked_ms = now_ms
        self._asking = asyncio.get_running_loop().create_task(self._ask(newest_ms))
        if not first:
            return kept
        await asyncio.wait({self._asking}, timeout=FIRST_S)
        self._keep()
        return self._book.bars(self._policy.asset, self.bar_ms, since_ms)

    def _keep(self) -> None:
        """Keep what a reading has brought, if one has ended. Raises JournalFault."""
        asking = self._asking
        if asking is None or not asking.done():
            return
        self._asking = None
        read = None if asking.cancelled() else asking.result()
        if read is not None:
            self._whole = True  # what the venue has not is not asked for again before the next start
            self._book.keep_bars(self._policy.asset, self.bar_ms, read, drop_before_ms=0)

    async def _ask(self, since_ms: int) -> Sequence[UsdBar] | None:
        try:
            async with asyncio.timeout(READ_S):
                return await self._index.usd_bars(self._policy.asset, since_ms, self.bar_ms)
        except (VenueFault, ConfigFault, TimeoutError) as fault:
            reason = str(fault) or f"no answer in {READ_S:.0f} s"
            self._log.warning(logs.BARS_UNREAD, asset=self._policy.asset, reason=reason)
            return None
