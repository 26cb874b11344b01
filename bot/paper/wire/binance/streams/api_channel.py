"""The WebSocket API: requests over one connection, and the stream of a spot account.

Source: https://developers.binance.com/docs/binance-spot-api-docs/websocket-api,
.../usds-margined-futures/websocket-api-general-info and the same of coin-margined-futures (read 2025-11).
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

from bot.paper.wire.binance import errors, signing
from bot.paper.wire.binance.errors import ApiError
from bot.paper.wire.binance.limits import Family
from bot.paper.wire.binance.params import Params
from bot.paper.wire.binance.streams.heart import Heart
from bot.paper.wire.binance.streams.source import Source, frame
from bot.paper.wire.binance.streams.spot_feed import SpotFeed
from bot.paper.wire.channel import Frame
from bot.paper.wire.http import Request, Response

#: Method -> the REST request that does the same; None takes the name as it is.
_SPOT: Final = {
    "ping": ("GET", "/api/v3/ping"),
    "time": ("GET", "/api/v3/time"),
    "exchangeInfo": ("GET", "/api/v3/exchangeInfo"),
    "depth": ("GET", "/api/v3/depth"),
    "klines": ("GET", "/api/v3/klines"),
    "trades.recent": ("GET", "/api/v3/trades"),
    "ticker.24hr": ("GET", "/api/v3/ticker/24hr"),
    "ticker.price": ("GET", "/api/v3/ticker/price"),
    "ticker.book": ("GET", "/api/v3/ticker/bookTicker"),
    "order.place": ("POST", "/api/v3/order"),
    "order.test": ("POST", "/api/v3/order/test"),
    "order.status": ("GET", "/api/v3/order"),
    "order.cancel": ("DELETE", "/api/v3/order"),
    "order.cancelReplace": ("POST", "/api/v3/order/cancelReplace"),
    "openOrders.status": ("GET", "/api/v3/openOrders"),
    "openOrders.cancelAll": ("DELETE", "/api/v3/openOrders"),
    "allOrders": ("GET", "/api/v3/allOrders"),
    "myTrades": ("GET", "/api/v3/myTrades"),
    "account.status": ("GET", "/api/v3/account"),
}
_FUTURES: Final = {
    "depth": ("GET", "v1/depth"),
    "ticker.price": ("GET", "v1/ticker/price"),
    "ticker.book": ("GET", "v1/ticker/bookTicker"),
    "order.place": ("POST", "v1/order"),
    "order.modify": ("PUT", "v1/order"),
    "order.status": ("GET", "v1/order"),
    "order.cancel": ("DELETE", "v1/order"),
}
_LINEAR: Final = {
    "v2/account.balance": ("GET", "/fapi/v3/balance"),
    "v2/account.status": ("GET", "/fapi/v3/account"),
    "v2/account.position": ("GET", "/fapi/v3/positionRisk"),
    "account.balance": ("GET", "/fapi/v2/balance"),
    "account.status": ("GET", "/fapi/v2/account"),
    "account.position": ("GET", "/fapi/v2/positionRisk"),
}
_INVERSE: Final = {
    "account.balance": ("GET", "/dapi/v1/balance"),
    "account.status": ("GET", "/dapi/v1/account"),
    "account.position": ("GET", "/dapi/v1/positionRisk"),
}


def _under(root: str) -> dict[str, tuple[str, str]]:
    return {name: (method, f"/{root}/{path}") for name, (method, path) in _FUTURES.items()}


_METHODS: Final = {
    Family.SPOT: _SPOT,
    Family.LINEAR: _under("fapi") | _LINEAR,
    Family.INVERSE: _under("dapi") | _INVERSE,
}


class ApiChannel:
    """One connection.

    Args:
        source: the venue.
        host: whose REST answers the requests.
        handle: answers a REST request.
        client: who is connected; weights count by it.
        now_ms: when it was opened.
    """

    def __init__(
        self, source: Source, *, host: str, handle: Callable[[Request], Response], client: str, now_ms: int
    ) -> None:
        self._source = source
        self._host = host
        self._handle = handle
        self._client = client
        self._feeds: dict[int, SpotFeed] = {}
        self._subscribed = 0
        self._answers: list[Frame] = []
        self._heart = Heart(now_ms)

    def receive(self, text: str, now_ms: int) -> None:
        """Take a request; what it asks for happens at once."""
        try:
            request = json.loads(text)
        except ValueError:
            request = None
        if not isinstance(request, dict) or not isinstance(request.get("params", {}), dict):
            self._answers.append(_error(None, 400, {"code": -1135, "msg": "Invalid JSON Request"}))
            return
        request_id = request.get("id")
        params = {str(name): _text(value) for name, value in request.get("params", {}).items()}
        try:
            answer = self._answer(str(request.get("method")), params, request_id, now_ms)
        except ApiError as error:
            answer = _error(request_id, error.status, {"code": error.code, "msg": error.msg})
        self._answers.append(answer)

    def frames(self, now_ms: int) -> Sequence[Frame]:
        """Answers, and the news of the accounts subscribed to."""
        answers, self._answers = self._answers, []
        news = [
            frame({"subscriptionId": number, "event": event})
            for number, feed in self._feeds.items()
            for event in feed.events(now_ms)
        ]
        return [*answers, *news, *self._heart.beat(now_ms)]

    def _answer(self, method: str, params: Mapping[str, str], request_id: object, now_ms: int) -> Frame:
        if self._source.family is Family.SPOT and method.startswith("userDataStream."):
            return self._user_stream(method, params, request_id, now_ms)
        called = _METHODS[self._source.family].get(method)
        if called is None:
            raise ApiError(-1000, f"Unknown method '{method}'.")
        key = _verified(params, now_ms) if "signature" in params else params.get("apiKey", "")
        response = self._handle(self._request(*called, params, key, now_ms))
        body = json.loads(response.body)
        if response.status != 200:
            return _error(request_id, response.status, body)
        return frame({"id": request_id, "status": 200, "result": body, "rateLimits": []})

    def _user_stream(self, method: str, params: Mapping[str, str], request_id: object, now_ms: int) -> Frame:
        result: dict[str, object] = {}
        match method:
            case "userDataStream.subscribe.signature":
                self._feeds[self._subscribed] = SpotFeed(self._source, _verified(params, now_ms))
                result = {"subscriptionId": self._subscribed}
                self._subscribed += 1
            case "userDataStream.unsubscribe":
                wanted = params.get("subscriptionId")
                self._feeds = {
                    number: feed for number, feed in self._feeds.items() if wanted not in {None, str(number)}
                }
            case _:
                raise ApiError(-1000, f"Unknown method '{method}'.")
        return frame({"id": request_id, "status": 200, "result": result, "rateLimits": []})

    def _request(self, method: str, path: str, params: Mapping[str, str], key: str, now_ms: int) -> Request:
        """The REST request that does the same, signed again in the way of REST."""
        query = urlencode({name: value for name, value in params.items() if name not in {"apiKey", "signature"}})
        if "signature" in params:
            query = f"{query}&signature={signing.sign(query)}"
        return Request(
            method=method,
            host=self._host,
            path=path,
            query=query,
            headers={"X-MBX-APIKEY": key} if key else {},
            now_ms=now_ms,
            client=self._client,
        )


def _verified(params: Mapping[str, str], now_ms: int) -> str:
    """The key that signed: over all parameters in alphabetical order, each as it was sent.

    Raises:
        ApiError: as a signed REST request.
    """
    unsigned = "&".join(f"{name}={value}" for name, value in sorted(params.items()) if name != "signature")
    key = signing.known_key(params.get("apiKey"))
    signing.check_window(Params(params), now_ms)
    if not hmac.compare_digest(signing.sign(unsigned).encode(), params.get("signature", "").encode()):
        raise errors.bad_signature()
    return key


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _error(request_id: object, status: int, error: object) -> Frame:
    return frame({"id": request_id, "status": status, "error": error, "rateLimits": []})
