"""What an order costs: how a book fills it, and the fee in the currency that the venue takes.

The venue fills an order level by level from the best one, so a size has an average price and a worst one. Against the
middle of the book it pays half the spread on every unit, and what lies behind the best level on top: the depth cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, assert_never

from bot.domain.ids import Asset
from bot.domain.instrument import ContractKind, Instrument, SpotMarket
from bot.domain.numbers import ONE, ZERO, ceil_to
from bot.domain.observation import Book, BookLevel
from bot.domain.orders import Side

_TWO: Final = Decimal(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """How the visible book would fill an order of a size. Quantities in contracts; in coins on a spot market.

    Attributes:
        fills: what is taken, best price first, in the market's price unit; empty when nothing fits.
        wanted: the size asked for.
        bid, ask: the touch before the order; None where that side is empty.
    """

    side: Side
    fills: tuple[BookLevel, ...]
    wanted: Decimal
    bid: Decimal | None
    ask: Decimal | None

    @property
    def filled(self) -> Decimal:
        """What the visible depth takes of it."""
        return sum((level.contracts for level in self.fills), ZERO)

    @property
    def left(self) -> Decimal:
        """What does not fit into the visible depth. 0 or more; never priced."""
        return self.wanted - self.filled

    @property
    def worst(self) -> Decimal | None:
        """The price of the last unit; None when nothing fits."""
        return self.fills[-1].price if self.fills else None

    @property
    def value(self) -> Decimal:
        """Sum of price x quantity: quote on a spot market; times the contract size, quote of a linear contract."""
        return sum((level.price * level.contracts for level in self.fills), ZERO)

    @property
    def average(self) -> Decimal | None:
        """Quote per unit of a spot market or a linear contract; None when nothing fits. See `entry` of an inverse."""
        return self.value / self.filled if self.fills else None

    @property
    def mid(self) -> Decimal | None:
        """Middle of the book before the order; None when a side of it is empty."""
        return None if self.bid is None or self.ask is None else (self.bid + self.ask) / _TWO

    @property
    def spread_cost(self) -> Decimal | None:
        """What half the spread takes from the filled quantity: |touch - middle| x quantity; 0 or more."""
        touch, mid = self._touch(), self.mid
        return None if touch is None or mid is None else abs(touch - mid) * self.filled

    @property
    def depth_cost(self) -> Decimal | None:
        """What is lost behind the best level: |value - touch x quantity|; 0 or more."""
        touch = self._touch()
        return None if touch is None else abs(self.value - touch * self.filled)

    def _touch(self) -> Decimal | None:
        """The best price that the order meets."""
        return self.ask if self.side is Side.BUY else self.bid


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    """What a venue takes for a fill.

    Attributes:
        amount: 0 or more, in `asset`.
    """

    amount: Decimal
    asset: Asset


def walk(book: Book, side: Side, quantity: Decimal) -> Walk:
    """Fill an order from a book, level by level.

    Args:
        book: as visible, best level first on both sides.
        side: of the order: a buy takes the asks, a sale the bids.
        quantity: in contracts, in coins on a spot market; 0 or more.
    """
    levels = book.asks if side is Side.BUY else book.bids
    fills: list[BookLevel] = []
    left = quantity
    for level in levels:
        if left <= 0:
            break
        taken = min(left, level.contracts)
        fills.append(BookLevel(price=level.price, contracts=taken))
        left -= taken
    return Walk(
        side=side,
        fills=tuple(fills),
        wanted=quantity,
        bid=book.bids[0].price if book.bids else None,
        ask=book.asks[0].price if book.asks else None,
    )


def entry(instrument: Instrument, filled: Walk) -> Decimal | None:
    """The average entry price that the venue books: value / quantity, of an inverse contract quantity / coins (R2).

    Returns:
        In the instrument's price unit; None when nothing fits.
    """
    if not filled.fills:
        return None
    match instrument.kind:
        case ContractKind.LINEAR:
            return filled.average
        case ContractKind.INVERSE:
            return filled.filled / sum((level.contracts / level.price for level in filled.fills), ZERO)
        case _:
            assert_never(instrument.kind)


def spot_fee(market: SpotMarket, filled: Walk) -> Fee:
    """The taker fee of an order on a spot market, in what the venue takes it in.

    A sale pays in quote everywhere. A buy pays in coins on Binance and OKX, and in quote on KuCoin.

    Args:
        market: its fee, and in what that of a buy is taken.
        filled: the order.
    """
    rate = market.taker_fee
    if filled.side is Side.BUY and not market.fee_in_quote:
        return Fee(amount=filled.filled * rate, asset=market.base)
    return Fee(amount=filled.value * rate, asset=market.quote)


def perp_fee(instrument: Instrument, filled: Walk) -> Fee:
    """The taker fee of an order on a perpetual, in the settle currency: of the quote, or of the coins (R2).

    Args:
        instrument: its fee and size.
        filled: the order.
    """
    match instrument.kind:
        case ContractKind.LINEAR:
            settled = filled.value * instrument.contract_size
        case ContractKind.INVERSE:
            settled = sum((level.contracts / level.price for level in filled.fills), ZERO) * instrument.contract_size
        case _:
            assert_never(instrument.kind)
    return Fee(amount=settled * instrument.taker_fee, asset=instrument.settle)


def bought_for(market: SpotMarket, coins: Decimal) -> Decimal:
    """How much to buy so that so many coins are left after the fee: raised where the fee is taken in coins.

    Args:
        market: its step, its fee, below 1, and in what that of a buy is taken.
        coins: that shall arrive.

    Returns:
        A multiple of the step, rounded up: never a coin less; at most one step more.
    """
    return ceil_to(coins if market.fee_in_quote else coins / (ONE - market.taker_fee), market.quantity_step)


def arriving(market: SpotMarket, filled: Walk) -> Decimal:
    """Coins that an order moves in the wallet: a buy's less a fee taken in coins, positive; a sale's are negative.

    Args:
        market: its fee, and in what it is taken.
        filled: the order.
    """
    fee = spot_fee(market, filled)
    return filled.filled * filled.side.sign - (fee.amount if fee.asset == market.base else ZERO)
