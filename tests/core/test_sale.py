"""Sales on a spot market, and the gate in front of them (R16, R24, R27)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.sale import SaleCase, approve_sale
from bot.domain.observation import Book, BookLevel, Stamp
from bot.domain.orders import Approved, Refused, Side, TimeInForce
from tests.core.instruments import POLICY
from tests.core.ladders import MARKET, NOW_MS, leg

D = Decimal
BIDS = (
    BookLevel(price=D("139990.05"), contracts=D("0.4")),
    BookLevel(price=D(139_500), contracts=D("0.4")),
    BookLevel(price=D(130_000), contracts=D(5)),
)
BOOK = Book(bids=BIDS, asks=(), stamp=Stamp(sent_ms=NOW_MS - 100, answered_ms=NOW_MS))
CASE = SaleCase(
    market=MARKET,
    policy=POLICY,
    coins=D("0.5"),
    book=BOOK,
    price=D(140_000),
    slippage=D("0.005"),
    recent=(),
    clock_ok=True,
    now_ms=NOW_MS,
)


def test_r16_a_sale_is_immediate_or_cancel_with_a_collar_below_the_bid() -> None:
    verdict = approve_sale(CASE)
    assert isinstance(verdict, Approved)
    request = verdict.request
    assert (request.side, request.time_in_force, request.reduce_only) == (Side.SELL, TimeInForce.IOC, False)
    assert (request.symbol, request.venue) == (MARKET.symbol, MARKET.venue)
    assert request.contracts == D("0.5")
    assert request.price == D("139290.10")
    assert (verdict.mark, verdict.notional) == (BIDS[0].price, BIDS[0].price / 2)


def test_the_percent_price_filter_is_kept() -> None:
    verdict = approve_sale(replace(CASE, market=replace(MARKET, price_down=D("0.999"))))
    assert isinstance(verdict, Approved)
    assert verdict.request.price == D("139850.06")
    free = approve_sale(replace(CASE, market=replace(MARKET, price_down=None)))
    assert isinstance(free, Approved)
    assert free.request.price == D("139290.10")


@pytest.mark.parametrize(
    ("case", "coins"),
    [
        (replace(CASE, coins=D(2)), "0.8"),
        (replace(CASE, coins=D("0.123456789")), "0.12345"),
        (replace(CASE, policy=replace(POLICY, caps=replace(POLICY.caps, order_notional=D("13999.005")))), "0.1"),
        (replace(CASE, market=replace(MARKET, quantity_max=D("0.2"))), "0.2"),
    ],
)
def test_r16_r24_it_is_sliced_by_depth_cap_and_maximum(case: SaleCase, coins: str) -> None:
    verdict = approve_sale(case)
    assert isinstance(verdict, Approved)
    assert verdict.request.contracts == D(coins)


@pytest.mark.parametrize(
    ("case", "code"),
    [
        (replace(CASE, market=replace(MARKET, active=False)), "instrument.inactive"),
        (replace(CASE, clock_ok=False), "clock.offset"),
        (replace(CASE, now_ms=NOW_MS + 60_000), "stale.book"),
        (replace(CASE, book=replace(BOOK, bids=())), "price.touch"),
        (replace(CASE, price=D(150_000)), "price.touch"),
        (replace(CASE, price=D(130_000)), "price.touch"),
        (replace(CASE, coins=D("0.000001")), "order.too-small"),
        (replace(CASE, coins=D("0.00003")), "order.too-small"),
        (replace(CASE, market=replace(MARKET, quantity_min=D(1))), "order.too-small"),
    ],
)
def test_what_must_not_be_sold_is_refused(case: SaleCase, code: str) -> None:
    verdict = approve_sale(case)
    assert isinstance(verdict, Refused)
    assert verdict.code == code
    assert not verdict.halt


def test_r24_so_many_orders_a_minute_and_no_more() -> None:
    lately = leg("0", side=Side.SELL)
    lately = replace(lately, intent=replace(lately.intent, created_ms=NOW_MS - 1_000))
    verdict = approve_sale(replace(CASE, recent=[lately] * 20))
    assert isinstance(verdict, Refused)
    assert verdict.code == "cap.orders-per-minute"
    assert isinstance(approve_sale(replace(CASE, recent=[lately] * 19)), Approved)
