"""Tokens for streams, and where the streams are.

A token opens a stream for a day. KuCoin's newer streams (`wsapi-push`) take a token of the same kind from the second
version of the private call.

Source: https://www.kucoin.com/docs-new/websocket-api/base-info/introduction (read 2025-11); how long a token lives is
from general knowledge.
"""

from __future__ import annotations

import hashlib
from typing import Final

from bot.paper.wire.kucoin.endpoint import Call, Endpoint, Side
from bot.paper.wire.kucoin.limits import Pool

TOKEN_MS: Final = 86_400_000
PING_INTERVAL_MS: Final = 18_000
PING_TIMEOUT_MS: Final = 10_000

SPOT_STREAM: Final = "ws-api-spot.kucoin.com"
FUTURES_STREAM: Final = "ws-api-futures.kucoin.com"


def _public_spot(call: Call) -> object:
    return _bullet(call, SPOT_STREAM)


def _private_spot(call: Call) -> object:
    return _bullet(call, SPOT_STREAM)


def _public_futures(call: Call) -> object:
    return _bullet(call, FUTURES_STREAM)


def _private_futures(call: Call) -> object:
    return _bullet(call, FUTURES_STREAM)


def _unified(call: Call) -> object:
    return {"token": _token(call), "pingInterval": PING_INTERVAL_MS, "pingTimeout": PING_TIMEOUT_MS}


def _bullet(call: Call, host: str) -> object:
    server = {
        "endpoint": f"wss://{host}/",
        "encrypt": True,
        "protocol": "websocket",
        "pingInterval": PING_INTERVAL_MS,
        "pingTimeout": PING_TIMEOUT_MS,
    }
    return {"token": _token(call), "instanceServers": [server]}


def _token(call: Call) -> str:
    """A new token; it names the account that asked, if one did."""
    tokens = call.memory.tokens
    made = hashlib.sha256(f"{len(tokens)}:{call.key}:{call.now_ms}".encode()).hexdigest()
    tokens[made] = (call.key, call.now_ms + TOKEN_MS)
    return made


_F: Final = Side.FUTURES
_POOL: Final = Pool.FUTURES
ENDPOINTS: Final = (
    Endpoint(method="POST", path="/api/v1/bullet-public", handle=_public_spot, weight=10),
    Endpoint(method="POST", path="/api/v1/bullet-private", handle=_private_spot, pool=Pool.SPOT, weight=10),
    Endpoint(method="POST", path="/api/v2/bullet-private", handle=_unified, pool=Pool.SPOT, weight=10),
    Endpoint(method="POST", path="/api/v1/bullet-public", handle=_public_futures, side=_F, weight=10),
    Endpoint(method="POST", path="/api/v1/bullet-private", handle=_private_futures, side=_F, pool=_POOL, weight=10),
)
