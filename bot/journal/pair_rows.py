"""Cross-exchange trades, to rows and back; as strict as `bot.journal.rows`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from bot.domain.ids import Asset, ClientOrderId, HedgeName, Symbol, VenueName, epoch_of
from bot.domain.intent import Intent, IntentRecord
from bot.domain.numbers import ONE, ZERO, decimal_of
from bot.domain.orders import Side, TimeInForce
from bot.domain.pair import PairId, PairLeg, PairRecord, PairState, PairStory, PairTrade
from bot.journal.rows import Row, digits, record_of, sequence_of


def pair_row(record: PairRecord) -> dict[str, Any]:
    """The row of a trade. Raises ValueError when it contradicts itself."""
    check_pair(record)
    trade = record.trade
    return {
        "pair_id": trade.pair_id,
        "epoch": epoch_of(trade.pair_id),
        "sequence": sequence_of(ClientOrderId(trade.pair_id)),
        "hedge": trade.hedge,
        "asset": trade.asset,
        **_leg_row("buy", trade.buy),
        **_leg_row("sell", trade.sell),
        "coins": digits(trade.coins),
        "conversion": digits(trade.conversion),
        "min_edge": digits(trade.min_edge),
        "gross": digits(trade.gross),
        "buy_fee": digits(trade.buy_fee),
        "sell_fee": digits(trade.sell_fee),
        "net": digits(trade.net),
        "worst_net": digits(trade.worst_net),
        "created_ms": trade.created_ms,
        "state": record.state.value,
        "naked_since_ms": record.naked_since_ms,
        "naked_ms": record.naked_ms,
        "coins_left": _digits(record.left),
        "result": _digits(record.result),
        "detail": record.detail,
        "updated_ms": record.updated_ms,
    }


def pair_of(row: Row) -> PairRecord:
    """A trade from its row."""
    trade = PairTrade(
        pair_id=PairId(row["pair_id"]),
        hedge=HedgeName(row["hedge"]),
        asset=Asset(row["asset"]),
        buy=_leg_of("buy", row),
        sell=_leg_of("sell", row),
        coins=decimal_of(row["coins"]),
        min_edge=decimal_of(row["min_edge"]),
        gross=decimal_of(row["gross"]),
        buy_fee=decimal_of(row["buy_fee"]),
        sell_fee=decimal_of(row["sell_fee"]),
        net=decimal_of(row["net"]),
        worst_net=decimal_of(row["worst_net"]),
        created_ms=row["created_ms"],
        conversion=decimal_of(row["conversion"]),
    )
    record = PairRecord(
        trade=trade,
        state=PairState(row["state"]),
        naked_since_ms=row["naked_since_ms"],
        naked_ms=row["naked_ms"],
        left=_decimal(row["coins_left"]),
        result=_decimal(row["result"]),
        detail=row["detail"],
        updated_ms=row["updated_ms"],
    )
    check_pair(record)
    return record


def order_of(row: Row) -> tuple[PairId, IntentRecord]:
    """An order, and the trade that it is of."""
    return PairId(row["pair"]), record_of(row)


def story_of(record: PairRecord, orders: Sequence[IntentRecord]) -> PairStory:
    """A trade with its orders. Raises ValueError when its legs are not the first of them."""
    check_legs(record.trade, [order.intent for order in orders[:2]])
    for order in orders[2:]:
        check_evening(record.trade, order.intent)
    return PairStory(record=record, orders=tuple(orders))


def check_pair(record: PairRecord) -> None:
    """Refuse a trade that contradicts itself, or what is known of it.

    Raises:
        ValueError: says what does not fit.
    """
    trade, name = record.trade, record.trade.pair_id
    _check_shape(trade)
    if trade.net != trade.gross - trade.buy_fee - trade.sell_fee:
        raise ValueError(f"{name}: net {trade.net} is not {trade.gross} - {trade.buy_fee} - {trade.sell_fee}")
    asked = trade.min_edge * trade.buy.coins * trade.buy.limit
    if min(trade.net, trade.worst_net, _at_limits(trade)) < asked:
        raise ValueError(f"{name}: it would not earn the edge of {trade.min_edge}")
    if record.naked_ms < 0 or (record.state.over and record.naked_since_ms is not None):
        raise ValueError(f"{name}: {record.state.value} and naked since {record.naked_since_ms}, for {record.naked_ms}")
    if record.left is None and record.state in {PairState.EVEN, PairState.DUST}:
        raise ValueError(f"{name}: {record.state.value}, and it is not known how many coins are left")


def _check_shape(trade: PairTrade) -> None:
    buy, sell, name = trade.buy, trade.sell, trade.pair_id
    epochs = {epoch_of(made) for made in (name, buy.client_id, sell.client_id)}
    if None in epochs or len(epochs) > 1:
        raise ValueError(f"{name!r}, {buy.client_id!r} and {sell.client_id!r} are no ids of one start of ours")
    if buy.venue == sell.venue:
        raise ValueError(f"{name}: both legs are on {buy.venue}")
    for leg in (buy, sell):
        if leg.coins <= 0 or leg.limit <= 0 or not 0 <= leg.fee_rate < 1:
            raise ValueError(f"{name}: {leg.coins} at {leg.limit}, fee {leg.fee_rate}, can't be a leg")
    if trade.conversion <= 0 or (buy.quote == sell.quote and trade.conversion != ONE):
        raise ValueError(f"{name}: {trade.conversion} {buy.quote} for one {sell.quote}")
    arriving = buy.coins * (ONE if buy.fee_in_quote else ONE - buy.fee_rate)
    if not 0 < trade.coins == sell.coins <= arriving:
        raise ValueError(f"{name}: {arriving} coins arrive, {sell.coins} leave, {trade.coins} change hands")


def check_legs(trade: PairTrade, intents: Sequence[Intent]) -> None:
    """Refuse a trade whose legs are not these two intents, the buy first.

    Raises:
        ValueError: says what does not fit.
    """
    if len(intents) != 2:
        raise ValueError(f"{trade.pair_id} has not both its legs")
    for leg, side, intent in zip((trade.buy, trade.sell), (Side.BUY, Side.SELL), intents, strict=True):
        check_evening(trade, intent)
        request = intent.request
        told = (intent.client_id, request.venue, request.side, request.contracts, request.price)
        if told != (leg.client_id, leg.venue, side, leg.coins, leg.limit):
            raise ValueError(f"{trade.pair_id}: {intent.client_id} is not its {side}")


def check_evening(trade: PairTrade, intent: Intent) -> None:
    """Refuse an intent that can be no order of a trade.

    Raises:
        ValueError: says what does not fit.
    """
    request = intent.request
    places = {(trade.buy.venue, trade.buy.symbol), (trade.sell.venue, trade.sell.symbol)}
    immediate = request.time_in_force is TimeInForce.IOC and not request.reduce_only
    if (request.venue, request.symbol) not in places or intent.hedge != trade.hedge or not immediate:
        raise ValueError(f"{trade.pair_id}: {intent.client_id} is no order of it")


def _at_limits(trade: PairTrade) -> Decimal:
    proceeds = trade.sell.coins * trade.sell.limit * trade.conversion * (ONE - trade.sell.fee_rate)
    beside = trade.buy.fee_rate if trade.buy.fee_in_quote else ZERO
    return proceeds - trade.buy.coins * trade.buy.limit * (ONE + beside)


def _leg_row(name: str, leg: PairLeg) -> dict[str, Any]:
    return {
        f"{name}_client_id": leg.client_id,
        f"{name}_venue": leg.venue,
        f"{name}_symbol": leg.symbol,
        f"{name}_quote": leg.quote,
        f"{name}_coins": digits(leg.coins),
        f"{name}_price": digits(leg.limit),
        f"{name}_fee_rate": digits(leg.fee_rate),
        f"{name}_fee_in_quote": leg.fee_in_quote,
        f"{name}_holding": _digits(leg.holding_before),
    }


def _leg_of(name: str, row: Row) -> PairLeg:
    return PairLeg(
        client_id=ClientOrderId(row[f"{name}_client_id"]),
        venue=VenueName(row[f"{name}_venue"]),
        symbol=Symbol(row[f"{name}_symbol"]),
        quote=Asset(row[f"{name}_quote"]),
        coins=decimal_of(row[f"{name}_coins"]),
        limit=decimal_of(row[f"{name}_price"]),
        fee_rate=decimal_of(row[f"{name}_fee_rate"]),
        fee_in_quote=row[f"{name}_fee_in_quote"],
        holding_before=_decimal(row[f"{name}_holding"]),
    )


def _digits(value: Decimal | None) -> str | None:
    return None if value is None else digits(value)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else decimal_of(text)
