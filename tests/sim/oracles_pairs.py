"""What must always hold of a cross-exchange hedge, judged by the exchanges themselves and the journal.

| | holds |
|---|---|
| P1 | after every finished trade as many coins over both exchanges as before, to one step |
| P2 | no trade whose net edge, by the exchanges' own books, was below the least one when it was decided |
| P3 | naked for 5 s at most in 99 of 100 trades whose two answers were known; a figure of many seeds |
| P4 | with an order whose fate was unknown it is over within the time of proof; of each long one a person was told |
| P5 | no second trade while one is not over |
| P6 | the exchanges' money has changed by what the journal says that the trades earned, to the cent |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final, Protocol

from bot.domain.errors import JournalFault
from bot.domain.intent import IntentState
from bot.domain.numbers import ZERO
from bot.domain.pair import PairState, PairStory, PairTrade
from bot.journal.store import SqlJournal
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import Level, Side, Trade
from tests.sim.trace import Violation

PROOF_MS: Final = 90_000
"""Of each order whose fate is unknown: its validity, the grace, and what keeps its venue from being asked."""
OUTAGE_MS: Final = 60_000
"""Besides: the longest that all of a venue is away."""
TOLD_MS: Final = 5_000
"""A trade that is naked for longer than this has been told of, by its name."""
UNSURE_MS: Final = 15_000
"""So has one of which an order's fate was not known for longer than this; a process may be down for a part of it."""
CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A book as the exchange had it from a time on."""

    at_ms: int
    bids: Sequence[Level]
    asks: Sequence[Level]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traded:
    """One trade of the journal, with how long it was really naked.

    Attributes:
        unknown: so many of its orders had a fate that was not known for a while: by their state, or because the bot
            told that no answer had come for three seconds.
        lasted_ms: from its intents to its end.
        told: a person was alarmed about it.
    """

    story: PairStory
    naked_ms: int
    unknown: int
    lasted_ms: int
    told: bool


@dataclass
class PairTruth:
    """The exchanges and the journal, as they are."""

    exchanges: Mapping[str, Exchange]
    journal_path: Path
    key: str
    markets: Mapping[str, str]
    wallets: Mapping[str, str]
    now_ms: Callable[[], int]
    alarms: set[str] = field(default_factory=set)
    unanswered: set[str] = field(default_factory=set)
    foreign: Decimal = ZERO
    stories: Sequence[PairStory] = ()
    unknown: set[str] = field(default_factory=set)
    _quotes: dict[str, list[Quoted]] = field(default_factory=dict)
    _first: Mapping[str, Decimal] = field(default_factory=dict)
    _began_ms: dict[str, int] = field(default_factory=dict)
    _over_ms: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Note what there is at first."""
        for name in self.exchanges:
            self.quoted(name)
        self._first = {asset: self._held(asset) for asset in ("BTC", "USDT")}

    def quoted(self, name: str) -> None:
        """An exchange's book has changed."""
        depth = self.exchanges[name].depth(self.markets[name], 20)
        self._quotes.setdefault(name, []).append(Quoted(at_ms=self.now_ms(), bids=depth.bids, asks=depth.asks))

    def books(self, name: str, from_ms: int, until_ms: int) -> Iterator[Quoted]:
        """Every book that an exchange showed in that time."""
        quotes = self._quotes[name]
        for number, quote in enumerate(quotes):
            ended_ms = quotes[number + 1].at_ms if number + 1 < len(quotes) else until_ms + 1
            if quote.at_ms <= until_ms and ended_ms >= from_ms:
                yield quote

    def look(self) -> None:
        """Read the trades as they are durable."""
        try:
            with SqlJournal.open_readonly(self.journal_path) as journal:
                self.stories = journal.recent_pairs(0)
        except JournalFault:
            return  # there is none yet
        for story in self.stories:
            self._began_ms.setdefault(story.record.trade.pair_id, self.now_ms())
            if story.record.state.over:
                self._over_ms.setdefault(story.record.trade.pair_id, self.now_ms())
            self.unknown |= {it.intent.client_id for it in story.orders if it.state is IntentState.UNKNOWN}

    def drift(self) -> Decimal:
        """Coins over both exchanges, more than there were at first and came from outside."""
        return self._held("BTC") - self._first["BTC"] - self.foreign

    def earned(self) -> Decimal:
        """USDT over both exchanges, more than at first."""
        return self._held("USDT") - self._first["USDT"]

    def taken(self, story: PairStory) -> bool:
        """Whether a person took away the coins that a trade has too many: then only a person can end it, who was told.

        What completes it may lose more than is allowed, and there is nothing to undo it with.
        """
        venue = story.record.trade.buy.venue
        left = sum((coins for _, coins in self.fills(story)), ZERO)
        held = self.exchanges[venue].account(self.key).balance(self.wallets[venue], "BTC").total
        return not story.record.state.over and held < left and story.record.trade.pair_id in self.alarms

    def _held(self, asset: str) -> Decimal:
        return sum(
            (
                exchange.account(self.key).balance(self.wallets[name], asset).total
                for name, exchange in self.exchanges.items()
            ),
            ZERO,
        )

    def step(self) -> Decimal:
        """The coarser step of both markets."""
        return max(exchange.listing(self.markets[name]).quantity_step for name, exchange in self.exchanges.items())

    def fee(self, name: str) -> Decimal:
        """What takers pay on an exchange."""
        exchange = self.exchanges[name]
        return exchange.account(self.key).fees(exchange.listing(self.markets[name]))[1]

    def fills(self, story: PairStory) -> Sequence[tuple[Trade, Decimal]]:
        """What the exchanges filled for a trade, oldest first, each with the coins that it added."""
        ids = {order.intent.client_id for order in story.orders}
        found: list[tuple[Trade, Decimal]] = []
        for name, exchange in self.exchanges.items():
            account = exchange.account(self.key)
            ours = {order.order_id for order in account.orders() if order.client_id in ids}
            for trade in account.trades(self.markets[name]):
                if trade.order_id in ours:
                    coins = trade.quantity if trade.side is Side.BUY else -trade.quantity
                    found.append((trade, coins - (trade.fee if trade.fee_asset == "BTC" else ZERO)))
        return sorted(found, key=lambda fill: fill[0].time_ms)

    def paid(self, story: PairStory) -> Decimal:
        """USDT that a trade's fills brought, or, negative, cost."""
        return sum(
            (
                (trade.quote if trade.side is Side.SELL else -trade.quote)
                - (trade.fee if trade.fee_asset == "USDT" else ZERO)
                for trade, _ in self.fills(story)
            ),
            ZERO,
        )

    def naked_ms(self, story: PairStory) -> int:
        """For how long one exchange had filled more than the other; what is left at the end is not counted."""
        total, since_ms, naked_ms = ZERO, 0, 0
        for trade, coins in self.fills(story):
            if abs(total) > self.step():
                naked_ms += trade.time_ms - since_ms
            total, since_ms = total + coins, trade.time_ms
        return naked_ms

    def traded(self) -> Sequence[Traded]:
        """Every trade that is over."""
        return [
            Traded(
                story=story,
                naked_ms=self.naked_ms(story),
                unknown=sum(order.intent.client_id in self.unknown for order in story.orders)
                + (story.record.trade.pair_id in self.unanswered),
                lasted_ms=self._over_ms[story.record.trade.pair_id] - self._began_ms[story.record.trade.pair_id],
                told=story.record.trade.pair_id in self.alarms,
            )
            for story in self.stories
            if story.record.state.over
        ]


