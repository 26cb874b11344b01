"""`hedgebot pause`: nothing is sent any more for a hedge, or for all. A running bot obeys at its next turn."""

from __future__ import annotations

import json as json_

import typer

from bot.cli import options
from bot.cli.controls import HedgeOrAll, Why, control_facts, made, named
from bot.cli.journal_options import ConfigOrNone, JournalOrNone, journal_path
from bot.domain.control import ControlKind
from bot.runtime.clock import SystemClock


def register(app: typer.Typer) -> None:
    """Add the command to `hedgebot`."""

    @app.command("pause")
    def pause(
        *,
        hedge: HedgeOrAll = None,
        config: ConfigOrNone = None,
        journal: JournalOrNone = None,
        reason: Why = "",
        json: options.Json = False,
    ) -> None:
        """Send nothing any more, neither up nor down, until `resume`; the bot goes on watching and tells alarms.

        No margin is topped up meanwhile either, and no step of the margin ladder goes on.
        """
        from bot.journal.store import SqlJournal  # noqa: PLC0415 - the help text needs no database

        now_ms = SystemClock().now_ms()
        path = journal_path(config, journal)
        with SqlJournal.open_beside(path) as opened:
            meant = named(opened, hedge)
            control = made(ControlKind.PAUSE, meant, reason, now_ms)
            newest = next(iter(reversed(opened.controls())), None)
            known = newest is not None and (newest.kind, newest.hedge) == (control.kind, control.hedge)
            if not known:
                opened.control(control)
            controls = [control_facts(standing, now_ms) for standing in opened.controls()]
        if json:
            told = {"journal": str(path), "hedge": meant, "paused": not known, "controls": controls}
            typer.echo(json_.dumps(told, ensure_ascii=False))
        else:
            who = meant or "every hedge"
            told_now = "was paused already" if known else "is paused; `hedgebot resume` ends it"
            typer.echo(f"{who} {told_now}\nno margin is added meanwhile either, whatever the ladder allows")
