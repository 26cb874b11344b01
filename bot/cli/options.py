"""Options that several commands share, and their checks."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Final

import typer

from bot.domain.control import StopMode
from bot.domain.errors import ConfigFault
from bot.settings import RunOptions

Config = Annotated[Path, typer.Option("--config", metavar="FILE", help="The settings file.", show_default=False)]
Paper = Annotated[bool, typer.Option("--paper", help="Run against the built-in exchange; no keys are needed.")]
PaperAt = Annotated[
    str | None,
    typer.Option("--paper-at", metavar="HOST:PORT", help="Run against a served paper exchange on this machine."),
]
PaperCa = Annotated[
    Path | None, typer.Option("--paper-ca", metavar="FILE", help="The certificate authority it printed.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
Json = Annotated[bool, typer.Option("--json", help="stdout carries JSON and nothing else.")]

_PORT_MAX: Final = 65_535
_WHERE: Final = "use what `hedgebot paper` printed"


def run_options(
    *,
    config: Path,
    paper: bool,
    paper_at: str | None,
    paper_ca: Path | None,
    live: bool = False,
    once: bool = False,
    on_stop: StopMode | None = None,
) -> RunOptions:
    """Check what was given on the command line.

    Raises:
        ConfigFault: options that exclude or need each other, or a paper exchange that is not on this machine.
    """
    at = paper_place(paper=paper, paper_at=paper_at, paper_ca=paper_ca)
    return RunOptions(
        settings_path=config,
        live=live,
        paper=paper,
        paper_at=at,
        paper_ca=paper_ca,
        once=once,
        on_stop=on_stop,
    )


def paper_place(*, paper: bool, paper_at: str | None, paper_ca: Path | None) -> tuple[str, int] | None:
    """Host and port of a served paper exchange; None when none is asked for.

    Raises:
        ConfigFault: options that exclude or need each other, or a paper exchange that is not on this machine.
    """
    if paper and paper_at is not None:
        raise ConfigFault(
            f"--paper --paper-at {paper_at}: expected one paper exchange", hint="leave out one of the two options"
        )
    if paper_at is None and paper_ca is not None:
        raise ConfigFault(f"--paper-ca {paper_ca}: expected --paper-at HOST:PORT with it", hint=_WHERE)
    if paper_at is not None:
        if paper_ca is None:
            raise ConfigFault(f"--paper-at {paper_at}: expected --paper-ca FILE with it", hint=_WHERE)
        if not paper_ca.is_file():
            raise ConfigFault(f"--paper-ca {paper_ca}: there is no such file", hint=_WHERE)
    return None if paper_at is None else _loopback(paper_at)


def _loopback(text: str) -> tuple[str, int]:
    host, _, digits = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
        port = int(digits)
    except ValueError:
        raise ConfigFault(f"--paper-at {text}: expected HOST:PORT, such as 127.0.0.1:8443", hint=_WHERE) from None
    if not address.is_loopback:
        raise ConfigFault(
            f"--paper-at {text}: expected an address of this machine, such as 127.0.0.1",
            hint="a paper exchange is only served on loopback",
        )
    if not 0 < port <= _PORT_MAX:
        raise ConfigFault(f"--paper-at {text}: expected a port from 1 to {_PORT_MAX}", hint=_WHERE)
    return str(address), port
