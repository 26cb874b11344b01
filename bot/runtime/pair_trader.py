"""One cross-exchange hedge, one turn: even out what is under way, look, decide, approve, send, tell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Protocol

from structlog.typing import FilteringBoundLogger

from bot import logs
from bot.core import pair_result
from bot.core.cross_exchange import decide
from bot.core.evening import even_out, watched
from bot.core.evening_order import EveningCase
from bot.core.pair_books import unusable
from bot.core.pair_checks import conversion_of
from bot.core.pair_gate import approve
from bot.core.pair_situation import PairMemory, PairReading, PairSituation, QuotePrice, Stock
from bot.domain.control import standing
from bot.domain.errors import InvariantBroken, VenueBusy
from bot.domain.evening import EveningPlan, EveningVerdict
from bot.domain.ids import Asset, VenueName
from bot.domain.numbers import ZERO, plain
from bot.domain.observation import Unknown
from bot.domain.orders import Refused
from bot.domain.pair import PairPlan, PairPolicy, PairRecord, PairStory, PairVerdict
from bot.domain.trader import TraderOutcome
from bot.ports import Alerts, Clock, Halt, Index, Journal, PairJournal, TraderJournal
from bot.runtime.executor import NotSent
from bot.runtime.pair_legs import PairLegs
from bot.runtime.pair_look import READ_S, PairEye
from bot.runtime.pair_prices import quote_prices
from bot.runtime.pair_proof import PairProof
from bot.runtime.pair_tell import outcome_of

HOUR_MS: Final = 3_600_000
EVENINGS_A_TURN: Final = 8
"""So many orders that even a trade out may follow each other without a pause."""
FAILED_MS: Final = 7 * 24 * HOUR_MS
"""For so long a trade that failed counts."""
FAILED_MAX: Final = 3
"""After so many trades in a row that lost a leg, and money, a person must look."""
LATE_MS: Final = 3_000
"""A trade that is not over by then is told, whatever it waits for."""
AGAIN_S: Final = Decimal("0.25")
"""When a trade under way is looked at again."""
BLIND_MS: Final = 15_000
"""A `--once` run believes that nothing can be seen when it is so for so long; one look may just be slow."""
_CALM: Final = frozenset({PairVerdict.NO_EDGE, PairVerdict.ACT, PairVerdict.PERSISTING, PairVerdict.BLOCKED})


class PairBooks(Journal, PairJournal, TraderJournal, Protocol):
    """The journal, as a cross-exchange hedge needs it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairParts:
    """What one hedge is made with.

    Attributes:
        eyes: one for each place of the policy.
        legs, proof: None in a dry run (R31): then nothing is resolved, sent or halted.
        indices: venues of the hedge that know prices in USD.
    """

    policy: PairPolicy
    eyes: Sequence[PairEye]
    legs: PairLegs | None
    proof: PairProof | None
    journal: PairBooks
    clock: Clock
    alarms: Alerts
    logger: FilteringBoundLogger
    interval_s: float
    indices: Sequence[Index] = ()


