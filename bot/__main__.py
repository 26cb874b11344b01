"""`hedgebot` and `python -m bot`."""

from __future__ import annotations

import sys
from types import TracebackType

import typer

from bot import logs
from bot.cli.errors import EXIT_INTERRUPTED, report, worst_known
from bot.cli.main import run_command_line
from bot.domain.errors import BotError


def main() -> int:
    """Run one command; a known error becomes one message and its exit code, an unknown one a log line and 1."""
    logs.configure()
    logs.catch_stray_errors()
    sys.excepthook = _internal_error
    try:
        run_command_line()
    except BotError as error:
        return report(error)
    except BaseExceptionGroup as group:
        known = worst_known(group)
        if known is None:
            raise
        return report(known)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return 0


def _internal_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logs.stray(kind, error, trace)
    typer.echo("hedgebot: internal error; the log line above says where", err=True)


if __name__ == "__main__":
    sys.exit(main())
