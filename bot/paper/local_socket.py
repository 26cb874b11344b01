"""The in-process end of a WebSocket: what ccxt.pro needs of `aiohttp.ClientWebSocketResponse`, without a socket."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import assert_never

from aiohttp import WSCloseCode, WSMessage, WSMsgType

from bot.paper.streams import Stream
from bot.paper.wire.channel import Close, Frame, Ping, Text

_CLOSED = WSMessage(WSMsgType.CLOSED, None, None)


class LocalSocket:
    """One open connection.

    Args:
        stream: the other end.
        poll_s: how often to look for news while nothing is sent, in seconds of the loop.
        forget: called once, when the connection has ended.
    """

    # ccxt drains aiohttp's own buffer through it when it is there.
    _conn: None = None

    def __init__(self, stream: Stream, *, poll_s: float, forget: Callable[[LocalSocket], None]) -> None:
        self._stream = stream
        self._poll_s = poll_s
        self._forget = forget
        self._inbox: deque[WSMessage] = deque()
        self._stirred = asyncio.Event()
        self._close_code: int | None = None

    @property
    def closed(self) -> bool:
        """Whether either side has ended it."""
        return self._close_code is not None

    @property
    def close_code(self) -> int | None:
        """The code it ended with; None while it is open."""
        return self._close_code

    async def receive(self, timeout: float | None = None) -> WSMessage:  # noqa: ASYNC109 - the signature is aiohttp's
        """The next message; CLOSE once when the venue ends the connection, CLOSED ever after.

        Raises:
            TimeoutError: none came within `timeout` seconds.
        """
        async with asyncio.timeout(timeout):
            while True:
                self._collect()
                if self._inbox:
                    return self._take()
                if self.closed:
                    return _CLOSED
                await self._wait()

    async def send_str(self, data: str, compress: int | None = None) -> None:
        """Send a text frame.

        Raises:
            ConnectionResetError: the connection has ended.
        """
        del compress
        if self.closed:
            raise ConnectionResetError("Cannot write to closing transport")
        self._stream.receive(data)
        self._stirred.set()
        # Whoever reads gets its turn, as with a socket.
        await asyncio.sleep(0)

    async def ping(self, message: bytes = b"") -> None:
        """Send a ping; the pong comes back at once."""
        self._inbox.append(WSMessage(WSMsgType.PONG, message, ""))
        self._stirred.set()

    async def pong(self, message: bytes = b"") -> None:
        """Answer a ping; venues only want to hear it on a real wire."""

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes = b"") -> bool:
        """End the connection. Returns whether it was open."""
        del message
        if self.closed:
            return False
        self._end(code)
        return True

    def exception(self) -> BaseException | None:
        """There is no wire to break."""
        return None

    async def _wait(self) -> None:
        self._stirred.clear()
        look = asyncio.get_running_loop().call_later(self._poll_s, self._stirred.set)
        try:
            await self._stirred.wait()
        finally:
            look.cancel()

    def _collect(self) -> None:
        if not self.closed:
            self._inbox.extend(_message(frame) for frame in self._stream.frames())

    def _take(self) -> WSMessage:
        message = self._inbox.popleft()
        if message.type is WSMsgType.CLOSE:
            self._end(message.data)
        return message

    def _end(self, code: int) -> None:
        self._close_code = code
        self._stirred.set()
        self._forget(self)


def _message(frame: Frame) -> WSMessage:
    match frame:
        case Text():
            return WSMessage(WSMsgType.TEXT, frame.text, "")
        case Ping():
            return WSMessage(WSMsgType.PING, frame.payload, "")
        case Close():
            return WSMessage(WSMsgType.CLOSE, frame.code, frame.reason)
        case _:
            assert_never(frame)
