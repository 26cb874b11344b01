"""Exactly at the bound, and what a restart keeps: ladder, life of an order, guards, funding, accounting, prices."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core import accounting, pnl
from bot.core.funding import INTERVAL_MS, figures, interval_ms
from bot.core.guards import Campaign
from bot.core.ladder import (
    AHEAD_MS,
    PACE_SPAN_MS,
    Backing,
    Judgement,
    PaceSample,
    Rung,
    backing_of,
    judge,
    nearest,
    paced,
    reached_in_ms,
    reduction,
)
from bot.core.lifecycle import advance
from bot.core.observation import Surplus
from bot.core.prices import PriceMemory
from bot.core.retries import BACKOFF_MAX_MS, backoff_until_ms
from bot.core.situation import Memory
from bot.core.units import check_volume
from bot.domain.errors import InvariantBroken
from bot.domain.funding import FundingPayment
from bot.domain.ids import VenueOrderId
from bot.domain.intent import IntentState, OutcomeLost, RejectedByVenue, Reported
from bot.domain.ladder import LadderPolicy
from bot.domain.ledger import WalletBalance
from bot.domain.observation import Margin, Stamp
from bot.domain.orders import OrderReport, OrderStatus, Side
from tests.core.instruments import BTC, CLIENT_ID, INVERSE, LINEAR, MAIN, PERP, USDT, armed_record, intent, position_of

STAMP = Stamp(sent_ms=0, answered_ms=0)
HELD = Backing(units=D(1), mark=D(100_000), equity=D(100_000), rate=D("0.004"), cum=D(0), isolated=True)
ON = LadderPolicy(top_up=True, reduce=True)
NOW_MS = 1_800_000_000_000


# The ladder


def test_only_a_short_has_a_backing() -> None:
    margin = Margin(asset=USDT, wallet=D(1), available=D(1), stamp=STAMP)
    with pytest.raises(AssertionError):
        backing_of(LINEAR, position_of("0", STAMP), margin, D(100_000), D("0.004"), D(0))


def test_the_backing_counts_units_and_not_contracts() -> None:
    position = replace(position_of("-300", STAMP), entry_price=D(100_000), isolated_wallet=D(300_000))
    margin = Margin(asset=USDT, wallet=D(1), available=D(1), stamp=STAMP)
    small = replace(LINEAR, contract_size=D("0.01"))
    assert backing_of(small, position, margin, D(110_000), D("0.004"), D(7)) == Backing(
        units=D(3), mark=D(110_000), equity=D(270_000), rate=D("0.004"), cum=D(7), isolated=True
    )
    assert backing_of(LINEAR, replace(position, entry_price=None), margin, D(1), D(0), D(0)) == (
        "the venue does not tell the entry price"
    )
    cross = replace(position, isolated_wallet=None)
    assert backing_of(LINEAR, cross, margin, D(1), D(0), D(0)) == "the venue does not tell the margin balance"


def test_r27_figures_that_are_just_within_the_agreement_are_believed() -> None:
    held = replace(HELD, rate=D(0))  # liquidated at 200,000
    assert nearest(held, D(210_000)) == 200_000
    assert nearest(held, D(190_000)) == 190_000
    assert isinstance(nearest(held, D("210000.01")), str)


def test_r27_half_a_hedge_sells_two_coins_for_each_one_bought_back() -> None:
    held = replace(HELD, mark=D(140_000), equity=D(60_000), rate=D(0))
    # 1.8 x 140,000 - 140,000 - 60,000 are missing; each unit brings 1.8 P and one more coin.
    assert reduction(held, D("1.8"), ratio=D("0.5")) == D(52_000) / (D("2.8") * 140_000)


def sample(ratio: str, at_ms: int) -> PaceSample:
    return PaceSample(ratio=D(ratio), at_ms=at_ms)


def test_a_sample_of_the_same_moment_is_replaced() -> None:
    assert paced([sample("1.7", 5), sample("1.6", 6)], sample("1.5", 6)) == (sample("1.7", 5), sample("1.5", 6))


def test_the_pace_at_its_bounds() -> None:
    assert reached_in_ms([sample("1.5", 0)], D("1.5")) == 0
    falling = [sample("1.61", 0), sample("1.6", PACE_SPAN_MS)]
    assert reached_in_ms(falling, D("1.5")) == 10 * PACE_SPAN_MS
    assert reached_in_ms([falling[0], replace(falling[1], at_ms=PACE_SPAN_MS - 1)], D("1.5")) is None


def judged(ratio: str, *, before: str | None = None, policy: LadderPolicy = ON, held: Backing = HELD) -> Judgement:
    """At a ratio now, and at another one minute ago."""
    samples = [sample(ratio, PACE_SPAN_MS)]
    if before is not None:
        samples.insert(0, sample(before, 0))
    return judge(held, D(ratio) * held.mark, policy, samples)


@pytest.mark.parametrize(
    ("ratio", "rung", "alarm", "act"),
    [
        ("1.25", Rung.CRITICAL, True, True),
        ("1.2501", Rung.LOW, True, True),
        ("1.5", Rung.LOW, True, True),
        ("1.5001", Rung.FAR, False, False),
    ],
)
def test_r27_a_rung_is_met_at_its_ratio(ratio: str, rung: Rung, alarm: bool, act: bool) -> None:
    said = judged(ratio)
    assert (said.rung, said.alarm, said.act, said.ratio) == (rung, alarm, act, D(ratio))


def test_r27_what_is_reached_in_just_a_quarter_of_an_hour_is_near() -> None:
    assert AHEAD_MS == 15 * PACE_SPAN_MS
    assert judged("1.65", before="1.66").alarm
    assert not judged("1.66", before="1.67").alarm
    late = LadderPolicy(top_up=True, act_at=D("1.3"))
    assert judged("1.4", before="1.41", policy=late).act
    assert not judged("1.41", before="1.42", policy=late).act
    # At the target itself a fall is no reason to act.
    high = LadderPolicy(top_up=True, critical=D("1.7"), target=D("1.8"))
    assert judged("1.79", before="1.81", policy=high).act
    assert not judged("1.8", before="1.82", policy=high).act


@pytest.mark.parametrize(
    ("ratio", "before", "told"),
    [
        ("1.65", "1.66", ", at this pace 1.5 in 15 min"),
        ("1.501", "1.6", ", at this pace 1.25 in 2 min"),
        ("1.2501", "1.35", ", at this pace 1.25 in 1 min"),
        ("1.6", None, ""),
        ("1.7", "1.71", ""),
    ],
)
def test_the_reason_says_how_near_and_how_soon(ratio: str, before: str | None, told: str) -> None:
    told_now = f"liquidated at {D(ratio) * 100_000:,.2f}, {D(ratio):.3f} times the mark of 100,000.00"
    assert judged(ratio, before=before).reason == told_now + told


def test_r27_a_cross_account_is_strained_from_four_fifths_on() -> None:
    account = replace(HELD, isolated=False)
    strained = judged("3", held=replace(account, equity=D(500)))
    assert (strained.rung, strained.act) == (Rung.CRITICAL, True)
    assert strained.reason == (
        "liquidated at 300,000.00, 3.000 times the mark of 100,000.00, "
        "and the margin ratio of the account is as good as used up"
    )
    assert judged("3", held=replace(account, equity=D("500.01"))).rung is Rung.FAR


# The life of an order


def told(status: OrderStatus, filled: str = "0", order_id: str = "77") -> Reported:
    return Reported(
        report=OrderReport(
            symbol=PERP,
            client_id=CLIENT_ID,
            venue_order_id=VenueOrderId(order_id),
            side=Side.SELL,
            status=status,
            contracts=D(1),
            filled=D(filled),
            average_price=None,
            reduce_only=False,
            time_ms=1_500,
        )
    )


def test_what_became_of_an_order_keeps_its_words_and_its_time() -> None:
    armed = armed_record(intent("1"), 1_000)
    lost = advance(armed, OutcomeLost(detail="timeout"), 2_000)
    assert (lost.state, lost.detail, lost.updated_ms) == (IntentState.UNKNOWN, "timeout", 2_000)
    rejected = advance(armed, RejectedByVenue(code="-2019", message="Margin is insufficient."), 3_000)
    assert (rejected.detail, rejected.updated_ms) == ("-2019 Margin is insufficient.", 3_000)
    assert advance(armed, RejectedByVenue(code="-2019", message=""), 3_000).detail == "-2019"
    refused = advance(armed, told(OrderStatus.REJECTED), 4_000)
    assert (refused.state, refused.detail, refused.updated_ms) == (IntentState.REJECTED, "reported as rejected", 4_000)
    partial = advance(armed, told(OrderStatus.OPEN, "0.5"), 5_000)
    assert (partial.detail, partial.updated_ms) == ("reported open", 5_000)


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (told(OrderStatus.OPEN, order_id="78"), "it was order 77, the venue now shows it as 78 "),
        (told(OrderStatus.OPEN, "1.1"), "it can't have filled so much: as 77 "),
        (told(OrderStatus.FILLED, "0"), "the venue contradicts itself: as 77 "),
    ],
)
def test_a_contradiction_is_told_with_both_sides(second: Reported, said: str) -> None:
    acked = advance(armed_record(intent("1"), 1_000), told(OrderStatus.OPEN), 2_000)
    with pytest.raises(InvariantBroken) as raised:
        advance(acked, second, 3_000)
    assert f"order {CLIENT_ID} is acked with 0 filled; {said}" in str(raised.value)
    assert raised.value.hint == "compare the order with the venue's own order history before anything else is sent"


def test_the_report_of_another_order_is_told_as_such() -> None:
    other = replace(told(OrderStatus.OPEN).report, side=Side.BUY)
    with pytest.raises(InvariantBroken, match="it was given the report of another order: as 77"):
        advance(armed_record(intent("1"), 1_000), Reported(report=other), 2_000)


def test_a_back_off_counts_from_the_newest_rejection_and_doubles() -> None:
    records = [
        replace(armed_record(intent("1"), at_ms), state=IntentState.REJECTED) for at_ms in (NOW_MS, NOW_MS + 7_000)
    ]
    assert backoff_until_ms(records[:1]) == NOW_MS + 5_000
    assert backoff_until_ms(records) == NOW_MS + 17_000
    third = replace(records[0], updated_ms=NOW_MS + 50_000)
    assert backoff_until_ms([*records, third]) == NOW_MS + 70_000
    assert backoff_until_ms(records * 10) == NOW_MS + 7_000 + BACKOFF_MAX_MS


# What a restart keeps


def test_a_campaign_keeps_what_a_contract_closes() -> None:
    campaign = Campaign(
        exposure=D(1), initial_gap_contracts=D(9), filled_contracts=D(2), mismatches=1, per_contract=D("0.0010")
    )
    assert campaign.to_dict()["campaign.per_contract"] == "0.001"
    assert Campaign.from_dict(campaign.to_dict()) == campaign


def test_a_decisions_memory_is_kept_part_by_part() -> None:
    memory = Memory(
        prices=PriceMemory(accepted=D(100_000), accepted_ms=5, pending=((D(1), 2), (D(3), 4))),
        surplus=Surplus(since_ms=6, seen_ms=7, exposure_max=D(7), principal_max=D(8)),
        foreign_since_ms=9,
    )
    assert Memory.from_dict(memory.to_dict()) == memory
    assert PriceMemory(accepted=D(1)).to_dict().keys() == PriceMemory().to_dict().keys()


# Funding, accounting, profit


def paid(at_ms: int, *, short: str = "2", mark: str = "0.5") -> FundingPayment:
    return FundingPayment(
        venue=MAIN,
        symbol=PERP,
        reference=str(at_ms),
        asset=USDT,
        amount=D("-0.1"),
        time_ms=at_ms,
        short=D(short),
        mark=D(mark),
    )


@pytest.mark.parametrize(
    ("gap_ms", "expected_ms"),
    [
        (INTERVAL_MS * 5 // 4, INTERVAL_MS * 5 // 4),
        (INTERVAL_MS * 5 // 4 + 1, INTERVAL_MS),
        (1_800_000, 1_800_000),
        (1_799_999, INTERVAL_MS),
    ],
)
def test_a_distance_between_settlements_that_is_none_is_not_believed(gap_ms: int, expected_ms: int) -> None:
    assert interval_ms([paid(0), paid(gap_ms)]) == expected_ms


def test_the_cost_of_a_cheap_coin_is_known_too() -> None:
    known = figures([paid(NOW_MS)], LINEAR, NOW_MS, INTERVAL_MS)
    assert known is not None
    assert known.cost_a_year == D("0.1") * 365 * 3
    nothing = figures([paid(NOW_MS, mark="0")], LINEAR, NOW_MS, INTERVAL_MS)
    assert nothing is not None
    assert nothing.cost_a_year is None


def test_r25_a_reading_asked_for_as_the_one_before_was_answered_counts() -> None:
    readings = [position_of("-1", Stamp(sent_ms=at, answered_ms=at + 1)) for at in (0, 1, 2)]
    assert accounting.adopted(readings)
    assert not accounting.adopted([*readings[:2], replace(readings[2], stamp=Stamp(sent_ms=1, answered_ms=3))])


def test_a_difference_is_told_in_steps() -> None:
    assert accounting._position_differs(D("-1.003"), D(-1), D("0.001")) == (
        "the position is -1 contracts, trades explain -1.003: 3 steps apart"
    )


def test_two_balances_of_one_wallet_are_added() -> None:
    rows = [WalletBalance(venue=MAIN, wallet="spot", asset=BTC, quantity=D(quantity)) for quantity in ("1", "2")]
    assert pnl.residuals([], rows, []) == {(MAIN, "spot", BTC): D(3)}


def test_two_steps_of_one_moment_are_in_order() -> None:
    steps = [pnl.HoldingStep(time_ms=5, coins=D(coins), price=D(100)) for coins in ("1", "2")]
    fills = [pnl.Fill(time_ms=5, contracts=D(-100), price=D(90), mark=D(100), fee_quote=D(0)) for _ in range(2)]
    told_pnl = pnl.attribute(
        holdings=steps,
        fills=fills,
        start_contracts=D(0),
        mark_start=D(100),
        mark_end=D(100),
        instrument=INVERSE,
        funding=(),
        rewards=(),
        fees=(),
        residual=D("0.000000005"),
    )
    # Each sale of 10,000 at 90 instead of 100 brings coins worth 1,111.11 more.
    assert told_pnl.execution == pnl._book(2 * (D(-10_000) / 90 + 100) * 100)
    assert told_pnl.residual == D(0), "a half goes to the even digit"


def test_volumes_below_one_are_volumes() -> None:
    assert check_volume(LINEAR, D("0.5"), D("0.25"), D("0.5")) is None
