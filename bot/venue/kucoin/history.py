"""Orders by id and in lists, trades after a cursor; complete or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from bot.domain.ids import ClientOrderId, Symbol, TradeId, VenueOrderId
from bot.domain.orders import OrderReport, TradeCursor, VenueTrade
from bot.ports import Clock
from bot.venue.kucoin.endpoints import FIND_ORDER, FIND_VENUE_ORDER, ORDERS, PAGE, TRADES, WEEK_MS
from bot.venue.kucoin.envelope import pages, row_in
from bot.venue.kucoin.markets import KuCoinMarkets
from bot.venue.kucoin.orders import forced_order, marker_of, order_report, settling, venue_trade
from bot.venue.link import Link
from bot.venue.shapes import Row, integer_in, text_in
from bot.venue.throttle import Lane

_LAG_MS: Final = 60_000
"""Lists go by the time a row was booked, which is after the trade; so they are read from before the cursor."""
_OUR_SIDES: Final = frozenset({"BOTH", "SHORT"})
_OTHER_SIDE: Final = "LONG"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dated:
    """A trade with the place it has among all trades of its contract: by nanosecond, then by id."""

    place: tuple[int, int, str]
    trade: VenueTrade
    marker: ClientOrderId | None


@dataclass(frozen=True, slots=True)
class History:
    """Reads orders and trades of one account."""

    link: Link
    markets: KuCoinMarkets
    clock: Clock
    _forced: dict[VenueOrderId, OrderReport] = field(default_factory=dict)
    """Orders of the venue's own, of which only their trades tell what they are."""

    async def find(self, symbol: Symbol, client_id: ClientOrderId) -> OrderReport:
        """By our id. KuCoin takes an id again once its order is done, and tells of the newest.

        Raises VenueFault; also for an order that is done so lately that its fills may not be booked.
        """
        report = await self.link.ask(
            FIND_ORDER, partial(self._settled, symbol), {"clientOid": client_id}, lane=Lane.RESCUE
        )
        if report.client_id != client_id:
            raise self.link.unreadable(FIND_ORDER.operation, "the answer is about another order")
        return report

    async def find_venue(self, symbol: Symbol, order_id: VenueOrderId) -> OrderReport:
        """By the venue's id; an order that the venue forced is told by its trades, once they were read (R25).

        Raises VenueFault.
        """
        forced = self._forced.get(order_id)
        if forced is not None:
            return forced
        report = await self.link.ask(
            FIND_VENUE_ORDER, partial(self._single, symbol), {"orderId": order_id}, lane=Lane.RESCUE
        )
        if report.venue_order_id != order_id:
            raise self.link.unreadable(FIND_VENUE_ORDER.operation, "the answer is about another order")
        return report

    async def open_orders(self, symbol: Symbol) -> Sequence[OrderReport]:
        """All open orders of the account on the contract. Raises VenueFault."""
        params = {"status": "active", "symbol": self.markets.id_of(symbol)}
        return await pages(self.link, ORDERS, partial(self._report, symbol), params, size=PAGE, lane=Lane.RESCUE)

    async def orders(self, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[OrderReport]:
        """All orders created in that time, oldest first. Raises VenueFault.

        Active orders are read first: one that is done meanwhile then stands in both lists rather than in none.
        """
        found = {report.venue_order_id: report for report in await self.open_orders(symbol)}
        for begin in range(since_ms, until_ms + 1, WEEK_MS):
            params = {
                "status": "done",
                "symbol": self.markets.id_of(symbol),
                "startAt": begin,
                "endAt": min(begin + WEEK_MS - 1, until_ms),
            }
            done = await pages(self.link, ORDERS, partial(self._report, symbol), params, size=PAGE, lane=Lane.RESCUE)
            found |= {report.venue_order_id: report for report in done}
        inside = [report for report in found.values() if since_ms <= report.time_ms <= until_ms]
        return sorted(inside, key=lambda report: (report.time_ms, report.venue_order_id))

    async def trades(self, symbol: Symbol, after: TradeCursor, until_ms: int) -> Sequence[VenueTrade]:
        """All trades after the cursor, oldest first; in hedge mode those of the short side. Raises VenueFault.

        Trades are in the order of their nanosecond, then of their id. A cursor's own trade must be found again, or the
        list is not believed to reach back to it.
        """
        since_ms = max(after.time_ms - _LAG_MS, 0)
        dated: dict[TradeId, _Dated] = {}
        for begin in range(since_ms, until_ms + 1, WEEK_MS):
            params = {
                "symbol": self.markets.id_of(symbol),
                "startAt": begin,
                "endAt": min(begin + WEEK_MS - 1, until_ms),
            }
            for row in await pages(
                self.link, TRADES, partial(self._trade, symbol), params, size=PAGE, lane=Lane.RESCUE
            ):
                if row is not None:
                    dated[row.trade.trade_id] = row
        ordered = sorted(dated.values(), key=lambda row: row.place)
        self._note_forced(symbol, ordered)
        if after.trade_id is None:
            return [row.trade for row in ordered if row.trade.time_ms > after.time_ms]
        last = dated.get(after.trade_id)
        if last is None:
            raise self.link.unreadable(TRADES.operation, f"trade {after.trade_id}, counted last, is not in the list")
        return [row.trade for row in ordered if row.place > last.place]

    def _single(self, symbol: Symbol, body: object) -> OrderReport:
        return self._report(symbol, row_in(body))

    def _settled(self, symbol: Symbol, body: object) -> OrderReport:
        row = row_in(body)
        report = self._report(symbol, row)
        if settling(row, self.clock.now_ms()):
            raise ValueError("the order is done, but its fills may not be booked yet")
        return report

    def _note_forced(self, symbol: Symbol, ordered: Sequence[_Dated]) -> None:
        for row in ordered:
            order_id = row.trade.venue_order_id
            if row.marker is not None:
                trades = [other.trade for other in ordered if other.trade.venue_order_id == order_id]
                self._forced[order_id] = forced_order(row.marker, trades, self.markets.instrument(symbol))

    def _report(self, symbol: Symbol, row: Row) -> OrderReport:
        return order_report(row, self.markets.instrument(symbol), self.markets.id_of(symbol), self.clock.now_ms())

    def _trade(self, symbol: Symbol, row: Row) -> _Dated | None:
        trade = venue_trade(row, self.markets.instrument(symbol), self.markets.id_of(symbol), self.markets)
        side = row.get("positionSide") or "BOTH"
        if side == _OTHER_SIDE:
            return None
        if side not in _OUR_SIDES:
            raise ValueError(f"positionSide {side!r} is not known")
        trade_id = text_in(row, "tradeId")
        # Ids are decimal digits today and were hexadecimal once: longer means later among digits.
        place = (integer_in(row, "tradeTime"), len(trade_id), trade_id)
        return _Dated(place=place, trade=trade, marker=marker_of(row))
