from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.domain.errors import InvariantBroken, JournalFault
from bot.domain.ids import ClientOrderId, Epoch, HedgeName, Symbol, TradeId, VenueName, VenueOrderId, client_order_id
from bot.domain.intent import AbsenceRead, Intent, IntentState
from bot.domain.orders import Anchor, Side, TradeCursor, VenueTrade
from bot.journal.store import SqlJournal
from bot.ports import Halt, Journal

NOW = 1_700_000_000_000
EPOCH = Epoch("abcdefghij")
MAIN = VenueName("main")
BTC = Symbol("BTC/USDT:USDT")
ETH = Symbol("ETH/USDT:USDT")
Intents = Callable[..., Intent]
Trades = Callable[..., VenueTrade]


def test_it_is_the_journal_of_the_ports(journal: SqlJournal) -> None:
    asked: Journal = journal
    assert asked.halts() == ()


def test_r19_an_epoch_is_known_after_a_restart_and_never_begun_twice(path: Path, journal: SqlJournal) -> None:
    journal.close()
    with SqlJournal.open(path, now_ms=NOW) as again:
        assert again.knows_epoch(EPOCH)
        assert not again.knows_epoch(Epoch("zzzzzzzzzz"))
        with pytest.raises(InvariantBroken):
            again.begin_epoch(EPOCH, NOW)
        again.begin_epoch(Epoch("bbbbbbbbbb"), NOW)


def test_r19_sequences_come_from_the_intents_of_this_epoch(
    path: Path, journal: SqlJournal, make_intent: Intents
) -> None:
    assert journal.next_sequence() == 1
    assert journal.next_sequence() == 1
    record = journal.arm(make_intent(1))
    assert journal.next_sequence() == 2
    journal.update(replace(record, state=IntentState.REJECTED, settled=True))
    assert journal.next_sequence() == 2
    journal.close()
    with SqlJournal.open(path, now_ms=NOW) as again:
        again.begin_epoch(Epoch("bbbbbbbbbb"), NOW)
        assert again.next_sequence() == 1


def test_r19_without_an_epoch_no_order_can_be_named(path: Path, make_intent: Intents) -> None:
    with SqlJournal.open(path, now_ms=NOW) as journal:
        with pytest.raises(InvariantBroken):
            journal.next_sequence()
        with pytest.raises(InvariantBroken):
            journal.arm(make_intent())


def test_r19_an_intent_of_an_earlier_epoch_is_refused(journal: SqlJournal, make_intent: Intents) -> None:
    journal.begin_epoch(Epoch("bbbbbbbbbb"), NOW)
    journal.begin_epoch(Epoch("cccccccccc"), NOW)
    with pytest.raises(InvariantBroken):
        journal.arm(make_intent(epoch=Epoch("bbbbbbbbbb")))


def test_r17_an_armed_intent_reads_back_as_it_was(journal: SqlJournal, make_intent: Intents) -> None:
    intent = make_intent()
    record = journal.arm(intent)
    assert record.state is IntentState.ARMED
    assert (record.intent, record.filled, record.settled, record.updated_ms) == (intent, Decimal(0), False, NOW)
    assert journal.intent(intent.client_id) == record
    assert journal.unfinished(MAIN, BTC) == (record,)
    assert journal.all_unfinished() == (record,)
    assert journal.intent(client_order_id(EPOCH, 2)) is None


@pytest.mark.parametrize("state", [state for state in IntentState if not state.terminal])
@pytest.mark.parametrize("side", Side)
def test_r18_one_unfinished_order_per_instrument_in_either_direction(
    journal: SqlJournal, make_intent: Intents, state: IntentState, side: Side
) -> None:
    record = journal.arm(make_intent(1))
    journal.update(replace(record, state=state))
    with pytest.raises(InvariantBroken):
        journal.arm(make_intent(2, side=side))
    assert journal.intent(client_order_id(EPOCH, 2)) is None
    journal.arm(make_intent(2, symbol=ETH))


@pytest.mark.parametrize("state", [state for state in IntentState if state.terminal])
def test_r18_a_finished_order_makes_room(journal: SqlJournal, make_intent: Intents, state: IntentState) -> None:
    record = journal.arm(make_intent(1))
    journal.update(replace(record, state=state))
    journal.arm(make_intent(2))


def test_r18_two_journals_on_one_file_share_the_rule(path: Path, journal: SqlJournal, make_intent: Intents) -> None:
    with SqlJournal.open_beside(path) as other:
        other.begin_epoch(Epoch("bbbbbbbbbb"), NOW)
        journal.arm(make_intent(1))
        with pytest.raises(InvariantBroken):
            other.arm(make_intent(1, epoch=Epoch("bbbbbbbbbb")))


