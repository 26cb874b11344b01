"""How one KuCoin account is read and told; see `bot.venue.dialect.Dialect` for what each method promises."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, Final

from bot.domain.errors import InvariantBroken, StartFault, VenueFault, VenueRejected
from bot.domain.ids import Asset, ClientOrderId, Symbol, VenueOrderId
from bot.domain.instrument import MarginMode
from bot.domain.ledger import LedgerRow, WalletBalance
from bot.domain.numbers import ZERO
from bot.domain.observation import Prices, SymbolConfig, Unknown
from bot.domain.orders import OrderReport, TradeCursor, VenueTrade
from bot.ports import Clock, KeyScope, OrderTicket
from bot.venue.dialect import ContractsRead, MarginBalance, Moving, WalletGroup
from bot.venue.errors import Meaning
from bot.venue.index import Indices
from bot.venue.kucoin.cash import Cash
from bot.venue.kucoin.endpoints import ACCOUNT_MODE, CANCEL_ORDER, KEY_SCOPE, PLACE_ORDER
from bot.venue.kucoin.envelope import row_in
from bot.venue.kucoin.futures import Futures
from bot.venue.kucoin.history import History
from bot.venue.kucoin.index import WIRE
from bot.venue.kucoin.ledger import Ledger
from bot.venue.kucoin.markets import KuCoinMarkets
from bot.venue.kucoin.orders import acknowledged, order_params
from bot.venue.kucoin.prices import PriceReader
from bot.venue.kucoin.settings import Settings
from bot.venue.kucoin.spot import Spot
from bot.venue.kucoin.transit import Transit
from bot.venue.kucoin.vault import Vault
from bot.venue.kucoin.wallets import Wallets
from bot.venue.link import Link, Timed
from bot.venue.markets import Fees, Markets
from bot.venue.shapes import text_in
from bot.venue.throttle import Lane

_CLASSIC: Final = "CLASSIC"
_SLACK_MS: Final = 10_000
_TRADES: Final = frozenset({"futures", "trade"})
_WITHDRAWS: Final = frozenset({"withdrawal", "withdraw", "transfer"})
"""`Transfer` lets coins leave the account, to accounts below it at least."""


class KuCoinDialect:
    """Readers and commands of one account.

    Args:
        link: the way to it.
        markets: of `WAYS.markets`.
        clock: tells venue time.
    """

    def __init__(self, link: Link, markets: Markets, clock: Clock) -> None:
        if not isinstance(markets, KuCoinMarkets):
            raise InvariantBroken("the markets are not KuCoin's")
        self._link = link
        self._markets = markets
        self._clock = clock
        cash = Cash(link, markets, clock)
        self._wallets = Wallets(link, markets, cash)
        self._transit = Transit(self._wallets, cash, clock)
        self._futures = Futures(link, markets, self._wallets)
        self._prices = PriceReader(link, markets, clock)
        self._settings = Settings(link, markets)
        self._history = History(link, markets, clock)
        self._ledger = Ledger(link, markets, self._history)
        self.spot_desk = Spot(link, markets)
        self.vault = Vault(link, markets, self._wallets, self._settings)
        self.index_desk = Indices(link, markets, clock, WIRE)

    async def check_account(self, symbols: Collection[Symbol], isolated: Collection[Symbol]) -> None:
        """Refuse a unified trading account: what is read here are the wallets of a classic one."""
        del symbols, isolated
        try:
            mode = await self._link.ask(ACCOUNT_MODE, lambda body: text_in(row_in(body), "selfAccountMode"))
        except VenueRejected:
            # Not told to this key; a unified account refuses what is asked for next.
            return
        if mode != _CLASSIC:
            raise StartFault(
                f"venues.{self._link.name}: the account is in mode {mode}, which is not supported",
                hint="switch it back to the classic account at the venue, or use a classic sub-account",
            )

    # Holdings

    async def spot(self) -> WalletGroup:
        """Main, trade and high-frequency trade wallets, without what is on the chain already."""
        return await self._wallets.spot()

    def spot_principal(self, group: WalletGroup, asset: Asset) -> Decimal:
        """The same coins: nothing of the spot wallets is margin."""
        return sum((quantities.get(asset, ZERO) for quantities in group.value.values()), ZERO)

    async def earn(self) -> WalletGroup:
        """KuCoin Earn: savings, promotions, staking."""
        return await self._wallets.earn()

    async def transit(self, assets: Collection[Asset], max_ms: int) -> Timed[Mapping[Asset, Moving | Unknown]]:
        """Redemptions, withdrawals, deposits."""
        return await self._transit.read(assets, max_ms)

    async def margin(self, assets: Collection[Asset]) -> Timed[Mapping[Asset, MarginBalance]]:
        """The futures account."""
        return await self._wallets.margin(assets)

    async def wallets(self) -> Sequence[WalletBalance]:
        """Every wallet."""
        return await self._wallets.all()

    # Contracts

    async def futures(self, symbols: Collection[Symbol]) -> ContractsRead:
        """Positions and margin."""
        return await self._futures.read(symbols)

    async def prices(self, symbols: Collection[Symbol], books: Collection[Symbol]) -> Mapping[Symbol, Prices | Unknown]:
        """Prices and depth."""
        return await self._prices.read(symbols, books)

    async def configs(self, symbols: Collection[Symbol]) -> Mapping[Symbol, SymbolConfig]:
        """Leverage, margin mode, position mode; see `bot.venue.kucoin.settings` for what isolated leverage is."""
        return await self._settings.read(symbols)

    async def configure(self, symbol: Symbol, leverage: int, margin_mode: MarginMode) -> SymbolConfig:
        """Set leverage and margin mode."""
        return await self._settings.configure(symbol, leverage, margin_mode)

    async def fees(self, symbol: Symbol) -> Fees:
        """The account's own rates."""
        return await self._settings.fees(symbol)

    async def maintenance(self, symbol: Symbol, notional: Decimal) -> tuple[Decimal, Decimal]:
        """Maintenance margin rate; nothing is subtracted."""
        return await self._settings.maintenance(symbol, notional)

    async def volumes_24h(self, symbol: Symbol) -> tuple[Decimal, Decimal, Decimal]:
        """Contracts of the candles against the venue's turnover."""
        return await self._prices.volumes_24h(symbol)

    # Orders

    async def place(self, ticket: OrderTicket) -> OrderReport:
        """Send an order, signed with the time that was made durable; its modes must be known, or nothing is sent."""
        symbol = ticket.request.symbol
        try:
            config = await self._settings.current(symbol)
        except VenueFault as fault:
            raise self._link.refused(
                PLACE_ORDER.operation,
                f"nothing was sent: the margin mode of {symbol} is not known ({fault.message})",
                meaning=Meaning.REFUSED,
                code="mode-unknown",
            ) from None
        params = order_params(self._markets.id_of(symbol), ticket, config)
        return await self._link.send(PLACE_ORDER, partial(acknowledged, ticket), params)

    async def cancel(self, symbol: Symbol, client_id: ClientOrderId) -> OrderReport | None:
        """Ask for a cancel; the venue only acknowledges."""
        params = {"symbol": self._markets.id_of(symbol), "clientOid": client_id}
        await self._link.ask(CANCEL_ORDER, lambda body: row_in(body, "clientOid"), params, lane=Lane.RESCUE)
        return None

    async def find_order(self, symbol: Symbol, client_id: ClientOrderId) -> OrderReport:
        """By our id."""
        return await self._history.find(symbol, client_id)

    async def find_venue_order(self, symbol: Symbol, order_id: VenueOrderId) -> OrderReport:
        """By the venue's id."""
        return await self._history.find_venue(symbol, order_id)

    async def open_orders(self, symbol: Symbol) -> Sequence[OrderReport]:
        """All open orders on the contract."""
        return await self._history.open_orders(symbol)

    async def orders(self, symbol: Symbol, since_ms: int, until_ms: int) -> Sequence[OrderReport]:
        """All orders of that time."""
        return await self._history.orders(symbol, since_ms, until_ms)

    async def trades(self, symbol: Symbol, after: TradeCursor, until_ms: int) -> Sequence[VenueTrade]:
        """All trades after the cursor."""
        return await self._history.trades(symbol, after, until_ms)

    # The account

    async def key_scope(self) -> KeyScope:
        """What the key may do."""
        return await self._link.ask(KEY_SCOPE, _scope)

    async def ledger(self, since_ms: int, symbols: Sequence[Symbol]) -> Sequence[LedgerRow]:
        """The venue's own books."""
        return await self._ledger.rows(since_ms, self._clock.now_ms() + _SLACK_MS, symbols)


def _scope(body: object) -> KeyScope:
    row: Mapping[str, Any] = row_in(body, "permission")
    granted = {word.strip().lower() for word in text_in(row, "permission").split(",")}
    return KeyScope(
        trade=bool(granted & _TRADES),
        withdraw=bool(granted & _WITHDRAWS),
        ip_restricted=bool(row.get("ipWhitelist")),
    )
