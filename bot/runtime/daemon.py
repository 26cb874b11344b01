"""The loop: observe, let each hedge take its turn, wait. And the two-stage stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from decimal import Decimal
from functools import partial
from typing import Final

from structlog.typing import FilteringBoundLogger

from bot import logs
from bot.domain.control import StopMode
from bot.domain.errors import BotError, JournalFault
from bot.domain.ids import Symbol, VenueName
from bot.domain.plan import Verdict
from bot.domain.trader import TraderOutcome
from bot.ports import Alerts
from bot.runtime.dead_man import DeadMan
from bot.runtime.hedger import Hedger, Outcome
from bot.runtime.observer import Observer
from bot.runtime.pauses import within
from bot.runtime.streams import Streams
from bot.runtime.traders import Traders

IN_FLIGHT_S: Final = 8.0
RESTING_S: Final = 2.0
"""A stop takes at most 10 s: for what is in flight, then for cancelling what rests (DESIGN, Start and stop)."""
ONCE_TURNS_MAX: Final = 60
LOOK_AGAIN_MIN_S: Final = 0.05
BESIDE_AGAIN_S: Final = 60.0
HINT_MIN_S: Final = 0.25
"""However many hints come, a turn follows the one before no sooner."""
UNSETTLED: Final = frozenset({Verdict.CONFIRMING, Verdict.WAITING})
"""A `--once` run goes on while a decision is still being made."""
UNDECIDED: Final = UNSETTLED | {Verdict.HALTED, Verdict.FROZEN}
SLOW_S: Final = 20.0
FLATTEN_S: Final = 60.0
"""A stop closes the shorts for so long at most; what is left then stays."""
_CLOSED: Final = frozenset({Verdict.UNWOUND, Verdict.PAUSED})

Beside = Callable[[], Coroutine[None, None, None]]
Show = Callable[[Sequence[Outcome]], None]


class Daemon:
    """Runs until `stop` is called.

    Args:
        interval_s: pause between turns when nothing asks for a closer look.
        show: called after each turn with every hedge's outcome.
        streams: say when a turn is worth its calls before the interval is over; None: there are none.
        beside: what runs as long as the turns do, and is cancelled with them, such as the reading of feeds.
        on_stop: what a stop does with the hedges; not asked when nobody stops it.
        dead_men: switches that are renewed with each turn.
        traders: hedges without a perpetual, which take their turns by themselves; None: there are none.
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
        streams: Streams | None = None,
        beside: Sequence[Beside] = (),
        on_stop: StopMode = StopMode.KEEP,
        dead_men: Sequence[DeadMan] = (),
        traders: Traders | None = None,
    ) -> None:
        self._observer = observer
        self._hedgers = hedgers
        self._alarms = alarms
        self._interval_s = interval_s
        self._show = show
        self._log = logger
        self._streams = streams
        self._beside = beside
        self._on_stop = on_stop
        self._dead_men = dead_men
        self._traders = traders
        self._stopping = asyncio.Event()
        self._look = asyncio.Event()  # a hint came, or a stop was asked for
        self._closely: frozenset[Symbol] = frozenset()
        self._said: dict[str, Outcome] = {}
        self._last: list[Outcome] = []

    def stop(self) -> None:
        """First stage: send nothing new, finish the turn that is under way, then do what `on_stop` says."""
        self._log.info(logs.STOP_REQUESTED)
        self._stopping.set()
        if self._traders is not None:
            self._traders.stop()
        self._look.set()

    def look(self) -> None:
        """Take the next turn now rather than when the interval is over, as a stream's hint does."""
        self._look.set()

    async def run(self, *, once: bool = False) -> list[Outcome]:
        """Take turns until stopped, or with `once` until every hedge has decided; then leave as `on_stop` says.

        Returns:
            With `once`: for each hedge the outcome that says most, the one with the order that was sent, else the
            last one. See also `stuck`.
        """
        async with asyncio.TaskGroup() as group:
            turns = set()
            if self._hedgers:
                turns.add(group.create_task(self._once() if once else self._turns()))
            if self._traders is not None:
                turns.add(group.create_task(self._traders.run(once=once)))
            stopping = group.create_task(self._stopping.wait())
            besides = [group.create_task(self._alongside(beside)) for beside in self._beside]
            if self._streams is not None and not once:
                listen = partial(self._streams.run, self._look.set)
                besides.append(group.create_task(self._alongside(listen)))
            while turns and not stopping.done():
                _, left = await asyncio.wait({*turns, stopping}, return_when=asyncio.FIRST_COMPLETED)
                turns &= left
            if turns:
                await asyncio.wait(turns, timeout=0 if self._on_stop is StopMode.CANCEL else IN_FLIGHT_S)
            # The journal knows what was in flight; the next start finds out what became of it.
            for task in (*turns, stopping, *besides):
                task.cancel()
        await self._leave(self._on_stop if self._stopping.is_set() else StopMode.KEEP)
        self._log.info(logs.STOP_COMPLETED)
        return list(self._said.values())

    @property
    def trader_outcomes(self) -> list[TraderOutcome]:
        """With `once`: what each hedge without a perpetual came to."""
        return [] if self._traders is None else self._traders.outcomes

    @property
    def stuck(self) -> bool:
        """Whether some hedge ended its last turn without a decision: halted, frozen, or still waiting."""
        verdicts = [outcome.plan.verdict for outcome in self._last]
        missing = len(verdicts) < len(self._hedgers)
        return missing or not UNDECIDED.isdisjoint(verdicts) or (self._traders is not None and self._traders.stuck)

    async def _alongside(self, run: Beside) -> None:
        """What runs beside the turns must not end them; what fails is begun anew."""
        while not self._stopping.is_set():
            try:
                await run()
            except Exception as error:  # noqa: BLE001 - the supervisor: the turns go on without it
                self._failed(error)
                await within(self._stopping, BESIDE_AGAIN_S)
            else:
                return

    async def _once(self) -> None:
        for _ in range(ONCE_TURNS_MAX):
            sent = frozenset(name for name, outcome in self._said.items() if outcome.sent)
            outcomes = await self._turn(sent)
            self._said |= {o.plan.view.hedge: o for o in outcomes if o.plan.view.hedge not in sent}
            settled = all(not o.sent and o.plan.verdict not in UNSETTLED for o in outcomes)
            if settled or self._stopping.is_set():
                break
            await self._pause(outcomes)

    async def _turns(self) -> None:
        while not self._stopping.is_set() or self._following:
            outcomes = await self._turn_or_alarm(flatten=False)
            if self._following:
                await within(asyncio.Event(), HINT_MIN_S)
            else:
                await self._pause(outcomes)

    @property
    def _following(self) -> bool:
        """A stop was asked for, and a short has still to follow the last slice of its coins that was sold."""
        return self._stopping.is_set() and self._traders is not None and self._traders.under_way

    async def _turn_or_alarm(self, *, flatten: bool) -> list[Outcome]:
        """One turn, whatever happens in it."""
        try:
            return await self._turn(frozenset(), flatten=flatten)
        except JournalFault as fault:
            # No persist, no send: the turn ended where the journal failed. Try again; nothing is lost.
            self._log.error(logs.JOURNAL_FAILED, reason=fault.message, hint=fault.hint)
            self._alarms.alarm(logs.JOURNAL_FAILED, code="journal", reason=fault.message, hint=fault.hint)
        except Exception as error:  # noqa: BLE001 - the supervisor: a bug must not leave the hedges alone
            self._failed(error)
        return []

    async def _turn(self, held: frozenset[str], *, flatten: bool = False) -> list[Outcome]:
        following = self._following
        stopping = self._goes_on if flatten or following else self._stopping.is_set
        if not self._stopping.is_set():
            self._look.clear()  # what was hinted at so far is in the reading that begins now
        slow = asyncio.get_running_loop().call_later(SLOW_S, self._slow)
        outcomes: list[Outcome] = []
        marks: dict[tuple[VenueName, Symbol], Decimal | None] = {
            (hedger.policy.venue, hedger.policy.symbol): None for hedger in self._hedgers
        }
        try:
            observations, _ = await asyncio.gather(self._observer.observe(self._closely), self._renew())
            for hedger in self._hedgers:
                if stopping():
                    break
                try:
                    hold = hedger.policy.name in held or (following and not hedger.follows)
                    outcome = await hedger.turn(observations, hold=hold, stopping=stopping, flatten=flatten)
                except JournalFault:
                    raise
                except Exception as error:  # noqa: BLE001 - the supervisor: one hedge must not starve the others
                    self._failed(error, hedge=hedger.policy.name)
                else:
                    outcomes.append(outcome)
                    marks[hedger.policy.venue, hedger.policy.symbol] = outcome.plan.view.mark
        finally:
            slow.cancel()
            if self._streams is not None:
                self._streams.turned(marks)  # also where nothing came of it: a stream must not ask for it ever again
        self._closely = frozenset(
            o.plan.view.symbol for o in outcomes if o.plan.want_book or (o.plan.order is not None and not o.sent)
        )
        self._last = outcomes
        self._show(outcomes)
        return outcomes

    async def _renew(self) -> None:
        for dead_man in self._dead_men:
            await dead_man.renew()

    def _failed(self, error: Exception, **whose: str) -> None:
        self._log.error(logs.TURN_FAILED, code=type(error).__name__, exc_info=error, **whose)
        reason = error.message if isinstance(error, BotError) else "a turn failed; see the log"
        self._alarms.alarm(logs.TURN_FAILED, code=type(error).__name__, reason=reason, **whose)

    def _slow(self) -> None:
        self._alarms.alarm(
            logs.TURN_SLOW, code="slow", reason=f"a turn takes longer than {SLOW_S:.0f} s: the hedges are not watched"
        )

    async def _pause(self, outcomes: Sequence[Outcome]) -> None:
        pause_s = self._pause_s(outcomes)
        nearest_s = min(HINT_MIN_S, pause_s)
        await within(self._stopping, nearest_s)
        if pause_s > nearest_s:
            await within(self._look, pause_s - nearest_s)

    def _pause_s(self, outcomes: Sequence[Outcome]) -> float:
        hurry = [o.plan.look_again_s for o in outcomes if o.plan.look_again_s is not None]
        return max(min([*map(float, hurry), self._interval_s]), LOOK_AGAIN_MIN_S)

    async def _leave(self, mode: StopMode) -> None:
        if mode is StopMode.FLATTEN:
            await self._flatten()
        self._tell_half_done()
        if await self._cancel_resting(look=mode is not StopMode.CANCEL):
            # Else the venue shall cancel what may still rest, once nobody renews the switch.
            for dead_man in self._dead_men:
                await dead_man.disarm()

    async def _flatten(self) -> None:
        """Close the shorts, reduce-only; what takes too long stays, and the journal knows it."""
        outcomes: list[Outcome] = []
        try:
            async with asyncio.timeout(FLATTEN_S):
                while len(outcomes) < len(self._hedgers) or any(o.plan.verdict not in _CLOSED for o in outcomes):
                    outcomes = await self._turn_or_alarm(flatten=True)
                    await within(asyncio.Event(), self._pause_s(outcomes))
        except TimeoutError:
            closed = {o.plan.view.hedge for o in self._last if o.plan.verdict in _CLOSED}
            left = ", ".join(hedger.policy.name for hedger in self._hedgers if hedger.policy.name not in closed)
            reason = f"not closed within {FLATTEN_S:.0f} s, and left as it is: {left}"
            self._alarms.alarm(logs.STOP_INCOMPLETE, code="flatten", reason=reason)

    def _tell_half_done(self) -> None:
        """Half of a reduction must not stay behind in silence; the next start goes on with it."""
        for hedger in self._hedgers:
            try:
                left = hedger.half_done()
            except JournalFault as fault:
                left = f"whether a reduction is under way is not known: {fault.message}"
            if left:
                hedge = hedger.policy.name
                self._alarms.alarm(logs.STOP_INCOMPLETE, code="reduction", hedge=hedge, reason=f"{hedge}: {left}")

    @staticmethod
    def _goes_on() -> bool:
        """A turn that closes before a stop is not stopped by it; a second signal ends the process."""
        return False

    async def _cancel_resting(self, *, look: bool) -> bool:
        """Returns whether nothing of ours can rest any more."""
        try:
            async with asyncio.timeout(RESTING_S):
                for hedger in self._hedgers:
                    await hedger.cancel_resting(look=look)
                if self._traders is not None:
                    await self._traders.leave(look=look)
        except (TimeoutError, BotError) as fault:
            self._alarms.alarm(logs.STOP_INCOMPLETE, code="resting", reason=f"resting orders may remain: {fault}")
            return False
        return True
