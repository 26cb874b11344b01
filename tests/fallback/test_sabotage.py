"""Each coupling of the two legs, taken out on purpose: a story must fail, at the words that name what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from bot.core import legs
from bot.core.situation import Situation
from bot.domain.ids import VenueName
from bot.domain.instrument import Instrument
from bot.domain.intent import IntentRecord
from bot.domain.policy import HedgePolicy
from bot.runtime.legs import FirstLeg, Observations, Places, SecondLeg
from tests.fallback import test_outage, test_people

Patch = pytest.MonkeyPatch
_left_over, _bounds, _halts = legs.left_over, legs.bounds, Places.halts


def all_of_it(_leg: object, situation: Situation, _observations: Observations) -> Situation:
    return situation


def first_forgets_the_second(patch: Patch) -> None:
    patch.setattr(FirstLeg, "share", all_of_it)


def second_forgets_the_first(patch: Patch) -> None:
    def left_over(situation: Situation, venue: VenueName, *, least: Decimal, most: Decimal | None) -> Situation:
        if situation.policy.stands_in is not None and most is not None:
            return situation
        return _left_over(situation, venue, least=least, most=most)

    patch.setattr(legs, "left_over", left_over)


def unknown_is_not_sold(patch: Patch) -> None:
    def bounds(instrument: Instrument, contracts: Decimal, _unfinished: Sequence[IntentRecord]) -> legs.Bounds:
        return _bounds(instrument, contracts, ())

    patch.setattr(legs, "bounds", bounds)


def second_never_waits(patch: Patch) -> None:
    def lasted(_watch: legs.Watch, _now_ms: int, _after_s: Decimal) -> bool:
        return True

    patch.setattr(legs.Watch, "lasted", lasted)


def both_give_back_what_is_too_much(patch: Patch) -> None:
    def left_over(situation: Situation, venue: VenueName, *, least: Decimal, most: Decimal | None) -> Situation:
        own = situation.policy.stands_in is None and most is not None
        return _left_over(situation, venue, least=most if own and most is not None else least, most=most)

    patch.setattr(legs, "left_over", left_over)


def halts_are_forgotten(patch: Patch) -> None:
    def halts(_places: Places, _policy: HedgePolicy) -> frozenset[str]:
        return frozenset()

    patch.setattr(Places, "halts", halts)


def second_does_not_hear_its_hedge(patch: Patch) -> None:
    patch.setattr(HedgePolicy, "names", property(lambda policy: (policy.name,)))


def nobody_is_told(patch: Patch) -> None:
    patch.setattr(SecondLeg, "taken", lambda _leg, plan, _sent, _observations: plan)


def grace_is_forgotten(patch: Patch) -> None:
    patch.setattr(legs, "reserved", lambda _memory, _now_ms, _grace_s: False)


@pytest.mark.parametrize(
    ("mutant", "story", "shows"),
    [
        (
            first_forgets_the_second,
            test_outage.test_what_is_too_much_is_taken_off_the_second_first,
            "hedged twice",
        ),
        (second_forgets_the_first, test_outage.test_r20_one_that_did_arrive_is_not_sold_again, "hedged twice"),
        (unknown_is_not_sold, test_outage.test_r20_one_that_did_arrive_is_not_sold_again, "hedged twice"),
        (second_never_waits, test_outage.test_f56_coins_that_come_during_maintenance, "not before"),
        (both_give_back_what_is_too_much, test_outage.test_what_is_too_much_is_taken_off_the_second_first, "not"),
        (halts_are_forgotten, test_people.test_r25_what_was_liquidated_on_the_second_venue, "stand there"),
        (second_does_not_hear_its_hedge, test_people.test_an_unwound_hedge_is_flat_on_both_venues, "not"),
        (nobody_is_told, test_outage.test_f56_coins_that_come_during_maintenance, "told"),
        (
            grace_is_forgotten,
            test_people.test_r25_a_change_by_others_has_its_grace_on_both,
            "stand there",
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_story_sees_it(
    mutant: Callable[[Patch], None], story: Callable[[Path], None], shows: str, tmp_path: Path
) -> None:
    with Patch.context() as patch:
        mutant(patch)
        with pytest.raises(AssertionError, match=shows):
            story(tmp_path)
