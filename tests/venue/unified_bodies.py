"""Bodies in ccxt's unified shapes."""

from __future__ import annotations

from decimal import Decimal as D

from tests.venue.unified_paper import BTC
from tests.venue.wire import EPOCH_MS

INFO = {"raw": "yes"}


def row(**more: object) -> dict[str, object]:
    return {"info": INFO, "symbol": BTC, "side": "short", "contracts": D(5), **more}


def order(**more: object) -> dict[str, object]:
    made: dict[str, object] = {
        "info": INFO,
        "id": "1",
        "clientOrderId": "habc",
        "symbol": BTC,
        "side": "sell",
        "status": "closed",
        "amount": D(5),
        "filled": D(5),
        "average": D(100),
        "timestamp": EPOCH_MS,
    }
    return {**made, **more}


def money(**coin: object) -> dict[str, object]:
    whole = {"total": D(100), "free": D(100), "used": D(0), **coin}
    return {"info": INFO, "total": {"USDT": whole["total"]}, "USDT": whole}
