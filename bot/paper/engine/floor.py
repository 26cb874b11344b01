"""What all parts of the exchange share: markets, prices, the ledger, accounts, ids, the clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from types import MappingProxyType
from typing import Any, Final, TypeVar

from bot.domain.numbers import ONE
from bot.paper.engine.book import rounded_to_tick
from bot.paper.engine.layout import Layout
from bot.paper.engine.ledger import Cause, Ledger, booked
from bot.paper.engine.model import (
    PLACES,
    FundingRecord,
    Listing,
    MarketType,
    Order,
    Refusal,
    RefusalCode,
    Row,
    RowKind,
    Side,
    listing_key,
)
from bot.paper.engine.past import past_fundings
from bot.paper.engine.state import AccountState

FUNDING_INTERVAL_MS: Final = 8 * 3_600_000
DEFAULT_FUNDING_RATE: Final = Decimal("0.0001")
DOLLARS: Final = "USD"
"""The quote currency that is no asset here: all prices are kept in it."""
QUOTE_PRICES: Final = (Decimal("0.01"), Decimal(100))
"""Between which dollars of one quote currency stay, so that no market's price leaves its bounds."""
PRICE_MAX: Final = Decimal(10) ** 9
"""Above it, amounts of ordinary size would not be exact in 28 digits."""


