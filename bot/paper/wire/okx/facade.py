"""The façade: one request in, one response out, and connections for streams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import Refusal
from bot.paper.wire.channel import Channel
from bot.paper.wire.http import Request, Response
from bot.paper.wire.okx import (
    assets,
    balances,
    bills,
    earn,
    errors,
    instruments,
    market,
    order_changes,
    order_queries,
    orders,
    perpetuals,
    positions,
    refusals,
    settings,
    signing,
)
from bot.paper.wire.okx.desk import Desk
from bot.paper.wire.okx.endpoint import Call, Endpoint, Reply
from bot.paper.wire.okx.errors import ApiError, envelope, json_response
from bot.paper.wire.okx.limits import By, Charge, Limits, RateLimiter
from bot.paper.wire.okx.params import Params, of_body, of_query
from bot.paper.wire.okx.signing import Right
from bot.paper.wire.okx.streams import Stream

REST_HOSTS: Final = frozenset({"www.okx.com", "okx.com", "openapi.okx.com", "eea.okx.com"})
#: Live and simulated trading have sockets of their own.
SOCKET_HOSTS: Final = {"ws.okx.com": False, "wseea.okx.com": False, "wspap.okx.com": True, "wseeapap.okx.com": True}
_ROOT: Final = "/api/v5/"
_SOCKET_ROOT: Final = "/ws/v5/"
_SOCKETS: Final = frozenset({"public", "private", "business"})

_MODULES: Final = (
    market,
    instruments,
    perpetuals,
    balances,
    positions,
    bills,
    settings,
    orders,
    order_changes,
    order_queries,
    assets,
    earn,
)
_ENDPOINTS: Final[dict[tuple[str, str], Endpoint]] = {
    (endpoint.method, endpoint.path): endpoint for module in _MODULES for endpoint in module.ENDPOINTS
}


class OkxFacade:
    """OKX v5 as seen from outside: hosts, paths, keys, limits, bodies, streams.

    Args:
        exchange: the exchange whose accounts and markets are shown.
        limits: what may be asked how often; OKX's own by default.
    """

    def __init__(self, exchange: Exchange, *, limits: Limits | None = None) -> None:
        self._exchange = exchange
        self._limiter = RateLimiter(limits or Limits())
        self._desk = Desk(exchange)
        self._connections = 0

    def owns(self, host: str) -> bool:
        """Whether `host` (lower case, no port) is one of OKX's that are served here."""
        return host in REST_HOSTS or host in SOCKET_HOSTS

    def handle(self, request: Request) -> Response:
        """Answer a request to one of the owned hosts; errors are answers too, never exceptions."""
        self.tick(request.now_ms)
        path = request.path.removeprefix(_ROOT)
        endpoint = _ENDPOINTS.get((request.method, path))
        if endpoint is None or path == request.path or request.host not in REST_HOSTS:
            return errors.not_found()
        try:
            return _response(self._answer(request, endpoint), request.now_ms)
        except ApiError as error:
            return error.response()
        except Refusal as refusal:
            return refusals.api_error(refusal).response()

    def tick(self, now_ms: int) -> None:
        """Cancel the orders of accounts whose dead man's time is over."""
        self._desk.run_out(now_ms)

    def connect(self, request: Request) -> Channel | Response:
        """Open a connection, or refuse the handshake with a response."""
        kind = request.path.removeprefix(_SOCKET_ROOT)
        if request.host not in SOCKET_HOSTS or kind not in _SOCKETS:
            return errors.not_found()
        self._connections += 1
        return Stream(
            exchange=self._exchange,
            desk=self._desk,
            limiter=self._limiter,
            kind=kind,
            demo=SOCKET_HOSTS[request.host],
            client=request.client,
            number=self._connections,
            now_ms=request.now_ms,
        )

    def _answer(self, request: Request, endpoint: Endpoint) -> Reply | Sequence[object]:
        key = ""
        if endpoint.right is not Right.PUBLIC:
            key = signing.verify(request, endpoint.right)
            if signing.is_demo(request) and not endpoint.in_demo:
                raise errors.not_in_demo()
        batch = [of_query(request.query)] if request.method == "GET" else of_body(request.body)
        self._limiter.charge(
            Charge(
                method=request.method,
                path=endpoint.path,
                rate=endpoint.rate,
                client=request.client,
                key=key,
                instruments=_instruments(endpoint, batch),
                places=endpoint.places,
            ),
            request.arrived_ms,
        )
        call = Call(
            exchange=self._exchange,
            desk=self._desk,
            batch=batch,
            key=key,
            now_ms=request.now_ms,
            expires_ms=_expires_ms(request),
        )
        return endpoint.handle(call)


def _instruments(endpoint: Endpoint, batch: Sequence[Params]) -> Sequence[str]:
    if endpoint.rate.by is not By.INSTRUMENT:
        return ()
    return [params.text("instId") or params.text("instIdCode") or "" for params in batch]


def _expires_ms(request: Request) -> int | None:
    sent = request.header("expTime")
    if not sent:
        return None
    if not sent.isascii() or not sent.isdecimal():
        raise errors.parameter("expTime")
    return int(sent)


def _response(answer: Reply | Sequence[object], now_ms: int) -> Response:
    if not isinstance(answer, Reply):
        return json_response(envelope(answer))
    body = envelope(answer.data, code=answer.code, msg=answer.msg)
    if answer.timed:
        body |= {"inTime": f"{now_ms}000", "outTime": f"{now_ms}000"}
    return json_response(body)
