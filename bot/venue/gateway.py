"""The gateway: `bot.ports.Venue` for Binance spot and USD-M futures through ccxt."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final

from bot.domain.errors import (
    InvariantBroken,
    NotOffered,
    StartFault,
    VenueBusy,
    VenueFault,
    VenueRejected,
)
from bot.domain.ids import ClientOrderId, Symbol, VenueOrderId
from bot.domain.instrument import Instrument, MarginMode
from bot.domain.ledger import LedgerRow, WalletBalance
from bot.domain.observation import Stamp, SymbolConfig, VenueObservation, Wanted
from bot.domain.orders import (
    Acked,
    Found,
    LookupFailed,
    NotFound,
    OrderLookup,
    OrderReport,
    OutcomeUnknown,
    Rejected,
    SendOutcome,
    TradeCursor,
    VenueTrade,
)
from bot.ports import Clock, KeyScope, OrderTicket
from bot.venue import binance
from bot.venue.client import make_client
from bot.venue.errors import Meaning, meaning_of
from bot.venue.history import History
from bot.venue.ledger import Ledger
from bot.venue.link import Link
from bot.venue.markets import Markets
from bot.venue.orders import order_params, order_report, own_report
from bot.venue.readings import Readings
from bot.venue.settings import Settings
from bot.venue.shapes import Row, decimal_in, flag_in, row_of
from bot.venue.spec import VenueSpec, offer_of
from bot.venue.throttle import Lane, Throttle
from bot.venue.venue_clock import VenueClock
from bot.venue.wallets import Wallets

_SLACK_MS: Final = 10_000
"""How far lists are read past our idea of the venue's time: what has just happened there must not fall off the end."""
_SLOT_AGE_MS: Final = 5_000
"""A slot that was not used within this time is asked for anew."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """What exists once the market list is known."""

    markets: Markets
    settings: Settings
    wallets: Wallets
    readings: Readings
    history: History
    ledger: Ledger


class CcxtVenue:
    """One account on Binance. See `bot.ports.Venue` for what each method promises.

    Args:
        spec: which account, and in which environment.
        client: the ccxt client, already checked for where it points.
        clock: our time.
        venue_clock: the venue's time, which the client signs with.
        symbols: perpetuals in use: checked at start, and their fee rates are read.
        isolated: those of `symbols` that want isolated margin.
    """

    def __init__(
        self,
        spec: VenueSpec,
        *,
        client: Any,  # noqa: ANN401 - ccxt is untyped
        clock: Clock,
        venue_clock: VenueClock,
        symbols: Sequence[Symbol],
        isolated: frozenset[Symbol],
    ) -> None:
        self.name = spec.name
        self.exchange = spec.exchange
        self.unified = False
        self._sapi = offer_of(spec).sapi
        self._clock = clock
        self._symbols = symbols
        self._isolated = isolated
        throttle = Throttle(name=spec.name, limits=binance.LIMITS, clock=clock)
        self._link = Link(name=spec.name, exchange=spec.exchange, client=client, throttle=throttle, clock=clock)
        self._venue_clock = venue_clock
        self._slots: list[int] = []
        self._started: _Parts | None = None

    async def start(self) -> None:
        """Measure the clock, read the markets, check the account, read the fee rates of the symbols in use."""
        await self.measure_clock()
        markets = await self._link.load_markets()
        # Again, now that the connection stands: its making falls on one way of the first round trip only.
        await self.measure_clock()
        settings = Settings(self._link, markets)
        wallets = Wallets(self._link, markets, self._sapi)
        self._started = _Parts(
            markets=markets,
            settings=settings,
            wallets=wallets,
            readings=Readings(self._link, markets, wallets, settings),
            history=History(self._link, markets),
            ledger=Ledger(self._link, markets, sapi=self._sapi),
        )
        for symbol in self._symbols:
            markets.instrument(symbol)
        if self._sapi:
            await self._refuse_portfolio_margin()
        if self._isolated:
            await settings.refuse_multi_assets()
        for symbol in self._symbols:
            markets.set_fees(symbol, await settings.fees(symbol))

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
        return binance.RECV_WINDOW_MS

    async def measure_clock(self) -> int:
        """Ask the venue for its time."""
        return await self._venue_clock.measure(self._link)

    # Reading

    async def observe(self, wanted: Wanted) -> VenueObservation:
        """Read once."""
        sent_ms = self._clock.now_ms()
        await self._venue_clock.renew(self._link)
        readings = self._parts.readings
        holdings, (positions, margins), prices, configs = await asyncio.gather(
            readings.holdings(wanted), readings.futures(wanted), readings.prices(wanted), readings.configs(wanted)
        )
        return VenueObservation(
            venue=self.name,
            stamp=Stamp(sent_ms=sent_ms, answered_ms=self._clock.now_ms()),
            holdings=holdings,
            positions=positions,
            prices=prices,
            margins=margins,
            configs=configs,
        )

    async def find_order(self, symbol: Symbol, client_id: ClientOrderId) -> OrderLookup:
        """Look an order up by our id."""
        market_id = self._parts.markets.id_of(symbol)
        parse = partial(own_report, symbol=symbol, market_id=market_id, client_id=client_id)
        return await self._look_up({"symbol": market_id, "origClientOrderId": client_id}, parse)

    async def find_venue_order(self, symbol: Symbol, order_id: VenueOrderId) -> OrderLookup:
        """Look an order up by the venue's id."""
        market_id = self._parts.markets.id_of(symbol)

        def parse(body: object) -> OrderReport:
            report = order_report(body, symbol, market_id)
            if report.venue_order_id != order_id:
                raise ValueError("the answer is about another order")
            return report

        return await self._look_up({"symbol": market_id, "orderId": order_id}, parse)

    async def open_orders(self, symbol: Symbol) -> Sequence[OrderReport]:
        """All open orders on the instrument."""
        return await self._parts.history.open_orders(symbol)

    async def all_orders(self, symbol: Symbol, since_ms: int) -> Sequence[OrderReport]:
        """All orders created since."""
        return await self._parts.history.orders(symbol, since_ms, self._until_ms())

    async def trades(self, symbol: Symbol, after: TradeCursor) -> Sequence[VenueTrade]:
        """All trades after the cursor."""
        return await self._parts.history.trades(symbol, after, self._until_ms())

    async def key_scope(self) -> KeyScope:
        """What the key may do."""
        row = await self._key_restrictions()
        return KeyScope(
            trade=flag_in(row, "enableFutures"),
            withdraw=flag_in(row, "enableWithdrawals"),
            ip_restricted=flag_in(row, "ipRestrict"),
        )

    async def maintenance(self, symbol: Symbol, notional: Decimal) -> tuple[Decimal, Decimal]:
        """Maintenance margin rate and `cum` at a notional."""
        return await self._parts.settings.maintenance(symbol, notional)

    async def wallets(self) -> Sequence[WalletBalance]:
        """Every wallet with something in it."""
        return await self._parts.wallets.all()

    async def ledger(self, since_ms: int, symbols: Sequence[Symbol]) -> Sequence[LedgerRow]:
        """The venue's own books."""
        return await self._parts.ledger.rows(since_ms, self._until_ms(), symbols)

    async def volumes_24h(self, symbol: Symbol) -> tuple[Decimal, Decimal, Decimal]:
        """24 h volume in contracts and in quote, and the average price."""
        return await self._link.ask(binance.VOLUMES, _volumes, {"symbol": self._parts.markets.id_of(symbol)})

    # Commands

    async def order_slot(self) -> None:
        """Wait for room for one order and keep it for a moment."""
        await self._link.order_slot()
        self._slots.append(self._clock.now_ms())

    async def place(self, ticket: OrderTicket) -> SendOutcome:
        """Send one order, once."""
        request = ticket.request
        market_id = self._parts.markets.id_of(request.symbol)
        parse = partial(own_report, symbol=request.symbol, market_id=market_id, client_id=ticket.client_id)
        try:
            await self._use_slot()
        except VenueBusy as fault:
            return Rejected(code="busy-before-send", message=fault.message)
        if self.now_ms() >= ticket.deadline_ms:
            return Rejected(code="expired-before-send", message="the deadline had passed before the order was sent")
        try:
            report = await self._link.send(binance.PLACE_ORDER, parse, order_params(market_id, ticket))
        except VenueFault as fault:
            return _outcome_of(fault)
        return Acked(report=report)

    async def cancel(self, symbol: Symbol, client_id: ClientOrderId) -> SendOutcome:
        """Ask for a cancel, once."""
        market_id = self._parts.markets.id_of(symbol)
        parse = partial(own_report, symbol=symbol, market_id=market_id, client_id=client_id)
        params = {"symbol": market_id, "origClientOrderId": client_id}
        try:
            report = await self._link.ask(binance.CANCEL_ORDER, parse, params, lane=Lane.RESCUE)
        except VenueFault as fault:
            return _outcome_of(fault)
        return Acked(report=report)

    async def configure(self, symbol: Symbol, leverage: int, margin_mode: MarginMode) -> SymbolConfig:
        """Set leverage and margin mode and read them back."""
        if margin_mode is MarginMode.ISOLATED:
            await self._parts.settings.refuse_multi_assets()
        return await self._parts.settings.configure(symbol, leverage, margin_mode)

    # Inside

    @property
    def _parts(self) -> _Parts:
        if self._started is None:
            raise InvariantBroken(f"venue {self.name} is used before its start")
        return self._started

    async def _use_slot(self) -> None:
        """Use up the room that `order_slot` kept; without one, wait for it."""
        oldest_ms = self._clock.now_ms() - _SLOT_AGE_MS
        self._slots = [taken_ms for taken_ms in self._slots if taken_ms >= oldest_ms]
        if self._slots:
            self._slots.pop()
            self._link.refuse_during_ban(binance.PLACE_ORDER.operation)
        else:
            await self._link.order_slot()

    async def _look_up(self, params: dict[str, object], parse: Any) -> OrderLookup:  # noqa: ANN401 - a parser
        try:
            report = await self._link.ask(binance.FIND_ORDER, parse, params, lane=Lane.RESCUE)
        except VenueRejected as fault:
            if meaning_of(self.exchange, 400, fault.code) is Meaning.NOT_FOUND:
                return NotFound(code=fault.code)
            return LookupFailed(detail=fault.message)
        except VenueFault as fault:
            return LookupFailed(detail=fault.message)
        return Found(report=report)

    async def _key_restrictions(self) -> Row:
        if not self._sapi:
            raise NotOffered(
                "what the key may do is not told here", venue=self.name, operation=binance.KEY_SCOPE.operation
            )
        return await self._link.ask(
            binance.KEY_SCOPE, lambda body: row_of(body, "enableFutures", "enableWithdrawals", "ipRestrict")
        )

    async def _refuse_portfolio_margin(self) -> None:
        row = await self._key_restrictions()
        if "enablePortfolioMarginTrading" in row and flag_in(row, "enablePortfolioMarginTrading"):
            raise StartFault(
                f"venues.{self.name}: the account is under portfolio margin, which is not supported",
                hint="use an account with separate spot and USD-M wallets, or take that permission from the key",
            )

    def _until_ms(self) -> int:
        return self.now_ms() + _SLACK_MS


