"""The façade: one request in, one response out."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl

from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import Refusal
from bot.paper.wire.channel import Channel
from bot.paper.wire.http import Request, Response
from bot.paper.wire.kucoin import (
    bullets,
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
from bot.paper.wire.kucoin.channel import DeadChannel, KucoinChannel
from bot.paper.wire.kucoin.endpoint import Call, Endpoint, Side
from bot.paper.wire.kucoin.errors import ApiError, not_found, too_many_requests
from bot.paper.wire.kucoin.limits import Limits, Pool, RateLimiter
from bot.paper.wire.kucoin.memory import Memory
from bot.paper.wire.kucoin.params import Params
from bot.paper.wire.kucoin.routes import Routes
from bot.paper.wire.kucoin.topics import Source
from bot.paper.wire.kucoin.unified import UnifiedChannel

#: Which side of KuCoin a host serves.
HOSTS: Final = {
    "api.kucoin.com": Side.SPOT,
    "openapi-v2.kucoin.com": Side.SPOT,
    "api-futures.kucoin.com": Side.FUTURES,
}
#: Which side of KuCoin streams from a host; the newer streams need no such distinction.
STREAM_HOSTS: Final = {bullets.SPOT_STREAM: Side.SPOT, bullets.FUTURES_STREAM: Side.FUTURES}
UNIFIED_PRIVATE: Final = "wsapi-push.kucoin.com"
UNIFIED_HOSTS: Final = frozenset({UNIFIED_PRIVATE, "x-push-futures.kucoin.com"})
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
    bullets,
)
ENDPOINTS: Final = tuple(endpoint for module in _MODULES for endpoint in module.ENDPOINTS)
_ROUTES: Final = Routes(ENDPOINTS)


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
        return host in HOSTS or host in STREAM_HOSTS or host in UNIFIED_HOSTS

    def tick(self, now_ms: int) -> None:
        """Nothing: there is no dead man's switch for contracts here."""

    def connect(self, request: Request) -> Channel | Response:
        """Open a stream for an upgrade request; a Response is a handshake refused.

        A token that is unknown or has expired opens a connection that says so and ends.
        """
        side = STREAM_HOSTS.get(request.host)
        if side is None and request.host not in UNIFIED_HOSTS:
            return not_found().response({})
        query = dict(parse_qsl(request.query))
        needed = request.host not in UNIFIED_HOSTS or request.host == UNIFIED_PRIVATE
        known = self._memory.tokens.get(query.get("token", ""))
        if known is None and needed:
            return DeadChannel("token is invalid")
        key, expires_ms = known or ("", request.now_ms + bullets.TOKEN_MS)
        if request.now_ms >= expires_ms:
            return DeadChannel("token is expired")
        source = Source(exchange=self._exchange, memory=self._memory, key=key, hf=self._hf)
        if side is None:
            return UnifiedChannel(source, now_ms=request.now_ms)
        return KucoinChannel(
            source,
            side,
            connect_id=query.get("connectId", ""),
            expires_ms=expires_ms,
            now_ms=request.now_ms,
        )

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
        charged = self._limiter.charge(endpoint.pool, scope, endpoint.weight, request.arrived_ms)
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
