"""The default world: Binance's markets with their own filters and brackets, prices, and a new account's balances.

Source: Binance's exchangeInfo and leverage bracket tables of 2025, rounded where they only bound sizes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from bot.domain.numbers import ONE, ZERO
from bot.paper.engine.model import Bracket, Listing, MarketType

DEFAULT_PRICES: Final[Mapping[str, Decimal]] = MappingProxyType(
    {
        "BTC": Decimal(100_000),
        "BNB": Decimal(600),
        "ETH": Decimal(4_000),
        "PEPE": Decimal("0.00002"),
        "USDT": ONE,
        "USDC": ONE,
    }
)

DEFAULT_STARTING: Final[Mapping[str, Mapping[str, Decimal]]] = MappingProxyType(
    {
        "spot": {"BTC": Decimal(1), "BNB": Decimal(3), "USDT": Decimal(200_000)},
        "usdm": {"USDT": Decimal(200_000)},
    }
)


def brackets(tiers: Iterable[tuple[int, str, int]]) -> tuple[Bracket, ...]:
    """Complete a bracket table from (cap, maintenance rate, max leverage) rows.

    `cum` follows from the margin being continuous at each floor: cum += floor x (rate - rate of the tier below).
    """
    made: list[Bracket] = []
    floor, below, cum = ZERO, ZERO, ZERO
    for cap, rate_text, max_leverage in tiers:
        rate = Decimal(rate_text)
        cum += floor * (rate - below)
        made.append(Bracket(floor=floor, cap=Decimal(cap), rate=rate, cum=cum, max_leverage=max_leverage))
        floor, below = Decimal(cap), rate
    return tuple(made)


_BTC_TIERS: Final = (
    (300_000, "0.004", 125),
    (800_000, "0.005", 100),
    (3_000_000, "0.0065", 75),
    (12_000_000, "0.01", 50),
    (70_000_000, "0.02", 25),
    (100_000_000, "0.025", 20),
    (230_000_000, "0.05", 10),
    (480_000_000, "0.1", 5),
    (600_000_000, "0.125", 4),
    (800_000_000, "0.15", 3),
    (1_200_000_000, "0.25", 2),
    (1_800_000_000, "0.5", 1),
)
_ETH_TIERS: Final = (
    (300_000, "0.004", 125),
    (800_000, "0.005", 100),
    (3_000_000, "0.0065", 75),
    (12_000_000, "0.01", 50),
    (50_000_000, "0.02", 25),
    (65_000_000, "0.025", 20),
    (150_000_000, "0.05", 10),
    (320_000_000, "0.1", 5),
    (400_000_000, "0.125", 4),
    (530_000_000, "0.15", 3),
    (800_000_000, "0.25", 2),
    (1_200_000_000, "0.5", 1),
)
_BNB_TIERS: Final = (
    (10_000, "0.005", 75),
    (80_000, "0.01", 50),
    (600_000, "0.015", 40),
    (1_600_000, "0.02", 25),
    (3_200_000, "0.025", 20),
    (12_000_000, "0.05", 10),
    (20_000_000, "0.1", 5),
    (24_000_000, "0.125", 4),
    (60_000_000, "0.25", 2),
    (100_000_000, "0.5", 1),
)
_PEPE_TIERS: Final = (
    (10_000, "0.0065", 75),
    (80_000, "0.01", 50),
    (400_000, "0.02", 25),
    (800_000, "0.025", 20),
    (4_000_000, "0.05", 10),
    (8_000_000, "0.1", 5),
    (10_000_000, "0.125", 4),
    (20_000_000, "0.25", 2),
    (30_000_000, "0.5", 1),
)


def _spot(base: str, *, tick: str, step: str, most: int, market_most: int, depth: int) -> Listing:
    return Listing(
        symbol=f"{base}USDT",
        market=MarketType.SPOT,
        asset=base,
        base=base,
        quote="USDT",
        settle="USDT",
        price_tick=Decimal(tick),
        quantity_step=Decimal(step),
        quantity_min=Decimal(step),
        quantity_max=Decimal(most),
        market_quantity_max=Decimal(market_most),
        notional_min=Decimal(5),
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
        depth=Decimal(depth),
        percent_price_up=Decimal(5),
        percent_price_down=Decimal("0.2"),
    )


def _linear(
    base: str,
    tiers: Iterable[tuple[int, str, int]],
    *,
    tick: str,
    step: str,
    most: int,
    market_most: int,
    notional_min: int,
    depth: int,
    thousand: bool = False,
) -> Listing:
    unit = f"1000{base}" if thousand else base
    return Listing(
        symbol=f"{unit}USDT",
        market=MarketType.LINEAR,
        asset=base,
        base=unit,
        quote="USDT",
        settle="USDT",
        multiplier=Decimal(1000) if thousand else ONE,
        price_tick=Decimal(tick),
        quantity_step=Decimal(step),
        quantity_min=Decimal(step),
        quantity_max=Decimal(most),
        market_quantity_max=Decimal(market_most),
        notional_min=Decimal(notional_min),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0005"),
        depth=Decimal(depth),
        percent_price_up=Decimal("1.05"),
        percent_price_down=Decimal("0.95"),
        brackets=brackets(tiers),
    )


DEFAULT_LISTINGS: Final[tuple[Listing, ...]] = (
    _spot("BTC", tick="0.01", step="0.00001", most=9_000, market_most=120, depth=6),
    _spot("BNB", tick="0.01", step="0.001", most=900_000, market_most=20_000, depth=1_000),
    _spot("ETH", tick="0.01", step="0.0001", most=9_000, market_most=3_000, depth=150),
    _spot("PEPE", tick="0.00000001", step="1", most=900_000_000_000, market_most=90_000_000_000, depth=30_000_000_000),
    _spot("USDC", tick="0.00001", step="1", most=100_000_000, market_most=10_000_000, depth=600_000),
    _linear("BTC", _BTC_TIERS, tick="0.1", step="0.001", most=1_000, market_most=120, notional_min=100, depth=6),
    _linear("BNB", _BNB_TIERS, tick="0.01", step="0.01", most=100_000, market_most=20_000, notional_min=5, depth=1_000),
    _linear("ETH", _ETH_TIERS, tick="0.01", step="0.001", most=10_000, market_most=2_000, notional_min=20, depth=150),
    _linear(
        "PEPE",
        _PEPE_TIERS,
        tick="0.0000001",
        step="1",
        most=200_000_000,
        market_most=100_000_000,
        notional_min=5,
        depth=30_000_000,
        thousand=True,
    ),
)
