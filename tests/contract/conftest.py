"""Every case runs on every venue, linear and inverse, over sockets and in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.contract.rig import GROUNDS, INVERSE, LINEAR, Rig, rigged

RIGS = [
    pytest.param((exchange, symbol, shell), id=f"{exchange}-{'inverse' if symbol == INVERSE else 'linear'}-{shell}")
    for exchange in GROUNDS
    for symbol in (LINEAR, INVERSE)
    for shell in ("in-process", "tls")
]


@pytest.fixture(params=RIGS)
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    async with rigged(*request.param) as made:
        yield made
