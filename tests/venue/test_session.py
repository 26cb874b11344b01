"""R20 on real sockets: a request is sent once, and only to the host that it was addressed to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial

import aiohttp
import certifi
import pytest
from ccxt.async_support.binance import binance as Binance  # noqa: N812 - a class
from yarl import URL

from bot.domain.errors import InvariantBroken, VenueRejected, VenueUnreachable
from bot.domain.ids import VenueName
from bot.paper.embedded import serve_paper
from bot.runtime.clock import SystemClock
from bot.venue.binance import WAYS
from bot.venue.binance.family import LINEAR
from bot.venue.client import check_client, make_client
from bot.venue.endpoint import Endpoint
from bot.venue.link import Link
from bot.venue.session import OnceSession
from bot.venue.throttle import Throttle
from tests.venue.wire import EPOCH_MS, KEY, Anything, spec

Answer = Callable[[int], bytes]
"""What the n-th request of a server is answered with, from 1; nothing drops the connection."""


def answer(status: int, body: object, *headers: str) -> bytes:
    payload = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} x", "Content-Type: application/json", f"Content-Length: {len(payload)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + payload


class Server:
    """A plain HTTP server that keeps connections alive."""

    def __init__(self, reply: Answer) -> None:
        self._reply = reply
        self.heard: list[str] = []
        self.connections = 0
        self.all_gone = asyncio.Event()
        self.url = ""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
                await reader.readexactly(int(fields.get("Content-Length", "0")))
                self.heard.append(head)
                said = self._reply(len(self.heard))
                if not said:
                    break
                writer.write(said)
        writer.close()
        self.all_gone.set()


@asynccontextmanager
async def serving(reply: Answer) -> AsyncIterator[Server]:
    server = Server(reply)
    async with await asyncio.start_server(server.talk, "127.0.0.1", 0) as listening:
        server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield server


@pytest.fixture(params=["own session", "given session"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[Anything]:
    """A ccxt client; only after it was checked for where it points is it led to a local server."""
    async with AsyncExitStack() as stack:
        given = None
        if request.param == "given session":
            given = await stack.enter_async_context(aiohttp.ClientSession())
        made = make_client(spec("live"), WAYS, time_ms=lambda: EPOCH_MS, session=given)
        stack.push_async_callback(made.close)
        yield made


def link_to(client: Anything, server: Server) -> Link:
    client.urls["api"] = {name: f"{server.url}/{name}" for name in client.urls["api"]}
    # The hosts are held elsewhere (test_start.py); here a server of plain HTTP must be reached.
    client.fetch = partial(Binance.fetch, client)
    clock, name = SystemClock(), VenueName("main")
    throttle = Throttle(name=name, limits=WAYS.limits, clock=clock)
    return Link(name=name, ways=WAYS, client=client, throttle=throttle, clock=clock)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("endpoint", [LINEAR.place, LINEAR.account, LINEAR.cancel])
async def test_r20_a_redirect_is_not_followed(client: Anything, status: int, endpoint: Endpoint) -> None:
    async with (
        serving(lambda _: answer(200, {"stolen": True})) as elsewhere,
        serving(lambda _: answer(status, {}, f"Location: {elsewhere.url}/fapi/v1/order")) as server,
    ):
        with pytest.raises(VenueUnreachable, match=str(status)):
            await link_to(client, server).ask(endpoint, lambda body: body)
        assert [KEY in head for head in server.heard] == [True]
        assert elsewhere.connections == 0


@pytest.mark.parametrize("endpoint", [LINEAR.place, LINEAR.account, LINEAR.cancel])
async def test_r20_a_dropped_connection_repeats_nothing(client: Anything, endpoint: Endpoint) -> None:
    """The first answer leaves the connection alive; the second request falls into its end."""
    async with serving(lambda count: answer(200, {}) if count == 1 else b"") as server:
        link = link_to(client, server)
        assert await link.ask(LINEAR.account, lambda body: body) == {}
        with pytest.raises(VenueUnreachable, match="no answer"):
            await link.ask(endpoint, lambda body: body)
        assert (len(server.heard), server.connections) == (2, 1)


async def test_a_refusal_still_goes_by_the_table(client: Anything) -> None:
    async with serving(lambda _: answer(400, {"code": -2019, "msg": "Margin is insufficient."})) as server:
        with pytest.raises(VenueRejected, match="-2019"):
            await link_to(client, server).ask(LINEAR.place, lambda body: body)


async def test_a_session_of_our_own_is_closed_and_sends_nothing_more() -> None:
    client = make_client(spec("live"), WAYS, time_ms=lambda: EPOCH_MS, session=None)
    async with serving(lambda _: answer(200, {})) as server:
        link = link_to(client, server)
        await link.ask(LINEAR.account, lambda body: body)
        await link.close()
        async with asyncio.timeout(5):
            await server.all_gone.wait()
        with pytest.raises(VenueUnreachable):
            await link.ask(LINEAR.account, lambda body: body)
        assert len(server.heard) == 1


async def test_a_client_that_sent_nothing_has_nothing_to_close() -> None:
    client = make_client(spec("live"), WAYS, time_ms=lambda: EPOCH_MS, session=None)
    await client.close()


async def test_a_given_session_stays_open() -> None:
    async with aiohttp.ClientSession() as given:
        client = make_client(spec("paper"), WAYS, time_ms=lambda: EPOCH_MS, session=given)
        await client.close()
        assert not given.closed


async def test_ccxt_must_not_open_a_session_by_itself() -> None:
    client = make_client(spec("live"), WAYS, time_ms=lambda: EPOCH_MS, session=None)
    client.own_session = True
    with pytest.raises(InvariantBroken, match="session"):
        check_client(spec("live"), client, WAYS.offer(spec("live")))
    client.own_session = False
    await client.close()


async def test_proxies_of_the_environment_are_not_used(client: Anything, monkeypatch: pytest.MonkeyPatch) -> None:
    async with (
        serving(lambda _: answer(200, {"proxied": True})) as proxy,
        serving(lambda _: answer(200, {})) as server,
    ):
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert await link_to(client, server).ask(LINEAR.account, lambda body: body) == {}
        assert proxy.connections == 0


async def test_an_unknown_certificate_is_not_trusted() -> None:
    session = OnceSession(None, cafile=certifi.where())
    async with serve_paper(time_ms=SystemClock().now_ms) as served:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            async with session.get(URL(f"https://{served.host}:{served.port}/fapi/v1/ping")):
                pass
    await session.close()


async def test_put_goes_the_same_way() -> None:
    session = OnceSession(None, cafile=certifi.where())
    async with serving(lambda _: answer(307, {}, "Location: /again")) as server:
        async with session.put(URL(server.url), data=b"a=1", allow_redirects=True) as response:
            assert response.status == 307
        assert len(server.heard) == 1
        await session.close()
