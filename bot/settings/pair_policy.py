"""From the settings to what a cross-exchange hedge decides by."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.domain.ids import Asset, HedgeName, Symbol, VenueName
from bot.domain.pair import PairCaps, PairPlace, PairPolicy
from bot.domain.policy import Timing
from bot.settings.load import Settings
from bot.settings.pair_model import PairTable
from bot.settings.pairs import spot_symbol

BALANCE_AGE_S: Final = Decimal(15)
"""Balances and prices of currencies older than this say nothing."""
_UNUSED: Final = Decimal(0)


def pair_policies(settings: Settings) -> tuple[PairPolicy, ...]:
    """One policy for each cross-exchange hedge, in the file's order."""
    return tuple(_policy(hedge) for hedge in settings.pairs)


def proof_timings(settings: Settings) -> tuple[Timing, ...]:
    """How the absence of an order is proven, for each of them; the waits of shorts mean nothing here."""
    return tuple(
        Timing(
            dwell_s=_UNUSED,
            confirm_s=_UNUSED,
            foreign_grace_s=_UNUSED,
            proof_grace_s=hedge.proof_grace_s,
            proof_spacing_s=hedge.proof_spacing_s,
            age_max_s=BALANCE_AGE_S,
            settle_s=_UNUSED,
        )
        for hedge in settings.pairs
    )


def _policy(hedge: PairTable) -> PairPolicy:
    return PairPolicy(
        name=HedgeName(hedge.name),
        asset=Asset(hedge.asset),
        places=tuple(
            PairPlace(
                venue=VenueName(each.venue),
                symbol=Symbol(spot_symbol(hedge, each)),
                quote=Asset(spot_symbol(hedge, each).partition("/")[2]),
                coin_transfer_fee=each.coin_transfer_fee,
                quote_transfer_fee=each.quote_transfer_fee,
            )
            for each in hedge.venues
        ),
        min_edge=hedge.min_edge,
        slippage_reserve=hedge.slippage_reserve,
        persist_s=hedge.persist_s,
        max_loss=hedge.max_loss,
        max_unwind_slippage=hedge.max_unwind_slippage,
        caps=PairCaps(
            order_notional=hedge.caps.order_notional,
            notional_per_hour=hedge.caps.notional_per_hour,
            orders_per_minute=hedge.caps.orders_per_minute,
            max_round_trips=hedge.caps.max_round_trips,
            window_s=hedge.caps.window_s,
        ),
        book_age_s=hedge.book_age_max_s,
        age_max_s=BALANCE_AGE_S,
    )
