"""KuCoin's envelope `{"code", "data"}`, and its pages: a list is read whole or not at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final, TypeVar

from bot.domain.observation import Stamp
from bot.venue.endpoint import Endpoint
from bot.venue.link import Link, Timed, joined
from bot.venue.shapes import Row, integer_in, row_of, rows_of
from bot.venue.throttle import Lane

T = TypeVar("T")
_Page = tuple[int, list[T], int]
"""Its number, its rows, how many rows there are in all."""
_PAGES_MAX: Final = 200
_SUCCESS: Final = "200000"


def data_of(body: object) -> object:
    """What is in the envelope. Raises ValueError when it is none of a success."""
    row = row_of(body, "code", "data")
    if row["code"] != _SUCCESS:
        raise ValueError(f"code is {row['code']!r}")
    return row["data"]


def row_in(body: object, *keys: str) -> Row:
    """The one object of an answer. Raises ValueError."""
    return row_of(data_of(body), *keys)


def rows_in(body: object, *keys: str) -> Sequence[Row]:
    """The list of an answer that has no pages. Raises ValueError."""
    return rows_of(data_of(body), *keys)


async def pages(
    link: Link,
    endpoint: Endpoint,
    parse: Callable[[Row], T],
    params: Mapping[str, object],
    *,
    size: int,
    lane: Lane = Lane.READ,
) -> list[T]:
    """All rows of a list of numbered pages.

    Args:
        link: the way to the account.
        endpoint: which list.
        parse: reads a row; raises ValueError.
        params: of the query, without the page.
        size: rows on a page.
        lane: who goes first.

    Raises:
        VenueFault: also when there are not as many rows as the list itself says.
    """
    page = partial(_page, parse)
    return await _whole(link, endpoint, params, size, lambda query: link.ask(endpoint, page, query, lane=lane))


async def timed_pages(
    link: Link, endpoint: Endpoint, parse: Callable[[Row], T], params: Mapping[str, object], *, size: int
) -> Timed[list[T]]:
    """Like `pages`, with the time from the first request to the last answer."""
    page = partial(_page, parse)
    stamps: list[Stamp] = []

    async def read(query: Mapping[str, object]) -> _Page[T]:
        timed = await link.read(endpoint, page, query)
        stamps.append(timed.stamp)
        return timed.value

    return Timed(await _whole(link, endpoint, params, size, read), joined(*stamps))


async def _whole(
    link: Link,
    endpoint: Endpoint,
    params: Mapping[str, object],
    size: int,
    read: Callable[[Mapping[str, object]], Awaitable[_Page[T]]],
) -> list[T]:
    found: list[T] = []
    for number in range(1, _PAGES_MAX + 1):
        answered, rows, total = await read({**params, "currentPage": number, "pageSize": size})
        if answered != number:
            raise link.unreadable(endpoint.operation, f"page {answered} came for page {number}")
        found += rows
        if len(found) == total:
            return found
        if len(found) > total or not rows:
            break
    raise link.unreadable(endpoint.operation, "the list does not hold as many rows as it says")


def _page(parse: Callable[[Row], T], body: object) -> _Page[T]:
    page = row_in(body, "currentPage", "totalNum", "items")
    rows = [parse(row) for row in rows_of(page["items"])]
    return integer_in(page, "currentPage"), rows, integer_in(page, "totalNum")
