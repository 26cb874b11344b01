"""WebSockets through both shells: what the venue's channel says reaches the client, and the other way round."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp import WSMsgType

from bot.paper.client import local_session
from bot.paper.embedded import serve_paper
from bot.paper.session import LocalSession
from bot.paper.wire.channel import Ping, Text
from bot.runtime.clock import SystemClock
from bot.runtime.virtual import VirtualClock, run_virtual
from tests.paper_server.aviary import URL, both, make_world, opened, texts


@both
async def test_the_venue_speaks_first_and_answers(shell: str) -> None:
    async with opened(shell) as (session, _), session.ws_connect(URL) as socket:
        assert await texts(socket, 1) == ["welcome /ws/0?listenKey=k"]

        await socket.send_str("hello")

        assert await texts(socket, 1) == ["hello True"]


@both
async def test_what_happens_meanwhile_is_pushed(shell: str) -> None:
    async with opened(shell) as (session, aviary), session.ws_connect(URL) as socket:
        await texts(socket, 1)

        aviary.parrots[0].due.append(Text(text="news"))

        assert await texts(socket, 1) == ["news"]


@both
async def test_a_ping_of_the_venue_reaches_a_client_that_answers_itself(shell: str) -> None:
    async with opened(shell) as (session, aviary), session.ws_connect(URL, autoping=False) as socket:
        await texts(socket, 1)
        aviary.parrots[0].due.append(Ping(payload=b"42"))

        async with asyncio.timeout(5):
            message = await socket.receive()

        assert (message.type, message.data) == (WSMsgType.PING, b"42")
        await socket.pong(message.data)


@both
async def test_a_ping_of_the_client_is_answered(shell: str) -> None:
    async with opened(shell) as (session, _), session.ws_connect(URL, autoping=False) as socket:
        await texts(socket, 1)

        await socket.ping(b"7")

        async with asyncio.timeout(5):
            message = await socket.receive()
        assert (message.type, bytes(message.data)) == (WSMsgType.PONG, b"7")


@both
async def test_the_venue_hangs_up_with_a_code_and_says_nothing_after_it(shell: str) -> None:
    async with opened(shell) as (session, _), session.ws_connect(URL, autoclose=False) as socket:
        await texts(socket, 1)
        await socket.send_str("bye")
        assert await texts(socket, 1) == ["bye True"]

        async with asyncio.timeout(5):
            message = await socket.receive()

        assert (message.type, message.data) == (WSMsgType.CLOSE, 1008)
        await socket.close()
        assert socket.closed


@both
async def test_a_refused_handshake_has_its_status(shell: str) -> None:
    async with opened(shell) as (session, aviary):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with session.ws_connect("wss://stream.binance.com:9443/ws/0"):
                pass

        assert caught.value.status == 401
        assert not aviary.parrots


@both
async def test_a_host_of_nobody_is_not_found(shell: str) -> None:
    async with opened(shell) as (session, _):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with session.ws_connect("wss://ws.okx.com:8443/ws/v5/public"):
                pass

        assert caught.value.status == 404


@both
async def test_a_client_that_hangs_up_is_polled_no_more(shell: str) -> None:
    async with opened(shell) as (session, aviary):
        async with session.ws_connect(URL) as socket:
            await texts(socket, 1)
        assert socket.closed
        polls = aviary.parrots[0].polls

        async with session.ws_connect(URL) as another:
            await texts(another, 1)
            for _ in range(3):
                await another.send_str("hello")
                await texts(another, 1)

        assert aviary.parrots[0].polls <= polls + 1


async def test_sockets_end_when_the_world_stops_being_served() -> None:
    world, _ = make_world(SystemClock().now_ms)
    async with serve_paper(time_ms=world.now_ms, world=world) as served:
        session = local_session(served.host, served.port, served.ca)
        socket = await session.ws_connect(URL)
        await texts(socket, 1)
    async with asyncio.timeout(5), session:
        message = await socket.receive()
    assert (message.type, message.data) == (WSMsgType.CLOSE, 1001)


async def test_sockets_end_with_the_session_in_process() -> None:
    world, _ = make_world(SystemClock().now_ms)
    session = LocalSession(world)
    socket = await session.ws_connect(URL)
    await session.close()

    assert socket.closed
    assert [(await socket.receive()).type for _ in range(2)] == [WSMsgType.CLOSED] * 2
    with pytest.raises(ConnectionResetError):
        await socket.send_str("hello")
    with pytest.raises(RuntimeError, match="closed"):
        await session.ws_connect(URL)


async def test_a_proxy_is_refused_in_process() -> None:
    with pytest.raises(ValueError, match="proxy"):
        await LocalSession(make_world(SystemClock().now_ms)[0]).ws_connect(URL, proxy="http://127.0.0.1:1")


async def test_receive_in_process_times_out() -> None:
    socket = await LocalSession(make_world(SystemClock().now_ms)[0]).ws_connect(URL)
    await texts(socket, 1)
    with pytest.raises(TimeoutError):
        await socket.receive(timeout=0.01)


def test_hours_of_silence_pass_at_once_on_virtual_time() -> None:
    async def story() -> tuple[list[str], float]:
        world, aviary = make_world(VirtualClock().now_ms)
        loop = asyncio.get_running_loop()
        socket = await LocalSession(world, poll_s=60).ws_connect(URL)
        heard = [(await socket.receive()).data]
        loop.call_later(6 * 3600, lambda: aviary.parrots[0].due.append(Text(text="at last")))
        heard.append((await socket.receive()).data)
        return heard, loop.time()

    heard, now_s = run_virtual(story())

    assert heard == ["welcome /ws/0?listenKey=k", "at last"]
    assert 6 * 3600 <= now_s <= 6 * 3600 + 60
