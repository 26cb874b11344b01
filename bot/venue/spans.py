"""A span of time of a venue's list, read whole or not at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from bot.venue.link import Link

T = TypeVar("T")
ENDLESS: Final = "the list does not end"


async def spans(
    read: Callable[[int, int], Awaitable[Sequence[T]]],
    start_ms: int,
    end_ms: int,
    *,
    link: Link,
    what: str,
    span_ms: int,
    page: int,
) -> list[T]:
    """Read a span of time whole: in pieces the venue takes, halved where a full page may hide more.

    Args:
        read: asks for one piece, given its first and last millisecond.
        start_ms: venue time.
        end_ms: venue time.
        link: for the fault's venue.
        what: the operation, for the fault.
        span_ms: the longest piece that the venue takes.
        page: how many rows a full page has.

    Raises:
        VenueUnreadable: a single millisecond holds more than a page.
    """
    pieces = [(begin, min(begin + span_ms - 1, end_ms)) for begin in range(start_ms, end_ms + 1, span_ms)]
    found: list[T] = []
    while pieces:
        begin, end = pieces.pop(0)
        rows = await read(begin, end)
        if len(rows) < page:
            found.extend(rows)
        elif begin == end:
            raise link.unreadable(what, ENDLESS)
        else:
            middle = (begin + end) // 2
            pieces[:0] = [(begin, middle), (middle + 1, end)]
    return found
