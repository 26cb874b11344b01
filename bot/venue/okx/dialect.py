"""How one account of OKX is read and told: `bot.venue.dialect.Dialect`."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Final

from bot.domain.errors import ConfigFault, InvariantBroken
from bot.domain.ids import Asset, ClientOrderId, Symbol, VenueOrderId
from bot.domain.instrument import Instrument, MarginMode
from bot.domain.ledger import LedgerRow, WalletBalance
from bot.domain.numbers import ZERO
from bot.domain.observation import Margin, Position, Prices, SymbolConfig, Unknown
from bot.domain.orders import OrderReport, TradeCursor, VenueTrade
from bot.ports import Clock, KeyScope, OrderTicket
from bot.venue.attempt import attempt
from bot.venue.dialect import ContractsRead, MarginBalance, Moving, WalletGroup
from bot.venue.index import Indices
from bot.venue.link import Link, Timed, joined
from bot.venue.markets import Fees, Markets
from bot.venue.okx import endpoints
from bot.venue.okx.desk import Desk
from bot.venue.okx.futures import PositionRows, margin_of, merged, position_of, position_rows
from bot.venue.okx.history import History
from bot.venue.okx.index import WIRE
from bot.venue.okx.ledger import Ledger
from bot.venue.okx.orders import order_params, placed_report
from bot.venue.okx.prices import PriceReader
from bot.venue.okx.settings import Settings
from bot.venue.okx.spot import Spot
from bot.venue.okx.transit import Transit
from bot.venue.okx.vault import Vault
from bot.venue.okx.wallets import SpotGroup, Trading, Wallets
from bot.venue.okx.wire import candles_in
from bot.venue.shapes import decimal_in
from bot.venue.spec import VenueSpec

_NAMES_MAX: Final = 10
"""The most instruments that one question about positions may name."""
_SLACK_MS: Final = 10_000
"""How far lists are read past our idea of the venue's time."""
_HOURS: Final = 24


