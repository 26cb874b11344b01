"""A history played to the decisions of a stablecoin hedge: what it would have done, when, and why.

Every eight hours the bar's close is one reading of the price. The hedge's slices fill at that close, a tick worse, and
pay the taker fee; caps on orders don't bind. Stablecoins stand at 1 USD, since the file tells nothing of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from typing import Final

from bot.core import owned
from bot.core import signals as sig
from bot.core.exit_books import ExitMarket
from bot.core.exit_scene import WEEK_MS
from bot.core.exit_situation import ExitMemory, ExitSituation
from bot.core.stablecoin import decide
from bot.domain.exits import Crossing, CrossingCause, CrossingKind, CrossingRecord, CrossingState, ExitPlan, ExitPolicy
from bot.domain.ids import Asset, Epoch, Symbol, TradeId, VenueOrderId, client_order_id
from bot.domain.instrument import SpotMarket
from bot.domain.numbers import ONE, ZERO
from bot.domain.observation import Book, BookLevel, Stamp
from bot.domain.orders import Approved, Side, VenueTrade
from bot.domain.proceeds import CrossingId, Flow
from bot.domain.usd import UsdBar, UsdPrice
from bot.report.history import BAR_MS, History

FEE: Final = Decimal("0.001")
"""Taker fee on spot without any discount, on the exchanges whose histories can be played."""
_TICK: Final = Decimal("0.01")
_STEP: Final = Decimal("0.00001")
_NOTIONAL_MIN: Final = Decimal(5)
_PLENTY: Final = Decimal(1_000_000)
_TURN_MS: Final = 5_000
_EPOCH: Final = Epoch("pastpastpa")

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitReplayed:
    """What came of it.

    Attributes:
        crossings: all of them, oldest first.
        bars: played.
        coins, quote: at the end; `quote` is of all stablecoins.
        fees: in quote, those in coins at the price of their moment.
        worth_start, worth_end: of all that is held, in quote.
        held_end: what the coins of the start are worth at the last bar.
        fall, held_fall: the deepest fall of the worth from its peak, as a fraction: with the hedge, and without.
        apart_ms: the least time between the end of an exit and the way back by itself; None when there was none.
        round_trips: most ways back by itself that began within any seven days.
    """

    crossings: tuple[CrossingRecord, ...]
    bars: int
    coins: Decimal
    quote: Decimal
    fees: Decimal
    worth_start: Decimal
    worth_end: Decimal
    held_end: Decimal
    fall: Decimal
    held_fall: Decimal
    apart_ms: int | None
    round_trips: int


def replay_exits(policy: ExitPolicy, history: History, coins: Decimal, progress: Progress) -> ExitReplayed:
    """Play every bar, from the first to the last.

    Args:
        policy: of the hedge; its asset is the history's.
        history: its spot bars are used, and nothing else.
        coins: held at the first bar.
        progress: told of every bar.
    """
    # A reading comes every eight hours: what must last longer than a moment must stand at two closes in a row.
    player = _Player(replace(policy, gap_max_s=max(policy.gap_max_s, Decimal(BAR_MS) / 1000)), coins)
    worths, held = [], []
    for number, period in enumerate(history.periods):
        player.bar(UsdBar(open_ms=period.time_ms, close=period.spot.close))
        worths.append(player.worth())
        held.append(coins * period.spot.close)
        progress(number + 1)
    return ExitReplayed(
        crossings=tuple(player.crossings),
        bars=len(history.periods),
        coins=player.held(policy.asset),
        quote=player.worth() - player.held(policy.asset) * player.price,
        fees=player.fees,
        worth_start=coins * history.periods[0].spot.open,
        worth_end=worths[-1],
        held_end=held[-1],
        fall=_fall(worths),
        held_fall=_fall(held),
        apart_ms=_apart(player.crossings),
        round_trips=_most_in_a_week(player.crossings),
    )


class _Player:
    """The account, and what the journal would hold."""

    def __init__(self, policy: ExitPolicy, coins: Decimal) -> None:
        self._policy = policy
        self._now_ms = 0
        self._bars: list[UsdBar] = []
        self._memory = ExitMemory()
        self._flows: list[Flow] = []
        self._balances: dict[Asset, Decimal] = {policy.asset: coins}
        self._sequence = 0
        self._settled_ms = 0
        self._history_ms = sig.history_ms(policy)
        self.crossings: list[CrossingRecord] = []
        self.price = ZERO
        self.fees = ZERO

    def held(self, asset: Asset) -> Decimal:
        """Of one currency."""
        return self._balances.get(asset, ZERO)

    def worth(self) -> Decimal:
        """Of all that is held, in quote."""
        return sum(
            (amount * (self.price if asset == self._policy.asset else ONE) for asset, amount in self._balances.items()),
            ZERO,
        )

    def bar(self, bar: UsdBar) -> None:
        """A bar ends: decide, and carry it out slice by slice as long as the next bar has not."""
        self._now_ms = bar.open_ms + BAR_MS
        self.price = bar.close
        oldest_ms = self._now_ms - self._history_ms
        self._bars = [*(one for one in self._bars if one.open_ms >= oldest_ms), bar]
        end_ms = self._now_ms + BAR_MS - _TURN_MS
        while self._now_ms < end_ms:
            plan, self._memory = decide(self._situation(), self._memory)
            if plan.order is None and plan.end is None:
                return
            self._carry_out(plan)
            self._now_ms += _TURN_MS

    def _situation(self) -> ExitSituation:
        policy, now_ms = self._policy, self._now_ms
        stamp = Stamp(sent_ms=now_ms, answered_ms=now_ms)

        def balance(asset: Asset) -> owned.Balance:
            return owned.Balance(free=self.held(asset), total=self.held(asset), stamp=stamp)

        return ExitSituation(
            policy=policy,
            now_ms=now_ms,
            price=UsdPrice(asset=policy.asset, value=self.price, anchor="history", stamp=stamp),
            second=self.price,
            bars=self._bars,
            bar_ms=BAR_MS,
            pegs={asset: UsdPrice(asset=asset, value=ONE, anchor="history", stamp=stamp) for asset in policy.basket},
            coins=balance(policy.asset),
            money={asset: balance(asset) for asset in policy.basket},
            markets={asset: self._market(asset, stamp) for asset in policy.basket},
            flows=self._flows,
            crossings=self.crossings,
            settled_ms=self._settled_ms,
        )

    def _market(self, quote: Asset, stamp: Stamp) -> ExitMarket:
        market = SpotMarket(
            venue=self._policy.venue,
            symbol=Symbol(f"{self._policy.asset}/{quote}"),
            base=self._policy.asset,
            quote=quote,
            quantity_step=_STEP,
            quantity_min=_STEP,
            quantity_max=_PLENTY,
            price_tick=_TICK,
            notional_min=_NOTIONAL_MIN,
            taker_fee=FEE,
            fee_in_quote=False,
        )
        bid, ask = (BookLevel(price=self.price + tick, contracts=_PLENTY) for tick in (-_TICK, _TICK))
        return ExitMarket(market=market, book=Book(bids=(bid,), asks=(ask,), stamp=stamp))

    def _carry_out(self, plan: ExitPlan) -> None:
        if plan.begin is not None:
            self.crossings.append(self._begun(plan))
        if plan.order is not None:
            self._fill(plan.order, self.crossings[-1].crossing)
        if plan.end is not None:
            self.crossings[-1] = replace(
                self.crossings[-1],
                state=plan.end.state,
                coins_done=plan.end.coins_done,
                quote_done=plan.end.quote_done,
                detail=plan.end.detail,
                updated_ms=self._now_ms,
            )

    def _begun(self, plan: ExitPlan) -> CrossingRecord:
        draft = plan.begin
        assert draft is not None
        crossing = Crossing(
            crossing_id=CrossingId(client_order_id(_EPOCH, self._next())),
            hedge=self._policy.name,
            venue=self._policy.venue,
            asset=self._policy.asset,
            kind=draft.kind,
            cause=draft.cause,
            coins=draft.coins,
            source=draft.source,
            target=draft.target,
            reason=draft.reason,
            created_ms=self._now_ms,
        )
        return CrossingRecord(
            crossing=crossing,
            state=CrossingState.OPEN,
            coins_done=ZERO,
            quote_done=ZERO,
            detail="",
            updated_ms=self._now_ms,
        )

    def _fill(self, order: Approved, crossing: Crossing) -> None:
        """All of it, at the best price of the book."""
        request, coin = order.request, self._policy.asset
        quote = Asset(request.symbol.partition("/")[2])
        sells = request.side is Side.SELL
        price = self.price - _TICK if sells else self.price + _TICK
        fee = request.contracts * FEE * (price if sells else ONE)
        self.fees += fee * (ONE if sells else price)
        number = str(self._next())
        trade = VenueTrade(
            trade_id=TradeId(number),
            venue_order_id=VenueOrderId(number),
            symbol=request.symbol,
            side=request.side,
            contracts=request.contracts,
            price=price,
            fee=fee,
            fee_asset=quote if sells else coin,
            realized=ZERO,
            maker=False,
            time_ms=self._now_ms,
        )
        for flow in owned.flows_of(trade, crossing):
            self._flows.append(flow)
            self._balances[flow.asset] = self.held(flow.asset) + flow.amount
        self._settled_ms = self._now_ms

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence


def _fall(worths: list[Decimal]) -> Decimal:
    """The deepest fall from a peak, as a fraction of it."""
    peak, deepest = worths[0], ZERO
    for worth in worths:
        peak = max(peak, worth)
        deepest = max(deepest, (peak - worth) / peak)
    return deepest


def _apart(crossings: list[CrossingRecord]) -> int | None:
    pairs = pairwise(crossings)
    return min(
        (
            back.crossing.created_ms - out.updated_ms
            for out, back in pairs
            if out.crossing.kind is CrossingKind.EXIT and back.crossing.cause is CrossingCause.SIGNAL
        ),
        default=None,
    )


def _most_in_a_week(crossings: list[CrossingRecord]) -> int:
    times = [
        record.crossing.created_ms
        for record in crossings
        if record.crossing.kind is CrossingKind.ENTER and record.crossing.cause is CrossingCause.SIGNAL
    ]
    return max((sum(1 for time in times if 0 <= last - time < WEEK_MS) for last in times), default=0)


def crossing_facts(record: CrossingRecord) -> Mapping[str, str | int | None]:
    """A crossing as JSON: amounts are strings of plain digits."""
    crossing = record.crossing
    return {
        "kind": crossing.kind.value,
        "cause": crossing.cause.value,
        "state": record.state.value,
        "from_ms": crossing.created_ms,
        "to_ms": record.updated_ms,
        "coins": f"{record.coins_done:f}",
        "quote": f"{record.quote_done:f}",
        "average": None if record.average is None else f"{record.average:.8g}",
        "reason": crossing.reason,
    }
