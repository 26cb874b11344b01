"""`hedgebot resume`: a person looked, so the halts end. Works beside a running bot, which goes on at its next turn."""

from __future__ import annotations

import json as json_
import sys
from typing import Annotated

import typer

from bot.cli import options
from bot.cli.journal_options import ConfigOrNone, JournalOrNone, journal_path
from bot.cli.status import halt_facts, print_halts
from bot.domain.errors import ConfigFault, StartFault
from bot.runtime.clock import SystemClock


def register(app: typer.Typer) -> None:
    """Add the command to `hedgebot`."""

    @app.command("resume")
    def resume(
        *,
        config: ConfigOrNone = None,
        journal: JournalOrNone = None,
        yes: Annotated[bool, typer.Option("--yes", help="Clear them without asking.")] = False,
        json: options.Json = False,
    ) -> None:
        """Show what is halted and clear it, once you have looked at the venue and know why."""
        from rich.console import Console  # noqa: PLC0415 - only where something is drawn

        from bot.journal.store import SqlJournal  # noqa: PLC0415 - the help text needs no database

        clock = SystemClock()
        path = journal_path(config, journal)
        with SqlJournal.open_beside(path) as opened:
            shown = opened.halts()
            halts = [halt_facts(halt, clock.now_ms()) for halt in shown]
            print_halts(Console(highlight=False, stderr=json).print, halts)
            agreed = bool(shown) and _agreed(len(shown), yes=yes)
            if agreed and opened.halts() != shown:
                raise StartFault("the halts changed while you looked", hint="run resume again to see them")
            cleared = opened.clear_halts(clock.now_ms()) if agreed else 0
        if json:
            typer.echo(json_.dumps({"journal": str(path), "cleared": cleared, "halts": halts}, ensure_ascii=False))
        else:
            typer.echo(f"{cleared} cleared" if halts else "nothing is halted")


def _agreed(count: int, *, yes: bool) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty():
        raise ConfigFault("resume asks before it clears a halt, and nobody is there to answer", hint="add --yes")
    return typer.confirm(f"Clear {count} and let the bot send orders again?", err=True)
