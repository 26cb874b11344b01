"""Every fault kind, through both shells, as ccxt sees it."""

from __future__ import annotations

import asyncio
import json
import time
from decimal import Decimal
from typing import Any, TypeAlias

import pytest
from ccxt.base import errors

from bot.paper.engine.account import Account
from bot.paper.faults import Fault, FaultKind, FaultSchedule
from bot.paper.faulty_venue import AnswerMemory
from bot.paper.venues import BINANCE, KUCOIN, OKX, Traits
from bot.paper.wire.http import Request, Response
from bot.paper.world import World

Binance: TypeAlias = Any
"""ccxt's client; its annotations contradict its code."""

ORDER = "/fapi/v1/order"
ACCOUNT = "/api/v3/account"
RISK = "/fapi/v3/positionRisk"


def plan(
    world: World, kind: FaultKind, path: str, *, method: str | None = None, count: int = 1, delay_s: float = 0
) -> None:
    world.faults.add(Fault(venue="binance", path=path, kind=kind, method=method, count=count, delay_s=delay_s))


def account(world: World) -> Account:
    return world.venues["binance"].exchange.account("paper")


async def sell(binance: Binance, client_id: str) -> Any:  # noqa: ANN401 - whatever came back
    """Open a short of 0.01 BTC."""
    return await binance.fapiPrivatePostOrder(
        {
            "symbol": "BTCUSDT",
            "side": "SELL",
            "type": "LIMIT",
            "timeInForce": "IOC",
            "quantity": "0.01",
            "price": "99000",
            "newClientOrderId": client_id,
        }
    )


async def spot_btc(binance: Binance) -> Decimal:
    rows = (await binance.privateGetAccount())["balances"]
    return next((Decimal(row["free"]) for row in rows if row["asset"] == "BTC"), Decimal(0))


async def test_drop_before_has_no_effect(binance: Binance, world: World) -> None:
    plan(world, FaultKind.DROP_BEFORE, ORDER)

    with pytest.raises(errors.ExchangeNotAvailable):
        await sell(binance, "h1")

    assert account(world).orders() == []
    await sell(binance, "h2")
    assert [order.client_id for order in account(world).orders()] == ["h2"]


async def test_drop_after_has_taken_effect(binance: Binance, world: World) -> None:
    plan(world, FaultKind.DROP_AFTER, ORDER, delay_s=0.01)

    with pytest.raises(errors.ExchangeNotAvailable):
        await sell(binance, "h1")

    found = await binance.fapiPrivateGetOrder({"symbol": "BTCUSDT", "origClientOrderId": "h1"})
    assert found["status"] == "FILLED"


async def test_r20_a_dropped_cancel_is_not_repeated_by_the_session(binance: Binance, world: World) -> None:
    await binance.publicGetPing()
    await binance.fapiPublicGetPing()
    plan(world, FaultKind.DROP_BEFORE, ORDER, method="DELETE", count=2)

    with pytest.raises(errors.ExchangeNotAvailable):
        await binance.fapiPrivateDeleteOrder({"symbol": "BTCUSDT", "origClientOrderId": "h1"})

    assert [fault.count for fault in world.faults.pending] == [1]


@pytest.mark.parametrize(("kind", "effects"), [(FaultKind.HTTP_503, 0), (FaultKind.HTTP_503_AFTER, 1)])
async def test_503_does_not_tell_whether_it_took_effect(
    binance: Binance, world: World, kind: FaultKind, effects: int
) -> None:
    plan(world, kind, ORDER)

    with pytest.raises(errors.BaseError) as caught:
        await sell(binance, "h1")

    assert '"code":-1000' in str(caught.value)
    assert len(account(world).orders()) == effects


async def test_html_200_has_no_effect(binance: Binance, world: World) -> None:
    plan(world, FaultKind.HTML_200, ORDER)

    answer = await sell(binance, "h1")

    assert answer.startswith("<!DOCTYPE html>")
    assert account(world).orders() == []


