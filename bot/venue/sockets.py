"""ccxt.pro on a short lead: it chooses addresses, signs and subscribes; connections, tasks and frames are ours.

By itself ccxt.pro starts tasks that outlive it, asks REST for snapshots past our rate limits, stops reading for good
when a frame surprises it, and tells addresses with tokens in its messages.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp import WSMsgType
from ccxt.async_support.base.ws.client import Client
from ccxt.base.errors import BaseError

from bot.domain.errors import InvariantBroken
from bot.ports import Clock
from bot.venue.errors import redact
from bot.venue.shapes import parse_json
from bot.venue.stream_wire import Broken

DIAL_S: Final = 10.0
PING_S: Final = 10.0
"""OKX hangs up after 30 s without a word; KuCoin asks for a ping every 18 s (their WebSocket documentation)."""
HANG_UP_S: Final = 0.5
"""A venue that does not answer our farewell is left without it."""
STUMBLES: Final = (BaseError, AttributeError, LookupError, TypeError, ValueError)
"""How ccxt fails over what it did not expect; the texts of its own errors hold addresses."""
FRAME_MAX: Final = 10_485_760
_TLS: Final = "wss"


class Connection(Client):
    """One WebSocket, as ccxt sees it; it lives and ends within a task group of ours.

    Args:
        url: may hold a token, and is never told.
        exchange: the ccxt client that it belongs to.
        lead: where it lives.
    """

    connected: Any
    ping: Any

    def __init__(self, url: str, exchange: Any, lead: Lead) -> None:  # noqa: ANN401 - ccxt is untyped
        super().__init__(  # type: ignore[no-untyped-call]
            url,
            exchange.handle_message,
            exchange.on_error,
            exchange.on_close,
            exchange.on_connected,
            {**exchange.streaming, "options": {}},
        )
        self.heard_ms: int | None = None
        self._exchange = exchange
        self._lead = lead
        self._outbox: asyncio.Queue[str] = asyncio.Queue()

    def future(self, message_hash: str) -> Any:  # noqa: ANN401 - ccxt's own
        """As ccxt's, but a refusal that nobody waits for is no complaint of the event loop."""
        future = super().future(message_hash)  # type: ignore[no-untyped-call]
        future.add_done_callback(_seen)
        return future

    def connect(self, session: object, backoff_delay: float = 0) -> Any:  # noqa: ANN401 - ccxt's own
        """Begin to connect; the caller of the line waits between attempts, not we."""
        del backoff_delay
        if not self.connecting:
            self.connecting = True
            self._lead.group.create_task(self._live(session))
        return self.connected

    async def send(self, message: object) -> None:
        """Have a frame sent as soon as it can be."""
        self._outbox.put_nowait(message if isinstance(message, str) else json.dumps(message, separators=(",", ":")))

    async def close(self, code: int = 1000) -> None:
        """Nothing: it ends with its task."""
        del code

    async def _live(self, session: Any) -> None:  # noqa: ANN401 - aiohttp's session or the paper exchange's
        try:
            async with asyncio.timeout(DIAL_S):
                socket = await session.ws_connect(
                    self.url, autoping=False, autoclose=False, compress=15, max_msg_size=FRAME_MAX
                )
        except aiohttp.WSServerHandshakeError as fault:
            raise Broken(f"the venue refuses the connection with HTTP {fault.status}") from None
        except (aiohttp.ClientError, OSError, TimeoutError, RuntimeError) as fault:
            raise Broken(f"no connection ({type(fault).__name__})") from None
        self.connection = socket
        try:
            self.connected.resolve(self.url)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._write(socket))
                group.create_task(self._ping(socket))
                group.create_task(self._read(socket))
        finally:
            await _hang_up(socket)

    async def _read(self, socket: Any) -> None:  # noqa: ANN401 - as above
        while True:
            message = await _kept(socket.receive())
            match message.type:
                case WSMsgType.TEXT:
                    self._heard()
                    self._take(message.data)
                case WSMsgType.PING:
                    self._heard()
                    await _kept(socket.pong(message.data))
                case WSMsgType.PONG:
                    self._heard()
                case WSMsgType.CLOSE | WSMsgType.CLOSING | WSMsgType.CLOSED:
                    raise Broken(f"the venue closed the connection ({socket.close_code})")
                case _:
                    raise Broken(f"a frame can't be read ({message.type.name})")

    def _heard(self) -> None:
        self.heard_ms = self._lead.clock.now_ms()

    def _take(self, text: str) -> None:
        try:
            message = parse_json(text) if text.startswith(("{", "[")) else text
        except ValueError:
            raise Broken("a frame is no JSON") from None
        self._exchange.handle_message(self, message)

    async def _write(self, socket: Any) -> None:  # noqa: ANN401 - as above
        while True:
            await _kept(socket.send_str(await self._outbox.get()))

    async def _ping(self, socket: Any) -> None:  # noqa: ANN401 - as above
        """Ping in the venue's own words where it has some.

        Else on the wire, and at once, so that even a venue that has nothing to tell is heard.
        """
        if not self.ping:
            await _kept(socket.ping())
        while True:
            await self._lead.clock.sleep(PING_S)
            if self.ping:
                await self.send(self.ping(self))
            else:
                await _kept(socket.ping())


