"""What the stories of `hedgebot demo` are made with: watching the bot, and moving the world around it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Generic, Protocol, TypeVar

from bot.domain.errors import StartFault
from bot.domain.numbers import plain
from bot.domain.plan import HedgeView, Plan, Verdict
from bot.domain.trader import TraderOutcome
from bot.paper.engine.exchange import Exchange
from bot.paper.world import World
from bot.report.statement import Stage
from bot.runtime.hedger import Outcome

ACCOUNT: Final = "paper"
STEP_S: Final = 1.0
"""How long each step of a price move lasts: one turn of the bot sees every one."""
HOUR_S: Final = 3_600.0

Tell = Callable[[str], None]


class _Reasoned(Protocol):
    @property
    def reason(self) -> str: ...


T = TypeVar("T", bound=_Reasoned)


class _Watch(Generic[T]):
    """Keeps what the bot's turns came to, until somebody waits for it."""

    def __init__(self, patience_s: float = 60.0) -> None:
        self._patience_s = patience_s
        self._waiting: asyncio.Queue[T] = asyncio.Queue()

    async def until(self, what: str, holds: Callable[[T], bool]) -> T:
        """The first one from now on that holds.

        Raises:
            StartFault: none did in time; the last reason says why.
        """
        while not self._waiting.empty():
            self._waiting.get_nowait()
        reason = "the bot took no turn"
        try:
            async with asyncio.timeout(self._patience_s):
                while True:
                    seen = await self._waiting.get()
                    reason = seen.reason
                    if holds(seen):
                        return seen
        except TimeoutError:
            raise StartFault(f"the demo waited {self._patience_s:.0f} s for: {what}; last: {reason}") from None


class Watch(_Watch[Plan]):
    """Sees every turn of the bot, and waits for a plan that shows what is waited for."""

    opening: Decimal | None = None
    """Coins at the first complete reading, before any order and its fee."""

    def __call__(self, outcomes: Sequence[Outcome]) -> None:
        """Take in one turn."""
        for outcome in outcomes:
            if self.opening is None:
                self.opening = outcome.plan.view.principal
            self._waiting.put_nowait(outcome.plan)


class TraderWatch(_Watch[TraderOutcome]):
    """The same for a hedge without a perpetual."""

    def __call__(self, outcome: TraderOutcome) -> None:
        """Take in one turn."""
        self._waiting.put_nowait(outcome)


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

    async def settle(self, what: str, holding: str | None = None) -> None:
        """Wait until the bot finds nothing more to do, and note where things stand.

        Args:
            what: for the reader.
            holding: coins that the bot must have seen by then.
        """
        plan = await self.balanced(what, holding)
        self.view = plan.view
        assert plan.view.exposure is not None
        assert plan.view.principal is not None
        assert plan.view.price is not None
        # The first stage is the start of the account: the fill that opens the hedge, and its fee, lie after it.
        time_ms, coins = self.now_ms(), plan.view.principal
        if not self.stages and self.watch.opening is not None:
            time_ms, coins = self.since_ms, self.watch.opening
        self.stages.append(Stage(price=plan.view.price, time_ms=time_ms, coins=coins))
        held = "" if plan.view.exposure == plan.view.principal else f" ({_coins(plan.view.principal)} put in)"
        self.tell(
            f"{what}: holding {_coins(plan.view.exposure)}{held}, short {_coins(plan.view.short or Decimal(0))} "
            f"{self.asset} at {plan.view.price:,.2f}"
        )

    async def balanced(self, what: str, holding: str | None = None) -> Plan:
        """Wait until the bot finds nothing more to do."""
        wanted = None if holding is None else Decimal(holding)
        return await self.watch.until(
            what, lambda plan: plan.verdict is Verdict.BALANCED and wanted in {None, plan.view.exposure}
        )

    async def walk(self, *prices: str) -> None:
        """Move the price step by step, one step a turn of the bot."""
        for price in prices:
            self.world.set_price(self.asset, Decimal(price))
            self.tell(f"{self.asset} at {Decimal(price):,.2f}")
            await asyncio.sleep(STEP_S)

    def exchange(self, name: str) -> Exchange:
        """One of the paper exchanges."""
        return self.world.venues[name].exchange

    def deposit(self, exchange: str, wallet: str, amount: str) -> None:
        """Coins arrive from outside."""
        self.exchange(exchange).deposit(ACCOUNT, wallet, self.asset, Decimal(amount))
        self.tell(f"{amount} {self.asset} arrive on {exchange}")

    def subscribe(self, product: str, amount: str) -> None:
        """Move coins from spot into Earn, on Binance."""
        self.exchange("binance").earn_subscribe(ACCOUNT, product, self.asset, Decimal(amount))
        self.tell(f"{amount} {self.asset} move from spot into {product} Earn")

    def redeem(self, product: str, amount: str, hours: int = 0) -> None:
        """Take coins out of Earn, on Binance; they arrive in spot after so many hours."""
        self.exchange("binance").earn_redeem(
            ACCOUNT, product, self.asset, Decimal(amount), notice_s=hours * int(HOUR_S)
        )
        when = f"to arrive in {hours} hours" if hours else "at once"
        self.tell(f"{amount} {self.asset} leave {product} Earn, {when}")

    def reward(self, asset: str, amount: str) -> None:
        """Earn pays a reward to spot."""
        self.exchange("binance").pay_reward(ACCOUNT, "locked", asset, Decimal(amount))
        self.tell(f"Earn pays a reward of {amount} {asset}")

    async def hours(self, hours: float) -> None:
        """Let time pass; only on virtual time."""
        await asyncio.sleep(hours * HOUR_S)
        self.tell(f"{hours:g} hours later")


def _coins(value: Decimal) -> str:
    return plain(round(value, 8))
