"""OKX's markets with their own sizes.

Source: OKX's `public/instruments` of 2025 (BTC, ETH; the others from general knowledge).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO
from bot.paper.engine.listing import Listing, MarketType
from bot.paper.engine.tiers import (
    BNB_TIERS,
    BTC_COIN_TIERS,
    BTC_TIERS,
    ETH_COIN_TIERS,
    ETH_TIERS,
    PEPE_TIERS,
    Tiers,
    brackets,
)


def _spot(base: str, *, quote: str = "USDT", tick: str, step: str, least: str, most: int, depth: int) -> Listing:
    return Listing(
        symbol=f"{base}-{quote}",
        market=MarketType.SPOT,
        asset=base,
        base=base,
        quote=quote,
        settle=quote,
        price_tick=Decimal(tick),
        quantity_step=Decimal(step),
        quantity_min=Decimal(least),
        quantity_max=Decimal(most),
        market_quantity_max=Decimal(most),
        notional_min=ZERO,
        maker_fee=Decimal("0.0008"),
        taker_fee=Decimal("0.001"),
        depth=Decimal(depth),
        percent_price_up=Decimal("1.05"),
        percent_price_down=Decimal("0.95"),
        bound_both_ways=False,
    )


def _swap(
    base: str, tiers: Tiers, *, inverse: bool = False, size: str, tick: str, step: str, most: int, depth: int
) -> Listing:
    """Price limits of 5 % around the mark; market orders of at most the limit orders' size."""
    quote, settle = ("USD", base) if inverse else ("USDT", "USDT")
    return Listing(
        symbol=f"{base}-{quote}-SWAP",
        market=MarketType.INVERSE if inverse else MarketType.LINEAR,
        asset=base,
        base=base,
        quote=quote,
        settle=settle,
        contract_size=Decimal(size),
        price_tick=Decimal(tick),
        quantity_step=Decimal(step),
        quantity_min=Decimal(step),
        quantity_max=Decimal(most),
        market_quantity_max=Decimal(most),
        notional_min=ZERO,
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0005"),
        depth=Decimal(depth),
        percent_price_up=Decimal("1.05"),
        percent_price_down=Decimal("0.95"),
        brackets=brackets(tiers),
    )


OKX_LISTINGS: Final[tuple[Listing, ...]] = (
    _spot("BTC", tick="0.1", step="0.00000001", least="0.00001", most=10_000, depth=6),
    _spot("ETH", tick="0.01", step="0.000001", least="0.0001", most=100_000, depth=150),
    _spot("BNB", tick="0.1", step="0.000001", least="0.001", most=1_000_000, depth=1_000),
    _spot("PEPE", tick="0.000000001", step="1", least="100000", most=9_000_000_000_000, depth=30_000_000_000),
    _spot("USDC", tick="0.0001", step="0.000001", least="1", most=100_000_000, depth=600_000),
    _spot("BTC", quote="USDC", tick="0.1", step="0.00000001", least="0.00001", most=10_000, depth=6),
    _swap("BTC", BTC_TIERS, size="0.01", tick="0.1", step="0.01", most=10_000, depth=600),
    _swap("ETH", ETH_TIERS, size="0.1", tick="0.01", step="0.01", most=100_000, depth=1_500),
    _swap("BNB", BNB_TIERS, size="0.01", tick="0.1", step="1", most=1_000_000, depth=100_000),
    _swap("PEPE", PEPE_TIERS, size="10000000", tick="0.000000001", step="0.1", most=200_000, depth=3_000),
    _swap("BTC", BTC_COIN_TIERS, inverse=True, size="100", tick="0.1", step="1", most=100_000, depth=6_000),
    _swap("ETH", ETH_COIN_TIERS, inverse=True, size="10", tick="0.01", step="1", most=500_000, depth=60_000),
)
