"""Requests per two seconds, counted for each endpoint by address, account, or account and instrument.

Past the limit OKX answers 429 with code 50011. Source: https://www.okx.com/docs-v5/en/#overview-rate-limits and the
"Rate Limit" line of each endpoint (read 2026-06). OKX does not say whether its windows slide; here they are calendar
windows of each endpoint's length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from bot.paper.wire.okx.errors import ApiError, too_many

WINDOW_MS: Final = 2000


class By(Enum):
    """Whose requests are counted together."""

    ADDRESS = "address"
    ACCOUNT = "account"
    INSTRUMENT = "instrument"
    """The account's requests for one instrument."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How often an endpoint may be asked: `count` times in `window_ms`; lists count each order."""

    count: int
    by: By = By.ACCOUNT
    window_ms: int = WINDOW_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much may be asked.

    Args:
        counts: by path, such as `trade/order`: another count than the endpoint's own.
        orders: new and amended orders of one account in two seconds, over all instruments; past it 50061.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    orders: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What one request counts.

    Args:
        method: two methods of one path count apart.
        path: of the endpoint.
        rate: of the endpoint.
        client: the asking address.
        key: the asking account; empty for public endpoints.
        instruments: of each order in the request; empty counts one request.
        places: the orders count against the account's order limit too.
    """

    method: str
    path: str
    rate: Rate
    client: str
    key: str
    instruments: Sequence[str] = ()
    places: bool = False


@dataclass(slots=True)
class _Window:
    index: int
    used: int = 0


class RateLimiter:
    """Counts requests and refuses as OKX does.

    Args:
        limits: what is allowed.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._windows: dict[tuple[str, ...], _Window] = {}

    def charge(self, charge: Charge, now_ms: int) -> None:
        """Count a request.

        Raises:
            ApiError: 50011 past the endpoint's limit; 50061 past the account's order limit.
        """
        count = self._limits.counts.get(charge.path, charge.rate.count)
        amounts = dict.fromkeys(charge.instruments, 0) or {"": 1}
        for instrument in charge.instruments:
            amounts[instrument] += 1
        for instrument, amount in amounts.items():
            scope = (charge.method, charge.path, *_scope(charge, instrument))
            if self._add(scope, amount, now_ms, charge.rate.window_ms) > count:
                raise too_many()
        if charge.places:
            orders = self._add(("orders", charge.key), len(charge.instruments), now_ms, WINDOW_MS)
            if orders > self._limits.orders:
                raise ApiError("50061", "Order rate limit reached. Please adjust and try again.")

    def _add(self, scope: tuple[str, ...], amount: int, now_ms: int, length_ms: int) -> int:
        index = now_ms // length_ms
        window = self._windows.get(scope)
        if window is None or window.index != index:
            window = self._windows[scope] = _Window(index)
        window.used += amount
        return window.used


def _scope(charge: Charge, instrument: str) -> tuple[str, ...]:
    match charge.rate.by:
        case By.ADDRESS:
            return (charge.client,)
        case By.ACCOUNT:
            return (charge.key,)
        case By.INSTRUMENT:
            return (charge.key, instrument)
