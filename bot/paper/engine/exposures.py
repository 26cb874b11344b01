"""From what is remembered of an account to its margin figures, as it is or as it would be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from bot.domain.numbers import ZERO
from bot.paper.engine.floor import Floor
from bot.paper.engine.ledger import booked
from bot.paper.engine.margin import Line, Resting, liquidation_price, summarize
from bot.paper.engine.model import (
    Balance,
    Listing,
    MarginSummary,
    MarketType,
    Order,
    Position,
    PositionSide,
    Side,
)
from bot.paper.engine.positions import PositionState
from bot.paper.engine.state import AccountState, reduces

SPOT_WALLET: Final = "spot"
FUTURES_WALLET: Final = "usdm"

Positions = Mapping[tuple[str, PositionSide], PositionState]


def settle_assets(floor: Floor) -> Sequence[str]:
    """What perpetuals settle in, in order of listing."""
    found = (listing.settle for listing in floor.listings.values() if listing.market is MarketType.LINEAR)
    return tuple(dict.fromkeys(found))


def lines_of(
    floor: Floor,
    state: AccountState,
    asset: str,
    *,
    positions: Positions | None = None,
    orders: Iterable[Order] | None = None,
    leverages: Mapping[str, int] | None = None,
) -> Sequence[Line]:
    """Every perpetual of a settle asset that the account has a position, orders or settings in.

    Args:
        floor: markets and prices.
        state: the account.
        asset: the settle asset.
        positions: instead of the account's own, to see what would be.
        orders: instead of the account's open orders.
        leverages: by symbol, instead of the account's own.
    """
    held = state.positions if positions is None else positions
    resting = list(state.open_orders() if orders is None else orders)
    touched = (
        {symbol for symbol, _ in held}
        | {floor.listings[order.listing_key].symbol for order in resting}
        | state.futures_settings.keys()
    )
    sides = (PositionSide.LONG, PositionSide.SHORT) if state.hedged else (PositionSide.BOTH,)
    return [
        _line(
            floor,
            state,
            listing,
            held.get((listing.symbol, side)) or PositionState(symbol=listing.symbol, side=side),
            [order for order in resting if order.listing_key == listing.key],
            (leverages or {}).get(listing.symbol),
        )
        for listing in floor.listings.values()
        if listing.market is MarketType.LINEAR and listing.settle == asset and listing.symbol in touched
        for side in sides
    ]


def _line(
    floor: Floor,
    state: AccountState,
    listing: Listing,
    position: PositionState,
    orders: Sequence[Order],
    leverage: int | None,
) -> Line:
    own_leverage, isolated = state.settings(listing.symbol)
    return Line(
        listing=listing,
        side=position.side,
        contracts=position.contracts,
        cost=position.cost,
        isolated=isolated,
        isolated_wallet=position.isolated_wallet,
        leverage=leverage or own_leverage,
        mark=floor.mark(listing),
        orders=tuple(
            Resting(side=order.side, quantity=order.remaining, price=order.price)
            for order in orders
            if order.position_side is position.side and not reduces(order)
        ),
        update_ms=position.update_ms,
    )


def summary_of(floor: Floor, state: AccountState, asset: str) -> MarginSummary:
    """The account's margin figures as they are."""
    wallet = floor.ledger.balance(state.key, FUTURES_WALLET, asset)
    return summarize(asset, wallet, lines_of(floor, state, asset))


def positions_of(floor: Floor, state: AccountState) -> Sequence[Position]:
    """Positions and flat rows of perpetuals that have settings of their own or open orders."""
    return [
        _view(line, liquidation_price(*_backing(floor, state, line, lines)))
        for asset in settle_assets(floor)
        for lines in [lines_of(floor, state, asset)]
        for line in lines
        if line.contracts or line.orders or line.listing.symbol in state.futures_settings
    ]


def _backing(floor: Floor, state: AccountState, line: Line, lines: Sequence[Line]) -> tuple[Decimal, Sequence[Line]]:
    """What stands behind a position, and the positions that share its liquidation price."""
    if line.isolated:
        return line.isolated_wallet, [line]
    asset = line.listing.settle
    cross_wallet = summarize(asset, floor.ledger.balance(state.key, FUTURES_WALLET, asset), lines).cross_wallet
    cross = [other for other in lines if not other.isolated]
    others = (other.unrealized - other.maintenance for other in cross if other.listing != line.listing)
    return cross_wallet + sum(others, ZERO), [other for other in cross if other.listing == line.listing]


def _view(line: Line, liquidation: Decimal | None) -> Position:
    size = line.listing.notional(line.contracts, Decimal(1))
    return Position(
        symbol=line.listing.symbol,
        side=line.side,
        settle=line.listing.settle,
        contracts=line.contracts,
        entry_price=line.cost / size if size else ZERO,
        mark_price=line.mark,
        isolated=line.isolated,
        isolated_wallet=line.isolated_wallet,
        leverage=line.leverage,
        notional=line.notional,
        unrealized=line.unrealized,
        maintenance_margin=line.maintenance,
        initial_margin=line.initial,
        order_margin=line.order_initial,
        liquidation_price=liquidation if line.contracts else None,
        update_ms=line.update_ms,
    )


def balance_of(floor: Floor, state: AccountState, wallet: str, asset: str) -> Balance:
    """Free and locked of one asset in one wallet; see `Account.balance`."""
    total = floor.ledger.balance(state.key, wallet, asset)
    if wallet == FUTURES_WALLET and asset in settle_assets(floor):
        free = summary_of(floor, state, asset).withdrawable
        return Balance(free=free, locked=total - free)
    locked = locked_in_orders(floor, state.open_orders(), asset) if wallet == SPOT_WALLET else ZERO
    return Balance(free=total - locked, locked=locked)


def locked_in_orders(floor: Floor, orders: Iterable[Order], asset: str) -> Decimal:
    """What spot orders need of an asset: a buy its quote, a sell its base."""
    locked = ZERO
    for order in orders:
        listing = floor.listings[order.listing_key]
        if listing.market is not MarketType.SPOT:
            continue
        if order.side is Side.BUY and listing.quote == asset:
            locked += booked(listing.notional(order.remaining, order.price))
        elif order.side is Side.SELL and listing.base == asset:
            locked += order.remaining
    return locked
