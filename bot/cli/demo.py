"""`hedgebot demo`: the real bot against an embedded paper exchange; no keys, no internet, ends by itself."""

from __future__ import annotations

import asyncio
import json as json_
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bot import logs
from bot.cli import options
from bot.cli.exit_demo import ExitTold, play_exit, print_exit
from bot.cli.exit_scenarios import EXIT_SCENARIOS, ExitScenario
from bot.cli.pair_demo import PairTold, play_pair, print_pair
from bot.cli.pair_scenarios import PAIR_SCENARIOS, PairScenario
from bot.cli.scenarios import SCENARIOS, Scenario
from bot.cli.stagehand import HOUR_S, Stagehand, Tell, Watch
from bot.domain.errors import ConfigFault
from bot.domain.intent import IntentRecord, IntentState
from bot.ports import Clock
from bot.report.statement import OrderCounts, Statement, statement
from bot.runtime.clock import SystemClock
from bot.runtime.signals import Stop
from bot.runtime.virtual import VirtualClock, run_virtual
from bot.settings import RunOptions, load_settings

if TYPE_CHECKING:
    import aiohttp

    from bot.paper.session import LocalSession
    from bot.paper.world import World

Story = Scenario | PairScenario | ExitScenario
Told = Statement | PairTold | ExitTold

EXIT_UNEXPLAINED: Final = 3
"""A residual that is not 0: a cent that the venue's books do not explain (R29)."""
SEED: Final = 0
"""These stories are scripted; nothing in them is drawn."""


def register(app: typer.Typer) -> None:
    """Add the command to `hedgebot`."""

    @app.command("demo")
    def demo(
        *,
        scenario: Annotated[
            str | None, typer.Option("--scenario", help="Only this story; without it all of them.")
        ] = None,
        json: options.Json = False,
    ) -> None:
        """Watch the bot keep the value of coins while their price falls and rises; about half a minute a story."""
        raise typer.Exit(_demo(_chosen(scenario), as_json=json))


def _chosen(name: str | None) -> Sequence[Story]:
    stories: Sequence[Story] = (*SCENARIOS, *PAIR_SCENARIOS, *EXIT_SCENARIOS)
    chosen = [scenario for scenario in stories if name in {None, scenario.name}]
    if not chosen:
        known = ", ".join(scenario.name for scenario in stories)
        raise ConfigFault(f"--scenario {name}: there is no such story", hint=f"choose one of {known}")
    return chosen


def _demo(chosen: Sequence[Story], *, as_json: bool) -> int:
    logs.configure(level="error")
    explained = True
    for scenario in chosen:
        typer.secho(f"{scenario.name}: {scenario.title}", err=True, bold=True)
        run = run_virtual if not isinstance(scenario, PairScenario) and scenario.virtual else asyncio.run
        told = run(_stoppable(scenario, lambda line: typer.secho(f"  {line}", err=True, dim=True)))
        if isinstance(told, int):
            return told
        explained = explained and (told.pnl.residual if isinstance(told, Statement) else told.residual) == 0
        if as_json:
            whole = {
                "scenario": scenario.name,
                "seed": SEED,
                "transport": scenario.transport,
                "hedges": [told.to_json()],
            }
            typer.echo(json_.dumps(whole))
        else:
            _print(told, scenario.title)
    return 0 if explained else EXIT_UNEXPLAINED


def _print(told: Told, title: str) -> None:
    from bot.report.tables import print_statement  # noqa: PLC0415 - rich is only needed to print

    if isinstance(told, PairTold):
        print_pair(told)
    elif isinstance(told, ExitTold):
        print_exit(told)
    else:
        print_statement(told, title=title)


async def _stoppable(scenario: Story, tell: Tell) -> Told | int:
    """Play one story; the exit code when a signal ended it, with everything taken down."""
    with Stop() as stop:
        if isinstance(scenario, PairScenario):
            return await play_pair(scenario, tell)
        if isinstance(scenario, ExitScenario):
            return await play_exit(scenario, tell)
        return await (_virtually(scenario, tell) if scenario.virtual else _over_sockets(scenario, tell))
    return stop.exit_code