def _outcome_of(fault: VenueFault) -> SendOutcome:
    """What a failed command's answer says of its effect (R20)."""
    if isinstance(fault, VenueRejected | VenueBusy):
        return Rejected(code=fault.code or "busy-before-send", message=fault.message)
    return OutcomeUnknown(detail=fault.message)


def _volumes(body: object) -> tuple[Decimal, Decimal, Decimal]:
    row = row_of(body, "volume", "quoteVolume", "weightedAvgPrice")
    return decimal_in(row, "volume"), decimal_in(row, "quoteVolume"), decimal_in(row, "weightedAvgPrice")


def open_venue(
    spec: VenueSpec,
    *,
    clock: Clock,
    session: object | None,
    symbols: Sequence[Symbol] = (),
    isolated: frozenset[Symbol] = frozenset(),
) -> CcxtVenue:
    """Make the gateway of one account; nothing is contacted before `start`.

    Args:
        spec: which account, and in which environment.
        clock: our time.
        session: of the paper exchange; None for the real internet.
        symbols: perpetuals in use.
        isolated: those of them that want isolated margin.

    Raises:
        ConfigFault: the settings ask for what the exchange does not have, or a secret is missing.
        StartFault: the client would use a host that does not belong to the environment.
    """
    venue_clock = VenueClock(clock)
    client = make_client(spec, time_ms=venue_clock.now_ms, session=session)
    return CcxtVenue(spec, client=client, clock=clock, venue_clock=venue_clock, symbols=symbols, isolated=isolated)
