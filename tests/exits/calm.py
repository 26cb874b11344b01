"""One exchange, a stablecoin hedge, and perhaps a short on the same coins; told on virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal as D
from pathlib import Path
from typing import Final

import pytest

from bot.core.owned import owned
from bot.domain.control import Control, ControlKind
from bot.domain.exits import CrossingRecord, CrossingState
from bot.domain.ids import Asset, HedgeName, epoch_of
from bot.domain.trader import TraderOutcome
from bot.journal.store import SqlJournal
from bot.paper.engine.defaults import Starting
from bot.paper.engine.model import Order
from bot.paper.faults import Fault, FaultKind
from bot.runtime.alarms import LogAlarms
from bot.runtime.virtual import run_virtual
from tests.sim.doors import Point
from tests.sim.stage import KEY, Stage, doors

CALM: Final = HedgeName("calm")
ORDERS: Final = {"kucoin": "/api/v1/hf/orders", "okx": "/api/v5/trade/order", "binance": "/api/v3/order"}
WALLETS: Final = {"kucoin": "trade", "okx": "trading", "binance": "spot"}
MARGIN: Final = {"kucoin": "futures", "okx": "trading", "binance": "usdm"}
PERPETUALS: Final = {
    "binance": ("BTCUSDT", D(1)),
    "okx": ("BTC-USDT-SWAP", D("0.01")),
    "kucoin": ("XBTUSDTM", D("0.001")),
}
"""The short's contract, and coins in one."""
PRICE: Final = 'signals = {price = {exit = "90000", back = "95000"}}\nfor_s = 10\nlook_s = 10'
SHORT: Final = """
[[hedges]]
name     = "short"
asset    = "BTC"
holdings = [ {source = "spot", venue = "main"} ]
short    = {venue = "main", symbol = "BTC/USDT:USDT"}
"""


def settings(exchange: str, hedge: str = PRICE, more: str = "", basket: str = '{USDC = "0.5", USDT = "0.5"}') -> str:
    """One hedge of the BTC in spot; `more` for the file."""
    return f"""
interval_s = 2

[journal]
path = "{{journal}}"

[venues.main]
exchange    = "{exchange}"
environment = "paper"
streams     = false

[[hedges]]
name   = "calm"
kind   = "stablecoin"
asset  = "BTC"
venue  = "main"
basket = {basket}
{hedge}
{more}"""


def wealth(exchange: str, *, btc: str = "1", usdt: str = "0", usdc: str = "0") -> Mapping[str, Starting]:
    """What the account holds: coins and stablecoins in spot; margin for a short where it has a wallet of its own."""
    spot = {"BTC": D(btc), "USDT": D(usdt), "USDC": D(usdc)}
    if exchange == "okx":
        return {exchange: {"trading": spot}}
    return {exchange: {WALLETS[exchange]: spot, MARGIN[exchange]: {"USDT": D(150_000)}}}


