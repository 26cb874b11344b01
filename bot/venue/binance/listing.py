"""Trades after a cursor, as all three APIs list them: by an id that counts up within a market."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar

from bot.domain.orders import TradeCursor
from bot.venue.binance.endpoints import PAGE
from bot.venue.endpoint import Endpoint
from bot.venue.link import Link
from bot.venue.spans import ENDLESS, spans

T = TypeVar("T")
_PAGES_MAX: Final = 1_000


async def trades_after(
    link: Link,
    endpoint: Endpoint,
    read: Callable[[Mapping[str, object]], Awaitable[Sequence[T]]],
    number: Callable[[T], int],
    *,
    after: TradeCursor,
    until_ms: int,
    span_ms: int,
) -> Sequence[T]:
    """All rows after the cursor, by number, each once.

    Args:
        link: for the faults' venue.
        endpoint: which list, for the faults.
        read: asks for one page, given the fields that say which.
        number: of a row.
        after: by its trade's number, or by its time where it has none.
        until_ms: venue time.
        span_ms: the longest span of time that the list takes.

    Raises:
        VenueUnreadable: the list does not end.
    """

    async def read_span(begin: int, end: int) -> Sequence[T]:
        return await read({"startTime": begin, "endTime": end})

    found: Sequence[T]
    if after.trade_id is None:
        what, first_ms = endpoint.operation, after.time_ms + 1
        found = await spans(read_span, first_ms, until_ms, link=link, what=what, span_ms=span_ms, page=PAGE)
    else:
        found = await _from(link, endpoint, read, number, int(after.trade_id) + 1)
    newest = -1 if after.trade_id is None else int(after.trade_id)
    unique = {number(row): row for row in found}
    return [unique[each] for each in sorted(unique) if each > newest]


async def _from(
    link: Link,
    endpoint: Endpoint,
    read: Callable[[Mapping[str, object]], Awaitable[Sequence[T]]],
    number: Callable[[T], int],
    first: int,
) -> Sequence[T]:
    found: list[T] = []
    for _ in range(_PAGES_MAX):
        page = await read({"fromId": first})
        found.extend(page)
        if len(page) < PAGE:
            return found
        following = max(number(row) for row in page) + 1
        if following <= first:
            break
        first = following
    raise link.unreadable(endpoint.operation, ENDLESS)
