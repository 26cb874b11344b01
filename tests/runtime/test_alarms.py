"""Alarms are told at once, thinned while they go on, and told anew when they come again after `resume`."""

from __future__ import annotations

from typing import cast

from structlog.typing import FilteringBoundLogger

from bot import logs
from bot.runtime.alarms import KEEP_MAX, REPEAT_MS, LogAlarms


class Recorder:
    """Counts what is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def error(self, event: str, *, alarm: str, **values: object) -> None:
        assert event == logs.ALARM_RAISED
        self.told.append(alarm)


class Clock:
    """Stands still unless it is set."""

    def __init__(self) -> None:
        self.ms = 1_000_000

    def now_ms(self) -> int:
        return self.ms

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(f"an alarm waited for {seconds} s")


def made() -> tuple[LogAlarms, Recorder, Clock]:
    recorder, clock = Recorder(), Clock()
    return LogAlarms(clock, cast("FilteringBoundLogger", recorder)), recorder, clock


def test_the_same_alarm_is_told_again_after_five_minutes() -> None:
    alarms, recorder, clock = made()
    for gap in (0, REPEAT_MS - 1, 1):
        clock.ms += gap
        alarms.alarm("x", hedge="btc", reason=f"{gap}")
    assert recorder.told == ["x", "x"]


def test_another_reason_is_told_at_once_other_numbers_of_the_same_are_not() -> None:
    alarms, recorder, _ = made()
    for reason in ("2.5 BTC at 1,000", "3.75 BTC at 1,100", "the mark is in doubt", "4 BTC at 2"):
        alarms.alarm("x", hedge="btc", verdict="frozen", reason=reason)
    assert recorder.told == ["x", "x"]


def test_what_comes_again_after_resume_is_told_at_once() -> None:
    alarms, recorder, _ = made()
    for resumed in (0, 0, 1):
        alarms.alarm("x", hedge="btc", code="guard", resumed=resumed)
    alarms.alarm("x", hedge="eth", code="guard", resumed=1)
    assert recorder.told == ["x"] * 3


def test_too_many_alarms_are_told_twice_rather_than_forgotten() -> None:
    alarms, recorder, _ = made()
    for number in range(KEEP_MAX + 1):
        alarms.alarm("x", code=str(number))
    alarms.alarm("x", code="0")
    assert len(recorder.told) == KEEP_MAX + 2


def test_each_trade_is_told_by_itself() -> None:
    alarms, recorder, _ = made()
    for pair in ("one", "one", "two"):
        alarms.alarm("x", hedge="gap", pair=pair, code="unanswered", reason="okx has not answered for 3 s")
    assert recorder.told == ["x"] * 2
