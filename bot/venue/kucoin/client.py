"""ccxt's KuCoin with what ours need: a timestamp of our own choice, and no requests that we don't ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ccxt.async_support.kucoin import kucoin as KuCoin  # noqa: N812 - a class

from bot.venue.client import Exact

SIGNED_MS: Final = "signedMs"
"""A parameter that stays here: the venue time, in ms, that a request is signed with."""

OPTIONS: Final[Mapping[str, object]] = {
    "uta": False,
    "hf": True,
    "fetchMarkets": {"types": ["spot", "swap"], "fetchTickersFees": False},
}
"""`uta` and `hf` spare ccxt its probes: the account mode is asked for at start, spot wallets of all kinds are read."""


class KuCoinClient(Exact, KuCoin):  # type: ignore[misc] # both define what ours overrides
    """One client for the spot and the futures host."""

    def __init__(self, config: Mapping[str, object], time_ms: Callable[[], int]) -> None:
        super().__init__(config, time_ms)
        self._signed_ms: int | None = None
        # Two hosts that nothing here uses, so that no request can go there.
        api: dict[str, str] = (self.urls or {})["api"]
        for unused in ("webExchange", "broker"):
            del api[unused]

    def nonce(self) -> int:
        """The timestamp that a request is signed with; an order is valid for 5 s around it (R21)."""
        return self.milliseconds() if self._signed_ms is None else self._signed_ms

    def sign(
        self,
        path: str,
        api: list[str] | None = None,
        method: str = "GET",
        params: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - ccxt's own
        """Sign with the time given under `SIGNED_MS`, so that the deadline that was made durable is the venue's own."""
        query = dict(params or {})
        self._signed_ms = query.pop(SIGNED_MS, None)
        try:
            return super().sign(path, api or ["public"], method, query)
        finally:
            self._signed_ms = None

    async def fetch_currencies(self, params: object = None) -> Any:  # noqa: ANN401 - ccxt's own
        """None: ccxt makes the currencies from the market lists."""
        del params
        return {}

    async def fetch_markets(self, params: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 - ccxt's own
        """Spot markets and contracts, without the lists of margin trading."""
        return await super().fetch_markets({**(params or {}), "marginables": False})
