"""Orders that are there: cancelled, looked up, listed; on swaps and spot markets alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from bot.domain.ids import ClientOrderId, Symbol, VenueOrderId
from bot.domain.orders import OrderReport, TradeCursor, VenueTrade
from bot.venue.link import Link
from bot.venue.okx import endpoints
from bot.venue.okx.history import History
from bot.venue.okx.orders import check_canceled, order_report
from bot.venue.okx.wire import row_in
from bot.venue.throttle import Lane


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything of `bot.venue.desk.OrderDesk` but placing."""

    link: Link
    history: History

    async def cancel(self, symbol: Symbol, client_id: ClientOrderId) -> OrderReport | None:
        """Ask for a cancel; the answer only acknowledges it."""
        params = {"instId": self.history.place(symbol).market_id, "clOrdId": client_id}
        parse = partial(check_canceled, client_id=client_id)
        await self.link.ask(endpoints.CANCEL_ORDER, parse, params, lane=Lane.RESCUE)
        return None

    async def find_order(self, symbol: Symbol, client_id: ClientOrderId) -> OrderReport:
        """By our id."""
        report = await self._find(symbol, {"clOrdId": client_id})
        if report.client_id != client_id:
            raise self.link.unreadable(endpoints.FIND_ORDER.operation, "the answer is about another order")
        return report

    async def find_venue_order(self, symbol: Symbol, order_id: VenueOrderId) -> OrderReport:
        """By the venue's id."""
        report = await self._find(symbol, {"ordId": order_id})
        if report.venue_order_id != order_id:
            raise self.link.unreadable(endpoints.FIND_ORDER.operation, "the answer is about another order")
        return report

    async def open_orders(self, symbol: Symbol) -> Sequence[OrderReport]:
        """All open orders on the market."""
        return await self.history.open_orders(symbol)

    async def orders(self, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[OrderReport]:
        """All orders created in that time."""
        return await self.history.orders(symbol, since_ms, until_ms)

    async def trades(self, symbol: Symbol, after: TradeCursor, until_ms: int) -> Sequence[VenueTrade]:
        """All trades after the cursor."""
        return await self.history.trades(symbol, after, until_ms)

    async def _find(self, symbol: Symbol, name: Mapping[str, object]) -> OrderReport:
        place = self.history.place(symbol)
        params = {"instId": place.market_id, **name}
        return await self.link.ask(
            endpoints.FIND_ORDER, lambda body: order_report(row_in(body), place), params, lane=Lane.RESCUE
        )
