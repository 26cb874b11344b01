"""`hedgebot run`: the daemon, or one decision with --once."""

from __future__ import annotations

import json as json_
from collections.abc import Callable, Sequence
from typing import Annotated, Protocol

import typer

from bot.cli import options
from bot.cli.errors import found_with
from bot.cli.plan_view import fingerprint, plan_json, print_plan
from bot.cli.trader_view import print_traders, trader_json
from bot.domain.control import StopMode
from bot.domain.trader import TraderOutcome
from bot.runtime.clock import SystemClock
from bot.runtime.hedger import Outcome


class Show(Protocol):
    """Shows what came of a turn."""

    def __call__(self, outcomes: Sequence[Outcome], traders: Sequence[TraderOutcome] = ()) -> None:
        """Show the outcomes of the spot-perp hedges, and those of the others."""
        ...


def shower(*, live: bool, as_json: bool, now_ms: Callable[[], int]) -> Show:
    """What shows the outcome of each turn on stdout: of all spot-perp hedges together, and of each other hedge.

    A live run in JSON shows every decision; everything else shows a plan again only when it changes (R31).
    """
    mode = "live" if live else "dry-run"
    last: dict[str, object] = {}

    def show(outcomes: Sequence[Outcome], traders: Sequence[TraderOutcome] = ()) -> None:
        plans = [outcome.plan for outcome in outcomes]
        seen: dict[str, object] = {plan.view.hedge: fingerprint(plan) for plan in plans}
        seen |= {outcome.hedge: outcome.same for outcome in traders}
        if seen.items() <= last.items() and not (live and as_json):
            return
        last.update(seen)
        if as_json:
            told = plan_json(plans, mode=mode, now_ms=now_ms())
            told["hedges"] += [trader_json(outcome) for outcome in traders]
            typer.echo(json_.dumps(told, ensure_ascii=False))
        else:
            print_plan(plans, mode=mode, now_ms=now_ms())
            print_traders(traders, mode=mode)

    return show


def register(app: typer.Typer) -> None:
    """Add the command to `hedgebot`."""

    @app.command("run")
    def run(
        *,
        config: options.Config,
        live: Annotated[bool, typer.Option("--live", help="Send orders. Without it: a dry run.")] = False,
        paper: options.Paper = False,
        paper_at: options.PaperAt = None,
        paper_ca: options.PaperCa = None,
        once: Annotated[bool, typer.Option("--once", help="Decide once, then end.")] = False,
        on_stop: Annotated[
            StopMode | None,
            typer.Option("--on-stop", help="What a stop does with the hedges, instead of what the settings say."),
        ] = None,
        json: options.Json = False,
    ) -> None:
        """Hold the short equal to the coins; a dry run that sends nothing unless --live is given."""
        asked = options.run_options(
            config=config, live=live, paper=paper, paper_at=paper_at, paper_ca=paper_ca, once=once, on_stop=on_stop
        )
        from bot.app import run_bot  # noqa: PLC0415 - the help text needs no exchange library

        with found_with(config):
            code = run_bot(asked, shower(live=live, as_json=json, now_ms=SystemClock().now_ms))
        raise typer.Exit(code)
