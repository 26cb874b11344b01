"""The stablecoin hedges, put together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import permutations
from typing import Final

from bot import logs
from bot.app.trader_parts import TraderParts
from bot.app.venues import Gateway, Market
from bot.domain.check import CheckLine
from bot.domain.exits import ExitPolicy
from bot.domain.ids import Asset, Symbol, VenueName
from bot.domain.observation import Source
from bot.domain.policy import HedgePolicy
from bot.ports import Journal, Trader
from bot.runtime.beside_exits import Beside, Paired, Sold
from bot.runtime.exit_bars import ExitBars
from bot.runtime.exit_check import exit_check
from bot.runtime.exit_legs import ExitLegs
from bot.runtime.exit_look import ExitLook, ExitPorts
from bot.runtime.exit_places import coin_symbol, places_of
from bot.runtime.exit_trader import ExitTrader
from bot.settings import Settings, exit_policies, exit_timing
from bot.settings.exit_model import ExitTable
from bot.settings.exit_rules import STABLECOINS

_STABLES: Final = tuple(Asset(stable) for stable in STABLECOINS)


def exit_markets(settings: Settings) -> list[Market]:
    """The spot markets between each coin and the stablecoins of its basket."""
    return [
        Market(
            venue=policy.venue,
            symbol=coin_symbol(policy.asset, stable),
            setting=f"hedges.{policy.name}.basket.{stable}",
        )
        for policy in exit_policies(settings)
        for stable in policy.basket
    ]


def exit_places(settings: Settings) -> set[tuple[VenueName, Symbol]]:
    """Every market on which an order of these hedges may be under way, also of a basket that was changed since."""
    pairs = [Symbol(f"{base}/{quote}") for base, quote in permutations(_STABLES, 2)]
    return {
        (policy.venue, symbol)
        for policy in exit_policies(settings)
        for symbol in (*pairs, *(coin_symbol(policy.asset, stable) for stable in _STABLES))
    }


async def exit_lines(settings: Settings, venues: Mapping[VenueName, Gateway]) -> list[CheckLine]:
    """What must be right before the first exchange; a venue's faults become lines."""
    return [
        line
        for policy in exit_policies(settings)
        for line in await exit_check(
            policy, venue=venues[policy.venue], treasury=venues[policy.venue], index=venues[policy.venue]
        )
    ]


def exit_traders(parts: TraderParts) -> Sequence[Trader]:
    """What takes the turns of each."""
    policies = exit_policies(parts.settings)
    return [
        _trader(policy, table, parts, policies) for policy, table in zip(policies, parts.settings.exits, strict=True)
    ]


def sold_of(policy: HedgePolicy, settings: Settings, journal: Journal) -> Sold | None:
    """What stablecoin hedges sell of a spot-perp hedge's coins; None when there is none beside it."""
    beside = [each for each in exit_policies(settings) if _counts(policy, each)]
    return _sold(beside, journal) if beside else None


def _sold(beside: Collection[ExitPolicy], journal: Journal) -> Sold:
    return Sold(
        Beside(
            exits=frozenset(each.name for each in beside),
            places=frozenset((each.venue, coin_symbol(each.asset, stable)) for each in beside for stable in _STABLES),
        ),
        journal,
    )


def _counts(policy: HedgePolicy, exits: ExitPolicy) -> bool:
    """Whether a spot-perp hedge hedges the coins that are sold."""
    return policy.asset == exits.asset and any(
        spec.source is Source.SPOT and spec.venue == exits.venue and spec.token is None for spec in policy.holdings
    )


def _trader(policy: ExitPolicy, table: ExitTable, parts: TraderParts, policies: Sequence[ExitPolicy]) -> ExitTrader:
    venue, journal, clock = parts.venues[policy.venue], parts.journal, parts.clock
    log = logs.get("bot.runtime.exits").bind(hedge=policy.name)
    # Of each short what all exits sold, also those on its other venues: it says by that sum how far it has followed.
    shorts = [
        (hedge, _sold([each for each in policies if _counts(hedge, each)], journal))
        for hedge in parts.hedges
        if _counts(hedge, policy)
    ]
    others = {each.name: each.asset for each in policies if each.venue == policy.venue and each.name != policy.name}
    places = places_of(policy, venue, journal)
    ports = ExitPorts(
        venue=venue,
        treasury=venue,
        index=venue,
        journal=journal,
        book=journal,
        clock=clock,
        others=others,
        paired=Paired(policy.name, shorts, journal) if shorts else None,
        live=parts.executor is not None,
    )
    timing = exit_timing(table)
    fresh = parts.executor is not None and not journal.crossings(policy.name)
    look = ExitLook(
        policy=policy,
        ports=ports,
        places=places,
        bars=ExitBars(policy=policy, index=venue, book=journal, clock=clock, logger=log),
        live_from_ms=clock.now_ms() + int(timing.settle_s * 1000) if fresh else 0,
    )
    legs = None
    if parts.executor is not None:
        legs = ExitLegs(
            policy=policy,
            timing=timing,
            venue=venue,
            markets=places.all,
            journal=journal,
            book=journal,
            executor=parts.executor,
            epoch=parts.epoch,
            clock=clock,
            logger=log,
        )
    return ExitTrader(
        policy=policy,
        interval_s=float(table.look_s),
        ports=ports,
        look=look,
        legs=legs,
        outcomes=journal,
        alarms=parts.alarms,
        logger=log,
        wake=parts.wake,
    )
