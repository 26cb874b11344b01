"""Numbered pages that tell how many rows there are in all: read whole, or not believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from bot.domain.observation import Stamp
from bot.venue.endpoint import Endpoint
from bot.venue.link import Link, Timed, joined
from bot.venue.shapes import Row, integer_in, row_of, rows_of

T = TypeVar("T")
_PAGE_SIZE: Final = 100
_PAGES_MAX: Final = 100


async def pages(
    link: Link,
    endpoint: Endpoint,
    make: Callable[[Row], T],
    params: Mapping[str, object] | None = None,
    *,
    rows_optional: bool = False,
) -> Timed[list[T]]:
    """Read all pages.

    Args:
        link: the way to the account.
        endpoint: which list.
        make: turns a row into a value. Raises ValueError.
        params: what is asked for.
        rows_optional: whether an empty page may lack its list of rows.

    Raises:
        VenueFault: a page could not be read, or there are not as many rows as the pages say.
    """

    def parse(body: object) -> tuple[list[T], int]:
        page = row_of(body, "total", *(() if rows_optional else ("rows",)))
        return [make(row) for row in rows_of(page.get("rows", []))], integer_in(page, "total")

    found: list[T] = []
    stamps: list[Stamp] = []
    for number in range(1, _PAGES_MAX + 1):
        read = await link.read(endpoint, parse, {**(params or {}), "current": number, "size": _PAGE_SIZE})
        rows, total = read.value
        found += rows
        stamps.append(read.stamp)
        if len(found) == total:
            return Timed(found, joined(*stamps))
        if len(found) > total or not rows:
            break
    raise link.unreadable(endpoint.operation, "the list does not hold as many rows as it says")
