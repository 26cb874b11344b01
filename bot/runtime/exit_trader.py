"""One stablecoin hedge, one turn: find out what became of its orders, look, decide, keep, send one slice, tell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Final

from structlog.typing import FilteringBoundLogger

from bot import logs
from bot.core.exit_situation import ExitMemory, ExitSituation
from bot.core.observation import stale
from bot.core.stablecoin import decide
from bot.domain.control import Control, standing, wished
from bot.domain.errors import InvariantBroken, VenueBusy, VenueFault
from bot.domain.exits import CrossingRecord, CrossingState, ExitPlan, ExitPolicy, ExitVerdict
from bot.domain.ids import Symbol
from bot.domain.intent import IntentRecord, IntentState
from bot.domain.numbers import ZERO
from bot.domain.trader import TraderOutcome
from bot.ports import Alerts, Halt
from bot.ports.traders import TraderJournal
from bot.runtime.executor import NotSent
from bot.runtime.exit_legs import ExitLegs
from bot.runtime.exit_look import ExitLook, ExitPorts
from bot.runtime.exit_tell import open_crossing, outcome_of

RESOLVE_S: Final = 20.0
"""Finding out what became of orders takes no longer; the next turn goes on with it."""
AFTER_ORDER_S: Final = Decimal("0.5")
"""A fill is looked for so soon."""
STUCK_MS: Final = 600_000
"""A crossing in which nothing fills for so long is told; so is one that can't begin, and a signal that is unknown."""
_HALTING: Final = "invariant"
Said = tuple[Control | None, Control | None]
"""What holds the hedge, and where a person wants it to be."""


