"""The names of a hedge's legs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from bot.domain.control import Control, ControlKind, standing
from bot.domain.ids import HedgeName
from bot.domain.policy import StandIn, fallback_name
from tests.core.instruments import HEDGE, POLICY

SECOND = replace(POLICY, name=fallback_name(HEDGE), stands_in=StandIn(hedge=HEDGE, after_s=Decimal(60)))


def said(hedge: str) -> Control:
    return Control(kind=ControlKind.UNWIND, hedge=HedgeName(hedge), who="", why="", since_ms=1)


def test_a_leg_by_itself_has_one_name() -> None:
    assert POLICY.names == ("btc",)


def test_a_second_leg_obeys_what_is_said_of_its_hedge_and_of_itself() -> None:
    assert SECOND.names == ("btc/fallback", "btc")
    for hedge, obeys in {"btc": True, "btc/fallback": True, "eth": False}.items():
        assert (standing([said(hedge)], *SECOND.names) is not None) is obeys


def test_the_first_leg_does_not_obey_what_is_said_of_the_second() -> None:
    assert standing([said("btc/fallback")], *POLICY.names) is None
