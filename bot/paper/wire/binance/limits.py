"""Request weights and order counts, with Binance's headers, 429 and 418.

Windows are calendar minutes (seconds, days), as Binance's are. Sources: https://developers.binance.com/docs/
binance-spot-api-docs/rest-api/limits, .../usds-margined-futures/general-info, .../wallet/introduction (read 2025-11).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from bot.paper.wire.binance.errors import ApiError

MINUTE_MS: Final = 60_000
LONGEST_BAN_MS: Final = 3 * 86_400_000


class Family(Enum):
    """Endpoints that share limits and conventions."""

    SPOT = "spot"
    SAPI = "sapi"
    LINEAR = "linear"
    INVERSE = "inverse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much may be asked.

    Args:
        spot_weight: request weight a minute and address on `/api`.
        linear_weight: the same on `/fapi`.
        inverse_weight: the same on `/dapi`.
        sapi_ip_weight: a minute and address, for each `/sapi` endpoint on its own.
        sapi_uid_weight: a minute and account, for each `/sapi` endpoint that counts by account.
        spot_orders: new orders per 10 seconds and per day.
        linear_orders: new orders per 10 seconds and per minute on `/fapi`.
        inverse_orders: the same on `/dapi`.
        refusals_before_ban: answers 429 in one window after which the address is banned (418).
        ban_ms: length of the first ban; each further one lasts twice as long, at most three days.
    """

    spot_weight: int = 6000
    linear_weight: int = 2400
    inverse_weight: int = 2400
    sapi_ip_weight: int = 12_000
    sapi_uid_weight: int = 180_000
    spot_orders: tuple[int, int] = (100, 200_000)
    linear_orders: tuple[int, int] = (300, 1200)
    inverse_orders: tuple[int, int] = (300, 1200)
    refusals_before_ban: int = 10
    ban_ms: int = 120_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What one request costs.

    Args:
        family: whose limit it counts against.
        client: the asking address.
        path: the endpoint; `/sapi` counts each on its own.
        weight: request weight.
        uid: the account, for `/sapi` endpoints that count by account; None counts by address.
    """

    family: Family
    client: str
    path: str
    weight: int
    uid: str | None = None


@dataclass(slots=True)
class _Window:
    index: int
    used: int = 0
    refused: int = 0


@dataclass(slots=True)
class _Ban:
    until_ms: int
    count: int


class RateLimiter:
    """Counts weights and orders; refuses as Binance does.

    Args:
        limits: what is allowed.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._windows: dict[tuple[str, ...], _Window] = {}
        self._bans: dict[tuple[str, str], _Ban] = {}

    def charge(self, charge: Charge, now_ms: int) -> dict[str, str]:
        """Count a request.

        Returns:
            The headers that report the weight used.

        Raises:
            ApiError: -1003 with 429 past the limit, with 418 while banned; both with `Retry-After` in seconds.
        """
        ban = self._bans.get((charge.family.value, charge.client))
        if ban is not None and now_ms < ban.until_ms:
            raise _banned(charge, ban, now_ms)
        highest, header, scope = self._rule(charge)
        window = self._window((charge.family.value, *scope), now_ms, MINUTE_MS)
        window.used += charge.weight
        headers = {header: str(window.used)}
        if window.used <= highest:
            return headers
        window.refused += 1
        if window.refused > self._limits.refusals_before_ban:
            raise _banned(charge, self._ban(charge, now_ms), now_ms)
        headers["Retry-After"] = str(_seconds_until((window.index + 1) * MINUTE_MS, now_ms))
        raise ApiError(-1003, _too_many_text(charge.family, highest), status=429, headers=headers)

    def charge_order(self, family: Family, key: str, now_ms: int) -> dict[str, str]:
        """Count a new order of the account `key`.

        Returns:
            The headers that report the counts.

        Raises:
            ApiError: -1015 with 429 past a limit.
        """
        spot = family is Family.SPOT
        futures = self._limits.inverse_orders if family is Family.INVERSE else self._limits.linear_orders
        short, long = self._limits.spot_orders if spot else futures
        long_ms, long_header = (86_400_000, "X-MBX-ORDER-COUNT-1D") if spot else (MINUTE_MS, "X-MBX-ORDER-COUNT-1M")
        headers = {}
        for highest, length_ms, header in ((short, 10_000, "X-MBX-ORDER-COUNT-10S"), (long, long_ms, long_header)):
            window = self._window(("orders", family.value, key, header), now_ms, length_ms)
            window.used += 1
            headers[header] = str(window.used)
            if window.used > highest:
                period = _PERIODS[length_ms]
                text = f"Too many new orders; current limit is {highest} orders per {period}."
                raise ApiError(-1015, text, status=429, headers=headers)
        return headers

    def _rule(self, charge: Charge) -> tuple[int, str, tuple[str, ...]]:
        limits = self._limits
        match charge.family:
            case Family.SPOT:
                return limits.spot_weight, "X-MBX-USED-WEIGHT-1M", (charge.client,)
            case Family.LINEAR:
                return limits.linear_weight, "X-MBX-USED-WEIGHT-1M", (charge.client,)
            case Family.INVERSE:
                return limits.inverse_weight, "X-MBX-USED-WEIGHT-1M", (charge.client,)
            case Family.SAPI if charge.uid is not None:
                return limits.sapi_uid_weight, "X-SAPI-USED-UID-WEIGHT-1M", ("uid", charge.uid, charge.path)
            case Family.SAPI:
                return limits.sapi_ip_weight, "X-SAPI-USED-IP-WEIGHT-1M", ("ip", charge.client, charge.path)

    def _window(self, scope: tuple[str, ...], now_ms: int, length_ms: int) -> _Window:
        index = now_ms // length_ms
        window = self._windows.get(scope)
        if window is None or window.index != index:
            window = self._windows[scope] = _Window(index)
        return window

    def _ban(self, charge: Charge, now_ms: int) -> _Ban:
        scope = (charge.family.value, charge.client)
        count = self._bans[scope].count if scope in self._bans else 0
        length_ms = min(self._limits.ban_ms * 2**count, LONGEST_BAN_MS)
        ban = self._bans[scope] = _Ban(now_ms + length_ms, count + 1)
        return ban


_PERIODS: Final = {10_000: "10 SECOND", MINUTE_MS: "1 MINUTE", 86_400_000: "1 DAY"}


def _too_many_text(family: Family, highest: int) -> str:
    if family in {Family.LINEAR, Family.INVERSE}:
        return (
            f"Too many requests; current limit is {highest} requests per minute. "
            "Please use the websocket for live updates to avoid polling the API."
        )
    return (
        f"Too much request weight used; current limit is {highest} request weight per 1 MINUTE. "
        "Please use WebSocket Streams for live updates to avoid polling the API."
    )


def _banned(charge: Charge, ban: _Ban, now_ms: int) -> ApiError:
    if charge.family in {Family.LINEAR, Family.INVERSE}:
        text = (
            f"Way too many requests; IP({charge.client}) banned until {ban.until_ms}. "
            "Please use the websocket for live updates to avoid bans."
        )
    else:
        text = (
            f"Way too much request weight used; IP banned until {ban.until_ms}. "
            "Please use WebSocket Streams for live updates to avoid bans."
        )
    retry = {"Retry-After": str(_seconds_until(ban.until_ms, now_ms))}
    return ApiError(-1003, text, status=418, headers=retry)


def _seconds_until(then_ms: int, now_ms: int) -> int:
    return max(1, -((now_ms - then_ms) // 1000))