async def test_empty_list_leaves_the_figures_beside_it(binance: Binance, world: World) -> None:
    await sell(binance, "h1")
    plan(world, FaultKind.EMPTY_LIST, RISK)
    plan(world, FaultKind.EMPTY_LIST, "/fapi/v3/account")
    plan(world, FaultKind.EMPTY_LIST, ACCOUNT)

    assert await binance.fapiPrivateV3GetPositionRisk() == []
    account = await binance.fapiPrivateV3GetAccount()
    assert (account["positions"], account["assets"]) == ([], [])
    assert Decimal(account["totalInitialMargin"]) > 0
    assert (await binance.privateGetAccount())["balances"] == []
    assert len(await binance.fapiPrivateV3GetPositionRisk()) == 1


async def test_empty_list_does_not_hide_an_error(binance: Binance, world: World) -> None:
    plan(world, FaultKind.EMPTY_LIST, ORDER)

    with pytest.raises(errors.OrderNotFound):
        await binance.fapiPrivateGetOrder({"symbol": "BTCUSDT", "origClientOrderId": "nobody"})


async def test_stale_repeats_the_previous_answer_as_often_as_told(binance: Binance, world: World) -> None:
    assert await spot_btc(binance) == 1
    plan(world, FaultKind.STALE, ACCOUNT, count=2)

    world.venues["binance"].exchange.deposit("paper", "spot", "BTC", Decimal("0.5"))

    assert [await spot_btc(binance) for _ in range(3)] == [1, 1, Decimal("1.5")]


async def test_stale_without_a_previous_answer_is_the_true_one(binance: Binance, world: World) -> None:
    plan(world, FaultKind.STALE, ACCOUNT)

    assert await spot_btc(binance) == 1


async def test_stale_does_not_mix_accounts(binance: Binance, world: World) -> None:
    assert await spot_btc(binance) == 1
    world.venues["binance"].exchange.deposit("paper-2", "spot", "BTC", Decimal(4))
    plan(world, FaultKind.STALE, ACCOUNT)
    binance.apiKey = "paper-2"

    assert await spot_btc(binance) == 5


async def test_reject_is_definite_and_without_effect(binance: Binance, world: World) -> None:
    plan(world, FaultKind.REJECT, ORDER, method="POST")
    with pytest.raises(errors.InsufficientFunds, match="-2019"):
        await sell(binance, "h1")
    assert account(world).orders() == []

    plan(world, FaultKind.REJECT, "/api/v3/order", method="POST")
    with pytest.raises(errors.InsufficientFunds, match="insufficient balance"):
        await binance.privatePostOrder({"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.1"})
    assert account(world).orders() == []

    plan(world, FaultKind.REJECT, ORDER, method="DELETE")
    with pytest.raises(errors.OrderNotFound, match="-2011"):
        await binance.fapiPrivateDeleteOrder({"symbol": "BTCUSDT", "origClientOrderId": "h1"})

    plan(world, FaultKind.REJECT, ACCOUNT)
    with pytest.raises(errors.AuthenticationError, match="-2015"):
        await binance.privateGetAccount()


async def test_delay_answers_late_but_takes_effect_at_once(binance: Binance, world: World) -> None:
    plan(world, FaultKind.DELAY, ORDER, delay_s=0.05)
    started = time.monotonic()
    await sell(binance, "h1")
    assert time.monotonic() - started >= 0.05

    plan(world, FaultKind.DELAY, ORDER, delay_s=3600)
    binance.timeout = 600_000
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        waiting = group.create_task(sell(binance, "h2"))
        while len(account(world).orders()) < 2:
            await binance.publicGetTime()
        assert not waiting.done()
        waiting.cancel()
    assert [order.client_id for order in account(world).orders()] == ["h1", "h2"]

    plan(world, FaultKind.DELAY, ORDER, delay_s=3600)
    binance.timeout = 200
    with pytest.raises(errors.RequestTimeout):
        await sell(binance, "h3")


