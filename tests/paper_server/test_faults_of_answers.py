"""Answers cut, doubled, mangled and late, and requests that arrive twice; through both shells, as ccxt sees it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from ccxt.base import errors

from bot.paper.faults import Fault, FaultKind
from bot.paper.mangling import Edit, doubled, mangled
from bot.paper.wire.http import Response
from bot.paper.world import World
from tests.paper_server.conftest import Ahead, Binance

ORDER = "/fapi/v1/order"
OPEN_ORDERS = "/fapi/v1/openOrders"
ACCOUNT = "/fapi/v3/account"
RISK = "/fapi/v3/positionRisk"
INDEX = "/fapi/v1/premiumIndex"
D = Decimal


def plan(world: World, kind: FaultKind, path: str, **given: Any) -> None:  # noqa: ANN401 - the fields of a fault
    world.faults.add(Fault(venue="binance", path=path, kind=kind, **given))


def client_ids(world: World) -> list[str]:
    return [order.client_id for order in world.venues["binance"].exchange.account("paper").orders()]


async def sell(binance: Binance, client_id: str, price: str = "99000", tif: str = "IOC") -> Any:  # noqa: ANN401 - JSON
    wanted = {"symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": tif, "quantity": "0.01"}
    return await binance.fapiPrivatePostOrder({**wanted, "price": price, "newClientOrderId": client_id})


async def short(binance: Binance) -> Decimal:
    rows = await binance.fapiPrivateV3GetPositionRisk()
    return sum((D(row["positionAmt"]) for row in rows), D(0))


async def test_a_duplicate_is_two_orders_where_the_venue_takes_it(binance: Binance, world: World) -> None:
    plan(world, FaultKind.DUPLICATE, ORDER)
    answer = await sell(binance, "h1")
    assert client_ids(world) == ["h1", "h1"]
    assert answer["orderId"] == world.venues["binance"].exchange.account("paper").orders()[0].order_id


async def test_a_duplicate_is_one_order_where_the_venue_knows_the_id(binance: Binance, world: World) -> None:
    plan(world, FaultKind.DUPLICATE, ORDER)
    answer = await sell(binance, "h1", price="101000", tif="GTC")
    assert (client_ids(world), answer["status"]) == (["h1"], "NEW")


async def test_a_truncated_answer_comes_after_the_effect(binance: Binance, world: World) -> None:
    plan(world, FaultKind.TRUNCATED, ORDER)
    answer = await sell(binance, "h1")
    assert isinstance(answer, str)
    assert answer.startswith('{"')
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(answer)
    assert client_ids(world) == ["h1"]


async def test_f28_rows_come_twice(binance: Binance, world: World) -> None:
    await sell(binance, "h1")
    plan(world, FaultKind.DOUBLE_ROWS, RISK)
    rows = await binance.fapiPrivateV3GetPositionRisk()
    assert [row["positionAmt"] for row in rows] == ["-0.010", "-0.010"]


@pytest.mark.parametrize(
    ("edit", "seen"),
    [
        (Edit(field="markPrice", value='"0"'), "0"),
        (Edit(field="markPrice", value='"NaN"'), "NaN"),
        (Edit(field="markPrice", factor=D(100)), "10000000"),
        (Edit(field="markPrice"), None),
        (Edit(field="markPrice", value="null"), None),
        (Edit(field="markPrice", value='"1"', where=("symbol", "ETHUSDT")), "100000.00000000"),
    ],
)
async def test_f37_f38_a_field_is_changed_or_missing(
    binance: Binance, world: World, edit: Edit, seen: str | None
) -> None:
    plan(world, FaultKind.MANGLE, INDEX, edit=edit)
    row = await binance.fapiPublicGetPremiumIndex({"symbol": "BTCUSDT"})
    assert row.get("markPrice") == seen
    assert row["indexPrice"] == "100000.00000000"


async def test_f29_the_sign_of_a_position_is_turned(binance: Binance, world: World) -> None:
    await sell(binance, "h1")
    plan(world, FaultKind.MANGLE, RISK, edit=Edit(field="positionAmt", factor=D(-1)))
    assert [await short(binance), await short(binance)] == [D("0.01"), D("-0.01")]


async def test_f6_a_lagging_replica_does_not_know_the_order_yet(binance: Binance, world: World, clock: Ahead) -> None:
    plan(world, FaultKind.NOT_FOUND_LAG, "*", delay_s=0.3, for_s=30)
    await sell(binance, "h1", price="101000", tif="GTC")
    asked = {"symbol": "BTCUSDT", "origClientOrderId": "h1"}

    with pytest.raises(errors.OrderNotFound, match="-2013"):
        await binance.fapiPrivateGetOrder(asked)
    assert await binance.fapiPrivateGetOpenOrders({"symbol": "BTCUSDT"}) == []
    assert await binance.fapiPrivateGetAllOrders({"symbol": "BTCUSDT"}) == []
    clock.passes(0.35)
    assert (await binance.fapiPrivateGetOrder(asked))["status"] == "NEW"

    await binance.fapiPrivateDeleteOrder(asked)
    assert (await binance.fapiPrivateGetOrder(asked))["status"] == "NEW"


async def test_f18_positions_and_balances_lag_while_orders_do_not(binance: Binance, world: World, clock: Ahead) -> None:
    await sell(binance, "h1")
    clock.passes(0.3)
    plan(world, FaultKind.POSITION_LAG, "*", delay_s=0.2, for_s=30)
    await sell(binance, "h2")

    assert await short(binance) == D("-0.01")
    account = await binance.fapiPrivateV3GetAccount()
    assert [row["positionAmt"] for row in account["positions"]] == ["-0.010"]
    assert len(await binance.fapiPrivateGetUserTrades({"symbol": "BTCUSDT"})) == 2
    clock.passes(0.25)
    assert await short(binance) == D("-0.02")


async def test_f15_a_cancel_is_answered_as_done_and_the_order_has_filled(binance: Binance, world: World) -> None:
    await sell(binance, "h1", price="101000", tif="GTC")
    plan(world, FaultKind.CANCEL_TOO_LATE, ORDER, method="DELETE")
    asked = {"symbol": "BTCUSDT", "origClientOrderId": "h1"}
    assert (await binance.fapiPrivateDeleteOrder(asked))["status"] == "CANCELED"
    assert (await binance.fapiPrivateGetOrder(asked))["status"] == "FILLED"
    assert await short(binance) == D("-0.01")


async def test_a_name_that_no_path_resolves(binance: Binance, world: World, clock: Ahead) -> None:
    plan(world, FaultKind.DROP_BEFORE, "*", for_s=0.3)
    for _ in range(2):
        with pytest.raises(errors.ExchangeNotAvailable):
            await sell(binance, "h1")
        with pytest.raises(errors.ExchangeNotAvailable):
            await binance.publicGetTime()
    clock.passes(0.35)
    await sell(binance, "h2")
    assert client_ids(world) == ["h2"]


def answer(body: str, status: int = 200) -> Response:
    return Response(status=status, body=body.encode())


def test_digits_that_are_not_meant_stay() -> None:
    body = '{"a":1.10,"b":{"c":[{"v":"2.50","w":3e2,"on":true,"t":"x"}]},"n":null}'
    assert mangled(answer(body), Edit(field="none", value="1")).body.decode() == body
    tripled = mangled(answer(body), Edit(field="b.c.v", factor=D(3))).body.decode()
    assert tripled == body.replace('"2.50"', '"7.5"')
    assert mangled(answer(body), Edit(field="c.w", factor=D(2))).body.decode() == body.replace("3e2", "600")
    assert mangled(answer(body), Edit(field="a.v", value="0")).body.decode() == body
    for text in ("on", "t", "n"):
        assert mangled(answer(body), Edit(field=text, factor=D(2))).body.decode() == body


def test_errors_and_pages_are_not_mangled() -> None:
    for response in (answer('{"a":1}', 400), answer("<html>")):
        assert mangled(response, Edit(field="a", value="2")) is response


def test_rows_of_a_list_within_an_answer_are_doubled() -> None:
    body = answer('{"data":[{"details":[{"ccy":"BTC"}],"eq":"1"}]}')
    twice = json.loads(doubled(body, ("data", "details")).body)
    assert twice == {"data": [{"details": [{"ccy": "BTC"}] * 2, "eq": "1"}]}
    assert doubled(answer("[1,2]"), ()).body == b"[1,1,2,2]"


@pytest.mark.parametrize(
    "given", [{"field": ""}, {"field": "a", "value": "1", "factor": D(2)}, {"field": "a", "value": "x"}]
)
def test_an_edit_that_can_not_be_made_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Edit(**given)
