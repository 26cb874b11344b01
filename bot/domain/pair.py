"""Cross-exchange: one coin bought where it is cheap and sold where it is dear, at once and in equal numbers.

Amounts of a trade are in its money: the quote currency of the venue that buys. What a sale brings in another quote
currency is counted at `conversion`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from bot.domain.ids import Asset, ClientOrderId, HedgeName, Symbol, VenueName
from bot.domain.intent import Intent, IntentRecord
from bot.domain.numbers import ONE, ZERO
from bot.domain.orders import Approved, OrderRequest

PairId = NewType("PairId", str)
"""Made like a client order id, of the same epoch and sequence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPlace:
    """One spot market on which the coin is bought or sold.

    Attributes:
        quote: the currency that prices there are in.
        coin_transfer_fee, quote_transfer_fee: what the network takes for sending the coin, or the quote currency, away
            from this venue, as the user entered it, in what is sent; None when it was not entered.
    """

    venue: VenueName
    symbol: Symbol
    quote: Asset
    coin_transfer_fee: Decimal | None = None
    quote_transfer_fee: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCaps:
    """Limits of R24; `max_round_trips` trades within `window_s` at most, None for no such limit.

    Attributes:
        order_notional: of one leg at its limit.
        notional_per_hour: of what was bought, at its limits.
        orders_per_minute: on each venue.
    """

    order_notional: Decimal
    notional_per_hour: Decimal
    orders_per_minute: int
    max_round_trips: int | None = None
    window_s: Decimal = Decimal(604_800)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPolicy:
    """One `[[hedges]]` entry of kind cross-exchange.

    Attributes:
        places: two or more, each on a venue of its own.
        min_edge: what a trade must earn after both fees, as a fraction of the notional bought, even at its limits.
        slippage_reserve: what it must promise beyond that, as a fraction; it is what the limits may give up.
        persist_s: how long the promise must have lasted.
        max_loss: of one trade, in its money: a leg that fell short is not completed at a higher loss than this.
        max_unwind_slippage: how far from the touch an order that evens a trade may go in the end, as a fraction.
        book_age_s: books older than this say nothing.
        age_max_s: balances and prices of currencies older than this say nothing.
        even_grace_s: for so long a trade's own coins are no holding of a spot-perp hedge; what could not be evened by
            then is coins like any other.
    """

    name: HedgeName
    asset: Asset
    places: tuple[PairPlace, ...]
    min_edge: Decimal
    slippage_reserve: Decimal
    persist_s: Decimal
    max_loss: Decimal
    max_unwind_slippage: Decimal
    caps: PairCaps
    book_age_s: Decimal = Decimal(5)
    age_max_s: Decimal = Decimal(30)
    even_grace_s: Decimal = Decimal(30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opportunity:
    """What buying on one venue and selling on another would earn now. None means unknown.

    Attributes:
        money: the quote currency of the venue that buys; every amount is in it.
        code: `edge.ok`, or the constant dotted word of why it is not acted on.
        reason: one sentence with the numbers.
        coins: sold; as many arrive on the other venue after its fee, to one step.
        bought: what is ordered for that; more than `coins` where the fee of a buy is taken in coins.
        buy_price, sell_price: averages over the books, each in its own quote currency.
        gross: what the coins bring less what they cost, before fees.
        buy_fee, sell_fee: taker fees; a fee in coins at what these cost.
        net: gross less both fees.
        edge: net as a fraction of the notional bought.
        worst_net: net when both orders fill at their limits.
        lasted_s: for how long the edge has been enough, by the readings of both books.
    """

    buy_venue: VenueName
    sell_venue: VenueName
    money: Asset
    code: str
    reason: str
    coins: Decimal | None = None
    bought: Decimal | None = None
    buy_price: Decimal | None = None
    sell_price: Decimal | None = None
    gross: Decimal | None = None
    buy_fee: Decimal | None = None
    sell_fee: Decimal | None = None
    net: Decimal | None = None
    edge: Decimal | None = None
    worst_net: Decimal | None = None
    lasted_s: Decimal = ZERO


class PairVerdict(StrEnum):
    """What kind of plan it is; the words of logs, status and tests."""

    ACT = "act"
    """Both legs go out at once."""
    NO_EDGE = "no-edge"
    """Every direction is known, and none earns enough."""
    PERSISTING = "persisting"
    """The edge is there and must last a little longer."""
    BLOCKED = "blocked"
    """The edge is there and something stands against using it."""
    BLIND = "blind"
    """No direction could be judged: books, fees or prices are unknown or not believed."""
    WAITING = "waiting"
    """A trade of before is not over."""
    PAUSED = "paused"
    HALTED = "halted"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairOrder:
    """Both legs before the gate.

    Attributes:
        coins: that change hands; see `Opportunity.coins`.
        buy_fee_rate, sell_fee_rate: taker fees, as fractions.
        buy_fee_in_quote, sell_fee_in_quote: of each venue: it takes the fee of a buy in quote, not in coins.
        conversion: units of the buying venue's quote for one of the selling venue's.
        buy_touch, sell_touch: best ask and best bid.
    """

    buy: OrderRequest
    sell: OrderRequest
    coins: Decimal
    buy_fee_rate: Decimal
    sell_fee_rate: Decimal
    buy_fee_in_quote: bool
    sell_fee_in_quote: bool
    conversion: Decimal
    buy_touch: Decimal
    sell_touch: Decimal
    opportunity: Opportunity


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedPair:
    """Both legs, let pass together. Only `bot.core.pair_gate` makes these."""

    buy: Approved
    sell: Approved
    order: PairOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How many more trades of one size a direction allows by what lies on its two venues."""

    buy_venue: VenueName
    sell_venue: VenueName
    trades: int
    by_coins: int
    by_quote: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A transfer that a person may make; the bot never withdraws.

    Attributes:
        amount: sent, in `asset`.
        fee: what the network takes of it, as the user entered it; None when it was not entered.
    """

    asset: Asset
    amount: Decimal
    source: VenueName
    target: VenueName
    fee: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """How coins and money are spread over the venues.

    Attributes:
        coins: the size of a trade that `rooms` are counted in; None while no size is known.
    """

    coins: Decimal | None
    rooms: tuple[Room, ...] = ()
    transfers: tuple[Transfer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPlan:
    """The outcome of one decision.

    Attributes:
        reason: one sentence with the numbers.
        opportunities: every direction, best first.
        order: both legs, when they should go out.
        look_again_s: read again that soon instead of waiting for the next interval; None: no hurry.
        alarm: a person should know; the reason says what.
        refused: the gate's code, of a plan that it stopped; else empty.
    """

    hedge: HedgeName
    asset: Asset
    verdict: PairVerdict
    reason: str
    opportunities: tuple[Opportunity, ...] = ()
    order: PairOrder | None = None
    inventory: Inventory | None = None
    look_again_s: Decimal | None = None
    alarm: bool = False
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairLeg:
    """One of the two orders of a trade, as it was decided.

    Attributes:
        coins: of the order; of a buy before a fee in coins.
        limit: in the venue's quote currency.
        fee_rate: taker fee that was counted with, as a fraction.
        fee_in_quote: the venue takes the fee of a buy in quote, not in coins; that of a sale is in quote everywhere.
        holding_before: all spot coins of the venue when it was decided, for a spot-perp hedge of the same coin; None
            when it was not read.
    """

    client_id: ClientOrderId
    venue: VenueName
    symbol: Symbol
    quote: Asset
    coins: Decimal
    limit: Decimal
    fee_rate: Decimal
    fee_in_quote: bool
    holding_before: Decimal | None = None


class PairState(StrEnum):
    """Where one trade is in its life."""

    OPEN = "open"
    """Both orders are durable; what became of them is not known of both."""
    EVENING = "evening"
    """Both outcomes are known and differ: one venue has coins too many or too few."""
    EVEN = "even"
    """Over: as many coins as before, to one step."""
    DUST = "dust"
    """Over: what is left is less than any venue takes."""
    HALTED = "halted"
    """Given up by a person, or after the venue contradicted itself; what is left is coins like any other."""

    @property
    def over(self) -> bool:
        """Nothing more is sent for it."""
        return self in _OVER


_OVER = frozenset({PairState.EVEN, PairState.DUST, PairState.HALTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class PairTrade:
    """One trade, committed with both its intents before the first byte of either leaves.

    Attributes:
        coins: that change hands.
        conversion: units of the buying venue's quote for one of the selling venue's, at the decision.
        min_edge: that was asked for, as a fraction of the notional bought.
        gross, buy_fee, sell_fee, net, worst_net: as decided; see `Opportunity`.
        created_ms: our clock.
    """

    pair_id: PairId
    hedge: HedgeName
    asset: Asset
    buy: PairLeg
    sell: PairLeg
    coins: Decimal
    min_edge: Decimal
    gross: Decimal
    buy_fee: Decimal
    sell_fee: Decimal
    net: Decimal
    worst_net: Decimal
    created_ms: int
    conversion: Decimal = ONE

    @property
    def money(self) -> Asset:
        """What its amounts are in."""
        return self.buy.quote


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRecord:
    """A trade and what is known of it.

    Attributes:
        naked_since_ms: since when one venue has filled more than the other; None while even, or nothing has filled.
        naked_ms: how long it was so in all, before `naked_since_ms`; counted from when an order left.
        left: coins that the trade added (positive) or took (negative); None until both outcomes are known.
        result: what it earned (positive) or lost after fees, in its money; None until every fill is accounted for.
        detail: why it is where it is; redacted.
        updated_ms: our clock.
    """

    trade: PairTrade
    state: PairState
    naked_since_ms: int | None = None
    naked_ms: int = 0
    left: Decimal | None = None
    result: Decimal | None = None
    detail: str = ""
    updated_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairStory:
    """A trade with every order of it, oldest first: the two legs, then those that evened it."""

    record: PairRecord
    orders: tuple[IntentRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairIntents:
    """Both intents of a trade, for one commit."""

    buy: Intent
    sell: Intent
