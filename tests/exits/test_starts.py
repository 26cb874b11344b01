"""What a start does with proceeds that lie elsewhere: on another account, or of another coin."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path
from typing import cast

import pytest

from bot.domain.control import ControlKind
from bot.domain.errors import StartFault
from bot.domain.exits import CrossingKind, CrossingRecord, CrossingState, ExitState
from bot.domain.ids import Asset, VenueName
from bot.domain.proceeds import CrossingId, Flow, WriteOff
from bot.ports import ExitJournal
from bot.runtime.start import refuse_moved_exits
from tests.core.exits import NAME, POLICY, USDT, Desk, gone_out
from tests.exits.calm import Calm, play, settings

ELSEWHERE = '\n[venues.elsewhere]\nexchange = "okx"\nenvironment = "paper"\nstreams = false\n'


class Book:
    """What a start asks of a journal."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def crossings(self, _hedge: str) -> list[CrossingRecord]:
        return self.desk.crossings

    def flows(self, _hedge: str) -> list[Flow]:
        return self.desk.flows

    def write_offs(self, _hedge: str) -> list[WriteOff]:
        return self.desk.write_offs


def start(desk: Desk, *, venue: str = "main", asset: str = "BTC") -> str:
    """What a start with that place says; empty when it may."""
    policy = replace(POLICY, venue=VenueName(venue), asset=Asset(asset))
    try:
        refuse_moved_exits([policy], cast(ExitJournal, Book(desk)))
    except StartFault as fault:
        return f"{fault.message}; {fault.hint}"
    return ""


def gone(amount: D, at_ms: int) -> WriteOff:
    return WriteOff(hedge=NAME, asset=USDT, amount=amount, owned=amount, balance=D(0), at_ms=at_ms)


def test_where_its_proceeds_are_a_hedge_goes_on() -> None:
    assert start(Desk(), venue="elsewhere") == "", "it never exchanged anything"
    assert start(gone_out(Desk())) == ""


@pytest.mark.parametrize("moved", [{"venue": "elsewhere"}, {"asset": "ETH"}])
def test_proceeds_that_lie_elsewhere_refuse_the_start(moved: dict[str, str]) -> None:
    desk = gone_out(Desk(policy=replace(POLICY, basket={USDT: D(1)})))
    said = start(desk, **moved)
    assert "still owns 88910.99" in said
    assert "sold BTC on main" in said
    assert "another name" in said
    desk.write_offs.append(gone(desk.owned()[USDT], desk.now_ms))
    assert start(desk, **moved) == "", "nothing of it is left"


def test_a_crossing_that_is_not_over_elsewhere_refuses_the_start() -> None:
    desk = Desk(policy=replace(POLICY, slice_notional=D(10_000)), price=D(80_000))
    desk.turn()
    assert desk.crossings[-1].state is CrossingState.OPEN
    assert "its exit there is not over" in start(desk, venue="elsewhere")


def test_the_small_change_of_a_whole_round_trip_does_not_refuse_the_start() -> None:
    desk = gone_out(Desk(policy=replace(POLICY, basket={USDT: D(1)})))
    desk.price = D(97_123)
    desk.ask(CrossingKind.ENTER)
    assert desk.turns(8)[-1].view.state is ExitState.IN
    assert 0 < desk.owned()[USDT] < 5
    assert start(desk, venue="elsewhere") == ""


def test_what_it_has_got_since_at_the_new_place_is_of_that_place() -> None:
    desk = gone_out(Desk(policy=replace(POLICY, basket={USDT: D(1)})))
    first, mine = desk.crossings[0], desk.owned()[USDT]
    later = CrossingRecord(
        crossing=replace(first.crossing, crossing_id=CrossingId("later"), created_ms=desk.now_ms + 2_000),
        state=CrossingState.DONE,
        coins_done=D(1),
        quote_done=D(80_000),
        detail="",
        updated_ms=desk.now_ms + 3_000,
    )
    desk.crossings.append(later)
    desk.crossings[0] = replace(first, crossing=replace(first.crossing, venue=VenueName("elsewhere")))
    desk.flows.append(Flow(asset=USDT, amount=D(80_000), crossing_id=CrossingId("later"), market=USDT))
    assert "still owns" in start(desk), "an earlier start took it along"
    desk.write_offs.append(gone(mine, desk.now_ms + 1_000))
    assert start(desk) == ""
    desk.write_offs.append(gone(D(70_000), desk.now_ms + 9_000))
    assert start(desk) == ""
    del desk.write_offs[0]
    assert "still owns" in start(desk)
    desk.write_offs.append(gone(desk.owned()[USDT], desk.now_ms + 10_000))
    assert start(desk) == "", "nothing is left that it could spend"


def test_a_start_with_another_account_spends_nothing_there(tmp_path: Path) -> None:
    async def story(calm: Calm) -> None:
        calm.say(ControlKind.EXIT)
        await calm.until(lambda seen: seen.crossed(1), within_s=300)
        calm.stage.cut()
        text = calm.stage.settings_path.read_text("utf-8")
        moved = text.replace('venue  = "main"', 'venue  = "elsewhere"') + ELSEWHERE
        calm.stage.settings_path.write_text(moved, "utf-8")
        calm.stage.start()
        await calm.run(3)
        assert "on main and is now of BTC on elsewhere" in calm.stage.starts_failed[0]
        calm.stage.settings_path.write_text(text, "utf-8")
        calm.say(ControlKind.ENTER)
        await calm.until(lambda seen: seen.crossed(2), within_s=300)

    play(story, tmp_path, text=settings("binance"))
