"""What the stories know of each exchange: its wallets, its names, its paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.paper.engine.defaults import STARTING, Starting


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One exchange.

    Attributes:
        spot: the wallet of the starting coins.
        margin: that of the USDT behind a linear short.
        linear: the perpetual on BTC as the venue writes it.
        per_coin: linear contracts of 1 BTC.
        order: path that places orders on perpetuals.
        lookups: paths that look an order up; one that ends with a slash stands for all behind it.
        lists: paths that list orders.
        trades: paths that list trades of perpetuals.
        positions: paths that tell positions, and what an account's margin holds.
        coins: the path that tells the coins of the spot wallet.
        time: path of the venue's clock.
        missing: status and body of its "no such order".
    """

    exchange: str
    spot: str
    margin: str
    linear: str
    per_coin: Decimal
    order: str
    lookups: tuple[str, ...]
    lists: tuple[str, ...]
    trades: tuple[str, ...]
    positions: tuple[str, ...]
    coins: str
    time: str
    missing: tuple[int, Mapping[str, object]]


PLACES: Final[Mapping[str, Place]] = {
    "binance": Place(
        exchange="binance",
        spot="spot",
        margin="usdm",
        linear="BTCUSDT",
        per_coin=Decimal(1),
        order="/fapi/v1/order",
        lookups=("/fapi/v1/order",),
        lists=("/fapi/v1/openOrders", "/fapi/v1/allOrders"),
        trades=("/fapi/v1/userTrades",),
        positions=("/fapi/v3/positionRisk", "/fapi/v3/account"),
        coins="/api/v3/account",
        time="/fapi/v1/time",
        missing=(400, {"code": -2013, "msg": "Order does not exist."}),
    ),
    "okx": Place(
        exchange="okx",
        spot="trading",
        margin="trading",
        linear="BTC-USDT-SWAP",
        per_coin=Decimal(100),
        order="/api/v5/trade/order",
        lookups=("/api/v5/trade/order",),
        lists=(
            "/api/v5/trade/orders-pending",
            "/api/v5/trade/orders-history",
            "/api/v5/trade/orders-history-archive",
        ),
        trades=("/api/v5/trade/fills", "/api/v5/trade/fills-history"),
        positions=("/api/v5/account/positions", "/api/v5/account/balance"),
        coins="/api/v5/account/balance",
        time="/api/v5/public/time",
        missing=(200, {"code": "51603", "data": [], "msg": "Order does not exist"}),
    ),
    "kucoin": Place(
        exchange="kucoin",
        spot="trade",
        margin="futures",
        linear="XBTUSDTM",
        per_coin=Decimal(1_000),
        order="/api/v1/orders",
        lookups=("/api/v1/orders/",),
        lists=("/api/v1/orders",),
        trades=("/api/v1/fills",),
        positions=("/api/v1/positions", "/api/v1/position", "/api/v1/account-overview"),
        coins="/api/v1/accounts",
        time="/api/v1/timestamp",
        missing=(200, {"code": "100001", "msg": "error.getOrder.orderNotExist"}),
    ),
}
EVERYWHERE: Final = tuple(PLACES)

_MILLION: Final = Decimal(1_000_000)
RICH: Final[Mapping[str, Starting]] = {
    name: {
        wallet: dict(assets) | ({"USDT": 2 * _MILLION} if wallet == PLACES[name].margin else {})
        for wallet, assets in wallets.items()
    }
    for name, wallets in STARTING.items()
}
"""The usual coins with money enough to do everything twice: want of margin must not stand in for care."""
