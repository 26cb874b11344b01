"""The Binance façade behind real ccxt, and behind hand-made requests; time stands still unless a test moves it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias
from urllib.parse import urlencode

import pytest
from ccxt.async_support.binance import binance as make_binance

from bot.paper.engine.defaults import BINANCE_LISTINGS, BINANCE_STARTING
from bot.paper.engine.exchange import Exchange
from bot.paper.session import LocalSession
from bot.paper.venues import BINANCE
from bot.paper.wire.binance import BinanceFacade, Limits
from bot.paper.wire.http import Request, Response
from bot.paper.world import PaperVenue, World

Binance: TypeAlias = Any
"""ccxt's client; its annotations contradict its code."""
Body: TypeAlias = Any


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now_ms = 1_767_225_600_000 + 3_600_000

    def __call__(self) -> int:
        return self.now_ms


class Wire:
    """Requests made by hand: what ccxt would never send."""

    def __init__(self, facade: BinanceFacade, clock: Clock) -> None:
        self.facade = facade
        self.clock = clock
        self.key = "paper"

    def send(
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        *,
        signed: bool = True,
        secret: str | None = None,
        timestamp: int | None = None,
        key: str | None = None,
    ) -> Response:
        """Send `https://host/path`; signed parameters go into the query, or into the body of a POST or PUT."""
        host, _, path = url.removeprefix("https://").partition("/")
        text = urlencode(dict(params or {}))
        headers = {}
        if signed:
            stamp = self.clock.now_ms if timestamp is None else timestamp
            text = "&".join(filter(None, [text, f"timestamp={stamp}"]))
            signature = hmac.new((secret or "paper").encode(), text.encode(), hashlib.sha256).hexdigest()
            text += f"&signature={signature}"
            headers["X-MBX-APIKEY"] = self.key if key is None else key
        in_body = method in {"POST", "PUT"}
        return self.facade.handle(
            Request(
                method=method,
                host=host,
                path=f"/{path}",
                query="" if in_body else text,
                body=text.encode() if in_body else b"",
                headers=headers,
                now_ms=self.clock.now_ms,
            )
        )

    def get(self, url: str, **params: object) -> Body:
        """The body of a signed GET that must succeed."""
        response = self.send("GET", url, params)
        assert response.status == 200, response.body
        return json.loads(response.body)

    def body_of(self, response: Response) -> Body:
        """The body of an answer that must be a success."""
        assert response.status == 200, response.body
        return json.loads(response.body)

    def refused(self, method: str, url: str, **params: object) -> tuple[int, int, str]:
        """Status, code and text of a signed request that must fail."""
        return error_of(self.send(method, url, params))


def error_of(response: Response) -> tuple[int, int, str]:
    """Status, code and text of an error."""
    assert response.status >= 400, response.body
    body = json.loads(response.body)
    return response.status, body["code"], body["msg"]


@pytest.fixture(name="error_of")
def error_of_fixture() -> Callable[[Response], tuple[int, int, str]]:
    return error_of


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def exchange(clock: Clock) -> Exchange:
    return Exchange(name="binance", listings=BINANCE_LISTINGS, starting=BINANCE_STARTING, time_ms=clock)


@pytest.fixture
def limits() -> Limits:
    return Limits()


@pytest.fixture
def facade(exchange: Exchange, limits: Limits) -> BinanceFacade:
    return BinanceFacade(exchange, limits=limits)


@pytest.fixture
def wire(facade: BinanceFacade, clock: Clock) -> Wire:
    return Wire(facade, clock)


@pytest.fixture
def make_client(exchange: Exchange, facade: BinanceFacade, clock: Clock) -> Callable[..., Binance]:
    """Real ccxt on the façade, with the test's clock."""
    venue = PaperVenue(exchange=exchange, facade=facade, traits=BINANCE)
    world = World({"binance": venue}, time_ms=clock)

    def make(**config: object) -> Binance:
        make_any: Binance = make_binance
        client: Binance = make_any(
            {
                "apiKey": "paper",
                "secret": "paper",
                "session": LocalSession(world),
                "enableRateLimit": False,
                "number": Decimal,
                **config,
            }
        )
        client.timeout_on_exit = 0
        client.milliseconds = clock
        client.options["fetchOpenOrders"] = {"warnWithoutSymbol": False}
        return client

    return make


@pytest.fixture
async def spot(make_client: Callable[..., Binance]) -> AsyncIterator[Binance]:
    client = make_client()
    yield client
    await client.close()


@pytest.fixture
async def swap(make_client: Callable[..., Binance]) -> AsyncIterator[Binance]:
    client = make_client(options={"defaultType": "swap", "defaultSubType": "linear"})
    yield client
    await client.close()


@pytest.fixture
async def coin(make_client: Callable[..., Binance], exchange: Exchange) -> AsyncIterator[Binance]:
    """ccxt on COIN-M, with one BTC in the coin-margined wallet."""
    exchange.deposit("paper", "coinm", "BTC", Decimal(1))
    client = make_client(options={"defaultType": "swap", "defaultSubType": "inverse"})
    yield client
    await client.close()
