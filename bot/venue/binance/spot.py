"""Spot markets of one account: filters, depth, orders and trades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from bot.domain.ids import ClientOrderId, Symbol, VenueOrderId
from bot.domain.numbers import ZERO
from bot.domain.observation import Book
from bot.domain.orders import OrderReport, TradeCursor, VenueTrade
from bot.ports import OrderTicket
from bot.venue.binance.endpoints import (
    DAY_MS,
    DEPTH_LEVELS,
    PAGE,
    SPOT_ACCOUNT,
    SPOT_CANCEL,
    SPOT_DEPTH,
    SPOT_FEES,
    SPOT_FIND,
    SPOT_OPEN,
    SPOT_ORDERS,
    SPOT_PLACE,
    SPOT_TRADES,
)
from bot.venue.binance.listing import trades_after
from bot.venue.binance.spot_orders import (
    account_taker_rate,
    order_params,
    order_report,
    own_report,
    spot_trade,
    taker_rate,
)
from bot.venue.book import book_of
from bot.venue.endpoint import Endpoint
from bot.venue.link import Link
from bot.venue.markets import Filters, Markets, SpotPair, SpotRules
from bot.venue.shapes import Row, decimal_in, entries_of, flag_in, positive_in, row_of, rows_of, text_in
from bot.venue.spans import spans
from bot.venue.throttle import Lane


@dataclass(frozen=True, slots=True)
class Spot:
    """See `bot.venue.desk.SpotDesk`.

    Args:
        link: the way to the account.
        markets: the names.
        served: whether the host tells fee rates by market (demo trading does not).
    """

    link: Link
    markets: Markets
    served: bool

    @property
    def placing(self) -> Endpoint:
        """What one order costs."""
        return SPOT_PLACE

    async def taker_fee(self, symbol: Symbol) -> Decimal:
        """The account's own rate on the market; where that is not told, the one it has on most."""
        if not self.served:
            return await self.link.ask(SPOT_ACCOUNT, account_taker_rate)
        pair = self.markets.spot_pair(symbol)
        return await self.link.ask(SPOT_FEES, partial(taker_rate, pair=pair), {"symbol": pair.market_id})

    async def book(self, symbol: Symbol) -> Book:
        """Visible depth."""
        params = {"symbol": self.markets.spot_pair(symbol).market_id, "limit": DEPTH_LEVELS}
        read = await self.link.read(SPOT_DEPTH, lambda body: row_of(body, "bids", "asks"), params)
        try:
            return book_of(read.value["bids"], read.value["asks"], read.stamp)
        except ValueError as fault:
            raise self.link.unreadable(SPOT_DEPTH.operation, str(fault)) from None

    async def place(self, ticket: OrderTicket) -> OrderReport:
        """Send an order, now."""
        pair = self.markets.spot_pair(ticket.request.symbol)
        parse = partial(own_report, pair=pair, client_id=ticket.client_id)
        return await self.link.send(SPOT_PLACE, parse, order_params(pair, ticket))

    async def cancel(self, symbol: Symbol, client_id: ClientOrderId) -> OrderReport:
        """Ask for a cancel."""
        return await self._own(SPOT_CANCEL, symbol, client_id)

    async def find_order(self, symbol: Symbol, client_id: ClientOrderId) -> OrderReport:
        """By our id."""
        return await self._own(SPOT_FIND, symbol, client_id)

    async def find_venue_order(self, symbol: Symbol, order_id: VenueOrderId) -> OrderReport:
        """By the venue's id."""
        pair = self.markets.spot_pair(symbol)

        def parse(body: object) -> OrderReport:
            report = order_report(body, pair)
            if report.venue_order_id != order_id:
                raise ValueError("the answer is about another order")
            return report

        params = {"symbol": pair.market_id, "orderId": order_id}
        return await self.link.ask(SPOT_FIND, parse, params, lane=Lane.RESCUE)

    async def open_orders(self, symbol: Symbol) -> Sequence[OrderReport]:
        """All open orders on the market."""
        pair = self.markets.spot_pair(symbol)
        return await self.link.ask(SPOT_OPEN, partial(_reports, pair), {"symbol": pair.market_id}, lane=Lane.RESCUE)

    async def orders(self, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[OrderReport]:
        """All orders of that time."""
        pair = self.markets.spot_pair(symbol)

        async def read(begin: int, end: int) -> Sequence[OrderReport]:
            params = {"symbol": pair.market_id, "limit": PAGE, "startTime": begin, "endTime": end}
            return await self.link.ask(SPOT_ORDERS, partial(_reports, pair), params, lane=Lane.RESCUE)

        found = await spans(
            read, since_ms, until_ms, link=self.link, what=SPOT_ORDERS.operation, span_ms=DAY_MS, page=PAGE
        )
        unique = {int(report.venue_order_id): report for report in found}
        return [unique[number] for number in sorted(unique)]

    async def trades(self, symbol: Symbol, after: TradeCursor, until_ms: int) -> Sequence[VenueTrade]:
        """All trades after the cursor."""
        pair = self.markets.spot_pair(symbol)

        async def read(params: Mapping[str, object]) -> Sequence[VenueTrade]:
            query = {"symbol": pair.market_id, "limit": PAGE, **params}
            return await self.link.ask(SPOT_TRADES, partial(_trades, pair), query, lane=Lane.RESCUE)

        return await trades_after(self.link, SPOT_TRADES, read, _number, after=after, until_ms=until_ms, span_ms=DAY_MS)

    async def _own(self, endpoint: Endpoint, symbol: Symbol, client_id: ClientOrderId) -> OrderReport:
        pair = self.markets.spot_pair(symbol)
        parse = partial(own_report, pair=pair, client_id=client_id)
        params = {"symbol": pair.market_id, "origClientOrderId": client_id}
        return await self.link.ask(endpoint, parse, params, lane=Lane.RESCUE)


def _number(trade: VenueTrade) -> int:
    return int(trade.trade_id)


def _reports(pair: SpotPair, body: object) -> Sequence[OrderReport]:
    return [order_report(row, pair) for row in rows_of(body)]


def _trades(pair: SpotPair, body: object) -> Sequence[VenueTrade]:
    return [spot_trade(row, pair) for row in entries_of(body)]


def filters_of(market: Mapping[str, Any]) -> Filters:
    """Filters of one spot market. Where both sides have bounds of their own, the narrower ones count.

    Raises:
        ValueError: not the shape of a spot market.
    """
    info = row_of(market["info"], "filters", "status")
    filters = {text_in(row, "filterType"): row for row in rows_of(info["filters"], "filterType")}
    lot = row_of(filters.get("LOT_SIZE"), "minQty", "maxQty", "stepSize")
    down, up = _price_bounds(filters)
    return Filters(
        quantity_step=positive_in(lot, "stepSize"),
        quantity_min=decimal_in(lot, "minQty"),
        quantity_max=positive_in(lot, "maxQty"),
        price_tick=positive_in(row_of(filters.get("PRICE_FILTER"), "tickSize"), "tickSize"),
        notional_min=max(
            (decimal_in(filters[name], "minNotional") for name in ("NOTIONAL", "MIN_NOTIONAL") if name in filters),
            default=ZERO,
        ),
        price_down=down,
        price_up=up,
        active=info["status"] == "TRADING" and flag_in(info, "isSpotTradingAllowed"),
    )


def _price_bounds(filters: Mapping[str, Row]) -> tuple[Decimal | None, Decimal | None]:
    sided = filters.get("PERCENT_PRICE_BY_SIDE")
    if sided is not None:
        down = max(positive_in(sided, "bidMultiplierDown"), positive_in(sided, "askMultiplierDown"))
        return down, min(positive_in(sided, "bidMultiplierUp"), positive_in(sided, "askMultiplierUp"))
    whole = filters.get("PERCENT_PRICE")
    if whole is not None:
        return positive_in(whole, "multiplierDown"), positive_in(whole, "multiplierUp")
    return None, None


SPOT_RULES = SpotRules(filters=filters_of, fee_in_quote=False)
