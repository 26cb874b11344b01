"""The stories that `hedgebot demo` tells: a paper exchange, the real bot on real sockets, and what happens to them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final

from bot.domain.errors import StartFault
from bot.domain.numbers import plain
from bot.domain.plan import HedgeView, Plan, Verdict
from bot.paper.world import World
from bot.report.statement import Stage
from bot.runtime.hedger import Outcome

ACCOUNT: Final = "paper"
VENUE: Final = "binance"
PATIENCE_S: Final = 60.0
STEP_S: Final = 1.0
"""How long each step of a price move lasts: one turn of the bot sees every one."""

Tell = Callable[[str], None]


class Watch:
    """Sees every turn of the bot, and waits for one that shows what is waited for."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[Plan] = asyncio.Queue(maxsize=1_000)

    def __call__(self, outcomes: Sequence[Outcome]) -> None:
        """Take in one turn."""
        for outcome in outcomes:
            self._waiting.put_nowait(outcome.plan)

    async def until(self, what: str, holds: Callable[[Plan], bool]) -> Plan:
        """The first plan from now on that holds.

        Raises:
            StartFault: none did within a minute; the last reason says why.
        """
        while not self._waiting.empty():
            self._waiting.get_nowait()
        reason = "the bot took no turn"
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    plan = await self._waiting.get()
                    reason = plan.reason
                    if holds(plan):
                        return plan
        except TimeoutError:
            raise StartFault(f"the demo waited {PATIENCE_S:.0f} s for: {what}; last: {reason}") from None


@dataclass(slots=True, kw_only=True)
class Stagehand:
    """What a story may do to the world, and what it has seen."""

    world: World
    watch: Watch
    now_ms: Callable[[], int]
    since_ms: int
    tell: Tell
    asset: str
    stages: list[Stage] = field(default_factory=list)
    view: HedgeView | None = None

    async def settle(self, what: str) -> None:
        """Wait until the bot finds nothing more to do, and note where things stand."""
        plan = await self.watch.until(what, lambda plan: plan.verdict is Verdict.BALANCED)
        self.view = plan.view
        assert plan.view.exposure is not None
        assert plan.view.price is not None
        # The first stage is the start of the account: the fill that opens the hedge lies after it.
        time_ms = self.now_ms() if self.stages else self.since_ms
        self.stages.append(Stage(price=plan.view.price, time_ms=time_ms, coins=plan.view.exposure))
        self.tell(
            f"{what}: holding {plain(plan.view.exposure)}, short {plain(plan.view.short or Decimal(0))} {self.asset} "
            f"at {plan.view.price:,.2f}"
        )

    async def walk(self, *prices: str) -> None:
        """Move the price step by step, one step a turn of the bot."""
        for price in prices:
            self.world.set_price(self.asset, Decimal(price))
            self.tell(f"{self.asset} at {Decimal(price):,.2f}")
            await asyncio.sleep(STEP_S)

    def lock_in_earn(self, amount: str) -> None:
        """Move coins from spot into locked Earn."""
        self.world.venues[VENUE].exchange.earn_subscribe(ACCOUNT, "locked", self.asset, Decimal(amount))
        self.tell(f"{amount} {self.asset} move from spot into locked Earn")

    def reward(self, asset: str, amount: str) -> None:
        """Earn pays a reward to spot."""
        self.world.venues[VENUE].exchange.pay_reward(ACCOUNT, "locked", asset, Decimal(amount))
        self.tell(f"Earn pays a reward of {amount} {asset}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One story.

    Attributes:
        title: one line for the table.
        asset, symbol, sources: what is hedged.
        play: what happens.
    """

    name: str
    title: str
    asset: str
    symbol: str
    sources: tuple[str, ...]
    play: Callable[[Stagehand], Awaitable[None]]

    def settings(self, journal: Path) -> str:
        """A settings file like a user's."""
        holdings = ", ".join(f'{{source = "{source}", venue = "main"}}' for source in self.sources)
        return (
            f'interval_s = "1"\n[journal]\npath = "{journal}"\n'
            '[venues.main]\nexchange = "binance"\nenvironment = "paper"\n'
            f'[[hedges]]\nname = "{self.name}"\nkind = "spot-perp"\nasset = "{self.asset}"\n'
            f'holdings = [{holdings}]\nshort = {{venue = "main", symbol = "{self.symbol}"}}\n'
        )


async def _btc_drop(stage: Stagehand) -> None:
    await stage.settle("hedged")
    await stage.walk("99000", "98000", "97000", "96000", "95000")
    await stage.settle("after the drop")


async def _btc_rise(stage: Stagehand) -> None:
    await stage.settle("hedged")
    await stage.walk("101000", "102000", "103000", "104000", "105000")
    await stage.settle("after the rise")


async def _bnb_stake(stage: Stagehand) -> None:
    await stage.settle("hedged")
    stage.lock_in_earn("3")
    await stage.watch.until("the coins are seen in Earn", lambda plan: plan.verdict is Verdict.BALANCED)
    await stage.walk("595", "590")
    await stage.settle("staked, after the drop")
    await stage.walk("600", "605", "610")
    stage.reward("USDT", "100")
    await stage.settle("staked, after the rise")


SCENARIOS: Final = (
    Scenario(
        name="btc-drop",
        title="1 BTC bought at 100,000 falls to 95,000",
        asset="BTC",
        symbol="BTC/USDT:USDT",
        sources=("spot",),
        play=_btc_drop,
    ),
    Scenario(
        name="btc-rise",
        title="1 BTC bought at 100,000 rises to 105,000",
        asset="BTC",
        symbol="BTC/USDT:USDT",
        sources=("spot",),
        play=_btc_rise,
    ),
    Scenario(
        name="bnb-stake",
        title="3 BNB at 600 are staked for a reward; BNB goes to 590, then to 610",
        asset="BNB",
        symbol="BNB/USDT:USDT",
        sources=("spot", "earn"),
        play=_bnb_stake,
    ),
)
