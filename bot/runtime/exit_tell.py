"""What a turn of a stablecoin hedge came to, as it is shown, kept and told."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from bot import logs
from bot.domain.exits import CrossingRecord, CrossingState, ExitPlan, ExitVerdict
from bot.domain.numbers import plain
from bot.domain.orders import Approved
from bot.domain.trader import HedgeKind, TraderOutcome

_UNSETTLED: Final = frozenset({ExitVerdict.ORDER, ExitVerdict.END, ExitVerdict.WRITE_OFF, ExitVerdict.WAITING})
_STUCK: Final = frozenset({ExitVerdict.FROZEN, ExitVerdict.HALTED, ExitVerdict.WAITING})


def outcome_of(
    plan: ExitPlan,
    crossing: CrossingRecord | None,
    *,
    sent: bool,
    look_again_s: Decimal | None,
) -> TraderOutcome:
    """The plan in the words of every trader.

    Args:
        plan: as it came to be.
        crossing: the newest one; None when there never was one.
        sent: an order left.
        look_again_s: when the next turn is due; None: as usual.
    """
    facts = _facts(plan, crossing)
    return TraderOutcome(
        hedge=plan.view.hedge,
        kind=HedgeKind.STABLECOIN,
        asset=plan.view.asset,
        verdict=plan.verdict.value,
        reason=logs.redact(plan.reason),
        same=_same(plan, crossing),
        facts=facts,
        sent=sent,
        settled=plan.verdict not in _UNSETTLED,
        stuck=plan.verdict in _STUCK,
        look_again_s=look_again_s,
    )


def crossing_facts(record: CrossingRecord) -> dict[str, Any]:
    """One crossing as JSON; an average of null: nothing was exchanged."""
    crossing = record.crossing
    return {
        "id": crossing.crossing_id,
        "kind": crossing.kind.value,
        "cause": crossing.cause.value,
        "state": record.state.value,
        "coins": plain(record.coins_done),
        "quote": plain(record.quote_done),
        "average": None if record.average is None else plain(record.average),
        "reason": crossing.reason,
        "detail": record.detail,
        "time_ms": crossing.created_ms,
    }


def order_facts(order: Approved) -> dict[str, Any]:
    """One order as JSON."""
    request = order.request
    return {
        "venue": request.venue,
        "symbol": request.symbol,
        "side": request.side.value,
        "quantity": plain(request.contracts),
        "price_collar": plain(request.price),
        "notional": plain(order.notional),
    }


def _facts(plan: ExitPlan, crossing: CrossingRecord | None) -> dict[str, Any]:
    view = plan.view
    return {
        "state": view.state.value,
        "code": plan.code,
        "price_usd": _text(view.price),
        "signals": [
            {
                "kind": signal.kind.value,
                "value": _text(signal.value),
                "on": signal.on,
                "since_ms": signal.since_ms,
                "text": signal.text,
            }
            for signal in view.signals
        ],
        "uncertain": view.on,
        "calm": view.calm,
        "pegs": [
            {"asset": peg.asset, "peg": peg.peg.value, "price_usd": _text(peg.price), "text": peg.text}
            for peg in view.pegs
        ],
        "free": _text(view.free),
        "owned": _amounts(view.owned),
        "spendable": _amounts(view.spendable),
        "round_trips": view.round_trips,
        "cooldown_ms": view.cooldown_ms,
        "crossing": None if crossing is None else crossing_facts(crossing),
        "orders": [] if plan.order is None else [order_facts(plan.order)],
        "notes": list(plan.notes),
    }


def _same(plan: ExitPlan, crossing: CrossingRecord | None) -> str:
    """All but prices and times."""
    view, order = plan.view, plan.order
    parts: list[object] = [plan.verdict.value, plan.code, view.state.value, view.on, view.calm, view.round_trips]
    parts += [(signal.kind.value, signal.on, signal.value is None) for signal in view.signals]
    parts += [(peg.asset, peg.peg.value) for peg in view.pegs]
    parts += [_text(view.free), _amounts(view.owned)]
    if order is not None:
        parts.append((order.request.symbol, order.request.side.value, plain(order.request.contracts)))
    if crossing is not None:
        parts.append((crossing.crossing.crossing_id, crossing.state.value))
    return repr(parts)


def open_crossing(crossing: CrossingRecord | None) -> bool:
    """Whether it is still under way."""
    return crossing is not None and crossing.state is CrossingState.OPEN


def _amounts(amounts: Mapping[Any, Decimal]) -> dict[str, str]:
    return {str(asset): plain(amount) for asset, amount in amounts.items()}


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
