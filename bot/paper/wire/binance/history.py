"""Windows of time and pages over an account's records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from bot.paper.wire.binance.errors import ApiError, bad_combination
from bot.paper.wire.binance.params import Params

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
T = TypeVar("T")


def slice_of(
    records: Sequence[T],
    params: Params,
    *,
    limit: int,
    id_of: Callable[[T], int],
    time_of: Callable[[T], int],
    id_name: str,
    longest_ms: int | None = None,
) -> list[T]:
    """The part of `records` (oldest first) that ids, times and limit ask for.

    From an id or a start time the oldest records count, else the newest; the order is ascending in every case.

    Args:
        records: oldest first.
        params: the request's parameters.
        limit: how many at most.
        id_of: a record's id.
        time_of: a record's time, milliseconds.
        id_name: the parameter that means "this id and later ones", e.g. `fromId`.
        longest_ms: the longest window allowed between `startTime` and `endTime`.

    Raises:
        ApiError: -1128 an id and a time together; -1127 window too long.
    """
    first_id = params.integer(id_name)
    start_ms, end_ms = params.integer("startTime"), params.integer("endTime")
    if first_id is not None:
        if id_name == "fromId" and (start_ms is not None or end_ms is not None):
            raise bad_combination()
        return [record for record in records if id_of(record) >= first_id][:limit]
    if longest_ms is not None and start_ms is not None:
        if end_ms is not None and end_ms - start_ms > longest_ms:
            hours = longest_ms // HOUR_MS
            text = f"Lookup interval is too big. More than {hours} hours between startTime and endTime."
            raise ApiError(-1127, text)
        end_ms = start_ms + longest_ms if end_ms is None else end_ms
    found = within(records, start_ms, end_ms, time_of)
    return found[:limit] if start_ms is not None else found[-limit:]


def within(records: Sequence[T], start_ms: int | None, end_ms: int | None, time_of: Callable[[T], int]) -> list[T]:
    """The records of a time window, both ends included; None leaves an end open."""
    return [
        record
        for record in records
        if (start_ms is None or time_of(record) >= start_ms) and (end_ms is None or time_of(record) <= end_ms)
    ]


def page(rows: Sequence[object], params: Params, *, highest: int = 100) -> dict[str, object]:
    """Page `current` (from 1) of `size` rows (10 by default), newest first as Binance's wallet pages are.

    Args:
        rows: oldest first.
        params: the request's parameters.
        highest: the largest page.
    """
    size = max(1, params.limit(10, highest, "size"))
    current = max(1, params.integer("current") or 1)
    newest_first = list(reversed(rows))
    return {"rows": newest_first[(current - 1) * size : current * size], "total": len(rows)}
