"""How a venue says that it does not want to be asked now: too often, banned for a while, under maintenance.

Sources: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/limits,
https://www.okx.com/docs-v5/en/#error-code, https://www.okx.com/docs-v5/en/#status-get-status,
https://www.kucoin.com/docs-new/rate-limit and https://www.kucoin.com/docs-new/error-code (read 2025-11). How OKX and
KuCoin turn away an address for a while, and what Binance and KuCoin answer besides their status page during
maintenance, is from general knowledge.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from bot.paper.wire.http import Request, Response

JSON_HEADERS: Final = {"Content-Type": "application/json;charset=UTF-8"}
_MAINTENANCE_S: Final = 3600
_FORBIDDEN: Final = (
    b"<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body>\r\n<h1>403 Forbidden</h1>\r\n</body>\r\n</html>\r\n"
)


def json_answer(status: int, content: Mapping[str, object], headers: Mapping[str, str] | None = None) -> Response:
    """A JSON body without blanks."""
    body = json.dumps(content, separators=(",", ":")).encode()
    return Response(status=status, headers={**JSON_HEADERS, **(headers or {})}, body=body)


def _seconds(lasts_ms: int) -> str:
    return str(max(1, -(-lasts_ms // 1000)))


def binance_too_many(request: Request, lasts_ms: int) -> Response:
    """429 with -1003 and `Retry-After` in seconds."""
    text = "Too much request weight used; current limit is 6000 request weight per 1 MINUTE."
    if request.path.startswith(("/fapi/", "/dapi/")):
        text = "Too many requests; current limit is 2400 requests per minute."
    return json_answer(429, {"code": -1003, "msg": text}, {"Retry-After": _seconds(lasts_ms)})


def binance_banned(request: Request, lasts_ms: int) -> Response:
    """418 with -1003; the text names the end, `Retry-After` the seconds until then."""
    until_ms = request.now_ms + lasts_ms
    text = f"Way too much request weight used; IP banned until {until_ms}. Please use WebSocket Streams."
    if request.path.startswith(("/fapi/", "/dapi/")):
        text = f"Way too many requests; IP({request.client}) banned until {until_ms}. Please use the websocket."
    return json_answer(418, {"code": -1003, "msg": text}, {"Retry-After": _seconds(lasts_ms)})


def binance_maintenance(request: Request) -> Response:
    """The status page says so; everything else is a 503 with a code of no table."""
    if request.path == "/sapi/v1/system/status":
        return json_answer(200, {"status": 1, "msg": "system_maintenance"})
    return json_answer(503, {"code": 1, "msg": "System is under maintenance."})


def okx_too_many(_: Request, __: int) -> Response:
    """429 with 50011; OKX sends no header."""
    return json_answer(429, {"code": "50011", "data": [], "msg": "Too Many Requests"})


def okx_banned(_: Request, __: int) -> Response:
    """The page of the wall in front of OKX."""
    return Response(status=403, headers={"Content-Type": "text/html"}, body=_FORBIDDEN)


def okx_maintenance(request: Request) -> Response:
    """The status page lists an ongoing one; everything else is 503 with 50001."""
    if request.path != "/api/v5/system/status":
        text = "Service temporarily unavailable. Try again later"
        return json_answer(503, {"code": "50001", "data": [], "msg": text})
    ongoing = {
        "begin": str(request.now_ms),
        "end": str(request.now_ms + _MAINTENANCE_S * 1000),
        "href": "",
        "preOpenBegin": "",
        "scheDesc": "",
        "serviceType": "5",
        "state": "ongoing",
        "system": "unified",
        "title": "Trading system upgrade",
        "maintType": "1",
        "env": "1",
    }
    return json_answer(200, {"code": "0", "data": [ongoing], "msg": ""})


def kucoin_too_many(_: Request, lasts_ms: int) -> Response:
    """429 with 429000; `gw-ratelimit-reset` in milliseconds."""
    used_up = {
        "gw-ratelimit-limit": "2000",
        "gw-ratelimit-remaining": "0",
        "gw-ratelimit-reset": str(lasts_ms),
    }
    return json_answer(429, {"code": "429000", "msg": "Too many requests. Please retry later."}, used_up)


def kucoin_banned(_: Request, __: int) -> Response:
    """403 with 1015: the wall in front of KuCoin turns the address away."""
    return json_answer(403, {"code": "1015", "msg": "Access limit breached. Please retry later."})


def kucoin_maintenance(request: Request) -> Response:
    """The status page says `close`; everything else is a 503."""
    if request.path == "/api/v1/status":
        return json_answer(200, {"code": "200000", "data": {"status": "close", "msg": "upgrade match engine"}})
    return json_answer(503, {"code": "503", "msg": "Service Unavailable"})
