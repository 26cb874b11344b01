"""How a turn of a hedge without a perpetual is shown: as JSON, and as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from bot.domain.trader import HedgeKind, TraderOutcome, outcome_facts

if TYPE_CHECKING:
    from rich.table import Table

TRADERS: Final = frozenset({HedgeKind.CROSS_EXCHANGE.value, HedgeKind.STABLECOIN.value})
"""Kinds that are shown here."""
COLOURS: Final = {
    "act": "cyan",
    "no-edge": "green",
    "halted": "red",
    "blind": "red",
    "hold": "green",
    "order": "cyan",
    "frozen": "red",
    "refused": "red",
}


def trader_json(outcome: TraderOutcome) -> dict[str, Any]:
    """One hedge of `run --json`; amounts are text, unknown is null."""
    return {"name": outcome.hedge, **outcome_facts(outcome)}


def print_traders(outcomes: Sequence[TraderOutcome], *, mode: str) -> None:
    """Draw outcomes on stdout, a box for each hedge."""
    from rich.console import Console  # noqa: PLC0415 - only where something is drawn
    from rich.markup import escape  # noqa: PLC0415
    from rich.panel import Panel  # noqa: PLC0415

    console = Console(highlight=False)
    for outcome in outcomes:
        colour = COLOURS.get(outcome.verdict, "yellow")
        title = f"[bold]{escape(outcome.hedge)}[/]  {outcome.kind}  [{colour}]{outcome.verdict}[/]"
        console.print(
            Panel(
                trader_body(outcome_facts(outcome)),
                title=title,
                title_align="left",
                subtitle="live" if mode == "live" else "dry run: nothing is sent",
                border_style=colour,
            )
        )


def trader_body(facts: Mapping[str, Any]) -> Table:
    """The inside of a box: every fact on a line of its own, those of a list on one each.

    Args:
        facts: of `outcome_facts`, or as the journal kept them.
    """
    from rich.table import Table  # noqa: PLC0415

    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        if name in _TITLED:
            continue
        for number, line in enumerate(_lines(value)):
            table.add_row("" if number else name.replace("_", " "), line)
    return table


_TITLED: Final = frozenset({"kind", "verdict", "same"})


def _lines(value: object) -> Sequence[str]:
    from rich.markup import escape  # noqa: PLC0415

    match value:
        case None:
            return ["[red]unknown[/]"]
        case Mapping() if "reason" in value:
            return [escape(_word(value["reason"]))]  # which has the numbers
        case Mapping():
            return [escape("  ".join(f"{_words(name)} {_word(each)}" for name, each in value.items()))]
        case list() | tuple():
            return [line for each in value for line in _lines(each)]
        case _:
            return [escape(_word(value))]


def _words(name: object) -> str:
    return str(name).replace("_", " ")


def _word(value: object) -> str:
    match value:
        case None:
            return "unknown"
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)
