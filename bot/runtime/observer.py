"""Reads all venues once a turn, with a constant number of calls however many hedges share them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from bot.domain.ids import Asset, Symbol, VenueName
from bot.domain.observation import Holding, Source, Stamp, Unknown, VenueObservation, Wanted
from bot.domain.policy import HedgePolicy, HoldingSpec
from bot.ports import Venue


class Observer:
    """Knows what the hedges need, asks each venue for it in one reading, and picks out each hedge's part."""

    def __init__(self, venues: Mapping[VenueName, Venue], policies: Sequence[HedgePolicy]) -> None:
        self._venues = venues
        self._policies = policies

    async def observe(self, closely: Collection[Symbol]) -> dict[VenueName, VenueObservation]:
        """Read every venue, all at once.

        Args:
            closely: perpetuals about to be traded: their order book and configuration are read too.
        """
        names = list(self._venues)
        readings = await asyncio.gather(
            *(self._venues[name].observe(wanted(name, self._policies, closely)) for name in names)
        )
        return dict(zip(names, readings, strict=True))


def wanted(venue: VenueName, policies: Sequence[HedgePolicy], closely: Collection[Symbol]) -> Wanted:
    """What one reading of a venue must hold for all hedges together."""
    symbols = frozenset(policy.symbol for policy in policies if policy.venue == venue)
    close = symbols & frozenset(closely)
    return Wanted(
        spot=_assets(venue, policies, Source.SPOT),
        earn=_assets(venue, policies, Source.EARN),
        symbols=symbols,
        books=close,
        configs=close,
    )


def _assets(venue: VenueName, policies: Sequence[HedgePolicy], source: Source) -> frozenset[Asset]:
    return frozenset(
        policy.asset for policy in policies for spec in policy.holdings if spec.source is source and spec.venue == venue
    )


def holdings_of(
    policy: HedgePolicy, observations: Mapping[VenueName, VenueObservation], now_ms: int
) -> tuple[Holding | Unknown, ...]:
    """The holdings of one hedge, one for each source it names, in the order of the settings."""
    return tuple(_holding(spec, policy.asset, observations, now_ms) for spec in policy.holdings)


def _holding(
    spec: HoldingSpec, asset: Asset, observations: Mapping[VenueName, VenueObservation], now_ms: int
) -> Holding | Unknown:
    if spec.amount is not None:
        stamp = Stamp(sent_ms=now_ms, answered_ms=now_ms)  # a number in the settings is as fresh as the process
        return Holding(
            source=spec.source, venue=None, asset=asset, quantity=spec.amount, principal=spec.amount, stamp=stamp
        )
    what = f"{spec.source} {asset} on {spec.venue}"
    observed = observations.get(spec.venue) if spec.venue is not None else None
    holding = observed.holdings.get((spec.source, asset)) if observed is not None else None
    if holding is None:
        holding = Unknown(what=what, reason="it was not read")
    if isinstance(holding, Unknown):
        return replace(holding, source=spec.source, venue=spec.venue)
    return holding
