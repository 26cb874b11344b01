"""Pools of request weight, with KuCoin's `gw-ratelimit-*` headers and 429000.

Each pool counts in windows of 30 seconds that begin with the first request after the last window ended; private pools
count by account, the public one by address. The sizes are those of VIP level 0.

Source: https://www.kucoin.com/docs-new/rate-limit (read 2025-11); that a window begins with a request is from general
knowledge.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

WINDOW_MS: Final = 30_000


class Pool(Enum):
    """What a request's weight counts against."""

    PUBLIC = "public"
    SPOT = "spot"
    FUTURES = "futures"
    MANAGEMENT = "management"
    EARN = "earn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much weight each pool has in 30 seconds."""

    public: int = 2000
    spot: int = 4000
    futures: int = 2000
    management: int = 2000
    earn: int = 2000

    def of(self, pool: Pool) -> int:
        """The size of one pool."""
        match pool:
            case Pool.PUBLIC:
                return self.public
            case Pool.SPOT:
                return self.spot
            case Pool.FUTURES:
                return self.futures
            case Pool.MANAGEMENT:
                return self.management
            case Pool.EARN:
                return self.earn


@dataclass(slots=True)
class _Window:
    start_ms: int
    used: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """What became of a request's weight.

    Attributes:
        headers: what the answer reports.
        allowed: False: the pool is used up, and the request must be refused.
    """

    headers: dict[str, str]
    allowed: bool


class RateLimiter:
    """Counts weights.

    Args:
        limits: what is allowed.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._windows: dict[tuple[Pool, str], _Window] = {}

    def charge(self, pool: Pool, scope: str, weight: int, now_ms: int) -> Charged:
        """Count a request of the account or address `scope`; a refused one costs nothing."""
        highest = self._limits.of(pool)
        window = self._windows.get((pool, scope))
        if window is None or now_ms - window.start_ms >= WINDOW_MS:
            window = self._windows[pool, scope] = _Window(now_ms)
        allowed = window.used + weight <= highest
        if allowed:
            window.used += weight
        headers = {
            "gw-ratelimit-limit": str(highest),
            "gw-ratelimit-remaining": str(highest - window.used),
            "gw-ratelimit-reset": str(window.start_ms + WINDOW_MS - now_ms),
        }
        return Charged(headers=headers, allowed=allowed)
