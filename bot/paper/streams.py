"""One open WebSocket of the paper world, without a socket: what both shells poll."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from bot.paper.wire.channel import Channel, Close, Frame

POLL_S: Final = 0.1
"""How often a shell asks for frames while the client is silent."""


class Stream:
    """A channel with the venue's time: every question first lets happen what time has brought.

    Args:
        channel: the venue's own words.
        advance: lets the venue's time take effect.
        now_ms: the world's clock.
    """

    def __init__(self, channel: Channel, *, advance: Callable[[], None], now_ms: Callable[[], int]) -> None:
        self._channel = channel
        self._advance = advance
        self._now_ms = now_ms
        self._ended = False

    def receive(self, text: str) -> None:
        """Take a text frame of the client."""
        self._advance()
        self._channel.receive(text, self._now_ms())

    def frames(self) -> Sequence[Frame]:
        """What the venue sends now, in order, up to the frame that ends the connection; then nothing any more."""
        if self._ended:
            return ()
        self._advance()
        sent: list[Frame] = []
        for frame in self._channel.frames(self._now_ms()):
            sent.append(frame)
            if isinstance(frame, Close):
                self._ended = True
                break
        return sent
