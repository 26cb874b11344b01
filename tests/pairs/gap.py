"""Two exchanges with a gap between their prices, and a bot that may use it; told on virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR
from decimal import Decimal as D
from pathlib import Path
from typing import Final

import pytest

from bot.domain.control import Control, ControlKind
from bot.domain.ids import HedgeName
from bot.domain.intent import IntentRecord
from bot.domain.pair import PairStory
from bot.domain.trader import TraderOutcome
from bot.journal.store import SqlJournal
from bot.paper.engine.defaults import Starting
from bot.paper.engine.model import NewOrder, Order, OrderKind, Side, TimeInForce
from bot.paper.faults import Fault, FaultKind
from bot.runtime.alarms import LogAlarms
from bot.runtime.virtual import run_virtual
from tests.sim.stage import KEY, Point, Process, Stage, doors

ORDERS: Final = {"kucoin": "/api/v1/hf/orders", "okx": "/api/v5/trade/order", "binance": "/api/v3/order"}
WALLETS: Final = {"kucoin": "trade", "okx": "trading", "binance": "spot"}
LISTINGS: Final = {"kucoin": "spot:BTC-USDT", "okx": "spot:BTC-USDT", "binance": "spot:BTCUSDT"}
RICH: Final[Mapping[str, Starting]] = {
    "kucoin": {"trade": {"BTC": D(1), "USDT": D(400_000)}},
    "okx": {"trading": {"BTC": D(1), "USDT": D(400_000)}},
    "binance": {"spot": {"BTC": D(1), "USDT": D(400_000)}, "usdm": {"USDT": D(1_000_000)}},
}
VENUE: Final = """
[venues.{name}]
exchange    = "{name}"
environment = "paper"
streams     = false
"""
HEDGE: Final = """
[[hedges]]
name     = "gap"
kind     = "cross-exchange"
asset    = "BTC"
venues   = [ {{venue = "{buys}"}}, {{venue = "{sells}"}} ]
min_edge = "0.05 %"
caps     = {{order_notional = "150000", notional_per_hour = "2000000"}}
{extra}
"""


def settings(*, buys: str = "kucoin", sells: str = "okx", extra: str = "", more: str = "") -> str:
    """One hedge between two venues; `extra` for the hedge, `more` for the file."""
    names = dict.fromkeys((buys, sells, *(["binance"] if 'venue = "binance"' in more else [])))
    venues = "".join(VENUE.format(name=name) for name in names)
    return f'[journal]\npath = "{{journal}}"\n{venues}{HEDGE.format(buys=buys, sells=sells, extra=extra)}{more}'


class Gap:
    """The two exchanges. After every request and commit both stocks of coins are added up."""

    def __init__(
        self, folder: Path, patch: pytest.MonkeyPatch, text: str, money: Mapping[str, Starting], venues: Sequence[str]
    ) -> None:
        self.point: Point = lambda _process, _name: None
        self.stage = Stage(folder, settings=text, starting=money, point=self._reached)
        self.venues = venues
        self.alarms: list[tuple[int, str]] = []

        def alarm(_alarms: LogAlarms, event: str, **values: object) -> None:
            self.alarms.append((self.now_ms, f"{event} {values.get('hedge')}: {values.get('reason')}"))

        patch.setattr(LogAlarms, "alarm", alarm)

    def _reached(self, process: Process, name: str) -> None:
        self.point(process, name)

    # What happens

    def prices(self, buys: str, sells: str, *, deep: str = "1") -> None:
        """The first venue's best ask, and the second one's best bid, each so deep."""
        for name, side, price in zip(self.venues, (1, -1), (buys, sells), strict=True):
            exchange = self.stage.world.venues[name].exchange
            exchange.set_depth(LISTINGS[name], D(deep))
            half = D(price) * D("0.00001")
            tick = D("0.1") if name != "binance" else D("0.01")
            mark = D(price) - side * half.quantize(tick, ROUND_FLOOR if side > 0 else ROUND_CEILING)
            self.stage.world.set_price("BTC", mark, name)

    def fees(self, rate: str) -> None:
        """What takers pay on both, as a fraction."""
        for name in self.venues:
            self.stage.world.venues[name].exchange.set_spot_fee(D(rate))

    def even_prices(self, price: str = "100000") -> None:
        """No gap between them."""
        self.stage.world.set_price("BTC", D(price))

    def trouble(self, exchange: str, kind: FaultKind, *, count: int = 1, path: str = "", delay_s: float = 0.0) -> None:
        """Something is wrong with an exchange's orders, or another path of it."""
        method = None if path else "POST"
        fault = Fault(
            venue=exchange, path=path or ORDERS[exchange], kind=kind, method=method, count=count, delay_s=delay_s
        )
        self.stage.world.faults.add(fault)

    def arrive_late(self, record: IntentRecord) -> None:
        """An order that was proven absent reaches its venue after all."""
        request = record.intent.request
        self.stage.world.venues[request.venue].exchange.submit(
            KEY,
            NewOrder(
                listing_key=LISTINGS[request.venue],
                side=Side(request.side.value.upper()),
                kind=OrderKind.LIMIT,
                quantity=request.contracts,
                price=request.price,
                tif=TimeInForce.IOC,
                client_id=record.intent.client_id,
            ),
        )

    def mend(self) -> None:
        """Both venues are well again."""
        self.stage.world.faults.clear()

    def say(self, kind: ControlKind | None, hedge: str = "gap") -> None:
        """A person pauses the hedge, or with None resumes it and clears the halts."""
        with SqlJournal.open_beside(self.stage.journal_path) as journal:
            if kind is None:
                journal.end_controls(self.now_ms)
                journal.clear_halts(self.now_ms)
            else:
                journal.control(Control(kind=kind, hedge=HedgeName(hedge), who="tester", why="", since_ms=self.now_ms))

    async def run(self, seconds: float) -> None:
        """Let time pass."""
        await self.stage.run(seconds)

    async def until(self, fact: Callable[[Gap], bool], *, within_s: float = 30, step_s: float = 0.25) -> None:
        """Run until a fact holds."""
        came = await self.stage.until(lambda _: fact(self), within_s=within_s, step_s=step_s)
        assert came, f"{[story.record for story in self.trades]} {self.last and self.last.reason} {self.alarms[-3:]}"

    # What is true

    @property
    def now_ms(self) -> int:
        """The time of the stage."""
        return self.stage.clock.now_ms()

    @property
    def last(self) -> TraderOutcome | None:
        """What the newest turn came to."""
        return self.stage.outcomes[-1][1] if self.stage.outcomes else None

    @property
    def trades(self) -> Sequence[PairStory]:
        """Every trade of the journal, oldest first."""
        with SqlJournal.open_readonly(self.stage.journal_path) as journal:
            return journal.recent_pairs(0)

    @property
    def over(self) -> bool:
        """There was a trade, and none is under way."""
        return bool(self.trades) and all(story.record.state.over for story in self.trades)

    def orders(self, exchange: str) -> Sequence[Order]:
        """Every order that reached a venue's spot market."""
        return self.stage.world.venues[exchange].exchange.account(KEY).orders()

    def held(self, asset: str = "BTC") -> D:
        """On both venues together."""
        return sum((self.held_on(name, asset) for name in self.venues), D(0))

    def held_on(self, exchange: str, asset: str = "BTC") -> D:
        """Free and locked, where spot is traded."""
        return self.stage.world.venues[exchange].exchange.account(KEY).balance(WALLETS[exchange], asset).total

    @property
    def step(self) -> D:
        """Of a quantity, on both."""
        return D("0.00000001")

    def told(self, word: str, since_ms: int = 0) -> bool:
        """Whether a person was told so."""
        return any(word in text for at_ms, text in self.alarms if at_ms >= since_ms)


def play(
    story: Callable[[Gap], Awaitable[None]],
    folder: Path,
    *,
    text: str | None = None,
    money: Mapping[str, Starting] = RICH,
    venues: Sequence[str] = ("kucoin", "okx"),
    fee: str = "0.0002",
    starts: bool = True,
) -> Gap:
    """Tell a story. It begins with even prices and the bot in its second turn."""

    async def told() -> Gap:
        with pytest.MonkeyPatch.context() as patch:
            wanted = settings(buys=venues[0], sells=venues[1]) if text is None else text
            gap = Gap(folder, patch, wanted, money, venues)
            gap.fees(fee)
            if starts:
                gap.stage.start()
                await gap.until(lambda seen: len(seen.stage.outcomes) > 1, within_s=60)
            try:
                await story(gap)
            finally:
                await gap.stage.close()
        return gap

    with doors():
        return run_virtual(told())
