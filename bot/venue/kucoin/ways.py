"""What is particular to KuCoin, as data."""

from __future__ import annotations

from typing import Final

from bot.domain.environment import Environment
from bot.venue.dialect import Ways
from bot.venue.errors import Pauses
from bot.venue.kucoin.client import OPTIONS, KuCoinClient
from bot.venue.kucoin.dialect import KuCoinDialect
from bot.venue.kucoin.endpoints import CONTRACTS, LIMITS, PLACE_ORDER, SERVER_TIME, SPOT_MARKETS, used
from bot.venue.kucoin.envelope import data_of
from bot.venue.kucoin.errors import refusal
from bot.venue.kucoin.markets import KuCoinMarkets
from bot.venue.kucoin.public import KuCoinPublic
from bot.venue.kucoin.wallets import FUTURES
from bot.venue.shapes import integer_in
from bot.venue.spec import Offer

VALIDITY_MS: Final = 5_000
"""A request whose `KC-API-TIMESTAMP` is further from the venue's own time is refused (R21)."""
_LIMIT_WINDOW_S: Final = 30
"""The window of every resource pool."""
_HOSTS: Final = Offer(hosts=frozenset({"api.kucoin.com", "api-futures.kucoin.com"}))


def _time_of(body: object) -> int:
    return integer_in({"data": data_of(body)}, "data")


WAYS: Final = Ways(
    exchange="kucoin",
    client=KuCoinClient,
    options=OPTIONS,
    # There is no testnet.
    offers={Environment.PAPER: _HOSTS, Environment.LIVE: _HOSTS},
    secrets=("api_key", "secret", "password"),
    limits=LIMITS,
    validity_ms=VALIDITY_MS,
    server_time=SERVER_TIME,
    time_of=_time_of,
    place=PLACE_ORDER,
    refusal=refusal,
    lists=(SPOT_MARKETS, CONTRACTS),
    dialect=lambda link, _spec, markets, clock: KuCoinDialect(link, markets, clock),
    markets=KuCoinMarkets,
    used=used,
    pauses=Pauses(by_status={429: _LIMIT_WINDOW_S}),
    margin_wallet=FUTURES,
    public=KuCoinPublic,
)
