"""R9, R23, R25: a position is believed when trades explain it to the last contract."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.accounting import (
    Accounted,
    Adl,
    Foreign,
    ForeignVerdict,
    Liquidation,
    Ours,
    Owner,
    Settlement,
    Unaccounted,
    UnknownEpoch,
    account,
    adopted,
    foreign_verdict,
    owner_of,
)
from bot.domain.ids import ClientOrderId, Epoch, TradeId, VenueOrderId, client_order_id
from bot.domain.observation import Position, Stamp
from bot.domain.orders import Anchor, Side, TradeCursor, VenueTrade
from tests.core.instruments import PERP, USDT, position_of

EPOCH = Epoch("abcdefghjk")
FIRST, SECOND = client_order_id(EPOCH, 1), client_order_id(EPOCH, 2)
STRANGE = client_order_id(Epoch("zzzzzzzzzz"), 1)
STEP = Decimal("0.001")
KNOWN_MS = 10_000
CURSOR = TradeCursor(trade_id=TradeId("100"), time_ms=5_000)
ANCHOR = Anchor(contracts=Decimal("-1.0"), cursor=CURSOR, at_ms=6_000)
SOLD = {FIRST: (Decimal("0.5"), KNOWN_MS)}


def trade(number: int, contracts: str, side: Side = Side.SELL) -> VenueTrade:
    return VenueTrade(
        trade_id=TradeId(str(number)),
        venue_order_id=VenueOrderId("77"),
        symbol=PERP,
        side=side,
        contracts=Decimal(contracts),
        price=Decimal(100_000),
        fee=Decimal(1),
        fee_asset=USDT,
        realized=Decimal(0),
        maker=False,
        time_ms=9_000 + number,
    )


def position(contracts: str, *, sent_ms: int = KNOWN_MS, answered_ms: int | None = None) -> Position:
    answered_ms = sent_ms + 50 if answered_ms is None else answered_ms
    return position_of(contracts, Stamp(sent_ms=sent_ms, answered_ms=answered_ms))


def accounted(
    trades: list[tuple[VenueTrade, Owner]],
    seen: Position,
    fills: dict[ClientOrderId, tuple[Decimal, int]] | None = None,
    counted: dict[ClientOrderId, Decimal] | None = None,
) -> Accounted | Unaccounted:
    return account(ANCHOR, trades, seen, fills or {}, STEP, counted or {})


OURS = Ours(client_id=FIRST)


def test_a_position_that_did_not_move_is_accounted_without_trades() -> None:
    got = accounted([], position("-1.0", sent_ms=7_000))
    assert got == Accounted(
        anchor=Anchor(contracts=Decimal("-1.0"), cursor=CURSOR, at_ms=7_050),
        settled=(),
        own_moved=Decimal(0),
        foreign=(),
    )


def test_r23_a_fill_found_in_trades_and_position_is_settled() -> None:
    got = accounted([(trade(101, "0.2"), OURS), (trade(102, "0.3"), OURS)], position("-1.5"), SOLD)
    assert got == Accounted(
        anchor=Anchor(
            contracts=Decimal("-1.5"),
            cursor=TradeCursor(trade_id=TradeId("102"), time_ms=9_102),
            at_ms=KNOWN_MS + 50,
        ),
        settled=(FIRST,),
        own_moved=Decimal("-0.5"),
        foreign=(),
    )


def test_r23_a_reading_asked_for_before_the_fill_was_known_does_not_count() -> None:
    trades: list[tuple[VenueTrade, Owner]] = [(trade(101, "0.5"), OURS)]
    early = accounted(trades, position("-1.5", sent_ms=KNOWN_MS - 1, answered_ms=KNOWN_MS + 5_000), SOLD)
    assert isinstance(early, Unaccounted)
    assert "1 ms before" in early.reason


@pytest.mark.parametrize("sent_ms", [KNOWN_MS, KNOWN_MS + 60_000, KNOWN_MS + 86_400_000])
def test_r23_time_never_explains_a_difference(sent_ms: int) -> None:
    stale = accounted([(trade(101, "0.5"), OURS)], position("-1.0", sent_ms=sent_ms), SOLD)
    assert isinstance(stale, Unaccounted)
    assert (stale.expected, stale.seen) == (Decimal("-1.5"), Decimal("-1.0"))
    assert "500 steps" in stale.reason


def test_r23_position_and_trades_both_late_do_not_settle_a_fill() -> None:
    """Both readings agree with each other, and both lack the fill that the venue reported."""
    got = accounted([], position("-1.0"), SOLD)
    assert isinstance(got, Unaccounted)
    assert FIRST in got.reason


def test_r23_one_step_is_a_difference() -> None:
    assert isinstance(accounted([(trade(101, "0.5"), OURS)], position("-1.501"), SOLD), Unaccounted)


@pytest.mark.parametrize("filled", ["0.4", "0.6"])
def test_r23_the_trades_of_an_order_must_make_its_fill(filled: str) -> None:
    got = accounted([(trade(101, "0.5"), OURS)], position("-1.5"), {FIRST: (Decimal(filled), KNOWN_MS)})
    assert isinstance(got, Unaccounted)
    assert filled in got.reason


def test_r23_what_was_counted_before_belongs_to_the_fill() -> None:
    """An order that filled twice: its first part is in the anchor already."""
    fills = {FIRST: (Decimal("0.8"), KNOWN_MS)}
    got = accounted([(trade(101, "0.5"), OURS)], position("-1.5"), fills, {FIRST: Decimal("0.3")})
    assert isinstance(got, Accounted)
    assert got.settled == (FIRST,)
    assert isinstance(accounted([(trade(101, "0.5"), OURS)], position("-1.5"), fills), Unaccounted)


def test_r23_every_unsettled_fill_must_be_found() -> None:
    fills = {**SOLD, SECOND: (Decimal("0.1"), KNOWN_MS)}
    first: tuple[VenueTrade, Owner] = (trade(101, "0.5"), OURS)
    assert isinstance(accounted([first], position("-1.5"), fills), Unaccounted)
    both = [first, (trade(102, "0.1"), Ours(client_id=SECOND))]
    got = accounted(both, position("-1.6"), fills)
    assert isinstance(got, Accounted)
    assert got.settled == (FIRST, SECOND)


def test_r20_a_trade_of_an_order_whose_outcome_was_lost_asks_for_a_look_up() -> None:
    got = accounted([(trade(101, "0.5"), OURS)], position("-1.5"))
    assert isinstance(got, Unaccounted)
    assert f"order {FIRST} has trades, look it up first" in got.reason


def test_a_trade_told_twice_and_the_one_at_the_cursor_count_once() -> None:
    twice = [(trade(100, "0.9"), OURS), (trade(101, "0.5"), OURS), (trade(101, "0.5"), OURS)]
    got = accounted(list(twice), position("-1.5"), SOLD)
    assert isinstance(got, Accounted)
    assert got.own_moved == Decimal("-0.5")


def test_r25_trades_of_others_explain_the_position_and_are_handed_on() -> None:
    others: list[tuple[VenueTrade, Owner]] = [
        (trade(101, "0.4", Side.BUY), Foreign()),
        (trade(103, "0.2", Side.BUY), Adl()),
    ]
    got = accounted([others[0], (trade(102, "0.5"), OURS), others[1]], position("-0.9"), SOLD)
    assert isinstance(got, Accounted)
    assert got.foreign == tuple(others)
    assert got.own_moved == Decimal("-0.5")
    assert got.anchor.cursor.trade_id == "103"


def test_r25_a_change_without_trades_is_not_explained() -> None:
    assert isinstance(accounted([], position("0")), Unaccounted)


@given(
    sizes=st.lists(st.tuples(st.integers(1, 500), st.sampled_from(Side), st.booleans()), max_size=6),
    off=st.integers(min_value=-3, max_value=3),
    missing=st.integers(min_value=0, max_value=2),
)
def test_r23_accounted_exactly_when_all_is_found(sizes: list[tuple[int, Side, bool]], off: int, missing: int) -> None:
    trades: list[tuple[VenueTrade, Owner]] = [
        (trade(200 + n, str(size * STEP), side), OURS if ours else Foreign())
        for n, (size, side, ours) in enumerate(sizes)
    ]
    filled = sum((t.contracts for t, owner in trades if owner == OURS), Decimal(0)) + missing * STEP
    moved = sum((t.moved for t, _ in trades), Decimal(0)) + off * STEP
    fills = {FIRST: (filled, KNOWN_MS)} if filled else {}
    got = accounted(trades, position(str(ANCHOR.contracts + moved)), fills)
    assert isinstance(got, Accounted) == (off == 0 and missing == 0)
    if isinstance(got, Accounted):
        foreign = sum((t.moved for t, _ in got.foreign), Decimal(0))
        assert got.anchor.contracts == ANCHOR.contracts + got.own_moved + foreign


@pytest.mark.parametrize(
    ("client_id", "owner"),
    [
        (None, Foreign()),
        ("", Foreign()),
        ("web_k3J2", Foreign()),
        ("hedge-by-hand", Foreign()),
        ("adl_autoclose", Adl()),
        ("autoclose-1700000000000", Liquidation()),
        ("settlement_autoclose-1700000000000", Settlement()),
        (FIRST, Ours(client_id=FIRST)),
        (STRANGE, UnknownEpoch(client_id=STRANGE)),
    ],
)
def test_r19_r25_whose_order_it_is(client_id: str | None, owner: Owner) -> None:
    assert owner_of(client_id, known=lambda epoch: epoch == EPOCH) == owner


def test_r25_the_worst_verdict_wins() -> None:
    mildest_first: list[tuple[Owner, ForeignVerdict]] = [
        (Adl(), ForeignVerdict.ADL),
        (Foreign(), ForeignVerdict.FOREIGN),
        (Settlement(), ForeignVerdict.SETTLEMENT),
        (Liquidation(), ForeignVerdict.LIQUIDATION),
        (UnknownEpoch(client_id=STRANGE), ForeignVerdict.UNKNOWN_EPOCH),
    ]
    assert foreign_verdict([]) is None
    assert foreign_verdict([(trade(1, "1"), OURS)]) is None
    seen: list[tuple[VenueTrade, Owner]] = []
    for owner, verdict in mildest_first:
        assert foreign_verdict([(trade(1, "1"), owner)]) is verdict
        seen.insert(0, (trade(1, "1"), owner))
        assert foreign_verdict(seen) is verdict


def consecutive(*contracts: str) -> list[Position]:
    return [position(text, sent_ms=1_000 * n, answered_ms=1_000 * n + 999) for n, text in enumerate(contracts)]


def test_r25_three_equal_readings_one_after_the_other_are_adopted() -> None:
    assert adopted(consecutive("-1", "-1", "-1"))
    assert adopted(consecutive("-2", "-1", "-1", "-1"))
    assert adopted(consecutive("-1"), needed=1)


@pytest.mark.parametrize("contracts", [[], ["-1"], ["-1", "-1"], ["-2", "-1", "-1"], ["-1", "-1", "-2"]])
def test_r25_fewer_or_different_readings_are_not_adopted(contracts: list[str]) -> None:
    assert not adopted(consecutive(*contracts))


def test_r9_readings_that_overlap_count_as_one() -> None:
    first, second, third = consecutive("0", "0", "0")
    early = replace(second, stamp=Stamp(sent_ms=first.stamp.answered_ms - 1, answered_ms=1_500))
    assert not adopted([first, early, third])
