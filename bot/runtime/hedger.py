"""One hedge, one turn: account, decide, approve, execute, remember."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from structlog.typing import FilteringBoundLogger

from bot import logs
from bot.core import accounting, guards, inverse, risk, units
from bot.core.observation import after_gain, stale
from bot.core.retries import backoff_until_ms, unfilled_tries
from bot.core.situation import Memory, Situation
from bot.core.spot_perp import decide
from bot.core.work import campaign_work
from bot.domain.errors import InvariantBroken, JournalFault, VenueBusy
from bot.domain.ids import HedgeName, VenueName
from bot.domain.instrument import Instrument
from bot.domain.intent import IntentRecord, IntentState
from bot.domain.numbers import ZERO, plain
from bot.domain.observation import Position, Prices, SymbolConfig, Unknown, VenueObservation
from bot.domain.orders import Approved, Refused
from bot.domain.plan import Plan, Verdict
from bot.domain.policy import HedgePolicy
from bot.ports import Alerts, Clock, Feeds, Halt, Journal, Venue
from bot.runtime.canonical import numbers
from bot.runtime.executor import Executor, NotSent
from bot.runtime.observer import holdings_of
from bot.runtime.reconciled import Move, Reconciled
from bot.runtime.reconciler import Reconciler

STUCK_MS: Final = 30_000
"""How long a decision may be put off before a person is told."""
HOUR_MS: Final = 3_600_000
_JOB: Final = "job"
_PUT_OFF: Final = frozenset({Verdict.CONFIRMING, Verdict.WAITING})
_ALARMING: Final = frozenset({Verdict.FROZEN, Verdict.HALTED, Verdict.REFUSED, Verdict.NO_MARGIN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one turn of one hedge came to. `sent` is the intent of the order that left, if one did."""

    plan: Plan
    sent: IntentRecord | None = None


