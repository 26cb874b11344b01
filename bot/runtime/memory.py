"""What one hedge remembers between turns and what halts it; all of it that must survive is in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final

from structlog.typing import FilteringBoundLogger

from bot import logs
from bot.core import accounting, guards, inverse
from bot.core.observation import after_downtime, after_gain
from bot.core.situation import Memory
from bot.core.work import campaign_work, unwinding_work
from bot.domain.control import Control, ControlKind, standing
from bot.domain.errors import JournalFault
from bot.domain.ids import HedgeName
from bot.domain.instrument import Instrument
from bot.domain.numbers import ZERO, plain
from bot.domain.observation import Position
from bot.domain.plan import Plan
from bot.domain.policy import HedgePolicy
from bot.ports import Alerts, Clock, Halt, Journal
from bot.runtime.reconciled import Move

_JOB: Final = "job"

Snapshot = tuple[guards.Campaign | None, Memory, dict[str, str]]
"""All that a turn may have changed without keeping it."""


class HedgeMemory:
    """The decision's memory, the campaign of R24 and the halts of one hedge.

    Args:
        live: False in a dry run, in which nothing halts (R31).

    Attributes:
        decided: what the last decision left for the next.
        campaign: what was done since the exposure last changed.
    """

    def __init__(
        self,
        *,
        policy: HedgePolicy,
        instrument: Instrument,
        journal: Journal,
        clock: Clock,
        alarms: Alerts,
        logger: FilteringBoundLogger,
        live: bool,
    ) -> None:
        self._policy = policy
        self._instrument = instrument
        self._journal = journal
        self._clock = clock
        self._alarms = alarms
        self._log = logger
        self._live = live
        self._confirmed: Position | None = None
        kept = journal.memory(policy.name)
        self._kept = dict(kept)
        left = Memory.from_dict(kept)
        surplus = left.surplus and after_downtime(left.surplus, clock.now_ms())
        self.decided = replace(left, surplus=surplus)
        self._job = kept.get(_JOB, "")
        self.campaign = guards.Campaign.from_dict(kept)
        self._was_halted = True  # a restart after `resume` finds out below that nothing halts any more
        self._resumed = 0
        self._unwinding = False

    def standing(self, order: Control | None = None) -> Control | None:
        """What a person told this hedge to do: by the journal, or else by `order`. Read anew each time."""
        return standing(self._journal.controls(), *self._policy.names) or order

    def begin(self, control: Control | None) -> None:
        """A turn begins under a control, or none.

        Another ratio, contract or unwind is a new job; what was done for the old one does not count against it.
        """
        self._unwinding = control is not None and control.kind is ControlKind.UNWIND
        what = f"unwind {control.since_ms}" if control and self._unwinding else plain(self.ratio)
        job = f"{what} {self._policy.venue} {self._policy.symbol}"
        if job != self._job:
            self._job, self.campaign = job, None

    @property
    def ratio(self) -> Decimal:
        """The wanted short / exposure of now: none while funding keeps it closed."""
        return ZERO if self.decided.funding.closed else self._policy.ratio

    def snapshot(self) -> Snapshot:
        """What `restore` brings back."""
        return self.campaign, self.decided, self._kept

    def restore(self, before: Snapshot) -> None:
        """What was not committed did not happen: the next turn counts the same again."""
        self.campaign, self.decided, self._kept = before

    def consequence(self, move: Move) -> tuple[Halt | None, tuple[HedgeName, Mapping[str, str]]]:
        """What a change of the confirmed position means (R24, R25); kept in one commit with the change."""
        halt = self._after_foreign(move.foreign) if move.foreign is not None else None
        last = self._confirmed  # not known after a restart
        entry = inverse.entry_of(self._instrument, last) if last and last.contracts == move.before else None
        gained = inverse.gained(self._instrument, move.trades, move.before, entry)
        self.decided = replace(self.decided, surplus=after_gain(self.decided.surplus, gained))
        if self.campaign is not None:
            step = self._instrument.quantity_step
            self.campaign = guards.after_accounting(
                self.campaign,
                own_moved=move.ours,
                position_moved=move.position,
                step=step,
                adl=move.foreign is accounting.ForeignVerdict.ADL,
                gained=ZERO if self._unwinding else gained,
                slipped=ZERO if self._unwinding else move.slipped,
            )
            tripped = guards.tripped(self.campaign, step)
            if tripped is not None and halt is None:
                halt = self._stop(tripped.code, tripped.reason)
        self._kept = self._to_keep()
        return halt, (self._policy.name, self._kept)

    def _after_foreign(self, verdict: accounting.ForeignVerdict) -> Halt | None:
        """R25: what others did to the position."""
        self._log.warning(logs.FOREIGN_CHANGE, verdict=verdict, symbol=self._policy.symbol)
        match verdict:
            case accounting.ForeignVerdict.ADL:
                self.alarm(logs.FOREIGN_CHANGE, code=verdict)
                return None
            case accounting.ForeignVerdict.FOREIGN:
                self.alarm(logs.FOREIGN_CHANGE, code=verdict)
                self.decided = replace(self.decided, foreign_since_ms=self._clock.now_ms())
                return None
            case accounting.ForeignVerdict.UNKNOWN_EPOCH:
                reason = "an order with our prefix came from another journal: is a second bot running?"
                return self._stop("unknown-epoch", reason, account=True)
            case accounting.ForeignVerdict.LIQUIDATION | accounting.ForeignVerdict.SETTLEMENT:
                reason = f"the venue closed the position ({verdict.value}); only a person re-opens it"
                return self._stop(verdict.value, reason)

    def halts(self) -> list[str]:
        """Reasons of the halts that reach this hedge."""
        if not self._live:
            return []
        reasons = [halt.reason for halt in self._halts() if halt.stops]
        cleared = self._was_halted and not reasons
        self._resumed += cleared
        if cleared and self.campaign and guards.tripped(self.campaign, self._instrument.quantity_step):
            self.campaign = None  # a person looked and cleared the halt: what tripped it is history
        self._was_halted = bool(reasons)
        return reasons

    def _halts(self) -> list[Halt]:
        return [
            halt
            for halt in self._journal.halts()
            if halt.venue == self._policy.venue and halt.symbol in {None, self._policy.symbol}
        ]

    def halt(self, code: str, reason: str) -> None:
        """Stop this hedge, or with `REDUCTIONS` only its paired reductions, until a person looked."""
        self._journal.halt(self._stop(code, reason))

    def reductions_held(self) -> str:
        """Why no paired reduction may begin until a person looked; empty when one may."""
        reasons = [halt.reason for halt in self._halts() if not halt.stops]
        return f"no reduction begins until `hedgebot resume`: {reasons[0]}" if reasons else ""

    def _stop(self, code: str, reason: str, *, account: bool = False) -> Halt:
        """Tell a person; the halt is still to be kept."""
        self._log.error(logs.HEDGE_HALTED, code=code, reason=reason)
        self.alarm(logs.HEDGE_HALTED, code=code, reason=reason)
        return Halt(
            venue=self._policy.venue,
            symbol=None if account else self._policy.symbol,
            code=code,
            reason=reason,
            since_ms=self._clock.now_ms(),
        )

    def alarm(self, event: str, **values: object) -> None:
        """Tell a person of this hedge; what happens again after `resume` is told again at once."""
        self._alarms.alarm(event, hedge=self._policy.name, resumed=self._resumed, **values)

    def confirmed(self, plan: Plan, position: Position) -> None:
        """Take in an accounted position. R24: a campaign of orders begins anew when the exposure changes."""
        self._confirmed = position
        if self._unwinding:
            work = unwinding_work(plan.view, position, self._instrument)
        else:
            work = campaign_work(plan.view, position, self._instrument, self.ratio)
        if work is not None:
            self.campaign = guards.observe_exposure(
                self.campaign,
                exposure=work.exposure,
                gap_contracts=work.gap_contracts,
                tolerance=work.tolerance,
                step=self._instrument.quantity_step,
                per_contract=work.per_contract,
            )

    def allow(self, contracts: Decimal) -> None:
        """R24: so many contracts are to be traded without a change of the exposure; durable before they are."""
        before = self.campaign
        if before is None:
            return
        self.campaign = replace(before, initial_gap_contracts=before.initial_gap_contracts + contracts)
        try:
            self.keep()
        except JournalFault:
            self.campaign = before  # the next turn asks again
            raise

    def keep(self) -> None:
        """Make what is remembered durable, if it changed."""
        kept = self._to_keep()
        if kept != self._kept:
            self._journal.remember(self._policy.name, kept)
            self._kept = kept

    def _to_keep(self) -> dict[str, str]:
        kept = {_JOB: self._job} | self.decided.to_dict()
        return kept if self.campaign is None else kept | self.campaign.to_dict()
