"""What became of an order that was just sent: by its answer, or by asking for it while the answer is late (R20)."""

from __future__ import annotations

import asyncio
from typing import Final

from bot.domain.orders import Acked, Found, OrderStatus, SendOutcome
from bot.ports import Clock, OrderTicket, Venue

ASK_AFTER_S: Final = 1.0
"""An order without an answer is asked for after so long, and so long after each time that it was not found."""
_ENDED: Final = frozenset({OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.EXPIRED})


async def answer_of(venue: Venue, ticket: OrderTicket, clock: Clock) -> SendOutcome:
    """Send one order, once, and say what the venue made of it, by whichever comes first.

    Only that it has ended is as good as its answer. One that is not found may be on its way still: no time decides.
    """
    told: list[SendOutcome] = []

    async def ask() -> None:
        told.append(await _ended(venue, ticket, clock))
        sending.cancel()

    async def send() -> None:
        told.append(await venue.place(ticket))
        asking.cancel()

    async with asyncio.TaskGroup() as group:
        asking = group.create_task(ask())
        sending = group.create_task(send())
    return told[0]


async def _ended(venue: Venue, ticket: OrderTicket, clock: Clock) -> SendOutcome:
    while True:
        await clock.sleep(ASK_AFTER_S)
        lookup = await venue.find_order(ticket.request.symbol, ticket.client_id)
        if isinstance(lookup, Found) and lookup.report.status in _ENDED:
            return Acked(report=lookup.report)
