"""The order that brings a trade's venues closer to even, on one of them: how many, at which limit, at which price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from bot.core import pair_result as pr
from bot.core import pair_size as ps
from bot.core.edge import walk
from bot.core.observation import stale
from bot.core.pair_books import DOUBTFUL, distance, middle, unusable
from bot.core.pair_checks import changed_ms, fee_trouble
from bot.core.pair_situation import PairReading, Stock
from bot.domain.ids import ClientOrderId
from bot.domain.intent import IntentRecord, IntentState
from bot.domain.numbers import ONE, ZERO, ceil_to, floor_to, plain
from bot.domain.observation import Book, BookLevel
from bot.domain.orders import Approved, OrderRequest, Side, TimeInForce
from bot.domain.pair import PairLeg, PairPolicy, PairStory

TRIES_TO_WIDEST: Final = 4
"""After so many orders in a row that missed the market the limit is as far as it may go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EveningCase:
    """Everything that the evening of one trade is judged by.

    Attributes:
        buy, sell: the venues of the trade's two legs, as they are read now. No cap of orders or money stands against
            evening, nor do `unresolved` and `recent`: the trade's own orders are in the story.
        fees_in_coins: of orders whose trades are known, what they took in coins; for the others it is estimated.
        conversion: of now, see `PairTrade.conversion`; None when it is not known: that of the decision counts then.
    """

    policy: PairPolicy
    story: PairStory
    buy: PairReading
    sell: PairReading
    now_ms: int
    fees_in_coins: Mapping[ClientOrderId, Decimal] = field(default_factory=dict)
    conversion: Decimal | None = None

    @property
    def rate(self) -> Decimal:
        """The conversion that counts."""
        return self.conversion or self.story.record.trade.conversion


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One order that would bring both venues closer to even.

    Attributes:
        completes: it does what the leg there left undone; else it undoes the other leg.
        misses: orders that evened nothing on this venue, since the last one that did.
        price: what a coin brings or costs there after fees, in the trade's money.
        result: of the trade, when it fills at its limit.
    """

    approved: Approved
    completes: bool
    misses: int
    price: Decimal
    result: Decimal


def slippage(policy: PairPolicy, story: PairStory) -> Decimal:
    """How far from the touch the next order may go: the reserve at first, wider after each that missed the market."""
    missed = sum(1 for order in tries(story) if order.state is not IntentState.REJECTED)
    least = min(policy.slippage_reserve, policy.max_unwind_slippage)
    return least + (policy.max_unwind_slippage - least) * min(missed, TRIES_TO_WIDEST) / TRIES_TO_WIDEST


def dust(case: EveningCase, reading: PairReading, side: Side, coins: Decimal, *, payable: bool = False) -> str:
    """Why a venue would take no order for all of the coins, whatever its book holds; empty when it would.

    A sale is worth what its limit says, so that what is dust at the limit of now is not tried for ever.

    With `payable`, what the balance there does not carry counts as too small as well, where that is known.
    """
    limit = price = _leg(case, reading).limit
    if not _unbelieved(case, reading, side):
        touch = _touch(reading, side)
        limit = _limit(reading, side, touch, slippage(case.policy, case.story), None)
        price = min(limit, touch.price)
    ordered = _all_of(case, reading, side, coins)
    if payable:
        ordered = _payable(case, reading, side, ordered, limit * (ONE + _fee(case, reading)))
    return ps.too_small(reading.market, side, ordered, price)


def choice(case: EveningCase, reading: PairReading, side: Side, coins: Decimal) -> Choice | str:
    """The order that one of the venues would be sent, or why none.

    Args:
        case: the trade.
        reading: of the case: one of its two venues.
        side: SELL for coins that are too many, BUY for those that are missing.
        coins: how many.
    """
    against = _against(case, reading) or _unbelieved(case, reading, side)
    if against:
        return against
    assert isinstance(reading.book, Book)
    leg, fee, story = _leg(case, reading), _fee(case, reading), case.story
    levels = reading.book.bids if side is Side.SELL else reading.book.asks
    in_quote = fee if side is Side.SELL or leg.fee_in_quote else ZERO
    # Money for one unit of price and coin ordered, after the fee in quote.
    each = pr.worth(story.record.trade, leg, case.rate) * (ONE + side.sign * in_quote)
    made, wanted = pr.so_far(story, case.rate), _all_of(case, reading, side, coins)
    completes = reading is (case.buy if side is Side.BUY else case.sell)
    # At that price what is not undone loses just what it may.
    most = pr.kept(story, case.rate) + case.policy.max_loss
    worst = side.sign * most / (wanted * each) if completes else None
    limit = _limit(reading, side, levels[0], slippage(case.policy, story), worst)
    within = tuple(level for level in levels if (level.price - limit) * side.sign <= 0)
    if not within:
        return f"nothing within {plain(limit)}, {'where it costs more than max_loss' if completes else 'its limit'}"
    depth, price = sum((level.contracts for level in within), ZERO), min(limit, levels[0].price)
    ordered = _payable(case, reading, side, min(wanted, depth), limit * (ONE + in_quote))
    if ps.too_small(reading.market, side, ordered, price):
        # Less is there than the venue takes an order for: one for all of it takes what there is.
        ordered = _payable(case, reading, side, wanted, limit * (ONE + in_quote))
    small = ps.too_small(reading.market, side, ordered, price)
    if small:
        return small
    seen = min(ordered, depth)
    walked = walk(within, seen)
    assert walked is not None  # they hold what is seen
    return Choice(
        approved=_approved(reading, side, ordered, limit, levels[0].price),
        completes=completes,
        misses=sum(1 for order in tries(story) if order.intent.request.venue == reading.place.venue),
        price=walked[0] * each / (seen * _kept(leg, fee, side)),
        result=made - side.sign * ordered * limit * each,
    )


def tries(story: PairStory) -> list[IntentRecord]:
    """Orders that evened nothing, since the last one that did."""
    found: list[IntentRecord] = []
    for order in reversed(story.orders[2:]):
        if order.filled > 0:
            break
        found.append(order)
    return found


def _leg(case: EveningCase, reading: PairReading) -> PairLeg:
    trade = case.story.record.trade
    return trade.buy if reading is case.buy else trade.sell


def _fee(case: EveningCase, reading: PairReading) -> Decimal:
    """The fee of now, or else that of the decision: to be even is worth more than to know it.

    A fee in coins raises what is bought: one that was read wrong would buy coins that nobody misses.
    """
    if reading.taker_fee is None or fee_trouble(reading) is not None:
        return _leg(case, reading).fee_rate
    return reading.taker_fee


def _kept(leg: PairLeg, fee: Decimal, side: Side) -> Decimal:
    """Coins that are evened by one coin ordered."""
    return ONE - fee if side is Side.BUY and not leg.fee_in_quote else ONE


def _all_of(case: EveningCase, reading: PairReading, side: Side, coins: Decimal) -> Decimal:
    """What is ordered to even so many coins: never more sold than there are too many, under a step more bought."""
    step = reading.market.quantity_step
    if side is Side.SELL:
        return floor_to(coins, step)
    return ceil_to(coins / _kept(_leg(case, reading), _fee(case, reading), side), step)


def _against(case: EveningCase, reading: PairReading) -> str:
    """Why a venue can't be sent an order to even with now."""
    if not reading.market.active:
        return f"it does not trade {reading.market.symbol} now"
    if reading.trouble:
        return reading.trouble
    if not reading.clock_ok:
        return "its clock offset is not known to be within 1 s"
    if case.now_ms < reading.not_before_ms:
        return f"it refused the last order; not for another {(reading.not_before_ms - case.now_ms) // 1000} s"
    return ""


