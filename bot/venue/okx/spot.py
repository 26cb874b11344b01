"""Spot markets of one account: depth, fee rates, orders.

Source: OKX v5 REST documentation, "Get order book", "Get fee rates", "Place order".
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final

from bot.domain.ids import Asset, Symbol
from bot.domain.observation import Book
from bot.domain.orders import OrderReport
from bot.ports import OrderTicket
from bot.venue.endpoint import Endpoint
from bot.venue.okx import endpoints
from bot.venue.okx.desk import Desk
from bot.venue.okx.orders import placed_report, spot_params
from bot.venue.okx.prices import book_of_market
from bot.venue.okx.wire import SPOT, figure_in, row_in
from bot.venue.shapes import decimal_in

_USDT: Final = Asset("USDT")


@dataclass(frozen=True, slots=True)
class Spot(Desk):
    """See `bot.venue.desk.SpotDesk`."""

    @property
    def placing(self) -> Endpoint:
        """What one order costs: it counts with those on swaps."""
        return endpoints.PLACE_ORDER

    async def taker_fee(self, symbol: Symbol) -> Decimal:
        """The account's own rate."""
        place = self.history.spot_place(symbol)
        params = {"instType": SPOT, "instId": place.market_id}
        return await self.link.ask(endpoints.FEES, partial(_taker_rate, place.settle), params)

    async def book(self, symbol: Symbol) -> Book:
        """Visible depth."""
        return await book_of_market(self.link, self.history.spot_place(symbol).market_id)

    async def place(self, ticket: OrderTicket) -> OrderReport:
        """Send an order; the answer only acknowledges it."""
        params = spot_params(self.history.spot_place(ticket.request.symbol).market_id, ticket)
        return await self.link.send(endpoints.PLACE_ORDER, partial(placed_report, ticket=ticket), params)


def _taker_rate(quote: Asset, body: object) -> Decimal:
    """OKX tells costs as negative rates, those of markets in USDC and its like apart. Raises ValueError."""
    row = row_in(body, "taker")
    other = None if quote == _USDT else figure_in(row, "takerUSDC")
    return -(decimal_in(row, "taker") if other is None else other)
