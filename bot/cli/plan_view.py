"""How a plan is shown: as JSON, and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from bot.domain.numbers import plain
from bot.domain.observation import Holding, Unknown
from bot.domain.orders import Side
from bot.domain.plan import HedgeView, Plan, PlannedOrder, Verdict, order_facts

if TYPE_CHECKING:
    from rich.table import Table

UNKNOWN: Final = "unknown"
_COLOURS: Final = {
    Verdict.BALANCED: "green",
    Verdict.ORDER: "cyan",
    Verdict.FROZEN: "red",
    Verdict.HALTED: "red",
    Verdict.REFUSED: "red",
}


def fingerprint(plan: Plan) -> tuple[object, ...]:
    """What must differ for a plan to count as changed; prices move all the time and don't."""
    order = plan.order
    view = plan.view
    sent = None if order is None else (order.request.side, order.request.contracts, order.request.reduce_only)
    return view.hedge, plan.verdict, view.exposure, view.short, sent


def plan_json(plans: Sequence[Plan], *, mode: str, now_ms: int) -> dict[str, Any]:
    """The object that `run --json` prints: numbers for ages, text for every other quantity, null for unknown.

    Args:
        plans: of one turn.
        mode: `dry-run` or `live`.
        now_ms: ages are counted to here.
    """
    return {"mode": mode, "hedges": [_hedge_json(plan, now_ms) for plan in plans]}


def _hedge_json(plan: Plan, now_ms: int) -> dict[str, Any]:
    view = plan.view
    return {
        "name": view.hedge,
        "holdings": [_holding_json(holding, now_ms) for holding in view.holdings],
        "exposure": _text(view.exposure),
        "short": _text(view.short),
        "gap": _text(view.gap),
        "gap_notional": _text(view.gap_notional),
        "band_notional": _text(view.band_notional),
        "orders": [] if plan.order is None else [order_facts(plan.order)],
        "reason": plan.reason,
        "gap_after": _text(plan.gap_after),
    }


def _holding_json(holding: Holding | Unknown, now_ms: int) -> dict[str, Any]:
    match holding:
        case Holding():
            return {
                "source": holding.source.value,
                "venue": holding.venue,
                "quantity": plain(holding.quantity),
                "age_s": _age_s(holding, now_ms),
            }
        case Unknown():
            source = holding.what if holding.source is None else holding.source.value
            return {"source": source, "venue": holding.venue, "quantity": None, "age_s": None}


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _age_s(holding: Holding, now_ms: int) -> float:
    return round((now_ms - holding.stamp.sent_ms) / 1000, 3)


def print_plan(plans: Sequence[Plan], *, mode: str, now_ms: int) -> None:
    """Draw the plans of one turn on stdout, a box for each hedge."""
    from rich.console import Console  # noqa: PLC0415 - only where something is drawn
    from rich.panel import Panel  # noqa: PLC0415

    console = Console(highlight=False)
    for plan in plans:
        view = plan.view
        colour = _COLOURS.get(plan.verdict, "yellow")
        title = f"[bold]{_safe(view.hedge)}[/]  {_safe(view.symbol)}  [{colour}]{plan.verdict}[/]"
        console.print(
            Panel(
                _body(plan, mode, now_ms),
                title=title,
                title_align="left",
                subtitle=_subtitle(mode),
                border_style=colour,
            )
        )


def _subtitle(mode: str) -> str:
    return "live" if mode == "live" else "dry run: nothing is sent"


def _body(plan: Plan, mode: str, now_ms: int) -> Table:
    from rich.table import Table  # noqa: PLC0415

    view = plan.view
    quote = view.symbol.partition("/")[2].partition(":")[0]
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for number, holding in enumerate(view.holdings):
        table.add_row("holdings" if number == 0 else "", _holding_line(holding, now_ms))
    table.add_row("exposure", _amount(view.exposure, view.asset))
    table.add_row("short", _amount(view.short, view.asset))
    table.add_row("gap", f"{_amount(view.gap, view.asset)}  =  {_money(view.gap_notional, quote)}")
    table.add_row("band", _money(view.band_notional, quote))
    table.add_row("would send" if mode != "live" else "order", _order_line(plan.order, view, quote))
    table.add_row("reason", _safe(plan.reason))
    table.add_row("gap after", _amount(plan.gap_after, view.asset))
    return table


def _holding_line(holding: Holding | Unknown, now_ms: int) -> str:
    match holding:
        case Holding():
            where = f"{holding.source}" + (f" on {holding.venue}" if holding.venue else "")
            age = f"[dim]{_age_s(holding, now_ms):.1f} s ago[/]"
            return f"{_amount(holding.quantity, holding.asset)}  {_safe(where)}  {age}"
        case Unknown():
            return f"[red]{UNKNOWN}[/]  {_safe(holding.what)}: {_safe(holding.reason)}"


def _order_line(order: PlannedOrder | None, view: HedgeView, quote: str) -> str:
    if order is None:
        return "no order"
    request = order.request
    bound = "not below" if request.side is Side.SELL else "not above"
    contracts = "contract" if request.contracts == 1 else "contracts"
    flags = ", reduce-only" if request.reduce_only else ""
    return (
        f"[bold]{request.side} {_amount(order.coins, view.asset)}[/] ({plain(request.contracts)} {contracts}), "
        f"{bound} {_money(request.price, quote)}{flags}, worth {_money(order.notional, quote)}, "
        f"fee about {_money(order.fee_estimate, quote)}"
    )


def _amount(value: Decimal | None, unit: str) -> str:
    return UNKNOWN if value is None else f"{plain(value)} {_safe(unit)}"


def _money(value: Decimal | None, quote: str) -> str:
    if value is None:
        return UNKNOWN
    digits = plain(value)
    whole, dot, fraction = digits.partition(".")
    return f"{int(whole):,}{dot}{fraction} {_safe(quote)}" if whole != "-0" else f"{digits} {_safe(quote)}"


def _safe(text: str) -> str:
    from rich.markup import escape  # noqa: PLC0415

    return escape(text)
