"""`hedgebot unwind`: close the short of a hedge, or of all, reduce-only, and keep it closed until `resume`."""

from __future__ import annotations

import json as json_
from collections.abc import Mapping, Sequence
from typing import Any, Final

import typer

from bot.cli import options
from bot.cli.ages import age, age_s
from bot.cli.asking import agreed
from bot.cli.controls import HedgeOrAll, Why, control_facts, made, named, print_controls, reaches
from bot.cli.journal_options import ConfigOrNone, JournalOrNone, journal_path, mode_of
from bot.cli.trader_view import TRADERS
from bot.domain.control import ControlKind
from bot.domain.errors import StartFault
from bot.domain.ids import HedgeName
from bot.ports import DecisionRow
from bot.runtime.clock import SystemClock

OLD_S: Final = 60
"""Costs of a decision that is older than this are told with their age."""
_COSTS: Final = ("contracts", "notional", "fee", "slippage_max", "realized", "settle")


def register(app: typer.Typer) -> None:
    """Add the command to `hedgebot`."""

    @app.command("unwind")
    def unwind(
        *,
        hedge: HedgeOrAll = None,
        config: ConfigOrNone = None,
        journal: JournalOrNone = None,
        reason: Why = "",
        yes: options.Yes = False,
        json: options.Json = False,
    ) -> None:
        """Show what closing the short costs, ask, then have it closed; the coins are not hedged any more."""
        from rich.console import Console  # noqa: PLC0415 - only where something is drawn

        from bot.journal.lock import lock_holder  # noqa: PLC0415 - the help text needs no database
        from bot.journal.store import SqlJournal  # noqa: PLC0415

        clock = SystemClock()
        path = journal_path(config, journal)
        with SqlJournal.open_beside(path) as opened:
            meant = named(opened, hedge)
            _refuse_without_short(opened.last_decisions(), meant)
            costs = [
                cost_facts(row, clock.now_ms())
                for row in opened.last_decisions()
                if reaches(meant, row.hedge) and row.plan["kind"] not in TRADERS
            ]
            running = lock_holder(path) is not None if mode_of(path) == "live" else None
            standing = [control_facts(control, clock.now_ms()) for control in opened.controls()]
            show = Console(highlight=False, stderr=json).print
            _print(show, costs)
            print_controls(show, standing)
            done = agreed("unwind", _question(meant), yes=yes)
            if done:
                opened.control(made(ControlKind.UNWIND, meant, reason, clock.now_ms()))
        if json:
            told = {"journal": str(path), "hedge": meant, "unwinding": done, "running": running, "costs": costs}
            typer.echo(json_.dumps(told, ensure_ascii=False))
        else:
            typer.echo(_told(running) if done else "nothing was changed")


def _refuse_without_short(rows: Sequence[DecisionRow], meant: HedgeName | None) -> None:
    kind = next((row.plan["kind"] for row in rows if row.hedge == meant), None)
    if kind in TRADERS:
        raise StartFault(
            f"{meant} is a {kind} hedge: it holds no short to be closed", hint=f"`hedgebot pause {meant}` stops it"
        )


def cost_facts(row: DecisionRow, now_ms: int) -> dict[str, Any]:
    """What closing one hedge costs, by its newest decision; null where that did not know it."""
    plan: Mapping[str, Any] = row.plan
    closing = plan.get("closing") or {}
    return {
        "name": row.hedge,
        "symbol": plan["symbol"],
        "short": plan["short"],
        "verdict": plan["verdict"],
        "age_s": age_s(row.time_ms, now_ms),
        **{name: closing.get(name) for name in _COSTS},
    }


def _print(show: Any, costs: Sequence[dict[str, Any]]) -> None:  # noqa: ANN401 - rich's print takes anything
    from rich.markup import escape  # noqa: PLC0415

    if not costs:
        show("[yellow]no decision was recorded yet[/], so what it costs is not known")
    for cost in costs:
        name = f"[bold]{escape(cost['name'])}[/]  {escape(cost['symbol'])}"
        if cost["age_s"] > OLD_S:
            show(f"{name}: [yellow]these figures are {age(cost['age_s'])} old[/]")
        if cost["contracts"] is not None:
            won = "unknown" if cost["realized"] is None else f"{cost['realized']} {cost['settle']}"
            show(
                f"{name}: buys {cost['contracts']} contracts back, worth {cost['notional']}; fee {cost['fee']}, "
                f"spread and slippage at most {cost['slippage_max']} a try; realizes {won}"
            )
        elif cost["short"] == "0":
            show(f"{name}: flat already, and stays so")
        else:
            show(f"{name}: [yellow]what it costs was not known at the last decision[/]")


def _question(hedge: HedgeName | None) -> str:
    return f"Close the short of {hedge or 'every hedge'} and leave the coins unhedged?"


def _told(running: bool | None) -> str:  # noqa: FBT001 - three answers
    if running is None:
        return "written; a dry run shows it and sends nothing"
    if running:
        return "written; the running bot closes it from its next turn on. `hedgebot status` shows how far it is"
    return "written; no bot is running: the next start closes it"
