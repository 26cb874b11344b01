"""The last look at both legs before they are made durable: what was planned is checked anew, from its orders alone."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.core import pair_checks as checks
from bot.core import pair_size as ps
from bot.core.pair_books import apart, unusable
from bot.core.pair_situation import PairReading, PairSituation, Stock
from bot.core.sizing import depth_contracts
from bot.domain.ids import ClientOrderId
from bot.domain.numbers import ONE, ZERO, plain
from bot.domain.observation import Book
from bot.domain.orders import Approved, OrderRequest, Refused, Side, TimeInForce
from bot.domain.pair import ApprovedPair, PairId, PairLeg, PairOrder, PairPolicy, PairTrade


def approve(order: PairOrder, situation: PairSituation) -> ApprovedPair | Refused:
    """Let both legs pass, or say why not.

    Args:
        order: of `cross_exchange.decide`.
        situation: of now: with the same readings, or newer ones, and the halts, controls and time of this moment.
    """
    standing = checks.whole_hedge(situation)
    if standing is not None:
        return Refused(code=standing[1], reason=standing[2])
    readings = {(reading.place.venue, reading.place.symbol): reading for reading in situation.readings}
    buy = readings.get((order.buy.venue, order.buy.symbol))
    sell = readings.get((order.sell.venue, order.sell.symbol))
    if buy is None or sell is None or order.buy.venue == order.sell.venue:
        return Refused(code="order.shape", reason="the legs are not on two venues of this hedge")
    objection = (
        _venue(situation, buy, order.buy_fee_rate)
        or _venue(situation, sell, order.sell_fee_rate)
        or _shape(order.buy, Side.BUY, buy)
        or _shape(order.sell, Side.SELL, sell)
        or _together(order, situation, buy, sell)
        or _coins(order, buy, sell)
        or _money(order, situation, buy, sell)
        or _edge(order, situation.policy)
    )
    if objection is not None:
        return Refused(code=objection[0], reason=objection[1])
    return ApprovedPair(buy=_leg(order.buy, order.buy_touch), sell=_leg(order.sell, order.sell_touch), order=order)


def trade_of(
    approved: ApprovedPair,
    policy: PairPolicy,
    ids: tuple[PairId, ClientOrderId, ClientOrderId],
    holdings: Sequence[Decimal | None],
    now_ms: int,
) -> PairTrade:
    """The trade that an approved pair begins.

    Args:
        approved: both legs.
        policy: whose trade it is.
        ids: of the trade, its buy and its sale.
        holdings: all spot coins of the venue that buys and of the one that sells, as they were read for it.
        now_ms: our clock.
    """
    order, shown = approved.order, approved.order.opportunity
    assert shown.gross is not None
    assert shown.buy_fee is not None
    assert shown.sell_fee is not None
    assert shown.net is not None
    assert shown.worst_net is not None
    quotes = {place.venue: place.quote for place in policy.places}

    def leg(
        client_id: ClientOrderId, request: OrderRequest, fee: tuple[Decimal, bool], holding: Decimal | None
    ) -> PairLeg:
        return PairLeg(
            client_id=client_id,
            venue=request.venue,
            symbol=request.symbol,
            quote=quotes[request.venue],
            coins=request.contracts,
            limit=request.price,
            fee_rate=fee[0],
            fee_in_quote=fee[1],
            holding_before=holding,
        )

    return PairTrade(
        pair_id=ids[0],
        hedge=policy.name,
        asset=policy.asset,
        buy=leg(ids[1], order.buy, (order.buy_fee_rate, order.buy_fee_in_quote), holdings[0]),
        sell=leg(ids[2], order.sell, (order.sell_fee_rate, order.sell_fee_in_quote), holdings[1]),
        coins=order.coins,
        min_edge=policy.min_edge,
        gross=shown.gross,
        buy_fee=shown.buy_fee,
        sell_fee=shown.sell_fee,
        net=shown.net,
        worst_net=shown.worst_net,
        created_ms=now_ms,
        conversion=order.conversion,
    )


def _leg(request: OrderRequest, touch: Decimal) -> Approved:
    return Approved(request=request, notional=request.contracts * touch, mark=touch)


def _shape(request: OrderRequest, side: Side, reading: PairReading) -> tuple[str, str] | None:
    market = reading.market
    if request.side is not side or request.time_in_force is not TimeInForce.IOC or request.reduce_only:
        return "order.shape", f"a leg on {market.venue} must be an immediate {side}"
    if request.contracts % market.quantity_step or request.price % market.price_tick or request.price <= 0:
        return "order.step", f"{plain(request.contracts)} at {plain(request.price)} does not fit {market.symbol}"
    if request.contracts > market.quantity_max:
        return "instrument.maximum", f"{plain(request.contracts)} are more than {market.symbol} takes at once"
    assert isinstance(reading.book, Book)
    # What a buy is worth to the venue at the least: it may fill far below its limit.
    price = min(request.price, reading.book.asks[0].price)
    small = ps.too_small(market, side, request.contracts, price)
    return ("order.too-small", small) if small else None


def _venue(situation: PairSituation, reading: PairReading, fee_rate: Decimal) -> tuple[str, str] | None:
    why = unusable(reading.book, situation.now_ms, situation.policy.book_age_s)
    if why is not None:
        return why[0], f"{reading.place.venue}: {why[1]}"
    found = (
        checks.fee_trouble(reading) or checks.stock_trouble(situation, reading) or checks.against(situation, reading)
    )
    if found is None and reading.taker_fee != fee_rate:
        return (
            "fee.changed",
            f"the taker fee on {reading.place.venue} is not the {plain(fee_rate)} that was counted with",
        )
    return found


def _together(
    order: PairOrder, situation: PairSituation, buy: PairReading, sell: PairReading
) -> tuple[str, str] | None:
    conversion = checks.conversion_of(situation, buy, sell)
    if isinstance(conversion, tuple):
        return conversion
    if conversion < order.conversion:
        return "quote.changed", f"{sell.place.quote} is worth less than when the trade was decided"
    return apart(buy, sell, conversion)


def _coins(order: PairOrder, buy: PairReading, sell: PairReading) -> tuple[str, str] | None:
    """The number of coins stays, to one step; and both books still hold them within the limits."""
    arriving = order.buy.contracts * (ONE if order.buy_fee_in_quote else ONE - order.buy_fee_rate)
    if order.sell.contracts != order.coins or not 0 <= arriving - order.coins < buy.market.quantity_step:
        return "order.uneven", f"{plain(arriving)} arrive and {plain(order.sell.contracts)} leave"
    if order.buy_fee_in_quote is not buy.market.fee_in_quote:
        return "fee.changed", f"{buy.place.venue} does not take its fee in what was counted with"
    assert isinstance(buy.book, Book)
    assert isinstance(sell.book, Book)
    if (
        depth_contracts(buy.book, Side.BUY, order.buy.price) < order.buy.contracts
        or depth_contracts(sell.book, Side.SELL, order.sell.price) < order.sell.contracts
    ):
        return "book.moved", "the books do not hold both legs within their limits any more"
    return None


def _money(order: PairOrder, situation: PairSituation, buy: PairReading, sell: PairReading) -> tuple[str, str] | None:
    caps = situation.policy.caps
    assert isinstance(buy.stock, Stock)
    assert isinstance(sell.stock, Stock)
    notional = order.buy.contracts * order.buy.price
    paid = notional * (ONE + (order.buy_fee_rate if order.buy_fee_in_quote else ZERO))
    if paid > buy.stock.quote:
        return "balance.quote", f"{plain(paid)} {buy.place.quote} are more than is free on {buy.place.venue}"
    if order.sell.contracts > sell.stock.coins:
        return "balance.coins", f"{plain(order.sell.contracts)} are more than is free on {sell.place.venue}"
    largest = max(notional, order.sell.contracts * order.sell.price * order.conversion)
    if largest > caps.order_notional:
        return "cap.order-notional", f"{plain(largest)} are above the limit of {plain(caps.order_notional)}"
    spent = ps.bought_within(situation.recent, situation.now_ms - ps.HOUR_MS)
    if spent + notional > caps.notional_per_hour:
        return (
            "cap.notional-per-hour",
            f"{plain(spent)} were bought within an hour, {plain(notional)} more are too many",
        )
    return None


def _edge(order: PairOrder, policy: PairPolicy) -> tuple[str, str] | None:
    """Even when both fill at their limits the trade earns what is asked for."""
    notional = order.buy.contracts * order.buy.price
    cost = notional * (ONE + (order.buy_fee_rate if order.buy_fee_in_quote else ZERO))
    proceeds = order.sell.contracts * order.sell.price * order.conversion * (ONE - order.sell_fee_rate)
    net = order.opportunity.net
    if proceeds - cost < policy.min_edge * notional or net is None or net < policy.min_edge * notional:
        return "edge.too-small", f"at its limits it earns {plain(proceeds - cost)}, less than is asked for"
    return None
