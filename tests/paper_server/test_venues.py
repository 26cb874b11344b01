"""Three venues in one world: the operator's commands on each, and the faults in each one's own words."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from bot.paper import admin
from bot.paper.engine.model import NewOrder, OrderKind, Side
from bot.paper.faults import Answer, Fault, FaultKind
from bot.paper.mangling import emptied
from bot.paper.venues import BINANCE, KUCOIN, OKX
from bot.paper.wire.http import Request, Response
from bot.paper.world import World, default_world

NOW_MS = 1_700_000_000_000
LOCAL = {"Host": "127.0.0.1:1234"}
D = Decimal


@pytest.fixture
def world() -> World:
    return default_world(lambda: NOW_MS)


def say(world: World, path: str, **fields: object) -> None:
    reply = admin.handle(world, method="POST", path=path, headers=LOCAL, body=json.dumps(fields).encode())
    assert reply.status == 200, reply.body


def state(world: World) -> Any:  # noqa: ANN401 - JSON
    return json.loads(admin.handle(world, method="GET", path="/state", headers=LOCAL, body=b"").body)


def short(world: World, venue: str, key: str, quantity: str) -> None:
    order = NewOrder(listing_key=key, side=Side.SELL, kind=OrderKind.MARKET, quantity=D(quantity))
    world.venues[venue].exchange.submit("paper", order)


def test_every_venue_opens_its_accounts_with_the_same_money(world: World) -> None:
    for name, venue in world.venues.items():
        venue.exchange.account("paper")
        wallets = state(world)["accounts"][f"{name}/paper"]["wallets"]
        total: dict[str, Decimal] = {}
        for held in wallets.values():
            for asset, amount in held.items():
                total[asset] = total.get(asset, D(0)) + D(amount)
        assert total == {"BTC": 1, "BNB": 3, "USDT": 400_000}
        assert set(wallets) == set(venue.exchange.layout.wallets)
    assert list(world.venues) == ["binance", "okx", "kucoin"]


def test_state_shows_the_marks_of_every_perpetual(world: World) -> None:
    marks = state(world)["marks"]
    assert {marks[symbol] for symbol in ("BTCUSDT", "BTCUSD_PERP", "BTC-USDT-SWAP", "BTC-USD-SWAP")} == {"100000"}
    assert {marks[symbol] for symbol in ("XBTUSDTM", "XBTUSDM")} == {"100000"}
    assert (marks["1000PEPEUSDT"], marks["10000PEPEUSDTM"], marks["PEPE-USDT-SWAP"]) == ("0.02", "0.2", "0.00002")


def test_a_price_moves_every_venue_or_the_one_named(world: World) -> None:
    def prices() -> list[Decimal]:
        return [venue.exchange.price("BTC") for venue in world.venues.values()]

    say(world, "/price", asset="BTC", price="101000")
    assert prices() == [101_000, 101_000, 101_000]
    say(world, "/price", asset="BTC", price="99000", venue="okx")
    assert prices() == [101_000, 99_000, 101_000]


def test_funding_pays_linear_and_inverse_alike_on_every_venue(world: World) -> None:
    say(world, "/transfer", account="binance/paper", source="spot", target="coinm", asset="BTC", amount="1")
    say(world, "/transfer", account="kucoin/paper", source="trade", target="futures", asset="BTC", amount="1")
    shorts = {
        "binance": (("linear:BTCUSDT", "0.5"), ("inverse:BTCUSD_PERP", "500")),
        "okx": (("linear:BTC-USDT-SWAP", "50"), ("inverse:BTC-USD-SWAP", "500")),
        "kucoin": (("linear:XBTUSDTM", "500"), ("inverse:XBTUSDM", "50000")),
    }
    for venue, legs in shorts.items():
        for key, quantity in legs:
            short(world, venue, key, quantity)

    say(world, "/funding", asset="BTC", rate="0.001")

    for name, paper_venue in world.venues.items():
        rows = [row for row in paper_venue.exchange.account("paper").ledger if row.kind == "FUNDING_FEE"]
        assert {(row.asset, row.amount) for row in rows} == {("USDT", D(50)), ("BTC", D("0.0005"))}, name
    account = state(world)["accounts"]["okx/paper"]
    assert {p["symbol"]: (p["side"], p["contracts"]) for p in account["positions"]} == {
        "BTC-USDT-SWAP": ("short", "50"),
        "BTC-USD-SWAP": ("short", "500"),
    }


@pytest.mark.parametrize(("venue", "spot"), [("binance", "spot"), ("okx", "trading"), ("kucoin", "trade")])
def test_earn_takes_from_spot_and_gives_back_to_it(world: World, venue: str, spot: str) -> None:
    account = {"account": f"{venue}/paper", "product": "locked"}
    say(world, "/earn", **account, asset="BTC", amount="0.6")
    say(world, "/earn", **account, asset="BTC", amount="-0.2", notice_s=0)
    say(world, "/earn", **account, asset="BTC", amount="-0.1", notice_s=60)
    say(world, "/reward", **account, asset="BTC", amount="0.01")
    wallets = state(world)["accounts"][f"{venue}/paper"]["wallets"]
    assert (wallets[spot]["BTC"], wallets["redeeming"]) == ("0.61", {"BTC": "0.1"})


def test_a_market_is_suspended_and_opened_again(world: World) -> None:
    where = {"venue": "okx", "market": "linear", "symbol": "BTC-USDT-SWAP"}
    say(world, "/status", **where, status="SUSPENDED")
    assert world.venues["okx"].exchange.listing("linear:BTC-USDT-SWAP").status == "SUSPENDED"
    say(world, "/status", **where, status="TRADING")
    assert world.venues["okx"].exchange.listing("linear:BTC-USDT-SWAP").open


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/price", {"asset": "BTC", "price": "1", "venue": "kraken"}, "venue: expected one of binance, okx, kucoin"),
        (
            "/earn",
            {"account": "okx/paper", "product": "locked", "asset": "BTC", "amount": "-1", "notice_s": -1},
            "notice",
        ),
        (
            "/earn",
            {"account": "okx/paper", "product": "locked", "asset": "BTC", "amount": "-1", "notice_s": "1"},
            "whole",
        ),
        ("/status", {"venue": "okx", "market": "spot", "symbol": "X", "status": "TRADING"}, "unknown-symbol"),
        ("/status", {"venue": "okx", "market": "spot", "symbol": "X", "status": "OPEN"}, "status: expected one of"),
    ],
)
def test_bad_commands_say_why(world: World, path: str, body: dict[str, object], said: str) -> None:
    reply = admin.handle(world, method="POST", path=path, headers=LOCAL, body=json.dumps(body).encode())
    assert reply.status == 400
    assert said in json.loads(reply.body)["error"]


@pytest.mark.parametrize(
    ("venue", "host", "path", "spot"),
    [
        ("okx", "www.okx.com", "/api/v5/public/time", "trading"),
        ("kucoin", "api.kucoin.com", "/api/v1/timestamp", "trade"),
    ],
)
def test_r10_coins_move_between_two_reads(world: World, venue: str, host: str, path: str, spot: str) -> None:
    exchange = world.venues[venue].exchange
    exchange.account("paper")
    for held in (D(0), D(1)):
        world.faults.add(Fault(venue=venue, path=path, kind=FaultKind.MOVE_BETWEEN_READS))
        outcome = world.handle(Request(method="GET", host=host, path=path, now_ms=NOW_MS))
        assert isinstance(outcome, Answer)
        assert outcome.response.status == 200
        assert exchange.account("paper").balance(spot, "BTC").total == held
        assert exchange.account("paper").earn_held("flexible", "BTC") == 1 - held
    assert exchange.account("paper").balance(spot, "USDT").total > 0


def refused(response: Response) -> Any:  # noqa: ANN401 - JSON
    return response.status, json.loads(response.body)


def test_okx_refuses_each_order_of_a_batch_by_name() -> None:
    body = b'[{"instId":"BTC-USDT-SWAP","clOrdId":"h1"},{"clOrdId":"h2"}]'
    asked = Request(method="POST", host="www.okx.com", path="/api/v5/trade/batch-orders", body=body, now_ms=0)
    status, said = refused(OKX.reject(asked))
    assert (status, said["code"]) == (200, "1")
    assert [(row["clOrdId"], row["sCode"]) for row in said["data"]] == [("h1", "51008"), ("h2", "51008")]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/api/v5/trade/cancel-order", 200, "51400"),
        ("POST", "/api/v5/account/set-leverage", 401, "50120"),
        ("GET", "/api/v5/trade/order", 401, "50120"),
    ],
)
def test_okx_refuses_otherwise(method: str, path: str, status: int, code: str) -> None:
    for body in (b'{"ordId":"1"}', b"", b"[]"):
        got, said = refused(OKX.reject(Request(method=method, host="www.okx.com", path=path, body=body, now_ms=0)))
        assert (got, said["data"][0]["sCode"] if said["data"] else said["code"]) == (status, code)


@pytest.mark.parametrize(
    ("method", "host", "path", "status", "code"),
    [
        ("POST", "api.kucoin.com", "/api/v1/hf/orders", 200, "200004"),
        ("POST", "api-futures.kucoin.com", "/api/v1/orders", 200, "300003"),
        ("DELETE", "api-futures.kucoin.com", "/api/v1/orders/1", 200, "400100"),
        ("GET", "api.kucoin.com", "/api/v1/hf/orders/1", 403, "400007"),
        ("POST", "api.kucoin.com", "/api/v3/accounts/universal-transfer", 403, "400007"),
    ],
)
def test_kucoin_refuses(method: str, host: str, path: str, status: int, code: str) -> None:
    got, said = refused(KUCOIN.reject(Request(method=method, host=host, path=path, now_ms=0)))
    assert (got, said["code"]) == (status, code)


@pytest.mark.parametrize(
    ("traits", "body", "left"),
    [
        (BINANCE, {"balances": [{"asset": "BTC"}], "canTrade": True}, {"balances": [], "canTrade": True}),
        (BINANCE, [1], []),
        (
            OKX,
            {"code": "0", "data": [{"totalEq": "7", "details": [{"ccy": "BTC"}]}]},
            {"code": "0", "data": [{"totalEq": "7", "details": []}]},
        ),
        (OKX, {"code": "0", "data": [{"pos": "1"}]}, {"code": "0", "data": []}),
        (KUCOIN, {"code": "200000", "data": [{"id": 1}]}, {"code": "200000", "data": []}),
        (
            KUCOIN,
            {"code": "200000", "data": {"totalNum": 1, "items": [{"id": 1}]}},
            {"code": "200000", "data": {"totalNum": 1, "items": []}},
        ),
        (KUCOIN, {"code": "200000", "data": {"accountEquity": 1}}, {"code": "200000", "data": {"accountEquity": 1}}),
    ],
)
def test_an_empty_list_is_the_innermost_one(traits: Any, body: object, left: object) -> None:  # noqa: ANN401
    response = Response(status=200, headers={}, body=json.dumps(body).encode())
    assert json.loads(emptied(response, traits.lists).body) == left
