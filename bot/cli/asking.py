"""Commands that change something ask first."""

from __future__ import annotations

import sys

import typer

from bot.cli.errors import EXIT_INTERRUPTED
from bot.domain.errors import ConfigFault


def agreed(command: str, question: str, *, yes: bool) -> bool:
    """Whether a person agrees.

    Args:
        command: that asks.
        question: what is agreed to.
        yes: they did on the command line.

    Raises:
        ConfigFault: nobody is there to answer.
        typer.Exit: they ended the command instead.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise ConfigFault(f"{command} asks before it changes anything, and nobody is there to answer", hint="add --yes")
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        raise typer.Exit(EXIT_INTERRUPTED) from None
