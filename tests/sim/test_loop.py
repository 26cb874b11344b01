"""The seeded loop: an order of turns that the seed decides, and processes that stand still."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context, ContextVar, copy_context

from tests.sim.loop import SeededLoop

FROZEN: ContextVar[bool] = ContextVar("FROZEN", default=False)


def run(seed: int, story: Callable[[], Awaitable[list[str]]]) -> list[str]:
    async def main() -> list[str]:
        return await story()

    with asyncio.Runner(loop_factory=lambda: SeededLoop(seed)) as runner:
        return runner.run(main())


async def crowd() -> list[str]:
    seen: list[str] = []

    async def one(name: str) -> None:
        for _ in range(3):
            await asyncio.sleep(1)
            seen.append(name)

    async with asyncio.TaskGroup() as group:
        for name in "abcdef":
            group.create_task(one(name))
    return seen


def test_the_seed_decides_who_goes_first() -> None:
    orders = {tuple(run(seed, crowd)) for seed in range(10)}
    assert len(orders) == 10
    assert run(3, crowd) == run(3, crowd)
    assert all(sorted(order[:6]) == list("abcdef") for order in orders)


async def paused() -> list[str]:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SeededLoop)
    seen: list[str] = []

    def at(context: Context, delay_s: float, name: str) -> None:
        loop.call_later(delay_s, lambda: seen.append(f"{name} at {loop.time():g}"), context=context)

    frozen = copy_context()
    frozen.run(FROZEN.set, True)
    at(frozen, 1, "frozen")
    at(copy_context(), 1, "free")
    loop.hold(lambda context: context.get(FROZEN, False))
    await asyncio.sleep(5)
    loop.release()
    at(frozen, 1, "frozen again")
    await asyncio.sleep(2)
    return seen


def test_what_stands_still_goes_on_later() -> None:
    assert run(1, paused) == ["free at 1", "frozen at 5", "frozen again at 6"]
