"""How the account is set for a short, and what else stands on its contract (R15, R24)."""

from __future__ import annotations

from typing import Final

from bot.core.inverse import is_inverse
from bot.domain.instrument import Instrument, MarginMode
from bot.domain.numbers import plain
from bot.domain.observation import Position, SymbolConfig
from bot.domain.policy import HedgePolicy

INVERSE_LEVERAGE_MIN: Final = 2
"""At a setting of 1 the open-loss margin of an order keeps the last contracts of a full hedge from fitting (R15)."""


def wanted_setting(policy: HedgePolicy, instrument: Instrument) -> tuple[int, MarginMode]:
    """Leverage setting and margin mode that a start sets.

    An inverse short uses cross margin and a setting of at least 2; its *effective* leverage is held at 1 all the same.
    """
    if is_inverse(instrument):
        return max(policy.leverage, INVERSE_LEVERAGE_MIN), MarginMode.CROSS
    return policy.leverage, policy.margin_mode


def leverage_fits(policy: HedgePolicy, instrument: Instrument, config: SymbolConfig) -> bool:
    """Whether a short may grow under the leverage that is set; for an inverse one any from 2 on will do."""
    if is_inverse(instrument):
        return config.leverage >= INVERSE_LEVERAGE_MIN
    return config.leverage == policy.leverage


def margin_mode_fits(policy: HedgePolicy, instrument: Instrument, config: SymbolConfig) -> bool:
    """Whether a short may grow under the margin mode that is set."""
    return config.margin_mode is wanted_setting(policy, instrument)[1]


def foreign_position(position: Position) -> str:
    """What stands on the contract that the bot can't have opened; empty when nothing does."""
    if position.contracts > 0:
        return f"a long of {plain(position.contracts)} contracts stands where the short belongs"
    if position.other_side > 0:
        return (
            f"a long of {plain(position.other_side)} contracts stands beside the short (hedge mode): the two undo "
            f"each other, and the bot opened none"
        )
    return ""
