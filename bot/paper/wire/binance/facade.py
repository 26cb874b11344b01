"""The façade: one request in, one response out."""

from __future__ import annotations

from typing import Final

from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import Refusal
from bot.paper.wire.binance import (
    cash,
    earn,
    earn_history,
    futures_account,
    futures_history,
    futures_info,
    futures_listen,
    futures_margin,
    futures_market,
    futures_orders,
    futures_positions,
    futures_records,
    futures_settings,
    margin,
    refusals,
    signing,
    spot_account,
    spot_market,
    spot_orders,
    staking,
    wallet,
)
from bot.paper.wire.binance.books import SeenBooks
from bot.paper.wire.binance.countdowns import Countdowns
from bot.paper.wire.binance.endpoint import Call, Endpoint, Security
from bot.paper.wire.binance.errors import ApiError, json_response
from bot.paper.wire.binance.limits import Charge, Family, Limits, RateLimiter
from bot.paper.wire.binance.listen_keys import ListenKeys
from bot.paper.wire.binance.params import Params
from bot.paper.wire.binance.streams.connect import SOCKET_HOSTS, connect
from bot.paper.wire.binance.streams.source import Source
from bot.paper.wire.channel import Channel
from bot.paper.wire.http import Request, Response

_SPOT_HOSTS: Final = frozenset(
    {"api.binance.com", "api-gcp.binance.com", *(f"api{n}.binance.com" for n in range(1, 5))}
)

#: Which paths a host serves. The demo hosts have no `/sapi`.
HOSTS: Final = {
    **{host: frozenset({Family.SPOT, Family.SAPI}) for host in _SPOT_HOSTS},
    "fapi.binance.com": frozenset({Family.LINEAR}),
    "dapi.binance.com": frozenset({Family.INVERSE}),
    "demo-api.binance.com": frozenset({Family.SPOT}),
    "demo-fapi.binance.com": frozenset({Family.LINEAR}),
    "demo-dapi.binance.com": frozenset({Family.INVERSE}),
}

_MODULES: Final = (
    spot_market,
    spot_account,
    spot_orders,
    futures_info,
    futures_market,
    futures_history,
    futures_account,
    futures_positions,
    futures_margin,
    futures_orders,
    futures_records,
    futures_settings,
    futures_listen,
    wallet,
    cash,
    margin,
    earn,
    earn_history,
    staking,
)
_ENDPOINTS: Final[dict[tuple[Family, str, str], Endpoint]] = {
    (endpoint.family, endpoint.method, endpoint.path): endpoint for module in _MODULES for endpoint in module.ENDPOINTS
}
_NOT_FOUND_PAGE: Final = (
    b"<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n"
    b"<center><h1>404 Not Found</h1></center>\r\n</body>\r\n</html>\r\n"
)


class BinanceFacade:
    """Binance as seen from outside: hosts, paths, keys, weights, bodies.

    Args:
        exchange: the exchange whose accounts and markets are shown.
        limits: request weights and order counts that are allowed; Binance's own by default.
    """

    def __init__(self, exchange: Exchange, *, limits: Limits | None = None) -> None:
        self._exchange = exchange
        self._limits = limits or Limits()
        self._limiter = RateLimiter(self._limits)
        self._listen_keys = ListenKeys()
        self._books = SeenBooks()
        self._countdowns = Countdowns()

    def owns(self, host: str) -> bool:
        """Whether `host` (lower case, no port) is one of Binance's that are served here."""
        return host in HOSTS or host in SOCKET_HOSTS

    def connect(self, request: Request) -> Channel | Response:
        """Open a WebSocket; a Response is a handshake refused."""
        return connect(request, source_of=self._source, handle=self.handle)

    def tick(self, now_ms: int) -> None:
        """Cancel the orders whose countdown is over."""
        self._countdowns.run_out(self._exchange, now_ms)

    def expire_listen_keys(self, now_ms: int) -> None:
        """Let every listen key expire before its time."""
        self._listen_keys.expire(now_ms)

    def handle(self, request: Request) -> Response:
        """Answer a request to one of the owned hosts; errors are answers too, never exceptions."""
        self.tick(request.now_ms)
        served = ((family, request.method, request.path) for family in HOSTS.get(request.host, frozenset()))
        endpoint = next((_ENDPOINTS[called] for called in served if called in _ENDPOINTS), None)
        if endpoint is None:
            return _not_found(request)
        headers: dict[str, str] = {}
        try:
            return json_response(self._answer(request, endpoint, headers), headers=headers)
        except ApiError as error:
            refused = error
        except Refusal as refusal:
            refused = refusals.api_error(refusal, endpoint.family, request.method)
        return refused.response(headers)

    def _source(self, family: Family) -> Source:
        return Source(
            exchange=self._exchange,
            limits=self._limits,
            listen_keys=self._listen_keys,
            books=self._books,
            family=family,
        )

    def _answer(self, request: Request, endpoint: Endpoint, headers: dict[str, str]) -> object:
        params = Params.of(request)
        charge = Charge(
            family=endpoint.family,
            client=request.client,
            path=endpoint.path,
            weight=endpoint.weight_of(params),
            uid=request.header("X-MBX-APIKEY") if endpoint.by_account else None,
        )
        headers.update(self._limiter.charge(charge, request.arrived_ms))
        key = ""
        if endpoint.security is not Security.PUBLIC:
            key = signing.api_key(request)
        if endpoint.security is Security.SIGNED:
            signing.verify(request, params)
        if endpoint.places_order:
            headers.update(self._limiter.charge_order(endpoint.family, key, request.arrived_ms))
        call = Call(
            exchange=self._exchange,
            params=params,
            key=key,
            now_ms=request.now_ms,
            limits=self._limits,
            family=endpoint.family,
            listen_keys=self._listen_keys,
            books=self._books,
            countdowns=self._countdowns,
        )
        return endpoint.handle(call)


def _not_found(request: Request) -> Response:
    if request.path.startswith(("/fapi/", "/dapi/")) and not request.host.startswith(("api", "demo-api")):
        text = f"Path {request.path}, Method {request.method} is invalid"
        return ApiError(-5000, text, status=404).response()
    return Response(status=404, headers={"Content-Type": "text/html"}, body=_NOT_FOUND_PAGE)
