"""From an error to an exit code and one readable message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import typer

from bot.domain.errors import (
    BotError,
    ConfigFault,
    InvariantBroken,
    JournalFault,
    StartFault,
    VenueBusy,
    VenueFault,
    VenueUnreachable,
)
from bot.logs import redact

EXIT_INTERNAL: Final = 1
EXIT_CONFIG: Final = 2
EXIT_FOUND: Final = 3
EXIT_UNREACHABLE: Final = 5
EXIT_INTERRUPTED: Final = 130


def exit_code(error: BotError) -> int:
    """The code of one error: 2 decidable from file and environment, 3 found at venue or journal, 5 unreachable."""
    match error:
        case ConfigFault():
            return EXIT_CONFIG
        case VenueUnreachable() | VenueBusy():
            return EXIT_UNREACHABLE
        case InvariantBroken():
            return EXIT_INTERNAL
        case _:
            return EXIT_FOUND


def report(error: BotError) -> int:
    """Print one error on stderr, without traceback and without secrets.

    Returns:
        Its exit code.
    """
    typer.echo(redact(f"hedgebot: {error.message}"), err=True)
    if error.hint:
        typer.echo(redact(f"hint: {error.hint}"), err=True)
    return exit_code(error)


@contextmanager
def found_with(path: Path) -> Iterator[None]:
    """Tell what is found at a venue or the journal with the settings file, and the venue's table, that led there."""
    try:
        yield
    except VenueFault as fault:
        fault.message = f"{path}: venues.{fault.venue}: {fault.message}"
        raise
    except (StartFault, JournalFault) as fault:
        fault.message = f"{path}: {fault.message}"
        raise


def worst_known(group: BaseExceptionGroup[BaseException]) -> BotError | None:
    """The error of a group that decides the exit code: the lowest one wins; None when there is none of ours."""
    return min(_ours(group), key=exit_code, default=None)


def _ours(group: BaseExceptionGroup[BaseException]) -> Iterator[BotError]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _ours(error)
        elif isinstance(error, BotError):
            yield error
