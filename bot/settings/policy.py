"""From the settings to the values that the core decides by."""

from __future__ import annotations

from bot.domain.ids import Asset, HedgeName, Symbol, VenueName
from bot.domain.policy import Band, Caps, HedgePolicy, HoldingSpec, Timing
from bot.settings.load import Settings
from bot.settings.model import HedgeTable, HoldingTable


def policies(settings: Settings) -> tuple[HedgePolicy, ...]:
    """One policy for each hedge, in the file's order."""
    return tuple(_policy(hedge) for hedge in settings.hedges)


def _policy(hedge: HedgeTable) -> HedgePolicy:
    return HedgePolicy(
        name=HedgeName(hedge.name),
        asset=Asset(hedge.asset),
        ratio=hedge.ratio,
        holdings=tuple(_holding(holding) for holding in hedge.holdings),
        venue=VenueName(hedge.short.venue),
        symbol=Symbol(hedge.short.symbol),
        margin_mode=hedge.short.margin,
        leverage=hedge.short.leverage,
        band=Band(relative=hedge.band.relative, notional=hedge.band.notional),
        caps=Caps(
            order_notional=hedge.caps.order_notional,
            notional_per_hour=hedge.caps.notional_per_hour,
            orders_per_minute=hedge.caps.orders_per_minute,
            total_short=hedge.caps.total_short,
        ),
        timing=Timing(
            dwell_s=hedge.dwell_s,
            confirm_s=hedge.confirm_s,
            foreign_grace_s=hedge.foreign_grace_s,
            proof_grace_s=hedge.proof_grace_s,
            proof_spacing_s=hedge.proof_spacing_s,
            age_max_s=hedge.age_max_s,
            settle_s=hedge.settle_s,
        ),
        slippage=hedge.slippage,
        slippage_urgent=hedge.max_slippage_urgent,
        margin_reserve=hedge.margin_reserve,
    )


def _holding(holding: HoldingTable) -> HoldingSpec:
    venue = None if holding.venue is None else VenueName(holding.venue)
    return HoldingSpec(source=holding.source, venue=venue, amount=holding.amount)
