"""Markets and their rules. Read it through `bot.paper.engine.model`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from bot.domain.numbers import ONE

PLACES: Final = Decimal("1e-8")
"""The precision of every booked amount."""


class MarketType(StrEnum):
    """Which book."""

    SPOT = "spot"
    LINEAR = "linear"
    """Perpetual, margined and settled in the quote currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """One maintenance margin tier.

    Attributes:
        floor, cap: notional in quote; floor is exclusive but for the first, cap inclusive.
        rate: maintenance margin as a fraction of the notional.
        cum: subtracted from rate x notional, which makes the margin continuous over the tiers.
    """

    floor: Decimal
    cap: Decimal
    rate: Decimal
    cum: Decimal
    max_leverage: int


def listing_key(market: MarketType, symbol: str) -> str:
    """How `Exchange.listings` names a market: `spot:BTCUSDT`, `linear:BTCUSDT`."""
    return f"{market.value}:{symbol}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One market and its rules.

    Attributes:
        symbol: the venue's, such as `1000PEPEUSDT`.
        asset: whose price moves it, such as `PEPE`.
        base: the venue's name of the unit traded, such as `1000PEPE`.
        multiplier: coins of `asset` in one `base`; the listing's price is that many times the coin's price.
        contract_size: units of `base` in one contract; 1 for spot.
        settle: what margin and P&L are in; the quote for spot.
        depth: quantity on the first level of the synthetic book.
        percent_price_up, percent_price_down: bounds of a limit price as factors of the reference price; None: no bound.
        brackets: ascending; empty for spot.
        status: `TRADING` or what the venue says instead.
    """

    symbol: str
    market: MarketType
    asset: str
    base: str
    quote: str
    settle: str
    price_tick: Decimal
    quantity_step: Decimal
    quantity_min: Decimal
    quantity_max: Decimal
    market_quantity_max: Decimal
    notional_min: Decimal
    maker_fee: Decimal
    taker_fee: Decimal
    depth: Decimal
    percent_price_up: Decimal | None = None
    percent_price_down: Decimal | None = None
    multiplier: Decimal = ONE
    contract_size: Decimal = ONE
    brackets: tuple[Bracket, ...] = ()
    status: str = "TRADING"
    price_max: Decimal = Decimal(100_000_000)
    onboard_ms: int = 1_569_398_400_000

    def __post_init__(self) -> None:
        """Refuse a market whose trades could not be booked exactly."""
        for finest in (self.quantity_step, self.price_tick * self.quantity_step * self.contract_size):
            if finest <= 0 or finest != finest.quantize(PLACES):
                raise ValueError(f"{self.key}: step, and tick x step x contract size, must be multiples of {PLACES}")
        if self.market is MarketType.LINEAR and not self.brackets:
            raise ValueError(f"{self.key}: a perpetual needs maintenance margin brackets")

    @property
    def key(self) -> str:
        """The name in `Exchange.listings`."""
        return listing_key(self.market, self.symbol)

    def notional(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Quote value of a quantity (contracts, for a perpetual) at a price; keeps the sign."""
        return quantity * self.contract_size * price
