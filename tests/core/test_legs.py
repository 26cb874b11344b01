"""What is left to each leg of a hedge with a fallback venue, and when the second may step in (R13, R24, R25)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import exposure as ex
from bot.core.funding import FundingMemory
from bot.core.legs import Bounds, Watch, able, bounds, left_over, reserved
from bot.core.situation import Memory, Situation
from bot.core.spot_perp import decide
from bot.domain.ids import VenueName
from bot.domain.intent import IntentRecord, IntentState
from bot.domain.observation import Holding, Source, Unknown
from bot.domain.orders import Side
from bot.domain.plan import HedgeView, Plan, Verdict
from bot.domain.policy import Band
from tests.core.instruments import BTC, LINEAR, PERP, POLICY, armed_record, intent
from tests.core.situations import reading

OTHER = VenueName("backup")
NOW_MS = 1_000_000


def order(
    side: Side = Side.SELL, contracts: str = "1", state: IntentState = IntentState.UNKNOWN, filled: str = "0"
) -> IntentRecord:
    decided = intent()
    decided = replace(decided, request=replace(decided.request, side=side, contracts=D(contracts)))
    return replace(armed_record(decided, 0), state=state, filled=D(filled))


def counted(situation: Situation) -> D:
    """Coins of short that the situation counts at the other leg."""
    held = [holding for holding in situation.holdings if isinstance(holding, Holding)]
    return -sum((holding.quantity for holding in held if holding.source is Source.OTHER_LEG), D(0))


def gap(situation: Situation, short: D) -> D:
    held = [holding for holding in situation.holdings if isinstance(holding, Holding)]
    return ex.gap(ex.exposure(held), ex.principal(held), short, situation.policy.ratio)


@pytest.mark.parametrize(
    ("contracts", "orders", "least", "most"),
    [
        ("-1", [], "1", "1"),
        ("0", [order()], "0", "1"),
        ("-1", [order(contracts="0.5")], "1", "1.5"),
        ("-1", [order(Side.BUY, "0.4")], "0.6", "1"),
        ("-1", [order(contracts="0.5", state=IntentState.FILLED, filled="0.5")], "1", "1.5"),
        ("-1", [order(contracts="0.5", state=IntentState.EXPIRED, filled="0.2")], "1", "1.2"),
        ("0.5", [], "0", "0"),
        ("-0.1", [order(Side.BUY, "0.4")], "0", "0.1"),
    ],
    ids=["rests", "unknown", "unknown-beside", "buys", "filled", "in-part", "long", "never-below-0"],
)
def test_r13_an_order_without_a_known_end_counts_both_ways(
    contracts: str, orders: list[IntentRecord], least: str, most: str
) -> None:
    assert bounds(LINEAR, D(contracts), orders) == Bounds(least=D(least), most=D(most))


def test_bounds_are_in_coins() -> None:
    tiny = replace(LINEAR, contract_size=D("0.01"), multiplier=D(10))
    assert bounds(tiny, D(-5), []) == Bounds(least=D("0.5"), most=D("0.5"))


@pytest.mark.parametrize(
    ("coins", "own", "least", "most", "expected", "rest"),
    [
        ("2", "-1", "0", "0", "0", "1"),
        ("2", "-1", "0", "0.4", "0.4", "0.6"),
        ("2", "-1", "0", "1", "1", "0"),
        ("2", "-1", "0", "3", "1", "0"),  # what is too much is taken off the other one
        ("1", "-1.5", "0", "3", "0", "-0.5"),  # but what it does not hold must come off this one
        ("2", "0", "1", "1.5", "1.5", "0.5"),
        ("2", "-0.7", "1", "1.5", "1.3", "0"),
        ("2", "-1.2", "1", "1.5", "1", "-0.2"),
        ("2", "-0.2", "1", None, "1.8", "0"),  # it may not grow
        ("2", "-1.2", "1", None, "1", "-0.2"),  # and shrinks all the same
    ],
)
def test_r13_the_worse_bound_of_the_other_leg_counts(
    coins: str, own: str, least: str, most: str | None, expected: str, rest: str
) -> None:
    whole = reading(0, coins, own)
    left = left_over(whole, OTHER, least=D(least), most=None if most is None else D(most))
    assert counted(left) == D(expected)
    assert gap(left, -D(own)) == D(rest)


def test_a_share_of_the_coins_stays_unhedged() -> None:
    half = reading(0, "4", "-0.5", policy=replace(POLICY, ratio=D("0.5")))
    left = left_over(half, OTHER, least=D(1), most=D(1))
    assert gap(left, D("0.5")) == D("0.5")
    (_, other) = left.holdings
    assert isinstance(other, Holding)
    assert (other.venue, other.asset, other.quantity, other.principal) == (OTHER, BTC, D(-2), D(-2))
    assert left.position is half.position
    assert not isinstance(half.position, Unknown)
    assert other.stamp == half.position.stamp


def test_r8_with_something_unknown_nothing_is_added() -> None:
    whole = reading(0, "2", "-1")
    blind = replace(whole, position=Unknown(what="position", reason="down"))
    lost = replace(whole, holdings=(*whole.holdings, Unknown(what="spot", reason="down")))
    closed = replace(whole, policy=replace(POLICY, ratio=D(0)))
    for situation in (blind, lost, closed):
        assert left_over(situation, OTHER, least=D(1), most=D(1)) is situation


def test_r14_a_leg_leaves_alone_what_the_whole_hedge_would() -> None:
    """0.4 % of 2 coins, on a leg that has nothing to do otherwise."""
    whole = reading(0, "2", "0")
    left = left_over(whole, OTHER, least=D("1.992"), most=D("1.992"))
    assert left.policy.band == Band(relative=POLICY.band.relative, notional=D(1000))
    plan, _ = decide(left, Memory())
    assert plan.verdict is Verdict.BALANCED
    more, _ = decide(left_over(whole, OTHER, least=D("1.99"), most=D("1.99")), Memory())
    assert more.verdict is Verdict.CONFIRMING


def test_r14_without_a_price_there_is_no_band() -> None:
    blind = replace(reading(0, "2", "0"), prices=Unknown(what="prices", reason="down"))
    assert left_over(blind, OTHER, least=D(1), most=D(1)).policy is POLICY


COINS = st.integers(0, 5_000).map(lambda steps: D(steps) / 1_000)
RATIOS = st.sampled_from([D(1), D("0.5"), D("0.9"), D(1) / D(3)])


@given(coins=COINS, own=COINS, other=COINS, selling=COINS, buying=COINS, ratio=RATIOS, grows=st.booleans())
def test_r13_no_outcome_leads_beyond_the_target_or_below_it(
    coins: D, own: D, other: D, selling: D, buying: D, ratio: D, *, grows: bool
) -> None:
    """Whatever the other leg's orders come to, what this one does leaves no more than the target, and no less."""
    buying = min(buying, other)
    between = bounds(LINEAR, -other, [order(contracts=str(selling)), order(Side.BUY, str(buying))])
    whole = reading(0, coins, -own, policy=replace(POLICY, ratio=ratio))
    left = left_over(whole, OTHER, least=between.least, most=between.most if grows else None)
    done, target, dust = gap(left, own), ratio * coins, D("1e-20")
    if done > dust:
        assert grows
        assert own + done + between.most <= target + dust
    if done < -dust:
        assert own + done + between.least >= target - dust


