"""Crossings, their orders, what is owned and past prices, in the journal (R17, R18)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path

import pytest

from bot.core import owned
from bot.domain.errors import InvariantBroken, JournalFault
from bot.domain.exits import Crossing, CrossingCause, CrossingKind, CrossingRecord, CrossingState
from bot.domain.ids import Asset, ClientOrderId, Epoch, HedgeName, Symbol, TradeId, VenueName, client_order_id
from bot.domain.intent import Intent, IntentRecord, IntentState
from bot.domain.orders import Side, VenueTrade
from bot.domain.proceeds import CrossingId, WriteOff
from bot.domain.usd import DAY_MS, HOUR_MS, UsdBar
from bot.journal.store import SqlJournal

NOW = 1_700_000_000_000
EPOCH = Epoch("abcdefghij")
MAIN, NAME = VenueName("main"), HedgeName("calm")
BTC, USDT, USDC = Asset("BTC"), Asset("USDT"), Asset("USDC")
SPOT = Symbol("BTC/USDT")
Intents = Callable[..., Intent]
Trades = Callable[..., VenueTrade]


def made(sequence: int, epoch: Epoch = EPOCH) -> ClientOrderId:
    return client_order_id(epoch, sequence)


def crossing(sequence: int = 1, kind: CrossingKind = CrossingKind.EXIT, *, epoch: Epoch = EPOCH) -> Crossing:
    swaps = kind is CrossingKind.SWAP
    return Crossing(
        crossing_id=CrossingId(made(sequence, epoch)),
        hedge=NAME,
        venue=MAIN,
        asset=BTC,
        kind=kind,
        cause=CrossingCause.DEPEG if swaps else CrossingCause.SIGNAL,
        coins=D("1.00000001") if kind is CrossingKind.EXIT else D(0),
        source=USDT if swaps else None,
        target=USDC if swaps else None,
        reason="the price 90000 USD is low",
        created_ms=NOW,
    )


def opened(one: Crossing) -> CrossingRecord:
    return CrossingRecord(
        crossing=one, state=CrossingState.OPEN, coins_done=D(0), quote_done=D(0), detail="", updated_ms=NOW
    )


def ended(one: Crossing, coins: str = "0.5", quote: str = "45000") -> CrossingRecord:
    return replace(
        opened(one),
        state=CrossingState.DONE,
        coins_done=D(coins),
        quote_done=D(quote),
        detail="done",
        updated_ms=NOW + 9,
    )


@pytest.fixture
def make_slice(make_intent: Intents) -> Intents:
    def make(sequence: int = 2, *, symbol: str = SPOT, side: Side = Side.SELL, created_ms: int = NOW) -> Intent:
        told = make_intent(sequence, symbol=Symbol(symbol), side=side, created_ms=created_ms)
        return replace(told, hedge=NAME, request=replace(told.request, reduce_only=False))

    return make


def settled(journal: SqlJournal, record: IntentRecord, trades: list[VenueTrade] | None) -> IntentRecord:
    """Filled in full, and found in its trades; without any, found by an operator."""
    told = replace(record, state=IntentState.FILLED, filled=D("0.500"), average_price=D(90000), updated_ms=NOW + 5)
    journal.update(told)
    if trades is None:
        journal.drop_anchors(NOW + 6)
    else:
        journal.settle_slice(told, trades, D(90_000))
    return told


def test_a_crossing_begins_with_its_first_order_and_ends_once(journal: SqlJournal, make_slice: Intents) -> None:
    one = crossing()
    record = journal.arm_slice(make_slice(), one.crossing_id, begins=one)
    assert journal.crossings(NAME) == (opened(one),)
    assert journal.slices_of(one.crossing_id) == journal.unfinished_slices(NAME) == (record,)
    assert journal.next_sequence() == 3
    with pytest.raises(InvariantBroken, match="not accounted for"):
        journal.end_crossing(ended(one))
    journal.update(replace(record, state=IntentState.EXPIRED, settled=True))
    with pytest.raises(InvariantBroken, match="would not end"):
        journal.end_crossing(opened(one))
    journal.end_crossing(ended(one))
    assert journal.crossings(NAME) == (ended(one),)
    assert journal.crossings(NAME)[0].average == 90_000
    assert journal.crossings(HedgeName("other")) == ()
    with pytest.raises(InvariantBroken, match="is not open"):
        journal.end_crossing(ended(one))
    with pytest.raises(InvariantBroken, match="is not open"):
        journal.end_crossing(ended(crossing(9)))
    with pytest.raises(InvariantBroken, match="is over"):
        journal.arm_slice(make_slice(3), one.crossing_id)


def test_neither_is_kept_when_the_order_can_not_be(journal: SqlJournal, make_slice: Intents) -> None:
    first = journal.arm_slice(make_slice(), crossing().crossing_id, begins=crossing())
    journal.update(replace(first, state=IntentState.UNKNOWN))
    with pytest.raises(InvariantBroken, match="must not be sent"):
        journal.arm_slice(make_slice(3), crossing().crossing_id)  # R18
    with pytest.raises(InvariantBroken, match="must not be sent"):
        journal.arm_slice(make_slice(4, symbol="BTC/USDC"), CrossingId(made(5)), begins=crossing(5))
    other = replace(crossing(6), hedge=HedgeName("other"))
    with pytest.raises(InvariantBroken, match="must not be sent"):
        journal.arm_slice(make_slice(7), other.crossing_id, begins=other)
    assert len(journal.crossings(NAME)) == 1
    assert journal.crossings(HedgeName("other")) == ()


@pytest.mark.parametrize(
    ("kind", "symbol", "side", "fits"),
    [
        (CrossingKind.EXIT, "BTC/USDT", Side.SELL, True),
        (CrossingKind.EXIT, "BTC/USDT", Side.BUY, False),
        (CrossingKind.EXIT, "ETH/USDT", Side.SELL, False),
        (CrossingKind.EXIT, "BTC/USDT:USDT", Side.SELL, False),
        (CrossingKind.ENTER, "BTC/USDT", Side.BUY, True),
        (CrossingKind.ENTER, "BTC/USDT", Side.SELL, False),
        (CrossingKind.SWAP, "USDC/USDT", Side.BUY, True),
        (CrossingKind.SWAP, "USDT/USDC", Side.SELL, True),
        (CrossingKind.SWAP, "USDC/USDT", Side.SELL, False),
        (CrossingKind.SWAP, "BTC/USDT", Side.BUY, False),
    ],
)
def test_an_order_is_of_its_crossings_kind(
    journal: SqlJournal, make_slice: Intents, *, kind: CrossingKind, symbol: str, side: Side, fits: bool
) -> None:
    one = crossing(kind=kind)
    if fits:
        journal.arm_slice(make_slice(symbol=symbol, side=side), one.crossing_id, begins=one)
    else:
        with pytest.raises(InvariantBroken, match="must not be sent"):
            journal.arm_slice(make_slice(symbol=symbol, side=side), one.crossing_id, begins=one)
        assert journal.crossings(NAME) == ()


def test_ids_are_of_this_start(journal: SqlJournal, path: Path, make_slice: Intents) -> None:
    foreign = crossing(epoch=Epoch("zzzzzzzzzz"))
    for one, named in ((foreign, foreign.crossing_id), (crossing(), CrossingId("hello"))):
        with pytest.raises(InvariantBroken, match="must not be sent"):
            journal.arm_slice(make_slice(), named, begins=one)
    with SqlJournal.open_beside(path) as beside, pytest.raises(InvariantBroken, match="no epoch was begun"):
        beside.arm_slice(make_slice(), crossing().crossing_id, begins=crossing())


@pytest.mark.parametrize(
    "wrong",
    [
        ended(crossing(), coins="2"),
        ended(crossing(), quote="-1"),
        replace(ended(crossing()), state=CrossingState.OPEN),
        ended(replace(crossing(), crossing_id=CrossingId("hello"))),
    ],
)
def test_a_record_that_contradicts_itself_is_refused(journal: SqlJournal, wrong: CrossingRecord) -> None:
    with pytest.raises(InvariantBroken, match="contradicts itself"):
        journal.end_crossing(wrong)


def test_recent_orders_are_told_to_the_millisecond(journal: SqlJournal, make_slice: Intents) -> None:
    one = crossing()
    record = journal.arm_slice(make_slice(created_ms=NOW + 30_000), one.crossing_id, begins=one)
    for since_ms, found in ((NOW, (record,)), (NOW + 30_000, (record,)), (NOW + 30_001, ())):
        assert journal.slices(NAME, since_ms) == found


def test_what_its_settled_orders_did_is_owned(journal: SqlJournal, make_slice: Intents, make_trade: Trades) -> None:
    one = crossing()
    record = journal.arm_slice(make_slice(), one.crossing_id, begins=one)
    trades = [
        replace(make_trade(name, symbol=SPOT, contracts="0.25"), price=D(90_000), fee=D("22.5"), fee_asset=USDT)
        for name in ("1", "2")
    ]
    assert journal.flows(NAME) == ()
    with pytest.raises(InvariantBroken, match="the trades given for it make"):
        settled(journal, record, trades[:1])
    journal.settle_slice(journal.slices_of(one.crossing_id)[0], trades, D(90_000))
    assert owned.owned(BTC, journal.flows(NAME), []) == {USDT: D(44_955)}
    assert owned.done(one, journal.flows(NAME)) == (D("0.5"), D(45_000))
    journal.end_crossing(ended(one))
    back = crossing(10, CrossingKind.ENTER)
    # R18 is over; what an operator settled without its trades counts for what it can have spent.
    again = journal.arm_slice(make_slice(11, side=Side.BUY), back.crossing_id, begins=back)
    settled(journal, again, None)
    assert owned.owned(BTC, journal.flows(NAME), []) == {}
    assert journal.flows(NAME)[-1].amount == -D("0.5") * D("99500.10")
    assert journal.flows(HedgeName("other")) == ()


def off(amount: str = "40", asset: Asset = USDT) -> WriteOff:
    return WriteOff(hedge=NAME, asset=asset, amount=D(amount), owned=D(100), balance=D(60), at_ms=NOW)


def test_write_offs_are_kept_together_or_not_at_all(journal: SqlJournal) -> None:
    journal.write_off([off(), off("0.00000001", USDC)])
    assert journal.write_offs(NAME) == (off(), off("0.00000001", USDC))
    for wrong in ("0", "101"):
        with pytest.raises(InvariantBroken, match="can't be written off"):
            journal.write_off([off(), off(wrong)])
    assert len(journal.write_offs(NAME)) == 2
    assert journal.write_offs(HedgeName("other")) == ()


def test_bars_are_kept_once_by_coin_and_length(journal: SqlJournal) -> None:
    first = NOW - NOW % HOUR_MS
    told = [UsdBar(open_ms=first + n * HOUR_MS, close=D(100 + n)) for n in range(5)]
    assert journal.keep_bars(BTC, HOUR_MS, told[:3], drop_before_ms=0) == 3
    changed = [replace(told[2], close=D(7)), *told[3:]]
    assert journal.keep_bars(BTC, HOUR_MS, changed, drop_before_ms=told[1].open_ms) == 2
    assert journal.bars(BTC, HOUR_MS, 0) == tuple(told[1:])
    assert journal.bars(BTC, HOUR_MS, told[2].open_ms + 1) == tuple(told[3:])
    assert journal.bars(BTC, DAY_MS, 0) == journal.bars(Asset("ETH"), HOUR_MS, 0) == ()
    for bar_ms, close in ((HOUR_MS, "0"), (0, "1")):
        with pytest.raises(InvariantBroken, match="a bar that contradicts itself"):
            journal.keep_bars(BTC, bar_ms, [UsdBar(open_ms=0, close=D(close))], drop_before_ms=0)


@pytest.mark.parametrize(
    ("change", "read"),
    [
        ("UPDATE crossings SET coins = '-1'", lambda journal: journal.crossings(NAME)),
        ("UPDATE crossings SET source = 'USDT'", lambda journal: journal.crossings(NAME)),
        ("UPDATE crossings SET cause = 'depeg'", lambda journal: journal.crossings(NAME)),
        ("UPDATE crossings SET kind = 'flight'", lambda journal: journal.crossings(NAME)),
        ("UPDATE crossings SET coins_done = '1'", lambda journal: journal.crossings(NAME)),
        ("UPDATE write_offs SET amount = '1000'", lambda journal: journal.write_offs(NAME)),
        ("UPDATE usd_bars SET close = 'NaN'", lambda journal: journal.bars(BTC, HOUR_MS, 0)),
    ],
)
def test_rows_that_contradict_themselves_are_refused(
    journal: SqlJournal, path: Path, make_slice: Intents, change: str, read: Callable[[SqlJournal], object]
) -> None:
    journal.arm_slice(make_slice(), crossing().crossing_id, begins=crossing())
    journal.write_off([off()])
    journal.keep_bars(BTC, HOUR_MS, [UsdBar(open_ms=0, close=D(1))], drop_before_ms=0)
    read(journal)
    with sqlite3.connect(path) as other:
        other.execute(change)
    other.close()
    with pytest.raises(JournalFault):
        read(journal)


def test_a_world_that_is_gone_takes_all_of_it_along(journal: SqlJournal, make_slice: Intents) -> None:
    journal.arm_slice(make_slice(), crossing().crossing_id, begins=crossing())
    journal.write_off([off()])
    journal.keep_bars(BTC, HOUR_MS, [UsdBar(open_ms=0, close=D(1))], drop_before_ms=0)
    journal.forget_world()
    assert [journal.crossings(NAME), journal.write_offs(NAME), journal.bars(BTC, HOUR_MS, 0)] == [(), (), ()]


def test_a_trade_of_another_order_is_not_counted(
    journal: SqlJournal, make_slice: Intents, make_intent: Intents, make_trade: Trades
) -> None:
    record = journal.arm(make_intent(2, symbol=SPOT))
    told = replace(record, state=IntentState.FILLED, filled=D("0.500"), average_price=D(1), updated_ms=NOW)
    journal.update(told)
    journal.settle_slice(told, [replace(make_trade("1", symbol=SPOT), trade_id=TradeId("9"))], D(1))
    assert journal.flows(NAME) == ()
    assert journal.unfinished_slices(NAME) == ()
