"""What a plan tells and remembers exactly, and where an edge is just enough or a reason just holds."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.cross_exchange import decide
from bot.core.pair_situation import Lasting, PairReading, PairSituation, QuotePrice, Stock
from bot.domain.ids import VenueName
from bot.domain.observation import Unknown
from bot.domain.pair import Opportunity, PairVerdict
from tests.core.pair_cases import NONE, PAUSE, in_usdc, later, planned, with_policy
from tests.core.pairs import (
    BTC,
    BUYING,
    FRESH,
    KUCOIN,
    MARKET,
    NOW_MS,
    OKX,
    POLICY,
    SELLING,
    SITUATION,
    USDC,
    USDT,
    book,
    with_both,
)

BINANCE = VenueName("binance")
PATIENT = with_policy(replace(POLICY, persist_s=D(2)))
HERE = Lasting(buy_venue=KUCOIN, sell_venue=OKX, from_ms=FRESH.answered_ms, sent_ms=FRESH.sent_ms)


def test_a_plan_names_its_hedge_and_asks_for_no_early_look_when_it_acts() -> None:
    plan, memory = decide(SITUATION, NONE)
    assert (plan.hedge, plan.asset, plan.verdict, plan.look_again_s) == (POLICY.name, BTC, PairVerdict.ACT, None)
    assert plan.order is not None
    assert plan.order.buy.reduce_only is plan.order.sell.reduce_only is False
    assert plan.opportunities[0].lasted_s == 0
    assert memory.lasting == (HERE,)


def test_a_pause_asks_for_no_early_look_either() -> None:
    paused = planned(replace(SITUATION, control=PAUSE))
    assert (paused.verdict, paused.look_again_s) == (PairVerdict.PAUSED, None)


def test_every_figure_of_an_opportunity_is_shown_in_the_money_of_the_buyer() -> None:
    """0.5 bought at 100,000 USDT, and sold at 200,400 USDC, of which one is 0.5 USDT."""
    seller = in_usdc(replace(SELLING, book=book([("200400", "0.5")], [("200420", "1")])))
    situation = replace(
        with_both(SITUATION, sell=seller),
        quotes={USDT: QuotePrice(usd=D("0.8"), stamp=FRESH), USDC: QuotePrice(usd=D("0.4"), stamp=FRESH)},
    )
    best = planned(situation).opportunities[0]
    assert best == Opportunity(
        buy_venue=KUCOIN,
        sell_venue=OKX,
        money=USDT,
        code="edge.ok",
        reason=best.reason,
        coins=D("0.5"),
        bought=D("0.5"),
        buy_price=D(100_000),
        sell_price=D(200_400),
        gross=D(100),
        buy_fee=D(10),
        sell_fee=D("10.02"),
        net=D("79.98"),
        edge=D("0.0015996"),
        worst_net=D("0.5") * (D("200349.9") / 2 * D("0.9998") - D(100_025) * D("1.0002")),
        lasted_s=D(0),
    )


@pytest.mark.parametrize(
    ("reading", "told"),
    [
        (replace(BUYING, book=Unknown(what="book", reason="HTTP 503")), "HTTP 503"),
        (replace(BUYING, stock=Unknown(what="balance", reason="HTTP 502")), "HTTP 502"),
        (replace(BUYING, stock=Stock(coins=D(1), quote=D(0), stamp=FRESH)), "0 USDT free on kucoin"),
        (replace(BUYING, market=replace(MARKET, quantity_min=D(2))), "minimum of 2 BTC"),
    ],
)
def test_a_direction_says_what_stands_against_it(reading: PairReading, told: str) -> None:
    plan = planned(with_both(SITUATION, reading))
    assert told in next(each.reason for each in plan.opportunities if each.buy_venue == KUCOIN)


@pytest.mark.parametrize(
    "change",
    [{"stock": Unknown(what="balance", reason="HTTP 503")}, {"trouble": "it does not answer"}],
)
def test_an_edge_goes_on_lasting_while_something_stands_against_it(change: dict[str, object]) -> None:
    situation = later(PATIENT, 0)
    blocked = with_both(situation, replace(BUYING, **change))  # type: ignore[arg-type]
    plan, memory = decide(blocked, NONE)
    assert (plan.verdict, plan.opportunities[0].lasted_s) == (PairVerdict.BLOCKED, D(0))
    assert memory.lasting == (HERE,)
    assert planned(later(PATIENT, 2_050), memory).verdict is PairVerdict.ACT
    late = later(PATIENT, 2_050)
    still = replace(late, readings=(replace(late.readings[0], **change), late.readings[1]))  # type: ignore[arg-type]
    assert planned(still, memory).opportunities[0].lasted_s == D(2)


def three(ms: int = 0, *, between: bool = True) -> PairSituation:
    """A third venue, at which one could sell for still more, or which says nothing."""
    third = replace(SELLING.place, venue=BINANCE)
    dearer = replace(SELLING, place=third, book=book([("100300", "1")], [("100310", "1")]))
    silent = replace(dearer, book=Unknown(what="book", reason="HTTP 503"))
    both = later(PATIENT, ms)
    stamped = later(replace(PATIENT, readings=(BUYING, dearer)), ms).readings[1]
    return replace(both, readings=(*both.readings, stamped if between else silent))


def test_each_direction_lasts_by_itself() -> None:
    memory = decide(three(), NONE)[1]
    assert [(each.buy_venue, each.sell_venue) for each in memory.lasting] == [(KUCOIN, BINANCE), (KUCOIN, OKX)]
    both = planned(three(2_050), memory)
    assert [each.lasted_s for each in both.opportunities[:2]] == [D(2), D(2)]
    # The second of those remembered alone is found as well.
    assert planned(three(2_050, between=False), memory).verdict is PairVerdict.ACT


def test_an_edge_between_what_is_asked_for_and_the_reserve_says_how_much_it_lacks() -> None:
    less = replace(SELLING, book=book([("100160", "1")], [("100170", "1")]))
    best = planned(with_both(SITUATION, sell=less)).opportunities[0]
    assert best.code == "edge.too-small"
    assert "0.15 %" in best.reason
    # Just enough by the books, and no limit on the coarse prices keeps it.
    just = with_policy(replace(POLICY, slippage_reserve=D("0.0005996")))
    coarse = replace(BUYING, market=replace(MARKET, price_tick=D(1_000_000)))
    assert "at its limits" in planned(with_both(just, coarse)).opportunities[0].reason


def test_the_money_that_a_seller_tells_no_price_of_is_named() -> None:
    quotes = {USDT: QuotePrice(usd=D(1), stamp=FRESH)}
    mixed = with_both(SITUATION, sell=in_usdc(SELLING))
    assert planned(replace(mixed, quotes=quotes)).reason.endswith("the price of USDC is not known")
    why = Unknown(what="USDC", reason="no anchor")
    assert planned(replace(mixed, quotes={**quotes, USDC: why})).reason.endswith("not known: no anchor")


def test_a_refusal_of_a_fresh_journal_tells_how_long_it_lasts() -> None:
    assert "another 2000 s" in planned(replace(SITUATION, live_from_ms=NOW_MS + 2_000_000)).reason
