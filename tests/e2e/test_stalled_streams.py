"""A whole bot in-process, on virtual time: whatever its streams do, it sends the same orders."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal as D
from pathlib import Path

import pytest

from bot.app import assembled
from bot.paper.engine.exchange import Exchange
from bot.paper.world import default_world
from bot.runtime.virtual import VirtualClock, run_virtual
from bot.settings import RunOptions, load_settings
from tests.e2e.harness import settings_text
from tests.venue.shaky import Shaky
from tests.venue.wire import Anything

KEY = "paper"
INTERVAL_S = 10
PLACES = {"binance": "spot", "okx": "trading", "kucoin": "trade"}
STORY = ("0.3", "0.2", "-0.4", "0.1")
"""Coins that come and go, a minute apart."""


def nothing(_: Shaky) -> None:
    """The streams work."""


def mute(session: Shaky) -> None:
    """They look open, and nothing comes."""
    session.muted = True


def refuse(session: Shaky) -> None:
    """They can't be opened again, and what is open says nothing."""
    session.refuses = session.muted = True


def told(
    folder: Path, exchange: str, trouble: Callable[[Shaky], None] = nothing, *, streams: bool = True
) -> tuple[list[tuple[str, D]], list[float]]:
    """The orders of the story, and how long after each change of holdings they came."""
    keys = f'exchange = "{exchange}"\nstreams = {str(streams).lower()}'
    text = settings_text(top={"interval_s": f'"{INTERVAL_S}"', "dwell_s": '"30"'})
    path = folder / "hedge.toml"
    path.write_text(text.replace('exchange = "binance"', keys).replace("journal.db", str(folder / "journal.db")))

    async def main() -> tuple[list[tuple[str, D]], list[float]]:
        clock = VirtualClock()
        world = default_world(clock.now_ms)
        session: Anything = Shaky(world, poll_s=0.25)
        market: Exchange = world.venues[exchange].exchange
        options = RunOptions(settings_path=path, live=True, paper=True)
        settings = load_settings(path, {}, paper=True)
        moments: list[int] = []
        async with assembled(settings, options, session, clock, lambda _: None) as bot, asyncio.TaskGroup() as group:
            group.create_task(bot.daemon.run())
            await asyncio.sleep(60.5)
            trouble(session)
            await asyncio.sleep(60)
            for amount in STORY:
                moments.append(clock.now_ms())
                market.deposit(KEY, PLACES[exchange], "BTC", D(amount))
                await asyncio.sleep(57)
            bot.daemon.stop()
        orders = sorted(market.account(KEY).orders(), key=lambda order: order.time_ms)
        found = [(order.side.value, order.filled) for order in orders]
        late = [(order.time_ms - moment) / 1000 for order, moment in zip(orders[1:], moments, strict=True)]
        return found, late

    return run_virtual(main())


@pytest.mark.parametrize("exchange", PLACES)
def test_a_stalled_stream_changes_nothing_but_speed(tmp_path: Path, exchange: str) -> None:
    results = {}
    for name, trouble in {"fine": nothing, "mute": mute, "refuse": refuse}.items():
        folder = tmp_path / name
        folder.mkdir()
        results[name] = told(folder, exchange, trouble)
    quiet = tmp_path / "none"
    quiet.mkdir()
    results["none"] = told(quiet, exchange, streams=False)
    orders, _ = results["fine"]
    assert len(orders) == 1 + len(STORY)
    assert all(others == orders for others, _ in results.values()), results
    (up, more, _, _), fine = results["fine"][1], results["none"][1]
    assert max(up, more) < 3
    assert max(fine[:2]) > 3
