"""Months of rising prices, told to the whole bot on a paper exchange; for the tests of the margin ladder."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal as D
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest

from bot.domain.ids import Asset, HedgeName, Symbol, VenueName
from bot.domain.ladder import StepRecord
from bot.domain.ledger import WalletBalance
from bot.domain.moves import MoveRecord
from bot.journal.store import SqlJournal
from bot.paper.engine.defaults import Starting
from bot.paper.engine.model import Position
from bot.ports import Venue
from bot.report.statement import JournalFill, OrderCounts, Statement, statement
from bot.report.statement import Stage as Moment
from bot.runtime.alarms import LogAlarms
from bot.runtime.virtual import run_virtual
from tests.sim.stage import KEY, Stage, doors

T = TypeVar("T")

DAY_S: Final = 86_400
MAIN, PERP, SPOT = VenueName("main"), Symbol("BTC/USDT:USDT"), Symbol("BTC/USDT")
FIRST: Final = D(100_000)
SIZES: Final = {"binance": D(1), "okx": D("0.01"), "kucoin": D("0.001")}
"""Coins in one contract."""
WALLETS: Final = {"binance": ("spot", "usdm"), "okx": ("trading", "trading"), "kucoin": ("trade", "futures")}
"""Where spot is traded, and what margins the contract."""


def wealth(exchange: str, *, coins: str, spot: str, margin: str) -> Mapping[str, Starting]:
    """What the account holds at first: coins and USDT where spot is traded, USDT in the margin wallet."""
    trades, margins = WALLETS[exchange]
    wallets: dict[str, dict[str, D]] = {trades: {"BTC": D(coins), "USDT": D(spot)}}
    wallets.setdefault(margins, {"USDT": D(0)})["USDT"] += D(margin)
    return {exchange: wallets}


def settings(exchange: str, ladder: str, *, interval_s: int = 3_600, extra: str = "") -> str:
    """One hedge of the BTC in spot, with a ladder; a turn an hour."""
    return f"""
interval_s = "{interval_s}"

[journal]
path = "{{journal}}"

[venues.main]
exchange    = "{exchange}"
environment = "paper"
streams     = false

