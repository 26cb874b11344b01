"""Which address opens which connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs

from bot.paper.wire.binance.limits import Family
from bot.paper.wire.binance.streams.api_channel import ApiChannel
from bot.paper.wire.binance.streams.market_channel import MarketChannel
from bot.paper.wire.binance.streams.source import Source
from bot.paper.wire.binance.streams.user_channel import UserChannel
from bot.paper.wire.channel import Channel
from bot.paper.wire.http import Request, Response

STREAM_HOSTS: Final = {
    "stream.binance.com": Family.SPOT,
    "demo-stream.binance.com": Family.SPOT,
    "fstream.binance.com": Family.LINEAR,
    "dstream.binance.com": Family.INVERSE,
    "fstream.binancefuture.com": Family.LINEAR,
    "dstream.binancefuture.com": Family.INVERSE,
}
#: Host and path of the WebSocket API -> which part of Binance, and the host whose REST does the same.
API_ADDRESSES: Final = {
    ("ws-api.binance.com", "/ws-api/v3"): (Family.SPOT, "api.binance.com"),
    ("demo-ws-api.binance.com", "/ws-api/v3"): (Family.SPOT, "demo-api.binance.com"),
    ("ws-fapi.binance.com", "/ws-fapi/v1"): (Family.LINEAR, "fapi.binance.com"),
    ("ws-dapi.binance.com", "/ws-dapi/v1"): (Family.INVERSE, "dapi.binance.com"),
    ("testnet.binancefuture.com", "/ws-fapi/v1"): (Family.LINEAR, "demo-fapi.binance.com"),
    ("testnet.binancefuture.com", "/ws-dapi/v1"): (Family.INVERSE, "demo-dapi.binance.com"),
}
SOCKET_HOSTS: Final = frozenset(STREAM_HOSTS) | {host for host, _ in API_ADDRESSES}
_CATEGORIES: Final = ("/public", "/market", "/private")


def connect(
    request: Request, *, source_of: Callable[[Family], Source], handle: Callable[[Request], Response]
) -> Channel | Response:
    """Open a connection, or refuse the handshake.

    Args:
        request: the upgrade request.
        source_of: the venue, for one part of it.
        handle: answers REST requests, for the WebSocket API.
    """
    api = API_ADDRESSES.get((request.host, request.path))
    if api is not None:
        family, host = api
        source = source_of(family)
        return ApiChannel(source, host=host, handle=handle, client=request.client, now_ms=request.now_ms)
    stream_family = STREAM_HOSTS.get(request.host)
    if stream_family is None:
        return _refused(404, b"Not Found")
    return _stream(request, source_of(stream_family))


def _stream(request: Request, source: Source) -> Channel | Response:
    path = request.path
    if source.family is Family.LINEAR:
        # USD-M sorts its streams by category; the address without one still serves.
        category = next((name for name in _CATEGORIES if path.startswith(f"{name}/")), "")
        path = path.removeprefix(category)
    query = parse_qs(request.query)
    root, _, rest = path.removeprefix("/").partition("/")
    if root not in {"ws", "stream"}:
        return _refused(404, b"Not Found")
    names = [name for part in [rest, *query.get("streams", [])] for name in part.split("/") if name]
    for listen_key in [*query.get("listenKey", []), *names]:
        owner = source.listen_keys.owner(listen_key, source.family, request.now_ms)
        if owner is not None:
            return UserChannel(source, listen_key=listen_key, owner=owner, now_ms=request.now_ms)
    if "listenKey" in query:
        return _refused(401, b"Invalid listenKey")
    return MarketChannel(
        source, names=[name for name in names if "@" in name], combined=root == "stream", now_ms=request.now_ms
    )


def _refused(status: int, text: bytes) -> Response:
    return Response(status=status, headers={"Content-Type": "text/plain"}, body=text)
