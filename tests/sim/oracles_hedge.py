"""Oracles on the hedge as a whole: O5, O6, O11 and O12."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from bot import logs
from bot.domain.numbers import ZERO
from bot.paper.engine.model import MarketType
from bot.paper.faults import FaultKind
from bot.ports import Halt
from tests.sim.oracles_base import (
    Blindness,
    Hedged,
    Watching,
    hides,
    margin_used_up,
    on_job,
    ours,
    places_order,
    sells,
    step_coins,
)
from tests.sim.trace import Event, Kind, Life, Truth

MINUTE_MS: Final = 60_000
REFUSED_MAX_MS: Final = 5 * MINUTE_MS
"""How long the bot waits at most after refusals in a row; it begins with 5 s and doubles (R24)."""
HOUR_MS: Final = 3_600_000
CALM_STARTS_MAX: Final = 2
"""How often a process may be started again in the calm: what lost its power, or has a wrong clock, before it."""
EVER_MS: Final = 12 * MINUTE_MS
"""How long gaps may follow upon each other, each from another move of coins, before a person must have been told."""
TOLD_AGAIN_MS: Final = 420_000
"""How old the last word on a gap that goes on may be; alarms are repeated every five minutes."""
WELL_INSIDE: Final = Decimal("0.9")
"""Part of the band in which no reading of another moment asks for an order."""
_TELL_OF_GAPS: Final = frozenset({logs.HEDGE_DECIDED, logs.HEDGE_FROZEN, logs.HEDGE_HALTED, logs.FOREIGN_CHANGE})
_TELL_OF_ALL: Final = frozenset(
    {logs.TURN_FAILED, logs.TURN_SLOW, logs.JOURNAL_FAILED, logs.START_FAILED, logs.START_WAITING}
)
"""Alarms that nothing is watched for now."""


class HedgedAgain(Watching):
    """O5: once nothing goes wrong any more, the hedge is on its target within a bound and stays there; nothing is open.

    Where the margin does not suffice, as much as fits is hedged.

    Args:
        bound_ms: from the calm, or the last thing that happened after it.
        foreign_grace_ms: `foreign_grace_s`: what others did to the position is left alone for so long.
        least_notional: what the venue does not take orders below, in quote.

    Attributes:
        restored_ms: how long after the calm the hedge was on its target again; None: not yet.
    """

    name = "O5 hedged again"

    def __init__(
        self, *, bound_ms: int = 3 * MINUTE_MS, foreign_grace_ms: int = 10 * MINUTE_MS, least_notional: Decimal = ZERO
    ) -> None:
        super().__init__()
        self._bound_ms = bound_ms
        self._foreign_grace_ms = foreign_grace_ms
        self._left_alone_ms = 0
        self._unnoticed = False
        self._refused = 0
        self._least_notional = least_notional
        self._since_ms: int | None = None
        self._starts = 0
        self.restored_ms: int | None = None

    def judge(self, event: Event, truth: Truth) -> None:
        """Judge every event that comes later than the bound."""
        if any(change.order and on_job(change, truth) and not ours(change.order) for change in event.changes):
            self._left_alone_ms, self._unnoticed = event.at_ms + self._foreign_grace_ms, True
        elif self._unnoticed and event.kind is Kind.ALARM and event.word == logs.FOREIGN_CHANGE:
            # Faults may have hidden it: the grace begins when the bot sees it, and with each such change but once.
            self._left_alone_ms, self._unnoticed = event.at_ms + self._foreign_grace_ms, False
            self._since_ms = None
        sent = event.sent if event.kind is Kind.REQUEST else None
        if sent is not None and sent.exchange == truth.job.exchange and places_order(sent):
            self._refused = self._refused + 1 if sent.fault == FaultKind.REJECT else 0
            if self._refused:
                pause_ms = min(5_000 << (self._refused - 1), REFUSED_MAX_MS)
                self._left_alone_ms = max(self._left_alone_ms, event.at_ms + pause_ms)
        if truth.calm_ms is None:
            return
        started = event.kind is Kind.PROCESS and event.word == "started"
        self._starts += started
        disturbed = event.kind is Kind.WORLD or (started and self._starts <= CALM_STARTS_MAX)
        if self._since_ms is None or disturbed:
            self._since_ms, self.restored_ms = max(truth.calm_ms, event.at_ms, self._left_alone_ms), None
        there = self._there(truth)
        if there and self.restored_ms is None:
            self.restored_ms = event.at_ms - self._since_ms
        if not there and not truth.excused and event.at_ms > self._since_ms + self._bound_ms:
            self.fail(self._told(truth))

    def finish(self, truth: Truth) -> None:
        """Judge the end, when the bound is over by then."""
        if self._since_ms is None or truth.excused or truth.now_ms <= self._since_ms + self._bound_ms:
            return
        if not self._there(truth):
            self.fail(self._told(truth))
        for record in truth.intents():
            if not record.state.terminal or not record.settled:
                self.fail(f"intent {record.intent.client_id} is still {record.state}, settled: {record.settled}")

    def _there(self, truth: Truth) -> bool:
        if self.on_target(truth, least_notional=self._least_notional):
            return True
        return self.gap(truth) > 0 and margin_used_up(truth, self.hedged.coins)

    def _told(self, truth: Truth) -> str:
        halts = "; ".join(halt.reason for halt in truth.halts())
        gap, bound_s = self.gap(truth), self._bound_ms // 1000
        return f"a gap of {gap} coins {bound_s} s after the last fault" + (f"; halted: {halts}" if halts else "")


class QuietRestart(Watching):
    """O6: a process that starts on its target sends nothing for as long as it stays there.

    Args:
        ladder: reductions that the margin ladder sends on target are no order of a restart.
    """

    name = "O6 quiet restart"

    def __init__(self, *, ladder: bool = False) -> None:
        super().__init__()
        self._ladder = ladder
        self._quiet: int | None = None

    def judge(self, event: Event, truth: Truth) -> None:
        """Judge the orders of a process that found everything in place."""
        if event.sent is not None and hides(event.sent):
            self._quiet = None  # it is told that something is not in place
        started = event.kind is Kind.PROCESS and event.word == "started"
        if started and event.process is not None:
            idle = not truth.in_flight and not any(order.status.open for order in truth.orders.values())
            self._quiet = event.process if idle and not truth.excused else None
        mine = self._quiet is not None and event.process == self._quiet
        if mine and event.kind is Kind.REQUEST and event.sent is not None and places_order(event.sent):
            if not self._ladder:
                self.fail(f"process {event.process} sent an order although the hedge was on its target when it started")
            return
        if self._quiet is not None and abs(self.gap(truth)) * truth.mark > WELL_INSIDE * self.band_notional(truth):
            self._quiet = None


class BoundedTurnover(Watching):
    """O11: our fills add up to no more than what the target, others' trades and the price asked for; and to the caps.

    What was asked for and not done is forgotten once all has been still for a while: nothing asks for it any more.

    Args:
        orders_per_minute, notional_per_hour: the caps (R24); only what adds risk counts for the second.
    """

    name = "O11 bounded turnover"

    STILL_MS: Final = 150_000
    """Longer than dwell, and than any reading is late."""

    def __init__(
        self, *, orders_per_minute: int = 20, notional_per_hour: Decimal = Decimal(1_000_000), ladder: bool = False
    ) -> None:
        super().__init__()
        self._per_minute = orders_per_minute
        self._per_hour = notional_per_hour
        self._ladder = ladder
        self._each = Hedged()
        self._blind = Blindness()
        self._target = self._asked = self._done = ZERO
        self._still_ms: int | None = None
        self._orders: deque[int] = deque()
        self._grown: deque[tuple[int, Decimal]] = deque()

    def judge(self, event: Event, truth: Truth) -> None:
        """Add up what was asked for and what was done."""
        self._blind.take(event)
        target = truth.job.ratio * truth.held
        asked = abs(target - self._target)
        self._asked += asked
        self._target = target
        moved = traded = False
        for change in event.changes:
            if change.order is None or not on_job(change, truth):
                continue
            moved = True
            if change.trade is not None:
                coins = abs(self._each.fill(change.trade, truth))
                if not ours(change.order):
                    self._asked += coins
                    continue
                traded = True
                self._done += coins
                if sells(change.order):
                    self._grown.append((event.at_ms, coins * truth.mark))
            elif ours(change.order) and change.order.status.open:
                self._orders.append(event.at_ms)
                self._asked += 2 * step_coins(truth)  # each order rounds, and may find the price moved
        if self._still_ms is None or asked or moved:
            self._still_ms = event.at_ms
        if traded:
            self._weigh(event, truth)
        elif event.at_ms - self._still_ms >= self.STILL_MS:
            self._forget(event, truth)

    def _forget(self, event: Event, truth: Truth) -> None:
        assert self._still_ms is not None
        if self.on_target(truth) and self._blind.since(self._still_ms) == self._still_ms:
            self._asked, self._done = abs(self.gap(truth)), ZERO
        self._still_ms = event.at_ms

    def _weigh(self, event: Event, truth: Truth) -> None:
        while self._orders and self._orders[0] <= event.at_ms - MINUTE_MS:
            self._orders.popleft()
        while self._grown and self._grown[0][0] <= event.at_ms - HOUR_MS:
            self._grown.popleft()
        if len(self._orders) > self._per_minute:
            self.fail(f"{len(self._orders)} orders within a minute")
        grown = sum((notional for _, notional in self._grown), ZERO)
        if grown > self._per_hour * Decimal("1.02"):
            self.fail(f"{grown} of notional was added within an hour")
        slack = Decimal("1.01") if truth.job.market is MarketType.INVERSE else Decimal(1)
        if self._done > self._asked * slack and not self._ladder:
            self.fail(f"{self._done} coins were traded where changes asked for {self._asked}")


class AlarmForEveryHalt(Watching):
    """O12: a person is told of every halt within 30 s, and of a hedge that stays off its target.

    Args:
        within_ms: after the halt, or after the start of the process that finds it.
        naked_ms: how long a gap may last, under a process that can see it, or does not get to see anything, before a
            person must have been told of it; and again as long as it lasts. Coins that come or go open a gap of their
            own, that lasts from then on; who was told of the one before soon hears again.
    """

    name = "O12 an alarm for every halt"

    def __init__(
        self, *, within_ms: int = 30_000, naked_ms: int = 4 * MINUTE_MS, least_notional: Decimal = ZERO
    ) -> None:
        super().__init__()
        self._within_ms = within_ms
        self._naked_ms = naked_ms
        self._held = ZERO
        self._first_ms: int | None = None
        self._least_notional = least_notional
        self._blind = Blindness()
        self._open: tuple[Halt, ...] = ()
        self._told: set[tuple[str, int]] = set()
        self._off_since_ms: int | None = None

    def judge(self, event: Event, truth: Truth) -> None:
        """Judge the halts that stand, and how long the gap has lasted."""
        self._blind.take(event)
        if event.kind is Kind.COMMIT:
            self._open = tuple(truth.halts())
        life = truth.lives[-1] if truth.lives else None
        if life is None or (life.up_ms is not None and life.ended_ms is not None):
            self._off_since_ms = None  # the next one begins anew; one that can not even start has to say so
            return
        if life.up_ms is not None:
            for halt in self._open:
                self._weigh_halt(halt, event, life, truth)
        self._weigh_gap(event, truth)

    def _weigh_halt(self, halt: Halt, event: Event, life: Life, truth: Truth) -> None:
        key = (halt.code, halt.since_ms)
        if key in self._told:
            return
        soon_ms = halt.since_ms - self._within_ms
        if any(at_ms >= soon_ms and _tells_of(halt, values) for at_ms, _, values in truth.alarms):
            self._told.add(key)
            return
        assert life.up_ms is not None
        if event.at_ms > max(halt.since_ms, life.up_ms) + self._within_ms:
            self.fail(f"nobody was told of the halt {halt.code}: {halt.reason}")

    def _weigh_gap(self, event: Event, truth: Truth) -> None:
        if self.on_target(truth, least_notional=self._least_notional):
            self._off_since_ms = self._first_ms = None
            return
        if self._first_ms is None:
            self._first_ms = event.at_ms
        moved = abs(truth.held - self._held) * truth.job.ratio * truth.mark
        if self._off_since_ms is None or moved > self.band_notional(truth):
            self._off_since_ms, self._held = event.at_ms, truth.held
        if event.at_ms - self._first_ms > EVER_MS:
            self._off_since_ms = min(self._off_since_ms, event.at_ms - EVER_MS)
        if event.at_ms - self._off_since_ms <= self._naked_ms:
            return
        if self._blind.since(self._off_since_ms) < self._off_since_ms:
            self._off_since_ms = event.at_ms
        elif not self._told_of_gap(max(self._first_ms, event.at_ms - TOLD_AGAIN_MS), truth):
            self.fail(f"a gap of {self.gap(truth)} coins for {self._naked_ms // 1000} s, and nobody was told")

    def _told_of_gap(self, since_ms: int, truth: Truth) -> bool:
        for at_ms, name, values in reversed(truth.alarms):
            if at_ms < since_ms:
                return False
            if name in _TELL_OF_ALL or (name in _TELL_OF_GAPS and values.get("hedge") == truth.job.hedge):
                return True
        return False


def _tells_of(halt: Halt, values: Mapping[str, object]) -> bool:
    """The alarm is that of the halt, or of a turn that found it."""
    return str(values.get("code")) == halt.code or str(values.get("verdict")) == "halted"
