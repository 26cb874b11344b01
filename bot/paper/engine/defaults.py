"""The default world: every venue's markets, first prices, and what a new account holds."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from bot.domain.numbers import ONE
from bot.paper.engine.defaults_binance import BINANCE_LISTINGS
from bot.paper.engine.defaults_kucoin import KUCOIN_LISTINGS
from bot.paper.engine.defaults_okx import OKX_LISTINGS

__all__ = [
    "BINANCE_LISTINGS",
    "BINANCE_STARTING",
    "DEFAULT_PRICES",
    "KUCOIN_LISTINGS",
    "KUCOIN_STARTING",
    "OKX_LISTINGS",
    "OKX_STARTING",
    "STARTING",
    "Starting",
]

Starting = Mapping[str, Mapping[str, Decimal]]
"""Wallet -> asset -> quantity of each new account."""

DEFAULT_PRICES: Final[Mapping[str, Decimal]] = MappingProxyType(
    {
        "BTC": Decimal(100_000),
        "BNB": Decimal(600),
        "ETH": Decimal(4_000),
        "PEPE": Decimal("0.00002"),
        "USDT": ONE,
        "USDC": ONE,
    }
)

_COINS: Final[Mapping[str, Decimal]] = MappingProxyType({"BTC": Decimal(1), "BNB": Decimal(3)})
_DOLLARS: Final = Decimal(200_000)

BINANCE_STARTING: Final[Starting] = MappingProxyType(
    {"spot": {**_COINS, "USDT": _DOLLARS}, "usdm": {"USDT": _DOLLARS}},
)
OKX_STARTING: Final[Starting] = MappingProxyType({"trading": {**_COINS, "USDT": 2 * _DOLLARS}})
KUCOIN_STARTING: Final[Starting] = MappingProxyType(
    {"trade": {**_COINS, "USDT": _DOLLARS}, "futures": {"USDT": _DOLLARS}},
)
STARTING: Final[Mapping[str, Starting]] = MappingProxyType(
    {"binance": BINANCE_STARTING, "okx": OKX_STARTING, "kucoin": KUCOIN_STARTING}
)
