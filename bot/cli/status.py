"""`hedgebot status`: how things stand, from the journal alone; while the bot runs and after it stopped."""

from __future__ import annotations

import json as json_
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from bot.cli import options
from bot.cli.ages import age, age_s
from bot.cli.controls import control_facts, print_controls
from bot.cli.journal_options import ConfigOrNone, JournalOrNone, journal_path, mode_of
from bot.cli.trader_view import COLOURS, TRADERS, trader_body
from bot.domain.intent import IntentRecord
from bot.domain.numbers import plain
from bot.ports import Clock, DecisionRow, Halt
from bot.runtime.clock import SystemClock

if TYPE_CHECKING:
    from rich.panel import Panel
    from rich.table import Table

    from bot.journal.lock import Holder
    from bot.journal.store import SqlJournal

STALE_S: Final = 60
"""A decision older than this is shown in red."""

_NUMBERS: Final = (
    "exposure",
    "short",
    "target",
    "gap",
    "gap_notional",
    "band_notional",
    "price",
    "liquidation_price",
    "gap_after",
)
_COLOURS: Final = {"balanced": "green", "order": "cyan", "frozen": "red", "halted": "red", "refused": "red"}


def register(app: typer.Typer) -> None:
    """Add the command to `hedgebot`."""

    @app.command("status")
    def status(*, config: ConfigOrNone = None, journal: JournalOrNone = None, json: options.Json = False) -> None:
        """Show each hedge's newest decision, open orders and halts, and whether a bot is running."""
        facts = read_status(journal_path(config, journal, or_dry_run=True), SystemClock())
        if json:
            typer.echo(json_.dumps(facts, ensure_ascii=False))
        else:
            print_status(facts)


def read_status(path: Path, clock: Clock) -> dict[str, Any]:
    """The object that `status --json` prints: counts, times, ages and the pid are numbers, all else is text or null.

    Args:
        path: of the journal.
        clock: ages are counted to its time.

    Raises:
        JournalFault: there is no journal, or it can't be read.
    """
    from bot.journal.lock import lock_holder  # noqa: PLC0415 - the help text needs no database
    from bot.journal.store import SqlJournal  # noqa: PLC0415

    with SqlJournal.open_readonly(path) as journal:
        return status_facts(path, journal, lock_holder(path), clock.now_ms())


def status_facts(path: Path, journal: SqlJournal, holder: Holder | None, now_ms: int) -> dict[str, Any]:
    """See `read_status`; `holder` is the process that holds the journal's lock, None when nobody does.

    A dry run takes no lock, so whether one is running is null.
    """
    mode = mode_of(path)
    return {
        "journal": str(path),
        "mode": mode,
        "time_ms": now_ms,
        "running": holder is not None if mode == "live" else None,
        "process": None
        if holder is None or holder.pid is None
        else {"pid": holder.pid, "host": holder.host, "age_s": age_s(holder.since_ms, now_ms)},
        "hedges": [_hedge(row, now_ms) for row in journal.last_decisions()],
        "intents": [_intent(record, now_ms) for record in journal.all_unfinished()],
        "halts": [halt_facts(halt, now_ms) for halt in journal.halts()],
        "controls": [control_facts(control, now_ms) for control in journal.controls()],
        "fills": [
            {"venue": venue, "symbol": symbol, "count": count}
            for (venue, symbol), count in sorted(journal.fill_counts().items())
        ],
    }


def halt_facts(halt: Halt, now_ms: int) -> dict[str, Any]:
    """One halt as JSON; a symbol of null stands for the whole account."""
    return {
        "venue": halt.venue,
        "symbol": halt.symbol,
        "code": halt.code,
        "reason": halt.reason,
        "time_ms": halt.since_ms,
        "age_s": age_s(halt.since_ms, now_ms),
    }


def _hedge(row: DecisionRow, now_ms: int) -> dict[str, Any]:
    plan: Mapping[str, Any] = row.plan
    if plan["kind"] in TRADERS:
        facts = {name: value for name, value in plan.items() if name != "same"}
        return {"name": row.hedge, "time_ms": row.time_ms, "age_s": age_s(row.time_ms, now_ms), **facts}
    return {
        "name": row.hedge,
        "asset": plan["asset"],
        "symbol": plan["symbol"],
        "kind": plan["kind"],
        "verdict": plan["verdict"],
        "reason": plan["reason"],
        "time_ms": row.time_ms,
        "age_s": age_s(row.time_ms, now_ms),
        "holdings": [_holding(holding, now_ms) for holding in plan["holdings"]],
        **{name: plan[name] for name in _NUMBERS},
        "orders": [] if plan["order"] is None else [plan["order"]],
        "closing": plan.get("closing"),
        "funding": plan.get("funding"),
    }


def _holding(holding: Mapping[str, Any], now_ms: int) -> dict[str, Any]:
    if "unknown" in holding:
        return {"source": holding["unknown"], "venue": None, "quantity": None, "age_s": None}
    return {
        "source": holding["source"],
        "venue": holding["venue"],
        "quantity": holding["quantity"],
        "age_s": age_s(holding["sent_ms"], now_ms),
    }


