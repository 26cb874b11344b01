"""One hedge, one turn: account, decide, approve, execute, remember."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from structlog.typing import FilteringBoundLogger

from bot import logs
from bot.core import units
from bot.core.funding import INTERVAL_MS
from bot.core.retries import backoff_until_ms, unfilled_tries
from bot.core.situation import Situation
from bot.core.spot_perp import decide
from bot.domain.control import Control, ControlKind, StopMode
from bot.domain.errors import JournalFault
from bot.domain.ids import VenueName
from bot.domain.instrument import Instrument
from bot.domain.intent import IntentRecord
from bot.domain.observation import Holding, Position, SymbolConfig, Unknown, VenueObservation
from bot.domain.plan import Plan, Verdict
from bot.domain.policy import HedgePolicy
from bot.ports import Alerts, Clock, Feeds, Journal, Venue
from bot.runtime.beside_exits import Sold
from bot.runtime.canonical import numbers
from bot.runtime.executor import Executor
from bot.runtime.funding import FundingWatch
from bot.runtime.ladder import Ladder
from bot.runtime.ladder_look import look_of
from bot.runtime.legs import Leg
from bot.runtime.memory import HedgeMemory
from bot.runtime.observer import holdings_of
from bot.runtime.ordering import Basis, Ordering
from bot.runtime.reconciled import Reconciled
from bot.runtime.reconciler import Reconciler
from bot.runtime.stuck import Stuck

HOUR_MS: Final = 3_600_000
_ALARMING: Final = frozenset({Verdict.FROZEN, Verdict.HALTED, Verdict.REFUSED, Verdict.NO_MARGIN})


Holdings = tuple[Holding | Unknown, ...]
Beside = Callable[[Holdings, int], Holdings]
"""From holdings, and our time in ms, to the holdings that the hedge follows. Raises JournalFault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one turn of one hedge came to. `sent` is the intent of the order that left, if one did."""

    plan: Plan
    sent: IntentRecord | None = None


class Hedger:
    """Takes one hedge's turns.

    Args:
        executor: None in a dry run (R31): then nothing is reconciled, sent, capped or halted.
        not_before_ms: no order before this time (fresh journal).
        feeds: numbers from outside; None when no holding names one.
        ladder: makes what watches the margin (R27); None: nothing does.
        funding: knows what the short paid; None: nothing does.
        leg: knows what the hedge's other leg does; None when it has one leg.
        sold: knows what exits sold of the hedge's coins; None: there is no exit beside it.
        beside: takes what trades of other hedges under way did to the holdings out of them; None: there are none.
    """

    def __init__(
        self,
        *,
        policy: HedgePolicy,
        instrument: Instrument,
        venue: Venue,
        journal: Journal,
        executor: Executor | None,
        clock: Clock,
        alarms: Alerts,
        logger: FilteringBoundLogger,
        not_before_ms: int = 0,
        feeds: Feeds | None = None,
        ladder: Callable[[HedgeMemory], Ladder] | None = None,
        funding: FundingWatch | None = None,
        leg: Leg | None = None,
        sold: Sold | None = None,
        beside: Beside | None = None,
    ) -> None:
        self.policy = policy
        self.instrument = instrument
        self._journal = journal
        self._live = executor is not None
        self._clock = clock
        self._log = logger.bind(hedge=policy.name)
        self._memory = HedgeMemory(
            policy=policy,
            instrument=instrument,
            journal=journal,
            clock=clock,
            alarms=alarms,
            logger=self._log,
            live=self._live,
        )
        self._reconciler = Reconciler(
            venue=venue,
            instrument=instrument,
            journal=journal,
            clock=clock,
            timing=policy.timing,
            logger=self._log,
            consequence=self._memory.consequence,
        )
        self._ordering = Ordering(
            policy=policy, instrument=instrument, venue=venue, executor=executor, clock=clock, memory=self._memory
        )
        self._ladder = None if ladder is None else ladder(self._memory)
        self._not_before_ms = not_before_ms
        self._feeds = feeds
        self._funding = funding
        self._leg = leg
        self._sold = sold
        self._beside = beside
        self._stuck = Stuck(policy.timing.dwell_s)
        self._flattening: Control | None = None

    @property
    def follows(self) -> bool:
        """Whether an exit beside it sells its coins."""
        return self._sold is not None

    async def turn(
        self,
        observations: Mapping[VenueName, VenueObservation],
        *,
        hold: bool = False,
        stopping: Callable[[], bool] = lambda: False,
        flatten: bool = False,
    ) -> Outcome:
        """Decide on one reading of all venues and act on it.

        Args:
            observations: one complete reading of every venue.
            hold: account and decide, but send nothing.
            stopping: whether a stop was asked for; then nothing new leaves.
            flatten: close the short before a stop, unless a person paused the hedge; the next start hedges again.

        Raises:
            JournalFault: something could not be made durable; nothing was sent after it.
        """
        if self._leg is not None:
            self._leg.begin()
        observed = observations[self.policy.venue]
        symbol = self.policy.symbol
        position = observed.positions.get(symbol, Unknown(what=f"position {symbol}", reason="it was not read"))
        position = self._units_hold(position)
        order = self._flattened() if flatten else None
        if self._funding is not None:
            self._funding.seen(position, observed.prices.get(symbol))
        control = self._memory.standing(order)
        self._memory.begin(control)
        reconciled = await self._reconcile(position)
        recent = self._recent()
        situation = replace(self._situation(observations, position, reconciled, recent), control=control)
        if self._leg is not None:
            situation = self._leg.share(situation, observations)
        engaged = None
        if self._ladder is not None:
            settling = situation.now_ms < self._not_before_ms
            look = look_of(situation, observed, reconciled, recent, hold=hold, settling=settling, stopping=stopping)
            engaged = await self._ladder.turn(look)
        if engaged is not None:
            situation = replace(situation, waiting=situation.waiting or engaged.reason)
        plan, self._memory.decided = decide(situation, self._memory.decided)
        if engaged is not None:
            plan = replace(plan, look_again_s=engaged.again_s, want_book=True)
        elif not reconciled.waiting and isinstance(position, Position):
            self._memory.confirmed(plan, position)
        sent: IntentRecord | None = None
        if plan.order is not None and not hold:
            basis = Basis(
                observed=observed,
                position=position,
                reconciled=reconciled,
                recent=recent,
                stopping=stopping,
                control=control,
                order=order,
            )
            plan, sent = await self._ordering.order(plan, basis)
        if self._leg is not None:
            plan = self._leg.taken(plan, sent, observations)
        plan = replace(plan, reason=logs.redact(plan.reason))  # a venue's words may be in it; it is kept and shown
        self._record(plan, sent, hold=hold)
        return Outcome(plan=plan, sent=sent)

    async def cancel_resting(self, *, look: bool) -> None:
        """Part of the shutdown: see `Resolver.cancel_resting`."""
        await self._reconciler.cancel_resting(look=look)

    def half_done(self) -> str:
        """What a reduction that a stop ends leaves by half; empty when nothing. Raises JournalFault."""
        return "" if self._ladder is None else self._ladder.half_done()

    def _flattened(self) -> Control:
        """The one order to close before a stop; told once, so that its turns are one job."""
        if self._flattening is None:
            now_ms = self._clock.now_ms()
            why = f"on_stop = {StopMode.FLATTEN.value}"
            self._flattening = Control(
                kind=ControlKind.UNWIND, hedge=self.policy.name, who="", why=why, since_ms=now_ms
            )
        return self._flattening

    def _units_hold(self, position: Position | Unknown) -> Position | Unknown:
        """R7: the venue's own value of the position must agree with our units, or the position means nothing."""
        if isinstance(position, Unknown) or position.raw_notional is None or position.mark_price is None:
            return position
        mismatch = units.check_notional(self.instrument, position.contracts, position.mark_price, position.raw_notional)
        return Unknown(what=f"position {position.symbol}", reason=mismatch) if mismatch else position

    async def _reconcile(self, position: Position | Unknown) -> Reconciled:
        if not self._live:
            return Reconciled(anchor=None, waiting="", unfilled=())
        before = self._memory.snapshot()
        try:
            reconciled = await self._reconciler.reconcile(position)
        except JournalFault:
            self._memory.restore(before)
            raise
        if reconciled.broken:
            self._memory.halt("invariant", reconciled.broken)
        return reconciled

    def _situation(
        self,
        observations: Mapping[VenueName, VenueObservation],
        position: Position | Unknown,
        reconciled: Reconciled,
        recent: list[IntentRecord],
    ) -> Situation:
        symbol = self.policy.symbol
        observed = observations[self.policy.venue]
        now_ms = self._clock.now_ms()
        config = observed.configs.get(symbol)
        holdings = holdings_of(self.policy, observations, self._feeds, now_ms)
        if self._beside is not None:
            holdings = self._beside(holdings, now_ms)
        return Situation(
            policy=self.policy,
            instrument=self.instrument,
            holdings=holdings,
            position=position,
            prices=observed.prices.get(symbol, Unknown(what=f"prices {symbol}", reason="they were not read")),
            margin=observed.margins.get(symbol, Unknown(what=f"margin {symbol}", reason="it was not read")),
            unfilled=reconciled.unfilled,
            waiting=reconciled.waiting,
            soon=reconciled.soon,
            halted=self._memory.halts(),
            unfilled_tries=unfilled_tries(recent),
            live_from_ms=max(self._not_before_ms, backoff_until_ms(recent)),
            now_ms=now_ms,
            hedged=isinstance(config, SymbolConfig) and config.hedged,
            funding=None if self._funding is None else self._funding.figures,
            funding_interval_ms=INTERVAL_MS if self._funding is None else self._funding.interval_ms,
            sold=None if self._sold is None else self._sold.by(min(o.stamp.sent_ms for o in observations.values())),
        )

    def _recent(self) -> list[IntentRecord]:
        if not self._live:
            return []
        since_ms = self._clock.now_ms() - HOUR_MS
        return list(self._journal.recent(self.policy.venue, self.policy.symbol, since_ms))

    def _record(self, plan: Plan, sent: IntentRecord | None, *, hold: bool) -> None:
        self._memory.keep()
        now_ms = self._clock.now_ms()
        self._journal.record_decision(now_ms, plan)
        self._log.info(logs.HEDGE_DECIDED, verdict=plan.verdict, reason=plan.reason, **numbers(plan))
        stuck = ""
        if self._live and not hold:
            stuck = self._stuck.told(plan, now_ms, filled=sent is not None and sent.filled > 0)
        if plan.alarm or plan.verdict in _ALARMING or stuck:
            self._memory.alarm(
                logs.HEDGE_FROZEN if plan.verdict is Verdict.FROZEN else logs.HEDGE_DECIDED,
                verdict=plan.verdict,
                reason=f"{stuck}: {plan.reason}" if stuck else plan.reason,
            )
