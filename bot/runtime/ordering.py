"""From a planned order to a sent one: the risk gate, the last objections, the executor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from bot.core import guards, risk
from bot.core.observation import stale
from bot.domain.control import Control, ControlKind
from bot.domain.errors import InvariantBroken, VenueBusy
from bot.domain.instrument import Instrument
from bot.domain.intent import IntentRecord, IntentState
from bot.domain.numbers import ZERO
from bot.domain.observation import Position, Prices, Unknown, VenueObservation
from bot.domain.orders import Approved, Refused
from bot.domain.plan import Plan, Verdict
from bot.domain.policy import HedgePolicy
from bot.ports import Clock, Venue
from bot.runtime.executor import Executor, NotSent
from bot.runtime.memory import HedgeMemory
from bot.runtime.reconciled import Reconciled


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What an order rests on.

    Attributes:
        recent: intents of the last hour on the instrument (R24).
        stopping: whether a stop was asked for; then nothing new leaves.
        control, order: what a person told the hedge to do, and the part of it that is not in the journal.
    """

    observed: VenueObservation
    position: Position | Unknown
    reconciled: Reconciled
    recent: Sequence[IntentRecord]
    stopping: Callable[[], bool]
    control: Control | None = None
    order: Control | None = None

    @property
    def unwinding(self) -> bool:
        """Whether the short is closed because a person said so; no halt stands against that."""
        return self.control is not None and self.control.kind is ControlKind.UNWIND


class Ordering:
    """One for each hedge.

    Args:
        executor: None in a dry run: an order is then judged and shown, never sent.
    """

    def __init__(
        self,
        *,
        policy: HedgePolicy,
        instrument: Instrument,
        venue: Venue,
        executor: Executor | None,
        clock: Clock,
        memory: HedgeMemory,
    ) -> None:
        self._policy = policy
        self._instrument = instrument
        self._venue = venue
        self._executor = executor
        self._clock = clock
        self._memory = memory

    async def order(self, plan: Plan, basis: Basis) -> tuple[Plan, IntentRecord | None]:
        """Judge the plan's order and send it, once. Returns the plan as it came to be, and the intent that left.

        Raises:
            JournalFault: something could not be made durable; nothing was sent after it.
        """
        verdict = self._approve(plan, basis)
        if isinstance(verdict, Refused):
            if verdict.halt and self._executor is not None:
                self._memory.halt(verdict.code, verdict.reason)
            refused = replace(
                plan,
                verdict=Verdict.REFUSED,
                reason=f"{plan.reason}; refused: {verdict.reason}",
                order=None,
                gap_after=plan.view.gap,
                want_book=True,
                alarm=True,
                refused=verdict.code,
            )
            return refused, None
        if self._executor is None or basis.reconciled.anchor is None:
            return plan, None
        # The decision's memory is durable before the order, so that a crash after it forgets nothing.
        self._memory.keep()
        still_good = partial(self._objection, basis)
        try:
            sent = await self._executor.execute(
                self._venue, self._policy.name, verdict, basis.reconciled.anchor, still_good=still_good
            )
        except (NotSent, VenueBusy) as kept:
            return replace(plan, verdict=Verdict.WAITING, reason=f"{plan.reason}; {kept.message}", order=None), None
        except InvariantBroken as broken:
            self._memory.halt("invariant", broken.message)
            return replace(plan, verdict=Verdict.HALTED, reason=broken.message, order=None, alarm=True), None
        rejected = sent.state is IntentState.REJECTED
        # A fill is looked for in the position at once; an unknown outcome a moment later.
        again_s = ZERO if sent.filled else self._policy.timing.confirm_s
        reason = f"{plan.reason}; the venue refused it: {sent.detail}" if rejected else plan.reason
        return replace(plan, reason=reason, look_again_s=again_s, alarm=plan.alarm or rejected), sent

    def _objection(self, basis: Basis) -> str:
        """Why an approved order must not leave any more, after it waited for the rate limits; empty when it may."""
        prices, position = basis.observed.prices[self._policy.symbol], basis.position
        assert not isinstance(prices, Unknown)
        assert not isinstance(position, Unknown)
        now_ms, age_max_s = self._clock.now_ms(), self._policy.timing.age_max_s
        if basis.stopping():
            return "the bot is stopping"
        if self._memory.standing(basis.order) != basis.control:
            return "a person paused, resumed or unwound the hedge meanwhile"
        if stale(prices.stamp, now_ms, age_max_s) or stale(position.stamp, now_ms, age_max_s):
            return "the rate limits held it back until its readings were too old"
        return "" if self._venue.has_offset() else "the clock offset is not known any more"

    def _approve(self, plan: Plan, basis: Basis) -> Approved | Refused:
        assert plan.order is not None
        assert isinstance(basis.position, Position)
        assert plan.view.target is not None
        assert plan.view.mark is not None
        symbol, observed = self._policy.symbol, basis.observed
        prices = observed.prices[symbol]
        assert isinstance(prices, Prices)
        now_ms = self._clock.now_ms()
        return risk.approve(
            plan.order,
            policy=self._policy,
            instrument=self._instrument,
            prices=prices,
            mark=plan.view.mark,
            position=basis.position,
            target_contracts=self._instrument.contracts(max(plan.view.target, ZERO), plan.view.mark),
            unfilled=basis.reconciled.unfilled,
            margin=observed.margins.get(symbol, Unknown(what=f"margin {symbol}", reason="it was not read")),
            config=observed.configs.get(symbol, Unknown(what=f"configuration {symbol}", reason="it was not read")),
            clock_ok=self._venue.has_offset(),
            activity=guards.activity(basis.recent, self._instrument, now_ms),
            campaign=self._memory.campaign,
            halted=() if basis.unwinding else self._memory.halts(),
            live=self._executor is not None,
            now_ms=now_ms,
        )
