"""Oracles on the hedge and on what is read see what must never be, and let pass what looks like it and is right."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from bot.domain.orders import Side as Way
from bot.paper.engine.model import MarketType, OrderStatus, Side
from bot.ports import Halt
from bot.runtime.virtual import EPOCH_MS
from tests.sim.oracles import all_oracles
from tests.sim.oracles_hedge import AlarmForEveryHalt, BoundedTurnover, HedgedAgain, QuietRestart
from tests.sim.oracles_made import MAIN, PERP, MadeTruth, Tale, reads, seen
from tests.sim.oracles_reading import NEEDED, FreshReadings, NoSecret, WithinLimits
from tests.sim.trace import Event, Kind, Oracle, Truth

READINGS = NEEDED["binance", MarketType.LINEAR]


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


def test_there_are_twelve_in_their_order() -> None:
    names = [getattr(oracle, "name", "") for oracle in all_oracles(secrets=["s"])]
    assert [name.partition(" ")[0] for name in names] == [f"O{number}" for number in range(1, 13)]


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


# O7


@pytest.mark.parametrize("unread", READINGS)
def test_o7_an_order_on_a_reading_that_was_never_made(unread: str) -> None:
    tale = Tale(FreshReadings())
    reads(tale, READINGS, but=unread)
    tale.arms(1)
    assert f"the {unread} was last read never" in seen(lambda: tale.sends(1, fills="1"))


@pytest.mark.parametrize("old", READINGS)
def test_o7_an_order_on_a_reading_that_is_too_old(old: str) -> None:
    tale = Tale(FreshReadings())
    reads(tale, READINGS)
    tale.after(19)
    reads(tale, READINGS, but=old)
    tale.arms(1)
    assert f"the {old} was last read 19000 ms before" in seen(lambda: tale.sends(1, fills="1"))


def test_o7_an_unreadable_answer_is_no_reading_and_the_next_process_reads_anew() -> None:
    tale = Tale(FreshReadings())
    reads(tale, READINGS, but="mark")
    tale.asks(READINGS["mark"], fault="html-200")
    tale.asks(READINGS["mark"], status=503)
    tale.arms(1)
    seen(lambda: tale.sends(1, fills="1"))
    tale.asks(READINGS["mark"])
    tale.starts()
    tale.arms(2)
    seen(lambda: tale.sends(2, fills="1"))


def test_o7_a_price_that_never_was() -> None:
    tale = Tale(FreshReadings())
    reads(tale, READINGS)
    tale.arms(1, price=D(90_000))
    assert "is limited at 90000" in seen(lambda: tale.sends(1, fills="1", price=D(90_000)))


# O9


@pytest.mark.parametrize("status", [418, 429])
def test_o9_one_call_too_many(status: int) -> None:
    tale = Tale(WithinLimits())
    tale.asks("/fapi/v3/account", status=status, fault="ban")
    assert "one call too many" in seen(lambda: tale.asks("/fapi/v3/account", status=status, code="-1003"))


def test_o9_a_call_during_a_ban() -> None:
    tale = Tale(WithinLimits())
    tale.asks("/fapi/v3/account", status=418, fault="ban", retry_after_s=60)
    tale.after(59)
    assert "1000 ms before the ban's end" in seen(lambda: tale.asks("/fapi/v1/time"))
    tale.after(1)
    tale.asks("/fapi/v1/time")


# O10


@pytest.mark.parametrize(
    "form", ["my/secret+key", "my%2Fsecret%2Bkey", "bXkvc2VjcmV0K2tleQ==", "6d792f7365637265742b6b6579"]
)
def test_o10_a_secret_in_a_line(form: str) -> None:
    tale = Tale(NoSecret(secrets=["my/secret+key"]))
    tale.truth.output.append("nothing here")
    tale.tell(Kind.TURN)
    tale.truth.output.append(f"it failed: GET /x?apiKey={form}&y")
    assert "a line of output" in seen(lambda: tale.tell(Kind.TURN))


def test_o10_a_signature_that_was_sent() -> None:
    tale = Tale(NoSecret(secrets=["my/secret+key"]))
    tale.tell(Kind.REQUEST, sent=tale.request("GET", "/fapi/v3/account", query=f"timestamp=1&signature={'ab' * 32}"))
    tale.truth.output.append(f"refused {'ab' * 32}")
    assert "the signature of a request" in seen(lambda: tale.tell(Kind.TURN))
    tale.truth.output[:] = [f"GET /x?signature={'cd' * 32}"]
    tale.oracle = NoSecret(secrets=[])
    assert "a signature of 64 characters" in seen(lambda: tale.tell(Kind.TURN))


def test_o10_a_secret_in_the_journal(tmp_path: Path) -> None:
    tale = Tale(NoSecret(secrets=["my/secret+key"]), MadeTruth(journal=tmp_path / "journal.db"))
    (tmp_path / "journal.db").write_bytes(b"SQLite \xff\x00 rows")
    tale.oracle.finish(tale.truth)
    (tmp_path / "journal.db-wal").write_bytes(b"\x00detail my/secret+key\xff")
    assert "journal.db-wal" in seen(lambda: tale.oracle.finish(tale.truth))


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
    tale.alarm(verdict="no-margin")
    tale.tell(Kind.TURN)


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
