"""A buy that is seen before its sale is no new holding of a spot-perp hedge (R10, R23)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.beside_pairs import beside_pairs
from bot.domain.ids import Asset, VenueName
from bot.domain.intent import IntentRecord, IntentState
from bot.domain.observation import Holding, Source, Stamp, Unknown
from bot.domain.orders import Side
from bot.domain.pair import PairState, PairStory
from tests.core.pairs import BTC, KUCOIN, NOW_MS, OKX, TRADE, legs, order, story

GRACE_MS = 30_000
BEGUN = TRADE.created_ms
ENDED = NOW_MS - 4_000


def held(venue: VenueName, quantity: str, sent_ms: int, *, asset: Asset = BTC, source: Source = Source.SPOT) -> Holding:
    return Holding(
        source=source,
        venue=venue,
        asset=asset,
        quantity=D(quantity),
        principal=D(quantity),
        stamp=Stamp(sent_ms=sent_ms, answered_ms=sent_ms + 50),
    )


def total(found: tuple[Holding | Unknown, ...]) -> D:
    coins = D(0)
    for each in found:
        assert isinstance(each, Holding)
        assert each.quantity == each.principal
        coins += each.quantity
    return coins


FLYING = (order(2, Side.BUY, state=IntentState.UNKNOWN), order(3, Side.SELL, state=IntentState.ARMED))


@pytest.mark.parametrize("kucoin", ["3", "3.4", "4"])
@pytest.mark.parametrize("okx", ["5", "4.7", "4"])
def test_whatever_a_venue_shows_of_a_trade_under_way_the_total_stays(kucoin: str, okx: str) -> None:
    readings = (held(KUCOIN, kucoin, NOW_MS), held(OKX, okx, NOW_MS))
    assert total(beside_pairs(readings, (story(*FLYING),), NOW_MS, GRACE_MS)) == 8


def test_coins_that_come_beside_a_trade_are_seen_beyond_what_it_can_have_moved() -> None:
    readings = (held(KUCOIN, "6.5", NOW_MS), held(OKX, "5", NOW_MS))
    assert total(beside_pairs(readings, (story(*FLYING),), NOW_MS, GRACE_MS)) == D("10.5")
    taken = (held(KUCOIN, "2.5", NOW_MS), held(OKX, "3.5", NOW_MS))
    assert total(beside_pairs(taken, (story(*FLYING),), NOW_MS, GRACE_MS)) == D("7.0")


def test_a_reading_of_before_the_trade_is_as_it_is() -> None:
    readings = (held(KUCOIN, "4", BEGUN - 50), held(OKX, "5", BEGUN - 50))
    assert beside_pairs(readings, (story(*FLYING),), NOW_MS, GRACE_MS) == readings


def test_a_trade_that_is_over_is_taken_out_until_every_venue_was_read_after_it() -> None:
    done = story(*legs(), state=PairState.EVEN)
    torn = (held(KUCOIN, "4", ENDED), held(OKX, "5", ENDED - 1))
    assert total(beside_pairs(torn, (done,), NOW_MS, GRACE_MS)) == 8
    both = (held(KUCOIN, "4", ENDED), held(OKX, "4", ENDED))
    assert beside_pairs(both, (done,), NOW_MS, GRACE_MS) == both
    elsewhere = (*both, held(VenueName("binance"), "1", 0), held(KUCOIN, "1", 0, source=Source.EARN))
    assert beside_pairs(elsewhere, (done,), NOW_MS, GRACE_MS) == elsewhere


def test_a_fill_that_is_known_is_taken_out_in_full() -> None:
    """Even where what was held before was not read."""
    bare = replace(TRADE, buy=replace(TRADE.buy, holding_before=None), sell=replace(TRADE.sell, holding_before=None))
    bought, _ = legs()
    one = story(bought, FLYING[1], trade=bare)
    found = beside_pairs((held(KUCOIN, "4", NOW_MS), held(OKX, "5", NOW_MS)), (one,), NOW_MS, GRACE_MS)
    assert isinstance(found[0], Holding)
    assert found[0].quantity == 3
    assert isinstance(found[1], Unknown)
    assert (found[1].venue, found[1].source) == (OKX, Source.SPOT)
    before = beside_pairs((held(KUCOIN, "4", ENDED - 1), held(OKX, "5", NOW_MS)), (one,), NOW_MS, GRACE_MS)
    assert isinstance(before[0], Unknown)  # it may, or may not, show the fill


def naked_for(ms: int, *orders: IntentRecord) -> PairStory:
    one = story(*orders, state=PairState.EVENING)
    return replace(one, record=replace(one.record, naked_since_ms=NOW_MS - ms))


def test_what_could_not_be_evened_for_long_is_coins_like_any_other() -> None:
    readings = (held(KUCOIN, "4", NOW_MS), held(OKX, "5", NOW_MS))
    uneven = tuple(replace(leg, updated_ms=NOW_MS - 2 * GRACE_MS) for leg in legs("1", "0"))
    assert total(beside_pairs(readings, (naked_for(GRACE_MS, *uneven),), NOW_MS, GRACE_MS)) == 8
    assert total(beside_pairs(readings, (naked_for(GRACE_MS + 1, *uneven),), NOW_MS, GRACE_MS)) == 9
    even = story(*uneven, state=PairState.EVENING)
    assert total(beside_pairs(readings, (even,), NOW_MS, GRACE_MS)) == 8
    # Until both outcomes were known its evening could not begin.
    late = (uneven[0], replace(uneven[1], updated_ms=NOW_MS - GRACE_MS))
    fresh = (held(KUCOIN, "4", NOW_MS + 1), held(OKX, "5", NOW_MS + 1))
    assert total(beside_pairs(fresh, (naked_for(GRACE_MS + 1, *late),), NOW_MS, GRACE_MS)) == 8
    assert total(beside_pairs(fresh, (naked_for(GRACE_MS + 1, *late),), NOW_MS + 1, GRACE_MS)) == 9
    flying = (uneven[0], replace(uneven[1], state=IntentState.UNKNOWN))
    assert total(beside_pairs(readings, (naked_for(GRACE_MS + 1, *flying),), NOW_MS, GRACE_MS)) == 8


def test_unwinding_orders_count_on_the_venue_they_are_on() -> None:
    """Bought 1, sold none, and 0.4 of it sold again where it was bought."""
    undone = order(4, Side.SELL, venue=KUCOIN, coins="0.4", filled="0.4")
    readings = (held(KUCOIN, "3.6", NOW_MS), held(OKX, "5", NOW_MS))
    assert total(beside_pairs(readings, (story(*legs("1", "0"), undone),), NOW_MS, GRACE_MS)) == 8


def test_a_newer_trade_that_the_venues_show_leaves_an_older_one_to_be_taken_out() -> None:
    """What is naked for long is told by the venues, whatever an older trade does."""
    readings = (held(KUCOIN, "4", NOW_MS), held(OKX, "5", NOW_MS))
    older = story(order(2, Side.BUY, state=IntentState.UNKNOWN), order(3, Side.SELL))
    newer = story(*legs("0", "0"), state=PairState.EVEN)
    assert total(beside_pairs(readings, (older, newer), NOW_MS, GRACE_MS)) == 8


def test_a_reading_that_was_asked_for_as_an_order_ended_shows_it_in_full() -> None:
    """However far it has moved besides: 2 coins came, of which the trade bought 1."""
    bought = story(legs()[0], FLYING[1])
    found = beside_pairs((held(KUCOIN, "5", ENDED),), (bought,), NOW_MS, GRACE_MS)
    assert total(found) == 4
    less = beside_pairs((held(KUCOIN, "3.5", ENDED),), (bought,), NOW_MS, GRACE_MS)
    assert total(less) == D("2.5")
    before = beside_pairs((held(KUCOIN, "3.5", ENDED - 1),), (bought,), NOW_MS, GRACE_MS)
    assert total(before) == 3


def test_what_orders_of_one_side_may_have_moved_adds_up() -> None:
    """Two buys of 1 on one venue, and two sales of 1 on the other."""
    orders = [
        order(number, side, state=IntentState.UNKNOWN)
        for number, side in ((2, Side.BUY), (3, Side.SELL), (4, Side.BUY), (5, Side.SELL))
    ]
    readings = (held(KUCOIN, "5", NOW_MS), held(OKX, "3", NOW_MS))
    assert total(beside_pairs(readings, (story(*orders),), NOW_MS, GRACE_MS)) == 8


def test_an_order_that_has_ended_moved_a_reading_of_before_by_what_it_filled_and_no_more() -> None:
    bought, sold = legs("0.4", "0.4")
    one = story(bought, sold)
    readings = (held(KUCOIN, "4", ENDED - 1), held(OKX, "4", ENDED - 1))
    found = beside_pairs(readings, (one,), NOW_MS, GRACE_MS)
    assert [each.quantity for each in found if isinstance(each, Holding)] == [D("3.6"), D("4.4")]


def test_other_coins_tokens_and_unknowns_are_left_alone() -> None:
    others = (
        held(KUCOIN, "7", NOW_MS, asset=Asset("ETH")),
        replace(held(KUCOIN, "7", NOW_MS), token=Asset("WBTC")),
        Unknown(what="spot of okx", reason="HTTP 503", source=Source.SPOT, venue=OKX),
    )
    assert beside_pairs(others, (story(*FLYING),), NOW_MS, GRACE_MS) == others


def test_a_trade_without_orders_ends_when_it_was_last_written() -> None:
    bare = story(state=PairState.HALTED)
    readings = (held(KUCOIN, "3", BEGUN),)
    assert beside_pairs(readings, (bare,), NOW_MS, GRACE_MS) == readings


shares = st.sampled_from(["0", "0.3", "1"])


@given(shares, shares, shares, shares, st.booleans(), st.booleans(), st.integers(0, 3), st.integers(0, 3))
def test_no_reading_of_a_trade_makes_new_coins_or_takes_any(
    bought: str, sold: str, seen_buy: str, seen_sale: str, buy_told: bool, sale_told: bool, one: int, other: int
) -> None:
    """Each venue shows any part of what has filled, at any time; what is known of either leg may lag behind."""
    buy = legs(bought, sold)[0] if buy_told else FLYING[0]
    sale = legs(bought, sold)[1] if sale_told else FLYING[1]
    sent = (BEGUN, ENDED - 1, ENDED, NOW_MS)
    # A reading that was asked for after a fill was known shows it.
    shown_buy = D(bought) if buy_told and sent[one] >= ENDED else min(D(seen_buy), D(bought))
    shown_sale = D(sold) if sale_told and sent[other] >= ENDED else min(D(seen_sale), D(sold))
    readings = (held(KUCOIN, str(3 + shown_buy), sent[one]), held(OKX, str(5 - shown_sale), sent[other]))
    assert total(beside_pairs(readings, (story(buy, sale),), NOW_MS, GRACE_MS)) == 8
