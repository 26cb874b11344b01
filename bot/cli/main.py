"""The command line's frame: one file a command, each with a `register(app)`."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer
from typer.main import get_command

from bot.cli import check, crossing, demo, paper, pause, quote, replay, resume, run, status, unwind

COMMANDS = (demo, quote, run, check, status, pause, resume, unwind, crossing, replay, paper)
"""In the order of the help text."""


def build_app() -> typer.Typer:
    """The whole command line. Errors pass through: `bot.__main__` turns them into exit codes."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

    @app.callback()
    def hedgebot(
        *,
        show_version: Annotated[
            bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
        ] = False,
    ) -> None:
        """Keep the value of the coins you hold: a 1x short, held equal to the spot.

        Dry run is the default: nothing is sent without --live. stdout is the result, stderr the log.
        """

    for command in COMMANDS:
        command.register(app)
    return app


def run_command_line() -> None:
    """Run what the arguments ask for and exit; unlike `typer.Typer.__call__` it leaves Python's hooks alone."""
    get_command(build_app())(prog_name="hedgebot")


def _print_version(asked: bool) -> None:  # noqa: FBT001 - typer calls it
    if asked:
        typer.echo(f"hedgebot {version('hedgebot')}")
        raise typer.Exit
