"""OKX's façade behind real ccxt, and behind hand-made requests; time stands still unless a test moves it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import importlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias
from urllib.parse import urlencode

from bot.paper.engine.defaults import OKX_LISTINGS, STARTING
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.layout import OKX as LAYOUT
from bot.paper.session import LocalSession
from bot.paper.venues import OKX
from bot.paper.wire.channel import Close, Text
from bot.paper.wire.http import Request, Response
from bot.paper.wire.okx import Limits, OkxFacade
from bot.paper.world import PaperVenue, World

Client: TypeAlias = Any
"""ccxt's client; its annotations contradict its code."""
Body: TypeAlias = Any

SPOT = "BTC-USDT"
SWAP = "BTC-USDT-SWAP"
INVERSE = "BTC-USD-SWAP"
PASSWORD = "paper"
START_MS = 1_767_225_600_000 + 3_600_000


class Clock:
    """Time that a test moves, or that runs with the loop from `start` on."""

    def __init__(self) -> None:
        self.now_ms = START_MS
        self._started_s: float | None = None

    def start(self) -> None:
        """Run from now on."""
        self._started_s = asyncio.get_running_loop().time()

    def __call__(self) -> int:
        if self._started_s is None:
            return self.now_ms
        return self.now_ms + int((asyncio.get_running_loop().time() - self._started_s) * 1000)


class Bench:
    """One exchange, its façade and whatever a test needs to talk to it.

    Args:
        limits: rate limits; OKX's own when None.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.clock = Clock()
        self.exchange = Exchange(
            name="okx",
            listings=OKX_LISTINGS,
            starting=STARTING["okx"],
            time_ms=self.clock,
            layout=LAYOUT,
        )
        self.facade = OkxFacade(self.exchange, limits=limits)
        venue = PaperVenue(exchange=self.exchange, facade=self.facade, traits=OKX)
        self.world = World({"okx": venue}, time_ms=self.clock)
        self.key = "paper"

    @asynccontextmanager
    async def client(self, **config: object) -> AsyncIterator[Client]:
        """Real ccxt on the façade, with the test's clock."""
        make: Any = importlib.import_module("ccxt.pro").okx
        client: Client = make(
            {
                "apiKey": self.key,
                "secret": "paper",
                "password": "paper",
                "session": LocalSession(self.world),
                "enableRateLimit": False,
                "number": Decimal,
                **config,
            }
        )
        client.milliseconds = self.clock
        client.seconds = lambda: self.clock() // 1000
        try:
            yield client
        finally:
            await client.close()

    def send(
        self,
        method: str,
        path: str,
        content: object = None,
        *,
        signed: bool = True,
        headers: Mapping[str, str | None] | None = None,
        secret: str = PASSWORD,
        at_ms: int | None = None,
        host: str = "www.okx.com",
    ) -> Response:
        """Send `/api/v5/path`; the content goes into the query of a GET, or is the JSON body of a POST."""
        get = method == "GET"
        query = urlencode(content) if get and isinstance(content, Mapping) else ""
        body = "" if get or content is None else content if isinstance(content, str) else json.dumps(content)
        made: dict[str, str] = {}
        if signed:
            time = stamp(self.clock() if at_ms is None else at_ms)
            target = f"/api/v5/{path}?{query}" if query else f"/api/v5/{path}"
            made = {
                "OK-ACCESS-KEY": self.key,
                "OK-ACCESS-PASSPHRASE": "paper",
                "OK-ACCESS-TIMESTAMP": time,
                "OK-ACCESS-SIGN": signature(f"{time}{method}{target}{body}", secret),
            }
        for name, value in (headers or {}).items():
            if value is None:
                del made[name]
            else:
                made[name] = value
        return self.facade.handle(
            Request(
                method=method,
                host=host,
                path=f"/api/v5/{path}",
                query=query,
                body=body.encode(),
                headers=made,
                now_ms=self.clock(),
            )
        )

    def get(self, path: str, **params: object) -> Body:
        """`data` of a signed GET that must succeed."""
        return data_of(self.send("GET", path, params))

    def post(self, path: str, content: object) -> Body:
        """`data` of a signed POST that must succeed."""
        return data_of(self.send("POST", path, content))

    def refused(self, method: str, path: str, content: object = None) -> tuple[int, str]:
        """Status and code of a signed request that must fail; the code of its only order if it was for one."""
        response = self.send(method, path, content)
        body = json.loads(response.body)
        assert body["code"] != "0", body
        rows = body["data"]
        code = rows[0]["sCode"] if body["code"] == "1" else body["code"]
        return response.status, code

    def order(self, name: str, side: str, size: str, **more: object) -> Body:
        """Place one order: on spot for cash, else under cross margin; market unless told otherwise."""
        return self.post("trade/order", wanted(name, side, size, **more))[0]

    def socket(self, kind: str = "private", *, login: bool = True, host: str = "ws.okx.com") -> Socket:
        """Open a connection, and log in where that is needed."""
        socket = Socket(self, kind, host)
        if kind == "private" and login:
            assert socket.login()["code"] == "0"
        return socket


class Socket:
    """A connection without any network."""

    def __init__(self, bench: Bench, kind: str, host: str) -> None:
        self._bench = bench
        opened = bench.facade.connect(
            Request(method="GET", host=host, path=f"/ws/v5/{kind}", now_ms=bench.clock()),
        )
        assert not isinstance(opened, Response), opened
        self.channel = opened

    def say(self, message: object) -> list[Body]:
        """Send a message, and see what comes."""
        self.channel.receive(message if isinstance(message, str) else json.dumps(message), self._bench.clock())
        return self.hear()

    def hear(self) -> list[Body]:
        """What the venue has to say now; a closing frame as (code, reason)."""
        said: list[Body] = []
        for frame in self.channel.frames(self._bench.clock()):
            match frame:
                case Text(text="pong"):
                    said.append("pong")
                case Text(text=text):
                    said.append(json.loads(text))
                case Close(code=code, reason=reason):
                    said.append((code, reason))
                case _:
                    raise AssertionError(frame)
        return said

    def login(self, *, key: str = "paper", secret: str = PASSWORD, passphrase: str = PASSWORD, late_s: int = 0) -> Body:
        """Log in."""
        time = str(self._bench.clock() // 1000 - late_s)
        arg = {
            "apiKey": key,
            "passphrase": passphrase,
            "timestamp": time,
            "sign": signature(f"{time}GET/users/self/verify", secret),
        }
        return self.say({"op": "login", "args": [arg]})[0]

    def subscribe(self, channel: str, **arg: object) -> list[Body]:
        """Subscribe; the answer and what is pushed at once."""
        return self.say({"op": "subscribe", "args": [{"channel": channel, **arg}]})


def wanted(name: str, side: str, size: str, **more: object) -> dict[str, object]:
    """The body of an order."""
    mode = "cross" if name.endswith("-SWAP") else "cash"
    return {"instId": name, "tdMode": mode, "side": side, "ordType": "market", "sz": size, **more}


def data_of(response: Response) -> Body:
    """`data` of an answer that must be good."""
    body = json.loads(response.body)
    assert (response.status, body["code"]) == (200, "0"), body
    return body["data"]


def row_of(rows: Sequence[Body], **members: str) -> Body:
    """The only row with these members."""
    found = [row for row in rows if all(row[name] == value for name, value in members.items())]
    assert len(found) == 1, rows
    return found[0]


def signature(text: str, secret: str = PASSWORD) -> str:
    """A signature of OKX's kind."""
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


def stamp(time_ms: int) -> str:
    """A time as OKX's header wants it."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