class Hedger:
    """Holds one hedge's memory between turns; everything that must survive is in the journal.

    Args:
        executor: None in a dry run (R31): then nothing is reconciled, sent, capped or halted.
        not_before_ms: no order before this time (fresh journal).
        feeds: numbers from outside; None when no holding names one.
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
    ) -> None:
        self.policy = policy
        self.instrument = instrument
        self._venue = venue
        self._journal = journal
        self._executor = executor
        self._clock = clock
        self._alarms = alarms
        self._log = logger.bind(hedge=policy.name)
        self._reconciler = Reconciler(
            venue=venue,
            instrument=instrument,
            journal=journal,
            clock=clock,
            timing=policy.timing,
            logger=self._log,
            consequence=self._consequence,
        )
        self._not_before_ms = not_before_ms
        self._feeds = feeds
        self._put_off_since_ms: int | None = None
        self._confirmed: Position | None = None
        kept = journal.memory(policy.name)
        self._kept = dict(kept)
        self._memory = Memory.from_dict(kept)
        # Another ratio or contract is a new job; what was done for the old one does not count against it.
        self._job = f"{plain(policy.ratio)} {policy.venue} {policy.symbol}"
        self._campaign = guards.Campaign.from_dict(kept) if kept.get(_JOB) == self._job else None
        self._was_halted = True  # a restart after `resume` finds out below that nothing halts any more

    async def turn(
        self,
        observations: Mapping[VenueName, VenueObservation],
        *,
        hold: bool = False,
        stopping: Callable[[], bool] = lambda: False,
    ) -> Outcome:
        """Decide on one reading of all venues and act on it.

        Args:
            observations: one complete reading of every venue.
            hold: account and decide, but send nothing.
            stopping: whether a stop was asked for; then nothing new leaves.

        Raises:
            JournalFault: something could not be made durable; nothing was sent after it.
        """
        observed = observations[self.policy.venue]
        symbol = self.policy.symbol
        position = observed.positions.get(symbol, Unknown(what=f"position {symbol}", reason="it was not read"))
        position = self._units_hold(position)
        reconciled = await self._reconcile(position)
        plan, self._memory = decide(self._situation(observations, position, reconciled), self._memory)
        if not reconciled.waiting and isinstance(position, Position):
            self._confirmed = position
            self._watch(plan, position)
        sent: IntentRecord | None = None
        if plan.order is not None and not hold:
            plan, sent = await self._order(plan, observed, position, reconciled, stopping)
        plan = replace(plan, reason=logs.redact(plan.reason))  # a venue's words may be in it; it is kept and shown
        self._record(plan)
        return Outcome(plan=plan, sent=sent)

    async def cancel_resting(self) -> None:
        """Part of the shutdown: see `Reconciler.cancel_resting`."""
        await self._reconciler.cancel_resting()

    def _units_hold(self, position: Position | Unknown) -> Position | Unknown:
        """R7: the venue's own value of the position must agree with our units, or the position means nothing."""
        if isinstance(position, Unknown) or position.raw_notional is None or position.mark_price is None:
            return position
        mismatch = units.check_notional(self.instrument, position.contracts, position.mark_price, position.raw_notional)
        return Unknown(what=f"position {position.symbol}", reason=mismatch) if mismatch else position

    async def _reconcile(self, position: Position | Unknown) -> Reconciled:
        if self._executor is None:
            return Reconciled(anchor=None, waiting="", unfilled=())
        before = self._campaign, self._memory, self._kept
        try:
            reconciled = await self._reconciler.reconcile(position)
        except JournalFault:
            # What was not committed did not happen: the same fills are counted by the next turn.
            self._campaign, self._memory, self._kept = before
            raise
        if reconciled.broken:
            self._halt("invariant", reconciled.broken)
        return reconciled

    def _consequence(self, move: Move) -> tuple[Halt | None, tuple[HedgeName, Mapping[str, str]]]:
        """What a change of the confirmed position means (R24, R25); kept in one commit with the change."""
        halt = self._after_foreign(move.foreign) if move.foreign is not None else None
        last = self._confirmed  # not known after a restart
        entry = inverse.entry_of(self.instrument, last) if last and last.contracts == move.before else None
        gained = inverse.gained(self.instrument, move.trades, move.before, entry)
        self._memory = replace(self._memory, surplus=after_gain(self._memory.surplus, gained))
        if self._campaign is not None:
            step = self.instrument.quantity_step
            self._campaign = guards.after_accounting(
                self._campaign,
                own_moved=move.ours,
                position_moved=move.position,
                step=step,
                adl=move.foreign is accounting.ForeignVerdict.ADL,
                gained=gained,
                slipped=move.slipped,
            )
            tripped = guards.tripped(self._campaign, step)
            if tripped is not None and halt is None:
                halt = self._stop(tripped.code, tripped.reason)
        self._kept = self._to_keep()
        return halt, (self.policy.name, self._kept)

    def _after_foreign(self, verdict: accounting.ForeignVerdict) -> Halt | None:
        """R25: what others did to the position."""
        self._log.warning(logs.FOREIGN_CHANGE, verdict=verdict, symbol=self.policy.symbol)
        match verdict:
            case accounting.ForeignVerdict.ADL:
                self._alarms.alarm(logs.FOREIGN_CHANGE, hedge=self.policy.name, code=verdict)
                return None
            case accounting.ForeignVerdict.FOREIGN:
                self._alarms.alarm(logs.FOREIGN_CHANGE, hedge=self.policy.name, code=verdict)
                self._memory = replace(self._memory, foreign_since_ms=self._clock.now_ms())
                return None
            case accounting.ForeignVerdict.UNKNOWN_EPOCH:
                reason = "an order with our prefix came from another journal: is a second bot running?"
                return self._stop("unknown-epoch", reason, account=True)
            case accounting.ForeignVerdict.LIQUIDATION | accounting.ForeignVerdict.SETTLEMENT:
                reason = f"the venue closed the position ({verdict.value}); only a person re-opens it"
                return self._stop(verdict.value, reason)

    def _situation(
        self,
        observations: Mapping[VenueName, VenueObservation],
        position: Position | Unknown,
        reconciled: Reconciled,
    ) -> Situation:
        symbol = self.policy.symbol
        observed = observations[self.policy.venue]
        now_ms = self._clock.now_ms()
        recent = self._recent(now_ms)
        config = observed.configs.get(symbol)
        return Situation(
            policy=self.policy,
            instrument=self.instrument,
            holdings=holdings_of(self.policy, observations, self._feeds, now_ms),
            position=position,
            prices=observed.prices.get(symbol, Unknown(what=f"prices {symbol}", reason="they were not read")),
            margin=observed.margins.get(symbol, Unknown(what=f"margin {symbol}", reason="it was not read")),
            unfilled=reconciled.unfilled,
            waiting=reconciled.waiting,
            soon=reconciled.soon,
            halted=self._halts(),
            unfilled_tries=unfilled_tries(recent),
            live_from_ms=max(self._not_before_ms, backoff_until_ms(recent)),
            now_ms=now_ms,
            hedged=isinstance(config, SymbolConfig) and config.hedged,
        )

    def _recent(self, now_ms: int) -> list[IntentRecord]:
        if self._executor is None:
            return []
        return list(self._journal.recent(self.policy.venue, self.policy.symbol, now_ms - HOUR_MS))

    def _halts(self) -> list[str]:
        if self._executor is None:
            return []
        reasons = [
            halt.reason
            for halt in self._journal.halts()
            if halt.venue == self.policy.venue and halt.symbol in {None, self.policy.symbol}
        ]
        cleared = self._was_halted and not reasons
        if cleared and self._campaign and guards.tripped(self._campaign, self.instrument.quantity_step):
            self._campaign = None  # a person looked and cleared the halt: what tripped it is history
        self._was_halted = bool(reasons)
        return reasons

    def _halt(self, code: str, reason: str) -> None:
        self._journal.halt(self._stop(code, reason))

    def _stop(self, code: str, reason: str, *, account: bool = False) -> Halt:
        """Tell a person; the halt is still to be kept."""
        self._log.error(logs.HEDGE_HALTED, code=code, reason=reason)
        self._alarms.alarm(logs.HEDGE_HALTED, hedge=self.policy.name, code=code, reason=reason)
        return Halt(
            venue=self.policy.venue,
            symbol=None if account else self.policy.symbol,
            code=code,
            reason=reason,
            since_ms=self._clock.now_ms(),
        )

    def _watch(self, plan: Plan, position: Position) -> None:
        """R24: a campaign of orders begins anew when the exposure changes."""
        work = campaign_work(plan.view, position, self.instrument, self.policy.ratio)
        if work is not None:
            self._campaign = guards.observe_exposure(
                self._campaign,
                exposure=work.exposure,
                gap_contracts=work.gap_contracts,
                tolerance=work.tolerance,
                step=self.instrument.quantity_step,
                per_contract=work.per_contract,
            )

    async def _order(
        self,
        plan: Plan,
        observed: VenueObservation,
        position: Position | Unknown,
        reconciled: Reconciled,
        stopping: Callable[[], bool],
    ) -> tuple[Plan, IntentRecord | None]:
        verdict = self._approve(plan, observed, position, reconciled)
        if isinstance(verdict, Refused):
            if verdict.halt and self._executor is not None:
                self._halt(verdict.code, verdict.reason)
            refused = replace(
                plan,
                verdict=Verdict.REFUSED,
                reason=f"{plan.reason}; refused: {verdict.reason}",
                order=None,
                gap_after=plan.view.gap,
                want_book=True,
                alarm=True,
            )
            return refused, None
        if self._executor is None or reconciled.anchor is None:
            return plan, None
        # The decision's memory is durable before the order, so that a crash after it forgets nothing.
        self._remember()
        still_good = partial(self._objection, observed.prices[self.policy.symbol], position, stopping)
        try:
            sent = await self._executor.execute(
                self._venue, self.policy.name, verdict, reconciled.anchor, still_good=still_good
            )
        except (NotSent, VenueBusy) as kept:
            return replace(plan, verdict=Verdict.WAITING, reason=f"{plan.reason}; {kept.message}", order=None), None
        except InvariantBroken as broken:
            self._halt("invariant", broken.message)
            return replace(plan, verdict=Verdict.HALTED, reason=broken.message, order=None, alarm=True), None
        rejected = sent.state is IntentState.REJECTED
        # A fill is looked for in the position at once; an unknown outcome a moment later.
        again_s = ZERO if sent.filled else self.policy.timing.confirm_s
        reason = f"{plan.reason}; the venue refused it: {sent.detail}" if rejected else plan.reason
        return replace(plan, reason=reason, look_again_s=again_s, alarm=plan.alarm or rejected), sent

    def _objection(self, prices: Prices | Unknown, position: Position | Unknown, stopping: Callable[[], bool]) -> str:
        """Why an approved order must not leave any more, after it waited for the rate limits; empty when it may."""
        assert not isinstance(prices, Unknown)
        assert not isinstance(position, Unknown)
        now_ms, age_max_s = self._clock.now_ms(), self.policy.timing.age_max_s
        if stopping():
            return "the bot is stopping"
        if stale(prices.stamp, now_ms, age_max_s) or stale(position.stamp, now_ms, age_max_s):
            return "the rate limits held it back until its readings were too old"
        return "" if self._venue.has_offset() else "the clock offset is not known any more"

    def _approve(
        self, plan: Plan, observed: VenueObservation, position: Position | Unknown, reconciled: Reconciled
    ) -> Approved | Refused:
        assert plan.order is not None
        assert isinstance(position, Position)
        assert plan.view.target is not None
        assert plan.view.mark is not None
        symbol = self.policy.symbol
        prices = observed.prices[symbol]
        assert isinstance(prices, Prices)
        now_ms = self._clock.now_ms()
        return risk.approve(
            plan.order,
            policy=self.policy,
            instrument=self.instrument,
            prices=prices,
            mark=plan.view.mark,
            position=position,
            target_contracts=self.instrument.contracts(max(plan.view.target, ZERO), plan.view.mark),
            unfilled=reconciled.unfilled,
            margin=observed.margins.get(symbol, Unknown(what=f"margin {symbol}", reason="it was not read")),
            config=observed.configs.get(symbol, Unknown(what=f"configuration {symbol}", reason="it was not read")),
            clock_ok=self._venue.has_offset(),
            activity=guards.activity(self._recent(now_ms), self.instrument, now_ms),
            campaign=self._campaign,
            halted=self._halts(),
            live=self._executor is not None,
            now_ms=now_ms,
        )

    def _record(self, plan: Plan) -> None:
        self._remember()
        self._journal.record_decision(self._clock.now_ms(), plan)
        self._log.info(logs.HEDGE_DECIDED, verdict=plan.verdict, reason=plan.reason, **numbers(plan))
        if plan.alarm or plan.verdict in _ALARMING or self._stuck(plan):
            self._alarms.alarm(
                logs.HEDGE_FROZEN if plan.verdict is Verdict.FROZEN else logs.HEDGE_DECIDED,
                hedge=self.policy.name,
                verdict=plan.verdict,
                reason=plan.reason,
            )

    def _stuck(self, plan: Plan) -> bool:
        """A decision that is put off turn after turn is no decision: a person must know."""
        now_ms = self._clock.now_ms()
        if plan.verdict not in _PUT_OFF:
            self._put_off_since_ms = None
            return False
        if self._put_off_since_ms is None:
            self._put_off_since_ms = now_ms
        return now_ms - self._put_off_since_ms > STUCK_MS

    def _remember(self) -> None:
        kept = self._to_keep()
        if kept != self._kept:
            self._journal.remember(self.policy.name, kept)
            self._kept = kept

    def _to_keep(self) -> dict[str, str]:
        kept = {_JOB: self._job} | self._memory.to_dict()
        return kept if self._campaign is None else kept | self._campaign.to_dict()
