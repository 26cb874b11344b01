"""What watches beside the decisions: funding payments, and the venues' switches for a bot that falls silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot import logs
from bot.domain.ids import HedgeName, VenueName
from bot.domain.instrument import Instrument
from bot.domain.policy import HedgePolicy
from bot.ports import Alerts, Clock, Journal, Treasury, Venue
from bot.runtime.daemon import Beside
from bot.runtime.dead_man import DeadMan
from bot.runtime.funding import FundingReader, FundingWatch
from bot.settings import Settings


def dead_men(
    settings: Settings,
    hedges: Sequence[HedgePolicy],
    treasuries: Mapping[VenueName, Treasury],
    clock: Clock,
    alarms: Alerts,
) -> list[DeadMan]:
    """One for each venue whose settings ask for it."""
    return [
        DeadMan(
            name=name,
            treasury=treasuries[name],
            symbols=[policy.symbol for policy in hedges if policy.venue == name],
            seconds=venue.dead_man_s,
            clock=clock,
            alarms=alarms,
            logger=logs.get("bot.runtime.dead_man"),
        )
        for name, venue in settings.venues.items()
        if venue.dead_man_s
    ]


def funding_watches(
    hedges: Sequence[HedgePolicy],
    instruments: Mapping[HedgeName, Instrument],
    venues: Mapping[VenueName, Venue],
    journal: Journal,
    clock: Clock,
    alarms: Alerts,
) -> dict[HedgeName, FundingWatch]:
    """One for each hedge."""
    return {
        policy.name: FundingWatch(
            policy=policy,
            instrument=instruments[policy.name],
            venue=venues[policy.venue],
            journal=journal,
            clock=clock,
            alarms=alarms,
            logger=logs.get("bot.runtime.funding"),
        )
        for policy in hedges
    }


def funding_readers(
    hedges: Sequence[HedgePolicy],
    venues: Mapping[VenueName, Venue],
    watches: Mapping[HedgeName, FundingWatch],
    clock: Clock,
    alarms: Alerts,
) -> list[Beside]:
    """One for each venue that holds a short; none without watches, as in a dry run."""
    there = {name: [watches[policy.name] for policy in hedges if policy.venue == name] for name in venues if watches}
    return [
        FundingReader(
            venue=venues[name], watches=mine, clock=clock, alarms=alarms, logger=logs.get("bot.runtime.funding")
        ).run
        for name, mine in there.items()
        if mine
    ]
