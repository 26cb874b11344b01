"""Moves of the margin ladder: sent once, and what became of them (R17 to R22, R27)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path

import pytest

from bot import logs
from bot.domain.errors import NotOffered, VenueUnreachable
from bot.domain.ids import Epoch, Symbol
from bot.domain.ladder import StepId
from bot.domain.moves import Moved, MoveId, MoveKind, MoveOutcome, MoveRecord, MoveState, VenueMove
from bot.domain.orders import OutcomeUnknown, Rejected
from bot.journal.store import SqlJournal
from bot.runtime.executor import NotSent
from bot.runtime.ladder_money import Mover
from tests.core.instruments import MAIN, POLICY, USDT
from tests.core.ladders import NOW_MS, step

EPOCH = Epoch("abcdefghjk")
WALLET = D(100_000)


class Bank:
    """Venue, treasury and clock in one: time stands still unless it is moved."""

    def __init__(self) -> None:
        self.time_ms = NOW_MS
        self.outcome: MoveOutcome = Moved(reference="77")
        self.history: list[VenueMove] = []
        self.sent: list[MoveRecord] = []
        self.silent = self.unserved = False

    def now_ms(self) -> int:
        return self.time_ms

    def recv_window_ms(self) -> int:
        return 3_000

    async def order_slot(self, symbol: Symbol) -> None:
        del symbol
        self.time_ms += 1

    async def move(self, record: MoveRecord) -> MoveOutcome:
        assert record.state is MoveState.ARMED, "durable before it leaves"
        self.sent.append(record)
        return self.outcome

    async def moves(self, kind: MoveKind, symbol: Symbol, since_ms: int) -> Sequence[VenueMove]:
        del symbol
        if self.silent:
            raise VenueUnreachable("no answer", venue=MAIN, operation="read moves")
        if self.unserved:
            raise NotOffered("no such list", venue=MAIN, operation="read moves")
        return [told for told in self.history if told.kind is kind and told.time_ms >= since_ms]

    def tells(self, record: MoveRecord, **other: object) -> None:
        request = record.move.request
        told = VenueMove(
            kind=request.kind,
            asset=request.asset,
            amount=request.amount,
            reference="78",
            move_id=None,
            time_ms=record.move.timestamp_ms + 5,
        )
        self.history.append(replace(told, **other))  # type: ignore[arg-type]


@pytest.fixture
def bank() -> Bank:
    return Bank()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqlJournal]:
    with SqlJournal.open(tmp_path / "hedgebot.db", now_ms=NOW_MS) as opened:
        opened.begin_epoch(EPOCH, NOW_MS)
        opened.open_step(replace(step(), step_id=StepId("habcdefghjk000000000000001")))
        yield opened


@pytest.fixture
def mover(bank: Bank, journal: SqlJournal) -> Mover:
    return Mover(
        venue=bank,  # type: ignore[arg-type]
        treasury=bank,  # type: ignore[arg-type]
        journal=journal,
        clock=bank,  # type: ignore[arg-type]
        epoch=EPOCH,
        timing=POLICY.timing,
        logger=logs.get("test"),
    )


async def send(mover: Mover, *, objection: str = "") -> MoveRecord:
    return await mover.send(step(), MoveKind.ADD_MARGIN, USDT, D(50_000), wallet=WALLET, still_good=lambda: objection)


async def lost(mover: Mover, bank: Bank) -> MoveRecord:
    """A move that got no answer."""
    bank.outcome = OutcomeUnknown(detail="timeout")
    return await send(mover)


async def look(mover: Mover, bank: Bank, record: MoveRecord, wallet: D | None = None) -> MoveRecord:
    """Look for it again, six seconds later."""
    bank.time_ms += 6_000
    return await mover.resolve(record, (), None if wallet is None else (wallet, bank.time_ms))


async def test_r17_it_is_durable_then_sent_once_then_recorded(mover: Mover, bank: Bank, journal: SqlJournal) -> None:
    record = await send(mover)
    assert (record.state, record.reference) == (MoveState.DONE, "77")
    assert len(bank.sent) == 1
    assert journal.moves_of(step().step_id) == (record,)
    move = record.move
    assert (move.request.amount, move.wallet_before) == (D("50000.00000002"), WALLET)
    assert move.deadline_ms == move.timestamp_ms + 3_000


async def test_what_the_venue_refuses_has_no_effect(mover: Mover, bank: Bank) -> None:
    bank.outcome = Rejected(code="-4051", message="isolated balance insufficient")
    record = await send(mover)
    assert (record.state, record.detail) == (MoveState.REJECTED, "-4051 isolated balance insufficient")


async def test_an_objection_leaves_no_trace(mover: Mover, bank: Bank, journal: SqlJournal) -> None:
    with pytest.raises(NotSent, match="stopping"):
        await send(mover, objection="the bot is stopping")
    assert not bank.sent
    assert not journal.moves_of(step().step_id)


async def test_r20_no_answer_is_unknown_until_the_venue_tells_of_it(mover: Mover, bank: Bank) -> None:
    record = await lost(mover, bank)
    assert record.state is MoveState.UNKNOWN
    record = await look(mover, bank, record)
    assert record.state is MoveState.UNKNOWN
    bank.tells(record)
    record = await look(mover, bank, record)
    assert (record.state, record.reference) == (MoveState.DONE, "78")


@pytest.mark.parametrize(
    "other",
    [
        {"amount": D("50000.00000001")},
        {"amount": D("-50000.00000002")},
        {"move_id": MoveId("habcdefghjk000000000000009")},
        {"time_ms": NOW_MS - 10_000},
        {"kind": MoveKind.TRANSFER},
    ],
)
async def test_r27_another_move_is_not_taken_for_it(mover: Mover, bank: Bank, other: dict[str, object]) -> None:
    record = await lost(mover, bank)
    bank.tells(record, **other)
    assert (await look(mover, bank, record)).state is MoveState.UNKNOWN


async def test_nor_is_one_that_is_known_already(mover: Mover, bank: Bank) -> None:
    record = await lost(mover, bank)
    bank.tells(record)
    assert (await mover.resolve(record, {"78"}, None)).state is MoveState.UNKNOWN


async def test_a_venue_that_keeps_our_id_is_believed_by_it(mover: Mover, bank: Bank) -> None:
    record = await lost(mover, bank)
    bank.tells(record, move_id=record.move.move_id, amount=D(50_000))
    assert (await look(mover, bank, record)).state is MoveState.DONE


async def test_after_a_crash_it_is_unknown_first(mover: Mover, bank: Bank, journal: SqlJournal) -> None:
    record = await lost(mover, bank)
    armed = replace(record, state=MoveState.ARMED, detail="")
    assert (await mover.resolve(armed, (), None)).state is MoveState.UNKNOWN
    assert journal.moves_of(step().step_id)[0].detail == "its answer was not kept"


async def test_r22_absence_takes_three_readings_apart_and_the_last_one_late(mover: Mover, bank: Bank) -> None:
    record = await lost(mover, bank)
    for _ in range(10):  # too close together to count as more than one
        bank.time_ms += 100
        record = await mover.resolve(record, (), None)
    for _ in range(4):
        record = await look(mover, bank, record)
    assert record.state is MoveState.UNKNOWN, "three, but all of them before the deadline and its grace"
    bank.time_ms = record.move.deadline_ms + 30_001
    record = await mover.resolve(record, (), None)
    assert record.state is MoveState.NO_EFFECT_PROVEN
    assert "does not tell of it" in record.detail


async def test_r22_a_reading_that_fails_counts_for_nothing(mover: Mover, bank: Bank) -> None:
    record = await lost(mover, bank)
    bank.silent = True
    for _ in range(20):
        with pytest.raises(VenueUnreachable):
            await look(mover, bank, record)
    bank.silent = False
    assert (await look(mover, bank, record)).state is MoveState.UNKNOWN


async def test_without_a_history_the_margin_itself_tells_that_it_was_done(mover: Mover, bank: Bank) -> None:
    record = await lost(mover, bank)
    bank.unserved = True
    assert (await look(mover, bank, record)).state is MoveState.UNKNOWN, "no margin was read"
    early = await mover.resolve(record, (), (D(150_000), record.updated_ms))
    assert early.state is MoveState.UNKNOWN, "read before the answer was given up"
    done = await look(mover, bank, record, D(150_250))
    assert done.state is MoveState.DONE


async def test_without_a_history_an_unchanged_margin_tells_in_time_that_it_was_not(mover: Mover, bank: Bank) -> None:
    record = await lost(mover, bank)
    bank.unserved = True
    for _ in range(4):
        record = await look(mover, bank, record, D(99_900))
        assert record.state is MoveState.UNKNOWN
    bank.time_ms = record.move.deadline_ms + 30_001
    record = await mover.resolve(record, (), (D(99_900), bank.time_ms))
    assert record.state is MoveState.NO_EFFECT_PROVEN


async def test_a_margin_that_fits_neither_leaves_it_to_a_person(mover: Mover, bank: Bank) -> None:
    record = await lost(mover, bank)
    bank.unserved = True
    for _ in range(20):
        record = await look(mover, bank, record, D(120_000))
    assert record.state is MoveState.UNKNOWN


async def test_without_a_history_a_closed_position_ends_it_in_time(mover: Mover, bank: Bank) -> None:
    record = await lost(mover, bank)
    bank.unserved = True
    for _ in range(4):
        record = await look(mover, bank, record, D(0))
        assert record.state is MoveState.UNKNOWN
    bank.time_ms = record.move.deadline_ms + 30_001
    record = await mover.resolve(record, (), (D(0), bank.time_ms))
    assert record.state is MoveState.NO_EFFECT_PROVEN
    assert "the position is closed" in record.detail
