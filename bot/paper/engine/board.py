"""What can be seen of an exchange's markets and done to them: rules, prices, books, funding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from bot.paper.engine import cash, forced, funding, liquidation, matching, settings
from bot.paper.engine.floor import Floor
from bot.paper.engine.model import Depth, FundingRecord, Listing, MarketType


class Board:
    """The markets of one exchange. See `Exchange`."""

    _floor: Floor

    @property
    def listings(self) -> Mapping[str, Listing]:
        """Markets by key, such as `spot:BTCUSDT`, `linear:BTC-USDT-SWAP` and `inverse:XBTUSDM`, as they are now."""
        return self._floor.listings

    def listing(self, listing_key: str) -> Listing:
        """One market. Raises Refusal unknown-symbol."""
        return self._floor.listing(listing_key)

    def set_status(self, listing_key: str, status: str) -> None:
        """Suspend, delist or reopen a market: only `TRADING` accepts and fills orders; cancelling works always.

        Raises Refusal unknown-symbol.
        """
        self._floor.set_status(listing_key, status)

    def settle_market(self, symbol: str) -> None:
        """Settle and delist a perpetual: orders expire, every position is closed at the mark, the market is gone.

        Raises Refusal unknown-symbol.
        """
        forced.settle(self._floor, self._floor.perpetual(symbol))
        liquidation.sweep(self._floor)

    def set_depth(self, listing_key: str, quantity: Decimal) -> None:
        """Put so much on the first level of a market's synthetic book. Raises Refusal unknown-symbol, lot-size."""
        forced.set_depth(self._floor, listing_key, quantity)

    def set_spot_fee(self, rate: Decimal, key: str | None = None) -> None:
        """Let takers pay such a fraction on every spot market: one account, or the venue's own rate for all others.

        Makers pay no more than that. Raises Refusal bad-amount when it is no fraction from 0 to below 0.1.
        """
        settings.set_spot_fee(self._floor, None if key is None else self._floor.state(key), rate)

    def price(self, asset: str) -> Decimal:
        """US dollars of one coin of the asset in spot. Raises Refusal unknown-asset."""
        return self._floor.price(asset)

    def mark(self, listing_key: str) -> Decimal:
        """Mark and mid price of a market, in its own unit (1000PEPEUSDT: of 1000 coins)."""
        return self._floor.mark(self._floor.listing(listing_key))

    def index(self, listing_key: str) -> Decimal:
        """The coin's spot price in the market's own unit; the mark, too, unless markets were priced apart."""
        return self._floor.index(self._floor.listing(listing_key))

    def last_price(self, listing_key: str) -> Decimal:
        """The market's latest trade; the mark rounded to the tick before the first one and after a price change."""
        return self._floor.last_price(self._floor.listing(listing_key))

    def quoted_history(self, listing: Listing) -> Sequence[tuple[int, Decimal]]:
        """(time, price) of a market, or of an index (`index_of`), in its own unit and quote; oldest first, never empty.

        Before its first price a market had that price, too.
        """
        return self._floor.quoted_history(listing)

    def index_of(self, asset: str, quote: str) -> Listing:
        """The index of an asset in a currency: like a spot market that nobody trades on, and that is not listed.

        Raises Refusal unknown-asset.
        """
        return self._floor.index_of(asset, quote)

    def price_history(self, asset: str, market: MarketType = MarketType.SPOT) -> Sequence[tuple[int, Decimal]]:
        """Every price in US dollars that the asset ever had on a market with its time, oldest first; never empty."""
        return self._floor.price_history(asset, market)

    def depth(self, listing_key: str, levels: int = 20) -> Depth:
        """The book: the synthetic levels and the accounts' resting orders, at most `levels` a side."""
        return matching.depth(self._floor, self._floor.listing(listing_key), levels)

    def set_price(self, asset: str, price: Decimal) -> None:
        """Move spot, mark, index and books of the asset together, fill what it crosses, then liquidate.

        The price is in US dollars. That of a quote currency moves the markets quoted in it: at 0.97 whatever costs
        97,000 dollars costs 100,000 USDT; indices in dollars, and contracts quoted in them, stay.

        Raises Refusal unknown-asset, or bad-price when not positive in 8 places.
        """
        self.set_market_prices(asset, dict.fromkeys(MarketType, price))

    def set_market_prices(self, asset: str, prices: Mapping[MarketType, Decimal]) -> None:
        """Move each kind of market of the asset to a price of its own, at once; those not named keep theirs.

        So perpetuals trade above or below spot, as they do in a history. The index is the spot price. Raises as
        `set_price`.
        """
        self._settle_due()
        self._floor.set_prices(asset, prices)
        for listing in self._floor.moved_by(asset):
            matching.sweep(self._floor, listing)
        liquidation.sweep(self._floor)

    def funding_rate(self, asset: str) -> Decimal:
        """The rate that the next settlement uses; positive: longs pay shorts."""
        self._floor.price(asset)
        return self._floor.funding_rate(asset)

    def set_funding_rate(self, asset: str, rate: Decimal) -> None:
        """Set the rate of the settlements to come. Raises Refusal unknown-asset."""
        self._floor.price(asset)
        self._floor.funding_rates[asset] = rate

    def next_funding_ms(self) -> int:
        """The next 8-hour boundary; where funding follows the clock, the first one that was not settled yet."""
        return self._floor.next_funding_ms()

    def funding_history(self, symbol: str) -> Sequence[FundingRecord]:
        """Settlements of one perpetual in this world, oldest first."""
        return [record for record in self._floor.funding_records if record.symbol == symbol]

    def told_fundings(self, symbol: str) -> Sequence[FundingRecord]:
        """What the venue tells of one perpetual's settlements: thirty days before the world began, then its history."""
        past = [record for record in self._floor.past_fundings if record.symbol == symbol]
        return [*past, *self.funding_history(symbol)]

    def settle_funding(self, asset: str, rate: Decimal | None = None) -> None:
        """Pay funding now on every perpetual of the asset, at `rate` or the rate set; then liquidate.

        A short receives when the rate is positive. Raises Refusal unknown-asset.
        """
        self._settle_due()
        funding.settle(self._floor, asset, self.funding_rate(asset) if rate is None else rate, self._floor.now())
        liquidation.sweep(self._floor)

    def _settle_due(self) -> None:
        funding.settle_due(self._floor)
        cash.settle_due(self._floor)
