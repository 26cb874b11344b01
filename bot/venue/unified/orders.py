"""Orders and trades by ccxt's unified methods: sent once, and lists that are complete or a fault."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NoReturn, TypeVar

from bot.domain.errors import VenueBusy, VenueFault, VenueRejected, VenueUnreachable
from bot.domain.ids import Asset, ClientOrderId, Symbol, TradeId, VenueOrderId
from bot.domain.instrument import Instrument
from bot.domain.numbers import ZERO
from bot.domain.orders import OrderReport, OrderStatus, Side, TimeInForce, TradeCursor, VenueTrade
from bot.ports import Clock, OrderTicket
from bot.venue.errors import Meaning
from bot.venue.markets import Markets
from bot.venue.shapes import Row, flag_in, integer_in, row_of, text_in
from bot.venue.spans import spans
from bot.venue.throttle import Lane
from bot.venue.unified.calls import Calls
from bot.venue.unified.client import NOT_SENT
from bot.venue.unified.facts import BY_LISTS, BY_OUR_ID, our_id, their_id
from bot.venue.unified.values import above_0_in, info_in, number_in, price_in, told_in

T = TypeVar("T")
_DAY_MS: Final = 86_400_000
_PAGE_UNTOLD: Final = 20
"""So many rows may be a full page where ccxt does not say how many one has."""
_SEARCH_MS: Final = _DAY_MS
"""How far back lists are searched for one order."""
_OPEN: Final = frozenset({"open"})
_DONE: Final = {
    "canceled": OrderStatus.CANCELED,
    "expired": OrderStatus.EXPIRED,
    "rejected": OrderStatus.REJECTED,
}
_FORCES: Final[dict[TimeInForce, dict[str, object]]] = {
    TimeInForce.IOC: {"timeInForce": "IOC"},
    TimeInForce.GTC: {},
    TimeInForce.POST_ONLY: {"postOnly": True},
}


@dataclass(frozen=True, slots=True)
class Orders:
    """Orders and trades of one account; `clock` tells the exchange's time."""

    calls: Calls
    markets: Markets
    clock: Clock

    async def place(self, ticket: OrderTicket, extra: Mapping[str, object]) -> OrderReport:
        """Send an order, once. Any answer but one with an id leaves its outcome open (R20).

        Raises:
            Refused: it never left this machine.
            VenueFault: its outcome is unknown.
        """
        request = ticket.request
        if request.hedged:
            raise self._not_sent("hedge position mode is used on verified exchanges only: its trades have no side here")
        params: dict[str, object] = {
            "clientOrderId": their_id(self.calls.nature.exchange, ticket.client_id),
            **_FORCES[request.time_in_force],
            **extra,
        }
        if request.reduce_only:
            params["reduceOnly"] = True
        args = (request.symbol, request.side.value, request.contracts, request.price, params)

        def parse(body: object) -> VenueOrderId:
            row = row_of(body, "id")
            told = our_id(row.get("clientOrderId"))
            if told not in {None, ticket.client_id}:
                raise ValueError("the answer is about another order")
            return VenueOrderId(text_in(row, "id"))

        return OrderReport(
            symbol=request.symbol,
            client_id=ticket.client_id,
            venue_order_id=await self._sent("send_order", args, parse),
            side=request.side,
            status=OrderStatus.OPEN,
            contracts=request.contracts,
            filled=ZERO,
            average_price=None,
            reduce_only=request.reduce_only,
            time_ms=ticket.timestamp_ms,
        )

    async def cancel(self, symbol: Symbol, client_id: ClientOrderId) -> None:
        """Ask for a cancel by the exchange's id, which is looked up first. Raises like `place`."""
        report = await self.find(symbol, client_id)
        await self.calls.link.throttled(self.calls.link.ways.place, Lane.RESCUE)
        await self._sent("cancel_order", (report.venue_order_id, symbol), row_of)

    async def _sent(self, call: str, args: tuple[object, ...], parse: Callable[[object], T]) -> T:
        """Send a command: no refusal of an exchange is definite here, whatever ccxt makes of it."""
        try:
            return await self.calls.send(call, args, parse)
        except (VenueRejected, VenueBusy) as fault:
            if fault.code == NOT_SENT:
                raise
            raise VenueUnreachable(
                fault.message, venue=fault.venue, operation=fault.operation, code=fault.code
            ) from None

    def _not_sent(self, why: str) -> VenueFault:
        return self.calls.link.refused("place an order", why, meaning=Meaning.REFUSED, code=NOT_SENT)

    # Looking up

    async def find(self, symbol: Symbol, client_id: ClientOrderId) -> OrderReport:
        """By our id. `Refused` with NOT_FOUND only of exchanges that look it up themselves. Raises VenueFault."""
        exchange = self.calls.nature.exchange
        if exchange not in BY_OUR_ID:
            return await self._search(symbol, lambda report: report.client_id == client_id)
        asked: dict[str, object] = {"clientOrderId": their_id(exchange, client_id)}
        report = await self._fetch("", symbol, asked)
        if report.client_id != client_id:
            self._unreadable("fetch_order", "the answer is about another order")
        return report

    async def find_venue_order(self, symbol: Symbol, order_id: VenueOrderId) -> OrderReport:
        """By the exchange's id; like `find`."""
        nature = self.calls.nature
        if nature.exchange in BY_LISTS or not nature.has("fetchOrder"):
            return await self._search(symbol, lambda report: report.venue_order_id == order_id)
        report = await self._fetch(order_id, symbol, {})
        if report.venue_order_id != order_id:
            self._unreadable("fetch_order", "the answer is about another order")
        return report

    async def _fetch(self, order_id: str, symbol: Symbol, params: dict[str, object]) -> OrderReport:
        args = (order_id, symbol, params)
        return await self.calls.ask("fetch_order", args, lambda body: order_of(body, symbol), lane=Lane.RESCUE)

    async def _search(self, symbol: Symbol, wanted: Callable[[OrderReport], bool]) -> OrderReport:
        """In lists: they can show an order, but an exchange may have left it out, so they never show that none is."""
        now_ms = self.clock.now_ms()
        found = next(filter(wanted, await self.orders(symbol, now_ms - _SEARCH_MS, now_ms)), None)
        if found is None:
            self._unreadable("look an order up", "it is in no list, which proves nothing on this exchange")
        return found

    # Lists

    async def open_orders(self, symbol: Symbol) -> Sequence[OrderReport]:
        """All open orders. Raises VenueFault."""
        page = self._page("fetchOpenOrders")
        args = (symbol, None, page) if page else (symbol,)
        rows = await self.calls.ask("fetch_open_orders", args, _rows, lane=Lane.RESCUE)
        if len(rows) >= (page or _PAGE_UNTOLD):
            self._unreadable("fetch_open_orders", "there may be more than one page of them")
        return self._parsed("fetch_open_orders", lambda: [order_of(row, symbol) for row in rows])

    async def orders(self, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[OrderReport]:
        """All orders since, whatever became of them. Raises VenueFault.

        Open ones are read first: what is done meanwhile is then in the list of done ones too.
        """
        nature = self.calls.nature
        if nature.has("fetchOrders"):
            lists = [("fetch_orders", "fetchOrders")]
        elif nature.has("fetchCanceledAndClosedOrders"):
            lists = [("fetch_canceled_and_closed_orders", "fetchCanceledAndClosedOrders")]
        elif nature.has("fetchClosedOrders") and nature.has("fetchCanceledOrders"):
            lists = [("fetch_closed_orders", "fetchClosedOrders"), ("fetch_canceled_orders", "fetchCanceledOrders")]
        else:
            self.calls.not_offered("list orders that were cancelled")
        found = {report.venue_order_id: report for report in await self.open_orders(symbol)}
        for call, ability in lists:
            rows = await self._whole(call, ability, symbol, since_ms, until_ms)
            reports = self._parsed(call, lambda rows=rows: [order_of(row, symbol) for row in rows])  # type: ignore[misc]
            found |= {report.venue_order_id: report for report in reports}
        kept = [report for report in found.values() if since_ms <= report.time_ms <= until_ms]
        return sorted(kept, key=lambda report: (report.time_ms, len(report.venue_order_id), report.venue_order_id))

    async def trades(self, symbol: Symbol, after: TradeCursor, until_ms: int) -> Sequence[VenueTrade]:
        """All trades after the cursor, oldest first. Raises VenueFault.

        One of the cursor's own millisecond counts as later when its id sorts later.
        """
        instrument = self.markets.instrument(symbol)
        rows = await self._whole("fetch_my_trades", "fetchMyTrades", symbol, after.time_ms, until_ms)
        found = self._parsed("fetch_my_trades", lambda: {row["id"]: trade_of(row, symbol, instrument) for row in rows})
        start = (after.time_ms, *((len(after.trade_id), after.trade_id) if after.trade_id else (10**6, "")))
        return sorted((trade for trade in found.values() if _order(trade) > start), key=_order)

    async def _whole(self, call: str, ability: str, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[Row]:
        """A list over a span of time: halved where a full page may hide more, a fault where that can't be done."""
        page = self._page(ability)
        days = self.calls.nature.feature(ability, "untilDays")

        async def read(begin: int, end: int) -> Sequence[Row]:
            more: tuple[object, ...] = ({"until": end},) if days else ()
            args = (symbol, begin, page, *more) if page or more else (symbol, begin)
            rows = await self.calls.ask(call, args, _rows, lane=Lane.RESCUE)
            inside = [row for row in rows if begin <= integer_in(row, "timestamp") <= end]
            if len(rows) >= full and (not days or len(inside) < len(rows)):
                self._unreadable(call, "the list is longer than a page, and can't be read by parts")
            return inside if len(rows) < full else rows

        full = page or _PAGE_UNTOLD
        span_ms = int(days) * _DAY_MS if isinstance(days, int) else until_ms - since_ms + 1
        return await spans(
            read, since_ms, until_ms, link=self.calls.link, what=call, span_ms=max(span_ms, 1), page=full
        )

    def _page(self, ability: str) -> int | None:
        limit = self.calls.nature.feature(ability, "limit")
        return limit if isinstance(limit, int) else None

    def _parsed(self, operation: str, parse: Callable[[], T]) -> T:
        try:
            return parse()
        except ValueError as fault:
            self._unreadable(operation, str(fault))

    def _unreadable(self, operation: str, why: str) -> NoReturn:
        raise self.calls.link.unreadable(operation, why)


def _rows(body: object) -> Sequence[Row]:
    if not isinstance(body, list):
        raise ValueError("expected a list")  # noqa: TRY004 - one error type for every bad shape
    rows = [info_in(row, "id", "timestamp") for row in body]
    for row in rows:
        text_in(row, "id")
        integer_in(row, "timestamp")
    return rows


def order_of(body: object, symbol: Symbol) -> OrderReport:
    """Read ccxt's order. Raises ValueError."""
    row = info_in(body, "id", "symbol", "side", "status", "amount", "filled", "timestamp")
    if row["symbol"] != symbol:
        raise ValueError("the answer is about another market")
    contracts, filled = above_0_in(row, "amount"), number_in(row, "filled")
    if not 0 <= filled <= contracts:
        raise ValueError(f"{filled} of {contracts} contracts are filled")
    average = price_in(row, "average")
    return OrderReport(
        symbol=symbol,
        client_id=our_id(row.get("clientOrderId")),
        venue_order_id=VenueOrderId(text_in(row, "id")),
        side=Side(text_in(row, "side")),
        status=_status(row["status"], contracts, filled),
        contracts=contracts,
        filled=filled,
        average_price=average if filled else None,
        reduce_only=row.get("reduceOnly") is not None and flag_in(row, "reduceOnly"),
        time_ms=integer_in(row, "timestamp"),
    )


def _status(told: object, contracts: Decimal, filled: Decimal) -> OrderStatus:
    """An order that is `closed` without being full has ended all the same."""
    if told in _OPEN:
        return OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.OPEN
    if told == "closed":
        return OrderStatus.FILLED if filled == contracts else OrderStatus.CANCELED
    if isinstance(told, str) and told in _DONE:
        return _DONE[told]
    raise ValueError(f"status {told!r} is not known")


def trade_of(row: Row, symbol: Symbol, instrument: Instrument) -> VenueTrade:
    """Read ccxt's trade. Raises ValueError."""
    row_of(row, "order", "symbol", "side", "amount", "price")
    if row["symbol"] != symbol:
        raise ValueError("the answer is about another market")
    contracts, price = above_0_in(row, "amount"), above_0_in(row, "price")
    told = row.get("fee")
    fee: Row = told if isinstance(told, dict) else {}
    cost, currency = told_in(fee, "cost"), fee.get("currency")
    if cost is None or not isinstance(currency, str):
        cost, currency = instrument.notional(contracts, price) * instrument.taker_fee, instrument.settle
    return VenueTrade(
        trade_id=TradeId(text_in(row, "id")),
        venue_order_id=VenueOrderId(text_in(row, "order")),
        symbol=symbol,
        side=Side(text_in(row, "side")),
        contracts=contracts,
        price=price,
        fee=cost,
        fee_asset=Asset(currency),
        realized=ZERO,
        maker=row.get("takerOrMaker") == "maker",
        time_ms=integer_in(row, "timestamp"),
    )


def _order(trade: VenueTrade) -> tuple[int, int, str]:
    return trade.time_ms, len(trade.trade_id), trade.trade_id
