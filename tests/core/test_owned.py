"""What is a hedge's own: never more is spent than it got, and than is still there; whoever else uses the account."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core import owned
from bot.core.owned import Balance, ShortfallMemory, watch
from bot.domain.exits import Crossing, CrossingCause, CrossingKind
from bot.domain.ids import Asset, Symbol, TradeId, VenueOrderId
from bot.domain.observation import Stamp, Unknown
from bot.domain.orders import OrderRequest, Side, TimeInForce, VenueTrade
from bot.domain.proceeds import CrossingId, Flow, WriteOff
from tests.core.exits import BTC, MAIN, NAME, NOW, POLICY, USDC, USDT, Desk

ONE = CrossingId("one")
BNB = Asset("BNB")


def crossing(kind: CrossingKind = CrossingKind.EXIT) -> Crossing:
    swaps = kind is CrossingKind.SWAP
    return Crossing(
        crossing_id=ONE,
        hedge=NAME,
        venue=MAIN,
        asset=BTC,
        kind=kind,
        cause=CrossingCause.DEPEG if swaps else CrossingCause.HAND,
        coins=D(1) if kind is CrossingKind.EXIT else D(0),
        source=USDT if swaps else None,
        target=USDC if swaps else None,
        reason="",
        created_ms=NOW,
    )


def trade(symbol: str, side: Side, contracts: str, price: str, fee: str, fee_asset: Asset) -> VenueTrade:
    return VenueTrade(
        trade_id=TradeId("1"),
        venue_order_id=VenueOrderId("1"),
        symbol=Symbol(symbol),
        side=side,
        contracts=D(contracts),
        price=D(price),
        fee=D(fee),
        fee_asset=fee_asset,
        realized=D(0),
        maker=False,
        time_ms=NOW,
    )


def flow(asset: Asset, amount: str) -> Flow:
    return Flow(asset=asset, amount=D(amount), crossing_id=ONE, market=None)


def gone(asset: Asset, amount: str) -> WriteOff:
    return WriteOff(hedge=NAME, asset=asset, amount=D(amount), owned=D(1000), balance=D(0), at_ms=NOW)


def test_a_sale_brings_its_price_less_its_fee() -> None:
    flows = owned.flows_of(trade("BTC/USDT", Side.SELL, "0.5", "90000", "45", USDT), crossing())
    assert owned.owned(BTC, flows, []) == {USDT: D(44_955)}
    assert owned.done(crossing(), flows) == (D("0.5"), D(45_000))
    assert owned.sold_by_market(ONE, BTC, flows) == {USDT: D("0.5")}
    assert owned.sold_by_market(ONE, BTC, [*flows, *flows]) == {USDT: D(1)}


def test_digits_that_no_venue_books_are_nobodys() -> None:
    """Of what comes a venue may book one last digit less, of what goes one more, and so of a fee."""
    sale = owned.flows_of(trade("BTC/USDT", Side.SELL, "0.12345678", "30000.00000001", "0.000000001", USDT), crossing())
    assert owned.owned(BTC, sale, []) == {USDT: D("3703.70339999")}
    back = owned.flows_of(trade("BTC/USDT", Side.BUY, "0.00000001", "30000.3", "0", USDT), crossing())
    assert owned.owned(BTC, [*sale, *back], []) == {USDT: D("3703.70339999") - D("0.00030001")}
    assert owned.done(crossing(), sale)[1] == D("0.12345678") * D("30000.00000001")


def test_a_buy_spends_its_price_and_a_fee_in_another_coin_is_not_of_the_proceeds() -> None:
    sale = owned.flows_of(trade("BTC/USDT", Side.SELL, "1", "90000", "0.1", BNB), crossing())
    back = owned.flows_of(trade("BTC/USDT", Side.BUY, "0.5", "80000", "0.0005", BTC), crossing(CrossingKind.ENTER))
    assert owned.owned(BTC, [*sale, *back], []) == {USDT: D(50_000)}
    assert owned.done(crossing(CrossingKind.ENTER), back) == (D("0.5"), D(40_000))


def test_an_exchange_of_stablecoins_moves_what_is_owned() -> None:
    flows = owned.flows_of(trade("USDC/USDT", Side.BUY, "100", "0.97", "0.1", USDC), crossing(CrossingKind.SWAP))
    assert owned.owned(BTC, [flow(USDT, "97"), *flows], []) == {USDC: D("99.9")}
    assert owned.done(crossing(CrossingKind.SWAP), flows) == (D(97), D(100))
    free = owned.flows_of(trade("USDC/USDT", Side.BUY, "100", "0.97", "0", USDC), crossing(CrossingKind.SWAP))
    assert len(free) == 2


@pytest.mark.parametrize(("side", "asset", "spent"), [(Side.BUY, USDT, "-50000"), (Side.SELL, BTC, "-0.5")])
def test_an_order_without_its_trades_counts_for_what_it_can_have_spent(side: Side, asset: Asset, spent: str) -> None:
    request = OrderRequest(
        venue=MAIN,
        symbol=Symbol("BTC/USDT"),
        side=side,
        contracts=D(1),
        price=D(100_000),
        time_in_force=TimeInForce.IOC,
        reduce_only=False,
    )
    (found,) = owned.flows_lost(request, D("0.5"), crossing())
    assert found == Flow(asset=asset, amount=D(spent), crossing_id=ONE, market=USDT)
    assert owned.flows_lost(request, D(0), crossing()) == ()
    swap = replace(request, symbol=Symbol("USDC/USDT"))
    assert owned.flows_lost(swap, D("0.5"), crossing(CrossingKind.SWAP))[0].market is None


def test_what_was_written_off_is_owned_no_more() -> None:
    assert owned.owned(BTC, [flow(USDT, "100"), flow(USDC, "5")], [gone(USDT, "40"), gone(USDC, "5")]) == {USDT: D(60)}
    assert owned.owned(BTC, [], [gone(USDT, "40")]) == {}


def test_the_coin_of_an_earlier_setting_is_no_stablecoin() -> None:
    sale = owned.flows_of(trade("BTC/USDT", Side.SELL, "1", "90000", "90", USDT), crossing())
    back = owned.flows_of(trade("BTC/USDT", Side.BUY, "1.1", "80000", "-0.001", BNB), crossing(CrossingKind.ENTER))
    # The hedge's name is now one of ETH: what it bought back of BTC, and a rebate, are not proceeds.
    assert owned.owned(Asset("ETH"), [*sale, *back], []) == {USDT: D(1_910)}


# Readings

MINE = D(100)


class Watcher:
    """Readings of one balance, 5 s apart unless said otherwise."""

    def __init__(self) -> None:
        self.now_ms = NOW
        self.memory: ShortfallMemory | None = None
        self.mine = MINE

    def see(
        self, total: str, *, after_s: int = 5, free: str = "1000", claimed: str = "0", same: bool = False
    ) -> D | None:
        self.now_ms += after_s * 1000
        sent_ms = self.now_ms - 1000 if not same else self.now_ms - 1000 - after_s * 1000
        stamp = Stamp(sent_ms=sent_ms, answered_ms=sent_ms + 500)
        told = watch(
            self.memory,
            POLICY,
            USDT,
            self.mine,
            Balance(free=D(free), total=D(total), stamp=stamp),
            claimed=D(claimed),
            settled_ms=0,
            now_ms=self.now_ms,
        )
        self.memory, self.write_off = told.memory, told.write_off
        self.off = D(0) if told.write_off is None else told.write_off.amount
        self.mine -= self.off
        return told.spendable


def test_what_is_there_may_be_spent_and_no_more_than_is_owned() -> None:
    seen = Watcher()
    assert seen.see("500") == MINE
    assert seen.see("500", free="30") == 30
    assert seen.see("500", claimed="450") == 50


def test_what_is_locked_is_not_spent_while_something_is_missing() -> None:
    seen = Watcher()
    assert seen.see("60", free="30") == 30
    assert seen.see("60", free="0") == 0


def test_a_torn_reading_is_forgotten() -> None:
    seen = Watcher()
    assert seen.see("60") == 60
    assert seen.see("100") == 100
    assert seen.memory is None


def test_a_shortfall_is_written_off_after_the_dwell_by_what_two_readings_saw() -> None:
    seen = Watcher()
    for total in ("60", "20", "60", "60"):
        seen.see(total)
        assert seen.off == 0
    assert seen.see("60", after_s=45) is None
    assert (seen.off, seen.mine) == (D(40), D(60))
    assert seen.write_off == WriteOff(
        hedge=NAME, asset=USDT, amount=D(40), owned=MINE, balance=D(60), at_ms=seen.now_ms
    )
    assert seen.see("1000") == 60


def test_less_than_one_is_written_off_too() -> None:
    seen = Watcher()
    for after_s in (5, 5, 60):
        seen.see("99.5", after_s=after_s)
    assert seen.off == D("0.5")


def test_money_in_transit_comes_back_within_the_dwell() -> None:
    seen = Watcher()
    for _ in range(6):
        seen.see("0")
    assert seen.see("100") == 100
    assert seen.see("100", after_s=100) == 100
    assert seen.mine == 100


def test_a_part_that_comes_back_does_not_undo_the_rest() -> None:
    seen = Watcher()
    for total in ("0", "0", "70"):
        assert seen.see(total) == 0
    seen.see("70", after_s=60)
    assert seen.mine == 0, "two readings saw that all of it was gone"


def test_what_came_while_nobody_looked_is_not_taken_for_it() -> None:
    seen = Watcher()
    seen.see("40")
    assert seen.see("1000", after_s=3_600) is None
    assert seen.mine == 40


def test_a_part_that_came_back_while_nobody_looked_is_ours() -> None:
    seen = Watcher()
    seen.see("60")
    assert seen.see("90", after_s=3_600) is None
    assert seen.off == 10, "both readings missed no more"


@pytest.mark.parametrize(("early_ms", "confirmed"), [(0, 40), (1, 0)])
def test_a_reading_is_a_second_one_that_was_asked_for_after_the_first_was_answered(
    early_ms: int, confirmed: int
) -> None:
    first = ShortfallMemory(since_ms=NOW, sent_ms=NOW, answered_ms=NOW + 500, missing=D(40))
    sent_ms = NOW + 500 - early_ms
    balance = Balance(free=D(60), total=D(60), stamp=Stamp(sent_ms=sent_ms, answered_ms=sent_ms))
    told = watch(first, POLICY, USDT, MINE, balance, claimed=D(0), settled_ms=0, now_ms=NOW + 1_000)
    assert told.memory is not None
    assert told.memory.confirmed == confirmed
    assert told.memory.sent_ms == (sent_ms if confirmed else NOW)


def test_a_balance_counts_for_as_long_as_it_may_be_old() -> None:
    balance = Balance(free=D(60), total=D(500), stamp=Stamp(sent_ms=NOW, answered_ms=NOW))
    for late_ms, spendable in ((0, D(60)), (1, None)):
        now_ms = NOW + int(POLICY.age_max_s * 1000) + late_ms
        told = watch(None, POLICY, USDT, MINE, balance, claimed=D(0), settled_ms=NOW - 1, now_ms=now_ms)
        assert told.spendable == spendable


def test_one_reading_judged_twice_is_one() -> None:
    seen = Watcher()
    seen.see("40")
    before = seen.memory
    assert seen.see("40", same=True) == 40
    assert seen.memory == before


def test_nothing_of_it_is_left_to_write_off() -> None:
    seen = Watcher()
    seen.see("40")
    seen.mine = D(0)
    seen.see("40", after_s=60)
    assert (seen.write_off, seen.memory) == (None, None)


@pytest.mark.parametrize(("settled_ms", "late_s"), [(NOW, 0), (0, 16)])
def test_readings_that_are_unknown_old_or_before_a_fill_say_nothing(settled_ms: int, late_s: int) -> None:
    balance = Balance(free=D(1), total=D(1), stamp=Stamp(sent_ms=NOW, answered_ms=NOW))
    memory = ShortfallMemory(since_ms=0, sent_ms=0, answered_ms=0, missing=D(1))
    for told in (balance, Unknown(what="balance", reason="no answer")):
        watched = watch(
            memory, POLICY, USDT, MINE, told, claimed=D(0), settled_ms=settled_ms, now_ms=NOW + late_s * 1000
        )
        if told is balance or late_s == 0:
            assert (watched.spendable, watched.write_off, watched.memory) == (None, None, memory)


# Whatever happens

AMOUNTS = st.integers(1, 200_000).map(D)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("price"), st.integers(60_000, 120_000).map(D)),
        st.tuples(st.sampled_from(["withdraw", "deposit"]), AMOUNTS),
        st.tuples(st.sampled_from(["exit", "enter", "look"]), st.just(D(0))),
    ),
    max_size=25,
)


class Ledger:
    """What of the USDT on the account is the hedge's: withdrawals take others' money first."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.mine = desk, D(0)

    def look(self) -> None:
        """One turn, and what its order did."""
        before = len(self.desk.flows)
        self.desk.turn(s=61)
        self.mine += sum((one.amount for one in self.desk.flows[before:] if one.asset == USDT), D(0))
        assert self.mine >= 0, "money of others was spent"

    def move(self, amount: D) -> None:
        self.desk.balances[USDT] = max(self.desk.held(USDT) + amount, D(0))
        self.mine = min(self.mine, self.desk.held(USDT))


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, foreign=AMOUNTS)
def test_never_more_is_spent_than_was_ever_ours_and_still_there(steps: list[tuple[str, D]], foreign: D) -> None:
    policy = replace(POLICY, basket={USDT: D(1)}, signals=(), slice_notional=D(50_000))
    desk = Desk(policy=policy, pegs={USDT: D(1)}, balances={BTC: D(1), USDT: foreign})
    ledger = Ledger(desk)
    for what, amount in steps:
        match what:
            case "price":
                desk.price = amount
            case "withdraw" | "deposit":
                ledger.move(amount if what == "deposit" else -amount)
                # Two readings and the dwell: what is missing is seen.
                for _ in range(3):
                    ledger.look()
            case "exit" | "enter":
                desk.ask(CrossingKind(what))
            case _:
                pass
        ledger.look()
        assert desk.owned().get(USDT, D(0)) <= ledger.mine
    assert ledger.mine - desk.owned().get(USDT, D(0)) <= owned.PLACES * len(desk.flows)