class OkxDialect:
    """The readers of one account.

    Args:
        link: the way to the account.
        spec: which account.
        markets: names and contracts.
        clock: tells venue time.
    """

    def __init__(self, link: Link, spec: VenueSpec, markets: Markets, clock: Clock) -> None:
        self._name = spec.name
        self._link = link
        self._markets = markets
        self._clock = clock
        self._wallets = Wallets(link)
        self._transit = Transit(link, clock)
        self._settings = Settings(link, markets)
        self._prices = PriceReader(link, markets)
        history = History(link, markets, clock)
        self._desk = Desk(link, history)
        self._ledger = Ledger(link, markets, clock)
        self.spot_desk = Spot(link, history)
        self.vault = Vault(link, markets, clock)
        self.index_desk = Indices(link, markets, clock, WIRE)

    async def check_account(self, symbols: Collection[Symbol], isolated: Collection[Symbol]) -> None:
        """Refuse an account mode in which a swap can't be margined as we count it."""
        await self._settings.check_account(symbols, isolated)

    # Holdings

    async def spot(self) -> WalletGroup:
        """Trading and funding accounts."""
        return await self._wallets.spot()

    def spot_principal(self, group: WalletGroup, asset: Asset) -> Decimal:
        """The same without unrealised P&L."""
        if not isinstance(group, SpotGroup):
            raise InvariantBroken(f"{self._name}: a group of wallets that was not read here has no principal")
        return group.principal.get(asset, ZERO)

    async def earn(self) -> WalletGroup:
        """Simple Earn and on-chain Earn."""
        return await self._wallets.earn()

    async def transit(self, assets: Collection[Asset], max_ms: int) -> Timed[Mapping[Asset, Moving]]:
        """Deposits, withdrawals, redemptions."""
        return await self._transit.read(assets, max_ms)

    async def margin(self, assets: Collection[Asset]) -> Timed[Mapping[Asset, MarginBalance]]:
        """The trading account, which is part of `spot` too."""
        trading = await self._wallets.trading()
        coins = trading.value.coins
        return Timed(
            {
                asset: MarginBalance(balance=coins[asset].equity, wallet=coins[asset].wallet)
                for asset in assets
                if asset in coins
            },
            trading.stamp,
        )

    async def wallets(self) -> Sequence[WalletBalance]:
        """Every wallet with something in it."""
        return await self._wallets.all()

    # Contracts

    async def futures(self, symbols: Collection[Symbol]) -> ContractsRead:
        """Positions, and the trading account that margins them."""
        instruments: dict[Symbol, Instrument] = {}
        positions: dict[Symbol, Position | Unknown] = {}
        margins: dict[Symbol, Margin | Unknown] = {}
        for symbol in symbols:
            try:
                instruments[symbol] = self._markets.instrument(symbol)
            except ConfigFault as fault:
                positions[symbol] = margins[symbol] = Unknown(what=f"instrument {symbol}", reason=fault.message)
        market_ids = {symbol: self._markets.id_of(symbol) for symbol in instruments}
        trading, listed = await asyncio.gather(
            attempt("trading account", self._wallets.trading()),
            attempt("positions", self._positions(market_ids)),
        )
        for symbol, instrument in instruments.items():
            positions[symbol] = _position(instrument, market_ids[symbol], listed, trading)
            margins[symbol] = (
                Unknown(what=f"margin {symbol}", reason=trading.reason)
                if isinstance(trading, Unknown)
                else margin_of(instrument, trading.value, trading.stamp)
            )
        account = None if isinstance(trading, Unknown) else trading.value.booked()
        return ContractsRead(positions, margins, account)

    async def _positions(self, market_ids: Mapping[Symbol, str]) -> Timed[PositionRows]:
        """All open positions, and again those of our instruments by name: only so is one of 0 told."""
        names = sorted(market_ids.values())
        everything, *named = await asyncio.gather(
            self._link.read(endpoints.POSITIONS, position_rows),
            *(
                self._link.read(
                    endpoints.POSITIONS, position_rows, {"instId": ",".join(names[first : first + _NAMES_MAX])}
                )
                for first in range(0, len(names), _NAMES_MAX)
            ),
        )
        try:
            asked = PositionRows(rows={name: rows for part in named for name, rows in part.value.rows.items()})
            found = merged(everything.value, asked)
        except ValueError as fault:
            raise self._link.unreadable(endpoints.POSITIONS.operation, str(fault)) from None
        self._settings.learn_modes(market_ids, found)
        return Timed(found, joined(everything.stamp, *(part.stamp for part in named)))

    async def prices(self, symbols: Collection[Symbol], books: Collection[Symbol]) -> Mapping[Symbol, Prices | Unknown]:
        """Mark, index, bid, ask, funding rate, depth."""
        return await self._prices.read(symbols, books)

    async def configs(self, symbols: Collection[Symbol]) -> Mapping[Symbol, SymbolConfig]:
        """Leverage, margin mode, position mode."""
        return await self._settings.read(symbols)

    async def configure(self, symbol: Symbol, leverage: int, margin_mode: MarginMode) -> SymbolConfig:
        """Set leverage for a margin mode and read back."""
        return await self._settings.configure(symbol, leverage, margin_mode)

    async def fees(self, symbol: Symbol) -> Fees:
        """The account's own rates."""
        return await self._settings.fees(symbol)

    async def maintenance(self, symbol: Symbol, notional: Decimal) -> tuple[Decimal, Decimal]:
        """Maintenance margin rate of a tier, and 0."""
        return await self._settings.maintenance(symbol, notional)

    async def volumes_24h(self, symbol: Symbol) -> tuple[Decimal, Decimal, Decimal]:
        """From the candles of 24 h: their volumes are told in contracts, in coins and in quote (R7)."""
        params = {"instId": self._markets.id_of(symbol), "bar": "1H", "limit": str(_HOURS)}
        return await self._link.ask(endpoints.CANDLES, _volumes, params)

    # Orders

    async def place(self, ticket: OrderTicket) -> OrderReport:
        """Send an order; the answer only acknowledges it."""
        symbol = ticket.request.symbol
        params = order_params(self._markets.id_of(symbol), ticket, self._settings.modes.of(symbol))
        return await self._link.send(endpoints.PLACE_ORDER, partial(placed_report, ticket=ticket), params)

    async def cancel(self, symbol: Symbol, client_id: ClientOrderId) -> OrderReport | None:
        """Ask for a cancel."""
        return await self._desk.cancel(symbol, client_id)

    async def find_order(self, symbol: Symbol, client_id: ClientOrderId) -> OrderReport:
        """By our id."""
        return await self._desk.find_order(symbol, client_id)

    async def find_venue_order(self, symbol: Symbol, order_id: VenueOrderId) -> OrderReport:
        """By the venue's id."""
        return await self._desk.find_venue_order(symbol, order_id)

    async def open_orders(self, symbol: Symbol) -> Sequence[OrderReport]:
        """All open orders on the instrument."""
        return await self._desk.open_orders(symbol)

    async def orders(self, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[OrderReport]:
        """All orders created in that time."""
        return await self._desk.orders(symbol, since_ms, until_ms)

    async def trades(self, symbol: Symbol, after: TradeCursor, until_ms: int) -> Sequence[VenueTrade]:
        """All trades after the cursor."""
        return await self._desk.trades(symbol, after, until_ms)

    # The account

    async def key_scope(self) -> KeyScope:
        """What the key may do."""
        return await self._settings.key_scope()

    async def ledger(self, since_ms: int, symbols: Sequence[Symbol]) -> Sequence[LedgerRow]:
        """The venue's own books, of all its wallets and instruments."""
        del symbols
        return await self._ledger.rows(since_ms, self._clock.now_ms() + _SLACK_MS)


def _position(
    instrument: Instrument, market_id: str, listed: Timed[PositionRows] | Unknown, trading: Timed[Trading] | Unknown
) -> Position | Unknown:
    if isinstance(listed, Unknown):
        return Unknown(what=f"position {instrument.symbol}", reason=listed.reason)
    if isinstance(trading, Unknown):
        return position_of(instrument, market_id, listed.value, trading, listed.stamp)
    return position_of(instrument, market_id, listed.value, trading.value, joined(listed.stamp, trading.stamp))


def _volumes(body: object) -> tuple[Decimal, Decimal, Decimal]:
    """Sums of candles [time, open, high, low, close, contracts, coins, quote, done]. Raises ValueError."""
    contracts = coins = quote = ZERO
    for candle in candles_in(body):
        contracts += decimal_in(candle, "contracts")
        coins += decimal_in(candle, "coins")
        quote += decimal_in(candle, "quote")
    return contracts, quote, quote / coins if coins else ZERO
