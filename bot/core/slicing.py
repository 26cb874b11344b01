"""How much of what is wanted one order may take, and how far its price may go (R16)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.core import sizing
from bot.core.situation import Situation
from bot.domain.numbers import ZERO, floor_to
from bot.domain.observation import Book
from bot.domain.orders import Side

UNFILLED_TRIES_BEFORE_URGENT: Final = 2
"""R16: after two unfilled tries the collar widens."""


def urgent(situation: Situation) -> bool:
    """Whether the last orders missed the market."""
    return situation.unfilled_tries >= UNFILLED_TRIES_BEFORE_URGENT


def slippage(situation: Situation) -> Decimal:
    """The fraction of the price that the next order may give up."""
    return situation.policy.slippage_urgent if urgent(situation) else situation.policy.slippage


def most_at_once(situation: Situation, book: Book, side: Side, collar: Decimal, mark: Decimal) -> Decimal:
    """The largest single order, by visible depth within the collar, the cap and the venue's maximum."""
    instrument = situation.instrument
    by_cap = situation.policy.caps.order_notional / instrument.notional(Decimal(1), mark)
    most = min(sizing.depth_contracts(book, side, collar), by_cap, instrument.quantity_max)
    return floor_to(most, instrument.quantity_step)


def soon(left_s: Decimal, situation: Situation) -> Decimal | None:
    """Wake up when a wait ends, if that is soon; else the interval does."""
    return max(left_s, ZERO) if left_s <= 2 * situation.policy.timing.confirm_s else None