@given(coins=COINS, first=COINS, second=COINS)
def test_both_legs_together_take_off_no_more_than_is_too_much(coins: D, first: D, second: D) -> None:
    ours = left_over(reading(0, coins, -first), OTHER, least=D(0), most=second)
    theirs = left_over(reading(0, coins, -second), OTHER, least=first, most=None)
    after = first + min(gap(ours, first), D(0)) + second + max(gap(theirs, second), -second)
    assert after >= min(coins, first + second)


# Whether the first leg can do its work


def plan(verdict: Verdict, refused: str = "") -> Plan:
    view = HedgeView(hedge=POLICY.name, asset=BTC, symbol=PERP, kind=LINEAR.kind, holdings=())
    return Plan(view=view, verdict=verdict, reason="", refused=refused)


ARMED = order(state=IntentState.ARMED)


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Verdict.BALANCED, True),
        (Verdict.ORDER, None),
        (Verdict.CONFIRMING, None),
        (Verdict.DWELLING, True),
        (Verdict.WAITING, None),
        (Verdict.TOO_SMALL, True),
        (Verdict.NO_MARGIN, False),
        (Verdict.FROZEN, None),
        (Verdict.HALTED, True),
        (Verdict.REFUSED, None),
        (Verdict.PAUSED, True),
        (Verdict.UNWOUND, True),
    ],
)
def test_what_a_verdict_says_of_the_venue(verdict: Verdict, expected: bool | None) -> None:
    assert able(plan(verdict), None, readable=True, refused=False) is expected


