"""The gateway: `bot.ports.Venue`, `Treasury` and `Index` for every exchange that has a dialect, through ccxt."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from decimal import Decimal
from typing import Any, Final

from bot.domain.errors import InvariantBroken, VenueFault, VenueRejected
from bot.domain.hint import Hint
from bot.domain.ids import Asset, ClientOrderId, Symbol, VenueOrderId
from bot.domain.instrument import Instrument, MarginMode
from bot.domain.ledger import LedgerRow, WalletBalance
from bot.domain.numbers import ZERO, plain
from bot.domain.observation import Stamp, SymbolConfig, VenueObservation, Wanted
from bot.domain.orders import (
    Acked,
    OrderLookup,
    OrderReport,
    OutcomeUnknown,
    SendOutcome,
    TradeCursor,
    VenueTrade,
)
from bot.ports import Clock, KeyScope, OrderTicket
from bot.venue.client import make_client
from bot.venue.desk import OrderDesk
from bot.venue.dialect import Dialect, Ways
from bot.venue.endpoint import Endpoint
from bot.venue.link import Link
from bot.venue.outcomes import expired, look_up, not_sent, outcome_of
from bot.venue.readings import Readings
from bot.venue.spec import VenueSpec
from bot.venue.stream_line import Account
from bot.venue.streams import listen
from bot.venue.throttle import Throttle
from bot.venue.treasury import Parts, TreasuryCalls
from bot.venue.usd import UsdCalls
from bot.venue.venue_clock import STARTING_TRIES, VenueClock
from bot.venue.ways import ways_of

_SLACK_MS: Final = 10_000
"""How far lists are read past our idea of the venue's time: what has just happened there must not fall off the end."""
_SLOT_AGE_MS: Final = 5_000
"""A slot that was not used within this time is asked for anew."""


