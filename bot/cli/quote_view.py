"""How a quote is shown: as JSON, and as a table with the alternatives side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from bot.domain import numbers
from bot.domain.observation import Unknown
from bot.domain.quote import (
    BreakEven,
    Comparison,
    FundingQuote,
    Kind,
    MarginQuote,
    NoPair,
    NotQuoted,
    OrderCost,
    PairQuote,
    Quoted,
    Ranked,
)

if TYPE_CHECKING:
    from rich.console import Console

NONE: Final = "none"
_DASH: Final = "-"
_PLACES: Final = 12
_SHORT: Final = {Kind.LINEAR: "spot-perp\nlinear", Kind.INVERSE: "spot-perp\ninverse", Kind.STABLECOIN: "\nstablecoin"}
"""Of the columns' heads."""


def plain(value: Decimal) -> str:
    """Digits without an exponent; of a quotient, which may never end, the first twelve places."""
    return numbers.plain(round(value, _PLACES) if -int(value.as_tuple().exponent) > _PLACES else value)


# JSON: counts as numbers, every other quantity as text, unknown as null


def comparison_json(found: Comparison) -> dict[str, Any]:
    """The object that `quote --json` prints."""
    cheapest = found.ranked[0].quoted if found.ranked and found.ranked[0].place == 1 else None
    return {
        "asset": found.wish.asset,
        "amount": plain(found.wish.amount),
        "days": plain(found.wish.days),
        "cheapest": None if cheapest is None else {"kind": cheapest.kind.value, "venue": cheapest.venue},
        "verdict": found.verdict,
        "alternatives": [*map(_ranked_json, found.ranked), *map(_missing_json, found.missing)],
        "cross_exchange": [_pair_json(pair) for pair in found.pairs],
        "notes": list(found.notes),
    }


def _ranked_json(ranked: Ranked) -> dict[str, Any]:
    quoted = ranked.quoted
    return {
        "kind": quoted.kind.value,
        "venue": quoted.venue,
        "symbol": quoted.symbol,
        "available": True,
        "place": ranked.place,
        "quote": quoted.quote,
        "price": plain(quoted.mark),
        "covered": plain(quoted.covered),
        "uncovered": plain(quoted.uncovered),
        "notional": plain(quoted.notional),
        "fee_rate": plain(quoted.fee.taker),
        "fee_source": quoted.fee.source.value,
        "opening": _order_json(quoted.opening),
        "closing": _order_json(quoted.closing),
        "round_trip": plain(quoted.round_trip),
        "margin": None if quoted.margin is None else _margin_json(quoted.margin),
        "funding": None
        if quoted.funding_now is None
        else {"current": _funding_json(quoted.funding_now), "average": _funding_json(quoted.funding_average)},
        "result": _text(quoted.result),
        "own_break_even_days": _text(ranked.own_days),
        "break_even": None if ranked.break_even is None else _break_even_json(ranked.break_even),
        "keeps": quoted.keeps,
        "leaves": quoted.leaves,
        "unknown": dict(_unknowns(quoted)),
    }


def _missing_json(missing: NotQuoted) -> dict[str, Any]:
    return {
        "kind": missing.kind.value,
        "venue": missing.venue,
        "symbol": missing.symbol,
        "available": False,
        "reason": missing.reason,
    }


def _order_json(order: OrderCost) -> dict[str, str]:
    return {
        "side": order.side.value,
        "quantity": plain(order.quantity),
        "average_price": plain(order.average),
        "worst_price": plain(order.worst),
        "fee": plain(order.fee),
        "fee_amount": plain(order.fee_amount),
        "fee_asset": order.fee_asset,
        "spread": plain(order.spread),
        "depth": plain(order.depth),
        "total": plain(order.total),
    }


def _margin_json(margin: MarginQuote) -> dict[str, Any]:
    return {
        "asset": margin.asset,
        "needed": plain(margin.needed),
        "leverage": margin.leverage,
        "liquidation_price": _text(margin.liquidation),
        "liquidation": _liquidation_word(margin.liquidation),
        "top_ups": [
            {"rise": plain(top.rise), "price": plain(top.price), "amount": _text(top.amount)} for top in margin.top_ups
        ],
    }


def _liquidation_word(price: Decimal | Unknown | None) -> str:
    return NONE if price is None else "unknown" if isinstance(price, Unknown) else "known"


def _funding_json(funding: FundingQuote | Unknown | None) -> dict[str, Any] | None:
    if not isinstance(funding, FundingQuote):
        return None
    return {
        "rate": plain(funding.rate),
        "payments": funding.payments,
        "per_payment": plain(funding.per_payment),
        "total": plain(funding.total),
        "averaged": funding.averaged,
    }


