"""`hedgebot replay --config FILE`: what a stablecoin hedge would have done over real prices of months, and why."""

from __future__ import annotations

import json as json_
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from bot.domain.errors import ConfigFault
from bot.domain.exits import CrossingRecord, ExitPolicy
from bot.domain.ids import Asset
from bot.domain.numbers import plain
from bot.report.history import BAR_MS, History

if TYPE_CHECKING:
    from bot.app.exit_replay import ExitReplayed

_DAY_MS: Final = 86_400_000
_PLACES: Final = 8
_CENTS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitsAsked:
    """The command line, checked.

    Attributes:
        path: of the history.
        coins: held at the first bar.
    """

    path: Path
    coins: Decimal


def exit_policy(config: Path, asset: str) -> ExitPolicy:
    """The one stablecoin hedge of a settings file.

    Raises:
        ConfigFault: the file is wrong, there is none or more than one in it, or it is of another coin.
    """
    from bot.settings import load_settings  # noqa: PLC0415 - not needed without --config
    from bot.settings.exit_policy import exit_policies  # noqa: PLC0415

    found = exit_policies(load_settings(config, os.environ, paper=True))
    if len(found) != 1:
        raise ConfigFault(
            f'{config}: {len(found)} hedges of kind = "stablecoin", expected one',
            hint="without --config a spot-perp hedge is played",
        )
    (policy,) = found
    if policy.asset != Asset(asset):
        raise ConfigFault(f"{config}: hedge {policy.name} is of {policy.asset}, --asset is {asset}")
    return policy


def play_exits(
    policy: ExitPolicy, history: History, asked: ExitsAsked, *, as_json: bool, progress: Callable[[int], None]
) -> None:
    """Play the history, and tell what came of it on stdout."""
    from bot.app.exit_replay import replay_exits  # noqa: PLC0415 - the help text needs none of it

    told = replay_exits(policy, history, asked.coins, progress)
    if as_json:
        typer.echo(json_.dumps(_as_json(policy, history, asked, told)))
    else:
        _print(policy, history, told)


def _as_json(policy: ExitPolicy, history: History, asked: ExitsAsked, told: ExitReplayed) -> dict[str, object]:
    from bot.app.exit_replay import crossing_facts  # noqa: PLC0415 - the help text needs none of it

    return {
        "history": str(asked.path),
        "exchange": history.exchange,
        "hedge": policy.name,
        "kind": "stablecoin",
        "bars": told.bars,
        "from_ms": history.periods[0].time_ms,
        "to_ms": history.periods[-1].time_ms + BAR_MS,
        "crossings": [crossing_facts(record) for record in told.crossings],
        "round_trips_a_week": told.round_trips,
        "apart_ms": told.apart_ms,
        "worth": {"start": plain(told.worth_start), "end": plain(told.worth_end), "held": plain(told.held_end)},
        "fall": {"hedged": plain(round(told.fall, _PLACES)), "held": plain(round(told.held_fall, _PLACES))},
        "coins": {"start": plain(asked.coins), "end": plain(told.coins)},
        "quote": plain(told.quote),
        "fees": plain(told.fees),
    }


def _print(policy: ExitPolicy, history: History, told: ExitReplayed) -> None:
    from rich import box  # noqa: PLC0415 - rich is only needed to print
    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    title = f"{told.bars} bars of {history.exchange}, hedge {policy.name} out of {policy.asset} and back"
    table = Table(title=title, box=box.SIMPLE)
    for name in ("from", "what", "coins", "average"):
        table.add_column(name, justify="left" if name in {"from", "what"} else "right", no_wrap=True)
    table.add_column("why", overflow="fold")
    for record in told.crossings:
        table.add_row(*map(escape, _row(record)))
    Console(highlight=False).print(table)
    apart = "never back by itself" if told.apart_ms is None else f"{told.apart_ms / _DAY_MS:.1f} days apart at least"
    typer.echo(
        f"{len(told.crossings)} crossings, {told.round_trips} ways back within a week at most, {apart}; "
        f"fees {told.fees:,.2f}\n"
        f"worth {told.worth_start:,.2f} at the first bar, {told.worth_end:,.2f} at the last, as "
        f"{plain(told.coins)} {policy.asset} and {told.quote:,.2f} in stablecoins; held instead {told.held_end:,.2f}\n"
        f"deepest fall from a peak {told.fall:.1%}, held instead {told.held_fall:.1%}"
    )


def _row(record: CrossingRecord) -> tuple[str, str, str, str, str]:
    crossing = record.crossing
    began = f"{datetime.fromtimestamp(crossing.created_ms / 1000, tz=UTC):%Y-%m-%d %H:%M}"
    average = "" if record.average is None else plain(round(record.average, _CENTS))
    return began, f"{crossing.kind.value} {record.state.value}", plain(record.coins_done), average, crossing.reason