def test_a_venue_that_tells_nothing_or_refuses_can_not() -> None:
    assert able(plan(Verdict.FROZEN), None, readable=False, refused=False) is False
    assert able(plan(Verdict.WAITING), None, readable=True, refused=True) is False


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("instrument.inactive", False),
        ("clock.offset", False),
        ("config.leverage", False),
        ("stale.prices", False),
        ("price.touch", False),
        ("cap.notional-per-hour", None),
        ("halt.standing", None),
        ("guard.filled-too-much", None),
        ("position.long", None),
        ("order.flips", None),
    ],
)
def test_r24_no_cap_and_no_guard_is_gone_around(code: str, expected: bool | None) -> None:
    assert able(plan(Verdict.REFUSED, code), None, readable=True, refused=False) is expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (IntentState.REJECTED, False),
        (IntentState.UNKNOWN, None),
        (IntentState.ARMED, None),
        (IntentState.FILLED, True),
        (IntentState.EXPIRED, True),
        (IntentState.ACKED, True),
    ],
)
def test_what_an_order_says_of_the_venue(state: IntentState, expected: bool | None) -> None:
    assert able(plan(Verdict.ORDER), order(state=state), readable=True, refused=False) is expected


def test_it_must_have_lasted() -> None:
    watch = Watch().after(False, None, NOW_MS)
    assert watch == Watch(since_ms=NOW_MS, now=True)
    assert not watch.lasted(NOW_MS + 59_999, D(60))
    assert watch.lasted(NOW_MS + 60_000, D(60))
    watch = watch.after(False, None, NOW_MS + 60_000)
    assert watch.since_ms == NOW_MS


def test_what_does_not_tell_lets_nobody_step_in_and_keeps_the_time() -> None:
    watch = Watch().after(False, None, NOW_MS).after(None, None, NOW_MS + 70_000)
    assert watch == Watch(since_ms=NOW_MS, now=False)
    assert not watch.lasted(NOW_MS + 70_000, D(60))
    assert watch.after(False, None, NOW_MS + 75_000).lasted(NOW_MS + 75_000, D(60))
    assert Watch().after(None, None, NOW_MS) == Watch()


def test_r18_not_in_a_turn_in_which_the_first_leg_sent_something() -> None:
    watch = Watch().after(False, None, NOW_MS).after(False, ARMED, NOW_MS + 70_000)
    assert not watch.lasted(NOW_MS + 70_000, D(60))


def test_a_venue_that_works_again_begins_anew() -> None:
    assert Watch().after(False, None, NOW_MS).after(True, None, NOW_MS + 5_000) == Watch()
    assert not Watch(now=True).lasted(NOW_MS, D(0))


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        (Memory(), False),
        (Memory(funding=FundingMemory(closed=True)), True),
        (Memory(foreign_since_ms=NOW_MS - 599_999), True),
        (Memory(foreign_since_ms=NOW_MS - 600_000), False),
    ],
    ids=["open", "funding", "in-grace", "after-grace"],
)
def test_r25_a_gap_that_is_open_on_purpose_is_left(memory: Memory, *, expected: bool) -> None:
    assert reserved(memory, NOW_MS, D(600)) is expected
