"""A history played to the real bot: paper exchange, virtual time, one stage of the account for every bar.

At a bar's time its prices open, its funding is settled on the position carried into it, and the bot follows it. Then
the contract stands at its high, where a rally would liquidate and where the ladder acts; then at its close. At each
price time goes on for as long as the bot has something to do or to wait for. Every market has its own price: spot is
the index, the contract's own is its mark.
"""

from __future__ import annotations

import asyncio
import tempfile
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from bot.app.assembly import Bot, assembled
from bot.app.replay_script import QUOTE, Script, at_close, at_high, at_open, set_prices, settings_text, starting
from bot.domain.errors import StartFault
from bot.domain.ids import Asset, Symbol, TradeId, VenueOrderId
from bot.domain.intent import IntentRecord, IntentState
from bot.domain.ladder import StepKind, StepRecord, StepState
from bot.domain.ledger import LedgerRow, WalletBalance
from bot.domain.numbers import ONE, ZERO
from bot.domain.orders import Side, VenueTrade
from bot.domain.plan import HedgeView, Verdict
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.listing import MarketType
from bot.paper.engine.model import ForcedCause, Trade
from bot.paper.session import LocalSession
from bot.paper.world import default_world
from bot.report.history import BAR_MS, Period
from bot.report.statement import JournalFill, OrderCounts, Stage, Statement, statement
from bot.runtime.hedger import Outcome
from bot.runtime.virtual import VirtualClock
from bot.settings import RunOptions, load_settings

ACCOUNT: Final = "paper"
LOOK_S: Final = 5.0
"""Between two turns while the bot has something to do, as if it ran at its usual interval."""
HIGH_TURNS: Final = 3
"""So many turns in a row without anything to do at a high: then time goes on. Three readings end every doubt (R12)."""
HIGH_AFTER_MS: Final = BAR_MS // 4
CLOSE_AFTER_MS: Final = BAR_MS // 2
BOOKS_AFTER_MS: Final = BAR_MS * 7 // 8
BOOKS_EVERY: Final = 21
"""Bars between two readings of the venue's books, which reach back no further than some weeks."""
_BUSY: Final = frozenset({Verdict.ORDER, Verdict.CONFIRMING, Verdict.DWELLING, Verdict.WAITING, Verdict.FROZEN})

Progress = Callable[[int], None]
"""Told how many bars are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of it.

    Attributes:
        statement: profit and loss by term, effectiveness at the closes.
        months: whose ends are the stages that `statement` shows, as `2023-01`.
        bars: played.
        liquidations: orders by which the exchange closed the short.
        steps: of the margin ladder that were done, by kind; `failed` are those that were given up.
        worth_start, worth_end: of everything in the account, in quote, at spot.
        coins_start, coins_end: held.
    """

    statement: Statement
    months: tuple[str, ...]
    bars: int
    liquidations: int
    steps: Mapping[str, int]
    worth_start: Decimal
    worth_end: Decimal
    coins_start: Decimal
    coins_end: Decimal


