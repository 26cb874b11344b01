"""What the commands `pause`, `unwind`, `resume` and `status` share: a person's orders in the journal."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bot.cli.ages import age, age_s
from bot.domain.control import Control, ControlKind
from bot.domain.errors import ConfigFault, StartFault
from bot.domain.ids import HedgeName
from bot.domain.policy import fallback_name

if TYPE_CHECKING:
    from bot.journal.store import SqlJournal

WHY_MAX: Final = 200
_DONE: Final = {
    ControlKind.PAUSE: "paused",
    ControlKind.UNWIND: "unwound",
    ControlKind.EXIT: "told to exit",
    ControlKind.ENTER: "told to enter",
}

HedgeOrAll = Annotated[
    str | None, typer.Argument(metavar="[HEDGE]", help="The hedge's name; without it all hedges.", show_default=False)
]
Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for whoever looks later.")]


def made(kind: ControlKind, hedge: HedgeName | None, why: str, now_ms: int) -> Control:
    """A person's order, with who gave it as far as known.

    Raises:
        ConfigFault: the reason is too long.
    """
    if len(why) > WHY_MAX or not why.isprintable():
        raise ConfigFault(f"--reason: expected at most {WHY_MAX} printable characters", hint="say it in one line")
    return Control(kind=kind, hedge=hedge, who=_who(), why=why, since_ms=now_ms)


def named(journal: SqlJournal, hedge: str | None) -> HedgeName | None:
    """The hedge that is meant; None for all.

    Raises:
        StartFault: no bot on this journal ever decided on such a hedge.
    """
    if hedge is None:
        return None
    names = [row.hedge for row in journal.last_decisions()]
    if hedge not in names:
        raise StartFault(
            f"the journal knows no hedge {hedge}", hint=f"it has: {', '.join(names)}" if names else "it has none so far"
        )
    return HedgeName(hedge)


def reaches(meant: HedgeName | None, hedge: HedgeName) -> bool:
    """Whether what is said of a hedge, or of all, is obeyed under that name: its fallback obeys it, too."""
    return meant is None or hedge in {meant, fallback_name(meant)}


def control_facts(control: Control, now_ms: int) -> dict[str, Any]:
    """One order as JSON; a hedge of null stands for all."""
    return {
        "kind": control.kind.value,
        "hedge": control.hedge,
        "who": control.who,
        "why": control.why,
        "time_ms": control.since_ms,
        "age_s": age_s(control.since_ms, now_ms),
    }


def print_controls(show: Any, controls: Sequence[dict[str, Any]]) -> None:  # noqa: ANN401 - rich's print takes anything
    """Draw the orders that hold, a line each, with `show`."""
    from rich.markup import escape  # noqa: PLC0415 - only where something is drawn

    for control in controls:
        what = _DONE[ControlKind(control["kind"])]
        whom = escape(control["hedge"]) if control["hedge"] else "every hedge"
        by = f" by {escape(control['who'])}" if control["who"] else ""
        why = f": {escape(control['why'])}" if control["why"] else ""
        show(f"[bold yellow]{what}[/]  {whom} for {age(control['age_s'])}{by}{why} [dim](`hedgebot resume` ends it)[/]")


def _who() -> str:
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (OSError, KeyError):
        return ""  # a user without a name
