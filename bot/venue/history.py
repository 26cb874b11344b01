"""Lists of the past: trades after a cursor, orders since a time; complete or not at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from bot.domain.ids import Symbol
from bot.domain.orders import OrderReport, TradeCursor, VenueTrade
from bot.venue import binance
from bot.venue.binance import PAGE, WEEK_MS
from bot.venue.link import Link
from bot.venue.markets import Markets
from bot.venue.orders import order_report, venue_trade
from bot.venue.shapes import rows_of
from bot.venue.throttle import Lane

T = TypeVar("T")
_PAGES_MAX: Final = 1_000
_ENDLESS: Final = "the list does not end"


@dataclass(frozen=True, slots=True)
class History:
    """Reads the past of one account on USD-M futures."""

    link: Link
    markets: Markets

    async def trades(self, symbol: Symbol, after: TradeCursor, until_ms: int) -> Sequence[VenueTrade]:
        """All trades after the cursor, oldest first. Raises VenueFault."""
        read = partial(self._trade_page, symbol)
        found: Sequence[VenueTrade]
        if after.trade_id is None:
            found = await spans(read, after.time_ms + 1, until_ms, link=self.link, what=binance.TRADES.operation)
        else:
            found = await self._trades_from(read, int(after.trade_id) + 1)
        newest = -1 if after.trade_id is None else int(after.trade_id)
        unique = {int(trade.trade_id): trade for trade in found}
        return [unique[number] for number in sorted(unique) if number > newest]

    async def orders(self, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[OrderReport]:
        """All orders created since, whatever became of them, oldest first. Raises VenueFault."""
        read = partial(self._order_page, symbol)
        found = await spans(read, since_ms, until_ms, link=self.link, what=binance.ALL_ORDERS.operation)
        unique = {int(report.venue_order_id): report for report in found}
        return [unique[number] for number in sorted(unique)]

    async def open_orders(self, symbol: Symbol) -> Sequence[OrderReport]:
        """All open orders of the account on the instrument. Raises VenueFault."""
        market_id = self.markets.id_of(symbol)
        parse = partial(_reports, symbol, market_id)
        return await self.link.ask(binance.OPEN_ORDERS, parse, {"symbol": market_id}, lane=Lane.RESCUE)

    async def _trades_from(
        self, read: Callable[[dict[str, object]], Awaitable[Sequence[VenueTrade]]], first: int
    ) -> Sequence[VenueTrade]:
        found: list[VenueTrade] = []
        for _ in range(_PAGES_MAX):
            page = await read({"fromId": first})
            found.extend(page)
            if len(page) < PAGE:
                return found
            following = max(int(trade.trade_id) for trade in page) + 1
            if following <= first:
                break
            first = following
        raise self.link.unreadable(binance.TRADES.operation, _ENDLESS)

    async def _trade_page(self, symbol: Symbol, params: dict[str, object]) -> Sequence[VenueTrade]:
        market_id = self.markets.id_of(symbol)
        parse = partial(_trades, symbol, market_id)
        return await self.link.ask(
            binance.TRADES, parse, {"symbol": market_id, "limit": PAGE, **params}, lane=Lane.RESCUE
        )

    async def _order_page(self, symbol: Symbol, params: dict[str, object]) -> Sequence[OrderReport]:
        market_id = self.markets.id_of(symbol)
        parse = partial(_reports, symbol, market_id)
        return await self.link.ask(
            binance.ALL_ORDERS, parse, {"symbol": market_id, "limit": PAGE, **params}, lane=Lane.RESCUE
        )


async def spans(
    read: Callable[[dict[str, object]], Awaitable[Sequence[T]]],
    start_ms: int,
    end_ms: int,
    *,
    link: Link,
    what: str,
    span_ms: int = WEEK_MS,
    page: int = PAGE,
) -> list[T]:
    """Read a span of time whole: in pieces the venue takes, halved where a full page may hide more.

    Args:
        read: asks for one piece, given `startTime` and `endTime`, both inclusive.
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
        rows = await read({"startTime": begin, "endTime": end})
        if len(rows) < page:
            found.extend(rows)
        elif begin == end:
            raise link.unreadable(what, _ENDLESS)
        else:
            middle = (begin + end) // 2
            pieces[:0] = [(begin, middle), (middle + 1, end)]
    return found


def _trades(symbol: Symbol, market_id: str, body: object) -> Sequence[VenueTrade]:
    return [venue_trade(row, symbol, market_id) for row in rows_of(body)]


def _reports(symbol: Symbol, market_id: str, body: object) -> Sequence[OrderReport]:
    return [order_report(row, symbol, market_id) for row in rows_of(body)]
