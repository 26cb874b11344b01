"""The gate exactly at its bounds, for coins below 1, and each of its checks without the ones before it (R13, R24)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core import risk
from bot.domain.instrument import MarginMode
from bot.domain.observation import Margin
from bot.domain.orders import Approved, Refused, Side
from tests.core.gate import BUY, CONFIG, GOOD, GOOD_BUY, INSTRUMENT, PRICES, SELL, STAMP, Case, asked, at, under
from tests.core.instruments import BTC, INVERSE, POLICY

COIN = replace(INVERSE, notional_min=D(0), price_tick=D("0.1"))
COINED = Case(
    request=replace(SELL, symbol=COIN.symbol, contracts=D(100)),
    policy=replace(POLICY, symbol=COIN.symbol, leverage=2, margin_mode=MarginMode.CROSS),
    instrument=replace(COIN, quantity_max=D(10_000)),
    prices=replace(PRICES, symbol=COIN.symbol),
    position=replace(at("-500"), symbol=COIN.symbol),
    target=D(1_000),
    margin=Margin(asset=BTC, wallet=D(1), available=D(1), stamp=STAMP, balance=D(1)),
    config=replace(CONFIG, symbol=COIN.symbol, leverage=2, margin_mode=MarginMode.CROSS),
    campaign=None,
)
"""500 contracts short of 1,000 that one coin backs; 100 more are to be sold."""


@pytest.fixture
def each_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were orders let through while another is under way, every other check would still have to count it."""
    kept = tuple(check for check in risk._CHECKS if check is not risk._nothing_unresolved)
    assert len(kept) == len(risk._CHECKS) - 1
    monkeypatch.setattr(risk, "_CHECKS", kept)


def code(case: Case) -> str:
    """Of the refusal; empty when there is none."""
    judged = case.judged()
    return judged.code if isinstance(judged, Refused) else ""


# What may still fill


@pytest.mark.usefixtures("each_by_itself")
def test_r13_sells_under_way_count_towards_the_total_short() -> None:
    # Short 1, one more is to be sold; 2.101 is the most.
    assert code(replace(GOOD, unfilled=((Side.SELL, D("0.101")),))) == ""
    got = replace(GOOD, unfilled=((Side.SELL, D("0.1")), (Side.SELL, D("0.002")))).judged()
    assert isinstance(got, Refused)
    assert got.code == "cap.total-short"
    assert "2.102" in got.reason


@pytest.mark.usefixtures("each_by_itself")
def test_r13_buys_under_way_leave_no_more_room_for_a_sale() -> None:
    """They may never fill."""
    case = replace(GOOD, position=at("-1.101"))
    assert code(case) == ""
    assert code(replace(case, position=at("-1.102"), unfilled=((Side.BUY, D("0.5")),))) == "cap.total-short"
    assert code(replace(case, unfilled=((Side.BUY, D("0.5")),))) == ""


@pytest.mark.usefixtures("each_by_itself")
def test_r13_buys_under_way_leave_less_to_buy_back() -> None:
    # Short 1, all of it is to be bought back.
    assert code(GOOD_BUY) == ""
    got = replace(GOOD_BUY, unfilled=((Side.BUY, D("0.001")),)).judged()
    assert isinstance(got, Refused)
    assert got.code == "order.flips"
    assert "the confirmed short is 0.999" in got.reason
    rest = asked(GOOD_BUY, contracts=D("0.6"))
    assert code(replace(rest, unfilled=((Side.BUY, D("0.4")),))) == ""
    assert code(replace(rest, unfilled=((Side.BUY, D("0.401")),))) == "order.flips"


@pytest.mark.usefixtures("each_by_itself")
def test_r24_sells_under_way_are_no_short_that_can_be_bought_back() -> None:
    """They may never fill, and what was bought beyond the short would be a long."""
    case = asked(GOOD_BUY, contracts=D("1.001"))
    assert code(case) == "order.flips"
    assert code(replace(case, unfilled=((Side.SELL, D(5)),))) == "order.flips"
    assert code(replace(GOOD_BUY, unfilled=((Side.SELL, D(5)),))) == ""


