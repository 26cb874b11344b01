"""The façade: one request in, one response out."""

from __future__ import annotations

from typing import Final

from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import Refusal
from bot.paper.wire.http import Request, Response
from bot.paper.wire.kucoin import (
    earn,
    futures_account,
    futures_history,
    futures_market,
    futures_orders,
    futures_settings,
    refusals,
    signing,
    spot_account,
    spot_history,
    spot_market,
    spot_orders,
    wallet,
)
from bot.paper.wire.kucoin.body import success
from bot.paper.wire.kucoin.endpoint import Call, Endpoint, Side
from bot.paper.wire.kucoin.errors import ApiError, not_found, too_many_requests
from bot.paper.wire.kucoin.limits import Limits, Pool, RateLimiter
from bot.paper.wire.kucoin.memory import Memory
from bot.paper.wire.kucoin.params import Params
from bot.paper.wire.kucoin.routes import Routes

#: Which side of KuCoin a host serves.
HOSTS: Final = {
    "api.kucoin.com": Side.SPOT,
    "openapi-v2.kucoin.com": Side.SPOT,
    "api-futures.kucoin.com": Side.FUTURES,
}
_MODULES: Final = (
    spot_market,
    spot_account,
    spot_orders,
    spot_history,
    wallet,
    earn,
    futures_market,
    futures_account,
    futures_orders,
    futures_history,
    futures_settings,
)
_ROUTES: Final = Routes(endpoint for module in _MODULES for endpoint in module.ENDPOINTS)


class KucoinFacade:
    """KuCoin as seen from outside: hosts, paths, keys, weights, bodies.

    Args:
        exchange: the exchange whose accounts and markets are shown; laid out as `bot.paper.engine.layout.KUCOIN`.
        limits: weights that are allowed; KuCoin's own by default.
        hf: accounts trade on the high-frequency system; False: on the old one.
    """

    def __init__(self, exchange: Exchange, *, limits: Limits | None = None, hf: bool = True) -> None:
        self._exchange = exchange
        self._limiter = RateLimiter(limits or Limits())
        self._memory = Memory()
        self._hf = hf

    def owns(self, host: str) -> bool:
        """Whether `host` (lower case, no port) is one of KuCoin's that are served here."""
        return host in HOSTS

    def handle(self, request: Request) -> Response:
        """Answer a request to one of the owned hosts; errors are answers too, never exceptions."""
        side = HOSTS.get(request.host)
        found = None if side is None else _ROUTES.find(request.method, side, request.path)
        if found is None:
            return not_found().response({})
        endpoint, path = found
        headers: dict[str, str] = {}
        try:
            key = self._admit(request, endpoint, headers)
            params = Params.of(request, path)
            return success(endpoint.handle(self._call(request, params, key)), headers)
        except ApiError as error:
            refused = error
        except Refusal as refusal:
            refused = refusals.api_error(refusal, endpoint.side)
        return refused.response(headers)

    def _admit(self, request: Request, endpoint: Endpoint, headers: dict[str, str]) -> str:
        """Count the request, then see who asks. Returns the API key, empty for public endpoints."""
        named = request.header("KC-API-KEY") if endpoint.private else None
        scope = request.client if endpoint.pool is Pool.PUBLIC or named is None else named
        charged = self._limiter.charge(endpoint.pool, scope, endpoint.weight, request.now_ms)
        headers.update(charged.headers)
        if not charged.allowed:
            raise too_many_requests()
        return signing.verify(request) if endpoint.private else ""

    def _call(self, request: Request, params: Params, key: str) -> Call:
        return Call(
            exchange=self._exchange,
            params=params,
            key=key,
            now_ms=request.now_ms,
            memory=self._memory,
            hf=self._hf,
        )
