"""Whether an account can carry a new order. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from bot.domain.numbers import ZERO
from bot.paper.engine.exposures import balance_of, lines_of, locked_in_orders, needed_by, pays_with, summary_of
from bot.paper.engine.floor import Floor
from bot.paper.engine.ledger import booked_down
from bot.paper.engine.margin import Line, notional_max
from bot.paper.engine.matching import Plan
from bot.paper.engine.model import (
    Listing,
    MarketType,
    Order,
    OrderKind,
    Refusal,
    RefusalCode,
)
from bot.paper.engine.positions import apply_fill, fill_of
from bot.paper.engine.state import AccountState, reduces


def check(floor: Floor, state: AccountState, listing: Listing, order: Order, what: Plan, *, rests: bool) -> None:
    """Refuse an order that the account can't pay or margin, counting what fills at once and what then rests.

    Raises:
        Refusal: insufficient-balance (spot), insufficient-margin, max-position (perpetuals).
    """
    rest = order.quantity - what.filled if rests else ZERO
    if listing.market is MarketType.SPOT:
        _check_spot(floor, state, listing, order, what, rest)
    elif not reduces(order):
        _check_perpetual(floor, state, listing, order, what, rest)


def _check_spot(floor: Floor, state: AccountState, listing: Listing, order: Order, what: Plan, rest: Decimal) -> None:
    asset = pays_with(listing, order.side)
    parts = [*((take.quantity, take.price) for take in what.takes), (rest, order.price)]
    needed = sum(
        (needed_by(floor, state, listing, order.side, quantity, price) for quantity, price in parts if quantity), ZERO
    )
    freed = locked_in_orders(floor, state, what.own, asset)
    free = balance_of(floor, state, floor.layout.spot, asset).free + freed
    if needed > free:
        raise Refusal(RefusalCode.INSUFFICIENT_BALANCE, f"{needed} {asset} needed, {free} free")


def _check_perpetual(
    floor: Floor, state: AccountState, listing: Listing, order: Order, what: Plan, rest: Decimal
) -> None:
    """An order that only shrinks the position is always carried; any other must leave headroom."""
    key = (listing.symbol, order.position_side)
    before = state.position(*key)
    if abs(before.contracts) >= what.filled + rest and before.contracts * order.side.sign < 0:
        return
    pool = floor.pool(listing)
    leverage, isolated = state.settings(listing.symbol)
    after, realized, fees = before, ZERO, ZERO
    for take in what.takes:
        change = fill_of(listing, order.side, take.quantity, take.price, floor.now())
        after, gained = apply_fill(after, change, leverage=leverage, isolated=isolated)
        realized += gained
        fees += booked_down(abs(change.value) * listing.taker_fee)
    others = [o for o in state.open_orders() if o not in what.own]
    _check_size(floor, listing, order, after.contracts + order.side.sign * rest, leverage, others)

    def require(lines: Sequence[Line], paid: Decimal) -> None:
        summary = summary_of(floor, state, pool, lines=lines, paid=paid, orders=others)
        headroom = summary.isolated_headroom if isolated else summary.headroom
        if headroom < 0:
            raise Refusal(RefusalCode.INSUFFICIENT_MARGIN, f"{-headroom} {listing.settle} missing")

    if order.kind is OrderKind.LIMIT:
        # A venue margins a limit order at its limit, "open loss" and all, before it looks at the book (R15).
        require(lines_of(floor, state, pool, orders=[*others, order]), ZERO)
    resting = [*others, replace(order, quantity=rest)] if rest else others
    positions = {**state.positions, key: after}
    require(lines_of(floor, state, pool, positions=positions, orders=resting), fees - realized)


def _check_size(
    floor: Floor, listing: Listing, order: Order, contracts: Decimal, leverage: int, orders: list[Order]
) -> None:
    """Position and resting orders of one direction may not exceed what the leverage allows."""
    resting = sum(
        (
            other.remaining
            for other in orders
            if other.listing_key == listing.key
            and other.side is order.side
            and other.position_side is order.position_side
            and not reduces(other)
        ),
        ZERO,
    )
    notional = listing.notional(abs(contracts + order.side.sign * resting), floor.mark(listing))
    most = notional_max(listing.brackets, leverage)
    if notional > most:
        raise Refusal(RefusalCode.MAX_POSITION, f"notional {notional} is above {most} at leverage {leverage}")
