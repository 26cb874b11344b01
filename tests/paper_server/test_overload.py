"""Too many requests, bans and maintenance: each venue's own words, for how long, and without any effect."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ccxt.base import errors

from bot.paper.faults import Answer, Drop, Fault, FaultKind
from bot.paper.wire.http import Request, Response
from bot.paper.world import World, default_world
from tests.paper_server.conftest import Binance

NOW_MS = 1_700_000_000_000
PUBLIC = {
    "binance": ("fapi.binance.com", "/fapi/v1/time"),
    "okx": ("www.okx.com", "/api/v5/public/time"),
    "kucoin": ("api-futures.kucoin.com", "/api/v1/timestamp"),
}
STATUS = {
    "binance": ("api.binance.com", "/sapi/v1/system/status", "system_maintenance"),
    "okx": ("www.okx.com", "/api/v5/system/status", "ongoing"),
    "kucoin": ("api.kucoin.com", "/api/v1/status", "close"),
}
venues = pytest.mark.parametrize("venue", PUBLIC)


class Clocked:
    """A world whose clock a test moves."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS
        self.world = default_world(lambda: self.now_ms)

    def plan(self, venue: str, kind: FaultKind, path: str = "*", **given: Any) -> None:  # noqa: ANN401 - a fault's
        self.world.faults.add(Fault(venue=venue, path=path, kind=kind, **given))

    def get(self, venue: str, after_s: float = 0, at: tuple[str, str] | None = None) -> Response:
        self.now_ms += round(after_s * 1000)
        host, path = at or PUBLIC[venue]
        outcome = self.world.handle(Request(method="GET", host=host, path=path, now_ms=self.now_ms))
        assert isinstance(outcome, Answer)
        return outcome.response

    def opens(self, host: str, path: str) -> object:
        return self.world.connect(Request(method="GET", host=host, path=path, now_ms=self.now_ms))


@pytest.fixture
def clocked() -> Clocked:
    return Clocked()


@pytest.mark.parametrize(
    ("venue", "code", "header"),
    [
        ("binance", -1003, ("Retry-After", "5")),
        ("okx", "50011", None),
        ("kucoin", "429000", ("gw-ratelimit-reset", "5000")),
    ],
)
def test_too_many_requests(clocked: Clocked, venue: str, code: object, header: tuple[str, str] | None) -> None:
    clocked.plan(venue, FaultKind.RATE_LIMITED, for_s=5)
    refused = clocked.get(venue)
    assert (refused.status, json.loads(refused.body)["code"]) == (429, code)
    assert header is None or refused.headers[header[0]] == header[1]
    assert clocked.get(venue, after_s=4.9).status == 429
    assert clocked.get(venue, after_s=0.1).status == 200


def test_the_wait_that_is_told_shrinks(clocked: Clocked) -> None:
    clocked.plan("binance", FaultKind.RATE_LIMITED, for_s=60)
    assert [clocked.get("binance", after_s=s).headers["Retry-After"] for s in (0, 10, 49.5)] == ["60", "50", "1"]


@venues
def test_a_count_without_a_time_refuses_so_often(clocked: Clocked, venue: str) -> None:
    clocked.plan(venue, FaultKind.RATE_LIMITED, count=2)
    assert [clocked.get(venue).status for _ in range(3)] == [429, 429, 200]


def test_f48_a_ban_is_for_every_path_and_grows_on_binance(clocked: Clocked) -> None:
    clocked.plan("binance", FaultKind.BANNED, "/fapi/v1/time", for_s=120)
    spot = ("api.binance.com", "/api/v3/time")
    assert clocked.get("binance", at=spot).status == 200
    first = clocked.get("binance")
    assert (first.status, first.headers["Retry-After"]) == (418, "120")
    assert f"banned until {NOW_MS + 120_000}" in first.body.decode()
    assert clocked.get("binance", after_s=119, at=spot).headers["Retry-After"] == "120"
    assert clocked.get("binance", after_s=119).status == 418
    assert clocked.get("binance", after_s=120).status == 200


@pytest.mark.parametrize("venue", ["okx", "kucoin"])
def test_a_ban_ends_by_itself_where_nobody_says_how_long(clocked: Clocked, venue: str) -> None:
    clocked.plan(venue, FaultKind.BANNED, for_s=30)
    assert [clocked.get(venue, after_s=s).status for s in (0, 29, 1)] == [403, 403, 200]


def test_a_ban_has_a_length_of_its_own_and_ends_when_faults_are_cleared(clocked: Clocked) -> None:
    clocked.plan("okx", FaultKind.BANNED)
    assert [clocked.get("okx", after_s=s).status for s in (0, 119.9)] == [403, 403]
    clocked.world.faults.clear()
    assert clocked.get("okx").status == 200


@venues
def test_f47_maintenance(clocked: Clocked, venue: str) -> None:
    clocked.plan(venue, FaultKind.MAINTENANCE, for_s=600)
    host, path, said = STATUS[venue]
    page = clocked.get(venue, at=(host, path))
    assert page.status == 200
    assert said in page.body.decode()
    assert clocked.get(venue).status == 503
    others = [other for other in PUBLIC if other != venue]
    assert [clocked.get(other).status for other in others] == [200, 200]
    assert clocked.get(venue, after_s=600).status == 200


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (FaultKind.HTTP_503, 503),
        (FaultKind.HTML_200, 503),
        (FaultKind.RATE_LIMITED, 429),
        (FaultKind.BANNED, 418),
        (FaultKind.MAINTENANCE, 503),
    ],
)
def test_a_handshake_is_refused_too(clocked: Clocked, kind: FaultKind, status: int) -> None:
    clocked.plan("binance", kind)
    refused = clocked.opens("fstream.binance.com", "/ws")
    assert isinstance(refused, Response)
    assert refused.status == status


def test_a_handshake_gets_no_answer_or_does_not_care(clocked: Clocked) -> None:
    clocked.plan("binance", FaultKind.STALE)
    clocked.plan("binance", FaultKind.DROP_BEFORE)
    assert isinstance(clocked.opens("fstream.binance.com", "/ws"), Drop)
    assert not isinstance(clocked.opens("fstream.binance.com", "/ws"), Response | Drop)


@pytest.mark.parametrize(
    ("kind", "seen", "words"),
    [
        (FaultKind.RATE_LIMITED, errors.DDoSProtection, "-1003"),
        (FaultKind.BANNED, errors.DDoSProtection, "banned until"),
        (FaultKind.MAINTENANCE, errors.BaseError, "System is under maintenance"),
    ],
)
async def test_ccxt_gets_them_through_both_shells(
    binance: Binance, world: World, kind: FaultKind, seen: type[Exception], words: str
) -> None:
    world.faults.add(Fault(venue="binance", path="*", kind=kind, for_s=60))
    with pytest.raises(seen, match=words):
        await binance.fapiPrivatePostOrder({"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.01"})
    assert world.venues["binance"].exchange.account("paper").orders() == []
