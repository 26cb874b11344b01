"""A model of an order's life between bot and venue, and a real journal: whatever happens, what is recorded is true.

The venue of the model may lose requests and answers, deliver a request late (but not after its deadline), fill in
parts, and answer look-ups from a copy that lags behind by less than the grace of the proof. The bot of the model does
what the runtime does with the same parts: it sizes by the bounds, arms, looks up, proves absence, accounts.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Final, assert_never

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.core import absence, accounting, sizing
from bot.core.lifecycle import advance, unfilled
from bot.domain.ids import (
    EPOCH_ALPHABET,
    ClientOrderId,
    Epoch,
    HedgeName,
    client_order_id,
)
from bot.domain.intent import (
    AbsenceRead,
    Intent,
    IntentEvent,
    IntentRecord,
    IntentState,
    OutcomeLost,
    ProvenWithoutEffect,
    RejectedByVenue,
    Reported,
)
from bot.domain.numbers import ZERO
from bot.domain.observation import FlatProof, Position, Stamp
from bot.domain.orders import Anchor, OrderRequest, Side, TimeInForce, TradeCursor, VenueTrade
from bot.journal.store import SqlJournal
from tests.journal.conftest import BTC, MAIN, NOW
from tests.journal.intent_model import (
    GRACE_MS,
    LAG_MS,
    PRICE,
    SPACING_MS,
    STEP,
    VALID_MS,
    WRONG_MS,
    Copy,
    Fate,
    Order,
    Venue,
)

STEPS: Final = st.integers(1, 12)


class IntentLife(RuleBasedStateMachine):
    """Rules are what can happen; the invariants hold after each of them."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.venue = Venue()
        self.copy = Copy.LIVE
        self.may_be_wrong = True  # one answer for each order
        self.epochs = 0
        self.most_wanted = ZERO
        self.open_journal()
        flat = Anchor(contracts=ZERO, cursor=TradeCursor(trade_id=None, time_ms=NOW - 1), at_ms=NOW)
        self.journal.confirm(MAIN, BTC, flat, [], [])

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.journal.close()
            self.folder.cleanup()

    def open_journal(self) -> None:
        self.epochs += 1
        high, low = divmod(self.epochs, len(EPOCH_ALPHABET))
        self.epoch = Epoch("a" * 8 + EPOCH_ALPHABET[high] + EPOCH_ALPHABET[low])
        self.journal = SqlJournal.open(Path(self.folder.name) / "journal.db", now_ms=self.venue.now_ms)
        self.journal.begin_epoch(self.epoch, self.venue.now_ms)

    def unfinished(self) -> Sequence[IntentRecord]:
        return self.journal.unfinished(MAIN, BTC)

    def open_quantities(self) -> list[tuple[Side, Decimal]]:
        return [(record.intent.request.side, unfilled(record) + record.filled) for record in self.unfinished()]

    def learn(self, record: IntentRecord, event: IntentEvent) -> IntentRecord:
        after = advance(record, event, self.venue.now_ms)
        if after != record:
            self.journal.update(after)
        return after

    # What the bot does

    @precondition(lambda self: not self.unfinished())
    @rule(
        wanted=st.integers(0, 30),
        fate=st.sampled_from(Fate),
        part=STEPS,
    )
    def decide(self, wanted: int, fate: Fate, part: int) -> None:
        target = STEP * wanted
        anchor = self.journal.anchor(MAIN, BTC)
        assert anchor is not None
        short_max, short_min = sizing.bounds(anchor.contracts, self.open_quantities())
        sell = sizing.increase_contracts(target, short_max, STEP)
        buy = sizing.decrease_contracts(target, short_min, STEP)
        if not sell and not buy:
            return
        self.most_wanted = max(self.most_wanted, target)
        self.may_be_wrong = True
        record = self.journal.arm(self.intent(Side.SELL if sell else Side.BUY, sell or buy, anchor))
        order = self.venue.orders[record.intent.client_id] = Order(intent=record.intent)
        match fate:
            case Fate.ANSWERED:
                self.venue.arrive(order, part)
                self.learn(record, Reported(report=order.report()))
            case Fate.ANSWER_LOST:
                self.venue.arrive(order, part)
                self.learn(record, OutcomeLost(detail="timeout"))
            case Fate.REQUEST_LOST:
                order.lost = True
                self.learn(record, OutcomeLost(detail="timeout"))
            case Fate.LATE:
                self.learn(record, OutcomeLost(detail="timeout"))
            case Fate.REFUSED:
                order.lost = True
                self.learn(record, RejectedByVenue(code="-2019", message=""))
            case Fate.CUT:
                self.venue.arrive(order, part)
                self.power_cut()
            case _:
                assert_never(fate)

    def intent(self, side: Side, contracts: Decimal, anchor: Anchor) -> Intent:
        now_ms = self.venue.now_ms
        return Intent(
            client_id=client_order_id(self.epoch, self.journal.next_sequence()),
            hedge=HedgeName("btc"),
            request=OrderRequest(
                venue=MAIN,
                symbol=BTC,
                side=side,
                contracts=contracts,
                price=PRICE,
                time_in_force=TimeInForce.IOC,
                reduce_only=side is Side.BUY,
            ),
            position_before=anchor.contracts,
            cursor_before=anchor.cursor,
            mark=PRICE,
            created_ms=now_ms,
            timestamp_ms=now_ms,
            deadline_ms=now_ms + VALID_MS,
        )

    @rule(
        after_s=st.sampled_from([0, 34]),
        times=st.sampled_from([1, 4]),
        pause_s=st.sampled_from([0, 5]),
        copy=st.sampled_from(Copy),
    )
    def look_up(self, after_s: int, times: int, pause_s: int, copy: Copy) -> None:
        """Ask a few times for the order whose end is not known."""
        self.time_passes(after_s)
        for _ in range(times):
            self.copy = copy if copy is not Copy.WRONG or self.may_be_wrong else Copy.LIVE
            self.may_be_wrong = self.may_be_wrong and copy is not Copy.WRONG
            for record in self.unfinished():
                if not record.state.terminal:
                    self.ask(record)
            self.time_passes(pause_s)

    def ask(self, record: IntentRecord) -> None:
        order = self.venue.orders[record.intent.client_id]
        if order.arrived_ms is not None and self.shows(order.arrived_ms):
            self.learn(record, Reported(report=order.report()))
            return
        lost = self.learn(record, OutcomeLost(detail="not found so far"))
        if lost.state is IntentState.UNKNOWN:
            self.read_absence(lost)

    def shows(self, time_ms: int) -> bool:
        """Whether what the bot is answered from knows of something that happened then."""
        match self.copy:
            case Copy.LIVE:
                return True
            case Copy.BEHIND:
                return self.venue.now_ms - time_ms >= LAG_MS
            case Copy.WRONG:
                return self.venue.now_ms - time_ms >= WRONG_MS
            case _:
                assert_never(self.copy)

    def read_absence(self, record: IntentRecord) -> None:
        intent, now_ms = record.intent, self.venue.now_ms
        reads = self.journal.absences(intent.client_id)
        if now_ms < absence.next_read_ms(intent, reads, SPACING_MS, GRACE_MS, now_ms):
            return
        since = self.trades_after(intent.cursor_before)
        read = AbsenceRead(
            venue_ms=now_ms,
            not_found_code="-2013",
            in_lists=False,
            stray_trades=tuple(trade.trade_id for trade in since if trade.venue_order_id == f"v{intent.client_id}"),
            position_explained=intent.position_before + sum((trade.moved for trade in since), ZERO) == self.position(),
        )
        self.journal.add_absence(intent.client_id, read)
        verdict = absence.judge(intent, self.journal.absences(intent.client_id), SPACING_MS, GRACE_MS)
        if isinstance(verdict, absence.Proven):
            self.learn(record, ProvenWithoutEffect(evidence=verdict.evidence))

    def trades_after(self, cursor: TradeCursor) -> list[VenueTrade]:
        known = [trade for trade in self.venue.trades if self.shows(trade.time_ms)]
        return [trade for trade in known if cursor.trade_id is None or int(trade.trade_id) > int(cursor.trade_id)]

    def position(self) -> Decimal:
        return sum((trade.moved for trade in self.venue.trades if self.shows(trade.time_ms)), ZERO)

    @rule(trades_from=st.sampled_from(Copy), position_from=st.sampled_from(Copy))
    def account(self, trades_from: Copy, position_from: Copy) -> None:
        """Explain the position by the trades since the anchor, as every turn does; each may lag on its own."""
        anchor = self.journal.anchor(MAIN, BTC)
        assert anchor is not None
        now_ms = self.venue.now_ms
        self.copy = position_from
        contracts = self.position()
        records = [record for record in self.unfinished() if record.filled > 0]
        if contracts == anchor.contracts and not records:
            return
        self.copy = trades_from
        owned = [(trade, self.owner(trade)) for trade in self.trades_after(anchor.cursor)]
        counted = {record.intent.client_id: ZERO for record in records}
        for trade, client_id, _ in self.journal.fills(MAIN, BTC):
            if client_id in counted:
                counted[client_id] += trade.contracts
        outcome = accounting.account(
            anchor=anchor,
            trades=owned,
            position=replace(
                Position.flat(BTC, FlatProof.ZERO_ROW, Stamp(sent_ms=now_ms, answered_ms=now_ms)), contracts=contracts
            ),
            fills={record.intent.client_id: (record.filled, record.updated_ms) for record in records},
            step=STEP,
            counted=counted,
        )
        if isinstance(outcome, accounting.Accounted):
            ended = {record.intent.client_id for record in records if record.state.terminal}
            self.journal.confirm(
                MAIN,
                BTC,
                outcome.anchor,
                [(trade, who.client_id if isinstance(who, accounting.Ours) else None, PRICE) for trade, who in owned],
                [client_id for client_id in outcome.settled if client_id in ended],
            )

    def owner(self, trade: VenueTrade) -> accounting.Owner:
        ours = ClientOrderId(trade.venue_order_id.removeprefix("v"))
        return accounting.Ours(client_id=ours) if ours in self.venue.orders else accounting.Foreign()

    @rule()
    def power_cut(self) -> None:
        """A new process on what was committed."""
        self.journal.close()
        self.open_journal()

    # What the venue and the world do

    @rule(seconds=st.integers(0, 40))
    def time_passes(self, seconds: int) -> None:
        self.venue.now_ms += seconds * 1000
        for order in self.venue.orders.values():
            if order.arrived_ms is None and self.venue.now_ms >= order.intent.deadline_ms:
                order.lost = True

    @rule(part=STEPS)
    def late_request_arrives(self, part: int) -> None:
        for order in self.venue.orders.values():
            if order.arrived_ms is None and not order.lost:
                self.venue.arrive(order, part)

    @rule(part=STEPS)
    def more_fills(self, part: int) -> None:
        for order in self.venue.orders.values():
            if order.open:
                self.venue.fill(order, part)

    @rule()
    def what_rests_expires(self) -> None:
        for order in self.venue.orders.values():
            order.open = False

    # What must be so

    @invariant()
    def never_doubled(self) -> None:
        """R13: whatever is still under way may fill, and the short stays within what was ever wanted; never long."""
        if hasattr(self, "venue"):
            sells, buys = self.under_way(Side.SELL), self.under_way(Side.BUY)
            assert -self.venue.position + sells <= self.most_wanted
            assert self.venue.position + buys <= 0

    def under_way(self, side: Side) -> Decimal:
        orders = self.venue.orders.values()
        return sum((order.left for order in orders if order.intent.request.side is side), ZERO)

    @invariant()
    def what_is_recorded_is_true(self) -> None:
        """R17 to R22: an end that is recorded is the venue's end, and every order of ours has its intent."""
        if not hasattr(self, "venue"):
            return
        for client_id, order in self.venue.orders.items():
            record = self.journal.intent(client_id)
            assert record is not None
            assert record.filled <= order.filled
            if record.state in {IntentState.REJECTED, IntentState.NO_EFFECT_PROVEN}:
                assert order.filled == 0
                assert order.left == 0
            elif record.state.terminal:
                assert order.left == 0
                assert record.filled == order.filled

    @invariant()
    def one_at_a_time(self) -> None:
        """R18."""
        if hasattr(self, "venue"):
            assert sum(not record.state.terminal for record in self.unfinished()) <= 1


TestIntentLife = IntentLife.TestCase
TestIntentLife.settings = settings(
    max_examples=150, stateful_step_count=60, deadline=None, derandomize=True, database=None
)
