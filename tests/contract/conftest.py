"""Every case runs on every venue, over sockets and in this process; those of `rig` linear and inverse."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.contract.rig import GROUNDS, INVERSE, LINEAR, Rig, rigged

SHELLS = ("in-process", "tls")
RIGS = [
    pytest.param((exchange, symbol, shell), id=f"{exchange}-{'inverse' if symbol == INVERSE else 'linear'}-{shell}")
    for exchange in GROUNDS
    for symbol in (LINEAR, INVERSE)
    for shell in SHELLS
]


@pytest.fixture(params=RIGS)
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    async with rigged(*request.param) as made:
        yield made


@pytest.fixture(params=[pytest.param((name, shell), id=f"{name}-{shell}") for name in GROUNDS for shell in SHELLS])
async def linear(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    exchange, shell = request.param
    async with rigged(exchange, LINEAR, shell) as made:
        yield made
