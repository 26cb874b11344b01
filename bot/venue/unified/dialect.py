"""How one account of an exchange that nobody verified is read and told: `bot.venue.dialect.Dialect`."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from bot.domain.errors import ConfigFault, VenueUnreadable
from bot.domain.ids import Asset, ClientOrderId, Symbol, VenueOrderId
from bot.domain.instrument import Instrument, MarginMode
from bot.domain.ledger import LedgerRow, WalletBalance
from bot.domain.numbers import ZERO
from bot.domain.observation import Margin, Position, Prices, SymbolConfig, Unknown
from bot.domain.orders import OrderReport, TradeCursor, VenueTrade
from bot.ports import Clock, KeyScope, OrderTicket
from bot.venue.attempt import attempt
from bot.venue.desk import NoSpotDesk, NoVault
from bot.venue.dialect import ContractsRead, MarginBalance, Moving, WalletGroup
from bot.venue.index import NoIndexDesk
from bot.venue.link import Link, Timed
from bot.venue.markets import Fees, Markets
from bot.venue.spec import VenueSpec
from bot.venue.unified.account import Account, Balance, volumes
from bot.venue.unified.calls import Calls, Nature
from bot.venue.unified.facts import POOLED
from bot.venue.unified.futures import Positions
from bot.venue.unified.orders import Orders
from bot.venue.unified.prices import PriceReader

_SPOT, _SWAP = "spot", "swap"


class UnifiedDialect:
    """The readers of one account.

    Args:
        link: the way to the account.
        spec: which account.
        markets: names and contracts.
        clock: tells the exchange's time.
        nature: what ccxt says that the exchange can.
    """

    def __init__(self, link: Link, spec: VenueSpec, markets: Markets, clock: Clock, nature: Nature) -> None:
        self._name = spec.name
        self._markets = markets
        self._calls = Calls(link, nature)
        self._positions = Positions(self._calls)
        self._account = Account(self._calls, markets, self._positions)
        self._prices = PriceReader(self._calls)
        self._orders = Orders(self._calls, markets, clock)
        self.spot_desk = NoSpotDesk(spec.name)
        self.vault = NoVault(spec.name)
        self.index_desk = NoIndexDesk(spec.name)

    async def check_account(self, symbols: Collection[Symbol], isolated: Collection[Symbol]) -> None:
        """Refuse what can't be hedged there. Raises StartFault."""
        self._account.check(symbols, isolated)

    # Holdings

    async def spot(self) -> WalletGroup:
        """What ccxt has for the spot balance: on some exchanges the only account there is."""
        read = await self._account.balance(_SPOT)
        return Timed({_SPOT: {asset: coin.total for asset, coin in read.value.coins.items()}}, read.stamp)

    def spot_principal(self, group: WalletGroup, asset: Asset) -> Decimal:
        """The same: coins margin nothing here."""
        return sum((quantities.get(asset, ZERO) for quantities in group.value.values()), ZERO)

    async def earn(self) -> WalletGroup:
        """Raises NotOffered."""
        self._calls.not_offered("read Earn")

    async def transit(self, assets: Collection[Asset], max_ms: int) -> Timed[Mapping[Asset, Moving | Unknown]]:
        """Raises NotOffered."""
        del assets, max_ms
        self._calls.not_offered("read coins on their way")

    async def margin(self, assets: Collection[Asset]) -> Timed[Mapping[Asset, MarginBalance]]:
        """Raises NotOffered: whether a balance holds unrealised profit is not known (R4)."""
        del assets
        self._calls.not_offered("read the margin balance in coins")

    async def wallets(self) -> Sequence[WalletBalance]:
        """Spot, and the margin account of contracts where it is another.

        One of them may tell of no coin at all, which is no fault as long as the other does.
        """
        names = (_SPOT,) if self._calls.nature.exchange in POOLED else (_SPOT, _SWAP)
        balances: dict[str, Balance] = {}
        faults: list[VenueUnreadable] = []
        for name in names:
            try:
                balances[name] = (await self._account.balance(name)).value
            except VenueUnreadable as fault:
                faults.append(fault)
        if not balances:
            raise faults[0]
        return [
            WalletBalance(venue=self._name, wallet=name, asset=asset, quantity=coin.total)
            for name, balance in balances.items()
            for asset, coin in balance.coins.items()
            if coin.total
        ]

    # Contracts

    async def futures(self, symbols: Collection[Symbol]) -> ContractsRead:
        """Positions, and the margin account."""
        instruments: dict[Symbol, Instrument] = {}
        positions: dict[Symbol, Position | Unknown] = {}
        margins: dict[Symbol, Margin | Unknown] = {}
        for symbol in symbols:
            try:
                instruments[symbol] = self._markets.instrument(symbol)
            except ConfigFault as fault:
                positions[symbol] = margins[symbol] = Unknown(what=f"instrument {symbol}", reason=fault.message)
        account = await attempt("margin account", self._account.balance(_SWAP))
        read = await asyncio.gather(
            *(
                self._positions.read(instrument, self._nothing_bound(instrument, account))
                for instrument in instruments.values()
            )
        )
        for instrument, position in zip(instruments.values(), read, strict=True):
            positions[instrument.symbol] = position
            margins[instrument.symbol] = _margin(instrument, account)
        return ContractsRead(positions, margins)

    def _nothing_bound(self, instrument: Instrument, account: Timed[Balance] | Unknown) -> Timed[bool] | Unknown:
        if isinstance(account, Unknown):
            return account
        return Timed(account.value.nothing_bound(instrument.settle, self._calls.nature.exchange), account.stamp)

    async def prices(self, symbols: Collection[Symbol], books: Collection[Symbol]) -> Mapping[Symbol, Prices | Unknown]:
        """Mark, index, bid, ask, funding rate, depth."""
        return await self._prices.read(symbols, books)

    async def configs(self, symbols: Collection[Symbol]) -> Mapping[Symbol, SymbolConfig]:
        """Leverage, margin mode, position mode."""
        read = await asyncio.gather(*(self._account.config(symbol) for symbol in symbols))
        return {config.symbol: config for config in read}

    async def configure(self, symbol: Symbol, leverage: int, margin_mode: MarginMode) -> SymbolConfig:
        """Set margin mode and leverage, and read back."""
        return await self._account.configure(symbol, leverage, margin_mode)

    async def fees(self, symbol: Symbol) -> Fees:
        """The account's own rates, the published ones at least."""
        return await self._account.fees(symbol)

    async def maintenance(self, symbol: Symbol, notional: Decimal) -> tuple[Decimal, Decimal]:
        """Maintenance margin rate of a tier, and 0."""
        return await self._account.maintenance(symbol, notional)

    async def volumes_24h(self, symbol: Symbol) -> tuple[Decimal, Decimal, Decimal]:
        """From the ticker; see `bot.venue.unified.account.volumes` for what is compared."""
        size = self._markets.instrument(symbol).contract_size
        ticker = await self._prices.ticker(symbol)
        try:
            return volumes(ticker.value, size)
        except ValueError as fault:
            raise self._calls.link.unreadable(f"check the units of {symbol}", str(fault)) from None

    # Orders

    async def place(self, ticket: OrderTicket) -> OrderReport:
        """Send an order; the answer is taken for an acknowledgement, whatever it tells."""
        mode = self._account.order_mode(ticket.request.symbol)
        return await self._orders.place(ticket, {} if mode is None else {"marginMode": mode})

    async def cancel(self, symbol: Symbol, client_id: ClientOrderId) -> OrderReport | None:
        """Ask for a cancel; the answer is taken for an acknowledgement."""
        await self._orders.cancel(symbol, client_id)
        return None

    async def find_order(self, symbol: Symbol, client_id: ClientOrderId) -> OrderReport:
        """By our id."""
        return await self._orders.find(symbol, client_id)

    async def find_venue_order(self, symbol: Symbol, order_id: VenueOrderId) -> OrderReport:
        """By the exchange's id."""
        return await self._orders.find_venue_order(symbol, order_id)

    async def open_orders(self, symbol: Symbol) -> Sequence[OrderReport]:
        """All open orders on the instrument."""
        return await self._orders.open_orders(symbol)

    async def orders(self, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[OrderReport]:
        """All orders created in that time."""
        return await self._orders.orders(symbol, since_ms, until_ms)

    async def trades(self, symbol: Symbol, after: TradeCursor, until_ms: int) -> Sequence[VenueTrade]:
        """All trades after the cursor."""
        return await self._orders.trades(symbol, after, until_ms)

    # The account

    async def key_scope(self) -> KeyScope:
        """Raises NotOffered."""
        self._calls.not_offered("read what the key may do")

    async def ledger(self, since_ms: int, symbols: Sequence[Symbol]) -> Sequence[LedgerRow]:
        """Raises NotOffered."""
        del since_ms, symbols
        self._calls.not_offered("read the exchange's books")


def _margin(instrument: Instrument, account: Timed[Balance] | Unknown) -> Margin | Unknown:
    what = f"margin {instrument.symbol}"
    if isinstance(account, Unknown):
        return Unknown(what=what, reason=account.reason)
    coin = account.value.coins.get(instrument.settle)
    if coin is None or coin.free is None:
        return Unknown(what=what, reason=f"the exchange tells no free {instrument.settle} for contracts")
    return Margin(asset=instrument.settle, wallet=coin.total, available=coin.free, stamp=account.stamp)
