"""A simulated exchange: the truth, and the view that a venue gives of it, with faults on demand."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal as D
from enum import Enum, auto
from typing import NoReturn

from bot.domain import observation as seen
from bot.domain.ids import Asset, ClientOrderId, Symbol, TradeId, VenueName, VenueOrderId
from bot.domain.instrument import ContractKind, Instrument, MarginMode
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
from tests.core.instruments import BTC, LINEAR, MAIN, USDT
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

    def __init__(self, clock: LoopClock, coins: D, price: D, instrument: Instrument = LINEAR) -> None:
        self.clock = clock
        self.price = price
        self.instrument = instrument
        self.parked: dict[seen.Source, D] = {}
        """Coins that are not in spot."""
        self.left_ms: dict[seen.Source, int] = {}
        self.sold = D(0)
        """Of an inverse position: coins at its entry."""
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
        return self.coins + sum(self.parked.values()) + self.position

    @property
    def entry(self) -> D | None:
        if self.instrument.kind is ContractKind.LINEAR or not self.position:
            return None
        return -self.position * self.instrument.contract_size / self.sold

    @property
    def profit(self) -> D:
        """Of an inverse position, in coins."""
        return -self.position * self.instrument.contract_size / self.price - self.sold

    def park(self, source: seen.Source, coins: D | str) -> None:
        """So many coins of spot go there; a negative number comes back."""
        self.parked[source] = self.parked.get(source, D(0)) + D(coins)
        self.left_ms[source] = self.clock.now_ms()
        self.coins -= D(coins)

    def fill(
        self, side: Side, contracts: D, client_id: ClientOrderId | None = None, *, asked: D | None = None
    ) -> OrderReport:
        """An order of anybody that fills so much at once, and is over."""
        asked = contracts if asked is None else asked
        now_ms = self.clock.now_ms()
        report = OrderReport(
            symbol=self.instrument.symbol,
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

    def _settle(self, report: OrderReport) -> tuple[D, D]:
        """Fee and profit that a fill of an inverse contract pays in coins; none of a linear one is simulated."""
        if self.instrument.kind is ContractKind.LINEAR:
            return D(0), D(0)
        coins = self.instrument.coins(report.filled, self.price)
        fee, realized = coins * self.instrument.taker_fee, D(0)
        if report.side is Side.SELL:
            self.sold += coins
        else:
            entered = self.sold * report.filled / (report.filled - self.position)
            realized, self.sold = coins - entered, self.sold - entered
        self.parked[seen.Source.MARGIN] += realized - fee
        return fee, realized

    def take(self, ticket: OrderTicket, part: D = D(1)) -> OrderReport:
        """Our order arrives and fills in part."""
        request = ticket.request
        filled = (request.contracts * part).quantize(self.instrument.quantity_step)
        report = self.fill(request.side, filled, ticket.client_id, asked=request.contracts)
        if filled and request.side is Side.SELL:
            self.largest_excess = max(self.largest_excess, -self.position - self._peak_since(ticket.timestamp_ms))
        return report

    def _peak_since(self, ms: int) -> D:
        before = [coins for at_ms, coins in self._coins if at_ms <= ms][-1:]
        return max(before + [coins for at_ms, coins in self._coins if at_ms > ms])

    def _trade(self, report: OrderReport) -> VenueTrade:
        fee, realized = self._settle(report)
        return VenueTrade(
            trade_id=TradeId(str(len(self.trades) + 1)),
            venue_order_id=report.venue_order_id,
            symbol=self.instrument.symbol,
            side=report.side,
            contracts=report.filled,
            price=self.price,
            fee=fee,
            fee_asset=self.instrument.settle,
            realized=realized,
            maker=False,
            time_ms=report.time_ms,
        )


class SimulatedVenue:
    """Implements `bot.ports.Venue` on an `Exchange`, with faults on demand."""

    exchange = "binance"

    def __init__(self, clock: LoopClock, truth: Exchange, name: VenueName = MAIN, *, unified: bool = False) -> None:
        self.name = name
        self.unified = unified
        self.clock = clock
        self.other_side = D(0)
        self.hedged = self.holdings_fail = self.position_fails = False
        self.while_reading: Callable[[], None] = lambda: None
        """Called between spot and the rest."""
        self.truth = truth
        self.fates: deque[Fate] = deque()
        self.fate = Fate.FILLED
        self.placed: list[tuple[int, OrderTicket]] = []
        self.looked_up: list[str] = []
        self.hidden_until_ms = self.unlisted_until_ms = 0
        """Until then no look-up finds, or no list tells of, any order."""
        self.slot_wait_s = 0.0
        self.while_waiting: Callable[[], None] = lambda: None
        self.after_order: Callable[[], None] = lambda: None
        self.prices_fail: Callable[[], bool] = lambda: False
        self.depth = D(50) if truth.instrument.kind is ContractKind.LINEAR else D(50_000)
        self._late: list[tuple[int, OrderTicket]] = []

    async def start(self) -> None: ...
    async def close(self) -> None: ...
    def instrument(self, symbol: Symbol) -> Instrument:
        return self.truth.instrument

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
        holdings = {(seen.Source.SPOT, asset): self._holding(seen.Source.SPOT, asset, stamp) for asset in wanted.spot}
        self.while_reading()
        others = {seen.Source.EARN: wanted.earn, seen.Source.MARGIN: wanted.margin, seen.Source.TRANSIT: wanted.transit}
        for source, assets in others.items():
            holdings |= {(source, asset): self._holding(source, asset, stamp, wanted) for asset in assets}
        symbol = self.truth.instrument.symbol
        linear = self.truth.instrument.kind is ContractKind.LINEAR
        leverage, mode = (1, MarginMode.ISOLATED) if linear else (2, MarginMode.CROSS)
        config = seen.SymbolConfig(symbol=symbol, leverage=leverage, margin_mode=mode, hedged=self.hedged)
        return VenueObservation(
            venue=self.name,
            stamp=stamp,
            holdings=holdings,
            positions={symbol: self._position(stamp)},
            prices={symbol: self._prices(stamp, book=symbol in wanted.books)},
            margins={symbol: self._margin(stamp)},
            configs={symbol: config} if symbol in wanted.configs else {},
        )

    def _holding(
        self, source: seen.Source, asset: Asset, stamp: Stamp, wanted: Wanted | None = None
    ) -> seen.Holding | seen.Unknown:
        if self.holdings_fail:
            return seen.Unknown(what=f"{source} {asset}", reason="HTTP 503")
        coins = self.truth.coins if source is seen.Source.SPOT else self.truth.parked.get(source, D(0))
        gained = self.truth.profit if source is seen.Source.MARGIN else D(0)
        overdue = D(0)
        under_way_ms = self.now_ms() - self.truth.left_ms.get(source, self.now_ms())
        if source is seen.Source.TRANSIT and wanted is not None and under_way_ms > wanted.transit_max_ms:
            coins, overdue = D(0), coins
        return seen.Holding(
            source=source,
            venue=self.name,
            asset=asset,
            quantity=coins + gained,
            principal=coins,
            stamp=stamp,
            overdue=overdue,
        )

    def _margin(self, stamp: Stamp) -> seen.Margin:
        instrument = self.truth.instrument
        if instrument.kind is ContractKind.LINEAR:
            return seen.Margin(asset=USDT, wallet=D(10) ** 8, available=D(10) ** 8, stamp=stamp)
        balance = (wallet := self.truth.parked[seen.Source.MARGIN]) + self.truth.profit
        available = balance + instrument.coins(self.truth.position, self.truth.price) / 2
        return seen.Margin(asset=BTC, wallet=wallet, available=max(available, D(0)), stamp=stamp, balance=balance)

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
            symbol=self.truth.instrument.symbol,
            contracts=contracts,
            entry_price=self.truth.entry,
            mark_price=price if contracts else None,
            liquidation_price=None,
            isolated_wallet=None,
            raw_notional=abs(self.truth.instrument.notional(contracts, price)) if contracts else None,
            proof=seen.FlatProof.NOT_FLAT if contracts else seen.FlatProof.ZERO_ROW,
            stamp=stamp,
            other_side=self.other_side,
        )

    def _prices(self, stamp: Stamp, *, book: bool) -> seen.Prices | seen.Unknown:
        if self.prices_fail():
            return seen.Unknown(what="prices", reason="HTTP 503")
        price = self.truth.price
        bid, ask = price - TICK, price + TICK
        depth = seen.Book(
            bids=(seen.BookLevel(price=bid, contracts=self.depth),),
            asks=(seen.BookLevel(price=ask, contracts=self.depth),),
            stamp=stamp,
        )
        return seen.Prices(
            symbol=self.truth.instrument.symbol,
            mark=price,
            index=price,
            bid=bid,
            ask=ask,
            funding_rate=None,
            stamp=stamp,
            book=depth if book else None,
        )

    def orders_paused_until_ms(self, symbol: Symbol) -> int:
        return 0

    async def order_slot(self, symbol: Symbol) -> None:
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
