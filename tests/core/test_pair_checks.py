"""When what was read is just new enough, a fee just possible, and two currencies' prices just agree (R8, R23)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.pair_checks import FEE_MAX, against, changed_ms, conversion_of, fee_trouble, stock_trouble
from bot.core.pair_situation import PairSituation, QuotePrice
from bot.domain.ids import VenueName
from bot.domain.orders import Side
from bot.domain.pair import PairState
from tests.core.pair_cases import in_usdc
from tests.core.pairs import (
    BUYING,
    FRESH,
    KUCOIN,
    NOW_MS,
    OKX,
    SELLING,
    SITUATION,
    USDC,
    USDT,
    legs,
    order,
    story,
    with_both,
)

FOREIGN = in_usdc(SELLING)


@pytest.mark.parametrize("fee", [D(0), FEE_MAX])
def test_no_fee_and_the_largest_one_are_fees(fee: D) -> None:
    assert fee_trouble(replace(BUYING, taker_fee=fee)) is None


def ended(side: Side, ms: int) -> PairSituation:
    """A trade of which one order ended then, the other long before."""
    late = order(2 if side is Side.BUY else 3, side, filled="1", ended_ms=ms)
    other = legs()[1 if side is Side.BUY else 0]
    return replace(SITUATION, recent=(story(late, other, state=PairState.EVEN),))


def test_r23_what_was_asked_for_as_the_last_order_there_ended_shows_it() -> None:
    just = ended(Side.BUY, FRESH.sent_ms)
    assert stock_trouble(just, BUYING) is None
    assert against(just, BUYING) is None
    late = ended(Side.BUY, FRESH.sent_ms + 1)
    assert stock_trouble(late, BUYING) is not None
    assert against(late, BUYING) is not None


def test_r23_an_order_on_the_other_venue_changes_nothing_here() -> None:
    elsewhere = ended(Side.SELL, FRESH.sent_ms + 1)
    assert stock_trouble(elsewhere, BUYING) is None
    assert against(elsewhere, BUYING) is None
    assert changed_ms(elsewhere.recent, BUYING) == legs()[0].updated_ms
    assert changed_ms(elsewhere.recent, SELLING) == FRESH.sent_ms + 1
    assert changed_ms((), BUYING) == 0


def test_a_venue_that_refused_is_asked_again_at_the_end_of_its_pause() -> None:
    assert against(SITUATION, replace(BUYING, not_before_ms=NOW_MS)) is None
    found = against(SITUATION, replace(BUYING, not_before_ms=NOW_MS + 2_000_000))
    assert found is not None
    assert found[0] == "venue.back-off"
    assert "another 2000 s" in found[1]


def test_one_currency_is_divided_by_the_other() -> None:
    quotes = {USDT: QuotePrice(usd=D("0.5"), stamp=FRESH), USDC: QuotePrice(usd=D("0.8"), stamp=FRESH)}
    situation = replace(with_both(SITUATION, sell=FOREIGN), quotes=quotes)
    assert conversion_of(situation, BUYING, FOREIGN) == D("1.6")
    assert conversion_of(situation, FOREIGN, BUYING) == D("0.625")


def told(*rates: str) -> Mapping[VenueName, D]:
    return dict(zip((KUCOIN, OKX), map(D, rates), strict=True))


@pytest.mark.parametrize(("other", "agree"), [("0.5005", True), ("0.5006", False)])
def test_venues_may_disagree_on_a_currency_by_the_edge_that_is_asked_for_of_its_worth(other: str, agree: bool) -> None:
    """0.1 % of 0.5 is 0.0005."""
    quotes = {
        USDT: QuotePrice(usd=D(1), stamp=FRESH, told=told("1", "1")),
        USDC: QuotePrice(usd=D("0.5"), stamp=FRESH, told=told("0.5", other)),
    }
    situation = replace(with_both(SITUATION, sell=FOREIGN), quotes=quotes)
    found = conversion_of(situation, BUYING, FOREIGN)
    assert (found == D("0.5")) is agree
    assert isinstance(found, tuple) is not agree
