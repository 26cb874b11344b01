"""Hedges without a perpetual take their turns each by itself: slow ones, failing ones, and the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

from bot import logs
from bot.domain.errors import JournalFault
from bot.domain.ids import Asset, HedgeName
from bot.domain.trader import HedgeKind, TraderOutcome
from bot.runtime.traders import Traders
from bot.runtime.virtual import run_virtual

Act = Callable[["Fake"], Any]


def outcome(name: HedgeName, **more: Any) -> TraderOutcome:  # noqa: ANN401
    return TraderOutcome(
        hedge=name, kind=HedgeKind.CROSS_EXCHANGE, asset=Asset("BTC"), verdict="no-edge", reason="", same="", **more
    )


class Fake:
    """A trader whose turns are a function."""

    def __init__(self, name: str, act: Act, *, interval_s: float = 1.0) -> None:
        self.name = HedgeName(name)
        self.interval_s = interval_s
        self.act = act
        self.turns = 0
        self.held: list[bool] = []
        self.left = ""
        self.cancelled: list[bool] = []

    async def turn(self, *, hold: bool, stopping: Callable[[], bool]) -> TraderOutcome:
        self.turns += 1
        self.held.append(hold)
        self.stopping = stopping
        result = self.act(self)
        if asyncio.iscoroutine(result):
            result = await result
        return result if isinstance(result, TraderOutcome) else outcome(self.name)

    async def cancel_resting(self, *, look: bool) -> None:
        self.cancelled.append(look)

    def half_done(self) -> str:
        if self.left == "?":
            raise JournalFault("the disk is full")
        return self.left


class Alarms:
    def __init__(self) -> None:
        self.told: list[tuple[str, object]] = []

    def alarm(self, event: str, **values: object) -> None:
        self.told.append((event, values.get("hedge")))


def made(*fakes: Fake) -> tuple[Traders, Alarms, list[TraderOutcome]]:
    alarms, shown = Alarms(), list[TraderOutcome]()
    return Traders(fakes, alarms=alarms, show=shown.append, logger=logs.get("test")), alarms, shown


async def for_s(traders: Traders, seconds: float) -> None:
    """Let them run so long, then stop them in order."""
    async with asyncio.TaskGroup() as group:
        running = group.create_task(traders.run())
        await asyncio.sleep(seconds)
        traders.stop()
        await asyncio.wait({running}, timeout=5)
        running.cancel()


def test_a_slow_one_holds_up_no_other_and_is_told() -> None:
    slow, quick = Fake("slow", lambda _: asyncio.sleep(60)), Fake("quick", lambda _: None)
    traders, alarms, _ = made(slow, quick)
    run_virtual(for_s(traders, 30))
    assert (slow.turns, quick.turns) == (1, 30)
    assert alarms.told == [(logs.TURN_SLOW, "slow")]


def test_a_turn_that_never_ends_is_given_up() -> None:
    stuck = Fake("stuck", lambda _: asyncio.Event().wait())
    traders, alarms, shown = made(stuck)
    run_virtual(for_s(traders, 300))
    assert stuck.turns == 3
    assert (logs.TURN_FAILED, "stuck") in alarms.told
    assert shown == []
    assert traders.stuck


def test_a_bug_or_a_full_disk_ends_neither_it_nor_another() -> None:
    def bug(_: Fake) -> None:
        raise RuntimeError("a bug")

    def full(_: Fake) -> None:
        raise JournalFault("the disk is full")

    broken, disk, well = Fake("broken", bug), Fake("disk", full), Fake("well", lambda _: None)
    traders, alarms, _ = made(broken, disk, well)
    run_virtual(for_s(traders, 20))
    assert (broken.turns, disk.turns, well.turns) == (4, 4, 20)
    assert {event for event, _ in alarms.told} == {logs.TURN_FAILED, logs.JOURNAL_FAILED}


def test_what_asks_for_a_closer_look_gets_it() -> None:
    eager = Fake("eager", lambda fake: outcome(fake.name, look_again_s=D("0.25")))
    traders, _, _ = made(eager)
    run_virtual(for_s(traders, 10))
    assert eager.turns == 40


def test_a_stop_goes_on_with_what_is_under_way_and_tells_what_is_left() -> None:
    def until_five(fake: Fake) -> None:
        fake.left = "a leg is open" if fake.turns < 5 else ""

    works, never = Fake("works", until_five), Fake("never", lambda _: None)
    never.left = "a leg is open"
    traders, alarms, _ = made(works, never)

    async def story() -> None:
        await for_s(traders, 1.5)
        await traders.leave(look=True)

    run_virtual(story())
    assert works.turns == 5
    assert works.stopping()
    assert alarms.told == [(logs.STOP_INCOMPLETE, "never")]
    assert (works.cancelled, never.cancelled) == ([True], [True])


def test_what_can_not_be_told_at_a_stop_is_told_as_that() -> None:
    fake = Fake("blind", lambda _: None)
    fake.left = "?"
    traders, alarms, _ = made(fake)

    async def story() -> None:
        await for_s(traders, 1)
        await traders.leave(look=False)

    run_virtual(story())
    assert alarms.told == [(logs.STOP_INCOMPLETE, "blind")]


def test_once_ends_when_every_hedge_has_decided_and_sends_once() -> None:
    def acts(fake: Fake) -> TraderOutcome:
        return outcome(fake.name, sent=fake.turns == 2, settled=fake.turns > 3)

    busy, calm = Fake("busy", acts), Fake("calm", lambda _: None)
    traders, _, _ = made(busy, calm)
    run_virtual(traders.run(once=True))
    assert (busy.turns, calm.turns) == (4, 1)
    assert busy.held == [False, False, True, True]
    assert [(told.hedge, told.sent) for told in traders.outcomes] == [("busy", True), ("calm", False)]
    assert not traders.stuck


def test_once_tells_what_came_of_what_it_sent() -> None:
    """The trades of an order may be known only in a later turn, whose own verdict says nothing of the decision."""

    def acts(fake: Fake) -> TraderOutcome:
        state = "even" if fake.turns == 3 else "open"
        facts = {"trade": {"state": state}, "orders": fake.turns, "crossing": None}
        return outcome(fake.name, sent=fake.turns == 1, settled=fake.turns > 2, facts=facts)

    traders, _, _ = made(Fake("gap", acts))
    run_virtual(traders.run(once=True))
    (told,) = traders.outcomes
    assert told.sent
    assert told.facts == {"trade": {"state": "even"}, "orders": 1, "crossing": None}


def test_once_does_not_wait_for_ever() -> None:
    undecided = Fake("undecided", lambda fake: outcome(fake.name, settled=False, stuck=True))
    traders, _, _ = made(undecided)
    run_virtual(traders.run(once=True))
    assert undecided.turns == 120
    assert traders.stuck
