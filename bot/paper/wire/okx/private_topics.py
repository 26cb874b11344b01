"""What private channels push: a snapshot, then every change; account and positions also every five seconds.

Source: https://www.okx.com/docs-v5/en/#trading-account-websocket and #order-book-trading-trade-ws-order-channel (read
2026-06).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from bot.paper.engine.model import Listing, Position, PositionSide, RowKind, Update, UpdateKind
from bot.paper.wire.okx import errors
from bot.paper.wire.okx.balances import WALLET, balance_body, detail
from bot.paper.wire.okx.endpoint import INST_TYPES, Call, family, inst_type
from bot.paper.wire.okx.order_queries import rows_of
from bot.paper.wire.okx.params import Params
from bot.paper.wire.okx.positions import listing_of, open_positions, position_row
from bot.paper.wire.okx.tape import TRADE_BASE
from bot.paper.wire.okx.topics import Message, Topic

_PERIOD_MS: Final = 5000
_INTERVALS: Final = {"0": None, "2000": 2000, "3000": 3000, "4000": 4000}
ANY: Final = "ANY"


class Feed:
    """The account's event feed from a moment on.

    Args:
        call: that moment.
    """

    def __init__(self, call: Call) -> None:
        self._seen = call.account.last_update

    def fresh(self, call: Call) -> Sequence[Update]:
        """What has changed since the last time."""
        found = call.account.updates(self._seen)
        self._seen += len(found)
        return found


class Accounts:
    """The channel `account`.

    Args:
        call: the moment of the subscription.
        coin: only this one; None: all.
        period_ms: how often a snapshot is pushed; None: only at first.
    """

    def __init__(self, call: Call, coin: str | None, period_ms: int | None) -> None:
        self._feed = Feed(call)
        self._coins = frozenset({coin}) if coin else frozenset()
        self._period_ms = period_ms
        self._snapshot_ms: int | None = None

    def push(self, call: Call) -> Sequence[Message]:
        """See `Topic.push`."""
        changed = any(_touches_balance(update) for update in self._feed.fresh(call))
        last, period = self._snapshot_ms, self._period_ms
        if last is None or (period is not None and call.now_ms >= last + period):
            self._snapshot_ms = call.now_ms
            body = balance_body(call, self._coins)
            return [_snapshot([body])]
        if not changed:
            return ()
        return [Message(members={"eventType": "event_update", "data": [balance_body(call, self._coins)]})]


def _snapshot(rows: Sequence[object]) -> Message:
    return Message(members={"eventType": "snapshot", "curPage": 1, "lastPage": True, "data": list(rows)})


def _touches_balance(update: Update) -> bool:
    return update.kind is not UpdateKind.BALANCE or update.wallet == WALLET


class Positions:
    """The channel `positions`.

    Args:
        call: the moment of the subscription.
        wanted: whether an instrument was asked for.
        period_ms: how often a snapshot is pushed; None: only at first.
    """

    def __init__(self, call: Call, wanted: Callable[[Listing], bool], period_ms: int | None) -> None:
        self._feed = Feed(call)
        self._wanted = wanted
        self._period_ms = period_ms
        self._snapshot_ms: int | None = None

    def push(self, call: Call) -> Sequence[Message]:
        """See `Topic.push`."""
        fresh = self._feed.fresh(call)
        last, period = self._snapshot_ms, self._period_ms
        messages: list[Message] = []
        changed = [
            position_row(call, position) | {"pTime": str(call.now_ms)}
            for position in _moved(call, fresh)
            if self._wanted(listing_of(call, position))
        ]
        if changed:
            messages.append(Message(members={"eventType": "event_update", "data": changed}))
        if last is None or (period is not None and call.now_ms >= last + period):
            self._snapshot_ms = call.now_ms
            rows = [
                position_row(call, position) | {"pTime": str(call.now_ms)}
                for position in open_positions(call)
                if self._wanted(listing_of(call, position))
            ]
            messages.append(_snapshot(rows))
        return messages


def _moved(call: Call, updates: Sequence[Update]) -> list[Position]:
    """The positions that changed, once each, as they are now; closed ones with 0 contracts."""
    keys = {(one.symbol, one.side): None for one in updates if one.kind is UpdateKind.POSITION}
    found = (call.account.position(symbol, side) for symbol, side in keys)
    closed = [_flat(call, symbol, side) for symbol, side in keys if call.account.position(symbol, side) is None]
    return [*(position for position in found if position is not None), *closed]


def _flat(call: Call, symbol: str, side: PositionSide) -> Position:
    listing = next(one for one in call.exchange.listings.values() if one.symbol == symbol)
    leverage, isolated = call.account.settings(symbol)
    zero = listing.quantity_step * 0
    return Position(
        symbol=symbol,
        market=listing.market,
        side=side,
        settle=listing.settle,
        contracts=zero,
        entry_price=zero,
        mark_price=call.exchange.mark(listing.key),
        isolated=isolated,
        isolated_wallet=zero,
        leverage=leverage,
        notional=zero,
        unrealized=zero,
        maintenance_margin=zero,
        initial_margin=zero,
        order_margin=zero,
        liquidation_price=None,
        update_ms=call.now_ms,
    )


class Orders:
    """The channel `orders`: every version of every order, nothing else.

    Args:
        call: the moment of the subscription.
        wanted: whether an instrument was asked for.
    """

    def __init__(self, call: Call, wanted: Callable[[Listing], bool]) -> None:
        self._feed = Feed(call)
        self._wanted = wanted

    def push(self, call: Call) -> Sequence[Message]:
        """See `Topic.push`."""
        rows = rows_of(call)
        return [
            Message(members={"data": [rows.pushed(update.order, update.trade)]}, seq=update.seq)
            for update in self._feed.fresh(call)
            if update.order is not None and self._wanted(call.exchange.listings[update.order.listing_key])
        ]


class BalancesAndPositions:
    """The channel `balance_and_position`: cash and contracts, at once."""

    def __init__(self, call: Call) -> None:
        self._feed = Feed(call)
        self._begun = False

    def push(self, call: Call) -> Sequence[Message]:
        """See `Topic.push`."""
        fresh = self._feed.fresh(call)
        if not self._begun:
            self._begun = True
            coins = [coin for coin, held in call.account.balances(WALLET).items() if held.total]
            return [_message(call, "snapshot", coins, open_positions(call), ())]
        rows = [one.row for one in fresh if one.row is not None and one.row.wallet == WALLET]
        moved = _moved(call, fresh)
        if not rows and not moved:
            return ()
        coins = list(dict.fromkeys(row.asset for row in rows))
        kind = _EVENTS.get(rows[-1].kind, "filled") if rows else "adjust_margin"
        return [_message(call, kind, coins, moved, fresh)]


_EVENTS: Final = {
    RowKind.FUNDING_FEE: "funding_fee",
    RowKind.INSURANCE_CLEAR: "liquidation",
    RowKind.TRANSFER: "transferred",
    RowKind.DEPOSIT: "transferred",
    RowKind.WITHDRAWAL: "transferred",
    RowKind.EARN: "transferred",
    RowKind.REWARD: "transferred",
}
_POSITION_MEMBERS: Final = (
    "posId",
    "tradeId",
    "instId",
    "instType",
    "mgnMode",
    "posSide",
    "pos",
    "ccy",
    "posCcy",
    "avgPx",
    "nonSettleAvgPx",
    "settledPnl",
    "uTime",
)


def _message(
    call: Call, kind: str, coins: Sequence[str], positions: Sequence[Position], updates: Sequence[Update]
) -> Message:
    details = [detail(call, call.account, coin) for coin in coins]
    rows = [position_row(call, position) for position in positions]
    trades = [
        {"instId": update.symbol, "tradeId": str(TRADE_BASE + update.trade.trade_id)}
        for update in updates
        if update.trade is not None
    ]
    body = {
        "balData": [{name: row[name] for name in ("ccy", "cashBal", "uTime")} for row in details],
        "eventType": kind,
        "pTime": str(call.now_ms),
        "posData": [{name: row[name] for name in _POSITION_MEMBERS} for row in rows],
        "trades": trades,
    }
    return Message(members={"data": [body]})


def private_topic(call: Call, arg: Params) -> Topic | None:
    """The topic of a private channel; None when there is no such channel.

    Raises:
        ApiError: a parameter is missing or wrong.
    """
    match arg.need("channel"):
        case "account":
            return Accounts(call, arg.text("ccy"), _period_ms(arg))
        case "positions":
            return Positions(call, _filter(call, arg), _period_ms(arg))
        case "orders":
            return Orders(call, _filter(call, arg))
        case "balance_and_position":
            return BalancesAndPositions(call)
        case _:
            return None


def _period_ms(arg: Params) -> int | None:
    """How often to repeat, by `extraParams`, which is JSON in a text."""
    raw = arg.text("extraParams")
    if raw is None:
        return _PERIOD_MS
    try:
        extra: object = json.loads(raw)
    except ValueError:
        raise errors.parameter("extraParams") from None
    wanted = str(extra.get("updateInterval", "")) if isinstance(extra, Mapping) else ""
    return _INTERVALS.get(wanted, _PERIOD_MS)


def _filter(call: Call, arg: Params) -> Callable[[Listing], bool]:
    kind = arg.need("instType", INST_TYPES | {ANY})
    name, group = arg.text("instId"), arg.text("instFamily")
    if name is not None:
        call.listing(arg, gone=True)
        group = None
    return lambda listing: (
        kind in {ANY, inst_type(listing)} and name in {None, listing.symbol} and group in {None, family(listing)}
    )


CHANNELS: Final = frozenset({"account", "positions", "orders", "balance_and_position"})
