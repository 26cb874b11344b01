"""COIN-M futures (`/dapi`): no contract is listed yet, but the host answers."""

from __future__ import annotations

from typing import Final

from bot.paper.wire.binance.endpoint import Call, Endpoint, Security


def _ping(_: Call) -> object:
    return {}


def _time(call: Call) -> object:
    return {"serverTime": call.now_ms}


def _exchange_info(call: Call) -> object:
    return {
        "timezone": "UTC",
        "serverTime": call.now_ms,
        "rateLimits": [
            {
                "rateLimitType": "REQUEST_WEIGHT",
                "interval": "MINUTE",
                "intervalNum": 1,
                "limit": call.limits.inverse_weight,
            },
        ],
        "exchangeFilters": [],
        "symbols": [],
    }


ENDPOINTS: Final = (
    Endpoint(method="GET", path="/dapi/v1/ping", handle=_ping, security=Security.PUBLIC),
    Endpoint(method="GET", path="/dapi/v1/time", handle=_time, security=Security.PUBLIC),
    Endpoint(method="GET", path="/dapi/v1/exchangeInfo", handle=_exchange_info, security=Security.PUBLIC),
)
