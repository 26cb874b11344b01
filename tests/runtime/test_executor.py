"""The executor alone, on a real journal: durable first, sent once, and every outcome recorded as what it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal as D
from pathlib import Path
from typing import cast

import pytest

from bot import logs
from bot.domain.errors import JournalFault, VenueBusy
from bot.domain.ids import Epoch, Symbol, TradeId, VenueOrderId, client_order_id
from bot.domain.intent import Intent, IntentRecord, IntentState, OutcomeLost, RejectedByVenue, Reported
from bot.domain.ladder import StepId
from bot.domain.orders import (
    Acked,
    Anchor,
    Approved,
    OrderReport,
    OrderStatus,
    OutcomeUnknown,
    Rejected,
    SendOutcome,
    Side,
    TimeInForce,
    TradeCursor,
)
from bot.journal.lock import JournalLock
from bot.journal.store import SqlJournal
from bot.ports import OrderTicket, Venue
from bot.runtime.executor import Executor, NotSent, event_of
from tests.core.instruments import HEDGE, MAIN, PERP, SELL
from tests.runtime.world import Unsynced

NOW_MS = 1_800_000_000_000
AHEAD_MS = 250
"""Of the venue's clock before ours."""
EPOCH = Epoch("abcdefghjk")
ANCHOR = Anchor(contracts=D("-0.4"), cursor=TradeCursor(trade_id=TradeId("77"), time_ms=NOW_MS - 9), at_ms=NOW_MS - 8)
APPROVED = Approved(request=replace(SELL, contracts=D("0.3")), notional=D(30_300), mark=D(101_000))


class Clock:
    """Ours; an answer takes 40 ms."""

    def __init__(self) -> None:
        self.ms = NOW_MS

    def now_ms(self) -> int:
        return self.ms

    async def sleep(self, seconds: float) -> None:
        self.ms += int(seconds * 1000)


@dataclass
class Scripted:
    """Answers every order alike, and keeps what stood in the journal when it arrived."""

    clock: Clock
    journal: SqlJournal
    outcome: SendOutcome | None = None
    busy: bool = False
    slots: int = 0
    tickets: list[OrderTicket] = field(default_factory=list)
    found: list[IntentRecord | None] = field(default_factory=list)

    def now_ms(self) -> int:
        return self.clock.ms + AHEAD_MS

    def recv_window_ms(self) -> int:
        return 3_000

    async def order_slot(self, symbol: Symbol) -> None:
        assert symbol == APPROVED.request.symbol
        if self.busy:
            raise VenueBusy("banned", venue=MAIN, operation="order", retry_at_ms=NOW_MS + 60_000)
        self.slots += 1
        await self.clock.sleep(2)

    async def place(self, ticket: OrderTicket) -> SendOutcome:
        self.tickets.append(ticket)
        self.found.append(self.journal.intent(ticket.client_id))
        await self.clock.sleep(0.04)
        return self.outcome or Acked(report=report(ticket))


def report(ticket: OrderTicket, filled: str = "0.2") -> OrderReport:
    return OrderReport(
        symbol=PERP,
        client_id=ticket.client_id,
        venue_order_id=VenueOrderId("v1"),
        side=Side.SELL,
        status=OrderStatus.EXPIRED,
        contracts=ticket.request.contracts,
        filled=D(filled),
        average_price=D(100_900),
        reduce_only=False,
        time_ms=NOW_MS,
    )


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqlJournal]:
    path = tmp_path / "journal.db"
    with SqlJournal._prepared(Unsynced(path, "rwc"), JournalLock.acquire(path, now_ms=NOW_MS)) as opened:
        opened.begin_epoch(EPOCH, NOW_MS)
        yield opened


@pytest.fixture
def venue(journal: SqlJournal) -> Scripted:
    return Scripted(clock=Clock(), journal=journal)


async def send(venue: Scripted, *, objection: str = "") -> IntentRecord:
    executor = Executor(journal=venue.journal, clock=venue.clock, epoch=EPOCH, logger=logs.get(__name__))
    return await executor.execute(
        cast(Venue, venue), HEDGE, APPROVED, ANCHOR, still_good=lambda: objection if venue.slots else "asked too early"
    )


