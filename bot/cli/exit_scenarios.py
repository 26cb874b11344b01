"""The stories of `hedgebot demo` about a coin exchanged for stablecoins."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from bot.cli.stagehand import ACCOUNT, HOUR_S, Tell, TraderWatch
from bot.domain.control import Control, ControlKind
from bot.domain.exits import CrossingRecord, CrossingState
from bot.domain.ids import HedgeName
from bot.domain.trader import TraderOutcome
from bot.journal.store import SqlJournal
from bot.paper.world import World
from bot.ports import Clock

EXCHANGE: Final = "binance"
WALLET: Final = "spot"
ASSETS: Final = ("BTC", "USDC", "USDT")
_WALLETS: Final[Mapping[str, Decimal]] = {"BTC": Decimal(1), "USDT": Decimal(0), "USDC": Decimal(0)}


@dataclass(slots=True, kw_only=True)
class ExitStage:
    """What a story may do to the market and the hedge, and what it has seen.

    Attributes:
        stages: what the account held when, and at which price in USD.
    """

    world: World
    watch: TraderWatch
    tell: Tell
    clock: Clock
    journal: SqlJournal
    hedge: HedgeName
    stages: list[dict[str, Any]] = field(default_factory=list)

    def note(self, what: str) -> None:
        """Keep where things stand."""
        price, held = self.world.venues[EXCHANGE].exchange.price("BTC"), self.balances()
        self.stages.append({"what": what, "price_usd": price, **held})
        told = ", ".join(f"{held[asset]:,.8f}".rstrip("0").rstrip(".") + f" {asset}" for asset in ASSETS)
        self.tell(f"{what}: {told} at {price:,.2f} USD")

    async def quiet(self, what: str) -> None:
        """Wait until the bot holds still, and keep where things stand."""
        await self.watch.until(what, lambda seen: seen.verdict == "hold")
        self.note(what)

    async def crossed(self, count: int, what: str) -> CrossingRecord:
        """Wait until so many crossings are over, and keep where things stand."""

        def over(_seen: TraderOutcome) -> bool:
            crossings = self.crossings()
            return len(crossings) == count and crossings[-1].state is not CrossingState.OPEN

        await self.watch.until(what, over)
        self.note(what)
        return self.crossings()[-1]

    def crossings(self) -> Sequence[CrossingRecord]:
        """Every crossing so far, oldest first."""
        return self.journal.crossings(self.hedge)

    async def walk(self, *prices: str, hours: float = 1) -> None:
        """The coin's price in USD moves step by step; only on virtual time."""
        for price in prices:
            self.world.set_price("BTC", Decimal(price))
            await asyncio.sleep(hours * HOUR_S)
        self.tell(f"BTC goes to {', '.join(f'{Decimal(price):,.0f}' for price in prices)}, {hours:g} h each")

    def break_peg(self, price: str) -> None:
        """USDT falls to so many US dollars; everything that is quoted in it looks dearer."""
        self.world.set_price("USDT", Decimal(price))
        self.tell(f"USDT falls to {price} USD")

    def say(self, kind: ControlKind) -> None:
        """A person tells the hedge to exit or to enter, as the commands do: through the journal."""
        now_ms = self.clock.now_ms()
        self.journal.control(Control(kind=kind, hedge=self.hedge, who="demo", why="", since_ms=now_ms))
        self.tell(f"hedgebot {kind.value} {self.hedge}")

    def balances(self) -> dict[str, Decimal]:
        """Coins and stablecoins, by the exchange's own books."""
        account = self.world.venues[EXCHANGE].exchange.account(ACCOUNT)
        return {asset: account.balance(WALLET, asset).total for asset in ASSETS}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitScenario:
    """One story.

    Attributes:
        title: one line for the table.
        hedge: lines of the hedge's settings.
        basket: as it stands in a settings file.
        play: what happens.
        virtual: days pass in seconds, in this process; otherwise over TLS sockets at wall speed.
    """

    name: str
    title: str
    hedge: str
    basket: str
    play: Callable[[ExitStage], Awaitable[None]]
    virtual: bool = False
    asset: str = "BTC"
    starting: Mapping[str, Mapping[str, Mapping[str, Decimal]]] = field(
        default_factory=lambda: {EXCHANGE: {WALLET: _WALLETS}}
    )

    @property
    def transport(self) -> str:
        """How the bot reaches the exchange."""
        return "in-process" if self.virtual else "tls"

    def settings(self, journal: Path) -> str:
        """A settings file like a user's."""
        return (
            f'[journal]\npath = "{journal}"\n[venues.main]\nexchange = "{EXCHANGE}"\nenvironment = "paper"\n'
            f'streams = false\n[[hedges]]\nname = "{self.name}"\nkind = "stablecoin"\nasset = "{self.asset}"\n'
            f'venue = "main"\nbasket = {self.basket}\n{self.hedge}\n'
        )


async def _uncertain(stage: ExitStage) -> None:
    await stage.quiet("at first")
    await stage.walk("102000", "105000", "101000", "96000", "92000")
    await stage.quiet("12 % below the peak: nothing yet")
    await stage.walk("88000")
    await stage.crossed(1, "out, 16 % below the peak")
    for _ in range(2):
        await stage.walk("90500", "87000", "91500", "86000", "89000", "84000", hours=4)
    await stage.quiet("after two days of noise on both sides of the threshold")
    await stage.walk("85000")
    stage.say(ControlKind.ENTER)
    await stage.crossed(2, "back, by hand")
    await stage.walk("86500", "88000", "87000", hours=4)
    await stage.quiet("in coins again")


async def _depeg(stage: ExitStage) -> None:
    await stage.quiet("at first")
    stage.say(ControlKind.EXIT)
    await stage.crossed(1, "out, by hand: half in USDT, half in USDC")
    stage.break_peg("0.97")
    await stage.crossed(2, "USDT is left for USDC")
    await stage.quiet("and stays there")


EXIT_SCENARIOS: Final = (
    ExitScenario(
        name="uncertain-market",
        title="out of 1 BTC 15 % below its peak, days of noise without a second trade, back by hand",
        hedge="look_s = 600\ndwell_s = 1800\nfor_s = 1800\n"
        'signals = {drawdown = {exit = "0.15", back = "0.10", window_s = 864000}}',
        basket='{USDC = "0.5", USDT = "0.5"}',
        play=_uncertain,
        virtual=True,
    ),
    ExitScenario(
        name="usdt-depeg",
        title="half of the proceeds are in USDT when it breaks; prices in USD show which stablecoin it was",
        hedge='look_s = 1\ndepeg = "0.02"\nslice_notional = "50000"',
        basket='{USDC = "0.5", USDT = "0.5"}',
        play=_depeg,
    ),
)
