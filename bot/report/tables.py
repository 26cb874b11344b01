"""Statements, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.domain.numbers import ZERO, plain
from bot.report.statement import StageResult, Statement

_PLACES_MIN: Final = 2
_PLACES_MAX: Final = 8
"""Of an amount that was divided: venues book no finer."""


def print_statement(told: Statement, *, title: str, names: Sequence[str] = ()) -> None:
    """Draw a statement on stdout; in colour on a terminal. See `statement_table`."""
    console = Console(highlight=False)
    console.print(statement_table(told, title=title, names=names))
    console.print()


def statement_table(told: Statement, *, title: str, names: Sequence[str] = ()) -> Table:
    """One table: both legs stage by stage, then every other term, and what is left.

    Args:
        told: the statement.
        title: one line, shown above.
        names: of the stages; without them they are numbered.

    Returns:
        A table whose last column adds up, to the digit, from the last stage to net; in eight places where a term was
        divided by a price.
    """
    pnl = told.pnl
    last = told.stages[-1] if told.stages else None
    between = (pnl.spot + pnl.perp) - ((last.spot + last.perp) if last else ZERO)
    terms = [
        *([("since the last stage", between)] if between else []),
        ("funding", pnl.funding),
        ("execution", pnl.execution),
        ("fees", -pnl.fees),
        ("reward", pnl.reward),
    ]
    legs = _places(*(value for stage in told.stages for value in (stage.spot, stage.perp)))
    places = max(legs, _places(*(value for _, value in terms), pnl.net))
    table = Table(
        title=f"[bold]{escape(title)}[/]",
        caption=_caption(told),
        box=box.ROUNDED,
        title_justify="left",
        caption_justify="left",
        header_style="dim",
    )
    table.add_column("", no_wrap=True)
    for name in (f"{told.asset} price", "spot", "perp", f"sum, {told.quote}"):
        table.add_column(name, justify="right", no_wrap=True)
    start = StageResult(price=told.price_start, spot=ZERO, perp=ZERO)
    for number, stage in enumerate((start, *told.stages)):
        table.add_row(
            _named(number, names),
            _amount(stage.price),
            _gain(stage.spot, legs),
            _gain(stage.perp, legs),
            _gain(stage.spot + stage.perp, places),
            end_section=number == len(told.stages),
        )
    for name, value in terms:
        table.add_row(name, "", "", "", _gain(value, places))
    table.add_section()
    table.add_row("[bold]net[/]", "", "", "", f"[bold]{_gain(pnl.net, places)}[/]")
    table.add_section()
    unexplained = f"[bold red]{plain(pnl.residual)}[/]" if pnl.residual else "[green]0[/]"
    table.add_row("residual", "", "", "", unexplained)
    return table


def _named(number: int, names: Sequence[str]) -> str:
    if not number:
        return "hedged at"
    return names[number - 1] if names else f"stage {number}"


def _caption(told: Statement) -> str:
    orders = told.orders
    rest = "".join(f", [red]{count} {name}[/]" for count, name in _trouble(told) if count)
    books = (
        "[bold red]the venue's books do not explain every change of the wallets[/]"
        if told.unexplained
        else "the venue's books explain every digit of every wallet"
    )
    kept = "nothing moved" if told.effectiveness is None else f"{told.effectiveness * 100:.2f} %"
    return (
        f"at the end {_short(told.exposure)} {told.asset} held, {_short(told.short)} {told.asset} short, "
        f"gap worth {told.gap_notional:,.2f} {told.quote}\n"
        f"{books}\n"
        f"orders: {orders.sent} sent, {orders.filled} filled{rest}; hedge effectiveness: {kept}"
    )


def _trouble(told: Statement) -> tuple[tuple[int, str], ...]:
    return (told.orders.rejected, "rejected"), (told.orders.unknown, "unknown")


def _places(*values: Decimal) -> int:
    """As many digits behind the point as the longest amount needs, so that columns line up and add up."""
    return max([_PLACES_MIN, *(len(_short(value).partition(".")[2]) for value in values)])


def _gain(value: Decimal, places: int) -> str:
    if value == 0:
        return f"[dim]{0:.{places}f}[/]"
    return f"[{'green' if value > 0 else 'red'}]{value:+,.{places}f}[/]"


def _short(value: Decimal) -> str:
    return plain(round(value, _PLACES_MAX))


def _amount(value: Decimal) -> str:
    return f"{Decimal(plain(value)):,f}"
