"""Markets and their rules. Read it through `bot.paper.engine.model`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from bot.domain.numbers import ONE, ZERO

PLACES: Final = Decimal("1e-8")
"""The precision of every booked amount."""
TRADING: Final = "TRADING"
SUSPENDED: Final = "SUSPENDED"
SETTLING: Final = "SETTLING"
"""The exchange closes what is open, and then delists."""
DELISTED: Final = "DELISTED"


class MarketType(StrEnum):
    """Which book."""

    SPOT = "spot"
    LINEAR = "linear"
    """Perpetual, margined and settled in the quote currency."""
    INVERSE = "inverse"
    """Perpetual, margined and settled in the coin; a contract is worth a fixed amount of the quote currency."""

    @property
    def perpetual(self) -> bool:
        """Positions, margin and funding, instead of an exchange of base and quote."""
        return self is not MarketType.SPOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """One maintenance margin tier.

    Attributes:
        floor, cap: notional in the settle asset; floor is exclusive but for the first, cap inclusive.
        rate: maintenance margin as a fraction of the notional.
        cum: subtracted from rate x notional, which makes the margin continuous over the tiers.
    """

    floor: Decimal
    cap: Decimal
    rate: Decimal
    cum: Decimal
    max_leverage: int


def listing_key(market: MarketType, symbol: str) -> str:
    """How `Exchange.listings` names a market: `spot:BTCUSDT`, `linear:BTC-USDT-SWAP`, `inverse:XBTUSDM`."""
    return f"{market.value}:{symbol}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One market and its rules.

    Attributes:
        symbol: the venue's, such as `1000PEPEUSDT`.
        asset: whose price moves it, such as `PEPE`.
        base: the venue's name of the unit traded, such as `1000PEPE`.
        multiplier: coins of `asset` in one `base`; the listing's price is that many times the coin's price.
        contract_size: units of `base` in one contract; 1 for spot; for inverse units of the quote, such as 100 USD.
        settle: what margin and P&L are in; the quote for spot, the coin for inverse.
        depth: quantity on the first level of the synthetic book.
        percent_price_up, percent_price_down: bounds of a limit price as factors of the reference price; None: no bound.
        bound_both_ways: a resting price is bound, too (a buy below, a sell above); perpetuals never do that.
        notional_min: in the settle asset.
        brackets: ascending; empty for spot.
        status: `TRADING`; in any other, such as `SUSPENDED` or `DELISTED`, nothing is accepted and nothing fills.
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
    bound_both_ways: bool = True
    multiplier: Decimal = ONE
    contract_size: Decimal = ONE
    brackets: tuple[Bracket, ...] = ()
    status: str = "TRADING"
    price_max: Decimal = Decimal(100_000_000)
    onboard_ms: int = 1_569_398_400_000

    def __post_init__(self) -> None:
        """Refuse a market whose trades could not be booked exactly."""
        exact = [self.quantity_step]
        if self.market is MarketType.LINEAR:
            exact.append(self.price_tick * self.quantity_step * self.contract_size)
        if any(finest <= 0 or finest != finest.quantize(PLACES) for finest in exact):
            raise ValueError(f"{self.key}: step, and tick x step x contract size, must be multiples of {PLACES}")
        if self.market.perpetual and not self.brackets:
            raise ValueError(f"{self.key}: a perpetual needs maintenance margin brackets")

    @property
    def key(self) -> str:
        """The name in `Exchange.listings`."""
        return listing_key(self.market, self.symbol)

    @property
    def open(self) -> bool:
        """Orders are accepted and fill."""
        return self.status == TRADING

    def notional(self, quantity: Decimal, price: Decimal) -> Decimal:
        """What a quantity (contracts, for a perpetual) is worth at a price, in the settle asset; keeps the sign.

        Linear: contracts x size x price. Inverse: contracts x size / price, in coins.
        """
        if self.market is MarketType.INVERSE:
            return quantity * self.contract_size / price
        return quantity * self.contract_size * price

    def quote_value(self, quantity: Decimal, price: Decimal) -> Decimal:
        """What a quantity is worth in the quote currency; keeps the sign. Inverse: contracts x size at any price."""
        if self.market is MarketType.INVERSE:
            return quantity * self.contract_size
        return self.notional(quantity, price)

    def value(self, contracts: Decimal, price: Decimal) -> Decimal:
        """What a position is worth to its holder, up to a constant: P&L is value at one price less value at another.

        Linear: the signed notional. Inverse: its negative, since a coin that rises makes the same dollars fewer coins.
        """
        notional = self.notional(contracts, price)
        return -notional if self.market is MarketType.INVERSE else notional

    def entry_price(self, contracts: Decimal, cost: Decimal) -> Decimal:
        """The price at which a position's `value` is its cost; 0 when flat.

        So it is the arithmetic mean of the fills of a linear contract, and the harmonic mean of an inverse one.
        """
        if not contracts:
            return ZERO
        size = contracts * self.contract_size
        return -size / cost if self.market is MarketType.INVERSE else cost / size