async def test_r10_move_between_reads_moves_coins_after_the_answer_and_back(binance: Binance, world: World) -> None:
    plan(world, FaultKind.MOVE_BETWEEN_READS, ACCOUNT, count=2)

    assert await spot_btc(binance) == 1
    assert account(world).balance("spot", "BTC").total == 0
    assert account(world).balance("earn-flexible", "BTC").total == 1
    assert account(world).balance("earn-flexible", "BNB").total == 3
    assert account(world).balance("spot", "USDT").total == 200_000

    assert await spot_btc(binance) == 0
    assert account(world).balance("spot", "BTC").total == 1
    assert account(world).balance("earn-flexible", "BTC").total == 0


async def test_move_between_reads_on_a_public_path_moves_every_account(binance: Binance, world: World) -> None:
    assert await spot_btc(binance) == 1
    plan(world, FaultKind.MOVE_BETWEEN_READS, "/api/v3/time")

    await binance.publicGetTime()

    assert account(world).balance("earn-flexible", "BTC").total == 1


async def test_clock_skew_moves_served_time_and_the_checks(binance: Binance, world: World) -> None:
    plan(world, FaultKind.CLOCK_SKEW, "/api/v3/time", delay_s=-120)
    plan(world, FaultKind.CLOCK_SKEW, ACCOUNT, delay_s=120)

    served = int((await binance.publicGetTime())["serverTime"])

    assert 110_000 < world.now_ms() - served < 130_000
    with pytest.raises(errors.InvalidNonce, match="-1021"):
        await binance.privateGetAccount()
    assert await spot_btc(binance) == 1


@pytest.mark.parametrize(("traits", "fine"), [(OKX, "0"), (KUCOIN, "200000")])
def test_stale_never_repeats_a_refusal_which_may_have_been_another_requests(traits: Traits, fine: str) -> None:
    memory = AnswerMemory(traits)
    good, refused = (Response(status=200, body=json.dumps({"code": code}).encode()) for code in (fine, "50036"))
    memory.remember(asked(), refused)
    assert memory.previous(asked()) is None
    memory.remember(asked(), good)
    memory.remember(asked(), refused)
    assert memory.previous(asked()) is good


def asked(method: str = "GET", path: str = ORDER) -> Request:
    return Request(method=method, host="fapi.binance.com", path=path, now_ms=0)


def fault(kind: FaultKind, *, method: str | None = None, count: int = 1, path: str = ORDER) -> Fault:
    return Fault(venue="binance", path=path, kind=kind, method=method, count=count)


def test_the_oldest_matching_fault_strikes_and_counts_down() -> None:
    schedule = FaultSchedule()
    schedule.add(fault(FaultKind.DELAY, path="/never/asked"))
    schedule.add(fault(FaultKind.HTTP_503, count=2))
    schedule.add(fault(FaultKind.STALE))

    struck = [schedule.take("binance", asked()) for _ in range(4)]

    assert [one.kind if one else None for one in struck] == [
        FaultKind.HTTP_503,
        FaultKind.HTTP_503,
        FaultKind.STALE,
        None,
    ]
    assert [one.path for one in schedule.pending] == ["/never/asked"]
    schedule.clear()
    assert schedule.pending == ()


@pytest.mark.parametrize("kind", FaultKind)
def test_without_a_method_reads_keep_the_answers_that_are_lost_after_an_effect(kind: FaultKind) -> None:
    spared = kind in {FaultKind.DROP_AFTER, FaultKind.HTTP_503_AFTER, FaultKind.DUPLICATE}
    reads_only = kind in {FaultKind.NOT_FOUND_LAG, FaultKind.POSITION_LAG}

    assert fault(kind).matches("binance", asked("GET")) is not spared
    assert fault(kind).matches("binance", asked("POST")) is not reads_only
    assert fault(kind).matches("binance", asked("DELETE")) is not reads_only
    assert fault(kind, method="GET").matches("binance", asked("GET"))
    assert not fault(kind, method="GET").matches("binance", asked("POST"))
    assert not fault(kind, method="POST").matches("okx", asked("POST"))


def test_reject_of_anything_else_is_a_want_of_permission() -> None:
    refused = BINANCE.reject(asked("POST", "/fapi/v1/leverage"))

    assert refused.status == 401
    assert b"-2015" in refused.body
