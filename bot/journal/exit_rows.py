"""Crossings of stablecoin hedges, write-offs and bars, to rows and back; as strict as `bot.journal.rows`."""

from __future__ import annotations

from typing import Any

from bot.domain.exits import Crossing, CrossingCause, CrossingKind, CrossingRecord, CrossingState
from bot.domain.ids import Asset, ClientOrderId, HedgeName, VenueName, epoch_of
from bot.domain.intent import IntentRecord
from bot.domain.numbers import decimal_of
from bot.domain.orders import Side
from bot.domain.proceeds import CrossingId, WriteOff
from bot.domain.usd import UsdBar
from bot.journal.rows import Row, digits, record_of, sequence_of


def crossing_row(record: CrossingRecord) -> dict[str, Any]:
    """The row of a crossing. Raises ValueError when it contradicts itself."""
    check_crossing(record)
    crossing = record.crossing
    return {
        "crossing_id": crossing.crossing_id,
        "epoch": epoch_of(crossing.crossing_id),
        "sequence": sequence_of(ClientOrderId(crossing.crossing_id)),
        "hedge": crossing.hedge,
        "venue": crossing.venue,
        "asset": crossing.asset,
        "kind": crossing.kind.value,
        "cause": crossing.cause.value,
        "coins": digits(crossing.coins),
        "source": crossing.source,
        "target": crossing.target,
        "reason": crossing.reason,
        "created_ms": crossing.created_ms,
        "state": record.state.value,
        "coins_done": digits(record.coins_done),
        "quote_done": digits(record.quote_done),
        "detail": record.detail,
        "updated_ms": record.updated_ms,
    }


def check_crossing(record: CrossingRecord) -> None:
    """Refuse a record that contradicts itself.

    Raises:
        ValueError: says what does not fit.
    """
    crossing, done = record.crossing, (record.coins_done, record.quote_done)
    if epoch_of(crossing.crossing_id) is None:
        raise ValueError(f"{crossing.crossing_id!r} is no id of ours")
    if min(done) < 0 or (crossing.kind is CrossingKind.EXIT and record.coins_done > crossing.coins):
        raise ValueError(f"{crossing.crossing_id}: {record.coins_done} of {crossing.coins} for {record.quote_done}")
    if record.state is CrossingState.OPEN and any(done):
        raise ValueError(f"{crossing.crossing_id}: it is open, and what it did is not counted yet")


def crossing_of(row: Row) -> CrossingRecord:
    """A crossing from its row."""
    source, target = row["source"], row["target"]
    record = CrossingRecord(
        crossing=Crossing(
            crossing_id=CrossingId(row["crossing_id"]),
            hedge=HedgeName(row["hedge"]),
            venue=VenueName(row["venue"]),
            asset=Asset(row["asset"]),
            kind=CrossingKind(row["kind"]),
            cause=CrossingCause(row["cause"]),
            coins=decimal_of(row["coins"]),
            source=None if source is None else Asset(source),
            target=None if target is None else Asset(target),
            reason=row["reason"],
            created_ms=row["created_ms"],
        ),
        state=CrossingState(row["state"]),
        coins_done=decimal_of(row["coins_done"]),
        quote_done=decimal_of(row["quote_done"]),
        detail=row["detail"],
        updated_ms=row["updated_ms"],
    )
    check_crossing(record)
    return record


def check_slice(crossing: Crossing, intent: IntentRecord) -> None:
    """Refuse an order that can't be a slice of the crossing.

    Raises:
        ValueError: says what does not fit.
    """
    request = intent.intent.request
    base, _, quote = request.symbol.partition("/")
    given, got = (base, quote) if request.side is Side.SELL else (quote, base)
    fits = {
        CrossingKind.EXIT: given == crossing.asset,
        CrossingKind.ENTER: got == crossing.asset,
        CrossingKind.SWAP: (given, got) == (crossing.source, crossing.target),
    }[crossing.kind]
    if not fits or ":" in request.symbol or (intent.intent.hedge, request.venue) != (crossing.hedge, crossing.venue):
        raise ValueError(f"{request.side.value} on {request.symbol} is no {crossing.kind.value} of {crossing.hedge}")


def slice_of(row: Row) -> tuple[CrossingId, IntentRecord]:
    """An order and whose it is, from its row."""
    return CrossingId(row["crossing"]), record_of(row)


def write_off_row(write_off: WriteOff) -> dict[str, Any]:
    """The row of a write-off. Raises ValueError when it contradicts itself."""
    if not 0 < write_off.amount <= write_off.owned:
        raise ValueError(f"{write_off.amount} of {write_off.owned} {write_off.asset} can't be written off")
    return {
        "hedge": write_off.hedge,
        "asset": write_off.asset,
        "amount": digits(write_off.amount),
        "owned": digits(write_off.owned),
        "balance": digits(write_off.balance),
        "at_ms": write_off.at_ms,
    }


def write_off_of(row: Row) -> WriteOff:
    """A write-off from its row."""
    write_off = WriteOff(
        hedge=HedgeName(row["hedge"]),
        asset=Asset(row["asset"]),
        amount=decimal_of(row["amount"]),
        owned=decimal_of(row["owned"]),
        balance=decimal_of(row["balance"]),
        at_ms=row["at_ms"],
    )
    write_off_row(write_off)
    return write_off


def bar_row(asset: Asset, bar_ms: int, bar: UsdBar) -> dict[str, Any]:
    """The row of a bar. Raises ValueError when its close is no price."""
    if bar.close <= 0 or bar_ms <= 0:
        raise ValueError(f"{asset}: a bar of {bar_ms} ms that closes at {bar.close}")
    return {"asset": asset, "bar_ms": bar_ms, "open_ms": bar.open_ms, "close": digits(bar.close)}


def bar_of(row: Row) -> UsdBar:
    """A bar from its row."""
    bar = UsdBar(open_ms=row["open_ms"], close=decimal_of(row["close"]))
    bar_row(Asset(row["asset"]), row["bar_ms"], bar)
    return bar
