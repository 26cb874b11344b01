"""`listenKey` on futures: no signature, no parameters that matter; ccxt sends a body that means nothing."""

from __future__ import annotations

from typing import Final

from bot.paper.wire.binance.endpoint import Call, Security, futures


def _create(call: Call) -> object:
    return {"listenKey": call.listen_keys.create(call.family, call.key, call.now_ms)}


def _renew(call: Call) -> object:
    return {"listenKey": call.listen_keys.renew(call.family, call.key, call.now_ms)}


def _close(call: Call) -> object:
    call.listen_keys.close(call.family, call.key, call.now_ms)
    return {}


ENDPOINTS: Final = (
    *futures("POST", "v1/listenKey", _create, security=Security.KEY),
    *futures("PUT", "v1/listenKey", _renew, security=Security.KEY),
    *futures("DELETE", "v1/listenKey", _close, security=Security.KEY),
)