async def _kept(step: Awaitable[Any]) -> Any:  # noqa: ANN401 - aiohttp's messages and the paper exchange's
    try:
        return await step
    except (aiohttp.ClientError, OSError) as fault:
        raise Broken(f"the connection broke ({type(fault).__name__})") from None


async def _hang_up(socket: Any) -> None:  # noqa: ANN401 - aiohttp's, or the paper exchange's
    try:
        async with asyncio.timeout(HANG_UP_S):
            await socket.close()
    except (aiohttp.ClientError, OSError, TimeoutError):
        return


def _seen(future: asyncio.Future[object]) -> None:
    if not future.cancelled():
        future.exception()


class Lead:
    """What a line gives to its ccxt client.

    Args:
        group: where connections live.
        clock: our time.
        hosts: that it may connect to, as in `StreamWays.hosts`.
        take: given each parsed frame; true when ccxt must see it too. Raises Broken, ValueError.
    """

    def __init__(
        self, *, group: asyncio.TaskGroup, clock: Clock, hosts: Collection[str], take: Callable[[object], bool]
    ) -> None:
        self.group = group
        self.clock = clock
        self.hosts = hosts
        self.take = take

    def check(self, url: str) -> None:
        """Raise Broken when streams may not come from there."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        allowed = any(host == known or (known.startswith(".") and host.endswith(known)) for known in self.hosts)
        if parts.scheme != _TLS or not allowed:
            raise Broken(f"{parts.scheme}://{host} is no place for this environment's streams", refused=True)


class Streaming:
    """What our ccxt.pro clients have before ccxt's own. To be named first: `class Streams(Streaming, Exact, pro)`."""

    clients: dict[str, Connection]
    asyncio_loop: object
    _lead: Lead | None = None

    def lead(self, lead: Lead) -> None:
        """Begin to serve a line."""
        self._lead = lead

    def open(self, lazy: bool = False) -> None:  # noqa: FBT001, FBT002 - ccxt's own signature
        """Nothing but the loop: the session is ours."""
        del lazy
        self.asyncio_loop = asyncio.get_running_loop()

    def seconds(self) -> int:
        """Venue time; ccxt signs logins with it, and would take the host's."""
        now_ms: int = self.milliseconds()  # type: ignore[attr-defined] # of `Exact` behind us
        return now_ms // 1000

    def client(self, url: str) -> Connection:
        """The connection to an address, made when there is none. Raises Broken for an address that is not allowed."""
        if self._lead is None:
            raise InvariantBroken("a stream client is used before it serves a line")
        if url not in self.clients:
            self._lead.check(url)
            self.clients[url] = Connection(url, self, self._lead)
        return self.clients[url]

    def handle_message(self, client: Connection, message: object) -> None:
        """Read a frame; ccxt sees what belongs to the conversation. Raises Broken."""
        assert self._lead is not None
        try:
            protocol = self._lead.take(message)
        except ValueError as fault:
            raise Broken(f"a frame can't be believed: {redact(str(fault))}") from None
        if protocol:
            try:
                super().handle_message(client, message)  # type: ignore[misc] # of the ccxt class behind us
            except STUMBLES as fault:
                raise Broken(f"ccxt can't read a frame ({type(fault).__name__})") from None

    async def fetch(self, url: str, method: str = "GET", headers: object = None, body: object = None) -> object:
        """No request leaves from here: what streams need of REST is asked for through the link, which counts it."""
        del headers, body
        raise InvariantBroken(f"ccxt.pro wants to send {method} {urlsplit(url).path} by itself")
