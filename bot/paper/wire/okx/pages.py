"""Windows of time and pages over an account's records, newest first as OKX lists everything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from bot.paper.wire.okx.params import Params

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
WEEK_MS: Final = 7 * DAY_MS
QUARTER_MS: Final = 90 * DAY_MS
T = TypeVar("T")


def page(
    records: Iterable[T],
    params: Params,
    *,
    id_of: Callable[[T], int],
    time_of: Callable[[T], int],
    since_ms: int = 0,
    count: int | None = 100,
) -> list[T]:
    """What `after` (older than an id), `before` (newer than it), `begin`, `end` and `limit` ask for, newest first.

    Args:
        records: in any order.
        params: the request's parameters.
        id_of: what `after` and `before` are compared with; for some lists that is a time.
        time_of: what `begin` and `end` are compared with, milliseconds; both ends count.
        since_ms: nothing older is shown.
        count: the largest page; None: all, whatever `limit` says.
    """
    after, before = params.integer("after"), params.integer("before")
    begin_ms, end_ms = params.integer("begin"), params.integer("end")
    found = [
        record
        for record in records
        if time_of(record) >= since_ms
        and (after is None or id_of(record) < after)
        and (before is None or id_of(record) > before)
        and (begin_ms is None or time_of(record) >= begin_ms)
        and (end_ms is None or time_of(record) <= end_ms)
    ]
    newest_first = sorted(found, key=id_of, reverse=True)
    return newest_first if count is None else newest_first[: params.limit(count)]