def test_an_id_is_used_once_even_when_its_order_is_finished(journal: SqlJournal, make_intent: Intents) -> None:
    record = journal.arm(make_intent(1))
    journal.update(replace(record, state=IntentState.CANCELED, settled=True))
    with pytest.raises(InvariantBroken):
        journal.arm(make_intent(1, symbol=ETH))


def test_what_is_learnt_of_an_intent_is_kept(journal: SqlJournal, make_intent: Intents) -> None:
    record = journal.arm(make_intent())
    filled = replace(
        record,
        state=IntentState.FILLED,
        filled=Decimal("0.500"),
        average_price=Decimal("99990.5"),
        venue_order_id=VenueOrderId("9001"),
        detail="acknowledged",
        updated_ms=NOW + 80,
    )
    journal.update(filled)
    assert journal.intent(record.intent.client_id) == filled
    assert journal.intent_of_order(MAIN, BTC, VenueOrderId("9001")) == filled
    assert journal.intent_of_order(MAIN, ETH, VenueOrderId("9001")) is None
    assert journal.unfinished(MAIN, BTC) == (filled,)
    journal.update(replace(filled, settled=True))
    assert journal.unfinished(MAIN, BTC) == ()


def test_what_is_known_of_an_intent_is_not_taken_back(journal: SqlJournal, make_intent: Intents) -> None:
    record = journal.arm(make_intent())
    some = replace(record, state=IntentState.PARTIALLY_FILLED, filled=Decimal("0.2"), average_price=Decimal(99990))
    journal.update(some)
    ended = replace(some, state=IntentState.CANCELED)
    for wrong in (
        replace(some, filled=Decimal("0.1")),
        replace(some, filled=Decimal("0.6")),
        replace(some, intent=replace(some.intent, mark=Decimal(1))),
    ):
        with pytest.raises(InvariantBroken):
            journal.update(wrong)
    journal.update(ended)
    with pytest.raises(InvariantBroken):
        journal.update(some)
    with pytest.raises(InvariantBroken):
        journal.update(replace(record, intent=make_intent(2)))
    assert journal.unfinished(MAIN, BTC) == (ended,)


def test_one_venue_order_belongs_to_one_intent(journal: SqlJournal, make_intent: Intents) -> None:
    first = journal.arm(make_intent(1))
    journal.update(replace(first, state=IntentState.EXPIRED, venue_order_id=VenueOrderId("9001")))
    second = journal.arm(make_intent(2))
    with pytest.raises(InvariantBroken, match="contradiction"):
        journal.update(replace(second, state=IntentState.ACKED, venue_order_id=VenueOrderId("9001")))


def test_r24_recent_intents_are_those_created_since(journal: SqlJournal, make_intent: Intents) -> None:
    for sequence in (1, 2, 3):
        record = journal.arm(make_intent(sequence, created_ms=NOW + sequence))
        journal.update(replace(record, state=IntentState.EXPIRED, settled=True))
    found = journal.recent(MAIN, BTC, NOW + 2)
    assert [record.intent.client_id for record in found] == [client_order_id(EPOCH, 2), client_order_id(EPOCH, 3)]
    assert journal.recent(MAIN, ETH, 0) == ()


def test_r22_absence_readings_survive_a_restart(path: Path, journal: SqlJournal, make_intent: Intents) -> None:
    intent = make_intent()
    journal.arm(intent)
    reads = [
        AbsenceRead(
            venue_ms=NOW + number,
            not_found_code="-2013",
            in_lists=number == 1,
            stray_trades=("81", "82")[:number],
            position_explained=number != 1,
        )
        for number in range(3)
    ]
    for read in reads:
        journal.add_absence(intent.client_id, read)
    journal.close()
    with SqlJournal.open_readonly(path) as again:
        assert list(again.absences(intent.client_id)) == reads
    with SqlJournal.open(path, now_ms=NOW) as again, pytest.raises(InvariantBroken):
        again.add_absence(ClientOrderId("hnobody"), reads[0])


def test_r23_confirming_keeps_anchor_trades_and_settled_intents_together(
    journal: SqlJournal, make_intent: Intents, make_trade: Trades
) -> None:
    assert journal.anchor(MAIN, BTC) is None
    record = journal.arm(make_intent())
    journal.update(replace(record, state=IntentState.FILLED, filled=Decimal("0.5"), average_price=Decimal(99990)))
    anchor = Anchor(
        contracts=Decimal("-1.000"), cursor=TradeCursor(trade_id=TradeId("79"), time_ms=NOW + 60), at_ms=NOW + 90
    )
    ours = (make_trade("78"), record.intent.client_id, Decimal("99995.1"))
    foreign = (make_trade("79"), None, Decimal(99996))
    journal.confirm(MAIN, BTC, anchor, [ours, foreign], [record.intent.client_id])
    assert journal.anchor(MAIN, BTC) == anchor
    assert journal.anchor(MAIN, ETH) is None
    assert journal.fills(MAIN, BTC) == (ours, foreign)
    assert journal.unfinished(MAIN, BTC) == ()
    later = replace(anchor, cursor=TradeCursor(trade_id=None, time_ms=NOW + 99))
    journal.confirm(MAIN, BTC, later, [foreign], [])
    assert journal.anchor(MAIN, BTC) == later
    assert journal.fills(MAIN, BTC) == (ours, foreign)
    assert journal.fill_counts() == {(MAIN, BTC): 2}


