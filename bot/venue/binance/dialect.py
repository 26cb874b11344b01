"""Binance's dialect: spot, funding, Simple Earn, USD-M and COIN-M futures of one account."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.domain.errors import ConfigFault, NotOffered, StartFault
from bot.domain.ids import Asset, ClientOrderId, Symbol, VenueOrderId
from bot.domain.instrument import ContractKind, Instrument, MarginMode
from bot.domain.ledger import LedgerRow, WalletBalance
from bot.domain.numbers import ZERO
from bot.domain.observation import Margin, Position, Prices, SymbolConfig, Unknown
from bot.domain.orders import OrderReport, TradeCursor, VenueTrade
from bot.ports import Clock, KeyScope, OrderTicket
from bot.venue.attempt import attempt
from bot.venue.binance.endpoints import KEY_SCOPE
from bot.venue.binance.family import Family, family_of
from bot.venue.binance.futures import Account, PositionRows, account_of, margin_of, position_of, position_rows
from bot.venue.binance.history import History
from bot.venue.binance.index import WIRE
from bot.venue.binance.ledger import Ledger
from bot.venue.binance.prices import PriceReader
from bot.venue.binance.settings import Settings
from bot.venue.binance.spot import Spot
from bot.venue.binance.transit import Transit
from bot.venue.binance.vault import Vault
from bot.venue.binance.wallets import Wallets
from bot.venue.dialect import ContractsRead, MarginBalance, Moving, WalletGroup
from bot.venue.index import Indices
from bot.venue.link import Link, Timed, joined
from bot.venue.markets import Fees, Markets
from bot.venue.shapes import Row, flag_in, row_of
from bot.venue.spec import VenueSpec

_LEDGER_SLACK_MS: Final = 10_000
"""How far the books are read past our idea of the venue's time."""


