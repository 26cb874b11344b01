"""The ccxt client, with a deadline on every order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ccxt.async_support.okx import okx as Okx  # noqa: N812 - a class

from bot.venue.client import Exact

DEADLINE: Final = "expTime"
"""A header of its own: the venue refuses an order that it gets, or can match, only after this time of its own (R21).

Source: OKX v5 REST documentation, "Transaction Timeouts".
"""


class OkxClient(Exact, Okx):  # type: ignore[misc] # ours are meant to come first
    """ccxt's OKX with our clock, exact digits, answers handed on before ccxt judges them, and deadlines."""

    def sign(
        self,
        path: str,
        api: Any = ("public",),  # noqa: ANN401 - ccxt's own signature
        method: str = "GET",
        params: Mapping[str, object] | None = None,
    ) -> Any:  # noqa: ANN401 - as above
        """Sign as ccxt does; the deadline goes beside the body, as a header that is no part of what is signed."""
        body = dict(params or {})
        deadline = body.pop(DEADLINE, None)
        request = super().sign(path, api, method, body)
        if deadline is not None:
            request["headers"] = {**request["headers"], DEADLINE: str(deadline)}
        return request

    async def fetch_currencies(self, params: object = None) -> Any:  # noqa: ANN401 - as above
        """Nothing: ccxt would ask for a list of all coins, signed, that we make no use of."""
        del params
        return {}
