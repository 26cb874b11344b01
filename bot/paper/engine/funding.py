"""Funding: what longs and shorts pay each other through the house."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from bot.paper.engine import liquidation
from bot.paper.engine.floor import FUNDING_INTERVAL_MS, Floor
from bot.paper.engine.ledger import Cause
from bot.paper.engine.model import FundingRecord, Listing, RowKind
from bot.paper.engine.state import AccountState


def settle_due(floor: Floor) -> None:
    """Settle every 8-hour boundary that has passed, each in its own name and at the price of now; if so agreed."""
    if not floor.funding_follows_clock or floor.now() < floor.funding_due_ms:
        return
    assets = dict.fromkeys(listing.asset for listing in floor.listings.values() if listing.market.perpetual)
    while floor.funding_due_ms <= floor.now():
        time_ms = floor.funding_due_ms
        floor.funding_due_ms += FUNDING_INTERVAL_MS
        for asset in assets:
            settle(floor, asset, floor.funding_rate(asset), time_ms)
        liquidation.sweep(floor)


def settle(floor: Floor, asset: str, rate: Decimal, time_ms: int) -> None:
    """Pay once on every perpetual of an asset, in settle: a short receives notional x rate when that is positive."""
    for listing in floor.listings_of(asset):
        if not listing.market.perpetual:
            continue
        mark = floor.mark(listing)
        floor.funding_records.append(FundingRecord(symbol=listing.symbol, time_ms=time_ms, rate=rate, mark_price=mark))
        for state in floor.states.values():
            _settle_account(floor, state, listing, rate, time_ms)


def _settle_account(floor: Floor, state: AccountState, listing: Listing, rate: Decimal, time_ms: int) -> None:
    """Payments of isolated positions go through their own margin."""
    _, isolated = state.settings(listing.symbol)
    cause = Cause(
        time_ms=time_ms,
        kind=RowKind.FUNDING_FEE,
        symbol=listing.symbol,
        reference=f"{listing.symbol}-{time_ms}",
    )
    for position in state.open_positions():
        if position.symbol != listing.symbol:
            continue
        amount = -listing.notional(position.contracts, floor.mark(listing)) * rate
        paid = floor.ledger.pay(state.key, floor.pool(listing).wallet, listing.settle, amount, cause)
        if isolated:
            state.hold(replace(position, isolated_wallet=position.isolated_wallet + paid), time_ms)
