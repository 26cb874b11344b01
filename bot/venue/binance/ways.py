"""Binance's ways, as data."""

from __future__ import annotations

from typing import Final

from ccxt.async_support.binance import binance as Binance  # noqa: N812 - a class

from bot.domain.environment import Environment
from bot.venue.binance.contracts import markets_of
from bot.venue.binance.dialect import open_dialect
from bot.venue.binance.endpoints import LIMITS, SPOT_EXCHANGE_INFO, used_weight
from bot.venue.binance.family import INVERSE, LINEAR
from bot.venue.binance.public import BinancePublic
from bot.venue.binance.refusals import refusal_of
from bot.venue.client import Exact
from bot.venue.dialect import Ways
from bot.venue.endpoint import at
from bot.venue.shapes import integer_in, row_of
from bot.venue.spec import Offer, Switch

RECV_WINDOW_MS: Final = 3_000
"""How long after its timestamp an order may still take effect (R21)."""
READ_WINDOW_MS: Final = 5_000
"""How old a signed read may be when the venue gets it."""

_LIVE: Final = Offer(hosts=frozenset({f"{part}.binance.com" for part in ("api", "fapi", "dapi", "eapi", "papi")}))
_DEMO: Final = Offer(
    switch=Switch.DEMO,
    hosts=frozenset({f"demo-{part}.binance.com" for part in ("api", "fapi", "dapi")}),
    wallets=False,
)


class BinanceClient(Exact, Binance):  # type: ignore[misc] # ccxt's own methods have other types
    """ccxt's Binance."""


def _time_of(body: object) -> int:
    return integer_in(row_of(body), "serverTime")


WAYS: Final = Ways(
    exchange="binance",
    client=BinanceClient,
    options={
        "fetchMargins": False,
        "fetchCurrencies": False,
        "fetchMarkets": {"types": ["spot", "linear", "inverse"]},
        "recvWindow": READ_WINDOW_MS,
    },
    offers={Environment.PAPER: _LIVE, Environment.TESTNET: _DEMO, Environment.LIVE: _LIVE},
    secrets=("api_key", "secret"),
    limits=LIMITS,
    validity_ms=RECV_WINDOW_MS,
    server_time=at("fapi", "fapiPublicGetTime", "measure the clock"),
    time_of=_time_of,
    place=LINEAR.place,
    refusal=refusal_of,
    lists=(SPOT_EXCHANGE_INFO, LINEAR.exchange_info, INVERSE.exchange_info),
    dialect=open_dialect,
    markets=markets_of,
    used=used_weight,
    margin_wallet=INVERSE.wallet,
    public=BinancePublic,
)
