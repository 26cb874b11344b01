"""Liquidation: the exchange closes what its margin no longer carries."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.domain.numbers import ZERO, ceil_to, floor_to
from bot.paper.engine.exposures import FUTURES_WALLET, lines_of, settle_assets
from bot.paper.engine.floor import Floor
from bot.paper.engine.ledger import Cause
from bot.paper.engine.margin import Line, summarize
from bot.paper.engine.model import (
    Order,
    OrderKind,
    OrderStatus,
    RowKind,
    Side,
    TimeInForce,
)
from bot.paper.engine.state import AccountState
from bot.paper.engine.trades import end, fill


def sweep(floor: Floor) -> None:
    """Liquidate in every account what is due."""
    for state in floor.states.values():
        for asset in settle_assets(floor):
            for line in lines_of(floor, state, asset):
                if line.isolated and line.contracts and line.isolated_wallet + line.unrealized <= line.maintenance:
                    _liquidate_isolated(floor, state, line)
            _liquidate_cross(floor, state, asset)


def _liquidate_isolated(floor: Floor, state: AccountState, line: Line) -> None:
    """The wallet loses the isolated margin, whatever the close brought; the house takes the rest or covers it."""
    _cancel_orders(floor, state, [line])
    realized = _close(floor, state, line)
    _clear(floor, state, line, -(line.isolated_wallet + realized))


def _liquidate_cross(floor: Floor, state: AccountState, asset: str) -> None:
    """The account as a whole: all cross positions are closed, and the cross wallet goes to the house."""
    wallet = floor.ledger.balance(state.key, FUTURES_WALLET, asset)
    lines = lines_of(floor, state, asset)
    summary = summarize(asset, wallet, lines)
    cross = [line for line in lines if not line.isolated and line.contracts]
    due = summary.cross_wallet + summary.cross_unrealized <= summary.cross_maintenance
    if cross and due:
        _cancel_orders(floor, state, lines)
        realized = sum((_close(floor, state, line) for line in cross), ZERO)
        _clear(floor, state, cross[0], -(summary.cross_wallet + realized))
    elif not cross and summary.cross_wallet < 0:
        _clear(floor, state, lines[0], -summary.cross_wallet)


def _cancel_orders(floor: Floor, state: AccountState, lines: Sequence[Line]) -> None:
    keys = {line.listing.key for line in lines}
    for order in state.open_orders():
        if order.listing_key in keys:
            end(floor, state, order, OrderStatus.EXPIRED)


def _close(floor: Floor, state: AccountState, line: Line) -> Decimal:
    """Close a position at the mark, without a fee. Returns the realised P&L."""
    side = Side.SELL if line.contracts > 0 else Side.BUY
    tick = line.listing.price_tick
    price = ceil_to(line.mark, tick) if side is Side.BUY else max(tick, floor_to(line.mark, tick))
    order_id, now = floor.next_id("order"), floor.now()
    order = Order(
        order_id=order_id,
        client_id=f"autoclose-{order_id}",
        listing_key=line.listing.key,
        side=side,
        kind=OrderKind.MARKET,
        tif=TimeInForce.IOC,
        price=ZERO,
        quantity=abs(line.contracts),
        quote_quantity=ZERO,
        filled=ZERO,
        quote_filled=ZERO,
        status=OrderStatus.NEW,
        reduce_only=True,
        position_side=line.side,
        time_ms=now,
        update_ms=now,
    )
    state.put(order)
    done = fill(floor, state, order, price=price, quantity=order.quantity, maker=False, fee_rate=ZERO)
    return done.trades[0].realized


def _clear(floor: Floor, state: AccountState, line: Line, amount: Decimal) -> None:
    cause = Cause(
        time_ms=floor.now(), kind=RowKind.INSURANCE_CLEAR, symbol=line.listing.symbol, reference=line.listing.symbol
    )
    floor.ledger.pay(state.key, FUTURES_WALLET, line.listing.settle, amount, cause)
