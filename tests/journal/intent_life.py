"""A model of an order's life between bot and venue, and a real journal: whatever happens, what is recorded is true.

The venue of the model may lose requests and answers, deliver a request late (but not after its deadline), fill in
parts, and answer from a copy that lags behind by less than the grace of the proof, once for each order even from one
that has forgotten it. The bot of the model does what the runtime does with the same parts: it sizes by the bounds,
arms, looks up, proves absence, accounts.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import assert_never

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.core import absence, accounting, sizing
from bot.core.lifecycle import advance, unfilled
from bot.domain.ids import EPOCH_ALPHABET, ClientOrderId, Epoch, HedgeName, client_order_id
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
from bot.journal.lock import JournalLock
from bot.journal.store import SqlJournal
from tests.journal.conftest import BTC, MAIN, NOW
from tests.journal.intent_model import (
    GRACE_MS,
    PRICE,
    SPACING_MS,
    STEP,
    VALID_MS,
    Copy,
    Fate,
    Order,
    Part,
    Venue,
)
from tests.runtime.world import Unsynced

TARGETS = st.sampled_from([20, 10, 5, 0])
"""Few, so that an order often follows one that wanted as much."""
PARTS = st.sampled_from(Part)
FATES = st.sampled_from(Fate)
COPIES = st.sampled_from(Copy)


class Reopened(Unsynced):
    """One file after the other: most of the time of a new one would go into compiling the same statements again."""

    def at(self, path: Path) -> Reopened:
        self.path, self._identity = path, None
        return self


DATABASE = Reopened(Path(), "rwc")


class IntentLife(RuleBasedStateMachine):
    """Rules are what can happen; the invariants hold after each of them."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.venue = Venue()
        self.may_forget = False
        self.epochs = 0
        self.least_short = self.most_short = ZERO
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
        path, now_ms = Path(self.folder.name) / "journal.db", self.venue.now_ms
        self.journal = SqlJournal._prepared(DATABASE.at(path), JournalLock.acquire(path, now_ms=now_ms))
        self.journal.begin_epoch(self.epoch, now_ms)

    def unfinished(self) -> Sequence[IntentRecord]:
        return self.journal.unfinished(MAIN, BTC)

    def unresolved(self) -> list[IntentRecord]:
        return [record for record in self.unfinished() if not record.state.terminal]

    @rule(data=st.data())
    def happens(self, data: st.DataObject) -> None:
        """One of what can happen now: rules of their own would be left out at random, and most stories be idle."""
        unfinished = self.unfinished()
        can = [self.account, self.power_cut] if unfinished else [self.decide]
        can += [self.look_up] * 2 if any(not record.state.terminal for record in unfinished) else []
        can += [self.fill] if self.under_way() else []
        data.draw(st.sampled_from(can), "what")(data)

    def learn(self, record: IntentRecord, event: IntentEvent) -> IntentRecord:
        after = advance(record, event, self.venue.now_ms)
        if after != record:
            self.journal.update(after)
        return after

    # What the bot does

    def decide(self, data: st.DataObject) -> None:
        self.pass_time(1)
        target = STEP * data.draw(TARGETS.filter(lambda tenths: STEP * tenths != -self.venue.position), "target")
        fate, part = data.draw(FATES, "fate"), data.draw(PARTS, "fills")
        anchor = self.journal.anchor(MAIN, BTC)
        assert anchor is not None
        open_quantities = [
            (record.intent.request.side, unfilled(record) + record.filled) for record in self.unfinished()
        ]
        short_max, short_min = sizing.bounds(anchor.contracts, open_quantities)
        sell = sizing.increase_contracts(target, short_max, STEP)
        buy = sizing.decrease_contracts(target, short_min, STEP)
        if not sell and not buy:
            return
        short = -self.venue.position
        self.least_short, self.most_short = min(short, target), max(short, target)
        self.may_forget = True
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
                self.power_cut(data)
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

    def look_up(self, data: st.DataObject) -> None:
        """Ask for the order whose end is not known; the copy that forgot it answers once."""
        self.pass_time(data.draw(st.sampled_from([0, 34]), "after"))
        copy = data.draw(COPIES, "copy")
        for _ in range(data.draw(st.sampled_from([1, 4]), "times")):
            self.venue.copy = copy if copy is not Copy.FORGOTTEN or self.may_forget else Copy.LIVE
            self.may_forget = self.may_forget and copy is not Copy.FORGOTTEN
            for record in self.unresolved():
                self.ask(record)
            self.pass_time(5)

    def ask(self, record: IntentRecord) -> None:
        order = self.venue.orders[record.intent.client_id]
        if order.arrived_ms is not None and self.venue.shows(order.arrived_ms):
            self.learn(record, Reported(report=order.report()))
            return
        lost = self.learn(record, OutcomeLost(detail="not found so far"))
        if lost.state is IntentState.UNKNOWN:
            self.read_absence(lost)

    def read_absence(self, record: IntentRecord) -> None:
        intent, now_ms = record.intent, self.venue.now_ms
        reads = self.journal.absences(intent.client_id)
        if now_ms < absence.next_read_ms(intent, reads, SPACING_MS, GRACE_MS, now_ms):
            return
        since = self.venue.trades_after(intent.cursor_before)
        explained = intent.position_before + sum((trade.moved for trade in since), ZERO)
        read = AbsenceRead(
            venue_ms=now_ms,
            not_found_code="-2013",
            in_lists=False,
            stray_trades=tuple(trade.trade_id for trade in since if trade.venue_order_id == f"v{intent.client_id}"),
            position_explained=explained == self.venue.position_told(),
        )
        self.journal.add_absence(intent.client_id, read)
        verdict = absence.judge(intent, self.journal.absences(intent.client_id), SPACING_MS, GRACE_MS)
        if isinstance(verdict, absence.Proven):
            self.learn(record, ProvenWithoutEffect(evidence=verdict.evidence))

    def account(self, data: st.DataObject) -> None:
        """Explain the position by the trades since the anchor, as every turn does; each may lag on its own."""
        anchor = self.journal.anchor(MAIN, BTC)
        assert anchor is not None
        now_ms = self.venue.now_ms
        self.venue.copy = data.draw(COPIES, "position from")
        flat = Position.flat(BTC, FlatProof.ZERO_ROW, Stamp(sent_ms=now_ms, answered_ms=now_ms))
        position = replace(flat, contracts=self.venue.position_told())
        records = [record for record in self.unfinished() if record.filled > 0]
        self.venue.copy = data.draw(COPIES, "trades from")
        owned = [(trade, self.owner(trade)) for trade in self.venue.trades_after(anchor.cursor)]
        outcome = accounting.account(
            anchor=anchor,
            trades=owned,
            position=position,
            fills={record.intent.client_id: (record.filled, record.updated_ms) for record in records},
            step=STEP,
            counted=self.counted(),
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

    def counted(self) -> dict[ClientOrderId, Decimal]:
        """Contracts of each order that are in the confirmed position."""
        totals: dict[ClientOrderId, Decimal] = {}
        for trade, client_id, _ in self.journal.fills(MAIN, BTC):
            if client_id is not None:
                totals[client_id] = totals.get(client_id, ZERO) + trade.contracts
        return totals

    def owner(self, trade: VenueTrade) -> accounting.Owner:
        return accounting.Ours(client_id=ClientOrderId(trade.venue_order_id.removeprefix("v")))

    def power_cut(self, _: st.DataObject) -> None:
        """A new process on what was committed."""
        self.journal.close()
        self.open_journal()

    # What the venue does

    def pass_time(self, seconds: int) -> None:
        self.venue.now_ms += seconds * 1000
        for order in self.venue.orders.values():
            if order.arrived_ms is None and self.venue.now_ms >= order.intent.deadline_ms:
                order.lost = True

    def under_way(self) -> list[Order]:
        """What may still fill: a request that has not arrived, or an order that stands."""
        return [order for order in self.venue.orders.values() if order.left]

    def fill(self, data: st.DataObject) -> None:
        part = data.draw(PARTS, "fills")
        for order in self.under_way():
            if order.arrived_ms is None:
                self.venue.arrive(order, part)
            else:
                self.venue.fill(order, part)

    # What must be so

    @invariant()
    def never_doubled(self) -> None:
        """R13: whatever is still under way may fill, and the short stays between what it was and what was wanted."""
        if hasattr(self, "venue"):
            left = dict.fromkeys(Side, ZERO)
            for order in self.under_way():
                left[order.intent.request.side] += order.left
            short = -self.venue.position
            assert short + left[Side.SELL] <= self.most_short
            assert short - left[Side.BUY] >= self.least_short

    @invariant()
    def what_is_recorded_is_true(self) -> None:
        """R17 to R23: a recorded end is the venue's, and what is confirmed is made of fills that are known."""
        if not hasattr(self, "venue"):
            return
        anchor, counted = self.journal.anchor(MAIN, BTC), self.counted()
        records = {record.intent.client_id: record for record in self.journal.recent(MAIN, BTC, 0)}
        assert records.keys() == self.venue.orders.keys()
        assert sum(not record.state.terminal for record in records.values()) <= 1  # R18
        confirmed = [
            counted.get(client_id, ZERO) * record.intent.request.side.sign for client_id, record in records.items()
        ]
        assert anchor is not None
        assert anchor.contracts == sum(confirmed)
        for client_id, record in records.items():
            order, in_position = self.venue.orders[client_id], counted.get(client_id, ZERO)
            assert in_position <= record.filled <= order.filled
            if record.settled:
                assert in_position == record.filled
            if record.state in {IntentState.REJECTED, IntentState.NO_EFFECT_PROVEN}:
                assert order.filled == order.left == 0
            elif record.state.terminal:
                assert order.left == 0
                assert record.filled == order.filled
