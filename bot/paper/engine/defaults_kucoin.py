"""KuCoin's markets with their own sizes: spot, and futures in whole contracts under its name XBT for BTC.

Source: general knowledge of KuCoin's `symbols` and `contracts/active` of 2025.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.domain.numbers import ONE, ZERO
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
        notional_min=Decimal("0.1"),
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
        depth=Decimal(depth),
    )


def _future(
    base: str, tiers: Tiers, *, name: str, inverse: bool = False, size: str, tick: str, most: int, depth: int
) -> Listing:
    """`name` is the venue's own base, such as XBT or 10000PEPE; `base` stays the coin that it names."""
    quote, settle = ("USD", base) if inverse else ("USDT", "USDT")
    digits = name.removesuffix(base)
    multiplier = Decimal(digits) if digits.isdigit() else ONE
    return Listing(
        symbol=f"{name}{quote}M",
        market=MarketType.INVERSE if inverse else MarketType.LINEAR,
        asset=base,
        base=name if digits.isdigit() else base,
        quote=quote,
        settle=settle,
        multiplier=multiplier,
        contract_size=Decimal(size),
        price_tick=Decimal(tick),
        quantity_step=ONE,
        quantity_min=ONE,
        quantity_max=Decimal(most),
        market_quantity_max=Decimal(most),
        notional_min=ZERO,
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0006"),
        depth=Decimal(depth),
        percent_price_up=Decimal("1.05"),
        percent_price_down=Decimal("0.95"),
        brackets=brackets(tiers),
    )


KUCOIN_LISTINGS: Final[tuple[Listing, ...]] = (
    _spot("BTC", tick="0.1", step="0.00000001", least="0.00001", most=10_000, depth=6),
    _spot("ETH", tick="0.01", step="0.0000001", least="0.0001", most=10_000, depth=150),
    _spot("BNB", tick="0.001", step="0.0001", least="0.001", most=100_000, depth=1_000),
    _spot("PEPE", tick="0.000000001", step="1", least="10000", most=9_000_000_000_000, depth=30_000_000_000),
    _spot("USDC", tick="0.0001", step="0.0001", least="0.1", most=10_000_000, depth=600_000),
    _spot("BTC", quote="USDC", tick="0.1", step="0.00000001", least="0.00001", most=10_000, depth=6),
    _future("BTC", BTC_TIERS, name="XBT", size="0.001", tick="0.1", most=1_000_000, depth=6_000),
    _future("ETH", ETH_TIERS, name="ETH", size="0.01", tick="0.01", most=1_000_000, depth=15_000),
    _future("BNB", BNB_TIERS, name="BNB", size="0.01", tick="0.01", most=1_000_000, depth=100_000),
    _future("PEPE", PEPE_TIERS, name="10000PEPE", size="1", tick="0.000001", most=100_000_000, depth=3_000_000),
    _future("BTC", BTC_COIN_TIERS, name="XBT", inverse=True, size="1", tick="0.1", most=10_000_000, depth=600_000),
    _future("ETH", ETH_COIN_TIERS, name="ETH", inverse=True, size="1", tick="0.01", most=10_000_000, depth=600_000),
)
