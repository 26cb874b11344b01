"""What a spot account is told of itself: orders, balances.

Source: https://developers.binance.com/docs/binance-spot-api-docs/user-data-stream (read 2025-11).
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.numbers import ZERO
from bot.paper.engine.account import Account
from bot.paper.engine.model import MarketType, Order, OrderStatus, RowKind, Trade, Update, UpdateKind
from bot.paper.wire.binance.digits import eight
from bot.paper.wire.binance.streams.source import Event, Source

_WALLET = "spot"
_TRADED = frozenset({RowKind.TRADE, RowKind.FEE})


def execution_of(order: Order, trade: Trade | None) -> str:
    """What happened to an order: NEW, AMENDMENT, TRADE, CANCELED, EXPIRED."""
    if trade is not None:
        return "TRADE"
    if order.status.open and order.update_ms > order.time_ms:
        return "AMENDMENT"
    return "EXPIRED" if order.status is OrderStatus.EXPIRED_IN_MATCH else order.status.value


class SpotFeed:
    """The news of one account since its subscription.

    Args:
        source: the venue.
        key: the account.
    """

    def __init__(self, source: Source, key: str) -> None:
        self._source = source
        self._key = key
        self._after = self._account().last_update

    def events(self, now_ms: int) -> Sequence[Event]:
        """`executionReport` for each version of an order, `balanceUpdate` for money that moved without a trade, and one
        `outboundAccountPosition` with every asset that was touched.
        """  # noqa: D205 - one sentence
        account = self._account()
        updates = account.updates(self._after)
        self._after = account.last_update
        told: list[Event] = []
        touched: dict[str, None] = {}
        for update in updates:
            told += self._order(update, touched, now_ms)
            told += _money(update, touched, now_ms)
        if touched:
            told.append(_position(account, list(touched), now_ms))
        return told

    def _account(self) -> Account:
        return self._source.exchange.account(self._key)

    def _order(self, update: Update, touched: dict[str, None], now_ms: int) -> Sequence[Event]:
        order = update.order
        if order is None:
            return ()
        listing = self._source.exchange.listing(order.listing_key)
        if listing.market is not MarketType.SPOT:
            return ()
        touched |= {listing.base: None, listing.quote: None}
        return (_report(order, update.trade, listing.symbol, now_ms),)


def _money(update: Update, touched: dict[str, None], now_ms: int) -> Sequence[Event]:
    row = update.row
    if update.kind is not UpdateKind.BALANCE or row is None or row.wallet != _WALLET:
        return ()
    touched[row.asset] = None
    if row.kind in _TRADED:
        return ()
    return ({"e": "balanceUpdate", "E": now_ms, "a": row.asset, "d": eight(row.amount), "T": row.time_ms},)


def _position(account: Account, assets: Sequence[str], now_ms: int) -> Event:
    balances = {asset: account.balance(_WALLET, asset) for asset in assets}
    rows = [{"a": asset, "f": eight(held.free), "l": eight(held.locked)} for asset, held in balances.items()]
    return {"e": "outboundAccountPosition", "E": now_ms, "u": now_ms, "B": rows}


def _report(order: Order, trade: Trade | None, symbol: str, now_ms: int) -> Event:
    canceled = order.status is OrderStatus.CANCELED
    return {
        "e": "executionReport",
        "E": now_ms,
        "s": symbol,
        # A cancel has an id of its own; the order's stands under `C` then.
        "c": f"paper-cancel-{order.order_id}" if canceled else order.client_id,
        "S": order.side.value,
        "o": order.kind.value,
        "f": order.tif.value,
        "q": eight(order.quantity),
        "p": eight(order.price),
        "P": "0.00000000",
        "F": "0.00000000",
        "g": -1,
        "C": order.client_id if canceled else "",
        "x": execution_of(order, trade),
        "X": order.status.value,
        "r": "NONE",
        "i": order.order_id,
        "l": eight(ZERO if trade is None else trade.quantity),
        "z": eight(order.filled),
        "L": eight(ZERO if trade is None else trade.price),
        "n": "0" if trade is None else eight(trade.fee),
        "N": None if trade is None else trade.fee_asset,
        "T": order.update_ms,
        "t": -1 if trade is None else trade.trade_id,
        "I": order.order_id,
        "w": order.status.open,
        "m": trade is not None and trade.maker,
        "M": trade is not None,
        "O": order.time_ms,
        "Z": eight(order.quote_filled),
        "Y": eight(ZERO if trade is None else trade.quote),
        "Q": eight(order.quote_quantity),
        "W": order.time_ms,
        "V": "EXPIRE_MAKER",
    }
