"""The last look at both legs, and whatever was decided passes it (R8, R17, R24)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.cross_exchange import decide
from bot.core.pair_gate import approve, trade_of
from bot.core.pair_situation import PairMemory, PairReading, PairSituation, Stock
from bot.domain.ids import VenueName
from bot.domain.observation import Stamp
from bot.domain.orders import OrderRequest, Refused, Side, TimeInForce
from bot.domain.pair import ApprovedPair, PairId, PairOrder, PairVerdict
from tests.core.pair_cases import BLIND, BLOCKED, OPEN, PAUSE, in_usdc, with_caps, with_policy
from tests.core.pairs import (
    BUYING,
    CAPS,
    FRESH,
    KUCOIN,
    NOW_MS,
    OKX,
    POLICY,
    SELLING,
    SITUATION,
    USDT,
    book,
    made,
    order,
    with_both,
)


def ready(situation: PairSituation = SITUATION) -> PairOrder:
    order = decide(situation, PairMemory())[0].order
    assert order is not None
    return order


def test_the_gate_lets_what_was_decided_pass_and_makes_the_trade_of_it() -> None:
    approved = approve(ready(), SITUATION)
    assert isinstance(approved, ApprovedPair)
    assert (approved.buy.notional, approved.buy.mark, approved.sell.mark) == (D(100_000), D(100_000), D(100_200))
    trade = trade_of(approved, POLICY, (PairId(made(1)), made(2), made(3)), (D(3), None), NOW_MS)
    assert (trade.coins, trade.net, trade.min_edge, trade.conversion) == (D(1), D("159.96"), D("0.001"), D(1))
    assert (trade.buy.venue, trade.buy.limit, trade.buy.holding_before) == (KUCOIN, D(100_025), D(3))
    assert (trade.sell.venue, trade.sell.limit, trade.sell.holding_before) == (OKX, D(100_175), None)
    assert (trade.money, trade.created_ms, trade.buy.client_id) == (USDT, NOW_MS, made(2))


ORDER = ready()


def buying(request: OrderRequest) -> PairOrder:
    return replace(ORDER, buy=request)


def selling(request: OrderRequest) -> PairOrder:
    return replace(ORDER, sell=request)


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (buying(replace(ORDER.buy, venue=OKX)), "order.shape"),
        (selling(replace(ORDER.sell, venue=VenueName("binance"))), "order.shape"),
        (buying(replace(ORDER.buy, side=Side.SELL)), "order.shape"),
        (selling(replace(ORDER.sell, side=Side.BUY)), "order.shape"),
        (buying(replace(ORDER.buy, time_in_force=TimeInForce.GTC)), "order.shape"),
        (selling(replace(ORDER.sell, reduce_only=True)), "order.shape"),
        (buying(replace(ORDER.buy, contracts=D("1.000001"))), "order.step"),
        (buying(replace(ORDER.buy, price=D("100000.01"))), "order.step"),
        (selling(replace(ORDER.sell, price=D(0))), "order.step"),
        (buying(replace(ORDER.buy, contracts=D(101))), "instrument.maximum"),
        (selling(replace(ORDER.sell, contracts=D("0.00001"))), "order.too-small"),
        (selling(replace(ORDER.sell, contracts=D("0.9"))), "order.uneven"),
        (buying(replace(ORDER.buy, contracts=D("1.00001"))), "order.uneven"),
        (buying(replace(ORDER.buy, contracts=D("0.99999"))), "order.uneven"),
        (replace(ORDER, buy_fee_in_quote=False, buy=replace(ORDER.buy, contracts=D("1.00021"))), "fee.changed"),
        (buying(replace(ORDER.buy, price=D(99_999))), "book.moved"),
        (selling(replace(ORDER.sell, price=D(100_201))), "book.moved"),
        (buying(replace(ORDER.buy, price=D(100_080))), "edge.too-small"),
        (selling(replace(ORDER.sell, price=D(100_100))), "edge.too-small"),
        (replace(ORDER, opportunity=replace(ORDER.opportunity, net=D(100))), "edge.too-small"),
        (replace(ORDER, opportunity=replace(ORDER.opportunity, net=None)), "edge.too-small"),
        (replace(ORDER, buy_fee_rate=D("0.0003")), "fee.changed"),
        (replace(ORDER, sell_fee_rate=D("0.0001")), "fee.changed"),
        (replace(ORDER, conversion=D("1.001")), "quote.changed"),
    ],
)
def test_the_gate_stops_an_order_that_is_not_what_it_must_be(bad: PairOrder, code: str) -> None:
    verdict = approve(bad, SITUATION)
    assert isinstance(verdict, Refused)
    assert verdict.code == code


@pytest.mark.parametrize(
    ("situation", "code"),
    [
        *(
            (with_both(SITUATION, reading), code)
            for reading, code in BLOCKED
            if "size" not in code and "quote" not in code
        ),
        *((situation, code) for situation, code, _ in BLIND),
        (replace(SITUATION, halted=("x",)), "halted"),
        (replace(SITUATION, control=PAUSE), "paused"),
        (replace(SITUATION, recent=(OPEN,)), "trade.unfinished"),
        (
            with_both(SITUATION, replace(BUYING, stock=Stock(coins=D(0), quote=D(100_044), stamp=FRESH))),
            "balance.quote",
        ),
        (
            with_both(SITUATION, sell=replace(SELLING, stock=Stock(coins=D("0.9"), quote=D(0), stamp=FRESH))),
            "balance.coins",
        ),
        (with_caps(replace(CAPS, order_notional=D(100_174))), "cap.order-notional"),
        (with_caps(replace(CAPS, notional_per_hour=D(100_024))), "cap.notional-per-hour"),
        (with_both(SITUATION, sell=in_usdc(SELLING)), "quote.changed"),
        (replace(with_both(SITUATION, sell=in_usdc(SELLING)), quotes={}), "quote.unknown"),
        (with_policy(replace(POLICY, min_edge=D("0.0012"))), "edge.too-small"),
    ],
)
def test_the_gate_looks_at_everything_anew(situation: PairSituation, code: str) -> None:
    verdict = approve(ORDER, situation)
    assert isinstance(verdict, Refused)
    assert verdict.code == code


def test_a_size_that_is_bound_is_paid_for_at_its_own_limits() -> None:
    """On better levels alone more is earned, so the limits of less are wider than those of all that earns enough."""
    better = replace(SELLING, book=book([("100600", "0.5"), ("100150", "0.5")], [("100610", "1")]))
    poor = replace(BUYING, stock=Stock(coins=D(1), quote=D(45_000), stamp=FRESH))
    situation = with_both(SITUATION, poor, better)
    both = ready(situation)
    assert isinstance(approve(both, situation), ApprovedPair)
    assert D(44_990) < both.buy.contracts * both.buy.price * D("1.0002") <= 45_000


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_r23_a_book_of_before_an_order_of_ours_there_is_not_traded_on(side: Side) -> None:
    """It may show what that order took: then one leg misses."""
    ended = order(30, side, ended_ms=FRESH.sent_ms + 1)
    late = Stamp(sent_ms=NOW_MS, answered_ms=NOW_MS)
    buy, sell = (
        replace(reading, stock=Stock(coins=D(1), quote=D(200_000), stamp=late), recent=recent)
        for reading, recent in zip(
            (BUYING, SELLING), ((ended,), ()) if side is Side.BUY else ((), (ended,)), strict=True
        )
    )
    situation = with_both(SITUATION, buy, sell)
    plan, _ = decide(situation, PairMemory())
    assert (plan.verdict, plan.opportunities[0].code) == (PairVerdict.BLOCKED, "book.before-trade")
    verdict = approve(ORDER, situation)
    assert isinstance(verdict, Refused)
    assert verdict.code == "book.before-trade"


levels = st.tuples(st.integers(99_000, 101_000), st.integers(1, 300).map(lambda units: D(units) / 100))


@st.composite
def any_reading(draw: st.DrawFn, base: PairReading) -> PairReading:
    middle = draw(st.integers(99_500, 100_500))
    bids = [
        (str(middle - 1 - offset), str(draw(levels)[1]))
        for offset in sorted(draw(st.sets(st.integers(0, 90), max_size=3)))
    ]
    asks = [
        (str(middle + offset), str(draw(levels)[1])) for offset in sorted(draw(st.sets(st.integers(0, 90), max_size=3)))
    ]
    return replace(
        base,
        book=book(bids, asks),
        market=replace(
            base.market, fee_in_quote=draw(st.booleans()), notional_min=D(draw(st.sampled_from([0, 5, 100])))
        ),
        taker_fee=draw(st.sampled_from([D(0), D("0.0002"), D("0.001"), None])),
        stock=Stock(coins=D(draw(st.integers(0, 300))) / 100, quote=D(draw(st.integers(0, 300_000))), stamp=FRESH),
    )


@given(any_reading(BUYING), any_reading(SELLING), st.sampled_from(["0", "0.0005", "0.002"]))
def test_whatever_it_decides_passes_the_gate_and_earns_what_is_asked(
    one: PairReading, other: PairReading, min_edge: str
) -> None:
    situation = with_policy(replace(POLICY, min_edge=D(min_edge)), with_both(SITUATION, one, other))
    plan, _ = decide(situation, PairMemory())
    assert (plan.order is not None) is (plan.verdict is PairVerdict.ACT)
    if plan.order is None:
        return
    verdict = approve(plan.order, situation)
    assert isinstance(verdict, ApprovedPair), verdict
    shown = plan.order.opportunity
    assert shown.net is not None
    assert shown.worst_net is not None
    assert shown.net >= shown.worst_net >= D(min_edge) * plan.order.buy.contracts * plan.order.buy.price
