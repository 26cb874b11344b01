"""What a façade gives for a WebSocket: frames in, frames out, without any socket and without a clock of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text frame to the client."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """A control frame; the client's library answers it by itself."""

    payload: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """The venue ends the connection; nothing follows.

    Attributes:
        code: of the WebSocket protocol, such as 1000, 1008 (policy), 1012 (service restart).
    """

    code: int = 1000
    reason: str = ""


Frame = Text | Ping | Close


class Channel(Protocol):
    """One connection. The shell calls `receive` for each frame of the client, and `frames` ten times a second."""

    def receive(self, text: str, now_ms: int) -> None:
        """Take a text frame of the client; what it asks for shows in `frames`."""
        ...

    def frames(self, now_ms: int) -> Sequence[Frame]:
        """What the venue sends now, in order: answers, events since the last call, periodic pushes that are due."""
        ...