class CcxtVenue(TreasuryCalls, UsdCalls):
    """One account on one exchange. See `bot.ports.Venue`, `Treasury` and `Index` for what each method promises.

    Args:
        spec: which account, and in which environment.
        ways: of its exchange.
        client: the ccxt client, already checked for where it points.
        clock: our time.
        venue_clock: the venue's time, which the client signs with.
        symbols: perpetuals in use: checked at start, and their fee rates are read.
        isolated: those of `symbols` that want isolated margin.
        spot_symbols: spot markets in use: checked at start, and the account's own fee rates on them are read.
    """

    def __init__(
        self,
        spec: VenueSpec,
        ways: Ways,
        *,
        client: Any,  # noqa: ANN401 - ccxt is untyped
        clock: Clock,
        venue_clock: VenueClock,
        symbols: Sequence[Symbol],
        isolated: frozenset[Symbol],
        spot_symbols: Sequence[Symbol] = (),
    ) -> None:
        self.name = spec.name
        self.exchange = spec.exchange
        self.unified = ways.unified
        self._spec = spec
        self._ways = ways
        self._clock = clock
        self._symbols = symbols
        self._isolated = isolated
        self._spot_symbols = spot_symbols
        self._client = client
        throttle = Throttle(name=spec.name, limits=ways.limits, clock=clock)
        self._link = Link(name=spec.name, ways=ways, client=client, throttle=throttle, clock=clock)
        self._venue_clock = venue_clock
        self._slots: list[tuple[str, int]] = []
        self._started: Parts | None = None

    async def start(self) -> None:
        """Measure the clock, read the markets, check the account, read the fee rates of the symbols in use."""
        await self.measure_clock()
        markets = await self._link.load_markets(lambda listed: self._ways.markets(self._spec, listed))
        # Again, now that the connection stands: its making falls on one way of the first round trip only.
        await self.measure_clock()
        dialect = self._ways.dialect(self._link, self._spec, markets, self._venue_clock)
        self._started = Parts(
            markets=markets, dialect=dialect, readings=Readings(name=self.name, ways=self._ways, dialect=dialect)
        )
        for symbol in self._symbols:
            markets.instrument(symbol)
        for symbol in self._spot_symbols:
            markets.spot_market(symbol)
        await dialect.check_account(self._symbols, self._isolated)
        for symbol in self._symbols:
            markets.set_fees(symbol, await dialect.fees(symbol))
        for symbol in self._spot_symbols:
            markets.set_spot_fee(symbol, await dialect.spot_desk.taker_fee(symbol))

    async def close(self) -> None:
        """Release sockets."""
        await self._link.close()

    def instrument(self, symbol: Symbol) -> Instrument:
        """The contract."""
        return self._parts.markets.instrument(symbol)

    # Time

    def now_ms(self) -> int:
        """Venue time; our own until the offset has been measured."""
        return self._venue_clock.now_ms()

    def has_offset(self) -> bool:
        """Whether the offset is fresh and small enough to send."""
        return self._venue_clock.trusted()

    def recv_window_ms(self) -> int:
        """Validity of an order."""
        return self._ways.validity_ms

    async def measure_clock(self) -> int:
        """Ask the venue for its time."""
        return await self._venue_clock.measure(self._link, tries=STARTING_TRIES)

    # Reading

    async def observe(self, wanted: Wanted) -> VenueObservation:
        """Read once."""
        sent_ms = self._clock.now_ms()
        await self._venue_clock.renew(self._link)
        readings = self._parts.readings
        (holdings, futures), prices, configs = await asyncio.gather(
            readings.account(wanted), readings.prices(wanted), readings.configs(wanted)
        )
        return VenueObservation(
            venue=self.name,
            stamp=Stamp(sent_ms=sent_ms, answered_ms=self._clock.now_ms()),
            holdings=holdings,
            positions=futures.positions,
            prices=prices,
            margins=futures.margins,
            configs=configs,
        )

    async def find_order(self, symbol: Symbol, client_id: ClientOrderId) -> OrderLookup:
        """Look an order up by our id."""
        return await look_up(self._found(symbol, client_id))

    async def find_venue_order(self, symbol: Symbol, order_id: VenueOrderId) -> OrderLookup:
        """Look an order up by the venue's id."""
        return await look_up(self._desk(symbol).find_venue_order(symbol, order_id))

    async def open_orders(self, symbol: Symbol) -> Sequence[OrderReport]:
        """All open orders on the instrument."""
        return await self._desk(symbol).open_orders(symbol)

    async def all_orders(self, symbol: Symbol, since_ms: int) -> Sequence[OrderReport]:
        """All orders created since."""
        return await self._desk(symbol).orders(symbol, since_ms, self._until_ms())

    async def trades(self, symbol: Symbol, after: TradeCursor) -> Sequence[VenueTrade]:
        """All trades after the cursor."""
        return await self._desk(symbol).trades(symbol, after, self._until_ms())

    async def key_scope(self) -> KeyScope:
        """What the key may do."""
        return await self._dialect.key_scope()

    async def maintenance(self, symbol: Symbol, notional: Decimal) -> tuple[Decimal, Decimal]:
        """Maintenance margin rate and the amount to subtract, at a notional."""
        return await self._dialect.maintenance(symbol, notional)

    async def wallets(self) -> Sequence[WalletBalance]:
        """Every wallet with something in it."""
        return await self._dialect.wallets()

    async def ledger(self, since_ms: int, symbols: Sequence[Symbol]) -> Sequence[LedgerRow]:
        """The venue's own books."""
        return await self._dialect.ledger(since_ms, symbols)

    async def volumes_24h(self, symbol: Symbol) -> tuple[Decimal, Decimal, Decimal]:
        """24 h volume in contracts and in quote, and the average price."""
        return await self._dialect.volumes_24h(symbol)

    # Commands

    async def order_slot(self, symbol: Symbol) -> None:
        """Wait for room for one order on a symbol's market and keep it for a moment."""
        placing = self._placing(symbol)
        await self._link.order_slot(placing)
        self._slots.append((placing.method, self._clock.now_ms()))

    def orders_paused_until_ms(self, symbol: Symbol) -> int:
        """Until when a ban or a pause holds back orders on a symbol's market."""
        return self._link.paused_until_ms(self._placing(symbol))

    async def place(self, ticket: OrderTicket) -> SendOutcome:
        """Send one order, once."""
        desk = self._desk(ticket.request.symbol)
        try:
            await self._use_slot(ticket.request.symbol)
        except VenueFault as fault:
            return not_sent(fault)
        if self.now_ms() >= ticket.deadline_ms:
            return expired("order")
        try:
            report = await desk.place(ticket)
            if not self._in_steps(report):
                return OutcomeUnknown(detail=f"filled {plain(report.filled)}, which is no multiple of the step")
            return Acked(report=report)
        except VenueFault as fault:
            return outcome_of(fault)

    async def cancel(self, symbol: Symbol, client_id: ClientOrderId) -> SendOutcome:
        """Ask for a cancel, once; where the venue only acknowledges, the order is read back."""
        try:
            report = await self._desk(symbol).cancel(symbol, client_id)
            if report is not None and self._in_steps(report):
                return Acked(report=report)
        except VenueFault as fault:
            return outcome_of(fault)
        try:
            return Acked(report=await self._found(symbol, client_id))
        except VenueFault as fault:
            return OutcomeUnknown(detail=f"the cancel was acknowledged, but not seen: {fault.message}")

    async def configure(self, symbol: Symbol, leverage: int, margin_mode: MarginMode) -> SymbolConfig:
        """Set leverage and margin mode and read them back."""
        after = await self._dialect.configure(symbol, leverage, margin_mode)
        if (after.leverage, after.margin_mode) != (leverage, margin_mode):
            raise VenueRejected(
                f"{symbol} was set to {margin_mode.value} {leverage}x but reads back as "
                f"{after.margin_mode.value} {after.leverage}x",
                venue=self.name,
                operation="set leverage and margin mode",
            )
        return after

    # Streams

    def hints(self, symbols: Collection[Symbol], assets: Collection[Asset]) -> AsyncGenerator[Hint, None]:
        """Events as they come; see `bot.ports.HintSource`."""
        account = Account(
            spec=self._spec,
            link=self._link,
            client=self._client,
            markets=self._parts.markets,
            venue_clock=self._venue_clock,
            clock=self._clock,
        )
        return listen(account, symbols, assets)

    # Inside

    @property
    def _parts(self) -> Parts:
        if self._started is None:
            raise InvariantBroken(f"venue {self.name} is used before its start")
        return self._started

    @property
    def _dialect(self) -> Dialect:
        return self._parts.dialect

    def _desk(self, symbol: Symbol) -> OrderDesk:
        """Who tells and reads orders on a symbol's market."""
        parts = self._parts
        return parts.dialect.spot_desk if parts.markets.is_spot(symbol) else parts.dialect

    def _placing(self, symbol: Symbol) -> Endpoint:
        """The request that places orders on a symbol's market: venues limit and pause spot and contracts apart."""
        parts = self._parts
        return parts.dialect.spot_desk.placing if parts.markets.is_spot(symbol) else self._ways.place

    async def _found(self, symbol: Symbol, client_id: ClientOrderId) -> OrderReport:
        """One order of ours. What it filled is believed in whole steps of its market, else when its trades make it up.

        A market's step may have changed since the lists were read; a wrong figure changes but for one answer. Raises
        VenueFault.
        """
        desk = self._desk(symbol)
        report = await desk.find_order(symbol, client_id)
        if not self._in_steps(report):
            before = TradeCursor(trade_id=None, time_ms=report.time_ms - _SLACK_MS)
            trades = await desk.trades(symbol, before, self._until_ms())
            made = sum((it.contracts for it in trades if it.venue_order_id == report.venue_order_id), ZERO)
            if made != report.filled:
                why = f"order {report.venue_order_id} filled {report.filled}, its trades make {made}"
                raise self._link.unreadable("look an order up", why)
        return report

    def _in_steps(self, report: OrderReport) -> bool:
        return report.filled == 0 or report.filled % self._parts.markets.step_of(report.symbol) == 0

    async def _use_slot(self, symbol: Symbol) -> None:
        """Use up the room that `order_slot` kept for the symbol's market; without one, wait for it."""
        placing, oldest_ms = self._placing(symbol), self._clock.now_ms() - _SLOT_AGE_MS
        self._slots = [slot for slot in self._slots if slot[1] >= oldest_ms]
        kept = next((slot for slot in self._slots if slot[0] == placing.method), None)
        if kept is None:
            await self._link.order_slot(placing)
        else:
            self._slots.remove(kept)
            self._link.refuse_during_ban(placing.operation, placing)

    def _until_ms(self) -> int:
        return self.now_ms() + _SLACK_MS


def open_venue(
    spec: VenueSpec,
    *,
    clock: Clock,
    session: object | None,
    symbols: Sequence[Symbol] = (),
    isolated: frozenset[Symbol] = frozenset(),
    spot_symbols: Sequence[Symbol] = (),
) -> CcxtVenue:
    """Make the gateway of one account; nothing is contacted before `start`.

    Args:
        spec: which account, and in which environment.
        clock: our time.
        session: of the paper exchange; None for the real internet.
        symbols: perpetuals in use.
        isolated: those of them that want isolated margin.
        spot_symbols: spot markets in use.

    Raises:
        ConfigFault: the settings ask for what the exchange does not have, or a secret is missing.
        StartFault: the client would use a host that does not belong to the environment.
    """
    ways = ways_of(spec)
    venue_clock = VenueClock(clock)
    client = make_client(spec, ways, time_ms=venue_clock.now_ms, session=session)
    return CcxtVenue(
        spec,
        ways,
        client=client,
        clock=clock,
        venue_clock=venue_clock,
        symbols=symbols,
        isolated=isolated,
        spot_symbols=spot_symbols,
    )
