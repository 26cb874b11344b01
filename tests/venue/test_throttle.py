"""Windows that are never exceeded, orders that overtake, bans that are kept; on virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.errors import InvariantBroken, VenueBusy
from bot.domain.ids import VenueName
from bot.venue.binance import endpoints
from bot.venue.binance.endpoints import EARN_FLEXIBLE, LIMITS
from bot.venue.binance.family import FAMILIES
from bot.venue.binance.ways import WAYS
from bot.venue.endpoint import Endpoint
from bot.venue.throttle import READ_PERCENT, SHARE_PERCENT, Cost, Lane, Limit, Throttle
from tests.venue.wire import HandClock, LoopClock, run_virtual

PERIOD_S = 10
MINUTE = {"weight": Limit(units=100, period_s=PERIOD_S), "orders": Limit(units=20, period_s=PERIOD_S)}
SHARE = 100 * SHARE_PERCENT // 100
READ_SHARE = SHARE * READ_PERCENT // 100


def make(clock: LoopClock | HandClock) -> Throttle:
    return Throttle(name=VenueName("main"), limits=MINUTE, clock=clock)


def cost(units: int, orders: int = 0) -> Cost:
    return Cost(family="fapi", units={"weight": units, **({"orders": orders} if orders else {})})


arrivals = st.lists(
    st.tuples(st.floats(min_value=0, max_value=4), st.integers(1, 40), st.sampled_from(list(Lane))),
    min_size=1,
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(arrivals=arrivals)
def test_no_window_is_ever_exceeded_and_everybody_gets_through(arrivals: list[tuple[float, int, Lane]]) -> None:
    sent: list[tuple[float, int, int, Lane]] = []

    async def call(throttle: Throttle, units: int, lane: Lane) -> None:
        orders = 1 if lane is Lane.ORDER else 0
        await throttle.acquire(cost(units, orders), lane, operation="try")
        sent.append((asyncio.get_running_loop().time(), units, orders, lane))

    async def scene() -> None:
        throttle = make(LoopClock())
        async with asyncio.TaskGroup() as tasks:
            for pause_s, units, lane in arrivals:
                await asyncio.sleep(pause_s)
                tasks.create_task(call(throttle, units, lane))

    run_virtual(scene)
    assert len(sent) == len(arrivals)
    for start_s, *_ in sent:
        inside = [entry for entry in sent if start_s <= entry[0] < start_s + PERIOD_S]
        assert sum(units for _, units, _, _ in inside) <= SHARE
        assert sum(orders for _, _, orders, _ in inside) <= 20 * SHARE_PERCENT // 100
    # Reads alone never take the reserve.
    for number, (at_s, _, _, lane) in enumerate(sent):
        if lane is Lane.READ:
            before = [entry for entry in sent[: number + 1] if at_s - PERIOD_S < entry[0]]
            assert sum(units for _, units, _, _ in before) <= READ_SHARE


def test_room_is_used_as_soon_as_it_is_there() -> None:
    async def scene() -> float:
        throttle = make(LoopClock())
        for _ in range(4):
            await throttle.acquire(cost(30), Lane.READ, operation="read")
        return asyncio.get_running_loop().time()

    # Two reads of 30 fit into a window of 60.
    assert run_virtual(scene) == pytest.approx(PERIOD_S, abs=0.05)


def test_an_order_overtakes_queued_reads_and_uses_the_reserve() -> None:
    order_of_arrival: list[str] = []

    async def call(throttle: Throttle, name: str, lane: Lane, units: int) -> None:
        await throttle.acquire(cost(units), lane, operation=name)
        order_of_arrival.append(f"{name}@{round(asyncio.get_running_loop().time())}")

    async def scene() -> None:
        throttle = make(LoopClock())
        await throttle.acquire(cost(READ_SHARE), Lane.READ, operation="fill")
        async with asyncio.TaskGroup() as tasks:
            for number in range(3):
                tasks.create_task(call(throttle, f"read{number}", Lane.READ, 20))
            await asyncio.sleep(1)
            tasks.create_task(call(throttle, "look-up", Lane.RESCUE, 10))
            tasks.create_task(call(throttle, "order", Lane.ORDER, 1))

    run_virtual(scene)
    assert set(order_of_arrival[:2]) == {"order@1", "look-up@1"}
    assert [name.split("@")[0] for name in order_of_arrival[2:]] == ["read0", "read1", "read2"]


def test_an_order_goes_before_a_look_up_that_waits_too() -> None:
    order_of_arrival: list[str] = []

    async def call(throttle: Throttle, name: str, lane: Lane) -> None:
        await throttle.acquire(cost(1), lane, operation=name)
        order_of_arrival.append(name)

    async def scene() -> None:
        throttle = make(LoopClock())
        await throttle.acquire(cost(SHARE), Lane.ORDER, operation="fill")
        async with asyncio.TaskGroup() as tasks:
            for name, lane in (("read", Lane.READ), ("look-up", Lane.RESCUE), ("order", Lane.ORDER)):
                tasks.create_task(call(throttle, name, lane))
                await asyncio.sleep(0.5)

    run_virtual(scene)
    assert order_of_arrival == ["order", "look-up", "read"]


def test_nothing_goes_during_a_ban_and_who_waits_is_told() -> None:
    async def scene() -> None:
        clock = LoopClock()
        throttle = make(clock)
        await throttle.acquire(cost(SHARE), Lane.ORDER, operation="fill")
        told: list[int] = []

        async def wait(lane: Lane) -> None:
            with pytest.raises(VenueBusy) as busy:
                await throttle.acquire(cost(1), lane, operation="wait")
            told.append(busy.value.retry_at_ms)

        until_ms = clock.now_ms() + 30_000
        async with asyncio.TaskGroup() as tasks:
            for lane in Lane:
                tasks.create_task(wait(lane))
            await asyncio.sleep(2)
            throttle.ban(until_ms)
            throttle.ban(until_ms - 10_000)  # a shorter one does not shorten it
        assert told == [until_ms] * 3
        with pytest.raises(VenueBusy):
            await throttle.acquire(cost(1), Lane.ORDER, operation="order")
        await asyncio.sleep(30)
        await throttle.acquire(cost(1), Lane.ORDER, operation="order")

    run_virtual(scene)


def test_a_cancelled_call_leaves_the_queue() -> None:
    async def scene() -> None:
        throttle = make(LoopClock())
        await throttle.acquire(cost(READ_SHARE), Lane.READ, operation="fill")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await throttle.acquire(cost(60), Lane.READ, operation="read")
        await throttle.acquire(cost(1), Lane.READ, operation="read")

    run_virtual(scene)


def test_what_the_venue_counted_of_others_counts_here_too() -> None:
    async def scene() -> float:
        throttle = make(LoopClock())
        await throttle.acquire(cost(10), Lane.READ, operation="read")
        throttle.learn("weight", 55)
        throttle.learn("weight", 20)  # less than is known already
        await throttle.acquire(cost(10), Lane.READ, operation="read")
        return asyncio.get_running_loop().time()

    assert run_virtual(scene) >= PERIOD_S


async def test_a_call_that_can_never_fit_is_a_mistake_of_ours() -> None:
    with pytest.raises(InvariantBroken):
        await make(HandClock()).acquire(cost(READ_SHARE + 1), Lane.READ, operation="read")


def test_an_observation_each_second_fits_into_binances_limits() -> None:
    seconds = 60
    for window, units in {"spot": 2 * 20, "fapi": 5 + 5 + 1 + 2 + 2, EARN_FLEXIBLE.method: 150}.items():
        limit = LIMITS[window]
        share = limit.units * SHARE_PERCENT // 100
        assert units * seconds <= (share * READ_PERCENT // 100 if limit.reserve else share)


def test_every_endpoint_has_its_windows() -> None:
    found = [value for value in vars(endpoints).values() if isinstance(value, Endpoint)]
    histories = (endpoints.EARN_SUBSCRIPTIONS, endpoints.EARN_REDEMPTIONS, endpoints.EARN_REWARDS)
    found += [endpoint for history in histories for endpoint in history.values()]
    found += endpoints.STAKING_REDEMPTIONS
    parts = [getattr(family, field.name) for family in FAMILIES for field in fields(family)]
    found += [part for part in parts if isinstance(part, Endpoint)]
    assert {window for endpoint in found for window in endpoint.cost.units} == set(LIMITS)


def test_binances_limits_are_its_own() -> None:
    assert LIMITS["fapi"].units == LIMITS["dapi"].units == 2_400
    assert LIMITS["spot"].units == 6_000
    assert {"fapi", "fapi-orders-10s", "fapi-orders-1m", "dapi", "dapi-orders-1m"} == set(WAYS.place.cost.units)
