"""What must hold when a journal, its account and its settings no longer fit: R18, R23, R25."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.domain.errors import InvariantBroken, JournalFault
from bot.domain.ids import Epoch, HedgeName, Symbol, TradeId, VenueName, client_order_id
from bot.domain.intent import AbsenceRead, Intent, IntentState
from bot.domain.orders import Anchor, TradeCursor, VenueTrade
from bot.journal.store import ABSENCES_KEPT, SqlJournal
from bot.ports import Halt

NOW = 1_700_000_000_000
EPOCH = Epoch("abcdefghij")
MAIN = VenueName("main")
SPARE = VenueName("spare")
BTC = Symbol("BTC/USDT:USDT")
ETH = Symbol("ETH/USDT:USDT")
HEDGE = HedgeName("btc")
LIQUIDATED = Halt(venue=MAIN, symbol=BTC, code="liquidation", reason="the venue closed the position", since_ms=NOW)
Intents = Callable[..., Intent]
Trades = Callable[..., VenueTrade]


def anchor_at(contracts: str) -> Anchor:
    return Anchor(
        contracts=Decimal(contracts), cursor=TradeCursor(trade_id=TradeId("78"), time_ms=NOW + 60), at_ms=NOW + 90
    )


def test_r25_a_confirmation_commits_what_its_trades_mean(path: Path, journal: SqlJournal, make_trade: Trades) -> None:
    memory = {"foreign_since_ms": "5"}
    trade = (make_trade("78"), None, Decimal(99995))
    journal.confirm(MAIN, BTC, anchor_at("0"), [trade], [], halt=LIQUIDATED, memory=(HEDGE, memory))
    journal.close()
    with SqlJournal.open(path, now_ms=NOW) as again:
        assert again.anchor(MAIN, BTC) == anchor_at("0")
        assert again.halts() == (LIQUIDATED,)
        assert again.memory(HEDGE) == memory
        again.confirm(MAIN, BTC, anchor_at("0"), [trade], [], halt=replace(LIQUIDATED, since_ms=NOW + 1))
        assert again.halts() == (LIQUIDATED,)
        assert again.memory(HEDGE) == memory


def test_r25_neither_half_of_a_confirmation_is_ever_there_alone(
    journal: SqlJournal, make_trade: Trades, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = anchor_at("-1")
    journal.confirm(MAIN, BTC, before, [], [])
    trade = (make_trade("79"), None, Decimal(99995))

    def unchanged() -> bool:
        nothing_else = (journal.halts(), journal.memory(HEDGE), journal.fills(MAIN, BTC)) == ((), {}, ())
        return journal.anchor(MAIN, BTC) == before and nothing_else

    stranger = client_order_id(EPOCH, 9)
    with pytest.raises(InvariantBroken):
        journal.confirm(MAIN, BTC, anchor_at("0"), [trade], [stranger], halt=LIQUIDATED, memory=(HEDGE, {"a": "b"}))
    assert unchanged()

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bot.journal.rows.memory_text", fail)
    with pytest.raises(KeyboardInterrupt):
        journal.confirm(MAIN, BTC, anchor_at("0"), [trade], [], halt=LIQUIDATED, memory=(HEDGE, {"a": "b"}))
    assert unchanged()


def test_r18_what_the_settings_no_longer_name_is_told(journal: SqlJournal, make_intent: Intents) -> None:
    assert journal.uncovered([]) == []
    journal.confirm(MAIN, ETH, anchor_at("-1"), [], [])
    journal.confirm(SPARE, BTC, anchor_at("0.000"), [], [])
    assert journal.uncovered([]) == journal.uncovered({(SPARE, ETH), (MAIN, BTC)}) == [(MAIN, ETH)]
    record = journal.arm(make_intent())
    assert journal.uncovered([]) == [(MAIN, BTC), (MAIN, ETH)]
    assert journal.uncovered([(MAIN, ETH)]) == [(MAIN, BTC)]
    assert journal.uncovered([(MAIN, ETH), (MAIN, BTC)]) == []
    filled = replace(record, state=IntentState.FILLED, filled=Decimal("0.5"), average_price=Decimal(99990))
    journal.update(filled)
    assert journal.uncovered([(MAIN, ETH)]) == [(MAIN, BTC)]
    journal.confirm(MAIN, BTC, anchor_at("0"), [], [record.intent.client_id])
    assert journal.uncovered([(MAIN, ETH)]) == []
    journal.confirm(MAIN, ETH, anchor_at("0"), [], [])
    assert journal.uncovered([]) == []


def test_a_journal_stays_with_the_world_it_was_written_in(path: Path, journal: SqlJournal) -> None:
    journal.bind({MAIN: "testnet key 1a2b"}, NOW)
    journal.bind({MAIN: "testnet key 1a2b"}, NOW + 1)
    journal.close()
    with SqlJournal.open(path, now_ms=NOW) as again:
        with pytest.raises(JournalFault, match="for main as testnet key 1a2b, not as live key 3c4d") as raised:
            again.bind({SPARE: "live key 3c4d", MAIN: "live key 3c4d"}, NOW)
        assert "another [journal] path" in raised.value.hint
        assert "remove the old file" in raised.value.hint
        again.bind({SPARE: "demo key 5e6f"}, NOW)
        again.bind({MAIN: "testnet key 1a2b", SPARE: "demo key 5e6f"}, NOW)
        with pytest.raises(JournalFault, match="for spare as demo key 5e6f"):
            again.bind({SPARE: "live key 3c4d"}, NOW)


def test_r19_a_world_that_is_gone_is_forgotten_but_for_its_epochs(
    journal: SqlJournal, make_intent: Callable[..., Intent]
) -> None:
    assert journal.worlds() == []
    journal.bind({MAIN: "embedded paper"}, NOW)
    journal.arm(make_intent())
    journal.remember(HedgeName("btc"), {"job": "1"})
    assert journal.worlds() == ["embedded paper"]
    journal.forget_world()
    assert (journal.worlds(), journal.all_unfinished(), journal.memory(HedgeName("btc"))) == ([], (), {})
    assert journal.knows_epoch(EPOCH)
    journal.bind({MAIN: "testnet"}, NOW)


def test_r25_dropped_anchors_are_gone_and_what_hung_on_them_is_settled(
    path: Path, journal: SqlJournal, make_intent: Intents
) -> None:
    for symbol, contracts in ((BTC, "-1"), (ETH, "0")):
        journal.confirm(MAIN, symbol, anchor_at(contracts), [], [])
    first = journal.arm(make_intent(1))
    lost = replace(first, state=IntentState.FILLED, filled=Decimal("0.5"), average_price=Decimal(99990))
    journal.update(lost)
    second = journal.arm(make_intent(2, symbol=ETH))
    partly = replace(second, state=IntentState.EXPIRED, filled=Decimal("0.2"), detail="expired")
    journal.update(partly)
    third = journal.arm(make_intent(3))
    unknown = replace(third, state=IntentState.UNKNOWN, filled=Decimal("0.1"), detail="timeout")
    journal.update(unknown)
    fourth = journal.arm(make_intent(4, symbol=ETH))
    done = replace(fourth, state=IntentState.REJECTED, settled=True, detail="-2019")
    journal.update(done)
    with SqlJournal.open_beside(path) as person:
        assert [place for place, _ in person.anchors()] == [(MAIN, BTC), (MAIN, ETH)]
        assert person.drop_anchors(NOW + 500) == 2
        assert person.drop_anchors(NOW + 600) == 0
    assert journal.anchors() == ()
    assert (journal.anchor(MAIN, BTC), journal.anchor(MAIN, ETH)) == (None, None)
    assert journal.intent(first.intent.client_id) == replace(
        lost, settled=True, detail="re-adopted by an operator", updated_ms=NOW + 500
    )
    assert journal.intent(second.intent.client_id) == replace(
        partly, settled=True, detail="expired; re-adopted by an operator", updated_ms=NOW + 500
    )
    assert journal.intent(fourth.intent.client_id) == done
    assert journal.all_unfinished() == (unknown,)
    journal.confirm(MAIN, BTC, anchor_at("-3"), [], [])
    assert journal.anchor(MAIN, BTC) == anchor_at("-3")


def test_r22_a_reading_of_every_turn_does_not_fill_the_disk(journal: SqlJournal, make_intent: Intents) -> None:
    for intent in (make_intent(1), make_intent(2, symbol=ETH)):
        journal.arm(intent)
    reads = [
        AbsenceRead(
            venue_ms=NOW + number, not_found_code="-2013", in_lists=True, stray_trades=(), position_explained=False
        )
        for number in range(ABSENCES_KEPT + 15)
    ]
    kept = []
    journal.add_absence(client_order_id(EPOCH, 2), reads[0])
    for read in reads:
        journal.add_absence(client_order_id(EPOCH, 1), read)
        kept.append(len(journal.absences(client_order_id(EPOCH, 1))))
    assert kept == [min(number, 20) for number in range(1, len(reads) + 1)]
    assert list(journal.absences(client_order_id(EPOCH, 1))) == reads[-20:]
    assert list(journal.absences(client_order_id(EPOCH, 2))) == reads[:1]
