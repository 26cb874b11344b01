"""What every private topic looks at: the updates of an account, and a clock for what is told again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.paper.engine.account import Account
from bot.paper.engine.model import Update
from bot.paper.wire.kucoin.topics import Source

AGAIN_MS: Final = 5000


class Feed:
    """The updates of an account since the last look."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._seen = source.exchange.account(source.key).last_update

    @property
    def account(self) -> Account:
        """The account as it is now."""
        return self._source.exchange.account(self._source.key)

    def news(self) -> Sequence[Update]:
        """What happened since, oldest first."""
        found = self.account.updates(self._seen)
        if found:
            self._seen = found[-1].seq
        return found


class Due:
    """A clock for what is told again."""

    def __init__(self, first_ms: int = 1000) -> None:
        self._first_ms = first_ms
        self._next_ms: int | None = None

    def at(self, now_ms: int) -> bool:
        """Whether it is time."""
        if self._next_ms is None:
            self._next_ms = now_ms + self._first_ms
        if now_ms < self._next_ms:
            return False
        self._next_ms = now_ms + AGAIN_MS
        return True
