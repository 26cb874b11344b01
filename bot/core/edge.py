"""What a trade of one size earns over two books, after both fees.

With q coins sold and b ordered, so that q arrive: gross = proceeds(q) - cost(q). The fee of a buy is cost(b) - cost(q),
the coins that a fee in coins takes, and b's cost x f where it is taken in quote; that of a sale is proceeds(q) x f.
Net = gross - both fees. Example: 1 coin at 100,000 and 100,200 with 0.1 % each is 200 - 100 - 100.20 = -0.20.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.domain.instrument import SpotMarket
from bot.domain.numbers import ONE, ZERO, ceil_to, floor_to
from bot.domain.observation import Book, BookLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Two books and what trading on them costs.

    Attributes:
        asks, bids: of the venue that buys, and of the one that sells; not empty, sorted, best first.
        buy_fee, sell_fee: taker fees of the accounts, as fractions in 0..1.
        fee_in_quote: the venue that buys takes its fee in quote, not in coins.
        conversion: units of the buying venue's quote for one of the selling venue's.
        buy_step, sell_step: of quantities, in coins.
        buy_tick, sell_tick: of prices.
        buy_most, sell_least: limits of the venues' price filters; None where there is none.
    """

    asks: Sequence[BookLevel]
    bids: Sequence[BookLevel]
    buy_fee: Decimal
    sell_fee: Decimal
    fee_in_quote: bool
    conversion: Decimal
    buy_step: Decimal
    sell_step: Decimal
    buy_tick: Decimal
    sell_tick: Decimal
    buy_most: Decimal | None = None
    sell_least: Decimal | None = None

    @property
    def fee_on_cost(self) -> Decimal:
        """What a buy pays in quote beside its cost, as a fraction."""
        return self.buy_fee if self.fee_in_quote else ZERO

    @property
    def kept(self) -> Decimal:
        """What arrives of one coin bought."""
        return ONE if self.fee_in_quote else ONE - self.buy_fee

    def sellable(self, coins: Decimal) -> Decimal:
        """The largest size not above `coins` that both venues' steps allow."""
        return floor_to(floor_to(coins, max(self.buy_step, self.sell_step)), self.sell_step)

    def bought(self, coins: Decimal) -> Decimal:
        """What must be ordered so that at least `coins` arrive, and less than one step more."""
        return ceil_to(coins / self.kept, self.buy_step)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One market of a trade: its book, of which the side that is taken is not empty, and the account's taker fee."""

    market: SpotMarket
    book: Book
    taker_fee: Decimal