class PairOracle(Protocol):
    """Judges a simulation."""

    def after(self, doing: str, truth: PairTruth) -> None:
        """Something was committed. Raises Violation."""
        ...

    def finish(self, truth: PairTruth) -> None:
        """The simulation is over. Raises Violation."""
        ...


class CoinsStay:
    """P1."""

    def __init__(self) -> None:
        self._allowed = ZERO
        self._judged: set[str] = set()

    def after(self, doing: str, truth: PairTruth) -> None:
        """What each finished trade may leave: a step, or what it says itself that it left and could not even."""
        del doing
        if not truth.stories or not all(story.record.state.over for story in truth.stories):
            return
        for story in truth.stories:
            record = story.record
            if record.trade.pair_id in self._judged:
                continue
            self._judged.add(record.trade.pair_id)
            made = sum((coins for _, coins in truth.fills(story)), ZERO)
            told = ZERO if record.state is PairState.EVEN else abs(record.left or ZERO)
            if abs(made) > truth.step() + told:
                raise Violation("P1", f"{record.trade.pair_id} ended {record.state.value} with {made} coins more")
            self._allowed += truth.step() + told
        if abs(truth.drift()) > self._allowed:
            raise Violation("P1", f"{truth.drift()} coins more after {len(self._judged)} trades")

    def finish(self, truth: PairTruth) -> None:
        """Every trade is over once all is quiet."""
        for story in truth.stories:
            if not story.record.state.over and not truth.taken(story):
                raise Violation("P1", f"{story.record.trade.pair_id} is {story.record.state.value} to the end")
        self.after("", truth)


