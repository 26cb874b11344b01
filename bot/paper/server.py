"""The thin shell that carries the paper world over TLS, and its admin interface over plain HTTP, on 127.0.0.1 only."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final

from aiohttp import WSCloseCode, WSMsgType, web

from bot.paper import admin
from bot.paper.faults import Drop
from bot.paper.streams import POLL_S, Stream
from bot.paper.wire.channel import Close, Ping, Text
from bot.paper.wire.http import Request, Response
from bot.paper.world import World

LISTEN_HOST: Final = "127.0.0.1"
_STOP_WITHIN_S: Final = 0.1
"""A request that still waits has taken its effect already; only its answer is lost."""
_HOP_HEADERS: Final = frozenset({"content-length", "transfer-encoding", "connection"})


class PortTaken(Exception):
    """Nothing can listen on the port.

    Args:
        port: the port that was asked for.
        reason: the system's words.
    """

    def __init__(self, port: int, reason: str) -> None:
        super().__init__(f"port {port} on {LISTEN_HOST}: {reason}")
        self.port = port
        self.reason = reason


def _host_of(request: web.BaseRequest) -> str:
    return request.host.rsplit(":", 1)[0].lower()


def _request_of(world: World, request: web.BaseRequest, body: bytes) -> Request:
    # The target exactly as it was sent: signatures cover these very characters.
    path, _, query = request.raw_path.partition("?")
    return Request(
        method=request.method,
        host=_host_of(request),
        path=path,
        query=query,
        headers=request.headers,
        body=body,
        now_ms=world.now_ms(),
    )


async def _answer(world: World, sockets: set[web.WebSocketResponse], request: web.BaseRequest) -> web.StreamResponse:
    if request.headers.get("Upgrade", "").lower() == "websocket":
        return await _connect(world, sockets, request)
    outcome = world.handle(_request_of(world, request, await request.read()))
    await asyncio.sleep(outcome.delay_s)
    if isinstance(outcome, Drop):
        return _dropped(request)
    return _web_response(outcome.response)


def _dropped(request: web.BaseRequest) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close()
    return web.Response()


def _web_response(response: Response) -> web.Response:
    headers = {name: value for name, value in response.headers.items() if name.lower() not in _HOP_HEADERS}
    return web.Response(status=response.status, headers=headers, body=response.body)


async def _connect(world: World, sockets: set[web.WebSocketResponse], request: web.BaseRequest) -> web.StreamResponse:
    """Carry one WebSocket until either side ends it."""
    stream = world.connect(_request_of(world, request, b""))
    if isinstance(stream, Drop):
        return _dropped(request)
    if isinstance(stream, Response):
        return _web_response(stream)
    socket = web.WebSocketResponse(timeout=_STOP_WITHIN_S, compress=False)
    await socket.prepare(request)
    sockets.add(socket)
    try:
        await _carry(stream, socket)
    except ConnectionError:
        # The client has gone in the middle of a frame; there is nobody left to tell.
        pass
    finally:
        sockets.discard(socket)
    return socket


async def _carry(stream: Stream, socket: web.WebSocketResponse) -> None:
    while not socket.closed:
        for frame in stream.frames():
            match frame:
                case Text():
                    await socket.send_str(frame.text)
                case Ping():
                    await socket.ping(frame.payload)
                case Close():
                    await socket.close(code=frame.code, message=frame.reason.encode())
                    return
        try:
            message = await socket.receive(timeout=POLL_S)
        except TimeoutError:
            continue
        if message.type is WSMsgType.TEXT:
            stream.receive(message.data)
        elif message.type is not WSMsgType.PONG:
            # CLOSE and ERROR; no venue takes binary frames.
            await socket.close()


async def _administer(world: World, request: web.BaseRequest) -> web.StreamResponse:
    reply = admin.handle(
        world, method=request.method, path=request.path, headers=request.headers, body=await request.read()
    )
    return web.Response(status=reply.status, body=reply.body, content_type="application/json")


@asynccontextmanager
async def _listening(handler: web.Server, port: int, context: ssl.SSLContext | None) -> AsyncIterator[int]:
    runner = web.ServerRunner(handler, shutdown_timeout=_STOP_WITHIN_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, LISTEN_HOST, port, ssl_context=context)
        try:
            await site.start()
        except OSError as error:
            raise PortTaken(port, error.strerror or str(error)) from None
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def _hang_up(sockets: set[web.WebSocketResponse]) -> None:
    for socket in tuple(sockets):
        await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the paper exchange stops")


@asynccontextmanager
async def serving(
    world: World, *, certificates: ssl.SSLContext, port: int = 0, admin_port: int = 0
) -> AsyncIterator[tuple[int, int]]:
    """Serve the world until the context ends.

    Args:
        world: what answers.
        certificates: the server's TLS context.
        port: where the venues are served; 0 picks a free port.
        admin_port: where the admin interface is served; 0 picks a free port.

    Yields:
        The two ports, venues first.

    Raises:
        PortTaken: one of the ports can't be listened on.
    """
    async with AsyncExitStack() as stack:
        sockets: set[web.WebSocketResponse] = set()
        venues = web.Server(partial(_answer, world, sockets), access_log=None)
        listen = await stack.enter_async_context(_listening(venues, port, certificates))
        stack.push_async_callback(_hang_up, sockets)
        operator = web.Server(partial(_administer, world), access_log=None)
        control = await stack.enter_async_context(_listening(operator, admin_port, None))
        yield listen, control
