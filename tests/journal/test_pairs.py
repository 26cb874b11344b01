"""Cross-exchange trades in the journal: both orders in one commit, one trade at a time (R17, R18, R19)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path

import pytest

from bot.domain.errors import InvariantBroken, JournalFault
from bot.domain.ids import Asset, ClientOrderId, Epoch, HedgeName, Symbol, VenueName, VenueOrderId, client_order_id
from bot.domain.intent import Intent, IntentRecord, IntentState
from bot.domain.orders import OrderRequest, Side, TimeInForce, TradeCursor
from bot.domain.pair import PairId, PairIntents, PairLeg, PairRecord, PairState, PairTrade
from bot.journal.store import SqlJournal
from tests.core.pairs import EPOCH, KUCOIN, OKX, SYMBOL, TRADE, USDC, fill, made

NOW = TRADE.created_ms
GAP = TRADE.hedge
AHEAD = Epoch("bbbbbbbbbb")


@pytest.fixture
def journal(path: Path) -> Iterator[SqlJournal]:
    with SqlJournal.open(path, now_ms=NOW) as opened:
        opened.begin_epoch(EPOCH, NOW)
        yield opened


def intent_of(leg: PairLeg, side: Side, hedge: HedgeName = GAP) -> Intent:
    return Intent(
        client_id=leg.client_id,
        hedge=hedge,
        request=OrderRequest(
            venue=leg.venue,
            symbol=leg.symbol,
            side=side,
            contracts=leg.coins,
            price=leg.limit,
            time_in_force=TimeInForce.IOC,
            reduce_only=False,
        ),
        position_before=D(0),
        cursor_before=TradeCursor(trade_id=None, time_ms=NOW - 60_000),
        mark=D(100_000),
        created_ms=NOW,
        timestamp_ms=NOW + 5,
        deadline_ms=NOW + 5_005,
    )


def intents(trade: PairTrade = TRADE) -> PairIntents:
    return PairIntents(
        buy=intent_of(trade.buy, Side.BUY, trade.hedge), sell=intent_of(trade.sell, Side.SELL, trade.hedge)
    )


def numbered(first: int, hedge: str = "gap", symbol: Symbol = SYMBOL) -> PairTrade:
    """The same trade under other ids."""
    return replace(
        TRADE,
        pair_id=PairId(made(first)),
        hedge=HedgeName(hedge),
        buy=replace(TRADE.buy, client_id=made(first + 1), symbol=symbol),
        sell=replace(TRADE.sell, client_id=made(first + 2), symbol=symbol),
    )


def undoing(sequence: int = 4) -> Intent:
    return intent_of(replace(TRADE.buy, client_id=made(sequence), limit=D(99_900)), Side.SELL)


def ended(journal: SqlJournal, trade: PairTrade = TRADE) -> PairRecord:
    """Both legs filled, and the trade over."""
    story = journal.pair(trade.pair_id)
    assert story is not None
    for order in story.orders:
        journal.update(filled(order))
    record = replace(story.record, state=PairState.EVEN, left=D(0), updated_ms=NOW + 900)
    journal.update_pair(record)
    return record


def filled(order: IntentRecord) -> IntentRecord:
    return replace(
        order,
        state=IntentState.FILLED,
        filled=order.intent.request.contracts,
        average_price=D(100_000),
        venue_order_id=VenueOrderId(f"o{order.intent.client_id[-1]}"),
        settled=False,
        updated_ms=NOW + 500,
    )


def test_a_trade_and_both_orders_are_kept_to_the_last_digit(journal: SqlJournal, path: Path) -> None:
    armed = journal.arm_pair(TRADE, intents())
    assert (armed.record.state, armed.record.trade) == (PairState.OPEN, TRADE)
    assert [order.state for order in armed.orders] == [IntentState.ARMED, IntentState.ARMED]
    assert journal.pair(TRADE.pair_id) == armed
    assert journal.unfinished_pairs() == journal.unfinished_pairs(GAP) == (armed,)
    assert journal.unfinished_pairs(HedgeName("other")) == ()
    assert journal.unfinished(KUCOIN, SYMBOL) == armed.orders[:1]
    assert journal.unfinished(OKX, SYMBOL) == armed.orders[1:]
    journal.close()
    with SqlJournal.open_readonly(path) as again:
        assert again.unfinished_pairs() == (armed,)


def test_r17_r18_both_orders_are_committed_or_neither(journal: SqlJournal) -> None:
    standing = journal.arm(intent_of(replace(TRADE.sell, client_id=made(9)), Side.SELL))
    with pytest.raises(InvariantBroken, match="must not be sent"):
        journal.arm_pair(TRADE, intents())
    assert journal.pair(TRADE.pair_id) is None
    assert journal.unfinished(KUCOIN, SYMBOL) == ()
    assert journal.all_unfinished() == (standing,)
    journal.update(replace(standing, state=IntentState.REJECTED, settled=True))
    assert journal.arm_pair(TRADE, intents()).orders == journal.all_unfinished()


def test_no_second_trade_of_a_hedge_before_the_first_is_over(journal: SqlJournal) -> None:
    journal.arm_pair(TRADE, intents())
    other = numbered(10, symbol=Symbol("BTC/USDC"))
    with pytest.raises(InvariantBroken, match="must not be sent"):
        journal.arm_pair(other, intents(other))
    ended(journal)
    journal.arm_pair(other, intents(other))
    elsewhere = numbered(20, hedge="eth", symbol=Symbol("ETH/USDT"))
    journal.arm_pair(elsewhere, intents(elsewhere))
    assert [story.record.trade for story in journal.unfinished_pairs()] == [other, elsewhere]


def test_r18_an_order_there_of_anything_else_waits_for_both_legs(journal: SqlJournal) -> None:
    journal.arm_pair(TRADE, intents())
    for leg in (TRADE.buy, TRADE.sell):
        with pytest.raises(InvariantBroken, match="must not be sent"):
            journal.arm(intent_of(replace(leg, client_id=made(9)), Side.SELL))


FOREIGN = client_order_id(AHEAD, 2)
BUY, SELL = TRADE.buy, TRADE.sell
WRONG = [
    replace(TRADE, pair_id=PairId("nonsense")),
    replace(TRADE, pair_id=PairId(client_order_id(AHEAD, 1))),
    replace(TRADE, sell=replace(SELL, venue=KUCOIN)),
    replace(TRADE, coins=D("0.9")),
    replace(TRADE, coins=D(0)),
    replace(TRADE, buy=replace(BUY, coins=D("0.9"))),
    replace(TRADE, buy=replace(BUY, coins=D(0))),
    replace(TRADE, buy=replace(BUY, limit=D(0))),
    replace(TRADE, buy=replace(BUY, fee_rate=D(1))),
    replace(TRADE, buy=replace(BUY, fee_rate=D("-0.1"))),
    replace(TRADE, buy=replace(BUY, fee_in_quote=False)),
    replace(TRADE, conversion=D("1.01")),
    replace(TRADE, conversion=D(0), sell=replace(SELL, quote=USDC)),
    replace(TRADE, net=D(160)),
    replace(TRADE, gross=D(90), net=D("49.96")),
    replace(TRADE, worst_net=D(100)),
    replace(TRADE, min_edge=D("0.0011")),
    replace(TRADE, buy=replace(BUY, limit=D(100_100))),
]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_trade_that_contradicts_itself_is_not_kept(journal: SqlJournal, wrong: PairTrade) -> None:
    with pytest.raises(InvariantBroken, match="contradicts itself"):
        journal.arm_pair(wrong, intents())
    assert journal.all_unfinished() == ()


@pytest.mark.parametrize(
    "wrong",
    [
        PairIntents(buy=intents().sell, sell=intents().buy),
        PairIntents(buy=intents().buy, sell=intent_of(replace(SELL, coins=D("0.9")), Side.SELL)),
        PairIntents(buy=intents().buy, sell=intent_of(SELL, Side.BUY)),
        PairIntents(buy=intent_of(replace(BUY, limit=D(100_026)), Side.BUY), sell=intents().sell),
        PairIntents(buy=intent_of(replace(BUY, client_id=made(7)), Side.BUY), sell=intents().sell),
        PairIntents(buy=intent_of(BUY, Side.BUY, HedgeName("other")), sell=intents().sell),
        PairIntents(buy=intent_of(replace(BUY, symbol=Symbol("BTC/USDC")), Side.BUY), sell=intents().sell),
    ],
)
def test_a_trade_is_of_just_its_two_orders(journal: SqlJournal, wrong: PairIntents) -> None:
    with pytest.raises(InvariantBroken, match="contradicts itself"):
        journal.arm_pair(TRADE, wrong)
    assert journal.pair(TRADE.pair_id) is None


def test_no_resting_and_no_reducing_order_is_a_leg(journal: SqlJournal) -> None:
    for request in (
        replace(intents().buy.request, time_in_force=TimeInForce.GTC),
        replace(intents().buy.request, reduce_only=True),
    ):
        with pytest.raises(InvariantBroken, match="contradicts itself"):
            journal.arm_pair(TRADE, PairIntents(buy=replace(intents().buy, request=request), sell=intents().sell))


def test_r19_ids_are_of_this_start_and_share_one_sequence(journal: SqlJournal, path: Path) -> None:
    assert journal.next_sequence() == 1
    journal.arm_pair(TRADE, intents())
    assert journal.next_sequence() == 4
    with pytest.raises(InvariantBroken, match="not of this start"):
        journal.arm_evening(TRADE.pair_id, replace(undoing(), client_id=ClientOrderId(FOREIGN)))
    ended(journal)
    journal.close()
    with SqlJournal.open(path, now_ms=NOW) as later:
        with pytest.raises(InvariantBroken, match="no epoch was begun"):
            later.arm_pair(numbered(10), intents(numbered(10)))
        later.begin_epoch(AHEAD, NOW + 1_000)
        with pytest.raises(InvariantBroken, match="not of this start"):
            later.arm_pair(numbered(10), intents(numbered(10)))


def test_an_id_is_used_once(journal: SqlJournal) -> None:
    journal.arm_pair(TRADE, intents())
    ended(journal)
    again = numbered(2)
    with pytest.raises(InvariantBroken, match="an id of it was used"):
        journal.arm_pair(again, intents(again))


def test_orders_that_even_a_trade_belong_to_it(journal: SqlJournal) -> None:
    story = journal.arm_pair(TRADE, intents())
    with pytest.raises(InvariantBroken, match="must not be sent"):
        journal.arm_evening(TRADE.pair_id, undoing())  # the buy on that market is not over
    journal.update(filled(story.orders[0]))
    journal.update(replace(story.orders[1], state=IntentState.REJECTED, settled=True))
    armed = journal.arm_evening(TRADE.pair_id, undoing())
    found = journal.pair(TRADE.pair_id)
    assert found is not None
    assert found.orders[2] == armed
    with pytest.raises(InvariantBroken, match="is no order of it"):
        journal.arm_evening(
            TRADE.pair_id, intent_of(replace(BUY, client_id=made(5), venue=VenueName("binance")), Side.SELL)
        )
    with pytest.raises(InvariantBroken, match="never begun"):
        journal.arm_evening(PairId(made(8)), undoing(5))
    journal.update(filled(armed))
    journal.update_pair(replace(story.record, state=PairState.DUST, left=D("0.00001")))
    with pytest.raises(InvariantBroken, match="is over"):
        journal.arm_evening(TRADE.pair_id, undoing(5))


def test_what_is_learnt_of_a_trade_is_kept_and_not_taken_back(journal: SqlJournal) -> None:
    record = journal.arm_pair(TRADE, intents()).record
    naked = replace(
        record, state=PairState.EVENING, naked_since_ms=NOW + 100, detail="1 BTC uneven", updated_ms=NOW + 200
    )
    journal.update_pair(naked)
    assert journal.unfinished_pairs()[0].record == naked
    with pytest.raises(InvariantBroken, match="can't go from evening to open"):
        journal.update_pair(record)
    even = replace(
        naked, state=PairState.EVEN, naked_since_ms=None, naked_ms=1_234, left=D("-0.00001"), updated_ms=NOW + 900
    )
    journal.update_pair(even)
    told = replace(even, result=D("159.9600001"))
    journal.update_pair(told)  # what it came to is known later than that it is over
    found = journal.pair(TRADE.pair_id)
    assert found is not None
    assert found.record == told
    with pytest.raises(InvariantBroken, match="can't go from even to dust"):
        journal.update_pair(replace(told, state=PairState.DUST))
    for other in (replace(TRADE, created_ms=NOW + 1), numbered(10)):
        with pytest.raises(InvariantBroken, match="another one"):
            journal.update_pair(replace(told, trade=other))


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": PairState.EVEN, "left": D(0), "naked_since_ms": NOW},
        {"state": PairState.EVEN},
        {"state": PairState.DUST},
        {"naked_ms": -1},
    ],
)
def test_a_state_that_contradicts_itself_is_not_kept(journal: SqlJournal, wrong: dict[str, object]) -> None:
    record = journal.arm_pair(TRADE, intents()).record
    with pytest.raises(InvariantBroken, match="contradicts itself"):
        journal.update_pair(replace(record, **wrong))  # type: ignore[arg-type]


def test_recent_ones_are_told_to_the_millisecond_and_open_ones_always(journal: SqlJournal) -> None:
    journal.arm_pair(TRADE, intents())
    assert [story.record.trade for story in journal.recent_pairs(NOW + 3_600_000)] == [TRADE]
    ended(journal)
    assert [story.record.state for story in journal.recent_pairs(NOW)] == [PairState.EVEN]
    assert len(journal.recent_pairs(NOW)[0].orders) == 2
    assert journal.recent_pairs(NOW + 1) == ()
    assert journal.recent_pairs(NOW, HedgeName("other")) == ()
    assert journal.unfinished_pairs() == ()


def test_the_trades_of_its_orders_are_kept_with_it(journal: SqlJournal) -> None:
    story = journal.arm_pair(TRADE, intents())
    bought, sold = (filled(order) for order in story.orders)
    journal.update(bought)
    journal.update(sold)
    halves = [fill(1, Side.BUY, "0.6", "100000", "12"), fill(2, Side.BUY, "0.4", "100000", "8")]
    with pytest.raises(InvariantBroken, match=r"make 0\.6"):
        journal.settle_leg(bought, halves[:1], D(100_000))
    assert journal.pair_fills(TRADE.pair_id) == ()
    journal.settle_leg(bought, halves, D(100_000))
    assert journal.pair_fills(TRADE.pair_id) == tuple((trade, made(2)) for trade in halves)
    sale = fill(3, Side.SELL, "1", "100200", "0.01", Asset("BNB"))
    journal.settle_leg(sold, [sale], D(100_200))
    assert journal.pair_fills(TRADE.pair_id)[2] == (sale, made(3))
    assert journal.all_unfinished() == ()
    assert journal.pair_fills(PairId(made(9))) == ()


def test_a_start_must_not_leave_an_open_trade_alone(journal: SqlJournal) -> None:
    story = journal.arm_pair(TRADE, intents())
    places = [(KUCOIN, SYMBOL), (OKX, SYMBOL)]
    for order in story.orders:
        journal.update(replace(order, state=IntentState.REJECTED, settled=True))
    assert journal.uncovered([]) == places
    assert journal.uncovered(places[:1]) == places[1:]


def test_a_person_who_adopts_ends_trades_but_for_those_with_an_order_of_unknown_end(journal: SqlJournal) -> None:
    story = journal.arm_pair(TRADE, intents())
    journal.update_pair(replace(story.record, state=PairState.EVENING, naked_since_ms=NOW))
    journal.drop_anchors(NOW + 9)
    assert journal.unfinished_pairs()
    for order in story.orders:
        journal.update(filled(order))
    journal.drop_anchors(NOW + 10)
    found = journal.pair(TRADE.pair_id)
    assert found is not None
    assert (found.record.state, found.record.updated_ms) == (PairState.HALTED, NOW + 10)
    assert "operator" in found.record.detail
    assert journal.unfinished_pairs() == ()


def test_a_world_that_is_gone_takes_its_trades_along(journal: SqlJournal) -> None:
    journal.arm_pair(TRADE, intents())
    journal.forget_world()
    assert journal.unfinished_pairs() == ()
    assert journal.pair(TRADE.pair_id) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE pair_trades SET net = '200'",
        "UPDATE pair_trades SET state = 'settled'",
        "UPDATE pair_trades SET sell_venue = 'kucoin'",
        "UPDATE pair_trades SET coins = 'many'",
        "UPDATE pair_trades SET sell_client_id = buy_client_id",
        "UPDATE intents SET pair = NULL WHERE side = 'sell'",
        "UPDATE intents SET venue = 'binance' WHERE side = 'sell'",
        "UPDATE intents SET contracts = '2' WHERE side = 'buy'",
        "UPDATE intents SET side = 'buy'",
    ],
)
def test_a_row_that_contradicts_itself_or_its_orders_does_not_read_back(
    journal: SqlJournal, path: Path, statement: str
) -> None:
    journal.arm_pair(TRADE, intents())
    with sqlite3.connect(path) as other:
        other.execute(statement)
    other.close()
    with pytest.raises(JournalFault, match="does not read back"):
        journal.unfinished_pairs()
    with pytest.raises(JournalFault, match="does not read back"):
        journal.pair(TRADE.pair_id)
    with pytest.raises(JournalFault, match="does not read back"):
        journal.recent_pairs(NOW)
