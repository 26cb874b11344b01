"""Lists of the past: trades after a cursor, orders since a time; complete or not at all.

What OKX has forgotten nobody can list: an order that was cancelled unfilled is told for two hours only. It moved
nothing, so trades and positions are complete without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from bot.domain.ids import Symbol
from bot.domain.orders import OrderReport, TradeCursor, VenueTrade
from bot.ports import Clock
from bot.venue.endpoint import Endpoint
from bot.venue.link import Link
from bot.venue.markets import Markets
from bot.venue.okx import endpoints
from bot.venue.okx.endpoints import PAGE
from bot.venue.okx.orders import Place, of_short_side, order_report, venue_trade
from bot.venue.okx.wire import SPOT, SWAP, rows_in
from bot.venue.shapes import Row, integer_in
from bot.venue.throttle import Lane

T = TypeVar("T")
_PAGES_MAX: Final = 200
_DAY_MS: Final = 86_400_000
_RECENT_FILLS_MS: Final = 2 * _DAY_MS
"""`fills` tells three days, the slower `fills-history` three months."""
_RECENT_ORDERS_MS: Final = 6 * _DAY_MS
"""`orders-history` tells seven days, the archive three months."""
_KEPT_MS: Final = 85 * _DAY_MS


@dataclass(frozen=True, slots=True)
class History:
    """Reads the past of one account, on swaps and spot markets alike; `clock` tells venue time."""

    link: Link
    markets: Markets
    clock: Clock

    async def trades(self, symbol: Symbol, after: TradeCursor, until_ms: int) -> Sequence[VenueTrade]:
        """All trades after the cursor, oldest first; in hedge mode those of the short side. Raises VenueFault."""
        place = self.place(symbol)
        recent = after.time_ms > self.clock.now_ms() - _RECENT_FILLS_MS
        endpoint = endpoints.FILLS if recent else endpoints.OLD_FILLS
        params: dict[str, object] = {"instType": place.kind, "instId": place.market_id, "end": str(until_ms)}
        if after.trade_id is None:
            params["begin"] = str(after.time_ms)
        rows = await self._paged(endpoint, "billId", params, after.trade_id)
        if not _reaches(rows, after.trade_id):
            self._refuse_forgotten(endpoint, after.time_ms)
        return self._parsed(endpoint, partial(_trades_after, place, after), rows)

    async def orders(self, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[OrderReport]:
        """All orders created since, whatever became of them, oldest first. Raises VenueFault.

        Open ones are read first: what is done meanwhile is then in the list of done ones too.
        """
        place = self.place(symbol)
        self._refuse_forgotten(endpoints.OLD_ORDERS, since_ms)
        params = {"instType": place.kind, "instId": place.market_id}
        span = {**params, "begin": str(since_ms), "end": str(until_ms)}
        rows = list(await self._paged(endpoints.OPEN_ORDERS, "ordId", params))
        if since_ms < self.clock.now_ms() - _RECENT_ORDERS_MS:
            rows += await self._paged(endpoints.OLD_ORDERS, "ordId", span)
        rows += await self._paged(endpoints.ORDERS, "ordId", span)
        found = self._parsed(endpoints.ORDERS, partial(_reports, place), rows)
        unique = {int(report.venue_order_id): report for report in found if since_ms <= report.time_ms <= until_ms}
        return [unique[number] for number in sorted(unique)]

    async def open_orders(self, symbol: Symbol) -> Sequence[OrderReport]:
        """All open orders of the account on the instrument. Raises VenueFault."""
        place = self.place(symbol)
        params = {"instType": place.kind, "instId": place.market_id}
        rows = await self._paged(endpoints.OPEN_ORDERS, "ordId", params)
        return self._parsed(endpoints.OPEN_ORDERS, partial(_reports, place), rows)

    def place(self, symbol: Symbol) -> Place:
        """The market of a symbol. Raises ConfigFault."""
        if self.markets.is_spot(symbol):
            return self.spot_place(symbol)
        settle = self.markets.instrument(symbol).settle
        return Place(kind=SWAP, symbol=symbol, market_id=self.markets.id_of(symbol), settle=settle)

    def spot_place(self, symbol: Symbol) -> Place:
        """The spot market of a symbol. Raises ConfigFault."""
        pair = self.markets.spot_pair(symbol)
        return Place(kind=SPOT, symbol=symbol, market_id=pair.market_id, settle=pair.quote)

    async def _paged(
        self, endpoint: Endpoint, key: str, params: Mapping[str, object], newer_than: str | None = None
    ) -> Sequence[Row]:
        """All rows of a list that is told newest first, by an id that counts up; back to an id, if one is given."""
        found: list[Row] = []
        query: dict[str, object] = {**params, "limit": str(PAGE)}
        for _ in range(_PAGES_MAX):
            page = await self.link.ask(endpoint, partial(rows_with_id, key), query, lane=Lane.RESCUE)
            found += page
            if len(page) < PAGE:
                return found
            oldest = min(integer_in(row, key) for row in page)
            if newer_than is not None and oldest <= int(newer_than):
                return found
            if query.get("after") == str(oldest):
                break
            query["after"] = str(oldest)
        raise self.link.unreadable(endpoint.operation, "the list does not end")

    def _parsed(self, endpoint: Endpoint, parse: Callable[[Sequence[Row]], T], rows: Sequence[Row]) -> T:
        try:
            return parse(rows)
        except ValueError as fault:
            raise self.link.unreadable(endpoint.operation, str(fault)) from None

    def _refuse_forgotten(self, endpoint: Endpoint, since_ms: int) -> None:
        if since_ms < self.clock.now_ms() - _KEPT_MS:
            raise self.link.unreadable(endpoint.operation, "the venue keeps three months only, and less is not all")


def rows_with_id(key: str, body: object) -> Sequence[Row]:
    """Rows with a whole number for their id. Raises ValueError."""
    rows = rows_in(body, key)
    for row in rows:
        integer_in(row, key)
    return rows


def _reaches(rows: Sequence[Row], trade_id: str | None) -> bool:
    """Whether a list goes back to a trade that is known already, so that nothing between was left out."""
    return trade_id is not None and any(integer_in(row, "billId") <= int(trade_id) for row in rows)


def _trades_after(place: Place, after: TradeCursor, rows: Sequence[Row]) -> Sequence[VenueTrade]:
    newest = -1 if after.trade_id is None else int(after.trade_id)
    found = {integer_in(row, "billId"): venue_trade(row, place) for row in rows if of_short_side(row, place)}
    return [
        found[number]
        for number in sorted(found)
        if number > newest and (after.trade_id is not None or found[number].time_ms > after.time_ms)
    ]


def _reports(place: Place, rows: Sequence[Row]) -> Sequence[OrderReport]:
    return [order_report(row, place) for row in rows]
