"""The ccxt client, with a deadline on every order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ccxt.async_support.okx import okx as Okx  # noqa: N812 - a class

from bot.venue.client import Exact

DEADLINE: Final = "expTime"
"""A header of its own: the venue refuses an order that it gets, or can match, only after this time of its own (R21).

Source: OKX v5 REST documentation, "Transaction Timeouts".
"""
VALID_UNTIL: Final = "validUntil"
"""A parameter that stays here: the venue time, in ms, until which a request without a deadline of its own is taken.

The venue refuses a request whose timestamp is 30 s old (50102), so it is signed with the time 30 s before that.
"""
_REQUEST_AGE_MS: Final = 30_000


class OkxClient(Exact, Okx):  # type: ignore[misc] # ours are meant to come first
    """ccxt's OKX with our clock, exact digits, answers handed on before ccxt judges them, and deadlines."""

    def __init__(self, config: Mapping[str, object], time_ms: Callable[[], int]) -> None:
        super().__init__(config, time_ms)
        self._signed_ms: int | None = None

    def nonce(self) -> int:
        """The timestamp that a request is signed with."""
        return self.milliseconds() if self._signed_ms is None else self._signed_ms

    def sign(
        self,
        path: str,
        api: Any = ("public",),  # noqa: ANN401 - ccxt's own signature
        method: str = "GET",
        params: Mapping[str, object] | None = None,
    ) -> Any:  # noqa: ANN401 - as above
        """Sign as ccxt does; the deadline goes beside the body, as a header that is no part of what is signed."""
        body: dict[str, Any] = dict(params or {})
        deadline = body.pop(DEADLINE, None)
        valid_until = body.pop(VALID_UNTIL, None)
        self._signed_ms = None if valid_until is None else valid_until - _REQUEST_AGE_MS
        try:
            request = super().sign(path, api, method, body)
        finally:
            self._signed_ms = None
        if deadline is not None:
            request["headers"] = {**request["headers"], DEADLINE: str(deadline)}
        return request

    async def fetch_currencies(self, params: object = None) -> Any:  # noqa: ANN401 - as above
        """Nothing: ccxt would ask for a list of all coins, signed, that we make no use of."""
        del params
        return {}
