"""The margin ladder: how far, how fast, and with how much (R27)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.core.ladder import (
    AHEAD_MS,
    PACE_WINDOW_MS,
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
    top_up,
)
from bot.core.margin import liquidation_price
from bot.domain.ladder import LadderPolicy
from bot.domain.observation import Margin, Position, Stamp, Unknown
from tests.core.instruments import LINEAR, USDT, position_of

D = Decimal
STAMP = Stamp(sent_ms=0, answered_ms=0)
ON = LadderPolicy(top_up=True, reduce=True)

units = st.decimals(D("0.001"), 100, places=3)
marks = st.decimals(1_000, 500_000, places=1)
rates = st.decimals(D("0.001"), D("0.1"), places=4)
cums = st.decimals(0, 500, places=2)
targets = st.decimals(D("1.05"), 3, places=2)
shares = st.decimals(D("0.01"), 2, places=3)
ratios = st.decimals(D("0.05"), 1, places=2)
costs = st.decimals(0, D("0.03"), places=4)


def backing(
    *, units: str = "1", mark: str = "100000", equity: str = "100000", isolated: bool = True, cum: str = "0"
) -> Backing:
    """A short of 1 BTC at 100,000, entered there at 1x, unless said otherwise."""
    return Backing(units=D(units), mark=D(mark), equity=D(equity), rate=D("0.004"), cum=D(cum), isolated=isolated)


def at(mark: str, *, wallet: str = "100000") -> Backing:
    """The same short after the price moved."""
    return backing(mark=mark, equity=str(D(wallet) + 100_000 - D(mark)))


def short(**given: object) -> Position:
    facts: dict[str, object] = {"entry_price": D(100_000), "isolated_wallet": D(100_000), **given}
    return replace(position_of("-1", STAMP), **facts)  # type: ignore[arg-type]


def test_r27_the_rungs_are_where_they_are_said_to_be() -> None:
    assert round(at("100000").ratio, 3) == D("1.992")
    assert round(at("132800").ratio, 2) == D("1.50")
    assert round(at("159400").ratio, 2) == D("1.25")


@pytest.mark.parametrize(("mark", "needed"), [("150000", "0.26"), ("200000", "1.01")])
def test_r27_so_much_per_coin_holds_one_and_a_half(mark: str, needed: str) -> None:
    assert round(top_up(at(mark), D("1.5")) / 100_000, 2) == D(needed)


def test_r27_the_formulas_are_those_of_the_rules() -> None:
    held = at("140000")
    m, t, p, q, a = D("0.004"), D("1.8"), D(140_000), D(1), D(60_000)
    assert top_up(held, t) == (1 + m) * t * p * q - q * p - a
    assert round(reduction(held, t), 20) == round(q - (a + q * p) / ((1 + m) * t * p), 20)


def test_nothing_is_needed_above_the_target() -> None:
    assert top_up(at("100000"), D("1.8")) == 0
    assert reduction(at("100000"), D("1.8")) == 0


@given(units, marks, shares, rates, cums, targets)
def test_r27_a_top_up_leads_to_the_target(q: D, p: D, share: D, m: D, cum: D, target: D) -> None:
    held = Backing(units=q, mark=p, equity=q * p * share, rate=m, cum=cum, isolated=True)
    after = replace(held, equity=held.equity + top_up(held, target))
    assert after.ratio >= target - D("1e-20")
    assert after.ratio <= max(target, held.ratio) + D("1e-20")


@given(units, marks, shares, rates, cums, targets, costs, ratios)
def test_r27_a_reduction_leads_to_the_target(q: D, p: D, share: D, m: D, cum: D, target: D, cost: D, ratio: D) -> None:
    held = Backing(units=q, mark=p, equity=q * p * share, rate=m, cum=cum, isolated=True)
    x = reduction(held, target, cost=cost, ratio=ratio)
    assert 0 <= x <= q
    assume(x < q)
    # Proceeds of the coins, less what both legs cost, join what the short had behind it.
    after = replace(held, units=q - x, equity=held.equity + x * p / ratio - x * p * cost)
    assert after.ratio >= target - D("1e-18")


def test_r27_without_the_proceeds_the_liquidation_price_does_not_move() -> None:
    held = at("140000")
    x = reduction(held, D("1.8"))
    # Closing a share of the position at the mark takes the same share of what backs it along.
    bare = replace(held, units=held.units - x, equity=held.equity * (held.units - x) / held.units)
    assert round(bare.liquidation, 10) == round(held.liquidation, 10)


@given(units, marks, marks, shares, rates, cums)
def test_ours_is_the_liquidation_price_that_the_margin_module_tells(
    q: D, p: D, entry: D, share: D, m: D, cum: D
) -> None:
    wallet = q * entry * share
    held = backing_of(LINEAR, short(contracts=-q, entry_price=entry, isolated_wallet=wallet), unread(), p, m, cum)
    assert isinstance(held, Backing)
    expected = liquidation_price(LINEAR, -q, entry, wallet, m, cum)
    assert expected is not None
    assert abs(held.liquidation - expected) < D("1e-15")


def unread() -> Unknown:
    return Unknown(what="margin", reason="not asked for")


def test_isolated_the_position_backs_itself_and_under_cross_the_account_does() -> None:
    isolated = backing_of(LINEAR, short(), unread(), D(150_000), D("0.004"), D(0))
    assert isinstance(isolated, Backing)
    assert (isolated.equity, isolated.isolated) == (D(50_000), True)
    margin = Margin(asset=USDT, wallet=D(1), available=D(2), stamp=STAMP, balance=D(70_000))
    cross = backing_of(LINEAR, short(isolated_wallet=None), margin, D(150_000), D("0.004"), D(0))
    assert isinstance(cross, Backing)
    assert (cross.equity, cross.isolated) == (D(70_000), False)


def test_what_is_not_told_is_unknown() -> None:
    margin = Margin(asset=USDT, wallet=D(1), available=D(2), stamp=STAMP)
    assert "entry" in str(backing_of(LINEAR, short(entry_price=None), unread(), D(1), D("0.004"), D(0)))
    assert "not asked" in str(backing_of(LINEAR, short(isolated_wallet=None), unread(), D(1), D("0.004"), D(0)))
    assert "balance" in str(backing_of(LINEAR, short(isolated_wallet=None), margin, D(1), D("0.004"), D(0)))


def test_r27_the_lower_of_both_figures_counts_and_none_is_never_believed() -> None:
    held = backing()
    assert nearest(held, held.liquidation) == held.liquidation
    assert nearest(held, D(199_000)) == D(199_000)
    assert nearest(held, D(200_000)) == held.liquidation
    assert "tells no liquidation price" in str(nearest(held, None))
    assert "by our formula" in str(nearest(held, D(150_000)))
    assert "by our formula" in str(nearest(held, D(250_000)))


def test_under_cross_margin_other_positions_move_the_venues_figure() -> None:
    held = backing(isolated=False)
    assert nearest(held, None) == held.liquidation
    assert nearest(held, D(150_000)) == D(150_000)


# Distance and pace


def judged(held: Backing, policy: LadderPolicy = ON, *earlier: tuple[str, int]) -> Judgement:
    now_ms = 10 * 60_000
    samples = [PaceSample(ratio=D(ratio), at_ms=at_ms) for ratio, at_ms in earlier]
    return judge(held, held.liquidation, policy, [*samples, PaceSample(ratio=held.ratio, at_ms=now_ms)])


@pytest.mark.parametrize(
    ("mark", "rung", "alarm", "act"),
    [
        ("132000", Rung.FAR, False, False),
        ("133000", Rung.LOW, True, True),
        ("159000", Rung.LOW, True, True),
        ("160000", Rung.CRITICAL, True, True),
        ("210000", Rung.CRITICAL, True, True),
    ],
)
def test_r27_each_rung_by_distance(mark: str, rung: Rung, alarm: bool, act: bool) -> None:
    said = judged(at(mark))
    assert (said.rung, said.alarm, said.act) == (rung, alarm, act)


def test_acting_may_begin_below_the_alarm() -> None:
    said = judged(at("133000"), replace(ON, act_at=D("1.3")))
    assert (said.alarm, said.act) == (True, False)


def test_r27_a_fast_fall_alarms_before_the_rung_is_reached() -> None:
    # 1.992 to 1.66 in ten minutes: 1.5 is five minutes away, 1.25 twelve.
    said = judged(at("120000"), ON, ("1.992", 0))
    assert (said.rung, said.alarm, said.act) == (Rung.FAR, True, True)
    assert "1.25 in 12 min" in said.reason


def test_a_fall_that_would_not_reach_the_last_rung_in_time_only_alarms() -> None:
    said = judged(at("126000"), ON, ("1.68", 0))
    assert (said.alarm, said.act) == (True, False)
    assert "1.5 in" in said.reason


def test_nothing_is_done_by_pace_alone_above_the_target() -> None:
    said = judged(at("105000"), replace(ON, critical=D("1.5")), ("3", 0))
    assert (said.alarm, said.act) == (True, False)


def test_a_slow_fall_says_nothing() -> None:
    assert not judged(at("105000"), ON, ("1.91", 0)).alarm


def test_r27_a_cross_account_is_judged_by_its_margin_ratio_too() -> None:
    strained = backing(isolated=False, equity="490")
    assert judge(strained, D(300_000), ON, [PaceSample(ratio=D(3), at_ms=0)]).rung is Rung.CRITICAL
    empty = backing(isolated=False, equity="-1")
    assert judge(empty, D(300_000), ON, [PaceSample(ratio=D(3), at_ms=0)]).act
    well = backing(isolated=False)
    assert judge(well, D(300_000), ON, [PaceSample(ratio=D(3), at_ms=0)]).rung is Rung.FAR


def test_the_pace_is_measured_from_the_highest_sample_of_the_window() -> None:
    samples = paced([], PaceSample(ratio=D("1.5"), at_ms=0))
    samples = paced(samples, PaceSample(ratio=D("1.8"), at_ms=60_000))  # a top-up
    samples = paced(samples, PaceSample(ratio=D("1.7"), at_ms=180_000))
    assert reached_in_ms(samples, D("1.5")) == 240_000
    assert reached_in_ms(samples, D("1.7")) == 0
    samples = paced(samples, PaceSample(ratio=D("1.6"), at_ms=180_000 + PACE_WINDOW_MS))
    assert [sample.ratio for sample in samples] == [D("1.7"), D("1.6")]


def test_a_tick_is_no_pace() -> None:
    samples = (PaceSample(ratio=D("1.9"), at_ms=0), PaceSample(ratio=D("1.6"), at_ms=59_000))
    assert reached_in_ms(samples, D("1.5")) is None
    still = (PaceSample(ratio=D("1.6"), at_ms=0), PaceSample(ratio=D("1.6"), at_ms=AHEAD_MS))
    assert reached_in_ms(still, D("1.5")) is None
