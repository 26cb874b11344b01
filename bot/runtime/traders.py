"""Takes the turns of the hedges without a perpetual, each in a loop of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from structlog.typing import FilteringBoundLogger

from bot import logs
from bot.domain.errors import BotError, JournalFault
from bot.domain.ids import HedgeName
from bot.domain.trader import TraderOutcome, with_end
from bot.ports import Alerts, Trader
from bot.runtime.pauses import within

ONCE_TURNS_MAX: Final = 120
SLOW_S: Final = 20.0
"""A turn that takes longer is told."""
TURN_MAX_S: Final = 120.0
"""A turn that takes longer is given up, as by a crash: the next one finds in the journal what was in flight."""
PAUSE_MIN_S: Final = 0.05
FAILED_S: Final = 5.0
"""After a turn that failed the next one is taken no sooner."""

ShowTrader = Callable[[TraderOutcome], None]


class Traders:
    """All of them. One that is slow or fails holds up no other, nor the spot-perp hedges.

    Args:
        show: called after each turn.
    """

    def __init__(
        self, traders: Sequence[Trader], *, alarms: Alerts, show: ShowTrader, logger: FilteringBoundLogger
    ) -> None:
        self._traders = traders
        self._alarms = alarms
        self._show = show
        self._log = logger
        self._stopping = asyncio.Event()
        self._last: dict[HedgeName, TraderOutcome] = {}
        self._said: dict[HedgeName, TraderOutcome] = {}

    def stop(self) -> None:
        """Begin nothing new; what is under way goes on to its end, or until `run` is cancelled."""
        self._stopping.set()

    async def run(self, *, once: bool = False) -> None:
        """Take turns until stopped and nothing is under way, or with `once` until every hedge has decided."""
        await asyncio.gather(*(self._once(trader) if once else self._turns(trader) for trader in self._traders))

    @property
    def under_way(self) -> bool:
        """Whether something is under way that should not be left by half."""
        return any(self._under_way(trader) for trader in self._traders)

    @property
    def outcomes(self) -> list[TraderOutcome]:
        """With `once`: for each hedge the last decision, or the one that sent with what came of it."""
        return [self._said[trader.name] for trader in self._traders if trader.name in self._said]

    @property
    def stuck(self) -> bool:
        """Whether some hedge ended its last turn without a decision."""
        last = [self._last.get(trader.name) for trader in self._traders]
        return any(outcome is None or outcome.stuck for outcome in last)

    async def leave(self, *, look: bool) -> None:
        """Cancel what rests, and tell what is left by half. Raises BotError."""
        for trader in self._traders:
            try:
                left = trader.half_done()
            except JournalFault as fault:
                left = f"whether a trade is under way is not known: {fault.message}"
            if left:
                reason = f"{trader.name}: {left}"
                self._alarms.alarm(logs.STOP_INCOMPLETE, code="trade", hedge=trader.name, reason=reason)
        for trader in self._traders:
            await trader.cancel_resting(look=look)

    async def _turns(self, trader: Trader) -> None:
        while not self._stopping.is_set() or self._under_way(trader):
            outcome = await self._turn_or_alarm(trader, hold=False)
            # A stop wakes who waits; what is under way then goes on at its own pace.
            waking = asyncio.Event() if self._stopping.is_set() else self._stopping
            await within(waking, _pause_s(trader, outcome))

    async def _once(self, trader: Trader) -> None:
        sent = False
        for _ in range(ONCE_TURNS_MAX):
            outcome = await self._turn_or_alarm(trader, hold=sent)
            if outcome is not None:
                self._said[trader.name] = with_end(self._said[trader.name], outcome) if sent else outcome
                sent = sent or outcome.sent
            settled = outcome is not None and outcome.settled and not outcome.sent
            if (settled or self._stopping.is_set()) and not self._under_way(trader):
                break
            await within(self._stopping, _pause_s(trader, outcome))

    def _under_way(self, trader: Trader) -> bool:
        try:
            return bool(trader.half_done())
        except JournalFault:
            return False  # nothing can be sent without it

    async def _turn_or_alarm(self, trader: Trader, *, hold: bool) -> TraderOutcome | None:
        """One turn, whatever happens in it; None when it failed."""
        slow = asyncio.get_running_loop().call_later(SLOW_S, self._slow, trader.name)
        try:
            async with asyncio.timeout(TURN_MAX_S):
                outcome = await trader.turn(hold=hold, stopping=self._stopping.is_set)
        except JournalFault as fault:
            self._log.error(logs.JOURNAL_FAILED, hedge=trader.name, reason=fault.message, hint=fault.hint)
            self._alarms.alarm(logs.JOURNAL_FAILED, code="journal", reason=fault.message, hint=fault.hint)
            return None
        except Exception as error:  # noqa: BLE001 - the supervisor: a bug must not leave the hedges alone
            self._log.error(logs.TURN_FAILED, hedge=trader.name, code=type(error).__name__, exc_info=error)
            reason = error.message if isinstance(error, BotError) else "a turn failed; see the log"
            self._alarms.alarm(logs.TURN_FAILED, hedge=trader.name, code=type(error).__name__, reason=reason)
            return None
        finally:
            slow.cancel()
        self._last[trader.name] = outcome
        self._show(outcome)
        return outcome

    def _slow(self, name: HedgeName) -> None:
        reason = f"a turn of {name} takes longer than {SLOW_S:.0f} s"
        self._alarms.alarm(logs.TURN_SLOW, hedge=name, code="slow", reason=reason)


def _pause_s(trader: Trader, outcome: TraderOutcome | None) -> float:
    if outcome is None:
        return max(FAILED_S, trader.interval_s)
    asked = trader.interval_s if outcome.look_again_s is None else float(outcome.look_again_s)
    return max(asked, PAUSE_MIN_S)
