"""Oracles on the hedge see what must never be, and let pass what looks like it and is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal as D
from typing import Any

import pytest

from bot import logs
from bot.domain.orders import Side as Way
from bot.paper.engine.model import MarketType, OrderStatus, Side
from bot.ports import Halt
from bot.runtime.virtual import EPOCH_MS
from tests.sim.oracles import all_oracles
from tests.sim.oracles_hedge import AlarmForEveryHalt, BoundedTurnover, HedgedAgain, QuietRestart
from tests.sim.oracles_made import JOB, MAIN, PERP, MadeTruth, Tale, reads, seen
from tests.sim.oracles_reading import needed
from tests.sim.trace import Event, Kind, Life, Oracle, Truth

READINGS = needed(JOB)


class Chorus:
    """Many oracles as one."""

    def __init__(self, oracles: Sequence[Oracle]) -> None:
        self._oracles = oracles

    def after(self, event: Event, truth: Truth) -> None:
        for oracle in self._oracles:
            oracle.after(event, truth)

    def finish(self, truth: Truth) -> None:
        for oracle in self._oracles:
            oracle.finish(truth)


def test_there_are_thirteen_in_their_order() -> None:
    names = [getattr(oracle, "name", "") for oracle in all_oracles(secrets=["s"])]
    assert [name.partition(" ")[0] for name in names] == [f"O{number}" for number in range(1, 14)]


# O5


def test_o5_a_gap_that_stays() -> None:
    tale = Tale(HedgedAgain(bound_ms=60_000))
    tale.calm()
    tale.after(60)
    tale.tell(Kind.TURN)
    tale.after(1)
    assert "a gap of 1 coins" in seen(lambda: tale.tell(Kind.TURN))
    assert "a gap of 1 coins" in seen(lambda: tale.oracle.finish(tale.truth))


def test_o5_a_surplus_that_stays_is_told_with_its_halt() -> None:
    tale = Tale(HedgedAgain(bound_ms=60_000))
    tale.opens()
    tale.holds("0.5")
    tale.truth.stopped.append(Halt(venue=MAIN, symbol=PERP, code="guard", reason="three fills", since_ms=0))
    tale.calm()
    tale.after(61)
    assert "halted: three fills" in seen(lambda: tale.tell(Kind.TURN))


def test_o5_an_order_that_stays_open() -> None:
    tale = Tale(HedgedAgain(bound_ms=60_000))
    tale.opens()
    tale.arms(2)
    tale.calm()
    tale.after(61)
    tale.tell(Kind.TURN)
    assert "still armed" in seen(lambda: tale.oracle.finish(tale.truth))


def test_o5_how_long_it_took_is_kept_and_others_trades_are_left_alone() -> None:
    oracle = HedgedAgain(bound_ms=60_000)
    tale = Tale(oracle)
    tale.opens()
    tale.by_hand(Side.BUY, "0.5")
    tale.calm()
    tale.after(600)
    tale.tell(Kind.TURN)
    tale.after(7)
    tale.opens(2, "0.5")
    assert oracle.restored_ms == 7_000
    tale.oracle.finish(tale.truth)


def test_o5_a_process_that_ends_again_and_again_is_no_excuse() -> None:
    tale = Tale(HedgedAgain(bound_ms=60_000))
    tale.calm()
    for _ in range(2):
        tale.after(50)
        tale.starts()
    tale.after(50)
    tale.starts()
    tale.after(11)
    assert "a gap of 1 coins" in seen(lambda: tale.tell(Kind.TURN))


# O6


def test_o6_an_order_of_a_process_that_found_everything_in_place() -> None:
    tale = Tale(QuietRestart())
    tale.opens()
    tale.starts()
    tale.arms(2)
    assert "was on its target" in seen(lambda: tale.sends(2))


def test_o6_one_that_found_a_gap_or_was_told_of_one_may_send() -> None:
    tale = Tale(QuietRestart())
    tale.opens()
    tale.starts()
    tale.holds("1.5")
    tale.sends(2, fills="0.5")
    tale.starts()
    tale.asks("/api/v3/account", fault="stale")
    tale.sends(3)


def test_o6_a_stuck_answer_that_tells_nothing_of_coins_or_orders_is_no_excuse() -> None:
    tale = Tale(QuietRestart())
    tale.opens()
    tale.starts()
    tale.asks("/fapi/v1/premiumIndex", fault="stale")
    tale.arms(2)
    seen(lambda: tale.sends(2))


# O11


def test_o11_a_short_that_is_opened_and_closed_for_nothing() -> None:
    tale = Tale(BoundedTurnover())
    tale.opens()
    tale.arms(2, side=Way.BUY)
    assert "2 coins were traded where changes asked for 1" in seen(lambda: tale.sends(2, fills="1", side=Side.BUY))


def test_o11_what_the_owner_asked_for_is_traded_both_ways() -> None:
    tale = Tale(BoundedTurnover())
    tale.opens()
    tale.holds("0.5")
    tale.sends(2, fills="0.5", side=Side.BUY)
    tale.by_hand(Side.BUY, "0.2")
    tale.sends(3, fills="0.2")


def test_o11_what_was_asked_for_and_not_done_is_forgotten_once_all_is_still() -> None:
    tale = Tale(BoundedTurnover())
    tale.opens()
    tale.holds("2")
    tale.after(1)
    tale.holds("1")  # before anybody acted: two coins of turnover that nothing asks for any more
    for _ in range(3):
        tale.after(100)
        tale.tell(Kind.TURN)
    tale.arms(2, side=Way.BUY, contracts="0.5")
    assert "changes asked for 0" in seen(lambda: tale.sends(2, fills="0.5", side=Side.BUY))


def test_o11_an_inverse_short_is_closed_for_what_it_hedged_whatever_the_price() -> None:
    job = replace(JOB, market=MarketType.INVERSE, contract_size=D(100), step=D(1))
    oracle = BoundedTurnover()
    tale = Tale(oracle, MadeTruth(job))
    tale.opens(contracts="1000")
    tale.truth.price = D(50_000)
    tale.holds("0.5")
    tale.arms(2, side=Way.BUY, contracts="500")
    tale.sends(2, fills="500", side=Side.BUY, price=D(50_000))
    assert oracle._done == D("1.5")


def test_o11_too_many_orders_in_a_minute() -> None:
    tale = Tale(BoundedTurnover(orders_per_minute=2))
    tale.holds("3")
    tale.opens(1, "0.5")
    tale.opens(2, "0.5")
    tale.arms(3)
    assert "3 orders within a minute" in seen(lambda: tale.sends(3, fills="0.5"))


def test_o11_too_much_in_an_hour() -> None:
    tale = Tale(BoundedTurnover(notional_per_hour=D(150_000)))
    tale.holds("3")
    tale.opens(1)
    tale.arms(2)
    assert "was added within an hour" in seen(lambda: tale.sends(2, fills="1"))


# O12


def halted(tale: Tale) -> None:
    halt = Halt(venue=MAIN, symbol=PERP, code="liquidation", reason="it is gone", since_ms=EPOCH_MS + tale.ms)
    tale.truth.stopped.append(halt)
    tale.tell(Kind.COMMIT, "confirm")


@pytest.mark.parametrize("told", [{}, {"code": "slow"}, {"verdict": "frozen"}])
def test_o12_a_halt_that_nobody_was_told_of(told: dict[str, Any]) -> None:
    tale = Tale(AlarmForEveryHalt())
    halted(tale)
    if told:
        tale.alarm(**told)
    tale.after(31)
    assert "nobody was told of the halt liquidation" in seen(lambda: tale.tell(Kind.TURN))


@pytest.mark.parametrize("told", [{"code": "liquidation"}, {"verdict": "halted"}])
def test_o12_a_halt_that_somebody_was_told_of(told: dict[str, Any]) -> None:
    tale = Tale(AlarmForEveryHalt())
    halted(tale)
    tale.alarm(**told)
    tale.after(31)
    tale.tell(Kind.TURN)


def test_o12_a_halt_that_the_next_process_finds_is_told_by_it() -> None:
    tale = Tale(AlarmForEveryHalt())
    halted(tale)
    tale.truth.lives[-1].ended_ms = EPOCH_MS
    tale.after(600)
    tale.tell(Kind.WORLD)
    tale.starts()
    tale.after(30)
    tale.tell(Kind.TURN)
    tale.after(1)
    seen(lambda: tale.tell(Kind.TURN))


def test_o12_a_naked_hedge_that_nobody_was_told_of() -> None:
    tale = Tale(AlarmForEveryHalt(naked_ms=120_000))
    tale.tell(Kind.TURN)
    tale.after(121)
    assert "nobody was told" in seen(lambda: tale.tell(Kind.TURN))
    tale.alarm(logs.HEDGE_DECIDED, hedge="btc", verdict="no-margin")
    tale.tell(Kind.TURN)


@pytest.mark.parametrize(
    ("name", "values", "well"),
    [
        (logs.HEDGE_FROZEN, {"hedge": "btc"}, True),
        (logs.TURN_SLOW, {"code": "slow"}, True),
        (logs.HEDGE_DECIDED, {"hedge": "eth"}, False),
        (logs.FUNDING_OVER_BUDGET, {"hedge": "btc"}, False),
    ],
)
def test_o12_not_every_alarm_tells_of_a_naked_hedge(name: str, values: dict[str, Any], well: bool) -> None:
    tale = Tale(AlarmForEveryHalt(naked_ms=120_000))
    tale.tell(Kind.TURN)
    tale.alarm(name, **values)
    tale.after(121)
    if well:
        tale.tell(Kind.TURN)
    else:
        seen(lambda: tale.tell(Kind.TURN))


def test_o12_of_a_hedge_that_stays_naked_a_person_is_told_again() -> None:
    tale = Tale(AlarmForEveryHalt(naked_ms=120_000))
    tale.alarm(logs.HEDGE_FROZEN, hedge="btc")
    tale.after(400)
    tale.tell(Kind.TURN)
    tale.after(400)
    assert "nobody was told" in seen(lambda: tale.tell(Kind.TURN))


def test_o12_a_process_that_can_not_start_tells_so() -> None:
    tale = Tale(AlarmForEveryHalt(naked_ms=120_000))
    for _ in range(3):
        life = tale.truth.lives[-1]
        life.up_ms = None
        tale.after(40)
        life.ended_ms = EPOCH_MS + tale.ms
        tale.tell(Kind.PROCESS, "ended")
        tale.truth.lives.append(Life(number=len(tale.truth.lives), started_ms=EPOCH_MS + tale.ms))
        tale.tell(Kind.PROCESS, "started")
    tale.after(1)
    assert "nobody was told" in seen(lambda: tale.tell(Kind.WORLD))
    tale.alarm(logs.START_FAILED, code="StartFault")
    tale.tell(Kind.WORLD)


def test_o12_what_a_stuck_answer_hides_can_not_be_told() -> None:
    tale = Tale(AlarmForEveryHalt(naked_ms=120_000))
    tale.opens()
    tale.asks("/api/v3/account")
    tale.after(1)
    tale.holds("2")
    for _ in range(5):
        tale.after(30)
        tale.asks("/api/v3/account", fault="stale")
    tale.after(121)
    seen(lambda: tale.tell(Kind.TURN))


def test_an_order_as_it_should_be_is_fine_with_all() -> None:
    tale = Tale(Chorus(all_oracles(secrets=["my/secret+key"])))
    reads(tale, READINGS)
    tale.opens()
    assert tale.truth.orders["binance", 1].status is OrderStatus.FILLED
    tale.calm()
    tale.after(300)
    tale.starts()
    tale.after(300)
    tale.tell(Kind.TURN)
    tale.oracle.finish(tale.truth)
