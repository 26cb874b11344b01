"""How much there is to do, for the guard that counts what was done (R24)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from bot.core import inverse, sizing
from bot.domain.instrument import Instrument
from bot.domain.numbers import ZERO
from bot.domain.observation import Position
from bot.domain.orders import Side
from bot.domain.plan import HedgeView


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What `bot.core.guards.observe_exposure` takes.

    Attributes:
        exposure: in coins; of an inverse hedge the principal, which no price moves.
        gap_contracts: what closes the gap, positive.
        tolerance: coins of one step.
        per_contract: coins of gap that one contract closes; None where no price changes that.
    """

    exposure: Decimal
    gap_contracts: Decimal
    tolerance: Decimal
    per_contract: Decimal | None


def campaign_work(view: HedgeView, position: Position, instrument: Instrument, ratio: Decimal) -> Work | None:
    """What a decision says of it; None when it did not get that far.

    Args:
        view: the decision's numbers.
        position: that it was made on.
        instrument: what the position is in.
        ratio: 0..1, wanted short / exposure.
    """
    if view.exposure is None or view.principal is None or view.gap is None or view.mark is None:
        return None
    tolerance = instrument.coins(instrument.quantity_step, view.mark)
    if not inverse.is_inverse(instrument):
        gap_contracts = instrument.contracts(abs(view.gap), view.mark)
        return Work(exposure=view.exposure, gap_contracts=gap_contracts, tolerance=tolerance, per_contract=None)
    side = Side.SELL if view.gap > 0 else Side.BUY
    entry = inverse.entry_of(instrument, position)
    per_contract = sizing.gap_per_contract(instrument, side, view.mark, entry, ratio)
    return Work(
        exposure=view.principal,
        gap_contracts=abs(view.gap) / per_contract,
        tolerance=tolerance,
        per_contract=per_contract,
    )


def unwinding_work(view: HedgeView, position: Position, instrument: Instrument) -> Work | None:
    """The same of a hedge that is closed: all of the short, whatever is held; None when the price is not known."""
    if view.mark is None:
        return None
    tolerance = instrument.coins(instrument.quantity_step, view.mark)
    return Work(exposure=ZERO, gap_contracts=abs(position.contracts), tolerance=tolerance, per_contract=None)
