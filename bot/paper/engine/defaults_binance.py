"""Binance's markets with their own filters and brackets.

Source: Binance's exchangeInfo of 2025 (COIN-M from general knowledge), rounded where it only bounds sizes.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.domain.numbers import ONE, ZERO
from bot.paper.engine.listing import Listing, MarketType
from bot.paper.engine.tiers import (
    BNB_COIN_TIERS,
    BNB_TIERS,
    BTC_COIN_TIERS,
    BTC_TIERS,
    ETH_COIN_TIERS,
    ETH_TIERS,
    PEPE_TIERS,
    Tiers,
    brackets,
)


def _spot(base: str, *, quote: str = "USDT", tick: str, step: str, most: int, market_most: int, depth: int) -> Listing:
    return Listing(
        symbol=f"{base}{quote}",
        market=MarketType.SPOT,
        asset=base,
        base=base,
        quote=quote,
        settle=quote,
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
    tiers: Tiers,
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


def _inverse(base: str, tiers: Tiers, *, size: int, tick: str, depth: int) -> Listing:
    """COIN-M: contracts of 100 or 10 USD; no minimum notional."""
    return Listing(
        symbol=f"{base}USD_PERP",
        market=MarketType.INVERSE,
        asset=base,
        base=base,
        quote="USD",
        settle=base,
        contract_size=Decimal(size),
        price_tick=Decimal(tick),
        quantity_step=ONE,
        quantity_min=ONE,
        quantity_max=Decimal(1_000_000),
        market_quantity_max=Decimal(60_000),
        notional_min=ZERO,
        maker_fee=Decimal("0.0001"),
        taker_fee=Decimal("0.0005"),
        depth=Decimal(depth),
        percent_price_up=Decimal("1.05"),
        percent_price_down=Decimal("0.95"),
        brackets=brackets(tiers),
    )


BINANCE_LISTINGS: Final[tuple[Listing, ...]] = (
    _spot("BTC", tick="0.01", step="0.00001", most=9_000, market_most=120, depth=6),
    _spot("BNB", tick="0.01", step="0.001", most=900_000, market_most=20_000, depth=1_000),
    _spot("ETH", tick="0.01", step="0.0001", most=9_000, market_most=3_000, depth=150),
    _spot("PEPE", tick="0.00000001", step="1", most=900_000_000_000, market_most=90_000_000_000, depth=30_000_000_000),
    _spot("USDC", tick="0.00001", step="1", most=100_000_000, market_most=10_000_000, depth=600_000),
    _spot("BTC", quote="USDC", tick="0.01", step="0.00001", most=9_000, market_most=120, depth=6),
    _linear("BTC", BTC_TIERS, tick="0.1", step="0.001", most=1_000, market_most=120, notional_min=100, depth=6),
    _linear("BNB", BNB_TIERS, tick="0.01", step="0.01", most=100_000, market_most=20_000, notional_min=5, depth=1_000),
    _linear("ETH", ETH_TIERS, tick="0.01", step="0.001", most=10_000, market_most=2_000, notional_min=20, depth=150),
    _linear(
        "PEPE",
        PEPE_TIERS,
        tick="0.0000001",
        step="1",
        most=200_000_000,
        market_most=100_000_000,
        notional_min=5,
        depth=30_000_000,
        thousand=True,
    ),
    _inverse("BTC", BTC_COIN_TIERS, size=100, tick="0.1", depth=6_000),
    _inverse("ETH", ETH_COIN_TIERS, size=10, tick="0.01", depth=60_000),
    _inverse("BNB", BNB_COIN_TIERS, size=10, tick="0.01", depth=60_000),
)
