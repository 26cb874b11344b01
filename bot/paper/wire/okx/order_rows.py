"""Orders and fills as OKX shows them, over REST and in the `orders` channel alike.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-trade-get-order-details and its neighbours (read 2026-06).
The numbers of `cancelSource` are from general knowledge.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, assert_never

from bot.domain.numbers import ZERO, plain
from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import Listing, MarketType, Order, OrderKind, OrderStatus, Side, TimeInForce, Trade
from bot.paper.wire.okx.desk import ORDER_BASE, Desk, Ticket
from bot.paper.wire.okx.digits import blanks, or_empty, text, truth
from bot.paper.wire.okx.endpoint import inst_type
from bot.paper.wire.okx.forced import forced
from bot.paper.wire.okx.positions import SIDES
from bot.paper.wire.okx.tape import TRADE_BASE

KINDS: Final = {
    TimeInForce.GTC: "limit",
    TimeInForce.IOC: "ioc",
    TimeInForce.FOK: "fok",
    TimeInForce.GTX: "post_only",
}
_BLANK: Final = (
    "algoClOrdId",
    "algoId",
    "attachAlgoClOrdId",
    "cancelSourceReason",
    "ccy",
    "pxType",
    "pxUsd",
    "pxVol",
    "quickMgnType",
    "slOrdPx",
    "slTriggerPx",
    "slTriggerPxType",
    "source",
    "stpId",
    "tpOrdPx",
    "tpTriggerPx",
    "tpTriggerPxType",
)


class Rows:
    """Makes rows of one account's orders.

    Args:
        exchange: the exchange.
        desk: what the façade remembers of the orders.
        key: whose orders.
    """

    def __init__(self, exchange: Exchange, desk: Desk, key: str) -> None:
        self._exchange = exchange
        self._desk = desk
        self._key = key

    def ticket(self, order: Order) -> Ticket:
        """How the order was worded; made up for one that the exchange placed itself, to liquidate."""
        known = self._desk.drawer(self._key).tickets.get(order.order_id)
        if known is not None:
            return known
        listing = self._exchange.listings[order.listing_key]
        _, isolated = self._exchange.account(self._key).settings(listing.symbol)
        market = order.kind is OrderKind.MARKET
        return Ticket(
            kind="market" if market else KINDS[order.tif],
            mode="cash" if listing.market is MarketType.SPOT else "isolated" if isolated else "cross",
            target="",
            size=plain(order.quantity),
            tag="",
            named=False,
        )

    def order(self, order: Order, trade: Trade | None = None) -> dict[str, object]:
        """One order.

        Args:
            order: as it stood.
            trade: the fill that brought it there, for the channel; by default its last one.
        """
        listing = self._exchange.listings[order.listing_key]
        ticket = self.ticket(order)
        last = trade or (order.trades[-1] if order.trades else None)
        spot = listing.market is MarketType.SPOT
        leverage, _ = self._exchange.account(self._key).settings(listing.symbol)
        paid = sum((one.fee for one in order.trades), ZERO)
        reason = forced(order)
        fee_coin = _fee_coin(listing, order)
        return {
            **blanks(*_BLANK),
            "accFillSz": text(order.filled),
            "attachAlgoOrds": [],
            "avgPx": or_empty(order.average_price),
            "cTime": str(order.time_ms),
            "cancelSource": _cancel_source(order),
            "category": reason.category if reason is not None else "normal",
            "clOrdId": order.client_id if ticket.named else "",
            "fee": text(-paid),
            "feeCcy": fee_coin,
            "fillPx": plain(last.price) if last is not None else "",
            "fillSz": plain(last.quantity) if last is not None else "0",
            "fillTime": str(last.time_ms) if last is not None else "",
            "instId": listing.symbol,
            "instType": inst_type(listing),
            "isTpLimit": "false",
            "lever": "" if spot else str(leverage),
            "linkedAlgoOrd": {"algoId": ""},
            "ordId": str(ORDER_BASE + order.order_id),
            "ordType": ticket.kind,
            "pnl": text(sum((one.realized for one in order.trades), ZERO)),
            "posSide": "" if spot else SIDES[order.position_side],
            "px": or_empty(order.price),
            "rebate": "0",
            "rebateCcy": listing.quote if fee_coin == listing.base else listing.base,
            "reduceOnly": truth(order.reduce_only),
            "side": order.side.value.lower(),
            "state": _state(order),
            "stpMode": "cancel_maker",
            "sz": ticket.size,
            "tag": ticket.tag,
            "tdMode": ticket.mode,
            "tgtCcy": ticket.target,
            "tradeId": str(TRADE_BASE + last.trade_id) if last is not None else "",
            "tradeQuoteCcy": listing.quote if spot else "",
            "uTime": str(order.update_ms),
        }

    def pushed(self, order: Order, trade: Trade | None) -> dict[str, object]:
        """One version of an order for the channel: the fill that made it, or no fill at all."""
        listing = self._exchange.listings[order.listing_key]
        row = self.order(order, trade)
        if trade is None:
            row |= {**blanks("fillPx", "fillTime", "tradeId"), "fillSz": "0"}
        fill: dict[str, object] = {
            "execType": "" if trade is None else "M" if trade.maker else "T",
            "fillFee": text(-trade.fee) if trade is not None else "0",
            "fillFeeCcy": trade.fee_asset if trade is not None else "",
            "fillMarkPx": plain(self._exchange.mark(listing.key)) if trade is not None else "",
            "fillNotionalUsd": text(listing.quote_value(trade.quantity, trade.price)) if trade is not None else "",
            "fillPnl": text(trade.realized) if trade is not None else "0",
        }
        more = blanks(
            "amendResult", "amendSource", "code", "fillFwdPx", "fillMarkVol", "fillPxUsd", "fillPxVol", "reqId"
        )
        price = order.price or self._exchange.mark(listing.key)
        return {
            **row,
            **fill,
            **more,
            "code": "0",
            "lastPx": plain(self._exchange.last_price(listing.key)),
            "msg": "",
            "notionalUsd": text(listing.quote_value(order.quantity, price)),
        }

    def fill(self, trade: Trade, order: Order, bills: Mapping[int, int]) -> dict[str, object]:
        """One fill.

        Args:
            trade: the fill.
            order: whose.
            bills: trade id -> bill id.
        """
        listing = self._exchange.listings[trade.listing_key]
        ticket = self.ticket(order)
        return {
            **blanks("fillFwdPx", "fillIdxPx", "fillMarkPx", "fillMarkVol", "fillPxUsd", "fillPxVol"),
            "billId": str(bills.get(trade.trade_id, 0)),
            "clOrdId": order.client_id if ticket.named else "",
            "execType": "M" if trade.maker else "T",
            "fee": text(-trade.fee),
            "feeCcy": trade.fee_asset,
            "feeRate": plain(-trade.fee_rate),
            "fillPnl": text(trade.realized),
            "fillPx": plain(trade.price),
            "fillSz": plain(trade.quantity),
            "fillTime": str(trade.time_ms),
            "instId": listing.symbol,
            "instType": inst_type(listing),
            "ordId": str(ORDER_BASE + trade.order_id),
            "posSide": SIDES[trade.position_side],
            "side": trade.side.value.lower(),
            "subType": _sub_type(order, trade),
            "tag": ticket.tag,
            "tradeId": str(TRADE_BASE + trade.trade_id),
            "tradeQuoteCcy": listing.quote if listing.market is MarketType.SPOT else "",
            "ts": str(trade.time_ms),
        }


def _sub_type(order: Order, trade: Trade) -> str:
    reason = forced(order)
    if reason is not None:
        return reason.sub_type(trade.side, trade.position_side)
    return "1" if trade.side is Side.BUY else "2"


def _fee_coin(listing: Listing, order: Order) -> str:
    if listing.market is MarketType.SPOT:
        return listing.base if order.side is Side.BUY else listing.quote
    return listing.settle


def _state(order: Order) -> str:
    match order.status:
        case OrderStatus.NEW:
            return "live"
        case OrderStatus.PARTIALLY_FILLED:
            return "partially_filled"
        case OrderStatus.FILLED:
            return "filled"
        case OrderStatus.CANCELED | OrderStatus.EXPIRED | OrderStatus.EXPIRED_IN_MATCH:
            return "canceled"
    assert_never(order.status)


def _cancel_source(order: Order) -> str:
    """Why it ended: `1` by the user, `13` fill-or-kill, `14` the rest of an IOC, `31` post-only, `32` self-trade."""
    match order.status:
        case OrderStatus.NEW | OrderStatus.PARTIALLY_FILLED | OrderStatus.FILLED:
            return ""
        case OrderStatus.CANCELED:
            at_once = order.tif is TimeInForce.GTX and order.time_ms == order.update_ms
            return "31" if at_once else "1"
        case OrderStatus.EXPIRED:
            return "13" if order.tif is TimeInForce.FOK else "14"
        case OrderStatus.EXPIRED_IN_MATCH:
            return "32"
    assert_never(order.status)
