"""Plays a story of `hedgebot demo` about a coin exchanged for stablecoins, and tells what came of it to the cent."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bot.cli.exit_scenarios import ASSETS, ExitScenario, ExitStage
from bot.cli.stagehand import HOUR_S, Tell, TraderWatch
from bot.domain.exits import CrossingRecord
from bot.domain.ids import Asset, HedgeName
from bot.domain.intent import IntentRecord
from bot.domain.numbers import ZERO, plain
from bot.domain.proceeds import Flow
from bot.domain.trader import HedgeKind
from bot.ports import Clock
from bot.runtime.clock import SystemClock
from bot.runtime.exit_tell import crossing_facts
from bot.runtime.virtual import VirtualClock
from bot.settings import RunOptions, load_settings

if TYPE_CHECKING:
    import aiohttp

    from bot.paper.session import LocalSession
    from bot.paper.world import World

PATIENCE_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitTold:
    """What a story came to.

    Attributes:
        stages: what the account held when, by the exchange's own books.
        flows: what the fills of the hedge's orders did, by the journal.
    """

    scenario: ExitScenario
    stages: Sequence[Mapping[str, Any]]
    crossings: Sequence[CrossingRecord]
    flows: Sequence[Flow]
    orders: Sequence[IntentRecord]

    @property
    def residual(self) -> Decimal:
        """What the exchange's books show and the journal does not explain, over all currencies; must be 0."""
        return sum((abs(self._change(asset) - self._booked(asset)) for asset in ASSETS), ZERO)

    def to_json(self) -> dict[str, Any]:
        """As one of the `hedges` of `demo --json`."""
        return {
            "name": self.scenario.name,
            "kind": HedgeKind.STABLECOIN.value,
            "asset": self.scenario.asset,
            "stages": [
                {name: value if name == "what" else plain(value) for name, value in stage.items()}
                for stage in self.stages
            ],
            "crossings": [crossing_facts(record) | {"fees": self._fees(record)} for record in self.crossings],
            "change": {asset: plain(self._change(asset)) for asset in ASSETS},
            "pnl": {"residual": plain(self.residual)},
            "orders": {"sent": len(self.orders), "filled": sum(order.filled > 0 for order in self.orders)},
        }

    def _change(self, asset: str) -> Decimal:
        change: Decimal = self.stages[-1][asset] - self.stages[0][asset]
        return change

    def _booked(self, asset: str) -> Decimal:
        return sum((flow.amount for flow in self.flows if flow.asset == asset), ZERO)

    def _fees(self, record: CrossingRecord) -> dict[str, str]:
        """Fees of a crossing, by what they were taken in; a cost is positive."""
        paid: dict[Asset, Decimal] = {}
        for flow in self.flows:
            if flow.fee and flow.crossing_id == record.crossing.crossing_id:
                paid[flow.asset] = paid.get(flow.asset, ZERO) - flow.amount
        return {asset: plain(amount) for asset, amount in sorted(paid.items())}


async def play_exit(scenario: ExitScenario, tell: Tell) -> ExitTold:
    """Play one story."""
    from bot.paper.client import local_session  # noqa: PLC0415 - the help text needs no exchange library
    from bot.paper.embedded import serve_paper  # noqa: PLC0415
    from bot.paper.engine.defaults import STARTING  # noqa: PLC0415
    from bot.paper.session import LocalSession  # noqa: PLC0415
    from bot.paper.world import default_world  # noqa: PLC0415

    clock = VirtualClock() if scenario.virtual else SystemClock()
    world = default_world(clock.now_ms, starting={**STARTING, **scenario.starting})
    watch = TraderWatch(HOUR_S if scenario.virtual else PATIENCE_S)
    async with AsyncExitStack() as stack:
        session: aiohttp.ClientSession | LocalSession = LocalSession(world)
        if not scenario.virtual:
            served = await stack.enter_async_context(serve_paper(time_ms=clock.now_ms, world=world))
            session = await stack.enter_async_context(local_session(served.host, served.port, served.ca))
        return await _play(scenario, tell, clock=clock, watch=watch, world=world, session=session)


async def _play(
    scenario: ExitScenario,
    tell: Tell,
    *,
    clock: Clock,
    watch: TraderWatch,
    world: World,
    session: aiohttp.ClientSession | LocalSession,
) -> ExitTold:
    from bot.app import assembled  # noqa: PLC0415 - the help text needs no exchange library

    name = HedgeName(scenario.name)
    with tempfile.TemporaryDirectory(prefix="hedgebot-demo-") as folder:
        path = Path(folder) / f"{scenario.name}.toml"
        path.write_text(scenario.settings(Path(folder) / "journal.db"), encoding="utf-8")
        settings = load_settings(path, {}, paper=True)
        asked = RunOptions(settings_path=path, live=True, paper=True)
        async with assembled(settings, asked, session, clock, lambda _: None, show_trader=watch) as bot:
            stage = ExitStage(world=world, watch=watch, tell=tell, clock=clock, journal=bot.journal, hedge=name)
            async with asyncio.TaskGroup() as group:
                group.create_task(bot.daemon.run())
                try:
                    await scenario.play(stage)
                finally:
                    bot.daemon.stop()
            return ExitTold(
                scenario=scenario,
                stages=stage.stages,
                crossings=bot.journal.crossings(name),
                flows=bot.journal.flows(name),
                orders=bot.journal.slices(name, 0),
            )


def print_exit(told: ExitTold) -> None:
    """Draw what a story came to on stdout."""
    from rich.console import Console  # noqa: PLC0415 - only where something is drawn
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    console = Console(highlight=False)
    facts = told.to_json()
    table = Table(title=told.scenario.title, title_justify="left")
    for name in ("", "BTC in USD", *ASSETS):
        table.add_column(name, justify="right" if name else "left")
    for stage in told.stages:
        row = [f"{stage[asset]:,.8f}" if asset == "BTC" else f"{stage[asset]:,.2f}" for asset in ASSETS]
        table.add_row(stage["what"], f"{stage['price_usd']:,.2f}", *row)
    console.print(table)
    for each in facts["crossings"]:
        fees = ", ".join(f"{amount} {asset}" for asset, amount in each["fees"].items()) or "none"
        average = "" if each["average"] is None else f" at {Decimal(each['average']):,.4f} on average"
        console.print(
            f"[bold]{each['kind']}[/], {each['state']}: {each['coins']} for {each['quote']}{average}; fees {fees}\n"
            f"  [dim]{escape(each['reason'])}[/]"
        )
    console.print(f"orders {facts['orders']['sent']}  not explained {facts['pnl']['residual']}")