async def replay(script: Script, *, clock: VirtualClock, progress: Progress) -> Replayed:
    """Play a history from its first bar to its last; inside a loop of virtual time.

    Args:
        script: what to play.
        clock: begins at the history's first bar.
        progress: told of every bar.

    Raises:
        BotError: the bot can't start, or finds no hedge at the first bar.
    """
    history = script.history
    first = history.periods[0]
    world = default_world(clock.now_ms, starting={history.exchange: starting(script)})
    exchange = world.venues[history.exchange].exchange
    set_prices(exchange, history, first, at_open)
    with tempfile.TemporaryDirectory(prefix="hedgebot-replay-") as folder:
        path = Path(folder) / "replay.toml"
        path.write_text(settings_text(script, Path(folder) / "journal.db"), encoding="utf-8")
        asked = RunOptions(settings_path=path, live=True, paper=True)
        # Turns are asked for when prices have moved; in between there is nothing to see.
        settings = replace(load_settings(path, {}, paper=True), interval_s=Decimal(BAR_MS // 1000))
        seen = _Seen()
        async with assembled(settings, asked, LocalSession(world), clock, seen) as bot:
            player = _Player(script=script, exchange=exchange, bot=bot, clock=clock, seen=seen)
            return await player.play(progress)


class _Seen:
    """The newest decision of the bot."""

    def __init__(self) -> None:
        self.view: HedgeView | None = None
        self.verdict: Verdict | None = None
        self.reason = "the bot took no turn"
        self.quiet = False
        self._turned = asyncio.Event()

    def __call__(self, outcomes: Sequence[Outcome]) -> None:
        """Take in one turn."""
        for outcome in outcomes:
            self.view, self.verdict, self.reason = outcome.plan.view, outcome.plan.verdict, outcome.plan.reason
            self.quiet = not outcome.sent and outcome.plan.verdict not in _BUSY
        self._turned.set()

    async def next_turn(self) -> None:
        """Wait for a turn that ends from now on."""
        self._turned.clear()
        await self._turned.wait()


class _Player:
    """One run."""

    def __init__(self, *, script: Script, exchange: Exchange, bot: Bot, clock: VirtualClock, seen: _Seen) -> None:
        (self._policy,) = bot.policies
        self._venue = bot.venues[self._policy.venue]
        self._script = script
        self._exchange = exchange
        self._bot = bot
        self._clock = clock
        self._seen = seen
        self._rows: list[LedgerRow] = []
        self._read_from_ms = clock.now_ms()

    async def play(self, progress: Progress) -> Replayed:
        history = self._script.history
        start = Stage(
            price=history.periods[0].spot.open,
            mark=history.periods[0].perp.open,
            time_ms=self._clock.now_ms(),
            coins=self._script.coins,
        )
        stages = [start]
        before, worth_start = await self._venue.wallets(), self._worth()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._bot.daemon.run())
            try:
                for number, period in enumerate(history.periods):
                    await self._bar(number, period)
                    stages.append(self._stage(period))
                    progress(number + 1)
            finally:
                self._bot.daemon.stop()
        await self._read_books()
        return self._replayed(stages, before, await self._venue.wallets(), worth_start)

    async def _bar(self, number: int, period: Period) -> None:
        history = self._script.history
        if number:
            await self._until(period.time_ms)
            set_prices(self._exchange, history, period, at_open)
            self._exchange.settle_funding(history.asset, period.rate)
        following = history.periods[number + 1 : number + 2]
        self._exchange.set_funding_rate(history.asset, following[0].rate if following else period.rate)
        await self._settled(period.time_ms + HIGH_AFTER_MS)
        if not number and self._seen.verdict is not Verdict.BALANCED:
            raise StartFault(f"the bot did not hedge at the first bar: {self._seen.reason}")
        await self._until(period.time_ms + HIGH_AFTER_MS)
        set_prices(self._exchange, history, period, at_high)
        await self._settled(period.time_ms + CLOSE_AFTER_MS, turns=HIGH_TURNS)
        await self._until(period.time_ms + CLOSE_AFTER_MS)
        set_prices(self._exchange, history, period, at_close)
        await self._settled(period.time_ms + BOOKS_AFTER_MS)
        if number % BOOKS_EVERY == 0:
            await self._until(period.time_ms + BOOKS_AFTER_MS)
            await self._read_books()
        # A second before the next bar, so that its funding is no part of this one.
        await self._until(period.time_ms + BAR_MS - 1_000)

    async def _settled(self, until_ms: int, *, turns: int = 1) -> None:
        """Let the bot take turns until it has had nothing to do in so many in a row; at most until a time."""
        quiet = 0
        while quiet < turns and self._clock.now_ms() < until_ms:
            self._bot.daemon.look()
            await self._seen.next_turn()
            quiet = quiet + 1 if self._seen.quiet else 0
            await asyncio.sleep(LOOK_S)

    async def _until(self, time_ms: int) -> None:
        await asyncio.sleep(max(0, time_ms - self._clock.now_ms()) / 1000)

    def _stage(self, period: Period) -> Stage:
        view = self._seen.view
        if view is None or view.principal is None:
            raise StartFault(f"the bot does not know what it holds: {self._seen.reason}")
        return Stage(
            price=period.spot.close, mark=period.perp.close, time_ms=self._clock.now_ms(), coins=view.principal
        )

    async def _read_books(self) -> None:
        """The venue's books since they were read last; nothing happens at the account in this second."""
        until_ms = self._clock.now_ms()
        rows = await self._venue.ledger(self._read_from_ms, [self._policy.symbol])
        self._rows += [row for row in rows if row.time_ms <= until_ms]
        self._read_from_ms = until_ms + 1

    def _worth(self) -> Decimal:
        """Of all wallets and of what is not realised, in quote, at spot."""
        asset = self._script.history.asset
        account = self._exchange.account(ACCOUNT)
        prices = {QUOTE: ONE, asset: self._exchange.price(asset)}
        held = sum(
            (
                balance.total * prices.get(coin, ZERO)
                for wallet in self._exchange.layout.every_wallet
                for coin, balance in account.balances(wallet).items()
            ),
            ZERO,
        )
        return held + sum((one.unrealized * prices.get(one.settle, ZERO) for one in account.positions()), ZERO)

    def _replayed(
        self, stages: Sequence[Stage], before: Sequence[WalletBalance], after: Sequence[WalletBalance], start: Decimal
    ) -> Replayed:
        view = self._seen.view
        assert view is not None
        symbol = self._policy.symbol
        orders = self._exchange.account(ACCOUNT).orders()
        fills, sales = self._bot.journal.fills(self._policy.venue, symbol), self._spot_fills()
        told = statement(
            hedge=self._policy.name,
            asset=self._policy.asset,
            instrument=self._venue.instrument(symbol),
            kind="spot-perp",
            exposure=view.exposure or ZERO,
            short=view.short or ZERO,
            gap_notional=view.gap_notional or ZERO,
            stages=self._with_trades(stages, fills, sales),
            fills=fills,
            rows=self._rows,
            before=before,
            after=after,
            orders=_counts(self._bot.journal.recent(self._policy.venue, symbol, 0)),
            spot_fills=sales,
        )
        shown = _month_ends(self._script.history.periods)
        return Replayed(
            statement=replace(told, stages=tuple(told.stages[number] for number in shown.values())),
            months=tuple(shown),
            bars=len(self._script.history.periods),
            liquidations=sum(order.cause is ForcedCause.LIQUIDATION for order in orders),
            steps=_steps(self._bot.journal.steps(self._policy.venue, symbol)),
            worth_start=start,
            worth_end=self._worth(),
            coins_start=stages[0].coins,
            coins_end=stages[-1].coins,
        )

    def _spot_fills(self) -> list[JournalFill]:
        """What was traded on the coin's spot market, with the spot price of its moment."""
        asset = self._script.history.asset
        listed = self._exchange.listings.values()
        keys = [one.key for one in listed if one.market is MarketType.SPOT and one.asset == asset]
        return [
            (_spot_trade(trade), None, self._price_at(trade.time_ms, MarketType.SPOT))
            for key in keys
            for trade in self._exchange.account(ACCOUNT).trades(key)
        ]

    def _price_at(self, time_ms: int, market: MarketType) -> Decimal:
        prices = self._exchange.price_history(self._script.history.asset, market)
        return prices[bisect_right(prices, time_ms, key=lambda price: price[0]) - 1][1]

    def _with_trades(
        self, stages: Sequence[Stage], fills: Sequence[JournalFill], sales: Sequence[JournalFill]
    ) -> list[Stage]:
        """The stages, and one for each trade: what it moves is held, or not, from its own moment on."""
        found = list(stages)
        own = MarketType(self._script.history.kind.value)
        # What a contract moves in coins, the venue's books tell.
        moves = [*((trade.time_ms, ZERO) for trade, _, _ in fills), *((one.time_ms, one.moved) for one, _, _ in sales)]
        for time_ms, moved in sorted(moves):
            at = bisect_right(found, time_ms, key=lambda stage: stage.time_ms)
            before = found[at - 1]
            found.insert(
                at,
                Stage(
                    price=self._price_at(time_ms, MarketType.SPOT),
                    mark=self._price_at(time_ms, own),
                    time_ms=time_ms,
                    coins=before.coins + self._settled_between(before.time_ms, time_ms) + moved,
                    measured=False,
                ),
            )
        return found

    def _settled_between(self, since_ms: int, until_ms: int) -> Decimal:
        """Coins that the contract itself paid or took; `until_ms` is no part of it."""
        place = (self._policy.symbol, self._policy.asset)
        rows = (row for row in self._rows if (row.symbol, row.asset) == place)
        return sum((row.amount for row in rows if since_ms <= row.time_ms < until_ms), ZERO)


def _steps(records: Sequence[StepRecord]) -> Mapping[str, int]:
    states = Counter("failed" if record.state is StepState.FAILED else record.step.kind.value for record in records)
    return {name: states[name] for name in (*(kind.value for kind in StepKind), "failed")}


def _month_ends(periods: Sequence[Period]) -> Mapping[str, int]:
    """Month -> the number of its last period."""
    months = (f"{datetime.fromtimestamp(period.time_ms / 1000, tz=UTC):%Y-%m}" for period in periods)
    return {month: number for number, month in enumerate(months)}


def _spot_trade(trade: Trade) -> VenueTrade:
    return VenueTrade(
        trade_id=TradeId(str(trade.trade_id)),
        venue_order_id=VenueOrderId(str(trade.order_id)),
        symbol=Symbol(trade.listing_key.partition(":")[2]),
        side=Side.BUY if trade.side.sign > 0 else Side.SELL,
        contracts=trade.quantity,
        price=trade.price,
        fee=trade.fee,
        fee_asset=Asset(trade.fee_asset),
        realized=ZERO,
        maker=trade.maker,
        time_ms=trade.time_ms,
    )


def _counts(records: Sequence[IntentRecord]) -> OrderCounts:
    states = Counter(record.state for record in records)
    return OrderCounts(
        sent=len(records),
        filled=states[IntentState.FILLED],
        rejected=states[IntentState.REJECTED],
        unknown=states[IntentState.UNKNOWN] + states[IntentState.ARMED],
    )
