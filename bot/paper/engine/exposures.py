"""From what is remembered of an account to its margin figures, as it is or as it would be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial

from bot.domain.numbers import ZERO
from bot.paper.engine.floor import Floor, Pool
from bot.paper.engine.ledger import booked_down, booked_up
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

Positions = Mapping[tuple[str, PositionSide], PositionState]


def pool_of(floor: Floor, asset: str, market: MarketType | None) -> Pool:
    """The margin pool of an asset: of a kind of perpetuals, or of the kind that settles in it."""
    if market is None:
        market = next((pool_market for pool_market in _settling(floor, asset)), MarketType.LINEAR)
    return Pool(wallet=floor.layout.margin[market], asset=asset)


def _settling(floor: Floor, asset: str) -> Iterable[MarketType]:
    return (x.market for x in floor.listings.values() if x.market.perpetual and x.settle == asset)


def lines_of(
    floor: Floor,
    state: AccountState,
    pool: Pool,
    *,
    positions: Positions | None = None,
    orders: Iterable[Order] | None = None,
    leverages: Mapping[str, int] | None = None,
) -> Sequence[Line]:
    """Every perpetual of a margin pool that the account has a position, orders or settings in.

    Args:
        floor: markets and prices.
        state: the account.
        pool: what margins them.
        positions: instead of the account's own, to see what would be.
        orders: instead of the account's open orders.
        leverages: by symbol, instead of the account's own.
    """
    if positions is None and orders is None and leverages is None:
        as_it_is = partial(_lines, floor, state, pool, state.positions, state.open_orders(), {})
        return floor.kept(("lines", state.key, pool), as_it_is)
    held = state.positions if positions is None else positions
    resting = state.open_orders() if orders is None else list(orders)
    return _lines(floor, state, pool, held, resting, leverages or {})


def _lines(
    floor: Floor,
    state: AccountState,
    pool: Pool,
    held: Positions,
    resting: Sequence[Order],
    leverages: Mapping[str, int],
) -> Sequence[Line]:
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
            leverages.get(listing.symbol),
        )
        for listing in floor.listings.values()
        if listing.symbol in touched and listing.market.perpetual and floor.pool(listing) == pool
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


def summary_of(
    floor: Floor,
    state: AccountState,
    pool: Pool,
    *,
    lines: Sequence[Line] | None = None,
    paid: Decimal = ZERO,
    orders: Sequence[Order] | None = None,
) -> MarginSummary:
    """The account's margin figures as they are, or as they would be.

    Args:
        floor: markets, prices and the ledger.
        state: the account.
        pool: what margins together.
        lines: instead of the account's own.
        paid: leaves the wallet first; negative comes in.
        orders: instead of the account's open orders, for what spot orders freeze of a wallet that serves both.
    """
    if lines is None and orders is None and not paid:
        return floor.kept(("summary", state.key, pool), partial(_summary, floor, state, pool, lines, paid, orders))
    return _summary(floor, state, pool, lines, paid, orders)


def _summary(
    floor: Floor,
    state: AccountState,
    pool: Pool,
    lines: Sequence[Line] | None,
    paid: Decimal,
    orders: Sequence[Order] | None,
) -> MarginSummary:
    wallet = floor.ledger.balance(state.key, pool.wallet, pool.asset) - paid
    unified = pool.wallet == floor.layout.spot
    resting = state.open_orders() if orders is None else orders
    frozen = locked_in_orders(floor, state, resting, pool.asset) if unified else ZERO
    return summarize(pool.asset, wallet, lines_of(floor, state, pool) if lines is None else lines, frozen=frozen)


def positions_of(floor: Floor, state: AccountState) -> Sequence[Position]:
    """Positions and flat rows of perpetuals that have settings of their own or open orders."""
    return floor.kept(("positions", state.key), partial(_positions, floor, state))


def _positions(floor: Floor, state: AccountState) -> Sequence[Position]:
    return [
        _view(line, liquidation_price(*_backing(floor, state, line, lines)))
        for pool in floor.pools
        for lines in [lines_of(floor, state, pool)]
        for line in lines
        if line.contracts or line.orders or line.listing.symbol in state.futures_settings
    ]


def _backing(floor: Floor, state: AccountState, line: Line, lines: Sequence[Line]) -> tuple[Decimal, Sequence[Line]]:
    """What stands behind a position, and the positions that share its liquidation price."""
    if line.isolated:
        return line.isolated_wallet, [line]
    cross_wallet = summary_of(floor, state, floor.pool(line.listing), lines=lines).cross_wallet
    cross = [other for other in lines if not other.isolated]
    others = (other.unrealized - other.maintenance for other in cross if other.listing != line.listing)
    return cross_wallet + sum(others, ZERO), [other for other in cross if other.listing == line.listing]


def _view(line: Line, liquidation: Decimal | None) -> Position:
    return Position(
        symbol=line.listing.symbol,
        market=line.listing.market,
        side=line.side,
        settle=line.listing.settle,
        contracts=line.contracts,
        entry_price=line.listing.entry_price(line.contracts, line.cost),
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
    pool = Pool(wallet=wallet, asset=asset)
    if pool in floor.pools:
        free = summary_of(floor, state, pool).withdrawable
        return Balance(free=free, locked=total - free)
    locked = locked_in_orders(floor, state, state.open_orders(), asset) if wallet == floor.layout.spot else ZERO
    return Balance(free=total - locked, locked=locked)


def locked_in_orders(floor: Floor, state: AccountState, orders: Iterable[Order], asset: str) -> Decimal:
    """What spot orders need of an asset."""
    found = ((floor.listings[order.listing_key], order) for order in orders)
    return sum(
        (
            needed_by(floor, state, listing, order.side, order.remaining, order.price)
            for listing, order in found
            if listing.market is MarketType.SPOT and pays_with(listing, order.side) == asset
        ),
        ZERO,
    )


def pays_with(listing: Listing, side: Side) -> str:
    """What a spot order gives."""
    return listing.quote if side is Side.BUY else listing.base


def needed_by(
    floor: Floor, state: AccountState, listing: Listing, side: Side, quantity: Decimal, price: Decimal
) -> Decimal:
    """What a spot order gives for a quantity at a price: a sell its base, a buy its quote and a fee paid in quote."""
    if side is Side.SELL:
        return quantity
    notional = listing.notional(quantity, price)
    fee = booked_down(notional * floor.fees(state, listing)[1]) if floor.layout.fee_in_quote else ZERO
    return booked_up(notional) + fee