def terms_of(buy: Offer, sell: Offer, conversion: Decimal) -> Terms:
    """What trading on two markets costs; without levels that a price filter forbids."""
    up, down = buy.market.price_up, sell.market.price_down
    most = None if up is None else buy.book.asks[0].price * up
    least = None if down is None else sell.book.bids[0].price * down
    return Terms(
        asks=tuple(level for level in buy.book.asks if most is None or level.price <= most),
        bids=tuple(level for level in sell.book.bids if least is None or level.price >= least),
        buy_fee=buy.taker_fee,
        sell_fee=sell.taker_fee,
        fee_in_quote=buy.market.fee_in_quote,
        conversion=conversion,
        buy_step=buy.market.quantity_step,
        sell_step=sell.market.quantity_step,
        buy_tick=buy.market.price_tick,
        sell_tick=sell.market.price_tick,
        buy_most=most,
        sell_least=least,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One size, walked; amounts in the buying venue's quote.

    Attributes:
        coins, bought: sold, and ordered for that.
        cost: of all that is bought, before a fee in quote.
        proceeds: before the fee.
        ask, bid: the last levels that are touched.
    """

    coins: Decimal
    bought: Decimal
    cost: Decimal
    proceeds: Decimal
    gross: Decimal
    buy_fee: Decimal
    sell_fee: Decimal
    ask: Decimal
    bid: Decimal

    @property
    def net(self) -> Decimal:
        """What is earned."""
        return self.gross - self.buy_fee - self.sell_fee

    @property
    def fraction(self) -> Decimal:
        """Net, as a fraction of the notional bought."""
        return self.net / self.cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of both orders, and what is earned when both fill at them."""

    buy: Decimal
    sell: Decimal
    worst_net: Decimal


def walk(levels: Sequence[BookLevel], coins: Decimal) -> tuple[Decimal, Decimal] | None:
    """What a number of coins costs or brings, level by level, and the price of the last level touched.

    Args:
        levels: one side of a book, best first.
        coins: above 0.

    Returns:
        (quote, last price); None when the levels do not hold so many.
    """
    left, quote = coins, ZERO
    for level in levels:
        taken = min(left, level.contracts)
        quote += taken * level.price
        left -= taken
        if left <= 0:
            return quote, level.price
    return None


def edge_of(terms: Terms, coins: Decimal) -> Edge | None:
    """What a size earns; None when the books do not hold so many.

    Args:
        terms: the books and their costs.
        coins: above 0, of `Terms.sellable`.
    """
    bought = terms.bought(coins)
    paid, even, sold = walk(terms.asks, bought), walk(terms.asks, coins), walk(terms.bids, coins)
    if paid is None or even is None or sold is None:
        return None
    proceeds = sold[0] * terms.conversion
    return Edge(
        coins=coins,
        bought=bought,
        cost=paid[0],
        proceeds=proceeds,
        gross=proceeds - even[0],
        buy_fee=paid[0] - even[0] + paid[0] * terms.fee_on_cost,
        sell_fee=proceeds * terms.sell_fee,
        ask=paid[1],
        bid=sold[1],
    )


def limits_of(terms: Terms, edge: Edge, min_edge: Decimal, reserve: Decimal) -> Limits | None:
    """Limits for both orders, at which even the worst fill earns `min_edge`; None when there are none.

    Both reach the last level that the size touches, and beyond it by up to half the reserve each. With a = ask x b/q x
    (1 + f + min_edge) and p = bid x conversion x (1 - f), giving up s on both sides earns enough while
    p(1 - s) >= a(1 + s), so s <= (p - a)/(p + a).

    Args:
        terms: the books and their costs.
        edge: the size.
        min_edge: as a fraction of the notional bought.
        reserve: as a fraction, not negative.
    """
    asked = edge.ask * edge.bought / edge.coins * (ONE + terms.fee_on_cost + min_edge)
    paid = edge.bid * terms.conversion * (ONE - terms.sell_fee)
    slack = min((paid - asked) / (paid + asked), reserve / 2)
    if slack < 0:
        return None
    buy = floor_to(edge.ask * (ONE + slack), terms.buy_tick)
    sell = ceil_to(edge.bid * (ONE - slack), terms.sell_tick)
    buy = buy if terms.buy_most is None else min(buy, floor_to(terms.buy_most, terms.buy_tick))
    sell = sell if terms.sell_least is None else max(sell, ceil_to(terms.sell_least, terms.sell_tick))
    worst = worst_net(terms, edge.coins, edge.bought, buy, sell)
    if buy <= 0 or worst < min_edge * edge.bought * buy:
        return None
    return Limits(buy=buy, sell=sell, worst_net=worst)


def worst_net(terms: Terms, coins: Decimal, bought: Decimal, buy_limit: Decimal, sell_limit: Decimal) -> Decimal:
    """What is earned when both orders fill in full, and at their limits."""
    proceeds = coins * sell_limit * terms.conversion * (ONE - terms.sell_fee)
    return proceeds - bought * buy_limit * (ONE + terms.fee_on_cost)


def touch_coins(terms: Terms) -> Decimal:
    """The size that the best levels of both books hold."""
    return terms.sellable(min(terms.asks[0].contracts * terms.kept, terms.bids[0].contracts))


def largest(terms: Terms, min_edge: Decimal, reserve: Decimal) -> tuple[Edge, Limits] | None:
    """The largest size that earns `min_edge` + `reserve` by the books, and `min_edge` at its limits; None if none does.

    The more is traded, the worse the levels: what is earned beyond the wanted edge rises while the levels give more
    than it, then falls. Where it reaches 0 within two levels the size is solved for; rounding to steps can cost that
    size its edge, then the next smaller one at which a level ends is taken.
    """
    for coins in reversed(tuple(_sizes(terms, min_edge, reserve))):
        found = enough(terms, terms.sellable(coins), min_edge, reserve)
        if found is not None:
            return found
    return None


def enough(terms: Terms, coins: Decimal, min_edge: Decimal, reserve: Decimal) -> tuple[Edge, Limits] | None:
    """The edge and the limits of one size, if it earns enough; see `largest`."""
    edge = edge_of(terms, coins) if coins > 0 else None
    if edge is None or edge.net < (min_edge + reserve) * edge.cost:
        return None
    limits = limits_of(terms, edge, min_edge, reserve)
    return None if limits is None else (edge, limits)


def _sizes(terms: Terms, min_edge: Decimal, reserve: Decimal) -> Iterator[Decimal]:
    """Sizes at which a level ends, rising, while it earns `min_edge` and the whole enough; then where that ends."""
    wanted = min_edge + reserve
    done = beyond = ZERO
    for coins, ask, bid in _segments(terms):
        asked, paid = ask / terms.kept, bid * terms.conversion * (ONE - terms.sell_fee)
        if paid < asked * (ONE + terms.fee_on_cost + min_edge):
            return
        each = paid - asked * (ONE + terms.fee_on_cost + wanted)
        if beyond + each * coins < 0:
            yield done + beyond / -each
            return
        done, beyond = done + coins, beyond + each * coins
        yield done


def _segments(terms: Terms) -> Iterator[tuple[Decimal, Decimal, Decimal]]:
    """Coins that arrive and are sold at one level of each book: (coins, ask, bid), best first."""
    asks, bids = iter(terms.asks), iter(terms.bids)
    ask, bid = next(asks, None), next(bids, None)
    ask_left = ZERO if ask is None else ask.contracts * terms.kept
    bid_left = ZERO if bid is None else bid.contracts
    while ask is not None and bid is not None:
        coins = min(ask_left, bid_left)
        yield coins, ask.price, bid.price
        ask_left, bid_left = ask_left - coins, bid_left - coins
        if ask_left <= 0:
            ask = next(asks, None)
            ask_left = ZERO if ask is None else ask.contracts * terms.kept
        if bid_left <= 0:
            bid = next(bids, None)
            bid_left = ZERO if bid is None else bid.contracts