class PairTrader:
    """Implements `bot.ports.Trader`."""

    def __init__(self, parts: PairParts) -> None:
        self.name = parts.policy.name
        self.interval_s = parts.interval_s
        self._parts = parts
        self._policy = parts.policy
        self._journal = parts.journal
        self._memory = PairMemory()
        self._said = ""
        self._blind_ms: int | None = None
        self._log = parts.logger.bind(hedge=parts.policy.name)

    async def turn(self, *, hold: bool, stopping: Callable[[], bool]) -> TraderOutcome:
        """Even out what is under way; when nothing is, judge every direction and act on the best one."""
        blocked, evening, sent = await self._progress()
        situation = await self._situation(blocked)
        plan, self._memory = decide(situation, self._memory)
        acted = False
        if plan.order is not None and self._parts.legs is not None and not (hold or stopping()):
            plan, acted = await self._act(plan, situation)
            if acted:
                _, evening, _ = await self._progress()
        return self._told(plan, situation, evening, sent=sent or acted)

    async def cancel_resting(self, *, look: bool) -> None:
        """Ours are immediate-or-cancel; one whose end is not known may rest all the same. Raises BotError."""
        if self._parts.proof is not None:
            await self._parts.proof.cancel_resting(look=look)

    def half_done(self) -> str:
        """A trade that is not over; empty when there is none."""
        if self._parts.legs is None:
            return ""
        return "; ".join(
            f"trade {story.record.trade.pair_id} is {story.record.state.value}: {story.record.detail}"
            for story in self._journal.unfinished_pairs(self.name)
        )

    # What is under way

    async def _progress(self) -> tuple[Mapping[VenueName, str], EveningPlan | None, bool]:
        """Learn what became of what was sent, and even it out; what contradicts itself halts the hedge at once.

        Returns:
            What is still open on each venue, what the trade under way needs, and whether an order left.
        """
        blocked: Mapping[VenueName, str] = {}
        try:
            if self._parts.proof is not None:
                blocked = await self._parts.proof.resolve()
            return blocked, *await self._even_out(blocked)
        except InvariantBroken as broken:
            self._halt("invariant", broken.message)
            return blocked, None, False

    async def _even_out(self, blocked: Mapping[VenueName, str]) -> tuple[EveningPlan | None, bool]:
        """Bring the trade under way closer to its end. Returns what it needs, and whether an order left."""
        plan, sent = None, False
        for _ in range(EVENINGS_A_TURN):
            story = next(iter(self._journal.unfinished_pairs(self.name)), None)
            if story is None or self._parts.legs is None or self._parts.proof is None:
                return plan, sent
            plan, case = await self._evening(story, blocked)
            if plan.order is None or self._held() or not await self._send_evening(plan, case):
                return plan, sent
            sent = True
            blocked = await self._parts.proof.resolve()
        return plan, sent

    async def _evening(self, story: PairStory, blocked: Mapping[VenueName, str]) -> tuple[EveningPlan, EveningCase]:
        """What a trade needs now; what is newly known of it is kept, and told when a leg is open."""
        trade = story.record.trade
        conversion: Decimal | None = None
        if _answered(story):
            readings, conversion = await self._situated(story, blocked)
        else:
            readings = tuple(eye.nothing("an order's outcome comes first") for eye in self._parts.eyes)
        by_venue = {reading.place.venue: reading for reading in readings}
        fills = self._journal.pair_fills(trade.pair_id)
        case = EveningCase(
            policy=self._policy,
            story=story,
            buy=by_venue[trade.buy.venue],
            sell=by_venue[trade.sell.venue],
            now_ms=self._parts.clock.now_ms(),
            fees_in_coins=pair_result.fees_in_coins(trade, fills, story),
            conversion=conversion,
        )
        plan = even_out(case)
        record = watched(story.record, story, plan, case.now_ms)
        if record.state.over:
            record = pair_result.told(record, pair_result.result(trade, fills, story))
        if record != story.record:
            self._journal.update_pair(record)
            self._count(record)
        self._tell(record, plan)
        return plan, case

    async def _situated(
        self, story: PairStory, blocked: Mapping[VenueName, str]
    ) -> tuple[tuple[PairReading, ...], Decimal | None]:
        """What is read to even by, and what the sale's currency is worth in the buy's now; None: not known.

        All at once, so that no book grows old while something else is waited for.
        """
        trade = story.record.trade
        readings, quotes = await asyncio.gather(self._readings(blocked, evening=True), self._quotes())
        buy, sell = (_of(readings, leg.venue) for leg in (trade.buy, trade.sell))
        found = conversion_of(self._now(_bare(self._policy, (buy, sell), quotes)), buy, sell)
        return readings, found if isinstance(found, Decimal) else None

    async def _quotes(self) -> Mapping[Asset, QuotePrice | Unknown]:
        limit_s = min(READ_S, float(self._policy.book_age_s) / 2)
        return await quote_prices(self._policy.places, self._parts.indices, limit_s)

    def _count(self, ended: PairRecord) -> None:
        """R24: trades of which a leg fails again and again are a fight with a venue, and each costs money.

        They are counted from the journal, which outlives a restart; what filled nothing says nothing either way.
        """
        if not ended.state.over:
            return
        now_ms, resumed_ms = self._parts.clock.now_ms(), self._journal.halts_cleared_ms()
        stories = self._journal.recent_pairs(max(resumed_ms, now_ms - FAILED_MS), self.name)
        if pair_result.lost_in_a_row(stories, resumed_ms) >= FAILED_MAX:
            self._halt("legs-fail", f"{FAILED_MAX} trades in a row lost a leg and money: {ended.detail}")

    def _tell(self, record: PairRecord, plan: EveningPlan) -> None:
        values = {"pair": record.trade.pair_id, "state": record.state, "reason": plan.reason}
        if record.state.over:
            result = "" if record.result is None else plain(record.result)
            self._log.info(logs.PAIR_ENDED, naked_ms=record.naked_ms, result=result, **values)
        else:
            self._log.info(logs.PAIR_EVENING, verdict=plan.verdict, **values)
        late = not record.state.over and self._parts.clock.now_ms() - record.trade.created_ms >= LATE_MS
        if plan.alarm or late:
            since_ms = record.naked_since_ms
            naked = "" if since_ms is None else f"; open for {(self._parts.clock.now_ms() - since_ms) / 1000:.1f} s"
            reason = f"{plan.reason}{naked}"
            who = {"hedge": self.name, "pair": record.trade.pair_id}
            self._parts.alarms.alarm(logs.PAIR_NAKED, **who, verdict=plan.verdict, reason=reason)

    async def _send_evening(self, plan: EveningPlan, case: EveningCase) -> bool:
        assert plan.order is not None
        assert self._parts.legs is not None
        reading = _of((case.buy, case.sell), plan.order.request.venue)

        def still_good() -> str:
            aged = unusable(reading.book, self._parts.clock.now_ms(), self._policy.book_age_s)
            return self._held() or ("" if aged is None else aged[1])

        try:
            await self._parts.legs.even(case.story, plan.order, still_good=still_good)
        except (NotSent, VenueBusy) as kept:
            self._log.warning(logs.PAIR_EVENING, verdict=EveningVerdict.STUCK, reason=kept.message)
            return False
        return True

    def _held(self) -> str:
        """Why a person, or a halt, wants nothing to be sent; empty when nothing stands against it."""
        control = standing(self._journal.controls(), self.name)
        if control is not None:
            return f"{control.kind.value}d by a person"
        return "; ".join(self._halts())

    # What is decided

    async def _readings(self, blocked: Mapping[VenueName, str], *, evening: bool = False) -> tuple[PairReading, ...]:
        eyes, closely = self._parts.eyes, self._near()
        looks = (eye.read(blocked=blocked.get(eye.place.venue, ""), closely=closely, evening=evening) for eye in eyes)
        read = await asyncio.gather(*looks)
        return tuple(read)

    def _near(self) -> bool:
        """Whether a trade may follow the next reading, or one is under way."""
        return bool(self._memory.lasting) or self._policy.persist_s == 0 or bool(self.half_done())

    async def _situation(self, blocked: Mapping[VenueName, str]) -> PairSituation:
        if self.half_done():
            # It comes first: what is read for the next one only holds up its evening.
            unread = tuple(eye.nothing("a trade is under way") for eye in self._parts.eyes)
            return self._now(_bare(self._policy, unread, {}))
        readings, quotes = await asyncio.gather(self._readings(blocked), self._quotes())
        return self._now(_bare(self._policy, readings, quotes))

    def _now(self, situation: PairSituation) -> PairSituation:
        """The same readings with the halts, controls, trades and time of this moment."""
        now_ms, caps = self._parts.clock.now_ms(), self._policy.caps
        since_ms = now_ms - HOUR_MS
        if caps.max_round_trips is not None:
            since_ms = min(since_ms, now_ms - int(caps.window_s * 1000))
        return replace(
            situation,
            recent=self._journal.recent_pairs(since_ms, self.name),
            halted=self._halts(),
            now_ms=now_ms,
            control=standing(self._journal.controls(), self.name),
        )

    async def _act(self, plan: PairPlan, situation: PairSituation) -> tuple[PairPlan, bool]:
        """Let both legs go, if the gate does. Returns the plan as it came to be, and whether they left."""
        assert plan.order is not None
        assert self._parts.legs is not None
        order = plan.order
        verdict = approve(order, self._now(situation))
        if isinstance(verdict, Refused):
            return _blocked(plan, verdict.code, verdict.reason), False
        readings = {reading.place.venue: reading for reading in situation.readings}

        def still_good() -> str:
            again = approve(order, self._now(situation))
            return again.reason if isinstance(again, Refused) else ""

        try:
            holdings = [_holding(readings[leg.venue]) for leg in (order.buy, order.sell)]
            await self._parts.legs.send(verdict, holdings, still_good=still_good)
        except (NotSent, VenueBusy) as kept:
            return _blocked(plan, "not-sent", kept.message), False
        except InvariantBroken as broken:
            self._halt("invariant", broken.message)
            return replace(plan, verdict=PairVerdict.HALTED, reason=broken.message, order=None, alarm=True), False
        return plan, True

    # What is told

    def _told(
        self, plan: PairPlan, situation: PairSituation, evening: EveningPlan | None, *, sent: bool
    ) -> TraderOutcome:
        under_way = next(iter(self._journal.unfinished_pairs(self.name)), None) if self._parts.legs else None
        trades = self._journal.recent_pairs(self._parts.clock.now_ms() - HOUR_MS, self.name)
        last = under_way or (trades[-1] if trades else None)
        again_s = AGAIN_S if under_way is not None else plan.look_again_s
        outcome = outcome_of(
            plan,
            situation.readings,
            sent=sent,
            last=None if last is None else last.record,
            evening=evening,
            look_again_s=None if again_s is None else max(again_s, ZERO),
        )
        if self._blind_for_a_while(plan):
            outcome = replace(outcome, settled=False)
        self._journal.record_outcome(self._parts.clock.now_ms(), outcome)
        if outcome.same != self._said:
            self._said = outcome.same
            self._log.info(logs.PAIR_DECIDED, verdict=outcome.verdict, reason=outcome.reason)
        if plan.alarm or plan.verdict not in _CALM | {PairVerdict.WAITING, PairVerdict.PAUSED}:
            self._parts.alarms.alarm(logs.PAIR_DECIDED, hedge=self.name, verdict=outcome.verdict, reason=outcome.reason)
        return outcome

    def _blind_for_a_while(self, plan: PairPlan) -> bool:
        """Whether it can't see, but not yet for so long that nothing else is to be hoped for."""
        now_ms = self._parts.clock.now_ms()
        if plan.verdict is not PairVerdict.BLIND:
            self._blind_ms = None
            return False
        self._blind_ms = now_ms if self._blind_ms is None else self._blind_ms
        return now_ms - self._blind_ms < BLIND_MS

    def _halts(self) -> list[str]:
        if self._parts.legs is None:
            return []
        places = {(place.venue, place.symbol) for place in self._policy.places}
        venues = {venue for venue, _ in places}
        return [
            halt.reason
            for halt in self._journal.halts()
            if halt.stops and ((halt.venue, halt.symbol) in places or (halt.symbol is None and halt.venue in venues))
        ]

    def _halt(self, code: str, reason: str) -> None:
        """Stop this hedge until a person looked."""
        place = self._policy.places[0]
        self._log.error(logs.HEDGE_HALTED, code=code, reason=reason)
        self._parts.alarms.alarm(logs.HEDGE_HALTED, hedge=self.name, code=code, reason=reason)
        self._journal.halt(
            Halt(
                venue=place.venue,
                symbol=place.symbol,
                code=code,
                reason=f"{self.name}: {reason}",
                since_ms=self._parts.clock.now_ms(),
            )
        )


def _bare(
    policy: PairPolicy, readings: tuple[PairReading, ...], quotes: Mapping[Asset, QuotePrice | Unknown]
) -> PairSituation:
    """What was read, without what is known of this moment."""
    return PairSituation(policy=policy, readings=readings, quotes=quotes, recent=(), halted=(), now_ms=0)


def _answered(story: PairStory) -> bool:
    """Every order's end is known, so that what is read next says something about it."""
    return all(order.state.terminal for order in story.orders)


def _of(readings: Sequence[PairReading], venue: VenueName) -> PairReading:
    return next(reading for reading in readings if reading.place.venue == venue)


def _holding(reading: PairReading) -> Decimal | None:
    return reading.stock.holding if isinstance(reading.stock, Stock) else None


def _blocked(plan: PairPlan, code: str, reason: str) -> PairPlan:
    return replace(
        plan, verdict=PairVerdict.BLOCKED, reason=f"{plan.reason}; not sent: {reason}", order=None, refused=code
    )
