"""What a futures account is told of itself: orders, balances, positions.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams and
.../coin-margined-futures/user-data-streams (read 2025-11).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO
from bot.paper.engine.account import Account
from bot.paper.engine.model import ForcedCause, Listing, Order, PositionSide, Row, RowKind, Trade, Update, UpdateKind
from bot.paper.wire.binance.digits import eight, fixed, price_places, price_text, quantity_text
from bot.paper.wire.binance.endpoint import Call
from bot.paper.wire.binance.futures_account import summary_of
from bot.paper.wire.binance.futures_positions import break_even, price
from bot.paper.wire.binance.streams.source import Event, Source
from bot.paper.wire.binance.streams.spot_feed import execution_of

_ORDER: Final = "ORDER"
_REASONS: Final = {
    RowKind.FEE: _ORDER,
    RowKind.REALIZED_PNL: _ORDER,
    RowKind.FUNDING_FEE: "FUNDING_FEE",
    RowKind.INSURANCE_CLEAR: "INSURANCE_CLEAR",
}


@dataclass(slots=True)
class _Change:
    """What one `ACCOUNT_UPDATE` tells.

    Attributes:
        assets: asset -> what came or went for another reason than a trade.
        positions: symbols and sides.
    """

    assets: dict[str, Decimal] = field(default_factory=dict)
    positions: dict[tuple[str, PositionSide], None] = field(default_factory=dict)


class FuturesFeed:
    """The news of one account since its subscription.

    Args:
        source: the venue; its family says which futures.
        key: the account.
    """

    def __init__(self, source: Source, key: str) -> None:
        self._source = source
        self._key = key
        self._after = self._account().last_update

    def events(self, now_ms: int) -> Sequence[Event]:
        """One `ACCOUNT_UPDATE` for each reason, then `ORDER_TRADE_UPDATE` for each version of an order."""
        call, account = self._source.call(now_ms), self._account()
        updates = account.updates(self._after)
        self._after = account.last_update
        changes = self._changes(call, updates)
        told = [_account_update(call, account, reason, change) for reason, change in changes.items()]
        orders = ((update.order, update.trade) for update in updates if update.order is not None)
        return told + [
            _order_update(listing, order, trade, now_ms)
            for order, trade in orders
            for listing in [self._source.exchange.listing(order.listing_key)]
            if listing.market is call.market
        ]

    def _account(self) -> Account:
        return self._source.exchange.account(self._key)

    def _changes(self, call: Call, updates: Sequence[Update]) -> dict[str, _Change]:
        changes: dict[str, _Change] = {}
        rows = [update.row for update in updates if update.row is not None and update.row.wallet == call.wallet]
        for row in rows:
            reason = _reason(row)
            assets = changes.setdefault(reason, _Change()).assets
            assets[row.asset] = assets.get(row.asset, ZERO) + (ZERO if reason == _ORDER else row.amount)
        traded = {update.symbol for update in updates if update.trade is not None}
        for update in updates:
            own = f"{call.market.value}:{update.symbol}" in self._source.exchange.listings
            if update.kind is UpdateKind.POSITION and own:
                reason = _ORDER if update.symbol in traded else "MARGIN_TRANSFER"
                changes.setdefault(reason, _Change()).positions[update.symbol, update.side] = None
        return changes


def _reason(row: Row) -> str:
    return _REASONS.get(row.kind) or ("WITHDRAW" if row.amount < 0 else "DEPOSIT")


def _account_update(call: Call, account: Account, reason: str, change: _Change) -> Event:
    summaries = [(summary_of(call, account, asset), moved) for asset, moved in change.assets.items()]
    balances = [
        {"a": summary.asset, "wb": eight(summary.wallet), "cw": eight(summary.cross_wallet), "bc": eight(moved)}
        for summary, moved in summaries
    ]
    positions = [_position(call, account, symbol, side) for symbol, side in change.positions]
    return {
        "e": "ACCOUNT_UPDATE",
        "E": call.now_ms,
        "T": call.now_ms,
        "a": {"m": reason, "B": balances, "P": positions},
    }


def _position(call: Call, account: Account, symbol: str, side: PositionSide) -> Event:
    listing = call.exchange.listings[f"{call.market.value}:{symbol}"]
    position = account.position(symbol, side)
    realized = [trade.realized for trade in account.trades(listing.key) if trade.position_side is side]
    _, isolated = account.settings(symbol)
    return {
        "s": symbol,
        "pa": quantity_text(listing, ZERO if position is None else position.contracts),
        "ep": "0.0" if position is None else price(position.entry_price),
        "bep": "0.0" if position is None else price(break_even(listing, position)),
        "cr": eight(sum(realized, ZERO)),
        "up": eight(ZERO if position is None else position.unrealized),
        "mt": "isolated" if isolated else "cross",
        "iw": eight(ZERO if position is None else position.isolated_wallet),
        "ps": side.value,
        "ma": listing.settle,
    }


def _order_update(listing: Listing, order: Order, trade: Trade | None, now_ms: int) -> Event:
    liquidation = order.cause is ForcedCause.LIQUIDATION
    kind = "LIQUIDATION" if liquidation else order.kind.value
    execution = "CALCULATED" if liquidation and trade is not None else execution_of(order, trade)
    filled = {"N": trade.fee_asset, "n": eight(trade.fee)} if trade is not None else {}
    body: Event = {
        "s": listing.symbol,
        "c": order.client_id,
        "S": order.side.value,
        "o": kind,
        "f": order.tif.value,
        "q": quantity_text(listing, order.quantity),
        "p": price_text(listing, order.price),
        "ap": fixed(order.average_price, max(5, price_places(listing))),
        "sp": "0",
        "x": execution,
        "X": order.status.value,
        "i": order.order_id,
        "l": quantity_text(listing, ZERO if trade is None else trade.quantity),
        "z": quantity_text(listing, order.filled),
        "L": price_text(listing, ZERO if trade is None else trade.price),
        **filled,
        "T": order.update_ms,
        "t": 0 if trade is None else trade.trade_id,
        "b": "0",
        "a": "0",
        "m": trade is not None and trade.maker,
        "R": order.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": kind,
        "ps": order.position_side.value,
        "cp": False,
        "ma": listing.settle,
        "rp": eight(ZERO if trade is None else trade.realized),
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": "EXPIRE_MAKER",
        "pm": "NONE",
        "gtd": 0,
    }
    return {"e": "ORDER_TRADE_UPDATE", "E": now_ms, "T": order.update_ms, "o": body}
