"""The margin ladder of one hedge, turn by turn: watch and tell, begin a step, carry it on (R27)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot import logs
from bot.core import ladder as core
from bot.core import prices as px
from bot.core.ladder_progress import STEP_MAX_MS
from bot.core.ladder_steps import Missing, Reduce, TopUp
from bot.domain.errors import ConfigFault, InvariantBroken, VenueFault
from bot.domain.instrument import ContractKind, Instrument
from bot.domain.ladder import StepKind, StepRecord, StepState
from bot.domain.numbers import ZERO, floor_to, plain
from bot.domain.observation import Position, Prices, Unknown
from bot.domain.policy import HedgePolicy
from bot.ports import Clock, LadderJournal, Venue
from bot.runtime.executor import NotSent
from bot.runtime.ladder_look import Engaged, Look, Situated
from bot.runtime.ladder_steps import Said, Stepper
from bot.runtime.memory import HedgeMemory

BRACKET_AGE_MS: Final = 3_600_000
"""How long the venue's table of maintenance margins is believed."""
PAUSE_MS: Final = {StepKind.TOP_UP: 60_000, StepKind.REDUCTION: 600_000}
"""After a step that failed: when the next one of its kind may begin; one of the other kind, after the shorter one."""
PAUSE_DONE_MS: Final = 30_000
"""After one that was done: as long as its balances may lag behind."""
AGAIN_S: Final = Decimal(2)
WITHIN_MS: Final = {StepKind.TOP_UP: 120_000, StepKind.REDUCTION: STEP_MAX_MS}
"""So long the hedge's own decisions wait for a step, and then for its orders only: the first is enough for a proof."""
_UNKNOWN_TOLD: Final = 3
"""Readings in a row without a liquidation price to go by, after which a person is told."""


