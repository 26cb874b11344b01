"""What every venue's streams must do, as numbered cases; each runs on every venue, contract kind and shell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from decimal import Decimal
from typing import Any

import pytest

from bot.domain.hint import Hint, HintKind
from tests.contract.rig import COIN, KEY, PRICE, Rig

SOON_S = 30.0
"""Marks are told every second; the rest is the machine's. How soon: tests/venue/test_streams.py, on virtual time."""
Hints = AsyncGenerator[Hint, None]


@pytest.fixture
def rig(rig: Rig) -> Rig:
    """Its time runs, as that of the sockets does."""
    rig.clock.run()
    return rig


def listening(rig: Rig) -> Hints:
    return rig.venue.hints([rig.symbol], [COIN])


async def hear(hints: Hints, holds: Callable[[Hint], bool], within_s: float = SOON_S) -> list[Hint]:
    """Listen until a hint is as it must be."""
    heard: list[Hint] = []
    try:
        async with asyncio.timeout(within_s):
            async for hint in hints:
                heard.append(hint)
                if holds(hint):
                    return heard
    except TimeoutError:
        raise AssertionError(f"not within {within_s} s; heard {[(it.kind.value, it.price) for it in heard]}") from None
    raise AssertionError("they ended")


async def hear_all(hints: Hints, kinds: set[HintKind], within_s: float = SOON_S) -> list[Hint]:
    """Listen until each kind was heard."""
    missing = set(kinds)

    def was_last(hint: Hint) -> bool:
        missing.discard(hint.kind)
        return not missing

    return await hear(hints, was_last, within_s)


def is_alive(hint: Hint) -> bool:
    return hint.kind is HintKind.ALIVE


def tapped(rig: Rig) -> list[Any]:
    """WebSockets that are opened from now on."""
    session = rig.venue._client.session
    connect = session.ws_connect
    opened: list[Any] = []

    async def tap(url: str, **options: object) -> Any:  # noqa: ANN401
        opened.append(await connect(url, **options))
        return opened[-1]

    session.ws_connect = tap
    return opened


async def test_w01_streams_come_alive_and_tell_the_mark(rig: Rig) -> None:
    async with aclosing(listening(rig)) as hints:
        heard = await hear(hints, is_alive)
        prices = [hint for hint in heard if hint.kind is HintKind.PRICE]
        assert {(hint.venue, hint.symbol, hint.price) for hint in prices} == {(rig.venue.name, rig.symbol, PRICE)}
        rig.exchange.set_price(COIN, PRICE * 2)
        await hear(hints, lambda hint: hint.price == PRICE * 2)


async def test_w02_a_fill_is_told_as_order_position_and_balance(rig: Rig) -> None:
    async with aclosing(listening(rig)) as hints:
        await hear(hints, is_alive)
        await rig.sell()
        heard = await hear_all(hints, {HintKind.ORDER, HintKind.POSITION, HintKind.BALANCE})
    assert {hint.symbol for hint in heard if hint.kind in {HintKind.ORDER, HintKind.POSITION}} == {rig.symbol}


async def test_w03_somebody_elses_order_on_the_contract_is_told_too(rig: Rig) -> None:
    async with aclosing(listening(rig)) as hints:
        await hear(hints, is_alive)
        rig.exchange.submit(KEY, rig.market_buy("0.1", hedged=False))
        await hear_all(hints, {HintKind.ORDER, HintKind.POSITION})


async def test_w04_coins_that_come_and_go_are_told(rig: Rig) -> None:
    async with aclosing(listening(rig)) as hints:
        await hear(hints, is_alive)
        for amount in ("0.5", "-0.25"):
            rig.exchange.deposit(KEY, rig.ground.spot, COIN, Decimal(amount))
            await hear(hints, lambda hint: hint.kind is HintKind.BALANCE)


async def test_w05_a_lost_connection_is_told_and_replaced(rig: Rig) -> None:
    opened = tapped(rig)
    async with aclosing(listening(rig)) as hints:
        await hear(hints, is_alive)
        lost = tuple(opened)
        for socket in lost:
            await socket.close()
        await hear(hints, lambda hint: hint.kind is HintKind.SILENT)
        await hear(hints, is_alive, within_s=SOON_S + 2)
        assert len(opened) == 2 * len(lost)
        rig.exchange.deposit(KEY, rig.ground.spot, COIN, Decimal(1))
        await hear(hints, lambda hint: hint.kind is HintKind.BALANCE)


async def test_w06_whoever_stops_listening_leaves_nothing_behind(rig: Rig) -> None:
    opened = tapped(rig)
    before = asyncio.all_tasks()
    hints = listening(rig)
    await hear(hints, is_alive)
    await hints.aclose()
    assert all(socket.closed for socket in opened)
    assert asyncio.all_tasks() <= before
