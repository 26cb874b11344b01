"""Spot markets of one account: depth, fee rates, orders and trades.

Orders are those of the high-frequency system, which every account trades on; they use the trade account.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final, TypeVar

from bot.domain.ids import ClientOrderId, Symbol, VenueOrderId
from bot.domain.numbers import ZERO
from bot.domain.observation import Book
from bot.domain.orders import OrderReport, OrderStatus, TradeCursor, VenueTrade
from bot.ports import OrderTicket
from bot.venue.book import book_of
from bot.venue.endpoint import Endpoint
from bot.venue.errors import Meaning
from bot.venue.kucoin.endpoints import (
    DAY_MS,
    SPOT_CANCEL,
    SPOT_DEPTH,
    SPOT_FEES,
    SPOT_FIND,
    SPOT_FIND_VENUE,
    SPOT_OPEN,
    SPOT_ORDERS,
    SPOT_PAGE,
    SPOT_PLACE,
    SPOT_TRADES,
)
from bot.venue.kucoin.envelope import row_in, rows_in
from bot.venue.kucoin.markets import KuCoinMarkets
from bot.venue.kucoin.spot_orders import order_params, order_report, settled, spot_trade
from bot.venue.link import Link
from bot.venue.markets import SpotPair
from bot.venue.shapes import Row, decimal_in, order_code_in, row_of, rows_of, same_market
from bot.venue.spans import spans
from bot.venue.throttle import Lane

T = TypeVar("T")
_LAG_MS: Final = 60_000
"""The list of trades is read from before the cursor, whose own trade must be found again."""


@dataclass(frozen=True, slots=True)
class Spot:
    """See `bot.venue.desk.SpotDesk`."""

    link: Link
    markets: KuCoinMarkets

    @property
    def placing(self) -> Endpoint:
        """What one order costs."""
        return SPOT_PLACE

    async def taker_fee(self, symbol: Symbol) -> Decimal:
        """The account's own rate."""
        market_id = self.markets.spot_pair(symbol).market_id
        return await self.link.ask(SPOT_FEES, partial(_taker_rate, market_id), {"symbols": market_id})

    async def book(self, symbol: Symbol) -> Book:
        """Visible depth."""
        params = {"symbol": self.markets.spot_pair(symbol).market_id}
        read = await self.link.read(SPOT_DEPTH, lambda body: row_in(body, "bids", "asks"), params)
        try:
            return book_of(read.value["bids"], read.value["asks"], read.stamp)
        except ValueError as fault:
            raise self.link.unreadable(SPOT_DEPTH.operation, str(fault)) from None

    async def place(self, ticket: OrderTicket) -> OrderReport:
        """Send an order, now; the venue tells ids alone."""
        pair = self.markets.spot_pair(ticket.request.symbol)
        return await self.link.send(SPOT_PLACE, partial(_acknowledged, ticket), order_params(pair, ticket))

    async def cancel(self, symbol: Symbol, client_id: ClientOrderId) -> OrderReport | None:
        """Ask for a cancel; the venue only acknowledges."""
        params = {"symbol": self.markets.spot_pair(symbol).market_id, "clientOid": client_id}
        await self.link.ask(SPOT_CANCEL, lambda body: row_in(body, "clientOid"), params, lane=Lane.RESCUE)
        return None

    async def find_order(self, symbol: Symbol, client_id: ClientOrderId) -> OrderReport:
        """By our id; a fault for an order that is done while not all of it is booked."""
        report = await self._find(SPOT_FIND, symbol, {"clientOid": client_id}, final=True)
        if report.client_id != client_id:
            raise self.link.unreadable(SPOT_FIND.operation, "the answer is about another order")
        return report

    async def find_venue_order(self, symbol: Symbol, order_id: VenueOrderId) -> OrderReport:
        """By the venue's id."""
        report = await self._find(SPOT_FIND_VENUE, symbol, {"orderId": order_id}, final=False)
        if report.venue_order_id != order_id:
            raise self.link.unreadable(SPOT_FIND_VENUE.operation, "the answer is about another order")
        return report

    async def open_orders(self, symbol: Symbol) -> Sequence[OrderReport]:
        """All open orders on the market."""
        pair = self.markets.spot_pair(symbol)

        def parse(body: object) -> Sequence[OrderReport]:
            return [order_report(row, pair) for row in rows_in(body)]

        return await self.link.ask(SPOT_OPEN, parse, {"symbol": pair.market_id}, lane=Lane.RESCUE)

    async def orders(self, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[OrderReport]:
        """All orders of that time.

        Active orders are read first: one that is done meanwhile then stands in both lists rather than in none.
        """
        pair = self.markets.spot_pair(symbol)
        found = {report.venue_order_id: report for report in await self.open_orders(symbol)}

        def read_one(row: Row) -> OrderReport:
            return order_report(row, pair)

        for report in await self._span(SPOT_ORDERS, pair, read_one, since_ms, until_ms):
            found[report.venue_order_id] = report
        inside = [report for report in found.values() if since_ms <= report.time_ms <= until_ms]
        return sorted(inside, key=lambda report: (report.time_ms, report.venue_order_id))

    async def trades(self, symbol: Symbol, after: TradeCursor, until_ms: int) -> Sequence[VenueTrade]:
        """All trades after the cursor, in the order of their time, then of their number."""
        pair = self.markets.spot_pair(symbol)

        def read_one(row: Row) -> VenueTrade:
            return spot_trade(row, pair, self.markets)

        since_ms = max(after.time_ms - _LAG_MS, 0)
        found = {trade.trade_id: trade for trade in await self._span(SPOT_TRADES, pair, read_one, since_ms, until_ms)}
        ordered = sorted(found.values(), key=_place)
        if after.trade_id is None:
            return [trade for trade in ordered if trade.time_ms > after.time_ms]
        last = found.get(after.trade_id)
        if last is None:
            raise self.link.unreadable(
                SPOT_TRADES.operation, f"trade {after.trade_id}, counted last, is not in the list"
            )
        return [trade for trade in ordered if _place(trade) > _place(last)]

    async def _find(
        self, endpoint: Endpoint, symbol: Symbol, name: Mapping[str, object], *, final: bool
    ) -> OrderReport:
        pair = self.markets.spot_pair(symbol)

        def parse(body: object) -> OrderReport:
            if row_of(body, "code", "data")["data"] is None:
                # A success without an order is how the venue may say that it knows none.
                raise self.link.refused(endpoint.operation, "no such order", meaning=Meaning.NOT_FOUND, code="no-data")
            row = row_in(body)
            report = order_report(row, pair)
            if final and not settled(row):
                raise ValueError("the order is done, but its fills may not be booked yet")
            return report

        return await self.link.ask(endpoint, parse, {"symbol": pair.market_id, **name}, lane=Lane.RESCUE)

    async def _span(
        self, endpoint: Endpoint, pair: SpotPair, read_one: Callable[[Row], T], since_ms: int, until_ms: int
    ) -> Sequence[T]:
        async def read(begin: int, end: int) -> Sequence[T]:
            params = {"symbol": pair.market_id, "startAt": begin, "endAt": end, "limit": SPOT_PAGE}

            def parse(body: object) -> Sequence[T]:
                return [read_one(row) for row in rows_of(row_in(body, "items")["items"])]

            return await self.link.ask(endpoint, parse, params, lane=Lane.RESCUE)

        what = endpoint.operation
        return await spans(read, since_ms, until_ms, link=self.link, what=what, span_ms=DAY_MS, page=SPOT_PAGE)


def _place(trade: VenueTrade) -> tuple[int, int]:
    return trade.time_ms, int(trade.trade_id)


def _acknowledged(ticket: OrderTicket, body: object) -> OrderReport:
    row = row_in(body, "orderId")
    if row.get("clientOid") not in {None, ticket.client_id}:
        raise ValueError("the answer is about another order")
    request = ticket.request
    return OrderReport(
        symbol=request.symbol,
        client_id=ticket.client_id,
        venue_order_id=order_code_in(row, "orderId"),
        side=request.side,
        status=OrderStatus.OPEN,
        contracts=request.contracts,
        filled=ZERO,
        average_price=None,
        reduce_only=False,
        time_ms=ticket.timestamp_ms,
    )


def _taker_rate(market_id: str, body: object) -> Decimal:
    rows = rows_in(body, "symbol", "takerFeeRate")
    if len(rows) != 1:
        raise ValueError("expected the rates of one market")
    same_market(rows[0], "symbol", market_id)
    return decimal_in(rows[0], "takerFeeRate")