[[hedges]]
name     = "btc"
asset    = "BTC"
holdings = [ {{source = "spot", venue = "main"}} ]
short    = {{venue = "main", symbol = "BTC/USDT:USDT", margin = "isolated", leverage = 1}}
ladder   = {{{ladder}}}
{extra}
"""


def climb(times: str, days: int) -> list[D]:
    """Daily prices from 100,000 to so many times that, with days that fall; never more than some percent a day."""
    step = float(times) ** (1 / days)
    prices = [
        100_000 * step**day * (1 + (0.02 if day % 3 else -0.01) * (day not in {0, days})) for day in range(days + 1)
    ]
    return [D(round(price, 1)).quantize(D("0.1")) for price in prices]


@dataclass
class Rally:
    """One account, one hedge of its BTC, and what is heard of it."""

    stage: Stage
    alarms: list[tuple[int, str, dict[str, object]]] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    before: Sequence[WalletBalance] = ()
    lowest: D = D(100)
    """The lowest ratio of true liquidation price and mark that was ever seen."""

    @property
    def position(self) -> Position | None:
        """The true short."""
        found = [row for row in self.stage.exchange.account(KEY).positions() if row.contracts]
        assert len(found) <= 1
        return found[0] if found else None

    @property
    def short(self) -> D:
        """True coins short."""
        found = self.position
        return D(0) if found is None else -found.contracts * SIZES[self.stage.exchange_name]

    @property
    def coins(self) -> D:
        """True coins where spot is traded."""
        wallet = WALLETS[self.stage.exchange_name][0]
        return self.stage.exchange.account(KEY).balance(wallet, "BTC").total

    @property
    def ratio(self) -> D | None:
        """True liquidation price / mark; None without a short."""
        found = self.position
        if found is None:
            return None
        assert found.liquidation_price is not None
        return found.liquidation_price / found.mark_price

    @property
    def worth(self) -> D:
        """Everything that the account owns, at the price of now."""
        price = self.stage.exchange.price("BTC")
        account = self.stage.exchange.account(KEY)
        total = sum((row.unrealized for row in account.positions() if row.contracts), D(0))
        for wallet in set(WALLETS[self.stage.exchange_name]):
            held = account.balances(wallet)
            total += sum(
                (held[asset].total * {"BTC": price, "USDT": D(1)}[asset] for asset in held if asset in {"BTC", "USDT"}),
                D(0),
            )
        return total

    def heard(self, event: str, code: str | None = None) -> list[dict[str, object]]:
        """Alarms of one kind."""
        return [values for _, name, values in self.alarms if name == event and code in {None, values.get("code")}]

    def journal(self, read: Callable[[SqlJournal], T]) -> T:
        """What the journal holds."""
        with SqlJournal.open_readonly(self.stage.journal_path) as journal:
            return read(journal)

    @property
    def steps(self) -> Sequence[StepRecord]:
        """Every step of the ladder, oldest first."""
        return self.journal(lambda journal: journal.steps(MAIN, PERP))

    @property
    def moves(self) -> Sequence[MoveRecord]:
        """Every move of money, oldest first."""
        return self.journal(
            lambda journal: [move for step in journal.steps(MAIN, PERP) for move in journal.moves_of(step.step.step_id)]
        )

    @property
    def venue(self) -> Venue:
        """As the running bot reads it."""
        bot = self.stage.process.bot
        assert bot is not None
        return bot.venues[MAIN]

    async def begin(self) -> None:
        """Start the bot and wait until it has hedged."""
        self.stage.start()
        assert await self.stage.until(lambda stage: bool(stage.plans), within_s=60), self.stage.starts_failed
        assert not self.short
        self.before = await self.venue.wallets()
        self.note()
        assert await self.stage.until(lambda _: self.short > 0, within_s=2 * 3_600, step_s=60), self.stage.plans[-1:]
        await self.stage.run(120)

    def note(self, price: D | None = None) -> None:
        """Note where things stand, for the statement."""
        self.moments.append(
            Moment(price=price or self.stage.exchange.price("BTC"), time_ms=self.stage.clock.now_ms(), coins=self.coins)
        )

    async def at(self, price: D, seconds: float = DAY_S, *, funding: str | None = None) -> None:
        """The price moves, funding is settled if it is given, and so much time passes."""
        self.stage.world.set_price("BTC", price)
        if funding is not None:
            self.stage.exchange.settle_funding("BTC", D(funding))
        self.note()
        ratio = self.ratio
        self.lowest = min(self.lowest, self.lowest if ratio is None else ratio)
        await self.stage.run(seconds)
        self.note()

    async def told(self) -> Statement:
        """The statement of everything since `begin`, from the venue's own books and the journal's fills (R29)."""
        venue = self.venue
        began_ms = self.moments[0].time_ms
        after = await venue.wallets()
        rows = await venue.ledger(began_ms, [PERP])
        fills = self.journal(lambda journal: journal.fills(MAIN, PERP))
        return statement(
            hedge=HedgeName("btc"),
            asset=Asset("BTC"),
            instrument=venue.instrument(PERP),
            kind="spot-perp",
            exposure=self.coins,
            short=self.short,
            gap_notional=D(0),
            stages=self.moments,
            fills=fills,
            rows=rows,
            before=self.before,
            after=after,
            orders=OrderCounts(sent=0, filled=0, rejected=0, unknown=0),
        )

    def sold_below(self) -> D:
        """What the sales of coins brought less than the price of their moment, in USDT: their execution."""
        price = {moment.time_ms: moment.price for moment in self.moments}
        sold: Sequence[JournalFill] = self.journal(lambda journal: journal.fills(MAIN, SPOT))
        lost = D(0)
        for trade, _, _ in sold:
            at = max(time_ms for time_ms in price if time_ms <= trade.time_ms)
            lost += (price[at] - trade.price) * trade.contracts
        return lost


def tell(
    folder: Path,
    exchange: str,
    ladder: str,
    starting: Mapping[str, Starting],
    story: Callable[[Rally], Coroutine[Any, Any, None]],
    **given: Any,  # noqa: ANN401 - what `settings` and `Stage` take
) -> Rally:
    """Tell a story on virtual time, from a bot that has hedged on."""
    text = settings(exchange, ladder, **given)
    heard: list[tuple[int, str, dict[str, object]]] = []

    async def main() -> Rally:
        stage = Stage(folder, exchange=exchange, settings=text, starting=starting)
        rally = Rally(stage=stage, alarms=heard)

        def alarm(_alarms: LogAlarms, event: str, **values: object) -> None:
            heard.append((stage.clock.now_ms(), event, values))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(LogAlarms, "alarm", alarm)
            try:
                await rally.begin()
                await story(rally)
            finally:
                await stage.close()
        return rally

    with doors():
        return run_virtual(main())
