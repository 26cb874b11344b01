"""What the orders of one cross-exchange trade have done so far: coins added, money made (R23, R24)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from bot.domain.evening import PairResult
from bot.domain.ids import Asset, ClientOrderId
from bot.domain.intent import IntentRecord
from bot.domain.numbers import ONE, ZERO, plain
from bot.domain.orders import Side, VenueTrade
from bot.domain.pair import PairLeg, PairRecord, PairStory, PairTrade

_LEGS: Final = 2


def leg_on(trade: PairTrade, order: IntentRecord) -> PairLeg:
    """The leg of the trade on whose venue an order of it is."""
    return trade.buy if order.intent.request.venue == trade.buy.venue else trade.sell


def worth(trade: PairTrade, leg: PairLeg, conversion: Decimal) -> Decimal:
    """Units of the trade's money for one of a leg's quote."""
    return ONE if leg.quote == trade.money else conversion


def imbalance(story: PairStory, fees_in_coins: Mapping[ClientOrderId, Decimal]) -> Decimal:
    """Coins that the trade's orders have added so far; negative when they took some.

    Args:
        story: the trade.
        fees_in_coins: of orders whose trades are known; of the others a buy is held to have paid the fee it was
            decided with.
    """
    total = ZERO
    for order in story.orders:
        fee = fees_in_coins.get(order.intent.client_id)
        total += _moved(story, order) if fee is None else order.filled * order.intent.request.side.sign - fee
    return total


def doubt(story: PairStory, fees_in_coins: Mapping[ClientOrderId, Decimal]) -> Decimal:
    """By how many coins the imbalance may be off, because fees are only estimated."""
    unknown = (order for order in story.orders if order.intent.client_id not in fees_in_coins)
    return sum((_estimated(story, order) for order in unknown), ZERO)


def so_far(story: PairStory, conversion: Decimal) -> Decimal:
    """Money that the fills of a trade have made, less their fees in quote at the rates of the decision; an estimate.

    Args:
        story: the trade. An order that tells no average price is counted at its limit.
        conversion: units of the trade's money for one of the selling venue's quote.
    """
    return sum((_money(story, order, conversion) for order in story.orders), ZERO)


def kept(story: PairStory, conversion: Decimal) -> Decimal:
    """The part of `so_far` that is of coins which were not undone: what completing has cost, or earned.

    What undoing lost is lost whatever becomes of the rest. Were it counted, a rest that the undoing venue can't take
    any more, for want of money or for its size, would be barred from the other one for ever.

    Args:
        story: the trade.
        conversion: as of `so_far`.
    """
    trade, total = story.record.trade, so_far(story, conversion)
    for leg, side in ((trade.buy, Side.BUY), (trade.sell, Side.SELL)):
        there = [order for order in story.orders if leg_on(trade, order) is leg]
        made = [order for order in there if order.intent.request.side is side]
        undone = [order for order in there if order.intent.request.side is not side]
        coins, back = (sum((abs(_moved(story, order)) for order in orders), ZERO) for orders in (made, undone))
        if coins and back:
            share = min(back / coins, ONE)
            total -= sum((_money(story, order, conversion) for order in undone), ZERO)
            total -= share * sum((_money(story, order, conversion) for order in made), ZERO)
    return total


def result(trade: PairTrade, fills: Sequence[tuple[VenueTrade, ClientOrderId]], story: PairStory) -> PairResult:
    """What every fill of a trade comes to, exactly; what is in the other quote currency at the trade's conversion.

    Args:
        trade: whose fills they are.
        fills: the venues' own trades, with the order of each.
        story: the trade with those orders.
    """
    legs = {order.intent.client_id: leg_on(trade, order) for order in story.orders}
    coins = money = fees = ZERO
    others: dict[Asset, Decimal] = {}
    for fill, client_id in fills:
        leg = legs[client_id]
        rate = worth(trade, leg, trade.conversion)
        coins += fill.moved
        money -= fill.moved * fill.price * rate
        if fill.fee_asset == leg.quote:
            money, fees = money - fill.fee * rate, fees + fill.fee * rate
        elif fill.fee_asset == trade.asset:
            coins -= fill.fee
        else:
            others[fill.fee_asset] = others.get(fill.fee_asset, ZERO) + fill.fee
    return PairResult(coins=coins, money=money, fees=fees, other_fees=tuple(sorted(others.items())))


def told(record: PairRecord, found: PairResult) -> PairRecord:
    """The record of a trade that is over, with its result; None where fees were taken in what has no price here."""
    if not found.other_fees:
        return replace(record, result=found.money)
    fees = " and ".join(f"{plain(amount)} {asset}" for asset, amount in found.other_fees)
    detail = f"{record.detail}; {plain(found.money)} {record.trade.money} before fees of {fees}"
    return replace(record, result=None, detail=detail)


def lost_in_a_row(stories: Sequence[PairStory], since_ms: int) -> int:
    """How many of the newest trades lost a leg and money, up to the first that did not (R24).

    One that filled nothing says nothing either way. An unknown result counts as lost where a leg fell short.

    Args:
        stories: trades of one hedge that are over, oldest first.
        since_ms: of those begun before nothing counts.
    """
    lost = 0
    for story in reversed(stories):
        if story.record.trade.created_ms < since_ms or all(order.filled == 0 for order in story.orders):
            continue
        result, legs = story.record.result, story.orders[:_LEGS]
        whole = all(leg.filled == leg.intent.request.contracts for leg in legs)
        if len(story.orders) <= _LEGS or (whole if result is None else result >= 0):
            break
        lost += 1
    return lost


def fees_in_coins(
    trade: PairTrade, fills: Sequence[tuple[VenueTrade, ClientOrderId]], story: PairStory
) -> Mapping[ClientOrderId, Decimal]:
    """What each order whose trades are all told was charged in coins; orders that are not accounted for are left out.

    Args:
        trade: whose fills they are.
        fills: the venues' own trades, with the order of each.
        story: the trade with those orders.
    """
    found: dict[ClientOrderId, Decimal] = {}
    for order in story.orders:
        client_id = order.intent.client_id
        own = [fill for fill, of in fills if of == client_id]
        if sum((fill.contracts for fill in own), ZERO) == order.filled:
            found[client_id] = sum((fill.fee for fill in own if fill.fee_asset == trade.asset), ZERO)
    return found


def _money(story: PairStory, order: IntentRecord, conversion: Decimal) -> Decimal:
    """What an order's fills brought, or, negative, cost."""
    trade, request = story.record.trade, order.intent.request
    leg = leg_on(trade, order)
    quote = order.filled * (order.average_price or request.price) * worth(trade, leg, conversion)
    in_quote = request.side is Side.SELL or leg.fee_in_quote
    return -quote * (request.side.sign + (leg.fee_rate if in_quote else ZERO))


def _moved(story: PairStory, order: IntentRecord) -> Decimal:
    """Coins that an order's fills added, or, negative, took, with a fee as it was decided with."""
    return order.filled * order.intent.request.side.sign - _estimated(story, order)


def _estimated(story: PairStory, order: IntentRecord) -> Decimal:
    """Coins that an order's fills are held to have cost as a fee."""
    leg = leg_on(story.record.trade, order)
    in_coins = order.intent.request.side is Side.BUY and not leg.fee_in_quote
    return order.filled * leg.fee_rate if in_coins else ZERO
