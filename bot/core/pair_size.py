"""How large a cross-exchange trade may be: by balances, caps and what both venues take (R14, R15, R24)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.core.edge import Edge, Limits, Offer, Terms, enough
from bot.core.pair_situation import PairReading, Stock
from bot.domain.instrument import SpotMarket
from bot.domain.numbers import ONE, ZERO, floor_to, plain
from bot.domain.observation import Book
from bot.domain.orders import Side
from bot.domain.pair import PairPolicy, PairStory

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One direction that can be judged.

    Attributes:
        buy, sell: both venues, with usable books and known fees.
        spent_hour: bought within the last hour, at the limits, in the buying venue's quote.
    """

    policy: PairPolicy
    buy: PairReading
    sell: PairReading
    terms: Terms
    spent_hour: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TooSmall:
    """No size can be traded: code and reason."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """A size that can be paid for, and that both venues take."""

    edge: Edge
    limits: Limits


def offer_of(reading: PairReading) -> Offer:
    """A reading whose book is usable and whose fee is known."""
    assert isinstance(reading.book, Book)
    assert reading.taker_fee is not None
    return Offer(market=reading.market, book=reading.book, taker_fee=reading.taker_fee)


def bounds(route: Route, buy_limit: Decimal, sell_limit: Decimal) -> Sequence[tuple[Decimal, str, str]]:
    """How many coins each thing allows, paid for at both limits: (coins, code, what it is); the tightest first.

    Args:
        route: a stock that is unknown allows nothing.
        buy_limit: in the quote of the venue that buys.
        sell_limit: in that of the venue that sells.
    """
    terms, buy, sell, caps = route.terms, route.buy, route.sell, route.policy.caps
    free = buy.stock.quote if isinstance(buy.stock, Stock) else ZERO
    coins = sell.stock.coins if isinstance(sell.stock, Stock) else ZERO
    quote = buy.place.quote

    def arriving(bought: Decimal) -> Decimal:
        return floor_to(max(bought, ZERO), terms.buy_step) * terms.kept

    by_order = min(arriving(caps.order_notional / buy_limit), caps.order_notional / (sell_limit * terms.conversion))
    by_hour = arriving((caps.notional_per_hour - route.spent_hour) / buy_limit)
    by_quote = arriving(free / (buy_limit * (ONE + terms.fee_on_cost)))
    hour = f"{plain(caps.notional_per_hour)} {quote} an hour, of which {plain(route.spent_hour)} are used"
    maxima = min(arriving(buy.market.quantity_max), sell.market.quantity_max)
    found = [
        (coins, "balance.coins", f"{plain(coins)} {route.policy.asset} free on {sell.place.venue}"),
        (by_quote, "balance.quote", f"{plain(free)} {quote} free on {buy.place.venue}"),
        (by_order, "cap.order-notional", f"{plain(caps.order_notional)} {quote} for one order"),
        (by_hour, "cap.notional-per-hour", hour),
        (maxima, "instrument.maximum", "the largest order that both venues take"),
    ]
    return sorted(found, key=lambda bound: bound[0])


def size(route: Route, most: tuple[Edge, Limits]) -> Sized | TooSmall:
    """The largest size that earns enough and can be paid for; or why no order of both can be sent.

    Args:
        route: the direction.
        most: the largest size that its edge allows, see `edge.largest`.
    """
    terms, policy = route.terms, route.policy
    edge, limits = most
    code, what = "size.below-minimum", "what the edge allows"
    # A smaller size touches better bids: it is sold at a higher limit, at which a cap in quote allows fewer coins.
    while (tightest := bounds(route, limits.buy, limits.sell)[0])[0] < edge.coins:
        coins, code, what = tightest
        smaller = enough(terms, terms.sellable(coins), policy.min_edge, policy.slippage_reserve)
        if smaller is None:
            return TooSmall(code=code, reason=f"nothing that earns enough can be traded within {what}")
        edge, limits = smaller
    small = too_small(route.buy.market, Side.BUY, edge.bought, min(terms.asks[0].price, limits.buy)) or too_small(
        route.sell.market, Side.SELL, edge.coins, limits.sell
    )
    return TooSmall(code=code, reason=f"{small}; it is bound by {what}") if small else Sized(edge=edge, limits=limits)


def too_small(market: SpotMarket, side: Side, coins: Decimal, price: Decimal) -> str:
    """Why a market does not take an order of that size (R14); empty when it does."""
    order = f"a {side} of {plain(coins)} {market.base} on {market.venue}"
    if coins < market.quantity_min or coins <= 0:
        return f"{order} is below the minimum of {plain(market.quantity_min)} {market.base}"
    if coins * price < market.notional_min:
        return f"{order} is below the minimum of {plain(market.notional_min)} {market.quote}"
    return ""


def bought_within(stories: Sequence[PairStory], since_ms: int) -> Decimal:
    """What trades begun since have bought, or may still buy, at the limits of the orders, in their money (R24)."""
    total = ZERO
    for story in stories:
        if story.record.trade.created_ms < since_ms:
            continue
        for order in story.orders:
            request = order.intent.request
            if request.side is Side.BUY:
                total += (order.filled if order.state.terminal else request.contracts) * request.price
    return total


def orders_within(reading: PairReading, since_ms: int) -> int:
    """How many orders of ours the market was sent since."""
    return sum(1 for record in reading.recent if record.intent.created_ms >= since_ms)


def trips_within(stories: Sequence[PairStory], since_ms: int) -> int:
    """How many trades begun since have bought or sold anything, or still may."""
    begun = (story for story in stories if story.record.trade.created_ms >= since_ms)
    return sum(1 for story in begun if not story.record.state.over or any(order.filled > 0 for order in story.orders))
