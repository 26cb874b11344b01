"""What can be told of OKX as data.

Source: OKX v5 REST documentation, "Overview" and "Demo Trading Services".
"""

from __future__ import annotations

from typing import Final

from bot.domain.environment import Environment
from bot.venue.dialect import Ways
from bot.venue.errors import Pauses
from bot.venue.okx import endpoints
from bot.venue.okx.client import OkxClient
from bot.venue.okx.dialect import OkxDialect
from bot.venue.okx.errors import refusal
from bot.venue.okx.markets import markets_of
from bot.venue.okx.public import OkxPublic
from bot.venue.okx.wire import row_in
from bot.venue.shapes import integer_in
from bot.venue.spec import Offer, Switch

VALIDITY_MS: Final = 3_000
"""How long after its timestamp an order may still take effect (R21)."""
_LIMIT_WINDOW_S: Final = 2
"""Nearly every limit of OKX is so many requests in 2 s; it tells no time to wait for."""
_LIVE: Final = Offer(hosts=frozenset({"www.okx.com", "ws.okx.com"}))
_SIMULATED: Final = Offer(
    hosts=frozenset({"www.okx.com", "wspap.okx.com"}),
    switch=Switch.SANDBOX,
    headers={"x-simulated-trading": "1"},
)
"""The same REST host: only the header keeps an order from real money. What it does not serve it refuses by a code."""


def _time_of(body: object) -> int:
    return integer_in(row_in(body, "ts"), "ts")


WAYS: Final = Ways(
    exchange="okx",
    client=OkxClient,
    options={"fetchMarkets": {"types": ["spot", "swap"]}},
    offers={Environment.PAPER: _LIVE, Environment.TESTNET: _SIMULATED, Environment.LIVE: _LIVE},
    secrets=("api_key", "secret", "password"),
    limits=endpoints.LIMITS,
    validity_ms=VALIDITY_MS,
    server_time=endpoints.SERVER_TIME,
    time_of=_time_of,
    place=endpoints.PLACE_ORDER,
    refusal=refusal,
    lists=(endpoints.INSTRUMENTS, endpoints.INSTRUMENTS),
    dialect=OkxDialect,
    markets=markets_of,
    pauses=Pauses(by_status={}, otherwise=_LIMIT_WINDOW_S),
    unified=True,
    margin_wallet="trading",
    public=OkxPublic,
)
