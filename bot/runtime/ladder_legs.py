"""The two legs of a paired reduction: short bought back, coins sold (R27)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.core import guards, risk, slicing
from bot.core.sale import SaleCase, approve_sale
from bot.domain.ids import Asset
from bot.domain.instrument import Instrument, SpotMarket
from bot.domain.intent import IntentRecord
from bot.domain.ladder import LadderStep
from bot.domain.numbers import ZERO
from bot.domain.observation import Margin, Position, Prices, SymbolConfig, Unknown
from bot.domain.orders import Anchor, Approved, Refused, TradeCursor
from bot.domain.plan import PlannedOrder
from bot.domain.policy import HedgePolicy
from bot.ports import Clock, Journal, LadderJournal, Treasury, Venue
from bot.runtime.executor import Executor
from bot.runtime.memory import HedgeMemory

MINUTE_MS: Final = 60_000
TRADING: Final = "trading"
"""The wallet that a unified account trades from (R5)."""
CURSOR_BACK_MS: Final = 60_000
"""Trades of a sale are looked for from so long before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a leg rests on: of one reading.

    Attributes:
        anchor: the confirmed position.
        recent: orders of ours on the contract, of the last hour.
        still_good: asked before anything leaves: why it must not, or nothing.
    """

    position: Position
    prices: Prices
    mark: Decimal
    margin: Margin | Unknown
    config: SymbolConfig | Unknown
    anchor: Anchor
    recent: Sequence[IntentRecord]
    still_good: Callable[[], str]


class Legs:
    """One for each hedge."""

    def __init__(
        self,
        *,
        policy: HedgePolicy,
        instrument: Instrument,
        venue: Venue,
        treasury: Treasury,
        journal: Journal,
        book: LadderJournal,
        executor: Executor,
        clock: Clock,
        memory: HedgeMemory,
    ) -> None:
        self._policy = policy
        self._instrument = instrument
        self._venue = venue
        self._treasury = treasury
        self._journal = journal
        self._book = book
        self._executor = executor
        self._clock = clock
        self._memory = memory

    async def buy(
        self, step: LadderStep, contracts: Decimal, ground: Ground, tries: int
    ) -> IntentRecord | Refused | None:
        """Buy contracts back, reduce-only, one slice of them; None while the order book is not read yet.

        Raises VenueBusy, NotSent, InvariantBroken, JournalFault like the executor.
        """
        if ground.prices.book is None:
            return None
        order = slicing.buy_back(
            self._policy,
            self._instrument,
            ground.prices,
            ground.prices.book,
            ground.mark,
            contracts,
            unfilled_tries=tries,
            hedged=isinstance(ground.config, SymbolConfig) and ground.config.hedged,
        )
        if isinstance(order, str):
            return Refused(code="order.too-small", reason=order)
        verdict = self._approve(order, ground)
        if isinstance(verdict, Refused):
            return verdict
        return await self._send(step, verdict, ground.anchor, ground.still_good)

    def _approve(self, order: PlannedOrder, ground: Ground) -> Approved | Refused:
        now_ms = self._clock.now_ms()
        return risk.approve(
            order,
            policy=self._policy,
            instrument=self._instrument,
            prices=ground.prices,
            mark=ground.mark,
            position=ground.position,
            target_contracts=ZERO,  # judges sells only
            unfilled=(),
            margin=ground.margin,
            config=ground.config,
            clock_ok=self._venue.has_offset(),
            activity=guards.activity(ground.recent, self._instrument, now_ms),
            campaign=self._memory.campaign,
            halted=self._memory.halts(),
            live=True,
            now_ms=now_ms,
        )

    async def sell(
        self, step: LadderStep, market: SpotMarket, coins: Decimal, ground: Ground, tries: int
    ) -> IntentRecord | Refused:
        """Sell coins, one slice of them. Raises like `buy`, and VenueFault."""
        depth = await self._treasury.spot_book(market.symbol)
        now_ms = self._clock.now_ms()
        case = SaleCase(
            market=market,
            policy=self._policy,
            coins=coins,
            book=depth,
            price=self._instrument.coin_price(ground.mark),
            slippage=slicing.slippage(self._policy, tries),
            recent=self._journal.recent(market.venue, market.symbol, now_ms - MINUTE_MS),
            clock_ok=self._venue.has_offset(),
            now_ms=now_ms,
        )
        verdict = approve_sale(case)
        if isinstance(verdict, Refused):
            return verdict
        # Coins come and go for many reasons: what counts is the trades of the order itself.
        cursor = TradeCursor(trade_id=None, time_ms=self._venue.now_ms() - CURSOR_BACK_MS)
        anchor = Anchor(contracts=ZERO, cursor=cursor, at_ms=now_ms)
        return await self._send(step, verdict, anchor, ground.still_good)

    async def settle(self, sales: Sequence[IntentRecord]) -> None:
        """Find the trades of sales that have filled. Raises VenueFault, JournalFault."""
        for record in sales:
            if not record.state.terminal or record.settled:
                continue
            intent = record.intent
            trades = await self._venue.trades(intent.request.symbol, intent.cursor_before)
            own = [trade for trade in trades if trade.venue_order_id == record.venue_order_id]
            if sum((trade.contracts for trade in own), ZERO) == record.filled:
                self._book.settle_sale(record, own, intent.mark)

    def proceeds(self, sales: Sequence[IntentRecord], settle: Asset) -> Decimal:
        """What the trades of settled sales brought in quote, net of the fees that were taken in it."""
        own = {record.intent.client_id for record in sales}
        total = ZERO
        for market in {record.intent.request.symbol for record in sales}:
            for trade, client_id, _ in self._journal.fills(self._policy.venue, market):
                if client_id in own:
                    total += trade.contracts * trade.price - (trade.fee if trade.fee_asset == settle else ZERO)
        return total

    async def _send(
        self, step: LadderStep, verdict: Approved, anchor: Anchor, still_good: Callable[[], str]
    ) -> IntentRecord:
        return await self._executor.execute(
            self._venue, self._policy.name, verdict, anchor, still_good=still_good, step=step.step_id
        )


async def sellable_coins(policy: HedgePolicy, venue: Venue, treasury: Treasury) -> Decimal:
    """Coins that are free where spot is traded, whoever's they are. Raises VenueFault."""
    if not venue.unified:
        return (await treasury.to_sell(policy.asset)).free
    rows = await venue.wallets()
    return sum((row.quantity for row in rows if row.wallet == TRADING and row.asset == policy.asset), ZERO)
