"""Coins on one exchange, the short on a second, its fallback on a third; and what is true of all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal as D
from pathlib import Path
from typing import Final

import pytest

from bot.domain.control import Control, ControlKind
from bot.domain.ids import HedgeName
from bot.domain.plan import Plan, Verdict
from bot.journal.store import SqlJournal
from bot.paper.engine.defaults import Starting
from bot.paper.engine.model import NewOrder, OrderKind, Side, TimeInForce
from bot.paper.faults import ANY_PATH, Fault, FaultKind
from bot.runtime.alarms import LogAlarms
from bot.runtime.virtual import run_virtual
from tests.sim.stage import KEY, Stage, doors

FIRST: Final = "BTCUSDT"
SECOND: Final = "BTC-USDT-SWAP"
PER_COIN: Final = D(100)
"""Contracts of the second venue in one coin."""
ORDERS: Final = {"binance": "/fapi/v1/order", "okx": "/api/v5/trade/order"}
STEP: Final = D("0.01")
"""The larger of the two venues' steps, in coins."""
TOLD_S: Final = 30
AFTER_S: Final = 60

MONEY: Final[Mapping[str, Starting]] = {
    "binance": {"usdm": {"USDT": D(1_000_000)}},
    "okx": {"trading": {"USDT": D(1_000_000)}},
    "kucoin": {"trade": {"BTC": D(1)}},
}
SETTINGS: Final = """
[journal]
path = "{journal}"

[venues.main]
exchange    = "binance"
environment = "paper"
streams     = false

[venues.backup]
exchange    = "okx"
environment = "paper"
streams     = false

[venues.cold]
exchange    = "kucoin"
environment = "paper"
streams     = false

[[hedges]]
name     = "btc"
asset    = "BTC"
holdings = [ {source = "spot", venue = "cold"} ]
short    = {venue = "main", symbol = "BTC/USDT:USDT"}
fallback = {venue = "backup", symbol = "BTC/USDT:USDT"}
dwell_s  = 20
"""


