"""Plays a story of `hedgebot demo` about two exchanges, and tells what came of it to the cent."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.cli.pair_scenarios import PairScenario, PairStage
from bot.cli.stagehand import Tell, TraderWatch
from bot.domain.numbers import ZERO, plain
from bot.domain.pair import PairStory
from bot.domain.trader import HedgeKind
from bot.runtime.clock import SystemClock
from bot.runtime.pair_tell import trade_facts
from bot.settings import RunOptions, load_settings

Balances = Mapping[str, Mapping[str, Decimal]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairTold:
    """What a story came to.

    Attributes:
        decisions: what the bot said of the gap, in order.
        before, after: coins and money on each venue, by the exchanges' own books.
    """

    scenario: PairScenario
    decisions: Sequence[Mapping[str, Any]]
    trades: Sequence[PairStory]
    before: Balances
    after: Balances

    @property
    def residual(self) -> Decimal:
        """Money on the exchanges that the results of the trades do not explain; must be 0."""
        booked = sum((story.record.result or ZERO for story in self.trades), ZERO)
        return self._change("USDT") - booked

    def to_json(self) -> dict[str, Any]:
        """As one of the `hedges` of `demo --json`."""
        orders = [order for story in self.trades for order in story.orders]
        return {
            "name": self.scenario.name,
            "kind": HedgeKind.CROSS_EXCHANGE.value,
            "asset": self.scenario.asset,
            "decisions": [dict(decision) for decision in self.decisions],
            "trades": [trade_facts(story.record) for story in self.trades],
            "balances": {
                when: {venue: {asset: plain(held) for asset, held in wallet.items()} for venue, wallet in held.items()}
                for when, held in (("before", self.before), ("after", self.after))
            },
            "coins": plain(self._change("BTC")),
            "pnl": {"net": plain(self._change("USDT")), "residual": plain(self.residual)},
            "orders": {"sent": len(orders), "filled": sum(order.filled > 0 for order in orders)},
        }

    def _change(self, asset: str) -> Decimal:
        return sum((self.after[venue][asset] - self.before[venue][asset] for venue in self.before), ZERO)


async def play_pair(scenario: PairScenario, tell: Tell) -> PairTold:
    """Play one story over TLS on this machine, at wall speed."""
    from bot.app import assembled  # noqa: PLC0415 - the help text needs no exchange library
    from bot.paper.client import local_session  # noqa: PLC0415
    from bot.paper.embedded import serve_paper  # noqa: PLC0415
    from bot.paper.engine.defaults import STARTING  # noqa: PLC0415
    from bot.paper.world import default_world  # noqa: PLC0415

    clock, watch = SystemClock(), TraderWatch()
    world = default_world(clock.now_ms, starting={**STARTING, **scenario.starting})
    with tempfile.TemporaryDirectory(prefix="hedgebot-demo-") as folder:
        path = Path(folder) / f"{scenario.name}.toml"
        path.write_text(scenario.settings(Path(folder) / "journal.db"), encoding="utf-8")
        settings = load_settings(path, {}, paper=True)
        asked = RunOptions(settings_path=path, live=True, paper=True)
        async with (
            serve_paper(time_ms=clock.now_ms, world=world) as served,
            local_session(served.host, served.port, served.ca) as session,
            assembled(settings, asked, session, clock, lambda _: None, show_trader=watch) as bot,
        ):
            stage = PairStage(world=served.world, watch=watch, tell=tell)
            before = stage.balances()
            async with asyncio.TaskGroup() as group:
                group.create_task(bot.daemon.run())
                try:
                    await scenario.play(stage)
                finally:
                    bot.daemon.stop()
            return PairTold(
                scenario=scenario,
                decisions=stage.decisions,
                trades=bot.journal.recent_pairs(0),
                before=before,
                after=stage.balances(),
            )


def print_pair(told: PairTold) -> None:
    """Draw what a story came to on stdout."""
    from rich.console import Console  # noqa: PLC0415 - only where something is drawn
    from rich.table import Table  # noqa: PLC0415

    console = Console(highlight=False)
    table = Table(title=told.scenario.title, title_justify="left")
    for name in ("", "quantity", "gross", "fees", "net", "result"):
        table.add_column(name, justify="left" if not name else "right")
    for decision in told.decisions:
        way = decision["opportunity"]
        fees = None if way["buy_fee"] is None else Decimal(way["buy_fee"]) + Decimal(way["sell_fee"])
        table.add_row(decision["verdict"], way["quantity"], _cents(way["gross"]), _cents(fees), _cents(way["net"]), "")
    for story in told.trades:
        trade = story.record.trade
        fees = trade.buy_fee + trade.sell_fee
        row = (plain(trade.coins), _cents(trade.gross), _cents(fees), _cents(trade.net), _cents(story.record.result))
        table.add_row(f"trade, {story.record.state}, open for {story.record.naked_ms / 1000:.1f} s", *row)
    console.print(table)
    facts = told.to_json()
    console.print(
        f"coins {facts['coins']} {told.scenario.asset}  money {_cents(facts['pnl']['net'])} USDT  "
        f"not explained {facts['pnl']['residual']}"
    )


def _cents(value: Decimal | str | None) -> str:
    return "" if value is None else f"{Decimal(value):,.2f}"
