"""A simulated exchange: the truth, and the view that a venue gives of it, with faults on demand."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal as D
from enum import Enum, auto
from typing import NoReturn

from bot.domain import observation as seen
from bot.domain.ids import ClientOrderId, Symbol, TradeId, VenueOrderId
from bot.domain.instrument import Instrument, MarginMode
from bot.domain.observation import Stamp, VenueObservation, Wanted
from bot.domain.orders import (
    Acked,
    Found,
    NotFound,
    OrderLookup,
    OrderReport,
    OrderStatus,
    OutcomeUnknown,
    Rejected,
    SendOutcome,
    Side,
    TradeCursor,
    VenueTrade,
)
from bot.ports import OrderTicket
from tests.core.instruments import BTC, LINEAR, MAIN, PERP, USDT
from tests.venue.wire import LoopClock

ADL = ClientOrderId("adl_autoclose")
LIQUIDATION = ClientOrderId("autoclose-1800000000000")
ORDER_NOT_FOUND = "-2013"
READING_S = 0.1
LATE_MS = 2_500
TICK = D("0.1")


class Killed(BaseException):
    """The process dies here; nothing of it runs any more."""


class Fate(Enum):
    """What becomes of an order request."""

    FILLED = auto()
    HALF = auto()
    MISSED = auto()
    REJECTED = auto()
    ANSWER_LOST = auto()
    REQUEST_LOST = auto()
    LATE = auto()
    """The answer is lost, and the request arrives just before its deadline."""
    KILLED_BEFORE = auto()
    KILLED_AFTER = auto()


class Exchange:
    """The truth. It clamps nothing: what would be too much shows."""

    def __init__(self, clock: LoopClock, coins: D, price: D) -> None:
        self.clock = clock
        self.price = price
        self.position = D(0)
        self.orders: list[OrderReport] = []
        self.trades: list[VenueTrade] = []
        self.highest_position = D(0)
        self.largest_excess = D(0)
        """By how much the short came out above the largest target since the order was decided."""
        self._coins = [(clock.now_ms(), coins)]

    @property
    def coins(self) -> D:
        return self._coins[-1][1]

    @coins.setter
    def coins(self, coins: D) -> None:
        self._coins.append((self.clock.now_ms(), coins))

    @property
    def gap(self) -> D:
        return self.coins + self.position

    def fill(
        self, side: Side, contracts: D, client_id: ClientOrderId | None = None, *, asked: D | None = None
    ) -> OrderReport:
        """An order of anybody that fills so much at once, and is over."""
        asked = contracts if asked is None else asked
        now_ms = self.clock.now_ms()
        report = OrderReport(
            symbol=PERP,
            client_id=client_id,
            venue_order_id=VenueOrderId(str(len(self.orders) + 1)),
            side=side,
            status=OrderStatus.FILLED if contracts == asked else OrderStatus.EXPIRED,
            contracts=asked,
            filled=contracts,
            average_price=self.price if contracts else None,
            reduce_only=side is Side.BUY,
            time_ms=now_ms,
        )
        self.orders.append(report)
        if contracts:
            self.position += contracts * side.sign
            self.highest_position = max(self.highest_position, self.position)
            self.trades.append(self._trade(report))
        return report

    def take(self, ticket: OrderTicket, part: D = D(1)) -> OrderReport:
        """Our order arrives and fills in part."""
        request = ticket.request
        filled = (request.contracts * part).quantize(LINEAR.quantity_step)
        report = self.fill(request.side, filled, ticket.client_id, asked=request.contracts)
        if filled and request.side is Side.SELL:
            self.largest_excess = max(self.largest_excess, -self.position - self._peak_since(ticket.timestamp_ms))
        return report

    def _peak_since(self, ms: int) -> D:
        before = [coins for at_ms, coins in self._coins if at_ms <= ms][-1:]
        return max(before + [coins for at_ms, coins in self._coins if at_ms > ms])

    def _trade(self, report: OrderReport) -> VenueTrade:
        return VenueTrade(
            trade_id=TradeId(str(len(self.trades) + 1)),
            venue_order_id=report.venue_order_id,
            symbol=PERP,
            side=report.side,
            contracts=report.filled,
            price=self.price,
            fee=D(0),
            fee_asset=USDT,
            realized=D(0),
            maker=False,
            time_ms=report.time_ms,
        )


class SimulatedVenue:
    """Implements `bot.ports.Venue` on an `Exchange`, with faults on demand."""

    name = MAIN
    exchange = "binance"

    def __init__(self, clock: LoopClock, truth: Exchange) -> None:
        self.clock = clock
        self.truth = truth
        self.fates: deque[Fate] = deque()
        self.fate = Fate.FILLED
        self.placed: list[tuple[int, OrderTicket]] = []
        self.looked_up: list[str] = []
        self.hidden_until_ms = 0
        """Until then no look-up finds any order."""
        self.unlisted_until_ms = 0
        self.slot_wait_s = 0.0
        self.while_waiting: Callable[[], None] = lambda: None
        self.after_order: Callable[[], None] = lambda: None
        self.prices_fail: Callable[[], bool] = lambda: False
        self.position_fails = False
        self._late: list[tuple[int, OrderTicket]] = []

    async def start(self) -> None: ...
    async def close(self) -> None: ...
    def instrument(self, symbol: Symbol) -> Instrument:
        return LINEAR

    def now_ms(self) -> int:
        return self.clock.now_ms()

    def has_offset(self) -> bool:
        return True

    def recv_window_ms(self) -> int:
        return 3_000

    async def measure_clock(self) -> int:
        return 0

    async def observe(self, wanted: Wanted) -> VenueObservation:
        sent_ms = self.now_ms()
        await self.clock.sleep(READING_S)
        self._arrive()
        stamp = Stamp(sent_ms=sent_ms, answered_ms=self.now_ms())
        coins = self.truth.coins
        holding = seen.Holding(
            source=seen.Source.SPOT, venue=MAIN, asset=BTC, quantity=coins, principal=coins, stamp=stamp
        )
        funds = D(10) ** 8
        config = seen.SymbolConfig(symbol=PERP, leverage=1, margin_mode=MarginMode.ISOLATED, hedged=False)
        return VenueObservation(
            venue=MAIN,
            stamp=stamp,
            holdings={(seen.Source.SPOT, BTC): holding},
            positions={PERP: self._position(stamp)},
            prices={PERP: self._prices(stamp, book=PERP in wanted.books)},
            margins={PERP: seen.Margin(asset=USDT, wallet=funds, available=funds, stamp=stamp)},
            configs={PERP: config} if PERP in wanted.configs else {},
        )

    def _arrive(self) -> None:
        due = [late for late in self._late if late[0] <= self.now_ms()]
        self._late = [late for late in self._late if late not in due]
        for _, ticket in due:
            self.truth.take(ticket)

    def _position(self, stamp: Stamp) -> seen.Position | seen.Unknown:
        if self.position_fails:
            return seen.Unknown(what="position", reason="HTTP 503")
        contracts, price = self.truth.position, self.truth.price
        return seen.Position(
            symbol=PERP,
            contracts=contracts,
            entry_price=None,
            mark_price=price if contracts else None,
            liquidation_price=None,
            isolated_wallet=None,
            raw_notional=abs(contracts) * price if contracts else None,
            proof=seen.FlatProof.NOT_FLAT if contracts else seen.FlatProof.ZERO_ROW,
            stamp=stamp,
        )

    def _prices(self, stamp: Stamp, *, book: bool) -> seen.Prices | seen.Unknown:
        if self.prices_fail():
            return seen.Unknown(what="prices", reason="HTTP 503")
        price = self.truth.price
        bid, ask = price - TICK, price + TICK
        depth = seen.Book(
            bids=(seen.BookLevel(price=bid, contracts=D(50)),),
            asks=(seen.BookLevel(price=ask, contracts=D(50)),),
            stamp=stamp,
        )
        return seen.Prices(
            symbol=PERP,
            mark=price,
            index=price,
            bid=bid,
            ask=ask,
            funding_rate=None,
            stamp=stamp,
            book=depth if book else None,
        )

    async def order_slot(self) -> None:
        if self.slot_wait_s:
            await self.clock.sleep(self.slot_wait_s)
            self.while_waiting()

    async def place(self, ticket: OrderTicket) -> SendOutcome:
        self.placed.append((self.now_ms(), ticket))
        outcome = self._outcome(ticket, self.fates.popleft() if self.fates else self.fate)
        self.after_order()
        return outcome

    def _outcome(self, ticket: OrderTicket, fate: Fate) -> SendOutcome:
        match fate:
            case Fate.FILLED:
                return Acked(report=self.truth.take(ticket))
            case Fate.HALF:
                return Acked(report=self.truth.take(ticket, D("0.5")))
            case Fate.MISSED:
                return Acked(report=self.truth.take(ticket, D(0)))
            case Fate.REJECTED:
                return Rejected(code="-2019", message="Margin is insufficient.")
            case Fate.ANSWER_LOST:
                self.truth.take(ticket)
            case Fate.REQUEST_LOST:
                pass
            case Fate.LATE:
                self._late.append((self.now_ms() + LATE_MS, ticket))
            case Fate.KILLED_BEFORE:
                raise Killed
            case Fate.KILLED_AFTER:
                self.truth.take(ticket)
                raise Killed
        return OutcomeUnknown(detail="HTTP 503")

    async def cancel(self, symbol: Symbol, client_id: ClientOrderId) -> SendOutcome:
        return OutcomeUnknown(detail="HTTP 503")

    async def find_order(self, symbol: Symbol, client_id: ClientOrderId) -> OrderLookup:
        return self._found(client_id, (order for order in self.truth.orders if order.client_id == client_id))

    async def find_venue_order(self, symbol: Symbol, order_id: VenueOrderId) -> OrderLookup:
        return self._found(order_id, (order for order in self.truth.orders if order.venue_order_id == order_id))

    def _found(self, asked: str, matching: Iterator[OrderReport]) -> OrderLookup:
        self.looked_up.append(asked)
        report = next(matching, None)
        if report is None or self.now_ms() < self.hidden_until_ms:
            return NotFound(code=ORDER_NOT_FOUND)
        return Found(report=report)

    async def open_orders(self, symbol: Symbol) -> Sequence[OrderReport]:
        return []

    async def all_orders(self, symbol: Symbol, since_ms: int) -> Sequence[OrderReport]:
        listed = [order for order in self.truth.orders if order.time_ms >= since_ms]
        return listed if self.now_ms() >= self.unlisted_until_ms else []

    async def trades(self, symbol: Symbol, after: TradeCursor) -> Sequence[VenueTrade]:
        if after.trade_id is None:
            return [trade for trade in self.truth.trades if trade.time_ms > after.time_ms]
        return self.truth.trades[int(after.trade_id) :]

    async def configure(self, symbol: Symbol, leverage: int, margin_mode: MarginMode) -> NoReturn:
        raise AssertionError

    async def maintenance(self, symbol: Symbol, notional: D) -> NoReturn:
        raise AssertionError

    async def key_scope(self) -> NoReturn:
        raise AssertionError

    async def wallets(self) -> NoReturn:
        raise AssertionError

    async def ledger(self, since_ms: int, symbols: Sequence[Symbol]) -> NoReturn:
        raise AssertionError

    async def volumes_24h(self, symbol: Symbol) -> NoReturn:
        raise AssertionError
