"""`hedgebot quote`: what a hedge would cost, before anything is opened."""

from __future__ import annotations

import json as json_
import re
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final

import typer

from bot.cli import options
from bot.cli.errors import found_with
from bot.domain.errors import ConfigFault, VenueFault
from bot.domain.ids import Asset
from bot.domain.numbers import ZERO, decimal_of
from bot.domain.quote import Wish
from bot.settings.kinds import share

_DAYS_MAX: Final = Decimal(3_650)
_AMOUNT_MAX: Final = Decimal(10) ** 15
_ASSET: Final = re.compile(r"[A-Za-z0-9]{1,20}")
_EXCHANGES: Final = ("binance", "okx", "kucoin")


def register(app: typer.Typer) -> None:
    """Add the command to `hedgebot`."""

    @app.command("quote")
    def quote(
        *,
        asset: Annotated[str, typer.Option("--asset", help="The coin that is held.", show_default=False)],
        amount: Annotated[str, typer.Option("--amount", help="How many coins.", show_default=False)],
        days: Annotated[str, typer.Option("--days", help="For how many days.")] = "30",
        exchange: Annotated[
            list[str] | None,
            typer.Option(
                "--exchange",
                metavar="NAME",
                help="binance, okx or kucoin; several are compared, and the edge between them is quoted.",
                show_default=False,
            ),
        ] = None,
        config: Annotated[
            Path | None,
            typer.Option("--config", metavar="FILE", help="Quote the hedges of a settings file.", show_default=False),
        ] = None,
        min_edge: Annotated[
            str | None,
            typer.Option("--min-edge", metavar="SHARE", help='What a cross-exchange trade must leave, as "0.1 %".'),
        ] = None,
        slippage_reserve: Annotated[
            str | None,
            typer.Option("--slippage-reserve", metavar="SHARE", help="What it must leave on top of that."),
        ] = None,
        paper: options.Paper = False,
        paper_at: options.PaperAt = None,
        paper_ca: options.PaperCa = None,
        json: options.Json = False,
    ) -> None:
        """Compare a linear short, a coin-margined short and a stablecoin: fees, depth, margin, funding, break-even."""
        wish = Wish(asset=_asset(asset), amount=_amount(amount), days=_days(days))
        edge = _share("--min-edge", min_edge)
        reserve = _share("--slippage-reserve", slippage_reserve)
        exchanges = _exchanges(exchange or [])
        at = options.paper_place(paper=paper, paper_at=paper_at, paper_ca=paper_ca)
        from bot.app import QuoteOptions, run_quote  # noqa: PLC0415 - the help text needs no exchange library
        from bot.cli.quote_view import comparison_json, print_comparison  # noqa: PLC0415

        asked = QuoteOptions(
            wish=wish,
            exchanges=exchanges,
            config=config,
            paper=paper,
            paper_at=at,
            paper_ca=paper_ca,
            min_edge=edge,
            slippage_reserve=reserve,
        )
        with nullcontext() if config is None else found_with(config):
            try:
                found = run_quote(asked)
            except VenueFault as fault:
                if config is None:
                    fault.message = f"{fault.venue}: {fault.message}"
                raise
        if json:
            typer.echo(json_.dumps(comparison_json(found), ensure_ascii=False))
        else:
            print_comparison(found)


def _asset(text: str) -> Asset:
    if not _ASSET.fullmatch(text):
        raise ConfigFault(f"--asset {text!r}: expected a coin, such as BTC", hint="give its name alone, without a pair")
    return Asset(text.upper())


def _amount(text: str) -> Decimal:
    value = _number("--amount", text, "a number of coins above 0, such as 1 or 0.25")
    if not ZERO < value <= _AMOUNT_MAX:
        raise ConfigFault(f"--amount {text}: expected a number of coins above 0, such as 1 or 0.25")
    return value


def _days(text: str) -> Decimal:
    expected = f"days above 0 and up to {_DAYS_MAX}, such as 30"
    value = _number("--days", text, expected)
    if not ZERO < value <= _DAYS_MAX:
        raise ConfigFault(f"--days {text}: expected {expected}")
    return value


def _number(name: str, text: str, expected: str) -> Decimal:
    try:
        return decimal_of(text)
    except ValueError:
        raise ConfigFault(f"{name} {text!r}: expected {expected}") from None


def _share(name: str, text: str | None) -> Decimal | None:
    """A share in one of its explicit forms, as the settings take it."""
    if text is None:
        return None
    expected = share("0", "0.2")
    try:
        return decimal_of(expected.read(text))
    except ValueError:
        raise ConfigFault(f"{name} {text!r}: expected {expected.text}") from None


def _exchanges(names: list[str]) -> tuple[str, ...]:
    for name in names:
        if name not in _EXCHANGES:
            raise ConfigFault(f"--exchange {name}: expected one of {', '.join(_EXCHANGES)}")
        if names.count(name) > 1:
            raise ConfigFault(f"--exchange {name}: expected each exchange once", hint="leave out the second one")
    return tuple(names)
