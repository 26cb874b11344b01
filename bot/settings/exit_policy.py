"""From the settings of stablecoin hedges to the values that the core decides by."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from bot.domain.exits import ExitCaps, ExitPolicy, ReenterPolicy, SignalKind, SignalRule
from bot.domain.ids import Asset, HedgeName, VenueName
from bot.domain.policy import Timing
from bot.settings.exit_model import ExitTable, SignalsTable
from bot.settings.load import Settings

_SETTLE_S: Final = Decimal(4)
_GAP_MAX_S: Final = Decimal(600)
"""A signal that nobody looked at for longer begins to last anew; one look may be missed."""


def exit_policies(settings: Settings) -> tuple[ExitPolicy, ...]:
    """One policy for each stablecoin hedge, in the file's order."""
    return tuple(_policy(hedge) for hedge in settings.exits)


def exit_timing(hedge: ExitTable) -> Timing:
    """How long its orders are waited for; what else is in it is of no use to a hedge without a perpetual."""
    return Timing(
        dwell_s=hedge.dwell_s,
        confirm_s=Decimal(1),
        foreign_grace_s=Decimal(0),
        proof_grace_s=hedge.proof_grace_s,
        proof_spacing_s=hedge.proof_spacing_s,
        age_max_s=hedge.age_max_s,
        settle_s=_SETTLE_S,
    )


def _policy(hedge: ExitTable) -> ExitPolicy:
    reenter = hedge.reenter
    return ExitPolicy(
        name=HedgeName(hedge.name),
        asset=Asset(hedge.asset),
        venue=VenueName(hedge.venue),
        basket={Asset(asset): weight for asset, weight in hedge.basket.items()},
        caps=ExitCaps(
            order_notional=hedge.caps.order_notional,
            notional_per_hour=hedge.caps.notional_per_hour,
            orders_per_minute=hedge.caps.orders_per_minute,
        ),
        signals=tuple(_rules(hedge.signals)),
        combine=hedge.combine,
        for_s=hedge.for_s,
        reenter=None if reenter is None else ReenterPolicy(cooldown_s=reenter.cooldown_s, for_s=reenter.for_s),
        max_round_trips=hedge.max_round_trips,
        fraction=hedge.fraction,
        floor=hedge.floor,
        depeg=hedge.depeg,
        slippage=hedge.slippage,
        slice_notional=hedge.slice_notional,
        dwell_s=hedge.dwell_s,
        age_max_s=hedge.age_max_s,
        gap_max_s=max(_GAP_MAX_S, 3 * hedge.look_s),
    )


def _rules(signals: SignalsTable) -> Iterator[SignalRule]:
    if signals.drawdown is not None:
        yield _rule(SignalKind.DRAWDOWN, signals.drawdown.exit, signals.drawdown.back, signals.drawdown.window_s)
    if signals.volatility is not None:
        yield _rule(
            SignalKind.VOLATILITY, signals.volatility.exit, signals.volatility.back, signals.volatility.half_life_s
        )
    if signals.average is not None:
        yield _rule(SignalKind.AVERAGE, signals.average.exit, signals.average.back, signals.average.window_s)
    if signals.price is not None:
        yield _rule(SignalKind.PRICE, signals.price.exit, signals.price.back, Decimal(0))


def _rule(kind: SignalKind, exit_at: Decimal, back_at: Decimal, window_s: Decimal) -> SignalRule:
    return SignalRule(kind=kind, exit=exit_at, back=back_at, window_ms=int(window_s * 1000))
