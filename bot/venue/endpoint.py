"""One request of a venue, as data: what it is called, what it is for, what it costs."""

from __future__ import annotations

from dataclasses import dataclass

from bot.venue.throttle import Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One request: ccxt's implicit method, what it is for, what it costs by the venue's own weights."""

    method: str
    operation: str
    cost: Cost


def at(family: str, method: str, operation: str, weight: int = 1) -> Endpoint:
    """A request whose cost counts in the one window of its family."""
    return Endpoint(method=method, operation=operation, cost=Cost(family=family, units={family: weight}))
