"""The operator's interface: every command, over a real socket, and everything that it must refuse."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from bot.paper import admin
from bot.paper.embedded import ServedPaper, serve_paper
from bot.paper.engine.model import MarketType, NewOrder, OrderKind, Side, TimeInForce
from bot.paper.faults import FaultKind
from bot.paper.state import state_of
from bot.paper.world import World, default_world

Post = Callable[..., Awaitable[tuple[int, dict[str, Any]]]]
NOW_MS = 1_700_000_000_000
LOCAL = {"Host": "127.0.0.1:1234"}


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def post(paper: ServedPaper, http: aiohttp.ClientSession) -> Post:
    async def call(path: str, /, **fields: object) -> tuple[int, dict[str, Any]]:
        async with http.post(paper.admin_url + path, json=fields) as response:
            return response.status, await response.json()

    return call


@pytest.fixture
def world() -> World:
    return default_world(lambda: NOW_MS)


def ask(world: World, path: str, body: str | dict[str, object], *, method: str = "POST") -> tuple[int, Any]:
    raw = body if isinstance(body, str) else json.dumps(body)
    reply = admin.handle(world, method=method, path=path, headers=LOCAL, body=raw.encode())
    return reply.status, json.loads(reply.body)


def wallet(world: World, name: str, asset: str) -> Decimal:
    return world.venues["binance"].exchange.account("paper").balance(name, asset).total


async def test_deposit_opens_the_account_and_negative_withdraws(paper: ServedPaper, post: Post) -> None:
    to = {"account": "binance/paper", "wallet": "spot", "asset": "BTC"}

    assert await post("/deposit", **to, amount="0.5") == (200, {"ok": True})
    assert wallet(paper.world, "spot", "BTC") == Decimal("1.5")
    assert await post("/deposit", **to, amount=-1) == (200, {"ok": True})
    assert wallet(paper.world, "spot", "BTC") == Decimal("0.5")

    status, answer = await post("/deposit", **to, amount="-0.6")
    assert status == 400
    assert "insufficient-balance" in answer["error"]
    assert wallet(paper.world, "spot", "BTC") == Decimal("0.5")


@pytest.mark.parametrize("name", ["binance", "okx", "kucoin"])
def test_a_fee_is_set_for_a_venue_or_for_one_account(world: World, name: str) -> None:
    exchange = world.venues[name].exchange

    assert ask(world, "/fee", {"venue": name, "rate": "0.0005"})[0] == 200
    assert ask(world, "/fee", {"account": f"{name}/paper-b", "rate": "0.0002"})[0] == 200

    market = next(listing for listing in exchange.listings.values() if listing.market is MarketType.SPOT)
    assert exchange.account("paper").fees(market)[1] == Decimal("0.0005")
    assert exchange.account("paper-b").fees(market)[1] == Decimal("0.0002")


@pytest.mark.parametrize(
    "body",
    [
        {"rate": "0.001"},
        {"venue": "okx", "account": "okx/paper", "rate": "0.001"},
        {"venue": "okx", "rate": "0.1"},
        {"venue": "okx", "rate": 0.001},
        {"venue": "okx"},
        {"account": "okx/other", "rate": "0.001"},
    ],
)
def test_a_fee_that_is_not_understood_changes_nothing(world: World, body: dict[str, object]) -> None:
    assert ask(world, "/fee", body)[0] == 400
    listings = world.venues["okx"].exchange.listings
    assert listings["spot:BTC-USDT"].taker_fee == Decimal("0.001")


async def test_coins_move_between_wallets_and_into_earn_and_back(paper: ServedPaper, post: Post) -> None:
    account = {"account": "binance/paper"}

    assert (await post("/transfer", **account, source="spot", target="usdm", asset="USDT", amount="100"))[0] == 200
    assert wallet(paper.world, "usdm", "USDT") == 200_100
    assert (await post("/earn", **account, product="locked", asset="BNB", amount=3))[0] == 200
    assert wallet(paper.world, "earn-locked", "BNB") == 3
    assert (await post("/earn", **account, product="locked", asset="BNB", amount=-1))[0] == 200
    assert wallet(paper.world, "spot", "BNB") == 1
    assert (await post("/reward", **account, product="locked", asset="USDT", amount="100"))[0] == 200
    assert wallet(paper.world, "spot", "USDT") == 200_000


async def test_a_served_world_settles_funding_only_when_told(http: aiohttp.ClientSession) -> None:
    now_ms = [NOW_MS]
    async with serve_paper(time_ms=lambda: now_ms[0]) as served:
        exchange = served.world.venues["binance"].exchange
        now_ms[0] += 25 * 3_600_000
        async with http.get(f"{served.admin_url}/state") as response:
            assert response.status == 200
        served.world.advance()
        assert exchange.funding_history("BTCUSDT") == []
        async with http.post(f"{served.admin_url}/funding", json={"asset": "BTC", "rate": "0.0003"}) as response:
            assert response.status == 200
        assert [record.time_ms for record in exchange.funding_history("BTCUSDT")] == [now_ms[0]]


def test_a_world_on_a_clock_of_its_own_settles_funding_by_it() -> None:
    now_ms = [NOW_MS]
    world = default_world(lambda: now_ms[0], funding_follows_clock=True)
    now_ms[0] += 25 * 3_600_000
    world.advance()
    exchange = world.venues["binance"].exchange
    assert [record.time_ms % (8 * 3_600_000) for record in exchange.funding_history("BTCUSDT")] == [0, 0, 0]


async def test_price_and_funding_reach_an_open_short(
    paper: ServedPaper, post: Post, http: aiohttp.ClientSession
) -> None:
    exchange = paper.world.venues["binance"].exchange
    exchange.submit(
        "paper",
        NewOrder(
            listing_key="linear:BTCUSDT",
            side=Side.SELL,
            kind=OrderKind.LIMIT,
            quantity=Decimal(1),
            price=Decimal(99_500),
            tif=TimeInForce.IOC,
            client_id="h1",
        ),
    )

    assert (await post("/price", asset="BTC", price="95000"))[0] == 200
    before = wallet(paper.world, "usdm", "USDT")
    assert (await post("/funding", asset="BTC", rate="0.0001"))[0] == 200
    assert wallet(paper.world, "usdm", "USDT") - before == Decimal("9.5")

    async with http.get(f"{paper.admin_url}/state") as response:
        state = json.loads(await response.text(), parse_float=pytest.fail)
    assert isinstance(state["time_ms"], int)
    assert state["marks"]["BTCUSDT"] == "95000"
    account = state["accounts"]["binance/paper"]
    assert account["wallets"]["spot"] == {"BTC": "1", "BNB": "3", "USDT": "200000"}
    assert set(account["wallets"]) == {"spot", "funding", "usdm", "coinm", "earn-flexible", "earn-locked"}
    (position,) = account["positions"]
    assert (position["symbol"], position["side"], position["contracts"]) == ("BTCUSDT", "short", "1")
    assert position["mark_price"] == "95000"
    assert Decimal(position["entry_price"]) < 100_000 < Decimal(position["liquidation_price"])
    (order,) = account["orders"]
    assert isinstance(order.pop("time_ms"), int)
    assert order == {
        "client_id": "h1",
        "symbol": "BTCUSDT",
        "market": "linear",
        "side": "sell",
        "quantity": "1",
        "filled": "1",
        "status": "filled",
        "reduce_only": False,
    }


async def test_faults_are_planned_and_cleared(paper: ServedPaper, post: Post) -> None:
    plan = {"venue": "binance", "path": "/fapi/v1/order", "kind": "drop-after"}

    assert (await post("/fault", **plan, method="post", count=3, delay_s=0.5))[0] == 200
    assert (await post("/fault", **plan, count="2", delay_s="1"))[0] == 200
    assert (await post("/fault", venue="binance", path="/none", kind="clock-skew", delay_s=-2))[0] == 200

    planned = paper.world.faults.pending
    assert [(one.method, one.count, one.delay_s) for one in planned] == [
        ("POST", 3, 0.5),
        (None, 2, 1.0),
        (None, 1, -2),
    ]
    assert planned[0].kind is FaultKind.DROP_AFTER
    shown = {"venue": "binance", "path": "/fapi/v1/order", "kind": "drop-after"}
    assert state_of(paper.world)["faults"] == [
        shown | {"left": 3},
        shown | {"left": 2},
        {"venue": "binance", "path": "/none", "kind": "clock-skew", "left": 1},
    ]
    assert (await post("/clear-faults"))[0] == 200
    assert paper.world.faults.pending == ()
    assert state_of(paper.world)["faults"] == []


DEPOSIT = {"account": "binance/paper", "wallet": "spot", "asset": "BTC", "amount": "1"}
FAULT = {"venue": "binance", "path": "/fapi/v1/order", "kind": "delay", "count": 1, "delay_s": 1}


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/deposit", "", "account: expected text, got nothing"),
        ("/deposit", "[1]", "expected a JSON object"),
        ("/deposit", "{", "expected a JSON object"),
        ("/deposit", '{"amount": NaN}', "NaN is no JSON"),
        ("/deposit", "[" * 100_000, "expected a JSON object"),
        ("/deposit", "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"), "expected a JSON object"),
        ("/deposit", DEPOSIT | {"amount": 0.5}, 'amount: expected a number as a string such as "0.5", got 0.5'),
        ("/deposit", DEPOSIT | {"amount": "NaN"}, "amount: expected"),
        ("/deposit", DEPOSIT | {"amount": "Infinity"}, "amount: expected"),
        ("/deposit", DEPOSIT | {"amount": True}, "amount: expected"),
        ("/deposit", DEPOSIT | {"amount": None}, "amount: expected"),
        ("/deposit", DEPOSIT | {"amount": "1e15"}, "amount: expected less than 1000000000000000"),
        ("/deposit", DEPOSIT | {"amount": "0"}, "bad-amount"),
        ("/deposit", DEPOSIT | {"amount": "0.000000001"}, "bad-amount"),
        ("/deposit", DEPOSIT | {"wallet": "trading"}, "wallet: expected one of spot, funding, usdm"),
        ("/deposit", DEPOSIT | {"wallet": ["spot"]}, "wallet: expected one of"),
        ("/deposit", DEPOSIT | {"asset": "btc"}, "asset: expected a coin in capitals"),
        ("/deposit", DEPOSIT | {"asset": "x" * 100}, "asset: expected a coin in capitals"),
        ("/deposit", DEPOSIT | {"account": "paper"}, 'account: expected a name like "binance/paper..."'),
        ("/deposit", DEPOSIT | {"account": "kraken/paper"}, "account: expected a name like"),
        ("/deposit", DEPOSIT | {"account": "binance/real"}, "account: expected a name like"),
        ("/deposit", DEPOSIT | {"amonut": "1"}, "amonut: not known here; expected account, amount, asset, wallet"),
        (
            "/transfer",
            {"account": "binance/paper", "source": "spot", "target": "spot", "asset": "BTC", "amount": "1"},
            "target",
        ),
        (
            "/transfer",
            {"account": "binance/paper", "source": "spot", "target": "usdm", "asset": "BTC", "amount": "-1"},
            "bad-",
        ),
        (
            "/earn",
            {"account": "binance/paper", "product": "dual", "asset": "BTC", "amount": "1"},
            "product: expected one of",
        ),
        (
            "/earn",
            {"account": "binance/paper", "product": "locked", "asset": "BTC", "amount": "2"},
            "insufficient-balance",
        ),
        ("/reward", {"account": "binance/paper", "product": "locked", "asset": "BTC", "amount": "-2"}, "bad-amount"),
        ("/price", {"asset": "BTC", "price": "0"}, "bad-price"),
        ("/price", {"asset": "DOGE", "price": "1"}, "asset: expected one of BNB, BTC, ETH"),
        ("/price", {"asset": "BTC", "price": 1.5}, "price: expected a number as a string"),
        ("/funding", {"asset": "USDC", "rate": "0.1"}, "asset: expected one of BNB, BTC, ETH"),
        ("/funding", {"asset": "BTC", "rate": "1"}, "rate: expected a fraction"),
        ("/fault", FAULT | {"kind": "explode"}, "kind: expected one of drop-before, drop-after"),
        ("/fault", FAULT | {"venue": "kraken"}, "venue: expected one of binance"),
        ("/fault", FAULT | {"path": "fapi"}, "path: expected a path without query"),
        ("/fault", FAULT | {"path": "/x?y=1"}, "path: expected a path without query"),
        ("/fault", FAULT | {"method": "FETCH"}, "method: expected one of"),
        ("/fault", FAULT | {"count": 0}, "count: expected a whole number from 1"),
        ("/fault", FAULT | {"count": 1.5}, "count: expected a whole number from 1"),
        ("/fault", FAULT | {"count": True}, "count: expected a whole number from 1"),
        ("/fault", FAULT | {"delay_s": -1}, "delay_s: expected seconds from 0"),
        ("/fault", FAULT | {"delay_s": "soon"}, "delay_s: expected seconds"),
        (
            "/fault",
            '{"venue":"binance","path":"/x","kind":"delay","delay_s":1e999}',
            "delay_s: expected seconds from 0",
        ),
        ("/fault", FAULT | {"kind": "clock-skew", "delay_s": -86_401}, "delay_s: expected seconds from -86400"),
        ("/clear-faults", {"all": True}, "all: not known here; expected no fields"),
    ],
)
def test_bad_input_says_what_was_expected_and_changes_nothing(
    world: World, path: str, body: str | dict[str, object], said: str
) -> None:
    world.venues["binance"].exchange.account("paper")
    before = ask(world, "/state", "", method="GET")

    status, answer = ask(world, path, body)

    assert (status, list(answer)) == (400, ["error"])
    assert said in answer["error"]
    assert ask(world, "/state", "", method="GET") == before
    assert world.faults.pending == ()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/state", 405), ("GET", "/deposit", 405), ("GET", "/", 404), ("POST", "/stop", 404)],
)
def test_other_methods_and_paths_are_refused(world: World, method: str, path: str, status: int) -> None:
    answered, answer = ask(world, path, "", method=method)
    assert answered == status
    assert "expected" in answer["error"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example:1234"},
        {"Host": "10.0.0.1"},
        {"Host": ""},
        {},
        {"Host": "127.0.0.1", "Origin": "http://127.0.0.1"},
        {"host": "localhost:80", "origin": "null"},
    ],
)
def test_a_web_page_gets_nothing(world: World, headers: dict[str, str]) -> None:
    reply = admin.handle(world, method="GET", path="/state", headers=headers, body=b"")
    assert reply.status == 403
    assert set(json.loads(reply.body)) == {"error"}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:80", "localhost", "localhost:80", "[::1]", "[::1]:80"])
def test_programs_on_this_machine_are_answered(world: World, host: str) -> None:
    assert admin.handle(world, method="GET", path="/state", headers={"Host": host}, body=b"").status == 200


async def test_host_and_origin_are_judged_on_the_socket_too(paper: ServedPaper, http: aiohttp.ClientSession) -> None:
    for headers in ({"Host": "rebound.example"}, {"Origin": "http://web.example"}):
        async with http.post(f"{paper.admin_url}/price", json={"asset": "BTC", "price": "1"}, headers=headers) as reply:
            assert reply.status == 403
    assert paper.world.venues["binance"].exchange.price("BTC") == 100_000