_Figure = TypeVar("_Figure")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What margins perpetuals together: one asset of one wallet."""

    wallet: str
    asset: str


class Floor:
    """The trading floor. See `Exchange` for the arguments."""

    def __init__(
        self,
        *,
        listings: Sequence[Listing],
        starting: Mapping[str, Mapping[str, Decimal]],
        time_ms: Callable[[], int],
        prices: Mapping[str, Decimal],
        funding_follows_clock: bool,
        layout: Layout,
    ) -> None:
        self._listings = {listing.key: listing for listing in listings}
        self.listings: Mapping[str, Listing] = MappingProxyType(self._listings)
        self.layout = layout
        self.states: dict[str, AccountState] = {}
        self.ledger = Ledger(self._note_row)
        self.funding_rates: dict[str, Decimal] = {}
        self.funding_records: list[FundingRecord] = []
        self.now = time_ms
        self.funding_follows_clock = funding_follows_clock
        self.funding_due_ms = _boundary_after(time_ms())
        self._starting = starting
        self._history = {
            (asset, market): [(time_ms(), price)] for asset, price in prices.items() for market in MarketType
        }
        self._last_prices: dict[str, Decimal] = {}
        self._ids: dict[str, int] = {"order": 1_000_000}
        self._moves = 0
        self.cancels_too_late = False
        self._kept_version: tuple[int, ...] = ()
        self._kept: dict[tuple[object, ...], Any] = {}
        missing = {listing.asset for listing in listings} - prices.keys()
        if missing:
            raise ValueError(f"no first price for {', '.join(sorted(missing))}")
        symbols = [listing.symbol for listing in listings if listing.market.perpetual]
        if len(set(symbols)) != len(symbols):
            raise ValueError("a linear and an inverse perpetual have the same symbol")
        pools = (self.pool(listing) for listing in listings if listing.market.perpetual)
        self.pools: Sequence[Pool] = tuple(dict.fromkeys(pools))
        marked = [(listing, self.mark(listing)) for listing in listings if listing.market.perpetual]
        self.past_fundings = tuple(past_fundings(marked, self.funding_due_ms, FUNDING_INTERVAL_MS))

    def _note_row(self, row: Row) -> None:
        self.states[row.account].note_row(row)

    def next_id(self, kind: str) -> int:
        """Ids of a kind count up by one, from 1 (orders from 1,000,001)."""
        self._ids[kind] = self._ids.get(kind, 0) + 1
        return self._ids[kind]

    @property
    def version(self) -> tuple[int, ...]:
        """Another one after every change of a price, a market or an account; whoever changes one must see to that.

        While it stays the same, looking again at what is crossed or due for liquidation finds nothing.
        """
        return (self._moves, *(state.version for state in self.states.values()))

    def kept(self, key: tuple[object, ...], find: Callable[[], _Figure]) -> _Figure:
        """What `find` gives, looked up again while nothing has changed; a key belongs to one `find`."""
        version = self.version
        if version != self._kept_version:
            self._kept_version = version
            self._kept.clear()
        if key not in self._kept:
            self._kept[key] = find()
        figure: _Figure = self._kept[key]
        return figure

    def apart(self, ledger: Ledger) -> Floor:
        """The same floor with another ledger, for reading; it keeps figures of its own."""
        other = copy(self)
        other.ledger = ledger
        other._kept_version, other._kept = (), {}  # noqa: SLF001 - its own class
        return other

    # Markets and prices.

    def listing(self, key: str) -> Listing:
        """A market by its key. Raises Refusal unknown-symbol."""
        try:
            return self.listings[key]
        except KeyError:
            raise Refusal(RefusalCode.UNKNOWN_SYMBOL, key) from None

    def perpetual(self, symbol: str) -> Listing:
        """A perpetual by its symbol. Raises Refusal unknown-symbol."""
        for market in (MarketType.LINEAR, MarketType.INVERSE):
            if (key := listing_key(market, symbol)) in self._listings:
                return self._listings[key]
        raise Refusal(RefusalCode.UNKNOWN_SYMBOL, symbol)

    def set_status(self, key: str, status: str) -> None:
        """Open or close a market. Raises Refusal unknown-symbol."""
        self.relist(replace(self.listing(key), status=status))

    def relist(self, listing: Listing) -> None:
        """Give a market other rules; its symbol and kind stay."""
        self._listings[listing.key] = listing
        self._moves += 1

    def pool(self, listing: Listing) -> Pool:
        """What margins a perpetual."""
        return Pool(wallet=self.layout.margin[listing.market], asset=listing.settle)

    def listings_of(self, asset: str) -> Sequence[Listing]:
        """The markets on an asset."""
        return [listing for listing in self.listings.values() if listing.asset == asset]

    def moved_by(self, asset: str) -> Sequence[Listing]:
        """The markets whose price an asset's moves: those on it, and those quoted in it."""
        if (asset, MarketType.SPOT) not in self._history:
            return []
        return [listing for listing in self.listings.values() if asset in {listing.asset, listing.quote}]

    def price_history(self, asset: str, market: MarketType = MarketType.SPOT) -> Sequence[tuple[int, Decimal]]:
        """(time, US dollars), oldest first. Raises Refusal unknown-asset."""
        return tuple(self._prices(asset, market))

    def price(self, asset: str, market: MarketType = MarketType.SPOT) -> Decimal:
        """US dollars of one coin now. Raises Refusal unknown-asset."""
        return self._prices(asset, market)[-1][1]

    def _prices(self, asset: str, market: MarketType) -> list[tuple[int, Decimal]]:
        try:
            return self._history[asset, market]
        except KeyError:
            raise Refusal(RefusalCode.UNKNOWN_ASSET, asset) from None

    def index_of(self, asset: str, quote: str) -> Listing:
        """See `Board.index_of`."""
        if quote != DOLLARS:
            self.price(quote)
        self.price(asset)
        spot = [listing for listing in self.moved_by(asset) if listing.market is MarketType.SPOT]
        if not spot:
            raise Refusal(RefusalCode.UNKNOWN_ASSET, asset)
        like = next((listing for listing in spot if listing.asset == asset), spot[0])
        name = f"{asset}-{quote} index"
        return replace(like, symbol=name, asset=asset, base=asset, quote=quote, settle=quote)

    def quoted_history(self, listing: Listing) -> Sequence[tuple[int, Decimal]]:
        """(time, price) of a market in its own unit and its quote currency, oldest first.

        The market need not be listed: an index is a spot market on which nobody trades.
        """
        own = self._prices(listing.asset, listing.market)
        quote: Sequence[tuple[int, Decimal]] = ()
        if listing.quote != DOLLARS:
            quote = self._prices(listing.quote, MarketType.SPOT)
        if all(price == ONE for _, price in quote):
            return [(time_ms, price * listing.multiplier) for time_ms, price in own]
        # Sorting keeps the order in which prices of the same moment were set, the coin's before the quote's.
        moves = sorted(
            [*((at, price, None) for at, price in own), *((at, None, price) for at, price in quote)], key=_time
        )
        coin, unit = own[0][1], quote[0][1]
        told: list[tuple[int, Decimal]] = []
        for time_ms, moved, worth in moves:
            coin, unit = (coin if moved is None else moved), (unit if worth is None else worth)
            told.append((time_ms, _quantized(listing, coin * listing.multiplier / unit)))
        return told

    def set_prices(self, asset: str, prices: Mapping[MarketType, Decimal]) -> None:
        """Note a new price in US dollars for each market that is named; nothing else happens yet.

        Raises Refusal unknown-asset, bad-price, and then notes none.
        """
        listings = self.moved_by(asset)
        if not listings:
            raise Refusal(RefusalCode.UNKNOWN_ASSET, asset)
        quotes = any(listing.quote == asset for listing in listings)
        lowest, highest = QUOTE_PRICES if quotes else (PLACES, PRICE_MAX)
        for price in prices.values():
            if not price.is_finite() or not lowest <= booked(min(price, PRICE_MAX)) < highest:
                raise Refusal(RefusalCode.BAD_PRICE, f"{price}")
        for market, price in prices.items():
            self._history[asset, market].append((self.now(), price))
        self._moves += 1
        for listing in listings:
            if listing.quote == asset or listing.market in prices:
                self._last_prices.pop(listing.key, None)

    def mark(self, listing: Listing) -> Decimal:
        """Mark price of a market, in its own unit and quote, to 8 places or, if finer, a hundredth of its tick."""
        return self._in_units(listing, listing.market)

    def index(self, listing: Listing) -> Decimal:
        """The coin's spot price in the market's own unit."""
        return self._in_units(listing, MarketType.SPOT)

    def _in_units(self, listing: Listing, market: MarketType) -> Decimal:
        price = self.price(listing.asset, market) * listing.multiplier
        return _quantized(listing, price if listing.quote == DOLLARS else price / self.price(listing.quote))

    def last_price(self, listing: Listing) -> Decimal:
        """Latest trade since the price was set, else the mark on the tick."""
        return self._last_prices.get(listing.key) or rounded_to_tick(self.mark(listing), listing.price_tick)

    def note_trade(self, listing: Listing, price: Decimal) -> None:
        """Remember the latest trade's price."""
        self._last_prices[listing.key] = price

    def funding_rate(self, asset: str) -> Decimal:
        """The rate of the next settlement."""
        return self.funding_rates.get(asset, DEFAULT_FUNDING_RATE)

    def next_funding_ms(self) -> int:
        """The next 8-hour boundary; on schedule, one that has passed stays the next until it is settled."""
        return self.funding_due_ms if self.funding_follows_clock else _boundary_after(self.now())

    # Accounts.

    def fees(self, state: AccountState, listing: Listing) -> tuple[Decimal, Decimal]:
        """Maker and taker rates that an account pays on a market; no maker pays more than a taker."""
        own = state.spot_taker_fee if listing.market is MarketType.SPOT else None
        if own is None:
            return listing.maker_fee, listing.taker_fee
        return min(listing.maker_fee, own), own

    def state(self, key: str) -> AccountState:
        """An account, opened with the starting balances on first use."""
        state = self.states.get(key)
        if state is None:
            defaults = (self.layout.leverage, self.layout.isolated)
            state = self.states[key] = AccountState(key=key, default_settings=defaults)
            cause = Cause(time_ms=self.now(), kind=RowKind.DEPOSIT, reference="opening")
            for wallet, amounts in self._starting.items():
                for asset, amount in amounts.items():
                    self.ledger.import_(key, wallet, asset, amount, cause)
        return state

    def resting(self, listing: Listing, side: Side) -> Sequence[tuple[AccountState, Order]]:
        """Open orders of one side of a book, best price first, then oldest."""
        found = [
            (state, order)
            for state in self.states.values()
            for order in state.open_orders()
            if order.listing_key == listing.key and order.side is side
        ]
        return sorted(found, key=lambda pair: (-side.sign * pair[1].price, pair[1].order_id))


def _time(event: tuple[int, object, object]) -> int:
    return event[0]


def _quantized(listing: Listing, price: Decimal) -> Decimal:
    return price.quantize(min(PLACES, listing.price_tick / 100), rounding=ROUND_HALF_EVEN)


def _boundary_after(time_ms: int) -> int:
    return (time_ms // FUNDING_INTERVAL_MS + 1) * FUNDING_INTERVAL_MS
