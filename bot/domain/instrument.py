"""One tradable contract and its units (R1, R2, R7)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

from bot.domain.ids import Asset, Symbol, VenueName
from bot.domain.numbers import ONE


class ContractKind(StrEnum):
    """What settles the contract."""

    LINEAR = "linear"
    """Settled in the quote currency: P&L = c*s*(E - P) for a short."""
    INVERSE = "inverse"
    """Settled in the coin: P&L = c*s*(1/P - 1/E) for a short."""


class MarginMode(StrEnum):
    """Whose money backs the position."""

    ISOLATED = "isolated"
    CROSS = "cross"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A perpetual contract, with everything needed to size and price an order on it.

    Attributes:
        asset: the coin that it hedges, such as PEPE for `1000PEPE/USDT:USDT`.
        quote: the currency prices are in.
        settle: the currency margin and P&L are in.
        contract_size: linear: in units of the venue's base; inverse: in quote.
        multiplier: coins of `asset` in one unit of the venue's base; 1000 for 1000PEPE, else 1 (R7).
        quantity_step, quantity_min, quantity_max: in contracts.
        price_tick: in quote per unit of the venue's base, like every price of this instrument.
        notional_min: in quote; 0 when the venue has none.
        price_down, price_up: the percent-price filter as factors of the mark; None when the venue has none.
        taker_fee, maker_fee: as fractions; the account's own rates when the venue tells them.
        active: whether the venue trades it now.
    """

    venue: VenueName
    symbol: Symbol
    asset: Asset
    quote: Asset
    settle: Asset
    kind: ContractKind
    contract_size: Decimal
    quantity_step: Decimal
    quantity_min: Decimal
    quantity_max: Decimal
    price_tick: Decimal
    notional_min: Decimal
    taker_fee: Decimal
    maker_fee: Decimal
    multiplier: Decimal = ONE
    price_down: Decimal | None = None
    price_up: Decimal | None = None
    active: bool = True

    def __post_init__(self) -> None:
        """Refuse a contract that can't be sized, such as one of size 0."""
        for name in ("contract_size", "quantity_step", "quantity_max", "price_tick", "multiplier"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{self.symbol}: {name} must be above 0, not {getattr(self, name)}")

    def coins(self, contracts: Decimal, price: Decimal) -> Decimal:
        """Coins of `asset` in a number of contracts at a price (R1: c*s, R2: c*s/P); keeps the sign."""
        match self.kind:
            case ContractKind.LINEAR:
                return contracts * self.contract_size * self.multiplier
            case ContractKind.INVERSE:
                return contracts * self.contract_size * self.multiplier / price
            case _:
                assert_never(self.kind)

    def contracts(self, coins: Decimal, price: Decimal) -> Decimal:
        """Contracts, not rounded, that hold a number of coins at a price; keeps the sign."""
        match self.kind:
            case ContractKind.LINEAR:
                return coins / (self.contract_size * self.multiplier)
            case ContractKind.INVERSE:
                return coins * price / (self.contract_size * self.multiplier)
            case _:
                assert_never(self.kind)

    def notional(self, contracts: Decimal, price: Decimal) -> Decimal:
        """Value in quote of a number of contracts at a price; keeps the sign."""
        match self.kind:
            case ContractKind.LINEAR:
                return contracts * self.contract_size * price
            case ContractKind.INVERSE:
                return contracts * self.contract_size
            case _:
                assert_never(self.kind)

    def coin_price(self, price: Decimal) -> Decimal:
        """Quote per coin of `asset`, from a price of this instrument (per unit of the venue's base)."""
        return price / self.multiplier


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotMarket:
    """One market where coins are traded for quote. Quantities are coins of `base`.

    Attributes:
        quantity_step, quantity_min, quantity_max: in coins.
        notional_min: in quote; 0 when the venue has none.
        price_down, price_up: the percent-price filter as factors of the price; None when the venue has none.
        taker_fee: as a fraction; the account's own rate when the venue tells it.
        fee_in_quote: the fee of a buy is taken in quote, not in coins; that of a sale is in quote everywhere.
        active: whether the venue trades it now.
    """

    venue: VenueName
    symbol: Symbol
    base: Asset
    quote: Asset
    quantity_step: Decimal
    quantity_min: Decimal
    quantity_max: Decimal
    price_tick: Decimal
    notional_min: Decimal
    taker_fee: Decimal
    fee_in_quote: bool
    price_down: Decimal | None = None
    price_up: Decimal | None = None
    active: bool = True
