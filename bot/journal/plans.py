"""A decision as JSON: what `status` shows, and what tells one decision from the next."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, Final

from bot.domain.funding import funding_facts
from bot.domain.numbers import plain
from bot.domain.observation import Holding, Unknown
from bot.domain.plan import Plan, closing_facts, order_facts
from bot.domain.trader import HedgeKind, TraderOutcome, outcome_facts

SAME: Final = "same"
"""The fact of a trader's outcome that tells one from the next."""
_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_FACTS: Final = frozenset(
    [
        "asset",
        "symbol",
        "kind",
        "verdict",
        "reason",
        "holdings",
        "exposure",
        "principal",
        "short",
        "target",
        "gap",
        "gap_notional",
        "band_notional",
        "price",
        "mark",
        "liquidation_price",
        "order",
        "gap_after",
        "alarm",
    ]
)
_TRADER_FACTS: Final = frozenset(["asset", "kind", "verdict", "reason", SAME])
_TRADERS: Final = frozenset({HedgeKind.CROSS_EXCHANGE.value, HedgeKind.STABLECOIN.value})
_MOVES_WITH_PRICE: Final = (
    "gap_notional",
    "band_notional",
    "price",
    "mark",
    "liquidation_price",
    "closing",
    "funding",
    "reason",
)


def plan_facts(plan: Plan) -> dict[str, Any]:
    """All numbers of a decision: quantities as strings of plain digits, unknown as None, times as integers."""
    view = plan.view
    return {
        "asset": view.asset,
        "symbol": view.symbol,
        "kind": view.kind.value,
        "verdict": plan.verdict.value,
        "reason": plan.reason,
        "holdings": [_holding(holding) for holding in view.holdings],
        "exposure": _text(view.exposure),
        "principal": _text(view.principal),
        "short": _text(view.short),
        "target": _text(view.target),
        "gap": _text(view.gap),
        "gap_notional": _text(view.gap_notional),
        "band_notional": _text(view.band_notional),
        "price": _text(view.price),
        "mark": _text(view.mark),
        "liquidation_price": _text(view.liquidation_price),
        "closing": closing_facts(view.closing),
        "funding": funding_facts(view.funding),
        "order": None if plan.order is None else order_facts(plan.order),
        "gap_after": _text(plan.gap_after),
        "alarm": plan.alarm,
    }


def kept_outcome(outcome: TraderOutcome) -> dict[str, Any]:
    """What a turn of a trader came to, as it is kept."""
    return {**outcome_facts(outcome), SAME: outcome.same}


def sameness(facts: dict[str, Any]) -> str:
    """What two decisions must share to be equal: all but times, prices, and the numbers in the reason."""
    if facts["kind"] in _TRADERS:
        return str(facts[SAME])
    kept = {name: value for name, value in facts.items() if name not in _MOVES_WITH_PRICE}
    kept["holdings"] = [
        {name: value for name, value in holding.items() if not name.endswith("_ms")} for holding in facts["holdings"]
    ]
    kept["reason"] = _NUMBER.sub("#", facts["reason"])
    return json.dumps(kept, sort_keys=True)


def plan_of(text: str) -> dict[str, Any]:
    """A decision's facts from their text. Raises ValueError when they are not all there."""
    read = json.loads(text)
    if not isinstance(read, dict):
        raise ValueError("a decision must hold all its facts")  # noqa: TRY004 - one error type for every bad row
    if not read.keys() >= (_TRADER_FACTS if read.get("kind") in _TRADERS else _FACTS):
        raise ValueError("a decision must hold all its facts")
    return read


def _holding(holding: Holding | Unknown) -> dict[str, Any]:
    if isinstance(holding, Unknown):
        return {"unknown": holding.what, "reason": holding.reason}
    return {
        "source": holding.source.value,
        "venue": holding.venue,
        "quantity": plain(holding.quantity),
        "principal": plain(holding.principal),
        "wallets": list(holding.wallets),
        "sent_ms": holding.stamp.sent_ms,
        "answered_ms": holding.stamp.answered_ms,
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
