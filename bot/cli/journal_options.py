"""The options of commands that work on a journal, whether or not a bot runs on it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from bot.domain.errors import ConfigFault, StartFault

ConfigOrNone = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="The settings file; its journal is used.")
]
JournalOrNone = Annotated[Path | None, typer.Option("--journal", metavar="PATH", help="The journal itself.")]


def journal_path(config: Path | None, journal: Path | None) -> Path:
    """Which journal is meant; it is there.

    Raises:
        ConfigFault: not exactly one of both was given, or the settings are wrong.
        StartFault: there is no such journal.
    """
    if (config is None) == (journal is None):
        raise ConfigFault("expected either --config FILE or --journal PATH", hint="give one of the two")
    path = journal if config is None else _configured(config)
    assert path is not None
    if not path.exists():
        dry_run = path.with_name(path.name + ".dry-run")
        raise StartFault(
            f"there is no journal at {path}",
            hint=f"there were only dry runs so far: --journal {dry_run}"
            if dry_run.exists()
            else "check the path; the bot's first start makes the file",
        )
    return path


def _configured(config: Path) -> Path:
    from bot.settings import load_settings  # noqa: PLC0415 - not needed with --journal

    # As for paper: reading a journal needs no keys.
    return load_settings(config, os.environ, paper=True).journal
