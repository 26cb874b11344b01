"""Leverage, margin mode, position mode, and the margin of isolated positions."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from bot.paper.engine.exposures import lines_of, summary_of
from bot.paper.engine.floor import Floor
from bot.paper.engine.ledger import booked
from bot.paper.engine.margin import notional_max
from bot.paper.engine.model import (
    MarketType,
    PositionSide,
    Refusal,
    RefusalCode,
)
from bot.paper.engine.state import AccountState

FEE_MAX: Final = Decimal("0.1")
"""A rate from here on is a percentage that somebody took for a fraction."""


def set_leverage(floor: Floor, state: AccountState, symbol: str, leverage: int) -> None:
    """See `Exchange.set_leverage`."""
    listing = floor.perpetual(symbol)
    current, isolated = state.settings(symbol)
    if not 1 <= leverage <= listing.brackets[0].max_leverage:
        raise Refusal(RefusalCode.BAD_LEVERAGE, f"{leverage}")
    held = [position for position in state.open_positions() if position.symbol == symbol]
    if held and isolated and leverage < current:
        raise Refusal(RefusalCode.LEVERAGE_REDUCTION, f"from {current} to {leverage}")
    largest = max((abs(listing.notional(p.contracts, floor.mark(listing))) for p in held), default=Decimal(0))
    if largest > notional_max(listing.brackets, leverage):
        raise Refusal(RefusalCode.MAX_POSITION, f"notional {largest} at leverage {leverage}")
    pool = floor.pool(listing)
    lines = lines_of(floor, state, pool, leverages={symbol: leverage})
    if leverage < current and summary_of(floor, state, pool, lines=lines).headroom < 0:
        raise Refusal(RefusalCode.INSUFFICIENT_MARGIN, f"at leverage {leverage}")
    state.futures_settings[symbol] = (leverage, isolated)
    state.silent_changes += 1


def set_margin_mode(floor: Floor, state: AccountState, symbol: str, *, isolated: bool) -> None:
    """See `Exchange.set_margin_mode`."""
    listing = floor.perpetual(symbol)
    leverage, current = state.settings(symbol)
    if isolated and state.multi_assets:
        raise Refusal(RefusalCode.MULTI_ASSETS, symbol)
    if isolated is current:
        raise Refusal(RefusalCode.NO_CHANGE, symbol)
    if any(order.listing_key == listing.key for order in state.open_orders()):
        raise Refusal(RefusalCode.HAS_ORDERS, symbol)
    if any(position.symbol == symbol for position in state.open_positions()):
        raise Refusal(RefusalCode.HAS_POSITION, symbol)
    state.futures_settings[symbol] = (leverage, isolated)
    state.silent_changes += 1


def set_hedged(floor: Floor, state: AccountState, *, hedged: bool) -> None:
    """See `Exchange.set_hedged`."""
    if hedged is state.hedged:
        raise Refusal(RefusalCode.NO_CHANGE)
    if any(floor.listings[order.listing_key].market.perpetual for order in state.open_orders()):
        raise Refusal(RefusalCode.HAS_ORDERS)
    if state.open_positions():
        raise Refusal(RefusalCode.HAS_POSITION)
    state.hedged = hedged
    state.silent_changes += 1


def set_multi_assets(state: AccountState, *, multi_assets: bool) -> None:
    """See `Exchange.set_multi_assets`."""
    if multi_assets is state.multi_assets:
        raise Refusal(RefusalCode.NO_CHANGE)
    isolated = [symbol for symbol, (_, isolated) in state.futures_settings.items() if isolated]
    if multi_assets and isolated:
        raise Refusal(RefusalCode.MULTI_ASSETS, f"isolated: {', '.join(isolated)}")
    state.multi_assets = multi_assets
    state.silent_changes += 1


def add_margin(floor: Floor, state: AccountState, symbol: str, side: PositionSide, amount: Decimal) -> None:
    """See `Exchange.add_margin`."""
    listing = floor.perpetual(symbol)
    if state.hedged is (side is PositionSide.BOTH):
        raise Refusal(RefusalCode.POSITION_SIDE_MISMATCH, side)
    if not amount.is_finite() or amount == 0 or booked(amount) != amount:
        raise Refusal(RefusalCode.BAD_AMOUNT, f"{amount}")
    _, isolated = state.settings(symbol)
    if not isolated:
        raise Refusal(RefusalCode.NOT_ISOLATED, symbol)
    position = state.position(symbol, side)
    if not position.contracts:
        raise Refusal(RefusalCode.NO_POSITION, symbol)
    pool = floor.pool(listing)
    if amount > summary_of(floor, state, pool).withdrawable:
        raise Refusal(RefusalCode.INSUFFICIENT_BALANCE, f"{amount} {listing.settle}")
    after = replace(position, isolated_wallet=position.isolated_wallet + amount)
    if amount < 0:
        changed = {**state.positions, (symbol, side): after}
        lines = lines_of(floor, state, pool, positions=changed)
        line = next(line for line in lines if line.listing is listing and line.side is side)
        if line.isolated_wallet + min(line.unrealized, Decimal(0)) < line.initial:
            raise Refusal(RefusalCode.INSUFFICIENT_MARGIN, f"{line.initial} {listing.settle} must stay")
    state.hold(after, floor.now())


def set_spot_fee(floor: Floor, state: AccountState | None, rate: Decimal) -> None:
    """See `Board.set_spot_fee`."""
    if not rate.is_finite() or not 0 <= rate < FEE_MAX:
        raise Refusal(RefusalCode.BAD_AMOUNT, f"{rate}")
    if state is not None:
        state.spot_taker_fee = rate
        state.silent_changes += 1
        return
    for listing in [listing for listing in floor.listings.values() if listing.market is MarketType.SPOT]:
        floor.relist(replace(listing, taker_fee=rate, maker_fee=min(listing.maker_fee, rate)))


def set_account_mode(state: AccountState, mode: int) -> None:
    """See `Exchange.set_account_mode`."""
    if mode == state.account_mode:
        return
    if state.open_ids:
        raise Refusal(RefusalCode.HAS_ORDERS)
    if state.open_positions():
        raise Refusal(RefusalCode.HAS_POSITION)
    state.account_mode = mode
    state.silent_changes += 1
