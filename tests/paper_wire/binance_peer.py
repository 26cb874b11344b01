"""The client's end of a connection to the paper Binance, without a socket."""

from __future__ import annotations

import hashlib
import hmac
import json
from urllib.parse import urlsplit

from bot.paper.wire.binance import BinanceFacade
from bot.paper.wire.channel import Channel, Frame, Text
from bot.paper.wire.http import Request, Response
from tests.paper_wire.conftest import Body, Clock

API = "wss://ws-api.binance.com:443/ws-api/v3"


class Peer:
    """The client's end of one connection."""

    def __init__(self, facade: BinanceFacade, clock: Clock, url: str) -> None:
        opened = facade.connect(handshake(clock, url))
        assert not isinstance(opened, Response), opened
        self.channel: Channel = opened
        self.clock = clock

    def ask(self, method: str, params: object = (), request_id: object = 1) -> Body:
        """Send a request; its answer is the first frame after it."""
        self.channel.receive(json.dumps({"method": method, "params": params, "id": request_id}), self.clock.now_ms)
        first, *rest = self.frames()
        self.later = rest
        assert isinstance(first, Text)
        return json.loads(first.text)

    def frames(self) -> list[Frame]:
        return list(self.channel.frames(self.clock.now_ms))

    def told(self, after_ms: int = 0) -> list[Body]:
        """The messages that are there after some time."""
        self.clock.now_ms += after_ms
        return [json.loads(frame.text) for frame in self.frames() if isinstance(frame, Text)]


def handshake(clock: Clock, url: str) -> Request:
    parts = urlsplit(url)
    return Request(
        method="GET", host=parts.hostname or "", path=parts.path, query=parts.query, headers={}, now_ms=clock.now_ms
    )


def signed(clock: Clock, *, secret: str = "paper", key: str = "paper", **params: object) -> dict[str, object]:  # noqa: S107
    """Parameters as ccxt.pro signs them: over all of them in alphabetical order."""
    whole = {**params, "apiKey": key, "timestamp": clock.now_ms, "recvWindow": 10_000}
    payload = "&".join(f"{name}={value}" for name, value in sorted(whole.items()))
    return whole | {"signature": hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()}
