"""What the command line adds to the settings file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bot.domain.control import StopMode


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """One call of `run` or `check`.

    Attributes:
        live: send orders; without it everything is a dry run (R31).
        paper: embed the paper exchange.
        paper_at: host and port of a served paper exchange; loopback only.
        paper_ca: the certificate authority of that exchange.
        once: one decision, then end.
        on_stop: instead of what the settings file says; None: that.
    """

    settings_path: Path
    live: bool = False
    paper: bool = False
    paper_at: tuple[str, int] | None = None
    paper_ca: Path | None = None
    once: bool = False
    on_stop: StopMode | None = None

    @property
    def on_paper(self) -> bool:
        """Whether the command line asks for a paper exchange, embedded or served."""
        return self.paper or self.paper_at is not None
