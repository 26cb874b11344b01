"""A decision's one line in the log, with all its numbers."""

from __future__ import annotations

from typing import Final

from bot.domain.numbers import plain
from bot.domain.observation import Unknown
from bot.domain.plan import Plan

_VIEW_NUMBERS: Final = (
    *("exposure", "short", "target", "gap", "gap_notional", "band_notional"),
    *("price", "mark", "liquidation_price"),
)


def numbers(plan: Plan) -> dict[str, object]:
    """Everything a decision rests on, for its one line in the log; what is unknown is null."""
    view, order = plan.view, plan.order
    numbers: dict[str, object] = {
        "holdings": {
            f"{holding.source} {holding.venue or ''}".strip(): None
            if isinstance(holding, Unknown)
            else plain(holding.quantity)
            for holding in view.holdings
        }
    }
    for name in _VIEW_NUMBERS:
        value = getattr(view, name)
        numbers[name] = None if value is None else plain(value)
    numbers["gap_after"] = None if plan.gap_after is None else plain(plan.gap_after)
    if order is not None:
        numbers |= {
            "side": order.request.side,
            "contracts": plain(order.request.contracts),
            "collar": plain(order.request.price),
            "reduce_only": order.request.reduce_only,
            "notional": plain(order.notional),
            "fee_estimate": plain(order.fee_estimate),
        }
    return numbers