def _break_even_json(even: BreakEven) -> dict[str, Any]:
    return {
        "kind": even.other.value,
        "venue": even.venue,
        "days": _text(even.days),
        "rate": _text(even.rate),
        "rate_of": even.rate_of,
    }


def _pair_json(pair: PairQuote | NoPair) -> dict[str, Any]:
    if isinstance(pair, NoPair):
        return {"buy": pair.buy, "sell": pair.sell, "available": False, "acts": False, "reason": pair.reason}
    return {
        "buy": pair.buy,
        "sell": pair.sell,
        "available": True,
        "symbol": pair.symbol,
        "quote": pair.quote,
        "coins": plain(pair.coins),
        "bought": plain(pair.bought),
        "buy_price": plain(pair.buy_price),
        "sell_price": plain(pair.sell_price),
        "gross": plain(pair.gross),
        "buy_fee": plain(pair.buy_fee),
        "sell_fee": plain(pair.sell_fee),
        "net": plain(pair.net),
        "edge": plain(pair.edge),
        "acts": pair.acts,
        "reason": pair.reason,
    }


def _text(value: Decimal | Unknown | None) -> str | None:
    return plain(value) if isinstance(value, Decimal) else None


def _unknowns(quoted: Quoted) -> Sequence[tuple[str, str]]:
    """What is not known, and why."""
    margin = quoted.margin
    values: dict[str, object] = {
        "funding.current": quoted.funding_now,
        "funding.average": quoted.funding_average,
        "margin.liquidation_price": None if margin is None else margin.liquidation,
        **({} if margin is None else {f"margin.top_ups.{plain(top.rise)}": top.amount for top in margin.top_ups}),
    }
    return [(name, value.reason) for name, value in values.items() if isinstance(value, Unknown)]


# The table


def print_comparison(found: Comparison) -> None:
    """Draw a table for each venue with its alternatives side by side, the directions between venues, the verdict."""
    from rich.console import Console  # noqa: PLC0415 - only where something is drawn
    from rich.markup import escape  # noqa: PLC0415

    console = Console(highlight=False)
    wish = found.wish
    console.print(f"[bold]{plain(wish.amount)} {escape(wish.asset)} over {plain(wish.days)} days[/]  ", end="")
    console.print("[dim]in quote: + you receive, - you pay; nothing is sent[/]")
    for venue in dict.fromkeys([*(each.quoted.venue for each in found.ranked), *(m.venue for m in found.missing)]):
        _print_venue(console, found, venue)
    if found.pairs:
        _print_pairs(console, found)
    for missing in found.missing:
        console.print(
            f"[yellow]not quoted:[/] {missing.kind.value} on {escape(missing.venue)}: {escape(missing.reason)}"
        )
    for ranked in found.ranked:
        for name, reason in _unknowns(ranked.quoted):
            console.print(f"[yellow]unknown:[/] {ranked.quoted.kind.value}, {name}: {escape(reason)}")
    for note in found.notes:
        console.print(f"[dim]{escape(note)}[/]")
    console.print(f"[bold green]{escape(found.verdict)}[/]")


def _print_venue(console: Console, found: Comparison, venue: str) -> None:
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    columns = [each for each in found.ranked if each.quoted.venue == venue]
    if not columns:
        return
    table = Table(title=escape(venue), title_justify="left", title_style="bold", header_style="bold")
    table.add_column("", style="dim", no_wrap=True)
    for ranked in columns:
        name = f"{_SHORT[ranked.quoted.kind]}\n{escape(ranked.quoted.symbol)}"
        table.add_column(f"[green]{name}[/]" if ranked.place == 1 else name, justify="right", overflow="fold")
    for section in _SECTIONS:
        for label, cell in section:
            table.add_row(label, *(escape(cell(ranked)) for ranked in columns))
        table.add_section()
    table.add_row("[bold]in all[/]", *(f"[bold]{_signed(ranked.quoted.result)}[/]" for ranked in columns))
    console.print(table)


Cell = Callable[[Ranked], str]


def _order_rows(name: str, order: Callable[[Quoted], OrderCost]) -> Sequence[tuple[str, Cell]]:
    return (
        (f"{name}: average price", lambda ranked: _price(order(ranked.quoted).average)),
        ("  fee", lambda ranked: f"{_signed(order(ranked.quoted).fee)}  {_taken(order(ranked.quoted))}"),
        ("  spread", lambda ranked: _signed(order(ranked.quoted).spread)),
        ("  depth", lambda ranked: _signed(order(ranked.quoted).depth)),
    )


def _taken(order: OrderCost) -> str:
    return f"({plain(order.fee_amount.quantize(Decimal('1e-8')))} {order.fee_asset})"


