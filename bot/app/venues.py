"""The venues of one run, opened and started."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Protocol

import aiohttp

from bot import logs
from bot.app.ladders import spot_symbols
from bot.domain.errors import ConfigFault, StartFault
from bot.domain.ids import Symbol, VenueName
from bot.domain.instrument import Instrument, MarginMode, SpotMarket
from bot.domain.policy import HedgePolicy
from bot.paper.session import LocalSession
from bot.ports import Clock, HintSource, Index, Treasury, Venue
from bot.runtime import start
from bot.runtime.alarms import LogAlarms
from bot.runtime.preflight import start_venue
from bot.settings import Settings, VenueSettings
from bot.venue.spec import VenueSpec

Session = aiohttp.ClientSession | LocalSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """A spot market that a trader trades on, and the setting that names it."""

    venue: VenueName
    symbol: Symbol
    setting: str


class Gateway(Venue, HintSource, Treasury, Index, Protocol):
    """A venue that has streams, moves margin, and knows prices in US dollars, too."""


async def open_venues(
    stack: AsyncExitStack,
    settings: Settings,
    hedges: Sequence[HedgePolicy],
    session: Session | None,
    clock: Clock,
    *,
    patient: bool = False,
    markets: Collection[Market] = (),
) -> dict[VenueName, Gateway]:
    """Open and start every venue; the stack closes them.

    Args:
        stack: closes them.
        settings: with the venues.
        hedges: whose perpetuals are wanted.
        session: leads to a paper exchange; None for the real venues.
        clock: the one clock.
        patient: a venue that asks for a pause gets it.
        markets: the spot markets of the traders.

    Raises:
        BotError: a venue can't be used; of a symbol that it lacks, with the hedge whose it is.
    """
    from bot.venue.gateway import open_venue  # noqa: PLC0415 - ccxt takes a second; settings are judged before it

    venues: dict[VenueName, Gateway] = {}
    for name, venue_settings in settings.venues.items():
        symbols = tuple(dict.fromkeys(policy.symbol for policy in hedges if policy.venue == name))
        isolated = frozenset(
            policy.symbol for policy in hedges if policy.venue == name and policy.margin_mode is MarginMode.ISOLATED
        )
        venue = open_venue(
            _spec(venue_settings),
            clock=clock,
            session=session,
            symbols=symbols,
            isolated=isolated,
            spot_symbols=tuple(
                dict.fromkeys((*spot_symbols(hedges, name), *(each.symbol for each in markets if each.venue == name)))
            ),
        )
        stack.push_async_callback(venue.close)
        try:
            if patient:
                await start.start_patiently(venue, clock, LogAlarms(clock, logs.get("bot.alarms")))
            else:
                await start_venue(venue)
        except ConfigFault:
            for policy in (policy for policy in hedges if policy.venue == name):
                instrument_of(venue, policy)  # names the hedge whose symbol it is
            for market in (market for market in markets if market.venue == name):
                market_of(venue, market)
            raise
        venues[name] = venue
    return venues


def _spec(venue: VenueSettings) -> VenueSpec:
    return VenueSpec(
        name=venue.name,
        exchange=venue.exchange,
        environment=venue.environment,
        api_key=venue.api_key.get_secret_value(),
        secret=venue.secret.get_secret_value(),
        password=venue.password.get_secret_value() if venue.password is not None else "",
    )


def market_of(venue: Treasury, market: Market) -> SpotMarket:
    """A spot market that a trader names. Raises StartFault, which names the hedge and the setting."""
    try:
        return venue.spot_market(market.symbol)
    except ConfigFault as fault:
        raise StartFault(f"{market.setting}: {fault.message}", hint=fault.hint) from None


def instrument_of(venue: Venue, policy: HedgePolicy) -> Instrument:
    """The contract of a hedge. What the market list says is found at the venue, hence exit code 3, not 2."""
    try:
        return venue.instrument(policy.symbol)
    except ConfigFault as fault:
        raise StartFault(f"hedges.{policy.name}.short.symbol: {fault.message}", hint=fault.hint) from None