class ExitTrader:
    """Takes the turns of one stablecoin hedge; see `bot.ports.Trader`.

    Args:
        legs: None in a dry run (R31): then nothing is sent, and no crossing begins.
        wake: lets the spot-perp hedges look at once, since their coins have changed.
    """

    def __init__(
        self,
        *,
        policy: ExitPolicy,
        interval_s: float,
        ports: ExitPorts,
        look: ExitLook,
        legs: ExitLegs | None,
        outcomes: TraderJournal,
        alarms: Alerts,
        logger: FilteringBoundLogger,
        wake: Callable[[], None],
    ) -> None:
        self.name = policy.name
        self.interval_s = interval_s
        self._policy = policy
        self._ports = ports
        self._look = look
        self._legs = legs
        self._outcomes = outcomes
        self._alarms = alarms
        self._log = logger.bind(hedge=policy.name)
        self._wake = wake
        self._kept = dict(ports.journal.memory(policy.name))
        self._decided = ExitMemory.from_dict(self._kept)
        self._progress_ms = ports.clock.now_ms()

    async def turn(self, *, hold: bool, stopping: Callable[[], bool]) -> TraderOutcome:
        """One turn. Raises JournalFault: something could not be made durable; nothing was sent after it."""
        trouble = "" if self._legs is None else await self._resolve(self._legs)
        said = self._said()  # before the look, so that what a person says meanwhile is looked at anew
        situation = await self._look.read()
        plan, self._decided = decide(situation, self._decided)
        self._keep()
        if trouble:
            plan = replace(plan, reason=f"{plan.reason}; {trouble}")
        sent: IntentRecord | None = None
        if self._legs is not None:
            plan, sent = await self._carry_out(self._legs, plan, situation, said, hold=hold, stopping=stopping)
        return self._told(plan, sent)

    async def cancel_resting(self, *, look: bool) -> None:
        """Cancel what of its orders may still rest. Raises VenueFault, JournalFault."""
        if self._legs is not None:
            await self._legs.cancel_resting(look=look)

    def half_done(self) -> str:
        """An order that is not accounted for, or a short that has not followed the last slice."""
        if self._legs is None:
            return ""
        paired = self._ports.paired
        behind = "" if paired is None else paired.behind(self._ports.clock.now_ms())
        return "; ".join(filter(None, [self._legs.half_done(), behind]))

    async def _resolve(self, legs: ExitLegs) -> str:
        """Find out what became of orders; what could not be found out, in a sentence."""
        before = len(legs.unfinished())
        try:
            async with asyncio.timeout(RESOLVE_S):
                await legs.resolve()
        except TimeoutError:
            return f"the venue did not say what became of its orders within {RESOLVE_S:.0f} s"
        except VenueFault as fault:
            return f"what became of its orders is not known: {fault.message}"
        except InvariantBroken as broken:
            self._halt(broken.message)
        finally:
            if len(legs.unfinished()) < before:
                self._progress_ms = self._ports.clock.now_ms()
                self._wake()  # what filled is to be followed now
        return ""

    async def _carry_out(
        self,
        legs: ExitLegs,
        plan: ExitPlan,
        situation: ExitSituation,
        said: Said,
        *,
        hold: bool,
        stopping: Callable[[], bool],
    ) -> tuple[ExitPlan, IntentRecord | None]:
        """Keep what is to be kept, then send; returns the plan as it came to be."""
        book = self._ports.book
        if plan.write_offs:
            book.write_off(plan.write_offs)
            return replace(plan, look_again_s=ZERO), None
        newest = self._open()
        if plan.end is not None and newest is not None:
            ended = replace(
                newest,
                state=plan.end.state,
                detail=plan.end.detail,
                coins_done=plan.end.coins_done,
                quote_done=plan.end.quote_done,
                updated_ms=self._ports.clock.now_ms(),
            )
            book.end_crossing(ended)
            return replace(plan, look_again_s=ZERO), None
        if plan.order is None or hold:
            return plan, None
        crossing = plan.begin if plan.begin is not None else newest
        if crossing is None:
            raise InvariantBroken(f"{self.name}: an order without a crossing: {plan.reason}")
        still_good = partial(self._objection, situation, plan.order.request.symbol, said, stopping)
        try:
            sent = await legs.send(plan.order, crossing, still_good)
        except (NotSent, VenueBusy) as kept:
            return replace(plan, verdict=ExitVerdict.WAITING, reason=f"{plan.reason}; {kept.message}", order=None), None
        except InvariantBroken as broken:
            self._halt(broken.message)
            return replace(plan, verdict=ExitVerdict.HALTED, reason=broken.message, order=None, alarm=True), None
        if sent.filled:
            self._progress_ms = self._ports.clock.now_ms()
            self._wake()
        rejected = sent.state is IntentState.REJECTED
        reason = f"{plan.reason}; the venue refused it: {sent.detail}" if rejected else plan.reason
        return replace(plan, reason=reason, look_again_s=AFTER_ORDER_S, alarm=plan.alarm or rejected), sent

    def _said(self) -> Said:
        controls = self._ports.journal.controls()
        return standing(controls, self.name), wished(controls, self.name)

    def _objection(self, situation: ExitSituation, market: Symbol, said: Said, stopping: Callable[[], bool]) -> str:
        """Why an approved order must not leave any more, after it waited for the rate limits; empty when it may."""
        if stopping():
            return "the bot is stopping"
        if self._said() != said:
            return "a person said something else meanwhile"
        if others := self._others(market):
            return others
        now_ms, age_max_s = self._ports.clock.now_ms(), self._policy.age_max_s
        books = [at.book for at in (*situation.markets.values(), *situation.swaps.values()) if at.book is not None]
        if any(stale(book.stamp, now_ms, age_max_s) for book in books):
            return "the rate limits held it back until its readings were too old"
        return "" if self._ports.venue.has_offset() else "the clock offset is not known any more"

    def _others(self, market: Symbol) -> str:
        """What another hedge has sent meanwhile, so that an order must wait; empty when nothing."""
        others = self._ports.journal.unfinished(self._policy.venue, market)
        if any(not record.state.terminal for record in others):
            return f"another hedge's order on {market} is not over (R18)"
        paired = self._ports.paired
        if paired is None or not market.startswith(f"{self._policy.asset}/"):
            return ""
        return paired.waiting(self._ports.clock.now_ms())

    def _open(self) -> CrossingRecord | None:
        newest = self._newest()
        return newest if open_crossing(newest) else None

    def _newest(self) -> CrossingRecord | None:
        return next(reversed(self._ports.book.crossings(self.name)), None)

    def _halt(self, reason: str) -> None:
        """Stop until a person looked."""
        self._alarms.alarm(logs.HEDGE_HALTED, hedge=self.name, code=_HALTING, reason=reason)
        markets = sorted({record.intent.request.symbol for record in self._ports.book.unfinished_slices(self.name)})
        self._ports.journal.halt(
            Halt(
                venue=self._policy.venue,
                symbol=markets[0] if markets else self._look.home,
                code=_HALTING,
                reason=reason,
                since_ms=self._ports.clock.now_ms(),
            )
        )

    def _keep(self) -> None:
        """Make what is remembered durable, if it changed; before anything that rests on it is sent."""
        kept = self._decided.to_dict()
        if kept != self._kept:
            self._ports.journal.remember(self.name, kept)
            self._kept = kept

    def _told(self, plan: ExitPlan, sent: IntentRecord | None) -> TraderOutcome:
        now_ms = self._ports.clock.now_ms()
        newest = self._newest()
        under_way = newest is not None and newest.state is CrossingState.OPEN
        if not under_way and plan.verdict is not ExitVerdict.WAITING:
            self._progress_ms = now_ms
        outcome = outcome_of(
            plan,
            newest,
            sent=sent is not None,
            look_again_s=plan.look_again_s,
        )
        self._outcomes.record_outcome(now_ms, outcome)
        self._log.info(logs.EXIT_DECIDED, verdict=outcome.verdict, code=plan.code, reason=outcome.reason)
        reason = "; ".join([outcome.reason, *plan.notes])
        if plan.alarm:
            self._alarms.alarm(logs.EXIT_ALARM, hedge=self.name, code=plan.code, reason=reason)
        if self._legs is not None and now_ms - self._progress_ms >= STUCK_MS:
            stuck = f"nothing was exchanged for {STUCK_MS // 60_000} minutes: {reason}"
            self._alarms.alarm(logs.EXIT_ALARM, hedge=self.name, code="stuck", reason=stuck)
        return outcome