def _intent(record: IntentRecord, now_ms: int) -> dict[str, Any]:
    request = record.intent.request
    return {
        "client_id": record.intent.client_id,
        "hedge": record.intent.hedge,
        "venue": request.venue,
        "symbol": request.symbol,
        "side": request.side.value,
        "contracts": plain(request.contracts),
        "filled": plain(record.filled),
        "price_collar": plain(request.price),
        "reduce_only": request.reduce_only,
        "state": record.state.value,
        "settled": record.settled,
        "detail": record.detail,
        "time_ms": record.intent.created_ms,
        "age_s": age_s(record.intent.created_ms, now_ms),
    }


def print_status(facts: Mapping[str, Any]) -> None:
    """Draw what `read_status` told on stdout."""
    from rich.console import Console  # noqa: PLC0415 - only where something is drawn
    from rich.markup import escape  # noqa: PLC0415
    from rich.panel import Panel  # noqa: PLC0415

    console = Console(highlight=False)
    # Not wrapped: a path in two parts can't be copied.
    console.print(f"[bold]journal[/] ({facts['mode']})  {escape(facts['journal'])}  {_process(facts)}", soft_wrap=True)
    if not facts["hedges"]:
        console.print("[yellow]no decision was recorded yet[/]")
    for hedge in facts["hedges"]:
        if hedge["kind"] in TRADERS:
            console.print(_trader(hedge))
            continue
        colour = _COLOURS.get(hedge["verdict"], "yellow")
        title = f"[bold]{escape(hedge['name'])}[/]  {escape(hedge['symbol'])}  [{colour}]{hedge['verdict']}[/]"
        console.print(Panel(_body(hedge), title=title, title_align="left", border_style=colour))
    for intent in facts["intents"]:
        console.print(
            f"[yellow]open order[/]  {intent['client_id']}  {escape(intent['symbol'])} on {intent['venue']}: "
            f"{intent['side']} {intent['contracts']} contracts, {intent['filled']} filled, {intent['state']}, "
            f"{age(intent['age_s'])} old  [dim]{escape(intent['detail'])}[/]"
        )
    print_halts(console.print, facts["halts"])
    print_controls(console.print, facts["controls"])
    for fills in facts["fills"]:
        console.print(f"[dim]fills[/]  {fills['count']} on {escape(fills['symbol'])} of {fills['venue']}")


def _trader(hedge: Mapping[str, Any]) -> Panel:
    from rich.markup import escape  # noqa: PLC0415
    from rich.panel import Panel  # noqa: PLC0415

    colour = COLOURS.get(hedge["verdict"], "yellow")
    aged = "red" if hedge["age_s"] > STALE_S else "default"
    title = f"[bold]{escape(hedge['name'])}[/]  {hedge['kind']}  [{colour}]{hedge['verdict']}[/]"
    facts = {name: value for name, value in hedge.items() if name not in {"name", "time_ms", "age_s"}}
    return Panel(
        trader_body(facts),
        title=title,
        title_align="left",
        subtitle=f"[{aged}]decided {age(hedge['age_s'])} ago[/]",
        border_style=colour,
    )


def print_halts(show: Any, halts: list[dict[str, Any]]) -> None:  # noqa: ANN401 - rich's print takes anything
    """Draw the open halts, a line each, with `show`."""
    from rich.markup import escape  # noqa: PLC0415

    for halt in halts:
        where = f"{halt['symbol']} of {halt['venue']}" if halt["symbol"] else f"all of {halt['venue']}"
        show(
            f"[bold red]halted[/]  {escape(where)} for {age(halt['age_s'])}: {escape(halt['reason'])} "
            f"[dim]({escape(halt['code'])}; `hedgebot resume` clears it)[/]"
        )


def _process(facts: Mapping[str, Any]) -> str:
    process = facts["process"]
    if facts["running"] is None:
        return "[dim]a dry run takes no lock: the age of its newest decision tells whether it runs[/]"
    if process is None:
        return "[green]in use by a running bot[/]" if facts["running"] else "[yellow]no bot is running on it[/]"
    return f"[green]running[/]: process {process['pid']} on {process['host']} for {age(process['age_s'])}"


def _body(hedge: Mapping[str, Any]) -> Table:
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    colour = "red" if hedge["age_s"] > STALE_S else "default"
    table.add_row("decided", f"[{colour}]{age(hedge['age_s'])} ago[/]")
    for number, holding in enumerate(hedge["holdings"]):
        where = holding["source"] + (f" on {holding['venue']}" if holding["venue"] else "")
        quantity = "[red]unknown[/]" if holding["quantity"] is None else f"{holding['quantity']} {hedge['asset']}"
        table.add_row("" if number else "holdings", f"{quantity}  {escape(where)}")
    for name in _NUMBERS:
        table.add_row(name.replace("_", " "), "[red]unknown[/]" if hedge[name] is None else hedge[name])
    if hedge["funding"] is not None:
        table.add_row("funding", _funding(hedge["funding"]))
    for order in hedge["orders"]:
        table.add_row("order", f"[bold]{order['side']} {order['quantity']}[/] at {order['price_collar']} or better")
    table.add_row("reason", escape(hedge["reason"]))
    return table


def _funding(paid: Mapping[str, Any]) -> str:
    cost = "" if paid["cost_a_year"] is None else f", a cost of {paid['cost_a_year']} of the notional a year"
    return f"{paid['amount']} {paid['asset']} in {paid['payments']} payments{cost}"
