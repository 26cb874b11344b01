"""What is kept of a trade while it is evened out: its state, what is left, and for how long it was naked."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

from bot.core.evening import even_out, watched
from bot.domain.intent import IntentRecord, IntentState
from bot.domain.orders import Side
from bot.domain.pair import PairState
from tests.core.pairs import NOW_MS, evening, legs, order, story


def left(record: IntentRecord, created_ms: int) -> IntentRecord:
    """The same, sent at another time."""
    return replace(record, intent=replace(record.intent, created_ms=created_ms))


def test_time_naked_counts_from_when_what_filled_had_left_to_even() -> None:
    """Its answer may come long after the fill: OKX's first answer tells of none."""
    bought = left(order(2, Side.BUY, filled="1", average="100000", ended_ms=NOW_MS - 500), NOW_MS - 900)
    one = story(bought, order(3, Side.SELL, state=IntentState.UNKNOWN, ended_ms=NOW_MS - 100))
    open_one = watched(one.record, one, even_out(evening(*one.orders)), NOW_MS)
    assert (open_one.state, open_one.naked_since_ms, open_one.naked_ms) == (PairState.OPEN, NOW_MS - 900, 0)
    assert open_one.left is None
    assert watched(open_one, one, even_out(evening(*one.orders)), NOW_MS + 50) == open_one
    short = story(bought, order(3, Side.SELL, ended_ms=NOW_MS + 50))
    uneven = watched(open_one, short, even_out(evening(*short.orders)), NOW_MS + 60)
    assert (uneven.state, uneven.naked_since_ms, uneven.updated_ms) == (PairState.EVENING, NOW_MS - 900, NOW_MS + 60)
    done = order(4, Side.SELL, filled="1", average="100100", ended_ms=NOW_MS + 200)
    ended = story(*short.orders, done)
    even = watched(uneven, ended, even_out(evening(*ended.orders)), NOW_MS + 300)
    assert (even.state, even.naked_since_ms, even.naked_ms, even.left) == (PairState.EVEN, None, 1_200, D(0))
    assert "even" in even.detail


def test_even_before_all_is_told_stops_the_clock_and_dust_ends_it() -> None:
    bought = left(order(2, Side.BUY, filled="1", average="100000"), NOW_MS - 900)
    short = story(bought, order(3, Side.SELL))
    uneven = watched(short.record, short, even_out(evening(*short.orders)), NOW_MS)
    filled = story(*short.orders, order(4, Side.SELL, filled="1", average="100100"))
    waits = even_out(replace(evening(*filled.orders), fees_in_coins={}))
    stopped = watched(uneven, filled, waits, NOW_MS + 100)
    assert (stopped.state, stopped.naked_since_ms, stopped.naked_ms) == (PairState.EVENING, None, 1_000)
    again = watched(stopped, short, even_out(evening(*short.orders)), NOW_MS + 500)
    assert again.naked_since_ms == NOW_MS + 500
    dust = story(*legs("0.40004", "0.4"))
    ended = watched(again, dust, even_out(evening(*dust.orders)), NOW_MS + 700)
    assert (ended.state, ended.naked_ms, ended.left) == (PairState.DUST, 1_200, D("0.00004"))


def test_two_answers_apart_were_naked_until_the_second() -> None:
    bought, sold = legs()
    began_ms = bought.updated_ms - 100
    both = story(left(bought, began_ms), left(replace(sold, updated_ms=bought.updated_ms + 700), began_ms))
    assert watched(both.record, both, even_out(evening(*both.orders)), NOW_MS).naked_ms == 800
    none = story(*legs("0", "0"))
    assert watched(none.record, none, even_out(evening(*none.orders)), NOW_MS).naked_ms == 0


def test_a_trade_is_evened_out_once_both_legs_are_known_whatever_came_after_them() -> None:
    flying = story(*legs("1", "0"), order(4, Side.SELL, state=IntentState.ARMED))
    found = watched(flying.record, flying, even_out(evening(*flying.orders)), NOW_MS)
    assert found.state is PairState.EVENING


def test_a_clock_that_was_set_back_makes_no_time_naked() -> None:
    done = story(*legs())
    naked = replace(done.record, state=PairState.EVENING, naked_since_ms=NOW_MS, naked_ms=500)
    for now_ms in (NOW_MS, NOW_MS - 60_000):
        assert watched(naked, done, even_out(evening(*done.orders)), now_ms).naked_ms == 500