class Calm:
    """The exchange and the bot."""

    def __init__(
        self,
        folder: Path,
        patch: pytest.MonkeyPatch,
        exchange: str,
        text: str,
        money: Mapping[str, Starting],
        point: Point,
    ) -> None:
        self.exchange = exchange
        self.stage = Stage(folder, exchange=exchange, settings=text, starting=money, point=point)
        self.alarms: list[tuple[int, str]] = []

        def alarm(_alarms: LogAlarms, event: str, **values: object) -> None:
            told = f"{event} {values.get('code')} {values.get('hedge')}: {values.get('reason')}"
            self.alarms.append((self.stage.clock.now_ms(), told))

        patch.setattr(LogAlarms, "alarm", alarm)

    # What happens

    def price(self, price: str, asset: str = "BTC") -> None:
        """The price in US dollars moves."""
        self.stage.world.set_price(asset, D(price))

    def move(self, asset: str, amount: str) -> None:
        """Somebody else brings money to the account, or takes it away."""
        self.stage.exchange.deposit(KEY, WALLETS[self.exchange], asset, D(amount))

    def trouble(self, kind: FaultKind, *, count: int = 1, path: str = "", delay_s: float = 0) -> None:
        """Something is wrong with the venue's spot orders, or another path of it."""
        method = None if path else "POST"
        where = path or ORDERS[self.exchange]
        self.stage.world.faults.add(
            Fault(venue=self.exchange, path=where, kind=kind, method=method, count=count, delay_s=delay_s)
        )

    def say(self, kind: ControlKind | None, hedge: str = "calm") -> None:
        """A person says something, or with None takes everything back and clears the halts."""
        now_ms = self.stage.clock.now_ms()
        with SqlJournal.open_beside(self.stage.journal_path) as journal:
            if kind is None:
                journal.end_controls(now_ms)
                journal.clear_halts(now_ms)
            else:
                journal.control(Control(kind=kind, hedge=HedgeName(hedge), who="tester", why="", since_ms=now_ms))

    async def run(self, seconds: float) -> None:
        """Let time pass."""
        await self.stage.run(seconds)

    async def until(self, fact: Callable[[Calm], bool], *, within_s: float = 120, step_s: float = 0.5) -> None:
        """Run until a fact holds."""
        came = await self.stage.until(lambda _: fact(self), within_s=within_s, step_s=step_s)
        said = [(o.verdict, o.reason) for _, o in self.stage.outcomes[-2:]]
        said += [(plan.verdict, plan.reason) for _, plan in self.stage.plans[-2:]]
        assert came, f"{said} {self.alarms[-3:]} {self.stage.starts_failed[-1:]} {self.stage.process.failure}"

    # What is true

    @property
    def last(self) -> TraderOutcome:
        """The newest turn."""
        return self.stage.outcomes[-1][1]

    @property
    def crossings(self) -> Sequence[CrossingRecord]:
        """Every crossing, oldest first."""
        with SqlJournal.open_readonly(self.stage.journal_path) as journal:
            return journal.crossings(CALM)

    @property
    def owned(self) -> Mapping[Asset, D]:
        """Stablecoins that are the hedge's by the journal."""
        with SqlJournal.open_readonly(self.stage.journal_path) as journal:
            return owned(Asset("BTC"), journal.flows(CALM), journal.write_offs(CALM))

    @property
    def over(self) -> bool:
        """The newest crossing is done, and no order of it is left."""
        with SqlJournal.open_readonly(self.stage.journal_path) as journal:
            left = journal.unfinished_slices(CALM)
        newest = self.crossings[-1:]
        return bool(newest) and newest[0].state is not CrossingState.OPEN and not left

    def crossed(self, count: int) -> bool:
        """So many crossings are over."""
        return len(self.crossings) == count and self.over

    @property
    def orders(self) -> Sequence[Order]:
        """Every spot order of the bot that reached the venue, oldest first."""
        every = self.stage.exchange.account(KEY).orders()
        return [o for o in every if epoch_of(o.client_id) is not None and o.listing_key.startswith("spot:")]

    def held(self, asset: str) -> D:
        """Free and locked, where spot is traded."""
        return self.stage.exchange.account(KEY).balance(WALLETS[self.exchange], asset).total

    @property
    def short(self) -> D:
        """True coins short."""
        symbol, size = PERPETUALS[self.exchange]
        position = self.stage.exchange.account(KEY).position(symbol)
        return D(0) if position is None else -position.contracts * size

    def told(self, word: str) -> bool:
        """Whether a person was told so."""
        return any(word in text for _, text in self.alarms)


def play(
    story: Callable[[Calm], Awaitable[None]],
    folder: Path,
    *,
    exchange: str = "binance",
    text: str | None = None,
    money: Mapping[str, Starting] | None = None,
    point: Callable[[list[Calm]], Point] | None = None,
    starts: bool = True,
) -> Calm:
    """Tell a story. It begins with the bot in its second turn.

    Args:
        story: what happens.
        folder: for the journal.
        exchange: where.
        text: the settings; None: those of `settings`.
        money: what the account holds; None: 1 BTC.
        point: makes what is called at every request and commit, of a list that will hold the world.
        starts: whether the bot is started before the story.
    """

    async def told() -> Calm:
        with pytest.MonkeyPatch.context() as patch:
            here: list[Calm] = []
            reached: Point = (lambda _process, _name: None) if point is None else point(here)
            wanted, given = text or settings(exchange), money or wealth(exchange)
            calm = Calm(folder, patch, exchange, wanted, given, reached)
            here.append(calm)
            if starts:
                calm.stage.start()
                await calm.until(lambda seen: len(seen.stage.outcomes) > 1, within_s=60)
            try:
                await story(calm)
            finally:
                if calm.stage.processes:
                    await calm.stage.close()
        return calm

    with doors():
        return run_virtual(told())
