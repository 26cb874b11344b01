"""R11: a decrease that our own confirmed sales explain needs no dwell, and the next slice waits for the short."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.beside_exits import Followed, Seen, explained, follow
from bot.core.situation import Memory, Situation
from bot.domain.orders import Side
from bot.domain.plan import Verdict
from tests.core.situations import reading, run

STEP = D("0.001")
DWELL_S = D(60)


def seen(sold: str | None, exposure: str, short: str, ratio: str = "1", now_ms: int = 0) -> Seen:
    wanted = None if sold is None else D(sold)
    return Seen(
        sold=wanted, exposure=D(exposure), short=D(short), ratio=D(ratio), step=STEP, grows=STEP * 2, now_ms=now_ms
    )


def followed(before: Followed | None, now: Seen, *, outside: bool = False) -> Followed | None:
    gap = now.exposure * now.ratio - now.short
    return follow(before, now, gap, outside=outside, dwell_s=DWELL_S)


def kept(sold: str, exposure: str, short: str, rest: str = "0") -> Followed:
    return Followed(sold=D(sold), exposure=D(exposure), short=D(short), rest=D(rest))


WHOLE = kept("0", "1", "1")


def test_without_an_exit_nothing_is_kept() -> None:
    assert followed(WHOLE, seen(None, "1", "1")) is None
    assert explained(WHOLE, seen(None, "0", "1"), D(-1)) == 0


def test_the_first_reading_begins_where_it_is() -> None:
    assert followed(None, seen("0.3", "0.7", "0.7")) == kept("0.3", "0.7", "0.7")
    assert explained(None, seen("0.3", "0", "1"), D(-1)) == 0


def test_the_short_has_to_follow_a_sale_before_it_counts() -> None:
    owing = followed(WHOLE, seen("0.1", "0.9", "1"))
    assert owing == WHOLE
    assert explained(owing, seen("0.1", "0.9", "1"), D("-0.1")) == D("0.1")
    assert followed(owing, seen("0.1", "0.9", "0.9")) == kept("0.1", "0.9", "0.9")


@pytest.mark.parametrize(
    ("short", "gap", "ratio", "coins"),
    [
        ("1", "-0.05", "1", "0.05"),
        ("1", "-0.3", "1", "0.1"),
        ("1", "-0.3", "0.5", "0.05"),
        ("1", "0.1", "1", "0"),
        ("0.96", "-0.3", "1", "0.06"),
        ("0.9", "-0.3", "1", "0"),
    ],
)
def test_no_more_is_explained_than_was_sold_and_is_too_much(short: str, gap: str, ratio: str, coins: str) -> None:
    assert explained(WHOLE, seen("0.1", "0.7", short, ratio), D(gap)) == D(coins)


def test_a_reading_that_does_not_show_the_sale_yet_does_not_pass_for_one_that_is_followed() -> None:
    lagging = followed(WHOLE, seen("0.1", "1", "1", now_ms=1_000))
    assert lagging == replace(WHOLE, since_ms=1_000)
    assert followed(lagging, seen("0.1", "1", "1", now_ms=60_999)) == lagging
    # Seen after all, and then as usual.
    assert followed(lagging, seen("0.1", "0.9", "1", now_ms=2_000)) == WHOLE


def test_other_coins_that_came_meanwhile_hide_a_sale_for_no_longer_than_the_dwell() -> None:
    hidden = followed(WHOLE, seen("0.1", "1", "1", now_ms=1_000))
    assert followed(hidden, seen("0.1", "1", "1", now_ms=61_000)) == kept("0.1", "1", "1")


def test_a_clock_that_was_set_back_does_not_stretch_the_dwell() -> None:
    hidden = followed(WHOLE, seen("0.1", "1", "1", now_ms=100_000))
    assert followed(hidden, seen("0.1", "1", "1", now_ms=1_000)) == replace(WHOLE, since_ms=1_000)


def test_a_short_that_was_too_small_need_not_shrink() -> None:
    before = kept("0", "1", "0.9")
    assert followed(before, seen("0.1", "0.9", "0.9")) == kept("0.1", "0.9", "0.9")


def test_a_short_that_was_too_large_within_its_band_shrinks_by_what_was_sold() -> None:
    before = kept("0", "1", "1.003")
    assert followed(before, seen("0.1", "0.9", "1.003")) == before
    assert followed(before, seen("0.1", "0.9", "0.903")) == kept("0.1", "0.9", "0.903")


def test_a_buy_counts_once_the_short_has_grown() -> None:
    before = kept("0.1", "0.9", "0.9")
    owing = followed(before, seen("0", "0.9999", "0.9"), outside=True)
    assert owing == before
    assert followed(owing, seen("0", "0.9999", "0.9999")) == kept("0", "0.9999", "0.9999")
    assert followed(owing, seen("0", "0.9", "0.9")) == replace(before, since_ms=0)


def test_a_sale_of_one_step_is_followed_at_once() -> None:
    assert followed(WHOLE, seen("0.001", "0.999", "1")) == WHOLE


def test_a_buy_of_the_least_that_grows_the_short_is_followed_first() -> None:
    before = kept("0.1", "0.9", "0.9")
    assert followed(before, seen("0.098", "0.902", "0.9"), outside=True) == before
    assert followed(before, seen("0.098", "0.902", "0.9")) == kept("0.098", "0.902", "0.9"), "it may stay so"


def test_a_reading_that_shows_a_step_too_little_of_a_sale_does_not_show_it() -> None:
    assert followed(WHOLE, seen("0.1", "0.901", "0.901", now_ms=1_000)) == replace(WHOLE, since_ms=1_000)
    assert followed(WHOLE, seen("0.1", "0.9009", "0.9015")) == kept("0.1", "0.9009", "0.9015")


def test_what_is_less_than_a_step_is_followed_with_the_next_slice() -> None:
    first = followed(WHOLE, seen("0.1006", "0.8994", "0.9"))
    assert first == kept("0.1006", "0.8994", "0.9", rest="0.0006")
    assert followed(first, seen("0.1006", "0.8994", "0.9")) == first
    second = seen("0.2012", "0.7988", "0.9")
    assert explained(followed(first, second), second, D("-0.1012")) == D("0.1012")
    # A short that is not too large any more owes nothing.
    assert followed(first, seen("0.1006", "0.9", "0.9")) == kept("0.1006", "0.9", "0.9")


def test_a_gap_too_small_for_an_order_is_no_reason_to_wait_after_a_buy() -> None:
    before = kept("0.1", "0.9", "0.9")
    assert followed(before, seen("0", "1", "0.9985"), outside=True) == kept("0", "1", "0.9985")


@pytest.mark.parametrize("state", [WHOLE, replace(WHOLE, since_ms=5), replace(WHOLE, rest=D("0.0006"))])
def test_it_survives_a_restart(state: Followed) -> None:
    assert Followed.from_dict(state.to_dict()) == state
    assert Memory.from_dict(Memory(followed=state).to_dict()).followed == state


def test_without_a_rest_that_was_kept_there_is_none() -> None:
    kept_before = {name: text for name, text in WHOLE.to_dict().items() if name != "rest"}
    assert Followed.from_dict(kept_before) == WHOLE


@given(
    slices=st.lists(st.integers(1, 400), min_size=1, max_size=8),
    lags=st.lists(st.integers(0, 2), min_size=8, max_size=8),
    start=st.integers(-5, 5),
)
def test_never_more_than_one_slice_is_naked(slices: list[int], lags: list[int], start: int) -> None:
    """Whatever the balances lag: a slice goes only when the short has followed all before it."""
    coins, short, sold, now_ms = D(5), D(5) + start * STEP, D(0), 0
    state: Followed | None = Followed(sold=sold, exposure=coins, short=short)
    for size, lag in zip(slices, lags, strict=False):
        assert state is not None
        assert state.sold == sold
        before, coins, sold = coins, coins - size * STEP, sold + size * STEP
        for turn in range(200):
            now_ms += 5_000
            shown = before if turn < lag else coins
            now = Seen(sold=sold, exposure=shown, short=short, ratio=D(1), step=STEP, grows=STEP, now_ms=now_ms)
            state = follow(state, now, shown - short, outside=False, dwell_s=DWELL_S)
            assert abs(short - coins) <= (size + 6) * STEP
            if state is not None and state.sold == sold:
                break
            short -= explained(state, now, shown - short) // STEP * STEP
        assert abs(short - coins) <= 6 * STEP


def beside(at_s: int, exposure: str, short: str, sold: str) -> Situation:
    return replace(reading(at_s, exposure, short), sold=D(sold))


def test_r11_the_short_follows_a_sale_at_once_and_by_just_that() -> None:
    """A slice of 200 USDT is less than the band of 500, and is followed all the same; without a sale it dwells."""
    plans = run(beside(0, "1", "-1", "0"), beside(5, "0.998", "-1", "0.002"), beside(6, "0.998", "-0.998", "0.002"))
    assert [plan.verdict for plan in plans] == [Verdict.BALANCED, Verdict.ORDER, Verdict.BALANCED]
    order = plans[1].order
    assert order is not None
    assert (order.request.side, order.request.contracts, order.request.reduce_only) == (Side.BUY, D("0.002"), True)


def test_r11_what_no_sale_explains_still_dwells() -> None:
    plans = run(beside(0, "1", "-1", "0"), beside(5, "0.4", "-1", "0.1"), beside(10, "0.4", "-0.9", "0.1"))
    assert plans[1].order is not None
    assert plans[1].order.request.contracts == D("0.1")
    assert plans[2].verdict is Verdict.DWELLING
