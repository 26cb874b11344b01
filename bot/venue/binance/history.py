"""Orders and trades of one account: sent, looked up, listed; a list is complete or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from bot.domain.ids import ClientOrderId, Symbol, VenueOrderId
from bot.domain.orders import OrderReport, TradeCursor, VenueTrade
from bot.ports import OrderTicket
from bot.venue.binance.endpoints import PAGE, WEEK_MS
from bot.venue.binance.family import family_of
from bot.venue.binance.listing import trades_after
from bot.venue.binance.orders import LONG, Contract, order_params, order_report, own_report, position_side, venue_trade
from bot.venue.link import Link
from bot.venue.markets import Markets
from bot.venue.shapes import entries_of, rows_of
from bot.venue.spans import spans
from bot.venue.throttle import Lane

Page = Sequence[tuple[str, VenueTrade]]
"""Trades with their position side, of all sides: as the venue pages them."""


@dataclass(frozen=True, slots=True)
class History:
    """The orders and trades of one account on futures."""

    link: Link
    markets: Markets

    async def place(self, ticket: OrderTicket) -> OrderReport:
        """Send an order, now. Raises VenueFault."""
        contract = self._contract(ticket.request.symbol)
        parse = partial(own_report, contract=contract, client_id=ticket.client_id)
        return await self.link.send(contract.family.place, parse, order_params(contract.market_id, ticket))

    async def cancel(self, symbol: Symbol, client_id: ClientOrderId) -> OrderReport:
        """Ask for a cancel. Raises VenueFault."""
        contract = self._contract(symbol)
        parse = partial(own_report, contract=contract, client_id=client_id)
        params = {"symbol": contract.market_id, "origClientOrderId": client_id}
        return await self.link.ask(contract.family.cancel, parse, params, lane=Lane.RESCUE)

    async def find_order(self, symbol: Symbol, client_id: ClientOrderId) -> OrderReport:
        """Look an order up by our id. Raises VenueFault."""
        contract = self._contract(symbol)
        parse = partial(own_report, contract=contract, client_id=client_id)
        params = {"symbol": contract.market_id, "origClientOrderId": client_id}
        return await self.link.ask(contract.family.find_order, parse, params, lane=Lane.RESCUE)

    async def find_venue_order(self, symbol: Symbol, order_id: VenueOrderId) -> OrderReport:
        """Look an order up by the venue's id. Raises VenueFault."""
        contract = self._contract(symbol)

        def parse(body: object) -> OrderReport:
            report = order_report(body, contract)
            if report.venue_order_id != order_id:
                raise ValueError("the answer is about another order")
            return report

        params = {"symbol": contract.market_id, "orderId": order_id}
        return await self.link.ask(contract.family.find_order, parse, params, lane=Lane.RESCUE)

    async def open_orders(self, symbol: Symbol) -> Sequence[OrderReport]:
        """All open orders of the account on the instrument, of both sides in hedge mode. Raises VenueFault."""
        contract = self._contract(symbol)
        parse = partial(_reports, contract)
        return await self.link.ask(contract.family.open_orders, parse, {"symbol": contract.market_id}, lane=Lane.RESCUE)

    async def orders(self, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[OrderReport]:
        """All orders created since, whatever became of them, oldest first. Raises VenueFault."""
        contract = self._contract(symbol)
        endpoint, page = contract.family.all_orders, contract.family.order_page

        async def read(begin: int, end: int) -> Sequence[OrderReport]:
            params = {"symbol": contract.market_id, "limit": page, "startTime": begin, "endTime": end}
            return await self.link.ask(endpoint, partial(_reports, contract), params, lane=Lane.RESCUE)

        found = await spans(
            read, since_ms, until_ms, link=self.link, what=endpoint.operation, span_ms=WEEK_MS, page=page
        )
        unique = {int(report.venue_order_id): report for report in found}
        return [unique[number] for number in sorted(unique)]

    async def trades(self, symbol: Symbol, after: TradeCursor, until_ms: int) -> Sequence[VenueTrade]:
        """All trades after the cursor, oldest first; in hedge mode not those of the long side. Raises VenueFault."""
        contract = self._contract(symbol)
        endpoint = contract.family.trades

        async def read(params: Mapping[str, object]) -> Page:
            query = {"symbol": contract.market_id, "limit": PAGE, **params}
            return await self.link.ask(endpoint, partial(_trades, contract), query, lane=Lane.RESCUE)

        found = await trades_after(
            self.link, endpoint, read, lambda row: int(row[1].trade_id), after=after, until_ms=until_ms, span_ms=WEEK_MS
        )
        return [trade for side, trade in found if side != LONG]

    def _contract(self, symbol: Symbol) -> Contract:
        instrument = self.markets.instrument(symbol)
        return Contract(
            symbol=symbol,
            market_id=self.markets.id_of(symbol),
            size=instrument.contract_size,
            family=family_of(instrument.kind),
        )


def _trades(contract: Contract, body: object) -> Page:
    return [(position_side(row), venue_trade(row, contract)) for row in entries_of(body)]


def _reports(contract: Contract, body: object) -> Sequence[OrderReport]:
    return [order_report(row, contract) for row in rows_of(body)]