class Ladder:
    """One for each hedge with a linear short.

    Args:
        stepper: None in a dry run: then it watches, and says what it would do.
    """

    def __init__(
        self,
        *,
        policy: HedgePolicy,
        instrument: Instrument,
        venue: Venue,
        journal: LadderJournal,
        stepper: Stepper | None,
        clock: Clock,
        memory: HedgeMemory,
    ) -> None:
        self._policy = policy
        self._instrument = instrument
        self._venue = venue
        self._journal = journal
        self._stepper = stepper
        self._clock = clock
        self._memory = memory
        self._samples: tuple[core.PaceSample, ...] = ()
        self._prices = px.PriceMemory()
        self._bracket: tuple[Decimal, Decimal, Decimal, int] | None = None
        self._unknown = 0

    async def turn(self, look: Look) -> Engaged | None:
        """Watch the margin, tell a person where it must be told, and take or carry on a step.

        Returns:
            Why the hedge's own decision waits; None when it need not.

        Raises:
            JournalFault: something could not be made durable; nothing was sent after it.
        """
        if self._instrument.kind is not ContractKind.LINEAR:
            return None  # R28: backed by its own coins
        try:
            due, seen = await self._watch(look)
            if self._stepper is None:
                return None
            open_step = self._open_step()
            if open_step is not None and self._passes(self._stepper, open_step, look) and not self._gone(look):
                return None  # it is ended once the short is closed
            await self._stepper.resolve(None if open_step is None else open_step.step, look.position)
            if open_step is not None:
                return await self._carry_on(self._stepper, open_step, look, seen)
            if due is None or seen is None or look.quiet or look.stopping():
                return None
            return await self._begin(self._stepper, look, seen, due)
        except (NotSent, VenueFault, ConfigFault) as fault:
            open_step = self._open_step()
            if open_step is None or self._stepper is None:
                self._tell("unread", f"the margin ladder could not do what is due: {fault.message}")
                return None
            waits = Engaged(reason=f"a step of the margin ladder waits: {fault.message}", again_s=AGAIN_S)
            passes = self._passes(self._stepper, open_step, look)
            return None if passes else self._not_for_ever(self._stepper, open_step, waits)
        except InvariantBroken as broken:
            self._memory.halt("invariant", broken.message)
            return Engaged(reason=broken.message, again_s=AGAIN_S)

    @staticmethod
    def _passes(stepper: Stepper, open_step: StepRecord, look: Look) -> bool:
        """Whether a person has the short closed, and a step can't change it any more: nothing waits for its moves."""
        return look.abandon and not stepper.buys_left(open_step.step)

    def half_done(self) -> str:
        """What a reduction that is under way leaves by half, were nothing done any more; empty when nothing."""
        open_step = self._open_step()
        if self._stepper is None or open_step is None:
            return ""
        symbol, step = self._policy.symbol, self._instrument.quantity_step
        naked, too_much = (floor_to(left, step) for left in self._stepper.half_done(open_step.step))
        if naked:
            return f"{plain(naked)} contracts of {symbol} are bought back, their coins not sold"
        return f"{plain(too_much)} contracts of {symbol} are not bought back, their coins sold" if too_much else ""

    def _open_step(self) -> StepRecord | None:
        newest = self._newest()
        return newest if newest is not None and newest.state is StepState.OPEN else None

    def _newest(self) -> StepRecord | None:
        return self._journal.newest_step(self._policy.venue, self._policy.symbol)

    # Watching

    async def _watch(self, look: Look) -> tuple[core.Judgement | None, Situated | None]:
        """Judge the margin and tell what must be told; the judgement is given only where a step is due."""
        position, prices = look.position, look.observed.prices.get(self._policy.symbol)
        if isinstance(position, Unknown) or not isinstance(prices, Prices) or prices.mark <= 0:
            return None, None  # the hedge is frozen, and says so
        if position.contracts >= 0:
            self._samples, self._unknown = (), 0
            return None, None
        mark, _, self._prices = px.judge(self._prices, prices, self._clock.now_ms(), sized_by_price=True)
        judged = await self._judged(look, position, prices)
        if isinstance(judged, str):
            self._unknown += 1
            if self._unknown >= _UNKNOWN_TOLD:
                self._tell("unknown", f"where the short would be liquidated is not known: {judged}")
            told = position.liquidation_price
            if told is not None and told <= self._policy.ladder.alarm_at * prices.mark:
                self._tell("low", f"the venue tells a liquidation price of {told:,.2f} at a mark of {prices.mark:,.2f}")
            return None, None
        self._unknown = 0
        judgement, backing = judged
        if judgement.alarm:
            self._tell(judgement.rung.value, judgement.reason)
        if mark is None:
            return None, None
        seen = Situated(look=look, position=position, prices=prices, mark=mark, backing=backing)
        return (judgement if judgement.act else None), seen

    async def _judged(
        self, look: Look, position: Position, prices: Prices
    ) -> tuple[core.Judgement, core.Backing] | str:
        margin = look.observed.margins.get(
            self._policy.symbol, Unknown(what=f"margin {self._policy.symbol}", reason="it was not read")
        )
        units = -position.contracts * self._instrument.contract_size
        try:
            rate, cum = await self._maintenance(units * max(position.liquidation_price or ZERO, prices.mark))
        except VenueFault as fault:
            return fault.message
        backing = core.backing_of(self._instrument, position, margin, prices.mark, rate, cum)
        if isinstance(backing, str):
            return backing
        liquidation = core.nearest(backing, position.liquidation_price)
        if isinstance(liquidation, str):
            return liquidation
        newest = core.PaceSample(ratio=liquidation / prices.mark, at_ms=self._clock.now_ms())
        self._samples = core.paced(self._samples, newest)
        return core.judge(backing, liquidation, self._policy.ladder, self._samples), backing

    async def _maintenance(self, notional: Decimal) -> tuple[Decimal, Decimal]:
        """Rate and `cum` of the bracket of a notional; read anew when it has moved, or is old. Raises VenueFault."""
        now_ms, kept = self._clock.now_ms(), self._bracket
        if kept is not None and now_ms - kept[3] < BRACKET_AGE_MS and abs(notional - kept[2]) * 20 <= kept[2]:
            return kept[0], kept[1]
        rate, cum = await self._venue.maintenance(self._policy.symbol, notional)
        self._bracket = rate, cum, notional, now_ms
        return rate, cum

    def _tell(self, code: str, reason: str) -> None:
        self._memory.alarm(logs.LADDER_ALARM, code=code, reason=reason)

    # Steps

    async def _carry_on(
        self, stepper: Stepper, open_step: StepRecord, look: Look, seen: Situated | None
    ) -> Engaged | None:
        what = f"a {open_step.step.kind} of the margin ladder is under way"
        if look.abandon or self._gone(look):
            why = "the short is being closed" if look.abandon else "there is no short any more"
            if not stepper.abandon(open_step, why) and not self._passes(stepper, open_step, look):
                waits = Engaged(reason=f"{what}; it ends once its last move is known", again_s=AGAIN_S)
                return self._not_for_ever(stepper, open_step, waits)
            return None
        if look.quiet or look.stopping():
            return Engaged(reason=f"{what}; {look.quiet or 'the bot is stopping'}", again_s=AGAIN_S)
        if seen is None:
            waits = Engaged(reason=f"{what}; the margin is not known now", again_s=AGAIN_S)
            return self._not_for_ever(stepper, open_step, waits)
        engaged = self._engaged(await stepper.carry_on(open_step, seen))
        if engaged is not None:
            return self._not_for_ever(stepper, open_step, engaged)
        newest = self._newest()
        if newest is not None and newest.state is StepState.DONE:
            self._samples = ()  # the rise up to here is answered: its pace must not ask for the next step
        return None

    def _not_for_ever(self, stepper: Stepper, open_step: StepRecord, engaged: Engaged) -> Engaged | None:
        """A move whose end nobody learns must not keep the hedge from following its coins."""
        if self._clock.now_ms() - open_step.step.created_ms <= WITHIN_MS[open_step.step.kind]:
            return engaged
        what = f"a {open_step.step.kind} of the margin ladder is under way for too long, a person must look"
        self._tell("stuck", f"{what}: {engaged.reason}")
        return None if stepper.only_moves_left(open_step.step) else engaged

    async def _begin(self, stepper: Stepper, look: Look, seen: Situated, due: core.Judgement) -> Engaged | None:
        if self._paused(StepKind.TOP_UP):
            return None
        step = await stepper.choose(seen)
        if isinstance(step, Missing):
            if step.amount > 0:
                settle = self._instrument.settle
                reason = f"{due.reason}; {step.amount:,.2f} {settle} of margin are missing, {step.why}"
                self._tell("missing", reason)
            return None
        if isinstance(step, Reduce):
            if look.reconciled.waiting or self._memory.decided.surplus is not None or self._paused(StepKind.REDUCTION):
                return None  # what is waited for, or too large a short, comes first; a top-up needs to wait for none
            if not stepper.ready(seen):
                # What was asked for and not told is asked for with a pause, or the rate limits slow every reading.
                asked = self._policy.symbol in look.observed.configs
                reason = "a reduction is due; order book and configuration are read before it begins"
                return Engaged(reason=reason, again_s=AGAIN_S if asked else ZERO)
        self._tell("step", f"{due.reason}; {_told(step, self._instrument)}")
        return self._engaged(await stepper.begin(step, seen, due.ratio))

    def _paused(self, kind: StepKind) -> bool:
        """Whether the newest step is too recent for another one of a kind."""
        newest = self._newest()
        if newest is None:
            return False
        failed_ms = min(PAUSE_MS[newest.step.kind], PAUSE_MS[kind])
        pause_ms = failed_ms if newest.state is StepState.FAILED else PAUSE_DONE_MS
        return self._clock.now_ms() - newest.updated_ms < pause_ms

    def _gone(self, look: Look) -> bool:
        return isinstance(look.position, Position) and look.position.contracts >= 0 and not look.reconciled.waiting

    def _engaged(self, said: Said) -> Engaged | None:
        """Of a reason and whether the next reading can carry it on at once; no reason: it is over."""
        reason, soon = said
        return Engaged(reason=reason, again_s=ZERO if soon else AGAIN_S) if reason else None


def _told(step: TopUp | Reduce, instrument: Instrument) -> str:
    if isinstance(step, TopUp):
        said = f"{step.amount:,.2f} {instrument.settle} are added to the margin"
    else:
        said = f"{plain(step.contracts)} contracts are bought back and {plain(step.coins)} {instrument.asset} sold"
    missing = f"; {step.short_of:,.2f} {instrument.settle} stay missing to the target" if step.short_of else ""
    return said + missing
