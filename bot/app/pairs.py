"""The cross-exchange hedges, put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from structlog.typing import FilteringBoundLogger

from bot import logs
from bot.app.trader_parts import TraderParts
from bot.app.venues import Gateway, Market
from bot.core.beside_pairs import beside_pairs
from bot.domain.check import CheckLine
from bot.domain.ids import Asset, Symbol, VenueName
from bot.domain.observation import Source
from bot.domain.pair import PairPlace, PairPolicy
from bot.domain.policy import HedgePolicy, Timing
from bot.journal.store import SqlJournal
from bot.ports import Trader
from bot.runtime.hedger import Beside, Holdings
from bot.runtime.pair_legs import PairLegs
from bot.runtime.pair_look import PairEye
from bot.runtime.pair_proof import PairProof
from bot.runtime.pair_trader import PairParts, PairTrader
from bot.runtime.preflight_pairs import place_lines, quotes_line
from bot.runtime.resolver import Resolver
from bot.settings import Settings, pair_policies, policies, proof_timings
from bot.settings.pairs import spot_symbol

BESIDE_MS: Final = 300_000
"""Readings of holdings may be older than a trade that was over by so much at most."""


def pair_markets(settings: Settings) -> list[Market]:
    """The spot markets between which is traded."""
    return [
        Market(
            venue=VenueName(each.venue),
            symbol=Symbol(spot_symbol(hedge, each)),
            setting=f"hedges.{hedge.name}.venues[{index}].symbol",
        )
        for hedge in settings.pairs
        for index, each in enumerate(hedge.venues)
    ]


async def pair_lines(settings: Settings, venues: Mapping[VenueName, Gateway]) -> list[CheckLine]:
    """What must be right before the first trade: a venue's faults become lines. An unknown fee is never taken for 0."""
    lines: list[CheckLine] = []
    for policy in pair_policies(settings):
        for place in policy.places:
            venue = venues[place.venue]
            lines += await place_lines(policy, place, venue)
        lines.append(quotes_line(policy))
    return lines


def pair_traders(parts: TraderParts) -> Sequence[Trader]:
    """What takes the turns of each."""
    settings = parts.settings
    tables = zip(pair_policies(settings), proof_timings(settings), settings.pairs, strict=True)
    return [_trader(policy, timing, float(table.look_s), parts) for policy, timing, table in tables]


def counted_places(settings: Settings) -> frozenset[tuple[VenueName, Asset]]:
    """Venues on which a spot-perp hedge counts the spot coins of an asset."""
    return frozenset(
        (spec.venue, policy.asset)
        for policy in policies(settings)
        for spec in policy.holdings
        if spec.source is Source.SPOT and spec.venue is not None and spec.token is None
    )


def beside_of(policy: HedgePolicy, settings: Settings, journal: SqlJournal) -> Beside | None:
    """What keeps trades under way out of a spot-perp hedge's holdings; None where no trade can be in them."""
    spots = {spec.venue for spec in policy.holdings if spec.source is Source.SPOT}
    pairs = [pair for pair in pair_policies(settings) if pair.asset == policy.asset]
    if not any(place.venue in spots for pair in pairs for place in pair.places):
        return None
    grace_ms = int(max(pair.even_grace_s for pair in pairs) * 1000)

    def beside(holdings: Holdings, now_ms: int) -> Holdings:
        return beside_pairs(holdings, journal.recent_pairs(now_ms - BESIDE_MS), now_ms, grace_ms)

    return beside


def _trader(policy: PairPolicy, timing: Timing, interval_s: float, parts: TraderParts) -> PairTrader:
    log = logs.get("bot.runtime.pairs").bind(hedge=policy.name)
    venues = {place.venue: parts.venues[place.venue] for place in policy.places}
    counted = counted_places(parts.settings)
    legs, proof = None, None
    if parts.executor is not None:
        legs = PairLegs(
            policy=policy,
            venues=venues,
            journal=parts.journal,
            book=parts.journal,
            epoch=parts.epoch,
            clock=parts.clock,
            alarms=parts.alarms,
            logger=log,
        )
        proof = PairProof(
            places=[(place, venues[place.venue], _resolver(place, timing, parts, log)) for place in policy.places],
            legs=legs,
            journal=parts.journal,
            clock=parts.clock,
            logger=log,
        )
    return PairTrader(
        PairParts(
            policy=policy,
            eyes=[
                PairEye(
                    place=place,
                    policy=policy,
                    venue=venues[place.venue],
                    journal=parts.journal,
                    clock=parts.clock,
                    counted=(place.venue, policy.asset) in counted,
                )
                for place in policy.places
            ],
            legs=legs,
            proof=proof,
            journal=parts.journal,
            clock=parts.clock,
            alarms=parts.alarms,
            logger=log,
            interval_s=interval_s,
            indices=list(venues.values()),
        )
    )


def _resolver(place: PairPlace, timing: Timing, parts: TraderParts, log: FilteringBoundLogger) -> Resolver:
    venue = parts.venues[place.venue]
    return Resolver(
        venue=venue,
        instrument=venue.spot_market(place.symbol),
        journal=parts.journal,
        clock=parts.clock,
        timing=timing,
        logger=log,
    )
