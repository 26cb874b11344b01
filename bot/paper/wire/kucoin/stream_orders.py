"""Orders over streams: at once, one message for each thing that happens to them.

Source: https://www.kucoin.com/docs-new/3470074w0 and 3470090w0 (read 2025-11), and ccxt 4.5.90, `pro/kucoin.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.numbers import ZERO, plain
from bot.paper.engine.model import Listing, MarketType, Order, OrderKind, OrderStatus, Trade, Update, UpdateKind
from bot.paper.wire.kucoin.futures_views import client_oid, trade_type
from bot.paper.wire.kucoin.names import contract_id, spot_id
from bot.paper.wire.kucoin.spot_views import cancelled
from bot.paper.wire.kucoin.stream_feed import Feed
from bot.paper.wire.kucoin.tape import NANOS
from bot.paper.wire.kucoin.topics import Message, Source


class Orders:
    """Orders of the spot or of the futures side.

    Args:
        source: whose orders.
        symbol: of one market; empty: of all.
        futures: which side.
        subject: of its messages.
    """

    def __init__(self, source: Source, symbol: str, *, futures: bool, subject: str) -> None:
        self._source = source
        self._symbol = symbol
        self._futures = futures
        self._subject = subject
        self._feed = Feed(source)

    def messages(self, now_ms: int) -> Sequence[Message]:
        """One or two messages for each version of an order: a last fill is told as fill and as end."""
        del now_ms
        told: list[Message] = []
        for update in self._feed.news():
            if update.kind is not UpdateKind.ORDER or update.order is None:
                continue
            listing = self._source.exchange.listings[update.order.listing_key]
            if (listing.market is MarketType.SPOT) is self._futures or self._symbol not in {"", listing.symbol}:
                continue
            row = self._contract_row if self._futures else self._spot_row
            told += [
                {"subject": self._subject, "data": row(listing, update.order, update.trade, word)}
                for word in _words(update)
            ]
        return told

    def _spot_row(self, listing: Listing, order: Order, trade: Trade | None, word: str) -> dict[str, object]:
        row: dict[str, object] = {
            "symbol": listing.symbol,
            "orderType": order.kind.value.lower(),
            "side": order.side.value.lower(),
            "orderId": spot_id(order.order_id),
            "type": word,
            "orderTime": order.time_ms,
            "size": plain(order.quantity),
            "originSize": plain(order.quantity),
            "filledSize": plain(order.filled),
            "price": plain(order.price),
            "clientOid": order.client_id,
            "remainSize": plain(order.remaining if order.status.open else ZERO),
            "canceledSize": plain(order.remaining if cancelled(order) else ZERO),
            "status": _status(word),
            "ts": order.update_ms * NANOS,
        }
        if word == "match" and trade is not None:
            row |= _match(trade, str(trade.trade_id))
        return row

    def _contract_row(self, listing: Listing, order: Order, trade: Trade | None, word: str) -> dict[str, object]:
        _, isolated = self._feed.account.settings(listing.symbol)
        row: dict[str, object] = {
            "symbol": listing.symbol,
            "orderType": order.kind.value.lower(),
            "side": order.side.value.lower(),
            "canceledSize": plain(order.remaining if cancelled(order) else ZERO),
            "orderId": contract_id(order.order_id),
            "positionSide": order.position_side.value,
            "marginMode": "ISOLATED" if isolated else "CROSS",
            "type": word,
            "orderTime": str(order.time_ms * NANOS),
            "size": plain(order.quantity),
            "filledSize": plain(order.filled),
            "price": plain(order.price),
            "remainSize": plain(order.remaining if order.status.open else ZERO),
            "clientOid": client_oid(order),
            "tradeType": trade_type(order),
            "status": _status(word),
            "ts": order.update_ms * NANOS,
        }
        if word == "match" and trade is not None:
            row |= _match(trade, contract_id(trade.trade_id))
        return row


def _match(trade: Trade, trade_id: str) -> dict[str, object]:
    return {
        "liquidity": "maker" if trade.maker else "taker",
        "feeType": "makerFee" if trade.maker else "takerFee",
        "matchPrice": plain(trade.price),
        "matchSize": plain(trade.quantity),
        "tradeId": trade_id,
    }


def _words(update: Update) -> tuple[str, ...]:
    """What happened to the order: `open`, `match`, `filled`, `canceled`; a market order is never in the book."""
    order = update.order
    assert order is not None
    if update.trade is not None:
        return ("match", "filled") if order.status is OrderStatus.FILLED else ("match",)
    if order.status.open:
        return ("open",) if order.kind is OrderKind.LIMIT else ()
    return ("canceled",)


def _status(word: str) -> str:
    return {"open": "open", "match": "match"}.get(word, "done")
