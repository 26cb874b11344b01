"""`hedgebot replay`: real prices of months, played to the real bot against the paper exchange; ends by itself.

With the settings of a stablecoin hedge it plays that hedge's decisions instead; see `bot.cli.replay_exits`.
"""

from __future__ import annotations

import json as json_
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from bot import logs
from bot.cli import options
from bot.cli.replay_exits import ExitsAsked, exit_policy, play_exits
from bot.domain.errors import ConfigFault
from bot.domain.instrument import ContractKind
from bot.domain.numbers import decimal_of, plain
from bot.report.history import BAR_MS, History, read_history
from bot.runtime.signals import Stop
from bot.runtime.virtual import VirtualClock, run_virtual

if TYPE_CHECKING:
    from bot.app.replay import Progress, Replayed
    from bot.app.replay_script import Script

EXIT_FOUND: Final = 3
"""A residual that is not 0 (R29), or a liquidation."""
_COINS_MAX: Final = Decimal(1_000)
_RESERVE_MAX: Final = Decimal(100)


class Exchange(StrEnum):
    """Whose bars are played."""

    BINANCE = "binance"
    OKX = "okx"


def register(app: typer.Typer) -> None:
    """Add the command to `hedgebot`."""

    @app.command("replay")
    def replay(
        *,
        history: Annotated[
            Path, typer.Option("--history", metavar="FILE", help="Eight-hour bars as CSV.", show_default=False)
        ],
        hedge: Annotated[ContractKind, typer.Option("--hedge", help="Which perpetual is sold.")] = ContractKind.LINEAR,
        exchange: Annotated[Exchange, typer.Option("--exchange", help="Whose bars.")] = Exchange.BINANCE,
        asset: Annotated[str, typer.Option("--asset", help="The coin.")] = "BTC",
        coins: Annotated[str, typer.Option("--coins", help="Held at the first bar.")] = "10",
        band: Annotated[str, typer.Option("--band", help="Relative band of the hedge.")] = "0.005",
        ladder: Annotated[
            bool, typer.Option("--ladder/--no-ladder", help="Let the margin ladder act; linear only.")
        ] = True,
        reserve: Annotated[
            str, typer.Option("--reserve", help="Stablecoins for the ladder, as a multiple of the first notional.")
        ] = "4.7",
        config: Annotated[
            Path | None,
            typer.Option("--config", metavar="FILE", help="Play this file's stablecoin hedge instead of a short."),
        ] = None,
        zone: Annotated[str, typer.Option("--zone", help="What the file's times are told in.")] = "Europe/London",
        json: options.Json = False,
    ) -> None:
        """Play a history file to the bot: profit and loss by term, funding, fees, orders, effectiveness."""
        asked = _Asked(
            path=history,
            exchange=exchange,
            asset=asset,
            hedge=hedge,
            coins=_number("--coins", coins, _COINS_MAX),
            band=_number("--band", band, Decimal("0.5")),
            reserve=_number("--reserve", reserve, _RESERVE_MAX, zero=True),
            ladder=ladder,
            zone=_zone(zone),
        )
        if config is not None:
            _replay_exits(asked, config, as_json=json)
            return
        raise typer.Exit(_replay(asked, as_json=json))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The command line, checked."""

    path: Path
    exchange: Exchange
    asset: str
    hedge: ContractKind
    coins: Decimal
    band: Decimal
    reserve: Decimal
    ladder: bool
    zone: ZoneInfo


def _replay(asked: _Asked, *, as_json: bool) -> int:
    from bot.app.replay_script import Script  # noqa: PLC0415 - the help text needs no exchange library

    history = _history(asked)
    script = Script(history=history, coins=asked.coins, band=asked.band, reserve=asked.reserve, ladder=asked.ladder)
    # What a wall clock would call an alarm is the pace of the bars; what matters of it is in the result.
    logs.configure(level="critical")
    with _bars(len(history.periods)) as progress:
        told = run_virtual(_stoppable(script, progress))
    if isinstance(told, int):
        return told
    if as_json:
        typer.echo(json_.dumps(_as_json(asked, history, told)))
    else:
        _print(history, told)
    return EXIT_FOUND if told.statement.unexplained or told.liquidations else 0


def _replay_exits(asked: _Asked, config: Path, *, as_json: bool) -> None:
    policy, history = exit_policy(config, asked.asset), _history(asked)
    with _bars(len(history.periods)) as progress:
        told = ExitsAsked(path=asked.path, coins=asked.coins)
        play_exits(policy, history, told, as_json=as_json, progress=progress)


async def _stoppable(script: Script, progress: Progress) -> Replayed | int:
    """Play it; the exit code when a signal ended it, with everything taken down."""
    from bot.app.replay import replay  # noqa: PLC0415 - the help text needs no exchange library

    with Stop() as stop:
        return await replay(script, clock=VirtualClock(script.history.periods[0].time_ms), progress=progress)
    return stop.exit_code


def _history(asked: _Asked) -> History:
    """Raises ConfigFault."""
    try:
        text = asked.path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigFault(f"{asked.path}: {error.strerror}", hint="give the path of a CSV file") from None
    except UnicodeDecodeError:
        raise ConfigFault(f"{asked.path}: expected text in UTF-8") from None
    return read_history(
        text.splitlines(),
        name=str(asked.path),
        exchange=asked.exchange.value,
        asset=asked.asset,
        kind=asked.hedge,
        zone=asked.zone,
    )


def _number(option: str, text: str, most: Decimal, *, zero: bool = False) -> Decimal:
    try:
        value = decimal_of(text)
    except ValueError:
        value = None
    if value is None or value > most or value < 0 or (value == 0 and not zero):
        least = "from 0" if zero else "above 0"
        raise ConfigFault(f"{option} {text}: expected a number {least} to {plain(most)}")
    return value


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigFault(
            f"--zone {name}: there is no such time zone on this machine", hint="such as Europe/London or UTC"
        ) from None


@contextmanager
def _bars(total: int) -> Iterator[Progress]:
    """How far it has come, on stderr; nothing but a line in the end where that is no terminal."""
    from rich.console import Console  # noqa: PLC0415 - only needed to print
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("bars"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as shown:
        task = shown.add_task("bars", total=total)
        yield lambda done: shown.update(task, completed=done)


def _as_json(asked: _Asked, history: History, told: Replayed) -> dict[str, object]:
    return {
        "history": str(asked.path),
        "exchange": history.exchange,
        "hedge": history.kind.value,
        "bars": told.bars,
        "from_ms": history.periods[0].time_ms,
        "to_ms": history.periods[-1].time_ms + BAR_MS,
        "liquidations": told.liquidations,
        "ladder": dict(told.steps),
        "worth": {"start": plain(told.worth_start), "end": plain(told.worth_end)},
        "coins": {"start": plain(told.coins_start), "end": plain(told.coins_end)},
        "hedges": [told.statement.to_json()],
    }


def _print(history: History, told: Replayed) -> None:
    from bot.report.tables import print_statement  # noqa: PLC0415 - rich is only needed to print

    title = f"{told.bars} bars of {history.exchange}, {history.kind.value} short, {told.months[0]} to {told.months[-1]}"
    print_statement(told.statement, title=title, names=told.months)
    quote = told.statement.quote
    if any(told.steps.values()):
        typer.echo(f"margin ladder: {', '.join(f'{count} {name}' for name, count in told.steps.items())}")
    typer.echo(
        f"worth {told.worth_start:,.2f} {quote} at the first bar, {told.worth_end:,.2f} {quote} at the last; "
        f"{plain(told.coins_start)} {history.asset} held then, {plain(round(told.coins_end, 8))} now; "
        f"liquidated {told.liquidations} times"
    )
