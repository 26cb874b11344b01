"""What a reading says: its figures, what of it is unknown, and what asks for an order (R1, R8, R11, R12, R14)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from bot.core.observation import Sample, Surplus, watch_surplus
from bot.core.prices import PriceMemory, judge
from bot.core.reading import Reading, first_unknown, read, view_of
from bot.core.situation import Situation
from bot.core.work import campaign_work
from bot.domain.funding import FundingFigures
from bot.domain.instrument import ContractKind
from bot.domain.observation import Holding, Position, Prices, Source, Stamp, Unknown
from bot.domain.plan import Verdict
from tests.core.instruments import BTC, HEDGE, LINEAR, PERP, POLICY, USDT, position_of
from tests.core.situations import START_MS, reading, run

FUNDING = FundingFigures(amount=D(-1), asset=USDT, payments=1, since_ms=START_MS, cost_a_year=D("0.1"))


def read_of(situation: Situation, mark: str = "100000") -> Reading:
    found = read(situation, D(mark))
    assert isinstance(found, Reading)
    return found


def test_r8_a_frozen_hedge_is_shown_with_what_is_known() -> None:
    situation = replace(reading(0, "1", "-1"), funding=FUNDING, margin=Unknown(what="margin", reason="timeout"))
    view = view_of(situation)
    assert (view.hedge, view.asset, view.symbol, view.kind) == (HEDGE, BTC, PERP, ContractKind.LINEAR)
    assert (view.holdings, view.funding) == (situation.holdings, FUNDING)
    assert view.closing is not None
    assert (view.closing.contracts, view.closing.notional) == (D(1), D(100_000))
    assert (view.exposure, view.short, view.gap, view.mark) == (None, None, None, None)


def test_r28_what_the_venue_says_of_the_liquidation_is_shown() -> None:
    situation = reading(0, "1", "-1")
    assert isinstance(situation.position, Position)
    told = replace(situation, position=replace(situation.position, liquidation_price=D("142500.5")))
    assert read_of(told).view.liquidation_price == D("142500.5")
    assert read_of(situation).view.liquidation_price is None


def outside_coins(stamp: Stamp) -> Holding:
    """Of a hardware wallet; how old that number may be is judged where it is read."""
    return Holding(source=Source.EXTERNAL, venue=None, asset=BTC, quantity=D(1), principal=D(1), stamp=stamp)


def with_part(situation: Situation, part: str, value: object) -> Situation:
    return replace(situation, **{part: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("part", ["position", "prices", "margin", "spot"])
def test_r8_coins_outside_do_not_hide_what_is_old_or_unknown(part: str) -> None:
    situation = reading(0, "1", "-1")
    external = outside_coins(Stamp(sent_ms=0, answered_ms=1))
    told = replace(situation, holdings=(external, *situation.holdings))
    assert first_unknown(told) == ""
    old_stamp = Stamp(sent_ms=situation.now_ms - 15_001, answered_ms=situation.now_ms - 15_000)
    if part == "spot":
        old = replace(told, holdings=(external, replace(situation.holdings[0], stamp=old_stamp)))  # type: ignore[arg-type]
        lost = replace(told, holdings=(external, Unknown(what=part, reason="timeout")))
    else:
        old = with_part(told, part, replace(getattr(told, part), stamp=old_stamp))
        lost = with_part(told, part, Unknown(what=part, reason="timeout"))
    assert first_unknown(old) == "a reading is older than 15 s"
    assert first_unknown(lost) == f"{part} is unknown (timeout)"


def test_r14_the_band_is_a_share_of_the_target_and_not_of_the_short() -> None:
    # 0.5 % of 0.995 coins are 0.004975, of 1.005 coins 0.005025.
    found = read_of(reading(0, "1", "-1"))
    assert found.outside(D("0.00503"))
    assert not found.outside(D("0.00502"))
    assert found.outside(D("-0.00498"))
    assert not found.outside(D("-0.00497"))


def test_r14_a_target_of_just_one_step_is_held() -> None:
    found = read_of(reading(0, "0.001", "0"))
    assert found.outside(found.gap)
    assert found.target_contracts(found.gap) == D("0.001")
    less = read_of(reading(0, "0.00099", "0"))
    assert not less.outside(less.gap)
    assert less.target_contracts(less.gap) == 0


def test_r24_a_step_of_coins_is_what_the_exposure_may_tremble_by() -> None:
    situation = reading(0, "1", "-0.75")
    small = replace(LINEAR, contract_size=D("0.01"))
    work = campaign_work(read_of(situation).view, position_of("-0.75", Stamp(sent_ms=0, answered_ms=0)), small, D(1))
    assert work is not None
    assert (work.gap_contracts, work.tolerance) == (D(25), D("0.00001"))


# Time and prices


def seen(exposure: str, principal: str) -> Sample:
    return Sample(exposure=D(exposure), principal=D(principal), short=D(1), sent_ms=0, answered_ms=1)


def test_r11_of_two_exposures_as_large_the_first_one_is_remembered() -> None:
    """With the principal that it was seen with."""
    first = Surplus(since_ms=5, seen_ms=9, exposure_max=D("0.9"), principal_max=D("0.8"))
    assert watch_surplus(first, seen("0.9", "0.7"), surplus=True, now_ms=9) == first
    more = watch_surplus(first, seen("0.91", "0.7"), surplus=True, now_ms=9)
    assert more == Surplus(since_ms=5, seen_ms=9, exposure_max=D("0.91"), principal_max=D("0.7"))


def prices(mark: str, index: str | None, at_ms: int) -> Prices:
    return Prices(
        symbol=PERP,
        mark=D(mark),
        index=None if index is None else D(index),
        bid=D(mark),
        ask=D(mark),
        funding_rate=None,
        stamp=Stamp(sent_ms=at_ms, answered_ms=at_ms),
    )


@pytest.mark.parametrize("mark", ["99000", "101000"])
def test_r12_a_mark_just_a_hundredth_from_its_index_agrees(mark: str) -> None:
    believed, _, _ = judge(PriceMemory(), prices(mark, "100000", 0), 0)
    assert believed == D(mark)
    further = D(mark) + (D("0.1") if D(mark) > 100_000 else D("-0.1"))
    believed, _, _ = judge(PriceMemory(), prices(str(further), "100000", 0), 0)
    assert believed is None


@pytest.mark.parametrize(("highest", "agrees"), [("101000", True), ("101000.1", False)])
def test_r12_three_marks_just_a_hundredth_apart_agree(highest: str, agrees: bool) -> None:
    memory, believed = PriceMemory(), None
    for at_ms, mark in enumerate(("100000", "100500", highest)):
        believed, _, memory = judge(memory, prices(mark, None, at_ms), at_ms)
    assert believed == (D(highest) if agrees else None)


@pytest.mark.parametrize(("held", "step"), [("1", "0.001"), ("0.001", "0.01")])
def test_r14_no_gap_asks_for_no_order_however_narrow_the_band(held: str, step: str) -> None:
    band = replace(POLICY.band, relative=D(0), notional=D(0))
    situation = reading(0, held, f"-{held}", policy=replace(POLICY, band=band))
    instrument = replace(situation.instrument, quantity_step=D(step))
    (plan,) = run(replace(situation, instrument=instrument))
    assert plan.verdict is Verdict.BALANCED


def test_r8_coins_outside_count_as_held() -> None:
    situation = reading(0, "1", "-1")
    told = replace(situation, holdings=(*situation.holdings, outside_coins(Stamp(sent_ms=0, answered_ms=0))))
    assert (read_of(told).view.exposure, read_of(told).gap) == (D(2), D(1))
