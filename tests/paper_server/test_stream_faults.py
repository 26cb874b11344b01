"""Every kind of fault on streams: its order of frames, and that both shells carry it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType

from bot.paper import admin
from bot.paper.faults import Fault, FaultKind
from bot.paper.stream_faults import FaultyChannel, StreamFault, StreamFaultKind, StreamFaultSchedule
from bot.paper.wire.channel import Close, Frame, Ping, Text
from bot.paper.wire.http import Request
from tests.paper_server.aviary import URL, Parrot, both, make_world, on_stage, texts

SOCKET = "/ws/0"


class Line:
    """A channel under test, whose venue says what it is told to say."""

    def __init__(self, *faults: StreamFault, heartbeats: tuple[str, ...] = ()) -> None:
        self.schedule = StreamFaultSchedule()
        for fault in faults:
            self.schedule.add(fault)
        self.parrot = Parrot(Request(method="GET", host="h", path=SOCKET, now_ms=0))
        self.parrot.due.clear()
        self.expired: list[int] = []
        self.channel = FaultyChannel(
            self.parrot,
            venue="binance",
            path=SOCKET,
            faults=self.schedule,
            heartbeats=heartbeats,
            expire=self.expired.append,
        )

    def hears(self, *said: str, at_ms: int = 0) -> list[str]:
        """What the client hears when the venue says this."""
        self.parrot.due += [Text(text=text) for text in said]
        return [frame.text if isinstance(frame, Text) else repr(frame) for frame in self.channel.frames(at_ms)]


def fault(kind: StreamFaultKind, **given: Any) -> StreamFault:  # noqa: ANN401 - the fields of a fault
    return StreamFault(venue="binance", kind=kind, **given)


def test_a_gap_loses_as_many_frames_as_told() -> None:
    line = Line(fault(StreamFaultKind.GAP, count=2))
    assert line.hears("a", "b", "c") == ["c"]
    assert line.schedule.pending == ()


def test_a_gap_that_lasts_loses_all_until_it_is_over() -> None:
    line = Line(fault(StreamFaultKind.GAP, for_s=10))
    assert line.hears("a") == []
    assert line.hears("b", at_ms=9_999) == []
    assert line.hears("c", at_ms=10_000) == ["c"]


def test_a_duplicate_comes_twice() -> None:
    assert Line(fault(StreamFaultKind.DUPLICATE)).hears("a", "b") == ["a", "a", "b"]


def test_two_frames_change_places() -> None:
    line = Line(fault(StreamFaultKind.REORDER))
    assert line.hears("a") == []
    assert line.hears("b", "c") == ["b", "a", "c"]


def test_a_stall_holds_everything_back_and_lets_it_come_old() -> None:
    line = Line(fault(StreamFaultKind.STALL, for_s=5))
    assert line.hears("a", at_ms=1_000) == []
    line.parrot.due.append(Ping())
    assert line.hears("b", at_ms=3_000) == [repr(Ping())]
    assert line.hears("c", at_ms=6_000) == ["a", "b", "c"]


def test_a_stall_ends_when_faults_are_cleared() -> None:
    line = Line(fault(StreamFaultKind.STALL))
    assert line.hears("a") == []
    line.schedule.clear()
    assert line.hears("b") == ["a", "b"]


def test_what_only_says_that_the_venue_is_there_passes_always() -> None:
    line = Line(fault(StreamFaultKind.STALL), heartbeats=("pong",))
    assert line.hears("pong", "news") == ["pong"]


def test_a_fault_strikes_its_channel_and_its_path_only() -> None:
    line = Line(
        fault(StreamFaultKind.GAP, channel="mark", for_s=60),
        fault(StreamFaultKind.DUPLICATE, path="/elsewhere"),
        StreamFault(venue="okx", kind=StreamFaultKind.DUPLICATE),
    )
    assert line.hears("mark 1", "book 1", "mark 2") == ["book 1"]


def test_a_close_ends_the_connection() -> None:
    line = Line(fault(StreamFaultKind.CLOSE))
    (closed,) = line.channel.frames(0)
    assert isinstance(closed, Close)
    assert line.hears("a") == ["a"]


def test_listen_keys_expire_when_a_connection_looks() -> None:
    line = Line(fault(StreamFaultKind.LISTEN_KEY_EXPIRED))
    line.hears(at_ms=7)
    line.hears(at_ms=8)
    assert line.expired == [7]


def said(*told: str) -> list[Frame]:
    return [Text(text=text) for text in told]


@both
@pytest.mark.parametrize(
    ("kind", "heard"),
    [
        (StreamFaultKind.GAP, ["b", "c"]),
        (StreamFaultKind.DUPLICATE, ["a", "a", "b", "c"]),
        (StreamFaultKind.REORDER, ["b", "a", "c"]),
        (StreamFaultKind.STALL, ["a", "b", "c"]),
    ],
)
async def test_frames_suffer_behind_both_shells(shell: str, kind: StreamFaultKind, heard: list[str]) -> None:
    async with on_stage(shell) as (session, aviary, world), session.ws_connect(URL) as socket:
        await texts(socket, 1)
        world.stream_faults.add(fault(kind, for_s=0.3 if kind is StreamFaultKind.STALL else None))

        aviary.parrots[0].due += said("a", "b", "c")

        assert await texts(socket, len(heard)) == heard


@both
async def test_a_connection_ends_and_keys_expire_behind_both_shells(shell: str) -> None:
    async with on_stage(shell) as (session, aviary, world), session.ws_connect(URL) as socket:
        await texts(socket, 1)
        world.stream_faults.add(fault(StreamFaultKind.LISTEN_KEY_EXPIRED))
        world.stream_faults.add(fault(StreamFaultKind.CLOSE))

        async with asyncio.timeout(5):
            message = await socket.receive()

        assert message.type in {WSMsgType.CLOSE, WSMsgType.CLOSED}
        assert len(aviary.expired_ms) == 1


@both
async def test_no_connection_opens_while_the_venue_is_away(shell: str) -> None:
    async with on_stage(shell) as (session, aviary, world):
        world.faults.add(Fault(venue="binance", path="*", kind=FaultKind.DROP_BEFORE, count=3))
        world.faults.add(Fault(venue="binance", path="*", kind=FaultKind.BANNED))

        with pytest.raises(aiohttp.ServerDisconnectedError):
            await session.ws_connect(URL)
        world.faults.take("binance", Request(method="GET", host="h", path="/", now_ms=0))
        world.faults.take("binance", Request(method="GET", host="h", path="/", now_ms=0))
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await session.ws_connect(URL)

        assert caught.value.status == 418
        assert aviary.parrots == []


def test_the_operator_plans_and_clears_them() -> None:
    world, _ = make_world(lambda: 0)

    def say(path: str, **body: object) -> int:
        sent = json.dumps(body).encode()
        return admin.handle(world, method="POST", path=path, headers={"Host": "localhost"}, body=sent).status

    assert say("/stream-fault", venue="binance", kind="ws-gap", channel="markPrice", count=3) == 200
    assert say("/stream-fault", venue="binance", kind="ws-stall", for_s=20) == 200
    assert say("/stream-fault", venue="binance", kind="drop-before") == 400
    gap, stall = world.stream_faults.pending
    assert (gap.kind, gap.channel, gap.count) == (StreamFaultKind.GAP, "markPrice", 3)
    assert (stall.for_s, stall.path) == (20, "*")
    assert say("/clear-faults") == 200
    assert world.stream_faults.pending == ()
