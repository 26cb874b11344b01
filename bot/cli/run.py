"""`hedgebot run`: the daemon, or one decision with --once."""

from __future__ import annotations

import json as json_
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from bot.cli import options
from bot.cli.errors import found_with
from bot.cli.plan_view import fingerprint, plan_json, print_plan
from bot.domain.control import StopMode
from bot.runtime.clock import SystemClock
from bot.runtime.hedger import Outcome

Show = Callable[[Sequence[Outcome]], None]


def shower(*, live: bool, as_json: bool, now_ms: Callable[[], int]) -> Show:
    """What shows the outcome of each turn on stdout.

    A live run in JSON shows every decision; everything else shows a plan again only when it changes (R31).
    """
    mode = "live" if live else "dry-run"
    last: list[tuple[object, ...]] = []

    def show(outcomes: Sequence[Outcome]) -> None:
        plans = [outcome.plan for outcome in outcomes]
        seen = [fingerprint(plan) for plan in plans]
        if seen == last and not (live and as_json):
            return
        last[:] = seen
        if as_json:
            typer.echo(json_.dumps(plan_json(plans, mode=mode, now_ms=now_ms()), ensure_ascii=False))
        else:
            print_plan(plans, mode=mode, now_ms=now_ms())

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