@dataclass(frozen=True, slots=True)
class BinanceDialect:
    """Reads and tells one account; see `bot.venue.dialect.Dialect`."""

    link: Link
    markets: Markets
    clock: Clock
    served: bool
    wallet_reader: Wallets
    transit_reader: Transit
    price_reader: PriceReader
    settings: Settings
    history: History
    books: Ledger
    spot_desk: Spot
    vault: Vault
    index_desk: Indices

    async def check_account(self, symbols: Collection[Symbol], isolated: Collection[Symbol]) -> None:
        """Refuse portfolio margin, and isolated margin under multi-assets mode (R5)."""
        del symbols
        if self.served:
            row = await self._key_restrictions()
            if "enablePortfolioMarginTrading" in row and flag_in(row, "enablePortfolioMarginTrading"):
                raise StartFault(
                    f"venues.{self.link.name}: the account is under portfolio margin, which is not supported",
                    hint="use an account with separate spot and futures wallets, or take that permission from the key",
                )
        if any(self.markets.kind_of(symbol) is ContractKind.LINEAR for symbol in isolated):
            await self.settings.refuse_multi_assets()

    # Holdings

    async def spot(self) -> WalletGroup:
        """Spot and funding."""
        read = await self.wallet_reader.spot()
        self.transit_reader.saw(read)
        return read

    def spot_principal(self, group: WalletGroup, asset: Asset) -> Decimal:
        """All of it: no contract is margined by these wallets."""
        return sum((quantities.get(asset, ZERO) for quantities in group.value.values()), ZERO)

    async def earn(self) -> WalletGroup:
        """Simple Earn, flexible and locked, without what `transit` counted before."""
        return await self.wallet_reader.earn(self.transit_reader.leaving_lock)

    async def transit(self, assets: Collection[Asset], max_ms: int) -> Timed[Mapping[Asset, Moving]]:
        """Redemptions, unstaking, deposits and withdrawals that are not over."""
        return await self.transit_reader.read(assets, max_ms)

    async def margin(self, assets: Collection[Asset]) -> Timed[Mapping[Asset, MarginBalance]]:
        """The COIN-M wallet."""
        return await self.wallet_reader.margin(assets)

    async def wallets(self) -> Sequence[WalletBalance]:
        """Every wallet with something in it."""
        return await self.wallet_reader.all()

    # Contracts

    async def futures(self, symbols: Collection[Symbol]) -> ContractsRead:
        """Positions and margin, by two calls of the same moment for each API in use."""
        positions: dict[Symbol, Position | Unknown] = {}
        margins: dict[Symbol, Margin | Unknown] = {}
        instruments: dict[Symbol, Instrument] = {}
        for symbol in symbols:
            try:
                instruments[symbol] = self.markets.instrument(symbol)
            except ConfigFault as fault:
                positions[symbol] = margins[symbol] = Unknown(what=f"instrument {symbol}", reason=fault.message)
        kinds = {instrument.kind for instrument in instruments.values()}
        read = dict(
            zip(kinds, await asyncio.gather(*(self._margin_state(family_of(kind)) for kind in kinds)), strict=True)
        )
        for symbol, instrument in instruments.items():
            account, risk = read[instrument.kind]
            positions[symbol] = self._position(instrument, risk, account)
            margins[symbol] = _margin(instrument, account)
        return ContractsRead(positions, margins)

    async def prices(self, symbols: Collection[Symbol], books: Collection[Symbol]) -> Mapping[Symbol, Prices | Unknown]:
        """Mark, index, bid, ask, funding rate, depth."""
        return await self.price_reader.prices(symbols, books)

    async def configs(self, symbols: Collection[Symbol]) -> Mapping[Symbol, SymbolConfig]:
        """Leverage, margin mode, position mode."""
        return await self.settings.read(symbols)

    async def configure(self, symbol: Symbol, leverage: int, margin_mode: MarginMode) -> SymbolConfig:
        """Set leverage and margin mode and read them back."""
        if margin_mode is MarginMode.ISOLATED and self.markets.kind_of(symbol) is ContractKind.LINEAR:
            await self.settings.refuse_multi_assets()
        return await self.settings.configure(symbol, leverage, margin_mode)

    async def fees(self, symbol: Symbol) -> Fees:
        """The account's own rates."""
        return await self.settings.fees(symbol)

    async def maintenance(self, symbol: Symbol, notional: Decimal) -> tuple[Decimal, Decimal]:
        """Maintenance margin rate and `cum`."""
        return await self.settings.maintenance(symbol, notional)

    async def volumes_24h(self, symbol: Symbol) -> tuple[Decimal, Decimal, Decimal]:
        """Contracts, turnover in quote, average price."""
        return await self.price_reader.volumes_24h(symbol)

    # Orders

    async def place(self, ticket: OrderTicket) -> OrderReport:
        """Send an order."""
        return await self.history.place(ticket)

    async def cancel(self, symbol: Symbol, client_id: ClientOrderId) -> OrderReport | None:
        """Ask for a cancel."""
        return await self.history.cancel(symbol, client_id)

    async def find_order(self, symbol: Symbol, client_id: ClientOrderId) -> OrderReport:
        """By our id."""
        return await self.history.find_order(symbol, client_id)

    async def find_venue_order(self, symbol: Symbol, order_id: VenueOrderId) -> OrderReport:
        """By the venue's id."""
        return await self.history.find_venue_order(symbol, order_id)

    async def open_orders(self, symbol: Symbol) -> Sequence[OrderReport]:
        """All open orders on the instrument."""
        return await self.history.open_orders(symbol)

    async def orders(self, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[OrderReport]:
        """All orders created in that time."""
        return await self.history.orders(symbol, since_ms, until_ms)

    async def trades(self, symbol: Symbol, after: TradeCursor, until_ms: int) -> Sequence[VenueTrade]:
        """All trades after the cursor."""
        return await self.history.trades(symbol, after, until_ms)

    # The account

    async def key_scope(self) -> KeyScope:
        """What the key may do."""
        row = await self._key_restrictions()
        return KeyScope(
            trade=flag_in(row, "enableFutures"),
            withdraw=flag_in(row, "enableWithdrawals"),
            ip_restricted=flag_in(row, "ipRestrict"),
        )

    async def ledger(self, since_ms: int, symbols: Sequence[Symbol]) -> Sequence[LedgerRow]:
        """The venue's own books."""
        return await self.books.rows(since_ms, self.clock.now_ms() + _LEDGER_SLACK_MS, symbols)

    # Inside

    async def _key_restrictions(self) -> Row:
        if not self.served:
            raise NotOffered(
                "what the key may do is not told here", venue=self.link.name, operation=KEY_SCOPE.operation
            )
        return await self.link.ask(
            KEY_SCOPE, lambda body: row_of(body, "enableFutures", "enableWithdrawals", "ipRestrict")
        )

    async def _margin_state(self, family: Family) -> tuple[Timed[Account] | Unknown, Timed[PositionRows] | Unknown]:
        return await asyncio.gather(
            attempt("margin account", self.link.read(family.account, lambda body: account_of(body, family))),
            attempt("positions", self.link.read(family.positions, position_rows)),
        )

    def _position(
        self, instrument: Instrument, risk: Timed[PositionRows] | Unknown, account: Timed[Account] | Unknown
    ) -> Position | Unknown:
        if isinstance(risk, Unknown):
            return Unknown(what=f"position {instrument.symbol}", reason=risk.reason)
        market_id, family = self.markets.id_of(instrument.symbol), family_of(instrument.kind)
        if isinstance(account, Unknown):
            return position_of(instrument, market_id, family, risk.value, account, risk.stamp)
        stamp = joined(risk.stamp, account.stamp)
        return position_of(instrument, market_id, family, risk.value, account.value, stamp)


def _margin(instrument: Instrument, account: Timed[Account] | Unknown) -> Margin | Unknown:
    if isinstance(account, Unknown):
        return Unknown(what=f"margin {instrument.symbol}", reason=account.reason)
    return margin_of(instrument, account.value, account.stamp)


def open_dialect(link: Link, spec: VenueSpec, markets: Markets, clock: Clock) -> BinanceDialect:
    """The readers of one account.

    Args:
        link: the way to it.
        spec: which account.
        markets: the names.
        clock: tells venue time.
    """
    served = link.ways.offer(spec).wallets
    prices = PriceReader(link, markets)
    return BinanceDialect(
        link=link,
        markets=markets,
        clock=clock,
        served=served,
        wallet_reader=Wallets(link, markets, served=served),
        transit_reader=Transit(link, clock, served=served),
        price_reader=prices,
        settings=Settings(link, markets, prices),
        history=History(link, markets),
        books=Ledger(link, markets, served=served),
        spot_desk=Spot(link, markets, served=served),
        vault=Vault(link, markets, served=served),
        index_desk=Indices(link, markets, clock, WIRE),
    )