def test_r23_a_confirmation_that_contradicts_itself_leaves_nothing_behind(
    journal: SqlJournal, make_intent: Intents, make_trade: Trades
) -> None:
    record = journal.arm(make_intent())
    mark = Decimal(99995)
    before = Anchor(contracts=Decimal(0), cursor=TradeCursor(trade_id=None, time_ms=NOW), at_ms=NOW)
    journal.confirm(MAIN, BTC, before, [(make_trade("78"), None, mark)], [])
    anchor = replace(before, contracts=Decimal(-1))
    stranger = client_order_id(EPOCH, 2)
    for trades, settled in (
        ([(make_trade("80"), None, mark)], [record.intent.client_id, stranger]),
        ([(make_trade("80"), stranger, mark)], []),
        ([(make_trade("80"), None, mark), (make_trade("78", contracts="0.4"), None, mark)], []),
        ([(make_trade("80", symbol=ETH), None, mark)], []),
        ([(make_trade("80", contracts="0"), None, mark)], []),
    ):
        with pytest.raises(InvariantBroken):
            journal.confirm(MAIN, BTC, anchor, trades, settled)
        assert journal.anchor(MAIN, BTC) == before
        assert [trade.trade_id for trade, _, _ in journal.fills(MAIN, BTC)] == ["78"]
        assert journal.unfinished(MAIN, BTC) == (record,)


def test_memory_is_replaced_as_a_whole(path: Path, journal: SqlJournal) -> None:
    hedge = HedgeName("btc")
    assert journal.memory(hedge) == {}
    journal.remember(hedge, {"surplus_since": "5", "seen": "1.5"})
    journal.remember(hedge, {"surplus_since": "6"})
    journal.remember(HedgeName("eth"), {})
    journal.close()
    with SqlJournal.open_readonly(path) as again:
        assert again.memory(hedge) == {"surplus_since": "6"}
        assert again.memory(HedgeName("eth")) == {}


def test_a_halt_stays_until_somebody_clears_it(path: Path, journal: SqlJournal) -> None:
    one = Halt(venue=MAIN, symbol=BTC, code="guard.fills", reason="3 fills", since_ms=NOW)
    account = Halt(venue=MAIN, symbol=None, code="guard.fills", reason="unknown epoch", since_ms=NOW + 1)
    for halt in (one, account, replace(one, reason="4 fills", since_ms=NOW + 2), replace(account, since_ms=NOW + 3)):
        journal.halt(halt)
    assert journal.halts() == (one, account)
    assert journal.halts_cleared_ms() == 0
    with SqlJournal.open_beside(path) as person:
        assert person.clear_halts(NOW + 4) == 2
        assert person.clear_halts(NOW + 5) == 0
    assert journal.halts() == ()
    assert journal.halts_cleared_ms() == NOW + 4
    journal.halt(replace(one, since_ms=NOW + 6))
    assert journal.halts_cleared_ms() == NOW + 4
    assert journal.halts() == (replace(one, since_ms=NOW + 6),)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE intents SET state = 'dreaming'",
        "UPDATE intents SET filled = '9'",
        "UPDATE intents SET contracts = 'NaN'",
        "UPDATE intents SET mark = '0'",
        "UPDATE intents SET client_id = 'x'",
        "UPDATE intents SET deadline_ms = 1",
        "UPDATE intents SET filled = '0.1', state = 'rejected'",
    ],
)
def test_a_row_that_nobody_can_have_written_is_not_believed(
    journal: SqlJournal, make_intent: Intents, damage: str
) -> None:
    journal.arm(make_intent())
    with journal._database.writing() as connection:
        connection.exec_driver_sql(damage)
    with pytest.raises(JournalFault, match="does not read back"):
        journal.all_unfinished()


def test_memory_and_decisions_that_are_no_objects_are_not_believed(journal: SqlJournal) -> None:
    journal.remember(HedgeName("btc"), {})
    with journal._database.writing() as connection:
        connection.exec_driver_sql("UPDATE memory SET remembered = '[1]'")
        connection.exec_driver_sql("INSERT INTO decisions (hedge, time_ms, first, plan) VALUES ('btc', 1, 1, '[]')")
    with pytest.raises(JournalFault):
        journal.memory(HedgeName("btc"))
    with pytest.raises(JournalFault):
        journal.last_decisions()