def _touch(reading: PairReading, side: Side) -> BookLevel:
    assert isinstance(reading.book, Book)
    return (reading.book.bids if side is Side.SELL else reading.book.asks)[0]


def _unbelieved(case: EveningCase, reading: PairReading, side: Side) -> str:
    """Why a book says nothing to even by: it is unusable, or nothing else that is known agrees with its touch (R12).

    How far an order may go is counted from the touch, so an empty or a mangled side must not be one. It is confirmed by
    the venue's own other source; where there is none, by the trade's order there, or by the other venue's book.
    """
    policy, trade = case.policy, case.story.record.trade
    why = unusable(reading.book, case.now_ms, policy.book_age_s)
    if why is not None:
        return why[1]
    assert isinstance(reading.book, Book)
    if reading.book.stamp.sent_ms < changed_ms((case.story,), reading):
        return "its book was read before the last order there ended"
    price, leg = _touch(reading, side).price, _leg(case, reading)
    if reading.reference is not None:
        far = distance(price, reading.reference) > DOUBTFUL
        return f"{plain(price)} is far from its own other source, {plain(reading.reference)}" if far else ""
    known = [leg.limit]
    other = case.sell if reading is case.buy else case.buy
    if unusable(other.book, case.now_ms, policy.book_age_s) is None:
        rate = pr.worth(trade, _leg(case, other), case.rate) / pr.worth(trade, leg, case.rate)
        known.append(middle(other) * rate)
    if all(distance(price, each) > DOUBTFUL for each in known):
        return f"nothing confirms {plain(price)}, far from {' and '.join(f'{each:.8g}' for each in known)}"
    return ""


def _limit(reading: PairReading, side: Side, touch: BookLevel, slip: Decimal, worst: Decimal | None) -> Decimal:
    """As far from the touch as is allowed, rounded towards it; never worse than `worst`."""
    market = reading.market
    if side is Side.SELL:
        floors = [touch.price * (ONE - slip)]
        floors += [] if market.price_down is None else [touch.price * market.price_down]
        floors += [] if worst is None else [worst]
        return ceil_to(max(floors), market.price_tick)
    tops = [touch.price * (ONE + slip)]
    tops += [] if market.price_up is None else [touch.price * market.price_up]
    tops += [] if worst is None else [worst]
    return floor_to(min(tops), market.price_tick)


def _payable(case: EveningCase, reading: PairReading, side: Side, coins: Decimal, price: Decimal) -> Decimal:
    """What of it the balance carries, where that is known since the last order there, and the venue takes at once."""
    most, stock = min(coins, reading.market.quantity_max), reading.stock
    if (
        isinstance(stock, Stock)
        and not stale(stock.stamp, case.now_ms, case.policy.age_max_s)
        and stock.stamp.sent_ms >= changed_ms((case.story,), reading)
    ):
        most = min(most, stock.coins if side is Side.SELL else stock.quote / price)
    return floor_to(most, reading.market.quantity_step)


def _approved(reading: PairReading, side: Side, coins: Decimal, limit: Decimal, touch: Decimal) -> Approved:
    request = OrderRequest(
        venue=reading.place.venue,
        symbol=reading.place.symbol,
        side=side,
        contracts=coins,
        price=limit,
        time_in_force=TimeInForce.IOC,
        reduce_only=False,
    )
    return Approved(request=request, notional=coins * touch, mark=touch)