def _price(value: Decimal) -> str:
    """Cents are enough above 1; a coin of less has its digits behind them."""
    return f"{value:,.2f}" if value >= 1 else f"{value:.6g}"


def _signed(value: Decimal | Unknown) -> str:
    if isinstance(value, Unknown):
        return "unknown"
    return f"{value:+,.2f}" if round(value, 2) else "0.00"


def _margin_row(ranked: Ranked) -> str:
    margin = ranked.quoted.margin
    return _DASH if margin is None else f"{margin.needed:,.4f} {margin.asset}"


def _liquidation_row(ranked: Ranked) -> str:
    margin = ranked.quoted.margin
    if margin is None:
        return _DASH
    price = margin.liquidation
    return _price(price) if isinstance(price, Decimal) else _liquidation_word(price)


def _top_up_row(index: int) -> Cell:
    def cell(ranked: Ranked) -> str:
        margin = ranked.quoted.margin
        if margin is None:
            return _DASH
        amount = margin.top_ups[index].amount
        return f"{amount:,.2f} {margin.asset}" if isinstance(amount, Decimal) else "unknown"

    return cell


def _funding_row(of: Callable[[Quoted], FundingQuote | Unknown | None]) -> Cell:
    def cell(ranked: Ranked) -> str:
        funding = of(ranked.quoted)
        if funding is None:
            return _DASH
        if isinstance(funding, Unknown):
            return "unknown"
        of_many = f", {funding.averaged} averaged" if funding.averaged else ""
        return f"{_signed(funding.total)}\n{funding.rate:.4%} x {funding.payments}{of_many}"

    return cell


def _days_row(ranked: Ranked) -> str:
    return _DASH if ranked.own_days is None else f"{ranked.own_days:,.1f} days"


def _even_row(ranked: Ranked) -> str:
    even = ranked.break_even
    if even is None:
        return _DASH
    parts = [
        *([] if even.days is None else [f"after {even.days:,.1f} days"]),
        *([] if even.rate is None or even.rate_of is None else [f"at {_short(even.rate_of)} rate\n{even.rate:.4%}"]),
    ]
    where = "" if even.venue == ranked.quoted.venue else f" on {even.venue}"
    return f"{_short(even.other)}{where}\n{' or '.join(parts) or 'never'}"


def _short(kind: Kind) -> str:
    return kind.value.removeprefix("spot-perp-")


_SECTIONS: Final[Sequence[Sequence[tuple[str, Cell]]]] = (
    (
        ("covers", lambda ranked: f"{plain(ranked.quoted.covered.quantize(Decimal('1e-8')))}"),
        ("leaves uncovered", lambda ranked: f"{plain(ranked.quoted.uncovered.quantize(Decimal('1e-8')))}"),
        ("taker fee", lambda ranked: f"{ranked.quoted.fee.taker:.4%} ({ranked.quoted.fee.source.value})"),
        ("quote", lambda ranked: ranked.quoted.quote),
    ),
    _order_rows("opening", lambda quoted: quoted.opening),
    _order_rows("closing", lambda quoted: quoted.closing),
    (
        ("margin needed", _margin_row),
        ("liquidation price", _liquidation_row),
        ("top-up at +50 %", _top_up_row(0)),
        ("top-up at +100 %", _top_up_row(1)),
    ),
    (
        ("funding, current rate", _funding_row(lambda quoted: quoted.funding_now)),
        ("funding, 30-day average", _funding_row(lambda quoted: quoted.funding_average)),
        ("pays for itself after", _days_row),
        ("costs the same as", _even_row),
    ),
    (
        ("keeps", lambda ranked: ranked.quoted.keeps),
        ("does not", lambda ranked: ranked.quoted.leaves),
    ),
)


def _print_pairs(console: Console, found: Comparison) -> None:
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(title="cross-exchange", title_justify="left", title_style="bold", header_style="bold")
    for name in ("buy on", "sell on"):
        table.add_column(name)
    for name in ("coins", "gross", "buy fee", "sell fee", "net"):
        table.add_column(name, justify="right")
    table.add_column("acts", overflow="fold")
    for pair in found.pairs:
        if isinstance(pair, NoPair):
            table.add_row(escape(pair.buy), escape(pair.sell), *[_DASH] * 5, escape(f"no: {pair.reason}"))
        else:
            figures = (pair.gross, pair.buy_fee, pair.sell_fee, pair.net)
            table.add_row(
                escape(pair.buy),
                escape(pair.sell),
                plain(pair.coins),
                *(_signed(value) for value in figures),
                escape(f"{'yes' if pair.acts else 'no'}: {pair.reason}"),
            )
    console.print(table)
