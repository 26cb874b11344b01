"""Coins in several places, and numbers from outside, reading by reading (R8, R10, R11)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

from bot.core.situation import Situation
from bot.domain.ids import VenueName
from bot.domain.observation import Holding, Source, Stamp, Unknown
from bot.domain.plan import Verdict
from tests.core.instruments import BTC, MAIN
from tests.core.situations import START_MS, reading, run, verdicts

HOUR_S = 3_600


def places(at_s: float, *, overdue: str = "0", venue: str = MAIN, **coins: str) -> Situation:
    """One reading, with so many coins of each source, against a short of 3."""
    situation = reading(at_s, "0", "-3")
    stamp = situation.position.stamp if not isinstance(situation.position, Unknown) else Stamp(sent_ms=0, answered_ms=0)
    holdings = tuple(
        Holding(
            source=Source(source),
            venue=VenueName(venue),
            asset=BTC,
            quantity=D(quantity),
            principal=D(quantity),
            stamp=stamp,
            overdue=D(overdue) if source == Source.TRANSIT else D(0),
        )
        for source, quantity in coins.items()
    )
    return replace(situation, holdings=holdings)


def test_r11_an_earn_cycle_of_two_days_sends_nothing() -> None:
    """Each move once torn: the coins are seen twice, or not at all, then where they are."""
    cycle = (
        {"spot": "3", "earn": "0", "transit": "0"},
        {"spot": "3", "earn": "3", "transit": "0"},  # seen twice
        {"spot": "0", "earn": "3", "transit": "0"},
        {"spot": "0", "earn": "0", "transit": "0"},  # not seen
        {"spot": "0", "earn": "0", "transit": "3"},
    )
    plans = run(
        *(places(5 * turn, **where) for turn, where in enumerate(cycle)),
        *(places(hour * HOUR_S, **cycle[-1]) for hour in range(1, 48)),
        places(48 * HOUR_S, spot="3", earn="0", transit="3"),
        places(48 * HOUR_S + 5, spot="3", earn="0", transit="0"),
    )
    assert [plan.order for plan in plans] == [None] * len(plans)
    seen = [plan.verdict for plan in plans]
    assert (seen[1], seen[3], seen[-2]) == (Verdict.CONFIRMING, Verdict.DWELLING, Verdict.CONFIRMING)
    assert {*seen[:1], *seen[4:-2], seen[-1]} == {Verdict.BALANCED}


def test_r11_coins_under_way_for_too_long_are_told_with_every_plan() -> None:
    (plan,) = run(places(0, spot="3", transit="0", overdue="0.25"))
    assert (plan.verdict, plan.alarm) == (Verdict.BALANCED, True)
    assert "0.25 BTC to or from main" in plan.reason
    assert plan.view.exposure == 3


def test_r8_a_number_from_outside_has_its_own_age() -> None:
    """Its reader has judged it; every other reading may be 15 s old at most."""
    old = Stamp(sent_ms=START_MS - 300_000, answered_ms=START_MS - 299_000)
    situation = reading(0, "3", "-3")
    (held,) = situation.holdings
    assert isinstance(held, Holding)
    outside = replace(held, source=Source.EXTERNAL, venue=None, stamp=old)
    assert verdicts(replace(situation, holdings=(outside,))) == [Verdict.BALANCED]
    assert verdicts(replace(situation, holdings=(replace(held, stamp=old),))) == [Verdict.FROZEN]


def test_r10_a_number_from_outside_does_not_keep_two_readings_from_agreeing() -> None:
    old = Stamp(sent_ms=START_MS - 300_000, answered_ms=START_MS - 299_000)

    def both(at_s: float) -> Situation:
        situation = reading(at_s, "1", "0", free="300000")
        (held,) = situation.holdings
        assert isinstance(held, Holding)
        outside = replace(held, source=Source.EXTERNAL, venue=None, stamp=old, quantity=D(1), principal=D(1))
        return replace(situation, holdings=(held, outside))

    first, second = run(both(0), both(1))
    assert first.verdict is Verdict.CONFIRMING
    assert second.order is not None
    assert second.order.request.contracts == 2
