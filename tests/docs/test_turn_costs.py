"""What a turn costs is what `docs/operating.md` says."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bot.domain.environment import Environment
from bot.domain.ids import Asset, Symbol, VenueName
from bot.domain.observation import Unknown, Wanted
from bot.paper.session import LocalSession
from bot.paper.world import default_world
from bot.runtime.clock import SystemClock
from bot.venue.gateway import open_venue
from bot.venue.spec import VenueSpec
from bot.venue.throttle import Throttle

PAGE = Path(__file__).parents[2] / "docs" / "operating.md"
COINS = frozenset({Asset("BTC")})
LINEAR, INVERSE = Symbol("BTC/USDT:USDT"), Symbol("BTC/USD:BTC")
DAYS_7_MS = 7 * 86_400_000
WINDOWS = {"USD-M": "fapi", "COIN-M": "dapi"}
"""As the page calls them, where it is not the window's own name."""


def wanted(exchange: str, column: int) -> Wanted:
    """What a hedge asks of the venue in each column of the table."""
    if column == 2:
        margin = frozenset() if exchange == "okx" else COINS
        return Wanted(spot=COINS, margin=margin, symbols=frozenset({INVERSE}))
    beside = COINS if column == 1 else frozenset()
    return Wanted(spot=COINS, earn=beside, transit=beside, transit_max_ms=DAYS_7_MS, symbols=frozenset({LINEAR}))


def cell(exchange: str, column: int) -> tuple[int, dict[str, int]]:
    """The requests that a cell tells, and the units by window."""
    (row,) = re.findall(rf"^\| {exchange} \| \d.*$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.IGNORECASE)
    text = row.split("|")[2 + column].partition(";")[0]
    requests, _, units = text.partition(":")
    told = re.findall(r"(\d+) ([\w-]+)", units)
    return int(re.findall(r"\d+", requests)[0]), {WINDOWS.get(name, name): int(count) for count, name in told}


@pytest.mark.parametrize("column", range(3), ids=["linear", "with earn", "inverse"])
@pytest.mark.parametrize("exchange", ["binance", "okx", "kucoin"])
async def test_a_turn_costs_what_the_page_says(exchange: str, column: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = wanted(exchange, column)
    clock = SystemClock()
    spec = VenueSpec(
        name=VenueName("main"),
        exchange=exchange,
        environment=Environment.PAPER,
        api_key="paper",
        secret="paper",
        password="paper",
    )
    venue = open_venue(
        spec,
        clock=clock,
        session=LocalSession(default_world(clock.now_ms)),
        symbols=tuple(asked.symbols),
        isolated=asked.symbols - {INVERSE},
    )
    requests = 0
    units: Counter[str] = Counter()
    acquire = Throttle.acquire

    async def counted(self: Throttle, cost: Any, *more: Any, **named: Any) -> None:  # noqa: ANN401 - handed on as it is
        nonlocal requests
        requests += 1
        units.update(cost.units)
        await acquire(self, cost, *more, **named)

    try:
        await venue.start()
        monkeypatch.setattr(Throttle, "acquire", counted)
        seen = await venue.observe(asked)
    finally:
        await venue.close()
    parts = [*seen.holdings.values(), *seen.positions.values(), *seen.prices.values(), *seen.margins.values()]
    assert not [part for part in parts if isinstance(part, Unknown)]
    told_requests, told_units = cell(exchange, column)
    assert requests == told_requests
    assert {window: units[window] for window in told_units} == told_units