class EdgeIsThere:
    """P2."""

    def __init__(self, *, min_edge: Decimal, age_ms: int) -> None:
        self._min_edge = min_edge
        self._age_ms = age_ms

    def after(self, doing: str, truth: PairTruth) -> None:
        """By some book that each exchange showed while a reading could be as old as is allowed."""
        if doing != "arm_pair":
            return
        trade = truth.stories[-1].record.trade
        now_ms = truth.now_ms()
        buys, sells = (list(truth.books(leg.venue, now_ms - self._age_ms, now_ms)) for leg in (trade.buy, trade.sell))
        edges = [edge(truth, trade, buy.asks, sell.bids) for buy in buys for sell in sells]
        best = max((found for found in edges if found is not None), default=None)
        if best is None or best < self._min_edge:
            raise Violation("P2", f"{trade.pair_id} of {trade.coins}: {best} at best, {self._min_edge} asked for")

    def finish(self, truth: PairTruth) -> None:
        """Nothing more."""


def edge(truth: PairTruth, trade: PairTrade, asks: Sequence[Level], bids: Sequence[Level]) -> Decimal | None:
    """Net of both fees as a fraction of what is bought, walked here anew; None where the books are not deep enough."""
    cost, gain = _walk(asks, trade.buy.coins), _walk(bids, trade.sell.coins)
    if cost is None or gain is None:
        return None
    # A fee in coins was paid for already: more was bought than is sold.
    fee = cost * truth.fee(trade.buy.venue) if trade.buy.fee_in_quote else ZERO
    return (gain * (1 - truth.fee(trade.sell.venue)) - cost - fee) / cost


def _walk(levels: Sequence[Level], coins: Decimal) -> Decimal | None:
    worth = ZERO
    for level in levels:
        taken = min(coins, level.quantity)
        worth, coins = worth + taken * level.price, coins - taken
        if not coins:
            return worth
    return None


class UnknownIsBounded:
    """P4."""

    def after(self, doing: str, truth: PairTruth) -> None:
        """Nothing yet."""

    def finish(self, truth: PairTruth) -> None:
        """By the exchanges' fills, and by what a person was told."""
        for traded in truth.traded():
            pair_id = traded.story.record.trade.pair_id
            if traded.unknown and traded.naked_ms > PROOF_MS * traded.unknown + OUTAGE_MS:
                raise Violation("P4", f"{pair_id} was naked for {traded.naked_ms} ms")
            unsure_ms = traded.lasted_ms if traded.unknown else 0
            if (traded.naked_ms > TOLD_MS or unsure_ms > UNSURE_MS) and not traded.told:
                raise Violation("P4", f"{pair_id}: nobody was told (naked {traded.naked_ms}, unsure {unsure_ms} ms)")


class OneAtATime:
    """P5."""

    def after(self, doing: str, truth: PairTruth) -> None:
        """Each trade begins when those before it are over."""
        if doing != "arm_pair":
            return
        open_ = [story.record.trade.pair_id for story in truth.stories if not story.record.state.over]
        if len(open_) != 1:
            raise Violation("P5", f"{len(open_)} trades are not over: {', '.join(open_)}")

    def finish(self, truth: PairTruth) -> None:
        """No order without a trade, and none twice."""
        ids = [order.intent.client_id for story in truth.stories for order in story.orders]
        for name, exchange in truth.exchanges.items():
            seen = [order.client_id for order in exchange.account(truth.key).orders()]
            strange = sorted({found for found in seen if found not in ids or seen.count(found) > 1})
            if strange:
                raise Violation("P5", f"{name} has orders of no trade, or twice: {', '.join(strange)}")


class BooksAgree:
    """P6."""

    def after(self, doing: str, truth: PairTruth) -> None:
        """Nothing yet."""

    def finish(self, truth: PairTruth) -> None:
        """What a trade left, or took, of coins was paid for: it is counted at the dearest price."""
        open_ones = [story for story in truth.stories if truth.taken(story)]
        results = [story.record.result for story in truth.stories if story not in open_ones]
        if None in results:
            raise Violation("P6", f"{results.count(None)} of {len(results)} trades have no result")
        claimed = sum((result for result in results if result is not None), ZERO)
        claimed += sum((truth.paid(story) for story in open_ones), ZERO)
        if abs(truth.earned() - claimed) > CENT + self._left(truth):
            raise Violation("P6", f"the exchanges' money changed by {truth.earned()}, the journal says {claimed}")

    def _left(self, truth: PairTruth) -> Decimal:
        worth = ZERO
        for story in truth.stories:
            fills = truth.fills(story)
            left = abs(sum((coins for _, coins in fills), ZERO))
            worth += left * max((trade.price for trade, _ in fills), default=ZERO)
        return worth


def pair_oracles(*, min_edge: Decimal, age_ms: int) -> tuple[PairOracle, ...]:
    """All of them, anew."""
    return CoinsStay(), EdgeIsThere(min_edge=min_edge, age_ms=age_ms), UnknownIsBounded(), OneAtATime(), BooksAgree()
