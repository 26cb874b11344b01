"""What keeps a connection alive and what ends it: a ping every three minutes, 24 hours at the longest.

Source: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams#general-wss-information
(read 2025-11).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.paper.wire.channel import Close, Frame, Ping

PING_MS: Final = 180_000
LIFE_MS: Final = 24 * 3_600_000


class Heart:
    """One connection's clockwork.

    Args:
        now_ms: when the connection was opened.
    """

    def __init__(self, now_ms: int) -> None:
        self._born_ms = now_ms
        self._pinged_ms = now_ms

    def beat(self, now_ms: int) -> Sequence[Frame]:
        """What is due now."""
        if now_ms - self._born_ms >= LIFE_MS:
            return [Close(code=1001, reason="24 hours are over")]
        if now_ms - self._pinged_ms < PING_MS:
            return []
        self._pinged_ms = now_ms
        return [Ping(payload=str(now_ms).encode())]
