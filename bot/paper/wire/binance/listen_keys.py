"""Listen keys: what opens an account's stream on futures. One lives for 60 minutes from its last renewal.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams (read 2025-11).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from bot.paper.wire.binance.errors import ApiError
from bot.paper.wire.binance.limits import Family

VALID_MS: Final = 60 * 60_000


@dataclass(slots=True)
class _ListenKey:
    text: str
    family: Family
    owner: str
    until_ms: int


class ListenKeys:
    """Those that were given out; an account has one at a time on each part of the API."""

    def __init__(self) -> None:
        self._keys: dict[str, _ListenKey] = {}
        self._count = 0

    def create(self, family: Family, owner: str, now_ms: int) -> str:
        """The account's key: the living one, renewed, or a new one."""
        living = self._living(family, owner, now_ms)
        if living is None:
            self._count += 1
            text = hashlib.sha256(f"{family.value}/{owner}/{self._count}".encode()).hexdigest()
            living = self._keys[text] = _ListenKey(text, family, owner, now_ms)
        living.until_ms = now_ms + VALID_MS
        return living.text

    def renew(self, family: Family, owner: str, now_ms: int) -> str:
        """Let the account's key live for another hour.

        Raises:
            ApiError: -1125 it has none any more.
        """
        living = self._living(family, owner, now_ms)
        if living is None:
            raise ApiError(-1125, "This listenKey does not exist.")
        living.until_ms = now_ms + VALID_MS
        return living.text

    def close(self, family: Family, owner: str, now_ms: int) -> None:
        """End the account's key, if it has one."""
        living = self._living(family, owner, now_ms)
        if living is not None:
            del self._keys[living.text]

    def expire(self, now_ms: int) -> None:
        """Let every key expire before its time."""
        for key in self._keys.values():
            key.until_ms = min(key.until_ms, now_ms)

    def owner(self, text: str, family: Family, now_ms: int) -> str | None:
        """Whose key it is; None when it does not exist, has expired, or belongs to another part of the API."""
        found = self._keys.get(text)
        valid = found is not None and found.family is family and now_ms < found.until_ms
        return found.owner if valid and found is not None else None

    def _living(self, family: Family, owner: str, now_ms: int) -> _ListenKey | None:
        keys = self._keys.values()
        return next((key for key in keys if (key.family, key.owner) == (family, owner) and now_ms < key.until_ms), None)
