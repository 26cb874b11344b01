"""Liquidation: the exchange closes what its margin no longer carries."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.domain.numbers import ZERO
from bot.paper.engine.exposures import lines_of, pays_with, summary_of
from bot.paper.engine.floor import Floor, Pool
from bot.paper.engine.forced import close
from bot.paper.engine.ledger import Cause
from bot.paper.engine.margin import Line
from bot.paper.engine.model import (
    ForcedCause,
    MarketType,
    Order,
    OrderStatus,
    Refusal,
    RefusalCode,
    RowKind,
)
from bot.paper.engine.state import AccountState
from bot.paper.engine.trades import end


def sweep(floor: Floor) -> None:
    """Liquidate in every account what is due."""
    for state in floor.states.values():
        for pool in floor.pools:
            for line in lines_of(floor, state, pool):
                if line.isolated and line.contracts and line.isolated_wallet + line.unrealized <= line.maintenance:
                    _liquidate_isolated(floor, state, pool, line)
            _liquidate_cross(floor, state, pool)


def force(floor: Floor, state: AccountState, symbol: str) -> None:
    """See `Exchange.liquidate`."""
    pool = floor.pool(floor.perpetual(symbol))
    held = [line for line in lines_of(floor, state, pool) if line.contracts]
    named = [line for line in held if line.listing.symbol == symbol]
    if not named:
        raise Refusal(RefusalCode.NO_POSITION, symbol)
    if named[0].isolated:
        for line in named:
            _liquidate_isolated(floor, state, pool, line)
    else:
        _close_cross(floor, state, pool)


def _liquidate_isolated(floor: Floor, state: AccountState, pool: Pool, line: Line) -> None:
    """The wallet loses the isolated margin, whatever the close brought; the house takes the rest or covers it."""
    _cancel(floor, state, _orders_of(state, [line]))
    realized = _close(floor, state, line)
    _clear(floor, state, pool, line.listing.symbol, -(line.isolated_wallet + realized))


def _liquidate_cross(floor: Floor, state: AccountState, pool: Pool) -> None:
    """The pool as a whole: all cross positions are closed, and the cross wallet goes to the house."""
    lines = lines_of(floor, state, pool)
    if not lines:
        return
    summary = summary_of(floor, state, pool, lines=lines)
    cross = [line for line in lines if not line.isolated and line.contracts]
    due = summary.cross_wallet + summary.cross_unrealized <= summary.cross_maintenance
    if cross and due:
        _close_cross(floor, state, pool)
    elif not cross and summary.cross_wallet < 0:
        _clear(floor, state, pool, lines[0].listing.symbol, -summary.cross_wallet)


def _close_cross(floor: Floor, state: AccountState, pool: Pool) -> None:
    lines = lines_of(floor, state, pool)
    cross = [line for line in lines if not line.isolated and line.contracts]
    cross_wallet = summary_of(floor, state, pool, lines=lines).cross_wallet
    _cancel(floor, state, [*_orders_of(state, lines), *_freezing(floor, state, pool)])
    realized = sum((_close(floor, state, line) for line in cross), ZERO)
    _clear(floor, state, pool, cross[0].listing.symbol, -(cross_wallet + realized))


def _orders_of(state: AccountState, lines: Sequence[Line]) -> Sequence[Order]:
    keys = {line.listing.key for line in lines}
    return [order for order in state.open_orders() if order.listing_key in keys]


def _freezing(floor: Floor, state: AccountState, pool: Pool) -> Sequence[Order]:
    """Open spot orders that count on the pool's money, where the margin wallet serves spot too."""
    if pool.wallet != floor.layout.spot:
        return ()
    found = ((floor.listings[order.listing_key], order) for order in state.open_orders())
    return [
        order
        for listing, order in found
        if listing.market is MarketType.SPOT and pays_with(listing, order.side) == pool.asset
    ]


def _cancel(floor: Floor, state: AccountState, orders: Sequence[Order]) -> None:
    for order in orders:
        end(floor, state, order, OrderStatus.EXPIRED)


def _close(floor: Floor, state: AccountState, line: Line) -> Decimal:
    """Close a position at the mark. Returns the realised P&L."""
    return close(floor, state, state.position(line.listing.symbol, line.side), ForcedCause.LIQUIDATION)


def _clear(floor: Floor, state: AccountState, pool: Pool, symbol: str, amount: Decimal) -> None:
    cause = Cause(time_ms=floor.now(), kind=RowKind.INSURANCE_CLEAR, symbol=symbol, reference=symbol)
    floor.ledger.pay(state.key, pool.wallet, pool.asset, amount, cause)
