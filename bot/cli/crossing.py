"""`hedgebot exit` and `hedgebot enter`: tell a stablecoin hedge where to be. A running bot obeys at its next turn."""

from __future__ import annotations

import json as json_
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bot.cli import options
from bot.cli.ages import age, age_s
from bot.cli.asking import agreed
from bot.cli.controls import Why, control_facts, made
from bot.cli.journal_options import ConfigOrNone, JournalOrNone, journal_path, mode_of
from bot.domain.control import ControlKind, wished
from bot.domain.errors import StartFault
from bot.domain.exits import CrossingKind, CrossingState
from bot.domain.ids import HedgeName
from bot.domain.trader import HedgeKind
from bot.runtime.clock import SystemClock

if TYPE_CHECKING:
    from bot.journal.store import SqlJournal
    from bot.ports import DecisionRow

OLD_S: Final = 60
"""Figures of a decision that is older than this are told with their age."""
WRITES: Final = 3
Hedge = Annotated[str, typer.Argument(metavar="HEDGE", help="The stablecoin hedge's name.", show_default=False)]
_WHAT: Final = {
    ControlKind.EXIT: "exchange its coins for stablecoins, and stay out until told otherwise",
    ControlKind.ENTER: "buy its coins back with what it owns of stablecoins",
}


def register(app: typer.Typer) -> None:
    """Add both commands to `hedgebot`."""

    @app.command("exit")
    def exit_(
        *,
        hedge: Hedge,
        config: ConfigOrNone = None,
        journal: JournalOrNone = None,
        reason: Why = "",
        yes: options.Yes = False,
        json: options.Json = False,
    ) -> None:
        """Exchange the coins of a stablecoin hedge for its basket, slice by slice, and stay out until `enter`."""
        _tell(ControlKind.EXIT, hedge, config, journal, reason=reason, yes=yes, json=json)

    @app.command("enter")
    def enter(
        *,
        hedge: Hedge,
        config: ConfigOrNone = None,
        journal: JournalOrNone = None,
        reason: Why = "",
        yes: options.Yes = False,
        json: options.Json = False,
    ) -> None:
        """Buy the coins of a stablecoin hedge back, with the proceeds of its own sales and no other money."""
        _tell(ControlKind.ENTER, hedge, config, journal, reason=reason, yes=yes, json=json)


def _tell(
    kind: ControlKind,
    hedge: str,
    config: Path | None,
    journal: Path | None,
    *,
    reason: str,
    yes: bool,
    json: bool,
) -> None:
    from rich.console import Console  # noqa: PLC0415 - only where something is drawn

    from bot.journal.lock import lock_holder  # noqa: PLC0415 - the help text needs no database
    from bot.journal.store import SqlJournal  # noqa: PLC0415

    now_ms = SystemClock().now_ms
    path = journal_path(config, journal)
    with SqlJournal.open_beside(path) as opened:
        row = named_exit(opened, hedge)
        facts = standing_facts(row, now_ms())
        running = lock_holder(path) is not None if mode_of(path) == "live" else None
        made(kind, row.hedge, reason, now_ms())  # a reason that can't be is refused before anything is asked
        known = _stands(opened, row.hedge, kind)
        show = Console(highlight=False, stderr=json).print
        _print(show, facts)
        done = not known and agreed(kind.value, f"Let {row.hedge} {_WHAT[kind]}?", yes=yes)
        # Said now, not when it was asked: what began while the person thought must not pass for having obeyed. What
        # began while it was being written is seen afterwards, and then it is said once more.
        for _ in range(WRITES if done else 0):
            opened.control(made(kind, row.hedge, reason, now_ms()))
            if _stands(opened, row.hedge, kind):
                break
        controls = [control_facts(each, now_ms()) for each in opened.controls()]
    if json:
        told = {"journal": str(path), "hedge": row.hedge, "told": kind.value, "new": done, "running": running}
        typer.echo(json_.dumps(told | {"standing": facts, "controls": controls}, ensure_ascii=False))
    elif known:
        typer.echo(f"{row.hedge} was told so already, and nothing was changed")
    else:
        typer.echo(_told(running) if done else "nothing was changed")


def named_exit(journal: SqlJournal, hedge: str) -> DecisionRow:
    """The newest decision of the stablecoin hedge that is meant.

    Raises:
        StartFault: no bot on this journal ever decided on such a hedge.
    """
    rows = [row for row in journal.last_decisions() if row.plan["kind"] == HedgeKind.STABLECOIN.value]
    row = next((row for row in rows if row.hedge == hedge), None)
    if row is None:
        names = ", ".join(each.hedge for each in rows)
        raise StartFault(
            f"the journal knows no stablecoin hedge {hedge}", hint=f"it has: {names}" if names else "it has none so far"
        )
    return row


def _stands(journal: SqlJournal, hedge: HedgeName, kind: ControlKind) -> bool:
    """Whether the same was said before and still holds: not obeyed yet, or under way, or done and nothing since.

    Each wish is obeyed once. Who came back by hand, and was taken out by a signal since, must be able to say it again.
    """
    newest = wished(journal.controls(), hedge)
    if newest is None or newest.kind is not kind:
        return False
    ways = [record for record in journal.crossings(hedge) if record.crossing.kind is not CrossingKind.SWAP]
    since = [record for record in ways if record.crossing.created_ms >= newest.since_ms]
    wanted = CrossingKind.EXIT if kind is ControlKind.EXIT else CrossingKind.ENTER
    return not since or (since[-1].crossing.kind is wanted and since[-1].state is not CrossingState.STOPPED)


def standing_facts(row: DecisionRow, now_ms: int) -> dict[str, Any]:
    """Where the hedge stood at its newest decision; null where that did not know it."""
    plan: Mapping[str, Any] = row.plan
    kept = {name: plan.get(name) for name in ("asset", "state", "free", "owned", "price_usd", "notes")}
    return {"name": HedgeName(row.hedge), **kept, "verdict": plan["verdict"], "age_s": age_s(row.time_ms, now_ms)}


def _print(show: Any, facts: Mapping[str, Any]) -> None:  # noqa: ANN401 - rich's print takes anything
    from rich.markup import escape  # noqa: PLC0415

    name = f"[bold]{escape(facts['name'])}[/]"
    if facts["age_s"] > OLD_S:
        show(f"{name}: [yellow]these figures are {age(facts['age_s'])} old[/]")
    free = "an unknown number of" if facts["free"] is None else facts["free"]
    owned = ", ".join(f"{amount} {asset}" for asset, amount in (facts["owned"] or {}).items()) or "no stablecoins"
    show(f"{name}: {escape(str(facts['state']))}, {free} {escape(facts['asset'])} can be sold; it owns {escape(owned)}")
    for note in facts["notes"] or ():
        show(f"{name}: {escape(note)}")


def _told(running: bool | None) -> str:  # noqa: FBT001 - three answers
    if running is None:
        return "written; a dry run shows it and sends nothing"
    if running:
        return "written; the running bot begins at its next turn. `hedgebot status` shows how far it is"
    return "written; no bot is running: the next start begins"
