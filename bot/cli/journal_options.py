"""The options of commands that work on a journal, whether or not a bot runs on it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final

import typer

from bot.domain.errors import ConfigFault, StartFault

_DRY_RUN: Final = ".dry-run"

ConfigOrNone = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="The settings file; its journal is used.")
]
JournalOrNone = Annotated[Path | None, typer.Option("--journal", metavar="PATH", help="The journal itself.")]


def journal_path(config: Path | None, journal: Path | None, *, or_dry_run: bool = False) -> Path:
    """Which journal is meant; it is there.

    Args:
        config: the settings file, whose journal is meant.
        journal: the journal itself.
        or_dry_run: with `config`, take the dry run's journal where there is no other.

    Raises:
        ConfigFault: not exactly one of both was given, or the settings are wrong.
        StartFault: there is no such journal.
    """
    if (config is None) == (journal is None):
        raise ConfigFault("expected either --config FILE or --journal PATH", hint="give one of the two")
    path = journal if config is None else _configured(config)
    assert path is not None
    if not path.exists():
        dry_run = path.with_name(path.name + _DRY_RUN)
        if or_dry_run and config is not None and dry_run.exists():
            return dry_run
        raise StartFault(
            f"there is no journal at {path}",
            hint=f"there were only dry runs so far: --journal {dry_run}"
            if dry_run.exists()
            else "check the path; the bot's first start makes the file",
        )
    return path


def mode_of(path: Path) -> str:
    """Who writes a journal, by its name: `dry-run` or `live`."""
    return "dry-run" if path.name.endswith(_DRY_RUN) else "live"


def _configured(config: Path) -> Path:
    from bot.settings import load_settings  # noqa: PLC0415 - not needed with --journal

    # As for paper: reading a journal needs no keys.
    return load_settings(config, os.environ, paper=True).journal
