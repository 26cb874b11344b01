"""What one turn of a cross-exchange hedge is told as, on the screen, in the journal and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from bot import logs
from bot.core.pair_situation import PairReading, Stock
from bot.domain.evening import EveningPlan
from bot.domain.numbers import plain
from bot.domain.orders import OrderRequest
from bot.domain.pair import Inventory, Opportunity, PairPlan, PairRecord, PairVerdict
from bot.domain.trader import HedgeKind, TraderOutcome

_UNSETTLED: Final = frozenset({PairVerdict.PERSISTING, PairVerdict.WAITING})
_STUCK: Final = frozenset({PairVerdict.WAITING, PairVerdict.HALTED, PairVerdict.BLIND})


def outcome_of(
    plan: PairPlan,
    readings: Sequence[PairReading],
    *,
    sent: bool,
    last: PairRecord | None,
    evening: EveningPlan | None,
    look_again_s: Decimal | None,
) -> TraderOutcome:
    """One turn.

    Args:
        plan: as it came to be.
        readings: of the venues, for what lies there.
        sent: an order left.
        last: the trade that is under way, or the newest one.
        evening: what the trade under way needs; None when none is, or nothing could be said of it.
        look_again_s: when the next turn is due; None: as usual.
    """
    return TraderOutcome(
        hedge=plan.hedge,
        kind=HedgeKind.CROSS_EXCHANGE,
        asset=plan.asset,
        verdict=plan.verdict.value,
        reason=logs.redact(plan.reason),
        same=_same(plan, last),
        facts={
            "opportunities": [_opportunity(each) for each in plan.opportunities],
            "orders": [] if plan.order is None else [_order(plan.order.buy), _order(plan.order.sell)],
            "balances": [_balance(reading) for reading in readings],
            "rooms": _rooms(plan.inventory),
            "transfers": _transfers(plan.inventory),
            "trade": None if last is None else trade_facts(last),
            "evening": "" if evening is None else logs.redact(evening.reason),
        },
        sent=sent,
        settled=plan.verdict not in _UNSETTLED,
        stuck=plan.verdict in _STUCK,
        look_again_s=look_again_s,
    )


def trade_facts(record: PairRecord) -> dict[str, object]:
    """One trade as JSON; amounts in `money`, coins in `coins` and `left`."""
    trade = record.trade
    return {
        "id": trade.pair_id,
        "state": record.state.value,
        "buy": trade.buy.venue,
        "sell": trade.sell.venue,
        "coins": plain(trade.coins),
        "money": trade.money,
        "net": plain(trade.net),
        "result": _text(record.result),
        "left": _text(record.left),
        "naked_ms": record.naked_ms,
        "naked_since_ms": record.naked_since_ms,
        "time_ms": trade.created_ms,
        "detail": logs.redact(record.detail),
    }


def _same(plan: PairPlan, last: PairRecord | None) -> str:
    """Prices move all the time and don't count; sizes of orders do."""
    ways = [f"{each.buy_venue}>{each.sell_venue}:{each.code}" for each in plan.opportunities]
    orders = [] if plan.order is None else [plain(plan.order.coins)]
    trade = [] if last is None else [last.trade.pair_id, last.state.value]
    moves = [] if plan.inventory is None else [f"{move.source}>{move.target}" for move in plan.inventory.transfers]
    return " ".join([plan.verdict.value, plan.refused, *sorted(ways), *orders, *trade, *moves])


def _opportunity(shown: Opportunity) -> dict[str, object]:
    return {
        "buy": shown.buy_venue,
        "sell": shown.sell_venue,
        "code": shown.code,
        "quantity": _text(shown.coins),
        "ordered": _text(shown.bought),
        "buy_price": _text(shown.buy_price),
        "sell_price": _text(shown.sell_price),
        "money": shown.money,
        "gross": _text(shown.gross),
        "buy_fee": _text(shown.buy_fee),
        "sell_fee": _text(shown.sell_fee),
        "net": _text(shown.net),
        "edge": _text(shown.edge),
        "worst_net": _text(shown.worst_net),
        "lasted_s": plain(shown.lasted_s),
        "reason": logs.redact(shown.reason),
    }


def _order(request: OrderRequest) -> dict[str, object]:
    return {
        "venue": request.venue,
        "symbol": request.symbol,
        "side": request.side.value,
        "quantity": plain(request.contracts),
        "price_collar": plain(request.price),
    }


def _balance(reading: PairReading) -> dict[str, object]:
    stock = reading.stock if isinstance(reading.stock, Stock) else None
    return {
        "venue": reading.place.venue,
        "coins": None if stock is None else plain(stock.coins),
        "quote": None if stock is None else plain(stock.quote),
        "currency": reading.place.quote,
        "taker_fee": _text(reading.taker_fee),
    }


def _rooms(inventory: Inventory | None) -> list[dict[str, object]]:
    return [
        {"buy": room.buy_venue, "sell": room.sell_venue, "trades": room.trades, "by_coins": room.by_coins,
         "by_quote": room.by_quote}
        for room in ([] if inventory is None else inventory.rooms)
    ]  # fmt: skip


def _transfers(inventory: Inventory | None) -> list[dict[str, object]]:
    """What a person may send to even the stocks out; the fee is null where none was entered."""
    return [
        {"asset": move.asset, "amount": plain(move.amount), "from": move.source, "to": move.target,
         "fee": _text(move.fee)}
        for move in ([] if inventory is None else inventory.transfers)
    ]  # fmt: skip


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
