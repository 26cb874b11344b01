"""Oracles on orders see what must never be, and let pass what looks like it and is right."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D
from typing import Any

import pytest

from bot.domain.intent import IntentState
from bot.domain.orders import Side as Way
from bot.paper.engine.model import ForcedCause, MarketType, OrderKind, Side, TimeInForce
from tests.sim.oracles_made import JOB, MadeTruth, Tale, our_id, seen
from tests.sim.oracles_orders import (
    DurableFirst,
    NeverLong,
    NeverOverHedged,
    NoIncreaseWhileUnknown,
    OneIntentEach,
)
from tests.sim.trace import Kind

# O1


def test_o1_a_second_fill_of_the_same_gap() -> None:
    tale = Tale(NeverOverHedged())
    tale.opens()
    tale.arms(2)
    assert "for a target of 1" in seen(lambda: tale.sends(2, fills="1"))


def test_o1_what_rests_counts_as_filled() -> None:
    tale = Tale(NeverOverHedged())
    tale.opens()
    tale.arms(2)
    assert "2.000 coins short" in seen(lambda: tale.sends(2, fills="0", contracts="1.000"))


def test_o1_one_step_more_is_no_surplus_and_two_are() -> None:
    tale = Tale(NeverOverHedged())
    tale.opens(contracts="1.001")
    tale.arms(2)
    seen(lambda: tale.sends(2, fills="0.001"))


def test_o1_a_sale_while_the_order_was_on_its_way_could_not_be_known() -> None:
    tale = Tale(NeverOverHedged())
    tale.arms(1)
    tale.holds("0.4")
    tale.after(3)
    tale.sends(1, fills="1", left_ms=3000)


def test_o1_a_sale_long_before_could() -> None:
    tale = Tale(NeverOverHedged())
    tale.holds("0.4")
    tale.after(16)
    tale.arms(1)
    seen(lambda: tale.sends(1, fills="1"))


def test_o1_behind_a_stuck_answer_it_could_not() -> None:
    tale = Tale(NeverOverHedged())
    tale.asks("/api/v3/account")
    tale.holds("0.4")
    for _ in range(4):
        tale.after(10)
        tale.asks("/api/v3/account", fault="stale")
    tale.arms(1)
    tale.sends(1, fills="1")


@pytest.mark.parametrize(("after_s", "fine"), [(25, True), (35, False)])
def test_o1_behind_an_answer_that_lags_it_could_not_either(after_s: int, fine: bool) -> None:
    tale = Tale(NeverOverHedged())
    tale.after(120)
    tale.holds("0.4")
    tale.after(after_s)
    tale.asks("/api/v3/account", fault="position-lag")
    tale.after(1)
    tale.arms(1)
    if fine:
        tale.sends(1, fills="1")
    else:
        assert "coins short" in seen(lambda: tale.sends(1, fills="1"))


def test_o1_what_the_owner_sold_by_hand_could_not_either() -> None:
    tale = Tale(NeverOverHedged())
    tale.arms(1)
    tale.by_hand(Side.SELL, "0.5")
    tale.sends(1, fills="1")
    tale.after(60)
    tale.arms(2)
    seen(lambda: tale.sends(2, fills="0.1"))


def test_o1_an_inverse_short_is_weighed_in_coins_at_its_entry() -> None:
    tale = Tale(NeverOverHedged(), MadeTruth(replace(JOB, market=MarketType.INVERSE, contract_size=D(100), step=D(1))))
    tale.opens(contracts="1000")
    tale.truth.price = D(50_000)
    tale.arms(2, contracts="3")
    seen(lambda: tale.sends(2, fills="3", price=D(50_000)))


# O2


def test_o2_an_order_without_an_intent() -> None:
    tale = Tale(OneIntentEach())
    assert "has no intent" in seen(lambda: tale.sends(1, fills="1"))


def test_o2_two_orders_of_one_intent() -> None:
    tale = Tale(OneIntentEach())
    tale.arms(1)
    tale.sends(1, fills="0.5", contracts="1")
    assert "the same id" in seen(lambda: tale.sends(1, fills="0.5", contracts="1"))


@pytest.mark.parametrize(
    "order",
    [
        {"contracts": "2"},
        {"contracts": "0.9"},
        {"price": D(99_000)},
        {"reduce_only": True},
        {"side": Side.BUY, "reduce_only": False},
        {"tif": TimeInForce.GTC},
        {"kind": OrderKind.MARKET},
        {"listing_key": "linear:BTCUSDC"},
    ],
)
def test_o2_an_order_that_is_not_what_its_intent_says(order: dict[str, Any]) -> None:
    tale = Tale(OneIntentEach())
    tale.arms(1)
    assert "not what its intent says" in seen(lambda: tale.sends(1, fills="0", **({"contracts": "1"} | order)))


def test_o2_a_reduction_may_be_cut_to_the_position() -> None:
    tale = Tale(OneIntentEach())
    tale.opens()
    tale.arms(2, side=Way.BUY, contracts="2")
    tale.sends(2, fills="1", side=Side.BUY)


def test_o2_a_request_that_makes_an_order_without_an_id_of_ours() -> None:
    tale = Tale(OneIntentEach())
    tale.by_hand(Side.SELL, "1")
    sent = tale.request("POST", "/fapi/v1/batchOrders")
    forced = tale.accepted("adl_autoclose", "1", side=Side.BUY, cause=ForcedCause.ADL)
    tale.tell(Kind.REQUEST, sent=sent, changes=forced)
    unknown = tale.accepted("x-broker1", "1")
    assert "no id of ours" in seen(lambda: tale.tell(Kind.REQUEST, sent=sent, changes=unknown))


@pytest.mark.parametrize("state", [IntentState.REJECTED, IntentState.NO_EFFECT_PROVEN])
def test_o2_an_order_that_was_given_up_and_is_there(state: IntentState) -> None:
    tale = Tale(OneIntentEach())
    tale.arms(1)
    tale.sends(1, fills="1")
    assert "its order is at the venue" in seen(lambda: tale.learns(1, state))


def test_o2_an_order_that_was_given_up_and_arrives() -> None:
    tale = Tale(OneIntentEach())
    tale.arms(1)
    tale.learns(1, IntentState.NO_EFFECT_PROVEN)
    assert "after its intent had ended" in seen(lambda: tale.sends(1, fills="1"))


@pytest.mark.parametrize(
    ("state", "filled"), [(IntentState.FILLED, "0.5"), (IntentState.CANCELED, "0"), (IntentState.UNKNOWN, "2")]
)
def test_o2_a_fill_that_the_venue_tells_otherwise(state: IntentState, filled: str) -> None:
    tale = Tale(OneIntentEach())
    tale.arms(1)
    tale.sends(1, fills="1")
    assert "filled" in seen(lambda: tale.learns(1, state, filled))


def test_o2_an_intent_without_its_order() -> None:
    tale = Tale(OneIntentEach())
    tale.opens()
    tale.oracle.finish(tale.truth)
    tale.arms(2)
    tale.learns(2, IntentState.FILLED)
    assert "no order of it" in seen(lambda: tale.oracle.finish(tale.truth))


# O3


def test_o3_an_order_before_its_intent() -> None:
    tale = Tale(DurableFirst())
    assert "without a durable intent" in seen(lambda: tale.sends(1))


def test_o3_an_order_without_an_id_of_ours() -> None:
    tale = Tale(DurableFirst())
    assert "with 0 ids" in seen(lambda: tale.asks("/fapi/v1/order", "POST", body="newClientOrderId=x1"))


def test_o3_an_order_sent_twice() -> None:
    tale = Tale(DurableFirst())
    tale.arms(1)
    tale.sends(1, status=None)
    assert "twice" in seen(lambda: tale.sends(1))


def test_o3_an_order_of_the_epoch_before() -> None:
    tale = Tale(DurableFirst())
    tale.opens()
    tale.starts()
    tale.arms(2)
    assert "the epoch of another process" in seen(lambda: tale.sends(2))


def test_o3_an_order_whose_intent_had_ended_when_it_left() -> None:
    tale = Tale(DurableFirst())
    tale.arms(1)
    tale.learns(1, IntentState.REJECTED)
    assert "while its intent was rejected" in seen(lambda: tale.sends(1))


def test_o3_one_that_comes_late_may_be_unknown_by_then() -> None:
    tale = Tale(DurableFirst())
    tale.arms(1)
    tale.after(12)
    tale.learns(1, IntentState.UNKNOWN)
    tale.sends(1, left_ms=12_000)


def test_o3_an_order_that_is_under_way_when_its_intent_is_committed() -> None:
    tale = Tale(DurableFirst())
    left = tale.request("POST", "/fapi/v1/order", body=f"newClientOrderId={our_id(1)}")
    tale.truth.in_flight[left.number] = left
    assert "left before its intent" in seen(lambda: tale.arms(1))


# O4


@pytest.mark.parametrize("state", [IntentState.UNKNOWN, IntentState.ARMED, IntentState.ACKED])
def test_o4_more_risk_while_another_order_is_open(state: IntentState) -> None:
    tale = Tale(NoIncreaseWhileUnknown())
    tale.arms(1)
    tale.tell(Kind.ANSWER, sent=tale.sends(1, fills="1"))
    tale.learns(1, state)
    tale.arms(2)
    assert f"is {state}" in seen(lambda: tale.sends(2))


@pytest.mark.parametrize(
    ("behind_s", "waited_s", "well"),
    [(0, 5, False), (0, 30, False), (0, 34, True), (20, 10, False), (20, 14, True), (-20, 30, False), (-20, 34, True)],
)
def test_o4_more_risk_while_a_lost_order_may_still_arrive(behind_s: int, waited_s: int, well: bool) -> None:
    tale = Tale(NoIncreaseWhileUnknown())
    tale.arms(1, behind_ms=behind_s * 1_000)
    tale.tell(Kind.ANSWER, sent=tale.sends(1, status=None, fault="drop-before"))
    tale.learns(1, IntentState.NO_EFFECT_PROVEN)
    tale.after(waited_s)
    tale.arms(2)
    if well:
        tale.sends(2)
    else:
        assert "may still arrive" in seen(lambda: tale.sends(2))


def test_o4_what_the_venue_refused_is_known_and_a_reduction_may_go() -> None:
    tale = Tale(NoIncreaseWhileUnknown())
    tale.arms(1)
    refused = replace(tale.sends(1, status=400), code="-2019")
    tale.tell(Kind.ANSWER, sent=refused)
    tale.learns(1, IntentState.REJECTED)
    tale.arms(2)
    tale.sends(2, status=None)
    tale.arms(3, side=Way.BUY)
    tale.sends(3, fills="1", side=Side.BUY)


def test_o4_what_the_venue_refused_is_not_known_while_its_answer_is_lost() -> None:
    tale = Tale(NoIncreaseWhileUnknown())
    tale.arms(1)
    tale.tell(Kind.ANSWER, "lost", sent=replace(tale.sends(1, status=400), code="-2019"))
    tale.learns(1, IntentState.REJECTED)
    tale.arms(2)
    assert "may still arrive" in seen(lambda: tale.sends(2))


# O8


def test_o8_a_position_that_turned_long() -> None:
    tale = Tale(NeverLong())
    tale.opens(contracts="0.5")
    tale.arms(2, side=Way.BUY)
    assert "0.2 contracts long" in seen(lambda: tale.sends(2, fills="0.7", side=Side.BUY))


def test_o8_a_buy_that_may_open() -> None:
    tale = Tale(NeverLong())
    tale.opens()
    assert "may open a long" in seen(lambda: tale.sends(2, fills="0.5", side=Side.BUY, reduce_only=False))


def test_o8_what_the_owner_does_by_hand_is_not_ours() -> None:
    Tale(NeverLong()).by_hand(Side.BUY, "1")