@pytest.mark.usefixtures("each_by_itself")
def test_r15_sells_under_way_take_their_share_of_the_coins_that_back_the_short() -> None:
    # One contract above the balance is rounding: 500 + 100 + 401 are 1,001.
    backed = replace(COINED, target=D(10_000))
    assert code(backed) == ""
    assert code(replace(backed, unfilled=((Side.SELL, D(401)),))) == ""
    assert code(replace(backed, unfilled=((Side.SELL, D(402)),))) == "margin.effective-leverage"
    assert code(replace(backed, unfilled=((Side.BUY, D(402)),))) == ""
    full = replace(asked(backed, contracts=D(501)), unfilled=((Side.BUY, D(402)),))
    assert code(full) == ""
    assert code(asked(full, contracts=D(502))) == "margin.effective-leverage"


# At the bound


def test_r24_a_sale_that_is_reduce_only_is_told_as_such() -> None:
    sale, purchase = asked(GOOD, reduce_only=True).judged(), asked(GOOD_BUY, reduce_only=False).judged()
    assert isinstance(sale, Refused)
    assert isinstance(purchase, Refused)
    assert (sale.reason, purchase.reason) == (
        "a sell is reduce-only; every buy must be, and no sell",
        "a buy is not reduce-only; every buy must be, and no sell",
    )


def test_r16_the_largest_order_that_the_venue_takes_passes() -> None:
    most = replace(GOOD, instrument=replace(INSTRUMENT, quantity_max=D(1)))
    assert code(most) == ""
    assert code(replace(most, instrument=replace(INSTRUMENT, quantity_max=D("0.999")))) == "order.quantity-range"


def test_r14_an_order_of_just_the_least_notional_passes() -> None:
    # At its limit, which is what the venue counts.
    case = asked(GOOD, contracts=D("0.01"))
    assert code(replace(case, instrument=replace(INSTRUMENT, notional_min=D("994.901")))) == ""
    assert code(replace(case, instrument=replace(INSTRUMENT, notional_min=D("994.902")))) == "order.notional-min"


@pytest.mark.parametrize(
    ("case", "touch"),
    [
        (asked(GOOD, price=D(98_000)), {"bid": D(98_000)}),
        (asked(GOOD_BUY, price=D(102_000)), {"ask": D(102_000)}),
    ],
)
def test_r16_a_touch_just_at_the_urgent_slippage_from_the_mark_is_traded_at(case: Case, touch: dict[str, D]) -> None:
    assert code(replace(case, prices=replace(PRICES, **touch))) == ""  # type: ignore[arg-type]
    further = {name: price + (D("0.1") if name == "ask" else D("-0.1")) for name, price in touch.items()}
    assert code(replace(case, prices=replace(PRICES, **further))) == "price.touch"  # type: ignore[arg-type]


@pytest.mark.parametrize(("target", "passes"), [("1", "0.002"), ("0.5", "0.002"), ("0.002", "0.003")])
def test_r24_a_target_of_a_single_contract_or_less_may_be_sold(target: str, passes: str) -> None:
    case = replace(
        asked(GOOD, contracts=D(passes)),
        position=at("0"),
        target=D(target),
        instrument=replace(INSTRUMENT, notional_min=D(1)),
    )
    assert code(case) == ""
    assert code(asked(case, contracts=D(target) * 2 + D("0.002"))) == "cap.total-short"


@pytest.mark.parametrize("side", [Side.SELL, Side.BUY])
def test_r16_a_coin_below_1_is_traded_as_any_other(side: Side) -> None:
    mark = D("0.5")
    cheap = replace(
        GOOD if side is Side.SELL else GOOD_BUY,
        request=replace(SELL if side is Side.SELL else BUY, price=mark),
        instrument=replace(INSTRUMENT, price_tick=D("0.01"), notional_min=D("0.1")),
        prices=replace(PRICES, mark=mark, index=mark, bid=mark, ask=mark),
        mark=mark,
    )
    assert isinstance(cheap.judged(), Approved)
    assert code(replace(cheap, mark=D(0))) == "order.price-tick"
    assert code(asked(cheap, price=D(0))) == "order.price-tick"
    assert code(under(cheap, order_notional=D("0.49"))) == "cap.order-notional"
