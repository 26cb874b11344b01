"""Finds out what became of the orders of cross-exchange trades, on all venues at once (R20 to R23)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from structlog.typing import FilteringBoundLogger

from bot import logs
from bot.domain.errors import InvariantBroken, VenueFault
from bot.domain.ids import ClientOrderId, VenueName
from bot.domain.intent import IntentState
from bot.domain.orders import Found, OrderStatus
from bot.domain.pair import PairPlace
from bot.ports import Clock, Journal
from bot.runtime.pair_legs import PairLegs
from bot.runtime.pair_look import PairVenue
from bot.runtime.resolver import Resolver

LOOK_UP_S: Final = 8.0
"""What finding out on one venue may take in one turn."""
ENDED_MS: Final = 5_000
TRADES_S: Final = 1.0
"""So shortly after an order ended its trades are waited for no longer: a leg may be open, and its fill is known."""
LATE_MS: Final = 3_600_000
"""For so long after the proof of its absence an order is looked for once more."""
LATE_AGAIN_MS: Final = 60_000


class PairProof:
    """One for each cross-exchange hedge.

    Args:
        places: its markets, each with the resolver of its orders.
    """

    def __init__(
        self,
        *,
        places: Sequence[tuple[PairPlace, PairVenue, Resolver]],
        legs: PairLegs,
        journal: Journal,
        clock: Clock,
        logger: FilteringBoundLogger,
    ) -> None:
        self._places = places
        self._legs = legs
        self._journal = journal
        self._clock = clock
        self._log = logger
        self._looked_ms: dict[ClientOrderId, int] = {}
        self._told: set[ClientOrderId] = set()

    async def resolve(self) -> Mapping[VenueName, str]:
        """Ask for every order whose end, or whose trades, are not known.

        Returns:
            For each venue on which something is still open: what.

        Raises:
            InvariantBroken: a venue contradicts what is known of an order; every venue was asked all the same.
            JournalFault: what was learnt could not be recorded.
        """
        said = await asyncio.gather(*(self._one(*place) for place in self._places), return_exceptions=True)
        found = zip(self._places, settled_all(said), strict=True)
        return {place.venue: why for (place, _, _), why in found if why}

    async def cancel_resting(self, *, look: bool) -> None:
        """See `Resolver.cancel_resting`."""
        await asyncio.gather(*(resolver.cancel_resting(look=look) for _, _, resolver in self._places))

    async def _one(self, place: PairPlace, venue: PairVenue, resolver: Resolver) -> str:
        try:
            async with asyncio.timeout(LOOK_UP_S):
                if resolver.unfinished():
                    resolver.begin()
                    await resolver.resolve_all(None)
                    await self._settle(resolver)
                await self._look_for_late_ones(place, venue)
        except TimeoutError:
            return f"{place.venue} did not say what became of an order within {LOOK_UP_S:g} s"
        except VenueFault as fault:
            return f"{place.venue} could not be asked what became of an order: {fault.message}"
        left = resolver.unfinished()
        return f"order {left[0].intent.client_id} is not accounted for" if left else ""

    async def _settle(self, resolver: Resolver) -> None:
        """Find the trades of orders that have ended. Raises VenueFault, JournalFault."""
        for record in resolver.unfinished():
            if record.state.terminal and not record.settled:
                lately = self._clock.now_ms() - record.updated_ms < ENDED_MS
                try:
                    async with asyncio.timeout(TRADES_S if lately else LOOK_UP_S):
                        await self._legs.settle(record)
                except TimeoutError:
                    return  # the order is not accounted for; the next turn asks again

    async def _look_for_late_ones(self, place: PairPlace, venue: PairVenue) -> None:
        """An order that was proven absent must stay so. Raises InvariantBroken when it has an effect after all."""
        now_ms = self._clock.now_ms()
        for record in self._journal.recent(place.venue, place.symbol, now_ms - LATE_MS):
            client_id = record.intent.client_id
            if record.state is not IntentState.NO_EFFECT_PROVEN or client_id in self._told:
                continue
            if now_ms - self._looked_ms.get(client_id, record.updated_ms) < LATE_AGAIN_MS:
                continue
            lookup = await venue.find_order(place.symbol, client_id)
            self._looked_ms[client_id] = now_ms
            if isinstance(lookup, Found) and lookup.report.status is not OrderStatus.REJECTED:
                self._told.add(client_id)  # once: after `resume` a person has looked
                self._log.error(logs.ORDER_RESOLVED, client_id=client_id, state=lookup.report.status)
                raise InvariantBroken(
                    f"order {client_id} on {place.venue} was proven absent and is there after all, "
                    f"with {lookup.report.filled} filled: look at both venues and even them out by hand"
                )


def settled_all(said: Sequence[str | BaseException]) -> Sequence[str]:
    """What every venue said.

    Raises:
        InvariantBroken: some venue contradicts itself. It comes first: it is told once, while other faults are met
            again in the next turn.
        BaseException: the first other one.
    """
    broken = [each.message for each in said if isinstance(each, InvariantBroken)]
    if broken:
        raise InvariantBroken("; ".join(broken))
    for each in said:
        if isinstance(each, BaseException):
            raise each
    return [each for each in said if isinstance(each, str)]
