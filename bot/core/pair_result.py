"""What the orders of one cross-exchange trade have done so far: coins added, money made (R23, R24)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from bot.domain.evening import PairResult
from bot.domain.ids import Asset, ClientOrderId
from bot.domain.intent import IntentRecord
from bot.domain.numbers import ONE, ZERO
from bot.domain.orders import Side, VenueTrade
from bot.domain.pair import PairLeg, PairStory, PairTrade


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
        total += order.filled * order.intent.request.side.sign - (_estimated(story, order) if fee is None else fee)
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
    trade, total = story.record.trade, ZERO
    for order in story.orders:
        leg, request = leg_on(trade, order), order.intent.request
        quote = order.filled * (order.average_price or request.price) * worth(trade, leg, conversion)
        in_quote = request.side is Side.SELL or leg.fee_in_quote
        total -= quote * (request.side.sign + (leg.fee_rate if in_quote else ZERO))
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


def _estimated(story: PairStory, order: IntentRecord) -> Decimal:
    """Coins that an order's fills are held to have cost as a fee."""
    leg = leg_on(story.record.trade, order)
    in_coins = order.intent.request.side is Side.BUY and not leg.fee_in_quote
    return order.filled * leg.fee_rate if in_coins else ZERO
