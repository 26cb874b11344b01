"""Futures orders and fills as queries show them, on USD-M and COIN-M.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api and
.../coin-margined-futures/trade/rest-api (read 2025-11).
"""

from __future__ import annotations

from typing import Final

from bot.domain.numbers import ZERO
from bot.paper.engine.model import ForcedCause, Listing, MarketType, Order, Trade
from bot.paper.wire.binance import errors
from bot.paper.wire.binance.digits import eight, fixed, price_places, price_text, quantity_text, worth_text
from bot.paper.wire.binance.endpoint import Call, futures, pair_of
from bot.paper.wire.binance.history import DAY_MS, slice_of, within
from bot.paper.wire.binance.order_params import which_order
from bot.paper.wire.binance.params import Params

_WEEK_MS: Final = 7 * DAY_MS
_FORGOTTEN_MS: Final = 3 * DAY_MS
_AUTO_CLOSES: Final = {ForcedCause.LIQUIDATION: "LIQUIDATION", ForcedCause.ADL: "ADL"}
"""By cause: `autoCloseType`. What is settled is not among them."""


def order_body(listing: Listing, order: Order) -> dict[str, object]:
    """An order as placing and cancelling show it."""
    inverse = listing.market is MarketType.INVERSE
    places = price_places(listing) if inverse else max(5, price_places(listing))
    return {
        "orderId": order.order_id,
        "symbol": listing.symbol,
        **({"pair": pair_of(listing)} if inverse else {}),
        "status": order.status.value,
        "clientOrderId": order.client_id,
        "price": price_text(listing, order.price),
        "avgPrice": fixed(order.average_price, places),
        "origQty": quantity_text(listing, order.quantity),
        "executedQty": quantity_text(listing, order.filled),
        "cumQty": quantity_text(listing, order.filled),
        "cumBase" if inverse else "cumQuote": worth_text(listing, order.quote_filled),
        "timeInForce": order.tif.value,
        "type": order.kind.value,
        "reduceOnly": order.reduce_only,
        "closePosition": False,
        "side": order.side.value,
        "positionSide": order.position_side.value,
        "stopPrice": price_text(listing, ZERO),
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": order.kind.value,
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": 0,
        "updateTime": order.update_ms,
    }


def _state(listing: Listing, order: Order) -> dict[str, object]:
    """An order as queries show it."""
    body = order_body(listing, order)
    del body["cumQty"]
    return body | {"time": order.time_ms}


def _query(call: Call) -> object:
    listing = call.contract()
    order_id, client_id = which_order(call.params)
    order = call.exchange.order(call.key, listing.key, order_id=order_id, client_id=client_id)
    if _forgotten(order, call.now_ms):
        raise errors.unknown_order_query()
    return _state(listing, order)


def _forgotten(order: Order, now_ms: int) -> bool:
    """Binance cannot find orders that ended without a fill and were created more than three days ago."""
    return not order.status.open and order.filled == 0 and order.time_ms + _FORGOTTEN_MS < now_ms


def _open_order(call: Call) -> object:
    listing = call.contract()
    order_id, client_id = which_order(call.params)
    order = call.exchange.order(call.key, listing.key, order_id=order_id, client_id=client_id)
    if not order.status.open:
        raise errors.unknown_order_query()
    return _state(listing, order)


def _open_orders(call: Call) -> object:
    account = call.exchange.account(call.key)
    return [_state(listing, order) for listing in call.contracts() for order in account.open_orders(listing.key)]


def _all_orders(call: Call) -> object:
    listing = call.contract_or_pair()
    orders = call.exchange.account(call.key).orders(listing.key)
    found = slice_of(
        [order for order in orders if not _forgotten(order, call.now_ms)],
        call.params,
        limit=call.params.limit(500, 1000),
        id_of=lambda order: order.order_id,
        time_of=lambda order: order.time_ms,
        id_name="orderId",
        longest_ms=_WEEK_MS,
    )
    return [_state(listing, order) for order in found]


def _user_trades(call: Call) -> object:
    listing = call.contract_or_pair()
    trades = list(call.exchange.account(call.key).trades(listing.key))
    order_id = call.params.integer("orderId")
    if order_id is not None:
        trades = [trade for trade in trades if trade.order_id == order_id]
    elif not {"fromId", "startTime", "endTime"} & set(call.params.names):
        trades = [trade for trade in trades if trade.time_ms >= call.now_ms - _WEEK_MS]
    found = slice_of(
        trades,
        call.params,
        limit=call.params.limit(500, 1000),
        id_of=lambda trade: trade.trade_id,
        time_of=lambda trade: trade.time_ms,
        id_name="fromId",
        longest_ms=_WEEK_MS,
    )
    return [_trade(listing, trade) for trade in found]


def _trade(listing: Listing, trade: Trade) -> object:
    inverse = listing.market is MarketType.INVERSE
    return {
        "symbol": listing.symbol,
        **({"pair": pair_of(listing), "marginAsset": listing.settle} if inverse else {}),
        "id": trade.trade_id,
        "orderId": trade.order_id,
        "side": trade.side.value,
        "price": price_text(listing, trade.price),
        "qty": quantity_text(listing, trade.quantity),
        "realizedPnl": eight(trade.realized),
        "baseQty" if inverse else "quoteQty": worth_text(listing, trade.quote),
        "commission": eight(trade.fee),
        "commissionAsset": trade.fee_asset,
        "time": trade.time_ms,
        "positionSide": trade.position_side.value,
        "buyer": trade.side.sign > 0,
        "maker": trade.maker,
    }


def _force_orders(call: Call) -> object:
    """Orders with which the exchange liquidated or deleveraged; the last week by default."""
    start_ms, end_ms = call.params.integer("startTime"), call.params.integer("endTime")
    account, kind = call.exchange.account(call.key), call.params.text("autoCloseType")
    if start_ms is None:
        start_ms = (call.now_ms if end_ms is None else end_ms) - _WEEK_MS
    found = [
        _state(listing, order)
        for listing in call.contracts()
        for order in within(account.orders(listing.key), start_ms, end_ms, lambda order: order.time_ms)
        if order.cause in _AUTO_CLOSES and kind in {None, _AUTO_CLOSES[order.cause]}
    ]
    return found[-call.params.limit(50, 100) :]


def _open_weight(params: Params) -> int:
    return 1 if "symbol" in params else 40


ENDPOINTS: Final = (
    *futures("GET", "v1/order", _query),
    *futures("GET", "v1/openOrder", _open_order),
    *futures("GET", "v1/openOrders", _open_orders, _open_weight),
    *futures("GET", "v1/allOrders", _all_orders, 5, inverse_weight=20),
    *futures("GET", "v1/userTrades", _user_trades, 5, inverse_weight=20),
    *futures("GET", "v1/forceOrders", _force_orders, 20),
)
