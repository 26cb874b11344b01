"""KuCoin's façade behind real ccxt, and behind hand-made requests; time stands still unless a test moves it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeAlias
from urllib.parse import urlencode

from ccxt.async_support.kucoin import kucoin
from ccxt.async_support.kucoinfutures import kucoinfutures
from ccxt.pro.kucoin import kucoin as pro_kucoin
from ccxt.pro.kucoinfutures import kucoinfutures as pro_kucoinfutures

from bot.paper.engine.defaults import KUCOIN_LISTINGS, STARTING
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.layout import KUCOIN as LAYOUT
from bot.paper.engine.model import NewOrder, OrderKind, Side
from bot.paper.session import LocalSession
from bot.paper.venues import KUCOIN
from bot.paper.wire.http import Request, Response
from bot.paper.wire.kucoin import KucoinFacade, Limits
from bot.paper.world import PaperVenue, World

Client: TypeAlias = Any
"""ccxt's client; its annotations contradict its code."""
Body: TypeAlias = Any

_KINDS: dict[str, Any] = {
    "kucoin": kucoin,
    "kucoinfutures": kucoinfutures,
    "pro.kucoin": pro_kucoin,
    "pro.kucoinfutures": pro_kucoinfutures,
}
BTC = "BTC/USDT"
SWAP = "BTC/USDT:USDT"
INVERSE = "BTC/USD:BTC"
SPOT_HOST = "https://api.kucoin.com"
FUTURES_HOST = "https://api-futures.kucoin.com"


class Clock:
    """Time that a test moves, or that runs with the loop from `start` on."""

    def __init__(self) -> None:
        self.now_ms = 1_767_225_600_000 + 3_600_000
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
        limits: weights; KuCoin's own when None.
        hf: whether accounts are on the high-frequency system.
    """

    def __init__(self, limits: Limits | None = None, *, hf: bool = True) -> None:
        self.clock = Clock()
        self.exchange = Exchange(
            name="kucoin",
            listings=KUCOIN_LISTINGS,
            starting=STARTING["kucoin"],
            time_ms=self.clock,
            layout=LAYOUT,
        )
        self.facade = KucoinFacade(self.exchange, limits=limits, hf=hf)
        venue = PaperVenue(exchange=self.exchange, facade=self.facade, traits=KUCOIN)
        self.world = World({"kucoin": venue}, time_ms=self.clock)
        self.key = "paper"

    @asynccontextmanager
    async def client(self, name: str = "kucoin", **config: object) -> AsyncIterator[Client]:
        """Real ccxt on the façade, with the test's clock; `pro` clients by `pro.kucoin` and `pro.kucoinfutures`."""
        client: Client = _KINDS[name](
            {
                "apiKey": self.key,
                "secret": "paper",
                "password": "paper",
                "session": LocalSession(self.world),
                "enableRateLimit": False,
                **config,
            }
        )
        client.milliseconds = self.clock
        try:
            yield client
        finally:
            await client.close()

    def request(
        self,
        method: str,
        url: str,
        body: str = "",
        query: str = "",
        *,
        secret: str | None = None,
        stamp: int | None = None,
    ) -> Request:
        """A signed request for `https://host/path`."""
        host, _, path = url.removeprefix("https://").partition("/")
        time = str(self.clock.now_ms if stamp is None else stamp)
        target = f"/{path}?{query}" if query else f"/{path}"
        headers = {
            "KC-API-KEY": self.key,
            "KC-API-KEY-VERSION": "2",
            "KC-API-TIMESTAMP": time,
            "KC-API-PASSPHRASE": signature("paper", secret or "paper"),
            "KC-API-SIGN": signature(f"{time}{method}{target}{body}", secret or "paper"),
        }
        return Request(
            method=method,
            host=host,
            path=f"/{path}",
            query=query,
            body=body.encode(),
            headers=headers,
            now_ms=self.clock.now_ms,
        )

    def send(
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        *,
        signed: bool = True,
        headers: Mapping[str, str | None] | None = None,
        secret: str | None = None,
        stamp: int | None = None,
    ) -> Response:
        """Send `https://host/path`; parameters go into the query, or into the JSON body of a POST.

        A header of None is left out.
        """
        given = dict(params or {})
        query = urlencode(given) if method != "POST" else ""
        body = json.dumps(given) if method == "POST" else ""
        request = self.request(method, url, body, query, secret=secret, stamp=stamp)
        wanted = {**request.headers, **(headers or {})} if signed else {}
        kept = {name: value for name, value in wanted.items() if value is not None}
        return self.facade.handle(replace(request, headers=kept))

    def body(self, method: str, url: str, body: str) -> Body:
        """The answer to a signed request with a body, whatever its method."""
        return json.loads(self.facade.handle(self.request(method, url, body)).body)

    def data(self, method: str, url: str, params: Mapping[str, object] | None = None) -> Body:
        """`data` of a signed request that must succeed."""
        body = json.loads(self.send(method, url, params).body, parse_float=Decimal)
        assert body["code"] == "200000", body
        return body["data"]

    def refused(self, method: str, url: str, params: Mapping[str, object] | None = None) -> tuple[str, str]:
        """Code and text of a signed request that must fail."""
        return error_of(self.send(method, url, params))[1:]


def signature(text: str, secret: str) -> str:
    """A signature of KuCoin's kind."""
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


def error_of(response: Response) -> tuple[int, str, str]:
    """Status, code and text of an error."""
    body = json.loads(response.body)
    assert body["code"] != "200000", body
    return response.status, body["code"], body["msg"]


def trade(bench: Bench, key: str, side: Side, quantity: str, price: str | None = None) -> int:
    """An order of the account `paper`, without the wire. Returns its number."""
    order = NewOrder(
        listing_key=key,
        side=side,
        kind=OrderKind.LIMIT if price else OrderKind.MARKET,
        quantity=Decimal(quantity),
        price=Decimal(price) if price else None,
        client_id="hb1",
    )
    return bench.exchange.submit("paper", order).order_id