class Duo:
    """One hedge with a fallback on a stage. After every request and commit both shorts are added up."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, settings: str, money: Mapping[str, Starting]) -> None:
        self.stage = Stage(folder, settings=settings, starting=money, point=self._look)
        self.coins = D(1)
        self.allowed = D(1)
        self.worst = D(0)
        self.alarms: list[tuple[int, str]] = []

        def alarm(_alarms: LogAlarms, _event: str, **values: object) -> None:
            self.alarms.append((self.now_ms, f"{values.get('hedge')} {values.get('verdict')}: {values.get('reason')}"))

        patch.setattr(LogAlarms, "alarm", alarm)

    def _look(self, _process: object, _name: str) -> None:
        self.allowed = max(self.coins, min(self.allowed, self.short))
        self.worst = max(self.worst, self.short - self.allowed)

    # What happens

    def coins_are(self, coins: str) -> None:
        """So many coins are held from now on; a surplus may stand until the bot has seen it."""
        grows = D(coins) - self.coins
        self.stage.world.venues["kucoin"].exchange.deposit(KEY, "trade", "BTC", grows)
        self.coins = D(coins)
        self.allowed = max(self.coins, self.short)

    def first_venue(self, kind: FaultKind, *, path: str = ANY_PATH, count: int = 1_000_000) -> None:
        """Something is wrong with the first venue until `mend`."""
        self.trouble("binance", kind, path, count)

    def trouble(self, exchange: str, kind: FaultKind, path: str, count: int) -> None:
        """Something is wrong with an exchange until `mend`, or so many times."""
        method = "POST" if path in ORDERS.values() else None
        self.stage.world.faults.add(Fault(venue=exchange, path=path, kind=kind, method=method, count=count))

    def close_by_hand(self, coins: str) -> None:
        """Somebody buys a part of the short on the first venue back."""
        self.stage.exchange.submit(
            KEY,
            NewOrder(
                listing_key=f"linear:{FIRST}",
                side=Side.BUY,
                kind=OrderKind.MARKET,
                quantity=D(coins),
                tif=TimeInForce.IOC,
                client_id="by-hand",
                reduce_only=True,
            ),
        )

    def mend(self) -> None:
        """Both venues are well again."""
        self.stage.world.faults.clear()

    def say(self, kind: ControlKind | None, hedge: str = "btc") -> None:
        """A person pauses or unwinds a hedge, or with None resumes everything and clears the halts."""
        with SqlJournal.open_beside(self.stage.journal_path) as journal:
            if kind is None:
                journal.end_controls(self.now_ms)
                journal.clear_halts(self.now_ms)
            else:
                name = HedgeName(hedge)
                journal.control(Control(kind=kind, hedge=name, who="", why="", since_ms=self.now_ms))

    async def run(self, seconds: float) -> None:
        """Let time pass."""
        await self.stage.run(seconds)

    async def hedged(self, first: str, second: str, *, within_s: float) -> None:
        """Run until both shorts are as they should be."""
        wanted = D(first), D(second)
        came = await self.stage.until(lambda _: self.shorts == wanted, within_s=within_s)
        assert came, f"{self.shorts}, not {wanted}: {self.plans}"

    # What is true

    @property
    def now_ms(self) -> int:
        """The time of the stage."""
        return self.stage.clock.now_ms()

    @property
    def shorts(self) -> tuple[D, D]:
        """In coins: on the first venue, and on the second."""
        return self._short("binance", FIRST), self._short("okx", SECOND) / PER_COIN

    @property
    def short(self) -> D:
        """In coins, on both."""
        return sum(self.shorts, D(0))

    def _short(self, exchange: str, symbol: str) -> D:
        positions = self.stage.world.venues[exchange].exchange.account(KEY).positions()
        return -sum((held.contracts for held in positions if held.symbol == symbol), D(0))

    def plan(self, leg: str = "btc") -> Plan:
        """The newest of one leg."""
        return next(plan for _, plan in reversed(self.stage.plans) if plan.view.hedge == leg)

    @property
    def second(self) -> Plan:
        """The newest plan of the fallback."""
        return self.plan("btc/fallback")

    @property
    def plans(self) -> list[str]:
        """What both said last."""
        return [f"{plan.verdict}: {plan.reason}" for plan in (self.plan(), self.second)]

    def told(self, word: str, since_ms: int = 0) -> bool:
        """Whether a person was told so."""
        return any(word in text for at_ms, text in self.alarms if at_ms >= since_ms)

    def stand(self, first: str, second: str) -> None:
        """Both shorts are so, now."""
        assert self.shorts == (D(first), D(second)), f"{self.shorts} stand there: {self.plans}"

    async def settled(self, first: str, second: str) -> None:
        """Nothing is left to do, and nothing happens in the minutes after."""
        await self.run(60)
        self.stand(first, second)
        assert {self.plan().verdict, self.second.verdict} == {Verdict.BALANCED}, self.plans
        orders = len(self.stage.intents()), len(self.stage.intents(venue="backup"))
        await self.run(120)
        assert orders == (len(self.stage.intents()), len(self.stage.intents(venue="backup")))


def play(
    story: Callable[[Duo], Awaitable[None]],
    folder: Path,
    *,
    settings: str = SETTINGS,
    money: Mapping[str, Starting] = MONEY,
) -> Duo:
    """Tell a story: the first coin is hedged when it begins. Never was more sold than wanted, at no moment of it."""

    async def told() -> Duo:
        with pytest.MonkeyPatch.context() as patch:
            duo = Duo(folder, patch, settings, money)
            duo.stage.start()
            try:
                await duo.hedged("1", "0", within_s=60)
                await duo.run(30)
                await story(duo)
            finally:
                await duo.stage.close()
                assert duo.worst <= STEP, f"hedged twice: {duo.worst} coins more than wanted"
        return duo

    with doors():
        return run_virtual(told())
