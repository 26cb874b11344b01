"""What a stream can be subscribed to: a topic gives the messages that are due."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.paper.engine.exchange import Exchange
from bot.paper.wire.kucoin.memory import Memory

Message = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a connection's messages come from.

    Attributes:
        exchange: whose markets and accounts are told.
        memory: the façade's notes.
        key: the account behind the connection's token; empty: a public one.
        hf: the account trades on the high-frequency system.
    """

    exchange: Exchange
    memory: Memory
    key: str
    hf: bool


class Topic(Protocol):
    """One subscription to one market or account."""

    def messages(self, now_ms: int) -> Sequence[Message]:
        """What is due now: subject and data, without the envelope."""
        ...


class Polled:
    """Looks at something again and again: tells it at once when it changed, and now and then when it did not.

    Args:
        subject: of its messages.
        look: what would count as a change.
        tell: the data of a message.
        every_ms: how often it is told without a change.
        quiet_ms: not more often than that, changed or not.
    """

    def __init__(
        self,
        subject: str,
        look: Callable[[], Hashable],
        tell: Callable[[int], object],
        *,
        every_ms: int,
        quiet_ms: int = 0,
    ) -> None:
        self._subject = subject
        self._look = look
        self._tell = tell
        self._every_ms = every_ms
        self._quiet_ms = quiet_ms
        self._seen: Hashable = None
        self._told_ms: int | None = None

    def messages(self, now_ms: int) -> Sequence[Message]:
        """One message, or none."""
        since_ms = None if self._told_ms is None else now_ms - self._told_ms
        if since_ms is not None and since_ms < self._quiet_ms:
            return ()
        seen = self._look()
        if since_ms is not None and seen == self._seen and since_ms < self._every_ms:
            return ()
        self._seen, self._told_ms = seen, now_ms
        return ({"subject": self._subject, "data": self._tell(now_ms)},)
