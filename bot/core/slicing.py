"""How much of what is wanted one order may take, how far its price may go, and the order itself (R16, R24)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.core import sizing
from bot.core.situation import Situation
from bot.domain.instrument import Instrument
from bot.domain.numbers import ONE, ZERO, floor_to
from bot.domain.observation import Book, Prices
from bot.domain.orders import OrderRequest, Side, TimeInForce
from bot.domain.plan import PlannedOrder
from bot.domain.policy import HedgePolicy

UNFILLED_TRIES_BEFORE_URGENT: Final = 2
"""R16: after two unfilled tries the collar widens."""


def urgent(unfilled_tries: int) -> bool:
    """Whether the last orders missed the market."""
    return unfilled_tries >= UNFILLED_TRIES_BEFORE_URGENT


def slippage(policy: HedgePolicy, unfilled_tries: int) -> Decimal:
    """The fraction of the price that the next order may give up."""
    return policy.slippage_urgent if urgent(unfilled_tries) else policy.slippage


def most_at_once(
    policy: HedgePolicy, instrument: Instrument, book: Book, side: Side, collar: Decimal, mark: Decimal
) -> Decimal:
    """The largest single order, by visible depth within the collar, the cap and the venue's maximum."""
    by_cap = policy.caps.order_notional / instrument.notional(ONE, mark)
    most = min(sizing.depth_contracts(book, side, collar), by_cap, instrument.quantity_max)
    return floor_to(most, instrument.quantity_step)


def at_once(
    instrument: Instrument, side: Side, contracts: Decimal, collar: Decimal, mark: Decimal, *, hedged: bool
) -> PlannedOrder:
    """An order that fills at once within its collar, or not at all; reduce-only whenever it buys (R24)."""
    return PlannedOrder(
        request=OrderRequest(
            venue=instrument.venue,
            symbol=instrument.symbol,
            side=side,
            contracts=contracts,
            price=collar,
            time_in_force=TimeInForce.IOC,
            reduce_only=side is Side.BUY,
            hedged=hedged,
        ),
        coins=instrument.coins(contracts, mark),
        notional=instrument.notional(contracts, mark),
        fee_estimate=instrument.notional(contracts, collar) * instrument.taker_fee,
    )


def buy_back(
    policy: HedgePolicy,
    instrument: Instrument,
    prices: Prices,
    book: Book,
    mark: Decimal,
    wanted: Decimal,
    *,
    unfilled_tries: int,
    hedged: bool,
) -> PlannedOrder | str:
    """One order that buys back as much of the short as can be at once; or why the venue would not take it.

    Args:
        policy: its slippage and caps.
        instrument: what the short is in.
        prices: for the collar.
        book: as visible.
        mark: that is believed (R12).
        wanted: contracts, at most.
        unfilled_tries: orders that missed the market before.
        hedged: the account is in hedge position mode.
    """
    collar = sizing.collar(Side.BUY, prices, instrument, slippage(policy, unfilled_tries))
    most = most_at_once(policy, instrument, book, Side.BUY, collar, mark)
    contracts = floor_to(min(wanted, most), instrument.quantity_step)
    too_small = sizing.enough(instrument, contracts, collar, reduce_only=True)
    return too_small or at_once(instrument, Side.BUY, contracts, collar, mark, hedged=hedged)


def soon(left_s: Decimal, situation: Situation) -> Decimal | None:
    """Wake up when a wait ends, if that is soon; else the interval does."""
    return max(left_s, ZERO) if left_s <= 2 * situation.policy.timing.confirm_s else None
