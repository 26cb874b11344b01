"""Windows of time and pages over an account's records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from bot.paper.wire.kucoin.errors import bad_parameter
from bot.paper.wire.kucoin.params import Params

T = TypeVar("T")


def window(records: Sequence[T], params: Params, time_of: Callable[[T], int]) -> list[T]:
    """The records between `startAt` and `endAt`, both included, in the order they came."""
    start_ms, end_ms = params.integer("startAt"), params.integer("endAt")
    return [
        record
        for record in records
        if (start_ms is None or time_of(record) >= start_ms) and (end_ms is None or time_of(record) <= end_ms)
    ]


def page(rows: Sequence[object], params: Params, *, highest: int = 500) -> dict[str, object]:
    """Page `currentPage` (from 1) of `pageSize` rows (50 by default), newest first as KuCoin's pages are.

    Args:
        rows: oldest first.
        params: the request's parameters.
        highest: the largest page.

    Raises:
        ApiError: 400100 a larger page than that.
    """
    size = params.integer("pageSize") or 50
    if size > highest:
        raise bad_parameter(f"pageSize should not greater than {highest}")
    current = max(1, params.integer("currentPage") or 1)
    newest_first = list(reversed(rows))
    return {
        "currentPage": current,
        "pageSize": size,
        "totalNum": len(rows),
        "totalPage": -(-len(rows) // size),
        "items": newest_first[(current - 1) * size : current * size],
    }


def newest(rows: Sequence[T], params: Params, *, name: str = "limit", default: int = 20, highest: int = 200) -> list[T]:
    """The newest `limit` rows, newest first, older than `lastId` when that is given by the caller's filter."""
    limit = min(params.integer(name) or default, highest)
    return list(reversed(rows))[:limit]
