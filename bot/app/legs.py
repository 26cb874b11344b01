"""The legs of hedges that have a fallback venue, put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.ids import HedgeName
from bot.domain.instrument import Instrument
from bot.domain.policy import HedgePolicy
from bot.ports import Clock, Journal
from bot.runtime.legs import FirstLeg, Leg, Places, SecondLeg


def legs_of(
    hedges: Sequence[HedgePolicy],
    instruments: Mapping[HedgeName, Instrument],
    journal: Journal,
    clock: Clock,
    *,
    live: bool,
) -> dict[HedgeName, Leg]:
    """Both legs of each hedge that has two, by their names; hedges with one leg are left out."""
    legs: dict[HedgeName, Leg] = {}
    firsts = {policy.name: policy for policy in hedges if policy.stands_in is None}
    for second in hedges:
        if second.stands_in is None:
            continue
        first = firsts[second.stands_in.hedge]
        places = Places(
            first=first,
            second=second,
            instruments=(instruments[first.name], instruments[second.name]),
            journal=journal,
            clock=clock,
            live=live,
        )
        own = FirstLeg(places)
        legs[first.name], legs[second.name] = own, SecondLeg(places, own)
    return legs
