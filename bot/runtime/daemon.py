"""The loop: observe, let each hedge take its turn, wait. And the two-stage stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from structlog.typing import FilteringBoundLogger

from bot import logs
from bot.domain.errors import BotError, JournalFault
from bot.domain.ids import Symbol
from bot.domain.plan import Verdict
from bot.ports import Alerts
from bot.runtime.hedger import Hedger, Outcome
from bot.runtime.observer import Observer

IN_FLIGHT_S: Final = 8.0
RESTING_S: Final = 2.0
"""A stop takes at most 10 s: for what is in flight, then for cancelling what rests (DESIGN, Start and stop)."""
ONCE_TURNS_MAX: Final = 60
LOOK_AGAIN_MIN_S: Final = 0.05
UNSETTLED: Final = frozenset({Verdict.CONFIRMING, Verdict.WAITING})
"""A `--once` run goes on while a decision is still being made."""

Show = Callable[[Sequence[Outcome]], None]


class Daemon:
    """Runs until `stop` is called.

    Args:
        interval_s: pause between turns when nothing asks for a closer look.
        show: called after each turn with every hedge's outcome.
    """

    def __init__(
        self,
        *,
        observer: Observer,
        hedgers: Sequence[Hedger],
        alarms: Alerts,
        interval_s: float,
        show: Show,
        logger: FilteringBoundLogger,
    ) -> None:
        self._observer = observer
        self._hedgers = hedgers
        self._alarms = alarms
        self._interval_s = interval_s
        self._show = show
        self._log = logger
        self._stopping = asyncio.Event()
        self._closely: frozenset[Symbol] = frozenset()

    def stop(self) -> None:
        """First stage: send nothing new, finish the turn that is under way, then leave the hedge in place."""
        self._log.info(logs.STOP_REQUESTED)
        self._stopping.set()

    async def run(self) -> None:
        """Take turns until stopped; then cancel what of ours rests."""
        async with asyncio.TaskGroup() as group:
            turns = group.create_task(self._turns())
            await self._stopping.wait()
            _, pending = await asyncio.wait({turns}, timeout=IN_FLIGHT_S)
            if pending:
                turns.cancel()  # the journal knows what was in flight; the next start finds out what became of it
        await self._cancel_resting()
        self._log.info(logs.STOP_COMPLETED)

    async def once(self) -> list[Outcome]:
        """Take turns until every hedge has come to a decision, or has sent one order and accounted for it.

        Returns:
            For each hedge the outcome that says most: the one with the order that was sent, else the last one.
        """
        said: dict[str, Outcome] = {}
        for _ in range(ONCE_TURNS_MAX):
            sent = frozenset(name for name, outcome in said.items() if outcome.sent)
            outcomes = await self._turn(sent)
            for outcome in outcomes:
                name = outcome.plan.view.hedge
                if name not in sent:
                    said[name] = outcome
            settled = all(not o.sent and o.plan.verdict not in UNSETTLED for o in outcomes)
            if settled or self._stopping.is_set():
                break
            await self._pause(outcomes)
        return list(said.values())

    async def _turns(self) -> None:
        while not self._stopping.is_set():
            try:
                outcomes = await self._turn(frozenset())
            except JournalFault as fault:
                # No persist, no send: the turn ended where the journal failed. Try again; nothing is lost.
                self._log.error(logs.JOURNAL_FAILED, reason=fault.message, hint=fault.hint)
                self._alarms.alarm(logs.JOURNAL_FAILED, code="journal", reason=fault.message)
                outcomes = []
            except BotError as fault:
                self._alarms.alarm(logs.TURN_FAILED, code=type(fault).__name__, reason=fault.message, hint=fault.hint)
                outcomes = []
            except Exception as error:  # noqa: BLE001 - the supervisor: a bug must not leave the hedges alone
                self._log.exception(logs.TURN_FAILED, code=type(error).__name__)
                self._alarms.alarm(logs.TURN_FAILED, code=type(error).__name__, reason="a turn failed; see the log")
                outcomes = []
            await self._pause(outcomes)

    async def _turn(self, held: frozenset[str]) -> list[Outcome]:
        observations = await self._observer.observe(self._closely)
        outcomes: list[Outcome] = []
        for hedger in self._hedgers:
            if self._stopping.is_set():
                break
            outcomes.append(await hedger.turn(observations, hold=hedger.policy.name in held))
        self._closely = frozenset(
            o.plan.view.symbol for o in outcomes if o.plan.want_book or (o.plan.order is not None and not o.sent)
        )
        self._show(outcomes)
        return outcomes

    async def _pause(self, outcomes: Sequence[Outcome]) -> None:
        hurry = [o.plan.look_again_s for o in outcomes if o.plan.look_again_s is not None]
        pause_s = min([*map(float, hurry), self._interval_s])
        try:
            async with asyncio.timeout(max(pause_s, LOOK_AGAIN_MIN_S)):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _cancel_resting(self) -> None:
        try:
            async with asyncio.timeout(RESTING_S):
                for hedger in self._hedgers:
                    await hedger.cancel_resting()
        except (TimeoutError, BotError) as fault:
            self._alarms.alarm(logs.STOP_INCOMPLETE, code="resting", reason=f"resting orders may remain: {fault}")
