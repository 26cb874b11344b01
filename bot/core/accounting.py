"""Every contract of the position, explained by a trade of the venue (R9, R23 to R25)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Final, assert_never

from bot.domain.ids import ClientOrderId, Epoch, TradeId, epoch_of
from bot.domain.numbers import ZERO, plain
from bot.domain.observation import Position
from bot.domain.orders import Anchor, TradeCursor, VenueTrade

# Client ids that Binance gives to orders of its own.
# Source: developers.binance.com, USD-M futures, user data streams, Event: Order Update.
_ADL: Final = "adl_autoclose"
_LIQUIDATION: Final = "autoclose-"
_SETTLEMENT: Final = "settlement_autoclose-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """An order of this journal."""

    client_id: ClientOrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class Adl:
    """The venue reduced the position to make good another's loss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Liquidation:
    """The venue closed the position because its margin was gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The venue closed the position because the contract ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEpoch:
    """An id of our form, drawn by a start that this journal does not know (R19)."""

    client_id: ClientOrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """Somebody else: a person in the venue's app, or another program."""


Owner = Ours | Adl | Liquidation | Settlement | UnknownEpoch | Foreign


def owner_of(client_id: str | None, *, known: Callable[[Epoch], bool]) -> Owner:
    """Whose order it is.

    Args:
        client_id: as the venue tells it; None when the order carries none.
        known: whether an epoch is one of this journal's.
    """
    if client_id is None:
        return Foreign()
    if client_id == _ADL:
        return Adl()
    if client_id.startswith(_LIQUIDATION):
        return Liquidation()
    if client_id.startswith(_SETTLEMENT):
        return Settlement()
    epoch = epoch_of(client_id)
    if epoch is None:
        return Foreign()
    return (
        Ours(client_id=ClientOrderId(client_id)) if known(epoch) else UnknownEpoch(client_id=ClientOrderId(client_id))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounted:
    """The position is explained to the last contract.

    Attributes:
        anchor: the position confirmed now, its cursor at the last trade in it.
        settled: orders whose fills are found in it.
        own_moved: signed contracts that our orders moved it by since the last anchor.
        foreign: trades of others since the last anchor, oldest first.
    """

    anchor: Anchor
    settled: tuple[ClientOrderId, ...]
    own_moved: Decimal
    foreign: tuple[tuple[VenueTrade, Owner], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unaccounted:
    """The position can't be explained yet. Nothing may be sent; time never ends this (R23).

    Attributes:
        expected: signed contracts, from the last anchor and the trades since.
        seen: signed contracts of the reading.
        reason: one sentence with the numbers.
    """

    expected: Decimal
    seen: Decimal
    reason: str


def account(
    anchor: Anchor,
    trades: Sequence[tuple[VenueTrade, Owner]],
    position: Position,
    fills: Mapping[ClientOrderId, tuple[Decimal, int]],
    step: Decimal,
    counted: Mapping[ClientOrderId, Decimal],
) -> Accounted | Unaccounted:
    """Explain a position reading by the last confirmed one and all venue trades since.

    Args:
        anchor: the last confirmed position.
        trades: all trades after its cursor with their owners, oldest first; repeated ones count once.
        position: the reading to explain.
        fills: orders with fills that are not settled: contracts filled in all, as the venue reported, and when we
            knew of it (our clock).
        step: the instrument's quantity step in contracts, to name a difference by.
        counted: contracts of each order that earlier confirmations counted already; none when missing.

    Returns:
        Accounted, if anchor + trades is exactly the reading, every fill is exactly found in the trades, and the
        reading was asked for after every fill was known.
    """
    new = distinct(trades, anchor.cursor.trade_id)
    expected = anchor.contracts + sum((trade.moved for trade, _ in new), ZERO)
    own = _by_order(new)
    reason = (
        _without_lookup(own, fills)
        or _fill_not_in_trades(own, fills, counted)
        or _read_too_early(position, fills)
        or _position_differs(expected, position.contracts, step)
    )
    if reason:
        return Unaccounted(expected=expected, seen=position.contracts, reason=reason)
    last = TradeCursor(trade_id=new[-1][0].trade_id, time_ms=new[-1][0].time_ms) if new else anchor.cursor
    return Accounted(
        anchor=Anchor(contracts=position.contracts, cursor=last, at_ms=position.stamp.answered_ms),
        settled=tuple(fills),
        own_moved=sum((trade.moved for trade, owner in new if isinstance(owner, Ours)), ZERO),
        foreign=tuple((trade, owner) for trade, owner in new if not isinstance(owner, Ours)),
    )


def distinct(
    trades: Sequence[tuple[VenueTrade, Owner]], cursor_trade: TradeId | None
) -> list[tuple[VenueTrade, Owner]]:
    """Each trade once; the one at the cursor is in the anchor already."""
    first: dict[TradeId, tuple[VenueTrade, Owner]] = {}
    for trade, owner in trades:
        if trade.trade_id != cursor_trade:
            first.setdefault(trade.trade_id, (trade, owner))
    return list(first.values())


def _by_order(trades: Sequence[tuple[VenueTrade, Owner]]) -> dict[ClientOrderId, Decimal]:
    totals: dict[ClientOrderId, Decimal] = {}
    for trade, owner in trades:
        if isinstance(owner, Ours):
            totals[owner.client_id] = totals.get(owner.client_id, ZERO) + trade.contracts
    return totals


def _without_lookup(
    own: Mapping[ClientOrderId, Decimal], fills: Mapping[ClientOrderId, tuple[Decimal, int]]
) -> str | None:
    """A trade of an order whose fill is not known: its outcome was lost, or a report is out of date."""
    for client_id in own:
        if client_id not in fills:
            return f"order {client_id} has trades, look it up first"
    return None


def _fill_not_in_trades(
    own: Mapping[ClientOrderId, Decimal],
    fills: Mapping[ClientOrderId, tuple[Decimal, int]],
    counted: Mapping[ClientOrderId, Decimal],
) -> str | None:
    for client_id, (filled, _) in fills.items():
        in_trades = own.get(client_id, ZERO) + counted.get(client_id, ZERO)
        if in_trades != filled:
            return f"order {client_id} filled {plain(filled)} contracts, its trades make {plain(in_trades)}"
    return None


def _read_too_early(position: Position, fills: Mapping[ClientOrderId, tuple[Decimal, int]]) -> str | None:
    for client_id, (_, known_ms) in fills.items():
        if position.stamp.sent_ms < known_ms:
            before = known_ms - position.stamp.sent_ms
            return f"the position was asked for {before} ms before the fill of order {client_id} was known"
    return None


def _position_differs(expected: Decimal, seen: Decimal, step: Decimal) -> str | None:
    if expected == seen:
        return None
    steps = plain((seen - expected) / step)
    return f"the position is {plain(seen)} contracts, trades explain {plain(expected)}: {steps} steps apart"


class ForeignVerdict(StrEnum):
    """What trades of others mean, from the mildest to the worst (R19, R25)."""

    ADL = "adl"
    """Hedge again at once, within caps."""
    FOREIGN = "foreign"
    """Alarm, wait, then hedge again."""
    SETTLEMENT = "settlement"
    """Halt: the contract ended."""
    LIQUIDATION = "liquidation"
    """Halt: the margin is gone."""
    UNKNOWN_EPOCH = "unknown-epoch"
    """Halt the account: another journal is trading on it."""


def foreign_verdict(foreign: Sequence[tuple[VenueTrade, Owner]]) -> ForeignVerdict | None:
    """The worst of what trades of others mean; None when there are none.

    A change without marker weighs more than an ADL, since it leaves us less to do on our own.
    """
    seen = {_verdict(owner) for _, owner in foreign}
    return next((verdict for verdict in reversed(ForeignVerdict) if verdict in seen), None)


def _verdict(owner: Owner) -> ForeignVerdict | None:
    match owner:
        case Ours():
            return None
        case Adl():
            return ForeignVerdict.ADL
        case Foreign():
            return ForeignVerdict.FOREIGN
        case Settlement():
            return ForeignVerdict.SETTLEMENT
        case Liquidation():
            return ForeignVerdict.LIQUIDATION
        case UnknownEpoch():
            return ForeignVerdict.UNKNOWN_EPOCH
        case _:
            assert_never(owner)


def adopted(readings: Sequence[Position], needed: int = 3) -> bool:
    """Whether a position that nothing explains may be believed (R9, R25).

    Args:
        readings: consecutive readings, oldest first.
        needed: how many of the newest must agree.

    Returns:
        True when the newest ones show the same contracts, each asked for after the one before was answered.
    """
    if len(readings) < needed:
        return False
    newest = readings[-needed:]
    return all(
        later.contracts == earlier.contracts and later.stamp.sent_ms >= earlier.stamp.answered_ms
        for earlier, later in pairwise(newest)
    )
