"""`hedgebot check`: everything that must be right before money moves, a line each."""

from __future__ import annotations

import json as json_
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from bot.cli import options
from bot.cli.errors import EXIT_FOUND, found_with
from bot.domain.check import CheckLine, CheckVerdict

_MARKS: Final = {
    CheckVerdict.PASS: "[green]✓ pass[/]",
    CheckVerdict.WARN: "[yellow]! warn[/]",
    CheckVerdict.FAIL: "[red]✗ fail[/]",
}


def exit_code_of(lines: Sequence[CheckLine]) -> int:
    """3 when anything failed; warnings don't stop."""
    return EXIT_FOUND if any(line.verdict is CheckVerdict.FAIL for line in lines) else 0


def check_json(lines: Sequence[CheckLine]) -> dict[str, object]:
    """The object that `check --json` prints."""
    counts = Counter(line.verdict for line in lines)
    return {
        "pass": counts[CheckVerdict.PASS],
        "warn": counts[CheckVerdict.WARN],
        "fail": counts[CheckVerdict.FAIL],
        "checks": [
            {"name": line.name, "verdict": line.verdict.value, "detail": line.detail, "hint": line.hint}
            for line in lines
        ],
    }


def print_checks(lines: Sequence[CheckLine]) -> None:
    """A line for each check with its mark, what to do below it, and the summary."""
    from rich.console import Console  # noqa: PLC0415 - only where something is drawn
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    console = Console(highlight=False)
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    table.add_column(overflow="fold")
    for line in lines:
        hint = f"\n[dim]→ {escape(line.hint)}[/]" if line.hint and line.verdict is not CheckVerdict.PASS else ""
        table.add_row(_MARKS[line.verdict], escape(line.name), escape(line.detail) + hint)
    console.print(table)
    counts = Counter(line.verdict for line in lines)
    summary = ", ".join(f"{counts[verdict]} {verdict}" for verdict in CheckVerdict)
    console.print(f"[bold]{summary}[/]")


def register(app: typer.Typer) -> None:
    """Add the command to `hedgebot`."""

    @app.command("check")
    def check(
        *,
        config: options.Config,
        apply: Annotated[
            bool, typer.Option("--apply", help="Set leverage and margin mode as the file says, and read them back.")
        ] = False,
        paper: options.Paper = False,
        paper_at: options.PaperAt = None,
        paper_ca: options.PaperCa = None,
        json: options.Json = False,
    ) -> None:
        """Check clock, key, symbol, modes, margin and journal; changes nothing without --apply."""
        asked = options.run_options(config=config, paper=paper, paper_at=paper_at, paper_ca=paper_ca)
        from bot.app import run_check  # noqa: PLC0415 - the help text needs no exchange library

        with found_with(config):
            lines = run_check(asked, apply=apply)
        if json:
            typer.echo(json_.dumps(check_json(lines), ensure_ascii=False))
        else:
            print_checks(lines)
        raise typer.Exit(exit_code_of(lines))
