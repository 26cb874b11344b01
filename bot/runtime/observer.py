"""Reads all venues once a turn, with a constant number of calls however many hedges share them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from bot.domain.errors import ConfigFault
from bot.domain.ids import Asset, Symbol, VenueName
from bot.domain.numbers import ZERO, plain
from bot.domain.observation import Holding, Source, Stamp, Unknown, VenueObservation, Wanted
from bot.domain.policy import HedgePolicy, HoldingSpec
from bot.ports import FeedReading, Feeds, Venue

DEADLINE_S: Final = 10.0
AGE_SHARE: Final = 2 / 3
"""Of the age at which a reading says nothing any more; the rest is for what is decided on it."""


class Observer:
    """Knows what the hedges need, asks each venue for it in one reading, and picks out each hedge's part.

    Raises:
        ConfigFault: a hedge would count the coins of a unified account twice.
    """

    def __init__(self, venues: Mapping[VenueName, Venue], policies: Sequence[HedgePolicy]) -> None:
        for policy in policies:
            _refuse_twice(policy, venues)
        self._venues = venues
        self._policies = policies

    async def observe(self, closely: Collection[Symbol]) -> dict[VenueName, VenueObservation]:
        """Read every venue that a hedge names, all at once; one that is slow must not hold up the others.

        Args:
            closely: perpetuals about to be traded: their order book and configuration are read too.
        """
        names = [name for name in self._venues if _users(name, self._policies)]
        readings = await asyncio.gather(*(self._read(name, wanted(name, self._policies, closely)) for name in names))
        return dict(zip(names, readings, strict=True))

    async def _read(self, name: VenueName, asked: Wanted) -> VenueObservation:
        limit_s = deadline_s(name, self._policies)
        venue, began_ms = self._venues[name], self._venues[name].now_ms()
        try:
            async with asyncio.timeout(limit_s):
                return await venue.observe(asked)
        except TimeoutError:
            # Venue time, which is ours to a second (R21).
            reason = f"{name} did not answer within {limit_s:g} s"
            return _nothing(name, asked, Stamp(sent_ms=began_ms, answered_ms=venue.now_ms()), reason)


def deadline_s(venue: VenueName, policies: Sequence[HedgePolicy]) -> float:
    """How long a reading of a venue may take, in seconds: what comes later is too old for some hedge on it."""
    ages = [policy.timing.age_max_s for policy in _users(venue, policies)]
    return min(DEADLINE_S, *(float(age) * AGE_SHARE for age in ages))


def _users(venue: VenueName, policies: Sequence[HedgePolicy]) -> list[HedgePolicy]:
    """Hedges whose short or coins are there."""
    return [
        policy for policy in policies if policy.venue == venue or any(spec.venue == venue for spec in policy.holdings)
    ]


def _nothing(venue: VenueName, asked: Wanted, stamp: Stamp, reason: str) -> VenueObservation:
    """A reading from which nothing could be learnt (R8)."""
    coins = {
        Source.SPOT: asked.spot,
        Source.EARN: asked.earn,
        Source.MARGIN: asked.margin,
        Source.TRANSIT: asked.transit,
    }
    holdings: dict[tuple[Source, Asset], Holding | Unknown] = {
        (source, asset): Unknown(what=f"{source} {asset}", reason=reason, source=source, venue=venue)
        for source, assets in coins.items()
        for asset in assets
    }

    def unknown(what: str, symbols: Collection[Symbol]) -> dict[Symbol, Unknown]:
        return {symbol: Unknown(what=f"{what} {symbol}", reason=reason) for symbol in symbols}

    return VenueObservation(
        venue=venue,
        stamp=stamp,
        holdings=holdings,
        positions=unknown("position", asked.symbols),
        prices=unknown("prices", asked.symbols),
        margins=unknown("margin", asked.symbols),
        configs=unknown("configuration", asked.configs),
    )


def wanted(venue: VenueName, policies: Sequence[HedgePolicy], closely: Collection[Symbol]) -> Wanted:
    """What one reading of a venue must hold for all hedges together.

    A record of coins on their way is either overdue for all of them or for none: the longest patience decides, as coins
    that are dropped too soon are unhedged while they are still owned.
    """
    symbols = frozenset(policy.symbol for policy in policies if policy.venue == venue)
    close = symbols & frozenset(closely)
    waits = [
        policy.timing.transit_max_s
        for policy in policies
        if any(spec.source is Source.TRANSIT and spec.venue == venue for spec in policy.holdings)
    ]
    return Wanted(
        spot=_assets(venue, policies, Source.SPOT),
        earn=_assets(venue, policies, Source.EARN),
        margin=_assets(venue, policies, Source.MARGIN),
        transit=_assets(venue, policies, Source.TRANSIT),
        transit_max_ms=int(max(waits, default=ZERO) * 1000),
        symbols=symbols,
        books=close,
        configs=close,
    )


def _assets(venue: VenueName, policies: Sequence[HedgePolicy], source: Source) -> frozenset[Asset]:
    return frozenset(
        spec.token or policy.asset
        for policy in policies
        for spec in policy.holdings
        if spec.source is source and spec.venue == venue
    )


def holdings_of(
    policy: HedgePolicy,
    observations: Mapping[VenueName, VenueObservation],
    feeds: Feeds | None,
    now_ms: int,
) -> tuple[Holding | Unknown, ...]:
    """The holdings of one hedge, one for each source it names, in the order of the settings."""
    return tuple(_holding(spec, policy.asset, observations, feeds, now_ms) for spec in policy.holdings)


def _holding(
    spec: HoldingSpec,
    asset: Asset,
    observations: Mapping[VenueName, VenueObservation],
    feeds: Feeds | None,
    now_ms: int,
) -> Holding | Unknown:
    held = _external(spec, asset, feeds, now_ms) if spec.source is Source.EXTERNAL else _read(spec, asset, observations)
    if isinstance(held, Unknown):
        return replace(held, source=spec.source, venue=spec.venue)
    if spec.token is None:
        return held
    rate = _rate(spec, spec.token, feeds)
    if isinstance(rate, Unknown):
        return replace(rate, source=spec.source, venue=spec.venue)
    return replace(
        held,
        asset=asset,
        token=spec.token,
        quantity=held.quantity * rate,
        principal=held.principal * rate,
        overdue=held.overdue * rate,
    )


def _external(spec: HoldingSpec, asset: Asset, feeds: Feeds | None, now_ms: int) -> Holding | Unknown:
    """A number in the settings is as fresh as the process; one that is fed is as old as its last good reading."""
    what = f"{spec.source} {spec.token or asset}"
    if spec.feed is not None:
        fed = _fed(spec.feed, what, feeds)
        if isinstance(fed, Unknown):
            return fed
        amount, stamp = fed.value, fed.stamp
    elif spec.amount is not None:
        amount, stamp = spec.amount, Stamp(sent_ms=now_ms, answered_ms=now_ms)
    else:
        return Unknown(what=what, reason="neither a number nor where to read one is given", lasting=True)
    if amount < 0:
        return Unknown(what=what, reason=f"{plain(amount)} is below 0")
    return Holding(source=spec.source, venue=None, asset=asset, quantity=amount, principal=amount, stamp=stamp)


def _read(spec: HoldingSpec, asset: Asset, observations: Mapping[VenueName, VenueObservation]) -> Holding | Unknown:
    coin = spec.token or asset
    observed = observations.get(spec.venue) if spec.venue is not None else None
    holding = observed.holdings.get((spec.source, coin)) if observed is not None else None
    return holding or Unknown(what=f"{spec.source} {coin} on {spec.venue}", reason="it was not read")


def _rate(spec: HoldingSpec, token: Asset, feeds: Feeds | None) -> Decimal | Unknown:
    """Coins in one token; never guessed."""
    what = f"rate of {token}"
    if spec.rate_feed is not None:
        fed = _fed(spec.rate_feed, what, feeds)
        if isinstance(fed, Unknown):
            return fed
        rate = fed.value
    elif spec.rate is not None:
        rate = spec.rate
    else:
        return Unknown(what=what, reason="neither a number nor where to read one is given", lasting=True)
    return rate if rate > 0 else Unknown(what=what, reason=f"{plain(rate)} is not above 0")


def _fed(key: str, what: str, feeds: Feeds | None) -> FeedReading | Unknown:
    return Unknown(what=what, reason=f"nothing reads {key}") if feeds is None else feeds.value(key)


def _refuse_twice(policy: HedgePolicy, venues: Mapping[VenueName, Venue]) -> None:
    """R5: on a unified account `spot` contains the margin."""
    named = {(spec.source, spec.venue) for spec in policy.holdings if spec.token is None}
    for source, venue in named:
        if source is Source.MARGIN and venue is not None and (Source.SPOT, venue) in named and venues[venue].unified:
            raise ConfigFault(
                f"hedges.{policy.name}: `spot` on {venue} contains the margin balance; `margin` would count it twice",
                hint='remove the holding with source = "margin"',
            )