async def _over_sockets(scenario: Scenario, tell: Tell) -> Statement:
    """Over TLS on this machine, at wall speed."""
    from bot.paper.client import local_session  # noqa: PLC0415 - the help text needs no exchange library
    from bot.paper.embedded import serve_paper  # noqa: PLC0415

    clock = SystemClock()
    async with (
        serve_paper(time_ms=clock.now_ms, world=_world(scenario, clock)) as served,
        local_session(served.host, served.port, served.ca) as session,
    ):
        return await _play(scenario, tell, clock=clock, world=served.world, session=session, watch=Watch())


async def _virtually(scenario: Scenario, tell: Tell) -> Statement:
    """In this process, on time that jumps."""
    from bot.paper.session import LocalSession  # noqa: PLC0415 - the help text needs no exchange library

    clock = VirtualClock()
    world = _world(scenario, clock)
    watch = Watch(patience_s=HOUR_S)
    return await _play(scenario, tell, clock=clock, world=world, session=LocalSession(world), watch=watch)


def _world(scenario: Scenario, clock: Clock) -> World:
    from bot.paper.engine.defaults import STARTING  # noqa: PLC0415 - the help text needs no exchange library
    from bot.paper.world import default_world  # noqa: PLC0415

    return default_world(
        clock.now_ms,
        starting={**STARTING, **scenario.starting},
        funding_follows_clock=scenario.virtual,
    )


async def _play(
    scenario: Scenario,
    tell: Tell,
    *,
    clock: Clock,
    world: World,
    session: aiohttp.ClientSession | LocalSession,
    watch: Watch,
) -> Statement:
    """Play one story, and read the venues' books before and after it."""
    from bot.app import assembled  # noqa: PLC0415 - the help text needs no exchange library

    with tempfile.TemporaryDirectory(prefix="hedgebot-demo-") as folder:
        path = Path(folder) / f"{scenario.name}.toml"
        path.write_text(scenario.settings(Path(folder) / "journal.db"), encoding="utf-8")
        asked = RunOptions(settings_path=path, live=True, paper=True)
        settings = load_settings(path, {}, paper=True)
        async with assembled(settings, asked, session, clock, watch) as bot:
            (policy,) = bot.policies
            venue = bot.venues[policy.venue]
            since_ms = venue.now_ms()
            stage = Stagehand(
                world=world,
                watch=watch,
                now_ms=venue.now_ms,
                since_ms=since_ms,
                tell=tell,
                asset=scenario.asset,
            )
            before = [row for each in bot.venues.values() for row in await each.wallets()]
            async with asyncio.TaskGroup() as group:
                group.create_task(bot.daemon.run())
                try:
                    await scenario.play(stage)
                finally:
                    bot.daemon.stop()
            view = stage.view
            assert view is not None
            assert view.exposure is not None
            assert view.short is not None
            assert view.gap_notional is not None
            records = bot.journal.recent(policy.venue, policy.symbol, 0)
            return statement(
                hedge=policy.name,
                asset=policy.asset,
                instrument=venue.instrument(policy.symbol),
                kind="spot-perp",
                exposure=view.exposure,
                short=view.short,
                gap_notional=view.gap_notional,
                stages=stage.stages,
                fills=bot.journal.fills(policy.venue, policy.symbol),
                rows=[row for each in bot.venues.values() for row in await each.ledger(since_ms, [policy.symbol])],
                before=before,
                after=[row for each in bot.venues.values() for row in await each.wallets()],
                orders=_counts(records),
            )


def _counts(records: Sequence[IntentRecord]) -> OrderCounts:
    """What became of the orders that were sent."""
    states = Counter(record.state for record in records)
    return OrderCounts(
        sent=len(records),
        filled=states[IntentState.FILLED],
        rejected=states[IntentState.REJECTED],
        unknown=states[IntentState.UNKNOWN] + states[IntentState.ARMED],
    )
