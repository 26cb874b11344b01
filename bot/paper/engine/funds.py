"""Whether an account can carry a new order. Changes nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from bot.domain.numbers import ZERO
from bot.paper.engine.exposures import FUTURES_WALLET, SPOT_WALLET, balance_of, lines_of, locked_in_orders
from bot.paper.engine.floor import Floor
from bot.paper.engine.ledger import booked, booked_down
from bot.paper.engine.margin import notional_max, summarize
from bot.paper.engine.matching import Plan
from bot.paper.engine.model import (
    Listing,
    MarketType,
    Order,
    Refusal,
    RefusalCode,
    Side,
)
from bot.paper.engine.positions import Fill, apply_fill
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
        _check_linear(floor, state, listing, order, what, rest)


def _check_spot(floor: Floor, state: AccountState, listing: Listing, order: Order, what: Plan, rest: Decimal) -> None:
    if order.side is Side.SELL:
        asset, needed = listing.base, what.filled + rest
    else:
        takes = sum((booked(listing.notional(take.quantity, take.price)) for take in what.takes), ZERO)
        asset, needed = listing.quote, takes + booked(listing.notional(rest, order.price))
    freed = locked_in_orders(floor, what.own, asset)
    free = balance_of(floor, state, SPOT_WALLET, asset).free + freed
    if needed > free:
        raise Refusal(RefusalCode.INSUFFICIENT_BALANCE, f"{needed} {asset} needed, {free} free")


def _check_linear(floor: Floor, state: AccountState, listing: Listing, order: Order, what: Plan, rest: Decimal) -> None:
    """An order that only shrinks the position is always carried; any other must leave headroom."""
    key = (listing.symbol, order.position_side)
    before = state.position(*key)
    if abs(before.contracts) >= what.filled + rest and before.contracts * order.side.sign < 0:
        return
    leverage, isolated = state.settings(listing.symbol)
    after, realized, fees = before, ZERO, ZERO
    for take in what.takes:
        quote = booked(listing.notional(take.quantity, take.price))
        change = Fill(side=order.side, quantity=take.quantity, quote=quote, time_ms=floor.now())
        after, gained = apply_fill(after, change, leverage=leverage, isolated=isolated)
        realized += gained
        fees += booked_down(quote * listing.taker_fee)
    orders = [o for o in state.open_orders() if o not in what.own]
    _check_size(floor, listing, order, after.contracts + order.side.sign * rest, leverage, orders)
    if rest:
        orders.append(replace(order, quantity=rest))
    lines = lines_of(floor, state, listing.settle, positions={**state.positions, key: after}, orders=orders)
    wallet = floor.ledger.balance(state.key, FUTURES_WALLET, listing.settle) + realized - fees
    summary = summarize(listing.settle, wallet, lines)
    headroom = summary.isolated_headroom if isolated else summary.headroom
    if headroom < 0:
        raise Refusal(RefusalCode.INSUFFICIENT_MARGIN, f"{-headroom} {listing.settle} missing")


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