async def test_r17_the_intent_stands_in_the_journal_before_the_order_leaves(venue: Scripted) -> None:
    await send(venue)
    sent_ms = NOW_MS + 2_000  # after the wait for the slot
    assert venue.found == [
        IntentRecord(
            intent=Intent(
                client_id=client_order_id(EPOCH, 1),
                hedge=HEDGE,
                request=APPROVED.request,
                position_before=D("-0.4"),
                cursor_before=ANCHOR.cursor,
                mark=D(101_000),
                created_ms=sent_ms,
                timestamp_ms=sent_ms + AHEAD_MS,
                deadline_ms=sent_ms + AHEAD_MS + 3_000,
            ),
            state=IntentState.ARMED,
            filled=D(0),
            average_price=None,
            venue_order_id=None,
            settled=False,
            detail="",
            updated_ms=sent_ms,
        )
    ]


async def test_r21_what_leaves_is_what_was_committed(venue: Scripted) -> None:
    await send(venue)
    timestamp_ms = NOW_MS + 2_000 + AHEAD_MS
    assert venue.tickets == [
        OrderTicket(
            request=APPROVED.request,
            client_id=client_order_id(EPOCH, 1),
            timestamp_ms=timestamp_ms,
            deadline_ms=timestamp_ms + 3_000,
        )
    ]
    assert APPROVED.request.time_in_force is TimeInForce.IOC


async def test_an_answer_is_recorded_at_the_time_it_came(venue: Scripted) -> None:
    record = await send(venue)
    assert record == venue.journal.intent(client_order_id(EPOCH, 1))
    assert (record.state, record.filled, record.average_price) == (IntentState.EXPIRED, D("0.2"), D(100_900))
    assert (record.venue_order_id, record.settled) == ("v1", False)
    assert record.updated_ms == NOW_MS + 2_040


@pytest.mark.parametrize(
    ("outcome", "state", "settled", "detail"),
    [
        (Rejected(code="-2019", message="Margin is insufficient."), IntentState.REJECTED, True, "-2019 Margin"),
        (OutcomeUnknown(detail="timed out"), IntentState.UNKNOWN, False, "timed out"),
    ],
)
async def test_r20_no_answer_is_no_rejection(
    venue: Scripted, outcome: SendOutcome, state: IntentState, settled: bool, detail: str
) -> None:
    venue.outcome = outcome
    record = await send(venue)
    assert (record.state, record.settled, record.filled) == (state, settled, D(0))
    assert record.detail.startswith(detail)
    assert record == venue.journal.intent(record.intent.client_id)
    assert len(venue.tickets) == 1


async def test_r19_every_order_has_an_id_of_its_own(venue: Scripted) -> None:
    venue.outcome = Rejected(code="-2019", message="")
    ids = [(await send(venue)).intent.client_id for _ in range(3)]
    assert ids == [client_order_id(EPOCH, number) for number in (1, 2, 3)]


async def test_what_is_no_longer_good_after_the_wait_is_neither_recorded_nor_sent(venue: Scripted) -> None:
    with pytest.raises(NotSent, match="the price is too old"):
        await send(venue, objection="the price is too old")
    assert (venue.tickets, venue.journal.next_sequence()) == ([], 1)


async def test_a_ban_lets_nothing_leave(venue: Scripted) -> None:
    venue.busy = True
    with pytest.raises(VenueBusy):
        await send(venue)
    assert (venue.tickets, list(venue.journal.all_unfinished())) == ([], [])


async def test_r17_what_can_not_be_made_durable_is_not_sent(venue: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise JournalFault("the disk is full", hint="free disk space")

    monkeypatch.setattr(venue.journal, "arm", full)
    with pytest.raises(JournalFault):
        await send(venue)
    assert venue.tickets == []


async def test_the_step_of_a_ladder_is_kept_with_its_leg(venue: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    arm, kept = venue.journal.arm, []

    def noted(intent: Intent, *, step: StepId | None = None) -> IntentRecord:
        kept.append(step)
        return arm(intent)

    monkeypatch.setattr(venue.journal, "arm", noted)
    executor = Executor(journal=venue.journal, clock=venue.clock, epoch=EPOCH, logger=logs.get(__name__))
    step = StepId("habcdefghjk000000000000009")
    await executor.execute(cast(Venue, venue), HEDGE, APPROVED, ANCHOR, still_good=str, step=step)
    assert kept == [step]


def test_r20_what_an_outcome_means_for_the_intent() -> None:
    ticket = OrderTicket(request=SELL, client_id=client_order_id(EPOCH, 5), timestamp_ms=1, deadline_ms=2)
    assert event_of(Acked(report=report(ticket))) == Reported(report=report(ticket))
    assert event_of(Rejected(code="-1", message="no")) == RejectedByVenue(code="-1", message="no")
    assert event_of(OutcomeUnknown(detail="cut")) == OutcomeLost(detail="cut")
